//! The names that a stack template knows, for one shape.

use crate::aws::PrefixListService;
use crate::blueprint::{Bound, FlowEnd, Owner, Per, Scope, SubnetGroup, Symbol, further_number};
use crate::catalog::{Catalog, TagSource};
use crate::network::Cidr;
use crate::plan::security::{Origin, range_named};
use crate::plan::shared_services::{central_account, is_hub};
use crate::plan::{Shape, account_bound, network_bound, settings_bound};
use crate::synth::generate::IngressSlot;
use crate::synth::organization::{is_asked_of_all, tag_policy};

/// Everything that `docs/blueprints.md` lists.
pub(super) fn scope(catalog: &Catalog, shape: &Shape<'_>, ingress_slots: &[IngressSlot]) -> Scope {
    let blueprint = shape.blueprint;
    let mut scope = Scope::default()
        .with("product", Bound::Text(catalog.product.value.to_string()))
        .with("environment", Bound::Text(catalog.environment.value.to_string()))
        .with("isolation_tag", Bound::Text(isolation_tag(catalog).to_owned()))
        .with("settings", settings_bound(blueprint, shape.per, &shape.settings));
    scope = scope.with("organization", organization(catalog));
    if let Some(central) = central_account(catalog) {
        scope = scope.with("central_account", Bound::Text(central.id.value.to_string()));
    }
    scope = shared(scope, catalog);
    let regions = catalog.regions.values().map(|region| {
        let pools = region.pools.iter().map(|pool| block(pool.value));
        Bound::record([
            ("name", Bound::Text(region.name.to_string())),
            ("pools", Bound::List(pools.collect())),
        ])
    });
    scope = scope.with("regions", Bound::List(regions.collect())).with("ranges", ranges(catalog, shape));
    scope = scope.with("shared_services", shared_services(catalog));
    if blueprint.is_component {
        scope = scope.with("account", account_bound(shape.account));
    }
    if shape.per == Per::Account && is_hub(blueprint) {
        scope = hub(scope, shape);
    }
    if shape.per == Per::Tenant {
        let ranges = ingress_slots.iter().map(|slot| Bound::Value(Symbol::Ingress(slot.number as usize)));
        scope = scope
            .with("tenant", tenant(shape))
            .with("ingress", Bound::List(ranges.collect()))
            .with("status", Bound::Text(shape.status.as_str().to_owned()));
    }
    if matches!(shape.per, Per::Tenant | Per::Cell) && !blueprint.model.is_silo() {
        let names = [
            ("name", Symbol::CellName),
            ("number", Symbol::CellNumber),
            // As a tenant has one.
            (
                "resource_name",
                if shape.per == Per::Cell { Symbol::ResourceName } else { Symbol::CellResourceName },
            ),
        ];
        scope = scope.with("cell", Bound::record(names.map(|(name, symbol)| (name, Bound::Value(symbol)))));
    }
    if matches!(shape.per, Per::Tenant | Per::Cell) && blueprint.network.owner != Owner::None {
        scope = network(scope, shape);
    }
    let prefix_lists = PrefixListService::ALL
        .map(|service| (service.as_str(), Bound::Value(Symbol::PrefixList(service.as_str().to_owned()))));
    scope.with("prefix_lists", Bound::record(prefix_lists))
}

/// The accounts, tiers and tags of the catalog.
fn shared(scope: Scope, catalog: &Catalog) -> Scope {
    let accounts = catalog.accounts.iter().map(|account| {
        Bound::record([
            ("id", Bound::Text(account.id.value.to_string())),
            ("name", Bound::Text(account.name.value.to_string())),
        ])
    });
    let tiers = catalog.tiers.keys().map(|tier| Bound::Text(tier.to_string()));
    let demanded = catalog.tags.iter().filter(|rule| is_asked_of_all(rule)).zip(1..);
    let demanded = demanded.map(|(rule, number)| {
        let key = Bound::Text(rule.key.value.to_string());
        Bound::record([("key", key), ("number", Bound::number(number))])
    });
    scope
        .with("accounts", Bound::List(accounts.collect()))
        .with("tiers", Bound::List(tiers.collect()))
        .with("demanded_tags", Bound::List(demanded.collect()))
        .with("tier_tag", tag_of(catalog, TagSource::TenantTier))
}

/// The key of the tag that is taken from a source; nothing where there is none.
fn tag_of(catalog: &Catalog, source: TagSource) -> Bound {
    let rule = catalog.tags.iter().find(|rule| rule.source == Some(source));
    rule.map_or(Bound::Nothing, |rule| Bound::Text(rule.key.value.to_string()))
}

/// What the catalog says of the organization; nothing where it says nothing.
fn organization(catalog: &Catalog) -> Bound {
    let text = |text: Option<String>| text.map_or(Bound::Nothing, Bound::Text);
    let organization = catalog.organization.as_ref();
    let account = organization.and_then(|organization| organization.management_account.as_ref());
    let root = organization.and_then(|organization| organization.root.as_ref());
    Bound::record([
        ("id", text(organization.map(|organization| organization.id.value.clone()))),
        ("root", text(root.map(|root| root.value.clone()))),
        ("management_account", text(account.map(|account| account.value.to_string()))),
        ("trail", Bound::Boolean(organization.is_some_and(|organization| organization.trail))),
        ("tag_policy", Bound::Document(tag_policy(catalog))),
    ])
}

/// The network of the shared services, and the zones that it spans.
fn hub(scope: Scope, shape: &Shape<'_>) -> Scope {
    let zones = (1..=shape.zones).map(|slot| {
        Bound::record([
            ("number", Bound::number(slot)),
            ("id", Bound::Value(Symbol::ZoneId(slot))),
            ("cidr", Bound::Value(Symbol::SubnetCidr("central".to_owned(), slot))),
        ])
    });
    scope
        .with("network", Bound::record([("cidr", Bound::Value(Symbol::NetworkCidr))]))
        .with("zones", Bound::List(zones.collect()))
}

/// A block that all tenants have in common, with an id for logical ids. The id follows from the block
/// alone: another order of the list it stands in renames nothing.
fn block(block: Cidr) -> Bound {
    let cidr = block.to_string();
    let id = cidr.replace(|character: char| !character.is_ascii_alphanumeric(), "x");
    Bound::record([("id", Bound::Text(id)), ("cidr", Bound::Text(cidr))])
}

/// The catalog's ranges by name, each a list of blocks; and those that flows know by the name of a setting.
fn ranges(catalog: &Catalog, shape: &Shape<'_>) -> Bound {
    let ends = shape.blueprint.flows.iter().flat_map(|flow| [&flow.from, &flow.to]);
    let named = ends.filter_map(|end| match end {
        FlowEnd::Range(name) => Some((name, catalog.ranges.get(range_named(name, &shape.settings))?)),
        _ => None,
    });
    Bound::record(catalog.ranges.iter().chain(named).map(|(name, ranges)| {
        (name.clone(), Bound::List(ranges.blocks.iter().map(|one| block(one.value)).collect()))
    }))
}

/// What is offered by PrivateLink, and what lies behind the central services' own networks.
fn shared_services(catalog: &Catalog) -> Bound {
    let shared = &catalog.shared_services;
    let named = shared.services.iter().map(|service| service.value.as_str());
    let named: Vec<&str> = if shared.services.is_empty() { vec!["central"] } else { named.collect() };
    let services = named.into_iter().enumerate().map(|(at, name)| {
        Bound::record([("name", Bound::Text(name.to_owned())), ("index", Bound::number(at))])
    });
    let is_network = |block: &Cidr| shared.networks.values().any(|network| network.value == *block);
    let central = catalog.ranges.get("central").into_iter().flat_map(|range| &range.blocks);
    let beyond = central.map(|block| block.value).filter(|value| !is_network(value)).map(block);
    Bound::record([("services", Bound::List(services.collect())), ("beyond", Bound::List(beyond.collect()))])
}

fn tenant(shape: &Shape<'_>) -> Bound {
    let names = [
        ("id", Symbol::TenantId),
        ("name", Symbol::TenantName),
        ("tier", Symbol::TenantTier),
        ("home", Symbol::TenantHome),
        ("host", Symbol::TenantHost),
        ("resource_name", Symbol::ResourceName),
        ("slot", Symbol::TenantSlot),
    ];
    let shares = !shape.blueprint.model.is_silo();
    let names = names.into_iter().filter(|(name, _)| shares || *name != "slot");
    Bound::record(names.map(|(name, symbol)| (name, Bound::Value(symbol))))
}

fn network(scope: Scope, shape: &Shape<'_>) -> Scope {
    let network = &shape.blueprint.network;
    let zones = (1..=shape.zones).map(|slot| {
        Bound::record([("number", Bound::number(slot)), ("id", Bound::Value(Symbol::ZoneId(slot)))])
    });
    // A cell has all subnet groups of its network; those that its tenants have parts of are not cut there.
    let is_cut = |group: &SubnetGroup| group.per == shape.per;
    let known = || network.subnet_groups.iter().filter(|group| shape.per == Per::Cell || is_cut(group));
    let groups = known().map(|group| {
        let slots = 1..=if is_cut(group) { shape.zones } else { 0 };
        let subnets = slots.map(|slot| {
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
            ("per", Bound::Text(group.per.word().to_owned())),
            ("cidr", Bound::Value(Symbol::SubnetGroupCidr(group.name.clone()))),
            ("subnets", Bound::List(subnets.collect())),
            ("further_subnets", further_subnets(shape, &group.name)),
            ("ipv6_ranges", ipv6_ranges(shape, &group.name)),
            ("ipv6_subnets", ipv6_subnets(shape, &group.name)),
        ])
    });
    // A template that cells and tenants have in common may ask for those of any group.
    let further = network.subnet_groups.iter().map(|group| {
        let subnets =
            if is_cut(group) { further_subnets(shape, &group.name) } else { Bound::List(Vec::new()) };
        (group.name.clone(), subnets)
    });
    let name = |workload: &str, origin: &Origin| Bound::Text(origin.shared_group(workload));
    let shared = shape.security.shared_groups().map(|(workload, origin)| name(workload, origin));
    // Whoever shares no rules bears none, so that one line serves every model.
    let of_workloads = shape.blueprint.workloads.keys().map(|workload| {
        let origins = shape.security.shared.get(workload).into_iter().flatten();
        (workload.clone(), Bound::List(origins.map(|origin| name(workload, origin)).collect()))
    });
    let workloads = shape.workloads().map(|workload| Bound::Text(workload.name.clone()));
    scope
        .with("workloads", Bound::List(workloads.collect()))
        .with("shared_rules", Bound::List(shared.collect()))
        .with("shared_groups", Bound::record(of_workloads))
        .with("network", network_bound(shape.blueprint, shape.per, &shape.growth))
        .with("further_subnets", Bound::record(further))
        .with("zones", Bound::List(zones.collect()))
        .with("subnet_groups", Bound::List(groups.collect()))
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

/// The /60 that a group has of the VPC's IPv6 block.
fn ipv6_ranges(shape: &Shape<'_>, group: &str) -> Bound {
    let Some(dual) = &shape.growth.ipv6 else { return Bound::List(Vec::new()) };
    let ranges = (1..=dual.ranges.get(group).copied().unwrap_or_default()).map(|number| {
        let cidr = Bound::Value(Symbol::SubnetGroupIpv6Cidr(group.to_owned(), number));
        Bound::record([
            ("number", Bound::number(number)),
            ("cidr", if dual.provided { Bound::Nothing } else { cidr }),
            ("index", Bound::Value(Symbol::SubnetGroupIpv6Index(group.to_owned(), number))),
        ])
    });
    Bound::List(ranges.collect())
}

/// The /64 of each subnet of a group, also of those that the network has grown by.
fn ipv6_subnets(shape: &Shape<'_>, group: &str) -> Bound {
    let Some(dual) = &shape.growth.ipv6 else { return Bound::List(Vec::new()) };
    let blocks = std::iter::once(&1).chain(shape.growth.blocks_of(group));
    let subnets = blocks.flat_map(|block| (1..=shape.zones).map(move |slot| (*block, slot)));
    let subnets = subnets.map(|(block, slot)| {
        let number = if block == 1 { slot } else { further_number(block, slot) };
        let cidr = Bound::Value(Symbol::SubnetIpv6Cidr(group.to_owned(), number));
        Bound::record([
            ("number", Bound::number(number)),
            ("block", Bound::number(block)),
            ("slot", Bound::number(slot)),
            ("cidr", if dual.provided { Bound::Nothing } else { cidr }),
            ("index", Bound::Value(Symbol::SubnetIpv6Index(group.to_owned(), number))),
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
