//! What tenants that have left had waits here, and comes free by the catalog's `quarantine`.
//!
//! The wait is counted from what stands in the block's own line: the day and the release at which it
//! was freed. A counter of runs at the top of the lock would be a line that every two branches change
//! differently; a number in each line of quarantine merges by itself. What time it is comes from
//! outside, as a date of the command line or a release in the catalog, and a run that is not told
//! lets nothing go: whoever knows less waits longer.
//!
//! The last owner alone may have its block back early: whatever still knows the addresses knows them
//! as that tenant's.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Quarantine};
use crate::identity::{CellId, Date};
use crate::network::Cidr;
use crate::plan::container_ranges;
use crate::plan::lock::{Ipv6, Lock, Locked, Owner, Quarantined};
use crate::plan::moves::Homes;

/// Lets go the blocks whose wait is over, then puts in those of homes that are gone: of tenants that have
/// left or retired, and of those that have moved.
pub(super) fn settle(catalog: &Catalog, homes: &Homes<'_>, as_of: Option<Date>, lock: &mut Lock) {
    if let Some(policy) = &catalog.quarantine {
        lock.quarantine.retain(|_, waiting| !has_waited(&waiting.value, policy, as_of));
    }
    lock.tenants.retain(|id, _| homes.contains(id));
    // A cell that nobody lives in any more is closed: what it had waits as what a tenant had does.
    let inhabited: BTreeSet<CellId> = lock.tenants.values().map(|home| home.value.cell.clone()).collect();
    let gone = |owner: &Owner| match owner {
        Owner::Tenant(id) => !homes.contains(id),
        Owner::Cell(cell) => !inhabited.contains(cell),
    };
    let left: BTreeSet<Owner> = lock.networks.keys().filter(|owner| gone(owner)).cloned().collect();
    for owner in &left {
        if let Some(network) = lock.networks.remove(owner) {
            // Of two Regions that had the same addresses, the later waits for both.
            let waiting = Quarantined { routable: network.value.routable, ..Quarantined::new(owner.clone()) };
            let reserve = network.value.reserve;
            if matches!(waiting.owner, Owner::Cell(_)) {
                // What its tenants had of it waits with the whole.
                lock.quarantine.retain(|block, _| !reserve.contains(block));
            }
            let containers =
                network.value.containers.filter(|block| container_ranges::is_apart(block, catalog));
            for block in network.value.elsewhere().chain(containers) {
                lock.quarantine.insert(block, Locked::new(waiting.clone()));
            }
            lock.quarantine.insert(reserve, Locked::new(waiting));
            if let Some(block) = network.value.ipv6.and_then(Ipv6::block) {
                lock.quarantine.insert(block, Locked::new(Quarantined::new(owner.clone())));
            }
        }
    }
    lock.subnet_groups.retain(|id, _| matches!(id.owner, Owner::Tenant(_)) || !gone(&id.owner));
    let parts: Vec<(Owner, Cidr)> = lock
        .subnet_groups
        .iter()
        .filter(|(id, group)| {
            gone(&id.owner) && !left.contains(&id.owner) && lock.is_inside_a_cell(&group.value.cidr)
        })
        .map(|(id, group)| (id.owner.clone(), group.value.cidr))
        .collect();
    for (owner, part) in parts {
        lock.quarantine.insert(part, Locked::new(Quarantined::new(owner)));
    }
    lock.subnet_groups.retain(|id, _| !gone(&id.owner));
    lock.zones.retain(|owner, _| !gone(owner));
    lock.ingress.retain(|id, _| homes.contains(id));
    if let Some(policy) = &catalog.quarantine {
        for waiting in lock.quarantine.values_mut() {
            begin(&mut waiting.value, policy, as_of);
        }
    }
}

/// Whether a block may be had by others, by what the catalog says of waits.
pub(super) fn is_over(waiting: &Quarantined, catalog: &Catalog, as_of: Option<Date>) -> bool {
    catalog.quarantine.as_ref().is_some_and(|policy| has_waited(waiting, policy, as_of))
}

fn has_waited(waiting: &Quarantined, policy: &Quarantine, as_of: Option<Date>) -> bool {
    let days = policy.days.as_ref().is_none_or(|days| match (waiting.freed, as_of) {
        (Some(freed), Some(as_of)) => freed.plus(days.value) <= as_of,
        _ => false,
    });
    let releases = policy.releases.as_ref().is_none_or(|releases| match (waiting.release, &policy.release) {
        (Some(freed), Some(release)) => freed.saturating_add(releases.value) <= release.value,
        _ => false,
    });
    days && releases
}

/// A wait that has no beginning yet begins with the first run that knows when it is: later than it
/// might have, never earlier.
fn begin(waiting: &mut Quarantined, policy: &Quarantine, as_of: Option<Date>) {
    if policy.days.is_some() && waiting.freed.is_none() {
        waiting.freed = as_of;
    }
    if policy.releases.is_some() && waiting.release.is_none() {
        waiting.release = policy.release.as_ref().map(|release| release.value);
    }
}

/// What makes blocks come free in this catalog, as the end of a sentence that says they wait.
pub(super) fn remedy(catalog: &Catalog) -> String {
    let policy = catalog.quarantine.as_ref();
    let days = policy
        .and_then(|policy| policy.days.as_ref())
        .map(|days| format!("{} days by the day that `--as-of` says", days.value));
    let releases = policy
        .and_then(|policy| policy.releases.as_ref())
        .map(|releases| format!("{} releases by the catalog's `release`", releases.value));
    match (days, releases) {
        (None, None) => {
            "until their lines are deleted from the lock, which is safe once their stacks are deleted"
                .to_owned()
        }
        (Some(one), None) | (None, Some(one)) => format!("for {one}"),
        (Some(days), Some(releases)) => format!("for {days} and {releases}"),
    }
}
