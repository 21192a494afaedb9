//! Whether the instances of a cell hold the tasks that its tenants always run.
//!
//! Where they do not, nothing fails: tasks wait, and with the next tenant it is others that wait. What is
//! certain is refused here, by what all tasks together need; how they are spread is for ECS.

use crate::aws::{InstanceType, instance_type};
use crate::catalog::Status;
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::plan::{CellPlan, TenantPlan};

/// What tasks need and instances have.
#[derive(Clone, Copy, Default)]
struct Room {
    tasks: u64,
    /// 1,024 are a processor.
    cpu: u64,
    /// In MiB.
    memory: u64,
}

impl Room {
    fn of(instance: InstanceType, number: u64) -> Self {
        Room {
            tasks: instance.tasks * number,
            cpu: instance.processors * 1024 * number,
            memory: instance.memory * 1024 * number,
        }
    }

    fn plus(self, other: Room) -> Self {
        Room {
            tasks: self.tasks + other.tasks,
            cpu: self.cpu + other.cpu,
            memory: self.memory + other.memory,
        }
    }

    fn holds(self, needed: Room) -> bool {
        needed.tasks <= self.tasks && needed.cpu <= self.cpu && needed.memory <= self.memory
    }
}

pub(super) fn check(tenants: &[TenantPlan<'_>], cells: &[CellPlan<'_>], report: &mut Report) {
    for cell in cells.iter().filter(|cell| cell.runs_on_instances()) {
        let kind = cell.settings.text("instance_type").unwrap_or_default();
        let (Some(instance), Some(most)) =
            (instance_type(kind), cell.settings.get("maximum_instances").as_u64())
        else {
            continue;
        };
        let room = Room::of(instance, most);
        let mut needed = Room::default();
        let mut first_over = None;
        for tenant in tenants.iter().filter(|tenant| tenant.cell == cell.id) {
            needed = needed.plus(always_runs(tenant));
            if !room.holds(needed) {
                first_over = first_over.or(Some(tenant));
            }
        }
        if let Some(tenant) = first_over {
            report.push(refused(cell, tenant, kind, most, (room, needed)));
        }
    }
}

fn always_runs(tenant: &TenantPlan<'_>) -> Room {
    let number = |name: &str| tenant.settings.get(name).as_u64().unwrap_or_default();
    let runs = tenant.has_stacks()
        && tenant.tenant.status != Status::Offboarding
        && tenant.settings.get("service").as_bool() == Some(true);
    let tasks = if runs { number("minimum_tasks") } else { 0 };
    Room { tasks, cpu: number("cpu") * tasks, memory: number("memory") * tasks }
}

fn refused(
    cell: &CellPlan<'_>,
    tenant: &TenantPlan<'_>,
    kind: &str,
    most: u64,
    (room, needed): (Room, Room),
) -> Diagnostic {
    let (what, need, have) = if needed.tasks > room.tasks {
        ("interfaces for tasks", needed.tasks, room.tasks)
    } else if needed.cpu > room.cpu {
        ("CPU units", needed.cpu, room.cpu)
    } else {
        ("MiB of memory", needed.memory, room.memory)
    };
    let enough = (need * most).div_ceil(have.max(1));
    let message = format!(
        "the tasks that tenants of the cell `{}` always run need {need} {what}, and its instances, at most {most} of the type {}, have {have}",
        cell.id,
        quote(kind)
    );
    Diagnostic::error(&codes::TOO_FEW_INSTANCES, message)
        .at(tenant.tenant.id.span, "the first tenant that does not fit")
        .help(format!(
            "set `maximum_instances` to {enough} or more, choose a larger `instance_type`, or give tenants fewer `minimum_tasks`"
        ))
}
