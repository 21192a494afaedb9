//! How long 100,000 tenants take to find their cells, and how many cells beside the lower bound.
//!
//! Two fleets: four sizes of tenants, as a product with tiers has, and tenants each of which needs much
//! of one or two things of six. Twelve kinds of cells (four Regions, three models). The numbers come
//! from a generator with a fixed seed.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::collections::BTreeMap;

use divan::Bencher;
use divan::counter::ItemsCount;
use tenantry::plan::placement::{Capacity, Cells};

const TENANTS: usize = 100_000;
const KINDS: u64 = 12;
const THINGS: usize = 6;

/// A tenant: its kind of cell, its group, and what it takes of each thing.
type Tenant = (u64, usize, [u64; THINGS]);

fn main() {
    for (name, fleet) in [("few sizes", few_sizes()), ("mixed", mixed())] {
        let cells = place(&fleet);
        let count: usize = cells.values().map(Cells::count).sum();
        let bound: usize = cells.values().map(Cells::lower_bound).sum();
        println!("{name}: {TENANTS} tenants in {count} cells; no placement needs fewer than {bound}");
    }
    divan::main();
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

fn few_sizes() -> Vec<Tenant> {
    const SIZES: [[u64; THINGS]; 4] =
        [[1, 4, 2, 3, 1, 2], [2, 8, 4, 6, 1, 4], [5, 24, 10, 12, 2, 9], [20, 90, 40, 30, 4, 30]];
    let mut numbers = Numbers(1);
    (0..TENANTS)
        .map(|_| {
            let size = match numbers.below(100) {
                0..70 => 0,
                70..92 => 1,
                92..99 => 2,
                _ => 3,
            };
            (numbers.below(KINDS), numbers.below(8) as usize, SIZES[size])
        })
        .collect()
}

fn mixed() -> Vec<Tenant> {
    let mut numbers = Numbers(2);
    (0..TENANTS)
        .map(|_| {
            let mut demand = [0; THINGS].map(|_| 1 + numbers.below(3));
            for _ in 0..=numbers.below(2) {
                demand[numbers.below(THINGS as u64) as usize] = 20 + numbers.below(60);
            }
            (numbers.below(KINDS), numbers.below(8) as usize, demand)
        })
        .collect()
}

fn place(fleet: &[Tenant]) -> BTreeMap<u64, Cells> {
    let mut kinds: BTreeMap<u64, Cells> = BTreeMap::new();
    let mut groups = Vec::new();
    for (kind, group, demand) in fleet {
        let cells = kinds.entry(*kind).or_insert_with(|| {
            let mut cells = Cells::new(vec![Capacity::with_room_to_grow(1000); THINGS]);
            groups = (0..8).map(|_| cells.add_group(vec![2, 4, 1, 0, 1, 3])).collect();
            cells
        });
        cells.place(groups[*group], demand).unwrap();
    }
    kinds
}

#[divan::bench(args = ["few sizes", "mixed"])]
fn find_cells(bencher: Bencher, name: &str) {
    let fleet = if name == "mixed" { mixed() } else { few_sizes() };
    bencher.counter(ItemsCount::new(TENANTS)).bench_local(|| place(&fleet));
}
