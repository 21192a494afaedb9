//! How long consolidating rules takes, and how many rules it leaves: the figures of `docs/benchmarks.md`.
//!
//! `cargo bench --bench cover` makes workloads of twelve rules each, covers them, and compares what is
//! allowed before and after, as every run of tenantry does. `-- 1000 40` are a thousand workloads of forty.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::time::Instant;

use tenantry::network::cover::{Opening, cover, difference, flaw};
use tenantry::network::{Cidr, Icmp, Traffic};

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (workloads, rules) = match numbers.as_slice() {
        [workloads, rules] => (*workloads, *rules),
        _ => (100_000, 12),
    };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let sets: Vec<Vec<Opening>> = (0..workloads).map(|_| workload(rules, &mut random)).collect();

    let start = Instant::now();
    let covers: Vec<_> = sets.iter().map(|set| cover(set)).collect();
    let covering = start.elapsed();
    let start = Instant::now();
    for (set, cover) in sets.iter().zip(&covers) {
        let openings: Vec<Opening> = cover.iter().map(|one| one.opening).collect();
        assert_eq!(difference(set, &openings), None);
    }
    let comparing = start.elapsed();
    // The proofs look at every pair of rules: of the first sets, they stand for the others.
    for (set, cover) in sets.iter().zip(&covers).take(1_000) {
        assert_eq!(flaw(set, cover), None);
    }

    let before: usize = sets.iter().map(Vec::len).sum();
    let after: usize = covers.iter().map(Vec::len).sum();
    let over = |lengths: &mut dyn Iterator<Item = usize>| lengths.filter(|length| *length > 60).count();
    println!("{workloads} workloads of {rules} rules");
    println!("rules before          {before}");
    println!("rules after           {after} (at least as many: {after})");
    println!(
        "sets of more than 60  {} before, {} after",
        over(&mut sets.iter().map(Vec::len)),
        over(&mut covers.iter().map(Vec::len))
    );
    println!("covering              {:.3} s", covering.as_secs_f64());
    println!("comparing             {:.3} s", comparing.as_secs_f64());
}

/// Rules as they gather over the years: a few offices whose ranges were bought one after the other, a
/// few services on neighbouring ports, the same range named twice, a range that lies in another.
fn workload(rules: usize, random: &mut Random) -> Vec<Opening> {
    const PORTS: [(u16, u16); 8] = [
        (443, 443),
        (80, 80),
        (8080, 8080),
        (8081, 8090),
        (5432, 5432),
        (5433, 5433),
        (22, 22),
        (1024, 65535),
    ];
    let office = random.below(200) << 16 | 0x0a00_0000;
    (0..rules)
        .map(|_| {
            let length = 23 + random.below(4) as u8;
            let within = (random.below(1 << 5) as u32) << 6;
            let first = (office as u32 | within) & (u32::MAX << (32 - length));
            let traffic = match random.below(20) {
                0 => Traffic::All,
                1 => Traffic::Icmp(Icmp::Type(8)),
                2 | 3 => Traffic::Udp(PORTS[random.below(8) as usize]),
                _ => Traffic::Tcp(PORTS[random.below(8) as usize]),
            };
            Opening { range: Cidr::v4(first, length).unwrap(), traffic }
        })
        .collect()
}

/// A small generator of numbers that are random enough: xorshift, by Marsaglia.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
