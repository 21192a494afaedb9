//! Second blocks of VPCs for containers, which take an address each and soon more than a network has.
//!
//! Goes in: tenants with the setting `container_range`, the length of such a block. Comes out: a block of
//! a pool whose purpose is containers, attached to the VPC and cut into one subnet group, the first with
//! a way out through NAT. From there it is a block that the network has grown by.
//!
//! A pool that nothing has a route to (`routable: false`) serves every VPC with the same addresses, as
//! long as VPCs meet no others: that is what 100.64.0.0/10 is for. Everywhere else blocks are apart.

use std::collections::BTreeMap;

use crate::aws::vpc_blocks::secondary_block;
use crate::blueprint::{Blueprint, Owner as NetworkOwner, Route, Settings};
use crate::catalog::{Catalog, Pool, Purpose, Region, Tenant, Tier};
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::identity::{HomeId, SubnetGroupName};
use crate::network::{Cidr, FreeSpace};
use crate::plan::growth::{blocks_per_vpc, can_be_built};
use crate::plan::lock::{Lock, Network, Owner, SubnetGroupId};

/// A tenant with a VPC of its own.
pub(super) struct Demand<'d> {
    pub home: &'d HomeId,
    pub tenant: &'d Tenant,
    pub tier: &'d Tier,
    pub blueprint: &'d Blueprint,
    pub settings: &'d Settings,
}

impl Demand<'_> {
    fn length(&self) -> Option<u8> {
        u8::try_from(self.settings.count("container_range")?).ok()
    }
}

/// Gives every tenant that asks for it a block for containers, and checks those that have one.
pub(super) fn settle<'d>(
    catalog: &'d Catalog,
    demands: impl Iterator<Item = Demand<'d>>,
    lock: &mut Lock,
    report: &mut Report,
) {
    let mut apart: BTreeMap<Cidr, Owner> = BTreeMap::new();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for demand in demands.filter(|demand| demand.blueprint.network.owner == NetworkOwner::Tenant) {
        let Some(region) = catalog.regions.get(&demand.tenant.region.value) else { continue };
        let owner = Owner::Tenant(demand.home.clone());
        match lock.networks.get(&owner).map(|network| network.value.containers) {
            Some(Some(block)) => with.push((demand, region, owner, block)),
            Some(None) if demand.length().is_some() => without.push((demand, region, owner)),
            _ => {}
        }
    }
    for (demand, region, owner, block) in with {
        check(&demand, region, &owner, block, catalog, &mut apart, lock, report);
    }
    for (demand, region, owner) in without {
        let Some(length) = demand.length() else { continue };
        if let Err(error) = give(&demand, region, &owner, length, catalog, lock) {
            report.push(error.at(demand.tenant.id.span, ""));
        }
    }
}

/// Whether every VPC may have the same block of this pool.
fn repeats(pool: &Pool, catalog: &Catalog) -> bool {
    !pool.routable && !catalog.shared_services.meet()
}

/// Whether nobody else has this block for containers.
pub(super) fn is_apart(block: &Cidr, catalog: &Catalog) -> bool {
    let pools = catalog.regions.values().flat_map(of_containers);
    pools.into_iter().any(|pool| pool.value.contains(block) && !repeats(pool, catalog))
}

#[expect(clippy::too_many_arguments, reason = "all that a block is held against")]
fn check(
    demand: &Demand<'_>,
    region: &Region,
    owner: &Owner,
    block: Cidr,
    catalog: &Catalog,
    apart: &mut BTreeMap<Cidr, Owner>,
    lock: &Lock,
    report: &mut Report,
) {
    let id = &demand.tenant.id.value;
    let line = lock.networks.get(owner).and_then(|network| network.line);
    let mut refuse = |error: Diagnostic| {
        let error = error.at(demand.tenant.id.span, "");
        report.push(match line {
            Some(line) => error.also(line, "decided here"),
            None => error,
        });
    };
    if let Some(asked) = demand.length().filter(|asked| *asked != block.length()) {
        let message =
            format!("tenant `{id}` has {block} for containers, and `container_range` asks for a /{asked}");
        refuse(
            Diagnostic::error(&codes::NETWORK_SIZE_CHANGED, message)
                .help("take the change back: AWS resizes no block, and what is there may be in use"),
        );
    }
    let Some(pool) = of_containers(region).find(|pool| pool.value.contains(&block)) else {
        let message =
            format!("the block {block} of tenant `{id}` lies in no pool for containers of {}", region.name);
        refuse(
            Diagnostic::error(&codes::LOCK_CONTRADICTS_CATALOG, message)
                .help("give the pool back to the Region; addresses that exist cannot be renumbered"),
        );
        return;
    };
    if repeats(pool, catalog) {
        return;
    }
    let near = apart.iter().find(|(other, _)| other.overlaps(&block));
    if let Some((other, first)) = near {
        let message = format!("`{first}` and `{id}` have {other} and {block} for containers, and may meet");
        refuse(Diagnostic::error(&codes::LOCK_OVERLAP, message).help(format!(
            "keep what is deployed, and decide the other anew: `tenantry lock settle {id}`; or mark the pool `routable: false` where no networks meet"
        )));
    }
    apart.insert(block, owner.clone());
}

fn of_containers(region: &Region) -> impl Iterator<Item = &Pool> {
    region.pools.iter().filter(|pool| pool.purpose == Purpose::Containers)
}

/// Attaches a block of this length: of the first pool that has one which AWS lets stand beside the
/// network's others.
fn give(
    demand: &Demand<'_>,
    region: &Region,
    owner: &Owner,
    length: u8,
    catalog: &Catalog,
    lock: &mut Lock,
) -> Result<(), Box<Diagnostic>> {
    let id = &demand.tenant.id.value;
    let Some(network) = lock.networks.get(owner) else { return Ok(()) };
    let group = demand.blueprint.network.subnet_groups.iter().find(|group| group.route == Route::Nat);
    let group: Option<SubnetGroupName> = group.and_then(|group| group.name.parse().ok());
    let group = group.map(|group| SubnetGroupId { owner: owner.clone(), group });
    let Some(group) =
        group.filter(|id| lock.subnet_groups.contains_key(id) && can_be_built(demand.blueprint))
    else {
        let message =
            format!("the blueprint {} has no place for a range of containers", quote(&demand.blueprint.name));
        return Err(Box::new(Diagnostic::error(&codes::NO_ROOM_TO_GROW, message).help(
            "take `container_range` out, or give the blueprint a subnet group with the route `nat` and a stack of the further blocks",
        )));
    };
    let present: Vec<Cidr> = network.value.blocks().collect();
    let most = blocks_per_vpc(catalog, owner, region, lock);
    let mut refused = None;
    let block = of_containers(region).filter(|pool| pool.fits(demand.tier)).find_map(|pool| {
        let block = free_block(pool, length, &network.value, region, catalog, lock)?;
        match secondary_block(&present, &block, most) {
            Ok(()) => Some(block),
            Err(refusal) => {
                refused = refused.take().or(Some(format!("AWS would refuse {block}: {refusal}")));
                None
            }
        }
    });
    let Some(block) = block else {
        let message = format!("no pool for containers of {} has a /{length} for tenant `{id}`", region.name);
        let error = Diagnostic::error(&codes::POOL_FULL, message)
            .also(region.pools.first().map_or(region.span, |pool| pool.span), "the pools of the Region begin here")
            .help("add a pool with `purpose: containers` to the Region, such as 100.64.0.0/10; no tenant moves when you do");
        return Err(Box::new(match refused {
            Some(refused) => error.note(refused),
            None => error,
        }));
    };
    if let Some(network) = lock.networks.get_mut(owner) {
        network.value.containers = Some(block);
        network.value.secondary.push(block);
        network.line = None;
    }
    if let Some(group) = lock.subnet_groups.get_mut(&group) {
        group.value.secondary.push(block);
        group.line = None;
    }
    Ok(())
}

/// A block that nobody has in the way; where VPCs may have the same, the first that is not reserved.
fn free_block(
    pool: &Pool,
    length: u8,
    network: &Network,
    region: &Region,
    catalog: &Catalog,
    lock: &Lock,
) -> Option<Cidr> {
    let reserved = catalog.reserved.iter().map(|reserved| reserved.cidr.value);
    let mut taken: Vec<Cidr> = reserved.chain(lock.reserved.keys().map(|id| id.block)).collect();
    taken.extend(network.blocks());
    if !repeats(pool, catalog) {
        taken.extend(lock.taken_in(&region.name));
    }
    FreeSpace::new(pool.value, taken).candidate(length)
}
