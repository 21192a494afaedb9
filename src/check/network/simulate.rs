//! One packet, followed hop by hop: the slow way, which shares nothing with the algorithm but the topology.
//!
//! A leak is shown only if this finds it as well. What is not known lets nothing through here, since what is
//! shown has to be certain.

use crate::check::network::interval::{Family, Range};
use crate::check::network::topology::{
    AclEntry, Association, GroupRule, Origin, Peer, Route, RouteKind, Target, Topology, TransitTarget,
    Workload,
};

/// A packet: its addresses, its service, and who sends it to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    pub family: Family,
    pub sender: usize,
    pub receiver: usize,
    pub source: u128,
    pub destination: u128,
    pub service: u32,
    /// The address that a NAT gateway gives it, if it meets one.
    pub translated: u128,
}

/// What let the packet through, and where that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    GroupOut(Origin),
    AclOut(Origin),
    /// Within one VPC.
    Local(Origin),
    Route(Origin),
    Nat(Origin),
    TransitRoute(Origin),
    AclIn(Origin),
    GroupIn(Origin),
    /// No filter stands there.
    Unfiltered,
}

/// The way of a packet, if it is delivered.
pub fn follow(topology: &Topology, packet: &Packet) -> Option<Vec<Hop>> {
    let walk = Walk { topology, packet: *packet, is_answer: false };
    let sender = &topology.workloads[packet.sender];
    let receiver = &topology.workloads[packet.receiver];
    if !sender.sends || !receiver.receives {
        return None;
    }
    // A workload may have subnets with the same addresses, in VPCs that do not know of each other.
    let from = walk.subnets(sender, packet.source);
    let to = walk.subnets(receiver, packet.destination);
    let ways = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
    ways.into_iter().find_map(|(from, to)| walk.between(from, to, sender, receiver))
}

/// Whether a packet of this service comes back over a NAT gateway's subnet, or straight: groups know it for an answer.
pub(super) fn back(topology: &Topology, packet: &Packet, service: u32, relay: Option<usize>) -> bool {
    let leg = |source: u128, destination: u128, from: &[usize], to: &[usize]| {
        let answer = Packet {
            sender: packet.receiver,
            receiver: packet.sender,
            source,
            destination,
            service,
            translated: source,
            ..*packet
        };
        let walk = Walk { topology, packet: answer, is_answer: true };
        let (sender, receiver) = (&topology.workloads[answer.sender], &topology.workloads[answer.receiver]);
        let mut ways = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
        ways.any(|(from, to)| walk.between(from, to, sender, receiver).is_some())
    };
    let walk = Walk { topology, packet: *packet, is_answer: true };
    let (sender, receiver) = (&topology.workloads[packet.sender], &topology.workloads[packet.receiver]);
    let (near, far) = (walk.subnets(sender, packet.source), walk.subnets(receiver, packet.destination));
    match relay {
        None => leg(packet.destination, packet.source, &far, &near),
        Some(nat) => {
            leg(packet.destination, packet.translated, &far, &[nat])
                && leg(packet.destination, packet.source, &[nat], &near)
        }
    }
}

struct Walk<'a> {
    topology: &'a Topology,
    packet: Packet,
    /// An answer passes security groups, which remember what it answers (VPC User Guide, "Connection tracking").
    is_answer: bool,
}

impl Walk<'_> {
    fn between(&self, from: usize, to: usize, sender: &Workload, receiver: &Workload) -> Option<Vec<Hop>> {
        let packet = &self.packet;
        let mut hops = vec![self.group_out(sender)?];
        if from == to
            && let Some(hop) = self.group_in(receiver, packet.source, true)
        {
            hops.push(hop);
            return Some(hops);
        }
        // Beside that, a route for addresses of the subnet itself is followed: that lets more through, never less.
        hops.push(self.acl(from, packet.destination, false)?);
        hops.extend(self.on(from, to, packet.source, &mut Vec::new())?);
        Some(hops)
    }

    /// From the router of a subnet to the receiver; `seen` are the NAT gateways on the way.
    fn on(&self, from: usize, to: usize, source: u128, seen: &mut Vec<usize>) -> Option<Vec<Hop>> {
        let here = &self.topology.subnets[from];
        self.routes(here.table).into_iter().find_map(|(target, hop)| {
            let onward = match target {
                Target::Local => self.arrive(here.vpc, from, to, source, seen),
                Target::Peer(vpc) => self.arrive(vpc, from, to, source, seen),
                Target::Transit(attachment) => {
                    self.through(attachment, from, to, source, seen, &mut Vec::new())
                }
                Target::Nat(nat) => self.translate(nat, from, to, source, seen),
                Target::Outside | Target::Nowhere | Target::Unknown => None,
            };
            Some([vec![hop], onward?].concat())
        })
    }

    fn arrive(&self, vpc: usize, from: usize, to: usize, source: u128, seen: &[usize]) -> Option<Vec<Hop>> {
        let holds =
            self.topology.vpcs[vpc].blocks.iter().any(|block| self.holds(block, self.packet.destination));
        if self.topology.subnets[to].vpc != vpc || !holds {
            return None;
        }
        let receiver = &self.topology.workloads[self.packet.receiver];
        let last = self.group_in(receiver, source, seen.is_empty())?;
        Some(if from == to { vec![last] } else { vec![self.acl(to, source, true)?, last] })
    }

    /// Into a transit gateway by an attachment's association; `tables` are those it has been through.
    fn through(
        &self,
        attachment: usize,
        from: usize,
        to: usize,
        source: u128,
        seen: &mut Vec<usize>,
        tables: &mut Vec<usize>,
    ) -> Option<Vec<Hop>> {
        let Association::Table(table) = self.topology.attachments[attachment].association else {
            return None;
        };
        if tables.contains(&table) {
            return None;
        }
        tables.push(table);
        let found = self.transit_routes(table).into_iter().find_map(|(next, origin)| {
            let next = &self.topology.attachments[next];
            let blocks = &self.topology.vpcs[next.vpc].blocks;
            let onward = if blocks.iter().any(|block| self.holds(block, self.packet.destination)) {
                self.arrive(next.vpc, from, to, source, seen)
            } else {
                next.subnets.iter().find_map(|subnet| {
                    self.routes(self.topology.subnets[*subnet].table).into_iter().find_map(|(target, hop)| {
                        let onward = match target {
                            Target::Nat(nat) => self.translate(nat, from, to, source, seen),
                            Target::Transit(next) => self.through(next, from, to, source, seen, tables),
                            _ => None,
                        };
                        Some([vec![hop], onward?].concat())
                    })
                })
            };
            Some([vec![Hop::TransitRoute(origin)], onward?].concat())
        });
        tables.pop();
        found
    }

    fn translate(
        &self,
        nat: usize,
        from: usize,
        to: usize,
        source: u128,
        seen: &mut Vec<usize>,
    ) -> Option<Vec<Hop>> {
        let at = self.topology.nats[nat].subnet;
        if seen.contains(&nat) {
            return None;
        }
        let mut hops = vec![Hop::Nat(self.topology.nats[nat].origin)];
        let near = self.topology.subnets[from].vpc == self.topology.subnets[at].vpc;
        if from != at && near && seen.is_empty() {
            hops.push(self.acl(at, source, true)?);
        }
        seen.push(nat);
        let translated = self.packet.translated;
        let onward = if at == to {
            let receiver = &self.topology.workloads[self.packet.receiver];
            self.group_in(receiver, translated, false).map(|hop| vec![hop])
        } else {
            self.acl(at, self.packet.destination, false)
                .and_then(|hop| Some([vec![hop], self.on(at, to, translated, seen)?].concat()))
        };
        seen.pop();
        hops.extend(onward?);
        Some(hops)
    }

    /// The best routes of a table for the destination: the longest, then the best kind.
    fn routes(&self, table: usize) -> Vec<(Target, Hop)> {
        let table = &self.topology.tables[table];
        let vpc = &self.topology.vpcs[table.vpc];
        let local = vpc
            .blocks
            .iter()
            .map(|block| (*block, RouteKind::Local, (Target::Local, Hop::Local(vpc.origin))));
        let written =
            |route: &Route| Some((route.destination?, route.kind, (route.target, Hop::Route(route.origin))));
        self.best(local.chain(table.routes.iter().filter_map(written)).collect())
    }

    fn transit_routes(&self, table: usize) -> Vec<(usize, Origin)> {
        let routes = self.topology.transit_tables[table].routes.iter();
        let known =
            routes.filter_map(|route| Some((route.destination?, route.kind, (route.target, route.origin))));
        let best = self.best(known.collect()).into_iter();
        let attachment = |(target, origin)| match target {
            TransitTarget::Attachment(attachment) => Some((attachment, origin)),
            TransitTarget::Nowhere | TransitTarget::Unknown => None,
        };
        best.filter_map(attachment).collect()
    }

    fn best<T: Copy>(&self, routes: Vec<(crate::network::Cidr, RouteKind, T)>) -> Vec<T> {
        let holding = || routes.iter().filter(|(block, ..)| self.holds(block, self.packet.destination));
        let best = holding().map(|(block, kind, _)| (std::cmp::Reverse(block.length()), *kind)).min();
        let same =
            holding().filter(|(block, kind, _)| Some((std::cmp::Reverse(block.length()), *kind)) == best);
        same.map(|(.., target)| *target).collect()
    }

    fn acl(&self, subnet: usize, peer: u128, inward: bool) -> Option<Hop> {
        let Some(acl) = self.topology.subnets[subnet].acl else { return Some(Hop::Unfiltered) };
        let acl = &self.topology.acls[acl];
        let entries = if inward { &acl.inward } else { &acl.outward };
        let matches = |entry: &&AclEntry| match &entry.peer {
            // What is not known drops the packet if it could.
            None => !entry.allow && self.speaks_of(entry),
            Some(block) => self.holds(block, peer) && self.speaks_of(entry),
        };
        let first = entries.iter().filter(matches).min_by_key(|entry| (entry.number, entry.allow))?;
        let hop = if inward { Hop::AclIn(first.origin) } else { Hop::AclOut(first.origin) };
        first.allow.then_some(hop)
    }

    fn speaks_of(&self, entry: &AclEntry) -> bool {
        entry.services.first <= self.packet.service && self.packet.service <= entry.services.last
    }

    fn group_out(&self, sender: &Workload) -> Option<Hop> {
        let Some(groups) = sender.groups.as_ref().filter(|_| !self.is_answer) else {
            return Some(Hop::Unfiltered);
        };
        let receiver = &self.topology.workloads[self.packet.receiver];
        let mut rules = groups.iter().flat_map(|group| &self.topology.groups[*group].outward);
        let rule = rules.find(|rule| self.admits(rule, self.packet.destination, Some(receiver)))?;
        Some(Hop::GroupOut(rule.origin))
    }

    /// `own`: the packet bears the address of the interface that sent it, and so its groups.
    fn group_in(&self, receiver: &Workload, source: u128, own: bool) -> Option<Hop> {
        let Some(groups) = receiver.groups.as_ref().filter(|_| !self.is_answer) else {
            return Some(Hop::Unfiltered);
        };
        let sender = own.then(|| &self.topology.workloads[self.packet.sender]);
        let mut rules = groups.iter().flat_map(|group| &self.topology.groups[*group].inward);
        let rule = rules.find(|rule| self.admits(rule, source, sender))?;
        Some(Hop::GroupIn(rule.origin))
    }

    fn admits(&self, rule: &GroupRule, address: u128, bearer: Option<&Workload>) -> bool {
        let service = rule.services.first <= self.packet.service && self.packet.service <= rule.services.last;
        service
            && match rule.peer {
                Peer::Block(block) => self.holds(&block, address),
                Peer::List(list) => {
                    self.topology.lists[list].blocks.iter().any(|block| self.holds(block, address))
                }
                Peer::Group(group) => {
                    bearer.is_some_and(|bearer| bearer.groups.iter().flatten().any(|other| *other == group))
                }
                Peer::Unknown => false,
            }
    }

    fn subnets(&self, workload: &Workload, address: u128) -> Vec<usize> {
        let usable = |subnet: &&usize| {
            let mut blocks = self.topology.subnets[**subnet].blocks.iter();
            blocks.any(|block| {
                self.holds(block, address)
                    && Range::usable(block)
                        .is_some_and(|range| range.first <= address && address <= range.last)
            })
        };
        workload.subnets.iter().filter(usable).copied().collect()
    }

    fn holds(&self, block: &crate::network::Cidr, address: u128) -> bool {
        Family::of(block) == self.packet.family
            && block.first_number() <= address
            && address <= block.last_number()
    }
}
