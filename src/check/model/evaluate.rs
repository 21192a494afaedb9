//! Expressions of a template, worked out for one stack.

use std::borrow::Cow;

use crate::check::model::expression::{Expression, Form, Pseudo};
use crate::check::model::value::{ResourceId, Value};
use crate::check::model::{Estate, Stack, exports};

/// Why the number of an account is unknown that one of the next deployments makes.
pub const NO_ACCOUNT_YET: &str = "the account does not exist yet";

/// How deeply references may lead on from one stack to the next.
const MAXIMUM_STEPS: u32 = 32;

/// The stack in which expressions are worked out.
#[derive(Clone, Copy)]
pub struct Scope<'e> {
    pub estate: &'e Estate,
    pub stack: &'e Stack,
}

impl<'e> Scope<'e> {
    /// What an expression comes to.
    pub fn value(self, expression: &'e Expression) -> Value<'e> {
        self.at(expression, MAXIMUM_STEPS)
    }

    /// Whether a condition of the template holds; `None` where that cannot be decided.
    pub fn condition(self, index: u32) -> Option<bool> {
        self.named_condition(index, MAXIMUM_STEPS)
    }

    fn at(self, expression: &'e Expression, steps: u32) -> Value<'e> {
        let Some(steps) = steps.checked_sub(1) else {
            return Value::unknown("references lead on without end");
        };
        let own = |index: u32| ResourceId { stack: self.stack.id, index };
        match &expression.form {
            Form::Null => Value::Null,
            Form::Boolean(value) => Value::Boolean(*value),
            Form::Integer(number) => Value::Integer(*number),
            Form::Number(number) => Value::Number(*number),
            Form::Text(text) => Value::Text(Cow::Borrowed(text)),
            Form::List(items) => {
                // Nesting of plain lists and maps is bounded by the reader and costs no steps.
                let values = items.iter().map(|item| self.at(item, steps + 1));
                Value::List(values.filter(|value| *value != Value::Absent).collect())
            }
            Form::Map(entries) => {
                let values = entries.iter().map(|entry| (&*entry.key, self.at(&entry.value, steps + 1)));
                Value::Map(values.filter(|(_, value)| *value != Value::Absent).collect())
            }
            Form::Parameter(index) => self.parameter(*index),
            Form::Pseudo(pseudo) => self.pseudo(*pseudo),
            Form::Resource(index) => Value::Reference { target: own(*index), attribute: None },
            Form::Attribute(index, attribute) => self.attribute(own(*index), attribute, steps),
            Form::Joined(pieces) => Value::joined(pieces.iter().map(|piece| self.at(piece, steps))),
            Form::Join(separator, items) => join(separator, self.at(items, steps)),
            Form::Select(pair) => select(self.at(&pair[0], steps), self.at(&pair[1], steps)),
            Form::Split(separator, text) => split(separator, self.at(text, steps)),
            Form::Cidr(arguments) => {
                cidr(arguments.iter().map(|argument| self.at(argument, steps)).collect())
            }
            Form::Import(index) => match self.stack.imports.get(*index as usize).copied().flatten() {
                Some(target) => self.output(target, steps),
                None => Value::unknown("no stack exports it"),
            },
            Form::StackOutput(argument) => self.stack_output(&self.at(argument, steps), steps),
            Form::Find(arguments) => self.find(arguments, steps),
            Form::Base64(inner) => Value::Function("Fn::Base64", vec![self.at(inner, steps)]),
            Form::ZonesOf(inner) => Value::Function("Fn::GetAZs", vec![self.at(inner, steps)]),
            Form::ToJsonString(inner) => Value::Function("Fn::ToJsonString", vec![self.at(inner, steps)]),
            Form::Length(inner) => match self.at(inner, steps) {
                Value::List(items) => Value::Integer(items.len() as i64),
                Value::Unknown(reason) => Value::Unknown(reason),
                other => Value::Function("Fn::Length", vec![other]),
            },
            Form::If(condition, values) => match self.named_condition(*condition, steps) {
                Some(true) => self.at(&values[0], steps),
                Some(false) => self.at(&values[1], steps),
                None => Value::unknown("its condition cannot be decided"),
            },
            Form::Equals(_) | Form::And(_) | Form::Or(_) | Form::Not(_) | Form::Condition(_) => {
                match self.truth(expression, steps) {
                    Some(value) => Value::Boolean(value),
                    None => Value::unknown("its condition cannot be decided"),
                }
            }
            Form::Unknown(reason) => Value::unknown(*reason),
        }
    }

    fn parameter(self, index: u32) -> Value<'e> {
        let declared = &self.estate.template(self.stack).parameters[index as usize];
        let Some(text) = self.stack.parameters.get(index as usize).and_then(Option::as_deref) else {
            return Value::unknown("a parameter without a value");
        };
        if declared.is_stored_elsewhere() {
            return Value::unknown("a parameter of Systems Manager");
        }
        if declared.is_list() {
            let items = text.split(',').map(|item| Value::Text(Cow::Borrowed(item.trim())));
            return Value::List(if text.is_empty() { Vec::new() } else { items.collect() });
        }
        if text.contains("{{resolve:") {
            return Value::unknown("a dynamic reference");
        }
        Value::Text(Cow::Borrowed(text))
    }

    fn pseudo(self, pseudo: Pseudo) -> Value<'e> {
        let stack = self.stack;
        let known = |text: &'e Option<Box<str>>| match text {
            Some(text) => Value::Text(Cow::Borrowed(&**text)),
            None => Value::unknown("nothing says where the stack is deployed"),
        };
        let china = stack.region.as_deref().is_some_and(|region| region.starts_with("cn-"));
        let government = stack.region.as_deref().is_some_and(|region| region.starts_with("us-gov-"));
        match pseudo {
            Pseudo::AccountId => match stack.account.as_deref() {
                Some(account) if !is_account_number(account) => Value::unknown(NO_ACCOUNT_YET),
                _ => known(&stack.account),
            },
            Pseudo::Region => known(&stack.region),
            Pseudo::StackName => Value::Text(Cow::Borrowed(&stack.name)),
            Pseudo::StackId => {
                let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
                Value::joined([
                    text("arn:"),
                    self.pseudo(Pseudo::Partition),
                    text(":cloudformation:"),
                    self.pseudo(Pseudo::Region),
                    text(":"),
                    self.pseudo(Pseudo::AccountId),
                    text(":stack/"),
                    Value::Text(Cow::Borrowed(&stack.name)),
                    text("/"),
                    Value::unknown("the stack's own id"),
                ])
            }
            Pseudo::Partition if china => Value::Text("aws-cn".into()),
            Pseudo::Partition if government => Value::Text("aws-us-gov".into()),
            Pseudo::Partition => Value::Text("aws".into()),
            Pseudo::UrlSuffix if china => Value::Text("amazonaws.com.cn".into()),
            Pseudo::UrlSuffix => Value::Text("amazonaws.com".into()),
            Pseudo::NoValue => Value::Absent,
            Pseudo::NotificationArns => Value::unknown("where CloudFormation sends its events"),
        }
    }

    /// An attribute that repeats a property of the resource is that property.
    fn attribute(self, target: ResourceId, attribute: &'e Expression, steps: u32) -> Value<'e> {
        let Form::Text(name) = &attribute.form else {
            return match self.at(attribute, steps) {
                Value::Text(Cow::Borrowed(name)) => Value::Reference { target, attribute: Some(name) },
                _ => Value::unknown("the name of an attribute that is computed"),
            };
        };
        let declared = &self.estate.template(self.stack).resources[target.index as usize];
        match declared.properties.get(name) {
            Some(property) => self.at(property, steps),
            None => Value::Reference { target, attribute: Some(name) },
        }
    }

    fn output(self, target: exports::Target, steps: u32) -> Value<'e> {
        let stack = self.estate.stack(target.stack);
        let output = &self.estate.template(stack).outputs[target.output as usize];
        Scope { stack, ..self }.at(&output.value, steps)
    }

    fn stack_output(self, argument: &Value<'e>, steps: u32) -> Value<'e> {
        let text = |key: &str| argument.get(key).and_then(Value::as_text);
        let (Some(name), Some(output)) = (text("StackName"), text("OutputName")) else {
            return Value::unknown("an output of a stack whose name is not known");
        };
        let region = text("Region").or(self.stack.region.as_deref());
        // The role that reads the output stands in the account of the stack.
        let account = match argument.get("RoleArn") {
            None => self.stack.account.as_deref(),
            Some(role) => match role.as_text().and_then(|role| role.split(':').nth(4)) {
                Some(account) => Some(account),
                None => return Value::unknown("an output of an account that is not known"),
            },
        };
        match self.estate.exports.output(self.estate, account, region, name, output) {
            Some(target) => self.output(target, steps),
            None => Value::unknown("no stack here has that output"),
        }
    }

    fn find(self, arguments: &'e [Expression], steps: u32) -> Value<'e> {
        let [name, first, second, default @ ..] = arguments else { return Value::unknown("no mapping") };
        let keys = [self.at(name, steps), self.at(first, steps), self.at(second, steps)];
        let [Some(name), Some(first), Some(second)] = [0, 1, 2].map(|index: usize| keys[index].as_text())
        else {
            return Value::unknown("a key of a mapping that is not known");
        };
        let mappings = &self.estate.template(self.stack).mappings;
        let table = mappings.iter().find(|mapping| &*mapping.name == name);
        let found = table.and_then(|mapping| mapping.table.get(first)?.get(second));
        let default = default.first().and_then(|default| default.get("DefaultValue"));
        match found.or(default) {
            Some(value) => self.at(value, steps),
            None => Value::unknown("the mapping does not have that key"),
        }
    }

    fn named_condition(self, index: u32, steps: u32) -> Option<bool> {
        let steps = steps.checked_sub(1)?;
        let condition = &self.estate.template(self.stack).conditions[index as usize];
        self.truth(&condition.expression, steps)
    }

    fn truth(self, expression: &'e Expression, steps: u32) -> Option<bool> {
        let steps = steps.checked_sub(1)?;
        match &expression.form {
            Form::Equals(pair) => {
                let [left, right] = [self.at(&pair[0], steps), self.at(&pair[1], steps)];
                let (left, right) = (left.into_piece(), right.into_piece());
                match (&left, &right) {
                    (Value::Text(left), Value::Text(right)) => Some(left == right),
                    _ => None,
                }
            }
            Form::And(items) => {
                let truths: Vec<_> = items.iter().map(|item| self.truth(item, steps)).collect();
                if truths.contains(&Some(false)) {
                    Some(false)
                } else {
                    truths.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
                }
            }
            Form::Or(items) => {
                let truths: Vec<_> = items.iter().map(|item| self.truth(item, steps)).collect();
                if truths.contains(&Some(true)) {
                    Some(true)
                } else {
                    truths.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
                }
            }
            Form::Not(inner) => self.truth(inner, steps).map(|value| !value),
            Form::Condition(index) => self.named_condition(*index, steps),
            _ => None,
        }
    }
}

/// Whether an account is named by its number.
pub(super) fn is_account_number(account: &str) -> bool {
    account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
}

fn join<'e>(separator: &'e str, items: Value<'e>) -> Value<'e> {
    let items = match items {
        Value::List(items) => items,
        Value::Unknown(reason) => return Value::Unknown(reason),
        other => {
            return Value::Function("Fn::Join", vec![Value::Text(Cow::Borrowed(separator)), other]);
        }
    };
    let mut pieces = Vec::with_capacity(items.len() * 2);
    for item in items {
        if !pieces.is_empty() {
            pieces.push(Value::Text(Cow::Borrowed(separator)));
        }
        pieces.push(item);
    }
    Value::joined(pieces)
}

fn select<'e>(index: Value<'e>, list: Value<'e>) -> Value<'e> {
    match (index.as_integer(), list) {
        (Some(index), Value::List(mut items)) => match usize::try_from(index) {
            Ok(index) if index < items.len() => items.swap_remove(index),
            _ => Value::unknown("the list has no such item"),
        },
        (_, Value::Unknown(reason)) => Value::Unknown(reason),
        (Some(_), list) => Value::Function("Fn::Select", vec![index, list]),
        (None, _) => Value::unknown("which item of a list is not known"),
    }
}

fn split<'e>(separator: &str, text: Value<'e>) -> Value<'e> {
    match text {
        Value::Text(Cow::Borrowed(text)) => {
            Value::List(text.split(separator).map(|part| Value::Text(Cow::Borrowed(part))).collect())
        }
        Value::Text(Cow::Owned(text)) => {
            Value::List(text.split(separator).map(|part| Value::Text(part.to_owned().into())).collect())
        }
        Value::Unknown(reason) => Value::Unknown(reason),
        other => Value::Function("Fn::Split", vec![Value::Text(separator.to_owned().into()), other]),
    }
}

/// `Fn::Cidr` of a known block is a list of blocks; of another, a function that `Fn::Select` can pick from.
fn cidr<'e>(arguments: Vec<Value<'e>>) -> Value<'e> {
    let blocks = || {
        let block: ipnet::IpNet = arguments.first()?.as_text()?.parse().ok()?;
        let count = usize::try_from(arguments.get(1)?.as_integer()?).ok().filter(|count| *count <= 256)?;
        let width = block.max_prefix_len();
        // Without it, AWS takes 8 bits for IPv4; IPv6 needs it.
        let bits = arguments.get(2).map_or(Some(8), Value::as_integer)?;
        let prefix = width.checked_sub(u8::try_from(bits).ok()?)?;
        let subnets: Vec<_> = block.subnets(prefix).ok()?.take(count).collect();
        (subnets.len() == count).then(|| {
            subnets.into_iter().map(|subnet| Value::Text(subnet.to_string().into())).collect::<Vec<_>>()
        })
    };
    match blocks() {
        Some(blocks) => Value::List(blocks),
        None => Value::Function("Fn::Cidr", arguments),
    }
}
