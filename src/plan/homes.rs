//! Gives every tenant a home: an account, a Region and a cell. What the lock says stays.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Status, Tenant, Tier};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{AccountId, CellId, HostAccount, Model, hash_number};
use crate::plan::lock::{Home, Lock, Locked};

/// Ordinals of silo cells, which hold one tenant each, come from the tenant's id: two branches that
/// each add tenants would otherwise give the same next number to different ones.
const SILO_ORDINALS: u32 = 9_999_999;

/// Gives homes to the tenants that the lock does not know, and checks those that it knows.
pub(super) fn settle(catalog: &Catalog, lock: &mut Lock, report: &mut Report) {
    let mut taken: BTreeSet<CellId> = lock.cells.keys().cloned().collect();
    taken.extend(lock.tenants.values().map(|home| home.value.cell.clone()));
    for tenant in &catalog.tenants {
        let Some(tier) = catalog.tier_of(tenant) else { continue };
        let model = tier.model.value;
        match lock.tenants.get(&tenant.id.value) {
            Some(home) => check(catalog, tenant, tier, home, report),
            None if tenant.status == Status::Retired => {}
            None => {
                let Some(account) = account_for(catalog, tenant, tier, model, report) else { continue };
                let cell = |ordinal| CellId {
                    model,
                    account: HostAccount::Number(account.clone()),
                    region: tenant.region.value.clone(),
                    ordinal,
                };
                let mut ordinal = hash_number(tenant.id.value.as_str()) % SILO_ORDINALS + 1;
                while taken.contains(&cell(ordinal)) {
                    ordinal = ordinal % SILO_ORDINALS + 1;
                }
                taken.insert(cell(ordinal));
                lock.tenants.insert(tenant.id.value.clone(), Locked::new(Home { cell: cell(ordinal) }));
            }
        }
    }
}

fn account_for<'c>(
    catalog: &'c Catalog,
    tenant: &'c Tenant,
    tier: &'c Tier,
    model: Model,
    report: &mut Report,
) -> Option<&'c AccountId> {
    if let Some(named) = tenant.account.as_ref().or(tier.account.as_ref()) {
        return Some(&named.value);
    }
    let account = catalog.accounts.iter().find(|account| account.hosts(model));
    if account.is_none() {
        report.push(
            Diagnostic::error(
                &codes::NO_ACCOUNT,
                format!(
                    "no account may host tenant `{}`, whose tier `{}` has the model `{model}`",
                    tenant.id.value, tier.name
                ),
            )
            .at(tenant.id.span, "")
            .also(tier.model.span, "the model of its tier")
            .help(format!("add `{model}` to the `hosts` of an account")),
        );
    }
    account.map(|account| &account.id.value)
}

/// A home in the lock against what the catalog says now.
fn check(catalog: &Catalog, tenant: &Tenant, tier: &Tier, home: &Locked<Home>, report: &mut Report) {
    let id = &tenant.id.value;
    let cell = &home.value.cell;
    let named = tenant.account.as_ref().or(tier.account.as_ref());
    let (locked, asked, span) = if cell.region != tenant.region.value {
        (cell.region.to_string(), tenant.region.value.to_string(), tenant.region.span)
    } else if cell.model != tier.model.value {
        (format!("model `{}`", cell.model), format!("model `{}`", tier.model.value), tenant.tier.span)
    } else if let Some(named) = named.filter(|named| cell.account != HostAccount::Number(named.value.clone()))
    {
        (format!("account {}", cell.account), format!("account {}", named.value), named.span)
    } else if let HostAccount::Number(account) = &cell.account
        && !catalog.account(account).is_some_and(|account| account.hosts(cell.model))
    {
        (
            format!("account {account}"),
            format!("no account {account} that hosts `{}`", cell.model),
            tenant.id.span,
        )
    } else {
        return;
    };
    let mut error = Diagnostic::error(
        &codes::LOCK_CONTRADICTS_CATALOG,
        format!("tenant `{id}` lives in {locked} by the lock, and the catalog says {asked}"),
    )
    .at(span, "asked for here")
    .help(format!(
        "take this edit back; or, if `{id}` is not deployed, delete the lines of `{id}` from the lock and run again"
    ));
    if let Some(line) = home.line {
        error = error.also(line, "decided here");
    }
    report.push(error);
}
