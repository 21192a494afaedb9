//! What a template refers to: every name must be a resource of the template, one of its parameters,
//! or one that CloudFormation itself gives.

use std::collections::BTreeSet;

use crate::cloudformation::Json;

/// CloudFormation User Guide, "Get AWS values using pseudo parameters".
const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Whether CloudFormation gives this name to every template.
pub(super) fn is_pseudo_parameter(name: &str) -> bool {
    PSEUDO_PARAMETERS.contains(&name)
}

/// The names that a resource or an output refers to, by `Ref`, `Fn::GetAtt`, `Fn::Sub` or `DependsOn`.
pub(super) fn references(value: &Json) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    match value.get("DependsOn") {
        Some(Json::Text(name)) => _ = names.insert(name.clone()),
        Some(Json::List(list)) => names.extend(list.iter().filter_map(Json::as_text).map(str::to_owned)),
        _ => {}
    }
    collect(value, &mut names);
    names
}

fn collect(value: &Json, names: &mut BTreeSet<String>) {
    match value {
        Json::List(items) => items.iter().for_each(|item| collect(item, names)),
        Json::Object(entries) => match entries.as_slice() {
            [(function, argument)] if function == "Ref" => {
                names.extend(argument.as_text().map(str::to_owned))
            }
            [(function, argument)] if function == "Fn::GetAtt" => names.extend(attribute_of(argument)),
            [(function, argument)] if function == "Fn::Sub" => substituted(argument, names),
            _ => entries.iter().for_each(|(_, value)| collect(value, names)),
        },
        _ => {}
    }
}

fn attribute_of(argument: &Json) -> Option<String> {
    match argument {
        Json::List(items) => items.first()?.as_text().map(str::to_owned),
        Json::Text(text) => text.split('.').next().map(str::to_owned),
        _ => None,
    }
}

fn substituted(argument: &Json, names: &mut BTreeSet<String>) {
    let (text, variables) = match argument {
        Json::Text(text) => (text.as_str(), &[][..]),
        Json::List(items) => match items.as_slice() {
            [Json::Text(text), Json::Object(variables)] => (text.as_str(), variables.as_slice()),
            _ => return,
        },
        _ => return,
    };
    variables.iter().for_each(|(_, value)| collect(value, names));
    for part in text.split("${").skip(1) {
        let Some((name, _)) = part.split_once('}') else { continue };
        let is_variable = variables.iter().any(|(variable, _)| variable == name.trim());
        if !name.starts_with('!') && !is_variable {
            let whole = name.trim();
            names.insert(
                if whole.contains("::") { whole } else { whole.split('.').next().unwrap_or(whole) }
                    .to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(json: serde_json::Value) -> Vec<String> {
        references(&json.into()).into_iter().collect()
    }

    #[test]
    fn every_way_to_refer_is_found() {
        let resource = serde_json::json!({
            "DependsOn": ["A", "B"],
            "Properties": {
                "One": {"Ref": "C"},
                "Two": {"Fn::GetAtt": ["D", "Arn"]},
                "Three": [{"Fn::Sub": "x${E}-${F.Arn}-${AWS::Region}-${!G}"}],
                "Four": {"Fn::Sub": ["${H}${I}", {"H": {"Ref": "J"}}]},
                "Five": {"Fn::Join": ["", [{"Ref": "K"}]]},
            }
        });
        assert_eq!(names(resource), ["A", "AWS::Region", "B", "C", "D", "E", "F", "I", "J", "K"]);
    }

    #[test]
    fn text_that_only_looks_like_a_reference_is_none() {
        assert!(
            names(serde_json::json!({"Properties": {"A": "${B}", "C": {"Ref": "D", "E": 1}}})).is_empty()
        );
    }
}
