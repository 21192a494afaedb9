//! Errors of the limits that a catalog exceeds.

use crate::catalog::Catalog;
use crate::diagnostics::{Diagnostic, Report, codes, count};
use crate::identity::HostAccount;
use crate::limits::fleet::Holder;
use crate::limits::outlook::{Breaks, Outlook, Reach};
use crate::limits::template::Side;

/// Reports every limit that is exceeded, once for each account and Region.
pub fn refuse(outlook: &Outlook, catalog: &Catalog, report: &mut Report) {
    for reach in outlook.exceeded() {
        report.push(error(reach, catalog));
    }
}

fn error(reach: &Reach, catalog: &Catalog) -> Diagnostic {
    let usage = &reach.usage;
    let limit = reach.limit.unwrap_or_default();
    let at_least = if usage.at_least { "at least " } else { "" };
    let message = format!(
        "{} would have {at_least}{} of `{}`, and {} {limit}",
        reach.place(),
        usage.used,
        usage.quota.id,
        if reach.granted { "has been granted" } else { "AWS allows" },
    );
    let mut error = Diagnostic::error(&codes::QUOTA_EXCEEDED, message);
    let tenant = match &reach.breaks {
        Breaks::Already(Some(tenant)) => catalog.tenant(&tenant.tenant),
        _ => None,
    };
    let account = match &usage.account {
        HostAccount::Number(number) => catalog.account(number).map(|account| account.id.span),
        HostAccount::Of(tenant) => catalog.tenant(tenant).map(|tenant| tenant.id.span),
    };
    if let Some(span) = account {
        error = error.at(span, "");
    }
    if let Some(tenant) = tenant {
        let label = "the first tenant that does not fit";
        error = if account.is_some() {
            error.also(tenant.id.span, label)
        } else {
            error.at(tenant.id.span, label)
        };
    }
    error = error.note(format!("AWS calls it {}", crate::diagnostics::quote(&usage.quota.name)));
    if usage.tenants > 1 {
        error = error.note(format!("{} use it", count(usage.tenants as usize, "tenant")));
    }
    if usage.over > 1 {
        error = error.note(format!("{} more are beyond it", usage.over - 1));
    }
    let grant = "write what AWS grants under `quotas`";
    match (reach.raise(), reach.remedy()) {
        (Some(quota), Some(remedy)) if quota.is_requestable() => {
            error.help(format!("{remedy} (`tenantry limits --increases` prints the call), and {grant}"))
        }
        (Some(_), Some(remedy)) => error.help(format!("{remedy}, and {grant}")),
        (None, Some(remedy)) => error.help(remedy),
        (_, None) => error,
    }
}

impl Reach {
    /// Where it is: an account, a zone, a resource, with the Region.
    pub fn place(&self) -> String {
        let usage = &self.usage;
        let account = match &usage.account {
            HostAccount::Number(account) => format!("account {account}"),
            HostAccount::Of(tenant) => format!("the account of `{tenant}`"),
        };
        match (&usage.holder, self.holder(), &usage.region) {
            (Some(Holder::Zone(zone)), ..) => format!("{account} in {zone}"),
            (_, Some(holder), Some(region)) => format!("{holder} in {region} ({account})"),
            (_, Some(holder), None) => format!("{holder} ({account})"),
            (_, None, Some(region)) => format!("{account} in {region}"),
            (_, None, None) => account,
        }
    }

    /// Whose limit it is, where that is not the account or the Region.
    pub fn holder(&self) -> Option<String> {
        match self.usage.holder.as_ref()? {
            Holder::Zone(zone) => Some(zone.clone()),
            Holder::Template { path, part: None } => Some(format!("`{path}`")),
            Holder::Template { path, part: Some(part) } => Some(format!("`{part}` of `{path}`")),
            Holder::Resource { stack: None, id, side } => Some(format!("`{id}`{}", suffix(*side))),
            Holder::Resource { stack: Some(stack), id, side } => {
                Some(format!("`{id}` of stack `{stack}`{}", suffix(*side)))
            }
        }
    }
}

fn suffix(side: Side) -> String {
    if side == Side::Whole { String::new() } else { format!(" ({})", side.name()) }
}
