//! How full every pool is, and what the best placement could make of it.
//!
//! Goes in: a plan. Comes out: for each pool its free space, how many more tenants of each size fit and
//! how many networks could double in place, each beside the most that any placement of the same
//! networks could reach. The gap is the price of never moving a network.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::RegionName;
use crate::network::{Cidr, FreeSpace, Packing};
use crate::plan::Plan;
use crate::plan::ipv6::VPC_LENGTH;
use crate::plan::lock::{Network, Owner};

/// How full a pool is, in addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupancy {
    pub region: RegionName,
    pub pool: Cidr,
    /// Never handed out: reserved in the catalog or found in use.
    pub reserved: u128,
    /// Networks with their headroom, and the quarantine.
    pub used: u128,
    pub free: u128,
    /// Prefix length of the largest free block.
    pub largest: Option<u8>,
    /// The sizes of the blueprints in use, the largest first.
    pub sizes: Vec<SizeRoom>,
    /// Networks in the pool.
    pub networks: u128,
    /// How many of them could double where they are, by declared headroom or because the block
    /// beside them is free.
    pub can_double: u128,
    /// How many could in the best placement.
    pub could_double: u128,
}

/// How many more networks of one size fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeRoom {
    /// The names that blueprints have for it, such as `medium`.
    pub names: BTreeSet<String>,
    pub length: u8,
    pub fits: u128,
    /// How many would fit if every network were placed anew, as well as can be.
    pub best: u128,
}

impl SizeRoom {
    /// The part of the best that is reached, in per cent rounded down: all, where nothing could be had.
    pub fn reached(&self) -> u128 {
        percent(self.fits, self.best)
    }
}

impl Occupancy {
    /// The part of the networks that can double in place, in per cent rounded down.
    pub fn doubling(&self) -> u128 {
        percent(self.can_double, self.networks)
    }

    /// The same in the best placement.
    pub fn best_doubling(&self) -> u128 {
        percent(self.could_double, self.networks)
    }
}

fn percent(part: u128, whole: u128) -> u128 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(100)
}

/// The state of every pool, by Region and in the order of the catalog.
pub fn occupancy(plan: &Plan<'_>) -> Vec<Occupancy> {
    let mut sizes: BTreeMap<u8, BTreeSet<String>> = BTreeMap::new();
    for tenant in &plan.tenants {
        let network = &tenant.blueprint.network;
        match &network.cell_size {
            Some(length) => _ = sizes.entry(length.value).or_default().insert("cell".to_owned()),
            None => {
                for (name, length) in &network.sizes {
                    sizes.entry(length.value).or_default().insert(name.clone());
                }
            }
        }
    }
    let regions = plan.catalog.regions.values();
    let pools = regions.flat_map(|region| region.pools.iter().map(|pool| (&region.name, pool.value)));
    let mut all: Vec<Occupancy> = pools.map(|(region, pool)| one_pool(plan, region, pool, &sizes)).collect();
    for region in plan.catalog.regions.values() {
        all.extend(region.ipv6_pools.iter().map(|pool| ipv6_pool(plan, &region.name, pool.value)));
    }
    all
}

/// Every network takes one block of the same size, so no placement is better than another, and none
/// of them grows.
fn ipv6_pool(plan: &Plan<'_>, region: &RegionName, pool: Cidr) -> Occupancy {
    let lock = &plan.lock;
    let reserved = plan.catalog.reserved.iter().map(|reserved| reserved.cidr.value);
    let reserved = reserved.chain(lock.reserved.keys().map(|id| id.block));
    let empty = FreeSpace::new(pool, reserved.clone());
    let space = FreeSpace::new(pool, reserved.chain(lock.taken()));
    let blocks = lock.networks.values().filter_map(|network| network.value.ipv6?.block());
    let (usable, free, fits) = (empty.free_addresses(), space.free_addresses(), space.fits(VPC_LENGTH));
    Occupancy {
        region: region.clone(),
        pool,
        reserved: pool.size().saturating_sub(usable),
        used: usable.saturating_sub(free),
        free,
        largest: space.largest(),
        sizes: vec![SizeRoom {
            names: BTreeSet::from(["dual_stack".to_owned()]),
            length: VPC_LENGTH,
            fits,
            best: fits,
        }],
        networks: blocks.filter(|block| pool.contains(block)).count() as u128,
        can_double: 0,
        could_double: 0,
    }
}

fn one_pool(
    plan: &Plan<'_>,
    region: &RegionName,
    pool: Cidr,
    sizes: &BTreeMap<u8, BTreeSet<String>>,
) -> Occupancy {
    let lock = &plan.lock;
    let reserved = plan.catalog.reserved.iter().map(|reserved| reserved.cidr.value);
    let reserved = reserved.chain(lock.reserved.keys().map(|id| id.block));
    let empty = FreeSpace::new(pool, reserved.clone());
    let space = FreeSpace::new(pool, reserved.chain(lock.taken_in(region)));
    let networks = || {
        let here =
            |owner: &Owner, network: &Network| network.routable || lock.region_of(owner) == Some(region);
        let networks = lock.networks.iter().map(|(owner, network)| (owner, &network.value));
        let inside =
            networks.filter(move |(owner, network)| pool.contains(&network.reserve) && here(owner, network));
        inside.map(|(_, network)| network)
    };
    let elsewhere = lock.networks.values().flat_map(|network| network.value.elsewhere());
    let elsewhere = elsewhere.filter(|block| pool.contains(block));
    // What waits inside the network of a cell is not the pool's.
    let waiting =
        lock.quarantine.keys().filter(|block| pool.contains(block) && !lock.is_inside_a_cell(block));
    let packing = Packing::new(
        &empty,
        networks()
            .map(|network| network.reserve)
            .chain(elsewhere)
            .chain(waiting.copied())
            .map(|block| block.length()),
    );
    let grown = networks().filter(|network| network.reserve != network.extent()).count() as u128;
    let mut candidates: BTreeMap<u8, u128> = BTreeMap::new();
    for network in networks().filter(|network| network.reserve == network.extent()) {
        *candidates.entry(network.reserve.length()).or_default() += 1;
    }
    let beside = networks().filter(|network| {
        network.reserve == network.extent()
            && network.reserve.buddy().is_some_and(|buddy| space.is_free(buddy))
    });
    let (usable, free) = (empty.free_addresses(), space.free_addresses());
    Occupancy {
        region: region.clone(),
        pool,
        reserved: pool.size().saturating_sub(usable),
        used: usable.saturating_sub(free),
        free,
        largest: space.largest(),
        sizes: sizes
            .iter()
            .map(|(length, names)| SizeRoom {
                names: names.clone(),
                length: *length,
                fits: space.fits(*length),
                best: packing.best_fits(*length),
            })
            .collect(),
        networks: networks().count() as u128,
        can_double: grown + beside.count() as u128,
        could_double: grown + packing.best_doublings(&candidates),
    }
}
