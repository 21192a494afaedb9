//! The plan: every decision for one catalog, before anything is written.
//!
//! Goes in: a catalog, the blueprints, and the lock with the decisions of earlier runs. Comes out: a
//! [`Plan`] and the lock that goes with it, or a report of all that cannot be. Planning is a pure
//! function; past decisions are preferences that it obeys or refuses, never state that it mutates
//! behind the caller's back.
//!
//! In the order of the work: `moves` (which home of the lock each of the catalog is), `quarantine` (which blocks come free), `homes` (which account and cell), `connection` (how they reach what is shared),
//! `addresses` and `growth` (which blocks), `shape` (what tenants that are built alike share) with
//! `security` (which rules).

mod accounts;
mod addresses;
pub mod adopt;
mod cell_addresses;
mod cells;
mod components;
mod connection;
mod container_ranges;
mod demand;
mod departures;
mod growth;
mod homes;
mod ingress_slots;
mod instance_room;
mod intent;
pub mod ipv6;
pub mod lock;
mod moves;
mod networks;
pub mod notes;
pub mod occupancy;
pub mod placement;
mod pools;
mod quarantine;
pub mod radius;
pub mod register;
pub mod security;
mod settle;
mod shape;
pub mod shared_services;
mod subnet_room;
mod unit;
pub mod whereabouts;

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Library, Owner as NetworkOwner, Per, Settings};
use crate::catalog::{Catalog, Status, Tenant, Tier};
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, quote};
use crate::identity::{CellId, Date, HomeId, RegionName, TenantId};
use crate::limits::Measures;
use crate::network::Cidr;
use crate::plan::cell_addresses::Parts;
use crate::plan::demand::Demand;
use crate::plan::intent::{Intent, intents};
use crate::plan::lock::{Lock, Owner};
use crate::plan::moves::Homes;
use crate::plan::pools::Pools;
use crate::plan::security::Traits;
use crate::plan::security::count::interface_groups;
use crate::plan::shape::{AccountFacts, Pattern, Shapes};
use crate::plan::subnet_room::SubnetRoom;

pub use accounts::{Crowded, Full};
pub use cells::CellCount;
pub use components::{ComponentPlan, wanted};
pub use connection::Connection;
pub use networks::{NetworkPlan, SubnetBlock, SubnetGroupPlan};
pub use settle::settle;
pub use shape::{Growth, Shape, account_bound, network_bound, settings_bound};
pub use unit::{AccountPlan, Unit};

/// Every decision for one catalog.
#[derive(Debug)]
pub struct Plan<'c> {
    pub catalog: &'c Catalog,
    /// By tenant id, and then by the number of the home.
    pub tenants: Vec<TenantPlan<'c>>,
    /// Of the shared models, by id.
    pub cells: Vec<CellPlan<'c>>,
    /// What is there once an account and Region, or once for the organization.
    pub accounts: Vec<AccountPlan<'c>>,
    /// The components that are on, by name.
    pub components: Vec<ComponentPlan<'c>>,
    /// What the others point into with their `shape`.
    pub shapes: Vec<Shape<'c>>,
    pub pools: Vec<PoolUse>,
    /// By Region, where there are central services.
    pub connections: Vec<Connection>,
    /// Newcomers for which no account had room, by id.
    pub crowded: Vec<Crowded>,
    /// How many cells there are of each kind, beside the fewest.
    pub cell_counts: Vec<CellCount>,
    /// Whether that was counted with what tenants need of AWS's limits.
    pub is_measured: bool,
    /// The decisions to be kept.
    pub lock: Lock,
}

/// What was decided for one home of a tenant; most have one.
#[derive(Debug)]
pub struct TenantPlan<'c> {
    pub home: HomeId,
    /// The label of its host name. One home of each tenant has the tenant's id.
    pub host_label: String,
    pub tenant: &'c Tenant,
    pub tier: &'c Tier,
    pub blueprint: &'c Blueprint,
    pub cell: CellId,
    /// A number that no other tenant of the cell has; none in a cell of its own.
    pub slot: Option<u32>,
    /// Whether its compliance forbids it to share a cell.
    pub is_alone: bool,
    /// All settings, lifted ones included.
    pub settings: Settings,
    pub shape: usize,
    /// Its own VPC; none where it shares that of its cell, or needs none.
    pub network: Option<NetworkPlan>,
    /// What it has of the VPC of its cell.
    pub parts: Vec<SubnetGroupPlan>,
    /// Slot to range: who may reach its public workloads.
    pub ingress: BTreeMap<u32, Cidr>,
}

/// What was decided for one cell that tenants share.
#[derive(Debug)]
pub struct CellPlan<'c> {
    pub id: CellId,
    pub blueprint: &'c Blueprint,
    /// Those settings that are the cell's, lifted ones included.
    pub settings: Settings,
    pub shape: usize,
    pub network: Option<NetworkPlan>,
    /// Who lives there, by id; those who have retired are left out.
    pub tenants: Vec<&'c Tenant>,
}

impl CellPlan<'_> {
    /// Whether its tenants' tasks run on instances of EC2, side by side.
    pub fn runs_on_instances(&self) -> bool {
        self.settings.text("capacity") == Some("ec2")
    }
}

/// How full a pool is, in addresses.
#[derive(Debug, PartialEq, Eq)]
pub struct PoolUse {
    pub region: RegionName,
    pub pool: Cidr,
    /// Less what is reserved.
    pub usable: u128,
    /// Networks with their headroom, and the quarantine.
    pub used: u128,
    pub free: u128,
    /// Prefix length of the largest free block.
    pub largest: Option<u8>,
}

/// Plans a catalog on no day in particular: no wait that is counted in days ends.
///
/// # Errors
/// Everything that cannot be, at once: see the codes of this stage.
pub fn plan<'c>(
    catalog: &'c Catalog,
    library: &'c Library,
    lock: &Lock,
    report: &mut Report,
) -> Result<Plan<'c>, Reported> {
    plan_as_of(None, catalog, library, lock, report)
}

/// Plans a catalog on a given day.
///
/// # Errors
/// As [`plan`].
pub fn plan_as_of<'c>(
    as_of: Option<Date>,
    catalog: &'c Catalog,
    library: &'c Library,
    lock: &Lock,
    report: &mut Report,
) -> Result<Plan<'c>, Reported> {
    plan_measured(as_of, None, catalog, library, lock, report)
}

/// Plans a catalog, with what each tenant needs of AWS's limits as it was counted on an earlier plan of
/// it: newcomers then go where there is room.
///
/// # Errors
/// As [`plan`].
pub fn plan_measured<'c>(
    as_of: Option<Date>,
    measures: Option<&Measures>,
    catalog: &'c Catalog,
    library: &'c Library,
    lock: &Lock,
    report: &mut Report,
) -> Result<Plan<'c>, Reported> {
    let mut lock = lock.clone();
    check_identity(catalog, &lock, report);
    let homes = Homes::identify(catalog, &mut lock, report);
    let components = components::switched_on(catalog, library, report);
    let mut intents = intents(catalog, &homes, library, report);
    quarantine::settle(catalog, &homes, as_of, &mut lock);
    let settled = homes::settle(catalog, &homes, &intents, measures, &mut lock, report);
    intents
        .retain(|intent| !settled.homeless.contains(&intent.home) && lock.tenants.contains_key(&intent.home));
    let connections = connection::decide(catalog, &mut intents, &mut lock, report);
    let shared = inhabited(&intents, &lock);

    let mut pools = Pools::new(catalog, &lock);
    settle_addresses(catalog, &intents, &shared, &mut lock, &mut pools, report);
    let dual = intents.iter().filter(|intent| intent.is_dual());
    let dual = dual.map(|intent| ipv6::Demand {
        home: &intent.home,
        tenant: intent.tenant,
        blueprint: intent.blueprint,
    });
    container_ranges::settle(catalog, intents.iter().map(Intent::container_demand), &mut lock, report);
    ipv6::settle(catalog, dual, &mut lock, report);
    let mut shapes = Shapes::new(catalog);
    let mut decided_cells = Vec::new();
    for (cell, tenants) in &shared {
        let Some(first) = tenants.first() else { continue };
        let Some(decided) = decide_cell(cell, first, catalog, &lock, &mut shapes, report) else { continue };
        decided_cells.push((cell, tenants, decided));
    }
    let mut decided = Vec::new();
    for intent in &intents {
        let Some(shape) = decide_tenant(intent, catalog, &lock, &mut shapes, report) else { continue };
        let ingress = ingress_slots::settle(&intent.home, intent.tenant, intent.is_dual(), &mut lock, report);
        decided.push((intent, shape, ingress));
    }
    report.checkpoint()?;

    let mut cells = Vec::with_capacity(decided_cells.len());
    for (cell, tenants, shape) in decided_cells {
        cells.extend(cell_plan(cell, tenants, shape, &shapes, catalog, &lock, report));
    }
    let mut tenants = Vec::with_capacity(decided.len());
    for (intent, shape, ingress) in decided {
        let planned = tenant_plan(intent, shape, &shapes, catalog, &lock);
        match planned {
            Some(planned) => tenants.push(TenantPlan { ingress, ..planned }),
            None => report.push(undecided(&format!("tenant `{}`", intent.tenant.id.value), intent.tenant)),
        }
    }
    moves::share_host_names(&mut tenants);
    security::count::check(catalog, &tenants, &cells, &shapes.list, report);
    instance_room::check(&tenants, &cells, report);
    let mut accounts = unit::accounts(catalog, &tenants, &mut lock, &mut shapes, report);
    accounts.extend(components::units(&components, catalog, &tenants, &mut lock, &mut shapes, report));
    accounts.extend(shared_services::hubs(catalog, library, &connections, &tenants, &mut shapes, report));
    accounts.sort_by(|left, right| left.key().cmp(&right.key()));
    report.checkpoint()?;
    let mut pools = pools.uses(catalog);
    pools.extend(ipv6::uses(catalog, &lock));
    let homes::Settled { crowded, cells: cell_counts, .. } = settled;
    let is_measured = measures.is_some();
    let shapes = shapes.list;
    Ok(Plan {
        catalog,
        tenants,
        cells,
        accounts,
        components,
        shapes,
        pools,
        connections,
        crowded,
        cell_counts,
        is_measured,
        lock,
    })
}

/// The tenants of each cell of a shared model, by id.
fn inhabited<'i, 'c>(intents: &'i [Intent<'c>], lock: &Lock) -> BTreeMap<CellId, Vec<&'i Intent<'c>>> {
    let mut cells: BTreeMap<CellId, Vec<&Intent<'_>>> = BTreeMap::new();
    for intent in intents {
        let home = lock.tenants.get(&intent.home).map(|home| &home.value.cell);
        if let Some(cell) = home.filter(|cell| !cell.model.is_silo()) {
            cells.entry(cell.clone()).or_default().push(intent);
        }
    }
    cells
}

/// Gives every tenant and every cell its addresses. Those that have addresses go first, so that what is
/// free beside one that grows is not given to one that arrives in the same run.
fn settle_addresses(
    catalog: &Catalog,
    intents: &[Intent<'_>],
    shared: &BTreeMap<CellId, Vec<&Intent<'_>>>,
    lock: &mut Lock,
    pools: &mut Pools<'_>,
    report: &mut Report,
) {
    let cells =
        shared.iter().filter_map(|(cell, tenants)| Demand::of_cell(catalog, cell, tenants.first()?, lock));
    let tenants = intents.iter().filter_map(|intent| Demand::of_tenant(catalog, intent));
    let mut demands: Vec<Demand<'_>> = cells.chain(tenants).collect();
    demands.sort_by_cached_key(|demand| !lock.networks.contains_key(&demand.owner));
    for demand in demands {
        let Some(region) = catalog.regions.get(&demand.tenant.region.value) else { continue };
        addresses::settle(&demand, region, lock, pools, report);
    }
    let mut parts = Parts::new(lock);
    for intent in intents.iter().filter(|intent| intent.has_parts()) {
        parts.settle(intent, lock, report);
    }
}

/// The shape of a cell, once its subnets are found to be large enough.
fn decide_cell<'c>(
    cell: &CellId,
    first: &Intent<'c>,
    catalog: &Catalog,
    lock: &Lock,
    shapes: &mut Shapes<'c>,
    report: &mut Report,
) -> Option<usize> {
    let (blueprint, settings) = (first.blueprint, first.cell_settings());
    let zones = shape::zones(blueprint, &settings);
    let pattern = Pattern {
        blueprint,
        per: Per::Cell,
        settings: &settings,
        status: Status::Active,
        zones,
        growth: Growth::default(),
        traits: Traits::default(),
        interface_groups: interface_groups(catalog, &cell.account, &cell.region),
        account: AccountFacts::default(),
    };
    let shape = shapes.of(pattern, first.tenant.tier.span, report)?;
    let owner = Owner::Cell(cell.clone());
    if let Some(network) = lock.networks.get(&owner) {
        let length = network.value.cidr.length();
        let place = blueprint.network.cell_size.as_ref().map_or(blueprint.network.span, |size| size.span);
        let room =
            SubnetRoom { blueprint, length, per: Some(Per::Cell), place, who: format!("cell `{cell}`") };
        // Also what tenants put into the subnets of the cell.
        room.check(blueprint.workloads.values(), report);
        check_slots(&owner, &room.who, first.tenant, zones, lock, report);
    }
    Some(shape)
}

/// The shape of a tenant, once its subnets are found to be large enough.
fn decide_tenant<'c>(
    intent: &Intent<'c>,
    catalog: &Catalog,
    lock: &Lock,
    shapes: &mut Shapes<'c>,
    report: &mut Report,
) -> Option<usize> {
    let Intent { tenant, blueprint, settings, .. } = intent;
    let owner = Owner::Tenant(intent.home.clone());
    let shares = blueprint.network.owner == NetworkOwner::Cell;
    let zones = if shares {
        shape::zones(blueprint, &intent.cell_settings())
    } else {
        shape::zones(blueprint, settings)
    };
    let ipv6 = if intent.is_dual() { ipv6::shape(lock, &owner) } else { None };
    let growth = Growth { ipv6, ..Growth::of(lock, &owner) };
    let cell = &lock.tenants.get(&intent.home)?.value.cell;
    let pattern = Pattern {
        blueprint,
        per: Per::Tenant,
        settings,
        status: settled(tenant.status),
        zones,
        growth,
        traits: Traits::of(blueprint, intent.tier.name.as_str(), tenant),
        interface_groups: interface_groups(catalog, &cell.account, &cell.region),
        account: AccountFacts::default(),
    };
    let shape = shapes.of(pattern, tenant.tier.span, report)?;
    if blueprint.network.owner == NetworkOwner::None || (shares && !intent.has_parts()) {
        return Some(shape);
    }
    let length = intent.length.as_ref()?;
    // What a network was created with has its smallest subnets.
    let first = lock.networks.get(&owner).map_or(length.value, |network| network.value.cidr.length());
    let room = SubnetRoom {
        blueprint,
        length: first,
        per: shares.then_some(Per::Tenant),
        place: length.span,
        who: format!("tenant `{}`", tenant.id.value),
    };
    room.check(shapes.list[shape].workloads(), report);
    check_slots(&owner, &room.who, tenant, zones, lock, report);
    Some(shape)
}

/// A tenant that is planned is built as an active one, when it is.
fn settled(status: Status) -> Status {
    match status {
        Status::Planned => Status::Active,
        other => other,
    }
}

fn cell_plan<'c>(
    cell: &CellId,
    tenants: &[&Intent<'c>],
    shape: usize,
    shapes: &Shapes<'c>,
    catalog: &Catalog,
    lock: &Lock,
    report: &mut Report,
) -> Option<CellPlan<'c>> {
    let first = tenants.first()?;
    let blueprint = first.blueprint;
    let owner = Owner::Cell(cell.clone());
    let zones = shapes.list[shape].zones;
    let network = networks::network_plan(&owner, blueprint, zones, &cell.region, catalog, lock);
    if network.is_none() && blueprint.network.owner == NetworkOwner::Cell {
        report.push(undecided(&format!("the cell `{cell}`"), first.tenant));
        return None;
    }
    Some(CellPlan {
        id: cell.clone(),
        blueprint,
        settings: first.cell_settings(),
        shape,
        network,
        tenants: tenants.iter().map(|intent| intent.tenant).collect(),
    })
}

/// A tenant's plan without its allow-list; none if something that it needs was not decided.
fn tenant_plan<'c>(
    intent: &Intent<'c>,
    shape: usize,
    shapes: &Shapes<'c>,
    catalog: &Catalog,
    lock: &Lock,
) -> Option<TenantPlan<'c>> {
    let Intent { tenant, tier, blueprint, .. } = *intent;
    let owner = Owner::Tenant(intent.home.clone());
    let home = &lock.tenants.get(&intent.home)?.value;
    let zones = shapes.list[shape].zones;
    let network = match blueprint.network.owner {
        NetworkOwner::Tenant => {
            let plan = networks::network_plan(&owner, blueprint, zones, &home.cell.region, catalog, lock)?;
            let region = catalog.regions.get(&home.cell.region)?;
            let ipv6 = ipv6::network(&owner, blueprint, &plan.zones, region, lock);
            Some(NetworkPlan { ipv6: ipv6.filter(|_| intent.is_dual()), ..plan })
        }
        NetworkOwner::Cell | NetworkOwner::None => None,
    };
    let parts = match blueprint.network.owner {
        NetworkOwner::Cell => {
            let whole = &lock.networks.get(&Owner::Cell(home.cell.clone()))?.value;
            networks::parts(&owner, blueprint, zones, whole, lock)?
        }
        NetworkOwner::Tenant | NetworkOwner::None => Vec::new(),
    };
    Some(TenantPlan {
        home: intent.home.clone(),
        host_label: intent.home.name(),
        tenant,
        tier,
        blueprint,
        cell: home.cell.clone(),
        slot: home.slot,
        is_alone: intent.is_alone,
        settings: intent.settings.clone(),
        shape,
        network,
        parts,
        ingress: BTreeMap::new(),
    })
}

fn undecided(what: &str, tenant: &Tenant) -> Diagnostic {
    Diagnostic::error(&codes::INTERNAL_ERROR, format!("{what} has no home or no addresses in the plan"))
        .at(tenant.id.span, "")
        .help("please report this with the catalog and the lock that show it")
}

impl TenantPlan<'_> {
    /// Whether stacks are written for this tenant: a planned one has addresses only.
    pub fn has_stacks(&self) -> bool {
        self.tenant.status != Status::Planned
    }
}

/// That the catalog has no tenant of this id, with the one that was probably meant.
pub fn unknown_tenant(catalog: &Catalog, tenant: &TenantId) -> Diagnostic {
    let ids = catalog.tenants.iter().map(|known| known.id.value.as_str());
    let help = match closest(tenant.as_str(), ids) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a tenant of the catalog by its `id`".to_owned(),
    };
    Diagnostic::error(&codes::UNKNOWN_TENANT, format!("the catalog has no tenant `{tenant}`")).help(help)
}

fn check_identity(catalog: &Catalog, lock: &Lock, report: &mut Report) {
    let pairs = [
        ("product", lock.product.as_str(), catalog.product.value.as_str(), catalog.product.span),
        (
            "environment",
            lock.environment.as_str(),
            catalog.environment.value.as_str(),
            catalog.environment.span,
        ),
    ];
    for (what, locked, asked, span) in pairs {
        if locked != asked {
            report.push(
                Diagnostic::error(
                    &codes::LOCK_CONTRADICTS_CATALOG,
                    format!("the lock is that of the {what} {}, and the catalog is that of {}", quote(locked), quote(asked)),
                )
                .at(span, "")
                .help("put each catalog with its lock into a directory of its own; renaming would rename every stack"),
            );
        }
    }
}

/// The zones of a tenant or a cell against the slots that its subnet groups were cut into when it came: a
/// blueprint that has allowed more zones since then changes new ones only.
fn check_slots(owner: &Owner, who: &str, tenant: &Tenant, zones: usize, lock: &Lock, report: &mut Report) {
    let is_whole = |slots: u32| matches!(owner, Owner::Cell(_)) && slots == 1;
    let short = lock
        .subnet_groups_of(owner)
        .find(|(_, group)| (group.value.slots as usize) < zones && !is_whole(group.value.slots));
    if let Some((group, locked)) = short {
        let mut error = Diagnostic::error(
            &codes::NOT_ENOUGH_ZONES,
            format!(
                "{who} spans {zones} zones, and its {} subnets have {} slots",
                group.as_str(),
                locked.value.slots
            ),
        )
        .at(tenant.id.span, "")
        .help("set `zones` lower: the slots of a network that exists stay as they were cut");
        if let Some(line) = locked.line {
            error = error.also(line, "decided here");
        }
        report.push(error);
    }
}
