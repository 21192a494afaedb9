//! Below how many cells no placement can stay.
//!
//! Each thing that is counted is a bin packing problem of its own, whose bounds hold for the whole:
//! the sum of all demands over a cell's capacity, and the bound of Martello and Toth ("Lower bounds and
//! reduction procedures for the bin packing problem", 1990), which knows that two tenants of more than
//! half a cell do not meet. Only how often each demand occurs is kept, since tenants come in few sizes.

use std::collections::BTreeMap;

use crate::plan::placement::Capacity;

#[derive(Clone, Debug)]
pub(super) struct Bound {
    things: Vec<Thing>,
    /// What each group sets up.
    setups: Vec<Vec<u64>>,
}

/// The demands for one thing.
#[derive(Clone, Debug)]
struct Thing {
    capacity: Capacity,
    /// How often each demand occurs. One of nothing takes part in no bound.
    demands: BTreeMap<u64, u64>,
    /// What the groups set up that have a tenant among those demands which can share a cell.
    setup: u128,
    has_setup: Vec<bool>,
}

impl Bound {
    pub(super) fn new(capacities: &[Capacity]) -> Bound {
        let thing = |capacity: &Capacity| Thing {
            capacity: *capacity,
            demands: BTreeMap::new(),
            setup: 0,
            has_setup: Vec::new(),
        };
        Bound { things: capacities.iter().map(thing).collect(), setups: Vec::new() }
    }

    pub(super) fn add_group(&mut self, setup: &[u64]) {
        self.setups.push(setup.to_vec());
        for thing in &mut self.things {
            thing.has_setup.push(false);
        }
    }

    pub(super) fn add(&mut self, group: usize, demand: &[u64]) {
        for ((thing, demand), setup) in self.things.iter_mut().zip(demand).zip(&self.setups[group]) {
            if *demand == 0 {
                continue;
            }
            // With what its group sets up, it is more than a cell may be filled with, and lives alone.
            let alone = demand.saturating_add(*setup) > thing.capacity.fill;
            let counted = if alone { thing.capacity.fill.saturating_add(1) } else { *demand };
            *thing.demands.entry(counted).or_default() += 1;
            if !alone && !thing.has_setup[group] {
                thing.has_setup[group] = true;
                thing.setup += u128::from(*setup);
            }
        }
    }

    pub(super) fn cells(&self) -> usize {
        self.things.iter().map(|thing| thing.by_sum().max(thing.by_halves())).max().unwrap_or(0)
    }
}

impl Thing {
    /// Those who live alone, and as many cells as all others fill to the brim.
    fn by_sum(&self) -> usize {
        let fill = self.capacity.fill;
        let alone: u64 = self.demands.range(fill.saturating_add(1)..).map(|(_, times)| times).sum();
        let shared: u128 =
            self.demands.range(..=fill).map(|(demand, times)| u128::from(*demand) * u128::from(*times)).sum();
        whole(u128::from(alone) + (shared + self.setup).div_ceil(u128::from(fill.max(1))))
    }

    /// For each small size: whoever takes more than a cell less that size meets nobody of that size
    /// or above; of those over one half no two meet; and what is small, but not smaller than that
    /// size, fills what these leave and then cells of its own. A sweep over the sizes, from the
    /// largest that is small to the least.
    fn by_halves(&self) -> usize {
        let fill = u128::from(self.capacity.fill);
        let sizes = || self.demands.iter().map(|(size, times)| (u128::from(*size), u128::from(*times)));
        let is_small = |size: u128| 2 * size <= fill;
        // Those over one half, ascending: as the small size falls, more of them leave room for it.
        let mut large = sizes().filter(|(size, _)| !is_small(*size)).peekable();
        let all_large: u128 = sizes().filter(|(size, _)| !is_small(*size)).map(|(_, times)| times).sum();
        let (mut left_over, mut small, mut best) = (0u128, 0u128, all_large);
        for (size, times) in sizes().rev().filter(|(size, _)| is_small(*size)) {
            small += size * times;
            while let Some((one, often)) = large.next_if(|(one, _)| one + size <= fill) {
                left_over += (fill - one) * often;
            }
            best = best.max(all_large + small.saturating_sub(left_over).div_ceil(fill.max(1)));
        }
        whole(best)
    }
}

fn whole(cells: u128) -> usize {
    usize::try_from(cells).unwrap_or(usize::MAX)
}
