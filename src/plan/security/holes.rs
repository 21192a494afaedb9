//! Fewer network ACL entries by denying first.
//!
//! An ACL decides by its first entry that matches. Where several peers have the same hole in their ports,
//! one denial for everybody makes one entry of each peer's two. This is tried where allowing alone needs more
//! entries than an ACL holds; it is no proof that there is no shorter list, since that is NP-hard
//! (Applegate et al., SODA 2007).

use std::collections::BTreeSet;

use crate::network::{Ports, Traffic};
use crate::plan::security::Peer;
use crate::plan::security::consolidate::{Wrong, consolidate, same_but_for};

/// Entries that allow, and traffic that is denied to everybody before them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WithHoles {
    pub(super) allowed: Vec<(Peer, Traffic)>,
    pub(super) denied: Vec<Traffic>,
}

/// The entries for what an ACL has to let through, with as many denials as save more than they cost.
pub(super) fn with_holes(said: &BTreeSet<(Peer, Traffic)>, dual: bool) -> Result<WithHoles, Wrong> {
    let mut widened = said.clone();
    let mut best = WithHoles { allowed: consolidate(said, dual)?, denied: Vec::new() };
    for make in [Traffic::Tcp, Traffic::Udp] {
        for gap in gaps(said, make) {
            let mut tried = widened.clone();
            tried.extend(touching(&widened, make, gap).map(|peer| (peer, make(gap))));
            let allowed = consolidate(&tried, dual)?;
            if allowed.len() + 1 < best.allowed.len() {
                best.allowed = allowed;
                best.denied.push(make(gap));
                widened = tried;
            }
        }
    }
    same_but_for(said, &best.allowed, &best.denied)?;
    Ok(best)
}

/// What lies between ports that somebody is allowed, and nobody is.
fn gaps(said: &BTreeSet<(Peer, Traffic)>, make: fn(Ports) -> Traffic) -> Vec<Ports> {
    // What allows everything leaves no gap.
    if said.iter().any(|(_, traffic)| *traffic == Traffic::All) {
        return Vec::new();
    }
    let mut ports: Vec<Ports> = said.iter().filter_map(|(_, traffic)| of(*traffic, make)).collect();
    ports.sort_unstable();
    let mut gaps = Vec::new();
    let mut reached: Option<u16> = None;
    for (first, last) in ports {
        if let Some(reached) = reached.and_then(|reached| reached.checked_add(1))
            && reached < first
        {
            gaps.push((reached, first - 1));
        }
        reached = reached.max(Some(last));
    }
    gaps
}

/// The peers that are allowed what lies on both sides of a gap. A denial is for all IPv4 addresses, and the
/// entries of an allow-list stand in a stack of their own.
fn touching(
    said: &BTreeSet<(Peer, Traffic)>,
    make: fn(Ports) -> Traffic,
    gap: Ports,
) -> impl Iterator<Item = Peer> {
    let peers: BTreeSet<&Peer> = said.iter().map(|(peer, _)| peer).collect();
    let allows = |peer: &Peer, port: Option<u16>| {
        let holds = |ports: Ports| port.is_some_and(|port| ports.0 <= port && port <= ports.1);
        said.iter().any(|(other, traffic)| other == peer && of(*traffic, make).is_some_and(holds))
    };
    let found: Vec<Peer> = peers
        .into_iter()
        .filter(|peer| {
            matches!(peer, Peer::Anywhere | Peer::SubnetGroup(_) | Peer::SubnetBlock(..) | Peer::Range(_))
        })
        .filter(|peer| allows(peer, gap.0.checked_sub(1)) && allows(peer, gap.1.checked_add(1)))
        .cloned()
        .collect();
    found.into_iter()
}

/// The ports of traffic, if it is of this protocol.
fn of(traffic: Traffic, make: fn(Ports) -> Traffic) -> Option<Ports> {
    traffic.ports().filter(|ports| make(*ports) == traffic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnets(name: &str) -> Peer {
        Peer::SubnetGroup(name.to_owned())
    }

    #[test]
    fn a_hole_that_peers_share_is_denied_once() {
        let ports = [(0, 21), (23, 65535)];
        let said = ["app", "data", "public"]
            .iter()
            .flat_map(|name| ports.map(|ports| (subnets(name), Traffic::Tcp(ports))))
            .collect();
        let found = with_holes(&said, false).unwrap();
        assert_eq!(found.denied, [Traffic::Tcp((22, 22))]);
        let whole = Traffic::Tcp((0, 65535));
        assert_eq!(found.allowed, ["app", "data", "public"].map(|name| (subnets(name), whole)));
    }

    #[test]
    fn what_anybody_is_allowed_is_no_hole() {
        let said = BTreeSet::from([
            (subnets("app"), Traffic::Tcp((0, 21))),
            (subnets("app"), Traffic::Tcp((23, 65535))),
            (subnets("data"), Traffic::Tcp((0, 21))),
            (subnets("data"), Traffic::Tcp((23, 65535))),
            (Peer::TenantIngress, Traffic::Tcp((22, 22))),
        ]);
        let found = with_holes(&said, false).unwrap();
        assert_eq!((found.allowed.len(), found.denied.len()), (5, 0));
    }

    #[test]
    fn one_peers_hole_costs_as_much_as_it_saves() {
        let said = BTreeSet::from([
            (subnets("app"), Traffic::Udp((0, 21))),
            (subnets("app"), Traffic::Udp((23, 65535))),
        ]);
        assert_eq!(with_holes(&said, false).unwrap().denied, []);
    }
}
