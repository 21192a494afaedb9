//! The tree: values, and the span that each was read from.

use crate::source::Span;

/// One value and its place. A mapping's or list's span covers it from its first to its last token.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub span: Span,
    /// The local tag without its exclamation mark (`Ref` of `!Ref`); only where tags are kept.
    pub tag: Option<Box<str>>,
    pub value: Value,
}

/// What a value is, by the YAML 1.2 core schema. Keys keep the order of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Any other number: fractions, exponents, and integers beyond 64 bits.
    Number(f64),
    Text(Box<str>),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of one entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub text: Box<str>,
    pub span: Span,
}

impl Node {
    /// A node without a tag.
    pub fn new(span: Span, value: Value) -> Node {
        Node { span, tag: None, value }
    }

    /// The value of a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(name, _)| &*name.text == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text, where this is text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What this is, in the words of messages: `a number`, `a list`.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Boolean(_) => "true or false",
            Value::Integer(_) | Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The value without its places, for libraries that know JSON only. Tags are dropped.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Number(value) => {
                serde_json::Number::from_f64(*value).map_or(serde_json::Value::Null, Into::into)
            }
            Value::Text(text) => serde_json::Value::String(text.to_string()),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|(key, node)| (key.text.to_string(), node.to_json())).collect()
            }
        }
    }

    /// How many values there are below and including this one.
    pub(super) fn size(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Node::size).sum(),
            Value::Map(entries) => entries.iter().map(|(_, node)| node.size()).sum(),
            _ => 0,
        }
    }
}
