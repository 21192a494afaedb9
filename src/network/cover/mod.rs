//! The fewest rules that let through exactly the same packets.
//!
//! Goes in: openings, each a block of addresses with a kind of traffic; any number of them may overlap.
//! Comes out: a list of openings that allows the same packets, as short as any that does, with a
//! witness for each that proves it. The result depends on the allowed packets alone and not on how
//! they were said, so that a rule is not renamed by saying another one differently.
//!
//! Covering with rectangles is hard in general. Here one side of a rectangle is a block of addresses,
//! and any two blocks are nested or apart, which makes it easy. Let `P(v)` be the ports that *all*
//! addresses of block `v` allow: a rule `(v, ports)` is right if the ports lie in `P(v)`. For an address
//! `a` and a maximal run `c` of its ports, let `t` be the largest block around it of which `c` still is a
//! maximal run. Then the rules `(t, c)` are a cover and there is none with fewer. Above `t` no block allows
//! all of `c`, so some port of it can be had for `a` by a rule at `t` or below only; the blocks `t` of
//! other runs are other rules. That packet of `a` is the witness: no right rule holds two witnesses.
//!
//! Rules for all protocols have to stand wherever the other protocols are allowed; those of one protocol
//! are then counted outside of that area and may reach into it. The same holds for ICMP, its types and
//! their codes.

mod grid;
mod intervals;
mod proof;
mod symbols;
#[cfg(test)]
mod tests;
mod trie;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::network::{Cidr, Icmp, Traffic};

pub use grid::difference;
pub use proof::flaw;
pub use symbols::nested;

/// Packets that are let through: from or to any of these addresses, of this traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    pub range: Cidr,
    pub traffic: Traffic,
}

/// One packet: the address at the other end, and the narrowest traffic that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    pub address: IpAddr,
    pub traffic: Traffic,
}

/// An opening of a cover, and a packet that no rule of any cover can share with another's witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    pub opening: Opening,
    pub witness: Packet,
}

/// The fewest openings that allow the same packets as these, in order.
pub fn cover(openings: &[Opening]) -> Vec<Proved> {
    let mut covered = Vec::new();
    for family in [true, false] {
        let of_family = openings.iter().filter(|opening| opening.range.is_v4() == family);
        let mut by_kind: BTreeMap<Kind, Vec<trie::Rule>> = BTreeMap::new();
        for opening in of_family {
            let (kind, ports) = Kind::of(opening.traffic);
            by_kind.entry(kind).or_default().push(trie::Rule { range: opening.range.into(), ports });
        }
        // The area of each kind that contains others, which its own rules cover already.
        let mut areas: BTreeMap<Kind, Vec<trie::Block>> = BTreeMap::new();
        for (kind, rules) in by_kind {
            let broader = kind.broader();
            let free = broader.iter().filter_map(|broader| areas.get(broader)).flatten().copied().collect();
            let found = trie::cover(rules, free, family);
            if kind.has_narrower() {
                areas.insert(kind, found.iter().map(|one| one.block).collect());
            }
            for one in found {
                let (Some(range), Some(address)) =
                    (one.block.cidr(family), trie::address(one.witness.0, family))
                else {
                    continue;
                };
                covered.push(Proved {
                    opening: Opening { range, traffic: kind.traffic(one.ports) },
                    witness: Packet { address, traffic: kind.traffic((one.witness.1, one.witness.1)) },
                });
            }
        }
    }
    covered.sort_by_key(|one| one.opening);
    covered
}

/// Traffic without its ports. Broader kinds come before the narrower that they contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    All,
    Tcp,
    Udp,
    Number(u8),
    /// The protocol's number, and the messages.
    Icmp(bool, Icmp),
}

impl Kind {
    /// A kind of traffic and the ports of it; traffic without ports counts as port 0.
    fn of(traffic: Traffic) -> (Kind, (u16, u16)) {
        match traffic {
            Traffic::Tcp(ports) => (Kind::Tcp, ports),
            Traffic::Udp(ports) => (Kind::Udp, ports),
            Traffic::Icmp(icmp) => (Kind::Icmp(false, icmp), (0, 0)),
            Traffic::Icmp6(icmp) => (Kind::Icmp(true, icmp), (0, 0)),
            Traffic::Number(number) => (Kind::Number(number), (0, 0)),
            Traffic::All => (Kind::All, (0, 0)),
        }
    }

    fn traffic(self, ports: (u16, u16)) -> Traffic {
        match self {
            Kind::All => Traffic::All,
            Kind::Tcp => Traffic::Tcp(ports),
            Kind::Udp => Traffic::Udp(ports),
            Kind::Number(number) => Traffic::Number(number),
            Kind::Icmp(false, icmp) => Traffic::Icmp(icmp),
            Kind::Icmp(true, icmp) => Traffic::Icmp6(icmp),
        }
    }

    /// The kinds that contain all of this one.
    fn broader(self) -> Vec<Kind> {
        match self {
            Kind::All => Vec::new(),
            Kind::Icmp(six, Icmp::Type(_)) => vec![Kind::All, Kind::Icmp(six, Icmp::Every)],
            Kind::Icmp(six, Icmp::TypeAndCode(kind, _)) => {
                vec![Kind::All, Kind::Icmp(six, Icmp::Every), Kind::Icmp(six, Icmp::Type(kind))]
            }
            _ => vec![Kind::All],
        }
    }

    fn has_narrower(self) -> bool {
        matches!(self, Kind::All | Kind::Icmp(_, Icmp::Every | Icmp::Type(_)))
    }
}

/// The fewest blocks that hold exactly the addresses of these.
pub fn merged(ranges: &BTreeSet<Cidr>) -> BTreeSet<Cidr> {
    let openings: Vec<_> =
        ranges.iter().map(|range| Opening { range: *range, traffic: Traffic::All }).collect();
    cover(&openings).into_iter().map(|one| one.opening.range).collect()
}
