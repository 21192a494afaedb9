//! What a block of addresses is: every answer that `plan::whereabouts` has.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use tenantry::catalog;
use tenantry::diagnostics::Report;
use tenantry::plan::lock::Lock;
use tenantry::plan::whereabouts::whereabouts;
use tenantry::source::SourceMap;

const LOCK: &str = "\
version: 1
product: shop
environment: prod
tenant acme: { cell: vpc/111122223333/eu-west-1/1 }
network acme: { cidr: 10.64.0.0/22, reserve: 10.64.0.0/21, ipv6: 2001:db8::/56 }
subnets acme/app: { cidr: 10.64.0.0/23, slots: 4, ipv6: [3] }
zones acme: { euw1-az1: 0 }
quarantine 10.64.8.0/22: { owner: globex }
reserved 10.65.0.0/16 vpc-1: { reason: \"somebody else\" }
";

/// What there is to say of a block, in a line.
fn told(block: &str) -> String {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    let text = include_str!("../src/cli/starter.yaml");
    let pools = "pools: [10.64.0.0/14]";
    assert!(text.contains(pools));
    let ipv6 = "ipv6_pools: [{ cidr: 2001:db8::/40, pool: ipv6pool-ec2-0123456789abcdef0 }]";
    fs::write(&path, text.replacen(pools, &format!("{pools}\n    {ipv6}"), 1)).unwrap();
    let catalog = catalog::read(&path, &mut sources, &mut report).unwrap();
    let file = sources.add("tenantry.lock", LOCK);
    let lock = Lock::read(file, &sources, &mut report).unwrap();
    let found = whereabouts(block.parse().unwrap(), &catalog, &lock);
    let mut parts = vec![format!("{} free of {}", found.free, found.block.size())];
    parts.extend(found.pools.iter().map(|(region, pool, _)| format!("{} {pool}", region.name)));
    parts.extend(found.reserved.iter().map(|reserved| reserved.reason.value.to_string()));
    parts.extend(found.found.iter().map(|(id, _)| id.to_string()));
    parts.extend(found.quarantine.iter().map(|(_, waiting)| format!("waits for {}", waiting.value.owner)));
    for holding in found.networks {
        parts.push(format!("{}{}", holding.owner, if holding.growth { " may grow" } else { "" }));
        parts.extend(holding.group.map(|(id, _)| id.to_string()));
        parts.extend(holding.slot.map(|(slot, zone)| {
            format!("{slot} {}", zone.map_or("no zone".to_owned(), ToString::to_string))
        }));
    }
    parts.join("; ")
}

#[test]
fn an_address_has_a_pool_a_network_a_group_and_a_zone() {
    assert_eq!(
        told("10.64.0.9/32"),
        "0 free of 1; eu-west-1 10.64.0.0/14; acme; acme/app; 10.64.0.0/25 euw1-az1"
    );
    assert_eq!(
        told("10.64.1.9/32"),
        "0 free of 1; eu-west-1 10.64.0.0/14; acme; acme/app; 10.64.1.0/25 no zone"
    );
    assert_eq!(told("10.64.2.9/32"), "0 free of 1; eu-west-1 10.64.0.0/14; acme");
    assert_eq!(told("10.64.4.9/32"), "0 free of 1; eu-west-1 10.64.0.0/14; acme may grow");
}

#[test]
fn a_block_may_touch_many_things() {
    assert_eq!(told("10.64.0.0/20"), "1024 free of 4096; eu-west-1 10.64.0.0/14; waits for globex; acme");
    assert_eq!(told("10.65.1.0/24"), "0 free of 256; eu-west-1 10.64.0.0/14; 10.65.0.0/16 vpc-1");
}

#[test]
fn other_addresses_are_free_reserved_or_in_no_pool() {
    assert_eq!(told("10.64.64.1/32"), "1 free of 1; eu-west-1 10.64.0.0/14");
    assert_eq!(told("10.1.2.3/32"), "0 free of 1; offices and data centre");
    assert_eq!(told("192.168.0.1/32"), "0 free of 1");
}

#[test]
fn an_ipv6_address_is_told_like_any_other() {
    assert_eq!(
        told("2001:db8:0:31::9/128"),
        "0 free of 1; eu-west-1 2001:db8::/40; acme; acme/app; 2001:db8:0:31::/64 no zone"
    );
    assert_eq!(
        told("2001:db8:0:30::/64"),
        "0 free of 18446744073709551616; eu-west-1 2001:db8::/40; acme; acme/app; 2001:db8:0:30::/64 euw1-az1"
    );
    assert_eq!(told("2001:db8:0:90::/64"), "0 free of 18446744073709551616; eu-west-1 2001:db8::/40; acme");
    assert_eq!(
        told("2001:db8:0:100::/64"),
        "18446744073709551616 free of 18446744073709551616; eu-west-1 2001:db8::/40"
    );
}
