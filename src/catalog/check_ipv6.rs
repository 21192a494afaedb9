//! The IPv6 pools of a catalog: of a length that EC2 takes, apart from one another, and not all reserved.

use crate::catalog::{Catalog, Ipv6Pool};
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::network::Cidr;

/// From the largest that registries hand out to a single VPC's.
const LENGTHS: std::ops::RangeInclusive<u8> = 16..=56;

/// Reports every IPv6 pool that cannot serve.
pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    let regions = catalog.regions.values();
    let mut pools: Vec<(&Ipv6Pool, &str)> = regions
        .flat_map(|region| region.ipv6_pools.iter().map(|pool| (pool, region.name.as_str())))
        .filter(|(pool, _)| is_usable(pool, catalog, report))
        .collect();
    pools.sort_by_key(|(pool, _)| (pool.value, pool.span));
    let mut outer: Option<(&Ipv6Pool, &str)> = None;
    for (pool, region) in pools {
        match outer {
            Some((first, other)) if first.value.contains(&pool.value) => report.push(
                Diagnostic::error(
                    &codes::OVERLAPPING_POOLS,
                    format!("IPv6 pools of {} and {} have addresses in common", quote(other), quote(region)),
                )
                .at(pool.span, format!("inside {}", first.value))
                .also(first.span, "the other pool")
                .help("give every pool a block of its own"),
            ),
            _ => outer = Some((pool, region)),
        }
    }
}

fn is_usable(pool: &Ipv6Pool, catalog: &Catalog, report: &mut Report) -> bool {
    let block = pool.value;
    // What registries hand out for use on the Internet (RFC 4291, section 2.4).
    let unicast = Cidr::v6(0x2000 << 112, 3).is_some_and(|range| range.contains(&block));
    let error = if !LENGTHS.contains(&block.length()) {
        Diagnostic::error(
            &codes::UNUSABLE_POOL,
            format!("the IPv6 pool `{block}` has a length of {}", block.length()),
        )
        .help("give an IPv6 pool a length from 16 to 56: every VPC gets a /56 of it")
    } else if !unicast {
        Diagnostic::error(
            &codes::UNUSABLE_POOL,
            format!("the IPv6 pool `{block}` lies outside of the global unicast addresses 2000::/3"),
        )
        .help("name the block that you have brought to AWS; without a pool, Amazon provides one for each VPC")
    } else if let Some(reserved) = catalog.reserved.iter().find(|one| one.cidr.value.contains(&block)) {
        Diagnostic::error(
            &codes::POOL_SWALLOWED,
            format!(
                "the whole IPv6 pool `{block}` is reserved for {}",
                quote(reserved.reason.value.as_str())
            ),
        )
        .also(reserved.cidr.span, "reserved here")
        .help("move the pool, or reserve less")
    } else {
        return true;
    };
    report.push(error.at(pool.span, ""));
    false
}
