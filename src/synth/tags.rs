//! The tags of a unit's stacks: a tenant's are those that the catalog gives it, and what tenants share has
//! those that say nothing of a tenant.

use crate::catalog::{Catalog, TagRule, TagSource};
use crate::plan::Unit;

/// Key and value, in the order of the catalog's rules.
pub(super) fn tags(catalog: &Catalog, unit: Unit<'_>) -> Vec<(String, String)> {
    let value = |rule: &TagRule| match unit {
        Unit::Tenant(tenant) => tenant.tenant.tags.get(&rule.key.value).map(|value| value.value.to_string()),
        Unit::Cell(_) | Unit::Account(_) => shared_value(catalog, rule, unit),
    };
    catalog.tags.iter().filter_map(|rule| Some((rule.key.value.to_string(), value(rule)?))).collect()
}

fn shared_value(catalog: &Catalog, rule: &TagRule, unit: Unit<'_>) -> Option<String> {
    match rule.source {
        Some(TagSource::TenantId) => shared_tag(unit),
        Some(TagSource::Product) => Some(catalog.product.value.to_string()),
        Some(TagSource::Environment) => Some(catalog.environment.value.to_string()),
        Some(_) => rule.shared.as_ref().map(|shared| shared.value.to_string()),
        None => rule.shared.as_ref().or(rule.default.as_ref()).map(|value| value.value.to_string()),
    }
}

/// What stands in the place of a tenant's id. A colon is in no id, so it is never mistaken for one.
pub(super) fn shared_tag(unit: Unit<'_>) -> Option<String> {
    match unit {
        Unit::Tenant(_) => None,
        Unit::Cell(cell) => Some(format!("cell:{}", cell.id.name())),
        Unit::Account(account) => Some(format!("shared:{}", account.blueprint.name)),
    }
}
