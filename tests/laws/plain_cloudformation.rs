//! Law 10: what is emitted is plain CloudFormation, whatever the catalog says.

use proptest::prelude::*;
use regex::Regex;
use serde_json::Value;

use crate::compiled::{self, Compiled};
use crate::random::company;

/// Sections and functions that CloudFormation expands before it creates anything; service-managed
/// StackSets refuse most of them (CloudFormation User Guide, "StackSets", prerequisites).
const SECTIONS: [&str; 5] = ["AWSTemplateFormatVersion", "Description", "Parameters", "Resources", "Outputs"];
const REFUSED_KEYS: [&str; 4] = ["Fn::If", "Fn::Transform", "Fn::FindInMap", "Fn::GetAZs"];

/// The limit of a template that is sent inline (CloudFormation quotas, "Template body size in a request").
const INLINE_BYTES: usize = 51_200;

/// Types that hold data of a tenant.
const HOLDS_DATA: [&str; 12] = [
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::GlobalCluster",
    "AWS::KMS::Key",
    "AWS::KMS::ReplicaKey",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::SecretsManager::Secret",
    "AWS::EFS::FileSystem",
    "AWS::SQS::Queue",
];

/// Blocks that mean the same for every tenant: everywhere, and nowhere.
const COMMON_BLOCKS: [&str; 2] = ["0.0.0.0/0", "127.0.0.1/32"];

fn walk(value: &Value, path: &str, look: &mut dyn FnMut(&str, &Value)) {
    look(path, value);
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{path}/{at}"), look));
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| walk(item, &format!("{path}/{key}"), look)),
        _ => {}
    }
}

fn is_plain(path: &str, template: &Value) {
    for section in template.as_object().unwrap().keys() {
        assert!(SECTIONS.contains(&section.as_str()), "{path} has a section {section}");
    }
    let zone_name = Regex::new(r"\b[a-z]{2}(-[a-z]+)+-\d[a-f]\b").unwrap();
    let zone_id = Regex::new(r"\b[a-z]{2,4}\d-az\d\b").unwrap();
    let block = Regex::new(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/\d{1,2}\b").unwrap();
    walk(template, path, &mut |place, value| {
        if let Value::Object(map) = value {
            for key in map.keys() {
                assert!(
                    !REFUSED_KEYS.contains(&key.as_str()) && !key.starts_with("Fn::ForEach"),
                    "{place}/{key}"
                );
                // A zone's name means another place in every account.
                assert!(key != "AvailabilityZone" && key != "AvailabilityZones", "{place}/{key}");
            }
        }
        let Value::String(text) = value else { return };
        assert!(!zone_name.is_match(text), "{place} names a zone: {text}");
        assert!(!zone_id.is_match(text), "{place} holds a zone id: {text}");
        for found in block.find_iter(text) {
            assert!(COMMON_BLOCKS.contains(&found.as_str()), "{place} holds a block: {text}");
        }
    });
    for (id, resource) in template["Resources"].as_object().unwrap() {
        assert!(resource.get("Condition").is_none(), "{path}: {id} depends on a condition");
        if HOLDS_DATA.iter().any(|kind| resource["Type"] == *kind) {
            for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                let kept = resource.get(policy).and_then(Value::as_str);
                let keeps = ["Retain", "RetainExceptOnCreate", "Snapshot"];
                // An instance of a cluster has no data of its own: the cluster has it.
                let of_cluster = resource["Type"] == "AWS::RDS::DBInstance"
                    && resource["Properties"].get("DBClusterIdentifier").is_some();
                let allowed =
                    kept.is_some_and(|kept| keeps.contains(&kept) || (of_cluster && kept == "Delete"));
                assert!(allowed, "{path}: the {policy} of {id} is {kept:?}");
            }
        }
    }
}

/// The deployment file gives exactly the parameters that the template has, each as text that fits.
fn is_bound(compiled: &Compiled) {
    for stack in compiled.stacks() {
        let (name, declared) = (&stack.entry["name"], stack.template.get("Parameters"));
        let declared: Vec<&String> =
            declared.and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key).collect();
        let given = stack.deployment["parameters"].as_object().unwrap();
        assert_eq!(declared, given.keys().collect::<Vec<_>>(), "the parameters of {name}");
        for (parameter, value) in given {
            // CloudFormation quotas, "Parameter value".
            assert!(value.as_str().is_some_and(|text| text.len() <= 4096), "{parameter} of {name}");
        }
        assert_eq!(stack.deployment["template-file-path"], stack.entry["template"]);
    }
}

/// Who exports what others import comes first.
fn is_in_order(compiled: &Compiled) {
    let mut waves = std::collections::BTreeMap::new();
    for stack in compiled.stack_entries() {
        for before in stack["depends_on"].as_array().unwrap() {
            let wave: Option<&u64> = waves.get(&compiled::text(before));
            assert!(
                wave.is_some_and(|wave| *wave < stack["wave"].as_u64().unwrap()),
                "{before} comes before {stack}"
            );
        }
        assert!(
            waves.insert(compiled::text(&stack["name"]), stack["wave"].as_u64().unwrap()).is_none(),
            "{stack}"
        );
    }
}

proptest! {
    #![proptest_config(crate::cases(16))]

    #[test]
    fn what_is_emitted_is_plain_cloudformation(company in company()) {
        let compiled = compiled::company(&company, None).unwrap();
        let entries = compiled.stack_entries();
        for path in compiled.templates() {
            is_plain(path, &compiled.json(path));
            let large = compiled.text(path).len() > INLINE_BYTES;
            for entry in entries.iter().filter(|entry| entry["template"] == path) {
                prop_assert_eq!(entry.get("needs_s3") == Some(&Value::Bool(true)), large, "{}", path);
            }
        }
        is_bound(&compiled);
        is_in_order(&compiled);
    }
}
