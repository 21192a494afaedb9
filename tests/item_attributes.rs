//! Limits on the attributes of items in a pool: what a session of a tenant may ask of the table, by its policy.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const CATALOG: &str = r#"
version: 1
product: shop
environment: test
accounts:
  - { id: "111122223333", name: pools, hosts: [application] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2], pools: [10.64.0.0/16] }
tiers:
  free: { model: application, settings: { attributes: @ATTRIBUTES } }
tenants:
  - { id: acme, name: Acme, tier: free, region: eu-west-1 }
"#;

fn tenantry(directory: &Path, command: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_tenantry");
    Command::new(program).arg(command).current_dir(directory).output().unwrap()
}

/// The statement by which sessions reach items, of a catalog whose tier has these attributes.
fn statement(attributes: &str) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let catalog = CATALOG.replace("@ATTRIBUTES", attributes);
    fs::write(directory.path().join("catalog.yaml"), catalog).unwrap();
    let run = tenantry(directory.path(), "synth");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let judged = tenantry(directory.path(), "check");
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
    let templates = fs::read_dir(directory.path().join("output/templates/application")).unwrap();
    let data = templates.map(|entry| entry.unwrap().path());
    let is_data = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with("data.");
    let data = data.into_iter().find(|path| is_data(path)).unwrap();
    let template: Value = serde_json::from_str(&fs::read_to_string(data).unwrap()).unwrap();
    template["Resources"]["ItemsAccess"]["Properties"]["PolicyDocument"]["Statement"][0].clone()
}

#[test]
fn a_session_reads_and_changes_the_attributes_that_are_listed_and_the_keys() {
    let statement = statement("[title, due_date]");
    let condition = &statement["Condition"];
    assert_eq!(
        condition["ForAllValues:StringEquals"]["dynamodb:Attributes"],
        json!(["partition", "sort", "title", "due_date"])
    );
    // Without a list of attributes a read is one of all, and an answer could show what it may not read.
    assert_eq!(condition["StringEqualsIfExists"]["dynamodb:Select"], "SPECIFIC_ATTRIBUTES");
    assert_eq!(
        condition["StringEqualsIfExists"]["dynamodb:ReturnValues"],
        json!(["NONE", "UPDATED_NEW", "UPDATED_OLD"])
    );
    assert!(
        condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].is_array(),
        "and its own items alone"
    );
    let actions: Vec<&str> =
        statement["Action"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(actions.contains(&"dynamodb:UpdateItem"));
    for whole in ["dynamodb:PutItem", "dynamodb:BatchWriteItem"] {
        assert!(!actions.contains(&whole), "{whole} takes away the attributes that it does not name");
    }
}

#[test]
fn without_a_list_a_session_has_all_attributes_of_its_items() {
    let statement = statement("[]");
    assert!(statement["Condition"].get("ForAllValues:StringEquals").is_none());
    assert!(statement["Action"].as_array().unwrap().contains(&json!("dynamodb:PutItem")));
}
