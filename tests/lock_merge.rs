//! Two people at once: git puts the locks of two branches together, with `merge=union`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

use tenantry::diagnostics::Report;
use tenantry::network::FreeSpace;
use tenantry::plan::lock::{Home, Lock, Locked, Network, Owner, Quarantined, Zones};
use tenantry::source::SourceMap;

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Adds a tenant with a home, a network and zones; the pool gives it the next free block.
fn add(lock: &mut Lock, tenant: &str, pool: &str) {
    let mut free = FreeSpace::new(parsed(pool), lock.taken());
    let cell = parsed(&format!("vpc/222222222222/us-east-1/{}", tenant.trim_start_matches("t-")));
    let owner = Owner::Tenant(parsed(tenant));
    lock.tenants.insert(parsed(tenant), Locked::new(Home::alone(cell)));
    lock.networks.insert(owner.clone(), Locked::new(Network::new(free.allocate(22).unwrap())));
    lock.zones.insert(owner, Locked::new(Zones([(parsed("use1-az1"), 0)].into())));
}

/// Takes a tenant out; its block goes into quarantine.
fn remove(lock: &mut Lock, tenant: &str) {
    let owner = Owner::Tenant(parsed(tenant));
    lock.tenants.remove(&parsed::<tenantry::identity::HomeId>(tenant));
    lock.zones.remove(&owner);
    let network = lock.networks.remove(&owner).unwrap();
    lock.quarantine.insert(network.value.reserve, Locked::new(Quarantined::new(owner)));
}

/// What git makes of the two sides, and what reading that gives: a lock, or the codes of its errors.
fn merged(base: &Lock, ours: &Lock, theirs: &Lock) -> Result<Lock, Vec<&'static str>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, lock) in [("base", base), ("ours", ours), ("theirs", theirs)] {
        fs::write(folder.path().join(name), lock.to_text()).unwrap();
    }
    let output = Command::new("git")
        .args(["merge-file", "--union", "-p", "ours", "base", "theirs"])
        .current_dir(folder.path())
        .output()
        .expect("git is installed");
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let file = sources.add("tenantry.lock", String::from_utf8(output.stdout).unwrap());
    Lock::read(file, &sources, &mut report).map_err(|_| {
        let told = report.into_sorted(&sources);
        told.iter().map(|diagnostic| diagnostic.code.name).collect()
    })
}

fn base() -> Lock {
    let mut lock = Lock::empty(parsed("ledgerly"), parsed("prod"));
    add(&mut lock, "t-2", "10.64.0.0/12");
    add(&mut lock, "t-4", "10.64.0.0/12");
    lock
}

#[test]
fn tenants_of_two_branches_in_different_blocks_merge_without_a_word() {
    // Before, between and after the tenants that are there, next to each other and apart; also the
    // first tenants of a lock, where everything that git sees is new.
    let empty = Lock::empty(parsed("ledgerly"), parsed("prod"));
    for base in [base(), empty] {
        for (one, other) in
            [("t-1", "t-5"), ("t-3", "t-31"), ("t-5", "t-51"), ("t-1", "t-11"), ("t-51", "t-3")]
        {
            let (mut ours, mut theirs, mut both) = (base.clone(), base.clone(), base.clone());
            add(&mut ours, one, "10.80.0.0/12");
            add(&mut theirs, other, "10.96.0.0/12");
            add(&mut both, one, "10.80.0.0/12");
            add(&mut both, other, "10.96.0.0/12");
            assert_eq!(merged(&base, &ours, &theirs), Ok(both), "{one} and {other}");
        }
    }
}

#[test]
fn the_same_work_on_two_branches_is_no_conflict() {
    let (base, mut both) = (base(), base());
    add(&mut both, "t-3", "10.64.0.0/12");
    remove(&mut both, "t-2");
    assert_eq!(merged(&base, &both, &both), Ok(both));
}

#[test]
fn tenants_of_two_branches_in_the_same_block_are_an_error() {
    let (base, mut ours, mut theirs) = (base(), base(), base());
    add(&mut ours, "t-1", "10.64.0.0/12");
    add(&mut theirs, "t-5", "10.64.0.0/12");
    assert_eq!(merged(&base, &ours, &theirs), Err(vec!["lock-overlap"]));
}

#[test]
fn one_tenant_that_two_branches_decide_differently_is_an_error() {
    let (base, mut ours, mut theirs) = (base(), base(), base());
    add(&mut ours, "t-3", "10.80.0.0/12");
    add(&mut theirs, "t-3", "10.96.0.0/12");
    assert_eq!(merged(&base, &ours, &theirs), Err(vec!["lock-conflict"]));
}

#[test]
fn a_tenant_that_a_merge_brings_back_is_an_error_while_its_block_waits() {
    let (base, mut ours, mut theirs) = (base(), base(), base());
    remove(&mut ours, "t-2");
    // The new lines stand beside the removed ones, so git keeps the lines of both sides.
    add(&mut theirs, "t-21", "10.96.0.0/12");
    assert_eq!(merged(&base, &ours, &theirs), Err(vec!["lock-overlap"]));
}
