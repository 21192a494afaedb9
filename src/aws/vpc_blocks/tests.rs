//! Each rule with a case that it refuses and one that it allows.

use super::*;
use crate::aws::quota;

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn cidrs(texts: &[&str]) -> Vec<Cidr> {
    texts.iter().map(|text| cidr(text)).collect()
}

/// What AWS says to a second block beside these, in words; nothing if it takes it.
fn told(present: &[&str], block: &str) -> Option<String> {
    secondary_block(&cidrs(present), &cidr(block), 5).err().map(|refusal| refusal.to_string())
}

#[track_caller]
fn refused(present: &[&str], block: &str, words: &str) {
    let told = told(present, block).unwrap_or_else(|| panic!("{block} is allowed beside {present:?}"));
    assert!(told.contains(words), "{told}");
}

#[track_caller]
fn allowed(present: &[&str], block: &str) {
    assert_eq!(told(present, block), None, "{block} beside {present:?}");
}

#[test]
fn a_vpc_is_between_a_16_and_a_28() {
    assert!(vpc_block(&cidr("10.64.0.0/15")).is_err() && vpc_block(&cidr("10.64.0.0/29")).is_err());
    assert_eq!((vpc_block(&cidr("10.64.0.0/16")), vpc_block(&cidr("10.64.0.0/28"))), (Ok(()), Ok(())));
}

#[test]
fn ranges_of_no_host_are_no_vpcs() {
    for text in ["0.1.0.0/16", "127.0.0.0/24", "169.254.0.0/16", "224.0.0.0/16", "239.255.0.0/16"] {
        assert!(matches!(vpc_block(&cidr(text)), Err(BlockRefusal::Refused { .. })), "{text}");
    }
    for text in ["1.0.0.0/16", "126.255.0.0/16", "169.253.0.0/16", "223.255.0.0/16", "100.64.0.0/16"] {
        assert_eq!(vpc_block(&cidr(text)), Ok(()), "{text}");
    }
    // A larger range that holds a refused one cannot be handed out from freely either.
    assert!(usable_range(&cidr("126.0.0.0/7")).is_err() && usable_range(&cidr("10.0.0.0/8")).is_ok());
}

#[test]
fn a_subnet_lies_in_its_vpc_and_apart_from_the_others() {
    let vpc = cidrs(&["10.64.0.0/22", "10.64.4.0/22"]);
    let others = cidrs(&["10.64.0.0/24"]);
    assert_eq!(subnet_block(&cidr("10.64.0.0/22"), &vpc, &[]), Ok(()), "all of a block");
    assert_eq!(subnet_block(&cidr("10.64.4.0/24"), &vpc, &others), Ok(()), "in the second block");
    assert_eq!(subnet_block(&cidr("10.64.0.0/21"), &vpc, &[]), Err(BlockRefusal::Outside), "across both");
    let overlap = Err(BlockRefusal::Overlap(others[0]));
    assert_eq!(subnet_block(&cidr("10.64.0.128/25"), &vpc, &others), overlap);
    assert!(matches!(subnet_block(&cidr("10.64.0.0/29"), &vpc, &[]), Err(BlockRefusal::Length(_))));
}

#[test]
fn a_subnet_loses_five_addresses() {
    assert_eq!(usable_addresses(&cidr("10.64.0.0/28")), 11);
    assert_eq!(usable_addresses(&cidr("10.64.0.0/24")), 251);
}

#[test]
fn a_second_block_overlaps_none_that_is_there() {
    refused(&["10.64.0.0/22"], "10.64.0.0/24", "overlaps the block 10.64.0.0/22");
    allowed(&["10.64.0.0/22"], "10.64.4.0/22");
}

#[test]
fn beside_10_only_more_of_10_public_addresses_and_100_64() {
    for block in ["172.16.0.0/24", "192.168.0.0/24", "198.19.0.0/24"] {
        refused(&["10.64.0.0/22"], block, "a VPC that has 10.64.0.0/22 cannot be associated with");
    }
    for block in ["10.200.0.0/16", "100.64.0.0/16", "203.0.113.0/24", "198.18.0.0/16"] {
        allowed(&["10.64.0.0/22"], block);
    }
}

#[test]
fn beside_10_0_and_10_1_nothing_more_of_10_0() {
    refused(&["10.0.0.0/22"], "10.0.4.0/22", "of the range 10.0.0.0/15");
    refused(&["10.1.0.0/22"], "10.0.4.0/22", "of the range 10.0.0.0/15");
    refused(&["10.64.0.0/22", "10.1.0.0/22"], "10.0.4.0/22", "10.1.0.0/22, of the range 10.0.0.0/15");
    allowed(&["10.0.0.0/22"], "10.1.0.0/22");
    allowed(&["10.1.0.0/22"], "10.1.4.0/22");
    allowed(&["10.2.0.0/22"], "10.0.0.0/22");
}

#[test]
fn beside_172_16_nothing_of_172_31() {
    refused(&["172.16.0.0/24"], "172.31.0.0/24", "172.31.0.0/16");
    refused(&["172.31.0.0/24"], "172.31.1.0/24", "172.31.0.0/16");
    refused(&["172.16.0.0/24"], "10.64.0.0/24", "10.0.0.0/8");
    refused(&["172.16.0.0/24"], "192.168.0.0/24", "192.168.0.0/16");
    allowed(&["172.16.0.0/24"], "172.30.0.0/24");
    allowed(&["172.31.0.0/24"], "172.30.0.0/24");
    allowed(&["172.16.0.0/24"], "100.64.0.0/24");
}

#[test]
fn beside_192_168_and_198_19() {
    refused(&["192.168.0.0/24"], "10.64.0.0/24", "10.0.0.0/8");
    refused(&["192.168.0.0/24"], "172.16.0.0/24", "172.16.0.0/12");
    refused(&["192.168.0.0/24"], "198.19.0.0/24", "198.19.0.0/16");
    allowed(&["192.168.0.0/24"], "192.168.1.0/24");
    for block in ["10.64.0.0/24", "172.16.0.0/24", "192.168.0.0/24", "198.19.1.0/24"] {
        refused(&["198.19.0.0/24"], block, "198.19.0.0/24");
    }
    allowed(&["198.19.0.0/24"], "203.0.113.0/24");
}

#[test]
fn private_ranges_come_before_public_ones_and_100_64() {
    for first in ["203.0.113.0/24", "100.64.0.0/16"] {
        for block in ["10.64.0.0/24", "172.16.0.0/24", "192.168.0.0/24", "198.19.0.0/24"] {
            refused(&[first], block, "that began with");
        }
        allowed(&[first], "100.65.0.0/16");
    }
    allowed(&["10.64.0.0/24", "100.64.0.0/16"], "10.64.1.0/24");
}

#[test]
fn a_vpc_has_five_blocks_and_up_to_fifty_on_request() {
    let of = |number: u32| (0..number).filter_map(|at| cidr("10.64.0.0/16").part(24, at)).collect::<Vec<_>>();
    let next = cidr("10.65.0.0/24");
    let limit = quota("ipv4-cidr-blocks-per-vpc").unwrap();
    let (default, most) = (limit.default.unwrap(), limit.max.unwrap());
    assert_eq!(secondary_block(&of(4), &next, default), Ok(()));
    assert_eq!(secondary_block(&of(5), &next, default), Err(BlockRefusal::Count(5)));
    assert_eq!(secondary_block(&of(49), &next, most), Ok(()));
    assert_eq!(secondary_block(&of(50), &next, most), Err(BlockRefusal::Count(50)));
}

#[test]
fn a_new_block_may_lie_inside_a_route_and_not_hold_one() {
    let routes = cidrs(&["0.0.0.0/0", "10.64.8.0/22"]);
    for block in ["10.64.8.0/22", "10.64.8.0/21"] {
        let told = beside_routes(&cidr(block), &routes).unwrap_err().to_string();
        assert!(
            told.ends_with("the same as or larger than the destination 10.64.8.0/22 of a route"),
            "{told}"
        );
    }
    assert_eq!(beside_routes(&cidr("10.64.8.0/24"), &routes), Ok(()));
}

#[test]
fn a_network_grows_by_its_neighbours() {
    let blocks = growth_blocks(&cidr("10.64.0.0/22"), &cidr("10.64.0.0/20"));
    assert_eq!(blocks, cidrs(&["10.64.4.0/22", "10.64.8.0/21"]));
    let downwards = growth_blocks(&cidr("10.64.12.0/22"), &cidr("10.64.0.0/20"));
    assert_eq!(downwards, cidrs(&["10.64.8.0/22", "10.64.0.0/21"]));
    let wide = growth_blocks(&cidr("10.64.0.0/16"), &cidr("10.64.0.0/14"));
    assert_eq!(wide, cidrs(&["10.65.0.0/16", "10.66.0.0/16", "10.67.0.0/16"]), "no block above a /16");
    assert_eq!(growth_blocks(&cidr("10.64.0.0/22"), &cidr("10.64.0.0/22")), []);
}

#[test]
fn headroom_is_worth_something_only_where_aws_lets_a_vpc_grow() {
    assert!(can_grow(&cidr("10.0.0.0/22"), &cidr("10.0.0.0/20")).is_err());
    assert_eq!(can_grow(&cidr("10.0.0.0/16"), &cidr("10.0.0.0/15")), Ok(()), "by 10.1.0.0/16");
    assert_eq!(can_grow(&cidr("10.1.0.0/22"), &cidr("10.1.0.0/20")), Ok(()));
    assert_eq!(can_grow(&cidr("10.0.0.0/22"), &cidr("10.0.0.0/22")), Ok(()), "where none is asked for");
    for range in ranges_without_growth() {
        let block = range.part(24, 0).unwrap();
        assert!(can_grow(&block, &range.part(23, 0).unwrap()).is_err(), "{range}");
    }
}

#[test]
fn the_range_of_docker_is_allowed_and_advised_against() {
    assert_eq!(vpc_block(&cidr("172.17.0.0/24")), Ok(()));
    assert!(advised_against(&cidr("172.17.4.0/22")).is_some());
    assert!(advised_against(&cidr("172.16.0.0/12")).is_some(), "a pool that holds it");
    assert_eq!(advised_against(&cidr("172.18.0.0/16")), None);
}

#[test]
fn address_usage_counts_some_things_six_times() {
    let used = [(AddressUser::Address, 40), (AddressUser::NatGateway, 2), (AddressUser::EndpointInAZone, 3)];
    assert_eq!(address_usage(used), 40 + 12 + 18);
    let limit = quota("network-address-usage-per-vpc").unwrap().default.unwrap();
    assert_eq!(limit, 64_000);
    assert!(address_usage([(AddressUser::Address, 64_001)]) > limit);
}
