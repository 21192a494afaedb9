//! What a block of addresses is: who has it, what it is kept for, or that it is free.
//!
//! Goes in: a block (an address is a block of one), the catalog, and the lock of a plan. Comes out:
//! everything that has an address in common with it. How that is told is for the caller.

use crate::catalog::{Catalog, Pool, Region, Reserved};
use crate::identity::ZoneId;
use crate::network::{Cidr, FreeSpace};
use crate::plan::lock::{
    Lock, Locked, Network, Owner, Quarantined, Reservation, ReservationId, SubnetGroup, SubnetGroupId,
};

/// Everything that touches a block.
#[derive(Debug)]
pub struct Whereabouts<'p> {
    pub block: Cidr,
    pub pools: Vec<(&'p Region, &'p Pool)>,
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
    let regions = catalog.regions.values();
    let pools: Vec<_> = regions
        .flat_map(|region| region.pools.iter().map(move |pool| (region, pool)))
        .filter(|(_, pool)| pool.value.overlaps(&block))
        .collect();
    let taken: Vec<Cidr> =
        catalog.reserved.iter().map(|reserved| reserved.cidr.value).chain(lock.taken()).collect();
    let free = |pool: &Cidr| {
        let part = if pool.contains(&block) { block } else { *pool };
        FreeSpace::new(part, taken.iter().copied()).free_addresses()
    };
    let networks = lock.networks.iter().filter(|(_, network)| network.value.reserve.overlaps(&block));
    Whereabouts {
        block,
        free: pools.iter().map(|(_, pool)| free(&pool.value)).fold(0, u128::saturating_add),
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
    let growth = !network.value.blocks().any(|held| held.overlaps(&block));
    let inside = network.value.blocks().any(|held| held.contains(&block));
    let holds = |group: &SubnetGroup| group.blocks().any(|held| held.contains(&block));
    let group = lock.subnet_groups.iter().find(|(_, group)| inside && holds(&group.value));
    let slot = group.and_then(|(id, group)| {
        let held = group.value.blocks().find(|held| held.contains(&block))?;
        let (number, slot) = (0..group.value.slots)
            .filter_map(|number| Some((number, group.value.slot_in(&held, number)?)))
            .find(|(_, slot)| slot.contains(&block))?;
        let zones = lock.zones_of(&id.owner);
        let zone = zones.and_then(|zones| zones.value.0.iter().find(|(_, taken)| **taken == number));
        Some((slot, zone.map(|(zone, _)| zone)))
    });
    Holding { owner, network, growth, group, slot }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::diagnostics::Report;
    use crate::source::SourceMap;

    const LOCK: &str = "\
version: 1
product: shop
environment: prod
tenant acme: { cell: vpc/111122223333/eu-west-1/1 }
network acme: { cidr: 10.64.0.0/22, reserve: 10.64.0.0/21 }
subnets acme/app: { cidr: 10.64.0.0/23, slots: 4 }
zones acme: { euw1-az1: 0 }
quarantine 10.64.8.0/22: { owner: globex }
reserved 10.65.0.0/16 vpc-1: { reason: \"somebody else\" }
";

    /// What there is to say of a block, in a line.
    fn told(block: &str) -> String {
        let mut sources = SourceMap::default();
        let mut report = Report::default();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalog.yaml");
        std::fs::write(&path, include_str!("../cli/starter.yaml")).unwrap();
        let catalog = catalog::read(&path, &mut sources, &mut report).unwrap();
        let file = sources.add("tenantry.lock", LOCK);
        let lock = Lock::read(file, &sources, &mut report).unwrap();
        let found = whereabouts(block.parse().unwrap(), &catalog, &lock);
        let mut parts = vec![format!("{} free of {}", found.free, found.block.size())];
        parts.extend(found.pools.iter().map(|(region, pool)| format!("{} {}", region.name, pool.value)));
        parts.extend(found.reserved.iter().map(|reserved| reserved.reason.value.to_string()));
        parts.extend(found.found.iter().map(|(id, _)| id.to_string()));
        parts
            .extend(found.quarantine.iter().map(|(_, waiting)| format!("waits for {}", waiting.value.owner)));
        for holding in found.networks {
            parts.push(format!("{}{}", holding.owner, if holding.growth { " may grow" } else { "" }));
            parts.extend(holding.group.map(|(id, _)| id.to_string()));
            parts.extend(holding.slot.map(|(slot, zone)| {
                format!("{slot} {}", zone.map_or("no zone".to_owned(), ToString::to_string))
            }));
        }
        parts.join("; ")
    }

    #[test]
    fn an_address_has_a_pool_a_network_a_group_and_a_zone() {
        assert_eq!(
            told("10.64.0.9/32"),
            "0 free of 1; eu-west-1 10.64.0.0/14; acme; acme/app; 10.64.0.0/25 euw1-az1"
        );
        assert_eq!(
            told("10.64.1.9/32"),
            "0 free of 1; eu-west-1 10.64.0.0/14; acme; acme/app; 10.64.1.0/25 no zone"
        );
        assert_eq!(told("10.64.2.9/32"), "0 free of 1; eu-west-1 10.64.0.0/14; acme");
        assert_eq!(told("10.64.4.9/32"), "0 free of 1; eu-west-1 10.64.0.0/14; acme may grow");
    }

    #[test]
    fn a_block_may_touch_many_things() {
        assert_eq!(told("10.64.0.0/20"), "1024 free of 4096; eu-west-1 10.64.0.0/14; waits for globex; acme");
        assert_eq!(told("10.65.1.0/24"), "0 free of 256; eu-west-1 10.64.0.0/14; 10.65.0.0/16 vpc-1");
    }

    #[test]
    fn other_addresses_are_free_reserved_or_in_no_pool() {
        assert_eq!(told("10.64.64.1/32"), "1 free of 1; eu-west-1 10.64.0.0/14");
        assert_eq!(told("10.1.2.3/32"), "0 free of 1; offices and data centre");
        assert_eq!(told("192.168.0.1/32"), "0 free of 1");
    }
}
