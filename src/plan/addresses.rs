//! Cuts every tenant's addresses from the pools of its Region. What the lock says stays. `pools` says
//! where there is room, `growth` lets networks grow.
//!
//! Best fit by size class at the lowest address: as long as tenants only arrive, this serves every
//! sequence of requests that any placement could serve (the tests of `network` hold the proof).

use std::collections::BTreeMap;

use crate::blueprint::{Per, SubnetGroup as GroupIntent};
use crate::catalog::Region;
use crate::diagnostics::{Diagnostic, Report, codes, count};
use crate::identity::{SubnetGroupName, ZoneId};
use crate::network::{Cidr, FreeSpace};
use crate::plan::demand::Demand;
use crate::plan::growth;
use crate::plan::lock::{Lock, Locked, Network, Owner, SubnetGroup, SubnetGroupId, Zones};
use crate::plan::pools::{Pools, pool_full};

/// Gives one tenant or cell its network, subnet groups and zones, in the lock.
pub(super) fn settle(
    demand: &Demand<'_>,
    region: &Region,
    lock: &mut Lock,
    pools: &mut Pools<'_>,
    report: &mut Report,
) {
    let owner = demand.owner.clone();
    let network = match lock.networks.get(&owner) {
        Some(network) => {
            if !check_network(demand, region, network, report)
                || !growth::grow(demand, region, &owner, lock, pools, report)
            {
                return;
            }
            let Some(network) = lock.networks.get(&owner) else { return };
            network.value.clone()
        }
        None => match new_network(demand, region, lock, pools, report) {
            Some(network) => {
                lock.networks.insert(owner.clone(), Locked::new(network.clone()));
                network
            }
            None => return,
        },
    };
    subnet_groups(demand, &owner, &network, lock, report);
    zones(demand, region, &owner, lock, report);
}

fn new_network(
    demand: &Demand<'_>,
    region: &Region,
    lock: &mut Lock,
    pools: &mut Pools<'_>,
    report: &mut Report,
) -> Option<Network> {
    let length = demand.length.value;
    let reserve_length = length.checked_sub(demand.headroom).filter(|length| *length >= 8)?;
    // Only where it may stand: a block that waits in another Region, or that was reserved since, goes on
    // waiting, for stacks that hold its addresses may still be there.
    let may_return = |block: &Cidr| {
        block.length() == reserve_length
            && region.pools.iter().any(|pool| pool.value.contains(block))
            && !demand.catalog.reserved.iter().any(|reserved| reserved.cidr.value.overlaps(block))
            // What it had of a cell belongs to the cell.
            && !lock.is_inside_a_cell(block)
    };
    let owner = demand.owner.clone();
    let returned = lock
        .quarantine
        .iter()
        .find(|(block, waiting)| {
            // A block that nothing has a route to may also wait for an owner in another Region.
            waiting.value.owner == owner
                && waiting.value.routable
                && may_return(block)
                && lock.reservation_over(block).is_none()
        })
        .map(|(block, _)| *block);
    if let Some(reserve) = returned {
        // It was never free, so nothing is taken from the pools.
        lock.quarantine.remove(&reserve);
        let network = reserve.part(length, 0).map(|cidr| Network::with_reserve(cidr, reserve));
        return network.map(|network| Pools::marked(network, region));
    }
    match pools.allocate(demand, region, reserve_length) {
        Some(network) => Some(Pools::marked(network, region)),
        None => {
            report.push(pool_full(demand, region, reserve_length, lock, pools));
            None
        }
    }
}

/// A network of the lock against the catalog's pools and reserved ranges.
fn check_network(
    demand: &Demand<'_>,
    region: &Region,
    network: &Locked<Network>,
    report: &mut Report,
) -> bool {
    let who = demand.who();
    let in_a_pool = |block: &Cidr| region.pools.iter().any(|pool| pool.value.contains(block));
    let reserved =
        |block: &Cidr| demand.catalog.reserved.iter().find(|reserved| reserved.cidr.value.overlaps(block));
    let own = || std::iter::once(network.value.reserve).chain(network.value.elsewhere());
    let wrong = own().find(|block| !in_a_pool(block) || reserved(block).is_some());
    let reserve = wrong.unwrap_or(network.value.reserve);
    let mut error = if !in_a_pool(&reserve) {
        Diagnostic::error(
            &codes::LOCK_CONTRADICTS_CATALOG,
            format!("the block {reserve} of {who} lies in no pool of {}", region.name),
        )
        .at(region.span, "the Region's pools")
        .help("give the pool back to the Region; addresses that exist cannot be renumbered")
    } else if let Some(reserved) = reserved(&reserve) {
        Diagnostic::error(
            &codes::LOCK_CONTRADICTS_CATALOG,
            format!(
                "the block {reserve} of {who} lies in the reserved range {} ({})",
                reserved.cidr.value,
                reserved.reason.value.as_str()
            ),
        )
        .at(reserved.cidr.span, "reserved here")
        .help("cut the tenant's block out of the reserved range; addresses that exist cannot be renumbered")
    } else {
        return true;
    };
    if let Some(line) = network.line {
        error = error.also(line, "decided here");
    }
    report.push(error);
    false
}

fn subnet_groups(
    demand: &Demand<'_>,
    owner: &Owner,
    network: &Network,
    lock: &mut Lock,
    report: &mut Report,
) {
    let groups: BTreeMap<String, Cidr> = lock
        .subnet_groups_of(owner)
        .map(|(group, locked)| (group.as_str().to_owned(), locked.value.cidr))
        .collect();
    let mut space = FreeSpace::new(network.cidr, groups.values().copied());
    let missing: Vec<&GroupIntent> = demand
        .blueprint
        .network
        .subnet_groups
        .iter()
        .filter(|group| !groups.contains_key(group.name.as_str()))
        .collect();
    for group in missing {
        // What tenants get their parts of is not cut for zones: the parts are.
        let is_cut = matches!(owner, Owner::Tenant(_)) || group.per == Per::Cell;
        let (Some(block), Ok(name), Ok(slots)) = (
            space.allocate(network.cidr.length() + group.extra_bits),
            group.name.parse::<SubnetGroupName>(),
            u32::try_from(if is_cut { demand.blueprint.network.zone_slots } else { 1 }),
        ) else {
            report.push(
                Diagnostic::error(
                    &codes::POOL_FULL,
                    format!(
                        "the network {} of {} has no room for the subnet group `{}`",
                        network.cidr,
                        demand.who(),
                        group.name
                    ),
                )
                .at(group.span, "")
                .help("give the new subnet group a smaller share"),
            );
            continue;
        };
        let secondary = parts_of_growth(group, owner, network, lock);
        let id = SubnetGroupId { owner: owner.clone(), group: name };
        let added = SubnetGroup { secondary, ..SubnetGroup::new(block, slots) };
        lock.subnet_groups.insert(id, Locked::new(added));
    }
}

/// What a subnet group that comes later gets of the blocks that its network has grown by, as far as the
/// others have left room: its share of each.
fn parts_of_growth(group: &GroupIntent, owner: &Owner, network: &Network, lock: &Lock) -> Vec<Cidr> {
    let taken: Vec<Cidr> = lock.subnet_groups_of(owner).flat_map(|(_, group)| group.value.blocks()).collect();
    let grown = network.secondary.iter().filter(|block| network.containers != Some(**block));
    let share = |block: &Cidr| {
        FreeSpace::new(*block, taken.iter().copied()).allocate(block.length() + group.extra_bits)
    };
    grown.filter_map(share).collect()
}

fn zones(demand: &Demand<'_>, region: &Region, owner: &Owner, lock: &mut Lock, report: &mut Report) {
    let mut zones: BTreeMap<ZoneId, u32> =
        lock.zones.get(owner).map(|zones| zones.value.0.clone()).unwrap_or_default();
    for slot in 0..u32::try_from(demand.zones).unwrap_or(u32::MAX) {
        if zones.values().any(|taken| *taken == slot) {
            continue;
        }
        let Some(next) = region.zones.iter().find(|zone| !zones.contains_key(&zone.value)) else {
            report.push(
                Diagnostic::error(
                    &codes::NOT_ENOUGH_ZONES,
                    format!(
                        "{} spans {}, and {} has {}",
                        demand.who(),
                        count(demand.zones, "zone"),
                        region.name,
                        region.zones.len()
                    ),
                )
                .at(demand.tenant.id.span, "")
                .also(
                    region.zones.first().map_or(region.span, |zone| zone.span),
                    "the zones of the Region begin here",
                )
                .help("set `zones` lower, or add zone ids to the Region"),
            );
            return;
        };
        zones.insert(next.value.clone(), slot);
    }
    let changed = lock.zones.get(owner).is_none_or(|locked| locked.value.0 != zones);
    if changed {
        lock.zones.insert(owner.clone(), Locked::new(Zones(zones)));
    }
}
