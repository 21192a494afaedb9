//! Small random networks: everything that a topology can have, in few addresses.

use proptest::prelude::*;
use tenantry::check::network::Services;
use tenantry::check::network::topology::*;
use tenantry::network::Cidr;

/// The services that rules speak of here, and one that none speaks of by itself.
pub(crate) const SERVICES: [u32; 4] = [6 * 65536 + 1, 6 * 65536 + 2, 6 * 65536 + 3, 17 * 65536 + 1];

/// Numbers to decide by; a shorter tape makes a simpler network.
struct Tape<'a>(std::slice::Iter<'a, u8>);

impl Tape<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % limit.max(1)
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 1
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { Some(all[self.below(all.len())]) }
    }
}

/// A network and the tape that it was made from.
pub(crate) fn networks() -> impl Strategy<Value = Topology> {
    prop::collection::vec(any::<u8>(), 100..400).prop_map(|tape| network(&mut Tape(tape.iter())))
}

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn network(tape: &mut Tape) -> Topology {
    let mut network = Topology::default();
    for number in 0..2 + tape.below(2) {
        network.tenants.push(Tenant { name: format!("t{number}"), class: format!("c{}", number % 2) });
    }
    place(&mut network, tape);
    connect(&mut network, tape);
    filter(&mut network, tape);
    for number in 0..2 + tape.below(4) {
        let subnets = (0..network.subnets.len()).filter(|_| tape.chance(2)).take(2).collect();
        let groups = (0..network.groups.len()).filter(|_| tape.chance(2)).collect();
        let owner = tape.below(network.tenants.len() + 1);
        network.workloads.push(Workload {
            name: format!("w{number}"),
            owner: (owner < network.tenants.len()).then_some(owner),
            subnets,
            anywhere: false,
            groups: (!tape.chance(6)).then_some(groups),
            more_groups: false,
            sends: !tape.chance(8),
            receives: !tape.chance(8),
            public: tape.chance(5),
            origin: number,
        });
    }
    network
}

/// VPCs, some with the same addresses as others, each with small subnets and route tables.
fn place(network: &mut Topology, tape: &mut Tape) {
    for number in 0..1 + tape.below(3) {
        let base = if tape.chance(6) { 0 } else { number };
        let mut blocks = vec![cidr(&format!("10.0.{base}.0/26"))];
        if tape.chance(4) {
            blocks.push(cidr(&format!("2001:db8:{base}::/120")));
        }
        network.vpcs.push(Vpc { blocks: blocks.clone(), origin: 0 });
        for _ in 0..2 {
            network.tables.push(RouteTable { vpc: number, routes: Vec::new(), origin: 0 });
        }
        for part in 0..1 + u32::try_from(tape.below(3)).unwrap() {
            let mut own = vec![blocks[0].part(29, part).unwrap()];
            own.extend(blocks.get(1).and_then(|block| block.part(125, part)));
            let table = number * 2 + tape.below(2);
            network.subnets.push(Subnet { vpc: number, blocks: own, table, acl: None, origin: 0 });
        }
    }
}

fn connect(network: &mut Topology, tape: &mut Tape) {
    let vpcs = network.vpcs.len();
    for _ in 0..tape.below(3) {
        network.nats.push(Nat { subnet: tape.below(network.subnets.len()), origin: 0 });
    }
    for _ in 0..tape.below(3) {
        network.transit_tables.push(TransitTable::default());
    }
    if !network.transit_tables.is_empty() {
        for vpc in 0..vpcs {
            let own: Vec<_> =
                (0..network.subnets.len()).filter(|at| network.subnets[*at].vpc == vpc).collect();
            let association = match tape.below(4) {
                0 => Association::None,
                number => Association::Table(number % network.transit_tables.len()),
            };
            network.attachments.push(Attachment {
                vpc,
                subnets: vec![own[tape.below(own.len())]],
                association,
                origin: 0,
            });
        }
        for table in 0..network.transit_tables.len() {
            for _ in 0..tape.below(4) {
                let route = TransitRoute {
                    destination: Some(block(network, tape)),
                    kind: if tape.chance(3) { RouteKind::Propagated } else { RouteKind::Static },
                    target: match tape.below(4) {
                        0 => TransitTarget::Nowhere,
                        _ => TransitTarget::Attachment(tape.below(vpcs)),
                    },
                    origin: 0,
                };
                network.transit_tables[table].routes.push(route);
            }
        }
    }
    for table in 0..network.tables.len() {
        for _ in 0..tape.below(4) {
            let own = network.tables[table].vpc;
            let nats: Vec<_> = (0..network.nats.len()).collect();
            let target = match tape.below(5) {
                0 => Target::Outside,
                1 if !nats.is_empty() => Target::Nat(tape.pick(&nats).unwrap()),
                2 if !network.attachments.is_empty() => Target::Transit(own),
                3 => Target::Nowhere,
                _ => Target::Peer(tape.below(vpcs)),
            };
            let destination = Some(block(network, tape));
            let kind = if tape.chance(3) { RouteKind::OfPrefixList } else { RouteKind::Static };
            network.tables[table].routes.push(Route { destination, kind, target, origin: 0 });
        }
    }
}

/// A block that means something here: everything, a VPC, a subnet, a part of one.
fn block(network: &Topology, tape: &mut Tape) -> Cidr {
    let subnet = &network.subnets[tape.below(network.subnets.len())];
    let blocks = match tape.below(6) {
        0 => vec![cidr("0.0.0.0/0"), cidr("::/0")],
        1 => network.vpcs[subnet.vpc].blocks.clone(),
        2 => vec![cidr("10.0.0.0/22"), cidr("2001:db8::/32")],
        3 => subnet.blocks.iter().filter_map(|block| block.part(block.length() + 1, 1)).collect(),
        _ => subnet.blocks.clone(),
    };
    // Mostly IPv4: each family is filtered by itself, and both being open is rare.
    blocks[if tape.chance(3) { blocks.len() - 1 } else { 0 }]
}

fn services(tape: &mut Tape) -> Services {
    let [first, second, third, _] = SERVICES;
    match tape.below(4) {
        0 => Services::ALL,
        1 => Services { first, last: second },
        2 => Services { first: second, last: third },
        _ => Services { first: third, last: third },
    }
}

fn filter(network: &mut Topology, tape: &mut Tape) {
    for _ in 0..tape.below(2) {
        let blocks = vec![block(network, tape), block(network, tape)];
        network.lists.push(PrefixList { blocks, open: false, origin: 0 });
    }
    let groups = 1 + tape.below(4);
    for _ in 0..groups {
        let rules = |tape: &mut Tape| {
            let number = 1 + tape.below(3);
            let rule = |tape: &mut Tape| {
                let peer = match tape.below(5) {
                    0 if !network.lists.is_empty() => Peer::List(0),
                    1 => Peer::Group(tape.below(groups)),
                    _ => Peer::Block(block(network, tape)),
                };
                GroupRule { peer, services: services(tape), origin: 0 }
            };
            (0..number).map(|_| rule(tape)).collect()
        };
        let (inward, outward) = (rules(tape), rules(tape));
        network.groups.push(Group { inward, outward, origin: 0 });
    }
    for subnet in 0..network.subnets.len() {
        if tape.chance(3) {
            let entries = |tape: &mut Tape| {
                let mut entries: Vec<AclEntry> = Vec::new();
                for number in 0..u32::try_from(tape.below(5)).unwrap() {
                    entries.push(AclEntry {
                        number: if tape.chance(2) { 10 + number } else { 50 - number },
                        allow: !tape.chance(3),
                        peer: Some(block(network, tape)),
                        services: services(tape),
                        origin: 0,
                    });
                }
                entries
            };
            let (inward, outward) = (entries(tape), entries(tape));
            network.acls.push(Acl { vpc: network.subnets[subnet].vpc, inward, outward, origin: 0 });
            network.subnets[subnet].acl = Some(network.acls.len() - 1);
        }
    }
}
