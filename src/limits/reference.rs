//! What a property of a template refers to, and values that only a stack's parameters decide.

use std::collections::BTreeMap;

use crate::aws::instance_type;
use crate::cloudformation::Json;

/// A value that stands in the template, or that a stack's parameter gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Text(String),
    Parameter(String),
    /// Decided by what nobody knows before the deployment.
    Unknown,
}

/// A resource that another refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reference {
    /// A resource of the same template.
    Own(String),
    /// An output of another stack.
    Imported { stack: Value, output: String },
    /// Something that stands outside: the value that names it.
    Outside(Value),
}

/// How many of something: only a stack's parameters may decide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    Fixed(u64),
    /// The product of these, over the divisor, rounded up.
    Product(Vec<Value>, u64),
    /// The virtual processors of so many instances of a type.
    Processors {
        instances: Value,
        kind: Value,
    },
}

impl Value {
    pub(super) fn of(json: &Json) -> Value {
        match json {
            Json::Text(text) => Value::Text(text.clone()),
            Json::Number(number) => Value::Text(number.to_string()),
            _ => match json.get("Ref").and_then(Json::as_text) {
                Some(name) if !name.contains(':') => Value::Parameter(name.to_owned()),
                _ => Value::Unknown,
            },
        }
    }

    pub(super) fn in_stack<'v>(&'v self, parameters: &'v BTreeMap<String, String>) -> Option<&'v str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Parameter(name) => parameters.get(name).map(String::as_str),
            Value::Unknown => None,
        }
    }
}

impl Reference {
    /// What a value refers to; `resources` says which logical ids are the template's own.
    pub(super) fn of(json: &Json, is_own: impl Fn(&str) -> bool) -> Reference {
        let attribute = || match json.get("Fn::GetAtt")? {
            Json::List(parts) => parts.first()?.as_text(),
            Json::Text(text) => text.split('.').next(),
            _ => None,
        };
        let own = json.get("Ref").and_then(Json::as_text).or_else(attribute).filter(|name| is_own(name));
        if let Some(name) = own {
            return Reference::Own(name.to_owned());
        }
        match json.get("Fn::ImportValue").and_then(imported) {
            Some((stack, output)) => Reference::Imported { stack, output },
            None => Reference::Outside(Value::of(json)),
        }
    }
}

/// `{"Fn::Sub": "${NetworkStackName}-Vpc"}`, or the whole name as text: an export is called after its
/// stack, and the last hyphen ends that name.
fn imported(name: &Json) -> Option<(Value, String)> {
    let text = name.get("Fn::Sub").or(Some(name)).and_then(Json::as_text)?;
    let (stack, output) = text.rsplit_once('-')?;
    let stack = match stack.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        Some(parameter) => Value::Parameter(parameter.to_owned()),
        None => Value::Text(stack.to_owned()),
    };
    Some((stack, output.to_owned()))
}

impl Amount {
    /// None where a parameter is no whole number, or a type is not known.
    pub(super) fn in_stack(&self, parameters: &BTreeMap<String, String>) -> Option<u64> {
        match self {
            Amount::Fixed(amount) => Some(*amount),
            Amount::Processors { instances, kind } => {
                let instances: u64 = instances.in_stack(parameters)?.parse().ok()?;
                Some(instances.saturating_mul(instance_type(kind.in_stack(parameters)?)?.processors))
            }
            Amount::Product(factors, divisor) => {
                let factors = factors.iter().map(|factor| factor.in_stack(parameters)?.parse::<u64>().ok());
                let product = factors.reduce(|left, right| Some(left?.saturating_mul(right?)))??;
                Some(product.div_ceil((*divisor).max(1)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::from(serde_json::from_str::<serde_json::Value>(text).unwrap())
    }

    #[test]
    fn a_reference_is_to_the_template_itself_to_another_stack_or_outside() {
        let of = |text: &str| Reference::of(&json(text), |name| name == "Vpc");
        assert_eq!(of(r#"{"Ref": "Vpc"}"#), Reference::Own("Vpc".to_owned()));
        assert_eq!(of(r#"{"Fn::GetAtt": ["Vpc", "VpcId"]}"#), Reference::Own("Vpc".to_owned()));
        assert_eq!(
            of(r#"{"Fn::ImportValue": {"Fn::Sub": "${NetworkStackName}-Vpc"}}"#),
            Reference::Imported {
                stack: Value::Parameter("NetworkStackName".to_owned()),
                output: "Vpc".to_owned()
            }
        );
        assert_eq!(
            of(r#"{"Ref": "SharedVpc"}"#),
            Reference::Outside(Value::Parameter("SharedVpc".to_owned()))
        );
        assert_eq!(of(r#""vpc-12""#), Reference::Outside(Value::Text("vpc-12".to_owned())));
    }

    #[test]
    fn a_product_of_parameters_is_rounded_up_and_unknown_without_them() {
        let cpu = Value::Parameter("Cpu".to_owned());
        let amount = Amount::Product(vec![cpu, Value::Text("3".to_owned())], 1024);
        let parameters = BTreeMap::from([("Cpu".to_owned(), "512".to_owned())]);
        assert_eq!(amount.in_stack(&parameters), Some(2));
        assert_eq!(amount.in_stack(&BTreeMap::new()), None);
    }
}
