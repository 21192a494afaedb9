//! Gives every tenant a home: an account, a Region and a cell. What the lock says stays.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, Status, Tenant, Tier};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{CellId, HostAccount, Model, TenantId, hash_number};
use crate::plan::cells::Cells;
use crate::plan::intent::Intent;
use crate::plan::lock::{Home, Lock, Locked};

/// Ordinals of silo cells, which hold one tenant each, come from the tenant's id: two branches that
/// each add tenants would otherwise give the same next number to different ones.
const SILO_ORDINALS: u32 = 9_999_999;

/// Gives homes to the tenants that the lock does not know, and checks those that it knows. Comes out:
/// the tenants whose home contradicts the catalog, of which nothing more can be decided.
pub(super) fn settle(
    catalog: &Catalog,
    intents: &[Intent<'_>],
    lock: &mut Lock,
    report: &mut Report,
) -> BTreeSet<TenantId> {
    let intents: BTreeMap<&TenantId, &Intent<'_>> =
        intents.iter().map(|intent| (&intent.tenant.id.value, intent)).collect();
    move_into_own_accounts(catalog, lock);
    let mut homeless = BTreeSet::new();
    let mut cells = Cells::new(lock);
    for tenant in &catalog.tenants {
        let id = &tenant.id.value;
        let (Some(tier), Some(home)) = (catalog.tier_of(tenant), lock.tenants.get(id)) else { continue };
        let shares = intents.get(id).filter(|_| !home.value.cell.model.is_silo());
        let stays = is_allowed(catalog, tenant, tier, home, report)
            && shares.is_none_or(|intent| cells.inhabit(intent, home, lock, report));
        if !stays {
            homeless.insert(id.clone());
        }
    }
    let mut taken: BTreeSet<CellId> = lock.cells.keys().cloned().collect();
    taken.extend(lock.tenants.values().map(|home| home.value.cell.clone()));
    for tenant in &catalog.tenants {
        let id = &tenant.id.value;
        let Some(tier) = catalog.tier_of(tenant) else { continue };
        if tenant.status == Status::Retired || lock.tenants.contains_key(id) {
            continue;
        }
        let Some(account) = account_for(catalog, tenant, tier) else {
            report.push(
                Diagnostic::error(
                    &codes::INTERNAL_ERROR,
                    format!("no account hosts tenant `{id}`, though the catalog was accepted"),
                )
                .at(tenant.id.span, "")
                .help("please report this with the catalog that shows it"),
            );
            continue;
        };
        if tier.model.value.is_silo() {
            let cell = cell_alone(tenant, tier, account, &taken);
            taken.insert(cell.clone());
            lock.tenants.insert(id.clone(), Locked::new(Home::alone(cell)));
        } else if let Some(intent) = intents.get(id) {
            cells.settle(intent, account, lock, report);
        }
    }
    homeless
}

/// A cell for this tenant alone.
fn cell_alone(tenant: &Tenant, tier: &Tier, account: HostAccount, taken: &BTreeSet<CellId>) -> CellId {
    let cell = |ordinal| CellId {
        model: tier.model.value,
        account: account.clone(),
        region: tenant.region.value.clone(),
        ordinal,
    };
    let mut ordinal = hash_number(tenant.id.value.as_str()) % SILO_ORDINALS + 1;
    while taken.contains(&cell(ordinal)) {
        ordinal = ordinal % SILO_ORDINALS + 1;
    }
    cell(ordinal)
}

/// The account that a tenant or its tier names, else the first that may host the model. Reading the
/// catalog has made sure that there is one. In the model `account` it is the tenant's own, which is
/// named by the tenant until the catalog has its number.
fn account_for(catalog: &Catalog, tenant: &Tenant, tier: &Tier) -> Option<HostAccount> {
    if tier.model.value == Model::Account {
        let number = tenant.account.as_ref().map(|own| HostAccount::Number(own.value.clone()));
        return Some(number.unwrap_or_else(|| HostAccount::Of(tenant.id.value.clone())));
    }
    let named = tenant.account.as_ref().or(tier.account.as_ref()).map(|named| &named.value);
    let hosting = || catalog.accounts.iter().find(|account| account.hosts(tier.model.value));
    let account = named.or_else(|| hosting().map(|account| &account.id.value));
    account.cloned().map(HostAccount::Number)
}

/// An account that the lock names by its tenant has its number, once the catalog says it. That moves
/// nothing: it is the same account.
fn move_into_own_accounts(catalog: &Catalog, lock: &mut Lock) {
    for (id, home) in &mut lock.tenants {
        let number = catalog.tenant(id).and_then(|tenant| tenant.account.as_ref());
        if let (HostAccount::Of(_), Some(number)) = (&home.value.cell.account, number) {
            home.value.cell.account = HostAccount::Number(number.value.clone());
        }
    }
}

/// A home in the lock against what the catalog says now.
fn is_allowed(
    catalog: &Catalog,
    tenant: &Tenant,
    tier: &Tier,
    home: &Locked<Home>,
    report: &mut Report,
) -> bool {
    let id = &tenant.id.value;
    let cell = &home.value.cell;
    let named = tenant.account.as_ref().or(tier.account.as_ref());
    let (contradiction, span) = if cell.region != tenant.region.value {
        (
            format!("{} by the lock, and the catalog says {}", cell.region, tenant.region.value),
            tenant.region.span,
        )
    } else if cell.model != tier.model.value {
        (
            format!("model `{}` by the lock, and the catalog says `{}`", cell.model, tier.model.value),
            tenant.tier.span,
        )
    } else if let Some(named) = named.filter(|named| cell.account != HostAccount::Number(named.value.clone()))
    {
        (format!("account {} by the lock, and the catalog says {}", cell.account, named.value), named.span)
    } else if let HostAccount::Number(account) = &cell.account
        && cell.model == Model::Account
        && named.is_none()
    {
        (format!("account {account} by the lock, and the catalog does not name it"), tenant.id.span)
    } else if let HostAccount::Number(account) = &cell.account
        && cell.model != Model::Account
        && !catalog.account(account).is_some_and(|account| account.hosts(cell.model))
    {
        (
            format!(
                "account {account} by the lock, and no such account of the catalog hosts `{}`",
                cell.model
            ),
            tenant.id.span,
        )
    } else {
        return true;
    };
    let mut error = Diagnostic::error(
        &codes::LOCK_CONTRADICTS_CATALOG,
        format!("tenant `{id}` lives in {contradiction}"),
    )
    .at(span, "")
    .help(format!(
        "take this edit back; or, if `{id}` is not deployed, delete the lines of `{id}` from the lock and run again"
    ));
    if let Some(line) = home.line {
        error = error.also(line, "decided here");
    }
    report.push(error);
    false
}
