//! The plan: every decision for one catalog, before anything is written.
//!
//! Goes in: a catalog, the blueprints, and the lock with the decisions of earlier runs. Comes out: a
//! [`Plan`] and the lock that goes with it, or a report of all that cannot be. Planning is a pure
//! function; past decisions are preferences that it obeys or refuses, never state that it mutates
//! behind the caller's back.
//!
//! In the order of the work: `quarantine` (which blocks come free), `homes` (which account and cell),
//! `addresses` and `growth` (which blocks), `shape` (what tenants that are built alike share) with
//! `security` (which rules).

mod addresses;
pub mod adopt;
mod growth;
mod homes;
pub mod lock;
pub mod occupancy;
pub mod placement;
mod quarantine;
pub mod register;
pub mod security;
mod settle;
mod shape;
pub mod whereabouts;

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Library, Settings};
use crate::catalog::{Catalog, Status, Tenant, Tier};
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, list_of, quote};
use crate::identity::{CellId, Date, RegionName, TenantId, ZoneId};
use crate::network::Cidr;
use crate::plan::lock::{Lock, Owner};
use crate::yaml::Located;

pub use settle::settle;
pub use shape::{Growth, Shape, network_bound, settings_bound};

/// Every decision for one catalog.
#[derive(Debug)]
pub struct Plan<'c> {
    pub catalog: &'c Catalog,
    /// By tenant id.
    pub tenants: Vec<TenantPlan<'c>>,
    /// What tenants point into with [`TenantPlan::shape`].
    pub shapes: Vec<Shape<'c>>,
    pub pools: Vec<PoolUse>,
    /// The decisions to be kept.
    pub lock: Lock,
}

/// What was decided for one tenant.
#[derive(Debug)]
pub struct TenantPlan<'c> {
    pub tenant: &'c Tenant,
    pub tier: &'c Tier,
    pub blueprint: &'c Blueprint,
    pub cell: CellId,
    /// All settings, lifted ones included.
    pub settings: Settings,
    pub shape: usize,
    pub network: NetworkPlan,
    /// Slot to range: who may reach its public workloads.
    pub ingress: BTreeMap<u32, Cidr>,
}

/// The addresses of a tenant.
#[derive(Debug)]
pub struct NetworkPlan {
    /// The block that the VPC is created with.
    pub cidr: Cidr,
    /// The blocks that it has grown by.
    pub secondary: Vec<Cidr>,
    /// The block that is kept for growth, itself included.
    pub reserve: Cidr,
    pub pool: Cidr,
    /// In the order of the blueprint.
    pub subnet_groups: Vec<SubnetGroupPlan>,
    /// In the order of their slots; only those in use.
    pub zones: Vec<ZoneId>,
}

/// The addresses of a subnet group: its block, and the part of each zone in use.
#[derive(Debug)]
pub struct SubnetGroupPlan {
    pub name: String,
    pub cidr: Cidr,
    pub subnets: Vec<Cidr>,
    /// The same in the blocks that the network has grown by.
    pub further: Vec<SubnetBlock>,
}

/// What a subnet group has of a block that its network has grown by.
#[derive(Debug)]
pub struct SubnetBlock {
    /// The number of the network's block; the one that it was created with is 1.
    pub number: usize,
    pub cidr: Cidr,
    /// Its part of each zone in use.
    pub subnets: Vec<Cidr>,
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

/// What one tenant needs of the addresses.
struct Demand<'c> {
    catalog: &'c Catalog,
    tenant: &'c Tenant,
    tier: &'c Tier,
    blueprint: &'c Blueprint,
    /// Prefix length of its network, and where the catalog asks for it.
    length: Located<u8>,
    headroom: u8,
    zones: usize,
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
    let mut lock = lock.clone();
    check_identity(catalog, &lock, report);
    let intents = intents(catalog, library, report);
    quarantine::settle(catalog, as_of, &mut lock);
    let homeless = homes::settle(catalog, &mut lock, report);

    let mut pools = addresses::Pools::new(catalog, &lock);
    let mut intents = intents;
    intents.retain(|intent| !homeless.contains(&intent.tenant.id.value));
    let lengths = settle_addresses(catalog, &intents, &mut lock, &mut pools, report);
    let mut shapes = Shapes::default();
    let mut decided = Vec::new();
    for (intent, length) in intents.into_iter().zip(lengths) {
        let owner = Owner::Tenant(intent.tenant.id.value.clone());
        let growth = Growth::of(&lock, &owner);
        let Some(shape) = shapes.of(&intent, growth, report) else { continue };
        let Some(length) = length else { continue };
        // What a network was created with has its smallest subnets.
        let first = lock.networks.get(&owner).map_or(length.value, |network| network.value.cidr.length());
        let workloads = shapes.list[shape].workloads();
        let id = &intent.tenant.id.value;
        addresses::check_subnet_sizes(intent.blueprint, workloads, first, length.span, id, report);
        check_slots(intent.tenant, shapes.list[shape].zones, &lock, report);
        let ingress = addresses::ingress_slots(intent.tenant, &mut lock);
        decided.push((intent, shape, ingress));
    }
    report.checkpoint()?;

    let mut tenants = Vec::with_capacity(decided.len());
    for (intent, shape, ingress) in decided {
        let network = network_plan(&intent, shapes.list[shape].zones, catalog, &lock);
        let home = lock.tenants.get(&intent.tenant.id.value);
        let (Some(network), Some(home)) = (network, home) else {
            let id = &intent.tenant.id.value;
            report.push(
                Diagnostic::error(
                    &codes::INTERNAL_ERROR,
                    format!("tenant `{id}` has no home or no addresses in the plan"),
                )
                .at(intent.tenant.id.span, "")
                .help("please report this with the catalog and the lock that show it"),
            );
            continue;
        };
        let cell = home.value.cell.clone();
        let Intent { tenant, tier, blueprint, settings } = intent;
        tenants.push(TenantPlan { tenant, tier, blueprint, cell, settings, shape, network, ingress });
    }
    report.checkpoint()?;
    let pools = pools.uses(catalog);
    Ok(Plan { catalog, tenants, shapes: shapes.list, pools, lock })
}

/// Gives every tenant its addresses; comes back with the prefix length that each asks for. Those
/// that have addresses go first, so that what is free beside one that grows is not given to one that
/// arrives in the same run.
fn settle_addresses(
    catalog: &Catalog,
    intents: &[Intent<'_>],
    lock: &mut Lock,
    pools: &mut addresses::Pools<'_>,
    report: &mut Report,
) -> Vec<Option<Located<u8>>> {
    let lengths: Vec<_> = intents.iter().map(|intent| network_length(intent, report)).collect();
    let mut order: Vec<_> = intents.iter().zip(&lengths).collect();
    let known =
        |intent: &Intent<'_>| lock.networks.contains_key(&Owner::Tenant(intent.tenant.id.value.clone()));
    order.sort_by_cached_key(|(intent, _)| !known(intent));
    for (intent, length) in order {
        let Some(region) = catalog.regions.get(&intent.tenant.region.value) else { continue };
        let Some(length) = length else { continue };
        let demand = Demand {
            catalog,
            tenant: intent.tenant,
            tier: intent.tier,
            blueprint: intent.blueprint,
            headroom: intent.tenant.headroom.as_ref().map_or(intent.tier.headroom, |headroom| headroom.value),
            zones: shape::zones(&intent.settings),
            length: length.clone(),
        };
        addresses::settle(&demand, region, lock, pools, report);
    }
    lengths
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

/// A tenant with all that the catalog says of it put together.
struct Intent<'c> {
    tenant: &'c Tenant,
    tier: &'c Tier,
    blueprint: &'c Blueprint,
    settings: Settings,
}

/// Warns of tenants whose status changes nothing yet: of each while they are few, of all at once
/// where there are many.
fn tell_statuses(catalog: &Catalog, report: &mut Report) {
    const FEW: usize = 5;
    let unbuilt = |tenant: &&Tenant| matches!(tenant.status, Status::Suspended | Status::Offboarding);
    let tenants: Vec<&Tenant> = catalog.tenants.iter().filter(unbuilt).collect();
    let shown = if tenants.len() > FEW { &tenants[..1] } else { &tenants[..] };
    for tenant in shown {
        let mut warning = Diagnostic::warning(
            &codes::STATUS_NOT_BUILT_YET,
            format!("tenant `{}` is {}, and is built as an active one", tenant.id.value, tenant.status),
        )
        .at(tenant.id.span, "")
        .help("what this status changes is not part of this version");
        if tenants.len() > shown.len() {
            warning = warning.note(format!("the same holds for {} more", tenants.len() - 1));
        }
        report.push(warning);
    }
}

fn intents<'c>(catalog: &'c Catalog, library: &'c Library, report: &mut Report) -> Vec<Intent<'c>> {
    tell_statuses(catalog, report);
    for tier in catalog.tiers.values() {
        // Also those of tiers that nobody has yet.
        if let Some(blueprint) = library.get(tier.blueprint_name()) {
            blueprint.settings.refuse_unknown(&tier.settings.0, &blueprint.name, report);
        }
    }
    let mut intents = Vec::new();
    for tenant in &catalog.tenants {
        let Some(tier) = catalog.tier_of(tenant) else { continue };
        if tenant.status == Status::Retired {
            continue;
        }
        let place = tier.blueprint.as_ref().map_or(tier.model.span, |blueprint| blueprint.span);
        let Ok(blueprint) = library.find(tier.blueprint_name(), place, report) else { continue };
        if blueprint.model != tier.model.value {
            report.push(
                Diagnostic::error(
                    &codes::UNKNOWN_BLUEPRINT,
                    format!(
                        "the blueprint `{}` builds the model `{}`, and the tier `{}` has `{}`",
                        blueprint.name, blueprint.model, tier.name, tier.model.value
                    ),
                )
                .at(place, "")
                .also(tier.model.span, "the model of the tier")
                .help("name a blueprint of the tier's model"),
            );
        }
        let layers = [tier.settings.0.as_slice(), tenant.settings.0.as_slice()];
        // What a tier gets wrong is told once, at the tier, and not for each of its tenants.
        let unset = if tenant.settings.0.is_empty() { tier.model.span } else { tenant.tier.span };
        let Some(settings) = blueprint.settings.merge(layers, &blueprint.name, unset, report) else {
            continue;
        };
        intents.push(Intent { tenant, tier, blueprint, settings });
    }
    intents
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

/// The zones of a tenant against the slots that its subnet groups were cut into when it came: a
/// blueprint that has allowed more zones since then changes new tenants only.
fn check_slots(tenant: &Tenant, zones: usize, lock: &Lock, report: &mut Report) {
    let owner = Owner::Tenant(tenant.id.value.clone());
    let short = lock.subnet_groups_of(&owner).find(|(_, group)| (group.value.slots as usize) < zones);
    if let Some((group, locked)) = short {
        let mut error = Diagnostic::error(
            &codes::NOT_ENOUGH_ZONES,
            format!(
                "tenant `{}` spans {} zones, and its {} subnets have {} slots",
                tenant.id.value,
                zones,
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

/// Shapes by blueprint and settings, each decided once.
#[derive(Default)]
struct Shapes<'c> {
    list: Vec<Shape<'c>>,
    by_key: BTreeMap<String, Option<usize>>,
}

impl<'c> Shapes<'c> {
    fn of(&mut self, intent: &Intent<'c>, growth: Growth, report: &mut Report) -> Option<usize> {
        let shaping = shape::shaping(intent.blueprint, &intent.settings);
        let key = format!("{} {} {growth:?}", intent.blueprint.name, serde_json::json!(shaping.0));
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let place = intent.tenant.tier.span;
        let decided = shape::shape(intent.blueprint, &intent.settings, growth, place, report).map(|shape| {
            self.list.push(shape);
            self.list.len() - 1
        });
        self.by_key.insert(key, decided);
        decided
    }
}

/// The prefix length of a tenant's network: by its size, its tier's, `medium`, or the smallest.
fn network_length(intent: &Intent<'_>, report: &mut Report) -> Option<Located<u8>> {
    let sizes = &intent.blueprint.network.sizes;
    let Some(size) = intent.tenant.size.as_ref().or(intent.tier.size.as_ref()) else {
        let default = sizes.get("medium").or_else(|| sizes.values().max_by_key(|length| length.value))?;
        return Some(Located::new(default.value, intent.tenant.tier.span));
    };
    if let Some(length) = sizes.get(&size.value) {
        return Some(Located::new(length.value, size.span));
    }
    let names = || sizes.keys().map(String::as_str);
    let help = match closest(&size.value, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its sizes are {}", list_of(names())),
    };
    report.push(
        Diagnostic::error(
            &codes::UNKNOWN_SIZE,
            format!("the blueprint `{}` has no size {}", intent.blueprint.name, quote(&size.value)),
        )
        .at(size.span, "")
        .help(help),
    );
    None
}

/// The tenant's addresses, read out of the lock.
fn network_plan(intent: &Intent<'_>, zones: usize, catalog: &Catalog, lock: &Lock) -> Option<NetworkPlan> {
    let owner = Owner::Tenant(intent.tenant.id.value.clone());
    let network = &lock.networks.get(&owner)?.value;
    let region = catalog.regions.get(&intent.tenant.region.value)?;
    let pool = region.pools.iter().find(|pool| pool.value.contains(&network.reserve))?.value;
    let slots = &lock.zones.get(&owner)?.value.0;
    let zone_in = |slot| slots.iter().find(|(_, taken)| **taken == slot).map(|(zone, _)| zone.clone());
    let numbers = 0..u32::try_from(zones).ok()?;
    let used: Option<Vec<ZoneId>> = numbers.clone().map(zone_in).collect();
    let locked: BTreeMap<&str, _> =
        lock.subnet_groups_of(&owner).map(|(group, locked)| (group.as_str(), &locked.value)).collect();
    let mut subnet_groups = Vec::new();
    for group in &intent.blueprint.network.subnet_groups {
        let block = locked.get(group.name.as_str())?;
        let subnets: Option<Vec<Cidr>> = numbers.clone().map(|slot| block.slot(slot)).collect();
        let further: Option<Vec<SubnetBlock>> = block
            .secondary
            .iter()
            .map(|cidr| {
                let number = 1 + network.blocks().position(|whole| whole.contains(cidr))?;
                let subnets: Option<Vec<Cidr>> =
                    numbers.clone().map(|slot| block.slot_in(cidr, slot)).collect();
                Some(SubnetBlock { number, cidr: *cidr, subnets: subnets? })
            })
            .collect();
        subnet_groups.push(SubnetGroupPlan {
            name: group.name.clone(),
            cidr: block.cidr,
            subnets: subnets?,
            further: further?,
        });
    }
    Some(NetworkPlan {
        cidr: network.cidr,
        secondary: network.secondary.clone(),
        reserve: network.reserve,
        pool,
        subnet_groups,
        zones: used?,
    })
}
