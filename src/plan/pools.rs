//! The pools of Regions, what is free in them, and from which of them somebody is served.
//!
//! Goes in: the catalog's pools, and what the lock has given out. Who gets what is for `addresses` and
//! `growth`; which block of a pool is taken, for `network`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::aws::vpc_blocks::{can_grow, ranges_without_growth};
use crate::catalog::{Catalog, Pool, Region};
use crate::diagnostics::{Diagnostic, codes, count, list_of, quote};
use crate::identity::RegionName;
use crate::network::{Cidr, FreeSpace};
use crate::plan::demand::Demand;
use crate::plan::lock::{Lock, Network};
use crate::plan::{PoolUse, quarantine};

/// The pools of all Regions and what is free in them.
pub(super) struct Pools<'c> {
    by_region: BTreeMap<&'c RegionName, Vec<FreeSpace>>,
    /// The same less the ranges where AWS lets no VPC grow, of the pools that touch such a range.
    growable: BTreeMap<&'c RegionName, BTreeMap<Cidr, FreeSpace>>,
}

impl<'c> Pools<'c> {
    /// Pools less reserved ranges, less what the lock has given out or keeps in quarantine.
    pub(super) fn new(catalog: &'c Catalog, lock: &Lock) -> Self {
        let barren: Vec<Cidr> = ranges_without_growth().collect();
        let mut growable: BTreeMap<&RegionName, BTreeMap<Cidr, FreeSpace>> = BTreeMap::new();
        let mut by_region = BTreeMap::new();
        for (name, region) in &catalog.regions {
            let mut taken: Vec<Cidr> = catalog.reserved.iter().map(|reserved| reserved.cidr.value).collect();
            taken.extend(lock.taken_in(name));
            let space = |pool: &Pool| FreeSpace::new(pool.value, taken.iter().copied());
            by_region.insert(name, region.pools.iter().map(space).collect());
            let pools = region.pools.iter().map(|pool| pool.value);
            let touched = pools.filter(|pool| barren.iter().any(|range| range.overlaps(pool)));
            let less = |pool| FreeSpace::new(pool, taken.iter().chain(&barren).copied());
            growable.insert(name, touched.map(|pool| (pool, less(pool))).collect());
        }
        Pools { by_region, growable }
    }

    /// Takes a reserve and gives the block at its beginning: from a pool that is set apart for the
    /// tenant, else from one for anybody; of those from the pool where the fit is tightest, among
    /// equals the first. Where the two blocks differ, only from where AWS lets a VPC grow.
    pub(super) fn allocate(
        &mut self,
        demand: &Demand<'_>,
        region: &Region,
        reserve_length: u8,
    ) -> Option<Network> {
        let meets = demand.catalog.shared_services.meet();
        let serving = |dedicated: bool| {
            let pools = region.pools.iter();
            let pools =
                pools.filter(|pool| pool.serves(demand.tier, meets) && pool.is_dedicated() == dedicated);
            pools.map(|pool| pool.value).collect::<BTreeSet<Cidr>>()
        };
        let [dedicated, open] = [true, false].map(serving);
        let length = demand.length.value;
        self.allocate_in(&dedicated, &region.name, reserve_length, length)
            .or_else(|| self.allocate_in(&open, &region.name, reserve_length, length))
    }

    fn allocate_in(
        &mut self,
        among: &BTreeSet<Cidr>,
        region: &RegionName,
        reserve_length: u8,
        length: u8,
    ) -> Option<Network> {
        let best = |spaces: &mut dyn Iterator<Item = &FreeSpace>| {
            spaces
                .enumerate()
                .filter_map(|(at, space)| Some((space.best_fit(reserve_length)?, Reverse(at))))
                .max()
                .map(|(_, Reverse(at))| at)
        };
        let network = |reserve: Cidr| Some(Network::with_reserve(reserve.part(length, 0)?, reserve));
        let grows = |network: &Network| can_grow(&network.cidr, &network.reserve).is_ok();
        let spaces: Vec<&FreeSpace> =
            self.by_region.get(region)?.iter().filter(|space| among.contains(&space.pool())).collect();
        let anywhere =
            best(&mut spaces.iter().copied()).and_then(|at| network(spaces[at].candidate(reserve_length)?));
        let found = match anywhere {
            Some(found) if grows(&found) => Some(found),
            _ => {
                let grown = self.growable.get(region);
                let growable: Vec<&FreeSpace> = spaces
                    .iter()
                    .map(|space| grown.and_then(|pools| pools.get(&space.pool())).unwrap_or(*space))
                    .collect();
                best(&mut growable.iter().copied())
                    .and_then(|at| network(growable[at].candidate(reserve_length)?))
                    .filter(grows)
            }
        }?;
        self.take(region, found.reserve).then_some(found)
    }

    /// Takes a block for a network that exists, from the pools that serve its tenant in the same order,
    /// wherever one is allowed.
    pub(super) fn allocate_beside(
        &mut self,
        demand: &Demand<'_>,
        region: &Region,
        length: u8,
        routable: bool,
        allowed: impl Fn(&Cidr) -> bool,
    ) -> Option<Cidr> {
        let meets = demand.catalog.shared_services.meet();
        let spaces = self.by_region.get(&region.name)?;
        let serving = region
            .pools
            .iter()
            .enumerate()
            .filter(|(_, pool)| pool.serves(demand.tier, meets) && (pool.routable || !routable));
        let fits = |(at, pool): (usize, &Pool)| {
            let space = spaces.iter().find(|space| space.pool() == pool.value)?;
            let block = space.candidate(length).filter(&allowed)?;
            Some((pool.is_dedicated(), space.best_fit(length)?, Reverse(at), block))
        };
        let (.., block) = serving.filter_map(fits).max()?;
        self.take(&region.name, block).then_some(block)
    }

    /// Marks a network that nothing can have a route to, since another Region may give its addresses
    /// out again.
    pub(super) fn marked(network: Network, region: &Region) -> Network {
        let pool = region.pools.iter().find(|pool| pool.value.contains(&network.reserve));
        Network { routable: pool.is_none_or(|pool| pool.routable), ..network }
    }

    /// Takes exactly this block, if it is free.
    pub(super) fn take(&mut self, region: &RegionName, block: Cidr) -> bool {
        let Some(pools) = self.by_region.get_mut(region) else { return false };
        let Some(pool) = pools.iter_mut().find_map(|pool| pool.take(block).then(|| pool.pool())) else {
            return false;
        };
        if let Some(growable) = self.growable.get_mut(region).and_then(|pools| pools.get_mut(&pool)) {
            let _was_growable = growable.take(block);
        }
        true
    }

    pub(super) fn release(&mut self, region: &RegionName, block: Cidr) {
        if let Some(pools) = self.by_region.get_mut(region) {
            let ours = pools.iter_mut().find_map(|pool| pool.release(block).then(|| pool.pool()));
            let barren = ranges_without_growth().any(|range| range.overlaps(&block));
            let growable = self.growable.get_mut(region).filter(|_| !barren);
            if let Some(growable) = growable.zip(ours).and_then(|(pools, pool)| pools.get_mut(&pool)) {
                let _was_growable = growable.release(block);
            }
        }
    }

    /// How full each pool is, in the order of the catalog.
    pub(super) fn uses(&self, catalog: &Catalog) -> Vec<PoolUse> {
        let mut uses = Vec::new();
        for (region, spaces) in &self.by_region {
            for space in spaces {
                let pool = space.pool();
                let reserved: Vec<Cidr> =
                    catalog.reserved.iter().map(|reserved| reserved.cidr.value).collect();
                let usable = FreeSpace::new(pool, reserved).free_addresses();
                let free = space.free_addresses();
                uses.push(PoolUse {
                    region: (*region).clone(),
                    pool,
                    usable,
                    used: usable - free,
                    free,
                    largest: space.largest(),
                });
            }
        }
        uses
    }
}

/// Says that nothing is free which holds a block of this length, and what is in the way.
pub(super) fn pool_full(
    demand: &Demand<'_>,
    region: &Region,
    length: u8,
    lock: &Lock,
    pools: &Pools<'_>,
) -> Diagnostic {
    let meets = demand.catalog.shared_services.meet();
    let serving: BTreeSet<Cidr> =
        region.pools.iter().filter(|pool| pool.serves(demand.tier, meets)).map(|pool| pool.value).collect();
    let all = pools.by_region.get(&region.name).map(Vec::as_slice).unwrap_or_default();
    let spaces: Vec<&FreeSpace> = all.iter().filter(|space| serving.contains(&space.pool())).collect();
    let free: u128 = spaces.iter().map(|space| space.free_addresses()).sum();
    let mut sizes: BTreeMap<u8, usize> = BTreeMap::new();
    for (length, number) in spaces.iter().flat_map(|space| space.counts()) {
        *sizes.entry(length).or_default() += number;
    }
    let in_sizes: Vec<String> =
        sizes.iter().take(6).map(|(length, number)| format!("{number} × /{length}")).collect();
    let in_sizes =
        if in_sizes.is_empty() { String::new() } else { format!(", in blocks of {}", in_sizes.join(", ")) };
    let waiting = lock
        .quarantine
        .keys()
        .filter(|block| spaces.iter().any(|space| space.pool().contains(block)))
        .filter(|block| !lock.is_inside_a_cell(block))
        .count();
    let found =
        lock.reserved.iter().filter(|(id, _)| spaces.iter().any(|space| space.pool().overlaps(&id.block)));
    let found: Vec<String> =
        found.take(3).map(|(id, reservation)| format!("{id} ({})", reservation.value.reason)).collect();
    let barren: Vec<String> = ranges_without_growth()
        .filter(|range| spaces.iter().any(|space| space.pool().overlaps(range)))
        .map(|range| range.to_string())
        .collect();
    let pool = region.pools.first().map_or(region.span, |pool| pool.span);
    let mut error = Diagnostic::error(
        &codes::POOL_FULL,
        format!("no pool of {} has room for the /{length} of {}", region.name, demand.who()),
    )
    .at(demand.tenant.id.span, "did not fit")
    .also(pool, "the pools of the Region begin here")
    .note(format!("{free} addresses are free{in_sizes}"))
    .help(format!("add a pool with room for a /{length} to the Region; no tenant moves when you do"));
    if demand.headroom > 0 {
        error = error.note(format!(
            "its size is a /{}, and headroom {} keeps a /{length} for it",
            demand.length.value, demand.headroom
        ));
    }
    if !found.is_empty() {
        error = error.note(format!("the lock reserves what was found in use, among it {}", found.join(", ")));
    }
    if serving.len() < region.pools.len() {
        error = error.note(format!(
            "{} of the Region {} set apart for other tenants",
            count(region.pools.len() - serving.len(), "pool"),
            if region.pools.len() - serving.len() == 1 { "is" } else { "are" },
        ));
    }
    let reserved = demand.catalog.reserved.iter();
    let in_the_way = reserved.filter(|one| serving.iter().any(|pool| pool.overlaps(&one.cidr.value)));
    for one in in_the_way.take(3) {
        let reason = quote(one.reason.value.as_str());
        error = error.note(format!("{} is reserved for {reason}", one.cidr.value));
    }
    if demand.headroom > 0 && !barren.is_empty() {
        error = error.note(format!(
            "it asks for headroom, and AWS adds no second block to a VPC in {}",
            list_of(barren.iter().map(String::as_str))
        ));
    }
    if waiting > 0 {
        error = error.note(format!(
            "{} of tenants that have left {} in quarantine, {}",
            count(waiting, "block"),
            if waiting == 1 { "waits" } else { "wait" },
            quarantine::remedy(demand.catalog),
        ));
    }
    error
}
