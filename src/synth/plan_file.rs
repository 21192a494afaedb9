//! `plan.json`: the decisions, for people and tools.

use std::collections::BTreeMap;

use crate::cloudformation::Json;
use crate::network::{Icmp, Traffic};
use crate::plan::security::{AclEntry, Peer, Rule};
use crate::plan::{Plan, Shape, TenantPlan};
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
                if shape.growth.blocks == 0 { String::new() } else { format!(" {:?}", shape.growth) };
            format!("{}-{}", shape.blueprint.name, crate::identity::short_hash(&(settings + &growth)))
        })
        .collect()
}

fn one_tenant(plan: &Plan<'_>, tenant: &TenantPlan<'_>, stacks: &[&str], shape: &str) -> Json {
    let network = &tenant.network;
    let groups = network.subnet_groups.iter().map(|group| {
        let route = tenant.blueprint.subnet_group(&group.name).map_or("local", |group| group.route.word());
        let blocks = std::iter::once(&group.subnets).chain(group.further.iter().map(|block| &block.subnets));
        let subnets = blocks.flat_map(|subnets| subnets.iter().zip(&network.zones)).map(|(cidr, zone)| {
            Json::object([("zone", Json::text(zone.as_str())), ("cidr", Json::text(cidr.to_string()))])
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
        ("network_acl_ranges", (shape.security.acl_ranges as u64).into()),
        ("network_acl_entries", shape.security.acl_entries.iter().map(acl_entry).collect()),
    ])
}

fn rule(rule: &Rule) -> Json {
    let mut entry =
        vec![("workload", Json::text(&rule.workload)), ("direction", Json::text(rule.direction.name()))];
    entry.extend(traffic(rule.traffic));
    entry.push(("peer", peer(&rule.peer)));
    entry.push(("reason", Json::text(&rule.reason)));
    Json::object(entry)
}

fn acl_entry(entry: &AclEntry) -> Json {
    let mut shown = vec![
        ("subnet_group", Json::text(&entry.subnet_group)),
        ("direction", Json::text(entry.direction.name())),
        ("number", u64::from(entry.number).into()),
    ];
    shown.extend(traffic(entry.traffic));
    shown.push(("peer", peer(&entry.peer)));
    Json::object(shown)
}

/// The protocol, and either its ports or its type and code, -1 where all are meant.
fn traffic(traffic: Traffic) -> Vec<(&'static str, Json)> {
    let protocol = match traffic {
        Traffic::All => "all".to_owned(),
        _ => traffic.protocol(),
    };
    let mut shown = vec![("protocol", Json::Text(protocol))];
    if let Some((first, last)) = traffic.ports() {
        shown.push(("from_port", u64::from(first).into()));
        shown.push(("to_port", u64::from(last).into()));
    }
    if let Some((kind, code)) = traffic.icmp().map(Icmp::type_and_code) {
        shown.push(("icmp_type", kind.into()));
        shown.push(("icmp_code", code.into()));
    }
    shown
}

fn peer(peer: &Peer) -> Json {
    let one = |kind: &str, key: &'static str, value: &str| {
        Json::object([("kind", Json::text(kind)), (key, Json::text(value))])
    };
    match peer {
        Peer::Anywhere => one("cidr", "cidr", "0.0.0.0/0"),
        Peer::TenantIngress => Json::object([("kind", Json::text("tenant_ingress"))]),
        Peer::SubnetGroup(name) => one("subnet_group", "name", name),
        Peer::SubnetBlock(name, number) => Json::object([
            ("kind", Json::text("subnet_group")),
            ("name", Json::text(name)),
            ("block", (*number as u64).into()),
        ]),
        Peer::Workload(name) => one("workload", "name", name),
        Peer::PrefixList(service) => one("prefix_list", "service", service),
        Peer::Range(range) => one("cidr", "cidr", &range.to_string()),
    }
}

fn number(value: u128) -> Json {
    u64::try_from(value).map_or_else(|_| Json::text(value.to_string()), Json::from)
}
