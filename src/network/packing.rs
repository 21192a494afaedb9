//! How well the blocks of a pool are packed, beside the best that any placement could reach.
//!
//! Goes in: the pool as it would be if nothing were placed (reserved ranges taken out), and the
//! lengths of the blocks that are placed. Comes out: what a full repacking could gain. Nothing is ever
//! repacked, since a deployed network cannot move; the figure says how much that costs.
//!
//! Both answers are exact by the theorem of `free_space`: blocks fit into an empty pool if and only if
//! for every length `k` they hold no more blocks of length `k` than the empty pool does. That turns
//! "some placement exists" into one comparison for each length.

use std::collections::BTreeMap;

use crate::network::FreeSpace;

/// The lengths of the blocks in a pool, against the pool without them.
#[derive(Clone, Debug)]
pub struct Packing<'s> {
    empty: &'s FreeSpace,
    /// How many blocks there are of each prefix length.
    placed: BTreeMap<u8, u128>,
}

impl<'s> Packing<'s> {
    /// Blocks of these prefix lengths, placed anywhere in the pool.
    pub fn new(empty: &'s FreeSpace, placed: impl IntoIterator<Item = u8>) -> Self {
        let mut counts = BTreeMap::new();
        for length in placed {
            *counts.entry(length).or_default() += 1;
        }
        Packing { empty, placed: counts }
    }

    /// How many more blocks of this length the best placement of all blocks would leave room for.
    pub fn best_fits(&self, length: u8) -> u128 {
        let room = |smaller: u8| self.slack(smaller) >> (smaller - length).min(127);
        (length..=self.longest()).map(room).min().unwrap_or(0)
    }

    /// How many of the blocks could double in place at most, all in one placement. The blocks that may
    /// double are given by length, and are among those that are placed.
    ///
    /// Smallest first is best: whatever length `k` one looks at, doubling a smaller block takes no
    /// more blocks of length `k` than doubling a larger one.
    pub fn best_doublings(&self, candidates: &BTreeMap<u8, u128>) -> u128 {
        let mut packing = self.clone();
        let mut doubled = 0;
        for (length, count) in candidates.iter().rev() {
            let Some(twice) = length.checked_sub(1).filter(|twice| *twice >= self.empty.pool().length())
            else {
                continue;
            };
            let fit = packing.best_fits(*length).min(packing.slack(twice)).min(*count);
            // Less than `fit` are placed only if a candidate was made up.
            let placed = packing.placed.entry(*length).or_default();
            *placed = placed.saturating_sub(fit);
            *packing.placed.entry(twice).or_default() += fit;
            doubled += fit;
        }
        doubled
    }

    /// How many more blocks of this length the pool holds than the placed blocks of at least this size.
    fn slack(&self, length: u8) -> u128 {
        let larger = self.placed.range(..=length).map(|(placed, count)| {
            1u128.checked_shl(u32::from(length - placed)).unwrap_or(u128::MAX).saturating_mul(*count)
        });
        self.empty.fits(length).saturating_sub(larger.fold(0, u128::saturating_add))
    }

    fn longest(&self) -> u8 {
        if self.empty.pool().is_v4() { 32 } else { 128 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::network::Cidr;

    const LONGEST: u8 = 32;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    /// The most blocks of `length` that can be added after every possible order of placing the others:
    /// a search that knows nothing of the theorem.
    fn most_by_search(free: &[(u32, u8)], placed: &[u8], length: u8) -> u128 {
        let Some((first, rest)) = placed.split_first() else {
            return free
                .iter()
                .filter(|(_, from)| *from <= length)
                .map(|(_, from)| 1 << (length - from))
                .sum();
        };
        let mut best = 0;
        for (position, (start, from)) in free.iter().enumerate() {
            if from > first {
                continue;
            }
            let mut next = free.to_vec();
            next.remove(position);
            next.extend((from + 1..=*first).map(|depth| (start + (1 << (LONGEST - depth)), depth)));
            best = best.max(most_by_search(&next, rest, length));
        }
        best
    }

    /// Whether some placement of the blocks exists, found by trying all.
    fn placeable(free: &[(u32, u8)], wanted: &[u8]) -> bool {
        let Some((first, rest)) = wanted.split_first() else { return true };
        free.iter().enumerate().filter(|(_, (_, from))| from <= first).any(|(position, (start, from))| {
            let mut next = free.to_vec();
            next.remove(position);
            next.extend((from + 1..=*first).map(|depth| (start + (1 << (LONGEST - depth)), depth)));
            placeable(&next, rest)
        })
    }

    /// The free blocks of a space, for a search.
    fn blocks(space: &FreeSpace) -> Vec<(u32, u8)> {
        let mut rest = space.clone();
        let mut found = Vec::new();
        while let Some(length) = rest.largest()
            && let Some(block) = rest.allocate(length)
        {
            found.push((block.first_number() as u32, length));
        }
        found
    }

    proptest! {
        /// As many blocks can double as the best of all choices, each tried in all placements, doubles.
        #[test]
        fn the_most_blocks_that_can_double_are_what_a_search_finds(
            wishes in proptest::collection::vec(28..=32u8, 0..5),
            hole in proptest::option::of((28..=32u8, 0..64u32)),
        ) {
            let pool = cidr("10.0.0.0/27");
            let hole = hole.and_then(|(length, at)| pool.part(length, at % (1 << (length - 27))));
            let empty = FreeSpace::new(pool, hole);
            let mut space = empty.clone();
            let placed: Vec<u8> = wishes.into_iter().filter(|length| space.allocate(*length).is_some()).collect();
            let choices = 0..1u32 << placed.len();
            let doubled = |choice: u32| {
                let lengths = placed.iter().enumerate();
                lengths.map(|(at, length)| length - u8::from(choice & 1 << at != 0)).collect::<Vec<u8>>()
            };
            let possible = choices.filter(|choice| placeable(&blocks(&empty), &doubled(*choice)));
            let expected = possible.map(u32::count_ones).max().unwrap_or(0);
            let mut candidates = BTreeMap::new();
            placed.iter().for_each(|length| *candidates.entry(*length).or_default() += 1);
            prop_assert_eq!(Packing::new(&empty, placed).best_doublings(&candidates), u128::from(expected));
        }

        /// What a full repacking could offer is what an exhaustive search finds, in pools with holes.
        #[test]
        fn the_best_number_of_further_blocks_is_what_a_search_finds(
            wishes in proptest::collection::vec(27..=32u8, 0..5),
            holes in proptest::collection::vec((27..=32u8, 0..64u32), 0..3),
            length in 26..=32u8,
        ) {
            let pool = cidr("10.0.0.0/26");
            let holes: Vec<Cidr> =
                holes.iter().filter_map(|(length, at)| pool.part(*length, at % (1 << (length - 26)))).collect();
            let empty = FreeSpace::new(pool, holes.iter().copied());
            let mut space = empty.clone();
            let placed: Vec<u8> = wishes.into_iter().filter(|length| space.allocate(*length).is_some()).collect();
            let expected = most_by_search(&blocks(&empty), &placed, length);
            prop_assert_eq!(Packing::new(&empty, placed).best_fits(length), expected);
        }
    }

    #[test]
    fn a_pool_that_is_full_in_pieces_shows_what_a_repacking_would_give() {
        let empty = FreeSpace::new(cidr("10.0.0.0/24"), []);
        let every_other: Vec<Cidr> = (0..4).filter_map(|part| empty.pool().part(27, part * 2)).collect();
        let space = FreeSpace::new(empty.pool(), every_other.iter().copied());
        let packing = Packing::new(&empty, every_other.iter().map(Cidr::length));
        assert_eq!((space.fits(25), packing.best_fits(25)), (0, 1));
        assert_eq!((space.fits(27), packing.best_fits(27)), (4, 4));
    }

    #[test]
    fn blocks_double_while_there_is_room_the_smallest_first() {
        let empty = FreeSpace::new(cidr("10.0.0.0/24"), []);
        // A /25 and three /27: 32 addresses are free, enough to double one /27 and no /25.
        let packing = Packing::new(&empty, [25, 27, 27, 27]);
        assert_eq!(packing.best_doublings(&[(25, 1), (27, 3)].into()), 1);
        assert_eq!(packing.best_doublings(&[(25, 1)].into()), 0);
        // Nothing doubles beyond its pool.
        assert_eq!(Packing::new(&empty, [24]).best_doublings(&[(24, 1)].into()), 0);
        assert_eq!(Packing::new(&empty, [27, 27]).best_doublings(&[(27, 2)].into()), 2);
    }
}
