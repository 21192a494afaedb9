//! What stacks wait for that belong to different tenants or homes, as the manifest says it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const CATALOG: &str = r#"
version: 1
product: shop
environment: test
organization: { id: o-a1b2c3d4e5, management_account: "111111111111", root: r-ab12 }
accounts:
  - { id: "222222222222", name: platform, hosts: [subnet, container] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2], pools: [10.64.0.0/12] }
tiers:
  enterprise: { model: account, settings: { mail_domain: cloud.shop.example, operations_account: "222222222222" } }
  team:
    model: subnet
    settings: { load_balancer: true, domain: shop.example, hosted_zone: Z0123456789ABCDEFGHIJ }
  plus:
    model: container
    settings: { load_balancer: true, domain: shop.example, hosted_zone: Z0123456789ABCDEFGHIJ, image: 222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop:1 }
tenants:
"#;

/// The stacks of a catalog with these tenants, by name: wave, and what each waits for.
fn stacks(directory: &Path, tenants: &str) -> BTreeMap<String, (u64, Vec<String>)> {
    fs::write(directory.join("catalog.yaml"), format!("{CATALOG}{tenants}")).unwrap();
    let run =
        Command::new(env!("CARGO_BIN_EXE_tenantry")).arg("synth").current_dir(directory).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let manifest = fs::read_to_string(directory.join("output/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let stack = |stack: &Value| {
        let waits = stack["depends_on"].as_array().unwrap().iter().map(text).collect();
        (text(&stack["name"]), (stack["wave"].as_u64().unwrap(), waits))
    };
    manifest["stacks"].as_array().unwrap().iter().map(stack).collect()
}

fn enterprises(count: usize, more: &str) -> String {
    let one = |n| format!("  - {{ id: tenant-{n}, name: T, tier: enterprise, region: eu-west-1{more} }}\n");
    (10..10 + count).map(one).collect()
}

#[test]
fn no_more_than_five_accounts_are_made_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let stacks = stacks(directory.path(), &enterprises(12, ""));
    let mut of_wave: BTreeMap<u64, usize> = BTreeMap::new();
    for (wave, _) in stacks.iter().filter(|(name, _)| name.ends_with("-account")).map(|(_, stack)| stack) {
        *of_wave.entry(*wave).or_default() += 1;
    }
    assert_eq!(of_wave.values().copied().collect::<Vec<_>>(), [5, 5, 2]);
    // Whoever goes by `depends_on` and knows no waves has five at a time too.
    assert!(stacks["shop-test-tenant-15-account"].1.contains(&"shop-test-tenant-10-account".to_owned()));
    // What is built in an account comes after it.
    assert!(stacks["shop-test-tenant-21-baseline"].0 > stacks["shop-test-tenant-21-account"].0);
}

#[test]
fn an_account_that_exists_waits_for_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let numbered = |n: usize| {
        format!(
            "  - {{ id: tenant-{n}, name: T, tier: enterprise, region: eu-west-1, account: \"4444444444{n}\" }}\n"
        )
    };
    let stacks = stacks(directory.path(), &(10..22).map(numbered).collect::<String>());
    let waves: Vec<u64> =
        stacks.iter().filter(|(name, _)| name.ends_with("-account")).map(|(_, (wave, _))| *wave).collect();
    assert_eq!(waves.len(), 12);
    assert!(waves.iter().all(|wave| *wave == waves[0]), "{waves:?}");
}

#[test]
fn the_home_that_gets_the_host_name_comes_after_the_one_that_gives_it_up() {
    let directory = tempfile::tempdir().unwrap();
    let of = |tier, homes| {
        format!("  - {{ id: acme, name: Acme, tier: {tier}, region: eu-west-1, homes: [{homes}] }}\n")
    };
    let (old, new) = ("shop-test-acme-loadbalancer", "shop-test-acme-2loadbalancer");
    stacks(directory.path(), &of("team", ""));
    let during = stacks(directory.path(), &of("plus", "{ tier: team, leaving: true }"));
    assert!(during[old].0 > during[new].0, "the old home has the name, and so comes last");
    assert!(during[old].1.contains(&new.to_owned()));
    let over = stacks(directory.path(), &of("plus", "{ tier: team, leaving: true, status: suspended }"));
    assert!(over[new].0 > over[old].0, "the new home claims the name when the old one has let go");
    assert!(over[new].1.contains(&old.to_owned()));
    // Called off: the name goes back.
    let back = stacks(directory.path(), &of("plus", "{ tier: team, leaving: true }"));
    assert_eq!(back, during);
}
