//! Puts tenants into cells: which of the cells of one kind has room for one more.
//!
//! Goes in: how much a cell holds of each thing that is counted, what each tenant takes of it, and who
//! lives where already. Comes out: a cell for each newcomer, and below how many cells no placement
//! could stay. All cells here are of one kind: tenants that may not share a cell (another account,
//! Region, model, compliance or customisation) are kept in [`Cells`] of their own.
//!
//! Whoever has a cell stays there. A newcomer goes to the first cell that serves tenants of its group
//! already, else to the first with room for what its group sets up besides, else to a new one. "First
//! with room" is answered by a tournament tree whose nodes hold the most room below them, and not by
//! looking at each cell. Fuller cells first would be no better: on tenants of a few sizes first fit
//! meets the lower bound, and placing the large ones first, as one does offline, is worse there.

mod bound;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::plan::placement::bound::Bound;

/// How full newcomers may make a cell, in percent: the rest is room for those who live there to grow
/// in, since they never move.
const FILL_PERCENT: u64 = 85;

/// How much a cell holds of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// What a cell may never go beyond.
    most: u64,
    /// What newcomers may fill.
    fill: u64,
}

impl Capacity {
    /// All of it may be filled: for what tenants take once and do not grow in, such as their number.
    pub fn whole(most: u64) -> Capacity {
        Capacity { most, fill: most }
    }

    /// Newcomers leave room for those who live there to grow.
    pub fn with_room_to_grow(most: u64) -> Capacity {
        let fill = u128::from(most) * u128::from(FILL_PERCENT) / 100;
        Capacity { most, fill: u64::try_from(fill).unwrap_or(most) }
    }
}

/// A group of tenants that shares something in each cell: the position it was added at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(usize);

/// Not even an empty cell has room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The position of what runs out, in the order of the capacities.
    pub thing: usize,
    /// What the tenant and its group take of it.
    pub wanted: u64,
    /// What a cell holds.
    pub most: u64,
}

/// The cells of one kind.
#[derive(Clone, Debug)]
pub struct Cells {
    capacities: Vec<Capacity>,
    cells: Vec<Cell>,
    groups: Vec<Gathered>,
    /// The room of every cell.
    room: Tournament,
    bound: Bound,
}

#[derive(Clone, Debug)]
struct Cell {
    used: Vec<u64>,
    tenants: usize,
    groups: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
struct Gathered {
    setup: Vec<u64>,
    /// The room of those cells that serve the group already.
    room: Tournament,
}

impl Cells {
    /// No cells yet, each of which will hold so much.
    pub fn new(capacities: Vec<Capacity>) -> Cells {
        let room = Tournament::new(capacities.len());
        let bound = Bound::new(&capacities);
        Cells { capacities, cells: Vec::new(), groups: Vec::new(), room, bound }
    }

    /// A group whose tenants share something: what a cell gives for the first of them, besides what
    /// that tenant takes. `setup` is in the order of the capacities.
    pub fn add_group(&mut self, setup: Vec<u64>) -> Group {
        debug_assert_eq!(setup.len(), self.capacities.len());
        let room = Tournament::new(self.capacities.len());
        self.bound.add_group(&setup);
        self.groups.push(Gathered { setup, room });
        Group(self.groups.len() - 1)
    }

    /// A cell that exists; comes back with its position. Cells are filled in this order.
    pub fn add_cell(&mut self) -> usize {
        let used = vec![0; self.capacities.len()];
        self.cells.push(Cell { used, tenants: 0, groups: BTreeSet::new() });
        self.update(self.cells.len() - 1);
        self.cells.len() - 1
    }

    /// A tenant that lives in a cell already, whether there is room for it or not: it never moves.
    pub fn hold(&mut self, cell: usize, group: Group, demand: &[u64]) {
        debug_assert_eq!(demand.len(), self.capacities.len());
        self.bound.add(group.0, demand);
        let held = &mut self.cells[cell];
        add(&mut held.used, demand);
        held.tenants += 1;
        if held.groups.insert(group.0) {
            add(&mut held.used, &self.groups[group.0].setup);
        }
        self.update(cell);
    }

    /// The first cell with room for a newcomer that `accepts` does not refuse for other reasons.
    pub fn find(&self, group: Group, demand: &[u64], accepts: impl Fn(usize) -> bool) -> Option<usize> {
        let gathered = &self.groups[group.0];
        gathered.room.first(demand, &accepts).or_else(|| {
            let mut with_setup = demand.to_vec();
            add(&mut with_setup, &gathered.setup);
            self.room.first(&with_setup, &accepts)
        })
    }

    /// A cell for a newcomer, which is held there from now on.
    ///
    /// # Errors
    /// What a cell of its own would not hold.
    pub fn place(&mut self, group: Group, demand: &[u64]) -> Result<usize, TooLarge> {
        let cell = match self.find(group, demand, |_| true) {
            Some(cell) => cell,
            None => {
                self.fits_alone(group, demand)?;
                self.add_cell()
            }
        };
        self.hold(cell, group, demand);
        Ok(cell)
    }

    /// How many cells there are.
    pub fn count(&self) -> usize {
        self.cells.len()
    }

    /// What a cell has given, in the order of the capacities.
    pub fn used(&self, cell: usize) -> &[u64] {
        &self.cells[cell].used
    }

    /// How many tenants live in a cell.
    pub fn tenants(&self, cell: usize) -> usize {
        self.cells[cell].tenants
    }

    /// As many cells at least would any placement of all these tenants need that leaves the same room
    /// to grow.
    pub fn lower_bound(&self) -> usize {
        self.bound.cells()
    }

    /// Whether a cell of its own would hold a newcomer.
    ///
    /// # Errors
    /// What it would not hold.
    pub fn fits_alone(&self, group: Group, demand: &[u64]) -> Result<(), TooLarge> {
        let setup = &self.groups[group.0].setup;
        for (thing, capacity) in self.capacities.iter().enumerate() {
            let wanted = demand[thing].saturating_add(setup[thing]);
            if wanted > capacity.most {
                return Err(TooLarge { thing, wanted, most: capacity.most });
            }
        }
        Ok(())
    }

    /// Tells the trees how much room a cell has. Who comes first may take all of an empty one: it has
    /// to live somewhere, and no other cell would be larger.
    fn update(&mut self, position: usize) {
        let cell = &self.cells[position];
        let limit = |capacity: &Capacity| if cell.tenants == 0 { capacity.most } else { capacity.fill };
        let room: Vec<u64> = self
            .capacities
            .iter()
            .zip(&cell.used)
            .map(|(capacity, used)| limit(capacity).saturating_sub(*used))
            .collect();
        self.room.set(position, &room);
        for group in &cell.groups {
            self.groups[*group].room.set(position, &room);
        }
    }
}

fn add(sum: &mut [u64], more: &[u64]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
}

/// Finds the first cell with room for a demand. A complete binary tree: the leaves are the cells'
/// rooms, and an inner node holds the greater of its two children's in each thing on its own. So what
/// does not fit a node fits no cell below it; what does may still fit none.
#[derive(Clone, Debug)]
struct Tournament {
    things: usize,
    /// A power of two.
    leaves: usize,
    /// Room plus one, so that where no cell stands there is not even room for nothing. The root is
    /// node 1, and the children of node `n` are `2n` and `2n + 1`.
    nodes: Vec<u64>,
}

impl Tournament {
    fn new(things: usize) -> Tournament {
        Tournament { things, leaves: 1, nodes: vec![0; 2 * things] }
    }

    fn set(&mut self, cell: usize, room: &[u64]) {
        while cell >= self.leaves {
            self.grow();
        }
        let mut node = self.leaves + cell;
        for (thing, room) in room.iter().enumerate() {
            self.nodes[node * self.things + thing] = room.saturating_add(1);
        }
        while node > 1 {
            node /= 2;
            self.settle(node);
        }
    }

    /// The first cell whose room is at least the demand in everything.
    fn first(&self, demand: &[u64], accepts: &impl Fn(usize) -> bool) -> Option<usize> {
        let mut open = vec![1];
        while let Some(node) = open.pop() {
            let room = &self.nodes[node * self.things..][..self.things];
            if !room.iter().zip(demand).all(|(room, wanted)| room > wanted) {
                continue;
            }
            if node < self.leaves {
                open.extend([2 * node + 1, 2 * node]);
            } else if accepts(node - self.leaves) {
                return Some(node - self.leaves);
            }
        }
        None
    }

    /// Makes an inner node say the greater of its children's rooms.
    fn settle(&mut self, node: usize) {
        for thing in 0..self.things {
            let child = |child: usize| self.nodes[(2 * node + child) * self.things + thing];
            self.nodes[node * self.things + thing] = child(0).max(child(1));
        }
    }

    /// Doubles the leaves: what there was becomes the left half of a new tree.
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.nodes);
        let leaves = &old[self.leaves * self.things..];
        self.leaves *= 2;
        self.nodes = vec![0; 2 * self.leaves * self.things];
        let start = self.leaves * self.things;
        self.nodes[start..start + leaves.len()].copy_from_slice(leaves);
        for node in (1..self.leaves).rev() {
            self.settle(node);
        }
    }
}
