//! Random policies: whatever IAM would let a tenant's role do to another tenant is reported.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tenantry::check::model::read_files;
use tenantry::check::policies::judge;
use tenantry::diagnostics::Report;
use tenantry::source::SourceMap;

use crate::evaluator::{Request, Statement, Test, allowed};

const ACTIONS: [&str; 9] = [
    "*",
    "s3:*",
    "s3:Get*",
    "S3:GetObject",
    "s3:ListBucket",
    "dynamodb:*",
    "dynamodb:GetItem",
    "dynamodb:?uery",
    "dynamodb:Scan",
];

const VALUES: [&str; 9] = [
    "acme",
    "acme-eu",
    "acme*",
    "acme/*",
    "acme#*",
    "*",
    "team",
    "${aws:PrincipalTag/tenant-id}",
    "${aws:PrincipalTag/tenant-id}/*",
];

/// The ids are such that one begins with the other.
fn resources() -> impl Strategy<Value = String> {
    let buckets = vec![
        "p-acme-files",
        "p-acme-eu-files",
        "p-files",
        "p-acme*",
        "p-acme-*",
        "p-*files",
        "p-????-files",
        "*",
    ];
    let keys = vec![
        "",
        "/*",
        "/acme/*",
        "/acme*",
        "/acme-*",
        "/*/acme/*",
        "/?cme/*",
        "/${aws:PrincipalTag/tenant-id}/*",
        "/${aws:PrincipalTag/tenant-id}*",
        "/${aws:PrincipalTag/tier}/*",
    ];
    let tables = vec!["p-acme.items", "p-acme-eu.items", "p-items", "p-acme*", "p-*.items", "p-acme?*", "*"];
    prop_oneof![
        4 => (select(buckets), select(keys)).prop_map(|(bucket, key)| format!("arn:aws:s3:::{bucket}{key}")),
        3 => select(tables).prop_map(|table| format!("arn:aws:dynamodb:us-east-1:222222222222:table/{table}")),
        1 => Just("*".to_owned()),
    ]
}

/// Conditions: those that people write, and any.
fn tests() -> impl Strategy<Value = Test> {
    let usual = [
        ("StringEquals", "aws:ResourceTag/tenant-id", "acme"),
        ("StringEquals", "aws:ResourceTag/tenant-id", "${aws:PrincipalTag/tenant-id}"),
        ("ForAllValues:StringLike", "dynamodb:LeadingKeys", "acme"),
        ("ForAllValues:StringLike", "dynamodb:LeadingKeys", "${aws:PrincipalTag/tenant-id}"),
        ("StringLike", "dynamodb:LeadingKeys", "${aws:PrincipalTag/tenant-id}"),
        ("StringLike", "s3:prefix", "acme/*"),
        ("StringLike", "s3:prefix", "${aws:PrincipalTag/tenant-id}/*"),
    ];
    let usual = select(usual.to_vec()).prop_map(|(operator, key, value)| Test {
        operator: operator.to_owned(),
        key: key.to_owned(),
        values: vec![value.to_owned()],
    });
    prop_oneof![usual, any_test()]
}

fn any_test() -> impl Strategy<Value = Test> {
    let operators = vec![
        "StringEquals",
        "StringLike",
        "StringNotEquals",
        "StringEqualsIfExists",
        "ForAllValues:StringLike",
        "ForAnyValue:StringLike",
    ];
    let keys = vec!["aws:ResourceTag/tenant-id", "aws:ResourceTag/tier", "dynamodb:LeadingKeys", "s3:prefix"];
    let test = (select(operators), select(keys), subsequence(VALUES.to_vec(), 1..3));
    test.prop_map(|(operator, key, values)| Test {
        operator: operator.to_owned(),
        key: key.to_owned(),
        values: values.into_iter().map(str::to_owned).collect(),
    })
}

fn statements() -> impl Strategy<Value = Statement> {
    let actions = subsequence(ACTIONS.to_vec(), 1..3);
    let conditions = prop::collection::vec(tests(), 0..3);
    let rest = (prop::collection::vec(resources(), 1..3), conditions, any::<bool>(), 0..8_u8);
    (actions, rest).prop_map(|(actions, (resources, mut conditions, present, effect))| {
        let keyed = conditions.iter().any(|test| test.key == "dynamodb:LeadingKeys");
        if keyed && present {
            let values = vec!["false".to_owned()];
            conditions.push(Test {
                operator: "Null".to_owned(),
                key: "dynamodb:LeadingKeys".to_owned(),
                values,
            });
        }
        let mut seen = std::collections::BTreeSet::new();
        conditions.retain(|test| seen.insert((test.operator.clone(), test.key.clone())));
        let actions = actions.into_iter().map(str::to_owned).collect();
        Statement { allows: effect > 0, actions, resources, conditions }
    })
}

fn document(statements: &[Statement]) -> Value {
    let list = statements.iter().map(|statement| {
        let mut conditions: BTreeMap<&str, BTreeMap<&str, &[String]>> = BTreeMap::new();
        for test in &statement.conditions {
            conditions.entry(&test.operator).or_default().insert(&test.key, &test.values);
        }
        let effect = if statement.allows { "Allow" } else { "Deny" };
        json!({ "Effect": effect, "Action": statement.actions, "Resource": statement.resources, "Condition": conditions })
    });
    json!({ "Statement": list.collect::<Vec<_>>() })
}

/// What is another tenant's: things of its own, and its part of what tenants share.
fn foreign() -> Vec<Request> {
    const TABLE: &str = "arn:aws:dynamodb:us-east-1:222222222222:table/p-acme-eu.items";
    const ITEMS: &str = "arn:aws:dynamodb:us-east-1:222222222222:table/p-items";
    let tags = [("aws:ResourceTag/tenant-id", vec!["acme-eu"]), ("aws:ResourceTag/tier", vec!["team"])];
    let owned = |more: &[(&'static str, Vec<&'static str>)]| tags.iter().chain(more).cloned().collect();
    let request = |action, resource, context| Request { action, resource, context };
    let key = |keys: &[&'static str]| BTreeMap::from([("dynamodb:LeadingKeys", keys.to_vec())]);
    let prefix = |prefix| BTreeMap::from([("s3:prefix", vec![prefix])]);
    vec![
        request("s3:GetObject", "arn:aws:s3:::p-acme-eu-files/letter", owned(&[])),
        request("s3:GetObject", "arn:aws:s3:::p-acme-eu-files/letter", BTreeMap::new()),
        request("s3:GetObject", "arn:aws:s3:::p-files/acme-eu/letter", BTreeMap::new()),
        request("s3:ListBucket", "arn:aws:s3:::p-acme-eu-files", owned(&[])),
        request("s3:ListBucket", "arn:aws:s3:::p-acme-eu-files", prefix("acme/")),
        request("s3:ListBucket", "arn:aws:s3:::p-files", prefix("acme-eu/")),
        request("s3:ListBucket", "arn:aws:s3:::p-files", BTreeMap::new()),
        request("dynamodb:GetItem", TABLE, owned(&[("dynamodb:LeadingKeys", vec!["acme-eu"])])),
        request("dynamodb:GetItem", TABLE, owned(&[("dynamodb:LeadingKeys", vec!["acme"])])),
        request("dynamodb:Scan", TABLE, owned(&[])),
        request("dynamodb:GetItem", ITEMS, key(&["acme-eu"])),
        request("dynamodb:Query", ITEMS, key(&["acme-eu#1"])),
        request("dynamodb:GetItem", ITEMS, key(&["acme", "acme-eu"])),
        request("dynamodb:Scan", ITEMS, BTreeMap::new()),
    ]
}

/// What is found about a role with this policy: acme's own, or one that sessions take.
fn findings(policy: &Value, is_session: bool) -> usize {
    let stack = |name: &str, tenant: Option<&str>| {
        json!({ "name": format!("p-{name}"), "account": "222222222222", "region": "us-east-1", "template": format!("{name}.json"),
                "deployment": format!("stacks/{name}.json"), "tenant": tenant, "cell": "vpc/1", "model": "vpc", "capabilities": [],
                "depends_on": [], "wave": 1 })
    };
    let deployment =
        |name: &str, tags: Value| json!({ "template-file-path": format!("{name}.json"), "tags": tags });
    let tags = |id: &str| json!({ "tenant-id": id, "tier": "team" });
    let data = |bucket: &str, table: &str| {
        json!({ "Resources": {
            "Files": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": bucket } },
            "Items": { "Type": "AWS::DynamoDB::Table", "Properties": { "TableName": table } } } })
    };
    let own = "arn:aws:s3:::p-files/${aws:PrincipalTag/tenant-id}/*";
    let marker = json!({ "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": own }] });
    let role = json!({ "Resources": { "R": { "Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": { "Statement": [] },
        "Policies": [{ "PolicyName": "own", "PolicyDocument": marker }, { "PolicyName": "random", "PolicyDocument": policy }] } } } });
    let holder = if is_session { None } else { Some("acme") };
    let stacks = [
        stack("acme", Some("acme")),
        stack("eu", Some("acme-eu")),
        stack("shared", None),
        stack("role", holder),
    ];
    let files = [
        ("manifest.json", json!({ "version": 1, "files": [], "stacks": stacks })),
        ("acme.json", data("p-acme-files", "p-acme.items")),
        ("eu.json", data("p-acme-eu-files", "p-acme-eu.items")),
        ("shared.json", data("p-files", "p-items")),
        ("role.json", role),
        ("stacks/acme.json", deployment("acme", tags("acme"))),
        ("stacks/eu.json", deployment("eu", tags("acme-eu"))),
        ("stacks/shared.json", deployment("shared", json!({}))),
        ("stacks/role.json", deployment("role", if is_session { json!({}) } else { tags("acme") })),
    ];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_string())).collect();
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let estate = read_files(Path::new(""), files, &mut sources, &mut report).unwrap();
    let judgement = judge(&estate);
    assert_eq!(
        (judgement.tenant_roles, judgement.session_roles.len()),
        (usize::from(!is_session), usize::from(is_session))
    );
    judgement.findings.len()
}

#[test]
fn whatever_iam_allows_a_tenant_on_another_is_reported() {
    let cases = if cfg!(debug_assertions) { 3000 } else { 20_000 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let tags = BTreeMap::from([("tenant-id", "acme"), ("tier", "team")]);
    let foreign = foreign();
    let (reaching, clean) = (Cell::new(0), Cell::new(0));
    let result = runner.run(&prop::collection::vec(statements(), 1..3), |statements| {
        let policy = document(&statements);
        let reached = foreign.iter().find(|request| allowed(&tags, &statements, request));
        for is_session in [false, true] {
            let found = findings(&policy, is_session);
            reaching.set(reaching.get() + u32::from(reached.is_some()));
            clean.set(clean.get() + u32::from(found == 0));
            prop_assert!(reached.is_none() || found > 0, "session: {is_session}, {reached:?}, {policy}");
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // Policies that all reach somebody, or all are refused, would prove nothing.
    assert!(
        reaching.get() > cases / 5 && clean.get() > cases / 20,
        "{} reach, {} are fine",
        reaching.get(),
        clean.get()
    );
}
