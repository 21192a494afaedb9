//! The cover of one kind of traffic in one family: blocks of addresses by ports.
//!
//! One walk down the tree of blocks that rules name, skipping blocks that nothing branches at. What comes
//! back from a block is `P`, the ports that all its addresses allow, and the maximal runs of ports that
//! some address in it has and that are runs of `P` too. A run that stops being one is a rule.

use std::net::IpAddr;

use crate::network::Cidr;
use crate::network::cover::intervals::{first_outside, intersection, join, union};
use crate::network::traffic::Ports;

const EVERY_PORT: Ports = (0, u16::MAX);

/// A block of addresses as its first number and how many of the leading bits are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub(super) first: u128,
    pub(super) length: u8,
    /// Bits of an address.
    width: u8,
}

/// A rule as it was said.
pub(super) struct Rule {
    pub(super) range: Block,
    pub(super) ports: Ports,
}

/// A rule of the cover, with the address and port of its witness.
pub(super) struct Found {
    pub(super) block: Block,
    pub(super) ports: Ports,
    pub(super) witness: (u128, u16),
}

impl From<Cidr> for Block {
    fn from(cidr: Cidr) -> Block {
        let width = if cidr.is_v4() { 32 } else { 128 };
        Block { first: cidr.first_number(), length: cidr.length(), width }
    }
}

impl Block {
    fn all(v4: bool) -> Block {
        Block { first: 0, length: 0, width: if v4 { 32 } else { 128 } }
    }

    pub(super) fn cidr(self, v4: bool) -> Option<Cidr> {
        Cidr::containing(address(self.first, v4)?, self.length)
    }

    fn last(self) -> u128 {
        let host = u32::from(self.width - self.length);
        self.first | 1u128.checked_shl(host).map_or(u128::MAX, |size| size - 1)
    }

    fn contains(self, other: Block) -> bool {
        self.first <= other.first && other.last() <= self.last()
    }

    /// The first number of the upper half.
    fn middle(self) -> u128 {
        self.first | 1u128.checked_shl(u32::from(self.width - self.length) - 1).unwrap_or(0)
    }

    fn half(self, upper: bool) -> Block {
        let first = if upper { self.middle() } else { self.first };
        Block { first, length: self.length + 1, width: self.width }
    }

    /// The smallest block that holds both.
    fn around(self, other: Block) -> Block {
        let differing = (self.first ^ other.first).leading_zeros() as u8 - (128 - self.width);
        let length = differing.min(self.length).min(other.length);
        let host = u32::from(self.width - length);
        let first = self.first & u128::MAX.checked_shl(host).unwrap_or(0);
        Block { first, length, width: self.width }
    }
}

/// The address of a number in a family.
pub(super) fn address(number: u128, v4: bool) -> Option<IpAddr> {
    if v4 { Some(IpAddr::V4(u32::try_from(number).ok()?.into())) } else { Some(IpAddr::V6(number.into())) }
}

/// The fewest rules with the same packets, where all packets of the free blocks may be covered and
/// need not be.
pub(super) fn cover(mut rules: Vec<Rule>, mut free: Vec<Block>, v4: bool) -> Vec<Found> {
    free.sort_unstable();
    rules.sort_unstable_by_key(|rule| (rule.range, rule.ports));
    let mut walk = Walk { found: Vec::new() };
    let nodes = nodes(&rules, &free);
    let top = walk.solve(Block::all(v4), &[], &nodes);
    for run in top.live {
        walk.found.push(Found {
            block: Block::all(v4),
            ports: run.ports,
            witness: (run.address, run.ports.0),
        });
    }
    walk.found
}

/// What is said of one block, of which there is at least something.
struct Node {
    block: Block,
    /// `None` for a free block.
    ports: Option<Vec<Ports>>,
}

/// The blocks that rules name, in order, without those that lie in a free one.
fn nodes(rules: &[Rule], free: &[Block]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::with_capacity(rules.len() + free.len());
    let mut free = free.iter().copied().peekable();
    let mut open: Option<Block> = None;
    let mut take_free = |nodes: &mut Vec<Node>, up_to: Option<Block>, open: &mut Option<Block>| {
        while let Some(block) = free.next_if(|block| up_to.is_none_or(|up_to| *block <= up_to)) {
            if !open.is_some_and(|open| open.contains(block)) {
                nodes.push(Node { block, ports: None });
                *open = Some(block);
            }
        }
    };
    for rule in rules {
        take_free(&mut nodes, Some(rule.range), &mut open);
        if open.is_some_and(|open| open.contains(rule.range)) {
            continue;
        }
        match nodes.last_mut() {
            Some(Node { block, ports: Some(ports) }) if *block == rule.range => ports.push(rule.ports),
            _ => nodes.push(Node { block: rule.range, ports: Some(vec![rule.ports]) }),
        }
    }
    take_free(&mut nodes, None, &mut open);
    for node in &mut nodes {
        if let Some(ports) = &mut node.ports {
            join(ports);
        }
    }
    nodes
}

/// A maximal run of ports, and an address of the block at hand that has it.
#[derive(Clone, Copy)]
struct Run {
    ports: Ports,
    address: u128,
}

struct Solved {
    /// What all addresses allow.
    allowed: Vec<Ports>,
    /// Its runs that are runs of some address too, in order.
    live: Vec<Run>,
}

struct Walk {
    found: Vec<Found>,
}

impl Walk {
    /// `below` are the nodes inside `at`, in order; `inherited` is what larger blocks allow.
    fn solve(&mut self, at: Block, inherited: &[Ports], below: &[Node]) -> Solved {
        let mut below = below;
        let own = below.first().filter(|node| node.block == at);
        let ports = match own {
            Some(Node { ports: None, .. }) => return Solved { allowed: vec![EVERY_PORT], live: Vec::new() },
            Some(Node { ports: Some(ports), .. }) => {
                below = &below[1..];
                union(inherited, ports)
            }
            None => inherited.to_vec(),
        };
        let (Some(first), Some(last)) = (below.first(), below.last()) else {
            let live = runs(&ports, at.first);
            return Solved { allowed: ports, live };
        };
        let around = first.block.around(last.block);
        if around.length > at.length {
            let inner = self.solve(around, &ports, below);
            // Something of this block lies outside of all rules below it.
            let beside = if around.first < at.middle() { at.middle() } else { at.first };
            let live = runs(&ports, beside);
            self.emit(around, &inner.live, &ports, &live);
            return Solved { allowed: ports, live };
        }
        let cut = below.partition_point(|node| node.block.first < at.middle());
        let halves = [(at.half(false), &below[..cut]), (at.half(true), &below[cut..])];
        let [lower, upper] = halves.map(|(half, nodes)| (half, self.solve(half, &ports, nodes)));
        let allowed = intersection(&lower.1.allowed, &upper.1.allowed);
        let mut live: Vec<Run> = lower.1.live.iter().chain(&upper.1.live).copied().collect();
        live.retain(|run| allowed.binary_search(&run.ports).is_ok());
        live.sort_by_key(|run| run.ports);
        live.dedup_by_key(|run| run.ports);
        for (half, solved) in [lower, upper] {
            self.emit(half, &solved.live, &allowed, &live);
        }
        Solved { allowed, live }
    }

    /// The runs of a block that are no longer runs of the block around it, of which `allowed` is said,
    /// become rules. A run of the block around at either end of one has, if it is live, a rule of its own
    /// further up, and is left to it: rules overlap as little as they can.
    fn emit(&mut self, block: Block, runs: &[Run], allowed: &[Ports], live: &[Run]) {
        for run in runs {
            if allowed.binary_search(&run.ports).is_ok() {
                continue;
            }
            let Some(port) = first_outside(run.ports, allowed) else { continue };
            let mut ports = run.ports;
            let starts = |inner: &&Run| inner.ports.0 == run.ports.0 && inner.ports.1 < run.ports.1;
            let ends = |inner: &&Run| inner.ports.1 == run.ports.1 && inner.ports.0 > run.ports.0;
            if let Some(inner) = live.iter().find(starts) {
                ports.0 = inner.ports.1 + 1;
            }
            if let Some(inner) = live.iter().find(ends) {
                ports.1 = inner.ports.0 - 1;
            }
            self.found.push(Found { block, ports, witness: (run.address, port) });
        }
    }
}

fn runs(ports: &[Ports], address: u128) -> Vec<Run> {
    ports.iter().map(|ports| Run { ports: *ports, address }).collect()
}
