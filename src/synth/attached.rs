//! Whether interfaces bear the security groups that they have to bear.
//!
//! Rules that the tenants of a cell have in common stand in a group of the cell, so that an interface with the
//! tenant's own group alone cannot reach what that group opens. It would deploy, and then not work.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Symbol, pascal};
use crate::cloudformation::Json;
use crate::diagnostics::{Diagnostic, codes};
use crate::plan::security::{Origin, Security};
use crate::source::Span;

/// Where the id of a group comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Group {
    /// A resource of the same template.
    Here(String),
    /// An output of the stack whose name this parameter holds.
    Imported { parameter: String, output: String },
}

/// What a template says of security groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The lists that name some, with the resource that each stands in.
    lists: Vec<(String, Span, Vec<Group>)>,
    /// The group that an output is the id of.
    outputs: BTreeMap<String, String>,
}

impl Groups {
    pub(super) fn of(resources: &[(String, Span, Json)], outputs: &[(String, Span, Json)]) -> Groups {
        let mut lists = Vec::new();
        for (id, span, resource) in resources {
            collect(resource, &mut |groups| lists.push((id.clone(), *span, groups)));
        }
        let group_of = |output: &Json| group_here(output.get("Value")?);
        let outputs = outputs.iter().filter_map(|(id, _, output)| Some((id.clone(), group_of(output)?)));
        Groups { lists, outputs: outputs.collect() }
    }

    /// Lists of a tenant's stack with the tenant's group of a workload and without one that it has in common
    /// with others, and lists with one that is for others. `in_stacks`: of every stack that outputs may be
    /// imported from.
    pub(super) fn misborne(
        &self,
        stack: &str,
        borne: &Security,
        of_cell: Option<&Security>,
        in_stacks: &BTreeMap<&str, &Groups>,
    ) -> Vec<Diagnostic> {
        let by_parameter: BTreeMap<String, &Groups> = in_stacks
            .iter()
            .map(|(stack, groups)| (Symbol::StackName((*stack).to_owned()).parameter(), *groups))
            .collect();
        let resolved = |group: &Group| match group {
            Group::Here(id) => Some(id.clone()),
            Group::Imported { parameter, output } => {
                by_parameter.get(parameter)?.outputs.get(output).cloned()
            }
        };
        let mut found = Vec::new();
        for (resource, span, groups) in &self.lists {
            let ids: BTreeSet<String> = groups.iter().filter_map(resolved).collect();
            for (workload, origin) in borne.shared_groups() {
                let common = origin.shared_group(workload);
                if ids.contains(&own_group(workload)) && !ids.contains(&common) {
                    found.push(lacks(stack, workload, resource, &common, *span));
                }
            }
            for (workload, origin) in of_cell.iter().flat_map(|cell| cell.shared_groups()) {
                let common = origin.shared_group(workload);
                let may = borne.shared.get(workload).is_some_and(|borne| borne.contains(origin));
                if ids.contains(&common) && !may {
                    found.push(needless(stack, resource, &common, origin, *span));
                }
            }
        }
        found
    }
}

fn lacks(stack: &str, workload: &str, resource: &str, common: &str, span: Span) -> Diagnostic {
    let message = format!(
        "`{resource}` of the stack `{stack}` bears the tenant's group of `{workload}` and not `{common}` of the cell"
    );
    Diagnostic::error(&codes::INVALID_TEMPLATE, message)
        .at(span, "")
        .note(format!("with `shared_rules`, rules that tenants have in common stand in `{common}` of the cell alone"))
        .help(format!(
            "add the ids of all groups in `shared_groups.{workload}` to the list, imported from the cell's stack with `$generate security_groups`"
        ))
}

/// It would open what no flow of this tenant declares.
fn needless(stack: &str, resource: &str, common: &str, origin: &Origin, span: Span) -> Diagnostic {
    let message = format!("`{resource}` of the stack `{stack}` bears `{common}`, which is for other tenants");
    let error =
        Diagnostic::error(&codes::INVALID_TEMPLATE, message).at(span, "with the settings of this tenant");
    let error = match origin {
        Origin::When(condition) => error.note(format!("it holds what is open where `{condition}`")),
        Origin::Own | Origin::Base => error,
    };
    error.help("import the groups that `shared_groups` names for the workload, and no others")
}

/// The security group of this template that a value is the id of.
fn group_here(value: &Json) -> Option<String> {
    match value.get("Fn::GetAtt")? {
        Json::List(parts) => match parts.as_slice() {
            [Json::Text(id), Json::Text(attribute)] if attribute == "GroupId" => Some(id.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Finds all lists that name groups.
fn collect(value: &Json, found: &mut impl FnMut(Vec<Group>)) {
    match value {
        Json::List(items) => {
            let groups: Vec<Group> = items.iter().filter_map(group).collect();
            if !groups.is_empty() {
                found(groups);
            }
            items.iter().for_each(|item| collect(item, found));
        }
        Json::Object(entries) => entries.iter().for_each(|(_, value)| collect(value, found)),
        _ => {}
    }
}

fn group(value: &Json) -> Option<Group> {
    if let Some(id) = group_here(value) {
        return Some(Group::Here(id));
    }
    // The one form in which the compiler writes imports.
    let text = value.get("Fn::ImportValue")?.get("Fn::Sub")?.as_text()?;
    let (parameter, output) = text.strip_prefix("${")?.split_once("}-")?;
    Some(Group::Imported { parameter: parameter.to_owned(), output: output.to_owned() })
}

/// The group that holds a workload's own rules.
fn own_group(workload: &str) -> String {
    format!("{}SecurityGroup", pascal(workload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_wherever_they_are_listed() {
        let service = serde_json::json!({"Properties": {"NetworkConfiguration": {"AwsvpcConfiguration": {
            "Subnets": [{"Fn::ImportValue": {"Fn::Sub": "${NetworkStackName}-AppSubnet1"}}],
            "SecurityGroups": [
                {"Fn::GetAtt": ["ServiceSecurityGroup", "GroupId"]},
                {"Fn::ImportValue": {"Fn::Sub": "${GateStackName}-Shared"}},
            ],
        }}}});
        let mut found = Vec::new();
        collect(&service.into(), &mut |groups| found.push(groups));
        let imported = |parameter: &str, output: &str| Group::Imported {
            parameter: parameter.to_owned(),
            output: output.to_owned(),
        };
        assert_eq!(found.len(), 2);
        let here = Group::Here("ServiceSecurityGroup".into());
        assert!(found.contains(&vec![here, imported("GateStackName", "Shared")]));
        // Whether an output is a group's id is for the stack that it comes from to say.
        assert!(found.contains(&vec![imported("NetworkStackName", "AppSubnet1")]));
    }
}
