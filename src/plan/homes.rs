//! Gives every home of a tenant its account, Region and cell. What the lock says stays.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, Tenant, Tier};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{CellId, HomeId, HostAccount, Model, hash_number};
use crate::limits::Measures;
use crate::plan::accounts::{Accounts, Crowded};
use crate::plan::cells::{CellCount, Cells};
use crate::plan::intent::Intent;
use crate::plan::lock::{Home, Lock, Locked};
use crate::plan::moves::Homes;
use crate::source::Span;

/// Ordinals of silo cells, which hold one tenant each, come from the tenant's id: two branches that
/// each add tenants would otherwise give the same next number to different ones.
const SILO_ORDINALS: u32 = 9_999_999;

/// What was found out while tenants were given homes.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Homes that contradict the catalog, of which nothing more can be decided.
    pub homeless: BTreeSet<HomeId>,
    /// Newcomers for which no account had room.
    pub crowded: Vec<Crowded>,
    pub cells: Vec<CellCount>,
}

/// Gives homes to those that the lock does not know, and checks those that it knows. Newcomers
/// go to the first account that may host them and has room for what was measured.
pub(super) fn settle(
    catalog: &Catalog,
    homes: &Homes<'_>,
    intents: &[Intent<'_>],
    measures: Option<&Measures>,
    lock: &mut Lock,
    report: &mut Report,
) -> Settled {
    let intents: BTreeMap<&HomeId, &Intent<'_>> =
        intents.iter().map(|intent| (&intent.home, intent)).collect();
    let mut settled = Settled { homeless: homes.refused.clone(), ..Settled::default() };
    let mut accounts = Accounts::new(catalog, measures, lock);
    let mut cells = Cells::new(lock);
    for (id, _) in homes.list.iter().filter(|(id, _)| !homes.refused.contains(id)) {
        let Some(home) = lock.tenants.get(id) else { continue };
        let shares = intents.get(id).filter(|_| !home.value.cell.model.is_silo());
        if !shares.is_none_or(|intent| cells.inhabit(intent, home, &accounts, lock, report)) {
            settled.homeless.insert(id.clone());
        }
    }
    let mut taken: BTreeSet<CellId> = lock.cells.keys().cloned().collect();
    taken.extend(lock.tenants.values().map(|home| home.value.cell.clone()));
    for (id, tenant) in &homes.list {
        let Some(tier) = catalog.tier_of(tenant) else { continue };
        if lock.tenants.contains_key(id) {
            continue;
        }
        let hosts = hosts(catalog, tenant, tier);
        let Some(first) = hosts.first() else {
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
        let region = &tenant.region.value;
        let intent = intents.get(id).filter(|_| !tier.model.value.is_silo());
        let mut full = Vec::new();
        let found = hosts.iter().find_map(|account| {
            let open = intent.and_then(|intent| cells.open(intent, account, &accounts));
            let new = intent.filter(|_| open.is_none()).and_then(|_| accounts.needs_of_cell(id));
            match accounts.room(account, region, &[accounts.needs_of(id), new]) {
                Ok(()) => Some((account, open)),
                Err(why) => {
                    full.push(why);
                    None
                }
            }
        });
        if found.is_none() {
            settled.crowded.push(Crowded { tenant: id.clone(), accounts: full });
        }
        let (account, open) =
            found.unwrap_or_else(|| (first, intent.and_then(|intent| cells.open(intent, first, &accounts))));
        let new = intent.filter(|_| open.is_none()).and_then(|_| accounts.needs_of_cell(id));
        accounts.take(account, region, &[accounts.needs_of(id), new]);
        if let Some(intent) = intent {
            cells.settle(intent, account, open, &accounts, lock, report);
        } else if tier.model.value.is_silo() {
            let cell = cell_alone(id, tenant, tier, account.clone(), &taken);
            taken.insert(cell.clone());
            lock.tenants.insert(id.clone(), Locked::new(Home::alone(cell)));
        }
    }
    homes.mark_leaving(lock);
    settled.cells = cells.counts();
    settled
}

/// A cell for this home alone.
fn cell_alone(
    id: &HomeId,
    tenant: &Tenant,
    tier: &Tier,
    account: HostAccount,
    taken: &BTreeSet<CellId>,
) -> CellId {
    let cell = |ordinal| CellId {
        model: tier.model.value,
        account: account.clone(),
        region: tenant.region.value.clone(),
        ordinal,
    };
    let mut ordinal = hash_number(&id.to_string()) % SILO_ORDINALS + 1;
    while taken.contains(&cell(ordinal)) {
        ordinal = ordinal % SILO_ORDINALS + 1;
    }
    cell(ordinal)
}

/// The account that a tenant or its tier names, else those that may host the model, in the order of the
/// catalog. Reading the catalog has made sure that there is one. In the model `account` it is the
/// tenant's own, which is named by the tenant until the catalog has its number.
fn hosts(catalog: &Catalog, tenant: &Tenant, tier: &Tier) -> Vec<HostAccount> {
    if tier.model.value == Model::Account {
        let number = tenant.account.as_ref().map(|own| HostAccount::Number(own.value.clone()));
        return vec![number.unwrap_or_else(|| HostAccount::Of(tenant.id.value.clone()))];
    }
    if let Some(named) = tenant.account.as_ref().or(tier.account.as_ref()) {
        return vec![HostAccount::Number(named.value.clone())];
    }
    let hosting = catalog.accounts.iter().filter(|account| account.hosts(tier.model.value));
    hosting.map(|account| HostAccount::Number(account.id.value.clone())).collect()
}

/// What speaks against a home of the lock being the one that the catalog describes, as the end of a
/// sentence that says where the tenant lives, and where the catalog says otherwise.
pub(super) fn contradiction(
    catalog: &Catalog,
    tenant: &Tenant,
    tier: &Tier,
    home: &Home,
) -> Option<(String, Span)> {
    let cell = &home.cell;
    let named = tenant.account.as_ref().or(tier.account.as_ref());
    if cell.region != tenant.region.value {
        let text = format!("{} by the lock, and the catalog says {}", cell.region, tenant.region.value);
        return Some((text, tenant.region.span));
    }
    if cell.model != tier.model.value {
        let text = format!("model `{}` by the lock, and the catalog says `{}`", cell.model, tier.model.value);
        return Some((text, tenant.tier.span));
    }
    if let Some(named) = named.filter(|named| cell.account != HostAccount::Number(named.value.clone())) {
        let text = format!("account {} by the lock, and the catalog says {}", cell.account, named.value);
        return Some((text, named.span));
    }
    let HostAccount::Number(account) = &cell.account else { return None };
    if cell.model == Model::Account {
        let text = format!("account {account} by the lock, and the catalog does not name it");
        return named.is_none().then_some((text, tenant.id.span));
    }
    let text =
        format!("account {account} by the lock, and no such account of the catalog hosts `{}`", cell.model);
    let is_host = catalog.account(account).is_some_and(|account| account.hosts(cell.model));
    (!is_host).then_some((text, tenant.id.span))
}
