//! Numbers of network ACL entries.

use std::collections::BTreeSet;

use crate::identity::hash_number;
use crate::network::Traffic;
use crate::plan::Growth;
use crate::plan::security::blocks::further_blocks;
use crate::plan::security::{AclEntry, Peer};

/// How many flows' ranges of ports an allow-list can have in one ACL and direction.
pub(super) const HUNDREDS: usize = 9;

/// First, last and step of the numbers of each kind of entry. The first entry that matches decides.
pub(super) struct Spans {
    /// Entries for a tenant's own subnets, where it shares a network.
    own: (u16, u16, u16),
    denials: (u16, u16, u16),
    list: (u16, u16, u16),
    rest: (u16, u16, u16),
}

/// In a network of one's own, and in subnets that a cell's tenants share.
pub(super) const ALONE: Spans =
    Spans { own: (1_000, 31_999, 1), denials: (1, 99, 1), list: (100, 900, 100), rest: (1_000, 31_999, 1) };

/// In a tenant's subnets in the network of a cell: its own come before the denial of everybody's.
pub(super) const AMONG_NEIGHBOURS: Spans = Spans {
    own: (1_000, 9_999, 1),
    denials: (10_000, 10_999, 1),
    list: (11_000, 11_800, 100),
    rest: (12_000, 31_999, 1),
};

/// Gives each entry a number that comes from its content. Among entries that allow, and among those that
/// deny, the order means nothing; what matters is that an edit never renumbers another entry, because the number of an
/// entry cannot change in place and a new entry cannot take the number of one that still exists.
///
/// What a network has grown by comes after all that was there before.
pub(super) fn numbered(
    mut entries: Vec<AclEntry>,
    growth: &Growth,
    spans: &Spans,
    is_own: impl Fn(&Peer) -> bool,
) -> Vec<AclEntry> {
    let mut taken = BTreeSet::new();
    let further = further_blocks(
        growth,
        &entries,
        |entry| &entry.peer,
        |entry, peer| AclEntry { peer, ..entry.clone() },
    );
    entries.extend(further);
    for entry in &mut entries {
        // A family has numbers of its own, so that a second one moves none of the first.
        let (first, last, step) = match (&entry.peer, entry.allows) {
            (_, false) => spans.denials,
            (Peer::TenantIngress, true) => spans.list,
            (Peer::AnywhereIpv6 | Peer::SubnetIpv6(..), true) => (32_000, 32_766, 1),
            (peer, true) if is_own(peer) => spans.own,
            _ => spans.rest,
        };
        let places = u32::from((last - first) / step + 1);
        let mut number = first + (hash_number(&content(entry)) % places) as u16 * step;
        // More entries than numbers are refused elsewhere, and must not be looked for here for ever.
        for _ in 0..places {
            if taken.insert((entry.subnet_group.clone(), entry.direction, number)) {
                break;
            }
            number = if number >= last { first } else { number + step };
        }
        entry.number = number;
    }
    entries.sort();
    entries
}

/// What an entry says, in words that must never change: numbers follow from them.
fn content(entry: &AclEntry) -> String {
    let peer = &entry.peer;
    match entry.traffic {
        Traffic::Tcp(ports) => format!("Tcp {ports:?} {peer:?}"),
        Traffic::Udp(ports) => format!("Udp {ports:?} {peer:?}"),
        other => format!("{other} {peer:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::security::Direction;

    #[test]
    fn numbers_do_not_depend_on_the_other_entries() {
        let entry = |port| AclEntry {
            subnet_group: "app".into(),
            direction: Direction::Ingress,
            traffic: Traffic::Tcp((port, port)),
            peer: Peer::Anywhere,
            allows: true,
            number: 0,
        };
        let all = numbered((1..200).map(entry).collect(), &Growth::default(), &ALONE, |_| false);
        let alone = numbered(vec![entry(100)], &Growth::default(), &ALONE, |_| false);
        let same = all.iter().find(|entry| entry.traffic == Traffic::Tcp((100, 100))).unwrap();
        assert_eq!(same.number, alone[0].number);
        assert_eq!(all.iter().map(|entry| entry.number).collect::<BTreeSet<_>>().len(), all.len());
    }
}
