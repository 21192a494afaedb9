//! From a blueprint's flows to security group rules and network ACL entries.
//!
//! Both are decided once a shape, with symbolic peers ("the app subnets"), since the rules of two
//! tenants of one shape differ in addresses only. Nothing that is not declared is allowed, in either
//! direction. Security groups are stateful; network ACLs are not, so every flow brings the entries
//! of its answers. How rules are written down is left to `synth`.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Blueprint, Flow, FlowEnd, Per, Protocol, Route, Settings, Workload};
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::identity::hash_number;
use crate::plan::Growth;
use crate::source::Span;

/// The ports from which clients open connections: Linux, Windows, load balancers and NAT gateways
/// together (VPC User Guide, "Ephemeral ports").
pub const EPHEMERAL_PORTS: (u16, u16) = (1024, 65535);

/// Allow-lists up to this long are repeated in the network ACL; longer ones are left to the security
/// group, which filters exactly, because an ACL holds 20 entries a direction.
pub const ACL_INGRESS_RANGES: usize = 8;

/// Entries of a network ACL in one direction that AWS allows by default, less the default deny.
const ACL_ENTRIES: usize = 19;

/// Services with gateway endpoints; security groups name them by AWS's prefix lists.
const GATEWAY_SERVICES: [&str; 2] = ["dynamodb", "s3"];

/// What may reach what, in one shape.
#[derive(Debug, Default)]
pub struct Security {
    /// The workloads that are switched on, those of the other side included: each has a security group.
    pub workloads: BTreeSet<String>,
    /// In canonical order.
    pub rules: Vec<Rule>,
    /// In canonical order.
    pub acl_entries: Vec<AclEntry>,
    /// Gateway services whose prefix lists the rules name.
    pub prefix_lists: BTreeSet<String>,
}

/// Which way a packet goes, seen from the workload or the subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    Ingress,
    Egress,
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Every IPv4 address.
    Anywhere,
    /// The ranges of the tenant's allow-list.
    TenantIngress,
    /// The addresses of a subnet group, in the block that its network was created with.
    SubnetGroup(String),
    /// The addresses of a subnet group in another block of its network.
    SubnetBlock(String, usize),
    /// Whoever bears the security group of a workload.
    Workload(String),
    /// AWS's prefix list of a service.
    PrefixList(String),
}

/// A rule of a workload's security group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    pub workload: String,
    pub direction: Direction,
    pub protocol: Protocol,
    pub ports: (u16, u16),
    pub peer: Peer,
    /// Why the peer is written as it is.
    pub reason: String,
}

/// An entry of a subnet group's network ACL; all entries allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AclEntry {
    pub subnet_group: String,
    pub direction: Direction,
    pub protocol: Protocol,
    pub ports: (u16, u16),
    pub peer: Peer,
    /// 1,000 to 31,999, from the entry's own content: an edit elsewhere does not renumber it. Entries
    /// for the tenant's allow-list have a round hundred, to which the slot of each range is added.
    pub number: u16,
}

impl Direction {
    /// In the words of security groups.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        }
    }
}

/// Derives the rules and entries of one side, the tenant's or the cell's, from the flows that are
/// switched on.
#[expect(clippy::too_many_arguments, reason = "all that rules follow from")]
pub(super) fn derive(
    blueprint: &Blueprint,
    side: Per,
    settings: &Settings,
    growth: &Growth,
    workloads: &BTreeMap<&str, &Workload>,
    flows: &[&Flow],
    place: Span,
    report: &mut Report,
) -> Security {
    let mut derivation = Derivation {
        blueprint,
        side,
        workloads,
        nat: settings.text("nat").unwrap_or("none"),
        endpoints: settings
            .get("interface_endpoints")
            .as_array()
            .map(|list| list.iter().filter_map(|one| one.as_str()).collect())
            .unwrap_or_default(),
        rules: BTreeMap::new(),
        entries: BTreeMap::new(),
        prefix_lists: BTreeSet::new(),
    };
    for flow in flows {
        if let Err(problem) = derivation.flow(flow)
            && derivation.is_mine(&flow.from)
        {
            report.push(
                Diagnostic::error(&codes::UNREACHABLE_DESTINATION, problem)
                    .at(place, "with these settings")
                    .also(flow.span, "by this flow")
                    .help(way_out(blueprint, &flow.to)),
            );
        }
    }
    let acl_entries = numbered(derivation.consolidated_entries(), growth);
    for group in &blueprint.network.subnet_groups {
        for direction in [Direction::Ingress, Direction::Egress] {
            let used = acl_entries
                .iter()
                .filter(|entry| entry.subnet_group == group.name && entry.direction == direction);
            let ranges =
                |entry: &AclEntry| if entry.peer == Peer::TenantIngress { ACL_INGRESS_RANGES } else { 1 };
            let used: usize = used.map(ranges).sum();
            if used > ACL_ENTRIES {
                report.push(
                    Diagnostic::error(
                        &codes::TOO_MANY_ACL_ENTRIES,
                        format!("the network ACL of the {} subnets needs {used} {} entries, and AWS allows {ACL_ENTRIES} beside the default one", group.name, direction.name()),
                    )
                    .at(group.span, "")
                    .help("declare fewer flows, or join port ranges"),
                );
            }
        }
    }
    Security {
        workloads: workloads.keys().map(|name| (*name).to_owned()).collect(),
        rules: over_all_blocks(derivation.consolidated_rules(), growth),
        acl_entries,
        prefix_lists: derivation.prefix_lists,
    }
}

/// What would lead to a destination, as far as the blueprint has settings for it.
fn way_out(blueprint: &Blueprint, to: &FlowEnd) -> &'static str {
    let has = |setting| blueprint.settings.properties.contains_key(setting);
    match to {
        FlowEnd::Service(_) if has("nat") && has("interface_endpoints") => {
            "give the subnets a NAT gateway with `nat`, or name the service in `interface_endpoints`"
        }
        FlowEnd::Service(_) if has("interface_endpoints") => "name the service in `interface_endpoints`",
        _ if has("nat") => "give the subnets a NAT gateway with `nat`",
        _ => "put the workload into subnets with the route `internet`, or take the flow out",
    }
}

type Ports = BTreeSet<(u16, u16)>;

struct Derivation<'d> {
    blueprint: &'d Blueprint,
    /// Whose rules are derived.
    side: Per,
    workloads: &'d BTreeMap<&'d str, &'d Workload>,
    nat: &'d str,
    endpoints: BTreeSet<&'d str>,
    rules: BTreeMap<(String, Direction, Protocol, Peer), (Ports, String)>,
    entries: BTreeMap<(String, Direction, Protocol, Peer), Ports>,
    prefix_lists: BTreeSet<String>,
}

impl Derivation<'_> {
    fn flow(&mut self, flow: &Flow) -> Result<(), String> {
        match (&flow.from, &flow.to) {
            (FlowEnd::TenantIngress, FlowEnd::Workload(to)) => {
                let Some(to) = self.workloads.get(to.as_str()).copied() else { return Ok(()) };
                let (peer, reason) = match to.per {
                    Per::Tenant => (Peer::TenantIngress, "the tenant's allow-list"),
                    _ => {
                        (Peer::Anywhere, "tenants have allow-lists of their own, which it has to tell apart")
                    }
                };
                self.rule(&to.name, Direction::Ingress, flow, peer.clone(), reason.to_owned());
                self.both_ways(&to.subnet_group, Direction::Ingress, flow, &peer);
            }
            (FlowEnd::Workload(from), FlowEnd::Workload(to)) => {
                let (Some(from), Some(to)) =
                    (self.workloads.get(from.as_str()).copied(), self.workloads.get(to.as_str()).copied())
                else {
                    return Ok(());
                };
                self.between(from, to, flow);
            }
            (FlowEnd::Workload(from), FlowEnd::Internet) => {
                let Some(from) = self.workloads.get(from.as_str()).copied() else { return Ok(()) };
                self.reach_internet(from, flow, "any public address, as declared".to_owned())?;
            }
            (FlowEnd::Workload(from), FlowEnd::Service(service)) => {
                let Some(from) = self.workloads.get(from.as_str()).copied() else { return Ok(()) };
                self.reach_service(from, service, flow)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn between(&mut self, from: &Workload, to: &Workload, flow: &Flow) {
        let (peer, reason) = self.peer(to);
        self.rule(&from.name, Direction::Egress, flow, peer, reason);
        let (peer, reason) = self.peer(from);
        self.rule(&to.name, Direction::Ingress, flow, peer, reason);
        self.both_ways(
            &from.subnet_group,
            Direction::Egress,
            flow,
            &Peer::SubnetGroup(to.subnet_group.clone()),
        );
        self.both_ways(
            &to.subnet_group,
            Direction::Ingress,
            flow,
            &Peer::SubnetGroup(from.subnet_group.clone()),
        );
    }

    fn reach_internet(&mut self, from: &Workload, flow: &Flow, reason: String) -> Result<(), String> {
        let group = from.subnet_group.clone();
        let route = self.blueprint.subnet_group(&group).map(|group| group.route);
        match (route, self.nat) {
            (Some(Route::Internet), _) | (Some(Route::Nat), "regional") => {}
            (Some(Route::Nat), "one" | "one_per_zone") => {
                // NAT gateways stand in the public subnets: packets cross that subnet's ACL as well.
                if let Some(public) = self.blueprint.public_group().map(|public| public.name.clone()) {
                    self.both_ways(&public, Direction::Ingress, flow, &Peer::SubnetGroup(group.clone()));
                    self.both_ways(&public, Direction::Egress, flow, &Peer::Anywhere);
                }
            }
            _ => {
                return Err(format!("{} has no way to {}", quote(&from.name), destination(&flow.to)));
            }
        }
        self.rule(&from.name, Direction::Egress, flow, Peer::Anywhere, reason);
        self.both_ways(&group, Direction::Egress, flow, &Peer::Anywhere);
        Ok(())
    }

    fn reach_service(&mut self, from: &Workload, service: &str, flow: &Flow) -> Result<(), String> {
        if GATEWAY_SERVICES.contains(&service) {
            let reason = format!("AWS's prefix list of {service}, through the gateway endpoint");
            self.prefix_lists.insert(service.to_owned());
            self.rule(&from.name, Direction::Egress, flow, Peer::PrefixList(service.to_owned()), reason);
            // A network ACL cannot name a prefix list (VPC User Guide, "Network ACL rules").
            self.both_ways(&from.subnet_group, Direction::Egress, flow, &Peer::Anywhere);
            return Ok(());
        }
        match self.workloads.get("endpoints").copied() {
            Some(endpoints) if self.endpoints.contains(service) => {
                self.between(from, endpoints, flow);
                Ok(())
            }
            _ => self.reach_internet(from, flow, format!("the public endpoint of {service}, over NAT")),
        }
    }

    /// Whether one end of a flow is a workload of this side.
    fn is_mine(&self, end: &FlowEnd) -> bool {
        match end {
            FlowEnd::Workload(name) => {
                self.workloads.get(name.as_str()).is_some_and(|one| one.per == self.side)
            }
            _ => true,
        }
    }

    /// The paper asks for ranges in place of references between groups. A range is taken where only
    /// that workload can hold its addresses; elsewhere it would admit others, so the reference stays.
    fn peer(&self, workload: &Workload) -> (Peer, String) {
        let group = &workload.subnet_group;
        if self.side == Per::Cell && workload.per == Per::Tenant {
            let reason = format!("range: the {} of every tenant, in the {group} subnets", workload.name);
            return (Peer::SubnetGroup(group.clone()), reason);
        }
        // What is the tenant's stands beside that of other tenants in subnets of the cell.
        let is_shared =
            |group: &str| self.blueprint.subnet_group(group).is_some_and(|group| group.per == Per::Cell);
        if workload.per == Per::Tenant && is_shared(group) {
            let reason = format!("reference: the {group} subnets also hold other tenants");
            return (Peer::Workload(workload.name.clone()), reason);
        }
        let mut others: Vec<String> = self
            .workloads
            .values()
            .filter(|other| other.subnet_group == *group && other.name != workload.name)
            .map(|other| other.name.clone())
            .collect();
        let holds_nat = matches!(self.nat, "one" | "one_per_zone")
            && self.blueprint.public_group().is_some_and(|public| public.name == *group);
        if holds_nat {
            others.push("NAT gateways".to_owned());
        }
        if others.is_empty() {
            let reason = format!("range: only {} holds addresses of the {group} subnets", workload.name);
            (Peer::SubnetGroup(group.clone()), reason)
        } else {
            let reason = format!("reference: the {group} subnets also hold {}", others.join(", "));
            (Peer::Workload(workload.name.clone()), reason)
        }
    }

    /// Notes a rule, if it is of this side.
    fn rule(&mut self, workload: &str, direction: Direction, flow: &Flow, peer: Peer, reason: String) {
        if self.workloads.get(workload).is_none_or(|workload| workload.per != self.side) {
            return;
        }
        let key = (workload.to_owned(), direction, flow.protocol, peer);
        let (ports, _) = self.rules.entry(key).or_insert_with(|| (Ports::new(), reason));
        ports.extend(&flow.ports);
    }

    /// The entry for a flow's packets, and the one for the answers the other way, if the subnets are of
    /// this side.
    fn both_ways(&mut self, group: &str, direction: Direction, flow: &Flow, peer: &Peer) {
        if self.blueprint.subnet_group(group).is_none_or(|group| group.per != self.side) {
            return;
        }
        // In subnets of the cell stand the workloads of tenants with different allow-lists.
        let peer =
            if self.side == Per::Cell && *peer == Peer::TenantIngress { &Peer::Anywhere } else { peer };
        let back = match direction {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        };
        let key = |direction| (group.to_owned(), direction, flow.protocol, peer.clone());
        self.entries.entry(key(direction)).or_default().extend(&flow.ports);
        self.entries.entry(key(back)).or_default().insert(EPHEMERAL_PORTS);
    }

    fn consolidated_rules(&self) -> Vec<Rule> {
        let mut rules = Vec::new();
        for ((workload, direction, protocol, peer), (ports, reason)) in &self.rules {
            let anywhere = self
                .rules
                .get(&(workload.clone(), *direction, *protocol, Peer::Anywhere))
                .map(|(ports, _)| ports);
            for ports in remaining(ports, peer, anywhere) {
                rules.push(Rule {
                    workload: workload.clone(),
                    direction: *direction,
                    protocol: *protocol,
                    ports,
                    peer: peer.clone(),
                    reason: reason.clone(),
                });
            }
        }
        rules.sort();
        rules
    }

    fn consolidated_entries(&self) -> Vec<AclEntry> {
        let mut entries = Vec::new();
        for ((group, direction, protocol, peer), ports) in &self.entries {
            let anywhere = self.entries.get(&(group.clone(), *direction, *protocol, Peer::Anywhere));
            for ports in remaining(ports, peer, anywhere) {
                entries.push(AclEntry {
                    subnet_group: group.clone(),
                    direction: *direction,
                    protocol: *protocol,
                    ports,
                    peer: peer.clone(),
                    number: 0,
                });
            }
        }
        entries.sort();
        entries
    }
}

/// The ports of a peer as few intervals, less those that a rule for every address covers already.
/// The rules of the allow-list are always said: they stand in a stack of their own, whose template
/// must not depend on the other rules.
fn remaining(ports: &Ports, peer: &Peer, anywhere: Option<&Ports>) -> Vec<(u16, u16)> {
    let stands_alone = matches!(peer, Peer::Anywhere | Peer::TenantIngress);
    let covering = anywhere.filter(|_| !stands_alone).map(joined).unwrap_or_default();
    let mut intervals = joined(ports);
    intervals.retain(|(first, last)| !covering.iter().any(|(from, to)| from <= first && last <= to));
    intervals
}

/// Intervals that touch or overlap become one.
fn joined(ports: &Ports) -> Vec<(u16, u16)> {
    let mut intervals: Vec<(u16, u16)> = Vec::new();
    for (first, last) in ports {
        match intervals.last_mut() {
            Some(open) if u32::from(*first) <= u32::from(open.1) + 1 => open.1 = open.1.max(*last),
            _ => intervals.push((*first, *last)),
        }
    }
    intervals
}

/// Gives each entry a number that comes from its content. Entries only allow, so their order means
/// nothing; what matters is that an edit never renumbers another entry, because the number of an
/// entry cannot change in place and a new entry cannot take the number of one that still exists.
///
/// What a network has grown by comes after all that was there before.
fn numbered(mut entries: Vec<AclEntry>, growth: &Growth) -> Vec<AclEntry> {
    let mut taken = BTreeSet::new();
    let further = further_blocks(
        growth,
        &entries,
        |entry| &entry.peer,
        |entry, peer| AclEntry { peer, ..entry.clone() },
    );
    entries.extend(further);
    for entry in &mut entries {
        let ingress = entry.peer == Peer::TenantIngress;
        let content = format!("{:?} {:?} {:?}", entry.protocol, entry.ports, entry.peer);
        let (first, last, step) = if ingress { (100, 900, 100) } else { (1_000, 31_999, 1) };
        let places = u32::from((last - first) / step + 1);
        let mut number = first + (hash_number(&content) % places) as u16 * step;
        while !taken.insert((entry.subnet_group.clone(), entry.direction, number)) {
            number = if number >= last { first } else { number + step };
        }
        entry.number = number;
    }
    entries.sort();
    entries
}

/// The rules, and again for each further block of a subnet group that one of them is about. Parts of
/// one group lie between those of others, so no larger range would hold just them.
fn over_all_blocks(mut rules: Vec<Rule>, growth: &Growth) -> Vec<Rule> {
    let further =
        further_blocks(growth, &rules, |rule| &rule.peer, |rule, peer| Rule { peer, ..rule.clone() });
    rules.extend(further);
    rules.sort();
    rules
}

/// The block that came last stands last, whatever else there is.
fn further_blocks<T>(
    growth: &Growth,
    all: &[T],
    peer_of: impl Fn(&T) -> &Peer,
    with: impl Fn(&T, Peer) -> T,
) -> Vec<T> {
    let mut further = Vec::new();
    for number in 2..=growth.blocks + 1 {
        for one in all {
            if let Peer::SubnetGroup(group) = peer_of(one)
                && growth.blocks_of(group).contains(&number)
            {
                further.push(with(one, Peer::SubnetBlock(group.clone(), number)));
            }
        }
    }
    further
}

fn destination(end: &FlowEnd) -> String {
    match end {
        FlowEnd::Service(service) => format!("the AWS service {}", quote(service)),
        _ => "the internet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_intervals_that_touch_become_one() {
        let ports = [(443, 443), (80, 90), (91, 100), (85, 86), (65535, 65535)].into_iter().collect();
        assert_eq!(joined(&ports), [(80, 100), (443, 443), (65535, 65535)]);
    }

    #[test]
    fn what_a_rule_for_every_address_covers_is_not_said_again() {
        let https: Ports = [(443, 443)].into_iter().collect();
        let both: Ports = [(443, 443), (5432, 5432)].into_iter().collect();
        assert_eq!(remaining(&both, &Peer::SubnetGroup("app".into()), Some(&https)), [(5432, 5432)]);
        assert_eq!(remaining(&https, &Peer::Anywhere, Some(&https)), [(443, 443)]);
    }

    #[test]
    fn numbers_do_not_depend_on_the_other_entries() {
        let entry = |port| AclEntry {
            subnet_group: "app".into(),
            direction: Direction::Ingress,
            protocol: Protocol::Tcp,
            ports: (port, port),
            peer: Peer::Anywhere,
            number: 0,
        };
        let all = numbered((1..200).map(entry).collect(), &Growth::default());
        let alone = numbered(vec![entry(100)], &Growth::default());
        let same = all.iter().find(|entry| entry.ports.0 == 100).unwrap();
        assert_eq!(same.number, alone[0].number);
        assert_eq!(all.iter().map(|entry| entry.number).collect::<BTreeSet<_>>().len(), all.len());
    }
}
