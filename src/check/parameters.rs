//! What deployment files give to templates: every parameter, none besides, and values that are accepted.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::check::finding::Finding;
use crate::check::model::{Estate, Parameter, Stack};
use crate::cloudformation::limits;
use crate::diagnostics::{Code, closest, codes, count, list_of, quote};
use crate::source::SourceMap;

/// Judges all deployment files.
pub(super) fn judge(estate: &Estate, sources: &SourceMap) -> Vec<Finding> {
    let judged = estate.stacks().par_iter().map(|stack| of_stack(estate, stack, sources));
    judged.collect::<Vec<_>>().concat()
}

fn of_stack(estate: &Estate, stack: &Stack, sources: &SourceMap) -> Vec<Finding> {
    let mut findings = Vec::new();
    let template = estate.template(stack);
    let Some(deployment) = &stack.deployment else { return findings };
    for parameter in &template.parameters {
        match deployment.parameter(&parameter.name) {
            Some(value) => {
                if let Some((code, message, help)) = refusal(parameter, value) {
                    let place = estate.parameter_place(stack, &parameter.name, sources);
                    findings.push(
                        Finding::new(code, message, place, "")
                            .also(parameter.span, "declared here")
                            .of_stack(stack.id)
                            .help(help),
                    );
                }
            }
            None if parameter.default.is_none() => findings.push(
                Finding::new(
                    &codes::MISSING_PARAMETER,
                    format!(
                        "the stack {} lacks the parameter {}",
                        quote(&stack.name),
                        quote(&parameter.name)
                    ),
                    deployment.start(),
                    "no value for it here",
                )
                .also(parameter.span, "declared here, without a default")
                .of_stack(stack.id)
                .help(format!("add {} to `parameters`", quote(&parameter.name))),
            ),
            None => {}
        }
    }
    for (name, _) in &deployment.parameters {
        if template.parameter(name).is_none() {
            let known: Vec<&str> = template.parameters.iter().map(|one| &*one.name).collect();
            let help = match closest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "take it out of the deployment file".to_owned(),
            };
            let place = deployment.place_of_name("parameters", name, sources);
            findings.push(
                Finding::new(
                    &codes::UNKNOWN_PARAMETER,
                    format!("the template of {} has no parameter {}", quote(&stack.name), quote(name)),
                    place.unwrap_or_else(|| deployment.start()),
                    "",
                )
                .of_stack(stack.id)
                .help(help),
            );
        }
    }
    stack_tags(stack, deployment, sources, &mut findings);
    findings
}

/// Tags of the stack itself (CloudFormation API Reference, "Tag").
fn stack_tags(
    stack: &Stack,
    deployment: &crate::check::model::Deployment,
    sources: &SourceMap,
    findings: &mut Vec<Finding>,
) {
    if deployment.tags.len() > limits::TAGS {
        findings.push(
            Finding::new(
                &codes::TEMPLATE_LIMIT,
                format!(
                    "the stack has {}, and may have {}",
                    count(deployment.tags.len(), "tag"),
                    limits::TAGS
                ),
                deployment.start(),
                "",
            )
            .of_stack(stack.id)
            .help("take tags out of the deployment file"),
        );
    }
    for (key, value) in &deployment.tags {
        let wrong = key.is_empty()
            || key.chars().count() > 128
            || value.chars().count() > 256
            || key.to_ascii_lowercase().starts_with("aws:");
        if wrong {
            let place = deployment.place_of_name("tags", key, sources);
            findings.push(
                Finding::new(
                    &codes::TAG_VALUE_REFUSED,
                    format!("the stack cannot have the tag {}", quote(key)),
                    place.unwrap_or_else(|| deployment.start()),
                    "",
                )
                .of_stack(stack.id)
                .help("a key has 1 to 128 characters and does not begin with `aws:`, a value 256 at most"),
            );
        }
    }
}

/// Why a parameter does not take a value, if it does not: code, message, and what to do.
pub(super) fn refusal(parameter: &Parameter, value: &str) -> Option<(&'static Code, String, String)> {
    let name = quote(&parameter.name);
    let shown = if parameter.hidden { "that value".to_owned() } else { quote(value) };
    if value.len() > limits::PARAMETER_VALUE_BYTES {
        let message = format!("the value of the parameter {name} has {} bytes", value.len());
        return Some((
            &codes::TEMPLATE_LIMIT,
            message,
            format!("CloudFormation takes {} at most", limits::PARAMETER_VALUE_BYTES),
        ));
    }
    if parameter.is_stored_elsewhere() || value.contains("{{resolve:") {
        return None;
    }
    let items: Vec<&str> =
        if parameter.is_list() { value.split(',').map(str::trim).collect() } else { vec![value] };
    let refused =
        |code, help: String| Some((code, format!("the parameter {name} does not take {shown}"), help));
    let numbers = matches!(&*parameter.kind, "Number" | "List<Number>");
    if numbers && items.iter().any(|item| item.parse::<f64>().is_err()) {
        return refused(&codes::WRONG_PROPERTY_TYPE, "give a number".to_owned());
    }
    let choices = &parameter.allowed_values;
    if !choices.is_empty() && items.iter().any(|item| !choices.iter().any(|choice| **choice == **item)) {
        let all = list_of(choices.iter().map(|choice| &**choice));
        return refused(&codes::VALUE_NOT_ALLOWED, format!("its `AllowedValues` are {all}"));
    }
    if let Some((pattern, _)) = &parameter.allowed_pattern
        && let Some(pattern) = compiled(pattern)
        && items.iter().any(|item| !pattern.is_match(item))
    {
        return refused(&codes::VALUE_OUT_OF_PATTERN, "see its `AllowedPattern`".to_owned());
    }
    let length = value.chars().count() as i64;
    if parameter.minimum_length.is_some_and(|least| length < least)
        || parameter.maximum_length.is_some_and(|most| length > most)
    {
        return refused(&codes::VALUE_OUT_OF_RANGE, "see its `MinLength` and `MaxLength`".to_owned());
    }
    let out_of_bounds = |item: &&str| {
        let Ok(number) = item.parse::<f64>() else { return false };
        parameter.minimum_value.is_some_and(|least| number < least)
            || parameter.maximum_value.is_some_and(|most| number > most)
    };
    if items.iter().any(out_of_bounds) {
        return refused(&codes::VALUE_OUT_OF_RANGE, "see its `MinValue` and `MaxValue`".to_owned());
    }
    let form = form_of(&parameter.kind);
    if let Some((prefix, what)) = form
        && items.iter().any(|item| !item.starts_with(prefix))
    {
        return refused(&codes::VALUE_OUT_OF_PATTERN, format!("give {what}"));
    }
    None
}

/// How ids of EC2 begin, for parameters whose type asks for one.
fn form_of(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind.strip_prefix("List<").and_then(|inner| inner.strip_suffix('>')).unwrap_or(kind) {
        "AWS::EC2::VPC::Id" => Some(("vpc-", "the id of a VPC")),
        "AWS::EC2::Subnet::Id" => Some(("subnet-", "the id of a subnet")),
        "AWS::EC2::SecurityGroup::Id" => Some(("sg-", "the id of a security group")),
        "AWS::EC2::Image::Id" => Some(("ami-", "the id of an image")),
        _ => None,
    }
}

/// A pattern holds for the whole value (CloudFormation User Guide, "AllowedPattern"). Patterns are few and
/// values are many: each is compiled once a thread.
fn compiled(pattern: &str) -> Option<regex::Regex> {
    thread_local! {
        static KNOWN: std::cell::RefCell<BTreeMap<String, Option<regex::Regex>>> = const {
            std::cell::RefCell::new(BTreeMap::new())
        };
    }
    KNOWN.with_borrow_mut(|known| match known.get(pattern) {
        Some(found) => found.clone(),
        None => {
            let built = regex::Regex::new(&format!("^(?:{pattern})$")).ok();
            known.insert(pattern.to_owned(), built.clone());
            built
        }
    })
}
