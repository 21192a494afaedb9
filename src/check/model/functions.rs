//! Intrinsic functions: from nodes of a file to expressions.

use std::collections::BTreeMap;

use crate::check::finding::Finding;
use crate::check::model::compile::unjudged;
use crate::check::model::expression::{Entry, Expression, Form, Pseudo};
use crate::diagnostics::{closest, codes, quote};
use crate::source::Span;
use crate::yaml::{Node, Value};

/// What a template's expressions can name, and what was found wrong with them.
pub(super) struct Names<'n> {
    parameters: BTreeMap<&'n str, u32>,
    resources: BTreeMap<&'n str, u32>,
    conditions: BTreeMap<&'n str, u32>,
    mappings: BTreeMap<&'n str, u32>,
    pub problems: &'n mut Vec<Finding>,
    pub imports: Vec<Expression>,
    /// Texts of the imports that were seen, each with its number.
    seen: BTreeMap<String, u32>,
}

impl<'n> Names<'n> {
    pub(super) fn new(
        parameters: impl Iterator<Item = &'n str>,
        resources: impl Iterator<Item = &'n str>,
        conditions: impl Iterator<Item = &'n str>,
        mappings: impl Iterator<Item = &'n str>,
        problems: &'n mut Vec<Finding>,
    ) -> Self {
        fn numbered<'n>(names: impl Iterator<Item = &'n str>) -> BTreeMap<&'n str, u32> {
            names.enumerate().map(|(index, name)| (name, index as u32)).collect()
        }
        Names {
            parameters: numbered(parameters),
            resources: numbered(resources),
            conditions: numbered(conditions),
            mappings: numbered(mappings),
            problems,
            imports: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    /// The condition that a node names.
    pub(super) fn condition(&mut self, node: &Node) -> Option<u32> {
        let name = node.as_text().unwrap_or_default();
        let found = self.conditions.get(name).copied();
        if found.is_none() {
            let all: Vec<&str> = self.conditions.keys().copied().collect();
            self.undefined("condition", name, node.span, &all);
        }
        found
    }

    /// The resource that an item of `DependsOn` names.
    pub(super) fn dependency(&mut self, node: &Node) -> Option<(u32, Span)> {
        let name = node.as_text().unwrap_or_default();
        let found = self.resources.get(name).copied();
        if found.is_none() {
            let all: Vec<&str> = self.resources.keys().copied().collect();
            self.undefined("resource", name, node.span, &all);
        }
        found.map(|index| (index, node.span))
    }

    fn undefined(&mut self, what: &str, name: &str, span: Span, all: &[&str]) {
        let help = match closest(name, all.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it, or name a {what} of this template"),
        };
        self.problems.push(
            Finding::new(
                &codes::UNDEFINED_REFERENCE,
                format!("this template has no {what} {}", quote(name)),
                span,
                "named here",
            )
            .help(help),
        );
    }

    fn reference(&mut self, name: &str, span: Span) -> Form {
        if let Some(index) = self.parameters.get(name) {
            return Form::Parameter(*index);
        }
        if let Some(index) = self.resources.get(name) {
            return Form::Resource(*index);
        }
        if let Some(pseudo) = Pseudo::named(name) {
            return Form::Pseudo(pseudo);
        }
        let all: Vec<&str> = self.parameters.keys().chain(self.resources.keys()).copied().collect();
        self.undefined("parameter or resource", name, span, &all);
        Form::Unknown("the template does not declare it")
    }

    fn attribute(&mut self, name: &str, attribute: Expression, span: Span) -> Form {
        match self.resources.get(name) {
            Some(index) => Form::Attribute(*index, Box::new(attribute)),
            None => {
                let all: Vec<&str> = self.resources.keys().copied().collect();
                self.undefined("resource", name, span, &all);
                Form::Unknown("the template does not declare it")
            }
        }
    }

    fn malformed(&mut self, function: &str, asked: &str, span: Span) -> Form {
        self.problems.push(
            Finding::new(
                &codes::MALFORMED_FUNCTION,
                format!("`{function}` takes {asked}"),
                span,
                "this is not that",
            )
            .help("see the CloudFormation User Guide, \"Intrinsic function reference\""),
        );
        Form::Unknown("the function is malformed")
    }

    fn import(&mut self, name: Expression) -> Form {
        // Spans are no part of what is asked for.
        let text = format!("{:?}", Shape(&name));
        let next = self.imports.len() as u32;
        let index = *self.seen.entry(text).or_insert(next);
        if index == next {
            self.imports.push(name);
        }
        Form::Import(index)
    }
}

/// An expression without its places, as text to compare by.
struct Shape<'x>(&'x Expression);

impl std::fmt::Debug for Shape<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let own = match &self.0.form {
            Form::Text(text) => format!("text {text:?}"),
            Form::Parameter(index) => format!("parameter {index}"),
            Form::Resource(index) => format!("resource {index}"),
            Form::Attribute(index, _) => format!("attribute of {index}"),
            Form::Pseudo(pseudo) => format!("{pseudo:?}"),
            Form::Join(separator, _) => format!("join {separator:?}"),
            Form::Split(separator, _) => format!("split {separator:?}"),
            Form::If(condition, _) => format!("if {condition}"),
            Form::Import(index) => format!("import {index}"),
            Form::Integer(number) => format!("{number}"),
            Form::Map(entries) => entries.iter().map(|entry| format!("{:?} ", entry.key)).collect::<String>(),
            Form::Joined(_) => "joined".to_owned(),
            // Seldom in the name of an import: never taken for another.
            _ => format!("at {:?}", self.0.span),
        };
        formatter.write_str(&own)?;
        formatter.debug_list().entries(self.0.children().into_iter().map(Shape)).finish()
    }
}

/// An expression in which functions are understood.
pub(super) fn expression(node: &Node, names: &mut Names<'_>) -> Expression {
    let form = match (&node.tag, &node.value) {
        (Some(tag), _) => {
            let function = match &**tag {
                "Ref" | "Condition" => tag.to_string(),
                other => format!("Fn::{other}"),
            };
            let untagged = Node { tag: None, ..node.clone() };
            apply(&function, &untagged, node.span, names)
        }
        (None, Value::Map(entries)) => match entries.as_slice() {
            [(key, argument)] if &*key.text == "Ref" || key.text.starts_with("Fn::") => {
                apply(&key.text, argument, argument.span, names)
            }
            entries => {
                for (key, _) in entries.iter().filter(|(key, _)| key.text.starts_with("Fn::")) {
                    if key.text.starts_with("Fn::ForEach") || &*key.text == "Fn::Transform" {
                        names.problems.push(unjudged(&format!("`{}`", key.text), key.span));
                    } else {
                        names.malformed(&key.text, "a mapping of its own, without other keys", key.span);
                    }
                }
                Form::Map(
                    entries
                        .iter()
                        .map(|(key, node)| Entry {
                            key: key.text.clone(),
                            key_span: key.span,
                            value: expression(node, names),
                        })
                        .collect(),
                )
            }
        },
        (None, Value::List(items)) => Form::List(items.iter().map(|item| expression(item, names)).collect()),
        (None, _) => plain(node).form,
    };
    Expression { span: node.span, form }
}

/// A value in which nothing is a function, as in mappings.
pub(super) fn plain(node: &Node) -> Expression {
    let form = match &node.value {
        Value::Null => Form::Null,
        Value::Boolean(value) => Form::Boolean(*value),
        Value::Integer(number) => Form::Integer(*number),
        Value::Number(number) => Form::Number(*number),
        Value::Text(text) => Form::Text(text.clone()),
        Value::List(items) => Form::List(items.iter().map(plain).collect()),
        Value::Map(entries) => Form::Map(
            entries
                .iter()
                .map(|(key, node)| Entry { key: key.text.clone(), key_span: key.span, value: plain(node) })
                .collect(),
        ),
    };
    Expression { span: node.span, form }
}

/// A condition: a function that gives true or false.
pub(super) fn condition(node: &Node, names: &mut Names<'_>) -> Expression {
    let condition = match &node.value {
        Value::Map(entries) if entries.len() == 1 && &*entries[0].0.text == "Condition" => {
            let form = names
                .condition(&entries[0].1)
                .map_or(Form::Unknown("the template does not declare it"), Form::Condition);
            Expression { span: node.span, form }
        }
        _ => expression(node, names),
    };
    let fits = matches!(
        condition.form,
        Form::Equals(_) | Form::And(_) | Form::Or(_) | Form::Not(_) | Form::Condition(_) | Form::Unknown(_)
    );
    if !fits {
        names.malformed(
            "Conditions",
            "`Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not` or a condition",
            node.span,
        );
    }
    condition
}

/// The section `Rules` is looked at for what it names; CloudFormation applies it to parameters.
pub(super) fn rules(node: &Node, names: &mut Names<'_>) {
    names.problems.push(
        unjudged("the section `Rules`", node.span.beginning())
            .help("say what a parameter may be by `AllowedValues` and `AllowedPattern`"),
    );
}

fn list(node: &Node) -> Option<&[Node]> {
    match &node.value {
        Value::List(items) if node.tag.is_none() => Some(items),
        _ => None,
    }
}

fn pair(node: &Node, names: &mut Names<'_>) -> Option<Box<[Expression; 2]>> {
    match list(node)? {
        [first, second] => Some(Box::new([expression(first, names), expression(second, names)])),
        _ => None,
    }
}

fn apply(function: &str, argument: &Node, span: Span, names: &mut Names<'_>) -> Form {
    let inner = |names: &mut Names<'_>| Box::new(expression(argument, names));
    let understood = match function {
        "Ref" => argument.as_text().map(|name| names.reference(name, argument.span)),
        "Fn::GetAtt" => get_attribute(argument, names),
        "Fn::Sub" => substitute(argument, names),
        "Fn::Join" => separated(argument, names).map(|(separator, list)| Form::Join(separator, list)),
        "Fn::Split" => separated(argument, names).map(|(separator, text)| Form::Split(separator, text)),
        "Fn::Select" => pair(argument, names).map(Form::Select),
        "Fn::Cidr" => list(argument)
            .filter(|items| (2..=3).contains(&items.len()))
            .map(|items| Form::Cidr(items.iter().map(|item| expression(item, names)).collect())),
        "Fn::ImportValue" => {
            let name = expression(argument, names);
            Some(names.import(name))
        }
        "Fn::GetStackOutput" => Some(Form::StackOutput(inner(names))),
        "Fn::FindInMap" => list(argument).filter(|items| (3..=4).contains(&items.len())).map(|items| {
            if let Some(name) = items[0].as_text()
                && !names.mappings.contains_key(name)
            {
                let all: Vec<&str> = names.mappings.keys().copied().collect();
                names.undefined("mapping", name, items[0].span, &all);
            }
            Form::Find(items.iter().map(|item| expression(item, names)).collect())
        }),
        "Fn::Base64" => Some(Form::Base64(inner(names))),
        "Fn::GetAZs" => Some(Form::ZonesOf(inner(names))),
        "Fn::ToJsonString" => Some(Form::ToJsonString(inner(names))),
        "Fn::Length" => Some(Form::Length(inner(names))),
        "Fn::If" => match list(argument) {
            Some([name, yes, no]) => {
                let values = Box::new([expression(yes, names), expression(no, names)]);
                Some(match names.condition(name) {
                    Some(index) => Form::If(index, values),
                    None => Form::Unknown("the template does not declare it"),
                })
            }
            _ => None,
        },
        "Fn::Equals" => pair(argument, names).map(Form::Equals),
        "Fn::And" => conditions(argument, names).map(Form::And),
        "Fn::Or" => conditions(argument, names).map(Form::Or),
        "Fn::Not" => match list(argument) {
            Some([one]) => Some(Form::Not(Box::new(condition(one, names)))),
            _ => None,
        },
        "Condition" => names.condition(argument).map(Form::Condition),
        "Fn::Transform" => {
            names.problems.push(unjudged("`Fn::Transform`", span));
            Some(Form::Unknown("a transform would decide"))
        }
        other if other.starts_with("Fn::ForEach") => {
            names.problems.push(unjudged("a loop in a template", span));
            Some(Form::Unknown("a transform would decide"))
        }
        other => {
            names.problems.push(
                Finding::new(
                    &codes::MALFORMED_FUNCTION,
                    format!("there is no function {}", quote(other)),
                    span,
                    "",
                )
                .help("see the CloudFormation User Guide, \"Intrinsic function reference\""),
            );
            Some(Form::Unknown("the function is not known"))
        }
    };
    understood.unwrap_or_else(|| names.malformed(function, takes(function), argument.span))
}

fn takes(function: &str) -> &'static str {
    match function {
        "Ref" => "the name of a parameter or a resource",
        "Fn::GetAtt" => "a logical id and the name of an attribute",
        "Fn::Sub" => "a text, or a text and a mapping of variables",
        "Fn::Join" => "a separator and a list",
        "Fn::Split" => "a separator and a text",
        "Fn::Select" => "a number and a list",
        "Fn::Cidr" => "a block, a count and the bits of the host part",
        "Fn::FindInMap" => "a mapping, a first key and a second key",
        "Fn::If" => "a condition and two values",
        "Fn::Equals" => "two values",
        "Fn::And" | "Fn::Or" => "a list of two to ten conditions",
        "Fn::Not" => "a list of one condition",
        _ => "another argument",
    }
}

fn conditions(argument: &Node, names: &mut Names<'_>) -> Option<Vec<Expression>> {
    let items = list(argument).filter(|items| (2..=10).contains(&items.len()))?;
    Some(items.iter().map(|item| condition(item, names)).collect())
}

fn separated(argument: &Node, names: &mut Names<'_>) -> Option<(Box<str>, Box<Expression>)> {
    match list(argument)? {
        [separator, rest] => Some((separator.as_text()?.into(), Box::new(expression(rest, names)))),
        _ => None,
    }
}

fn get_attribute(argument: &Node, names: &mut Names<'_>) -> Option<Form> {
    let text = |text: &str| Expression { span: argument.span, form: Form::Text(text.into()) };
    match &argument.value {
        Value::Text(whole) => {
            let (name, attribute) = whole.split_once('.')?;
            Some(names.attribute(name, text(attribute), argument.span))
        }
        Value::List(items) => match items.as_slice() {
            [name, attribute] => {
                let attribute = expression(attribute, names);
                Some(names.attribute(name.as_text()?, attribute, name.span))
            }
            // `[Resource, Outer, Inner]` is not what CloudFormation reads.
            _ => None,
        },
        _ => None,
    }
}

fn substitute(argument: &Node, names: &mut Names<'_>) -> Option<Form> {
    let (template, variables) = match &argument.value {
        Value::Text(_) => (argument, None),
        Value::List(items) => match items.as_slice() {
            [text, variables] => (text, Some(variables)),
            _ => return None,
        },
        _ => return None,
    };
    let text = template.as_text()?;
    let variables = match variables.map(|node| &node.value) {
        None => Vec::new(),
        Some(Value::Map(entries)) => {
            entries.iter().map(|(key, node)| (&*key.text, expression(node, names))).collect()
        }
        Some(_) => return None,
    };
    let mut used = vec![false; variables.len()];
    let here = |form: Form| Expression { span: template.span, form };
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let name = rest[start + 2..start + length].trim();
        if !rest[..start].is_empty() {
            pieces.push(here(Form::Text(rest[..start].into())));
        }
        rest = &rest[start + length + 1..];
        let position = variables.iter().position(|(variable, _)| *variable == name);
        pieces.push(match (name.strip_prefix('!'), position) {
            (Some(literal), _) => here(Form::Text(format!("${{{literal}}}").into())),
            (None, Some(position)) => {
                used[position] = true;
                variables[position].1.clone()
            }
            (None, None) => here(match name.split_once('.') {
                Some((resource, attribute)) => {
                    names.attribute(resource, here(Form::Text(attribute.into())), template.span)
                }
                None => names.reference(name, template.span),
            }),
        });
    }
    if !rest.is_empty() {
        pieces.push(here(Form::Text(rest.into())));
    }
    for ((name, variable), _) in variables.iter().zip(&used).filter(|(_, used)| !**used) {
        names.problems.push(
            Finding::new(
                &codes::MALFORMED_FUNCTION,
                format!("the text of `Fn::Sub` does not use the variable {}", quote(name)),
                variable.span,
                "",
            )
            .help("take the variable out, or write `${…}` with its name into the text"),
        );
    }
    Some(Form::Joined(pieces))
}
