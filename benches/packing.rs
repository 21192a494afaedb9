//! How well addresses are packed, and how long it takes: the figures of `docs/benchmarks.md`.
//!
//! `cargo bench --bench packing` prints the packing table. `cargo bench --bench packing -- times 1000000`
//! prints, as JSON, the seconds that a number of allocations, a rebuild of the free space and a lock of
//! as many lines take; `benches/addresses.py` sets them beside what Python's libraries take.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Instant;

use tenantry::diagnostics::Report;
use tenantry::identity::HomeId;
use tenantry::network::{Cidr, FreeSpace, Packing};
use tenantry::plan::lock::{Home, Lock, Locked, Network, Owner};
use tenantry::source::SourceMap;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["times", count] => times(count.parse().unwrap()),
        _ => {
            for (churn, how) in [
                (Churn::OneForOne, "One newcomer for each that leaves"),
                (Churn::Refill, "Filled again after each that leaves"),
            ] {
                println!("{how}; each size half as often as the next smaller one:\n");
                table(HALVING, churn);
                println!("\n{how}; more of the middle sizes:\n");
                table(FLATTER, churn);
                println!();
            }
        }
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

// The packing table.

const POOL: &str = "10.0.0.0/8";
/// The smallest block that is counted: the pool has a million of them.
const UNIT: u8 = 28;
/// The largest size that tenants ask for: an order of 8 in units.
const LARGEST: u8 = 20;
/// The deviation of one run is about 0.02 at three quarters full: the mean of so many is known to 0.002.
const SEEDS: u64 = 100;

/// Prefix lengths and how often, in a hundred, a tenant asks for them.
type Sizes = [(u8, u64); 7];

/// Each size is asked for half as often as the next smaller one.
const HALVING: Sizes = [(26, 50), (25, 25), (24, 13), (23, 6), (22, 3), (21, 2), (20, 1)];
/// More tenants of middle size, which fragment a pool more.
const FLATTER: Sizes = [(26, 40), (25, 25), (24, 15), (23, 10), (22, 6), (21, 3), (20, 1)];

/// A small generator of numbers that are random enough: xorshift, by Marsaglia.
struct Random(u64, Sizes);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn length(&mut self) -> u8 {
        let mut at = self.below(100);
        for (length, weight) in self.1 {
            if at < weight {
                return length;
            }
            at -= weight;
        }
        LARGEST
    }
}

/// Who comes when a tenant leaves.
#[derive(Clone, Copy, PartialEq)]
enum Churn {
    /// One of random size. How full the pool is drifts a little.
    OneForOne,
    /// As many as it takes until the pool is as full as before, which may be none or several.
    Refill,
}

/// Where a block is taken from.
#[derive(Clone, Copy, PartialEq)]
enum Policy {
    BestFit,
    /// Best fit, where three tenants of ten declare that they may double.
    Headroom,
    /// The lowest address that fits, for comparison.
    FirstFit,
}

/// Free space under either rule.
enum Space {
    Best(FreeSpace),
    First(Tree),
}

impl Space {
    fn new(policy: Policy) -> Self {
        match policy {
            Policy::FirstFit => Space::First(Tree::new()),
            _ => Space::Best(FreeSpace::new(parsed(POOL), [])),
        }
    }

    fn allocate(&mut self, length: u8) -> Option<Cidr> {
        match self {
            Space::Best(space) => space.allocate(length),
            Space::First(tree) => tree.allocate(length),
        }
    }

    fn release(&mut self, block: Cidr) {
        match self {
            Space::Best(space) => assert!(space.release(block)),
            Space::First(tree) => tree.release(block),
        }
    }
}

/// A binary tree over the pool; each node knows the largest free block below it, as a prefix length.
struct Tree {
    /// Node 1 is the pool; the halves of node n are 2n and 2n + 1. 255: nothing is free.
    largest: Vec<u8>,
}

impl Tree {
    fn new() -> Self {
        let depth = |node: usize| node.checked_ilog2().unwrap_or(0) as u8;
        Tree { largest: (0..1 << 21).map(|node| 8 + depth(node)).collect() }
    }

    fn allocate(&mut self, length: u8) -> Option<Cidr> {
        let mut node = 1;
        if self.largest[node] > length {
            return None;
        }
        let mut at = 8;
        while at < length {
            if self.largest[node] == at {
                // Wholly free: so are its halves.
                self.largest[2 * node] = at + 1;
                self.largest[2 * node + 1] = at + 1;
            }
            node *= 2;
            if self.largest[node] > length {
                node += 1;
            }
            at += 1;
        }
        let first = (node - (1 << (length - 8))) as u32;
        self.set(node, 255);
        Cidr::v4((10 << 24) | (first << (32 - length)), length)
    }

    fn release(&mut self, block: Cidr) {
        let offset = (block.first_number() as u32) & 0x00ff_ffff;
        let node = (1usize << (block.length() - 8)) + (offset >> (32 - block.length())) as usize;
        self.set(node, block.length());
    }

    fn set(&mut self, mut node: usize, value: u8) {
        self.largest[node] = value;
        while node > 1 {
            node /= 2;
            let own = 8 + node.ilog2() as u8;
            let (left, right) = (self.largest[2 * node], self.largest[2 * node + 1]);
            self.largest[node] = if left == own + 1 && right == own + 1 { own } else { left.min(right) };
        }
    }
}

/// A tenant's block, and how long the prefix of what it uses of it is.
type Placed = (Cidr, u8);

fn place(space: &mut Space, policy: Policy, random: &mut Random) -> Option<Placed> {
    let length = random.length();
    let headroom = u8::from(policy == Policy::Headroom && random.below(10) < 3);
    space.allocate(length - headroom).map(|block| (block, length))
}

/// Gamma, rho for the largest size, and the use at the first failure.
fn run(policy: Policy, sizes: Sizes, churn: Churn, load: f64, seed: u64) -> (f64, f64, f64, bool) {
    let mut random = Random(seed * 0x9e37_79b9_7f4a_7c15 + 1, sizes);
    let mut space = Space::new(policy);
    let mut placed: Vec<Placed> = Vec::new();
    let total = 1u128 << (UNIT - 8);
    let units = |block: &Cidr| block.size() >> (32 - UNIT);
    let target = (total as f64 * load) as u128;
    let (mut used, failed) = (0, Cell::new(false));
    let newcomer =
        |used: &mut u128, placed: &mut Vec<Placed>, space: &mut Space, random: &mut Random| match place(
            space, policy, random,
        ) {
            Some(one) => {
                *used += units(&one.0);
                placed.push(one);
                true
            }
            None => {
                failed.set(true);
                false
            }
        };
    let fill = |used: &mut u128, placed: &mut Vec<Placed>, space: &mut Space, random: &mut Random| {
        while *used < target && newcomer(used, placed, space, random) {}
    };
    fill(&mut used, &mut placed, &mut space, &mut random);
    for _ in 0..3 * placed.len() {
        let at = random.below(placed.len() as u64) as usize;
        let (block, _) = placed.swap_remove(at);
        used -= units(&block);
        space.release(block);
        match churn {
            Churn::OneForOne => _ = newcomer(&mut used, &mut placed, &mut space, &mut random),
            Churn::Refill => fill(&mut used, &mut placed, &mut space, &mut random),
        }
    }
    let empty = FreeSpace::new(parsed(POOL), []);
    let now = FreeSpace::new(parsed(POOL), placed.iter().map(|(block, _)| *block));
    let packing = Packing::new(&empty, placed.iter().map(|(block, _)| block.length()));
    let rho = now.fits(LARGEST) as f64 / packing.best_fits(LARGEST).max(1) as f64;
    let doubles = placed.iter().filter(|(block, length)| {
        block.length() < *length || block.buddy().is_some_and(|buddy| now.is_free(buddy))
    });
    let gamma = doubles.count() as f64 / placed.len() as f64;
    while let Some((block, _)) = place(&mut space, policy, &mut random) {
        used += units(&block);
    }
    (gamma, rho, used as f64 / total as f64, failed.get())
}

fn table(sizes: Sizes, churn: Churn) {
    println!("| policy | L=.25 | L=.50 | L=.75 | L=.90 |");
    println!("|---|---|---|---|---|");
    let policies = [
        ("best fit (tenantry)", Policy::BestFit),
        ("best fit, headroom of 1 for 30 % of the tenants", Policy::Headroom),
        ("first fit (lowest address)", Policy::FirstFit),
    ];
    for (name, policy) in policies {
        let mut row = format!("| {name} |");
        for load in [0.25, 0.5, 0.75, 0.9] {
            let runs: Vec<_> = (1..=SEEDS).map(|seed| run(policy, sizes, churn, load, seed)).collect();
            let mean =
                |of: fn(&(f64, f64, f64, bool)) -> f64| runs.iter().map(of).sum::<f64>() / SEEDS as f64;
            let mark = if runs.iter().any(|run| run.3) { "*" } else { "" };
            row += &format!(
                " {:.2} / {:.3} / {:.3}{mark} |",
                mean(|run| run.0),
                mean(|run| run.1),
                mean(|run| run.2)
            );
        }
        println!("{row}");
    }
}

// Times.

/// A fixed mix of sizes, mostly small; `benches/addresses.py` has the same.
fn length(number: usize) -> u8 {
    match number * 7919 % 64 {
        0 => 26,
        1..=4 => 27,
        5..=20 => 28,
        _ => 29,
    }
}

fn times(count: usize) {
    let mut seconds: BTreeMap<&str, f64> = BTreeMap::new();
    let mut clock = Instant::now();
    let mut lap = |name, seconds: &mut BTreeMap<_, _>| {
        seconds.insert(name, clock.elapsed().as_secs_f64());
        clock = Instant::now();
    };
    let mut space = FreeSpace::new(parsed(POOL), []);
    let blocks: Vec<Cidr> = (0..count).map(|number| space.allocate(length(number)).unwrap()).collect();
    lap("allocate", &mut seconds);
    let rebuilt = FreeSpace::new(parsed(POOL), blocks.iter().copied());
    lap("rebuild", &mut seconds);
    assert_eq!(rebuilt, space);
    // Of what was handed out, so that another program can tell that it hands out the same.
    let digest = blocks
        .iter()
        .fold(0u64, |digest, block| digest.wrapping_mul(1_000_003).wrapping_add(block.first_number() as u64));
    let mut lock = Lock::empty(parsed("ledgerly"), parsed("prod"));
    for (number, block) in blocks.iter().take(count / 2).enumerate() {
        let tenant: HomeId = parsed(&format!("tenant-{number:07}"));
        let cell = parsed(&format!("vpc/222222222222/us-east-1/{}", number + 1));
        lock.tenants.insert(tenant.clone(), Locked::new(Home::alone(cell)));
        lock.networks.insert(Owner::Tenant(tenant), Locked::new(Network::new(*block)));
    }
    lap("(make a lock)", &mut seconds);
    let text = lock.to_text();
    lap("write_lock", &mut seconds);
    let bytes = text.len();
    let mut sources = SourceMap::default();
    let file = sources.add("tenantry.lock", text);
    drop(lock);
    lap("(take it in)", &mut seconds);
    let lock = Lock::read(file, &sources, &mut Report::default()).unwrap();
    lap("read_lock", &mut seconds);
    let lines = lock.tenants.len() + lock.networks.len();
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned();
    seconds.retain(|name, _| !name.starts_with('('));
    println!(
        "{}",
        serde_json::json!({
            "count": count, "seconds": seconds, "digest": digest, "lock_lines": lines,
            "lock_bytes": bytes, "peak_memory": peak,
        })
    );
}
