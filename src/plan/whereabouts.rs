//! What a block of addresses is: who has it, what it is kept for, or that it is free.
//!
//! Goes in: a block (an address is a block of one), the catalog, and the lock of a plan. Comes out:
//! everything that has an address in common with it. How that is told is for the caller.

use crate::catalog::{Catalog, Region, Reserved};
use crate::identity::ZoneId;
use crate::network::{Cidr, FreeSpace};
use crate::plan::ipv6;
use crate::plan::lock::{
    Lock, Locked, Network, Owner, Quarantined, Reservation, ReservationId, SubnetGroup, SubnetGroupId,
};
use crate::source::Span;

/// Everything that touches a block.
#[derive(Debug)]
pub struct Whereabouts<'p> {
    pub block: Cidr,
    /// With their Regions, and where they stand in the catalog.
    pub pools: Vec<(&'p Region, Cidr, Span)>,
    /// Reserved in the catalog.
    pub reserved: Vec<&'p Reserved>,
    /// Found in use.
    pub found: Vec<(&'p ReservationId, &'p Locked<Reservation>)>,
    pub networks: Vec<Holding<'p>>,
    pub quarantine: Vec<(Cidr, &'p Locked<Quarantined>)>,
    /// How many of its addresses are free to be handed out.
    pub free: u128,
}

/// A network that touches the block, and the part of it that holds the block.
#[derive(Debug)]
pub struct Holding<'p> {
    pub owner: &'p Owner,
    pub network: &'p Locked<Network>,
    /// The block lies beside the network, in what is kept for its growth.
    pub growth: bool,
    /// The subnet group that holds the whole block.
    pub group: Option<(&'p SubnetGroupId, &'p Locked<SubnetGroup>)>,
    /// The part of that group that holds the whole block, and the zone that it belongs to.
    pub slot: Option<(Cidr, Option<&'p ZoneId>)>,
}

/// Looks a block up.
pub fn whereabouts<'p>(block: Cidr, catalog: &'p Catalog, lock: &'p Lock) -> Whereabouts<'p> {
    let pools = catalog.regions.values().flat_map(|region| {
        let ipv6 = region.ipv6_pools.iter().map(|pool| (pool.value, pool.span));
        let all = region.pools.iter().map(|pool| (pool.value, pool.span)).chain(ipv6);
        all.map(move |(pool, span)| (region, pool, span))
    });
    let pools: Vec<_> = pools.filter(|(_, pool, _)| pool.overlaps(&block)).collect();
    let free = |region: &Region, pool: &Cidr| {
        let part = if pool.contains(&block) { block } else { *pool };
        let reserved = catalog.reserved.iter().map(|reserved| reserved.cidr.value);
        FreeSpace::new(part, reserved.chain(lock.taken_in(&region.name))).free_addresses()
    };
    let touches = |network: &Network| {
        network.reserve.overlaps(&block) || network.all_blocks().any(|held| held.overlaps(&block))
    };
    let networks = lock.networks.iter().filter(|(_, network)| touches(&network.value));
    Whereabouts {
        block,
        free: pools.iter().map(|(region, pool, _)| free(region, pool)).fold(0, u128::saturating_add),
        pools,
        reserved: catalog.reserved.iter().filter(|reserved| reserved.cidr.value.overlaps(&block)).collect(),
        found: lock.reserved.iter().filter(|(id, _)| id.block.overlaps(&block)).collect(),
        networks: networks.map(|(owner, network)| holding(block, owner, network, lock)).collect(),
        quarantine: lock
            .quarantine
            .iter()
            .filter(|(waiting, _)| waiting.overlaps(&block))
            .map(|(waiting, locked)| (*waiting, locked))
            .collect(),
    }
}

fn holding<'p>(block: Cidr, owner: &'p Owner, network: &'p Locked<Network>, lock: &'p Lock) -> Holding<'p> {
    if !block.is_v4() {
        let (group, slot) = ipv6::holding(&block, owner, &network.value, lock).unzip();
        return Holding { owner, network, growth: false, group, slot: slot.flatten() };
    }
    let growth = !network.value.blocks().any(|held| held.overlaps(&block));
    let inside = network.value.blocks().any(|held| held.contains(&block));
    let holds = |group: &SubnetGroup| group.blocks().any(|held| held.contains(&block));
    let group = lock.subnet_groups.iter().find(|(_, group)| inside && holds(&group.value));
    let slot = group.and_then(|(id, group)| {
        let held = group.value.blocks().find(|held| held.contains(&block))?;
        let (number, slot) = (0..group.value.slots)
            .filter_map(|number| Some((number, group.value.slot_in(&held, number)?)))
            .find(|(_, slot)| slot.contains(&block))?;
        if matches!(id.owner, Owner::Cell(_)) && group.value.is_whole() {
            // No tenant has this part of it yet.
            return None;
        }
        let zones = lock.zones_of(&id.owner);
        let zone = zones.and_then(|zones| zones.value.0.iter().find(|(_, taken)| **taken == number));
        Some((slot, zone.map(|(zone, _)| zone)))
    });
    Holding { owner, network, growth, group, slot }
}
