//! Random policies of resources: whomever IAM would let in from another tenant is reported.

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

/// A role that asks: the tag that it has, where it has one, and its ARN.
const CALLERS: [(Option<&str>, &str); 3] = [
    (Some("acme-eu"), "arn:aws:iam::222222222222:role/p-acme-eu"),
    (None, "arn:aws:iam::222222222222:role/team/p-acme-eu.2"),
    (Some("globex"), "arn:aws:iam::777777777777:role/admin"),
];

const QUEUE: &str = "arn:aws:sqs:us-east-1:222222222222:p-acme";

/// Principals as a policy names them: by ARN, by session, by account, or all.
fn principals() -> impl Strategy<Value = Vec<&'static str>> {
    let all = vec![
        "*",
        "arn:aws:iam::222222222222:role/p-acme",
        "arn:aws:iam::222222222222:role/p-acme-eu",
        "arn:aws:iam::222222222222:role/team/p-acme-eu.2",
        "arn:aws:iam::777777777777:role/admin",
        "arn:aws:iam::777777777777:root",
        "arn:aws:iam::222222222222:root",
        "777777777777",
        "999999999999",
    ];
    prop_oneof![1 => Just(vec!["*"]), 2 => subsequence(all, 1..3)]
}

fn tests() -> impl Strategy<Value = Test> {
    let operators = [
        "StringEquals",
        "StringLike",
        "ArnLike",
        "StringNotEquals",
        "StringEqualsIfExists",
        "ForAllValues:StringLike",
    ];
    let keys = vec![
        (
            "aws:PrincipalArn",
            vec![
                "arn:aws:iam::222222222222:role/p-acme",
                "arn:aws:iam::222222222222:role/p-acme*",
                "arn:aws:iam::222222222222:role/*",
                "arn:aws:iam::*:role/p-acme",
                "arn:aws:iam::777777777777:role/*",
                "*",
            ],
        ),
        ("aws:PrincipalAccount", vec!["222222222222", "777777777777", "999999999999", "7*"]),
        ("aws:PrincipalTag/tenant-id", vec!["acme", "acme-eu", "globex", "acme*"]),
        ("aws:PrincipalTag/tier", vec!["team"]),
        ("aws:PrincipalOrgID", vec!["o-a1b2c3d4e5"]),
    ];
    let test = (select(operators.to_vec()), select(keys)).prop_flat_map(|(operator, (key, values))| {
        let most = values.len().min(2);
        (Just(operator), Just(key), subsequence(values, 1..=most))
    });
    test.prop_map(|(operator, key, values)| Test {
        operator: operator.to_owned(),
        key: key.to_owned(),
        values: values.into_iter().map(str::to_owned).collect(),
    })
}

type Admission = (Vec<&'static str>, Statement);

fn admissions() -> impl Strategy<Value = Admission> {
    let actions = subsequence(vec!["sqs:*", "sqs:ReceiveMessage", "sqs:Rec*", "*"], 1..3);
    let conditions = prop::collection::vec(tests(), 0..3);
    (principals(), actions, conditions).prop_map(|(principals, actions, mut conditions)| {
        let mut seen = std::collections::BTreeSet::new();
        conditions.retain(|test| seen.insert((test.operator.clone(), test.key.clone())));
        let actions = actions.into_iter().map(str::to_owned).collect();
        (principals, Statement { allows: true, actions, resources: vec![QUEUE.to_owned()], conditions })
    })
}

/// Whether a policy lets a caller in by itself: an account as a whole only hands on to its own policies, which
/// cross into the account of a tenant that has it alone.
fn lets_in((tag, arn): (Option<&'static str>, &'static str), policy: &[Admission]) -> bool {
    let account = arn.split(':').nth(4).unwrap();
    let of_caller = |principal: &&str| {
        let whole = [account.to_owned(), format!("arn:aws:iam::{account}:root")];
        *principal == "*"
            || *principal == arn
            || account != "222222222222" && whole.contains(&(*principal).to_owned())
    };
    let speaking = policy.iter().filter(|(principals, _)| principals.iter().any(of_caller));
    let statements: Vec<Statement> = speaking.map(|(_, statement)| statement.clone()).collect();
    let mut context = BTreeMap::from([
        ("aws:PrincipalArn", vec![arn]),
        ("aws:PrincipalAccount", vec![account]),
        ("aws:PrincipalTag/tier", vec!["team"]),
        ("aws:PrincipalOrgID", vec!["o-a1b2c3d4e5"]),
    ]);
    context.extend(tag.map(|tag| ("aws:PrincipalTag/tenant-id", vec![tag])));
    allowed(
        &BTreeMap::new(),
        &statements,
        &Request { action: "sqs:ReceiveMessage", resource: QUEUE, context },
    )
}

fn findings(policy: &[Admission]) -> usize {
    let statements = policy.iter().map(|(principals, statement)| {
        let mut conditions: BTreeMap<&str, BTreeMap<&str, &[String]>> = BTreeMap::new();
        for test in &statement.conditions {
            conditions.entry(&test.operator).or_default().insert(&test.key, &test.values);
        }
        json!({ "Effect": "Allow", "Principal": { "AWS": principals }, "Action": statement.actions,
                "Resource": statement.resources, "Condition": conditions })
    });
    let document = json!({ "Statement": statements.collect::<Vec<_>>() });
    let role = |name: &str, path: &str| {
        json!({ "Type": "AWS::IAM::Role",
                "Properties": { "RoleName": name, "Path": path, "AssumeRolePolicyDocument": { "Statement": [] } } })
    };
    let templates = [
        (
            "acme",
            "222222222222",
            json!({ "Role": role("p-acme", "/"),
            "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "p-acme" } },
            "Policy": { "Type": "AWS::SQS::QueuePolicy",
                        "Properties": { "Queues": [{ "Ref": "Queue" }], "PolicyDocument": document } } }),
        ),
        (
            "acme-eu",
            "222222222222",
            json!({ "Role": role("p-acme-eu", "/"), "Other": role("p-acme-eu.2", "/team/") }),
        ),
        ("globex", "777777777777", json!({ "Topic": { "Type": "AWS::SNS::Topic" } })),
    ];
    let mut stacks = Vec::new();
    let mut files: Vec<(&str, Value)> = Vec::new();
    let paths: Vec<[String; 2]> =
        templates.iter().map(|(name, ..)| [format!("{name}.json"), format!("stacks/{name}.json")]).collect();
    for ((name, account, resources), [template, deployment]) in templates.iter().zip(&paths) {
        stacks.push(json!({ "name": format!("p-{name}"), "account": account, "region": "us-east-1", "template": template,
            "deployment": deployment, "tenant": name, "cell": "vpc/1", "model": "vpc", "capabilities": [], "depends_on": [], "wave": 1 }));
        files.push((template, json!({ "Resources": resources })));
        files.push((deployment, json!({ "template-file-path": template, "tags": { "tenant-id": name } })));
    }
    files.push(("manifest.json", json!({ "version": 1, "files": [], "stacks": stacks })));
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_string())).collect();
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    judge(&read_files(Path::new(""), files, &mut sources, &mut report).unwrap()).findings.len()
}

#[test]
fn whomever_iam_lets_in_from_another_tenant_is_reported() {
    let cases = if cfg!(debug_assertions) { 3000 } else { 20_000 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let (admitted, clean) = (Cell::new(0), Cell::new(0));
    let result = runner.run(&prop::collection::vec(admissions(), 1..3), |policy| {
        let found = findings(&policy);
        let caller = CALLERS.into_iter().find(|caller| lets_in(*caller, &policy));
        admitted.set(admitted.get() + u32::from(caller.is_some()));
        clean.set(clean.get() + u32::from(found == 0));
        prop_assert!(caller.is_none() || found > 0, "{caller:?}: {policy:?}");
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // Policies that let everybody in, or nobody, would prove nothing.
    assert!(
        admitted.get() > cases / 5 && clean.get() > cases / 20,
        "{} admit, {} are fine",
        admitted.get(),
        clean.get()
    );
}
