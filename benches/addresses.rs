//! How long addresses take: allocation, rebuilding the free space, and the lock, at a million entries.
//!
//! `cargo bench --bench addresses`. Times are printed and not asserted.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use divan::Bencher;
use tenantry::diagnostics::Report;
use tenantry::identity::HomeId;
use tenantry::network::{Cidr, FreeSpace};
use tenantry::plan::lock::{Home, Lock, Locked, Network, Owner};
use tenantry::source::SourceMap;

fn main() {
    divan::main();
}

/// The pool: room for two million blocks of 8 addresses.
fn pool() -> FreeSpace {
    FreeSpace::new(parsed("10.0.0.0/8"), [])
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A fixed mix of sizes, mostly small; a million of them come to some three quarters of the pool.
fn length(number: usize) -> u8 {
    match number * 7919 % 64 {
        0 => 26,
        1..=4 => 27,
        5..=20 => 28,
        _ => 29,
    }
}

fn allocated(count: usize) -> (FreeSpace, Vec<Cidr>) {
    let mut space = pool();
    let blocks = (0..count).map(|number| space.allocate(length(number)).unwrap()).collect();
    (space, blocks)
}

#[divan::bench(args = [10_000, 1_000_000], sample_count = 5)]
fn allocate(bencher: Bencher<'_, '_>, count: usize) {
    bencher.counter(divan::counter::ItemsCount::new(count)).bench(|| allocated(count).1.len());
}

#[divan::bench(args = [10_000, 1_000_000], sample_count = 5)]
fn rebuild(bencher: Bencher<'_, '_>, count: usize) {
    let (_, blocks) = allocated(count);
    let taken = || blocks.iter().copied();
    bencher
        .counter(divan::counter::ItemsCount::new(count))
        .bench(|| FreeSpace::new(parsed("10.0.0.0/8"), taken()));
}

/// Half of the blocks are given back and as many are taken again.
#[divan::bench(args = [10_000, 1_000_000], sample_count = 5)]
fn churn(bencher: Bencher<'_, '_>, count: usize) {
    bencher.with_inputs(|| allocated(count)).bench_values(|(mut space, blocks)| {
        let released = blocks.iter().step_by(2).filter(|block| space.release(**block)).count();
        (0..released).filter_map(|number| space.allocate(length(number))).count()
    });
}

/// A lock of two lines a tenant.
fn lock(lines: usize) -> Lock {
    let mut lock = Lock::empty(parsed("ledgerly"), parsed("prod"));
    let mut space = pool();
    for number in 1..=lines / 2 {
        let Some(block) = space.allocate(28) else { continue };
        let tenant: HomeId = parsed(&format!("tenant-{number:07}"));
        let cell = parsed(&format!("vpc/222222222222/us-east-1/{number}"));
        lock.tenants.insert(tenant.clone(), Locked::new(Home::alone(cell)));
        lock.networks.insert(Owner::Tenant(tenant), Locked::new(Network::new(block)));
    }
    lock
}

#[divan::bench(args = [50_000, 1_000_000], sample_count = 5)]
fn read_lock(bencher: Bencher<'_, '_>, lines: usize) {
    let mut sources = SourceMap::default();
    let file = sources.add("tenantry.lock", lock(lines).to_text());
    bencher
        .counter(divan::counter::ItemsCount::new(lines))
        .bench_local(|| Lock::read(file, &sources, &mut Report::default()).unwrap());
}

#[divan::bench(args = [50_000, 1_000_000], sample_count = 5)]
fn verify_lock(bencher: Bencher<'_, '_>, lines: usize) {
    let lock = lock(lines);
    bencher.bench_local(|| lock.verify(&mut Report::default()).is_ok());
}

#[divan::bench(args = [50_000, 1_000_000], sample_count = 5)]
fn write_lock(bencher: Bencher<'_, '_>, lines: usize) {
    let lock = lock(lines);
    bencher.counter(divan::counter::ItemsCount::new(lines)).bench(|| lock.to_text());
}
