//! From a blueprint's flows to security group rules and network ACL entries.
//!
//! Both are decided once a shape, with symbolic peers ("the app subnets"), since the rules of two
//! tenants of one shape differ in addresses only. Nothing that is not declared is allowed, in either
//! direction. Security groups are stateful; network ACLs are not, so every flow brings the entries
//! of its answers. How rules are written down is left to `synth`.
//!
//! In the order of the work: `derivation` turns flows into what each group and each ACL has to let
//! through, `consolidate` says that with the fewest rules and compares, `entries` makes an ACL of it (with `holes`, where it
//! would be too long), `blocks` repeats what is about
//! subnets for the blocks that a network has grown by, `numbers` numbers entries, `count` counts as AWS does,
//! `origin` says which rules tenants of a cell have in common, `sharing` how few groups and rules there could be.

mod blocks;
mod consolidate;
pub mod count;
mod derivation;
mod entries;
mod holes;
mod numbers;
mod origin;
pub mod sharing;

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Blueprint, Flow, FlowEnd, Per, Settings, Workload};
use crate::catalog::NamedRanges;
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::network::{Cidr, Traffic};
use crate::plan::Growth;
use crate::source::Span;

pub use derivation::{EPHEMERAL_PORTS, answers, range_named};
pub use origin::{FIXED_GROUPS, Origin, Traits};

/// Allow-lists up to this long are repeated in the network ACL, where it has the room; longer ones are
/// left to the security group, which filters exactly, because an ACL holds 20 entries a direction.
pub const ACL_INGRESS_RANGES: usize = 8;

/// What may reach what, in one shape.
#[derive(Debug, Default)]
pub struct Security {
    /// The workloads that are switched on, those of the other side included: each has a security group.
    pub workloads: BTreeSet<String>,
    /// Of each workload of tenants with rules in common, the groups of the cell that hold them: in the shape of a
    /// cell all that there are, in a tenant's those that its interfaces bear.
    pub shared: BTreeMap<String, BTreeSet<Origin>>,
    /// In canonical order. In the shape of a cell, those of a tenant's workload are of its shared groups.
    pub rules: Vec<Rule>,
    /// In canonical order.
    pub acl_entries: Vec<AclEntry>,
    /// Allow-lists up to this long are repeated in the network ACLs; [`ACL_INGRESS_RANGES`] at most.
    pub acl_ranges: usize,
    /// Services whose prefix lists the rules name.
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
    /// Every IPv6 address.
    AnywhereIpv6,
    /// The ranges of the tenant's allow-list.
    TenantIngress,
    /// The addresses of a subnet group, in the block that its network was created with.
    SubnetGroup(String),
    /// The addresses of a subnet group in another block of its network.
    SubnetBlock(String, usize),
    /// A /60 of a subnet group's IPv6 addresses, counted from 1.
    SubnetIpv6(String, usize),
    /// Whoever bears the security group of a workload.
    Workload(String),
    /// AWS's prefix list of a service.
    PrefixList(String),
    /// Addresses outside of the product's networks, the same for every tenant.
    Range(Cidr),
    /// The addresses of a subnet group of the cell, those of all its tenants.
    CellSubnetGroup(String),
}

/// A rule of a workload's security group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    pub workload: String,
    /// Which of the workload's groups it stands in.
    pub origin: Origin,
    pub direction: Direction,
    pub traffic: Traffic,
    pub peer: Peer,
    /// Why the peer is written as it is.
    pub reason: String,
}

/// An entry of a subnet group's network ACL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AclEntry {
    pub subnet_group: String,
    pub direction: Direction,
    pub traffic: Traffic,
    pub peer: Peer,
    /// Almost all entries allow.
    pub allows: bool,
    /// From the entry's own content, within the span of its kind (`numbers::Spans`): an edit elsewhere does not
    /// renumber it. Entries for the tenant's allow-list have a round hundred, to which the slot of each range
    /// is added.
    pub number: u16,
}

impl Security {
    /// The groups of a cell that hold rules in common, by workload and origin.
    pub fn shared_groups(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.shared.iter().flat_map(|(name, origins)| origins.iter().map(|origin| (name.as_str(), origin)))
    }
}

impl Direction {
    /// In the words of security groups.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        }
    }

    fn back(self) -> Direction {
        match self {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        }
    }
}

/// What rules follow from.
pub(super) struct Pattern<'d> {
    pub(super) blueprint: &'d Blueprint,
    /// Whose rules are derived: the tenant's, or those of the cell that tenants share.
    pub(super) side: Per,
    pub(super) settings: &'d Settings,
    pub(super) growth: &'d Growth,
    /// Those that are switched on.
    pub(super) workloads: &'d BTreeMap<&'d str, &'d Workload>,
    /// Those that are switched on.
    pub(super) flows: &'d [&'d Flow],
    /// The ranges that flows may name.
    pub(super) ranges: &'d BTreeMap<String, NamedRanges>,
    /// How many groups an interface may bear.
    pub(super) interface_groups: usize,
    /// Where the first tenant that has this shape stands in the catalog.
    pub(super) place: Span,
}

/// Derives the rules and entries of one side from the flows that are switched on.
pub(super) fn derive(pattern: &Pattern<'_>, report: &mut Report) -> Security {
    let mut derivation = derive_flows(pattern, BTreeSet::new(), &mut |problem| report.push(problem));
    // A cell has every group that somebody may bear.
    if pattern.side == Per::Tenant {
        let folded = origin::folded(&derivation.shared(), pattern.interface_groups);
        if !folded.is_empty() {
            derivation = derive_flows(pattern, folded, &mut |_| {});
        }
    }
    let shared = derivation.shared();
    let dual = pattern.growth.ipv6.is_some();
    let shorten = |said: &BTreeSet<(Peer, Traffic)>, report: &mut Report| {
        consolidate::consolidate(said, dual).unwrap_or_else(|wrong| {
            report.push(wrong.told(pattern.place));
            Vec::new()
        })
    };
    let mut rules = Vec::new();
    for ((workload, origin, direction), said) in &derivation.rules {
        let group = shared.get(&(workload.clone(), origin.clone()));
        let stands = |peer: &Peer, traffic: Traffic| match origin {
            Origin::Own => true,
            // The rules of a tenant's shared groups are the cell's.
            _ if pattern.side == Per::Tenant => false,
            _ => group.is_some_and(|group| group.contains(&(*direction, peer.clone(), traffic))),
        };
        let stand = said.keys().filter(|(peer, traffic)| stands(peer, *traffic));
        for (peer, traffic) in shorten(&stand.cloned().collect(), report) {
            let reason = derivation::reason(said, &peer);
            let (workload, origin) = (workload.clone(), origin.clone());
            rules.push(Rule { workload, origin, direction: *direction, traffic, peer, reason });
        }
    }
    let mut acl_entries = Vec::new();
    for ((subnet_group, direction), said) in &derivation.entries {
        let found = entries::entries(said, pattern, dual).unwrap_or_else(|wrong| {
            report.push(wrong.told(pattern.place));
            Vec::new()
        });
        let of_list = found.iter().filter(|((peer, _), _)| *peer == Peer::TenantIngress).count();
        if of_list > numbers::HUNDREDS {
            report.push(count::too_many_of_list(pattern.blueprint, subnet_group, of_list));
        }
        acl_entries.extend(found.into_iter().map(|((peer, traffic), allows)| AclEntry {
            subnet_group: subnet_group.clone(),
            direction: *direction,
            traffic,
            peer,
            allows,
            number: 0,
        }));
    }
    acl_entries.sort();
    let spans = if entries::are_of_neighbours(pattern) { numbers::AMONG_NEIGHBOURS } else { numbers::ALONE };
    let acl_entries =
        numbers::numbered(acl_entries, pattern.growth, &spans, |peer| entries::is_own(peer, pattern));
    // The base is there for whoever shares rules, also where it is empty.
    let sharing = pattern.workloads.values().filter(|workload| workload.shared_rules);
    let mut groups: BTreeMap<String, BTreeSet<Origin>> =
        sharing.map(|workload| (workload.name.clone(), [Origin::Base].into())).collect();
    for (workload, origin) in shared.into_keys() {
        groups.entry(workload).or_default().insert(origin);
    }
    if let Some(rule) = rules.iter().find(|rule| sharing::names_shared_group(rule, pattern)) {
        report.push(sharing::told(rule, pattern));
    }
    Security {
        workloads: pattern.workloads.keys().map(|name| (*name).to_owned()).collect(),
        shared: groups,
        rules: blocks::over_all_blocks(rules, pattern.growth),
        acl_ranges: count::room_for_ranges(&acl_entries, dual),
        acl_entries,
        prefix_lists: derivation.prefix_lists,
    }
}

/// Derives from every flow; `folded` are the groups of the cell that an interface cannot bear.
fn derive_flows<'d>(
    pattern: &'d Pattern<'d>,
    folded: BTreeSet<(String, Origin)>,
    tell: &mut impl FnMut(Diagnostic),
) -> derivation::Derivation<'d> {
    let mut derivation = derivation::Derivation::new(pattern, folded);
    for flow in pattern.flows {
        if let Err(problem) = derivation.flow(flow)
            && (derivation.is_mine(&flow.from) || derivation.is_mine(&flow.to))
        {
            tell(told(problem, flow, pattern));
        }
    }
    derivation
}

fn told(problem: derivation::Problem, flow: &Flow, pattern: &Pattern<'_>) -> Diagnostic {
    match problem {
        derivation::Problem::NoWay(message) => Diagnostic::error(&codes::UNREACHABLE_DESTINATION, message)
            .at(pattern.place, "with these settings")
            .also(flow.span, "by this flow")
            .help(way_out(pattern.blueprint, &flow.to)),
        derivation::Problem::NoRange(name) => {
            let message = format!(
                "the catalog has no range `{name}`, which a flow of the blueprint `{}` names",
                pattern.blueprint.name
            );
            Diagnostic::error(&codes::UNKNOWN_RANGE, message)
                .at(pattern.place, "needed for this tenant")
                .also(flow.span, "by this flow")
                .help(format!("add `ranges: {{ {name}: [...] }}` to the catalog, or take the flow out"))
        }
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
