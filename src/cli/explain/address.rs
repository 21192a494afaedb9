//! What an address or a block is, and who decided it.

use crate::cli::explain::{Answer, Sight};
use crate::network::Cidr;
use crate::plan::lock::Owner;
use crate::plan::whereabouts::{Holding, Whereabouts, whereabouts};

/// How many lines of one kind are listed of a large block.
const LISTED: usize = 20;

pub(super) fn explain(block: Cidr, sight: &Sight<'_>) -> Answer {
    let found = whereabouts(block, sight.plan.catalog, &sight.plan.lock);
    let single = block.size() == 1;
    let mut answer = if single {
        Answer::new("address", block.first().to_string())
    } else {
        Answer::new("block", block.to_string())
    };
    answer.fact("state", state(&found));
    for (region, pool, span) in &found.pools {
        answer.fact("pool", format!("{pool} of {} ({})", region.name, sight.place(*span)));
    }
    for reserved in &found.reserved {
        let (cidr, reason) = (reserved.cidr.value, reserved.reason.value.as_str());
        answer.fact("reserved", format!("{cidr}: {reason} ({})", sight.place(reserved.span)));
    }
    for (id, reservation) in &found.found {
        let (reason, line) = (reservation.value.reason.as_str(), sight.decided(reservation.line));
        answer.fact("found in use", format!("{id}: {reason} ({line})"));
    }
    for (waiting, locked) in &found.quarantine {
        let line = sight.decided(locked.line);
        answer.fact("quarantine", format!("{waiting}, last of {} ({line})", locked.value.owner));
    }
    for holding in found.networks.iter().take(LISTED) {
        hold(holding, single.then_some(block), sight, &mut answer);
    }
    if found.networks.len() > LISTED {
        answer.fact("vpc", format!("and {} more", found.networks.len() - LISTED));
    }
    if !single && found.free > 0 {
        answer.fact("free", format!("{} of {} addresses", found.free, block.size()));
    }
    answer
}

fn state(found: &Whereabouts<'_>) -> &'static str {
    let holds =
        |holding: &Holding<'_>| holding.network.value.all_blocks().any(|own| own.contains(&found.block));
    let held = found.networks.iter().any(holds);
    let growth = found.networks.iter().any(|holding| holding.network.value.reserve.contains(&found.block));
    let all_free = found.free == found.block.size();
    if held {
        "in use"
    } else if growth && found.networks.iter().all(|holding| holding.growth) {
        "kept for growth"
    } else if !found.networks.is_empty() {
        "in use in part"
    } else if all_free {
        "free"
    } else if !found.quarantine.is_empty() {
        "in quarantine"
    } else if !found.reserved.is_empty() || !found.found.is_empty() {
        "reserved"
    } else if found.pools.is_empty() {
        "in no pool"
    } else {
        "free in part"
    }
}

fn hold(holding: &Holding<'_>, address: Option<Cidr>, sight: &Sight<'_>, answer: &mut Answer) {
    let network = &holding.network.value;
    let line = sight.decided(holding.network.line);
    let of = match holding.owner {
        Owner::Tenant(tenant) => format!("tenant {tenant}"),
        Owner::Cell(cell) => format!("cell {cell}"),
    };
    let blocks: Vec<String> = network.all_blocks().map(|own| own.to_string()).collect();
    answer.fact("vpc", format!("{} of {of} ({line})", blocks.join(", ")));
    if holding.growth {
        answer.fact("kept for growth", format!("{}, which the VPC may grow into", network.reserve));
    }
    let mut tenant = match holding.owner {
        Owner::Tenant(tenant) => Some(tenant),
        Owner::Cell(_) => None,
    };
    if let Some((id, group)) = holding.group {
        let blocks: Vec<String> = group.value.blocks().map(|own| own.to_string()).collect();
        answer.fact(
            "subnet group",
            format!("{} {} ({})", id.group, blocks.join(", "), sight.decided(group.line)),
        );
        if let Owner::Tenant(owner) = &id.owner {
            tenant = Some(owner);
        }
    }
    if let Some((subnet, zone)) = holding.slot {
        answer.fact("subnet", subnet.to_string());
        answer.fact(
            "zone",
            zone.map_or("none yet: the slot is kept for a further zone".to_owned(), ToString::to_string),
        );
        if let Some(use_of) = address.and_then(|address| kept_by_aws(&subnet, &address)) {
            answer.fact("kept by AWS", use_of);
        }
    }
    let Some(id) = tenant else { return };
    let place = match sight.plan.catalog.tenant(&id.tenant) {
        Some(tenant) => format!("{id}, {} ({})", tenant.name.value, sight.place(tenant.id.span)),
        None => format!("{id}, which has left the catalog"),
    };
    answer.fact("tenant", place);
    if let Some(home) = sight.plan.lock.tenants.get(id) {
        answer.fact("cell", home.value.cell.to_string());
    }
}

/// What AWS keeps an address of a subnet for (VPC User Guide, "Subnet sizing": the first four
/// addresses and the last).
fn kept_by_aws(subnet: &Cidr, address: &Cidr) -> Option<&'static str> {
    if address.first_number() == subnet.last_number() {
        if !subnet.is_v4() {
            return Some("nothing in particular: the last address of every subnet");
        }
        return Some("the broadcast address of the subnet");
    }
    match address.first_number() - subnet.first_number() {
        0 => Some("the network address of the subnet"),
        1 => Some("the router of the VPC"),
        2 => Some("DNS"),
        3 => Some("future use"),
        _ => None,
    }
}
