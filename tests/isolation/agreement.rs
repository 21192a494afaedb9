//! The verdict and the walk agree on every pair of every network, whichever way the join takes.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::IpAddr;

use proptest::test_runner::{Config, TestRunner};
use tenantry::check::network::topology::Topology;
use tenantry::check::network::{Family, Hop, Leak, Packet, Verdict, follow, judge_with};

use crate::random::{SERVICES, networks};
use crate::walker::{ALL, Standing, Walker};

fn tenants(network: &Topology, pairs: &BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
    let owner = |workload: usize| network.workloads[workload].owner;
    let owned = pairs.iter().filter_map(|(from, to)| Some((owner(*from)?, owner(*to)?)));
    owned.filter(|(from, to)| from != to).collect()
}

fn walked(network: &Topology, standing: Standing) -> BTreeSet<(usize, usize)> {
    Walker { network, standing, services: &SERVICES }.delivered()
}

fn check_pairs(network: &Topology, verdict: &Verdict, answers: &mut [usize; 2]) -> usize {
    let delivered = walked(network, ALL);
    let expected = tenants(network, &delivered);
    let found: BTreeSet<_> = verdict.leaks.iter().map(|leak| (leak.from, leak.to)).collect();
    assert_eq!(found, expected);
    assert_eq!((verdict.leaking, verdict.unknown, verdict.unconfirmed), (expected.len() as u64, 0, 0));
    for leak in &verdict.leaks {
        assert_eq!(follow(network, &leak.packet).as_ref(), Some(&leak.hops));
        let (sender, receiver) = (leak.packet.sender, leak.packet.receiver);
        assert!(delivered.contains(&(sender, receiver)));
    }
    for leak in &verdict.leaks {
        if let Some(answered) = check_answer(network, leak) {
            answers[usize::from(answered)] += 1;
        }
    }
    for shared in &verdict.shared {
        let owner = |workload: usize| network.workloads[workload].owner;
        let by =
            delivered.iter().filter(|(_, to)| *to == shared.workload).filter_map(|(from, _)| owner(*from));
        assert_eq!(shared.reached_by, by.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
        let to =
            delivered.iter().filter(|(from, _)| *from == shared.workload).filter_map(|(_, to)| owner(*to));
        assert_eq!(shared.reaches, to.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
    }
    expected.len()
}

/// Where no NAT gateway stands between, an answer is a packet that groups do not look at. No rule here tells ports
/// from 1024 on apart.
fn check_answer(network: &Topology, leak: &Leak) -> Option<bool> {
    let Packet { sender, receiver, source, destination, family, service, .. } = leak.packet;
    let (near, far) = (&network.workloads[sender], &network.workloads[receiver]);
    let translated = leak.hops.iter().any(|hop| matches!(hop, Hop::Nat(_)));
    if translated || service >> 16 != 6 || near.public || !far.sends || !near.receives {
        return None;
    }
    let standing = Standing { groups: false, ..ALL };
    let walker = Walker { network, standing, services: &SERVICES };
    let address = |number: u128| match family {
        Family::V4 => IpAddr::V4(u32::try_from(number).unwrap().into()),
        Family::V6 => IpAddr::V6(number.into()),
    };
    let holds = |subnet: &&usize, number: u128| {
        network.subnets[**subnet].blocks.iter().any(|block| block.contains_address(address(number)))
    };
    let mut ways = far.subnets.iter().filter(|subnet| holds(subnet, destination)).flat_map(|from| {
        near.subnets.iter().filter(|subnet| holds(subnet, source)).map(move |to| (*from, *to))
    });
    let comes_back = ways.any(|(from, to)| {
        let from = (receiver, (from, address(destination)));
        walker.walk(from, (sender, (to, address(source))), 6 * 65536 + 1024)
    });
    assert_eq!(leak.answered, Some(comes_back), "{leak:?}");
    leak.answered
}

fn check_depth(network: &Topology, verdict: &Verdict) {
    let none = Standing { routes: false, groups: false, acls: false };
    let layers = [
        Standing { routes: true, ..none },
        Standing { groups: true, ..none },
        Standing { acls: true, ..none },
    ];
    let reached = layers.map(|standing| tenants(network, &walked(network, standing)));
    let present: BTreeSet<_> = network.workloads.iter().filter_map(|workload| workload.owner).collect();
    let mut expected = std::collections::BTreeMap::new();
    for from in &present {
        for to in present.iter().filter(|to| *to != from) {
            let passed = reached.iter().filter(|pairs| pairs.contains(&(*from, *to))).count();
            let class = |tenant: &usize| network.tenants[*tenant].class.clone();
            expected.entry((class(from), class(to))).or_insert([0; 4])[3 - passed] += 1;
        }
    }
    assert_eq!(verdict.depth, expected);
    assert_eq!(verdict.without_interfaces, verdict.pairs - expected.values().flatten().sum::<u64>());
}

#[test]
fn the_algorithm_and_the_walk_agree_on_every_pair() {
    let cases = if cfg!(debug_assertions) { 400 } else { 6000 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let (leaks, pairs, answers) = (Cell::new(0), Cell::new(0), Cell::new([0, 0]));
    let result = runner.run(&networks(), |network| {
        for narrow in [0, 1, 32] {
            let verdict = judge_with(&network, narrow);
            let mut answered = answers.get();
            leaks.set(leaks.get() + check_pairs(&network, &verdict, &mut answered));
            answers.set(answered);
            pairs.set(pairs.get() + usize::try_from(verdict.pairs).unwrap());
            check_depth(&network, &verdict);
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // A generator that never connects anything would agree with everything.
    assert!(leaks.get() * 50 > pairs.get(), "{} of {} pairs leak", leaks.get(), pairs.get());
    let [one_way, both_ways] = answers.get();
    assert!(one_way > 0 && both_ways > 0, "{one_way} of {} one way", one_way + both_ways);
}
