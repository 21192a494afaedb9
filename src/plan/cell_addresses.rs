//! Cuts the part that a tenant gets of each subnet group of its cell that is `per: tenant`. What the lock
//! says stays: a part never moves, and never changes its size.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Per, SubnetGroup as GroupIntent};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{CellId, SubnetGroupName};
use crate::network::{Cidr, FreeSpace};
use crate::plan::intent::Intent;
use crate::plan::lock::{Lock, Locked, Owner, SubnetGroup, SubnetGroupId};
use crate::plan::moves::SAY_SO;

/// Every block that lies inside a subnet group of a cell and is not free: parts of tenants, and what
/// those who have left had.
pub(super) struct Taken(BTreeSet<Cidr>);

impl Taken {
    pub(super) fn of(lock: &Lock) -> Self {
        let parts = lock.subnet_groups.iter().filter(|(id, _)| matches!(id.owner, Owner::Tenant(_)));
        let parts = parts.map(|(_, part)| part.value.cidr);
        Taken(parts.chain(lock.quarantine.keys().copied()).collect())
    }

    /// What is free of a block. Blocks are ordered by address, the larger first, so those inside one
    /// stand behind it.
    pub(super) fn space(&self, block: Cidr) -> FreeSpace {
        FreeSpace::new(block, self.0.range(block..).take_while(|taken| block.contains(taken)).copied())
    }
}

/// The free space of each cell's subnet groups, looked up once a cell.
pub(super) struct Parts {
    taken: Taken,
    spaces: BTreeMap<(CellId, String), FreeSpace>,
}

impl Parts {
    pub(super) fn new(lock: &Lock) -> Self {
        Parts { taken: Taken::of(lock), spaces: BTreeMap::new() }
    }

    /// Gives one tenant its parts, in the lock; the cell has its own subnet groups already.
    pub(super) fn settle(&mut self, intent: &Intent<'_>, lock: &mut Lock, report: &mut Report) {
        let owner = Owner::Tenant(intent.home.clone());
        let Some(cell) = lock.tenants.get(&intent.home).map(|home| home.value.cell.clone()) else {
            return;
        };
        for group in intent.blueprint.network.subnet_groups.iter().filter(|group| group.per == Per::Tenant) {
            let Ok(name) = group.name.parse::<SubnetGroupName>() else { continue };
            let whole = SubnetGroupId { owner: Owner::Cell(cell.clone()), group: name.clone() };
            let Some(whole) = lock.subnet_groups.get(&whole).map(|locked| locked.value.cidr) else {
                continue;
            };
            let id = SubnetGroupId { owner: owner.clone(), group: name };
            self.part(intent, group, (&cell, whole), id, lock, report);
        }
    }

    fn part(
        &mut self,
        intent: &Intent<'_>,
        group: &GroupIntent,
        (cell, whole): (&CellId, Cidr),
        id: SubnetGroupId,
        lock: &mut Lock,
        report: &mut Report,
    ) {
        let Some(length) = &intent.length else { return };
        if let Some(part) = lock.subnet_groups.get(&id) {
            if part.value.cidr.length() != length.value {
                report.push(resized(intent, group, part, length.value));
            }
            return;
        }
        let Ok(slots) = u32::try_from(intent.blueprint.network.zone_slots) else { return };
        // What it had before it left is its own again.
        let returned = |block: &Cidr, waiting: &Owner| {
            *waiting == id.owner && whole.contains(block) && block.length() == length.value
        };
        let returned = lock.quarantine.iter().find(|(block, waiting)| returned(block, &waiting.value.owner));
        let returned = returned.map(|(block, _)| *block);
        let part = match returned {
            Some(block) => {
                lock.quarantine.remove(&block);
                Some(block)
            }
            None => {
                let key = (cell.clone(), group.name.clone());
                self.spaces.entry(key).or_insert_with(|| self.taken.space(whole)).allocate(length.value)
            }
        };
        match part {
            Some(part) => {
                lock.subnet_groups.insert(id, Locked::new(SubnetGroup::new(part, slots)));
            }
            None => report.push(no_room(intent, group, cell, whole, length.value)),
        }
    }
}

fn resized(intent: &Intent<'_>, group: &GroupIntent, part: &Locked<SubnetGroup>, asked: u8) -> Diagnostic {
    let id = &intent.tenant.id.value;
    let message = format!(
        "tenant `{id}` has {} of the {} subnets of its cell, and its size asks for a /{asked}",
        part.value.cidr, group.name
    );
    let span = intent.length.as_ref().map_or(intent.tenant.id.span, |length| length.span);
    let error = Diagnostic::error(&codes::NETWORK_SIZE_CHANGED, message).at(span, "asked for here").help(
        format!("take the change back: AWS resizes no subnet; {SAY_SO}, and it gets parts of the new size"),
    );
    match part.line {
        Some(line) => error.also(line, "what it has"),
        None => error,
    }
}

/// Placement has looked for room, so only a subnet group that the blueprint has got since then, or parts
/// that lie across what was free before, lead here.
fn no_room(intent: &Intent<'_>, group: &GroupIntent, cell: &CellId, whole: Cidr, length: u8) -> Diagnostic {
    let id = &intent.tenant.id.value;
    let message = format!(
        "the {} subnets {whole} of the cell `{cell}` have no room for the /{length} of tenant `{id}`",
        group.name
    );
    Diagnostic::error(&codes::POOL_FULL, message)
        .at(intent.tenant.id.span, "did not fit")
        .also(group.span, "")
        .help("give the tenant a smaller size")
}
