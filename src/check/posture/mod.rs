//! Security posture: what the well-known rule sets agree on, over resources as they are.
//!
//! The sets looked at are AWS Security Hub's Foundational Security Best Practices, the CIS AWS Foundations
//! Benchmark, cfn-nag, checkov and the Control Tower proactive controls. A rule is here where most of them
//! have it and it can be decided from the template. `rules` holds those that ask one property for one
//! thing, `instances` those of launch templates, `policies` what documents of IAM allow to everybody or over everything,
//! `sizes` how long they are, and `special` the rest.
//! What is unknown is no finding here: it is one where the template is judged.

mod instances;
mod policies;
mod rules;
mod sizes;
mod special;

use rayon::prelude::*;

use crate::check::finding::Finding;
use crate::check::model::{Declared, Estate, Expression, Form, Resource, StackId};
use crate::cloudformation::resource_type;

/// Judges all resources.
pub(super) fn judge(estate: &Estate) -> Vec<Finding> {
    let templates = estate.by_template();
    let judged = templates.par_iter().map(|(template, stacks)| {
        let ids: Vec<StackId> = stacks.iter().map(|stack| stack.id).collect();
        let mut findings = Vec::new();
        let Some(first) = stacks.first() else { return findings };
        if !template.transforms.is_empty() {
            return findings;
        }
        let differing: Vec<&str> = template
            .resources
            .iter()
            .filter(|resource| differs(resource))
            .map(|resource| &*resource.logical_id)
            .collect();
        let of = |resource: Resource<'_>, findings: &mut Vec<Finding>| {
            rules::judge(resource, findings);
            instances::judge(resource, findings);
            policies::judge(resource, findings);
            sizes::judge(resource, findings);
            special::judge(estate, resource, findings);
        };
        for resource in estate.resources(first).filter(|one| !differing.contains(&one.logical_id())) {
            of(resource, &mut findings);
        }
        findings = findings.into_iter().map(|finding| finding.of_stacks(&ids)).collect();
        let of_stacks = stacks.par_iter().map(|stack| {
            let mut findings = Vec::new();
            for resource in estate.resources(stack).filter(|one| differing.contains(&one.logical_id())) {
                of(resource, &mut findings);
            }
            findings.into_iter().map(|finding| finding.of_stack(stack.id)).collect::<Vec<_>>()
        });
        findings.extend(of_stacks.collect::<Vec<_>>().concat());
        findings
    });
    judged.collect::<Vec<_>>().concat()
}

/// Whether a property could be one thing in one stack and another in the next. Tags are judged elsewhere,
/// and a value inside of longer text makes no difference to any rule here.
fn differs(resource: &Declared) -> bool {
    fn direct(expression: &Expression) -> bool {
        match &expression.form {
            Form::Parameter(_) | Form::Pseudo(_) | Form::If(..) | Form::Find(_) | Form::StackOutput(_) => {
                true
            }
            Form::Joined(pieces) => pieces.len() == 1 && pieces.iter().any(direct),
            Form::List(items) => items.iter().any(direct),
            Form::Map(entries) => entries.iter().any(|entry| direct(&entry.value)),
            _ => false,
        }
    }
    let tags = resource_type(&resource.kind).and_then(|facts| facts.tags.as_ref());
    let is_tags = |key: &str| tags.is_some_and(|tags| tags.property == key);
    let entries = resource.properties.entries().iter();
    resource.condition.is_some()
        || entries.filter(|entry| !is_tags(&entry.key)).any(|entry| direct(&entry.value))
}
