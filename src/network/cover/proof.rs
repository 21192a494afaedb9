//! The proof that a cover cannot be shorter, checked.

use crate::network::cover::{Opening, Packet, Proved, difference};
use crate::network::{Cidr, Icmp, Traffic};

/// What is wrong with a cover of these openings; `None` if it allows the same packets and its witnesses
/// prove that there is none with fewer rules.
///
/// A rule that may be in some cover allows nothing that is not allowed. If none such holds two of the
/// witnesses, every cover has a rule for each. Looks at every pair, and so is for tests and tools.
pub fn flaw(openings: &[Opening], cover: &[Proved]) -> Option<String> {
    let covering: Vec<Opening> = cover.iter().map(|one| one.opening).collect();
    if let Some(packet) = difference(openings, &covering) {
        return Some(format!("{packet:?} is not let through by both"));
    }
    for (position, one) in cover.iter().enumerate() {
        let Some(alone) = around(one.witness, one.witness) else { return Some(format!("{one:?}")) };
        if !allows(openings, alone) || !one.opening.range.contains(&alone.range) {
            return Some(format!("the witness of {one:?} is not one"));
        }
        for other in &cover[position + 1..] {
            if around(one.witness, other.witness).is_some_and(|both| allows(openings, both)) {
                return Some(format!("one rule could hold the witnesses of {one:?} and {other:?}"));
            }
        }
    }
    None
}

fn allows(openings: &[Opening], all_of: Opening) -> bool {
    difference(openings, &[openings, &[all_of]].concat()).is_none()
}

/// The smallest opening that holds both packets; none if they are of two families.
fn around(one: Packet, other: Packet) -> Option<Opening> {
    let longest = if one.address.is_ipv4() { 32 } else { 128 };
    let lengths = (0..=longest).rev().filter_map(|length| Cidr::containing(one.address, length));
    let range = lengths.into_iter().find(|range| range.contains_address(other.address))?;
    Some(Opening { range, traffic: hull(one.traffic, other.traffic) })
}

fn hull(one: Traffic, other: Traffic) -> Traffic {
    let joined = |one: (u16, u16), other: (u16, u16)| (one.0.min(other.0), one.1.max(other.1));
    match (one, other) {
        (Traffic::Tcp(one), Traffic::Tcp(other)) => Traffic::Tcp(joined(one, other)),
        (Traffic::Udp(one), Traffic::Udp(other)) => Traffic::Udp(joined(one, other)),
        (Traffic::Icmp(one), Traffic::Icmp(other)) => Traffic::Icmp(messages(one, other)),
        (Traffic::Icmp6(one), Traffic::Icmp6(other)) => Traffic::Icmp6(messages(one, other)),
        (one, other) if one == other => one,
        _ => Traffic::All,
    }
}

fn messages(one: Icmp, other: Icmp) -> Icmp {
    let kind = |icmp| match icmp {
        Icmp::Every => None,
        Icmp::Type(kind) | Icmp::TypeAndCode(kind, _) => Some(kind),
    };
    match (kind(one), kind(other)) {
        _ if one == other => one,
        (Some(kind), Some(same)) if kind == same => Icmp::Type(kind),
        _ => Icmp::Every,
    }
}
