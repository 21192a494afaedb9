//! Files for the organization: its tag policy, and the tags to be activated for cost allocation.

use crate::catalog::{TagRule, TagSource};
use crate::cloudformation::Json;
use crate::plan::Plan;

/// Keys of one call of `ce:UpdateCostAllocationTagsStatus`.
const KEYS_A_CALL: usize = 20;

/// The organization's tag policy (AWS Organizations User Guide, "Tag policy syntax"). It names keys and
/// the values that the catalog lists, and never tenants: a policy may have 10,000 characters only.
pub(super) fn tag_policy(plan: &Plan<'_>) -> Json {
    let tags = plan.catalog.tags.iter().map(|rule| (rule.key.value.to_string(), one_tag(rule)));
    Json::object([("tags", Json::object(tags))])
}

fn one_tag(rule: &TagRule) -> Json {
    let assign = |value: Json| Json::object([("@@assign", value)]);
    let mut entries = vec![("tag_key", assign(Json::text(rule.key.value.as_str())))];
    if !rule.values.is_empty() {
        entries.push(("tag_value", assign(rule.values.iter().map(|value| value.value.as_str()).collect())));
    }
    if rule.required || rule.source == Some(TagSource::TenantId) {
        let types = ["ec2:ALL_SUPPORTED", "ecs:ALL_SUPPORTED", "rds:ALL_SUPPORTED"];
        entries.push(("report_required_tag_for", assign(types.into_iter().collect())));
    }
    Json::object(entries)
}

/// The calls that activate the catalog's tags for cost allocation, from the management account. There
/// is no CloudFormation type for this. A key can be activated a day after it was first used.
pub(super) fn cost_allocation_tags(plan: &Plan<'_>) -> Json {
    let keys: Vec<&str> = plan.catalog.tags.iter().map(|rule| rule.key.value.as_str()).collect();
    let calls = keys.chunks(KEYS_A_CALL).map(|keys| {
        let status = keys
            .iter()
            .map(|key| Json::object([("TagKey", Json::text(*key)), ("Status", Json::text("Active"))]));
        Json::object([("CostAllocationTagsStatus", status.collect())])
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
