//! The verdict: whether any packet of one tenant can be delivered to another.
//!
//! Three readings make it: what surely passes (a leak), what may pass if all that is not known lets it through
//! (unknown), and each kind of filter alone, which says how many of them hold a pair apart.

use std::collections::BTreeMap;

use crate::check::network::answer::answered;
use crate::check::network::boxes::{Boxes, Flow, Ground, Layers};
use crate::check::network::doubt::Doubt;
use crate::check::network::interval::{Family, Services};
use crate::check::network::join::{Bearers, NARROW, join};
use crate::check::network::nodes::{NodeSet, Nodes};
use crate::check::network::reach::Reach;
use crate::check::network::simulate::{Hop, Packet, follow};
use crate::check::network::topology::Topology;

/// How many leaks are shown as packets; all are counted.
const SHOWN: usize = 100;

/// What was found out about all pairs of tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Ordered pairs of tenants.
    pub pairs: u64,
    /// Pairs between which a packet is delivered.
    pub leaking: u64,
    /// Pairs of which it is not known.
    pub unknown: u64,
    /// The first of the leaks, each with a packet that was followed to its end.
    pub leaks: Vec<Leak>,
    /// The first of the pairs that are not known: sender and receiver.
    pub doubtful: Vec<(usize, usize)>,
    /// For each two classes of tenants: how many pairs are held apart by no layer alone, one, two, three.
    pub depth: BTreeMap<(String, String), [u64; 4]>,
    /// Pairs of which one side has no interface of its own.
    pub without_interfaces: u64,
    /// Shared workloads with the tenants that may reach them and that they may reach.
    pub shared: Vec<Shared>,
    /// Workloads that let the whole internet in, and by which services.
    pub public: Vec<(usize, Vec<Services>)>,
    /// Leaks that the simulation did not confirm: a fault of this program.
    pub unconfirmed: u64,
}

/// A packet of one tenant that another receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    pub from: usize,
    pub to: usize,
    pub packet: Packet,
    pub hops: Vec<Hop>,
    /// Whether an answer finds its way back, so that a connection can be opened; none where that was not followed.
    pub answered: Option<bool>,
}

/// A workload that belongs to no tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    pub workload: usize,
    pub reached_by: Vec<usize>,
    pub reaches: Vec<usize>,
}

/// Judges a topology.
pub fn judge(topology: &Topology) -> Verdict {
    judge_with(topology, NARROW)
}

/// Judges a topology; `narrow` is where the join changes its way, which changes no result.
pub fn judge_with(topology: &Topology, narrow: usize) -> Verdict {
    let nodes = Nodes::new(topology);
    let reading = |doubt, layers| Reading::new(topology, &nodes, doubt, layers, narrow);
    let sure = reading(Doubt::Blocks, Layers::All);
    let possible = has_unknown(topology).then(|| reading(Doubt::Passes, Layers::All));
    let layers = [Layers::Routes, Layers::Groups, Layers::Acls].map(|layer| reading(Doubt::Passes, layer));

    let mut verdict = Verdict::default();
    let tenants = topology.tenants.len() as u64;
    verdict.pairs = tenants * tenants.saturating_sub(1);
    let possible = possible.as_ref().unwrap_or(&sure);
    count(topology, &nodes, [&sure, possible], &layers, &mut verdict);
    witnesses(topology, &nodes, &sure, &mut verdict);
    verdict.public = public(topology, &nodes);
    verdict
}

/// One reading of a topology, in each family.
struct Reading {
    families: Vec<(Family, Boxes, Reach)>,
}

impl Reading {
    fn new(topology: &Topology, nodes: &Nodes, doubt: Doubt, layers: Layers, narrow: usize) -> Self {
        let bearers = Bearers::new(topology, doubt);
        let families = families(topology).map(|family| {
            let boxes = Ground::new(topology, nodes, family, doubt).boxes(layers);
            let reach = join(&boxes, &bearers, nodes, narrow);
            (family, boxes, reach)
        });
        Reading { families: families.collect() }
    }

    fn row(&self, from: u32, scratch: &mut NodeSet, row: &mut NodeSet) {
        row.clear();
        for (.., reach) in &self.families {
            reach.row(from, scratch);
            row.add(scratch);
        }
    }
}

/// The families that any subnet has; a network without IPv6 is not judged twice.
fn families(topology: &Topology) -> impl Iterator<Item = Family> {
    let has = |family: &Family| {
        let mut blocks = topology.subnets.iter().flat_map(|subnet| &subnet.blocks);
        *family == Family::V4 || blocks.any(|block| Family::of(block) == *family)
    };
    Family::BOTH.into_iter().filter(has)
}

fn has_unknown(topology: &Topology) -> bool {
    use crate::check::network::topology::{Association, Peer, Target, TransitTarget};
    let route = topology.tables.iter().flat_map(|table| &table.routes);
    let transit = topology.transit_tables.iter().flat_map(|table| &table.routes);
    let rules = topology.groups.iter().flat_map(|group| group.inward.iter().chain(&group.outward));
    let entries = topology.acls.iter().flat_map(|acl| acl.inward.iter().chain(&acl.outward));
    topology.workloads.iter().any(|workload| workload.anywhere || workload.more_groups)
        || topology.lists.iter().any(|list| list.open)
        || topology.attachments.iter().any(|attachment| attachment.association == Association::Unknown)
        || route.into_iter().any(|route| route.destination.is_none() || route.target == Target::Unknown)
        || transit
            .into_iter()
            .any(|route| route.destination.is_none() || route.target == TransitTarget::Unknown)
        || rules.into_iter().any(|rule| rule.peer == Peer::Unknown)
        || entries.into_iter().any(|entry| entry.peer.is_none())
}

/// Goes through all pairs, 64 at a time.
fn count(
    topology: &Topology,
    nodes: &Nodes,
    [sure, possible]: [&Reading; 2],
    layers: &[Reading; 3],
    verdict: &mut Verdict,
) {
    let mut scratch = nodes.none();
    let mut rows: [NodeSet; 5] = std::array::from_fn(|_| nodes.none());
    let classes = classes(topology, nodes);
    let tenants = nodes.tenants();
    let mut shared: BTreeMap<u32, Shared> = nodes
        .shared()
        .map(|(node, workload)| (node, Shared { workload, reached_by: Vec::new(), reaches: Vec::new() }))
        .collect();
    let with_interfaces: u64 = classes.values().map(|members| members.iter().count() as u64).sum();
    verdict.without_interfaces = verdict.pairs - with_interfaces * with_interfaces.saturating_sub(1);
    for from in 0..u32::try_from(nodes.count()).unwrap_or(u32::MAX) {
        let readings = [sure, possible, &layers[0], &layers[1], &layers[2]];
        readings.iter().zip(&mut rows).for_each(|(reading, row)| reading.row(from, &mut scratch, row));
        let [surely, possibly, routes, groups, acls] = &rows;
        if !nodes.is_tenant(from) {
            let tenants = possibly.iter().filter(|to| nodes.is_tenant(*to)).map(|to| to as usize);
            shared.entry(from).and_modify(|shared| shared.reaches = tenants.collect());
            continue;
        }
        // All tenants could be leaking to all: they are counted by the word, and one by one only where few are.
        for to in possibly.iter_from(nodes.first_shared_word()).filter(|to| !nodes.is_tenant(*to)) {
            shared.entry(to).and_modify(|shared| shared.reached_by.push(from as usize));
        }
        let words = || tenants.words().iter().zip(surely.words()).zip(possibly.words());
        verdict.leaking += words().map(|((all, sure), _)| u64::from((all & sure).count_ones())).sum::<u64>();
        let doubtful =
            words().map(|((all, sure), may)| u64::from((all & may & !sure).count_ones())).sum::<u64>();
        verdict.unknown += doubtful;
        if doubtful > 0 && verdict.doubtful.len() < SHOWN {
            let more = possibly.iter().filter(|to| nodes.is_tenant(*to) && !surely.contains(*to));
            let room = SHOWN - verdict.doubtful.len();
            verdict.doubtful.extend(more.take(room).map(|to| (from as usize, to as usize)));
        }
        let class = &topology.tenants[from as usize].class;
        if !classes.get(class).is_some_and(|members| members.contains(from)) {
            continue;
        }
        for (other, members) in &classes {
            let depth = verdict.depth.entry((class.clone(), other.clone())).or_default();
            let words = routes.words().iter().zip(groups.words()).zip(acls.words()).zip(members.words());
            for (position, (((routes, groups), acls), members)) in words.enumerate() {
                let own = position == from as usize / 64;
                let members = if own { members & !(1 << (from % 64)) } else { *members };
                let all = u64::from((members & routes & groups & acls).count_ones());
                let one = u64::from((members & routes).count_ones())
                    + u64::from((members & groups).count_ones())
                    + u64::from((members & acls).count_ones());
                let none = u64::from((members & !(routes | groups | acls)).count_ones());
                let some = u64::from(members.count_ones()) - all - none;
                // Of those that pass one or two layers: `one` counts each once or twice.
                let two = one - 3 * all - some;
                depth[0] += all;
                depth[1] += two;
                depth[2] += some - two;
                depth[3] += none;
            }
        }
    }
    verdict.shared = shared.into_values().collect();
    verdict.depth.retain(|_, counts| counts.iter().any(|count| *count > 0));
}

/// The tenants that have interfaces, by class.
fn classes(topology: &Topology, nodes: &Nodes) -> BTreeMap<String, NodeSet> {
    let mut classes: BTreeMap<String, NodeSet> = BTreeMap::new();
    for owner in topology.workloads.iter().filter_map(|workload| workload.owner) {
        let class = classes.entry(topology.tenants[owner].class.clone()).or_insert_with(|| nodes.none());
        // The tenants are the first of the nodes, in their order.
        class.insert(u32::try_from(owner).unwrap_or(u32::MAX));
    }
    classes
}

/// Looks for a packet of each of the first leaks, and follows it.
fn witnesses(topology: &Topology, nodes: &Nodes, sure: &Reading, verdict: &mut Verdict) {
    if verdict.leaking == 0 {
        return;
    }
    let bearers = Bearers::new(topology, Doubt::Blocks);
    for (family, boxes, reach) in &sure.families {
        if reach.is_empty() {
            continue;
        }
        let by_node = |flows: &[Flow]| {
            let mut nodes: BTreeMap<u32, Vec<Flow>> = BTreeMap::new();
            flows.iter().for_each(|flow| nodes.entry(flow.node).or_default().push(*flow));
            nodes
        };
        let (egress, ingress) = (by_node(&boxes.egress), by_node(&boxes.ingress));
        reach.each(nodes, |from, to| {
            if verdict.leaks.len() >= SHOWN {
                return false;
            }
            let told = verdict.leaks.iter().any(|leak| leak.from == from as usize && leak.to == to as usize);
            if told || !nodes.is_tenant(from) || !nodes.is_tenant(to) {
                return true;
            }
            let sent = egress.get(&from).into_iter().flatten();
            let mut packets: Vec<Packet> = sent
                .flat_map(|sent| ingress.get(&to).into_iter().flatten().map(move |taken| (sent, taken)))
                .filter(|(sent, taken)| sent.domain == taken.domain && bearers.meet(sent, taken))
                .filter_map(|(sent, taken)| packet(*family, sent, taken))
                .collect();
            packets.sort_by_key(|packet| (packet.source, packet.destination, packet.service));
            let leak = packets.iter().find_map(|packet| Some((packet, follow(topology, packet)?)));
            match leak {
                Some((packet, hops)) => {
                    let answered = answered(topology, packet, &hops);
                    let (from, to) = (from as usize, to as usize);
                    verdict.leaks.push(Leak { from, to, packet: *packet, hops, answered });
                }
                None => verdict.unconfirmed += 1,
            }
            true
        });
    }
}

fn packet(family: Family, sent: &Flow, taken: &Flow) -> Option<Packet> {
    let near = sent.source.meet(taken.source)?;
    let far = sent.destination.meet(taken.destination)?;
    // No two interfaces of a VPC have one address.
    let same = near.first == far.first && far.first < far.last;
    Some(Packet {
        family,
        sender: sent.workload,
        receiver: taken.workload,
        source: sent.relayed.map_or(near.first, |origin| origin.first),
        destination: far.first + u128::from(same),
        service: sent.services.meet(taken.services)?.example(),
        translated: near.first,
    })
}

fn public(topology: &Topology, nodes: &Nodes) -> Vec<(usize, Vec<Services>)> {
    let mut found: BTreeMap<usize, Vec<Services>> = BTreeMap::new();
    for family in families(topology) {
        let ground = Ground::new(topology, nodes, family, Doubt::Blocks);
        for (number, workload) in
            topology.workloads.iter().enumerate().filter(|(_, workload)| workload.public)
        {
            found.entry(number).or_default().extend(ground.public_services(workload));
        }
    }
    for services in found.values_mut() {
        services.sort_unstable();
        services.dedup();
    }
    found.into_iter().filter(|(_, services)| !services.is_empty()).collect()
}
