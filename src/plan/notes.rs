//! What a plan should not be read without, in a sentence each: remarks that no template carries.

use crate::identity::Model;
use crate::plan::Plan;

/// The remarks on a plan; none where nothing is to say.
pub fn notes(plan: &Plan<'_>) -> Vec<String> {
    shared_discounts(plan).into_iter().collect()
}

/// The paper has economies of scale lost with an account each. Consolidated billing has them back unless somebody
/// takes them away (AWS Billing User Guide, "Reserved Instances and Savings Plans discount sharing").
fn shared_discounts(plan: &Plan<'_>) -> Option<String> {
    let has_account =
        |tenant: &&super::TenantPlan<'_>| tenant.blueprint.model == Model::Account && tenant.has_stacks();
    let tenants = plan.tenants.iter().filter(has_account).count();
    let whose = match tenants {
        0 => return None,
        1 => "one tenant has an account of its own".to_owned(),
        tenants => format!("{tenants} tenants have an account of their own"),
    };
    Some(format!(
        "{whose}; Reserved Instances and Savings Plans of one account of the organization count in all others, \
         unless its management account has switched sharing off or keeps it to groups of accounts"
    ))
}
