//! Who watches accounts: once, whoever else does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// One tenant in an account of its own, and one in a VPC of the platform's.
const CATALOG: &str = r#"
version: 1
product: shop
environment: test
organization: { id: o-a1b2c3d4e5, management_account: "111111111111", root: r-ab12@ORGANIZATION }
accounts:
  - { id: "222222222222", name: platform, hosts: [vpc, shared_services] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2], pools: [10.64.0.0/16] }
tiers:
  own: { model: account, settings: { mail_domain: shop.example, operations_account: "222222222222" } }
  business: { model: vpc }
tenants:
  - { id: acme, name: Acme, tier: own, region: eu-west-1 }
  - { id: globex, name: Globex, tier: business, region: eu-west-1 }
"#;

/// The output tree of the catalog with more in its organization, by path.
fn synth(organization: &str) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let catalog = CATALOG.replace("@ORGANIZATION", organization);
    fs::write(directory.path().join("catalog.yaml"), catalog).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .arg("synth")
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    files(&directory.path().join("output"))
}

fn files(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn an_organization_that_has_a_trail_gets_no_second_and_nothing_else_changes() {
    let with = synth("");
    let without = synth(", trail: false");
    let gone: Vec<&String> = with.keys().filter(|name| !without.contains_key(*name)).collect();
    assert_eq!(
        gone,
        ["stacks/111111111111/eu-west-1/shop-test-account-trail-0.json", "templates/account/trail.json"]
    );
    let changed = without.iter().filter(|(name, text)| with.get(*name) != Some(text));
    let changed: Vec<&String> = changed.map(|(name, _)| name).collect();
    assert_eq!(changed, ["manifest.json", "plan.json"]);
}
