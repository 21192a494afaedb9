//! The entries of one network ACL in one direction, from what it has to let through.
//!
//! An ACL decides by its first entry that matches. Most hold entries that allow, whose order means nothing. In
//! two cases some deny: where that takes fewer entries (`holes`), and in the subnets of tenants that share a
//! network. There, "anywhere" would hold the subnets of the other tenants too, so that a tenant's own subnets are
//! allowed first, then the subnets of all tenants are denied, and only then comes the rest. What a cell's
//! tenants share has subnet groups of its own, which the denials do not touch.

use std::collections::BTreeSet;

use crate::blueprint::{Owner, Per};
use crate::network::Traffic;
use crate::plan::security::consolidate::{Wrong, consolidate};
use crate::plan::security::{Pattern, Peer, count, holes};

/// What an entry says, and whether it allows that or denies it.
pub(super) type Said = ((Peer, Traffic), bool);

/// Whether the ACLs of this side are those of tenants that share a network.
pub(super) fn are_of_neighbours(pattern: &Pattern<'_>) -> bool {
    pattern.side == Per::Tenant && pattern.blueprint.network.owner == Owner::Cell
}

/// The entries that let through what was said; none of them has a number yet.
pub(super) fn entries(
    said: &BTreeSet<(Peer, Traffic)>,
    pattern: &Pattern<'_>,
    dual: bool,
) -> Result<Vec<Said>, Wrong> {
    if !are_of_neighbours(pattern) {
        return with_room(said, count::acl_room(dual), dual);
    }
    let (own, rest): (BTreeSet<_>, BTreeSet<_>) =
        said.iter().cloned().partition(|(peer, _)| is_own(peer, pattern));
    let mut found: Vec<Said> = consolidate(&own, dual)?.into_iter().map(|one| (one, true)).collect();
    if rest.iter().any(|(peer, _)| holds_neighbours(peer)) {
        let groups = pattern.blueprint.network.subnet_groups.iter().filter(|group| group.per == Per::Tenant);
        found.extend(groups.map(|group| ((Peer::CellSubnetGroup(group.name.clone()), Traffic::All), false)));
    }
    let room = count::acl_room(dual).saturating_sub(found.len());
    found.extend(with_room(&rest, room, dual)?);
    Ok(found)
}

/// Allows alone, or with denials first where there are too many for what is left of the ACL.
fn with_room(said: &BTreeSet<(Peer, Traffic)>, room: usize, dual: bool) -> Result<Vec<Said>, Wrong> {
    let allowed = consolidate(said, dual)?;
    if allowed.len() > room
        && let Ok(found) = holes::with_holes(said, dual)
        && !found.denied.is_empty()
    {
        let denied = found.denied.into_iter().map(|traffic| ((Peer::Anywhere, traffic), false));
        return Ok(denied.chain(found.allowed.into_iter().map(|one| (one, true))).collect());
    }
    Ok(allowed.into_iter().map(|one| (one, true)).collect())
}

/// Whether a peer is the tenant's own part of its cell's addresses.
pub(super) fn is_own(peer: &Peer, pattern: &Pattern<'_>) -> bool {
    match peer {
        Peer::SubnetGroup(group) | Peer::SubnetBlock(group, _) | Peer::SubnetIpv6(group, _) => {
            pattern.blueprint.subnet_group(group).is_some_and(|group| group.per == Per::Tenant)
        }
        _ => false,
    }
}

/// Whether the addresses of other tenants of the cell may be among a peer's. The catalog's ranges lie outside
/// of the product's networks, and what the cell's tenants share has subnets of its own.
fn holds_neighbours(peer: &Peer) -> bool {
    matches!(peer, Peer::Anywhere | Peer::TenantIngress)
}
