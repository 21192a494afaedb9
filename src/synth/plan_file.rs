//! `plan.json`: the decisions, for people and tools.

use std::collections::BTreeMap;

use crate::cloudformation::Json;
use crate::plan::security::{AclEntry, Peer, Rule};
use crate::plan::{Growth, Plan, Shape, TenantPlan};
use crate::synth::bind::{BoundStack, tags};

/// The whole plan. Rules are told once a shape, with peers by name; a tenant points to its shape.
pub(super) fn plan_file(plan: &Plan<'_>, stacks: &[BoundStack<'_>]) -> Json {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for stack in stacks {
        names.entry(stack.tenant.tenant.id.value.as_str()).or_default().push(&stack.name);
    }
    let shapes = shape_names(plan);
    let pools = plan.pools.iter().map(|pool| {
        Json::object([
            ("region", Json::text(pool.region.as_str())),
            ("cidr", Json::text(pool.pool.to_string())),
            ("addresses", number(pool.usable)),
            ("used", number(pool.used)),
            ("free", number(pool.free)),
            ("largest_free", pool.largest.map_or(Json::Null, |length| Json::text(format!("/{length}")))),
        ])
    });
    let tenants = plan.tenants.iter().map(|tenant| {
        let id = tenant.tenant.id.value.as_str();
        one_tenant(plan, tenant, names.get(id).map(Vec::as_slice).unwrap_or_default(), &shapes[tenant.shape])
    });
    Json::object([
        ("version", 1u64.into()),
        ("product", Json::text(plan.catalog.product.value.as_str())),
        ("environment", Json::text(plan.catalog.environment.value.as_str())),
        ("pools", pools.collect()),
        (
            "shapes",
            Json::object(
                plan.shapes.iter().zip(&shapes).map(|(shape, name)| (name.clone(), one_shape(shape))),
            ),
        ),
        ("tenants", tenants.collect()),
    ])
}

/// Shapes are numbered in the order in which tenants, by id, first have them.
fn shape_names(plan: &Plan<'_>) -> Vec<String> {
    plan.shapes
        .iter()
        .map(|shape| {
            let settings = serde_json::json!(shape.settings.0).to_string();
            let growth =
                if shape.growth == Growth::default() { String::new() } else { format!(" {:?}", shape.growth) };
            format!("{}-{}", shape.blueprint.name, crate::identity::short_hash(&(settings + &growth)))
        })
        .collect()
}

fn one_tenant(plan: &Plan<'_>, tenant: &TenantPlan<'_>, stacks: &[&str], shape: &str) -> Json {
    let network = &tenant.network;
    let groups = network.subnet_groups.iter().map(|group| {
        let route = tenant.blueprint.subnet_group(&group.name).map_or("local", |group| group.route.word());
        let blocks = std::iter::once(&group.subnets).chain(group.further.iter().map(|block| &block.subnets));
        let ipv6 = network.ipv6.as_ref().and_then(|ipv6| Some((ipv6, ipv6.group(&group.name)?)));
        let subnets = blocks.flat_map(|subnets| subnets.iter().zip(&network.zones)).enumerate();
        let subnets = subnets.map(|(at, (cidr, zone))| {
            let mut entry =
                vec![("zone", Json::text(zone.as_str())), ("cidr", Json::text(cidr.to_string()))];
            // Both lists are by block and zone slot.
            if let Some((ipv6, subnet)) = ipv6.and_then(|(ipv6, group)| Some((ipv6, group.subnets.get(at)?))) {
                entry.push(("ipv6_index", u64::from(subnet.index).into()));
                entry.extend(ipv6.subnet(subnet.index).map(|cidr| ("ipv6_cidr", Json::text(cidr.to_string()))));
            }
            Json::object(entry)
        });
        let further = group.further.iter().map(|block| {
            Json::object([
                ("block", (block.number as u64).into()),
                ("cidr", Json::text(block.cidr.to_string())),
            ])
        });
        let mut entry = vec![
            ("name", Json::text(&group.name)),
            ("cidr", Json::text(group.cidr.to_string())),
            ("route", Json::text(route)),
            ("subnets", subnets.collect()),
        ];
        if let Some((network, group)) = ipv6 {
            let ranges = group.ranges.iter().map(|number| {
                let mut entry = vec![("index", u64::from(*number).into())];
                entry.extend(network.range(*number).map(|cidr| ("cidr", Json::text(cidr.to_string()))));
                Json::object(entry)
            });
            entry.insert(2, ("ipv6", ranges.collect()));
        }
        if !group.further.is_empty() {
            entry.insert(2, ("further", further.collect()));
        }
        Json::object(entry)
    });
    let mut addresses = vec![
        ("cidr", Json::text(network.cidr.to_string())),
        ("reserve", Json::text(network.reserve.to_string())),
        ("pool", Json::text(network.pool.to_string())),
        ("subnet_groups", groups.collect()),
    ];
    if !network.secondary.is_empty() {
        let secondary = network.secondary.iter().map(|block| Json::text(block.to_string()));
        addresses.insert(1, ("secondary", secondary.collect()));
    }
    if let Some(ipv6) = &network.ipv6 {
        let provider = if ipv6.pool.is_some() { "pool" } else { "amazon" };
        let mut entry = vec![("provider", Json::text(provider))];
        entry.extend(ipv6.source.block().map(|block| ("cidr", Json::text(block.to_string()))));
        entry.extend(ipv6.pool.as_ref().map(|pool| ("pool", Json::text(pool))));
        addresses.push(("ipv6", Json::object(entry)));
    }
    let ingress = tenant.ingress.iter().map(|(slot, cidr)| {
        Json::object([("slot", u64::from(*slot).into()), ("cidr", Json::text(cidr.to_string()))])
    });
    Json::object([
        ("id", Json::text(tenant.tenant.id.value.as_str())),
        ("name", Json::text(tenant.tenant.name.value.as_str())),
        ("tier", Json::text(tenant.tier.name.as_str())),
        ("status", Json::text(tenant.tenant.status.as_str())),
        ("model", Json::text(tenant.cell.model.as_str())),
        ("blueprint", Json::text(&tenant.blueprint.name)),
        ("shape", Json::text(shape)),
        ("account", Json::text(tenant.cell.account.to_string())),
        ("region", Json::text(tenant.cell.region.as_str())),
        ("cell", Json::text(tenant.cell.to_string())),
        ("network", Json::object(addresses)),
        ("ingress", ingress.collect()),
        (
            "tags",
            Json::object(tags(plan.catalog, tenant).into_iter().map(|(key, value)| (key, Json::Text(value)))),
        ),
        ("stacks", stacks.iter().copied().collect()),
    ])
}

fn one_shape(shape: &Shape<'_>) -> Json {
    Json::object([
        ("blueprint", Json::text(&shape.blueprint.name)),
        (
            "settings",
            Json::object(
                shape.settings.0.iter().map(|(name, value)| (name.clone(), Json::from(value.clone()))),
            ),
        ),
        ("stacks", shape.stacks.iter().map(|stack| stack.name.as_str()).collect()),
        ("security_group_rules", shape.security.rules.iter().map(rule).collect()),
        ("network_acl_entries", shape.security.acl_entries.iter().map(acl_entry).collect()),
    ])
}

fn rule(rule: &Rule) -> Json {
    Json::object([
        ("workload", Json::text(&rule.workload)),
        ("direction", Json::text(rule.direction.name())),
        ("protocol", Json::text(rule.protocol.name())),
        ("from_port", u64::from(rule.ports.0).into()),
        ("to_port", u64::from(rule.ports.1).into()),
        ("peer", peer(&rule.peer)),
        ("reason", Json::text(&rule.reason)),
    ])
}

fn acl_entry(entry: &AclEntry) -> Json {
    Json::object([
        ("subnet_group", Json::text(&entry.subnet_group)),
        ("direction", Json::text(entry.direction.name())),
        ("number", u64::from(entry.number).into()),
        ("protocol", Json::text(entry.protocol.name())),
        ("from_port", u64::from(entry.ports.0).into()),
        ("to_port", u64::from(entry.ports.1).into()),
        ("peer", peer(&entry.peer)),
    ])
}

fn peer(peer: &Peer) -> Json {
    let one = |kind: &str, key: &'static str, value: &str| {
        Json::object([("kind", Json::text(kind)), (key, Json::text(value))])
    };
    match peer {
        Peer::Anywhere => one("cidr", "cidr", "0.0.0.0/0"),
        Peer::AnywhereIpv6 => one("cidr", "cidr", "::/0"),
        Peer::SubnetIpv6(name, number) => Json::object([
            ("kind", Json::text("subnet_group")),
            ("name", Json::text(name)),
            ("ipv6_range", (*number as u64).into()),
        ]),
        Peer::TenantIngress => Json::object([("kind", Json::text("tenant_ingress"))]),
        Peer::SubnetGroup(name) => one("subnet_group", "name", name),
        Peer::SubnetBlock(name, number) => Json::object([
            ("kind", Json::text("subnet_group")),
            ("name", Json::text(name)),
            ("block", (*number as u64).into()),
        ]),
        Peer::Workload(name) => one("workload", "name", name),
        Peer::PrefixList(service) => one("prefix_list", "service", service),
    }
}

fn number(value: u128) -> Json {
    u64::try_from(value).map_or_else(|_| Json::text(value.to_string()), Json::from)
}
