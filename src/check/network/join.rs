//! Which egress boxes meet which ingress boxes.
//!
//! Almost all boxes are narrow on one side: an exact rule meets the few boxes of the range that it names. So
//! narrow boxes are joined by looking up what they meet. Where a wide egress box ("anywhere, port 443") meets a
//! wide ingress box ("from 10.0.0.0/8"), many tenants have the very same two, and the result is a product of
//! two sets: there is no need to look at each pair. Cost: n log n, and what is found.

use std::collections::BTreeMap;

use crate::check::network::boxes::{Boxes, Flow};
use crate::check::network::doubt::Doubt;
use crate::check::network::forwarding::Domain;
use crate::check::network::interval::{Range, Services};
use crate::check::network::nodes::{NodeSet, Nodes};
use crate::check::network::reach::Reach;
use crate::check::network::topology::Topology;

/// How many boxes of the other kind a narrow box meets at most. Tests also join with none.
pub(super) const NARROW: usize = 32;

/// Who bears which group.
pub(super) struct Bearers<'a> {
    topology: &'a Topology,
    doubt: Doubt,
    of_group: Vec<Vec<usize>>,
}

impl<'a> Bearers<'a> {
    pub(super) fn new(topology: &'a Topology, doubt: Doubt) -> Self {
        let mut of_group = vec![Vec::new(); topology.groups.len()];
        for (number, workload) in topology.workloads.iter().enumerate() {
            let groups = workload.groups.iter().flatten();
            groups.for_each(|group| of_group[*group].push(number));
            if workload.more_groups && doubt.passes() {
                of_group.iter_mut().for_each(|bearers| bearers.push(number));
            }
        }
        Bearers { topology, doubt, of_group }
    }

    pub(super) fn has(&self, group: usize, workload: usize) -> bool {
        let workload = &self.topology.workloads[workload];
        workload.groups.iter().flatten().any(|other| *other == group)
            || workload.more_groups && self.doubt.passes()
    }

    /// Whether a packet can lie in both boxes.
    pub(super) fn meet(&self, egress: &Flow, ingress: &Flow) -> bool {
        egress.services.meets(ingress.services)
            && self.egress_names(egress, ingress.destination, ingress.workload)
            && self.ingress_names(ingress, egress)
    }

    fn egress_names(&self, egress: &Flow, destination: Range, receiver: usize) -> bool {
        egress.destination.meets(destination)
            && egress.far_group.is_none_or(|group| self.has(group, receiver))
    }

    /// A NAT gateway bears no group.
    fn ingress_names(&self, ingress: &Flow, egress: &Flow) -> bool {
        let bears = |group| egress.relayed.is_none() && self.has(group, egress.workload);
        ingress.source.meets(egress.source) && ingress.far_group.is_none_or(bears)
    }
}

/// Who reaches whom.
pub(super) fn join(boxes: &Boxes, bearers: &Bearers, nodes: &Nodes, narrow: usize) -> Reach {
    let mut join = Join { bearers, nodes, narrow, pairs: Vec::new(), products: Vec::new() };
    let egress = by_domain(&boxes.egress);
    let ingress = by_domain(&boxes.ingress);
    for (domain, egress) in &egress {
        if let Some(ingress) = ingress.get(domain) {
            join.domain(egress, ingress);
        }
    }
    // What goes anywhere can arrive at any VPC, and what stands anywhere can receive from all.
    if let Some(anywhere) = egress.get(&Domain::Everywhere) {
        let placed = ingress.iter().filter(|(domain, _)| matches!(domain, Domain::Vpc(_)));
        let placed: Vec<_> = placed.flat_map(|(_, flows)| flows.iter().copied()).collect();
        join.domain(anywhere, &placed);
    }
    if let Some(anywhere) = ingress.get(&Domain::Everywhere) {
        let placed = egress.iter().filter(|(domain, _)| **domain != Domain::Everywhere);
        let placed: Vec<_> = placed.flat_map(|(_, flows)| flows.iter().copied()).collect();
        join.domain(&placed, anywhere);
    }
    Reach::new(join.pairs, join.products)
}

fn by_domain(flows: &[Flow]) -> BTreeMap<Domain, Vec<&Flow>> {
    let mut domains: BTreeMap<Domain, Vec<&Flow>> = BTreeMap::new();
    for flow in flows {
        domains.entry(flow.domain).or_default().push(flow);
    }
    domains
}

struct Join<'a> {
    bearers: &'a Bearers<'a>,
    nodes: &'a Nodes,
    narrow: usize,
    pairs: Vec<(u32, u32)>,
    products: Vec<(NodeSet, NodeSet)>,
}

/// What a box says of its far end: many boxes say the same.
type Key = (Range, Option<usize>, Services);

impl Join<'_> {
    fn domain(&mut self, egress: &[&Flow], ingress: &[&Flow]) {
        if egress.len() * ingress.len() <= self.narrow * self.narrow {
            for sent in egress {
                ingress.iter().for_each(|taken| self.pair(sent, taken));
            }
            return;
        }
        let senders = keys(egress, |flow| (flow.destination, flow.far_group, flow.services));
        let receivers = keys(ingress, |flow| (flow.source, flow.far_group, flow.services));
        let wide_senders = self.narrow_ones(
            &senders,
            ingress,
            |flow| flow.destination,
            |join, sent, taken| {
                join.pair(sent, taken);
            },
        );
        // Packets of narrow egress boxes are told already; those of wide ones are left.
        let rest: Vec<&Flow> = wide_senders.iter().flat_map(|(_, flows)| flows.iter().copied()).collect();
        let wide_receivers = self.narrow_ones(
            &receivers,
            &rest,
            |flow| flow.source,
            |join, taken, sent| {
                join.pair(sent, taken);
            },
        );
        for (key, sent) in &wide_senders {
            for (other, taken) in &wide_receivers {
                if key.2.meets(other.2) {
                    self.product(sent, taken);
                }
            }
        }
    }

    /// Joins the boxes whose far end meets few of the others, and gives back the rest.
    fn narrow_ones<'f>(
        &mut self,
        keys: &[(Key, Vec<&'f Flow>)],
        others: &[&'f Flow],
        near: impl Fn(&Flow) -> Range,
        mut told: impl FnMut(&mut Self, &'f Flow, &'f Flow),
    ) -> Vec<(Key, Vec<&'f Flow>)> {
        let index = Index::new(others, near);
        let mut by_workload: Vec<_> = others.iter().map(|flow| (flow.workload, *flow)).collect();
        by_workload.sort_unstable_by_key(|(workload, _)| *workload);
        let mut wide = Vec::new();
        for (key, flows) in keys {
            let (range, group, services) = key;
            let mut met: Vec<&Flow> = Vec::new();
            let mut take = |flow: &'f Flow| {
                met.push(flow);
                met.len() <= self.narrow
            };
            let few = match group {
                None => index.each(*range, &mut take),
                Some(group) => self.bearers.of_group[*group].iter().all(|bearer| {
                    let start = by_workload.partition_point(|(workload, _)| workload < bearer);
                    by_workload[start..]
                        .iter()
                        .take_while(|(workload, _)| workload == bearer)
                        .all(|(_, flow)| take(flow))
                }),
            };
            if !few {
                wide.push((*key, flows.clone()));
                continue;
            }
            for other in met.into_iter().filter(|other| other.services.meets(*services)) {
                flows.iter().for_each(|flow| told(self, flow, other));
            }
        }
        wide
    }

    fn pair(&mut self, sent: &Flow, taken: &Flow) {
        let between =
            sent.node != taken.node && (self.nodes.is_tenant(sent.node) || self.nodes.is_tenant(taken.node));
        if between && self.bearers.meet(sent, taken) {
            self.pairs.push((sent.node, taken.node));
        }
    }

    /// All of one key with all of another: whether a box belongs to it depends on the other key alone.
    fn product(&mut self, sent: &[&Flow], taken: &[&Flow]) {
        let (Some(a_sender), Some(a_receiver)) = (sent.first(), taken.first()) else { return };
        let senders = sent.iter().filter(|flow| self.bearers.ingress_names(a_receiver, flow));
        let mut from = self.nodes.none();
        senders.for_each(|flow| from.insert(flow.node));
        let receivers =
            taken.iter().filter(|flow| self.bearers.egress_names(a_sender, flow.destination, flow.workload));
        let mut to = self.nodes.none();
        receivers.for_each(|flow| to.insert(flow.node));
        if from.iter().next().is_some() && to.iter().next().is_some() {
            self.products.push((from, to));
        }
    }
}

fn keys<'f>(flows: &[&'f Flow], key: impl Fn(&Flow) -> Key) -> Vec<(Key, Vec<&'f Flow>)> {
    let mut sorted: Vec<_> = flows.iter().map(|flow| (key(flow), *flow)).collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    let same = sorted.chunk_by(|left, right| left.0 == right.0);
    same.filter_map(|flows| Some((flows.first()?.0, flows.iter().map(|(_, flow)| *flow).collect()))).collect()
}

/// Boxes by the addresses of their near end: an interval tree that lies in a sorted list.
struct Index<'f> {
    flows: Vec<(Range, &'f Flow)>,
    /// The last address of all below the middle of each part, at the middle.
    last: Vec<u128>,
}

impl<'f> Index<'f> {
    fn new(flows: &[&'f Flow], near: impl Fn(&Flow) -> Range) -> Self {
        let mut flows: Vec<_> = flows.iter().map(|flow| (near(flow), *flow)).collect();
        flows.sort_unstable_by_key(|(range, _)| *range);
        let mut last = vec![0; flows.len()];
        fill(&flows, &mut last);
        Index { flows, last }
    }

    /// Tells each box that meets a range, until told to stop; whether it came to the end.
    fn each(&self, range: Range, told: &mut impl FnMut(&'f Flow) -> bool) -> bool {
        let mut open = vec![(0_usize, self.flows.len())];
        while let Some((start, end)) = open.pop() {
            let middle = start.midpoint(end);
            if start >= end || self.last[middle] < range.first {
                continue;
            }
            let (here, flow) = self.flows[middle];
            if here.first <= range.last {
                open.push((middle + 1, end));
                if here.last >= range.first && !told(flow) {
                    return false;
                }
            }
            open.push((start, middle));
        }
        true
    }
}

fn fill(flows: &[(Range, &Flow)], last: &mut [u128]) -> u128 {
    if flows.is_empty() {
        return 0;
    }
    let middle = flows.len() / 2;
    let below = fill(&flows[..middle], &mut last[..middle]);
    let above = fill(&flows[middle + 1..], &mut last[middle + 1..]);
    last[middle] = flows[middle].0.last.max(below).max(above);
    last[middle]
}
