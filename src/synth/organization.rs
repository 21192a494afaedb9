//! Files for the organization: its tag policy, and the tags to be activated for cost allocation, as data and as
//! a script.

use crate::catalog::{Catalog, TagRule, TagSource};
use crate::cloudformation::Json;
use crate::plan::Plan;

/// Resources in which AWS holds both a tag's value and a missing key against the policy, by the names that
/// tag policies use (AWS Organizations User Guide, "Services and resource types that support enforcement").
const HELD_AGAINST: [&str; 6] = [
    "backup:backup-plan",
    "dynamodb:table",
    "ec2:ALL_SUPPORTED",
    "ecs:ALL_SUPPORTED",
    "s3:bucket",
    "sqs:queue",
];

/// Keys of one call of `ce:UpdateCostAllocationTagsStatus`.
const KEYS_A_CALL: usize = 20;

/// The organization's tag policy (AWS Organizations User Guide, "Tag policy syntax"). It names keys and
/// the values that the catalog lists, and never tenants: a policy may have 10,000 characters only.
pub(super) fn tag_policy(catalog: &Catalog) -> Json {
    let tags = catalog.tags.iter().map(|rule| (rule.key.value.to_string(), one_tag(rule)));
    Json::object([("tags", Json::object(tags))])
}

fn one_tag(rule: &TagRule) -> Json {
    let assign = |value: Json| Json::object([("@@assign", value)]);
    let is_asked = is_asked_of_all(rule);
    let mut key = vec![("@@assign", Json::text(rule.key.value.as_str()))];
    if is_asked {
        // A unit below the one that the policy is attached to cannot soften it.
        key.push(("@@operators_allowed_for_child_policies", ["@@none"].into_iter().collect()));
    }
    let mut entries = vec![("tag_key", Json::object(key))];
    if !rule.values.is_empty() {
        entries.push(("tag_value", assign(rule.values.iter().map(|value| value.value.as_str()).collect())));
    }
    // How a key is spelt and which values it has is refused where it is wrong; that it is missing is
    // reported, and refused by CloudFormation's hook.
    if is_asked || !rule.values.is_empty() {
        entries.push(("enforced_for", assign(HELD_AGAINST.into_iter().collect())));
    }
    if is_asked {
        entries.push(("report_required_tag_for", assign(HELD_AGAINST.into_iter().collect())));
    }
    Json::object(entries)
}

/// Whether every resource has the tag, those that tenants share included, so that a policy may demand it.
pub(super) fn is_asked_of_all(rule: &TagRule) -> bool {
    match rule.source {
        Some(TagSource::TenantId | TagSource::Product | TagSource::Environment) => true,
        Some(_) => rule.shared.is_some(),
        None => rule.default.is_some() || (rule.required && rule.shared.is_some()),
    }
}

/// The same calls as a script.
pub(super) fn cost_allocation_calls(catalog: &Catalog) -> String {
    let mut script = String::from(
        "#!/bin/sh\n\
         # Activates the catalog's tags for cost allocation. Run it in the management account, a day after the first\n\
         # stacks were deployed: AWS knows a key some time after it was first used, and shows costs by it a day later.\n\
         set -eu\n",
    );
    let keys: Vec<&str> = catalog.tags.iter().map(|rule| rule.key.value.as_str()).collect();
    for keys in keys.chunks(KEYS_A_CALL) {
        script.push_str("\naws ce update-cost-allocation-tags-status --cost-allocation-tags-status");
        for key in keys {
            // A key has no character that a shell reads between quotes.
            script.push_str(&format!(" \\\n  '{}'", status(key).to_compact()));
        }
        script.push('\n');
    }
    script
}

/// One key, to be activated.
fn status(key: &str) -> Json {
    Json::object([("TagKey", Json::text(key)), ("Status", Json::text("Active"))])
}

/// The calls that activate the catalog's tags for cost allocation, from the management account. There
/// is no CloudFormation type for this. A key can be activated a day after it was first used.
pub(super) fn cost_allocation_tags(plan: &Plan<'_>) -> Json {
    let keys: Vec<&str> = plan.catalog.tags.iter().map(|rule| rule.key.value.as_str()).collect();
    let calls = keys.chunks(KEYS_A_CALL).map(|keys| {
        Json::object([("CostAllocationTagsStatus", keys.iter().map(|key| status(key)).collect())])
    });
    Json::object([
        ("command", Json::text("aws ce update-cost-allocation-tags-status --cli-input-json CALL")),
        (
            "account",
            plan.catalog
                .organization
                .as_ref()
                .and_then(|organization| organization.management_account.as_ref())
                .map_or(Json::Null, |account| Json::text(account.value.to_string())),
        ),
        ("calls", calls.collect()),
    ])
}
