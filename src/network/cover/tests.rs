//! The cover against its laws, and against trying everything on small spaces.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn opening(range: &str, traffic: Traffic) -> Opening {
    Opening { range: range.parse().unwrap(), traffic }
}

fn tcp(first: u16, last: u16) -> Traffic {
    Traffic::Tcp((first, last))
}

fn shown(openings: &[Opening]) -> Vec<String> {
    cover(openings).iter().map(|one| format!("{} {}", one.opening.range, one.opening.traffic)).collect()
}

#[test]
fn halves_with_the_same_ports_become_one_rule() {
    let halves = [opening("10.0.0.0/25", tcp(443, 443)), opening("10.0.0.128/25", tcp(443, 443))];
    assert_eq!(shown(&halves), ["10.0.0.0/24 tcp 443"]);
}

#[test]
fn ports_are_joined_where_a_larger_block_fills_the_hole() {
    let rules = [
        opening("10.0.0.0/24", tcp(80, 80)),
        opening("10.0.0.0/24", tcp(82, 82)),
        opening("10.0.0.0/16", tcp(81, 81)),
    ];
    assert_eq!(shown(&rules), ["10.0.0.0/16 tcp 81", "10.0.0.0/24 tcp 80-82"]);
}

#[test]
fn a_rule_stays_as_it_was_said_beside_a_larger_one_that_it_touches() {
    let rules = [opening("10.0.0.0/24", tcp(443, 443)), opening("10.0.0.0/16", tcp(444, 450))];
    assert_eq!(shown(&rules), ["10.0.0.0/16 tcp 444-450", "10.0.0.0/24 tcp 443"]);
}

#[test]
fn ports_that_halves_share_are_not_lost_between_them() {
    let rules = [opening("10.0.0.0/25", tcp(1, 2)), opening("10.0.0.128/25", tcp(2, 3))];
    assert_eq!(shown(&rules), ["10.0.0.0/25 tcp 1-2", "10.0.0.128/25 tcp 2-3"]);
}

#[test]
fn where_everything_is_allowed_nothing_else_is_said() {
    let rules = [
        opening("10.0.0.0/25", Traffic::All),
        opening("10.0.0.0/26", tcp(443, 443)),
        opening("10.0.0.128/25", tcp(443, 443)),
        opening("10.0.0.0/26", Traffic::Icmp(Icmp::Type(8))),
        opening("10.0.0.128/25", Traffic::Number(50)),
    ];
    // A rule may reach into the area of the broader one, where that saves one.
    assert_eq!(shown(&rules), ["10.0.0.0/24 tcp 443", "10.0.0.0/24 protocol 50", "10.0.0.0/25 all"]);
}

#[test]
fn messages_are_covered_by_their_type_and_types_by_all() {
    let icmp = |icmp| Traffic::Icmp(icmp);
    let rules = [
        opening("10.0.0.0/24", icmp(Icmp::TypeAndCode(3, 4))),
        opening("10.0.0.0/16", icmp(Icmp::Type(3))),
        opening("10.1.0.0/16", icmp(Icmp::TypeAndCode(3, 4))),
        opening("10.2.0.0/16", icmp(Icmp::Every)),
        opening("10.2.3.0/24", icmp(Icmp::Type(3))),
    ];
    assert_eq!(shown(&rules), ["10.0.0.0/15 icmp 3/4", "10.0.0.0/16 icmp 3", "10.2.0.0/16 icmp"]);
}

#[test]
fn families_have_nothing_to_do_with_each_other() {
    let rules =
        [opening("::/1", tcp(22, 22)), opening("8000::/1", tcp(22, 22)), opening("0.0.0.0/0", tcp(22, 22))];
    assert_eq!(shown(&rules), ["0.0.0.0/0 tcp 22", "::/0 tcp 22"]);
}

#[test]
fn a_difference_of_one_port_at_one_address_is_found() {
    let left = [opening("10.0.0.0/8", tcp(0, 65535))];
    let mut right = vec![opening("10.0.0.0/8", tcp(0, 65534)), opening("10.0.0.0/9", tcp(65535, 65535))];
    let packet = difference(&left, &right).unwrap();
    assert_eq!(packet, Packet { address: "10.128.0.0".parse().unwrap(), traffic: tcp(65535, 65535) });
    right.push(opening("10.128.0.0/9", tcp(65535, 65535)));
    assert_eq!(difference(&left, &right), None);
    assert!(difference(&[opening("::/0", Traffic::All)], &[]).is_some());
    assert!(difference(&[opening("::/0", Traffic::Number(9))], &[opening("::/0", Traffic::All)]).is_some());
}

#[test]
fn ranges_of_an_allow_list_are_merged_exactly() {
    let ranges = ["203.0.113.0/25", "203.0.113.128/25", "203.0.113.7/32", "198.51.100.0/24"];
    let merged = merged(&ranges.iter().map(|range| range.parse().unwrap()).collect());
    let merged: Vec<String> = merged.iter().map(Cidr::to_string).collect();
    assert_eq!(merged, ["198.51.100.0/24", "203.0.113.0/24"]);
}

// A small world: 4 addresses; 4 ports of tcp and what lies above them, 2 ports of udp, two messages of
// ICMP, the rest of their type and the rest of ICMP, one other protocol and all the rest.

const ADDRESSES: u32 = 4;

fn any_traffic() -> impl Strategy<Value = Traffic> {
    let ports = |most: u16| (0..most, 0..most).prop_map(|(one, other)| (one.min(other), one.max(other)));
    prop_oneof![
        6 => ports(4).prop_map(Traffic::Tcp),
        2 => ports(2).prop_map(Traffic::Udp),
        1 => Just(Traffic::Number(50)),
        1 => Just(Traffic::Icmp(Icmp::Type(8))),
        1 => (0u8..2).prop_map(|code| Traffic::Icmp(Icmp::TypeAndCode(8, code))),
        1 => Just(Traffic::Icmp(Icmp::Every)),
        1 => Just(Traffic::All),
    ]
}

fn any_opening(bits: u8) -> impl Strategy<Value = Opening> {
    (0..=bits, any::<u32>(), any_traffic()).prop_map(move |(length, number, traffic)| {
        let number = number % (1 << bits);
        let first = (number >> (bits - length)) << (bits - length);
        Opening { range: Cidr::v4(first, 32 - bits + length).unwrap(), traffic }
    })
}

/// Kinds of packets at one address of the small world.
const PACKETS: [Traffic; 13] = [
    Traffic::Tcp((0, 0)),
    Traffic::Tcp((1, 1)),
    Traffic::Tcp((2, 2)),
    Traffic::Tcp((3, 3)),
    Traffic::Tcp((4, 65535)),
    Traffic::Udp((0, 0)),
    Traffic::Udp((1, 65535)),
    Traffic::Number(50),
    Traffic::Icmp(Icmp::TypeAndCode(8, 0)),
    Traffic::Icmp(Icmp::TypeAndCode(8, 1)),
    Traffic::Icmp(Icmp::Type(8)),
    Traffic::Icmp(Icmp::Every),
    Traffic::All,
];

/// A bit for every packet of the small world that an opening lets through.
fn packets(opening: &Opening) -> u64 {
    let mut bits = 0;
    for address in 0..ADDRESSES {
        for (position, packet) in PACKETS.iter().enumerate() {
            let held = match (opening.traffic, *packet) {
                // Udp has two ports here, of which the second stands for all that follow.
                (Traffic::Udp((_, last)), Traffic::Udp((1, 65535))) => last >= 1,
                (traffic, packet) => traffic.contains(packet),
            };
            if held && opening.range.contains(&Cidr::v4(address, 32).unwrap()) {
                bits |= 1 << (address as usize * PACKETS.len() + position);
            }
        }
    }
    bits
}

/// Every rule of the small world.
fn every_rule() -> Vec<u64> {
    let mut traffic = vec![
        Traffic::All,
        Traffic::Number(50),
        Traffic::Icmp(Icmp::Every),
        Traffic::Icmp(Icmp::Type(8)),
        Traffic::Icmp(Icmp::TypeAndCode(8, 0)),
        Traffic::Icmp(Icmp::TypeAndCode(8, 1)),
    ];
    for first in 0..=4 {
        traffic.extend((first..=4).map(|last| Traffic::Tcp((first, if last == 4 { 65535 } else { last }))));
    }
    traffic.extend([(0, 0), (0, 65535), (1, 65535)].map(Traffic::Udp));
    let mut rules = BTreeSet::new();
    for length in 30..=32 {
        for number in 0..(1 << (length - 30)) {
            let range = Cidr::v4(number << (32 - length), length).unwrap();
            rules.extend(traffic.iter().map(|traffic| packets(&Opening { range, traffic: *traffic })));
        }
    }
    rules.into_iter().collect()
}

/// Whether so many of these rules, none of which allows too much, hold all packets that are missing.
fn can_be_covered(missing: u64, legal: &[u64], rules: usize) -> bool {
    if missing == 0 {
        return true;
    }
    let lowest = missing & missing.wrapping_neg();
    rules > 0
        && legal
            .iter()
            .filter(|rule| *rule & lowest != 0)
            .any(|rule| can_be_covered(missing & !rule, legal, rules - 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_choice_of_rules_is_shorter(openings in prop::collection::vec(any_opening(2), 0..9)) {
        let allowed = openings.iter().map(packets).fold(0, std::ops::BitOr::bitor);
        let found = cover(&openings);
        let covered = found.iter().map(|one| packets(&one.opening)).fold(0, std::ops::BitOr::bitor);
        prop_assert_eq!(covered, allowed);
        let legal: Vec<u64> = every_rule().into_iter().filter(|rule| rule & !allowed == 0).collect();
        prop_assert!(found.is_empty() || !can_be_covered(allowed, &legal, found.len() - 1), "{:?}", found);
    }

    #[test]
    fn the_grid_sees_what_looking_at_every_packet_sees(
        left in prop::collection::vec(any_opening(2), 0..5),
        right in prop::collection::vec(any_opening(2), 0..5),
    ) {
        let all = |side: &[Opening]| side.iter().map(packets).fold(0, std::ops::BitOr::bitor);
        prop_assert_eq!(difference(&left, &right).is_none(), all(&left) == all(&right));
    }

    #[test]
    fn every_cover_comes_with_its_proof(openings in prop::collection::vec(any_opening(5), 0..40)) {
        let found = cover(&openings);
        prop_assert_eq!(flaw(&openings, &found), None);
        let openings: Vec<Opening> = found.iter().map(|one| one.opening).collect();
        let again: Vec<Opening> = cover(&openings).iter().map(|one| one.opening).collect();
        prop_assert_eq!(&again, &openings, "a cover is its own");
    }

    #[test]
    fn the_cover_depends_on_the_packets_alone(
        openings in prop::collection::vec(any_opening(4), 1..20),
        pieces in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        order in any::<u64>(),
    ) {
        // Said differently: some rules in two halves, some twice, all in another order.
        let mut said = openings.clone();
        for piece in pieces {
            let one = said[piece.index(said.len())];
            let halves = [0, 1].map(|half| one.range.part(one.range.length() + 1, half));
            said.extend(halves.into_iter().flatten().map(|range| Opening { range, ..one }));
            if let Traffic::Tcp((first, last)) = one.traffic && first < last {
                let at = said.iter().position(|other| *other == one).unwrap();
                said[at].traffic = Traffic::Tcp((first, first));
                said.push(Opening { traffic: Traffic::Tcp((first + 1, last)), ..one });
            }
        }
        let turn = order as usize % said.len();
        said.rotate_left(turn);
        let covers = [openings, said].map(|openings| cover(&openings).iter().map(|one| one.opening).collect::<Vec<_>>());
        prop_assert_eq!(&covers[0], &covers[1]);
    }

    #[test]
    fn a_proof_of_too_many_rules_is_refused(openings in prop::collection::vec(any_opening(4), 1..12)) {
        let mut found = cover(&openings);
        let twice = found[0];
        found.push(twice);
        prop_assert!(flaw(&openings, &found).is_some());
    }
}
