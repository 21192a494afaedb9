//! The law of stability for tenants that move and that have several homes, over random histories: what is
//! left stands as it was until it is taken out, and nobody else notices.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tenantry::blueprint::Library;
use tenantry::catalog;
use tenantry::diagnostics::Report;
use tenantry::identity::HomeId;
use tenantry::plan::lock::{Lock, lines_of};
use tenantry::plan::plan;
use tenantry::source::SourceMap;
use tenantry::synth::synth;

/// Two of one model with different settings of the cell, and two of other models.
const TIERS: [&str; 4] = ["team", "club", "free", "business"];
const MODELS: [&str; 4] = ["subnet", "subnet", "application", "vpc"];

/// The homes of a tenant, by tier.
#[derive(Clone, Debug)]
struct Tenant {
    main: usize,
    leaving: Option<usize>,
    beside: Option<usize>,
}

type World = BTreeMap<u8, Tenant>;

#[derive(Clone, Debug)]
enum Edit {
    Add(usize),
    Remove,
    /// To another tier, from the one that it has.
    Move(usize),
    /// What it has left is gone.
    Release,
    /// Back to what it was leaving.
    Return,
    Beside(usize),
    Alone,
}

fn edit() -> impl Strategy<Value = (u8, Edit)> {
    let edit = prop_oneof![
        4 => (0..TIERS.len()).prop_map(Edit::Add),
        1 => Just(Edit::Remove),
        4 => (0..TIERS.len()).prop_map(Edit::Move),
        3 => Just(Edit::Release),
        1 => Just(Edit::Return),
        2 => (0..TIERS.len()).prop_map(Edit::Beside),
        1 => Just(Edit::Alone),
    ];
    (0..5u8, edit)
}

/// The world after an edit; none where the edit means nothing.
fn after(world: &World, who: u8, edit: &Edit) -> Option<World> {
    let mut world = world.clone();
    let known = world.get(&who).cloned();
    let is_free = |tenant: &Tenant, tier: usize| {
        MODELS[tenant.main] != MODELS[tier]
            && tenant.beside.is_none_or(|beside| MODELS[beside] != MODELS[tier])
    };
    let changed = match (edit, known) {
        (Edit::Add(tier), None) => Some(Tenant { main: *tier, leaving: None, beside: None }),
        (Edit::Remove, Some(_)) => None,
        (Edit::Move(tier), Some(tenant))
            if tenant.leaving.is_none()
                && tenant.main != *tier
                && tenant.beside.is_none_or(|beside| MODELS[beside] != MODELS[*tier]) =>
        {
            Some(Tenant { main: *tier, leaving: Some(tenant.main), ..tenant })
        }
        (Edit::Release, Some(tenant)) if tenant.leaving.is_some() => Some(Tenant { leaving: None, ..tenant }),
        (Edit::Return, Some(tenant)) if tenant.beside.is_none() => {
            let main = tenant.leaving.filter(|old| MODELS[*old] != MODELS[tenant.main])?;
            Some(Tenant { main, leaving: Some(tenant.main), ..tenant })
        }
        (Edit::Beside(tier), Some(tenant))
            if tenant.beside.is_none() && tenant.leaving.is_none() && is_free(&tenant, *tier) =>
        {
            Some(Tenant { beside: Some(*tier), ..tenant })
        }
        (Edit::Alone, Some(tenant)) if tenant.beside.is_some() => Some(Tenant { beside: None, ..tenant }),
        _ => return None,
    };
    match changed {
        Some(tenant) => world.insert(who, tenant),
        None => world.remove(&who),
    };
    Some(world)
}

fn catalog_of(world: &World) -> String {
    let tenants: String = world
        .iter()
        .map(|(who, tenant)| {
            let leaving = tenant.leaving.map(|tier| format!("{{ tier: {}, leaving: true }}", TIERS[tier]));
            let beside = tenant.beside.map(|tier| format!("{{ tier: {} }}", TIERS[tier]));
            let homes: Vec<String> = leaving.into_iter().chain(beside).collect();
            format!(
                "  - {{ id: t-{who}, name: T, tier: {}, region: us-east-1, homes: [{}] }}\n",
                TIERS[tenant.main],
                homes.join(", ")
            )
        })
        .collect();
    format!(
        "version: 1\nproduct: ledgerly\nenvironment: prod\n\
         organization: {{ id: o-a1b2c3d4e5, management_account: \"111111111111\", root: r-ab12 }}\n\
         accounts: [{{ id: \"222222222222\", name: platform, hosts: [subnet, application, vpc] }}]\n\
         regions: {{ us-east-1: {{ zones: [use1-az1, use1-az2], pools: [10.64.0.0/12] }} }}\n\
         tiers:\n  \
         team: {{ model: subnet, blueprint: shelf, size: small }}\n  \
         club: {{ model: subnet, blueprint: shelf, size: medium, settings: {{ nat: one }} }}\n  \
         free: {{ model: application, blueprint: desk }}\n  \
         business: {{ model: vpc, size: small }}\n\
         tenants:\n{}",
        if tenants.is_empty() { "  []\n".to_owned() } else { tenants }
    )
}

struct Decided {
    lock: Lock,
    files: BTreeMap<String, Vec<u8>>,
}

impl Decided {
    /// What the lock says of a home, but for whether it is left.
    fn about(&self, home: &HomeId) -> Vec<String> {
        let text = self.lock.to_text();
        lines_of(&text, home).into_iter().map(|line| line.replace(", leaving: true", "")).collect()
    }

    /// The deployment files of a home.
    fn stacks(&self, home: &HomeId) -> BTreeMap<&str, &[u8]> {
        let number = if home.number == 1 { String::new() } else { home.number.to_string() };
        let begins = format!("ledgerly-prod-{}-{number}", home.tenant);
        let is_its_own = |path: &str| {
            let name = path.rsplit('/').next().unwrap();
            name.strip_prefix(&begins)
                .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase()))
        };
        let files = self.files.iter().filter(|(path, _)| path.starts_with("stacks/") && is_its_own(path));
        files.map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect()
    }
}

fn decide(world: &World, lock: Option<&Lock>, library: &Library) -> Decided {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    fs::write(&path, catalog_of(world)).unwrap();
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let catalog = catalog::read(&path, &mut sources, &mut report).unwrap();
    let empty = Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone());
    let Ok(plan) = plan(&catalog, library, lock.unwrap_or(&empty), &mut report) else {
        panic!("{world:?} is refused: {:?}", report.diagnostics());
    };
    let tree = synth(&plan, &mut report).ok().unwrap().tree;
    let files = tree.files().iter().map(|(path, bytes)| (path.as_str().to_owned(), bytes.clone()));
    let file = sources.add("tenantry.lock", plan.lock.to_text());
    assert_eq!(Lock::read(file, &sources, &mut report).ok().as_ref(), Some(&plan.lock));
    Decided { files: files.collect(), lock: plan.lock }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn homes_that_stay_are_as_they_were(edits in proptest::collection::vec(edit(), 1..24)) {
        let small = Path::new("tests/bases/cells/blueprints");
        let library = Library::read(Some(small), &mut SourceMap::default(), &mut Report::default()).unwrap();
        let mut world = World::new();
        let mut now = decide(&world, None, &library);
        for (who, edit) in &edits {
            let Some(next) = after(&world, *who, edit) else { continue };
            let new = decide(&next, Some(&now.lock), &library);
            let wanted: usize = next
                .values()
                .map(|tenant| 1 + usize::from(tenant.leaving.is_some()) + usize::from(tenant.beside.is_some()))
                .sum();
            prop_assert_eq!(new.lock.tenants.len(), wanted, "homes after {:?}", edit);
            let cells: BTreeSet<_> =
                new.lock.tenants.values().map(|home| (&home.value.cell, home.value.slot)).collect();
            prop_assert_eq!(cells.len(), wanted, "two homes in one place after {:?}", edit);
            for home in now.lock.tenants.keys().filter(|home| new.lock.tenants.contains_key(home)) {
                prop_assert_eq!(now.about(home), new.about(home), "{} after {:?}", home, edit);
                prop_assert!(now.stacks(home) == new.stacks(home), "stacks of {home} after {edit:?}");
            }
            if matches!(edit, Edit::Move(_) | Edit::Return) {
                let tenant = format!("t-{who}");
                let of_tenant = |home: &&HomeId| home.tenant.as_str() == tenant;
                for home in now.lock.tenants.keys().filter(of_tenant) {
                    prop_assert!(new.lock.tenants.contains_key(home), "{home} is gone by {edit:?}");
                }
            }
            let again = decide(&next, Some(&new.lock), &library);
            prop_assert!(again.lock == new.lock && again.files == new.files, "a second run changes something");
            (world, now) = (next, new);
        }
    }
}
