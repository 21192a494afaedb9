//! Whether the decisions of a lock fit together. Whether they fit the catalog is for the planner.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostics::{Code, Diagnostic, Report, Reported, codes};
use crate::identity::{HomeId, RegionName, ZoneId};
use crate::network::Cidr;
use crate::plan::ipv6::VPC_LENGTH;
use crate::plan::lock::{Ipv6, Lock, Locked, Owner, SubnetGroupId, Zones};
use crate::source::Span;

pub(super) const RESTORE: &str = "restore the lines from version control; where the tenant is not deployed yet, \
                       delete all of its lines instead and run again";

impl Lock {
    /// Makes sure that no address is handed out twice, that blocks lie where they belong, and that no
    /// line speaks of something that has no line.
    ///
    /// # Errors
    /// `lock-overlap`, `lock-conflict` and `lock-inconsistent`, each with the lines it speaks of.
    pub fn verify(&self, report: &mut Report) -> Result<(), Reported> {
        let errors = report.errors();
        self.verify_homes(report);
        self.verify_networks(report);
        self.verify_reservations(report);
        self.verify_subnet_groups(report);
        self.verify_ipv6_numbers(report);
        self.verify_parts(report);
        self.verify_zones(report);
        match report.checkpoint() {
            Err(reported) if report.errors() > errors => Err(reported),
            _ => Ok(()),
        }
    }

    fn verify_networks(&self, report: &mut Report) {
        for (owner, network) in &self.networks {
            let (value, line) = (&network.value, network.line);
            if !value.reserve.contains(&value.cidr) {
                let message = format!(
                    "the reserve `{}` of `{owner}` does not hold its block `{}`",
                    value.reserve, value.cidr
                );
                report.push(at_line(&codes::LOCK_INCONSISTENT, message, line).help(RESTORE));
            }
            for (at, block) in value.secondary.iter().enumerate() {
                let apart = value.blocks().take(at + 1).all(|earlier| !earlier.overlaps(block));
                let half = block.overlaps(&value.reserve) && !value.reserve.contains(block);
                if half || !apart {
                    let message = format!(
                        "the secondary block `{block}` of `{owner}` lies {}",
                        if apart { "around its reserve" } else { "in another of its blocks" }
                    );
                    report.push(at_line(&codes::LOCK_INCONSISTENT, message, line).help(RESTORE));
                }
            }
            if let Some(block) = value.containers.filter(|block| !value.secondary.contains(block)) {
                let message =
                    format!("the range `{block}` of `{owner}` for containers is no secondary block");
                report.push(at_line(&codes::LOCK_INCONSISTENT, message, line).help(RESTORE));
            }
            if let Some(block) = value.ipv6.and_then(Ipv6::block)
                && block.length() != VPC_LENGTH
            {
                let message = format!("the IPv6 block `{block}` of `{owner}` is not a /{VPC_LENGTH}");
                report.push(at_line(&codes::LOCK_INCONSISTENT, message, line).help(RESTORE));
            }
            let known = match owner {
                Owner::Tenant(tenant) => self.tenants.contains_key(tenant),
                Owner::Cell(cell) => self.cells.contains_key(cell),
            };
            if !known {
                let word = match owner {
                    Owner::Tenant(_) => "tenant",
                    Owner::Cell(_) => "cell",
                };
                let message = format!("`{owner}` has a network, and no line `{word} {owner}`");
                report.push(at_line(&codes::LOCK_INCONSISTENT, message, line).help(RESTORE));
            }
        }
        self.verify_overlaps(report);
    }

    /// Addresses that nothing has a route to are compared within their Region alone, those of
    /// quarantine, whose Region is not known any more, with none of them.
    fn verify_overlaps(&self, report: &mut Report) {
        let mut everywhere: Vec<Claim<'_>> = Vec::new();
        let mut regional: BTreeMap<&RegionName, Vec<Claim<'_>>> = BTreeMap::new();
        for (owner, network) in &self.networks {
            let holder = Holder::Network(owner);
            let claim = Claim { block: network.value.reserve, holder, line: network.line };
            // Also what lies outside of the reserve.
            for block in network.value.claims() {
                let claim = Claim { block, ..claim.clone() };
                match self.region_of(owner).filter(|_| !network.value.routable && block.is_v4()) {
                    Some(region) => regional.entry(region).or_default().push(claim),
                    None => everywhere.push(claim),
                }
            }
        }
        // What a tenant had of its cell lies inside the network of the cell, and is looked at there.
        let of_pools = self.quarantine.iter().filter(|(block, _)| !self.is_inside_a_cell(block));
        for (block, waiting) in of_pools.filter(|(_, waiting)| waiting.value.routable) {
            let holder = Holder::Quarantine(&waiting.value.owner);
            everywhere.push(Claim { block: *block, holder, line: waiting.line });
        }
        for mut claims in regional.into_values() {
            let routable =
                everywhere.iter().filter(|one| claims.iter().any(|own| own.block.overlaps(&one.block)));
            let routable: Vec<Claim<'_>> = routable.cloned().collect();
            claims.extend(routable);
            report_overlaps(claims, report);
        }
        report_overlaps(everywhere, report);
    }

    /// What was found in use is no tenant's. Reservations may overlap one another: VPCs that never meet do.
    fn verify_reservations(&self, report: &mut Report) {
        if self.reserved.is_empty() {
            return;
        }
        let mut networks: Vec<(Cidr, &Owner, Option<Span>)> = self
            .networks
            .iter()
            .flat_map(|(owner, network)| {
                network.value.claims().map(move |block| (block, owner, network.line))
            })
            .collect();
        networks.sort();
        for (id, reservation) in &self.reserved {
            // Blocks are nested or disjoint: the network that holds the first address, or those inside.
            let from = networks.partition_point(|(block, ..)| *block < id.block).saturating_sub(1);
            let near = networks.iter().skip(from);
            let near = near.take_while(|(block, ..)| {
                *block < id.block || id.block.contains(block) || block.contains(&id.block)
            });
            for (block, owner, line) in near.filter(|(block, ..)| block.overlaps(&id.block)) {
                let message = format!("the network of `{owner}` and the reservation `{id}` share addresses");
                let (network, reserved) = (block.to_string(), id.block.to_string());
                report.push(
                    at_lines(&codes::LOCK_OVERLAP, message, (*line, &network), (reservation.line, &reserved))
                        .note(format!("reserved for: {}", reservation.value.reason))
                        .help(format!(
                            "if `{owner}` is not deployed, give it other addresses with {}; else delete the reservation",
                            settle_command(owner)
                        )),
                );
            }
        }
    }

    fn verify_subnet_groups(&self, report: &mut Report) {
        // By network, since networks that overlap are told already, and their subnet groups with them.
        let mut claims: BTreeMap<&Owner, Vec<Claim<'_>>> = BTreeMap::new();
        for (id, group) in &self.subnet_groups {
            let (value, line) = (&group.value, group.line);
            let uncut = |block: &Cidr| value.slot_in(block, 0).is_none() || !value.slots.is_power_of_two();
            if let Some(block) = value.blocks().find(uncut) {
                let message =
                    format!("the block `{block}` of `{id}` cannot be cut into {} equal slots", value.slots);
                report.push(
                    at_line(&codes::LOCK_INCONSISTENT, message, line)
                        .note("the number of slots is a power of two")
                        .help(RESTORE),
                );
            }
            let Some((owner, network)) = self.network_with_owner(&id.owner) else {
                let message = format!("`{id}` has a subnet group, and no network for it to lie in");
                report.push(at_line(&codes::LOCK_INCONSISTENT, message, line).help(RESTORE));
                continue;
            };
            if owner != &id.owner {
                // A part of what the cell has, of which `verify_parts` speaks.
                continue;
            }
            for block in value.blocks() {
                if network.value.blocks().any(|whole| whole.contains(&block)) {
                    let claim = Claim { block, holder: Holder::SubnetGroup(id), line };
                    claims.entry(owner).or_default().push(claim);
                    continue;
                }
                let message = format!(
                    "the subnet group `{id}` with `{block}` lies outside of its network `{}`",
                    network.value.cidr
                );
                report.push(
                    at_lines(&codes::LOCK_INCONSISTENT, message, (line, ""), (network.line, "its network"))
                        .help(RESTORE),
                );
            }
        }
        for claims in claims.into_values() {
            report_overlaps(claims, report);
        }
    }

    /// Each sixteenth of a VPC's IPv6 block belongs to one subnet group, and there is a block.
    fn verify_ipv6_numbers(&self, report: &mut Report) {
        let mut taken: BTreeMap<(&Owner, u32), &SubnetGroupId> = BTreeMap::new();
        for (id, group) in self.subnet_groups.iter().filter(|(_, group)| !group.value.ipv6.is_empty()) {
            let mut wrong = |message: String| {
                report.push(at_line(&codes::LOCK_INCONSISTENT, message, group.line).help(RESTORE));
            };
            if self.network_of(&id.owner).is_none_or(|network| network.value.ipv6.is_none()) {
                wrong(format!("`{id}` has a part of an IPv6 block, and its network has none"));
            }
            for number in &group.value.ipv6 {
                if *number >= 16 {
                    wrong(format!("`{id}` has part {number} of an IPv6 block, whose parts are 0 to 15"));
                }
                if let Some(first) = taken.insert((&id.owner, *number), id) {
                    wrong(format!("`{first}` and `{id}` have the same part {number} of an IPv6 block"));
                }
            }
        }
    }

    fn verify_zones(&self, report: &mut Report) {
        for (owner, zones) in &self.zones {
            verify_slots(owner, zones, report);
        }
        for (id, group) in &self.subnet_groups {
            let Some(zones) = self.zones_of(&id.owner) else { continue };
            // What tenants get their parts of is not cut for zones.
            let is_whole = matches!(id.owner, Owner::Cell(_)) && group.value.is_whole();
            let beyond = zones.value.0.iter().find(|(_, slot)| **slot >= group.value.slots && !is_whole);
            if let Some((zone, slot)) = beyond {
                let message = format!(
                    "zone `{zone}` has slot {slot}, and `{id}` has the slots 0 to {}",
                    group.value.slots.saturating_sub(1)
                );
                report.push(
                    at_lines(&codes::LOCK_INCONSISTENT, message, (zones.line, ""), (group.line, "its slots"))
                        .help(RESTORE),
                );
            }
        }
    }
}

/// Each zone of a network has a slot of its own.
fn verify_slots(owner: &Owner, zones: &Locked<Zones>, report: &mut Report) {
    let mut taken: BTreeMap<u32, &ZoneId> = BTreeMap::new();
    for (zone, slot) in &zones.value.0 {
        if let Some(first) = taken.insert(*slot, zone) {
            let message = format!("zones `{first}` and `{zone}` of `{owner}` have the same slot {slot}");
            report.push(at_line(&codes::LOCK_INCONSISTENT, message, zones.line).help(RESTORE));
        }
    }
}

/// A block, who has it, and the line that says so.
#[derive(Clone)]
pub(super) struct Claim<'l> {
    pub block: Cidr,
    pub holder: Holder<'l>,
    pub line: Option<Span>,
}

#[derive(Clone)]
pub(super) enum Holder<'l> {
    Network(&'l Owner),
    Quarantine(&'l Owner),
    SubnetGroup(&'l SubnetGroupId),
}

impl fmt::Display for Holder<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Network(owner) => write!(formatter, "the network of `{owner}`"),
            Holder::Quarantine(owner) => write!(formatter, "the quarantined block of `{owner}`"),
            Holder::SubnetGroup(id) => write!(formatter, "the subnet group `{id}`"),
        }
    }
}

/// Blocks are nested or disjoint. So in their order, where a larger block comes before those inside
/// it, a block overlaps an earlier one exactly if it lies in the last one that lies in no other.
pub(super) fn report_overlaps(mut claims: Vec<Claim<'_>>, report: &mut Report) {
    claims.sort_by_key(|claim| claim.block);
    let mut claims = claims.into_iter();
    let Some(mut outer) = claims.next() else { return };
    for claim in claims {
        if !outer.block.contains(&claim.block) {
            outer = claim;
            continue;
        }
        let help = match (&outer.holder, &claim.holder) {
            (Holder::Network(Owner::Tenant(one)), Holder::Network(Owner::Tenant(other))) => {
                settle_one_of(one, other)
            }
            (Holder::Network(Owner::Tenant(tenant)), Holder::Network(_))
            | (Holder::Network(_), Holder::Network(Owner::Tenant(tenant))) => format!(
                "if `{tenant}` is not deployed yet, `tenantry lock settle {tenant}` gives it another block; else delete every line of the cell, if that is not"
            ),
            (Holder::Network(_), Holder::Network(_)) => {
                "delete every line of the cell that is not deployed yet, and run again: it gets another block"
                    .to_owned()
            }
            (
                Holder::SubnetGroup(SubnetGroupId { owner: Owner::Tenant(one), .. }),
                Holder::SubnetGroup(SubnetGroupId { owner: Owner::Tenant(other), .. }),
            ) if one != other => settle_one_of(one, other),
            (Holder::SubnetGroup(_), Holder::SubnetGroup(_)) => RESTORE.to_owned(),
            _ => "a block is in use or waits, never both: delete the line that is out of date".to_owned(),
        };
        let message = format!("{} and {} share addresses", outer.holder, claim.holder);
        let (larger, smaller) = (outer.block.to_string(), claim.block.to_string());
        report.push(
            at_lines(&codes::LOCK_OVERLAP, message, (claim.line, &smaller), (outer.line, &larger)).help(help),
        );
    }
}

/// What to do where two branches gave the same thing to two tenants.
pub(super) fn settle_one_of(one: &HomeId, other: &HomeId) -> String {
    format!(
        "keep what is deployed, and decide the other anew: `tenantry lock settle {other}`, or `tenantry lock settle {one}`"
    )
}

/// The command that gives an owner other addresses, as far as there is one.
fn settle_command(owner: &Owner) -> String {
    match owner {
        Owner::Tenant(tenant) => format!("`tenantry lock settle {tenant}`"),
        Owner::Cell(_) => "a run without its lines".to_owned(),
    }
}

pub(super) fn at_line(code: &'static Code, message: String, line: Option<Span>) -> Diagnostic {
    let error = Diagnostic::error(code, message);
    match line {
        Some(line) => error.at(line, ""),
        None => error,
    }
}

/// An error about two lines, the one further down in the file first.
pub(super) fn at_lines(
    code: &'static Code,
    message: String,
    one: (Option<Span>, &str),
    other: (Option<Span>, &str),
) -> Diagnostic {
    let (last, first) = if one.0 >= other.0 { (one, other) } else { (other, one) };
    let mut error = Diagnostic::error(code, message);
    if let Some(line) = last.0 {
        error = error.at(line, last.1);
    }
    if let Some(line) = first.0 {
        error = error.also(line, first.1);
    }
    error
}
