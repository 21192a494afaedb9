//! `manifest.json`: every stack, in the order of deployment, and every other file of the tree.

use crate::cloudformation::{Json, limits};
use crate::plan::{Plan, Unit};
use crate::synth::bind::BoundStack;

/// The JSON Schema of the file.
pub fn schema() -> &'static str {
    include_str!("manifest.schema.json")
}

/// The manifest. `files` are those that no stack names; the writer knows by both what is tenantry's.
pub(super) fn manifest(plan: &Plan<'_>, stacks: &[BoundStack<'_>], files: &[&str]) -> Json {
    let mut files = files.to_vec();
    files.sort_unstable();
    Json::object([
        ("version", 1u64.into()),
        ("product", Json::text(plan.catalog.product.value.as_str())),
        ("environment", Json::text(plan.catalog.environment.value.as_str())),
        ("stacks", stacks.iter().map(stack).collect()),
        ("files", files.into_iter().collect()),
    ])
}

fn stack(stack: &BoundStack<'_>) -> Json {
    let (tenant, cell) = match stack.unit {
        Unit::Tenant(tenant) => (Some(&tenant.tenant.id.value), Some(&tenant.cell)),
        Unit::Cell(cell) => (None, Some(&cell.id)),
        Unit::Account(_) => (None, None),
    };
    let blueprint = stack.unit.blueprint();
    // What a component has for all models is of none.
    let model = if blueprint.is_component { Json::Null } else { Json::text(blueprint.model.as_str()) };
    let mut entries = vec![
        ("name", Json::text(&stack.name)),
        ("account", Json::text(stack.account.to_string())),
        ("region", Json::text(stack.region.as_str())),
        ("template", Json::text(&stack.template.path)),
        ("deployment", Json::text(&stack.deployment)),
        ("tenant", tenant.map_or(Json::Null, |tenant| Json::text(tenant.as_str()))),
        ("cell", cell.map_or(Json::Null, |cell| Json::text(cell.to_string()))),
        ("model", model),
        ("capabilities", stack.template.capabilities.iter().copied().collect()),
        ("depends_on", stack.depends_on.iter().map(String::as_str).collect()),
        ("wave", (stack.wave as u64).into()),
    ];
    if stack.template.text.len() > limits::TEMPLATE_BODY_BYTES {
        entries.push(("needs_s3", true.into()));
    }
    Json::object(entries)
}
