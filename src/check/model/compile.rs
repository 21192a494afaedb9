//! Tree of a file → template. What is wrong on the way becomes a finding of the template, never a failure.

use std::collections::BTreeMap;

use crate::check::finding::Finding;
use crate::check::model::functions::{self, Names};
use crate::check::model::template::{
    Declared, Mapping, NamedExpression, Output, Parameter, Template, holds_more,
};
use crate::diagnostics::{closest, codes, list_of, quote};
use crate::source::{FileId, Span};
use crate::yaml::{Key, Node, Value};

const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
];

const RESOURCE_KEYS: [&str; 9] = [
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
    "Metadata",
];

const PARAMETER_KEYS: [&str; 11] = [
    "Type",
    "Default",
    "Description",
    "AllowedValues",
    "AllowedPattern",
    "ConstraintDescription",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "NoEcho",
];

/// Understands a template that was read from a file.
pub(super) fn compile(path: &str, file: FileId, bytes: usize, root: &Node) -> Template {
    let mut template = Template {
        path: path.into(),
        file,
        bytes,
        parameters: Vec::new(),
        mappings: Vec::new(),
        conditions: Vec::new(),
        resources: Vec::new(),
        outputs: Vec::new(),
        imports: Vec::new(),
        transforms: Vec::new(),
        description: None,
        problems: Vec::new(),
        kinds: BTreeMap::new(),
    };
    let problems = &mut template.problems;
    let Value::Map(sections) = &root.value else {
        problems.push(structure("a template is a mapping of sections", root.span, "this is none"));
        return template;
    };
    known_keys(sections, &SECTIONS, "a template has no section", problems);
    let section = |name: &str, problems: &mut Vec<Finding>| -> &[(Key, Node)] {
        root.get(name).map_or(&[], |node| mapping(node, &format!("`{name}` is a mapping"), problems))
    };
    if root.get("Resources").is_none() {
        problems.push(
            structure("a template needs the section `Resources`", root.span.beginning(), "")
                .help("add at least one resource"),
        );
    }
    if let Some(version) = root.get("AWSTemplateFormatVersion")
        && version.as_text() != Some("2010-09-09")
    {
        problems.push(structure("there is one version of templates, `2010-09-09`", version.span, ""));
    }
    if let Some(node) = root.get("Description") {
        match node.as_text() {
            Some(text) => template.description = Some((text.into(), node.span)),
            None => problems.push(structure("the description of a template is text", node.span, "")),
        }
    }
    let parameters = section("Parameters", problems);
    let mappings = section("Mappings", problems);
    let conditions = section("Conditions", problems);
    let resources = section("Resources", problems);
    let outputs = section("Outputs", problems);
    transforms(root, &mut template);
    let problems = &mut template.problems;
    template.parameters = parameters.iter().map(|(key, node)| parameter(key, node, problems)).collect();
    let mut names = Names::new(
        parameters.iter().map(|(key, _)| &*key.text),
        resources.iter().map(|(key, _)| &*key.text),
        conditions.iter().map(|(key, _)| &*key.text),
        mappings.iter().map(|(key, _)| &*key.text),
        problems,
    );
    template.mappings = mappings
        .iter()
        .map(|(key, node)| Mapping { name: key.text.clone(), span: key.span, table: functions::plain(node) })
        .collect();
    template.conditions = conditions
        .iter()
        .map(|(key, node)| NamedExpression {
            name: key.text.clone(),
            span: key.span,
            expression: functions::condition(node, &mut names),
        })
        .collect();
    template.resources = resources.iter().map(|(key, node)| resource(key, node, &mut names)).collect();
    template.outputs = outputs.iter().map(|(key, node)| output(key, node, &mut names)).collect();
    if let Some(rules) = root.get("Rules") {
        functions::rules(rules, &mut names);
    }
    template.imports = std::mem::take(&mut names.imports);
    for (index, resource) in template.resources.iter().enumerate() {
        template.kinds.entry(resource.kind.clone()).or_default().push(index as u32);
    }
    template
}

/// A finding about the form of a template.
pub(super) fn structure(message: impl Into<String>, span: Span, label: &str) -> Finding {
    Finding::new(&codes::TEMPLATE_STRUCTURE, message, span, label)
        .help("see the CloudFormation User Guide, \"Template sections\"")
}

fn known_keys(entries: &[(Key, Node)], known: &[&str], sentence: &str, problems: &mut Vec<Finding>) {
    for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&&*key.text)) {
        let help = match closest(&key.text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", list_of(known.iter().copied())),
        };
        problems.push(
            Finding::new(
                &codes::TEMPLATE_STRUCTURE,
                format!("{sentence} {}", quote(&key.text)),
                key.span,
                "",
            )
            .help(help),
        );
    }
}

fn mapping<'n>(node: &'n Node, sentence: &str, problems: &mut Vec<Finding>) -> &'n [(Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => {
            problems.push(structure(sentence, node.span, &format!("this is {}", node.kind())));
            &[]
        }
    }
}

fn transforms(root: &Node, template: &mut Template) {
    let Some(node) = root.get("Transform") else { return };
    let names: Vec<Box<str>> = match &node.value {
        Value::Text(name) => vec![name.clone()],
        Value::List(items) => {
            items.iter().map(|item| item.as_text().unwrap_or("a transform").into()).collect()
        }
        _ => vec!["a transform".into()],
    };
    template.problems.push(
        Finding::new(
            &codes::UNJUDGED_CONSTRUCT,
            format!(
                "what the transform {} makes of this template cannot be judged",
                list_of(names.iter().map(|name| &**name))
            ),
            node.span,
            "CloudFormation would run it",
        )
        .help("check the template as it is after the transform: `aws cloudformation get-template --template-stage Processed`"),
    );
    template.transforms = names;
}

/// Text of a scalar as CloudFormation takes it.
fn scalar(node: &Node) -> Option<Box<str>> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Boolean(value) => Some(value.to_string().into()),
        _ => None,
    }
}

fn parameter(key: &Key, node: &Node, problems: &mut Vec<Finding>) -> Parameter {
    let entries = mapping(node, "a parameter is a mapping", problems);
    known_keys(entries, &PARAMETER_KEYS, "a parameter has no key", problems);
    let name = quote(&key.text);
    if key.text.is_empty() || !key.text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        problems.push(structure(
            format!("the name of the parameter {name} is not of letters and digits"),
            key.span,
            "",
        ));
    }
    let kind = node.get("Type").and_then(Node::as_text).unwrap_or_default();
    let known = matches!(kind, "String" | "Number" | "CommaDelimitedList" | "List<Number>" | "List<String>")
        || kind.starts_with("AWS::")
        || kind.starts_with("List<AWS::");
    if !known {
        let span = node.get("Type").map_or(key.span, |kind| kind.span);
        problems.push(structure(format!("the parameter {name} has no type that there is"), span, ""));
    }
    let number = |field: &str| node.get(field).and_then(scalar).and_then(|text| text.parse::<f64>().ok());
    let length = |field: &str| node.get(field).and_then(scalar).and_then(|text| text.parse::<i64>().ok());
    let allowed = match node.get("AllowedValues").map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().filter_map(scalar).collect(),
        _ => Vec::new(),
    };
    let pattern = node.get("AllowedPattern").and_then(|node| Some((node.as_text()?.into(), node.span)));
    Parameter {
        name: key.text.clone(),
        span: key.span,
        kind: kind.into(),
        default: node.get("Default").and_then(scalar),
        allowed_values: allowed,
        allowed_pattern: pattern,
        minimum_length: length("MinLength"),
        maximum_length: length("MaxLength"),
        minimum_value: number("MinValue"),
        maximum_value: number("MaxValue"),
        hidden: node.get("NoEcho").and_then(scalar).is_some_and(|value| value.eq_ignore_ascii_case("true")),
    }
}

fn resource(key: &Key, node: &Node, names: &mut Names<'_>) -> Declared {
    let id = quote(&key.text);
    let entries = mapping(node, "a resource is a mapping", names.problems);
    known_keys(entries, &RESOURCE_KEYS, "a resource has no key", names.problems);
    let plain = !key.text.is_empty() && key.text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if key.text.starts_with("Fn::ForEach") {
        names.problems.push(unjudged("a loop in a template", key.span));
    } else if !plain {
        names.problems.push(structure(
            format!("the logical id {id} is not of letters and digits"),
            key.span,
            "",
        ));
    }
    let kind = node.get("Type").and_then(Node::as_text);
    if kind.is_none() && !key.text.starts_with("Fn::ForEach") {
        names.problems.push(structure(format!("the resource {id} has no type"), key.span, ""));
    }
    if kind.is_some_and(holds_more) {
        names.problems.push(
            Finding::new(
                &codes::UNJUDGED_CONSTRUCT,
                format!("what the {} {id} holds cannot be judged", kind.unwrap_or_default()),
                key.span,
                "its resources stand in another template",
            )
            .help("make it a stack of its own, and check that"),
        );
    }
    let nothing = Node::new(key.span, Value::Map(Vec::new()));
    let properties = node.get("Properties").unwrap_or(&nothing);
    if !matches!(properties.value, Value::Map(_)) {
        names.problems.push(structure(
            format!("the properties of the resource {id} are a mapping"),
            properties.span,
            "",
        ));
    }
    let depends_on = match node.get("DependsOn") {
        None => Vec::new(),
        Some(Node { value: Value::List(items), .. }) => {
            items.iter().filter_map(|item| names.dependency(item)).collect()
        }
        Some(one) => names.dependency(one).into_iter().collect(),
    };
    let policy = |name: &str| -> Option<(Box<str>, Span)> {
        let node = node.get(name)?;
        Some((node.as_text()?.into(), node.span))
    };
    let (deletion_policy, update_replace_policy) = (policy("DeletionPolicy"), policy("UpdateReplacePolicy"));
    for (name, policy) in
        [("DeletionPolicy", &deletion_policy), ("UpdateReplacePolicy", &update_replace_policy)]
    {
        if let Some((value, span)) = policy
            && !["Delete", "Retain", "Snapshot", "RetainExceptOnCreate"].contains(&&**value)
        {
            names.problems.push(structure(format!("there is no `{name}` {}", quote(value)), *span, ""));
        }
    }
    Declared {
        logical_id: key.text.clone(),
        span: key.span,
        kind: kind.unwrap_or_default().into(),
        kind_span: node.get("Type").map_or(key.span, |node| node.span),
        properties: functions::expression(properties, names),
        condition: node.get("Condition").and_then(|node| names.condition(node)),
        depends_on,
        deletion_policy,
        update_replace_policy,
        metadata: node.get("Metadata").map(|node| functions::expression(node, names)),
    }
}

fn output(key: &Key, node: &Node, names: &mut Names<'_>) -> Output {
    let entries = mapping(node, "an output is a mapping", names.problems);
    known_keys(
        entries,
        &["Value", "Description", "Export", "Condition"],
        "an output has no key",
        names.problems,
    );
    if node.get("Value").is_none() {
        names.problems.push(structure(format!("the output {} has no value", quote(&key.text)), key.span, ""));
    }
    let nothing = Node::new(key.span, Value::Null);
    let export = node.get("Export").and_then(|export| {
        let name = export.get("Name");
        if name.is_none() {
            names.problems.push(structure("an export needs a `Name`", export.span, ""));
        }
        name
    });
    Output {
        name: key.text.clone(),
        span: key.span,
        value: functions::expression(node.get("Value").unwrap_or(&nothing), names),
        export: export.map(|name| functions::expression(name, names)),
        condition: node.get("Condition").and_then(|node| names.condition(node)),
    }
}

pub(super) fn unjudged(what: &str, span: Span) -> Finding {
    Finding::new(
        &codes::UNJUDGED_CONSTRUCT,
        format!("what becomes of {what} cannot be judged"),
        span,
        "CloudFormation would run it",
    )
    .help("write out what it stands for")
}
