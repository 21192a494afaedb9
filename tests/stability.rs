//! The law of stability, over long random histories of edits: whatever is added, taken out, grown,
//! reordered or reserved, nobody else moves, and what is freed waits.
//!
//! Each history starts from nothing. An edit that the planner refuses is taken back, as its author
//! would. After each edit the lock is held against the one before it and against a plain list of
//! what every tenant has.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use proptest::prelude::*;
use tenantry::blueprint::Library;
use tenantry::catalog;
use tenantry::diagnostics::Report;
use tenantry::identity::HomeId;
use tenantry::network::Cidr;
use tenantry::plan::lock::{Lock, Network, Owner};
use tenantry::plan::plan_as_of;
use tenantry::source::SourceMap;

const SIZES: [&str; 3] = ["small", "medium", "large"];
const DAYS_OF_QUARANTINE: u32 = 30;

/// A catalog as far as addresses depend on it.
#[derive(Clone, Debug)]
struct World {
    tenants: BTreeMap<u8, Wishes>,
    /// Which of the pools there are.
    pools: BTreeSet<usize>,
    reserved: BTreeSet<usize>,
    reversed: bool,
    /// Days since the first.
    day: u32,
    /// Whether runs are told the day.
    told: bool,
}

/// What a tenant asks for.
#[derive(Clone, Copy, Debug)]
struct Wishes {
    size: usize,
    headroom: u8,
    zones: u8,
    dual_stack: bool,
    containers: bool,
}

/// The last is so small that it is soon full; the one in 10.0.0.0/15 is one where not all can grow.
const POOLS: [&str; 7] = [
    "10.64.0.0/17",
    "{ cidr: 10.80.0.0/19, tiers: [business] }",
    "{ cidr: 100.64.0.0/19, routable: false }",
    "10.0.240.0/20",
    "{ cidr: 10.96.0.0/22, purpose: containers }",
    // Two and four tenants.
    "{ cidr: \"2001:db8:0:200::/55\", pool: ipv6pool-ec2-00000001 }",
    "{ cidr: \"2001:db8:1:400::/54\", pool: ipv6pool-ec2-00000002 }",
];
const RESERVED: [&str; 4] = ["10.64.8.0/22", "10.80.16.0/24", "100.64.0.0/21", "2001:db8:1:500::/56"];

#[derive(Clone, Debug)]
enum Edit {
    Add(u8, usize, u8),
    Remove(u8),
    Size(u8, usize),
    Headroom(u8, u8),
    Zones(u8, u8),
    DualStack(u8, bool),
    Containers(u8, bool),
    Pool(usize),
    Reserve(usize),
    Reverse,
    Days(u32),
    Tell(bool),
}

fn edit() -> impl Strategy<Value = Edit> {
    let tenant = 0..8u8;
    prop_oneof![
        6 => (tenant.clone(), 0..3usize, 0..5u8).prop_map(|(who, size, headroom)| Edit::Add(who, size, headroom)),
        4 => tenant.clone().prop_map(Edit::Remove),
        8 => (tenant.clone(), 0..3usize).prop_map(|(who, size)| Edit::Size(who, size)),
        2 => (tenant.clone(), 0..5u8).prop_map(|(who, headroom)| Edit::Headroom(who, headroom)),
        2 => (tenant.clone(), 1..4u8).prop_map(|(who, zones)| Edit::Zones(who, zones)),
        4 => (tenant.clone(), any::<bool>()).prop_map(|(who, on)| Edit::DualStack(who, on)),
        2 => (tenant, any::<bool>()).prop_map(|(who, on)| Edit::Containers(who, on)),
        2 => (0..POOLS.len()).prop_map(Edit::Pool),
        1 => (0..RESERVED.len()).prop_map(Edit::Reserve),
        1 => Just(Edit::Reverse),
        3 => (1..40u32).prop_map(Edit::Days),
        1 => any::<bool>().prop_map(Edit::Tell),
    ]
}

impl World {
    fn new() -> World {
        World {
            tenants: BTreeMap::new(),
            pools: BTreeSet::from([0]),
            reserved: BTreeSet::new(),
            reversed: false,
            day: 0,
            told: true,
        }
    }

    fn after(&self, edit: &Edit) -> World {
        let mut world = self.clone();
        match *edit {
            Edit::Add(who, size, headroom) => {
                let wishes = Wishes { size, headroom, zones: 2, dual_stack: false, containers: false };
                world.tenants.entry(who).or_insert(wishes);
            }
            Edit::Remove(who) => _ = world.tenants.remove(&who),
            Edit::Size(who, size) => world.change(who, |tenant| tenant.size = size),
            Edit::Headroom(who, headroom) => world.change(who, |tenant| tenant.headroom = headroom),
            Edit::Zones(who, zones) => world.change(who, |tenant| tenant.zones = zones),
            Edit::DualStack(who, on) => world.change(who, |tenant| tenant.dual_stack = on),
            Edit::Containers(who, on) => world.change(who, |tenant| tenant.containers = on),
            Edit::Pool(which) => _ = world.pools.insert(which),
            Edit::Reserve(which) => _ = world.reserved.insert(which),
            Edit::Reverse => world.reversed = !world.reversed,
            Edit::Days(days) => world.day += days,
            Edit::Tell(told) => world.told = told,
        }
        world
    }

    fn change(&mut self, who: u8, change: impl FnOnce(&mut Wishes)) {
        self.tenants.get_mut(&who).map(change).unwrap_or_default();
    }

    fn as_of(&self) -> Option<tenantry::identity::Date> {
        self.told.then(|| "2026-11-23".parse::<tenantry::identity::Date>().unwrap().plus(self.day))
    }

    fn catalog(&self) -> String {
        let mut text = String::from(
            "version: 1\nproduct: ledgerly\nenvironment: prod\n\
             accounts: [{ id: \"222222222222\", name: platform, hosts: [vpc] }]\n",
        );
        writeln!(text, "quarantine: {{ days: {DAYS_OF_QUARANTINE} }}").unwrap();
        let zones = "[use1-az1, use1-az2, use1-az4]";
        let all = self.pools.iter().map(|which| POOLS[*which]);
        let (ipv6, ipv4): (Vec<&str>, Vec<&str>) = all.partition(|pool| pool.contains("ipv6pool"));
        let (ipv4, ipv6) = (ipv4.join(", "), ipv6.join(", "));
        writeln!(
            text,
            "regions: {{ us-east-1: {{ zones: {zones}, pools: [{ipv4}], ipv6_pools: [{ipv6}] }} }}"
        )
        .unwrap();
        let reserved: Vec<String> = self
            .reserved
            .iter()
            .map(|which| format!("{{ cidr: \"{}\", reason: others }}", RESERVED[*which]))
            .collect();
        writeln!(text, "reserved: [{}]", reserved.join(", ")).unwrap();
        text.push_str("tiers: { business: { model: vpc }, starter: { model: vpc } }\ntenants:\n");
        let mut tenants: Vec<String> = self
            .tenants
            .iter()
            .map(|(who, wishes)| {
                let Wishes { size, headroom, zones, dual_stack, containers } = wishes;
                let ipv6 = if *dual_stack { ", ipv6: dual_stack" } else { "" };
                let containers = if *containers { ", container_range: 24" } else { "" };
                let tier = if who % 2 == 0 { "business" } else { "starter" };
                format!(
                    "  - {{ id: t-{who}, name: T, tier: {tier}, region: us-east-1, size: {}, headroom: {headroom}, settings: {{ zones: {zones}{ipv6}{containers} }} }}\n",
                    SIZES[*size]
                )
            })
            .collect();
        if self.reversed {
            tenants.reverse();
        }
        text.push_str(&if tenants.is_empty() { "  []\n".to_owned() } else { tenants.concat() });
        text
    }
}

/// Plans a world; none if the planner refuses, which it must say.
fn decide(world: &World, lock: Option<&Lock>, library: &Library) -> Option<Lock> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    fs::write(&path, world.catalog()).unwrap();
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let catalog = catalog::read(&path, &mut sources, &mut report).ok()?;
    let empty = Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone());
    let plan = plan_as_of(world.as_of(), &catalog, library, lock.unwrap_or(&empty), &mut report);
    assert_eq!(plan.is_err(), report.errors() > 0);
    let lock = plan.ok()?.lock;
    // What is written is what is read, and it fits together.
    let file = sources.add("tenantry.lock", lock.to_text());
    assert_eq!(Lock::read(file, &sources, &mut report).ok().as_ref(), Some(&lock));
    Some(lock)
}

fn owner(who: u8) -> Owner {
    Owner::Tenant(format!("t-{who}").parse::<HomeId>().unwrap())
}

fn network(lock: &Lock, who: u8) -> Option<&Network> {
    lock.networks.get(&owner(who)).map(|network| &network.value)
}

/// What every tenant has, and the days on which blocks were given back.
#[derive(Default)]
struct Ledger {
    freed: BTreeMap<Cidr, (Owner, u32)>,
}

impl Ledger {
    /// Holds a step against the law.
    fn check(&mut self, before: &Lock, after: &Lock, world: &World, edit: &Edit) {
        for (owner, old) in &before.networks {
            let Some(new) = after.networks.get(owner) else {
                assert!(matches!(edit, Edit::Remove(who) if self::owner(*who) == *owner), "{owner} is gone");
                let had = old.value.claims().chain(old.value.containers);
                self.freed.extend(had.map(|block| (block, (owner.clone(), world.day))));
                continue;
            };
            let (old, new) = (&old.value, &new.value);
            assert_eq!(new.cidr, old.cidr, "{owner} moved");
            assert!(new.reserve.contains(&old.reserve) && new.secondary.starts_with(&old.secondary));
            let named = match edit {
                Edit::Size(who, _)
                | Edit::Headroom(who, _)
                | Edit::DualStack(who, _)
                | Edit::Containers(who, _) => self::owner(*who) == *owner,
                _ => false,
            };
            assert!(named || old == new, "{owner} changed by {edit:?}");
            assert!(old.ipv6.is_none() || new.ipv6 == old.ipv6, "the IPv6 block of {owner} moved");
            assert!(old.containers.is_none() || new.containers == old.containers);
        }
        for (id, old) in &before.subnet_groups {
            let Some(new) = after.subnet_groups.get(id) else { continue };
            assert_eq!((new.value.cidr, new.value.slots), (old.value.cidr, old.value.slots));
            assert!(new.value.secondary.starts_with(&old.value.secondary));
            assert!(new.value.ipv6.starts_with(&old.value.ipv6), "{id} moved in its IPv6 block");
        }
        for (owner, old) in &before.zones {
            let Some(new) = after.zones.get(owner) else { continue };
            assert!(old.value.0.iter().all(|(zone, slot)| new.value.0.get(zone) == Some(slot)));
        }
        self.check_quarantine(after, world);
    }

    /// What was freed goes to nobody but its last owner before its time.
    fn check_quarantine(&mut self, after: &Lock, world: &World) {
        for (owner, network) in &after.networks {
            for (block, (last, day)) in &self.freed {
                let early = world.day < day + DAYS_OF_QUARANTINE;
                let mut all = network.value.claims().chain(network.value.containers);
                assert!(
                    !early || last == owner || !all.any(|own| own.overlaps(block)),
                    "{owner} has {block}, which waits"
                );
            }
        }
        let back = |block: &Cidr, last: &Owner| {
            after.networks.get(last).is_some_and(|network| network.value.claims().any(|own| own == *block))
        };
        self.freed.retain(|block, (last, _)| !back(block, last));
    }
}

/// Every block by itself: nothing overlaps, all lies in a pool and outside of what is reserved.
fn check_blocks(lock: &Lock, world: &World) {
    let cidr = |text: &str| text.parse::<Cidr>().unwrap();
    let pools: Vec<Cidr> = world
        .pools
        .iter()
        .map(|which| {
            cidr(POOLS[*which].trim_start_matches("{ cidr: ").split(',').next().unwrap().trim_matches('"'))
        })
        .collect();
    let taken: Vec<Cidr> = lock.taken().collect();
    for (at, block) in taken.iter().enumerate() {
        assert!(taken[..at].iter().all(|other| !other.overlaps(block)), "{block} is there twice");
        assert!(pools.iter().any(|pool| pool.contains(block)), "{block} lies in no pool");
    }
    for (owner, network) in &lock.networks {
        let network = &network.value;
        for which in &world.reserved {
            let reserved = cidr(RESERVED[*which]);
            assert!(!network.claims().any(|own| own.overlaps(&reserved)), "{owner} has what is reserved");
        }
        let parts: Vec<Cidr> =
            lock.subnet_groups_of(owner).flat_map(|(_, group)| group.value.blocks()).collect();
        for (at, part) in parts.iter().enumerate() {
            assert!(parts[..at].iter().all(|other| !other.overlaps(part)));
            assert!(network.blocks().any(|block| block.contains(part)));
        }
        let of_size = |blocks: &mut dyn Iterator<Item = Cidr>| {
            blocks.filter(|block| network.containers != Some(*block)).count()
        };
        let groups: BTreeSet<usize> =
            lock.subnet_groups_of(owner).map(|(_, group)| of_size(&mut group.value.blocks())).collect();
        assert_eq!(
            groups,
            BTreeSet::from([of_size(&mut network.blocks())]),
            "every group has a part of each block"
        );
        let numbers: Vec<u32> =
            lock.subnet_groups_of(owner).flat_map(|(_, group)| group.value.ipv6.clone()).collect();
        assert_eq!(numbers.len(), numbers.iter().collect::<BTreeSet<_>>().len(), "a /60 is one group's");
        assert_eq!(numbers.is_empty(), network.ipv6.is_none());
    }
}

/// Every tenant has what the catalog asks for.
fn check_sizes(lock: &Lock, world: &World) {
    let lengths = [24, 22, 20];
    for (who, wishes) in &world.tenants {
        let network = network(lock, *who).unwrap();
        assert_eq!(network.length(), lengths[wishes.size]);
        let of_size = network.blocks().filter(|block| network.containers != Some(*block));
        let size: u128 = of_size.map(|block| block.size()).sum();
        assert_eq!(size, 1 << (32 - network.length()), "its blocks come to its size");
        let elsewhere = network.elsewhere().next().is_some();
        assert!(elsewhere || network.reserve.length() <= network.cidr.length() - wishes.headroom);
        assert!(!wishes.dual_stack || network.ipv6.is_some());
        assert!(!wishes.containers || network.containers.is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn no_edit_moves_what_it_does_not_name(edits in proptest::collection::vec(edit(), 1..80)) {
        let library = Library::read(None, &mut SourceMap::default(), &mut Report::default()).unwrap();
        let mut world = World::new();
        let mut lock = decide(&world, None, &library).unwrap();
        let mut ledger = Ledger::default();
        for edit in &edits {
            let next = world.after(edit);
            let Some(after) = decide(&next, Some(&lock), &library) else { continue };
            ledger.check(&lock, &after, &next, edit);
            check_blocks(&after, &next);
            check_sizes(&after, &next);
            let again = decide(&next, Some(&after), &library);
            prop_assert_eq!(again.as_ref(), Some(&after), "a second run decides nothing");
            (world, lock) = (next, after);
        }
    }
}
