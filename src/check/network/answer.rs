//! Whether the answer to a packet finds its way back: with it, the packet opens a connection.
//!
//! Isolation asks for one packet. An answer is asked for as well, because a leak that goes one way is worth
//! another word to whoever reads of it. Security groups remember what they let through and are not asked; network
//! ACLs and routes are, by the simulation. What is not known lets no answer through.

use std::collections::BTreeSet;

use crate::check::network::interval::Services;
use crate::check::network::simulate::{Hop, Packet, back};
use crate::check::network::topology::Topology;

/// Ports from which programs open connections, on all systems together (VPC User Guide, "Ephemeral ports").
const EPHEMERAL: (u16, u16) = (1024, 65535);

/// An echo request of ICMP, and its reply (RFC 792, RFC 4443).
const ECHO: [(u8, u16, u16); 2] = [(1, 8 << 8, 0), (58, 128 << 8, 129 << 8)];

/// Whether an answer to a packet that took these hops comes back; none where it passes more than one NAT gateway.
pub(super) fn answered(topology: &Topology, packet: &Packet, hops: &[Hop]) -> Option<bool> {
    let nats: Vec<usize> = hops
        .iter()
        .filter_map(|hop| topology.nats.iter().position(|nat| *hop == Hop::Nat(nat.origin)))
        .collect();
    let relay = match nats.as_slice() {
        [] => None,
        [nat] => Some(topology.nats[*nat].subnet),
        _ => return None,
    };
    Some(replies(topology, packet.service).into_iter().any(|service| back(topology, packet, service, relay)))
}

/// The services that an answer may be of: one for each stretch of ports that no entry of an ACL tells apart.
fn replies(topology: &Topology, service: u32) -> BTreeSet<u32> {
    let protocol = u8::try_from(service >> 16).unwrap_or_default();
    let port = |port: u16| u32::from(protocol) << 16 | u32::from(port);
    if let Some((.., reply)) =
        ECHO.iter().find(|(number, ask, _)| *number == protocol && port(*ask) == service)
    {
        return BTreeSet::from([port(*reply)]);
    }
    let Some(ports) =
        Services::ports(protocol, EPHEMERAL.0, EPHEMERAL.1).filter(|_| matches!(protocol, 6 | 17))
    else {
        return BTreeSet::from([service]);
    };
    let entries = topology.acls.iter().flat_map(|acl| acl.inward.iter().chain(&acl.outward));
    let starts = entries.flat_map(|entry| [Some(entry.services.first), entry.services.last.checked_add(1)]);
    let within = |start: &u32| ports.first <= *start && *start <= ports.last;
    starts.flatten().filter(within).chain([ports.first]).collect()
}
