//! What the components `monitoring` and `backup` promise, looked for in the templates that come out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use tenantry::blueprint::{Library, Wanted};
use tenantry::catalog::{self, Tier};
use tenantry::diagnostics::{Report, human};
use tenantry::plan::lock::Lock;
use tenantry::plan::plan;
use tenantry::source::SourceMap;
use tenantry::synth::synth;

type Tree = BTreeMap<String, Value>;

/// A tenant of each kind in two Regions, with these components, and these settings of the tenants with a VPC.
fn catalog(components: &str, settings: &str) -> String {
    format!(
        r#"
version: 1
product: shop
environment: prod
organization: {{ id: o-a1b2c3d4e5, management_account: "111111111111", root: r-ab12 }}
accounts:
  - {{ id: "222222222222", name: tenants, hosts: [vpc, container, application] }}
  - {{ id: "333333333333", name: central, hosts: [shared_services] }}
regions:
  eu-west-1: {{ zones: [euw1-az1, euw1-az2], pools: [10.64.0.0/16] }}
  us-east-1: {{ zones: [use1-az1, use1-az2], pools: [10.80.0.0/16] }}
components: {{ {components} }}
tiers:
  own: {{ model: account, settings: {{ mail_domain: shop.example, operations_account: "333333333333" }} }}
  network: {{ model: vpc, settings: {{ database: true, {settings} }} }}
  containers:
    model: container
    settings:
      load_balancer: true
      domain: shop.example
      hosted_zone: Z0123456789ABCDEFGHIJ
      image: 222222222222.dkr.ecr.us-east-1.amazonaws.com/shop:1
      database: true
  pool:
    model: application
    settings:
      function: true
      image: 222222222222.dkr.ecr.us-east-1.amazonaws.com/shop/pool:1
      authorizer_image: 222222222222.dkr.ecr.us-east-1.amazonaws.com/shop/authorizer:1
tenants:
  - {{ id: acme, name: Acme, tier: own, region: us-east-1 }}
  - {{ id: globex, name: Globex, tier: network, region: us-east-1 }}
  - {{ id: hooli, name: Hooli, tier: network, region: eu-west-1 }}
  - {{ id: pied, name: Pied, tier: containers, region: us-east-1 }}
  - {{ id: soylent, name: Soylent, tier: pool, region: us-east-1 }}
"#
    )
}

/// The files in JSON, or what the user is told.
fn compiled(components: &str, settings: &str) -> Result<Tree, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    fs::write(&path, catalog(components, settings)).unwrap();
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let mut run = || {
        let catalog = catalog::read(&path, &mut sources, &mut report)?;
        let wanted = Wanted {
            on: catalog.components.iter().map(|(name, node)| (name.as_str(), node.span)).collect(),
            blueprints: catalog.tiers.values().map(Tier::blueprint_name).collect(),
        };
        let library = Library::read_for(&wanted, None, &mut sources, &mut report)?;
        let lock = Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone());
        let plan = plan(&catalog, &library, &lock, &mut report)?;
        synth(&plan, &mut report).map(|made| made.tree)
    };
    match run() {
        Ok(tree) => {
            let files = tree.files().iter().filter(|(path, _)| path.as_str().ends_with(".json"));
            Ok(files
                .map(|(path, bytes)| (path.as_str().to_owned(), serde_json::from_slice(bytes).unwrap()))
                .collect())
        }
        Err(_) => Err(human::render(&report.into_sorted(&sources), &sources, false)),
    }
}

/// The resources of a type in every template whose path has this part, with the path and the logical id.
fn resources<'t>(tree: &'t Tree, part: &str, kind: &str) -> Vec<(&'t str, &'t str, &'t Value)> {
    let templates = tree.iter().filter(|(path, _)| path.starts_with("templates/") && path.contains(part));
    let all = templates.flat_map(|(path, template)| {
        let resources = template["Resources"].as_object().unwrap();
        resources.iter().map(move |(id, resource)| (path.as_str(), id.as_str(), resource))
    });
    all.filter(|(_, _, resource)| resource["Type"] == kind).collect()
}

/// Every text anywhere in a value, in order, with what functions give left out.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(entries) => entries.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

#[test]
fn every_alarm_of_a_stack_is_heard_through_the_one_that_tells_somebody() {
    let tree = compiled("monitoring: {}", "").unwrap();
    let composites = resources(&tree, "/monitoring_", "AWS::CloudWatch::CompositeAlarm");
    assert!(composites.len() >= 4, "one a template of tenants and cells");
    for (path, _, composite) in composites {
        let mut rule = Vec::new();
        texts(&composite["Properties"]["AlarmRule"], &mut rule);
        let named: BTreeSet<&str> =
            rule.iter().filter_map(|text| text.strip_prefix("ALARM(\"${")?.strip_suffix("}\")")).collect();
        let alarms = resources(&tree, path, "AWS::CloudWatch::Alarm");
        assert_eq!(named, alarms.iter().map(|(_, id, _)| *id).collect(), "{path}");
        for (_, id, alarm) in alarms {
            assert!(
                alarm["Properties"].get("AlarmActions").is_none(),
                "{id} of {path} tells somebody itself"
            );
        }
        assert!(composite["Properties"]["AlarmActions"][0].get("Fn::ImportValue").is_some());
    }
}

#[test]
fn a_tenant_has_the_alarms_of_what_it_has() {
    let tree = compiled("monitoring: {}", "").unwrap();
    let alarms = |path: &str| -> BTreeSet<&str> {
        resources(&tree, path, "AWS::CloudWatch::Alarm").into_iter().map(|(_, id, _)| id).collect()
    };
    let vpc = alarms("templates/vpc/monitoring_alarms");
    assert_eq!(vpc, ["Database", "Deadlocks", "ErrorRate"].into());
    let container = alarms("templates/container/monitoring_alarms");
    let behind = ["FailedRequests", "Memory", "NobodyAnswers", "Processors", "SlowRequests"];
    assert_eq!(container, vpc.iter().copied().chain(behind).collect());
    assert!(alarms("templates/application/monitoring_cell").contains("OneTenantFails"));
}

#[test]
fn dashboards_are_json_whatever_the_tenants_are_called() {
    let tree = compiled("monitoring: { dashboard: true }", "").unwrap();
    let dashboards = resources(&tree, "/monitoring_", "AWS::CloudWatch::Dashboard");
    assert!(dashboards.len() >= 4);
    for (path, _, dashboard) in dashboards {
        let (separator, pieces) = (
            &dashboard["Properties"]["DashboardBody"]["Fn::Join"][0],
            dashboard["Properties"]["DashboardBody"]["Fn::Join"][1].as_array().unwrap(),
        );
        assert_eq!(separator, "");
        let text = |piece: &Value| match piece {
            Value::String(text) => text.clone(),
            piece => match &piece["Fn::Sub"] {
                Value::String(text) => text.clone(),
                with => with[0].as_str().unwrap().to_owned(),
            },
        };
        let body: String = pieces.iter().map(text).collect();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(body["widgets"].as_array().unwrap().len() >= 2, "{path}");
        assert!(!body.to_string().contains("TenantName"), "a display name may hold anything");
    }
}

#[test]
fn what_iam_has_is_recorded_in_the_first_region_of_an_account_alone() {
    let tree = compiled("monitoring: {}", "").unwrap();
    let recorded = |account: &str, region: &str| -> bool {
        let stack = tree.iter().find(|(path, _)| {
            path.starts_with(&format!("stacks/{account}/{region}/"))
                && path.contains("-monitoringconfiguration")
        });
        let template = stack.unwrap().1["template-file-path"].as_str().unwrap();
        let group = &tree[template]["Resources"]["Recorder"]["Properties"]["RecordingGroup"];
        group["IncludeGlobalResourceTypes"].as_bool().unwrap()
    };
    assert!(recorded("222222222222", "eu-west-1"));
    assert!(!recorded("222222222222", "us-east-1"));
    assert!(recorded("acme", "us-east-1"), "an account of its own has a first Region of its own");
}

#[test]
fn what_stands_in_a_tenants_account_comes_after_the_account() {
    let tree = compiled("monitoring: {}, backup: {}", "").unwrap();
    let stacks = tree["manifest.json"]["stacks"].as_array().unwrap();
    let wave: BTreeMap<&str, u64> = stacks
        .iter()
        .map(|stack| (stack["name"].as_str().unwrap(), stack["wave"].as_u64().unwrap()))
        .collect();
    for stack in stacks {
        let name = stack["name"].as_str().unwrap();
        for other in stack["depends_on"].as_array().unwrap() {
            assert!(wave[other.as_str().unwrap()] < wave[name], "{name} and {other}");
        }
        if stack["account"] == "acme" {
            assert!(wave["shop-prod-acme-account"] < wave[name], "{name}");
        }
    }
}

#[test]
fn nobody_deletes_a_copy_but_who_the_catalog_names() {
    let denial = |components: &str| {
        let tree = compiled(components, "").unwrap();
        let (_, _, vault) = resources(&tree, "/backup_vault", "AWS::Backup::BackupVault")[0];
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            assert!(vault[policy].as_str().unwrap().starts_with("Retain"));
        }
        let statement = vault["Properties"]["AccessPolicy"]["Statement"][0].clone();
        assert_eq!((&statement["Effect"], &statement["Principal"]), (&"Deny".into(), &"*".into()));
        let mut actions = Vec::new();
        texts(&statement["Action"], &mut actions);
        assert!(actions.contains(&"backup:DeleteRecoveryPoint"));
        statement.get("Condition").cloned()
    };
    assert_eq!(denial("backup: {}"), None);
    let named = denial("backup: { vault_administrators: [\"arn:aws:iam::*:role/Keeper\"] }").unwrap();
    assert_eq!(named["ArnNotLike"]["aws:PrincipalArn"][0], "arn:aws:iam::*:role/Keeper");
}

#[test]
fn a_vault_is_locked_as_the_catalog_says() {
    let lock = |components: &str| {
        let tree = compiled(components, "").unwrap();
        let (_, _, vault) = resources(&tree, "/backup_vault", "AWS::Backup::BackupVault")[0];
        vault["Properties"].get("LockConfiguration").cloned()
    };
    let governance = lock("backup: {}").unwrap();
    assert!(governance.get("MinRetentionDays").is_some());
    // With days of grace the lock would close for ever.
    assert_eq!(governance.get("ChangeableForDays"), None);
    let compliance = lock("backup: { vault_lock: compliance, vault_lock_grace_days: 14 }").unwrap();
    assert_eq!(compliance["ChangeableForDays"], 14);
    assert_eq!(lock("backup: { vault_lock: none }"), None);
}

#[test]
fn a_tenant_is_backed_up_by_its_tag_and_as_its_tier_says() {
    let rules = |plan: &str| -> Vec<String> {
        let tree = compiled("backup: {}", &format!("backup_plan: {plan}")).unwrap();
        let plans = resources(&tree, "templates/vpc/backup_tenant", "AWS::Backup::BackupPlan");
        for (_, _, selection) in
            resources(&tree, "templates/vpc/backup_tenant", "AWS::Backup::BackupSelection")
        {
            let tag = &selection["Properties"]["BackupSelection"]["Conditions"]["StringEquals"][0];
            assert_eq!(tag["ConditionValue"]["Ref"], "TenantId");
        }
        let rules = plans.iter().flat_map(|(_, _, plan)| {
            plan["Properties"]["BackupPlan"]["BackupPlanRule"].as_array().unwrap().clone()
        });
        rules.map(|rule| rule["RuleName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(rules("none"), Vec::<String>::new());
    assert_eq!(rules("daily"), ["daily"]);
    assert_eq!(rules("continuous"), ["daily", "continuous"]);
    assert_eq!(rules("archive"), ["daily", "continuous", "monthly"]);
}

#[test]
fn what_the_lock_would_refuse_at_night_is_refused_by_day() {
    for (components, settings) in [
        ("backup: { vault_lock_days: 14 }", "backup_days: 7"),
        ("backup: { vault_lock_days: 30 }", "backup_plan: continuous"),
        ("backup: { vault_lock_days: 90, backup_days: 120, cell_backup_days: 120 }", "backup_plan: archive"),
        ("backup: {}", "backup_plan: continuous, backup_retention_days: 3"),
    ] {
        let told = compiled(components, settings).err().unwrap_or_default();
        assert!(told.contains("error[invalid-setting]"), "{told}");
        assert!(told.contains("vault's lock demands"), "{told}");
    }
    assert!(
        compiled("backup: { vault_lock_days: 30 }", "backup_plan: continuous, backup_retention_days: 35")
            .is_ok()
    );
}
