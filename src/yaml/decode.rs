//! Taking typed values out of a tree, with an error for each that does not fit.

use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

/// A value and the place in the text that it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Located<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Located<T> {
    /// Pairs a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Located { value, span }
    }
}

/// The keys of one mapping, each to be taken once; [`Fields::finish`] refuses those left over.
///
/// `what` names the mapping in messages: `a tenant`, `the network of a blueprint`.
#[derive(Debug)]
pub struct Fields<'n> {
    entries: &'n [(Key, Node)],
    taken: Vec<bool>,
    asked: Vec<&'static str>,
    span: Span,
    what: &'static str,
}

impl<'n> Fields<'n> {
    /// Opens a mapping; anything else is a `wrong-type`.
    pub fn open(node: &'n Node, what: &'static str, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, &format!("{what} is a mapping"), report);
            return None;
        };
        Some(Fields { entries, taken: vec![false; entries.len()], asked: Vec::new(), span: node.span, what })
    }

    /// The place of the whole mapping.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The node of a key that may be missing; a null counts as missing.
    pub fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        let position = self.entries.iter().position(|(name, _)| &*name.text == key)?;
        self.taken[position] = true;
        let node = &self.entries[position].1;
        (node.value != Value::Null).then_some(node)
    }

    /// The node of a key that must be there; `missing-key` otherwise.
    pub fn required(&mut self, key: &'static str, report: &mut Report) -> Option<&'n Node> {
        let node = self.optional(key);
        if node.is_none() {
            report.push(
                Diagnostic::error(&codes::MISSING_KEY, format!("{} needs the key `{key}`", self.what))
                    .at(self.span.beginning(), format!("`{key}` is missing here"))
                    .help(format!("add `{key}:`")),
            );
        }
        node
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self, report: &mut Report) {
        for ((key, _), taken) in self.entries.iter().zip(&self.taken) {
            if *taken {
                continue;
            }
            let help = match closest(&key.text, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys of {} are {}", self.what, list_of(self.asked.iter().copied())),
            };
            report.push(
                Diagnostic::error(
                    &codes::UNKNOWN_KEY,
                    format!("{} has no key {}", self.what, quote(&key.text)),
                )
                .at(key.span, "")
                .help(help),
            );
        }
    }
}

impl Node {
    /// The text of this node; `wrong-type` if it is none. `what` names the value: `a tenant's id`.
    pub fn text(&self, what: &str, report: &mut Report) -> Option<&str> {
        if let Value::Text(text) = &self.value {
            return Some(text);
        }
        wrong_type(self, &format!("{what} is text"), report);
        None
    }

    /// The whole number of this node, within the range; `wrong-type` otherwise.
    pub fn integer(
        &self,
        what: &str,
        range: std::ops::RangeInclusive<i64>,
        report: &mut Report,
    ) -> Option<i64> {
        match self.value {
            Value::Integer(number) if range.contains(&number) => Some(number),
            _ => {
                let asked = format!("{what} is a whole number from {} to {}", range.start(), range.end());
                let found = match self.value {
                    Value::Integer(number) => number.to_string(),
                    _ => self.kind().to_owned(),
                };
                wrong_type_found(self, &asked, &found, report);
                None
            }
        }
    }

    /// True or false; `wrong-type` otherwise.
    pub fn boolean(&self, what: &str, report: &mut Report) -> Option<bool> {
        if let Value::Boolean(value) = self.value {
            return Some(value);
        }
        wrong_type(self, &format!("{what} is true or false"), report);
        None
    }

    /// The items of this list; `wrong-type` otherwise.
    pub fn list(&self, what: &str, report: &mut Report) -> Option<&[Node]> {
        if let Value::List(items) = &self.value {
            return Some(items);
        }
        wrong_type(self, &format!("{what} is a list"), report);
        None
    }

    /// The entries of this mapping; `wrong-type` otherwise.
    pub fn map(&self, what: &str, report: &mut Report) -> Option<&[(Key, Node)]> {
        if let Value::Map(entries) = &self.value {
            return Some(entries);
        }
        wrong_type(self, &format!("{what} is a mapping"), report);
        None
    }
}

fn wrong_type(node: &Node, asked: &str, report: &mut Report) {
    wrong_type_found(node, asked, node.kind(), report);
}

fn wrong_type_found(node: &Node, asked: &str, found: &str, report: &mut Report) {
    let help = match (&node.value, asked) {
        (Value::Integer(_) | Value::Number(_) | Value::Boolean(_), _) if asked.ends_with("is text") => {
            "put the value in quotes"
        }
        (Value::Null, _) => "write it here, or take the key out",
        _ if asked.ends_with("is text") => "write one text here",
        _ if asked.ends_with("is a list") => "write a list: `[one, other]`, or a line `- one` for each",
        _ if asked.ends_with("is a mapping") => {
            "write a mapping: `{ key: value }`, or a line `key: value` for each"
        }
        _ if asked.ends_with("is true or false") => "write `true` or `false`, without quotes",
        _ => "write such a number, without quotes",
    };
    report.push(
        Diagnostic::error(&codes::WRONG_TYPE, format!("{asked}, and this is {found}"))
            .at(node.span, "")
            .help(help),
    );
}
