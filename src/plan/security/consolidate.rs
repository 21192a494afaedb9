//! What a group or an ACL has to let through, with the fewest rules.
//!
//! Peers are names here and not blocks. What is known of names is how they lie in each other: the
//! subnets and the catalog's ranges among all addresses. Blocks nested in the same way stand in for them
//! (`network::cover`). A group and a prefix list can hold any addresses, and the allow-list's rules stand
//! in a stack of their own, whose template must not depend on the others: each is a world of its own.
//! The catalog's ranges are what they are, so that halves of them become one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::diagnostics::{Diagnostic, codes};
use crate::network::cover::{Opening, Packet, cover, difference, nested};
use crate::network::{Cidr, Traffic};
use crate::plan::security::Peer;
use crate::source::Span;

/// A cover that does not let through what it should.
#[derive(Debug)]
pub(super) struct Wrong(Option<Packet>);

impl Wrong {
    pub(super) fn told(&self, place: Span) -> Diagnostic {
        let what = match &self.0 {
            Some(packet) => format!("they differ for {}", packet.traffic),
            None => "a peer has no place among them".to_owned(),
        };
        Diagnostic::error(
            &codes::INTERNAL_ERROR,
            format!("the consolidated rules are not what was declared: {what}"),
        )
        .at(place, "")
        .help("please report this with the catalog and the blueprint that show it")
    }
}

/// The fewest pairs of peer and traffic that let through just what these do, in order.
/// `dual`: groups hold IPv6 addresses too.
pub(super) fn consolidate(
    said: &BTreeSet<(Peer, Traffic)>,
    dual: bool,
) -> Result<Vec<(Peer, Traffic)>, Wrong> {
    let world = World::of(said.iter().map(|(peer, _)| peer)).ok_or(Wrong(None))?;
    let openings: Option<Vec<Opening>> = said
        .iter()
        .map(|(peer, traffic)| Some(Opening { range: world.block(peer)?, traffic: *traffic }))
        .collect();
    let openings = openings.ok_or(Wrong(None))?;
    let all_of = |all: &Peer| -> Vec<Opening> {
        let of_them = said.iter().zip(&openings).filter(|((peer, _), _)| peer == all);
        of_them.map(|(_, opening)| *opening).collect()
    };
    let (ipv4, ipv6) = (all_of(&Peer::Anywhere), all_of(&Peer::AnywhereIpv6));
    let let_through = |everywhere: &[Opening], traffic: Traffic| {
        everywhere.first().is_some_and(|anywhere| {
            let also = Opening { range: anywhere.range, traffic };
            difference(everywhere, &[everywhere, &[also]].concat()).is_none()
        })
    };
    // Whatever addresses a group or a list holds, a rule for all addresses holds them too.
    let needless = |peer: &Peer, traffic: Traffic| {
        matches!(peer, Peer::Workload(_) | Peer::PrefixList(_))
            && let_through(&ipv4, traffic)
            && (!dual || let_through(&ipv6, traffic))
    };
    let needed: Vec<Opening> = said
        .iter()
        .zip(&openings)
        .filter(|((peer, traffic), _)| !needless(peer, *traffic))
        .map(|(_, opening)| *opening)
        .collect();
    let covering: Vec<Opening> = cover(&needed).into_iter().map(|one| one.opening).collect();
    if let Some(packet) = difference(&needed, &covering) {
        return Err(Wrong(Some(packet)));
    }
    let mut found = Vec::with_capacity(covering.len());
    for one in covering {
        found.push((world.peer(one.range).ok_or(Wrong(None))?, one.traffic));
    }
    found.sort();
    Ok(found)
}

/// Whether denying some traffic to everybody and then allowing these lets through just what was said.
pub(super) fn same_but_for(
    said: &BTreeSet<(Peer, Traffic)>,
    allowed: &[(Peer, Traffic)],
    denied: &[Traffic],
) -> Result<(), Wrong> {
    let everybody = Peer::Anywhere;
    let peers = said.iter().chain(allowed).map(|(peer, _)| peer);
    let world = World::of(peers.chain(std::iter::once(&everybody))).ok_or(Wrong(None))?;
    let opening = |(peer, traffic): &(Peer, Traffic)| {
        world.block(peer).map(|range| Opening { range, traffic: *traffic }).ok_or(Wrong(None))
    };
    let denials: Vec<(Peer, Traffic)> = denied.iter().map(|traffic| (everybody.clone(), *traffic)).collect();
    let overlap = |one: Traffic, other: Traffic| match (one.ports(), other.ports()) {
        (Some(one_ports), Some(other_ports)) => {
            one.number() == other.number() && one_ports.0 <= other_ports.1 && other_ports.0 <= one_ports.1
        }
        _ => one.contains(other),
    };
    if let Some((_, traffic)) =
        said.iter().find(|(_, traffic)| denied.iter().any(|denied| overlap(*traffic, *denied)))
    {
        return Err(Wrong(Some(Packet { address: IpAddr::V4(0.into()), traffic: *traffic })));
    }
    // Nothing that was said is denied, so that it is enough to compare what lies outside of the denials.
    let before: Result<Vec<_>, _> = said.iter().chain(&denials).map(opening).collect();
    let after: Result<Vec<_>, _> = allowed.iter().chain(&denials).map(opening).collect();
    difference(&before?, &after?).map_or(Ok(()), |packet| Err(Wrong(Some(packet))))
}

/// Peers as blocks.
struct World {
    blocks: BTreeMap<Peer, Cidr>,
    /// Stands for the addresses outside that are known, all of IPv4.
    outside: Cidr,
}

impl World {
    fn of<'p>(peers: impl Iterator<Item = &'p Peer>) -> Option<World> {
        // In the order of peers, in which all addresses come first.
        let named: BTreeSet<&Peer> = peers.filter(|peer| !matches!(peer, Peer::Range(_))).collect();
        let anywhere = named.contains(&Peer::Anywhere).then_some(0);
        let anywhere_ipv6 = named.iter().position(|peer| **peer == Peer::AnywhereIpv6);
        let parent = |peer: &&Peer| match peer {
            Peer::SubnetGroup(_) | Peer::SubnetBlock(..) => anywhere,
            Peer::SubnetIpv6(..) => anywhere_ipv6,
            _ => None,
        };
        let mut parents: Vec<Option<usize>> = named.iter().map(parent).collect();
        parents.push(anywhere);
        let mut blocks = nested(&parents)?;
        let outside = blocks.pop()?;
        Some(World { blocks: named.into_iter().cloned().zip(blocks).collect(), outside })
    }

    fn block(&self, peer: &Peer) -> Option<Cidr> {
        let Peer::Range(range) = peer else { return self.blocks.get(peer).copied() };
        let length = self.outside.length() + range.length();
        let first = range.first_number() << (128 - 32 - self.outside.length());
        Cidr::containing(IpAddr::V6((self.outside.first_number() | first).into()), length)
    }

    fn peer(&self, block: Cidr) -> Option<Peer> {
        if let Some((peer, _)) = self.blocks.iter().find(|(_, other)| **other == block) {
            return Some(peer.clone());
        }
        if !self.outside.contains(&block) {
            return None;
        }
        let length = block.length() - self.outside.length();
        let first =
            (block.first_number() ^ self.outside.first_number()) >> (128 - 32 - self.outside.length());
        match length {
            0 => Some(Peer::Anywhere),
            _ => Cidr::v4(u32::try_from(first).ok()?, length).map(Peer::Range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(port: u16) -> Traffic {
        Traffic::Tcp((port, port))
    }

    fn app() -> Peer {
        Peer::SubnetGroup("app".into())
    }

    fn range(text: &str) -> Peer {
        Peer::Range(text.parse().unwrap())
    }

    fn shown(said: impl IntoIterator<Item = (Peer, Traffic)>) -> Vec<(Peer, Traffic)> {
        consolidate(&said.into_iter().collect(), false).unwrap()
    }

    #[test]
    fn each_family_has_a_rule_for_every_address_of_its_own() {
        let (app4, app6) = (app(), Peer::SubnetIpv6("app".into(), 1));
        let both = [(Peer::AnywhereIpv6, tcp(443)), (app4.clone(), tcp(443)), (app6.clone(), tcp(443))];
        let found = consolidate(&both.into_iter().collect(), true).unwrap();
        assert_eq!(found, [(Peer::AnywhereIpv6, tcp(443)), (app4, tcp(443))]);
        let service = || (Peer::Workload("service".into()), tcp(443));
        let one = [(Peer::Anywhere, tcp(443)), service()];
        assert_eq!(consolidate(&one.clone().into_iter().collect(), true).unwrap().len(), 2);
        let both = one.into_iter().chain([(Peer::AnywhereIpv6, tcp(443))]);
        assert!(!consolidate(&both.collect(), true).unwrap().contains(&service()));
    }

    #[test]
    fn what_a_rule_for_every_address_covers_is_not_said_again() {
        let list = || Peer::PrefixList("s3".into());
        let service = || Peer::Workload("service".into());
        let said = [(Peer::Anywhere, tcp(443)), (app(), tcp(443)), (list(), tcp(443)), (service(), tcp(443))];
        assert_eq!(shown(said), [(Peer::Anywhere, tcp(443))]);
        assert_eq!(shown([(list(), tcp(443)), (service(), tcp(443))]).len(), 2);
    }

    #[test]
    fn the_allow_list_is_always_said() {
        let said = [(Peer::Anywhere, tcp(443)), (Peer::TenantIngress, tcp(443))];
        assert_eq!(shown(said.clone()), said);
    }

    #[test]
    fn subnets_of_two_groups_stay_two() {
        let said = [(Peer::SubnetGroup("app".into()), tcp(1)), (Peer::SubnetGroup("data".into()), tcp(1))];
        assert_eq!(shown(said.clone()), said);
    }

    #[test]
    fn ports_around_one_that_is_open_to_all_become_one_rule() {
        let said = [(Peer::Anywhere, tcp(81)), (app(), tcp(80)), (app(), tcp(82))];
        assert_eq!(shown(said), [(Peer::Anywhere, tcp(81)), (app(), Traffic::Tcp((80, 82)))]);
    }

    #[test]
    fn halves_of_a_range_become_one_and_lie_among_all_addresses() {
        let said = [(range("192.168.0.0/25"), tcp(22)), (range("192.168.0.128/25"), tcp(22))];
        assert_eq!(shown(said.clone()), [(range("192.168.0.0/24"), tcp(22))]);
        let everywhere = [(Peer::Anywhere, tcp(22))];
        assert_eq!(shown(said.into_iter().chain(everywhere.clone())), everywhere);
        assert_eq!(shown([(range("0.0.0.0/1"), tcp(22)), (range("128.0.0.0/1"), tcp(22))]), everywhere);
    }
}
