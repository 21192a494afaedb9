//! `tenantry plan`: shows the decisions without writing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::blueprint::Per;
use crate::cli::{Format, Outcome, Session, compile, inputs, print};
use crate::diagnostics::Reported;
use crate::plan::notes::notes;
use crate::plan::occupancy::{Occupancy, occupancy};
use crate::plan::radius::{by_blueprint, radii, tenants_with_stacks};
use crate::plan::register::{Entry, register};
use crate::plan::security::sharing::group_use;
use crate::plan::security::{Origin, Peer};
use crate::plan::{NetworkPlan, Plan, Shape, Unit};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Catalog file, or directory of catalog files [default: catalog.yaml, else catalog/]
    #[arg(value_name = "CATALOG")]
    catalog: Option<PathBuf>,
    /// Show the register of addresses and how full each pool is
    #[arg(long)]
    addresses: bool,
    /// Print the register as CSV
    #[arg(long, requires = "addresses")]
    csv: bool,
    #[command(flatten)]
    options: inputs::Options,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let inputs =
        inputs::read(arguments.catalog.as_deref(), arguments.options.blueprints.as_deref(), session)?;
    let report = &mut session.report;
    // What cannot be printed or deployed is no plan: templates are compiled and counted here too.
    let (plan, synthesis) = compile::compile_within_limits(&inputs, arguments.options.as_of, report)?;
    if arguments.addresses {
        let text = addresses(&plan, arguments.csv, session.format);
        print::result(&text, report)?;
        return Ok(Outcome::Fine);
    }
    let text = match session.format {
        Format::Json => synthesis
            .tree
            .get("plan.json")
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default(),
        Format::Human => {
            let cells =
                if plan.cells.is_empty() { String::new() } else { format!("{}\n", shared_cells(&plan)) };
            let on: Vec<&str> = plan.components.iter().map(|one| one.component.own.name.as_str()).collect();
            let on = if on.is_empty() { String::new() } else { format!("components: {}\n\n", on.join(", ")) };
            format!(
                "{on}{}\n{cells}{}\n{}{}\n{}{}{}",
                tenants(&plan),
                pools(&plan),
                central_services(&plan),
                groups(&plan),
                blast_radius(&plan),
                remarks(&plan),
                rules(&plan)
            )
        }
    };
    print::result(&text, report)?;
    Ok(Outcome::Fine)
}

/// The names of the register's columns, in tables, CSV and JSON.
const COLUMNS: [&str; 11] = [
    "tenant",
    "account",
    "region",
    "cell",
    "what",
    "subnet_group",
    "zone",
    "cidr",
    "pool",
    "reserve",
    "reason",
];

fn addresses(plan: &Plan<'_>, csv: bool, format: Format) -> String {
    let entries = register(plan);
    let rows = entries.iter().map(cells);
    if csv {
        return print::csv(&COLUMNS, rows);
    }
    let pools = occupancy(plan);
    match format {
        Format::Human => {
            let header = COLUMNS.map(|name| name.replace('_', " ").to_uppercase());
            let shown = |cell: String| if cell.is_empty() { "-".to_owned() } else { cell };
            let rows = rows.map(|row| row.into_iter().map(shown).collect());
            let register = print::table(&header.each_ref().map(String::as_str), rows);
            format!("{register}\n{}\n{}", occupied(&pools), room(&pools))
        }
        Format::Json => {
            let one = |row: [String; 11]| -> serde_json::Value {
                let value =
                    |cell: String| if cell.is_empty() { serde_json::Value::Null } else { cell.into() };
                COLUMNS.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), value(cell))).collect()
            };
            let document = json!({
                "addresses": rows.map(one).collect::<Vec<_>>(),
                "pools": pools.iter().map(pool_document).collect::<Vec<_>>(),
            });
            format!("{}\n", serde_json::to_string_pretty(&document).unwrap_or_default())
        }
    }
}

fn cells(entry: &Entry) -> [String; 11] {
    fn or_empty<T: ToString>(value: Option<&T>) -> String {
        value.map(T::to_string).unwrap_or_default()
    }
    let cell = entry.cell.as_ref();
    [
        or_empty(entry.tenant.as_ref()),
        or_empty(cell.map(|cell| &cell.account)),
        or_empty(cell.map(|cell| &cell.region)),
        or_empty(cell),
        entry.what.word().to_owned(),
        or_empty(entry.what.group().map(str::to_owned).as_ref()),
        or_empty(entry.zone.as_ref()),
        entry.cidr.to_string(),
        or_empty(entry.pool.as_ref()),
        or_empty(entry.reserve.as_ref()),
        or_empty(entry.reason.as_ref()),
    ]
}

fn occupied(pools: &[Occupancy]) -> String {
    let header =
        ["REGION", "POOL", "RESERVED", "USED", "FREE", "LARGEST", "NETWORKS", "CAN DOUBLE", "AT BEST"];
    let rows = pools.iter().map(|pool| {
        vec![
            pool.region.to_string(),
            pool.pool.to_string(),
            pool.reserved.to_string(),
            pool.used.to_string(),
            pool.free.to_string(),
            pool.largest.map_or("-".to_owned(), |length| format!("/{length}")),
            pool.networks.to_string(),
            doubling(pool, pool.can_double, pool.doubling()),
            doubling(pool, pool.could_double, pool.best_doubling()),
        ]
    });
    print::table(&header, rows)
}

/// Networks have one IPv6 block for ever, so there is nothing to double.
fn doubling(pool: &Occupancy, number: u128, percent: u128) -> String {
    if pool.pool.is_v4() { format!("{number} ({percent} %)") } else { "-".to_owned() }
}

/// How many more tenants of each size fit.
fn room(pools: &[Occupancy]) -> String {
    let rows = pools.iter().flat_map(|pool| {
        pool.sizes.iter().map(|size| {
            vec![
                pool.pool.to_string(),
                format!("/{}", size.length),
                size.names.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
                size.fits.to_string(),
                size.best.to_string(),
                format!("{} %", size.reached()),
            ]
        })
    });
    print::table(&["POOL", "SIZE", "NAME", "MORE FIT", "AT BEST", "REACHED"], rows)
}

fn pool_document(pool: &Occupancy) -> serde_json::Value {
    let sizes: Vec<_> = pool
        .sizes
        .iter()
        .map(|size| {
            json!({
                "size": format!("/{}", size.length),
                "names": size.names,
                "fits": number(size.fits),
                "best": number(size.best),
                "reached_percent": number(size.reached()),
            })
        })
        .collect();
    json!({
        "region": pool.region.as_str(),
        "pool": pool.pool.to_string(),
        "reserved": number(pool.reserved),
        "used": number(pool.used),
        "free": number(pool.free),
        "largest_free": pool.largest.map(|length| format!("/{length}")),
        "networks": number(pool.networks),
        "can_double": number(pool.can_double),
        "could_double_at_best": number(pool.could_double),
        "sizes": sizes,
    })
}

/// A number that JSON readers take in whole, else its digits: pools of IPv6 have more addresses.
fn number(value: u128) -> serde_json::Value {
    u64::try_from(value).map_or_else(|_| value.to_string().into(), Into::into)
}

fn tenants(plan: &Plan<'_>) -> String {
    let zones =
        |network: &NetworkPlan| network.zones.iter().map(|zone| zone.as_str()).collect::<Vec<_>>().join(" ");
    let rows = plan.tenants.iter().map(|tenant| {
        let network = plan.network_of(Unit::Tenant(tenant));
        vec![
            tenant.home.to_string(),
            tenant.tier.name.to_string(),
            tenant.cell.to_string(),
            network.map_or("-".to_owned(), |network| network.cidr.to_string()),
            network.map_or("-".to_owned(), zones),
            if tenant.has_stacks() {
                plan.shapes[tenant.shape].stacks.len().to_string()
            } else {
                "0".to_owned()
            },
        ]
    });
    print::table(&["TENANT", "TIER", "CELL", "NETWORK", "ZONES", "STACKS"], rows)
}

/// The cells that tenants share, and who has one alone although others would fit.
fn shared_cells(plan: &Plan<'_>) -> String {
    let rows = plan.cells.iter().map(|cell| {
        let most = cell.blueprint.cell.as_ref().map_or("-".to_owned(), |most| most.tenants.value.to_string());
        let alone = plan.tenants.iter().find(|tenant| tenant.cell == cell.id && tenant.is_alone);
        let network = cell.network.as_ref().map_or("-".to_owned(), |network| network.cidr.to_string());
        vec![
            cell.id.to_string(),
            cell.blueprint.name.clone(),
            network,
            cell.tenants.len().to_string(),
            most,
            alone.map_or("-".to_owned(), |tenant| {
                let regime = plan.catalog.forbids_co_hosting(tenant.tenant);
                regime.map_or("-".to_owned(), |regime| format!("{} forbids co-hosting", regime.value))
            }),
        ]
    });
    print::table(&["CELL", "BLUEPRINT", "NETWORK", "TENANTS", "AT MOST", "ALONE BECAUSE"], rows)
}

fn pools(plan: &Plan<'_>) -> String {
    let rows = plan.pools.iter().map(|pool| {
        vec![
            pool.region.to_string(),
            pool.pool.to_string(),
            pool.usable.to_string(),
            pool.used.to_string(),
            pool.free.to_string(),
            pool.largest.map_or("-".to_owned(), |length| format!("/{length}")),
        ]
    });
    print::table(&["REGION", "POOL", "ADDRESSES", "USED", "FREE", "LARGEST"], rows)
}

/// How many groups and rules each cell needs, beside what no division could do without. Cells of one
/// tenant are told together.
/// How networks reach the central services, and why so; nothing where there are none.
fn central_services(plan: &Plan<'_>) -> String {
    if plan.connections.is_empty() {
        return String::new();
    }
    let rows = plan.connections.iter().map(|one| {
        vec![
            one.region.to_string(),
            one.account.to_string(),
            one.by.to_string(),
            one.networks.to_string(),
            one.reason.clone(),
        ]
    });
    format!("{}\n", print::table(&["CENTRAL SERVICES", "ACCOUNT", "BY", "NETWORKS", "REASON"], rows))
}

fn groups(plan: &Plan<'_>) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut alone: BTreeMap<[usize; 4], (String, usize)> = BTreeMap::new();
    for one in group_use(plan) {
        let counts = [one.groups, one.least_groups, one.rules, one.least_rules];
        if one.cell.model.is_silo() {
            alone.entry(counts).or_insert_with(|| (one.cell.to_string(), 0)).1 += 1;
        } else {
            rows.push(row(one.cell.to_string(), one.tenants, counts));
        }
    }
    rows.extend(alone.into_iter().map(|(counts, (cell, cells))| {
        let name = if cells == 1 { cell } else { format!("{cell} and {} more", cells - 1) };
        row(name, cells, counts)
    }));
    print::table(&["CELL", "TENANTS", "GROUPS", "AT LEAST", "RULES", "AT LEAST"], rows)
}

fn row(cell: String, tenants: usize, counts: [usize; 4]) -> Vec<String> {
    [cell, tenants.to_string()].into_iter().chain(counts.map(|count| count.to_string())).collect()
}

/// How many tenants a change of what a cell's network has as a whole touches; nothing where none share one.
fn blast_radius(plan: &Plan<'_>) -> String {
    let all = tenants_with_stacks(plan);
    let cells = radii(plan).into_iter().map(|one| {
        let settings = one.settings.join(", ");
        vec![one.cell.to_string(), settings, format!("{} of {all}", one.tenants)]
    });
    let blueprints =
        by_blueprint(plan).into_iter().filter(|(_, one)| one.cells > 1).map(|(blueprint, one)| {
            let what = format!("blueprint {blueprint}");
            vec![format!("{} cells", one.cells), what, format!("{} of {all}", one.tenants)]
        });
    let rows: Vec<Vec<String>> = cells.chain(blueprints).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("{}\n", print::table(&["CELL", "A CHANGE OF ITS", "TOUCHES TENANTS"], rows.into_iter()))
}

fn remarks(plan: &Plan<'_>) -> String {
    notes(plan).iter().map(|note| format!("note: {note}\n\n")).collect()
}

/// The rules of every shape, with the reason for each peer.
fn rules(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    for (position, shape) in plan.shapes.iter().enumerate() {
        let tenants: Vec<&str> = plan
            .tenants
            .iter()
            .filter(|tenant| tenant.shape == position)
            .map(|tenant| tenant.tenant.id.value.as_str())
            .collect();
        let (first, more) = tenants.split_at(tenants.len().min(8));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        if shape.security.rules.is_empty() {
            continue;
        }
        let whose = match shape.per {
            Per::Tenant => format!("{}{more}", first.join(", ")),
            _ => cell_names(plan, position),
        };
        text.push_str(&format!("rules of {whose} (blueprint {}):\n", shape.blueprint.name));
        let rows = shape.security.rules.iter().map(|rule| {
            let shared = rule.origin != Origin::Own;
            vec![
                if shared { format!("{} ({})", rule.workload, rule.origin) } else { rule.workload.clone() },
                rule.direction.name().to_owned(),
                rule.traffic.to_string(),
                peer(&rule.peer),
                rule.reason.clone(),
            ]
        });
        text.push_str(&print::table(&["WORKLOAD", "DIRECTION", "PORTS", "PEER", "WHY"], rows));
        if shape.per == Per::Tenant {
            text.push_str(&borne(shape));
        }
        text.push('\n');
    }
    text
}

/// The groups of the cell that a tenant's interfaces bear beside their own.
fn borne(shape: &Shape<'_>) -> String {
    let mut text = String::new();
    for (workload, origins) in &shape.security.shared {
        let names: Vec<String> = origins.iter().map(|origin| origin.shared_group(workload)).collect();
        text.push_str(&format!("{workload} bears besides its own group: {}\n", names.join(", ")));
    }
    text
}

/// The cells of a shape.
fn cell_names(plan: &Plan<'_>, shape: usize) -> String {
    let cells: Vec<String> =
        plan.cells.iter().filter(|cell| cell.shape == shape).map(|cell| cell.id.to_string()).collect();
    let (first, more) = cells.split_at(cells.len().min(8));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{more}", first.join(", "))
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Anywhere => "anywhere".to_owned(),
        Peer::AnywhereIpv6 => "anywhere over IPv6".to_owned(),
        Peer::SubnetIpv6(group, _) => format!("{group} subnets over IPv6"),
        Peer::TenantIngress => "tenant's allow-list".to_owned(),
        Peer::SubnetGroup(group) => format!("{group} subnets"),
        Peer::SubnetBlock(group, number) => format!("{group} subnets of block {number}"),
        Peer::CellSubnetGroup(group) => format!("{group} subnets of all tenants of the cell"),
        Peer::Workload(name) => format!("group of {name}"),
        Peer::PrefixList(service) => format!("prefix list of {service}"),
        Peer::Range(range) => range.to_string(),
    }
}
