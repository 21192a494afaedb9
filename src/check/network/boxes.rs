//! Boxes of packets: what each workload can send, and what each accepts.
//!
//! A box is a product of intervals: sources, destinations, services. Egress boxes are what the groups, the ACL
//! and the routes of the sender let out; ingress boxes what ACL and groups of the receiver let in. A packet is
//! delivered exactly if it lies in one box of each kind, in the same domain.

use std::collections::BTreeMap;

use crate::check::network::doubt::Doubt;
use crate::check::network::filters::{Direction, Pass, of_acl, of_groups};
use crate::check::network::forwarding::{Domain, Exit, Forwarding};
use crate::check::network::interval::{Family, Range, Services, without};
use crate::check::network::nodes::Nodes;
use crate::check::network::topology::{Topology, Workload};

/// A box, and who stands at its near end: the sender of an egress box, the receiver of an ingress box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flow {
    pub(super) domain: Domain,
    pub(super) source: Range,
    pub(super) destination: Range,
    pub(super) services: Services,
    /// The group that the far end has to bear.
    pub(super) far_group: Option<usize>,
    pub(super) node: u32,
    pub(super) workload: usize,
    /// Egress: a NAT gateway has put itself in the place of the sender, which stood here.
    pub(super) relayed: Option<Range>,
}

/// Both kinds of boxes.
#[derive(Default)]
pub(super) struct Boxes {
    pub(super) egress: Vec<Flow>,
    pub(super) ingress: Vec<Flow>,
}

/// Which filters stand; the others let everything through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layers {
    All,
    Routes,
    Groups,
    Acls,
}

impl Layers {
    fn groups(self) -> bool {
        matches!(self, Layers::All | Layers::Groups)
    }

    fn acls(self) -> bool {
        matches!(self, Layers::All | Layers::Acls)
    }

    /// Where to look for what stands in no known place.
    fn unplaced(self) -> Domain {
        if self.routes() { Domain::Everywhere } else { Domain::Alone }
    }

    fn routes(self) -> bool {
        matches!(self, Layers::All | Layers::Routes)
    }
}

/// How many NAT gateways in a row are followed: more than any network has.
const RELAYS: usize = 4;

type Areas = Vec<(Range, Services)>;

/// What is computed once and used by many workloads.
pub(super) struct Ground<'a> {
    topology: &'a Topology,
    nodes: &'a Nodes,
    family: Family,
    doubt: Doubt,
    forwarding: Forwarding,
    acls_in: Vec<Areas>,
    acls_out: Vec<Areas>,
    no_acl: Areas,
    usable: Vec<Vec<Range>>,
    /// Subnets where packets can go from one node to another without leaving.
    crowded: Vec<bool>,
    /// For each VPC, the addresses that tables of transit gateways hand to it.
    handed: BTreeMap<usize, Vec<(usize, Range)>>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(topology: &'a Topology, nodes: &'a Nodes, family: Family, doubt: Doubt) -> Self {
        let forwarding = Forwarding::new(topology, family, doubt);
        let acls =
            |direction| topology.acls.iter().map(|acl| of_acl(Some(acl), direction, family, doubt)).collect();
        let usable = topology.subnets.iter().map(|subnet| {
            let blocks = subnet.blocks.iter().filter(|block| Family::of(block) == family);
            blocks.filter_map(Range::usable).collect()
        });
        let mut handed: BTreeMap<usize, Vec<(usize, Range)>> = BTreeMap::new();
        for (table, routes) in forwarding.transit() {
            for (range, attachment) in routes {
                handed.entry(topology.attachments[*attachment].vpc).or_default().push((table, *range));
            }
        }
        Ground {
            acls_in: acls(Direction::Inward),
            acls_out: acls(Direction::Outward),
            no_acl: of_acl(None, Direction::Inward, family, doubt),
            usable: usable.collect(),
            crowded: crowded(topology, nodes),
            handed,
            forwarding,
            topology,
            nodes,
            family,
            doubt,
        }
    }

    /// All boxes of all workloads.
    pub(super) fn boxes(&self, layers: Layers) -> Boxes {
        let mut boxes = Boxes::default();
        for workload in 0..self.topology.workloads.len() {
            self.egress(workload, layers, &mut boxes.egress);
            self.ingress(workload, layers, &mut boxes.ingress);
        }
        boxes
    }

    /// What a workload can send.
    pub(super) fn egress(&self, number: usize, layers: Layers, found: &mut Vec<Flow>) {
        let workload = &self.topology.workloads[number];
        if !workload.sends {
            return;
        }
        let passes = self.passes(workload, Direction::Outward, layers);
        let flow = |source, pass: &Pass| Flow { source, destination: pass.peer, ..self.flow(number, pass) };
        found.extend(self.unplaced(number, layers).flat_map(|(domain, source)| {
            passes.iter().map(move |pass| Flow { domain, ..flow(source, pass) })
        }));
        for subnet in &workload.subnets {
            for source in &self.usable[*subnet] {
                let sent: Vec<_> = passes.iter().map(|pass| flow(*source, pass)).collect();
                self.leave(*subnet, &sent, layers, RELAYS, found);
            }
        }
    }

    /// A box of a workload, between any addresses.
    fn flow(&self, number: usize, pass: &Pass) -> Flow {
        let everything = Range::everything(self.family);
        Flow {
            domain: Domain::Everywhere,
            source: everything,
            destination: everything,
            services: pass.services,
            far_group: pass.group,
            node: self.nodes.of(number),
            workload: number,
            relayed: None,
        }
    }

    /// Where a workload may stand beside its subnets, with which addresses.
    fn unplaced(&self, number: usize, layers: Layers) -> impl Iterator<Item = (Domain, Range)> {
        let anywhere = self.topology.workloads[number].anywhere && self.doubt.passes();
        anywhere.then(|| (layers.unplaced(), Range::everything(self.family))).into_iter()
    }

    /// Takes packets from an interface in a subnet to where they are delivered.
    ///
    /// Within a subnet neither ACLs nor routes are asked, only groups.
    fn leave(&self, subnet: usize, sent: &[Flow], layers: Layers, relays: usize, found: &mut Vec<Flow>) {
        if layers != Layers::Groups && self.crowded[subnet] {
            for range in &self.usable[subnet] {
                let met = sent.iter().filter_map(|flow| towards(flow, *range, Services::ALL));
                found.extend(met.map(|flow| Flow { domain: Domain::Subnet(subnet), ..flow }));
            }
        }
        let acl = self.acl(subnet, Direction::Outward, layers);
        let out = || {
            sent.iter()
                .flat_map(|flow| acl.iter().filter_map(|(range, services)| towards(flow, *range, *services)))
        };
        if !layers.routes() {
            found.extend(out().map(|flow| Flow { domain: Domain::Alone, ..flow }));
            return;
        }
        let exits = self.forwarding.exits(self.topology.subnets[subnet].table);
        for flow in out() {
            for (range, exit) in exits {
                let Some(flow) = towards(&flow, *range, Services::ALL) else { continue };
                match *exit {
                    Exit::To(domain) => found.push(Flow { domain, ..flow }),
                    Exit::Nat(nat) if relays > 0 => self.relay(subnet, nat, &flow, layers, relays - 1, found),
                    Exit::Nat(_) => {}
                }
            }
        }
    }

    /// A NAT gateway sends the packet on as its own, by the table of its own subnet.
    ///
    /// The ACL of that subnet sees the packet come in, unless it comes from the same subnet. What comes by a
    /// transit gateway or from another NAT gateway is not looked at here: that lets more through, never less.
    fn relay(
        &self,
        from: usize,
        nat: usize,
        flow: &Flow,
        layers: Layers,
        relays: usize,
        found: &mut Vec<Flow>,
    ) {
        let at = self.topology.nats[nat].subnet;
        let near = self.topology.subnets[from].vpc == self.topology.subnets[at].vpc;
        let checked = from != at && near && flow.relayed.is_none();
        let areas = if checked { self.acl(at, Direction::Inward, layers) } else { &self.no_acl };
        let mut sent = Vec::new();
        for (range, services) in areas {
            let Some(origin) = flow.relayed.or_else(|| flow.source.meet(*range)) else { continue };
            let Some(services) = flow.services.meet(*services) else { continue };
            for source in &self.usable[at] {
                sent.push(Flow { source: *source, services, relayed: Some(origin), ..*flow });
            }
        }
        self.leave(at, &sent, layers, relays, found);
    }

    /// What a workload accepts, without what is meant for everyone.
    pub(super) fn ingress(&self, number: usize, layers: Layers, found: &mut Vec<Flow>) {
        let workload = &self.topology.workloads[number];
        if !workload.receives {
            return;
        }
        let public = self.public_services(workload);
        let passes = self.passes(workload, Direction::Inward, layers);
        let passes: Vec<_> = passes
            .into_iter()
            .flat_map(|pass| {
                let left = without(pass.services, &public).into_iter();
                left.map(move |services| Pass { services, ..pass })
            })
            .collect();
        let flow =
            |destination, pass: &Pass| Flow { source: pass.peer, destination, ..self.flow(number, pass) };
        found.extend(self.unplaced(number, layers).flat_map(|(domain, destination)| {
            passes.iter().map(move |pass| Flow { domain, ..flow(destination, pass) })
        }));
        for subnet in &workload.subnets {
            for destination in &self.usable[*subnet] {
                let taken: Vec<_> = passes.iter().map(|pass| flow(*destination, pass)).collect();
                self.arrive(*subnet, &taken, layers, found);
            }
        }
    }

    fn arrive(&self, subnet: usize, taken: &[Flow], layers: Layers, found: &mut Vec<Flow>) {
        if layers != Layers::Groups && self.crowded[subnet] {
            found.extend(taken.iter().map(|flow| Flow { domain: Domain::Subnet(subnet), ..*flow }));
        }
        let acl = self.acl(subnet, Direction::Inward, layers);
        let vpc = self.topology.subnets[subnet].vpc;
        for flow in taken {
            for (range, services) in acl {
                let (Some(source), Some(services)) =
                    (flow.source.meet(*range), flow.services.meet(*services))
                else {
                    continue;
                };
                let flow = Flow { source, services, ..*flow };
                if !layers.routes() {
                    found.push(Flow { domain: Domain::Alone, ..flow });
                    continue;
                }
                found.push(Flow { domain: Domain::Vpc(vpc), ..flow });
                for (table, handed) in self.handed.get(&vpc).into_iter().flatten() {
                    let met = flow.destination.meet(*handed);
                    found.extend(met.map(|destination| Flow {
                        domain: Domain::Transit(*table),
                        destination,
                        ..flow
                    }));
                }
            }
        }
    }

    /// What a public workload lets in from everywhere: that is meant for everyone.
    pub(super) fn public_services(&self, workload: &Workload) -> Vec<Services> {
        if !workload.public {
            return Vec::new();
        }
        let everything = Range::everything(self.family);
        let passes = of_groups(self.topology, workload, Direction::Inward, self.family, Doubt::Blocks);
        let open = passes.into_iter().filter(|pass| pass.peer == everything && pass.group.is_none());
        open.map(|pass| pass.services).collect()
    }

    fn passes(&self, workload: &Workload, direction: Direction, layers: Layers) -> Vec<Pass> {
        match layers.groups() {
            true => of_groups(self.topology, workload, direction, self.family, self.doubt),
            false => vec![Pass::everything(self.family)],
        }
    }

    fn acl(&self, subnet: usize, direction: Direction, layers: Layers) -> &Areas {
        let acl = self.topology.subnets[subnet].acl.filter(|_| layers.acls());
        let areas = match direction {
            Direction::Inward => &self.acls_in,
            Direction::Outward => &self.acls_out,
        };
        acl.map_or(&self.no_acl, |acl| &areas[acl])
    }
}

/// The part of an egress box that goes to these addresses and services.
fn towards(flow: &Flow, range: Range, services: Services) -> Option<Flow> {
    Some(Flow {
        destination: flow.destination.meet(range)?,
        services: flow.services.meet(services)?,
        ..*flow
    })
}

fn crowded(topology: &Topology, nodes: &Nodes) -> Vec<bool> {
    let mut first: Vec<Option<u32>> = vec![None; topology.subnets.len()];
    let mut crowded = vec![false; topology.subnets.len()];
    for (number, workload) in topology.workloads.iter().enumerate() {
        let node = nodes.of(number);
        for subnet in &workload.subnets {
            crowded[*subnet] |= first[*subnet].get_or_insert(node) != &node;
        }
    }
    // A NAT gateway speaks for whoever sent it packets.
    topology.nats.iter().for_each(|nat| crowded[nat.subnet] = true);
    crowded
}
