//! IPv6 beside IPv4, for tenants whose setting `ipv6` says `dual_stack`.
//!
//! A VPC gets a /56: out of the pools of its Region where there are any, else one that Amazon chooses.
//! Each subnet group has a sixteenth of it, a /60, and each of its subnets a /64 there. Which
//! sixteenth is in the lock as a number, so that it is the same whoever provides the block.
//! Nothing is ever taken back: a tenant that leaves the second stack keeps its block for its return.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Blueprint, Settings, further_number};
use crate::catalog::{Catalog, Ipv6Pool, Region, Tenant};
use crate::diagnostics::{Diagnostic, Report, codes, count, quote};
use crate::identity::{HomeId, HostAccount, RegionName, SubnetGroupName, ZoneId};
use crate::network::{Cidr, FreeSpace};
use crate::plan::PoolUse;
use crate::plan::lock::{Ipv6, Lock, Locked, Network, Owner, SubnetGroup, SubnetGroupId};
use crate::source::Span;

/// What Amazon provides, and what fits every VPC (VPC User Guide, "VPC CIDR blocks").
pub const VPC_LENGTH: u8 = 56;

/// Of a subnet group: sixteen to a VPC.
pub const GROUP_LENGTH: u8 = 60;

/// Of a subnet: sixteen to a subnet group's part.
pub const SUBNET_LENGTH: u8 = 64;

const PARTS: u32 = 1 << (GROUP_LENGTH - VPC_LENGTH);
const SUBNETS: u32 = 1 << (SUBNET_LENGTH - GROUP_LENGTH);

/// What the shape of a network with two stacks depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DualStack {
    /// Whether Amazon chooses the block, so that only the deployed VPC knows it.
    pub provided: bool,
    /// How many /60 each subnet group has.
    pub ranges: BTreeMap<String, usize>,
}

/// The IPv6 addresses of a network.
#[derive(Clone, Debug)]
pub struct NetworkIpv6 {
    pub source: Ipv6,
    /// The pool that the block comes from.
    pub of: Option<Cidr>,
    /// The id of that pool in EC2.
    pub pool: Option<String>,
    /// In the order of the blueprint.
    pub groups: Vec<GroupIpv6>,
}

/// The IPv6 addresses of a subnet group.
#[derive(Clone, Debug)]
pub struct GroupIpv6 {
    pub name: String,
    /// The numbers of its /60 in the VPC's block.
    pub ranges: Vec<u32>,
    /// By block and zone slot.
    pub subnets: Vec<SubnetIpv6>,
}

/// The IPv6 addresses of a subnet.
#[derive(Clone, Debug)]
pub struct SubnetIpv6 {
    /// The number that the subnet has in templates.
    pub number: usize,
    pub zone: ZoneId,
    /// The number of its /64 in the VPC's block.
    pub index: u32,
}

impl NetworkIpv6 {
    /// The /60 of this number, where the block is known.
    pub fn range(&self, number: u32) -> Option<Cidr> {
        self.source.block()?.part(GROUP_LENGTH, number)
    }

    /// The /64 of this number, where the block is known.
    pub fn subnet(&self, index: u32) -> Option<Cidr> {
        self.source.block()?.part(SUBNET_LENGTH, index)
    }

    /// The addresses of a subnet group.
    pub fn group(&self, name: &str) -> Option<&GroupIpv6> {
        self.groups.iter().find(|group| group.name == name)
    }
}

/// Whether a tenant with these settings has IPv6 addresses.
pub(super) fn is_on(settings: &Settings) -> bool {
    settings.text("ipv6") == Some("dual_stack")
}

/// A tenant that gets IPv6 addresses.
pub(super) struct Demand<'d> {
    pub home: &'d HomeId,
    pub tenant: &'d Tenant,
    pub blueprint: &'d Blueprint,
}

/// Gives every network that asks for it a block, and every subnet group in it a number.
pub(super) fn settle<'d>(
    catalog: &'d Catalog,
    demands: impl Iterator<Item = Demand<'d>>,
    lock: &mut Lock,
    report: &mut Report,
) {
    let mut spaces: BTreeMap<&RegionName, Vec<FreeSpace>> = BTreeMap::new();
    for demand in demands {
        let owner = Owner::Tenant(demand.home.clone());
        let Some(region) = catalog.regions.get(&demand.tenant.region.value) else { continue };
        let Some(locked) = lock.networks.get(&owner) else { continue };
        let (ipv6, line) = (locked.value.ipv6, locked.line);
        let settled = match ipv6 {
            Some(Ipv6::Amazon) => true,
            Some(Ipv6::Block(block)) => is_allowed(&demand, block, line, catalog, region, report),
            None => {
                let spaces = spaces.entry(&region.name).or_insert_with(|| free(catalog, region, lock));
                let given = new_block(&demand, catalog, region, spaces, lock, report);
                if let (Some(given), Some(locked)) = (given, lock.networks.get_mut(&owner)) {
                    locked.value.ipv6 = Some(given);
                    locked.line = None;
                }
                given.is_some()
            }
        };
        if settled {
            number_groups(&demand, &owner, lock, report);
        }
    }
}

fn free(catalog: &Catalog, region: &Region, lock: &Lock) -> Vec<FreeSpace> {
    let taken: Vec<Cidr> =
        catalog.reserved.iter().map(|reserved| reserved.cidr.value).chain(lock.taken()).collect();
    region.ipv6_pools.iter().map(|pool| FreeSpace::new(pool.value, taken.iter().copied())).collect()
}

/// The tenant's own block where it waits in quarantine, else the best fit of the pools that its
/// account can use. Where there is no such pool, Amazon provides.
fn new_block(
    demand: &Demand<'_>,
    catalog: &Catalog,
    region: &Region,
    spaces: &mut [FreeSpace],
    lock: &mut Lock,
    report: &mut Report,
) -> Option<Ipv6> {
    let id = demand.home;
    let account = lock.tenants.get(id).map(|home| home.value.cell.account.clone())?;
    let serving: BTreeSet<Cidr> = serving(region, &account).map(|pool| pool.value).collect();
    if serving.is_empty() {
        return Some(Ipv6::Amazon);
    }
    let owner = Owner::Tenant(id.clone());
    let own = |block: &Cidr| {
        !block.is_v4()
            && block.length() == VPC_LENGTH
            && serving.iter().any(|pool| pool.contains(block))
            && !catalog.reserved.iter().any(|reserved| reserved.cidr.value.overlaps(block))
    };
    let returned = lock.quarantine.iter().find(|(block, waiting)| waiting.value.owner == owner && own(block));
    if let Some(block) = returned.map(|(block, _)| *block) {
        // It was never free, so nothing is taken from the pools.
        lock.quarantine.remove(&block);
        return Some(Ipv6::Block(block));
    }
    let fits = spaces.iter_mut().filter(|space| serving.contains(&space.pool()));
    // Of equals the first: the last of the greatest is taken, so the order is turned round.
    let best = fits.rev().max_by_key(|space| space.best_fit(VPC_LENGTH));
    match best.and_then(|space| space.allocate(VPC_LENGTH)) {
        Some(block) => Some(Ipv6::Block(block)),
        None => {
            report.push(pools_full(demand, region, &serving, lock));
            None
        }
    }
}

fn serving<'r>(region: &'r Region, account: &'r HostAccount) -> impl Iterator<Item = &'r Ipv6Pool> {
    region.ipv6_pools.iter().filter(move |pool| pool.serves(account))
}

fn pools_full(demand: &Demand<'_>, region: &Region, serving: &BTreeSet<Cidr>, lock: &Lock) -> Diagnostic {
    let waiting = lock.quarantine.keys().filter(|block| serving.iter().any(|pool| pool.contains(block)));
    let waiting = waiting.count();
    let pool = region.ipv6_pools.first().map_or(region.span, |pool| pool.span);
    let mut error = Diagnostic::error(
        &codes::POOL_FULL,
        format!(
            "no IPv6 pool of {} has room for the /{VPC_LENGTH} of tenant `{}`",
            region.name, demand.tenant.id.value
        ),
    )
    .at(demand.tenant.id.span, "did not fit")
    .also(pool, "the IPv6 pools of the Region begin here")
    .help("add an IPv6 pool to the Region; no tenant moves when you do");
    if waiting > 0 {
        let blocks = count(waiting, "block");
        error = error.note(format!("{blocks} of tenants that have left wait in quarantine"));
    }
    error
}

/// A block of the lock against the catalog's pools and reserved ranges.
fn is_allowed(
    demand: &Demand<'_>,
    block: Cidr,
    line: Option<Span>,
    catalog: &Catalog,
    region: &Region,
    report: &mut Report,
) -> bool {
    let id = &demand.tenant.id.value;
    let reserved = catalog.reserved.iter().find(|reserved| reserved.cidr.value.overlaps(&block));
    let error = if !region.ipv6_pools.iter().any(|pool| pool.value.contains(&block)) {
        let pools = region.ipv6_pools.first().map_or(region.span, |pool| pool.span);
        Diagnostic::error(
            &codes::LOCK_CONTRADICTS_CATALOG,
            format!("the block {block} of tenant `{id}` lies in no IPv6 pool of {}", region.name),
        )
        .at(pools, "the Region's pools")
        .help("give the pool back to the Region; addresses that exist cannot be renumbered")
    } else if let Some(reserved) = reserved {
        let reason = quote(reserved.reason.value.as_str());
        Diagnostic::error(
            &codes::LOCK_CONTRADICTS_CATALOG,
            format!(
                "the block {block} of tenant `{id}` lies in the range {} reserved for {reason}",
                reserved.cidr.value
            ),
        )
        .at(reserved.cidr.span, "reserved here")
        .help("cut the tenant's block out of the reserved range; addresses that exist cannot be renumbered")
    } else {
        return true;
    };
    report.push(match line {
        Some(line) => error.also(line, "decided here"),
        None => error,
    });
    false
}

/// Gives every subnet group as many sixteenths as its subnets need, at the lowest free numbers. A
/// group that the blueprint has no more keeps its own.
fn number_groups(demand: &Demand<'_>, owner: &Owner, lock: &mut Lock, report: &mut Report) {
    let numbers = lock.subnet_groups_of(owner).flat_map(|(_, group)| group.value.ipv6.clone());
    let mut taken: BTreeSet<u32> = numbers.collect();
    for intent in &demand.blueprint.network.subnet_groups {
        let Ok(group) = intent.name.parse::<SubnetGroupName>() else { continue };
        let id = SubnetGroupId { owner: owner.clone(), group };
        let Some(locked) = lock.subnet_groups.get_mut(&id) else { continue };
        while locked.value.ipv6.len() < ranges_needed(&locked.value) {
            let Some(number) = (0..PARTS).find(|number| !taken.contains(number)) else {
                report.push(
                    Diagnostic::error(
                        &codes::POOL_FULL,
                        format!(
                            "the IPv6 block of tenant `{}` has no /{GROUP_LENGTH} left for the subnet group {}",
                            demand.tenant.id.value,
                            quote(&intent.name)
                        ),
                    )
                    .at(intent.span, "")
                    .also(demand.tenant.id.span, "the tenant")
                    .note(format!("a VPC's /{VPC_LENGTH} holds {PARTS} of them"))
                    .help("declare fewer subnet groups, or let the tenant grow less"),
                );
                return;
            };
            taken.insert(number);
            locked.value.ipv6.push(number);
            locked.line = None;
        }
    }
}

/// How many /60 hold a /64 for every slot of every block.
fn ranges_needed(group: &SubnetGroup) -> usize {
    (group.blocks().count() * group.slots as usize).div_ceil(SUBNETS as usize)
}

/// The number of the /64 of a zone slot, from 0, in one of a group's blocks, counted from 0.
fn subnet_index(group: &SubnetGroup, block: usize, slot: u32) -> Option<u32> {
    let at = u32::try_from(block).ok()?.checked_mul(group.slots)?.checked_add(slot)?;
    let range = group.ipv6.get((at / SUBNETS) as usize)?;
    Some(range * SUBNETS + at % SUBNETS)
}

/// What the shape of a network depends on, by the lock.
pub(super) fn shape(lock: &Lock, owner: &Owner) -> Option<DualStack> {
    let source = lock.networks.get(owner)?.value.ipv6?;
    let groups = lock.subnet_groups_of(owner);
    Some(DualStack {
        provided: source == Ipv6::Amazon,
        ranges: groups.map(|(name, group)| (name.as_str().to_owned(), group.value.ipv6.len())).collect(),
    })
}

/// The addresses of a network, read out of the lock.
pub(super) fn network(
    owner: &Owner,
    blueprint: &Blueprint,
    zones: &[ZoneId],
    region: &Region,
    lock: &Lock,
) -> Option<NetworkIpv6> {
    let network = &lock.networks.get(owner)?.value;
    let source = network.ipv6?;
    let pool =
        source.block().and_then(|block| region.ipv6_pools.iter().find(|pool| pool.value.contains(&block)));
    let locked: BTreeMap<&str, &Locked<SubnetGroup>> =
        lock.subnet_groups_of(owner).map(|(name, group)| (name.as_str(), group)).collect();
    let mut groups = Vec::new();
    for intent in &blueprint.network.subnet_groups {
        let group = &locked.get(intent.name.as_str())?.value;
        let mut subnets = Vec::new();
        for (at, block) in group.blocks().enumerate() {
            let number = 1 + network.blocks().position(|whole| whole.contains(&block))?;
            for (slot, zone) in (0u32..).zip(zones) {
                let slot_number = slot as usize + 1;
                subnets.push(SubnetIpv6 {
                    number: if number == 1 { slot_number } else { further_number(number, slot_number) },
                    zone: zone.clone(),
                    index: subnet_index(group, at, slot)?,
                });
            }
        }
        groups.push(GroupIpv6 { name: intent.name.clone(), ranges: group.ipv6.clone(), subnets });
    }
    let (of, pool) = (pool.map(|pool| pool.value), pool.map(|pool| pool.id.value.clone()));
    Some(NetworkIpv6 { source, of, pool, groups })
}

/// A subnet group with its line in the lock.
type Group<'l> = (&'l SubnetGroupId, &'l Locked<SubnetGroup>);

/// A subnet's block, and the zone that it belongs to.
type Slot<'l> = (Cidr, Option<&'l ZoneId>);

/// The subnet group of a network that an IPv6 block lies in, and the subnet.
pub(super) fn holding<'l>(
    block: &Cidr,
    owner: &Owner,
    network: &Network,
    lock: &'l Lock,
) -> Option<(Group<'l>, Option<Slot<'l>>)> {
    let whole = network.ipv6?.block()?;
    let part = |length, number: &u32| whole.part(length, *number).is_some_and(|part| part.contains(block));
    let (id, group) = lock
        .subnet_groups
        .iter()
        .filter(|(id, _)| id.owner == *owner)
        .find(|(_, group)| group.value.ipv6.iter().any(|number| part(GROUP_LENGTH, number)))?;
    let slots = (0..group.value.blocks().count())
        .flat_map(|block| (0..group.value.slots).map(move |slot| (block, slot)))
        .filter_map(|(block, slot)| Some((slot, subnet_index(&group.value, block, slot)?)));
    let slot = slots.into_iter().find(|(_, index)| part(SUBNET_LENGTH, index)).and_then(|(slot, index)| {
        let zones = lock.zones_of(owner);
        let zone = zones.and_then(|zones| zones.value.0.iter().find(|(_, taken)| **taken == slot));
        Some((whole.part(SUBNET_LENGTH, index)?, zone.map(|(zone, _)| zone)))
    });
    Some(((id, group), slot))
}

/// How full each pool is, in the order of the catalog.
pub(super) fn uses(catalog: &Catalog, lock: &Lock) -> Vec<PoolUse> {
    let reserved: Vec<Cidr> = catalog.reserved.iter().map(|reserved| reserved.cidr.value).collect();
    let mut uses = Vec::new();
    for region in catalog.regions.values() {
        for pool in &region.ipv6_pools {
            let usable = FreeSpace::new(pool.value, reserved.iter().copied()).free_addresses();
            let space = FreeSpace::new(pool.value, reserved.iter().copied().chain(lock.taken()));
            let free = space.free_addresses();
            let (region, pool, largest) = (region.name.clone(), pool.value, space.largest());
            uses.push(PoolUse { region, pool, usable, used: usable - free, free, largest });
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_subnets_share_a_sixteenth_and_the_seventeenth_begins_another() {
        let block: Cidr = "10.64.0.0/23".parse().unwrap();
        let mut group = SubnetGroup { ipv6: vec![2, 9], ..SubnetGroup::new(block, 4) };
        group.secondary = vec![block; 4];
        assert_eq!(ranges_needed(&group), 2);
        assert_eq!(subnet_index(&group, 0, 0), Some(32));
        assert_eq!(subnet_index(&group, 3, 3), Some(47));
        assert_eq!(subnet_index(&group, 4, 0), Some(9 * 16));
        assert_eq!(subnet_index(&SubnetGroup::new(block, 4), 0, 0), None);
    }
}
