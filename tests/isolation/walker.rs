//! A small network, walked: every packet between every two addresses, as a state machine of places.
//!
//! Written for the tests alone, and in another way than the program: it knows no boxes and no intervals, but
//! moves one packet from place to place until it stands still. Layers can be taken away.

use std::collections::BTreeSet;
use std::net::IpAddr;

use tenantry::check::network::topology::*;
use tenantry::network::Cidr;

/// The layers that filter; those left out let everything through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    pub(crate) routes: bool,
    pub(crate) groups: bool,
    pub(crate) acls: bool,
}

pub(crate) const ALL: Standing = Standing { routes: true, groups: true, acls: true };

/// Where a packet is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// At the router of a subnet, having left an interface there.
    Router(usize),
    /// Inside a transit gateway, before this table is asked.
    Gateway(usize),
    /// Handed to a VPC, on the way to the subnet of its destination; last left this subnet.
    Vpc { vpc: usize, left: usize },
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    place: Place,
    source: IpAddr,
    nats: Vec<usize>,
    left: usize,
    gateways: Vec<usize>,
}

pub(crate) struct Walker<'a> {
    pub(crate) network: &'a Topology,
    pub(crate) standing: Standing,
    pub(crate) services: &'a [u32],
}

impl Walker<'_> {
    /// All pairs of workloads between which a packet is delivered that is not meant for everyone.
    pub(crate) fn delivered(&self) -> BTreeSet<(usize, usize)> {
        let mut found = BTreeSet::new();
        let ends: Vec<Vec<(usize, IpAddr)>> =
            self.network.workloads.iter().map(|one| self.addresses(one)).collect();
        for sender in 0..ends.len() {
            for receiver in 0..ends.len() {
                let any = ends[sender].iter().any(|from| {
                    ends[receiver].iter().any(|to| {
                        self.services
                            .iter()
                            .any(|service| self.walk((sender, *from), (receiver, *to), *service))
                    })
                });
                if any {
                    found.insert((sender, receiver));
                }
            }
        }
        found
    }

    fn addresses(&self, workload: &Workload) -> Vec<(usize, IpAddr)> {
        let mut all = Vec::new();
        for subnet in &workload.subnets {
            for block in &self.network.subnets[*subnet].blocks {
                all.extend(usable(block).into_iter().map(|address| (*subnet, address)));
            }
        }
        all
    }

    pub(crate) fn walk(
        &self,
        from: (usize, (usize, IpAddr)),
        to: (usize, (usize, IpAddr)),
        service: u32,
    ) -> bool {
        let ((sender, (start, source)), (receiver, (end, destination))) = (from, to);
        let (sender, receiver) = (&self.network.workloads[sender], &self.network.workloads[receiver]);
        if source.is_ipv4() != destination.is_ipv4() || !sender.sends || !receiver.receives {
            return false;
        }
        let allowed = !self.meant_for_everyone(receiver, destination, service);
        if !self.group(sender, receiver, destination, service, false) {
            return false;
        }
        let accepts = |source, own: bool| {
            let sender = own.then_some(sender);
            allowed && (!self.standing.groups || self.admitted(receiver, sender, source, service))
        };
        if start == end && accepts(source, true) {
            return true;
        }
        if !self.acl(start, destination, service, false) {
            return false;
        }
        if !self.standing.routes {
            return self.acl(end, source, service, true) && accepts(source, true);
        }
        let first =
            State { place: Place::Router(start), source, nats: vec![], left: start, gateways: vec![] };
        let (mut open, mut seen) = (vec![first], BTreeSet::new());
        while let Some(state) = open.pop() {
            if !seen.insert(state.clone()) {
                continue;
            }
            if let Place::Vpc { vpc, left } = state.place {
                let holds =
                    self.network.vpcs[vpc].blocks.iter().any(|block| block.contains_address(destination));
                let there = self.network.subnets[end].vpc == vpc && holds;
                let enters = left == end || self.acl(end, state.source, service, true);
                if there && enters && accepts(state.source, state.nats.is_empty()) {
                    return true;
                }
                continue;
            }
            open.extend(self.step(&state, destination, service, end, &accepts));
        }
        false
    }

    fn step(
        &self,
        state: &State,
        destination: IpAddr,
        service: u32,
        end: usize,
        accepts: &impl Fn(IpAddr, bool) -> bool,
    ) -> Vec<State> {
        let mut next = Vec::new();
        match state.place {
            Place::Router(subnet) => {
                for target in self.looked_up(self.network.subnets[subnet].table, destination) {
                    let vpc = self.network.tables[self.network.subnets[subnet].table].vpc;
                    match target {
                        Target::Local => {
                            next.push(State { place: Place::Vpc { vpc, left: state.left }, ..state.clone() })
                        }
                        Target::Peer(vpc) => {
                            next.push(State { place: Place::Vpc { vpc, left: state.left }, ..state.clone() })
                        }
                        _ => next.extend(self.beyond(state, target, destination, service, end, accepts)),
                    }
                }
            }
            Place::Gateway(table) => {
                for attachment in self.handed(table, destination) {
                    let vpc = attachment.vpc;
                    if self.network.vpcs[vpc].blocks.iter().any(|block| block.contains_address(destination)) {
                        next.push(State { place: Place::Vpc { vpc, left: state.left }, ..state.clone() });
                        continue;
                    }
                    for subnet in &attachment.subnets {
                        for target in self.looked_up(self.network.subnets[*subnet].table, destination) {
                            next.extend(self.beyond(state, target, destination, service, end, accepts));
                        }
                    }
                }
            }
            Place::Vpc { .. } => {}
        }
        next
    }

    /// Into a transit gateway or a NAT gateway.
    fn beyond(
        &self,
        state: &State,
        target: Target,
        destination: IpAddr,
        service: u32,
        end: usize,
        accepts: &impl Fn(IpAddr, bool) -> bool,
    ) -> Vec<State> {
        match target {
            Target::Transit(attachment) => match self.network.attachments[attachment].association {
                Association::Table(table) if !state.gateways.contains(&table) => {
                    let mut gateways = state.gateways.clone();
                    gateways.push(table);
                    vec![State { place: Place::Gateway(table), gateways, ..state.clone() }]
                }
                _ => Vec::new(),
            },
            Target::Nat(nat) if !state.nats.contains(&nat) => {
                let at = self.network.nats[nat].subnet;
                let near = self.network.subnets[at].vpc == self.network.subnets[state.left].vpc;
                let first = state.nats.is_empty();
                if at != state.left && near && first && !self.acl(at, state.source, service, true) {
                    return Vec::new();
                }
                let nats: Vec<usize> = state.nats.iter().copied().chain([nat]).collect();
                let mut next = Vec::new();
                for source in self.network.subnets[at].blocks.iter().flat_map(usable) {
                    if source.is_ipv4() != destination.is_ipv4() {
                        continue;
                    }
                    let inside = at == end && accepts(source, false);
                    let gateways = Vec::new();
                    if inside {
                        let place = Place::Vpc { vpc: self.network.subnets[at].vpc, left: end };
                        next.push(State { place, source, nats: nats.clone(), left: at, gateways });
                    } else if self.acl(at, destination, service, false) {
                        let place = Place::Router(at);
                        next.push(State { place, source, nats: nats.clone(), left: at, gateways });
                    }
                }
                next
            }
            _ => Vec::new(),
        }
    }

    fn looked_up(&self, table: usize, destination: IpAddr) -> Vec<Target> {
        let table = &self.network.tables[table];
        let mut all: Vec<(u8, RouteKind, Target)> = Vec::new();
        for block in &self.network.vpcs[table.vpc].blocks {
            if block.contains_address(destination) {
                all.push((block.length(), RouteKind::Local, Target::Local));
            }
        }
        for route in &table.routes {
            let block = route.destination.unwrap();
            if block.contains_address(destination) {
                all.push((block.length(), route.kind, route.target));
            }
        }
        longest(all)
    }

    fn handed(&self, table: usize, destination: IpAddr) -> Vec<&Attachment> {
        let routes = self.network.transit_tables[table].routes.iter();
        let holding = routes.filter(|route| route.destination.unwrap().contains_address(destination));
        let all = holding.map(|route| (route.destination.unwrap().length(), route.kind, route.target));
        let targets = longest(all.collect()).into_iter();
        let found = targets.filter_map(|target| match target {
            TransitTarget::Attachment(attachment) => Some(&self.network.attachments[attachment]),
            _ => None,
        });
        found.collect()
    }

    fn acl(&self, subnet: usize, peer: IpAddr, service: u32, inward: bool) -> bool {
        let Some(acl) = self.network.subnets[subnet].acl.filter(|_| self.standing.acls) else { return true };
        let acl = &self.network.acls[acl];
        let mut entries = if inward { acl.inward.clone() } else { acl.outward.clone() };
        entries.sort_by_key(|entry| entry.number);
        for entry in entries {
            let speaks = (entry.services.first..=entry.services.last).contains(&service);
            if speaks && entry.peer.unwrap().contains_address(peer) {
                return entry.allow;
            }
        }
        false
    }

    fn group(&self, near: &Workload, far: &Workload, peer: IpAddr, service: u32, inward: bool) -> bool {
        !self.standing.groups || self.any_rule(near, Some(far), peer, service, inward)
    }

    fn admitted(&self, near: &Workload, far: Option<&Workload>, peer: IpAddr, service: u32) -> bool {
        self.any_rule(near, far, peer, service, true)
    }

    fn any_rule(
        &self,
        near: &Workload,
        far: Option<&Workload>,
        peer: IpAddr,
        service: u32,
        inward: bool,
    ) -> bool {
        let Some(groups) = &near.groups else { return true };
        groups.iter().any(|group| {
            let group = &self.network.groups[*group];
            let rules = if inward { &group.inward } else { &group.outward };
            rules.iter().any(|rule| {
                (rule.services.first..=rule.services.last).contains(&service)
                    && match rule.peer {
                        Peer::Block(block) => block.contains_address(peer),
                        Peer::List(list) => {
                            self.network.lists[list].blocks.iter().any(|block| block.contains_address(peer))
                        }
                        Peer::Group(group) => far
                            .and_then(|far| far.groups.as_ref())
                            .is_some_and(|groups| groups.contains(&group)),
                        Peer::Unknown => false,
                    }
            })
        })
    }

    fn meant_for_everyone(&self, receiver: &Workload, destination: IpAddr, service: u32) -> bool {
        let stranger = match destination {
            IpAddr::V4(_) => IpAddr::from([8, 8, 8, 8]),
            IpAddr::V6(_) => IpAddr::from([0x2600, 0, 0, 0, 0, 0, 0, 1]),
        };
        let Some(groups) = receiver.groups.as_ref().filter(|_| receiver.public) else {
            return receiver.public;
        };
        groups.iter().flat_map(|group| &self.network.groups[*group].inward).any(|rule| {
            let speaks = (rule.services.first..=rule.services.last).contains(&service);
            let from_all = |block: &Cidr| block.length() == 0 && block.contains_address(stranger);
            speaks
                && match rule.peer {
                    Peer::Block(block) => from_all(&block),
                    Peer::List(list) => self.network.lists[list].blocks.iter().any(from_all),
                    Peer::Group(_) | Peer::Unknown => false,
                }
        })
    }
}

fn longest<T: Copy>(all: Vec<(u8, RouteKind, T)>) -> Vec<T> {
    let Some(length) = all.iter().map(|(length, ..)| *length).max() else { return Vec::new() };
    let best = all.iter().filter(|(other, ..)| *other == length).map(|(_, kind, _)| *kind).min();
    all.into_iter()
        .filter(|(other, kind, _)| *other == length && Some(*kind) == best)
        .map(|(.., target)| target)
        .collect()
}

/// The addresses of a small block, without the first four and the last.
fn usable(block: &Cidr) -> Vec<IpAddr> {
    let numbers = block.first_number() + 4..block.last_number();
    let address = |number: u128| match block.is_v4() {
        true => IpAddr::V4(u32::try_from(number).unwrap().into()),
        false => IpAddr::V6(number.into()),
    };
    numbers.map(address).collect()
}
