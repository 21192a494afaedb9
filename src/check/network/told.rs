//! What is told about isolation: leaks with their packets, what is not known, and rules that are too wide.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::check::finding::Finding;
use crate::check::model::Estate;
use crate::check::network::interval::{Family, service_text};
use crate::check::network::neighbours::{Neighbour, What};
use crate::check::network::read::Network;
use crate::check::network::simulate::{Hop, Packet};
use crate::check::network::topology::Origin;
use crate::check::network::verdict::{Leak, Verdict};
use crate::diagnostics::{Code, codes, count, quote};
use crate::source::Span;

/// How many gaps are named beside a verdict that is not known.
const GAPS_NAMED: usize = 5;

/// Everything that the verdict and the rules one by one say.
pub(super) fn findings(
    estate: &Estate,
    network: &Network,
    verdict: &Verdict,
    neighbours: &[Neighbour],
) -> Vec<Finding> {
    let teller = Teller { estate, network };
    let mut findings = teller.leaks(verdict);
    findings.extend(teller.unknown(verdict));
    findings.extend(neighbours.iter().map(|neighbour| teller.neighbour(neighbour)));
    findings
}

struct Teller<'a> {
    estate: &'a Estate,
    network: &'a Network,
}

impl Teller<'_> {
    /// Leaks by the same way are one finding.
    fn leaks(&self, verdict: &Verdict) -> Vec<Finding> {
        let mut ways: BTreeMap<Vec<Span>, Vec<&Leak>> = BTreeMap::new();
        for leak in &verdict.leaks {
            let way = leak.hops.iter().filter_map(|hop| self.hop(hop)).map(|(span, _)| span);
            ways.entry(way.collect()).or_default().push(leak);
        }
        ways.values().filter_map(|leaks| self.leak(leaks.first()?, leaks, verdict)).collect()
    }

    fn leak(&self, leak: &Leak, same: &[&Leak], verdict: &Verdict) -> Option<Finding> {
        let hops: Vec<(Span, &str)> = leak.hops.iter().filter_map(|hop| self.hop(hop)).collect();
        let (last, before) = hops.split_last()?;
        let [from, to] =
            [leak.from, leak.to].map(|tenant| quote(&self.network.topology.tenants[tenant].name));
        let message = format!("packets of the tenant {from} are delivered to the tenant {to}");
        let mut finding = Finding::new(&codes::TENANT_REACHES_TENANT, message, last.0, last.1);
        for (span, text) in before {
            finding = finding.also(*span, *text);
        }
        finding = finding.note(format!("for example {}", self.packet(&leak.packet)));
        let answer = match leak.answered {
            Some(true) => "an answer finds its way back: a connection can be opened",
            Some(false) => "no answer is known to find its way back: packets go one way",
            None => "whether an answer finds its way back was not followed",
        };
        finding = finding.note(answer);
        if same.len() > 1 {
            finding =
                finding.note(format!("the same way leads between {} more", count(same.len() - 1, "pair")));
        }
        if verdict.leaking > verdict.leaks.len() as u64 {
            finding = finding
                .note(format!("{} of {} pairs of tenants leak in all", verdict.leaking, verdict.pairs));
        }
        let stacks = same.iter().flat_map(|leak| [leak.packet.sender, leak.packet.receiver]);
        let stacks: Vec<_> = stacks.map(|workload| self.workload(workload).stack).collect();
        Some(
            finding
                .of_stacks(&stacks)
                .help("narrow the rules that let it through, or take away the way between them"),
        )
    }

    fn workload(&self, number: usize) -> crate::check::model::ResourceId {
        self.network.places[self.network.topology.workloads[number].origin].resource
    }

    fn packet(&self, packet: &Packet) -> String {
        let name = |workload: usize| quote(&self.network.topology.workloads[workload].name);
        format!(
            "{} from {} ({}) to {} ({})",
            service_text(packet.service),
            address(packet.family, packet.source),
            name(packet.sender),
            address(packet.family, packet.destination),
            name(packet.receiver),
        )
    }

    fn span(&self, origin: Origin) -> Span {
        self.network.places[origin].span(self.estate)
    }

    fn hop(&self, hop: &Hop) -> Option<(Span, &'static str)> {
        let (origin, text) = match *hop {
            Hop::GroupOut(origin) => (origin, "this rule lets it out"),
            Hop::AclOut(origin) => (origin, "this entry lets it out of the subnet"),
            Hop::Local(origin) => (origin, "within this VPC"),
            Hop::Route(origin) => (origin, "this route takes it"),
            Hop::Nat(origin) => (origin, "this NAT gateway sends it on as its own"),
            Hop::TransitRoute(origin) => (origin, "the transit gateway hands it over"),
            Hop::AclIn(origin) => (origin, "this entry lets it into the subnet"),
            Hop::GroupIn(origin) => (origin, "this rule lets it in"),
            Hop::Unfiltered => return None,
        };
        Some((self.span(origin), text))
    }

    fn unknown(&self, verdict: &Verdict) -> Option<Finding> {
        if verdict.unknown == 0 && verdict.unconfirmed == 0 {
            return None;
        }
        let message = format!(
            "whether {} of tenants are isolated cannot be known",
            count(usize::try_from(verdict.unknown.max(verdict.unconfirmed)).unwrap_or(usize::MAX), "pair")
        );
        let gap = self.network.gaps.first();
        let place = gap.map(|gap| gap.at).or_else(|| self.network.places.first().copied())?;
        let label = gap.map_or("", |gap| gap.what.as_str());
        let mut finding = Finding::new(&codes::ISOLATION_UNKNOWN, message, place.span(self.estate), label)
            .of_stack(place.resource.stack);
        for gap in self.network.gaps.iter().skip(1).take(GAPS_NAMED) {
            finding = finding.note(format!("{}: {}", self.estate.describe(gap.at.resource), gap.what));
        }
        if let Some((from, to)) = verdict.doubtful.first() {
            let [from, to] = [from, to].map(|tenant| quote(&self.network.topology.tenants[*tenant].name));
            finding = finding.note(format!("for example from {from} to {to}"));
        }
        Some(finding.help("write it out in the templates, so that it can be judged before it is deployed"))
    }

    fn neighbour(&self, neighbour: &Neighbour) -> Finding {
        let (code, message, label, help): (&'static Code, _, _, _) = match neighbour.what {
            What::GroupRule => (
                &codes::RULE_ADMITS_TENANT,
                "a security group rule of one tenant names addresses or interfaces of another",
                "another tenant is among these",
                "name the range of the tenant's own subnet, or a security group that only this tenant bears",
            ),
            What::AclEntry => (
                &codes::ACL_ADMITS_TENANT,
                "a network ACL entry of one tenant names addresses of another",
                "another tenant is among these",
                "name the range of the tenant's own subnet",
            ),
            What::Route => (
                &codes::ROUTE_LEADS_TO_TENANT,
                "a route of one tenant leads to another",
                "another tenant is behind this",
                "lead it to networks that are shared on purpose, and keep tenants out of their route tables",
            ),
        };
        let place = self.network.places[neighbour.origin];
        let [tenant, other] = [neighbour.tenant, neighbour.other]
            .map(|tenant| quote(&self.network.topology.tenants[tenant].name));
        Finding::new(code, message, place.span(self.estate), label)
            .of_stack(place.resource.stack)
            .of_resource(self.estate.resource(place.resource).logical_id())
            .note(format!("for example it belongs to {tenant}, and what it names to {other}"))
            .help(help)
    }
}

fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(u32::try_from(number).unwrap_or_default().into()),
        Family::V6 => IpAddr::V6(number.into()),
    }
}
