//! The addresses of tenants and cells, read out of the lock for those who print them.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Per, SubnetGroup as GroupIntent};
use crate::catalog::Catalog;
use crate::identity::{RegionName, ZoneId};
use crate::network::Cidr;
use crate::plan::ipv6::NetworkIpv6;
use crate::plan::lock::{Lock, Network, Owner, SubnetGroup};

/// The addresses of a VPC: of a tenant's own, or of that of a cell.
#[derive(Debug)]
pub struct NetworkPlan {
    /// The block that the VPC is created with.
    pub cidr: Cidr,
    /// The blocks that it has grown by.
    pub secondary: Vec<Cidr>,
    /// The block that is kept for growth, itself included.
    pub reserve: Cidr,
    pub pool: Cidr,
    /// In the order of the blueprint.
    pub subnet_groups: Vec<SubnetGroupPlan>,
    /// In the order of their slots; only those in use.
    pub zones: Vec<ZoneId>,
    /// Where it has two stacks.
    pub ipv6: Option<NetworkIpv6>,
}

/// The addresses of a subnet group: its block, and the part of each zone in use. A group that the tenants
/// of a cell have parts of has no subnets itself.
#[derive(Debug)]
pub struct SubnetGroupPlan {
    pub name: String,
    pub cidr: Cidr,
    pub subnets: Vec<Cidr>,
    /// The same in the blocks that the network has grown by.
    pub further: Vec<SubnetBlock>,
}

/// What a subnet group has of a block that its network has grown by.
#[derive(Debug)]
pub struct SubnetBlock {
    /// The number of the network's block; the one that it was created with is 1.
    pub number: usize,
    pub cidr: Cidr,
    /// Its part of each zone in use.
    pub subnets: Vec<Cidr>,
}

/// A network's addresses, less those of a second stack.
pub(super) fn network_plan(
    owner: &Owner,
    blueprint: &Blueprint,
    zones: usize,
    region: &RegionName,
    catalog: &Catalog,
    lock: &Lock,
) -> Option<NetworkPlan> {
    let network = &lock.networks.get(owner)?.value;
    let region = catalog.regions.get(region)?;
    let pool = region.pools.iter().find(|pool| pool.value.contains(&network.reserve))?.value;
    let slots = &lock.zones.get(owner)?.value.0;
    let zone_in = |slot| slots.iter().find(|(_, taken)| **taken == slot).map(|(zone, _)| zone.clone());
    let used: Option<Vec<ZoneId>> = (0..u32::try_from(zones).ok()?).map(zone_in).collect();
    Some(NetworkPlan {
        cidr: network.cidr,
        secondary: network.secondary.clone(),
        reserve: network.reserve,
        pool,
        subnet_groups: subnet_groups(owner, blueprint, |_| true, network, zones, lock)?,
        zones: used?,
        ipv6: None,
    })
}

/// The parts that a tenant has of the network of its cell.
pub(super) fn parts(
    owner: &Owner,
    blueprint: &Blueprint,
    zones: usize,
    network: &Network,
    lock: &Lock,
) -> Option<Vec<SubnetGroupPlan>> {
    subnet_groups(owner, blueprint, |group| group.per == Per::Tenant, network, zones, lock)
}

fn subnet_groups(
    owner: &Owner,
    blueprint: &Blueprint,
    wanted: impl Fn(&GroupIntent) -> bool,
    network: &Network,
    zones: usize,
    lock: &Lock,
) -> Option<Vec<SubnetGroupPlan>> {
    let locked: BTreeMap<&str, &SubnetGroup> =
        lock.subnet_groups_of(owner).map(|(group, locked)| (group.as_str(), &locked.value)).collect();
    let groups = blueprint.network.subnet_groups.iter().filter(|group| wanted(group));
    groups
        .map(|group| {
            let block = locked.get(group.name.as_str())?;
            let is_cut = matches!(owner, Owner::Tenant(_)) || group.per == Per::Cell;
            let numbers = 0..if is_cut { u32::try_from(zones).ok()? } else { 0 };
            let subnets_in = |cidr: &Cidr| {
                numbers.clone().map(|slot| block.slot_in(cidr, slot)).collect::<Option<Vec<_>>>()
            };
            let further: Option<Vec<SubnetBlock>> = block
                .secondary
                .iter()
                .map(|cidr| {
                    let number = 1 + network.blocks().position(|whole| whole.contains(cidr))?;
                    Some(SubnetBlock { number, cidr: *cidr, subnets: subnets_in(cidr)? })
                })
                .collect();
            Some(SubnetGroupPlan {
                name: group.name.clone(),
                cidr: block.cidr,
                subnets: subnets_in(&block.cidr)?,
                further: further?,
            })
        })
        .collect()
}
