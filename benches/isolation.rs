//! How long the isolation verdict takes over ten thousand tenants, by how they are kept apart.
//!
//! `cargo bench --bench isolation`. Reading the templates is not in it. Times are printed and not asserted.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use divan::Bencher;
use tenantry::check::network::topology::*;
use tenantry::check::network::{Services, judge};
use tenantry::network::Cidr;

fn main() {
    divan::main();
}

const TENANTS: usize = 10_000;

/// A VPC for each tenant, all joined to a hub by one transit gateway.
#[divan::bench(sample_count = 5)]
fn silos(bencher: Bencher) {
    let network = silo_network(TENANTS, false);
    bencher.bench_local(|| assert_eq!(judge(&network).leaking, 0));
}

/// Sixty-six tenants to a VPC, in subnets that they share, apart by security groups.
#[divan::bench(sample_count = 5)]
fn pools(bencher: Bencher) {
    let mut network = Topology::default();
    pool_tenants(&mut network, TENANTS, 66);
    bencher.bench_local(|| assert_eq!(judge(&network).leaking, 0));
}

/// Half of them each.
#[divan::bench(sample_count = 5)]
fn mixed(bencher: Bencher) {
    let mut network = silo_network(TENANTS / 2, false);
    pool_tenants(&mut network, TENANTS / 2, 66);
    bencher.bench_local(|| assert_eq!(judge(&network).leaking, 0));
}

/// All tenants in the same three subnets.
#[divan::bench(sample_count = 5)]
fn one_pool(bencher: Bencher) {
    let mut network = Topology::default();
    pool_tenants(&mut network, TENANTS, TENANTS);
    bencher.bench_local(|| assert_eq!(judge(&network).leaking, 0));
}

/// Everything is wrong: every tenant reaches every other one, a hundred million pairs.
#[divan::bench(sample_count = 3)]
fn all_leak(bencher: Bencher) {
    let network = silo_network(TENANTS, true);
    bencher.bench_local(|| assert_eq!(judge(&network).leaking, (TENANTS * (TENANTS - 1)) as u64));
}

fn block(number: usize, length: u8) -> Cidr {
    Cidr::v4(u32::try_from((10 << 24) + number * 256).unwrap(), length).unwrap()
}

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn tcp(first: u16, last: u16) -> Services {
    Services::ports(6, first, last).unwrap()
}

fn rule(peer: Peer, services: Services) -> GroupRule {
    GroupRule { peer, services, origin: 0 }
}

fn entry(number: u32, peer: Cidr, services: Services) -> AclEntry {
    AclEntry { number, allow: true, peer: Some(peer), services, origin: 0 }
}

fn tenant(network: &mut Topology, class: &str) -> usize {
    let number = network.tenants.len();
    network.tenants.push(Tenant { name: format!("t{number}"), class: class.to_owned() });
    number
}

fn workload(network: &mut Topology, owner: Option<usize>, subnets: Vec<usize>, groups: Vec<usize>) {
    network.workloads.push(Workload {
        name: String::new(),
        owner,
        subnets,
        anywhere: false,
        groups: Some(groups),
        more_groups: false,
        sends: true,
        receives: true,
        public: false,
        origin: 0,
    });
}

fn route(destination: &str, target: Target) -> Route {
    Route { destination: Some(cidr(destination)), kind: RouteKind::Static, target, origin: 0 }
}

fn propagated(destination: Cidr, attachment: usize) -> TransitRoute {
    let target = TransitTarget::Attachment(attachment);
    TransitRoute { destination: Some(destination), kind: RouteKind::Propagated, target, origin: 0 }
}

/// `open`: one table of the transit gateway for all, and rules to and from everywhere in 10.0.0.0/8.
fn silo_network(tenants: usize, open: bool) -> Topology {
    let transit_tables = vec![TransitTable::default(), TransitTable::default()];
    let mut network = Topology { transit_tables, ..Topology::default() };
    for number in 0..=tenants {
        // The last one is the hub, which belongs to nobody.
        let owner = (number < tenants).then(|| tenant(&mut network, "vpc"));
        let own = block(number, 24);
        network.vpcs.push(Vpc { blocks: vec![own], origin: 0 });
        let hub = owner.is_none();
        let [own_table, other_table] = if hub { [1, 0] } else { [0, 1] };
        let association = Association::Table(if open { 0 } else { own_table });
        let first = network.subnets.len();
        network.attachments.push(Attachment { vpc: number, subnets: vec![first], association, origin: 0 });
        network.transit_tables[other_table].routes.push(propagated(own, number));
        if open && !hub {
            network.transit_tables[0].routes.push(propagated(own, number));
        }
        let parts: Vec<Cidr> = (0..3).map(|part| own.part(26, part).unwrap()).collect();
        for (position, part) in parts.iter().enumerate() {
            let table = network.tables.len();
            let routes =
                vec![route("0.0.0.0/0", Target::Outside), route("10.0.0.0/8", Target::Transit(number))];
            network.tables.push(RouteTable { vpc: number, routes, origin: 0 });
            let before = parts[position.saturating_sub(1)];
            let after = parts[(position + 1).min(2)];
            let inward = vec![
                entry(1, before, tcp(1, 9999)),
                entry(2, after, tcp(1024, 65535)),
                entry(3, cidr("0.0.0.0/0"), tcp(443, 65535)),
            ];
            let outward = vec![
                entry(1, after, tcp(1, 9999)),
                entry(2, before, tcp(1024, 65535)),
                entry(3, cidr("0.0.0.0/0"), tcp(443, 65535)),
            ];
            network.acls.push(Acl { vpc: number, inward, outward, origin: 0 });
            let acl = Some(network.acls.len() - 1);
            network.subnets.push(Subnet { vpc: number, blocks: vec![*part], table, acl, origin: 0 });
            let wide = Peer::Block(cidr("10.0.0.0/8"));
            let [from, to] = if open || hub { [wide, wide] } else { [before, after].map(Peer::Block) };
            let everywhere = rule(Peer::Block(cidr("0.0.0.0/0")), tcp(443, 443));
            let inward = vec![rule(from, tcp(5000, 5432))];
            let outward = vec![rule(to, tcp(5000, 5432)), everywhere];
            network.groups.push(Group { inward, outward, origin: 0 });
            let group = network.groups.len() - 1;
            workload(&mut network, owner, vec![first + position], vec![group]);
        }
    }
    network
}

/// Adds tenants that share VPCs: a service each, behind a load balancer and before a database that are shared.
fn pool_tenants(network: &mut Topology, tenants: usize, in_one: usize) {
    let everywhere = cidr("0.0.0.0/0");
    let mut left = tenants;
    while left > 0 {
        let vpc = network.vpcs.len();
        let own = cidr(&format!("172.{}.0.0/16", 16 + vpc % 16));
        network.vpcs.push(Vpc { blocks: vec![own], origin: 0 });
        let table = network.tables.len();
        let routes = vec![route("0.0.0.0/0", Target::Outside)];
        network.tables.push(RouteTable { vpc, routes, origin: 0 });
        let first = network.subnets.len();
        for part in 0..3 {
            let blocks = vec![own.part(18, part).unwrap()];
            network.subnets.push(Subnet { vpc, blocks, table, acl: None, origin: 0 });
        }
        let (edge, database) = (network.groups.len(), network.groups.len() + 1);
        let to_services = rule(Peer::Block(own.part(18, 1).unwrap()), tcp(8080, 8080));
        let inward = vec![rule(Peer::Block(everywhere), tcp(443, 443))];
        network.groups.push(Group { inward, outward: vec![to_services], origin: 0 });
        let inward = vec![rule(Peer::Block(own.part(18, 1).unwrap()), tcp(5432, 5432))];
        network.groups.push(Group { inward, outward: Vec::new(), origin: 0 });
        workload(network, None, vec![first], vec![edge]);
        workload(network, None, vec![first + 2], vec![database]);
        for _ in 0..left.min(in_one) {
            let owner = Some(tenant(network, "container"));
            let inward = vec![rule(Peer::Group(edge), tcp(8080, 8080))];
            let outward = vec![
                rule(Peer::Group(database), tcp(5432, 5432)),
                rule(Peer::Block(everywhere), tcp(443, 443)),
            ];
            network.groups.push(Group { inward, outward, origin: 0 });
            let group = network.groups.len() - 1;
            workload(network, owner, vec![first + 1], vec![group]);
        }
        left = left.saturating_sub(in_one);
    }
}
