//! `ranges`: addresses outside of the product's networks, by the names that flows of blueprints use.

use std::collections::BTreeMap;

use crate::catalog::values::{ipv4_block, not_empty, refuse_duplicates};
use crate::catalog::{Catalog, NamedRanges};
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::yaml::Node;

pub(super) fn decode(node: &Node, report: &mut Report) -> BTreeMap<String, NamedRanges> {
    let mut ranges = BTreeMap::new();
    for (key, node) in node.map("`ranges`", report).unwrap_or_default() {
        if !is_word(&key.text) {
            report.push(
                Diagnostic::error(
                    &codes::INVALID_NAME,
                    format!("{} cannot be the name of a range", quote(&key.text)),
                )
                .at(key.span, "")
                .help("it is 1 to 31 lower-case letters, digits and underscores, beginning with a letter"),
            );
        }
        let items = node.list("a range", report).unwrap_or_default();
        let blocks: Vec<_> = not_empty(items, node.span, "a range", report)
            .iter()
            .filter_map(|item| {
                ipv4_block(item, "a block of a range", "leave the block out: ranges are IPv4 only", report)
            })
            .collect();
        refuse_duplicates(&blocks, "the block", ToString::to_string, report);
        ranges.insert(key.text.to_string(), NamedRanges { blocks, span: key.span });
    }
    ranges
}

/// Blueprints spell the name as they spell those of their workloads.
fn is_word(text: &str) -> bool {
    (1..=31).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// That no range holds addresses of tenants: what a flow opens to a range, it opens for every tenant.
pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    let pools = || catalog.regions.values().flat_map(|region| &region.pools);
    for (name, ranges) in &catalog.ranges {
        for block in &ranges.blocks {
            let Some(pool) = pools().find(|pool| pool.value.overlaps(&block.value)) else { continue };
            report.push(
                Diagnostic::error(
                    &codes::RANGE_OF_TENANTS,
                    format!(
                        "the range {} has addresses in common with the pool {}",
                        quote(name),
                        quote(&pool.value.to_string())
                    ),
                )
                .at(block.span, "")
                .also(pool.span, "tenants get addresses from here")
                .help("leave the addresses of tenants out of the range"),
            );
        }
    }
}
