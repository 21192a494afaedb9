//! What IAM answers to one request, for the parts of its language that the random policies use.
//!
//! Written from the IAM User Guide ("Policy evaluation logic", "Condition operators", "Multivalued context keys")
//! and slow on purpose: it shares nothing with what judges policies.

use std::collections::BTreeMap;

/// A statement as it is generated, before it becomes JSON.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) allows: bool,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) conditions: Vec<Test>,
}

/// One key of a condition.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) operator: String,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// Somebody asks for something; keys that are not in the context are not there.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) action: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) context: BTreeMap<&'static str, Vec<&'static str>>,
}

/// Whether a caller with these tags may; a denial is stronger than what allows.
pub(crate) fn allowed(tags: &BTreeMap<&str, &str>, statements: &[Statement], request: &Request) -> bool {
    let applies = |statement: &&Statement| applies(tags, statement, request);
    let fitting: Vec<&Statement> = statements.iter().filter(applies).collect();
    !fitting.is_empty() && fitting.iter().all(|statement| statement.allows)
}

fn applies(tags: &BTreeMap<&str, &str>, statement: &Statement, request: &Request) -> bool {
    let action = request.action.to_ascii_lowercase();
    let resource = |pattern: &String| {
        filled(pattern, tags).is_some_and(|pattern| matches(pattern.as_bytes(), request.resource.as_bytes()))
    };
    statement.actions.iter().any(|one| matches(one.to_ascii_lowercase().as_bytes(), action.as_bytes()))
        && statement.resources.iter().any(resource)
        && statement.conditions.iter().all(|test| holds(tags, test, request))
}

fn holds(tags: &BTreeMap<&str, &str>, test: &Test, request: &Request) -> bool {
    let there = request.context.get(test.key.as_str());
    if test.operator == "Null" {
        return test.values.iter().any(|value| (value == "true") == there.is_none());
    }
    let (set, operator) = test.operator.split_once(':').unwrap_or(("", &test.operator));
    let (operator, if_exists) =
        operator.strip_suffix("IfExists").map_or((operator, false), |operator| (operator, true));
    let negated = operator == "StringNotEquals";
    let Some(there) = there else { return if_exists || negated || set == "ForAllValues" };
    let fits = |text: &&str| {
        let one = test.values.iter().filter_map(|value| filled(value, tags)).any(|value| match operator {
            "StringLike" | "ArnLike" => matches(value.as_bytes(), text.as_bytes()),
            _ => value == *text,
        });
        one != negated
    };
    if set == "ForAllValues" { there.iter().all(&fits) } else { there.iter().any(fits) }
}

/// A text with the caller's tags in it; none where one is missing, which then matches nothing.
fn filled(text: &str, tags: &BTreeMap<&str, &str>) -> Option<String> {
    let Some((before, rest)) = text.split_once("${aws:PrincipalTag/") else { return Some(text.to_owned()) };
    let (key, after) = rest.split_once('}')?;
    Some(format!("{before}{}{}", tags.get(key)?, filled(after, tags)?))
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if matches(rest, text) => true,
        (Some((b'*', _)), Some((_, text))) => matches(pattern, text),
        (Some((b'?', rest)), Some((_, text))) => matches(rest, text),
        (Some((one, rest)), Some((other, text))) => one == other && matches(rest, text),
        _ => false,
    }
}
