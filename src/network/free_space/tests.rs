//! The allocator against independent twins: a bitmap that is scanned, and a search of all placements.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::FreeSpace;
use crate::network::Cidr;

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

#[test]
fn a_request_is_cut_from_the_smallest_free_block_that_holds_it() {
    let mut space = FreeSpace::new(cidr("10.0.0.0/16"), [cidr("10.0.0.0/24"), cidr("10.0.2.0/23")]);
    // 10.0.1.0/24 is free and just right, although larger free blocks exist.
    assert_eq!(space.best_fit(25), Some(24));
    assert_eq!(space.allocate(25), Some(cidr("10.0.1.0/25")));
    assert_eq!(space.allocate(25), Some(cidr("10.0.1.128/25")));
    assert_eq!(space.allocate(25), Some(cidr("10.0.4.0/25")));
    assert_eq!(space.allocate(24), Some(cidr("10.0.5.0/24")));
}

#[test]
fn a_full_pool_says_no_and_what_is_left() {
    let mut space = FreeSpace::new(cidr("10.0.0.0/22"), [cidr("10.0.1.0/24"), cidr("10.0.2.128/25")]);
    assert_eq!(space.counts().into_iter().collect::<Vec<_>>(), [(24, 2), (25, 1)]);
    assert_eq!((space.free_addresses(), space.largest()), (640, Some(24)));
    assert_eq!([22, 23, 24, 25, 32].map(|length| space.fits(length)), [0, 0, 2, 5, 640]);
    assert_eq!(
        [23, 21, 33].map(|length| space.allocate(length)),
        [None; 3],
        "23 is not free, 21 and 33 are never"
    );
    assert_eq!(space.pool(), cidr("10.0.0.0/22"));
}

#[test]
fn taken_blocks_may_overlap_cover_the_pool_or_lie_elsewhere() {
    let pool = cidr("10.64.0.0/12");
    assert_eq!(FreeSpace::new(pool, [cidr("10.0.0.0/8"), cidr("10.64.0.0/24")]).largest(), None);
    let outside = [cidr("10.112.0.0/12"), cidr("::/0"), cidr("9.0.0.0/8")];
    assert_eq!(FreeSpace::new(pool, outside).largest(), Some(12));
    let nested = ["10.64.0.0/14", "10.64.0.0/16", "10.67.255.0/24"].map(cidr);
    assert_eq!(FreeSpace::new(pool, nested), FreeSpace::new(pool, [cidr("10.64.0.0/14")]));
}

#[test]
fn only_what_is_wholly_free_is_taken_and_only_what_is_wholly_taken_comes_back() {
    let mut space = FreeSpace::new(cidr("10.0.0.0/22"), []);
    assert!(space.take(cidr("10.0.1.0/24")));
    assert!(!space.take(cidr("10.0.0.0/23")), "half of it is taken");
    assert!(!space.take(cidr("10.0.1.16/28")), "it lies in what is taken");
    assert!(!space.take(cidr("10.1.0.0/24")), "it lies outside the pool");
    assert!(!space.release(cidr("10.0.0.0/23")), "half of it is free");
    assert!(!space.release(cidr("10.0.2.0/24")), "it is free");
    assert!(!space.release(cidr("10.1.0.0/24")), "it lies outside the pool");
    assert!(space.release(cidr("10.0.1.0/24")));
    assert_eq!(space, FreeSpace::new(cidr("10.0.0.0/22"), []));
}

#[test]
fn the_whole_of_ipv6_has_one_address_more_than_a_number_can_say() {
    let mut space = FreeSpace::new(cidr("::/0"), []);
    assert_eq!((space.free_addresses(), space.fits(127)), (u128::MAX, 1 << 127));
    assert_eq!(space.allocate(128), Some(cidr("::/128")));
    assert_eq!(space.allocate(128), Some(cidr("::1/128")));
    assert_eq!(space.free_addresses(), u128::MAX - 1);
    assert!(space.release(cidr("::/128")) && space.release(cidr("::1/128")));
    assert_eq!(space.allocate(0), Some(cidr("::/0")));
    assert_eq!(space.largest(), None);
}

/// Pools of both families and at both ends of the address space, each of 32 units.
const POOLS: [(&str, u8); 7] = [
    ("10.64.0.0/20", 25),
    ("0.0.0.0/0", 5),
    ("255.255.255.224/27", 32),
    ("2001:db8::/59", 64),
    ("::/0", 5),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffe0/123", 128),
    ("0.0.0.0/27", 32),
];
const ORDERS: u8 = 5;
const UNITS: usize = 1 << ORDERS;

/// Unit `index` of a pool, together with the next ones up to `2^order` in all.
fn units(pool: Cidr, unit_length: u8, index: usize, order: u8) -> Cidr {
    let unit = pool.part(unit_length, index as u32).unwrap();
    Cidr::containing(unit.first(), unit_length - order).unwrap()
}

/// The linear-scan twin: which units are free, one flag each, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bitmap([bool; UNITS]);

impl Bitmap {
    fn is_free(&self, first: usize, order: u8) -> bool {
        self.0[first..first + (1 << order)].iter().all(|free| *free)
    }

    fn set(&mut self, first: usize, order: u8, free: bool) {
        self.0[first..first + (1 << order)].fill(free);
    }

    fn aligned(order: u8) -> impl Iterator<Item = usize> {
        (0..UNITS).step_by(1 << order)
    }

    /// The order of the largest aligned free block that holds this free unit.
    fn class(&self, unit: usize) -> u8 {
        (0..=ORDERS).rev().find(|order| self.is_free(unit >> order << order, *order)).unwrap()
    }

    /// Best fit at the lowest address, by looking at every slot.
    fn allocate(&mut self, order: u8) -> Option<usize> {
        let slots = Bitmap::aligned(order).filter(|first| self.is_free(*first, order));
        let first = slots.min_by_key(|first| (self.class(*first), *first))?;
        self.set(first, order, false);
        Some(first)
    }

    fn fits(&self, order: u8) -> usize {
        Bitmap::aligned(order).filter(|first| self.is_free(*first, order)).count()
    }

    /// Whether some placement serves all these orders, by trying every one.
    fn some_placement(&self, orders: &[u8]) -> bool {
        let Some((order, rest)) = orders.split_first() else { return true };
        Bitmap::aligned(*order).filter(|first| self.is_free(*first, *order)).any(|first| {
            let mut after = *self;
            after.set(first, *order, false);
            after.some_placement(rest)
        })
    }
}

/// A pool with the units that the list of taken runs leaves free, in both forms.
fn with_holes(pool: Cidr, unit: u8, holes: &[(usize, u8)]) -> (FreeSpace, Bitmap) {
    let mut bitmap = Bitmap([true; UNITS]);
    let taken: Vec<Cidr> = holes.iter().map(|(index, order)| units(pool, unit, *index, *order)).collect();
    for (index, order) in holes {
        bitmap.set(index >> order << order, *order, false);
    }
    (FreeSpace::new(pool, taken), bitmap)
}

#[derive(Clone, Debug)]
enum Step {
    Allocate(u8),
    Take(usize, u8),
    Release(usize),
    ReleaseAny(usize, u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..=ORDERS).prop_map(Step::Allocate),
        2 => (0..UNITS, 0..=ORDERS).prop_map(|(index, order)| Step::Take(index, order)),
        3 => (0..64usize).prop_map(Step::Release),
        1 => (0..UNITS, 0..=ORDERS).prop_map(|(index, order)| Step::ReleaseAny(index, order)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The theorem: arrivals are served exactly when any placement could serve them.
    #[test]
    fn best_fit_serves_arrivals_exactly_when_some_placement_could(
        (pool, unit) in proptest::sample::select(&POOLS[..]),
        holes in vec((0..UNITS, 0..3u8), 8..16),
        requests in vec(0..4u8, 1..6),
    ) {
        let (mut space, bitmap) = with_holes(cidr(pool), unit, &holes);
        let inequality = (0..=ORDERS).all(|order| {
            let asked: usize = requests.iter().filter(|r| **r >= order).map(|r| 1 << (r - order)).sum();
            asked as u128 <= space.fits(unit - order)
        });
        let served = requests.iter().all(|order| space.allocate(unit - order).is_some());
        prop_assert_eq!(served, bitmap.some_placement(&requests));
        prop_assert_eq!(served, inequality);
    }

    /// Every answer equals that of the twin; what is handed out lies in the pool and touches nothing
    /// else; and the free set is always the one that a rebuild from the taken blocks gives.
    #[test]
    fn any_history_equals_a_linear_scan_and_a_rebuild(
        (pool, unit) in proptest::sample::select(&POOLS[..]),
        holes in vec((0..UNITS, 0..3u8), 0..4),
        steps in vec(step(), 1..60),
    ) {
        let pool = cidr(pool);
        let (mut space, mut bitmap) = with_holes(pool, unit, &holes);
        let reserved: Vec<Cidr> = holes.iter().map(|(index, order)| units(pool, unit, *index, *order)).collect();
        let mut live: Vec<(usize, u8)> = Vec::new();
        for step in steps {
            match step {
                Step::Allocate(order) => {
                    let expected = bitmap.allocate(order);
                    let candidate = space.candidate(unit - order);
                    let got = space.allocate(unit - order);
                    prop_assert_eq!(got, candidate);
                    prop_assert_eq!(got, expected.map(|first| units(pool, unit, first, order)));
                    if let (Some(block), Some(first)) = (got, expected) {
                        prop_assert!(pool.contains(&block));
                        let mut others = live.iter().map(|(first, order)| units(pool, unit, *first, *order));
                        prop_assert!(!others.any(|other| other.overlaps(&block)));
                        prop_assert!(!reserved.iter().any(|other| other.overlaps(&block)));
                        live.push((first, order));
                    }
                }
                Step::Take(index, order) => {
                    let first = index >> order << order;
                    let free = bitmap.is_free(first, order);
                    prop_assert_eq!(space.take(units(pool, unit, first, order)), free);
                    if free {
                        bitmap.set(first, order, false);
                        live.push((first, order));
                    }
                }
                Step::Release(which) if !live.is_empty() => {
                    let (first, order) = live.swap_remove(which % live.len());
                    prop_assert!(space.release(units(pool, unit, first, order)));
                    bitmap.set(first, order, true);
                }
                Step::ReleaseAny(index, order) => {
                    // Only refusals here: what is wholly taken belongs to somebody in `live`.
                    let first = index >> order << order;
                    let some_free = bitmap.0[first..first + (1 << order)].contains(&true);
                    if some_free {
                        prop_assert!(!space.release(units(pool, unit, first, order)));
                    }
                }
                Step::Release(_) => {}
            }
            let taken = live.iter().map(|(first, order)| units(pool, unit, *first, *order));
            prop_assert_eq!(&space, &FreeSpace::new(pool, taken.chain(reserved.iter().copied())));
        }
        for order in 0..=ORDERS {
            prop_assert_eq!(space.fits(unit - order), bitmap.fits(order) as u128);
        }
    }
}

#[test]
fn a_rebuilt_space_goes_on_exactly_where_the_old_one_stopped() {
    let pool = cidr("10.0.0.0/12");
    let mut space = FreeSpace::new(pool, []);
    let taken: Vec<Cidr> = (0..500).filter_map(|n| space.allocate(20 + (n * 7 % 9) as u8)).collect();
    assert_eq!(taken.len(), 500);
    let mut rebuilt = FreeSpace::new(pool, taken.iter().rev().copied());
    assert_eq!(rebuilt, space);
    assert_eq!(rebuilt.allocate(23), space.allocate(23));
    assert!(taken.iter().all(|block| matches!(block.first(), IpAddr::V4(_)) && pool.contains(block)));
}
