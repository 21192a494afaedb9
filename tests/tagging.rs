//! What the component `tagging` says to AWS, read from the committed example as AWS would read it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

const OUTPUT: &str = "examples/components/output";

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(format!("{OUTPUT}/{path}")).unwrap()).unwrap()
}

fn property<'t>(template: &'t Value, resource: &str, property: &str) -> &'t Value {
    &template["Resources"][resource]["Properties"][property]
}

#[test]
fn the_tag_policy_that_is_deployed_is_the_one_that_resources_are_checked_against() {
    let template = read("templates/tagging/tagging_policies.json");
    let deployed = property(&template, "TagPolicy", "Content");
    assert_eq!(*deployed, read("organization/tag-policy.json"));
    assert!(deployed["tags"]["tenant-id"]["report_required_tag_for"].is_object());
}

#[test]
fn rules_of_cost_categories_are_documents_in_a_text() {
    let template = read("templates/tagging/tagging_costs.json");
    let document = |resource, name| -> Value {
        serde_json::from_str(property(&template, resource, name).as_str().unwrap()).unwrap()
    };
    let rules = document("Tenants", "Rules");
    assert_eq!(rules[1]["InheritedValue"]["DimensionKey"], "tenant-id");
    assert_eq!(rules[0]["Value"], "Shared");
    let split = document("Tiers", "SplitChargeRules");
    assert_eq!(split[0]["Source"], rules[0]["Value"], "what is split is what the rule calls shared");
    let targets: BTreeSet<&str> =
        split[0]["Targets"].as_array().unwrap().iter().map(|tier| tier.as_str().unwrap()).collect();
    let plan = read("plan.json");
    let tiers = plan["tenants"].as_array().unwrap().iter().map(|one| one["tier"].as_str().unwrap());
    assert!(tiers.clone().count() > 0 && tiers.clone().all(|tier| targets.contains(tier)), "{targets:?}");
}

#[test]
fn the_isolation_tag_is_demanded_and_protected_but_from_deployment() {
    let template = read("templates/tagging/tagging_policies.json");
    let statements = property(&template, "TagGuard", "Content")["Statement"].as_array().unwrap();
    for statement in statements {
        assert_eq!(statement["Effect"], "Deny");
        let except = &statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"];
        assert_eq!(except[0], "arn:aws:iam::*:role/ledgerly-prod-execution", "{statement}");
    }
    let protects =
        |statement: &&Value| statement["Condition"]["ForAnyValue:StringEquals"]["aws:TagKeys"] == "tenant-id";
    assert_eq!(statements.iter().filter(protects).count(), 1);
}

#[test]
fn types_that_cost_something_and_take_no_tags_are_named() {
    let coverage = &read("plan.json")["tag_coverage"];
    let billed = coverage["untaggable"]["billed"].as_array().unwrap();
    let counts = &coverage["billed_types"];
    let (all, tagged) = (counts["all"].as_u64().unwrap(), counts["tagged"].as_u64().unwrap());
    assert_eq!(all - tagged, billed.len() as u64);
    assert!(tagged > 0);
}
