//! What each security group and each network ACL has to let through, flow by flow, as it is said:
//! nothing is joined here.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::PrefixListService;
use crate::blueprint::{Blueprint, Flow, FlowEnd, Per, Route, Settings, Workload};
use crate::catalog::NamedRanges;
use crate::diagnostics::quote;
use crate::network::cover::merged;
use crate::network::{Icmp, Traffic};
use crate::plan::ipv6::DualStack;
use crate::plan::security::origin::{Shared, origin, without_base};
use crate::plan::security::{Direction, Origin, Pattern, Peer};

/// The ports from which clients open connections: Linux, Windows, load balancers and NAT gateways
/// together (VPC User Guide, "Ephemeral ports").
pub const EPHEMERAL_PORTS: (u16, u16) = (1024, 65535);

/// The traffic that answers this traffic; a message of ICMP that is an answer or a report has none.
pub fn answers(traffic: Traffic) -> Option<Traffic> {
    // RFC 792 and RFC 4443: the types of requests and of their replies.
    let reply = |icmp, pairs: &[(u8, u8)]| match icmp {
        Icmp::Every => Some(Icmp::Every),
        Icmp::Type(kind) | Icmp::TypeAndCode(kind, _) => {
            pairs.iter().find(|(request, _)| *request == kind).map(|(_, reply)| Icmp::Type(*reply))
        }
    };
    match traffic {
        Traffic::Tcp(_) => Some(Traffic::Tcp(EPHEMERAL_PORTS)),
        Traffic::Udp(_) => Some(Traffic::Udp(EPHEMERAL_PORTS)),
        Traffic::Icmp(icmp) => reply(icmp, &[(8, 0), (13, 14)]).map(Traffic::Icmp),
        Traffic::Icmp6(icmp) => reply(icmp, &[(128, 129)]).map(Traffic::Icmp6),
        Traffic::Number(_) | Traffic::All => Some(traffic),
    }
}

/// The range of the catalog that a flow means: by the name of a setting, the one that the setting names.
pub fn range_named<'n>(name: &'n str, settings: &'n Settings) -> &'n str {
    settings.text(name).unwrap_or(name)
}

/// Peer and traffic, with the reason for the way the peer is written.
type Reasons = BTreeMap<(Peer, Traffic), String>;

/// Why a flow cannot be.
pub(super) enum Problem {
    /// There is no route; says so.
    NoWay(String),
    /// The catalog has no range of this name.
    NoRange(String),
}

pub(super) struct Derivation<'d> {
    pattern: &'d Pattern<'d>,
    blueprint: &'d Blueprint,
    /// Groups of the cell that an interface cannot bear beside its others.
    folded: BTreeSet<(String, Origin)>,
    /// Whose rules are derived.
    side: Per,
    workloads: &'d BTreeMap<&'d str, &'d Workload>,
    ranges: &'d BTreeMap<String, NamedRanges>,
    settings: &'d Settings,
    nat: &'d str,
    endpoints: BTreeSet<&'d str>,
    /// By workload, origin and direction. Among those of a tenant are those that its cell has for it.
    pub(super) rules: BTreeMap<(String, Origin, Direction), Reasons>,
    /// By subnet group and direction.
    pub(super) entries: BTreeMap<(String, Direction), BTreeSet<(Peer, Traffic)>>,
    pub(super) prefix_lists: BTreeSet<String>,
    /// Where the network has IPv6 addresses too.
    dual: Option<&'d DualStack>,
}

impl<'d> Derivation<'d> {
    pub(super) fn new(pattern: &'d Pattern<'d>, folded: BTreeSet<(String, Origin)>) -> Self {
        let endpoints = pattern.settings.get("interface_endpoints").as_array();
        Derivation {
            pattern,
            folded,
            blueprint: pattern.blueprint,
            side: pattern.side,
            workloads: pattern.workloads,
            ranges: pattern.ranges,
            settings: pattern.settings,
            nat: pattern.settings.text("nat").unwrap_or("none"),
            endpoints: endpoints
                .map(|list| list.iter().filter_map(|one| one.as_str()).collect())
                .unwrap_or_default(),
            rules: BTreeMap::new(),
            entries: BTreeMap::new(),
            prefix_lists: BTreeSet::new(),
            dual: pattern.growth.ipv6.as_ref(),
        }
    }

    pub(super) fn flow(&mut self, flow: &Flow) -> Result<(), Problem> {
        let workload = |end: &FlowEnd| match end {
            FlowEnd::Workload(name) => self.workloads.get(name.as_str()).copied(),
            _ => None,
        };
        match (workload(&flow.from), &flow.from, workload(&flow.to), &flow.to) {
            (Some(from), _, Some(to), _) => self.between(from, to, flow),
            (Some(from), _, _, FlowEnd::Internet) => {
                self.reach_internet(from, flow, "any public address, as declared".to_owned())?;
            }
            (Some(from), _, _, FlowEnd::Service(service)) => self.reach_service(from, service, flow)?,
            (Some(inside), _, _, FlowEnd::Range(name)) => {
                self.range(inside, Direction::Egress, name, flow)?;
            }
            (_, FlowEnd::Range(name), Some(inside), _) => {
                self.range(inside, Direction::Ingress, name, flow)?;
            }
            (_, FlowEnd::TenantIngress, Some(to), _) => {
                let (peer, reason) = match to.per {
                    Per::Tenant => (Peer::TenantIngress, "the tenant's allow-list"),
                    _ => {
                        (Peer::Anywhere, "tenants have allow-lists of their own, which it has to tell apart")
                    }
                };
                self.rule(&to.name, Direction::Ingress, flow, &peer, reason);
                self.both_ways(&to.subnet_group, Direction::Ingress, flow, &peer);
            }
            (_, FlowEnd::Service(service), Some(to), _) => {
                self.prefix_list(to, Direction::Ingress, service, flow, "");
            }
            _ => {}
        }
        Ok(())
    }

    fn between(&mut self, from: &Workload, to: &Workload, flow: &Flow) {
        let (peer, reason) = self.peer(to);
        self.rule(&from.name, Direction::Egress, flow, &peer, &reason);
        let (peer, reason) = self.peer(from);
        self.rule(&to.name, Direction::Ingress, flow, &peer, &reason);
        let (start, end) = (&from.subnet_group, &to.subnet_group);
        self.both_ways(start, Direction::Egress, flow, &Peer::SubnetGroup(end.clone()));
        self.both_ways(end, Direction::Ingress, flow, &Peer::SubnetGroup(start.clone()));
    }

    /// Addresses outside, by their name in the catalog. Routes to them are for the templates.
    fn range(
        &mut self,
        inside: &Workload,
        direction: Direction,
        name: &str,
        flow: &Flow,
    ) -> Result<(), Problem> {
        let name = range_named(name, self.settings);
        let Some(ranges) = self.ranges.get(name) else { return Err(Problem::NoRange(name.to_owned())) };
        let reason = format!("range: the catalog's {name}");
        for range in merged(&ranges.blocks.iter().map(|block| block.value).collect()) {
            let peer = if range.length() == 0 { Peer::Anywhere } else { Peer::Range(range) };
            self.rule(&inside.name, direction, flow, &peer, &reason);
            self.both_ways(&inside.subnet_group, direction, flow, &peer);
        }
        Ok(())
    }

    fn reach_internet(&mut self, from: &Workload, flow: &Flow, reason: String) -> Result<(), Problem> {
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
                let message = format!("{} has no way to {}", quote(&from.name), destination(&flow.to));
                return Err(Problem::NoWay(message));
            }
        }
        // The public endpoints of AWS services go by names without IPv6 addresses, unless a program asks
        // for others.
        let ipv6 = self.dual.is_some() && flow.to == FlowEnd::Internet;
        for peer in std::iter::once(Peer::Anywhere).chain(ipv6.then_some(Peer::AnywhereIpv6)) {
            self.rule(&from.name, Direction::Egress, flow, &peer, &reason);
            self.both_ways(&group, Direction::Egress, flow, &peer);
        }
        Ok(())
    }

    fn reach_service(&mut self, from: &Workload, service: &str, flow: &Flow) -> Result<(), Problem> {
        if let Some(list) = PrefixListService::named(service).filter(|list| list.ends_flows()) {
            let way = if list.has_gateway_endpoint() { ", through the gateway endpoint" } else { "" };
            self.prefix_list(from, Direction::Egress, service, flow, way);
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

    fn prefix_list(
        &mut self,
        inside: &Workload,
        direction: Direction,
        service: &str,
        flow: &Flow,
        way: &str,
    ) {
        let reason = format!("AWS's prefix list of {service}{way}");
        self.prefix_lists.insert(service.to_owned());
        self.rule(&inside.name, direction, flow, &Peer::PrefixList(service.to_owned()), &reason);
        // A network ACL cannot name a prefix list (VPC User Guide, "Network ACL rules").
        self.both_ways(&inside.subnet_group, direction, flow, &Peer::Anywhere);
    }

    /// Whether an end of a flow is a workload of this side.
    pub(super) fn is_mine(&self, end: &FlowEnd) -> bool {
        match end {
            FlowEnd::Workload(name) => {
                self.workloads.get(name.as_str()).is_some_and(|one| one.per == self.side)
            }
            _ => false,
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
        let is_shared = self.blueprint.subnet_group(group).is_some_and(|group| group.per == Per::Cell);
        if workload.per == Per::Tenant && is_shared {
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

    /// Notes a rule, if it is of this side: one of its own workloads, or one that the tenants of a cell
    /// have in common, which is the cell's.
    fn rule(&mut self, workload: &str, direction: Direction, flow: &Flow, peer: &Peer, reason: &str) {
        let Some(bearer) = self.workloads.get(workload) else { return };
        let origin = match origin(self.pattern, bearer, flow) {
            origin if self.folded.contains(&(workload.to_owned(), origin.clone())) => Origin::Own,
            origin => origin,
        };
        // A tenant notes what its cell has for it, to know which groups to bear.
        if origin == Origin::Own && bearer.per != self.side {
            return;
        }
        let peers = self.in_both_families(peer);
        let said = self.rules.entry((workload.to_owned(), origin, direction)).or_default();
        for peer in peers {
            for traffic in flow.traffic.iter().filter(|traffic| peer.may_send(**traffic)) {
                said.entry((peer.clone(), *traffic)).or_insert_with(|| reason.to_owned());
            }
        }
    }

    /// What the groups of the cell hold, each less what its base does.
    pub(super) fn shared(&self) -> Shared {
        let mut shared = Shared::new();
        for ((workload, origin, direction), said) in &self.rules {
            if *origin != Origin::Own {
                let group = shared.entry((workload.clone(), origin.clone())).or_default();
                group.extend(said.keys().map(|(peer, traffic)| (*direction, peer.clone(), *traffic)));
            }
        }
        without_base(shared)
    }

    /// The addresses of a subnet group are blocks of each family; what is no block holds for both.
    fn in_both_families(&self, peer: &Peer) -> Vec<Peer> {
        let mut peers = vec![peer.clone()];
        if let (Peer::SubnetGroup(group), Some(dual)) = (peer, self.dual) {
            let ranges = dual.ranges.get(group).copied().unwrap_or_default();
            peers.extend((1..=ranges).map(|range| Peer::SubnetIpv6(group.clone(), range)));
        }
        peers
    }

    /// The entry for a flow's packets, and the one for the answers the other way, if the subnets are of
    /// this side.
    fn both_ways(&mut self, group: &str, direction: Direction, flow: &Flow, peer: &Peer) {
        if self.blueprint.subnet_group(group).is_none_or(|group| group.per != self.side) {
            return;
        }
        // In subnets of the cell stand the workloads of tenants with different allow-lists.
        let of_all = self.side == Per::Cell && *peer == Peer::TenantIngress;
        let peer = if of_all { &Peer::Anywhere } else { peer };
        let peers = self.in_both_families(peer);
        let all = peers.iter().flat_map(|peer| flow.traffic.iter().map(move |traffic| (peer, traffic)));
        for (peer, traffic) in all.filter(|(peer, traffic)| peer.may_send(**traffic)) {
            let mut said = |direction, traffic| {
                self.entries.entry((group.to_owned(), direction)).or_default().insert((peer.clone(), traffic))
            };
            said(direction, *traffic);
            answers(*traffic).map(|answers| said(direction.back(), answers));
        }
    }
}

impl Peer {
    /// Whether packets of this traffic come from there: ICMP is another protocol in each family.
    fn may_send(&self, traffic: Traffic) -> bool {
        match self {
            Peer::Workload(_) | Peer::PrefixList(_) => true,
            Peer::AnywhereIpv6 | Peer::SubnetIpv6(..) => traffic.is_of_family(true),
            _ => traffic.is_of_family(false),
        }
    }
}

/// Why a peer is written as it is: what was said of it, or of the ranges that became one.
pub(super) fn reason(said: &BTreeMap<(Peer, Traffic), String>, peer: &Peer) -> String {
    let holds = |other: &Peer| match (peer, other) {
        (Peer::Range(whole), Peer::Range(part)) => whole.contains(part),
        _ => peer == other,
    };
    let reasons: Vec<&str> =
        said.iter().filter(|((other, _), _)| holds(other)).map(|(_, reason)| reason.as_str()).collect();
    match peer {
        Peer::Range(_) => {
            let names: BTreeSet<&str> = reasons.into_iter().collect();
            names.into_iter().collect::<Vec<_>>().join("; ")
        }
        _ => reasons.first().map(|reason| (*reason).to_owned()).unwrap_or_default(),
    }
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
    fn requests_have_answers_and_reports_have_none() {
        assert_eq!(answers(Traffic::Tcp((443, 443))), Some(Traffic::Tcp(EPHEMERAL_PORTS)));
        assert_eq!(answers(Traffic::Icmp(Icmp::Type(8))), Some(Traffic::Icmp(Icmp::Type(0))));
        assert_eq!(answers(Traffic::Icmp6(Icmp::TypeAndCode(128, 0))), Some(Traffic::Icmp6(Icmp::Type(129))));
        assert_eq!(answers(Traffic::Icmp(Icmp::Type(3))), None);
        assert_eq!(answers(Traffic::Number(50)), Some(Traffic::Number(50)));
    }
}
