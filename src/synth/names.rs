//! Names of stacks and of resources that must have one, for whatever they are made.

use crate::blueprint::Per;
use crate::catalog::Catalog;
use crate::identity::{HomeId, short_hash};
use crate::plan::Unit;

/// `product-environment-tenant-stack`, or for what tenants share `product-environment-model-stack-number`.
///
/// No two stacks of a catalog have one name, in whatever account and Region they are. A stack's own part
/// has no hyphen and begins with a letter, so the last hyphen ends a tenant's id, and what ends in a number
/// is no tenant's, whatever tenants are called. A model and a blueprint have no hyphens either. What there
/// is once for an account and Region has the blueprint in place of the model, since two of one model may
/// both have such stacks, and ends in the Region, whose last part is a number. In an account of a tenant's
/// own it is called as the tenant's stacks are: the account's number may not be known yet.
pub(super) fn stack_name(catalog: &Catalog, unit: Unit<'_>, stack: &str) -> String {
    let stack = stack.replace('_', "");
    let (product, environment) = (&catalog.product.value, &catalog.environment.value);
    // The number of a further home stands before the stack's own part, which begins with a letter.
    let of_home = |home: &HomeId| {
        let number = if home.number == 1 { String::new() } else { home.number.to_string() };
        format!("{product}-{environment}-{}-{number}{stack}", home.tenant)
    };
    match unit {
        Unit::Tenant(tenant) => of_home(&tenant.home),
        Unit::Cell(cell) => format!("{product}-{environment}-{}-{stack}-{}", cell.id.model, cell.id.ordinal),
        Unit::Account(one) => {
            let blueprint = one.blueprint.name.replace('_', "");
            match (&one.tenant, one.per) {
                (Some(home), _) => of_home(home),
                (None, Per::Organization) => format!("{product}-{environment}-{blueprint}-{stack}-0"),
                (None, _) => {
                    format!("{product}-{environment}-{blueprint}-{stack}-{}-{}", one.account, one.region)
                }
            }
        }
    }
}

/// A name for resources that must be named and whose names are short: an RDS cluster's has at most
/// 63 characters and no double hyphen (RDS User Guide, "Quotas and constraints"). In what tenants
/// share a number stands where a tenant's id begins with a letter, so no two are equal.
pub(super) fn resource_name(catalog: &Catalog, unit: Unit<'_>) -> String {
    const LONGEST: usize = 60;
    let own = match unit {
        Unit::Tenant(tenant) => tenant.home.name(),
        Unit::Cell(cell) => format!("{}-{}", cell.id.ordinal, cell.id.model),
        Unit::Account(account) => format!("0-{}", account.blueprint.name.replace('_', "-")),
    };
    let full = format!("{}-{}-{own}", catalog.product.value, catalog.environment.value);
    if full.len() <= LONGEST && !full.contains("--") {
        return full;
    }
    let words: Vec<&str> = full.split('-').filter(|word| !word.is_empty()).collect();
    let mut short = words.join("-");
    short.truncate(LONGEST - 9);
    format!("{}-{}", short.trim_end_matches('-'), short_hash(&full))
}
