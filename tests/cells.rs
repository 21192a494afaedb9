//! The law of stability for tenants that share cells, over random histories of edits: whoever comes or
//! leaves, nobody else moves to another cell, slot or part of its subnets, and no file of theirs changes.
//!
//! The blueprint is the small one of `tests/bases/cells`, two tenants a cell, so that cells are opened and
//! closed all the time. An edit that the planner refuses is taken back, as its author would.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tenantry::blueprint::Library;
use tenantry::catalog;
use tenantry::diagnostics::Report;
use tenantry::identity::{CellId, HomeId};
use tenantry::plan::lock::{Lock, Owner};
use tenantry::plan::plan_as_of;
use tenantry::source::SourceMap;
use tenantry::synth::synth;

/// Tenants of a cell, by the blueprint `shelf`.
const MOST: usize = 2;
const TIERS: [&str; 3] = ["team", "club", "lone"];
const SIZES: [&str; 2] = ["small", "medium"];

#[derive(Clone, Debug, Default)]
struct World {
    /// Tier and size, by tenant.
    tenants: BTreeMap<u8, (usize, usize)>,
    /// Whether the cells of the tier `team` have a NAT gateway.
    nat: bool,
    reversed: bool,
    day: u32,
}

#[derive(Clone, Debug)]
enum Edit {
    Add(u8, usize, usize),
    Remove(u8),
    Size(u8, usize),
    Tier(u8, usize),
    Nat,
    Reverse,
    Days(u32),
}

fn edit() -> impl Strategy<Value = Edit> {
    let who = 0..7u8;
    prop_oneof![
        8 => (who.clone(), 0..TIERS.len(), 0..SIZES.len()).prop_map(|(who, tier, size)| Edit::Add(who, tier, size)),
        5 => who.clone().prop_map(Edit::Remove),
        1 => (who.clone(), 0..SIZES.len()).prop_map(|(who, size)| Edit::Size(who, size)),
        1 => (who, 0..TIERS.len()).prop_map(|(who, tier)| Edit::Tier(who, tier)),
        1 => Just(Edit::Nat),
        1 => Just(Edit::Reverse),
        2 => (1..40u32).prop_map(Edit::Days),
    ]
}

impl World {
    fn after(&self, edit: &Edit) -> World {
        let mut world = self.clone();
        match *edit {
            Edit::Add(who, tier, size) => _ = world.tenants.entry(who).or_insert((tier, size)),
            Edit::Remove(who) => _ = world.tenants.remove(&who),
            Edit::Size(who, size) => {
                world.tenants.entry(who).and_modify(|tenant| tenant.1 = size).or_default().1 = size
            }
            Edit::Tier(who, tier) => {
                world.tenants.entry(who).and_modify(|tenant| tenant.0 = tier).or_default().0 = tier
            }
            Edit::Nat => world.nat = !world.nat,
            Edit::Reverse => world.reversed = !world.reversed,
            Edit::Days(days) => world.day += days,
        }
        world
    }

    fn catalog(&self) -> String {
        let tenants = self.tenants.iter().map(|(who, (tier, size))| {
            let (tier, size) = (TIERS[*tier], SIZES[*size]);
            let compliance = if tier == "lone" { "[pci]" } else { "[]" };
            format!(
                "  - {{ id: t-{who}, name: T, tier: {tier}, region: us-east-1, size: {size}, compliance: {compliance} }}\n"
            )
        });
        let mut tenants: Vec<String> = tenants.collect();
        if self.reversed {
            tenants.reverse();
        }
        let tenants = if tenants.is_empty() { "  []\n".to_owned() } else { tenants.concat() };
        let nat = if self.nat { "one" } else { "none" };
        format!(
            "version: 1\nproduct: ledgerly\nenvironment: prod\n\
             accounts: [{{ id: \"222222222222\", name: platform, hosts: [subnet] }}]\n\
             regions: {{ us-east-1: {{ zones: [use1-az1, use1-az2], pools: [10.64.0.0/17] }} }}\n\
             compliance: {{ pci: {{ co_hosting: forbidden }} }}\n\
             quarantine: {{ days: 30 }}\n\
             tiers:\n  \
             team: {{ model: subnet, blueprint: shelf, settings: {{ nat: {nat} }} }}\n  \
             club: {{ model: subnet, blueprint: shelf, settings: {{ nat: one, zones: 1 }} }}\n  \
             lone: {{ model: subnet, blueprint: shelf }}\n\
             tenants:\n{tenants}"
        )
    }
}

/// What a run decides and writes.
struct Decided {
    lock: Lock,
    files: BTreeMap<String, Vec<u8>>,
}

fn library() -> Library {
    let small = Path::new("tests/bases/cells/blueprints");
    Library::read(Some(small), &mut SourceMap::default(), &mut Report::default()).unwrap()
}

/// Compiles a world; none if it is refused, which the report must say.
fn decide(world: &World, lock: Option<&Lock>, library: &Library) -> Option<Decided> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    fs::write(&path, world.catalog()).unwrap();
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let catalog = catalog::read(&path, &mut sources, &mut report).unwrap();
    let empty = Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone());
    let day = "2026-11-23".parse::<tenantry::identity::Date>().unwrap().plus(world.day);
    let plan = plan_as_of(Some(day), &catalog, library, lock.unwrap_or(&empty), &mut report);
    assert_eq!(plan.is_err(), report.errors() > 0);
    let plan = plan.ok()?;
    let tree = synth(&plan, &mut report).ok().unwrap().tree;
    let files = tree.files().iter().map(|(path, bytes)| (path.as_str().to_owned(), bytes.clone()));
    // What is written is what is read, and it fits together.
    let file = sources.add("tenantry.lock", plan.lock.to_text());
    assert_eq!(Lock::read(file, &sources, &mut report).ok().as_ref(), Some(&plan.lock));
    Some(Decided { files: files.collect(), lock: plan.lock })
}

fn id(who: u8) -> HomeId {
    format!("t-{who}").parse().unwrap()
}

/// Every decision about a tenant, as text.
fn about(lock: &Lock, who: u8) -> Vec<String> {
    tenantry::plan::lock::lines_of(&lock.to_text(), &id(who)).into_iter().map(str::to_owned).collect()
}

fn files_of<'d>(decided: &'d Decided, prefix: &str) -> BTreeMap<&'d str, &'d [u8]> {
    let files = decided.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    files.filter(|(path, _)| path.contains(prefix)).collect()
}

fn live_together_as_they_may(world: &World, lock: &Lock) {
    let mut cells: BTreeMap<&CellId, Vec<usize>> = BTreeMap::new();
    for (who, (tier, _)) in &world.tenants {
        cells.entry(&lock.tenants[&id(*who)].value.cell).or_default().push(*tier);
    }
    for (cell, mut tiers) in cells {
        assert!(tiers.len() <= MOST, "{cell} has {} tenants", tiers.len());
        assert!(
            tiers.len() == 1 || !tiers.contains(&2),
            "{cell} has somebody beside who may share with nobody"
        );
        tiers.dedup();
        assert_eq!(tiers.len(), 1, "the tenants of {cell} have different settings of the cell");
        assert!(lock.networks.contains_key(&Owner::Cell(cell.clone())));
    }
}

fn others_are_as_they_were(before: &World, after: &World, old: &Decided, new: &Decided, edit: &Edit) {
    for who in before.tenants.keys().filter(|who| after.tenants.contains_key(who)) {
        assert_eq!(about(&old.lock, *who), about(&new.lock, *who), "what is decided for t-{who}");
        // Who has a cell alone takes it along to another tier.
        if before.nat == after.nat && !matches!(edit, Edit::Tier(named, _) if named == who) {
            let prefix = format!("ledgerly-prod-t-{who}-");
            assert!(
                files_of(old, &prefix) == files_of(new, &prefix),
                "the files of t-{who} change by {edit:?}"
            );
        }
    }
    // Who has a cell alone takes it along to another tier, whose settings may name other zones.
    let taken_along = |cell: &CellId| match edit {
        Edit::Tier(named, _) => {
            new.lock.tenants.get(&id(*named)).is_some_and(|home| home.value.cell == *cell)
        }
        _ => false,
    };
    let inhabited: BTreeSet<&CellId> = new.lock.tenants.values().map(|home| &home.value.cell).collect();
    for cell in old.lock.cells.keys() {
        assert!(new.lock.cells.contains_key(cell), "the number of {cell} is free again");
        let owner = Owner::Cell(cell.clone());
        if inhabited.contains(cell) {
            assert_eq!(old.lock.networks.get(&owner), new.lock.networks.get(&owner));
            if !taken_along(cell) {
                assert_eq!(old.lock.zones.get(&owner), new.lock.zones.get(&owner));
            }
        } else {
            assert!(!new.lock.networks.contains_key(&owner), "{cell} has a network and no tenant");
        }
    }
}

/// What a tenant had comes back to it alone, or to nobody before its days are over.
fn what_is_left_waits(old: &Lock, new: &Lock, days: bool) {
    if days {
        return;
    }
    for (block, waiting) in &old.quarantine {
        let owner = &waiting.value.owner;
        let waits = new.quarantine.iter().any(|(other, _)| other.contains(block));
        let returned =
            new.subnet_groups.iter().any(|(id, group)| id.owner == *owner && group.value.cidr == *block);
        assert!(waits || returned, "{block} of {owner} waits for nobody");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn who_comes_or_leaves_moves_nobody_else(edits in proptest::collection::vec(edit(), 1..20)) {
        let library = library();
        let mut world = World::default();
        let mut now = decide(&world, None, &library).unwrap();
        for edit in &edits {
            let next = world.after(edit);
            let Some(decided) = decide(&next, Some(&now.lock), &library) else {
                // Only what would move somebody, or resize a part, is refused.
                prop_assert!(matches!(edit, Edit::Size(..) | Edit::Tier(..) | Edit::Nat), "{edit:?} is refused");
                continue;
            };
            live_together_as_they_may(&next, &decided.lock);
            others_are_as_they_were(&world, &next, &now, &decided, edit);
            what_is_left_waits(&now.lock, &decided.lock, matches!(edit, Edit::Days(_)));
            let again = decide(&next, Some(&decided.lock), &library).unwrap();
            prop_assert!(again.lock == decided.lock && again.files == decided.files, "a second run changes something");
            let reversed = World { reversed: !next.reversed, ..next.clone() };
            let reversed = decide(&reversed, Some(&now.lock), &library).unwrap();
            prop_assert!(reversed.lock == decided.lock && reversed.files == decided.files, "the order of tenants matters");
            (world, now) = (next, decided);
        }
    }
}

/// Eight cells and fourteen tenants of two shapes: as many templates as one cell and one tenant of each.
#[test]
fn cells_and_tenants_that_are_alike_share_their_templates() {
    let library = library();
    let templates = |tenants: u8| {
        let tenants = (0..tenants).map(|who| (who, (usize::from(who % 2), 0))).collect();
        let decided = decide(&World { tenants, ..World::default() }, None, &library).unwrap();
        decided.files.keys().filter(|path| path.starts_with("templates/")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(templates(2), templates(14));
}
