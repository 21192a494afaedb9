//! The names that a stack template knows, for one shape.

use crate::aws::PrefixListService;
use crate::blueprint::{Bound, Scope, Symbol, further_number};
use crate::catalog::{Catalog, TagSource};
use crate::plan::{Shape, network_bound, settings_bound};

/// Everything that `docs/blueprints.md` lists.
pub(super) fn scope(catalog: &Catalog, shape: &Shape<'_>) -> Scope {
    let blueprint = shape.blueprint;
    let tenant = [
        ("id", Symbol::TenantId),
        ("name", Symbol::TenantName),
        ("tier", Symbol::TenantTier),
        ("resource_name", Symbol::ResourceName),
    ];
    let zones = (1..=shape.zones).map(|slot| {
        Bound::record([("number", Bound::number(slot)), ("id", Bound::Value(Symbol::ZoneId(slot)))])
    });
    let groups = blueprint.network.subnet_groups.iter().map(|group| {
        let subnets = (1..=shape.zones).map(|slot| {
            Bound::record([
                ("number", Bound::number(slot)),
                ("block", Bound::number(1)),
                ("slot", Bound::number(slot)),
                ("zone", Bound::Value(Symbol::ZoneId(slot))),
                ("cidr", Bound::Value(Symbol::SubnetCidr(group.name.clone(), slot))),
            ])
        });
        Bound::record([
            ("name", Bound::Text(group.name.clone())),
            ("route", Bound::Text(group.route.word().to_owned())),
            ("cidr", Bound::Value(Symbol::SubnetGroupCidr(group.name.clone()))),
            ("subnets", Bound::List(subnets.collect())),
            ("further_subnets", further_subnets(shape, &group.name)),
        ])
    });
    let further = blueprint
        .network
        .subnet_groups
        .iter()
        .map(|group| (group.name.clone(), further_subnets(shape, &group.name)));
    let prefix_lists = PrefixListService::ALL
        .map(|service| (service.as_str(), Bound::Value(Symbol::PrefixList(service.as_str().to_owned()))));
    Scope::default()
        .with("product", Bound::Text(catalog.product.value.to_string()))
        .with("environment", Bound::Text(catalog.environment.value.to_string()))
        .with("isolation_tag", Bound::Text(isolation_tag(catalog).to_owned()))
        .with("settings", settings_bound(blueprint, &shape.settings))
        .with("tenant", Bound::record(tenant.map(|(name, symbol)| (name, Bound::Value(symbol)))))
        .with("network", network_bound(&shape.growth))
        .with("further_subnets", Bound::record(further))
        .with("zones", Bound::List(zones.collect()))
        .with("subnet_groups", Bound::List(groups.collect()))
        .with("prefix_lists", Bound::record(prefix_lists))
}

/// The subnets of a group in the blocks that the network has grown by.
fn further_subnets(shape: &Shape<'_>, group: &str) -> Bound {
    let blocks = shape.growth.blocks_of(group).iter();
    let subnets = blocks.flat_map(|block| (1..=shape.zones).map(move |slot| (*block, slot)));
    let subnets = subnets.map(|(block, slot)| {
        let cidr = Symbol::FurtherSubnetCidr(group.to_owned(), block, slot);
        Bound::record([
            ("number", Bound::number(further_number(block, slot))),
            ("block", Bound::number(block)),
            ("slot", Bound::number(slot)),
            ("zone", Bound::Value(Symbol::ZoneId(slot))),
            ("cidr", Bound::Value(cidr)),
        ])
    });
    Bound::List(subnets.collect())
}

/// The key of the tag whose value is the tenant's id; the catalog always has one.
pub(super) fn isolation_tag(catalog: &Catalog) -> &str {
    catalog
        .tags
        .iter()
        .find(|rule| rule.source == Some(TagSource::TenantId))
        .map_or("tenant-id", |rule| rule.key.value.as_str())
}
