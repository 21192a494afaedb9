//! Who can be at an end of a packet: tenants, and shared workloads each by itself; and sets of them.

use crate::check::network::topology::Topology;

/// The ends, numbered: the tenants first, in their order, then the shared workloads.
pub(super) struct Nodes {
    tenants: usize,
    of_workload: Vec<u32>,
    shared: Vec<usize>,
}

impl Nodes {
    pub(super) fn new(topology: &Topology) -> Self {
        let tenants = topology.tenants.len();
        let mut shared = Vec::new();
        let mut node = |(number, owner): (usize, Option<usize>)| {
            let node = owner.unwrap_or_else(|| {
                shared.push(number);
                tenants + shared.len() - 1
            });
            // More than four thousand million workloads do not fit into memory.
            u32::try_from(node).unwrap_or(u32::MAX)
        };
        let owners = topology.workloads.iter().map(|workload| workload.owner).enumerate();
        let of_workload = owners.map(&mut node).collect();
        Nodes { tenants, of_workload, shared }
    }

    /// The node that a workload belongs to.
    pub(super) fn of(&self, workload: usize) -> u32 {
        self.of_workload[workload]
    }

    pub(super) fn count(&self) -> usize {
        self.tenants + self.shared.len()
    }

    pub(super) fn is_tenant(&self, node: u32) -> bool {
        (node as usize) < self.tenants
    }

    /// The shared workloads with their nodes.
    pub(super) fn shared(&self) -> impl Iterator<Item = (u32, usize)> {
        (self.tenants..)
            .zip(&self.shared)
            .map(|(node, workload)| (u32::try_from(node).unwrap_or(u32::MAX), *workload))
    }

    /// The tenants.
    pub(super) fn tenants(&self) -> NodeSet {
        let mut all = self.none();
        (0..self.tenants)
            .filter_map(|tenant| u32::try_from(tenant).ok())
            .for_each(|tenant| all.insert(tenant));
        all
    }

    /// The word in which the shared workloads begin.
    pub(super) fn first_shared_word(&self) -> usize {
        self.tenants / 64
    }

    pub(super) fn none(&self) -> NodeSet {
        NodeSet { words: vec![0; self.count().div_ceil(64)] }
    }
}

/// A set of nodes, one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NodeSet {
    words: Vec<u64>,
}

impl NodeSet {
    pub(super) fn insert(&mut self, node: u32) {
        self.words[node as usize / 64] |= 1 << (node % 64);
    }

    pub(super) fn remove(&mut self, node: u32) {
        self.words[node as usize / 64] &= !(1 << (node % 64));
    }

    pub(super) fn contains(&self, node: u32) -> bool {
        self.words[node as usize / 64] >> (node % 64) & 1 == 1
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    pub(super) fn add(&mut self, other: &NodeSet) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.iter_from(0)
    }

    /// The members from this word on.
    pub(super) fn iter_from(&self, start: usize) -> impl Iterator<Item = u32> {
        let bits = |(position, word): (usize, &u64)| {
            let (mut word, base) = (*word, position * 64);
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                u32::try_from(base).ok().map(|base| base + bit)
            })
        };
        self.words.iter().enumerate().skip(start).flat_map(bits)
    }
}
