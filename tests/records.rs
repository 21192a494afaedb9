//! Bringing a tenant into a pool: a record, and for a database a script; never a stack.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const CATALOG: &str = r#"
version: 1
product: shop
environment: test
accounts:
  - { id: "111122223333", name: pools, hosts: [application] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2], pools: [10.64.0.0/16] }
tiers:
  free: { model: application }
  schema: { model: application, settings: { engine: aurora, database: schema_each } }
tenants:
"#;

/// The output tree of a catalog with these tenants, by path.
fn synth(directory: &Path, tenants: &[String]) -> BTreeMap<String, String> {
    fs::write(directory.join("catalog.yaml"), format!("{CATALOG}{}", tenants.concat())).unwrap();
    let run =
        Command::new(env!("CARGO_BIN_EXE_tenantry")).arg("synth").current_dir(directory).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let root = directory.join("output");
    let mut files = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

fn tenant(id: &str, tier: &str, more: &str) -> String {
    format!("  - {{ id: {id}, name: \"The {id}\", tier: {tier}, region: eu-west-1{more} }}\n")
}

fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let names = before.keys().chain(after.keys());
    let mut names: Vec<String> =
        names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_tenant_of_a_pool_is_a_record_and_no_stack() {
    let directory = tempfile::tempdir().unwrap();
    let mut tenants: Vec<String> = (0..60).map(|number| tenant(&format!("t{number}"), "free", "")).collect();
    let before = synth(directory.path(), &tenants);
    tenants.push(tenant("newcomer", "free", ""));
    let after = synth(directory.path(), &tenants);
    let records = "cells/111122223333/eu-west-1/application-1/tenants/";
    let changed = changed(&before, &after);
    let (of_records, others): (Vec<&String>, Vec<&String>) =
        changed.iter().partition(|name| name.starts_with(records));
    assert_eq!(of_records.len(), 1, "{changed:?}");
    assert_eq!(others, ["plan.json"], "neither a stack nor a template");
    let calls = after.iter().filter(|(name, _)| name.starts_with(records));
    let mut ids = Vec::new();
    for (_, call) in calls {
        let call: serde_json::Value = serde_json::from_str(call).unwrap();
        let requests = call["shop-test-1-application-tenants"].as_array().unwrap();
        assert!(requests.len() <= 25, "more than a call of BatchWriteItem takes");
        let id = |request: &serde_json::Value| {
            request["PutRequest"]["Item"]["tenant_id"]["S"].as_str().unwrap().to_owned()
        };
        ids.extend(requests.iter().map(id));
    }
    assert_eq!(ids.len(), 61);
    assert!(ids.contains(&"newcomer".to_owned()));
}

#[test]
fn who_is_suspended_keeps_everything_but_the_way_in() {
    let directory = tempfile::tempdir().unwrap();
    let before = synth(directory.path(), &[tenant("acme", "schema", ""), tenant("globex", "schema", "")]);
    let after = synth(
        directory.path(),
        &[tenant("acme", "schema", ", status: suspended"), tenant("globex", "schema", "")],
    );
    let script = "tenants/111122223333/eu-west-1/acme/tenant.sql";
    assert_eq!(
        changed(&before, &after),
        ["cells/111122223333/eu-west-1/application-1/tenants/all.json", "plan.json", script]
    );
    assert!(before[script].contains("ALTER ROLE \"tenant-acme\" LOGIN;"));
    assert!(after[script].contains("ALTER ROLE \"tenant-acme\" NOLOGIN;"));
    assert!(!after[script].contains("globex"));
}

#[test]
fn the_record_of_a_tenant_that_has_retired_is_deleted_by_the_same_call() {
    let directory = tempfile::tempdir().unwrap();
    let stays = tenant("globex", "free", "");
    let before = synth(directory.path(), &[tenant("acme", "free", ""), stays.clone()]);
    let records = "cells/111122223333/eu-west-1/application-1/tenants/all.json";
    assert!(!before[records].contains("DeleteRequest"));
    let retired = tenant("acme", "free", ", status: retired");
    let first = synth(directory.path(), &[retired.clone(), stays.clone()]);
    // The lock has forgotten the tenant by now, and the call still says the same.
    let after = synth(directory.path(), &[retired, stays]);
    assert_eq!(first[records], after[records]);
    let call: serde_json::Value = serde_json::from_str(&after[records]).unwrap();
    let requests = call["shop-test-1-application-tenants"].as_array().unwrap();
    let deleted: Vec<_> = requests.iter().filter_map(|one| one.get("DeleteRequest")).collect();
    assert_eq!(deleted, [&serde_json::json!({"Key": {"tenant_id": {"S": "acme"}}})]);
    assert!(requests.iter().any(|one| one["PutRequest"]["Item"]["tenant_id"]["S"] == "globex"));
}
