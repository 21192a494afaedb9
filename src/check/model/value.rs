//! What an expression of a template comes to in one stack.

use std::borrow::Cow;
use std::fmt;

/// One stack of an [`Estate`](super::Estate): its place in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackId(pub(super) u32);

impl StackId {
    /// The stack's number in the order of deployment, from 0.
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// One resource of one stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    pub stack: StackId,
    /// Its number in its template.
    pub(super) index: u32,
}

/// A value with every intrinsic function resolved as far as it can be without AWS.
///
/// It borrows its texts from the estate. Two values that are equal stand for the same thing in AWS,
/// with one exception: two unknowns are never known to be equal ([`Value::is_known`]).
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'e> {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(Cow<'e, str>),
    List(Vec<Value<'e>>),
    /// Entries in the order of the template; those that come to `AWS::NoValue` are left out.
    Map(Vec<(&'e str, Value<'e>)>),
    /// What `Ref` (no attribute) or `Fn::GetAtt` gives of a resource, of this stack or, through an
    /// import, of another one.
    Reference {
        target: ResourceId,
        attribute: Option<&'e str>,
    },
    /// Text of which some pieces are references, functions or unknown: at least two pieces.
    Joined(Vec<Value<'e>>),
    /// A function whose arguments are known, but whose result only AWS knows, such as `Fn::Cidr` of
    /// a block that AWS gives. Equal functions of equal arguments are equal.
    Function(&'static str, Vec<Value<'e>>),
    /// `AWS::NoValue`: the property is not there. Never inside of a list or a map.
    Absent,
    /// Nobody can say without AWS, and why.
    Unknown(Cow<'static, str>),
}

impl<'e> Value<'e> {
    /// An unknown value with its reason, a phrase: `the template has a transform`.
    pub fn unknown(reason: impl Into<Cow<'static, str>>) -> Self {
        Value::Unknown(reason.into())
    }

    /// The text, where all of it is known.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number: CloudFormation takes `"443"` for 443.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// True or false: CloudFormation takes `"true"` for true.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Boolean(value) => Some(*value),
            Value::Text(text) => match text.as_ref() {
                "true" | "True" => Some(true),
                "false" | "False" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The items of a list; a value that is no list counts as a list of one, as CloudFormation has it
    /// in most places. An absent value has none.
    pub fn items(&self) -> &[Value<'e>] {
        match self {
            Value::List(items) => items,
            Value::Absent | Value::Null => &[],
            one => std::slice::from_ref(one),
        }
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[(&'e str, Value<'e>)] {
        match self {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key, where this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value<'e>> {
        self.entries().iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The resource and the attribute (none for `Ref`), where this is a reference.
    pub fn as_reference(&self) -> Option<(ResourceId, Option<&'e str>)> {
        match self {
            Value::Reference { target, attribute } => Some((*target, *attribute)),
            _ => None,
        }
    }

    /// Whether nothing in it is unknown.
    pub fn is_known(&self) -> bool {
        match self {
            Value::Unknown(_) => false,
            Value::List(items) | Value::Joined(items) | Value::Function(_, items) => {
                items.iter().all(Value::is_known)
            }
            Value::Map(entries) => entries.iter().all(|(_, value)| value.is_known()),
            _ => true,
        }
    }

    /// The text that this is as a piece of other text; `None` where it is none.
    pub(super) fn into_piece(self) -> Value<'e> {
        match self {
            Value::Integer(number) => Value::Text(number.to_string().into()),
            Value::Number(number) => Value::Text(number.to_string().into()),
            Value::Boolean(value) => Value::Text(if value { "true" } else { "false" }.into()),
            Value::List(_) | Value::Map(_) | Value::Null | Value::Absent => {
                Value::unknown("a list or a mapping stands where text belongs")
            }
            other => other,
        }
    }

    /// Pieces of text put together; neighbouring texts become one.
    pub(super) fn joined(pieces: impl IntoIterator<Item = Value<'e>>) -> Value<'e> {
        let mut whole: Vec<Value<'e>> = Vec::new();
        let mut add = |piece: Value<'e>| match (whole.last_mut(), piece) {
            (Some(Value::Text(before)), Value::Text(text)) => before.to_mut().push_str(&text),
            (_, Value::Text(text)) if text.is_empty() => {}
            (_, piece) => whole.push(piece),
        };
        for piece in pieces {
            match piece.into_piece() {
                Value::Joined(inner) => inner.into_iter().for_each(&mut add),
                piece => add(piece),
            }
        }
        match whole.len() {
            0 => Value::Text("".into()),
            1 => whole.swap_remove(0),
            _ => Value::Joined(whole),
        }
    }
}

/// For messages: text as it is, what AWS decides in angle brackets.
impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |formatter: &mut fmt::Formatter<'_>, items: &[Value<'_>], between: &str| {
            items.iter().enumerate().try_for_each(|(position, item)| {
                formatter.write_str(if position == 0 { "" } else { between })?;
                write!(formatter, "{item}")
            })
        };
        match self {
            Value::Null => formatter.write_str("null"),
            Value::Absent => formatter.write_str("nothing"),
            Value::Boolean(value) => write!(formatter, "{value}"),
            Value::Integer(number) => write!(formatter, "{number}"),
            Value::Number(number) => write!(formatter, "{number}"),
            Value::Text(text) => formatter.write_str(text),
            Value::List(items) => {
                formatter.write_str("[")?;
                all(formatter, items, ", ")?;
                formatter.write_str("]")
            }
            Value::Map(entries) => {
                formatter.write_str("{")?;
                for (position, (key, value)) in entries.iter().enumerate() {
                    write!(formatter, "{}{key}: {value}", if position == 0 { "" } else { ", " })?;
                }
                formatter.write_str("}")
            }
            Value::Reference { attribute: None, .. } => formatter.write_str("<a resource>"),
            Value::Reference { attribute: Some(attribute), .. } => write!(formatter, "<{attribute}>"),
            Value::Joined(pieces) => all(formatter, pieces, ""),
            Value::Function(name, arguments) => {
                write!(formatter, "<{name} of ")?;
                all(formatter, arguments, ", ")?;
                formatter.write_str(">")
            }
            Value::Unknown(_) => formatter.write_str("<unknown>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_texts_become_one_and_a_text_alone_is_no_join() {
        let unknown = || Value::unknown("AWS decides");
        let text = |text: &'static str| Value::Text(text.into());
        assert_eq!(Value::joined([text("a"), Value::Integer(1), text("")]), text("a1"));
        assert_eq!(
            Value::joined([text("a"), text("-"), unknown(), text("b")]),
            Value::Joined(vec![text("a-"), unknown(), text("b")])
        );
        assert_eq!(Value::joined([]), text(""));
    }
}
