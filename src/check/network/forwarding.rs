//! Routes, flattened: for each route table, which addresses leave towards where.
//!
//! Goes in: route tables with nested destinations, of which the longest wins. Comes out: disjoint intervals,
//! each with the places that deliver it. A transit gateway's table is a place of its own: ten thousand VPCs that
//! share one are not ten thousand copies of it.

use crate::check::network::doubt::Doubt;
use crate::check::network::interval::{Family, Range, without};
use crate::check::network::topology::{
    Association, Route, RouteKind, Target, Topology, TransitRoute, TransitTarget,
};
use crate::network::Cidr;

/// Where the receiver of a packet is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Domain {
    /// Within one subnet, where neither routes nor ACLs are asked.
    Subnet(usize),
    /// Among the addresses of one VPC.
    Vpc(usize),
    /// Wherever this table of a transit gateway leads.
    Transit(usize),
    /// Anywhere: the way or the place is not known.
    Everywhere,
    /// A layer is judged alone, as if all VPCs were one.
    Alone,
}

/// How a packet goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    To(Domain),
    /// Into a NAT gateway, which routes it anew by the table of its own subnet.
    Nat(usize),
}

/// Every table of a topology, flattened for one family.
pub(super) struct Forwarding {
    tables: Vec<Vec<(Range, Exit)>>,
    transit: Vec<Vec<(Range, usize)>>,
}

impl Forwarding {
    /// Flattens all tables.
    pub(super) fn new(topology: &Topology, family: Family, doubt: Doubt) -> Self {
        let flat = Flat {
            topology,
            doubt,
            family,
            tables: (0..topology.tables.len()).map(|table| flat_table(topology, table, family)).collect(),
            transit: topology
                .transit_tables
                .iter()
                .map(|table| flat_transit(&table.routes, family))
                .collect(),
        };
        let ways: Vec<_> = (0..topology.transit_tables.len())
            .map(|table| flat.ways_through(table, &mut Vec::new()))
            .collect();
        let tables = (0..topology.tables.len()).map(|table| flat.exits(table, &ways)).collect();
        let delivered = |routes: &Vec<(Range, TransitTarget)>| {
            let attachment = |(range, target): &(Range, TransitTarget)| match target {
                TransitTarget::Attachment(attachment) => Some((*range, *attachment)),
                TransitTarget::Nowhere | TransitTarget::Unknown => None,
            };
            routes.iter().filter_map(attachment).collect()
        };
        let transit = flat.transit.iter().map(delivered).collect();
        Forwarding { tables, transit }
    }

    /// Where packets go that leave a subnet with this table.
    pub(super) fn exits(&self, table: usize) -> &[(Range, Exit)] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// Which addresses each table of a transit gateway hands to which attachment.
    pub(super) fn transit(&self) -> impl Iterator<Item = (usize, &[(Range, usize)])> {
        self.transit.iter().map(Vec::as_slice).enumerate()
    }
}

struct Flat<'a> {
    topology: &'a Topology,
    doubt: Doubt,
    family: Family,
    tables: Vec<Vec<(Range, Target)>>,
    transit: Vec<Vec<(Range, TransitTarget)>>,
}

impl Flat<'_> {
    fn exits(&self, table: usize, ways: &[Vec<(Range, Exit)>]) -> Vec<(Range, Exit)> {
        let mut found = Vec::new();
        for (range, target) in &self.tables[table] {
            match *target {
                Target::Local => {
                    found.push((*range, Exit::To(Domain::Vpc(self.topology.tables[table].vpc))));
                }
                Target::Peer(vpc) => {
                    let within = self.blocks(vpc).into_iter().filter_map(|block| block.meet(*range));
                    found.extend(within.map(|range| (range, Exit::To(Domain::Vpc(vpc)))));
                }
                Target::Transit(attachment) => match self.topology.attachments[attachment].association {
                    Association::Table(table) => {
                        let met =
                            ways[table].iter().filter_map(|(way, exit)| Some((way.meet(*range)?, *exit)));
                        found.extend(met);
                    }
                    Association::Unknown => found.extend(self.unknown(*range)),
                    Association::None => {}
                },
                Target::Nat(nat) => found.push((*range, Exit::Nat(nat))),
                Target::Unknown => found.extend(self.unknown(*range)),
                Target::Outside | Target::Nowhere => {}
            }
        }
        found
    }

    /// How packets leave a transit gateway that came in by this table: to the VPCs that it names, and, where
    /// a packet is not for the VPC that it is handed to, on by the route tables of the attachment's subnets.
    ///
    /// So a central egress VPC can lead from one tenant to another. No packet passes through to a peering
    /// (VPC Peering Guide, "Edge to edge routing").
    fn ways_through(&self, table: usize, seen: &mut Vec<usize>) -> Vec<(Range, Exit)> {
        if seen.contains(&table) {
            return Vec::new();
        }
        seen.push(table);
        let mut ways = vec![(Range::everything(self.family), Exit::To(Domain::Transit(table)))];
        for (range, target) in &self.transit[table] {
            let TransitTarget::Attachment(attachment) = *target else {
                ways.extend((*target == TransitTarget::Unknown).then(|| self.unknown(*range)).flatten());
                continue;
            };
            let attachment = &self.topology.attachments[attachment];
            let beyond = without(*range, &self.blocks(attachment.vpc));
            for subnet in &attachment.subnets {
                for (onward, target) in &self.tables[self.topology.subnets[*subnet].table] {
                    let met = beyond.iter().filter_map(|range| range.meet(*onward));
                    for range in met.collect::<Vec<_>>() {
                        ways.extend(self.onward(range, *target, seen));
                    }
                }
            }
        }
        seen.pop();
        ways.sort_unstable();
        ways.dedup();
        ways
    }

    fn onward(&self, range: Range, target: Target, seen: &mut Vec<usize>) -> Vec<(Range, Exit)> {
        match target {
            Target::Nat(nat) => vec![(range, Exit::Nat(nat))],
            Target::Unknown => self.unknown(range).into_iter().collect(),
            Target::Transit(attachment) => match self.topology.attachments[attachment].association {
                Association::Table(table) => {
                    let ways = self.ways_through(table, seen).into_iter();
                    ways.filter_map(|(way, exit)| Some((way.meet(range)?, exit))).collect()
                }
                Association::Unknown => self.unknown(range).into_iter().collect(),
                Association::None => Vec::new(),
            },
            Target::Local | Target::Peer(_) | Target::Outside | Target::Nowhere => Vec::new(),
        }
    }

    fn unknown(&self, range: Range) -> Option<(Range, Exit)> {
        self.doubt.passes().then_some((range, Exit::To(Domain::Everywhere)))
    }

    fn blocks(&self, vpc: usize) -> Vec<Range> {
        let blocks = self.topology.vpcs[vpc].blocks.iter();
        blocks.filter(|block| Family::of(block) == self.family).map(Range::of).collect()
    }
}

fn flat_table(topology: &Topology, table: usize, family: Family) -> Vec<(Range, Target)> {
    let table = &topology.tables[table];
    let locals = topology.vpcs[table.vpc].blocks.iter();
    let mut routes: Vec<_> = locals.map(|block| (*block, RouteKind::Local, Target::Local)).collect();
    let known = |route: &Route| Some((route.destination?, route.kind, route.target));
    routes.extend(table.routes.iter().filter_map(known));
    let mut flat = flatten(routes, family);
    // A route whose destination is not known may take any packet.
    let open = table.routes.iter().filter(|route| route.destination.is_none());
    flat.extend(open.map(|route| (Range::everything(family), unknown_unless_nowhere(route.target))));
    flat
}

fn unknown_unless_nowhere(target: Target) -> Target {
    match target {
        Target::Nowhere | Target::Outside => target,
        _ => Target::Unknown,
    }
}

fn flat_transit(routes: &[TransitRoute], family: Family) -> Vec<(Range, TransitTarget)> {
    let known = |route: &TransitRoute| Some((route.destination?, route.kind, route.target));
    let mut flat = flatten(routes.iter().filter_map(known).collect(), family);
    if routes.iter().any(|route| route.destination.is_none() && route.target != TransitTarget::Nowhere) {
        flat.push((Range::everything(family), TransitTarget::Unknown));
    }
    flat
}

/// Disjoint intervals with what the longest destination says that holds them.
///
/// Blocks are nested or apart, so one pass in order with a stack of the open ones is enough. Where two routes
/// of one kind say different things of one destination, both may be asked, and both are kept.
fn flatten<T: Copy + Ord>(routes: Vec<(Cidr, RouteKind, T)>, family: Family) -> Vec<(Range, T)> {
    let mut routes: Vec<_> = routes.into_iter().filter(|(block, ..)| Family::of(block) == family).collect();
    routes.sort_unstable();
    routes.dedup();
    let mut flat = Vec::new();
    let mut open: Vec<Open<T>> = Vec::new();
    for same in routes.chunk_by(|left, right| left.0 == right.0) {
        let Some((block, kind, _)) = same.first() else { continue };
        let range = Range::of(block);
        close(&mut open, &mut flat, Some(range.first));
        if let Some(around) = open.last_mut() {
            if let Some(next) = around.next.filter(|next| *next < range.first) {
                let gap = Range { first: next, last: range.first - 1 };
                flat.extend(around.targets.iter().map(|target| (gap, *target)));
            }
            around.next = range.last.checked_add(1);
        }
        let best = same.iter().filter(|(_, other, _)| other == kind).map(|(.., target)| *target);
        open.push(Open { last: range.last, targets: best.collect(), next: Some(range.first) });
    }
    close(&mut open, &mut flat, None);
    flat
}

/// A block that the pass is inside of.
struct Open<T> {
    last: u128,
    targets: Vec<T>,
    /// The first address that no block inside it has taken; none after the last address of all.
    next: Option<u128>,
}

/// Ends the open blocks that lie before an address, or all.
fn close<T: Copy>(open: &mut Vec<Open<T>>, flat: &mut Vec<(Range, T)>, before: Option<u128>) {
    while let Some(block) = open.pop_if(|block| before.is_none_or(|address| block.last < address)) {
        if let Some(next) = block.next.filter(|next| *next <= block.last) {
            let rest = Range { first: next, last: block.last };
            flat.extend(block.targets.iter().map(|target| (rest, *target)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(routes: &[(&str, RouteKind, u8)]) -> Vec<(String, u8)> {
        let routes = routes.iter().map(|(block, kind, target)| (block.parse().unwrap(), *kind, *target));
        let mut flat = flatten(routes.collect(), Family::V4);
        flat.sort_unstable();
        let address = |number: u128| std::net::Ipv4Addr::from(u32::try_from(number).unwrap()).to_string();
        flat.into_iter()
            .map(|(range, target)| (address(range.first) + "-" + &address(range.last), target))
            .collect()
    }

    #[test]
    fn the_longest_destination_wins_and_the_rest_is_kept() {
        use RouteKind::{Propagated, Static};
        let routes = [
            ("0.0.0.0/0", Static, 1),
            ("10.0.0.0/8", Static, 2),
            ("10.0.0.0/16", Static, 3),
            ("10.0.0.0/16", Propagated, 4),
            ("255.255.255.255/32", Static, 5),
        ];
        let expected = [
            ("0.0.0.0-9.255.255.255", 1),
            ("10.0.0.0-10.0.255.255", 3),
            ("10.1.0.0-10.255.255.255", 2),
            ("11.0.0.0-255.255.255.254", 1),
            ("255.255.255.255-255.255.255.255", 5),
        ];
        assert_eq!(flat(&routes), expected.map(|(range, target)| (range.to_owned(), target)));
    }

    #[test]
    fn the_last_address_of_ipv6_is_not_run_over() {
        let block = |text: &str| text.parse::<Cidr>().unwrap();
        let routes = vec![(block("::/0"), RouteKind::Static, 1), (block("8000::/1"), RouteKind::Static, 2)];
        let flat = flatten(routes, Family::V6);
        assert_eq!(flat.len(), 2);
        assert!(flat.iter().any(|(range, target)| range.last == u128::MAX && *target == 2));
    }
}
