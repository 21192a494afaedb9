//! Gives every tenant a home: an account, a Region and a cell. What the lock says stays.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Status, Tenant, Tier};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{AccountId, CellId, HostAccount, hash_number};
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
                let Some(account) = account_for(catalog, tenant, tier) else {
                    report.push(
                        Diagnostic::error(
                            &codes::INTERNAL_ERROR,
                            format!(
                                "no account hosts tenant `{}`, though the catalog was accepted",
                                tenant.id.value
                            ),
                        )
                        .at(tenant.id.span, "")
                        .help("please report this with the catalog that shows it"),
                    );
                    continue;
                };
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

/// The account that a tenant or its tier names, else the first that may host the model. Reading the
/// catalog has made sure that there is one.
fn account_for<'c>(catalog: &'c Catalog, tenant: &'c Tenant, tier: &'c Tier) -> Option<&'c AccountId> {
    let named = tenant.account.as_ref().or(tier.account.as_ref()).map(|named| &named.value);
    let hosting = || catalog.accounts.iter().find(|account| account.hosts(tier.model.value));
    named.or_else(|| hosting().map(|account| &account.id.value))
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
