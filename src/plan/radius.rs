//! How many tenants a change of what a network has as a whole touches: its blast radius.
//!
//! Tenants that share a VPC share what AWS sets for a VPC and not for a subnet or an interface: its DNS and DHCP
//! options, the ways out, private ways to services. No group and no ACL of a tenant's own softens a mistake there.
//! Those whose tasks run on the same instances share a kernel as well.
//! Who changes the blueprint changes all cells that are built by it at once.

use std::collections::BTreeMap;

use crate::identity::CellId;
use crate::plan::{CellPlan, Plan};

/// What tenants of one cell have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Radius<'p> {
    pub cell: &'p CellId,
    /// Those that have stacks.
    pub tenants: usize,
    /// What is set once for all of them.
    pub settings: Vec<String>,
}

/// All cells of a blueprint together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Together {
    pub cells: usize,
    pub tenants: usize,
}

/// The cells whose tenants share a network.
pub fn radii<'p>(plan: &'p Plan<'_>) -> Vec<Radius<'p>> {
    let cells = plan.cells.iter().filter(|cell| cell.network.is_some());
    cells
        .map(|cell| Radius { cell: &cell.id, tenants: touched(plan, cell), settings: settings(cell) })
        .collect()
}

/// The same by blueprint.
pub fn by_blueprint<'p>(plan: &'p Plan<'_>) -> BTreeMap<&'p str, Together> {
    let mut found: BTreeMap<&str, Together> = BTreeMap::new();
    for cell in plan.cells.iter().filter(|cell| cell.network.is_some()) {
        let sum = found.entry(&cell.blueprint.name).or_default();
        sum.cells += 1;
        sum.tenants += touched(plan, cell);
    }
    found
}

/// How many tenants there are that a change could touch at all.
pub fn tenants_with_stacks(plan: &Plan<'_>) -> usize {
    plan.tenants.iter().filter(|tenant| tenant.has_stacks()).count()
}

fn touched(plan: &Plan<'_>, cell: &CellPlan<'_>) -> usize {
    plan.tenants.iter().filter(|tenant| tenant.cell == cell.id && tenant.has_stacks()).count()
}

/// A VPC has one set of DHCP options, its Region's where a template makes none (VPC User Guide, "DHCP option sets").
fn settings(cell: &CellPlan<'_>) -> Vec<String> {
    let mut found: Vec<String> = ["VPC", "DNS", "DHCP options", "route tables"].map(str::to_owned).to_vec();
    match cell.settings.text("nat") {
        None | Some("none") => {}
        Some(nat) => found.push(format!("NAT ({})", nat.replace('_', " "))),
    }
    let endpoints = cell.settings.get("interface_endpoints").as_array();
    let endpoints: Vec<&str> =
        endpoints.into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    if !endpoints.is_empty() {
        found.push(format!("endpoints of {}", endpoints.join(", ")));
    }
    // Whoever gets out of a container there is where all others are (ECS Developer Guide, "Task and container security
    // best practices").
    if cell.runs_on_instances() {
        found.push("instances, whose kernel the tasks share".to_owned());
    }
    found
}
