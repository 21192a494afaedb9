//! Numbers of network ACL entries.

use std::collections::BTreeSet;

use crate::identity::hash_number;
use crate::network::Traffic;
use crate::plan::Growth;
use crate::plan::security::blocks::further_blocks;
use crate::plan::security::{AclEntry, Peer};

/// Gives each entry a number that comes from its content. Entries only allow, so their order means
/// nothing; what matters is that an edit never renumbers another entry, because the number of an
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
        // A family has numbers of its own, so that a second one moves none of the first.
        let (first, last, step) = match entry.peer {
            Peer::TenantIngress => (100, 900, 100),
            Peer::AnywhereIpv6 | Peer::SubnetIpv6(..) => (32_000, 32_766, 1),
            _ => (1_000, 31_999, 1),
        };
        let places = u32::from((last - first) / step + 1);
        let mut number = first + (hash_number(&content(entry)) % places) as u16 * step;
        while !taken.insert((entry.subnet_group.clone(), entry.direction, number)) {
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
            number: 0,
        };
        let all = numbered((1..200).map(entry).collect(), &Growth::default());
        let alone = numbered(vec![entry(100)], &Growth::default());
        let same = all.iter().find(|entry| entry.traffic == Traffic::Tcp((100, 100))).unwrap();
        assert_eq!(same.number, alone[0].number);
        assert_eq!(all.iter().map(|entry| entry.number).collect::<BTreeSet<_>>().len(), all.len());
    }
}
