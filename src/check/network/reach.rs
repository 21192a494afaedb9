//! Which node reaches which: a relation that can be as large as all pairs, kept small.
//!
//! Where many reach many by the same two rules, the relation is a product of two sets, and is kept as that;
//! the rest are single pairs.

use crate::check::network::nodes::{NodeSet, Nodes};

/// A relation between nodes.
pub(super) struct Reach {
    pairs: Vec<(u32, u32)>,
    products: Vec<(NodeSet, NodeSet)>,
}

impl Reach {
    /// The union of products and pairs; no node reaches itself.
    pub(super) fn new(mut pairs: Vec<(u32, u32)>, mut products: Vec<(NodeSet, NodeSet)>) -> Self {
        pairs.retain(|(from, to)| from != to);
        pairs.sort_unstable();
        pairs.dedup();
        products.dedup();
        Reach { pairs, products }
    }

    /// Whom a node reaches, into a set that is taken over again.
    pub(super) fn row(&self, from: u32, row: &mut NodeSet) {
        row.clear();
        for (senders, receivers) in &self.products {
            if senders.contains(from) {
                row.add(receivers);
            }
        }
        let start = self.pairs.partition_point(|(other, _)| *other < from);
        self.pairs[start..]
            .iter()
            .take_while(|(other, _)| *other == from)
            .for_each(|(_, to)| row.insert(*to));
        row.remove(from);
    }

    /// Whether nobody reaches anybody.
    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.products.is_empty()
    }

    /// Every pair, in order, until told to stop.
    pub(super) fn each(&self, nodes: &Nodes, mut told: impl FnMut(u32, u32) -> bool) {
        if self.is_empty() {
            return;
        }
        let mut row = nodes.none();
        for from in 0..u32::try_from(nodes.count()).unwrap_or(u32::MAX) {
            self.row(from, &mut row);
            if !row.iter().all(|to| told(from, to)) {
                return;
            }
        }
    }
}
