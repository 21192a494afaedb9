//! Which home of the lock each home of the catalog is.
//!
//! A tenant has one home, or several: beside its main one those that `homes` says, some of them on their
//! way out. The lock knows homes by number, since names of stacks hang on it, and the catalog by what they
//! are. A home of the lock is that of the catalog whose model, Region and account it has. One that the
//! catalog has no more is gone, like a tenant that has left. But a home never changes into another: where
//! one is missing and another is wanted in its place, the run fails, unless the catalog says that the
//! tenant moves and describes the home that it leaves. What it leaves keeps its number and with it every
//! name; the new one gets the next.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Role, Status, Tenant};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{HomeId, HostAccount, Model, TenantId};
use crate::plan::TenantPlan;
use crate::plan::homes::contradiction;
use crate::plan::lock::{Home, Lock, Locked};

/// How a move is said, at the end of a sentence.
pub(super) const SAY_SO: &str = "if it moves, give it the new tier and keep the old home beside it: `homes: [{ tier: OLD, leaving: true }]`";

/// The homes of the catalog with their numbers.
pub(super) struct Homes<'c> {
    /// By tenant and number; those of retired tenants are left out.
    pub list: Vec<(HomeId, &'c Tenant)>,
    /// Those that contradict the lock, of which nothing more can be decided.
    pub refused: BTreeSet<HomeId>,
}

impl<'c> Homes<'c> {
    /// Finds each home of the catalog in the lock.
    pub(super) fn identify(catalog: &'c Catalog, lock: &mut Lock, report: &mut Report) -> Self {
        let mut homes = Homes { list: Vec::new(), refused: BTreeSet::new() };
        for tenant in &catalog.tenants {
            move_into_own_account(tenant, catalog, lock);
            let begin = homes.list.len();
            homes.of_tenant(tenant, catalog, lock, report);
            homes.list[begin..].sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        homes
    }

    /// Whether a home stays, or comes.
    pub(super) fn contains(&self, home: &HomeId) -> bool {
        self.list.binary_search_by(|(known, _)| known.cmp(home)).is_ok()
    }

    /// Writes down which homes are on their way out: where two are alike, that tells them apart.
    pub(super) fn mark_leaving(&self, lock: &mut Lock) {
        for (id, tenant) in &self.list {
            let leaving = tenant.role == Role::Leaving;
            if let Some(home) = lock.tenants.get_mut(id).filter(|home| home.value.leaving != leaving) {
                home.value.leaving = leaving;
            }
        }
    }

    fn of_tenant(&mut self, tenant: &'c Tenant, catalog: &Catalog, lock: &Lock, report: &mut Report) {
        let mut open: Vec<(&HomeId, &Locked<Home>)> = known(&tenant.id.value, lock).collect();
        let last = open.last().map_or(0, |(id, _)| id.number);
        let mut wanted: Vec<&Tenant> = std::iter::once(tenant).chain(&tenant.further).collect();
        wanted.retain(|home| home.status != Status::Retired);
        // Of two homes that are alike, the older one is left.
        wanted.sort_by_key(|home| home.role != Role::Leaving);
        let mut missing = Vec::new();
        for home in wanted {
            let fits = |(_, locked): &(&HomeId, &Locked<Home>)| {
                catalog
                    .tier_of(home)
                    .is_some_and(|tier| contradiction(catalog, home, tier, &locked.value).is_none())
            };
            let is_leaving = home.role == Role::Leaving;
            let alike = open.iter().position(|one| fits(one) && one.1.value.leaving == is_leaving);
            match alike.or_else(|| open.iter().position(fits)) {
                Some(at) => self.list.push((open.remove(at).0.clone(), home)),
                None => missing.push(home),
            }
        }
        let mut next = last;
        for home in missing {
            let other =
                open.iter().position(|(_, locked)| home.role == Role::Leaving || !locked.value.leaving);
            if let Some((id, locked)) = other.map(|at| open.remove(at)) {
                report.push(contradicts(catalog, home, locked));
                self.refused.insert(id.clone());
                self.list.push((id.clone(), home));
                continue;
            }
            if home.role == Role::Leaving && last > 0 {
                report.push(nothing_to_leave(home, catalog));
            }
            next += 1;
            self.list.push((HomeId::new(tenant.id.value.clone(), next), home));
        }
    }
}

/// The homes of a tenant in the lock.
fn known<'l>(tenant: &TenantId, lock: &'l Lock) -> impl Iterator<Item = (&'l HomeId, &'l Locked<Home>)> {
    let tenant = tenant.clone();
    lock.tenants.range(HomeId::from(tenant.clone())..).take_while(move |(id, _)| id.tenant == tenant)
}

/// An account that the lock names by its tenant has its number, once the catalog says it. That moves
/// nothing: it is the same account.
fn move_into_own_account(tenant: &Tenant, catalog: &Catalog, lock: &mut Lock) {
    let homes = std::iter::once(tenant).chain(&tenant.further);
    let own = |home: &&Tenant| catalog.tier_of(home).is_some_and(|tier| tier.model.value == Model::Account);
    let Some(number) = homes.filter(own).find_map(|home| home.account.as_ref()) else { return };
    let first = HomeId::from(tenant.id.value.clone());
    let homes = lock.tenants.range_mut(first..).take_while(|(id, _)| id.tenant == tenant.id.value);
    for (_, home) in homes {
        if let HostAccount::Of(_) = &home.value.cell.account {
            home.value.cell.account = HostAccount::Number(number.value.clone());
        }
    }
}

fn contradicts(catalog: &Catalog, home: &Tenant, locked: &Locked<Home>) -> Diagnostic {
    let id = &home.id.value;
    let found = catalog.tier_of(home).and_then(|tier| contradiction(catalog, home, tier, &locked.value));
    let (contradiction, span) = found.unwrap_or_else(|| (locked.value.cell.to_string(), home.tier.span));
    let help = if home.role == Role::Leaving {
        "describe the home that it leaves as it was: with its tier, Region and account".to_owned()
    } else {
        format!(
            "take this edit back; {SAY_SO}; or, if `{id}` is not deployed, delete the lines of `{id}` from the lock and run again"
        )
    };
    let error = Diagnostic::error(
        &codes::LOCK_CONTRADICTS_CATALOG,
        format!("tenant `{id}` lives in {contradiction}"),
    )
    .at(span, "")
    .help(help);
    match locked.line {
        Some(line) => error.also(line, "decided here"),
        None => error,
    }
}

fn nothing_to_leave(home: &Tenant, catalog: &Catalog) -> Diagnostic {
    let id = &home.id.value;
    let model = catalog.tier_of(home).map_or("", |tier| tier.model.value.as_str());
    let message = format!("tenant `{id}` leaves a home in the model `{model}` that the lock does not have");
    Diagnostic::error(&codes::LOCK_CONTRADICTS_CATALOG, message)
        .at(home.tier.span, "no home of the lock is like this")
        .help("take it out of `homes`, if the old home is gone or never was; else describe it as it was")
}

/// Gives the tenant's own host name to one of its homes: to the one that it leaves for as long as that takes
/// traffic, then to its main one. The others have names with their numbers.
pub(super) fn share_host_names(tenants: &mut [TenantPlan<'_>]) {
    for homes in tenants.chunk_by_mut(|one, other| one.home.tenant == other.home.tenant) {
        if homes.len() == 1 && homes[0].tenant.role == Role::Main {
            homes[0].host_label = homes[0].home.tenant.to_string();
            continue;
        }
        let serves = |home: &TenantPlan<'_>| {
            home.tenant.role == Role::Leaving && home.tenant.status.takes_traffic() && home.has_stacks()
        };
        let owner = homes.iter().position(serves);
        let owner = owner.or_else(|| homes.iter().position(|home| home.tenant.role == Role::Main));
        for (at, home) in homes.iter_mut().enumerate() {
            home.host_label =
                if owner == Some(at) { home.home.tenant.to_string() } else { home.home.numbered_name() };
        }
    }
}
