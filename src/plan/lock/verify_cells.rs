//! Whether the decisions about cells and those who live in them fit together.

use std::collections::BTreeMap;

use crate::diagnostics::{Report, codes};
use crate::identity::{CellId, HomeId, Model};
use crate::plan::lock::verify::{Claim, Holder, RESTORE, at_line, at_lines, report_overlaps, settle_one_of};
use crate::plan::lock::{Home, Lock, Locked, Owner, SubnetGroupId};
use crate::source::Span;

impl Lock {
    /// A cell of a silo model has one tenant, and in any other each tenant has a slot of its own.
    pub(super) fn verify_homes(&self, report: &mut Report) {
        let silos = self.tenants.iter().filter(|(_, home)| home.value.cell.model.is_silo());
        let mut silos: Vec<(&CellId, &HomeId, Option<Span>)> =
            silos.map(|(tenant, home)| (&home.value.cell, tenant, home.line)).collect();
        silos.sort();
        for pair in silos.windows(2) {
            let [(cell, first, first_line), (other, tenant, line)] = pair else { continue };
            if cell != other {
                continue;
            }
            let message = format!("tenants `{first}` and `{tenant}` have the same home `{cell}`");
            report.push(
                at_lines(&codes::LOCK_CONFLICT, message, (*line, ""), (*first_line, ""))
                    .note(format!("a cell of the model `{}` holds one tenant", cell.model))
                    .help(settle_one_of(first, tenant)),
            );
        }
        self.verify_cell_numbers(report);
        let mut slots: BTreeMap<(&CellId, u32), (&HomeId, Option<Span>)> = BTreeMap::new();
        for (tenant, home) in &self.tenants {
            self.verify_home(tenant, home, report);
            let Some(slot) = home.value.slot else { continue };
            let Some((first, line)) = slots.insert((&home.value.cell, slot), (tenant, home.line)) else {
                continue;
            };
            let message = format!(
                "tenants `{first}` and `{tenant}` have the same slot {slot} of `{}`",
                home.value.cell
            );
            report.push(
                at_lines(&codes::LOCK_CONFLICT, message, (home.line, ""), (line, ""))
                    .help(settle_one_of(first, tenant)),
            );
        }
    }

    /// Stacks and tags of shared cells are called by model and number.
    fn verify_cell_numbers(&self, report: &mut Report) {
        let mut numbers: BTreeMap<(Model, u32), (&CellId, Option<Span>)> = BTreeMap::new();
        for (cell, locked) in self.cells.iter().filter(|(cell, _)| !cell.model.is_silo()) {
            let Some((first, line)) = numbers.insert((cell.model, cell.ordinal), (cell, locked.line)) else {
                continue;
            };
            let message = format!("the cells `{first}` and `{cell}` have the same number");
            report.push(
                at_lines(&codes::LOCK_CONFLICT, message, (locked.line, ""), (line, "")).help(
                    "delete every line of the cell that is not deployed yet, with those of its tenants, and run again",
                ),
            );
        }
    }

    fn verify_home(&self, tenant: &HomeId, home: &Locked<Home>, report: &mut Report) {
        let cell = &home.value.cell;
        let message = match home.value.slot {
            None if cell.model.is_silo() => return,
            Some(slot) if cell.model.is_silo() => {
                format!("tenant `{tenant}` has the slot {slot}, and has the cell `{cell}` for itself")
            }
            None => format!("tenant `{tenant}` has no slot in the cell `{cell}`"),
            Some(slot) if !(1..=Home::SLOTS).contains(&slot) => {
                format!("tenant `{tenant}` has the slot {slot}, and slots are 1 to {}", Home::SLOTS)
            }
            Some(_) if self.cells.contains_key(cell) => return,
            Some(_) => format!("tenant `{tenant}` lives in `{cell}`, and there is no line `cell {cell}`"),
        };
        report.push(at_line(&codes::LOCK_INCONSISTENT, message, home.line).help(RESTORE));
    }

    /// What a tenant has of its cell lies in the cell's subnet group of the same name, and is nobody
    /// else's. What waits there for the end of its quarantine is somebody's too.
    pub(super) fn verify_parts(&self, report: &mut Report) {
        let mut claims: BTreeMap<SubnetGroupId, Vec<Claim<'_>>> = BTreeMap::new();
        for (id, part) in &self.subnet_groups {
            let Owner::Tenant(tenant) = &id.owner else { continue };
            if self.networks.contains_key(&id.owner) {
                continue;
            }
            let Some(home) = self.tenants.get(tenant) else { continue };
            let owner = Owner::Cell(home.value.cell.clone());
            let whole = SubnetGroupId { owner, group: id.group.clone() };
            let holds = |group: &Locked<crate::plan::lock::SubnetGroup>| {
                part.value.secondary.is_empty() && group.value.cidr.contains(&part.value.cidr)
            };
            if self.subnet_groups.get(&whole).is_some_and(holds) {
                let claim =
                    Claim { block: part.value.cidr, holder: Holder::SubnetGroup(id), line: part.line };
                claims.entry(whole).or_default().push(claim);
            } else if self.networks.contains_key(&whole.owner) {
                let message = format!(
                    "the part `{}` of `{id}` lies outside of the subnet group `{whole}`",
                    part.value.cidr
                );
                report.push(at_line(&codes::LOCK_INCONSISTENT, message, part.line).help(RESTORE));
            }
        }
        for (whole, mut claims) in claims {
            let Some(group) = self.subnet_groups.get(&whole) else { continue };
            let inside = self.quarantine.range(group.value.cidr..);
            let inside = inside.take_while(|(block, _)| group.value.cidr.contains(block));
            claims.extend(inside.map(|(block, waiting)| {
                let holder = Holder::Quarantine(&waiting.value.owner);
                Claim { block: *block, holder, line: waiting.line }
            }));
            report_overlaps(claims, report);
        }
    }
}
