//! Policy documents: who may do what to which resources, as IAM reads them.
//!
//! What cannot be read becomes more than it can be: an `Allow` that is not understood allows, and the
//! reason is kept so that the verdict is "unknown" and not "isolated". `Deny` statements are left out:
//! without them roles reach more, never less.

use crate::check::model::{Resource, Stack, Value};
use crate::check::policies::glob::{Pattern, Piece};
use crate::check::policies::targets::Targets;

/// A statement that allows.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement {
    pub(super) principals: Vec<Principal>,
    /// Lower-case patterns: IAM reads actions without regard to case.
    pub(super) actions: Vec<Pattern>,
    pub(super) resources: Vec<Pattern>,
    pub(super) conditions: Vec<Condition>,
    /// Why the statement may allow more than is written here.
    pub(super) unclear: Vec<String>,
}

/// Whom a resource's policy speaks of.
#[derive(Clone, Debug)]
pub(super) enum Principal {
    Anyone,
    /// An AWS service in its own name.
    Service,
    /// An account as a whole, by its number or name where it is known: its own policies decide.
    Account(String),
    /// A role or user, by its ARN.
    Aws(Pattern),
    /// Somebody who signs in with this provider.
    Federated(Pattern),
    Unclear(String),
}

/// A test of a condition: all values of one key.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// Such as `StringEquals`, without the parts told apart below.
    pub(super) operator: String,
    pub(super) if_exists: bool,
    pub(super) for_all: bool,
    pub(super) for_any: bool,
    pub(super) key: String,
    pub(super) values: Vec<Pattern>,
}

/// The statements of a document that allow something.
pub(super) fn statements(document: &Value<'_>, targets: &Targets<'_>, stack: &Stack) -> Vec<Statement> {
    let parsed;
    let document = match document {
        // Some properties take a document as text.
        Value::Text(text) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(json) => {
                parsed = json;
                return statements_of_json(&parsed, targets, stack);
            }
            Err(_) => return vec![unreadable("the policy is a text that is no JSON")],
        },
        Value::Absent | Value::Null => return Vec::new(),
        map @ Value::Map(_) => map,
        _ => return vec![unreadable("what the policy says is not known before deployment")],
    };
    let Some(list) = document.get("Statement") else {
        return vec![unreadable("the policy has no statement")];
    };
    list.items().iter().filter_map(|one| statement(one, targets, stack)).collect()
}

fn statements_of_json(document: &serde_json::Value, targets: &Targets<'_>, stack: &Stack) -> Vec<Statement> {
    let list = match &document["Statement"] {
        serde_json::Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    list.into_iter().filter_map(|one| statement(&from_json(one), targets, stack)).collect()
}

fn from_json(json: &serde_json::Value) -> Value<'_> {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Boolean(*value),
        serde_json::Value::Number(number) => Value::Text(number.to_string().into()),
        serde_json::Value::String(text) => Value::Text(text.as_str().into()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(fields) => {
            Value::Map(fields.iter().map(|(key, value)| (key.as_str(), from_json(value))).collect())
        }
    }
}

/// A statement that allows everything, because nobody can say what it allows.
pub(super) fn unreadable(reason: &str) -> Statement {
    Statement {
        principals: vec![Principal::Unclear(reason.to_owned())],
        actions: vec![everything()],
        resources: vec![everything()],
        unclear: vec![reason.to_owned()],
        ..Statement::default()
    }
}

fn everything() -> Pattern {
    Pattern(vec![Piece::Many])
}

fn statement(value: &Value<'_>, targets: &Targets<'_>, stack: &Stack) -> Option<Statement> {
    let Value::Map(_) = value else { return Some(unreadable("a statement is not known before deployment")) };
    match value.get("Effect").and_then(Value::as_text) {
        Some("Deny") => return None,
        Some("Allow") => {}
        _ => return Some(unreadable("the effect of a statement is not known")),
    }
    let mut statement = Statement::default();
    if let Some(principal) = value.get("Principal") {
        statement.principals = principals(principal, targets, stack);
    }
    if value.get("NotPrincipal").is_some() {
        statement.principals.push(Principal::Anyone);
        statement.unclear.push("`NotPrincipal` with `Allow` lets everybody else in".to_owned());
    }
    match value.get("Action") {
        Some(actions) => {
            for action in actions.items() {
                match action.as_text() {
                    Some(text) => statement.actions.push(Pattern::parse(&text.to_ascii_lowercase())),
                    None => {
                        statement.actions.push(everything());
                        statement.unclear.push("an action is not known before deployment".to_owned());
                    }
                }
            }
        }
        None => statement.actions.push(everything()),
    }
    match value.get("Resource") {
        Some(resources) => {
            for resource in resources.items() {
                let (pattern, unclear) = targets.pattern(resource, stack);
                statement.resources.push(pattern);
                statement.unclear.extend(unclear);
            }
        }
        // A trust policy names none: the resource is the role itself.
        None => statement.resources.push(everything()),
    }
    for (operator, tests) in value.get("Condition").map_or(&[][..], Value::entries) {
        for (key, values) in tests.entries() {
            statement.conditions.push(condition(operator, key, values, targets, stack));
        }
    }
    Some(statement)
}

fn condition(
    operator: &str,
    key: &str,
    values: &Value<'_>,
    targets: &Targets<'_>,
    stack: &Stack,
) -> Condition {
    let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
    let (operator, if_exists) =
        operator.strip_suffix("IfExists").map_or((operator, false), |operator| (operator, true));
    Condition {
        operator: operator.to_owned(),
        if_exists,
        for_all: set.eq_ignore_ascii_case("ForAllValues"),
        for_any: set.eq_ignore_ascii_case("ForAnyValue"),
        key: key.to_owned(),
        values: values.items().iter().map(|value| targets.pattern(value, stack).0).collect(),
    }
}

/// A permission of a function, as the statement that AWS makes of it.
pub(super) fn permission(permission: &Resource<'_>, targets: &Targets<'_>) -> Statement {
    let stack = permission.stack;
    let who = permission.property("Principal");
    let principal = match who.as_text() {
        Some(text) if text.ends_with(".amazonaws.com") => Principal::Service,
        _ => principals(&who, targets, stack).pop().unwrap_or(Principal::Anyone),
    };
    let action = permission.property("Action");
    let mut statement = Statement {
        principals: vec![principal],
        actions: vec![
            action.as_text().map_or_else(everything, |text| Pattern::parse(&text.to_ascii_lowercase())),
        ],
        resources: vec![everything()],
        ..Statement::default()
    };
    for (property, operator, key) in
        [("SourceArn", "ArnLike", "aws:SourceArn"), ("SourceAccount", "StringEquals", "aws:SourceAccount")]
    {
        let value = permission.property(property);
        if !matches!(value, Value::Absent | Value::Null) {
            statement.conditions.push(condition(operator, key, &value, targets, stack));
        }
    }
    statement
}

fn principals(value: &Value<'_>, targets: &Targets<'_>, stack: &Stack) -> Vec<Principal> {
    let aws = |item: &Value<'_>| {
        if let Some(text) = item.as_text() {
            if text == "*" {
                return Principal::Anyone;
            }
            if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
                return Principal::Account(text.to_owned());
            }
        }
        match targets.pattern(item, stack) {
            (pattern, None) if pattern.0.ends_with(&Pattern::parse(":root").0) => {
                match account_in(&pattern) {
                    Some(account) => Principal::Account(account),
                    None => Principal::Unclear("the account of a principal is not known".to_owned()),
                }
            }
            (pattern, None) => Principal::Aws(pattern),
            (_, Some(reason)) => Principal::Unclear(reason),
        }
    };
    match value {
        Value::Map(entries) => entries
            .iter()
            .flat_map(|(kind, items)| {
                items.items().iter().map(move |item| match *kind {
                    "AWS" => aws(item),
                    "Service" => Principal::Service,
                    "Federated" => match targets.pattern(item, stack) {
                        (provider, None) => Principal::Federated(provider),
                        (_, Some(reason)) => Principal::Unclear(reason),
                    },
                    "CanonicalUser" => Principal::Unclear("a canonical user of S3".to_owned()),
                    _ => Principal::Unclear("a principal of an unknown kind".to_owned()),
                })
            })
            .collect(),
        other => other.items().iter().map(aws).collect(),
    }
}

/// The account in an ARN of IAM: `arn:aws:iam::222222222222:root`.
fn account_in(arn: &Pattern) -> Option<String> {
    let named = arn.0.iter().find_map(|piece| match piece {
        Piece::Account(name) => Some(name.to_string()),
        _ => None,
    });
    let written = arn.to_string().split(':').nth(4).map(str::to_owned);
    named.or(written.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())))
}
