//! The free addresses of one pool, and the choice of a block among them.
//!
//! Goes in: a pool, the blocks that are taken, and then requests by prefix length. Comes out: one
//! block each, none touching another. Which pool a request may use, what is reserved or waits in
//! quarantine, and who gets the block are for the planner; here a block is either free or not.
//!
//! **Best fit by size class, at the lowest address.** Free space is the set of maximal aligned free
//! blocks. A request is cut from the smallest of them that can hold it, and of those from the one
//! with the lowest address. For requests without releases this is optimal, whatever holes the pool
//! has at the start: a sequence is served exactly when some placement, even one that knows all the
//! requests beforehand, could serve it. That is the case when for every prefix length `k`
//!
//! ```text
//! sum over the requests r that are at least as large as a /k, of the number of /k in r  <=  fits(k)
//! ```
//!
//! Proof: a request for a /r lowers `fits(k)` by the same amount for every `k` from /r on, whatever
//! block is chosen, and by one for every larger size up to the block that is split. Best fit splits
//! the smallest block, so it never has less of any size than another allocator would have. The order
//! within a batch therefore never decides whether it fits. (With releases no allocator that leaves
//! blocks where they are can promise this.)
//!
//! The free set is derived from the taken blocks and never stored, so the two cannot disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::network::Cidr;

/// The free part of one pool, as maximal aligned blocks. One code path serves IPv4 and IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    pool: Cidr,
    /// How many bits an address has: 32 or 128.
    width: u8,
    /// First addresses of the free blocks, by depth: how many bits longer than the pool's their
    /// prefix is. Depth 0 is the whole pool.
    by_depth: Vec<BTreeSet<u128>>,
    /// Bit `d` is set if depth `d` has a free block. Depth 128 (single addresses of `::/0`) has no
    /// bit: the mask only answers which *larger* block can be split, and none is larger from there.
    occupied: u128,
}

impl FreeSpace {
    /// Everything in the pool that no taken block covers. Taken blocks may overlap one another, hold
    /// the whole pool, or lie outside of it.
    pub fn new(pool: Cidr, taken: impl IntoIterator<Item = Cidr>) -> Self {
        let width = if pool.is_v4() { 32 } else { 128 };
        let depths = usize::from(width - pool.length()) + 1;
        let mut space = FreeSpace { pool, width, by_depth: Vec::new(), occupied: 0 };

        let mut taken: Vec<Cidr> = taken.into_iter().filter(|block| block.overlaps(&pool)).collect();
        taken.sort_unstable();
        let mut found = vec![Vec::new(); depths];
        // The first address that no block before covers; none when the last address of all is covered.
        let mut next = Some(pool.first_number());
        for block in taken {
            let Some(gap) = next else { break };
            if block.first_number() > gap {
                space.cut_gap(gap, block.first_number() - 1, &mut found);
            }
            next = block.last_number().checked_add(1).map(|after| after.max(gap));
        }
        if let Some(gap) = next.filter(|gap| *gap <= pool.last_number()) {
            space.cut_gap(gap, pool.last_number(), &mut found);
        }

        space.by_depth = found.into_iter().map(BTreeSet::from_iter).collect();
        space.occupied = (0..128)
            .filter(|depth| space.by_depth.get(*depth).is_some_and(|blocks| !blocks.is_empty()))
            .fold(0, |mask, depth| mask | 1 << depth);
        space
    }

    /// The pool that this is the free part of.
    pub fn pool(&self) -> Cidr {
        self.pool
    }

    /// Takes a block of this prefix length: from the smallest free block that holds one, at the
    /// lowest address. `None` if there is none, or if the length is no length of a block of the pool.
    #[must_use]
    pub fn allocate(&mut self, length: u8) -> Option<Cidr> {
        let depth = self.depth(length)?;
        let from = self.best_depth(depth)?;
        let first = *self.by_depth[from].first()?;
        let block = self.block(first, depth)?;
        self.remove(from, first);
        self.free_siblings(from, depth, first);
        Some(block)
    }

    /// The prefix length of the block that [`FreeSpace::allocate`] would take from. Of several pools
    /// that may serve a request, the theorem wants the one where this is greatest.
    pub fn best_fit(&self, length: u8) -> Option<u8> {
        let depth = self.best_depth(self.depth(length)?)?;
        Some(self.length(depth))
    }

    /// The block that [`FreeSpace::allocate`] would take.
    pub fn candidate(&self, length: u8) -> Option<Cidr> {
        let depth = self.depth(length)?;
        let from = self.best_depth(depth)?;
        self.block(*self.by_depth[from].first()?, depth)
    }

    /// Takes exactly this block, and says whether it was wholly free; if not, nothing changes.
    #[must_use]
    pub fn take(&mut self, block: Cidr) -> bool {
        let Some(depth) = self.depth_of(&block) else { return false };
        let first = block.first_number();
        let Some(from) = self.covering(depth, first) else { return false };
        self.remove(from, self.align(first, from));
        self.free_siblings(from, depth, first);
        true
    }

    /// Gives a block back, merged with its free neighbours, and says whether it was wholly taken;
    /// if not, or if it lies outside the pool, nothing changes.
    #[must_use]
    pub fn release(&mut self, block: Cidr) -> bool {
        let Some(depth) = self.depth_of(&block) else { return false };
        let (first, last) = (block.first_number(), block.last_number());
        let free_inside =
            || self.by_depth[depth + 1..].iter().any(|blocks| blocks.range(first..=last).next().is_some());
        if self.covering(depth, first).is_some() || free_inside() {
            return false;
        }
        let (mut depth, mut first) = (depth, first);
        while depth > 0 && self.remove(depth, self.buddy(first, depth)) {
            depth -= 1;
            first = self.align(first, depth);
        }
        self.insert(depth, first);
        true
    }

    /// Whether no address of this block is taken.
    pub fn is_free(&self, block: Cidr) -> bool {
        self.depth_of(&block).is_some_and(|depth| self.covering(depth, block.first_number()).is_some())
    }

    /// How many addresses are free; `u128::MAX` if all of `::/0` is, which has one more.
    pub fn free_addresses(&self) -> u128 {
        self.fits(self.width)
    }

    /// The prefix length of the largest free block.
    pub fn largest(&self) -> Option<u8> {
        let depth = self.by_depth.iter().position(|blocks| !blocks.is_empty())?;
        Some(self.length(depth))
    }

    /// How many maximal free blocks there are of each prefix length that has any.
    pub fn counts(&self) -> BTreeMap<u8, usize> {
        self.by_depth
            .iter()
            .enumerate()
            .filter(|(_, blocks)| !blocks.is_empty())
            .map(|(depth, blocks)| (self.length(depth), blocks.len()))
            .collect()
    }

    /// How many blocks of this prefix length could be taken one after the other.
    pub fn fits(&self, length: u8) -> u128 {
        let Some(depth) = self.depth(length) else { return 0 };
        self.by_depth[..=depth]
            .iter()
            .enumerate()
            .filter(|(_, blocks)| !blocks.is_empty())
            .map(|(from, blocks)| {
                let each = u32::try_from(depth - from).ok().and_then(|bits| 1u128.checked_shl(bits));
                each.and_then(|each| each.checked_mul(blocks.len() as u128)).unwrap_or(u128::MAX)
            })
            .fold(0, u128::saturating_add)
    }

    /// Adds the maximal aligned blocks of a gap (both ends included) to the lists by depth. Between
    /// two taken blocks no free block outside the gap could be a buddy of one inside.
    fn cut_gap(&self, mut first: u128, last: u128, found: &mut [Vec<u128>]) {
        loop {
            // One less than the room left, since all of `::/0` does not fit a u128.
            let room = last - first;
            let room_bits = room.checked_add(1).map_or(128, u128::ilog2);
            let bits = first.trailing_zeros().min(room_bits).min(u32::from(self.width)) as u8;
            found[usize::from(self.width - bits - self.pool.length())].push(first);
            let size_less_one = 1u128.checked_shl(u32::from(bits)).map_or(u128::MAX, |size| size - 1);
            if size_less_one >= room {
                return;
            }
            first += size_less_one + 1;
        }
    }

    /// The depth of the smallest free block that holds one of this depth.
    fn best_depth(&self, depth: usize) -> Option<usize> {
        if !self.by_depth[depth].is_empty() {
            return Some(depth);
        }
        let larger = match depth {
            128.. => self.occupied,
            _ => self.occupied & ((1u128 << depth) - 1),
        };
        larger.checked_ilog2().map(|found| found as usize)
    }

    /// The depth of the free block that holds the block of this depth and first address.
    fn covering(&self, depth: usize, first: u128) -> Option<usize> {
        (0..=depth).rev().find(|from| {
            !self.by_depth[*from].is_empty() && self.by_depth[*from].contains(&self.align(first, *from))
        })
    }

    /// After a block of depth `from` was removed: frees all of it but the block of depth `to` at `first`.
    fn free_siblings(&mut self, from: usize, to: usize, first: u128) {
        for depth in from + 1..=to {
            let buddy = self.buddy(self.align(first, depth), depth);
            self.insert(depth, buddy);
        }
    }

    fn insert(&mut self, depth: usize, first: u128) {
        self.by_depth[depth].insert(first);
        self.occupied |= bit(depth);
    }

    fn remove(&mut self, depth: usize, first: u128) -> bool {
        let removed = self.by_depth[depth].remove(&first);
        if self.by_depth[depth].is_empty() {
            self.occupied &= !bit(depth);
        }
        removed
    }

    /// The other half of the block that is twice as large; the depth is not 0.
    fn buddy(&self, first: u128, depth: usize) -> u128 {
        first ^ 1u128 << (self.width - self.length(depth))
    }

    /// The first address of the block of this depth that holds the address.
    fn align(&self, address: u128, depth: usize) -> u128 {
        let host_bits = u32::from(self.width - self.length(depth));
        u128::MAX.checked_shl(host_bits).unwrap_or(0) & address
    }

    fn depth(&self, length: u8) -> Option<usize> {
        (length <= self.width).then_some(())?;
        length.checked_sub(self.pool.length()).map(usize::from)
    }

    fn depth_of(&self, block: &Cidr) -> Option<usize> {
        if self.pool.contains(block) { self.depth(block.length()) } else { None }
    }

    /// A depth is at most 128, so it and its sum with the pool's length fit.
    fn length(&self, depth: usize) -> u8 {
        self.pool.length() + depth as u8
    }

    fn block(&self, first: u128, depth: usize) -> Option<Cidr> {
        let address = match self.width {
            32 => IpAddr::V4(u32::try_from(first).ok()?.into()),
            _ => IpAddr::V6(first.into()),
        };
        Cidr::containing(address, self.length(depth))
    }
}

/// The bit of a depth in the mask, if it has one.
fn bit(depth: usize) -> u128 {
    u32::try_from(depth).ok().and_then(|depth| 1u128.checked_shl(depth)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
