//! Single values out of nodes: names, words, blocks, free text; each with its own error.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::catalog::free_text::{self, Hazard};
use crate::diagnostics::{Code, Diagnostic, Report, closest, codes, list_of, quote};
use crate::identity::NameError;
use crate::network::{Cidr, CidrError};
use crate::source::Span;
use crate::yaml::{Located, Node, Value};

/// A name; `invalid-name` if it breaks the rule of its kind. `what`: `the id of a tenant`.
pub(super) fn name<T: FromStr<Err = NameError>>(
    node: &Node,
    what: &str,
    report: &mut Report,
) -> Option<Located<T>> {
    name_or(&codes::INVALID_NAME, node, what, report)
}

/// As [`name`], under another code.
pub(super) fn name_or<T: FromStr<Err = NameError>>(
    code: &'static Code,
    node: &Node,
    what: &str,
    report: &mut Report,
) -> Option<Located<T>> {
    let text = node.text(what, report)?;
    match text.parse() {
        Ok(value) => Some(Located::new(value, node.span)),
        Err(error) => {
            let help = match nearest_name::<T>(text) {
                Some(near) => format!("it {error}, such as `{near}`"),
                None => format!("it {error}"),
            };
            report.push(
                Diagnostic::error(code, format!("{} cannot be {what}", quote(text)))
                    .at(node.span, "")
                    .help(help),
            );
            None
        }
    }
}

/// The text in lower case with hyphens for all else, if that is a name of the kind.
fn nearest_name<T: FromStr>(text: &str) -> Option<String> {
    let mut near = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            near.push(character);
        } else if !near.ends_with('-') {
            near.push('-');
        }
    }
    let near = near.trim_matches('-');
    near.parse::<T>().ok().map(|_| near.to_owned())
}

/// One of a few words; `code` if it is another. `what`: `a model`.
pub(super) fn word<T: Copy>(
    node: &Node,
    what: &str,
    code: &'static Code,
    words: &'static [(&'static str, T)],
    report: &mut Report,
) -> Option<Located<T>> {
    let text = node.text(what, report)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(Located::new(*value, node.span));
    }
    let known = || words.iter().map(|(word, _)| *word);
    report.push(
        Diagnostic::error(code, format!("{} is not {what}", quote(text))).at(node.span, "").help(suggestion(
            text,
            known(),
            &format!("{what} is one of {}", list_of(known())),
        )),
    );
    None
}

/// ``did you mean `near`?``, or else the other sentence.
pub(super) fn suggestion<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    match closest(word, candidates) {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    }
}

/// A canonical IPv4 block. `what`: `a pool`; `instead`: where an IPv6 block would go.
pub(super) fn ipv4_block(
    node: &Node,
    what: &str,
    instead: &str,
    report: &mut Report,
) -> Option<Located<Cidr>> {
    let block = block(node, what, report)?;
    if block.value.is_v4() {
        return Some(block);
    }
    report.push(
        Diagnostic::error(
            &codes::IPV6_NOT_SUPPORTED,
            format!("{what} is an IPv4 block, and `{}` is IPv6", block.value),
        )
        .at(node.span, "")
        .help(instead),
    );
    None
}

/// A canonical block of either family. `what`: `a reserved range`.
pub(super) fn block(node: &Node, what: &str, report: &mut Report) -> Option<Located<Cidr>> {
    let text = node.text(what, report)?;
    let (code, message, help) = match text.parse::<Cidr>() {
        Ok(block) => return Some(Located::new(block, node.span)),
        Err(CidrError::HostBits(meant)) => (
            &codes::HOST_BITS_SET,
            format!("{} has bits set beyond its length", quote(text)),
            format!("write `{meant}`, or the length that you meant"),
        ),
        Err(CidrError::NoLength(meant)) => (
            &codes::INVALID_CIDR,
            format!("{} has no length", quote(text)),
            format!("write `{meant}` for this one address, or give the length of the block"),
        ),
        Err(CidrError::Malformed) if text.contains(':') => (
            &codes::INVALID_CIDR,
            format!("{} is not an IPv6 block", quote(text)),
            "write an address, a slash and a length from 0 to 128, such as `2001:db8::/48`".to_owned(),
        ),
        Err(CidrError::Malformed) => (
            &codes::INVALID_CIDR,
            format!("{} is not an IPv4 block", quote(text)),
            "write an address, a slash and a length from 0 to 32, such as `10.64.0.0/12`".to_owned(),
        ),
    };
    report.push(Diagnostic::error(code, message).at(node.span, "").help(help));
    None
}

/// A hazard as the error that it is.
pub(super) fn unsafe_text(what: &str, hazard: &Hazard, span: Span) -> Diagnostic {
    Diagnostic::error(&codes::UNSAFE_TEXT, format!("{what} {}", hazard.problem))
        .at(span, "")
        .help(hazard.help)
}

/// Free text, made by `take`; `unsafe-text` where it holds a hazard.
pub(super) fn free_text<T>(
    node: &Node,
    what: &str,
    take: impl FnOnce(&str) -> Result<T, Hazard>,
    report: &mut Report,
) -> Option<Located<T>> {
    match take(node.text(what, report)?) {
        Ok(value) => Some(Located::new(value, node.span)),
        Err(hazard) => {
            report.push(unsafe_text(what, &hazard, node.span));
            None
        }
    }
}

/// Reports every text below this node, keys included, that a setting may not hold.
pub(super) fn check_settings(node: &Node, report: &mut Report) {
    match &node.value {
        Value::Text(text) => check_setting(text, node.span, report),
        Value::List(items) => items.iter().for_each(|item| check_settings(item, report)),
        Value::Map(entries) => {
            for (key, value) in entries {
                check_setting(&key.text, key.span, report);
                check_settings(value, report);
            }
        }
        _ => {}
    }
}

fn check_setting(text: &str, span: Span, report: &mut Report) {
    if let Some(hazard) = free_text::setting(text) {
        report.push(unsafe_text("a setting", &hazard, span));
    }
}

/// A list that must have an item; `empty-list` otherwise.
pub(super) fn not_empty<'n>(items: &'n [Node], span: Span, what: &str, report: &mut Report) -> &'n [Node] {
    if items.is_empty() {
        report.push(empty(span, what));
    }
    items
}

/// The error for a list or mapping without entries. `what`: `accounts`.
pub(super) fn empty(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(&codes::EMPTY_LIST, format!("{what} has no entry, and needs at least one"))
        .at(span, "")
        .help("add an entry")
}

/// Reports every item that equals an earlier one. `what`: `the zone`.
pub(super) fn refuse_duplicates<T: Ord>(
    items: &[Located<T>],
    what: &str,
    show: impl Fn(&T) -> String,
    report: &mut Report,
) {
    let mut seen: BTreeMap<&T, Span> = BTreeMap::new();
    for item in items {
        match seen.get(&item.value) {
            Some(first) => report.push(
                Diagnostic::error(
                    &codes::DUPLICATE_ITEM,
                    format!("{what} {} is listed twice", quote(&show(&item.value))),
                )
                .at(item.span, "again here")
                .also(*first, "first here")
                .help("remove one of the two"),
            ),
            None => _ = seen.insert(&item.value, item.span),
        }
    }
}
