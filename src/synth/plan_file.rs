//! `plan.json`: the decisions, for people and tools.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Per};
use crate::catalog::{Role, Status};
use crate::cloudformation::Json;
use crate::identity::{CellId, HomeId, HostAccount, RegionName};
use crate::network::{Icmp, Traffic};
use crate::plan::notes::notes;
use crate::plan::radius::{by_blueprint, radii, tenants_with_stacks};
use crate::plan::security::sharing::group_use;
use crate::plan::security::{AclEntry, Origin, Peer, Rule, Traits};
use crate::plan::{
    AccountPlan, CellPlan, Connection, Growth, NetworkPlan, Plan, Shape, SubnetGroupPlan, TenantPlan, Unit,
};
use crate::synth::bind::BoundStack;
use crate::synth::tags::tags;
use crate::synth::variant::fewer_groups;

/// The whole plan. Rules are told once a shape, with peers by name; a tenant points to its shape.
pub(super) fn plan_file(plan: &Plan<'_>, stacks: &[BoundStack<'_>], tag_coverage: Json) -> Json {
    let mut names: BTreeMap<Whose<'_>, Vec<&str>> = BTreeMap::new();
    for stack in stacks {
        names.entry(whose(stack.unit)).or_default().push(&stack.name);
    }
    let stacks_of = |unit| -> Json {
        names.get(&whose(unit)).map(Vec::as_slice).unwrap_or_default().iter().copied().collect()
    };
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
    let cells =
        plan.cells.iter().map(|cell| one_cell(plan, cell, stacks_of(Unit::Cell(cell)), &shapes[cell.shape]));
    let accounts = plan.accounts.iter();
    let accounts =
        accounts.map(|one| one_account(plan, one, stacks_of(Unit::Account(one)), &shapes[one.shape]));
    let tenants = plan.tenants.iter();
    let tenants = tenants.map(|one| one_tenant(plan, one, stacks_of(Unit::Tenant(one)), &shapes[one.shape]));
    Json::object([
        ("version", 1u64.into()),
        ("product", Json::text(plan.catalog.product.value.as_str())),
        ("environment", Json::text(plan.catalog.environment.value.as_str())),
        (
            "components",
            plan.components.iter().map(|one| Json::text(one.component.own.name.as_str())).collect(),
        ),
        ("tag_coverage", tag_coverage),
        ("pools", pools.collect()),
        (
            "shapes",
            Json::object(
                plan.shapes.iter().zip(&shapes).map(|(shape, name)| (name.clone(), one_shape(shape))),
            ),
        ),
        ("security_groups", groups(plan)),
        ("blast_radius", blast_radius(plan)),
        ("notes", notes(plan).iter().map(String::as_str).collect()),
        ("central_services", central_services(plan)),
        ("accounts", accounts.collect()),
        ("cells", cells.collect()),
        ("tenants", tenants.collect()),
    ])
}

/// How many groups and rules there are and how few there could be, altogether and in each cell that
/// tenants share.
fn groups(plan: &Plan<'_>) -> Json {
    let counts = |one: [usize; 4]| {
        let names = ["groups", "groups_at_least", "rules", "rules_at_least"];
        names.into_iter().zip(one).map(|(name, count)| (name, Json::from(count as u64)))
    };
    let mut sum = [0; 4];
    let mut cells = Vec::new();
    for one in group_use(plan) {
        let these = [one.groups, one.least_groups, one.rules, one.least_rules];
        sum.iter_mut().zip(these).for_each(|(sum, one)| *sum += one);
        if !one.cell.model.is_silo() {
            let cell = [("cell", Json::text(one.cell.to_string())), ("tenants", (one.tenants as u64).into())];
            cells.push(Json::object(cell.into_iter().chain(counts(these))));
        }
    }
    Json::object(counts(sum).chain([("cells", Json::List(cells))]))
}

/// How many tenants a change of what a cell's network has as a whole touches, and of its blueprint.
fn blast_radius(plan: &Plan<'_>) -> Json {
    let cells = radii(plan).into_iter().map(|one| {
        Json::object([
            ("cell", Json::text(one.cell.to_string())),
            ("tenants", (one.tenants as u64).into()),
            ("settings", one.settings.iter().map(String::as_str).collect()),
        ])
    });
    let blueprints = by_blueprint(plan).into_iter().map(|(blueprint, one)| {
        Json::object([
            ("blueprint", Json::text(blueprint)),
            ("cells", (one.cells as u64).into()),
            ("tenants", (one.tenants as u64).into()),
        ])
    });
    Json::object([
        ("tenants", (tenants_with_stacks(plan) as u64).into()),
        ("cells", cells.collect()),
        ("blueprints", blueprints.collect()),
    ])
}

/// Who a stack belongs to: a tenant, a cell, or a blueprint's place in the list of accounts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Whose<'p> {
    Tenant(&'p HomeId),
    Cell(&'p CellId),
    Account(Per, &'p str, &'p HostAccount, &'p RegionName),
}

fn whose(unit: Unit<'_>) -> Whose<'_> {
    match unit {
        Unit::Tenant(tenant) => Whose::Tenant(&tenant.home),
        Unit::Cell(cell) => Whose::Cell(&cell.id),
        Unit::Account(one) => Whose::Account(one.per, &one.blueprint.name, &one.account, &one.region),
    }
}

/// Shapes are numbered in the order in which tenants, by id, first have them.
fn shape_names(plan: &Plan<'_>) -> Vec<String> {
    plan.shapes
        .iter()
        .map(|shape| {
            let settings = serde_json::json!(shape.settings.0).to_string();
            let growth = if shape.growth == Growth::default() {
                String::new()
            } else {
                format!(" {:?}", shape.growth)
            };
            // A tenant's shape that is like any other says no more than its settings.
            let per = if shape.per == Per::Tenant { "" } else { shape.per.word() };
            let status = if shape.status == Status::Active { "" } else { shape.status.as_str() };
            let traits =
                if shape.traits == Traits::default() { String::new() } else { format!("{:?}", shape.traits) };
            let groups = fewer_groups(shape).map(|groups| format!(" {groups}")).unwrap_or_default();
            let is_component = shape.blueprint.is_component;
            let region = if is_component && !shape.account.is_first_region { "further" } else { "" };
            let owner = if shape.account.is_tenants_own { "tenants" } else { "" };
            let all = format!("{settings}{growth}{per}{status}{region}{owner}{traits}{groups}");
            format!("{}-{}", shape.blueprint.name, crate::identity::short_hash(&all))
        })
        .collect()
}

fn one_account(plan: &Plan<'_>, account: &AccountPlan<'_>, stacks: Json, shape: &str) -> Json {
    Json::object([
        ("per", Json::text(account.per.word())),
        ("account", Json::text(account.account.to_string())),
        ("region", Json::text(account.region.as_str())),
        ("blueprint", Json::text(&account.blueprint.name)),
        ("shape", Json::text(shape)),
        ("tags", tag_map(plan, Unit::Account(account))),
        ("stacks", stacks),
    ])
}

/// How the networks of each Region reach the central services, and why so.
fn central_services(plan: &Plan<'_>) -> Json {
    let one = |connection: &Connection| {
        Json::object([
            ("region", Json::text(connection.region.as_str())),
            ("account", Json::text(connection.account.as_str())),
            ("by", Json::text(connection.by.as_str())),
            ("networks", (connection.networks as u64).into()),
            ("peerings", (connection.peerings as u64).into()),
            ("reason", Json::text(&connection.reason)),
        ])
    };
    plan.connections.iter().map(one).collect()
}

fn one_cell(plan: &Plan<'_>, cell: &CellPlan<'_>, stacks: Json, shape: &str) -> Json {
    let unit = Unit::Cell(cell);
    Json::object([
        ("id", Json::text(cell.id.to_string())),
        ("model", Json::text(cell.id.model.as_str())),
        ("blueprint", Json::text(&cell.blueprint.name)),
        ("shape", Json::text(shape)),
        ("account", Json::text(cell.id.account.to_string())),
        ("region", Json::text(cell.id.region.as_str())),
        ("network", network(plan, unit)),
        ("tenants", cell.tenants.iter().map(|tenant| tenant.id.value.as_str()).collect()),
        ("tags", tag_map(plan, unit)),
        ("stacks", stacks),
    ])
}

fn one_tenant(plan: &Plan<'_>, tenant: &TenantPlan<'_>, stacks: Json, shape: &str) -> Json {
    let unit = Unit::Tenant(tenant);
    let ingress = tenant.ingress.iter().map(|(slot, cidr)| {
        Json::object([("slot", u64::from(*slot).into()), ("cidr", Json::text(cidr.to_string()))])
    });
    let mut entries = vec![
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
    ];
    if tenant.home.number > 1 || tenant.tenant.role != Role::Main {
        entries.push(("home", u64::from(tenant.home.number).into()));
        entries.push(("leaving", (tenant.tenant.role == Role::Leaving).into()));
    }
    if let Some(slot) = tenant.slot {
        entries.push(("slot", u64::from(slot).into()));
        entries.push(("alone", tenant.is_alone.into()));
    }
    entries.extend([
        ("network", network(plan, unit)),
        ("ingress", ingress.collect()),
        ("tags", tag_map(plan, unit)),
        ("stacks", stacks),
    ]);
    Json::object(entries)
}

fn tag_map(plan: &Plan<'_>, unit: Unit<'_>) -> Json {
    Json::object(tags(plan.catalog, unit).into_iter().map(|(key, value)| (key, Json::Text(value))))
}

/// A network with its subnet groups; of a tenant that shares one, its parts of it.
fn network(plan: &Plan<'_>, unit: Unit<'_>) -> Json {
    let Some(network) = plan.network_of(unit) else { return Json::Null };
    let blueprint = unit.blueprint();
    let groups = |groups: &[SubnetGroupPlan]| -> Json {
        groups.iter().map(|group| one_group(group, blueprint, network)).collect()
    };
    if let Unit::Tenant(tenant) = unit
        && tenant.network.is_none()
    {
        return Json::object([
            ("cell", Json::text(tenant.cell.to_string())),
            ("cidr", Json::text(network.cidr.to_string())),
            ("subnet_groups", groups(&tenant.parts)),
        ]);
    }
    let mut addresses = vec![
        ("cidr", Json::text(network.cidr.to_string())),
        ("reserve", Json::text(network.reserve.to_string())),
        ("pool", Json::text(network.pool.to_string())),
        ("subnet_groups", groups(&network.subnet_groups)),
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
    Json::object(addresses)
}

fn one_group(group: &SubnetGroupPlan, blueprint: &Blueprint, network: &NetworkPlan) -> Json {
    let route = blueprint.subnet_group(&group.name).map_or("local", |group| group.route.word());
    let blocks = std::iter::once(&group.subnets).chain(group.further.iter().map(|block| &block.subnets));
    let ipv6 = network.ipv6.as_ref().and_then(|ipv6| Some((ipv6, ipv6.group(&group.name)?)));
    let subnets = blocks.flat_map(|subnets| subnets.iter().zip(&network.zones)).enumerate();
    let subnets = subnets.map(|(at, (cidr, zone))| {
        let mut entry = vec![("zone", Json::text(zone.as_str())), ("cidr", Json::text(cidr.to_string()))];
        // Both lists are by block and zone slot.
        if let Some((ipv6, subnet)) = ipv6.and_then(|(ipv6, group)| Some((ipv6, group.subnets.get(at)?))) {
            entry.push(("ipv6_index", u64::from(subnet.index).into()));
            entry.extend(ipv6.subnet(subnet.index).map(|cidr| ("ipv6_cidr", Json::text(cidr.to_string()))));
        }
        Json::object(entry)
    });
    let further = group.further.iter().map(|block| {
        Json::object([("block", (block.number as u64).into()), ("cidr", Json::text(block.cidr.to_string()))])
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
}

fn one_shape(shape: &Shape<'_>) -> Json {
    let mut entries = vec![
        ("blueprint", Json::text(&shape.blueprint.name)),
        ("per", Json::text(shape.per.word())),
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
    ];
    if !shape.security.shared.is_empty() {
        let shared = shape.security.shared.iter().map(|(workload, origins)| {
            let names = origins.iter().map(|origin| Json::Text(origin.shared_group(workload)));
            (workload.clone(), names.collect::<Json>())
        });
        entries.push(("shared_groups", Json::object(shared)));
    }
    Json::object(entries)
}

fn rule(rule: &Rule) -> Json {
    let mut entry =
        vec![("workload", Json::text(&rule.workload)), ("direction", Json::text(rule.direction.name()))];
    if rule.origin != Origin::Own {
        entry.push(("group", Json::Text(rule.origin.shared_group(&rule.workload))));
    }
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
    if !entry.allows {
        shown.push(("action", Json::text("deny")));
    }
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
        Peer::CellSubnetGroup(name) => one("cell_subnet_group", "name", name),
        Peer::Workload(name) => one("workload", "name", name),
        Peer::PrefixList(service) => one("prefix_list", "service", service),
        Peer::Range(range) => one("cidr", "cidr", &range.to_string()),
    }
}

fn number(value: u128) -> Json {
    u64::try_from(value).map_or_else(|_| Json::text(value.to_string()), Json::from)
}
