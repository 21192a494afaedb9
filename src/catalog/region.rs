//! The Regions of a catalog: their zones, pools and prefix lists.

use std::collections::BTreeMap;

use crate::aws::{PrefixListService, region as region_facts, regions};
use crate::catalog::values::{
    block, empty, ipv4_block, name, name_or, not_empty, refuse_duplicates, suggestion, word,
};
use crate::catalog::{Ipv6Pool, Pool, Purpose, Region};
use crate::diagnostics::{Diagnostic, Report, codes, list_of, quote};
use crate::identity::{Model, RegionName, ZoneId};
use crate::network::Cidr;
use crate::yaml::{Fields, Key, Located, Node, Value};

/// The Regions of a catalog, by name.
pub(super) fn decode(node: &Node, report: &mut Report) -> BTreeMap<RegionName, Region> {
    let Some(entries) = node.map("`regions`", report) else { return BTreeMap::new() };
    if entries.is_empty() {
        report.push(empty(node.span, "`regions`"));
    }
    entries.iter().filter_map(|(key, node)| decode_region(key, node, report)).collect()
}

fn decode_region(key: &Key, node: &Node, report: &mut Report) -> Option<(RegionName, Region)> {
    let facts = region_facts(&key.text);
    if facts.is_none() {
        let otherwise = "write the code of an AWS Region, such as `eu-west-1`";
        let help = suggestion(&key.text, regions().iter().map(|facts| facts.name), otherwise);
        report.push(
            Diagnostic::error(&codes::UNKNOWN_REGION, format!("AWS has no Region {}", quote(&key.text)))
                .at(key.span, "")
                .help(help),
        );
    }
    let mut fields = Fields::open(node, "a region", report)?;
    let zones = fields.required("zones", report).map_or_else(Vec::new, |node| zones(node, &key.text, report));
    let pools = fields.required("pools", report).map_or_else(Vec::new, |node| {
        let items = node.list("`pools`", report).unwrap_or_default();
        let items = if matches!(node.value, Value::List(_)) {
            not_empty(items, node.span, "`pools`", report)
        } else {
            items
        };
        items.iter().filter_map(|item| pool(item, report)).collect()
    });
    let ipv6_pools = fields.optional("ipv6_pools").map_or_else(Vec::new, |node| {
        let items = node.list("`ipv6_pools`", report).unwrap_or_default();
        items.iter().filter_map(|item| ipv6_pool(item, report)).collect()
    });
    let prefix_lists =
        fields.optional("prefix_lists").map_or_else(BTreeMap::new, |node| prefix_lists(node, report));
    fields.finish(report);
    let name: RegionName = facts?.name.parse().ok()?;
    Some((name.clone(), Region { name, zones, pools, ipv6_pools, prefix_lists, span: node.span }))
}

/// A block alone, or a mapping that says whom it is for.
fn pool(node: &Node, report: &mut Report) -> Option<Pool> {
    let anyone = |block: Located<Cidr>| Pool {
        value: block.value,
        span: block.span,
        models: Vec::new(),
        tiers: Vec::new(),
        purpose: Purpose::Networks,
        routable: true,
    };
    const INSTEAD: &str = "IPv6 blocks stand under `ipv6_pools`, each with the id of its pool in EC2";
    if !matches!(node.value, Value::Map(_)) {
        return ipv4_block(node, "a pool", INSTEAD, report).map(anyone);
    }
    let mut fields = Fields::open(node, "a pool", report)?;
    let block = fields.required("cidr", report);
    let block = block.and_then(|node| ipv4_block(node, "a pool", INSTEAD, report));
    let models = fields.optional("models").map_or_else(Vec::new, |node| {
        let items = node.list("`models`", report).unwrap_or_default();
        let model = |item: &Node, report: &mut Report| {
            word(item, "a model", &codes::UNKNOWN_MODEL, Model::WORDS, report)
        };
        let models: Vec<_> = not_empty(items, node.span, "`models`", report)
            .iter()
            .filter_map(|item| model(item, report))
            .collect();
        refuse_duplicates(&models, "the model", ToString::to_string, report);
        models
    });
    let tiers = fields.optional("tiers").map_or_else(Vec::new, |node| {
        let items = node.list("`tiers`", report).unwrap_or_default();
        let tiers: Vec<_> = not_empty(items, node.span, "`tiers`", report)
            .iter()
            .filter_map(|item| name_or(&codes::UNKNOWN_TIER, item, "a tier of a pool", report))
            .collect();
        refuse_duplicates(&tiers, "the tier", ToString::to_string, report);
        tiers
    });
    let purpose = fields
        .optional("purpose")
        .and_then(|node| word(node, "the purpose of a pool", &codes::UNKNOWN_VALUE, Purpose::WORDS, report));
    let routable = fields.optional("routable").and_then(|node| node.boolean("`routable`", report));
    fields.finish(report);
    let purpose = purpose.map_or(Purpose::Networks, |purpose| purpose.value);
    Some(Pool { models, tiers, purpose, routable: routable.unwrap_or(true), ..anyone(block?) })
}

/// A block of one's own, and the pool that EC2 knows it by.
fn ipv6_pool(node: &Node, report: &mut Report) -> Option<Ipv6Pool> {
    let mut fields = Fields::open(node, "an IPv6 pool", report)?;
    let cidr = fields.required("cidr", report).and_then(|node| block(node, "an IPv6 pool", report));
    let id = fields.required("pool", report).and_then(|node| ipv6_pool_id(node, report));
    let account =
        fields.optional("account").and_then(|node| name(node, "the account of an IPv6 pool", report));
    fields.finish(report);
    let cidr = cidr?;
    if cidr.value.is_v4() {
        report.push(
            Diagnostic::error(
                &codes::UNUSABLE_POOL,
                format!("an IPv6 pool is an IPv6 block, and `{}` is IPv4", cidr.value),
            )
            .at(cidr.span, "")
            .help("IPv4 blocks stand under `pools`"),
        );
        return None;
    }
    Some(Ipv6Pool { value: cidr.value, span: cidr.span, id: id?, account })
}

fn ipv6_pool_id(node: &Node, report: &mut Report) -> Option<Located<String>> {
    let text = node.text("the id of an IPv6 pool", report)?;
    let fits = text.strip_prefix("ipv6pool-ec2-").is_some_and(is_id);
    if fits {
        return Some(Located::new(text.to_owned(), node.span));
    }
    report.push(
        Diagnostic::error(
            &codes::INVALID_NAME,
            "the id of an IPv6 pool must be `ipv6pool-ec2-` and 8 to 17 lower-case letters and digits",
        )
        .at(node.span, "")
        .help("`aws ec2 describe-ipv6-pools` in that Region shows it"),
    );
    None
}

/// What follows the hyphen in the ids that EC2 makes.
fn is_id(text: &str) -> bool {
    (8..=17).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn zones(node: &Node, region: &str, report: &mut Report) -> Vec<Located<ZoneId>> {
    let Some(items) = node.list("`zones`", report) else { return Vec::new() };
    let zones: Vec<_> = not_empty(items, node.span, "`zones`", report)
        .iter()
        .filter_map(|item| zone(item, region, report))
        .collect();
    refuse_duplicates(&zones, "the zone", ToString::to_string, report);
    zones
}

fn zone(node: &Node, region: &str, report: &mut Report) -> Option<Located<ZoneId>> {
    let text = node.text("a zone", report)?;
    // The zones of a Region that is not there cannot be judged; that error was reported.
    let facts = region_facts(region)?;
    let known: Vec<String> = facts.zone_ids().collect();
    if known.iter().any(|zone| zone == text) {
        return text.parse().ok().map(|zone| Located::new(zone, node.span));
    }
    let letter = text.strip_prefix(region).is_some_and(|rest| rest.len() == 1);
    let message = if letter {
        format!("{} is the name of a zone, which differs from account to account", quote(text))
    } else {
        format!("the Region {} has no zone {}", quote(region), quote(text))
    };
    report.push(Diagnostic::error(&codes::UNKNOWN_ZONE, message).at(node.span, "").help(format!(
        "write a zone id; those of {} are {}",
        quote(region),
        list_of(known.iter().map(String::as_str))
    )));
    None
}

fn prefix_lists(node: &Node, report: &mut Report) -> BTreeMap<String, Located<String>> {
    let Some(mut fields) = Fields::open(node, "`prefix_lists`", report) else { return BTreeMap::new() };
    let mut lists = BTreeMap::new();
    for service in PrefixListService::ALL {
        let id = fields.optional(service.as_str()).and_then(|node| {
            let rule = "`pl-` and 8 to 17 lower-case letters and digits";
            marked_prefix_list(node, rule, report)
        });
        lists.extend(id.map(|id| (service.as_str().to_owned(), id)));
    }
    fields.finish(report);
    lists
}

fn marked_prefix_list(node: &Node, rule: &str, report: &mut Report) -> Option<Located<String>> {
    let text = node.text("the id of a prefix list", report)?;
    if text.strip_prefix("pl-").is_some_and(is_id) {
        return Some(Located::new(text.to_owned(), node.span));
    }
    report.push(
        Diagnostic::error(&codes::INVALID_NAME, format!("the id of a prefix list must be {rule}"))
            .at(node.span, "")
            .help("`aws ec2 describe-managed-prefix-lists` in that Region shows it"),
    );
    None
}
