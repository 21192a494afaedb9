//! Filters, flattened: which peers and services a security group or a network ACL lets through.

use crate::check::network::doubt::Doubt;
use crate::check::network::interval::{Family, Range, Services, without};
use crate::check::network::topology::{Acl, AclEntry, Group, GroupRule, Peer, Topology, Workload};

/// What a filter lets through: these services, to or from these addresses and, if it names one, the bearers of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pass {
    pub(super) peer: Range,
    pub(super) group: Option<usize>,
    pub(super) services: Services,
}

impl Pass {
    /// All that a family has.
    pub(super) fn everything(family: Family) -> Self {
        Pass { peer: Range::everything(family), group: None, services: Services::ALL }
    }
}

/// Which way packets go, seen from the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Inward,
    Outward,
}

/// What the groups of a workload let through.
pub(super) fn of_groups(
    topology: &Topology,
    workload: &Workload,
    direction: Direction,
    family: Family,
    doubt: Doubt,
) -> Vec<Pass> {
    let Some(groups) = &workload.groups else { return vec![Pass::everything(family)] };
    let mut passes = Vec::new();
    if workload.more_groups && doubt.passes() {
        passes.push(Pass::everything(family));
    }
    for group in groups {
        for rule in rules(&topology.groups[*group], direction) {
            passes.extend(of_rule(topology, rule, family, doubt));
        }
    }
    passes.sort_unstable();
    passes.dedup();
    passes
}

/// The rules of a group in one direction.
pub(super) fn rules(group: &Group, direction: Direction) -> &[GroupRule] {
    match direction {
        Direction::Inward => &group.inward,
        Direction::Outward => &group.outward,
    }
}

/// What one rule lets through.
pub(super) fn of_rule(topology: &Topology, rule: &GroupRule, family: Family, doubt: Doubt) -> Vec<Pass> {
    let pass = |peer| Pass { peer, group: None, services: rule.services };
    match rule.peer {
        Peer::Block(block) if Family::of(&block) != family => Vec::new(),
        Peer::Block(block) => vec![pass(Range::of(&block))],
        Peer::Group(group) => vec![Pass { group: Some(group), ..pass(Range::everything(family)) }],
        Peer::List(list) => {
            let list = &topology.lists[list];
            let blocks = list.blocks.iter().filter(|block| Family::of(block) == family);
            let mut passes: Vec<_> = blocks.map(|block| pass(Range::of(block))).collect();
            passes.extend((list.open && doubt.passes()).then(|| pass(Range::everything(family))));
            passes
        }
        Peer::Unknown => doubt.passes().then(|| pass(Range::everything(family))).into_iter().collect(),
    }
}

/// What an ACL lets through: each entry that allows, without what entries before it deny.
pub(super) fn of_acl(
    acl: Option<&Acl>,
    direction: Direction,
    family: Family,
    doubt: Doubt,
) -> Vec<(Range, Services)> {
    let Some(acl) = acl else { return vec![(Range::everything(family), Services::ALL)] };
    let mut entries: Vec<_> = entries(acl, direction).iter().collect();
    entries.sort_by_key(|entry| (entry.number, entry.allow));
    let mut denied: Vec<(Range, Services)> = Vec::new();
    let mut allowed = Vec::new();
    for entry in entries {
        let Some(range) = entry_range(entry, family, doubt) else { continue };
        let area = (range, entry.services);
        if entry.allow {
            let whole = vec![area];
            allowed.extend(
                denied
                    .iter()
                    .fold(whole, |left, taken| left.into_iter().flat_map(|part| cut(part, *taken)).collect()),
            );
        } else {
            denied.push(area);
        }
    }
    allowed
}

/// The entries of an ACL in one direction.
pub(super) fn entries(acl: &Acl, direction: Direction) -> &[AclEntry] {
    match direction {
        Direction::Inward => &acl.inward,
        Direction::Outward => &acl.outward,
    }
}

/// The addresses that an entry speaks of; not known: all or none, whichever `doubt` asks for.
fn entry_range(entry: &AclEntry, family: Family, doubt: Doubt) -> Option<Range> {
    match entry.peer {
        Some(block) => (Family::of(&block) == family).then(|| Range::of(&block)),
        None => (entry.allow == doubt.passes()).then(|| Range::everything(family)),
    }
}

/// What is left of an area of addresses and services without another.
fn cut((range, services): (Range, Services), (other, others): (Range, Services)) -> Vec<(Range, Services)> {
    let (Some(range_met), Some(_)) = (range.meet(other), services.meet(others)) else {
        return vec![(range, services)];
    };
    let beside = range.minus(other).map(|part| (part, services));
    let over = without(services, &[others]).into_iter().map(|part| (range_met, part));
    beside.chain(over).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Cidr;

    fn entry(number: u32, allow: bool, peer: &str, services: Services) -> AclEntry {
        AclEntry { number, allow, peer: peer.parse().ok(), services, origin: 0 }
    }

    #[test]
    fn the_first_entry_that_matches_decides() {
        let web = Services::ports(6, 443, 443).unwrap();
        let acl = Acl {
            inward: vec![
                entry(200, true, "0.0.0.0/0", Services::ALL),
                entry(100, false, "10.0.0.0/8", web),
                entry(50, true, "10.1.0.0/16", web),
            ],
            ..Acl::default()
        };
        let passes = of_acl(Some(&acl), Direction::Inward, Family::V4, Doubt::Blocks);
        let allows = |address: &str, service: u32| {
            let address: Cidr = address.parse().unwrap();
            passes.iter().any(|(range, services)| {
                range.covers(Range::of(&address)) && services.first <= service && service <= services.last
            })
        };
        assert!(allows("10.1.2.3/32", web.first));
        assert!(!allows("10.2.2.3/32", web.first));
        assert!(allows("10.2.2.3/32", web.first + 1));
        assert!(allows("11.2.2.3/32", web.first));
        assert!(of_acl(Some(&acl), Direction::Outward, Family::V4, Doubt::Blocks).is_empty());
    }
}
