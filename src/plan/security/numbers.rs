//! Numbers of network ACL entries.

use std::collections::BTreeSet;

use crate::identity::hash_number;
use crate::network::Traffic;
use crate::plan::Growth;
use crate::plan::security::blocks::further_blocks;
use crate::plan::security::{AclEntry, Peer};

/// How many flows' ranges of ports an allow-list can have in one ACL and direction.
pub(super) const HUNDREDS: usize = 9;

/// Gives each entry a number that comes from its content. Among entries that allow, and among those that
/// deny, the order means nothing; what matters is that an edit never renumbers another entry, because the number of an
/// entry cannot change in place and a new entry cannot take the number of one that still exists.
///
/// What a network has grown by comes after all that was there before.
pub(super) fn numbered(mut entries: Vec<AclEntry>, growth: &Growth) -> Vec<AclEntry> {
    let mut taken = BTreeSet::new();
    let further = further_blocks(
        growth,
        &entries,
        |entry| &entry.peer,
        |entry, peer| AclEntry { peer, ..entry.clone() },
    );
    entries.extend(further);
    for entry in &mut entries {
        // The first entry that matches decides, so that denials come before what allows. A family has numbers
        // of its own, so that a second one moves none of the first.
        let (first, last, step) = match (&entry.peer, entry.allows) {
            (_, false) => (1, 99, 1),
            (Peer::TenantIngress, true) => (100, 900, 100),
            (Peer::AnywhereIpv6 | Peer::SubnetIpv6(..), true) => (32_000, 32_766, 1),
            _ => (1_000, 31_999, 1),
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
        let all = numbered((1..200).map(entry).collect(), &Growth::default());
        let alone = numbered(vec![entry(100)], &Growth::default());
        let same = all.iter().find(|entry| entry.traffic == Traffic::Tcp((100, 100))).unwrap();
        assert_eq!(same.number, alone[0].number);
        assert_eq!(all.iter().map(|entry| entry.number).collect::<BTreeSet<_>>().len(), all.len());
    }
}
