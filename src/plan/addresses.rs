//! Cuts every tenant's addresses from the pools of its Region. What the lock says stays.
//!
//! Best fit by size class at the lowest address: as long as tenants only arrive, this serves every
//! sequence of requests that any placement could serve (the tests of `network` hold the proof).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::aws::vpc_blocks::{can_grow, ranges_without_growth};
use crate::blueprint::{Blueprint, Per, SubnetGroup as GroupIntent, Workload};
use crate::catalog::{Catalog, Pool, Region, Tenant};
use crate::diagnostics::{Diagnostic, Report, codes, count, list_of, quote};
use crate::identity::{HomeId, RegionName, SubnetGroupName, ZoneId};
use crate::network::cover::merged;
use crate::network::{Cidr, FreeSpace};
use crate::plan::demand::Demand;
use crate::plan::lock::{Lock, Locked, Network, Owner, SubnetGroup, SubnetGroupId, Zones};
use crate::plan::{PoolUse, growth, quarantine};
use crate::source::Span;

/// The longest prefix of a subnet (VPC User Guide, "Subnet sizing").
const LONGEST_SUBNET: u8 = 28;

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
    fn allocate(&mut self, demand: &Demand<'_>, region: &Region, reserve_length: u8) -> Option<Network> {
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
    fn marked(network: Network, region: &Region) -> Network {
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

fn pool_full(demand: &Demand<'_>, region: &Region, length: u8, lock: &Lock, pools: &Pools<'_>) -> Diagnostic {
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

/// Keeps a slot for every range of a tenant's allow-list, so that taking one range out never moves
/// another: a rule of a security group cannot change its range in place, and the rule that it would
/// become may still exist under another name. Ranges that touch or overlap are the blocks that they
/// make together, since every range is a rule.
///
/// `dual`: its network has IPv6 addresses too.
pub(super) fn ingress_slots(
    home: &HomeId,
    tenant: &Tenant,
    dual: bool,
    lock: &mut Lock,
    report: &mut Report,
) -> BTreeMap<u32, Cidr> {
    let id = &tenant.id.value;
    let mut wanted = merged(&tenant.ingress.iter().map(|range| range.value).collect());
    if wanted.is_empty() {
        wanted.extend(Cidr::v4(0, 0));
        wanted.extend(Cidr::v6(0, 0).filter(|_| dual));
    }
    for range in tenant.ingress.iter().filter(|range| !dual && !range.value.is_v4()) {
        report.push(
            Diagnostic::error(
                &codes::IPV6_NOT_SUPPORTED,
                format!("tenant `{id}` has no IPv6 addresses, and its `ingress` holds {}", range.value),
            )
            .at(range.span, "")
            .help("give the tenant `settings: { ipv6: dual_stack }`, or take the block out"),
        );
    }
    let mut slots: BTreeMap<u32, Cidr> = BTreeMap::new();
    if let Some(locked) = lock.ingress.get(home) {
        slots.extend(
            locked
                .value
                .0
                .iter()
                .filter(|(range, _)| wanted.contains(range))
                .map(|(range, slot)| (*slot, *range)),
        );
    }
    for range in wanted {
        if !slots.values().any(|taken| *taken == range)
            && let Some(slot) = (1..).find(|slot| !slots.contains_key(slot))
        {
            slots.insert(slot, range);
        }
    }
    let decision: BTreeMap<Cidr, u32> = slots.iter().map(|(slot, range)| (*range, *slot)).collect();
    if lock.ingress.get(home).is_none_or(|locked| locked.value.0 != decision) {
        lock.ingress.insert(home.clone(), Locked::new(crate::plan::lock::IngressSlots(decision)));
    }
    slots
}

/// What decides how large subnets are.
pub(super) struct SubnetRoom<'b> {
    pub blueprint: &'b Blueprint,
    /// Prefix length: of the VPC, or of the part that a tenant has of each subnet group of its cell.
    pub length: u8,
    /// Whose subnets are meant where both the cell and its tenants have some.
    pub per: Option<Per>,
    /// Where the length is asked for.
    pub place: Span,
    /// Whose they are, in messages.
    pub who: String,
}

impl SubnetRoom<'_> {
    /// Whether the subnets are large enough, for AWS and for the workloads.
    pub(super) fn check<'w>(&self, workloads: impl Iterator<Item = &'w Workload>, report: &mut Report) {
        for group in &self.blueprint.network.subnet_groups {
            if self.subnet_length(group).is_some_and(|length| length > LONGEST_SUBNET) {
                self.refuse("AWS", group, LONGEST_SUBNET, report);
            }
        }
        for workload in workloads {
            let group = self.blueprint.subnet_group(&workload.subnet_group);
            if let (Some(group), Some(needed)) = (group, workload.smallest_subnet)
                && self.subnet_length(group).is_some_and(|length| length > needed)
            {
                self.refuse(&format!("the workload `{}`", workload.name), group, needed, report);
            }
        }
    }

    fn subnet_length(&self, group: &GroupIntent) -> Option<u8> {
        let slot_bits = self.blueprint.network.zone_slots.ilog2() as u8;
        let bits = if self.per == Some(Per::Tenant) { 0 } else { group.extra_bits };
        self.per.is_none_or(|per| per == group.per).then_some(self.length + bits + slot_bits)
    }

    fn refuse(&self, what: &str, group: &GroupIntent, needed: u8, report: &mut Report) {
        let (name, who) = (&group.name, &self.who);
        let length = self.subnet_length(group).unwrap_or(needed);
        let message = format!(
            "{what} needs subnets of a /{needed} at least, and the {name} subnets of {who} are /{length}"
        );
        let (label, help) = match self.per {
            None => (format!("a network of /{}", self.length), "give the tenant a larger size"),
            Some(Per::Tenant) => (format!("a part of /{}", self.length), "give the tenant a larger size"),
            Some(_) => (format!("a network of /{}", self.length), "give cells a larger size"),
        };
        report.push(Diagnostic::error(&codes::SUBNET_TOO_SMALL, message).at(self.place, label).help(help));
    }
}
