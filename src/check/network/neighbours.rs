//! Rules one by one: each that would let another tenant through if nothing else stood in its way.
//!
//! That no packet gets through end to end hides a single fault: a rule that is too wide is no leak while routes
//! hold. So every rule, entry and route of one tenant is asked for addresses and interfaces of another. What
//! speaks of all addresses means the internet, and is no fault here; the certificate counts how many layers are left.

use crate::check::network::interval::Range;
use crate::check::network::topology::{Association, Origin, Peer, Target, Topology, TransitTarget};
use crate::network::Cidr;

/// A rule that admits another tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neighbour {
    pub(super) what: What,
    pub(super) origin: Origin,
    /// Whose rule it is, and whom it admits.
    pub(super) tenant: usize,
    pub(super) other: usize,
}

/// The kind of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    GroupRule,
    AclEntry,
    Route,
}

/// Finds them all.
pub(super) fn neighbours(topology: &Topology) -> Vec<Neighbour> {
    let index = Index::new(topology);
    let mut found = Vec::new();
    group_rules(topology, &index, &mut found);
    acl_entries(topology, &index, &mut found);
    routes(topology, &index, &mut found);
    gateways(topology, &index, &mut found);
    found
}

/// Up to two tenants: if there are two, each has another one.
#[derive(Clone, Copy, Default)]
struct Two([Option<usize>; 2]);

impl Two {
    fn add(&mut self, tenant: usize) {
        match self.0 {
            [None, _] => self.0[0] = Some(tenant),
            [Some(first), None] if first != tenant => self.0[1] = Some(tenant),
            _ => {}
        }
    }

    fn other_than(&self, tenant: usize) -> Option<usize> {
        self.0.into_iter().flatten().find(|other| *other != tenant)
    }

    fn each(&self) -> impl Iterator<Item = usize> {
        self.0.into_iter().flatten()
    }
}

/// The addresses that interfaces of tenants can have.
struct Index {
    families: [Addresses; 2],
    in_vpc: Vec<Two>,
    in_subnet: Vec<Two>,
    in_group: Vec<Two>,
    /// Whether a group is borne by something that is meant for everyone.
    public: Vec<bool>,
}

#[derive(Default)]
struct Addresses {
    /// Addresses, their tenant and their VPC, in order.
    all: Vec<(Range, usize, usize)>,
    /// The highest last address up to here.
    reach: Vec<u128>,
    /// The place before this of the last entry of another tenant.
    before: Vec<Option<usize>>,
}

impl Index {
    fn new(topology: &Topology) -> Self {
        let mut index = Index {
            families: [Addresses::default(), Addresses::default()],
            in_vpc: vec![Two::default(); topology.vpcs.len()],
            in_subnet: vec![Two::default(); topology.subnets.len()],
            in_group: vec![Two::default(); topology.groups.len()],
            public: vec![false; topology.groups.len()],
        };
        for workload in &topology.workloads {
            for group in workload.groups.iter().flatten() {
                index.public[*group] |= workload.public;
                workload.owner.into_iter().for_each(|owner| index.in_group[*group].add(owner));
            }
            let Some(owner) = workload.owner else { continue };
            for subnet in &workload.subnets {
                let vpc = topology.subnets[*subnet].vpc;
                index.in_vpc[vpc].add(owner);
                index.in_subnet[*subnet].add(owner);
                for block in &topology.subnets[*subnet].blocks {
                    let addresses = &mut index.families[usize::from(!block.is_v4())];
                    addresses.all.extend(Range::usable(block).map(|range| (range, owner, vpc)));
                }
            }
        }
        index.families.iter_mut().for_each(Addresses::finish);
        index
    }

    /// Another tenant with an address in a block, as seen from a VPC: an address that is also one of the VPC's
    /// own means the VPC's own.
    fn other(&self, topology: &Topology, block: &Cidr, tenant: usize, vpc: Option<usize>) -> Option<usize> {
        let own: Vec<Range> =
            vpc.map_or(Vec::new(), |vpc| topology.vpcs[vpc].blocks.iter().map(Range::of).collect());
        self.families[usize::from(!block.is_v4())].find(Range::of(block), tenant, |(range, _, other)| {
            Some(*other) == vpc || !own.iter().any(|own| own.meets(*range))
        })
    }
}

impl Addresses {
    fn finish(&mut self) {
        self.all.sort_unstable();
        self.all.dedup();
        let mut reach = 0;
        for (number, (range, tenant, _)) in self.all.iter().enumerate() {
            reach = range.last.max(reach);
            self.reach.push(reach);
            let previous = number.checked_sub(1);
            self.before.push(previous.and_then(|previous| {
                if self.all[previous].1 == *tenant { self.before[previous] } else { Some(previous) }
            }));
        }
    }

    fn find(
        &self,
        range: Range,
        tenant: usize,
        counts: impl Fn(&(Range, usize, usize)) -> bool,
    ) -> Option<usize> {
        let mut next = self.all.partition_point(|(other, ..)| other.first <= range.last).checked_sub(1);
        while let Some(number) = next.filter(|number| self.reach[*number] >= range.first) {
            let entry = &self.all[number];
            if entry.1 != tenant && entry.0.meets(range) && counts(entry) {
                return Some(entry.1);
            }
            next = if entry.1 == tenant { self.before[number] } else { number.checked_sub(1) };
        }
        None
    }
}

fn is_everything(block: &Cidr) -> bool {
    block.length() == 0
}

fn group_rules(topology: &Topology, index: &Index, found: &mut Vec<Neighbour>) {
    let mut vpcs: Vec<Option<usize>> = vec![None; topology.groups.len()];
    for workload in &topology.workloads {
        let vpc = workload.subnets.first().map(|subnet| topology.subnets[*subnet].vpc);
        workload.groups.iter().flatten().for_each(|group| vpcs[*group] = vpcs[*group].or(vpc));
    }
    for (number, group) in topology.groups.iter().enumerate() {
        for (rules, inward) in [(&group.inward, true), (&group.outward, false)] {
            for rule in rules {
                let admitted = |block: &Cidr, tenant| {
                    // To all addresses, or from them to what is public: the internet is meant.
                    let internet = is_everything(block) && (!inward || index.public[number]);
                    if internet { None } else { index.other(topology, block, tenant, vpcs[number]) }
                };
                let other = |tenant| match rule.peer {
                    Peer::Block(block) => admitted(&block, tenant),
                    Peer::List(list) => {
                        topology.lists[list].blocks.iter().find_map(|block| admitted(block, tenant))
                    }
                    Peer::Group(group) => index.in_group[group].other_than(tenant),
                    Peer::Unknown => None,
                };
                let pair = index.in_group[number].each().find_map(|tenant| Some((tenant, other(tenant)?)));
                let neighbour =
                    |(tenant, other)| Neighbour { what: What::GroupRule, origin: rule.origin, tenant, other };
                found.extend(pair.map(neighbour));
            }
        }
    }
}

fn acl_entries(topology: &Topology, index: &Index, found: &mut Vec<Neighbour>) {
    let mut owners = vec![Two::default(); topology.acls.len()];
    let mut shared = vec![false; topology.acls.len()];
    let acl_of = |subnet: &usize| topology.subnets[*subnet].acl;
    for workload in &topology.workloads {
        for acl in workload.subnets.iter().filter_map(acl_of) {
            match workload.owner {
                Some(owner) => owners[acl].add(owner),
                None => shared[acl] = true,
            }
        }
    }
    for (number, acl) in topology.acls.iter().enumerate() {
        // Where several stand behind one ACL, it cannot tell them apart.
        let [Some(tenant), None] = owners[number].0 else { continue };
        if shared[number] {
            continue;
        }
        for entry in acl.inward.iter().chain(&acl.outward).filter(|entry| entry.allow) {
            let peer = entry.peer.filter(|peer| !is_everything(peer));
            let other = peer.and_then(|peer| index.other(topology, &peer, tenant, Some(acl.vpc)));
            found.extend(other.map(|other| Neighbour {
                what: What::AclEntry,
                origin: entry.origin,
                tenant,
                other,
            }));
        }
    }
}

fn routes(topology: &Topology, index: &Index, found: &mut Vec<Neighbour>) {
    let mut owners = vec![Two::default(); topology.tables.len()];
    for (number, subnet) in topology.subnets.iter().enumerate() {
        index.in_subnet[number].each().for_each(|tenant| owners[subnet.table].add(tenant));
    }
    for (number, table) in topology.tables.iter().enumerate() {
        for route in &table.routes {
            let Some(destination) = route.destination else { continue };
            let led = |vpc: usize, tenant| {
                let there = index.in_vpc[vpc].other_than(tenant)?;
                let mut blocks = topology.vpcs[vpc].blocks.iter();
                blocks.any(|block| block.overlaps(&destination)).then_some(there)
            };
            let other = |tenant| match route.target {
                Target::Peer(vpc) => led(vpc, tenant),
                Target::Transit(attachment) => {
                    let Association::Table(table) = topology.attachments[attachment].association else {
                        return None;
                    };
                    topology.transit_tables[table].routes.iter().find_map(|route| {
                        let TransitTarget::Attachment(attachment) = route.target else { return None };
                        let meets = route.destination.is_some_and(|block| block.overlaps(&destination));
                        meets.then(|| led(topology.attachments[attachment].vpc, tenant)).flatten()
                    })
                }
                _ => None,
            };
            let pair = owners[number].each().find_map(|tenant| Some((tenant, other(tenant)?)));
            let neighbour =
                |(tenant, other)| Neighbour { what: What::Route, origin: route.origin, tenant, other };
            found.extend(pair.map(neighbour));
        }
    }
}

/// Routes of a transit gateway to tenants, in tables that other tenants look into: one route of a VPC more, and they meet.
fn gateways(topology: &Topology, index: &Index, found: &mut Vec<Neighbour>) {
    // Two routes to different tenants are enough of each table: whoever looks into it finds another's there.
    let mut behind: Vec<Vec<(usize, Origin)>> = vec![Vec::new(); topology.transit_tables.len()];
    for (number, table) in topology.transit_tables.iter().enumerate() {
        for route in &table.routes {
            let TransitTarget::Attachment(attachment) = route.target else { continue };
            for tenant in index.in_vpc[topology.attachments[attachment].vpc].each() {
                let known = &mut behind[number];
                if known.len() < 2 && known.iter().all(|(other, _)| *other != tenant) {
                    known.push((tenant, route.origin));
                }
            }
        }
    }
    let mut told = vec![false; topology.transit_tables.len()];
    for attachment in &topology.attachments {
        let Association::Table(table) = attachment.association else { continue };
        for tenant in index.in_vpc[attachment.vpc].each() {
            let other = behind[table].iter().find(|(other, _)| *other != tenant);
            // Those of one cell are behind one attachment, and apart by other means.
            let other =
                other.filter(|(other, _)| index.in_vpc[attachment.vpc].each().all(|own| own != *other));
            if let Some((other, origin)) = other
                && !std::mem::replace(&mut told[table], true)
            {
                found.push(Neighbour { what: What::Route, origin: *origin, tenant, other: *other });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::network::interval::Family;

    #[test]
    fn the_next_tenant_is_found_past_many_of_the_same() {
        let mut addresses = Addresses::default();
        for number in 0..100_u128 {
            let range = Range { first: number * 10, last: number * 10 + 4 };
            addresses.all.push((range, usize::from(number == 3), 0));
        }
        addresses.finish();
        let everything = Range::everything(Family::V4);
        assert_eq!(addresses.find(everything, 0, |_| true), Some(1));
        assert_eq!(addresses.find(everything, 1, |_| true), Some(0));
        assert_eq!(addresses.find(Range { first: 41, last: 990 }, 0, |_| true), None);
        assert_eq!(addresses.find(Range { first: 34, last: 34 }, 0, |_| true), Some(1));
        assert_eq!(addresses.find(Range { first: 35, last: 39 }, 0, |_| true), None);
    }
}
