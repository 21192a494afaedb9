//! What stacks are for: a tenant, a cell, an account and Region, or the organization.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Per, Place, Settings, Stack};
use crate::catalog::{Catalog, Status};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{HomeId, HostAccount, Model, RegionName};
use crate::plan::connection::{Connection, way_of};
use crate::plan::lock::{Lock, Locked, Management, Seat};
use crate::plan::security::Traits;
use crate::plan::shape::{AccountFacts, Pattern, Shapes};
use crate::plan::shared_services::is_hub;
use crate::plan::{CellPlan, Growth, NetworkPlan, Plan, Shape, SubnetGroupPlan, TenantPlan};
use crate::source::Span;

/// What is there once for an account and Region in which a blueprint has a home, for a Region, or for the
/// organization; a component's in the same way.
#[derive(Debug)]
pub struct AccountPlan<'c> {
    /// [`Per::Account`], [`Per::Region`] or [`Per::Organization`].
    pub per: Per,
    pub account: HostAccount,
    pub region: RegionName,
    pub blueprint: &'c Blueprint,
    /// Those of a component that have one value for all, and what the plan says; lifted ones included.
    pub settings: Settings,
    pub shape: usize,
    /// Whose account it is, where it is one tenant's.
    pub tenant: Option<HomeId>,
    /// The tier of a tenant that it is there for.
    pub place: Span,
}

/// What a stack is for.
#[derive(Clone, Copy, Debug)]
pub enum Unit<'p> {
    Tenant(&'p TenantPlan<'p>),
    Cell(&'p CellPlan<'p>),
    Account(&'p AccountPlan<'p>),
}

impl<'p> Unit<'p> {
    /// What there is one of for each of its stacks.
    pub fn per(self) -> Per {
        match self {
            Unit::Tenant(_) => Per::Tenant,
            Unit::Cell(_) => Per::Cell,
            Unit::Account(account) => account.per,
        }
    }

    /// The blueprint that it is built by.
    pub fn blueprint(self) -> &'p Blueprint {
        match self {
            Unit::Tenant(tenant) => tenant.blueprint,
            Unit::Cell(cell) => cell.blueprint,
            Unit::Account(account) => account.blueprint,
        }
    }

    /// Its shape, in the plan's list.
    pub fn shape(self) -> usize {
        match self {
            Unit::Tenant(tenant) => tenant.shape,
            Unit::Cell(cell) => cell.shape,
            Unit::Account(account) => account.shape,
        }
    }

    /// The account and Region that it lives in.
    pub fn home(self) -> (&'p HostAccount, &'p RegionName) {
        match self {
            Unit::Tenant(tenant) => (&tenant.cell.account, &tenant.cell.region),
            Unit::Cell(cell) => (&cell.id.account, &cell.id.region),
            Unit::Account(account) => (&account.account, &account.region),
        }
    }
}

impl<'c> Plan<'c> {
    /// Everything that has stacks.
    pub fn units(&self) -> Vec<Unit<'_>> {
        let accounts = self.accounts.iter().map(Unit::Account);
        let cells = self.cells.iter().filter(|cell| cell.has_stacks()).map(Unit::Cell);
        let tenants = self.tenants.iter().filter(|tenant| tenant.has_stacks()).map(Unit::Tenant);
        accounts.chain(cells).chain(tenants).collect()
    }

    /// How many tenants have a home, or several.
    pub fn count_tenants(&self) -> usize {
        self.tenants.chunk_by(|one, other| one.home.tenant == other.home.tenant).count()
    }

    /// The plan of a cell of a shared model.
    pub fn cell(&self, id: &crate::identity::CellId) -> Option<&CellPlan<'c>> {
        let position = self.cells.binary_search_by(|cell| cell.id.cmp(id)).ok()?;
        self.cells.get(position)
    }

    /// The shape of something that has stacks.
    pub fn shape_of(&self, unit: Unit<'_>) -> &Shape<'c> {
        &self.shapes[unit.shape()]
    }

    /// What a unit belongs to, itself included: the cell of a tenant, the account of a cell.
    pub fn relative<'p>(&'p self, unit: Unit<'p>, per: Per) -> Option<Unit<'p>> {
        if unit.per() == per {
            return Some(unit);
        }
        match (unit, per) {
            (Unit::Tenant(tenant), Per::Cell) => self.cell(&tenant.cell).map(Unit::Cell),
            (_, Per::Account | Per::Region | Per::Organization) => {
                self.shared_by(unit, &unit.blueprint().name, per)
            }
            _ => None,
        }
    }

    /// What the blueprint or component of this name has where a unit lives: in its account, in its Region, or
    /// in the organization.
    pub fn shared_by<'p>(&'p self, unit: Unit<'p>, name: &str, per: Per) -> Option<Unit<'p>> {
        let (account, region) = unit.home();
        let find = |account: &HostAccount| {
            let key = (per, name, account, region);
            let position = self.accounts.binary_search_by(|one| one.key().cmp(&key)).ok()?;
            self.accounts.get(position)
        };
        let first = || {
            let before = |one: &AccountPlan<'_>| (one.per, one.blueprint.name.as_str()) < (per, name);
            let found = self.accounts.get(self.accounts.partition_point(before))?;
            ((found.per, found.blueprint.name.as_str()) == (per, name)).then_some(found)
        };
        let found = match per {
            Per::Account => find(account),
            // There is one central account.
            Per::Region => find(&first()?.account),
            Per::Organization => first(),
            Per::Tenant | Per::Cell => None,
        };
        found.map(Unit::Account)
    }

    /// The VPC that a unit stands in: its own, or that of its cell.
    pub fn network_of<'p>(&'p self, unit: Unit<'p>) -> Option<&'p NetworkPlan> {
        match unit {
            Unit::Tenant(tenant) => {
                tenant.network.as_ref().or_else(|| self.cell(&tenant.cell)?.network.as_ref())
            }
            Unit::Cell(cell) => cell.network.as_ref(),
            Unit::Account(_) => None,
        }
    }

    /// The addresses of a subnet group as a unit sees it: a tenant sees its own part, where it has one.
    pub fn subnet_group_of<'p>(&'p self, unit: Unit<'p>, name: &str) -> Option<&'p SubnetGroupPlan> {
        let named = |groups: &'p [SubnetGroupPlan]| groups.iter().find(|group| group.name == name);
        let part = match unit {
            Unit::Tenant(tenant) => named(&tenant.parts),
            Unit::Cell(_) | Unit::Account(_) => None,
        };
        part.or_else(|| named(&self.network_of(unit)?.subnet_groups))
    }

    /// How the networks of a Region reach the central services.
    pub fn connection(&self, region: &RegionName) -> Option<&Connection> {
        self.connections.iter().find(|one| one.region == *region)
    }

    /// What a unit that is joined to the central services may import from.
    pub fn hub_of<'p>(&'p self, unit: Unit<'p>) -> Option<Unit<'p>> {
        let settings = match unit {
            Unit::Tenant(tenant) => &tenant.settings,
            Unit::Cell(cell) => &cell.settings,
            Unit::Account(_) => return None,
        };
        way_of(settings)?;
        let (_, region) = unit.home();
        let mut hubs = self.accounts.iter().filter(|one| is_hub(one.blueprint));
        hubs.find(|one| one.region == *region).map(Unit::Account)
    }

    /// The account and Region that a stack of a unit is deployed into. All that stands in the management
    /// account stands in one Region, so that one stack can import from another.
    pub fn location<'p>(&'p self, unit: Unit<'p>, stack: &Stack) -> (HostAccount, &'p RegionName) {
        let (account, region) = unit.home();
        match (stack.place, management(self.catalog, &self.lock)) {
            (Place::Management, Some((account, region))) => (account, region),
            (Place::SharedServices, _) => match self.connection(region) {
                Some(connection) => (HostAccount::Number(connection.account.clone()), region),
                None => (account.clone(), region),
            },
            _ => (account.clone(), region),
        }
    }
}

impl AccountPlan<'_> {
    /// What a plan's list is sorted by.
    pub(super) fn key(&self) -> (Per, &str, &HostAccount, &RegionName) {
        (self.per, &self.blueprint.name, &self.account, &self.region)
    }
}

impl CellPlan<'_> {
    /// Whether stacks are written for it: one whose tenants are all planned has addresses only.
    pub fn has_stacks(&self) -> bool {
        self.tenants.iter().any(|tenant| tenant.status != Status::Planned)
    }
}

/// The management account, and the Region in which its stacks stand.
pub(super) fn management<'l>(catalog: &Catalog, lock: &'l Lock) -> Option<(HostAccount, &'l RegionName)> {
    let account = catalog.organization.as_ref()?.management_account.as_ref()?;
    let seat = lock.seats.get(&Management)?;
    Some((HostAccount::Number(account.value.clone()), &seat.value.region))
}

/// Decides on a Region for the stacks of the management account, once: the first of the catalog.
pub(super) fn settle_management(catalog: &Catalog, lock: &mut Lock, place: Span, report: &mut Report) {
    let Some(seat) = lock.seats.get(&Management) else {
        if let Some(region) = catalog.regions.keys().next() {
            lock.seats.insert(Management, Locked::new(Seat { region: region.clone() }));
        }
        return;
    };
    if catalog.regions.contains_key(&seat.value.region) {
        return;
    }
    let message = format!(
        "the stacks of the management account stand in {}, which the catalog does not have",
        seat.value.region
    );
    let mut error = Diagnostic::error(&codes::LOCK_CONTRADICTS_CATALOG, message)
        .at(place, "this has such stacks")
        .help("give the Region back to the catalog; or, if nothing is deployed there, delete the line of the lock");
    if let Some(line) = seat.line {
        error = error.also(line, "decided here");
    }
    report.push(error);
}

/// The blueprint of what is there for an account, the tier that wants it, and whose the account is.
type Found<'c> = (&'c Blueprint, Span, Option<HomeId>);

/// What the tenants with stacks share beyond their cells.
pub(super) fn accounts<'c>(
    catalog: &Catalog,
    tenants: &[TenantPlan<'c>],
    lock: &mut Lock,
    shapes: &mut Shapes<'c>,
    report: &mut Report,
) -> Vec<AccountPlan<'c>> {
    let mut found: BTreeMap<(Per, &str, HostAccount, RegionName), Found<'c>> = BTreeMap::new();
    let mut settled = false;
    for tenant in tenants.iter().filter(|tenant| tenant.has_stacks()) {
        let (blueprint, span) = (tenant.blueprint, tenant.tier.model.span);
        let has = |per| blueprint.stacks_per(per).next().is_some();
        if has(Per::Account) {
            let key = (
                Per::Account,
                blueprint.name.as_str(),
                tenant.cell.account.clone(),
                tenant.cell.region.clone(),
            );
            let own = (blueprint.model == Model::Account).then(|| tenant.home.clone());
            found.entry(key).or_insert((blueprint, span, own));
        }
        let is_managed = |stack: &Stack| stack.place == Place::Management && stack.elsewhere.is_none();
        if !blueprint.stacks.iter().any(is_managed) {
            continue;
        }
        if !std::mem::replace(&mut settled, true) {
            settle_management(catalog, lock, span, report);
        }
        match management(catalog, lock) {
            Some((account, region)) if has(Per::Organization) => {
                found
                    .entry((Per::Organization, &blueprint.name, account, region.clone()))
                    .or_insert((blueprint, span, None));
            }
            Some(_) => {}
            None => report.push(no_management_account(blueprint, span)),
        }
    }
    let settings = Settings(BTreeMap::new());
    let mut accounts = Vec::new();
    for ((per, _, account, region), (blueprint, place, tenant)) in found {
        let pattern = Pattern {
            blueprint,
            per,
            settings: &settings,
            status: Status::Active,
            zones: 0,
            growth: Growth::default(),
            traits: Traits::default(),
            interface_groups: 0,
            account: AccountFacts::default(),
        };
        let Some(shape) = shapes.of(pattern, place, report) else { continue };
        let settings = settings.clone();
        accounts.push(AccountPlan { per, account, region, blueprint, settings, shape, tenant, place });
    }
    accounts
}

fn no_management_account(blueprint: &Blueprint, place: Span) -> Diagnostic {
    let message = format!(
        "the blueprint `{}` has stacks in the management account, and the catalog names none",
        blueprint.name
    );
    Diagnostic::error(&codes::NO_MANAGEMENT_ACCOUNT, message)
        .at(place, "this model needs it")
        .help("add `management_account` to the catalog's `organization`")
}
