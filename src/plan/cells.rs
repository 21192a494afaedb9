//! Puts tenants of shared models into cells.
//!
//! Goes in: a tenant without a home, and the cells with those who live in them. Comes out: the cell that
//! it goes to, perhaps a new one. First fit, in the order of the cells' numbers: tenants that come later
//! fill what those before them have left. A cell is full when it has as many tenants as its blueprint
//! says, when a subnet group has no block left, or when newcomers have filled their share of a limit
//! of AWS: see `placement`.
//!
//! Who may share a cell is the [`Key`]: tenants of one account, Region, model and blueprint whose settings
//! for the cell are the same. A tenant whose compliance forbids co-hosting shares with nobody. A cell has
//! the key of those who live in it; it is not written down, so that an edit of all of them is an edit of
//! the cell. A cell that nobody lives in any more is closed for good: its number never comes back.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Blueprint, Owner as NetworkOwner, Per};
use crate::catalog::Role;
use crate::diagnostics::{Diagnostic, Report, codes, list_of};
use crate::identity::{CellId, HomeId, HostAccount, Model, RegionName, hash_number};
use crate::limits::{CellLimit, Needs};
use crate::network::{Cidr, FreeSpace};
use crate::plan::accounts::Accounts;
use crate::plan::cell_addresses::Taken;
use crate::plan::intent::Intent;
use crate::plan::lock::{Cell, Home, Lock, Locked, Owner};
use crate::plan::moves::SAY_SO;
use crate::plan::placement::{Capacity, Cells as Packing, Group};

/// Tenants of one key may share a cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    account: HostAccount,
    region: RegionName,
    model: Model,
    blueprint: String,
    /// The settings of the cell, as JSON.
    settings: String,
    /// Who has the cell alone, where its compliance asks for that.
    alone: Option<HomeId>,
}

impl Key {
    pub(super) fn of(intent: &Intent<'_>, account: HostAccount) -> Self {
        let id = &intent.home;
        Key {
            account,
            region: intent.tenant.region.value.clone(),
            model: intent.tier.model.value,
            blueprint: intent.blueprint.name.clone(),
            settings: serde_json::json!(intent.cell_settings().0).to_string(),
            alone: intent.is_alone.then(|| id.clone()),
        }
    }

    /// What keeps tenants of two keys apart, as the end of a sentence.
    fn difference(&self, other: &Key) -> String {
        if self.blueprint != other.blueprint {
            format!("are built by the blueprints `{}` and `{}`", self.blueprint, other.blueprint)
        } else if self.settings != other.settings {
            format!("have different settings of the cell: {}", differing(&self.settings, &other.settings))
        } else if let Some(alone) = self.alone.as_ref().or(other.alone.as_ref()) {
            format!("share it, and the compliance of `{alone}` forbids that")
        } else {
            "do not belong together".to_owned()
        }
    }
}

/// The names of the settings that two mappings in JSON have different values of.
fn differing(one: &str, other: &str) -> String {
    let read = |text| serde_json::from_str::<BTreeMap<String, serde_json::Value>>(text).unwrap_or_default();
    let (one, other) = (read(one), read(other));
    let names: BTreeSet<&String> =
        one.keys().chain(other.keys()).filter(|name| one.get(*name) != other.get(*name)).collect();
    list_of(names.iter().map(|name| name.as_str()))
}

/// All cells of shared models, with the room that is left in them.
pub(super) struct Cells<'c> {
    kinds: BTreeMap<Key, Kind>,
    slots: BTreeMap<CellId, BTreeSet<u32>>,
    /// The first tenant in each cell, and its key.
    first: BTreeMap<CellId, (Key, &'c HomeId)>,
    taken: Taken,
    /// The highest number of each model.
    last: BTreeMap<Model, u32>,
}

/// The cells of one key.
struct Kind {
    /// How many tenants, and how much of the limits.
    cells: Packing,
    group: Group,
    /// What is counted beside tenants.
    limits: Vec<CellLimit>,
    ids: Vec<CellId>,
    /// In the order of the cells: the addresses of each subnet group that tenants have parts of.
    addresses: Vec<Vec<FreeSpace>>,
}

/// How many cells the tenants of one key have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellCount {
    pub model: Model,
    pub account: HostAccount,
    pub region: RegionName,
    pub blueprint: String,
    pub cells: usize,
    /// No placement of the same tenants would have fewer.
    pub at_least: usize,
}

impl<'c> Cells<'c> {
    /// The cells of the lock, with all who live there.
    pub(super) fn new(lock: &Lock) -> Self {
        let mut slots: BTreeMap<CellId, BTreeSet<u32>> = BTreeMap::new();
        for home in lock.tenants.values().filter(|home| !home.value.cell.model.is_silo()) {
            slots.entry(home.value.cell.clone()).or_default().extend(home.value.slot);
        }
        let mut last: BTreeMap<Model, u32> = BTreeMap::new();
        for cell in lock.cells.keys() {
            let highest = last.entry(cell.model).or_default();
            *highest = cell.ordinal.max(*highest);
        }
        let taken = Taken::of(lock);
        Cells { kinds: BTreeMap::new(), slots, first: BTreeMap::new(), taken, last }
    }

    /// Takes note of a tenant that lives in a cell; false, with an error, if it may not share it with
    /// those who were noted before.
    pub(super) fn inhabit(
        &mut self,
        intent: &'c Intent<'_>,
        home: &Locked<Home>,
        accounts: &Accounts<'_>,
        lock: &Lock,
        report: &mut Report,
    ) -> bool {
        let cell = &home.value.cell;
        let mut key = Key::of(intent, cell.account.clone());
        if intent.tenant.role == Role::Leaving && self.slots.get(cell).is_some_and(|slots| slots.len() > 1) {
            // Perhaps it leaves because it may not share any more.
            key.alone = None;
        }
        let id = &intent.home;
        let known = self.first.get(cell);
        if let Some((first, other)) = known.filter(|(first, _)| *first != key) {
            report.push(strangers(cell, other, id, &first.difference(&key), intent, home));
            return false;
        }
        let is_new = known.is_none();
        let kind = self.kinds.entry(key.clone()).or_insert_with(|| Kind::new(intent, &key, accounts));
        if is_new {
            kind.add(cell.clone(), intent.blueprint, lock, &self.taken);
            self.first.insert(cell.clone(), (key, id));
            // Those of the lock are all there at once: also those of whom the catalog says nothing more.
            let living = self.slots.get(cell).map_or(0, BTreeSet::len) as u64;
            kind.hold(cell, living, None);
        }
        kind.hold(cell, 0, accounts.needs_of(id));
        true
    }

    /// The open cell of an account that a tenant would go to.
    pub(super) fn open(
        &self,
        intent: &Intent<'_>,
        account: &HostAccount,
        accounts: &Accounts<'_>,
    ) -> Option<CellId> {
        let kind = self.kinds.get(&Key::of(intent, account.clone()))?;
        let demand = kind.demand(1, accounts.needs_of(&intent.home));
        let length = part_length(intent);
        let fits = |cell: usize| {
            kind.addresses[cell]
                .iter()
                .all(|group| length.is_none_or(|length| group.best_fit(length).is_some()))
        };
        kind.cells.find(kind.group, &demand, fits).map(|cell| kind.ids[cell].clone())
    }

    /// Gives a tenant a home, and enters it in the lock: this cell, or a new one.
    pub(super) fn settle(
        &mut self,
        intent: &'c Intent<'_>,
        account: &HostAccount,
        open: Option<CellId>,
        accounts: &Accounts<'_>,
        lock: &mut Lock,
        report: &mut Report,
    ) {
        let id = &intent.home;
        let key = Key::of(intent, account.clone());
        let length = part_length(intent);
        let kind = self.kinds.entry(key.clone()).or_insert_with(|| Kind::new(intent, &key, accounts));
        let cell = match open {
            Some(cell) => cell,
            None => {
                let last = self.last.entry(key.model).or_default();
                let cell = next_cell(&key, *last);
                let spaces = group_spaces(&cell, intent.blueprint, lock, &self.taken);
                if length.is_some_and(|length| spaces.iter().any(|group| group.best_fit(length).is_none())) {
                    report.push(too_large(intent));
                    return;
                }
                *last = cell.ordinal;
                lock.cells.insert(cell.clone(), Locked::new(Cell));
                kind.add(cell.clone(), intent.blueprint, lock, &self.taken);
                self.first.insert(cell.clone(), (key, id));
                cell
            }
        };
        kind.hold(&cell, 1, accounts.needs_of(id));
        kind.take(&cell, length);
        let slots = self.slots.entry(cell.clone()).or_default();
        let slot = free_slot(id, slots);
        slots.insert(slot);
        lock.tenants.insert(id.clone(), Locked::new(Home { slot: Some(slot), ..Home::alone(cell) }));
    }

    /// How many cells there are, beside how few there could be.
    pub(super) fn counts(&self) -> Vec<CellCount> {
        let count = |(key, kind): (&Key, &Kind)| CellCount {
            model: key.model,
            account: key.account.clone(),
            region: key.region.clone(),
            blueprint: key.blueprint.clone(),
            cells: kind.cells.count(),
            at_least: kind.cells.lower_bound(),
        };
        self.kinds.iter().map(count).collect()
    }
}

impl Kind {
    /// No cells yet. What counts are the limits that a cell of this kind, or this tenant in one, uses.
    fn new(intent: &Intent<'_>, key: &Key, accounts: &Accounts<'_>) -> Self {
        let most = intent.blueprint.cell.as_ref().map_or(u32::MAX, |cell| cell.tenants.value);
        let mut capacities = vec![Capacity::whole(u64::from(most.min(Home::SLOTS)))];
        let mut setup = vec![0];
        let mut limits = Vec::new();
        let id = &intent.home;
        let own = accounts.needs_of(id).map(|needs| &needs.of_cell);
        let cell = accounts.needs_of_cell(id).map(|needs| &needs.of_cell);
        let known: BTreeSet<&CellLimit> = own.into_iter().chain(cell).flat_map(BTreeMap::keys).collect();
        for limit in known {
            let Some(most) = accounts.limit(limit.quota, &key.account, &key.region) else { continue };
            capacities.push(Capacity::with_room_to_grow(most));
            setup.push(cell.and_then(|cell| cell.get(limit)).copied().unwrap_or(0));
            limits.push(limit.clone());
        }
        let mut cells = Packing::new(capacities);
        let group = cells.add_group(setup);
        Kind { cells, group, limits, ids: Vec::new(), addresses: Vec::new() }
    }

    fn add(&mut self, cell: CellId, blueprint: &Blueprint, lock: &Lock, taken: &Taken) {
        self.addresses.push(group_spaces(&cell, blueprint, lock, taken));
        self.ids.push(cell);
        self.cells.add_cell();
    }

    fn demand(&self, tenants: u64, needs: Option<&Needs>) -> Vec<u64> {
        let of = |limit: &CellLimit| needs.and_then(|needs| needs.of_cell.get(limit)).copied().unwrap_or(0);
        std::iter::once(tenants).chain(self.limits.iter().map(of)).collect()
    }

    fn hold(&mut self, cell: &CellId, tenants: u64, needs: Option<&Needs>) {
        let demand = self.demand(tenants, needs);
        if let Some(position) = self.ids.iter().rposition(|known| known == cell) {
            self.cells.hold(position, self.group, &demand);
        }
    }

    fn take(&mut self, cell: &CellId, length: Option<u8>) {
        let position = self.ids.iter().rposition(|known| known == cell);
        for group in position.and_then(|position| self.addresses.get_mut(position)).into_iter().flatten() {
            let _part = length.and_then(|length| group.allocate(length));
        }
    }
}

/// The length of the parts that a tenant gets of its cell's subnet groups, where it gets any.
fn part_length(intent: &Intent<'_>) -> Option<u8> {
    intent.length.as_ref().map(|length| length.value).filter(|_| intent.has_parts())
}

fn strangers(
    cell: &CellId,
    other: &HomeId,
    id: &HomeId,
    difference: &str,
    intent: &Intent<'_>,
    home: &Locked<Home>,
) -> Diagnostic {
    let message = format!("tenants `{other}` and `{id}` live in the cell `{cell}` and {difference}");
    let mut error = Diagnostic::error(&codes::LOCK_CONTRADICTS_CATALOG, message)
        .at(intent.tenant.tier.span, "")
        .note("a tenant never moves to another cell by itself")
        .help(format!(
            "make them alike again; {SAY_SO}; or, if `{id}` is not deployed, `tenantry lock settle {id}` gives it another home"
        ));
    if let Some(line) = home.line {
        error = error.also(line, "decided here");
    }
    error
}

/// What is free in each subnet group that tenants have parts of. A group that the cell does not have yet
/// has the size that it will have; where it will lie makes no difference to what fits.
fn group_spaces(cell: &CellId, blueprint: &Blueprint, lock: &Lock, taken: &Taken) -> Vec<FreeSpace> {
    let network = &blueprint.network;
    if network.owner != NetworkOwner::Cell {
        return Vec::new();
    }
    let owner = Owner::Cell(cell.clone());
    let groups = network.subnet_groups.iter().filter(|group| group.per == Per::Tenant);
    groups
        .filter_map(|group| {
            let locked = lock.subnet_groups_of(&owner).find(|(name, _)| name.as_str() == group.name);
            match locked {
                Some((_, locked)) => Some(taken.space(locked.value.cidr)),
                None => {
                    let length = network.cell_size.as_ref()?.value + group.extra_bits;
                    Some(FreeSpace::new(Cidr::v4(0, length)?, []))
                }
            }
        })
        .collect()
}

/// With the number after the highest that any cell of the model ever had, wherever it is: stacks and tags
/// are called by model and number.
fn next_cell(key: &Key, last: u32) -> CellId {
    CellId {
        model: key.model,
        account: key.account.clone(),
        region: key.region.clone(),
        ordinal: last.saturating_add(1),
    }
}

/// From the tenant's id, so that two branches that each add a tenant seldom give the same number.
fn free_slot(id: &HomeId, taken: &BTreeSet<u32>) -> u32 {
    let mut slot = hash_number(&id.to_string()) % Home::SLOTS + 1;
    // A cell never has as many tenants as there are slots left to try in vain.
    while taken.contains(&slot) && taken.len() < Home::SLOTS as usize {
        slot = slot % Home::SLOTS + 1;
    }
    slot
}

fn too_large(intent: &Intent<'_>) -> Diagnostic {
    let network = &intent.blueprint.network;
    let length = intent.length.as_ref();
    let part = length.map_or(0, |length| length.value);
    let cell = network.cell_size.as_ref();
    let groups = network.subnet_groups.iter().filter(|group| group.per == Per::Tenant);
    let small = groups.max_by_key(|group| group.extra_bits);
    let message = format!(
        "tenant `{}` gets a /{part} of the {} subnets of a cell, which are a /{}",
        intent.tenant.id.value,
        small.map_or("", |group| &group.name),
        cell.map_or(0, |cell| cell.value) + small.map_or(0, |group| group.extra_bits),
    );
    Diagnostic::error(&codes::SUBNET_TOO_SMALL, message)
        .at(length.map_or(intent.tenant.id.span, |length| length.span), "asked for here")
        .also(cell.map_or(network.span, |cell| cell.span), "the size of a cell")
        .help("give the tenant a smaller size, or the cell a larger one")
}
