//! Puts tenants of shared models into cells.
//!
//! Goes in: a tenant without a home, and the cells with those who live in them. Comes out: the cell that
//! it goes to, perhaps a new one. First fit, in the order of the cells' numbers: tenants that come later
//! fill what those before them have left.
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
use crate::network::{Cidr, FreeSpace};
use crate::plan::cell_addresses::Taken;
use crate::plan::intent::Intent;
use crate::plan::lock::{Cell, Home, Lock, Locked, Owner};
use crate::plan::moves::SAY_SO;

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
    /// Those that are not full, by key and in the order of their numbers.
    open: BTreeMap<Key, Vec<CellId>>,
    rooms: BTreeMap<CellId, Room>,
    slots: BTreeMap<CellId, BTreeSet<u32>>,
    /// The first tenant in each cell, and its key.
    first: BTreeMap<CellId, (Key, &'c HomeId)>,
    taken: Taken,
    /// The highest number of each model.
    last: BTreeMap<Model, u32>,
}

/// What a cell has left.
struct Room {
    /// How many more tenants.
    tenants: usize,
    /// The addresses of each subnet group that tenants have parts of.
    groups: Vec<FreeSpace>,
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
        Cells { open: BTreeMap::new(), rooms: BTreeMap::new(), slots, first: BTreeMap::new(), taken, last }
    }

    /// Takes note of a tenant that lives in a cell; false, with an error, if it may not share it with
    /// those who were noted before.
    pub(super) fn inhabit(
        &mut self,
        intent: &'c Intent<'_>,
        home: &Locked<Home>,
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
        let Some((first, other)) = self.first.get(cell) else {
            let taken = self.slots.get(cell).map_or(0, BTreeSet::len);
            let room = Room::of(cell, intent.blueprint, taken, lock, &self.taken);
            self.open.entry(key.clone()).or_default().push(cell.clone());
            self.rooms.insert(cell.clone(), room);
            self.first.insert(cell.clone(), (key, id));
            return true;
        };
        if *first == key {
            return true;
        }
        let message =
            format!("tenants `{other}` and `{id}` live in the cell `{cell}` and {}", first.difference(&key));
        let mut error = Diagnostic::error(&codes::LOCK_CONTRADICTS_CATALOG, message)
            .at(intent.tenant.tier.span, "")
            .note("a tenant never moves to another cell by itself")
            .help(format!(
                "make them alike again; {SAY_SO}; or, if `{id}` is not deployed, `tenantry lock settle {id}` gives it another home"
            ));
        if let Some(line) = home.line {
            error = error.also(line, "decided here");
        }
        report.push(error);
        false
    }

    /// Gives a tenant a home, and enters it in the lock.
    pub(super) fn settle(
        &mut self,
        intent: &'c Intent<'_>,
        account: HostAccount,
        lock: &mut Lock,
        report: &mut Report,
    ) {
        let id = &intent.home;
        let key = Key::of(intent, account);
        let length = intent.length.as_ref().map(|length| length.value).filter(|_| intent.has_parts());
        let found = self.open.get(&key).and_then(|cells| {
            cells.iter().find(|cell| self.rooms.get(cell).is_some_and(|room| room.fits(length))).cloned()
        });
        let cell = match found {
            Some(cell) => cell,
            None => {
                let last = self.last.entry(key.model).or_default();
                let cell = next_cell(&key, *last);
                let room = Room::of(&cell, intent.blueprint, 0, lock, &self.taken);
                if !room.fits(length) {
                    report.push(too_large(intent));
                    return;
                }
                *last = cell.ordinal;
                lock.cells.insert(cell.clone(), Locked::new(Cell));
                self.open.entry(key.clone()).or_default().push(cell.clone());
                self.rooms.insert(cell.clone(), room);
                self.first.insert(cell.clone(), (key.clone(), id));
                cell
            }
        };
        let slots = self.slots.entry(cell.clone()).or_default();
        let slot = free_slot(id, slots);
        slots.insert(slot);
        if let Some(room) = self.rooms.get_mut(&cell) {
            room.take(length);
            if room.tenants == 0 {
                self.open.entry(key).or_default().retain(|open| *open != cell);
            }
        }
        lock.tenants.insert(id.clone(), Locked::new(Home { slot: Some(slot), ..Home::alone(cell) }));
    }
}

impl Room {
    /// The room in a cell of the lock, or in a new one.
    fn of(cell: &CellId, blueprint: &Blueprint, tenants: usize, lock: &Lock, taken: &Taken) -> Self {
        let most = blueprint.cell.as_ref().map_or(u32::MAX, |cell| cell.tenants.value);
        let most = most.min(Home::SLOTS) as usize;
        Room { tenants: most.saturating_sub(tenants), groups: group_spaces(cell, blueprint, lock, taken) }
    }

    fn fits(&self, length: Option<u8>) -> bool {
        let room = |length| self.groups.iter().all(|group| group.best_fit(length).is_some());
        self.tenants > 0 && length.is_none_or(room)
    }

    fn take(&mut self, length: Option<u8>) {
        self.tenants = self.tenants.saturating_sub(1);
        for group in &mut self.groups {
            let _part = length.and_then(|length| group.allocate(length));
        }
    }
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
