//! Who watches accounts: once, whoever else does. And what stands in front of what the Internet reaches.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A tenant in an account of its own, and others of three models in one account of the platform's.
const CATALOG: &str = r#"
version: 1
product: shop
environment: test
organization: { id: o-a1b2c3d4e5, management_account: "111111111111", root: r-ab12@ORGANIZATION }
accounts:
  - { id: "222222222222", name: platform, hosts: [vpc, container, application] }
  - { id: "333333333333", name: central, hosts: [shared_services] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2], pools: [10.64.0.0/14] }
  us-east-1: { zones: [use1-az1, use1-az2], pools: [10.68.0.0/14] }
components: { @COMPONENTS }
tiers:
  own: { model: account, settings: { mail_domain: shop.example, operations_account: "333333333333" } }
  business: { model: vpc }
  plus:
    model: container
    settings:
      load_balancer: true
      domain: shop.example
      hosted_zone: Z0123456789ABCDEFGHIJ
      image: 222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop:1
  free:
    model: application
    settings:
      function: true
      image: 222222222222.dkr.ecr.eu-west-1.amazonaws.com/pool:1
      authorizer_image: 222222222222.dkr.ecr.eu-west-1.amazonaws.com/authorizer:1
tenants:
  - { id: acme, name: Acme, tier: own, region: eu-west-1 }
  - { id: globex, name: Globex, tier: business, region: eu-west-1 }
  - { id: initech, name: Initech, tier: business, region: us-east-1 }
  - { id: pied, name: Pied, tier: plus, region: eu-west-1 }
  - { id: soylent, name: Soylent, tier: free, region: eu-west-1 }
"#;

/// The output tree of the catalog with more in its organization and these components, by path.
fn synth(organization: &str, components: &str) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let catalog = CATALOG.replace("@ORGANIZATION", organization).replace("@COMPONENTS", components);
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

/// Every resource of a type: the account and Region it stands in, and its properties.
fn resources(tree: &BTreeMap<String, String>, kind: &str) -> Vec<(String, Value)> {
    let manifest: Value = serde_json::from_str(&tree["manifest.json"]).unwrap();
    let mut found = Vec::new();
    for stack in manifest["stacks"].as_array().unwrap() {
        let template: Value = serde_json::from_str(&tree[stack["template"].as_str().unwrap()]).unwrap();
        let place = format!("{}/{}", stack["account"].as_str().unwrap(), stack["region"].as_str().unwrap());
        let of_kind = template["Resources"].as_object().unwrap().values().filter(|one| one["Type"] == kind);
        found.extend(of_kind.map(|one| (place.clone(), one["Properties"].clone())));
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

fn places(tree: &BTreeMap<String, String>, kind: &str) -> Vec<String> {
    resources(tree, kind).into_iter().map(|(place, _)| place).collect()
}

const HOMES: [&str; 3] = ["222222222222/eu-west-1", "222222222222/us-east-1", "acme/eu-west-1"];

#[test]
fn an_organization_that_has_a_trail_gets_no_second_and_nothing_else_changes() {
    let with = synth("", "");
    let without = synth(", trail: false", "");
    let gone: Vec<&String> = with.keys().filter(|name| !without.contains_key(*name)).collect();
    assert_eq!(
        gone,
        ["stacks/111111111111/eu-west-1/shop-test-account-trail-0.json", "templates/account/trail.json"]
    );
    let changed = without.iter().filter(|(name, text)| with.get(*name) != Some(text));
    let changed: Vec<&String> = changed.map(|(name, _)| name).collect();
    assert_eq!(changed, ["manifest.json", "plan.json"]);
}

#[test]
fn an_account_has_each_service_once_in_a_region_however_many_blueprints_live_there() {
    let tree = synth("", "security: {}");
    assert_eq!(places(&tree, "AWS::GuardDuty::Detector"), HOMES);
    assert_eq!(places(&tree, "AWS::SecurityHub::Hub"), HOMES);
}

#[test]
fn an_account_has_one_analyzer_of_a_kind_whether_the_blueprint_makes_it_or_the_component() {
    let tree = synth("", "security: { unused_access_days: 90 }");
    let analyzers = resources(&tree, "AWS::AccessAnalyzer::Analyzer");
    let of = |kind: &str| -> Vec<&String> {
        analyzers.iter().filter(|(_, one)| one["Type"] == kind).map(|(place, _)| place).collect()
    };
    assert_eq!(of("ACCOUNT"), HOMES);
    // Roles are the same in every Region.
    assert_eq!(of("ACCOUNT_UNUSED_ACCESS"), ["222222222222/eu-west-1", "acme/eu-west-1"]);
}

#[test]
fn the_organizations_trail_is_not_doubled_in_tenants_accounts() {
    let places_of = |components: &str| places(&synth("", components), "AWS::CloudTrail::Trail");
    assert_eq!(places_of("security: {}"), ["111111111111/eu-west-1", "222222222222/eu-west-1"]);
    assert_eq!(places_of("security: { account_trail: false }"), ["111111111111/eu-west-1"]);
}

#[test]
fn from_the_centre_no_other_account_detects_by_itself() {
    let tree =
        synth("", "security: { security_services: central, security_administrator: \"333333333333\" }");
    let central = ["333333333333/eu-west-1", "333333333333/us-east-1"];
    assert_eq!(places(&tree, "AWS::GuardDuty::Detector"), central);
    assert_eq!(places(&tree, "AWS::SecurityHub::Hub"), central);
    assert_eq!(places(&tree, "AWS::SecurityHub::FindingAggregator"), central[..1]);
    assert_eq!(places(&tree, "AWS::SecurityHub::DelegatedAdmin"), ["111111111111/eu-west-1"]);
    let script = &tree["runbook/security/security_organization_commands.sh"];
    for line in ["administrator=333333333333", "in_region eu-west-1", "in_region us-east-1"] {
        assert!(script.lines().any(|one| one == line), "{line}\n{script}");
    }
}

#[test]
fn every_way_in_from_the_internet_has_a_firewall_that_bounds_a_tenant_and_an_address() {
    let tree = synth("", "security: {}");
    let firewalls = resources(&tree, "AWS::WAFv2::WebACL");
    let entries = places(&tree, "AWS::ElasticLoadBalancingV2::LoadBalancer").len()
        + places(&tree, "AWS::ApiGateway::Stage").len();
    assert_eq!(firewalls.len(), entries);
    assert_eq!(places(&tree, "AWS::WAFv2::WebACLAssociation").len(), entries);
    let mut keys = Vec::new();
    for (_, firewall) in &firewalls {
        let rate = |name: &str| {
            let rule =
                firewall["Rules"].as_array().unwrap().iter().find(|rule| rule["Name"] == name).unwrap();
            assert!(rule["Action"]["Block"].is_object(), "{rule}");
            rule["Statement"]["RateBasedStatement"].clone()
        };
        assert_eq!(rate("address")["AggregateKeyType"], "IP");
        keys.push(rate("tenant")["CustomKeys"][0]["Header"]["Name"].as_str().unwrap().to_owned());
    }
    keys.sort();
    assert_eq!(keys, ["authorization", "host"]);
}

#[test]
fn a_firewalls_log_holds_nothing_that_proves_who_somebody_is() {
    let tree = synth("", "security: {}");
    let logs = resources(&tree, "AWS::WAFv2::LoggingConfiguration");
    assert_eq!(logs.len(), 2);
    for (_, log) in logs {
        let redacted: Vec<&str> = log["RedactedFields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["SingleHeader"]["Name"].as_str().unwrap())
            .collect();
        assert_eq!(redacted, ["authorization", "cookie", "x-api-key"]);
    }
}
