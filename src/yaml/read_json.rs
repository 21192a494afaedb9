//! JSON text to the same tree, strictly: no comments, no trailing commas, no duplicate keys.

use std::collections::BTreeMap;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::read_yaml::duplicate_key;
use crate::yaml::{Key, MAXIMUM_DEPTH, Node, Value};

/// Reads a file of one JSON value.
///
/// # Errors
/// `syntax-error`, `duplicate-key` or `nested-too-deeply`.
pub fn read_json(file: FileId, sources: &SourceMap, report: &mut Report) -> Result<Node, Reported> {
    read_json_at(sources.whole(file), sources, report)
}

/// Reads one JSON value out of a part of a file: a line of a JSON Lines file.
///
/// # Errors
/// As [`read_json`].
pub fn read_json_at(part: Span, sources: &SourceMap, report: &mut Report) -> Result<Node, Reported> {
    let text = sources.slice(part);
    let refuse = |report: &mut Report, range: (usize, usize), problem: String| {
        let at = |offset: usize| part.start + offset.min(text.len()) as u32;
        report.error(
            Diagnostic::error(&codes::SYNTAX_ERROR, format!("this is not well-formed JSON: {problem}"))
                .at(Span { file: part.file, start: at(range.0), end: at(range.1) }, "")
                .help("check quotes, commas and brackets here and before"),
        )
    };
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let parsed = match parse_to_ast(text, &collect, &strict()) {
        Ok(parsed) => parsed.value,
        Err(error) if error.to_string().contains("nesting depth") => {
            return Err(too_deep(report, Span { end: part.start, ..part }));
        }
        Err(error) => {
            let range = error.range();
            return Err(refuse(report, (range.start, range.end), error.kind().to_string()));
        }
    };
    let Some(value) = parsed else {
        return Err(refuse(report, (0, 0), "there is no value".to_owned()));
    };
    let before = report.errors();
    let node = convert(&value, part, 0, report)?;
    if report.errors() > before {
        report.checkpoint()?;
    }
    Ok(node)
}

fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn too_deep(report: &mut Report, span: Span) -> Reported {
    report.error(
        Diagnostic::error(
            &codes::NESTED_TOO_DEEPLY,
            format!("lists and mappings are nested more than {MAXIMUM_DEPTH} levels deep"),
        )
        .at(span, "")
        .help("look for brackets that are never closed"),
    )
}

fn convert(value: &ast::Value<'_>, part: Span, depth: usize, report: &mut Report) -> Result<Node, Reported> {
    let range = value.range();
    let span =
        Span { file: part.file, start: part.start + range.start as u32, end: part.start + range.end as u32 };
    if depth > MAXIMUM_DEPTH {
        return Err(too_deep(report, span));
    }
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Boolean(literal.value),
        ast::Value::StringLit(literal) => Value::Text(literal.value.as_ref().into()),
        ast::Value::NumberLit(literal) => match literal.value.parse() {
            Ok(integer) => Value::Integer(integer),
            Err(_) => Value::Number(literal.value.parse().unwrap_or(f64::NAN)),
        },
        ast::Value::Array(array) => {
            let items = array.elements.iter().map(|item| convert(item, part, depth + 1, report));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        ast::Value::Object(object) => {
            let mut keys = BTreeMap::new();
            let mut entries: Vec<(Key, Node)> = Vec::with_capacity(object.properties.len());
            for property in &object.properties {
                let range = property.name.range();
                let span = Span {
                    file: part.file,
                    start: part.start + range.start as u32,
                    end: part.start + range.end as u32,
                };
                let key = Key { text: property.name.as_str().into(), span };
                match keys.get(&key.text) {
                    Some(first) => report.push(duplicate_key(&key, *first)),
                    None => _ = keys.insert(key.text.clone(), key.span),
                }
                entries.push((key, convert(&property.value, part, depth + 1, report)?));
            }
            Value::Map(entries)
        }
    };
    Ok(Node::new(span, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<serde_json::Value, Vec<&'static str>> {
        let mut sources = SourceMap::default();
        let mut report = Report::default();
        let file = sources.add("a.json", text);
        read_json(file, &sources, &mut report)
            .map(|node| node.to_json())
            .map_err(|_| report.diagnostics().iter().map(|one| one.code.name).collect())
    }

    #[test]
    fn json_is_read_as_the_standard_says() {
        let text = r#"{"a": [1, -2.5, "\u00fc\ud83d\ude00", true, null], "b": {}}"#;
        assert_eq!(read(text).unwrap(), serde_json::from_str::<serde_json::Value>(text).unwrap());
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        for text in
            ["{'a': 1}", "[1,]", "[1 2]", "// c\n1", "{a: 1}", "[+1]", "[0x1]", "", "[1] 2", "[NaN]", "[.5]"]
        {
            assert_eq!(read(text), Err(vec!["syntax-error"]), "{text}");
        }
        assert_eq!(read(r#"{"a": 1, "\u0061": 2}"#), Err(vec!["duplicate-key"]));
        assert_eq!(read(&"[".repeat(100_000)), Err(vec!["nested-too-deeply"]));
        assert_eq!(read(&("[".repeat(70) + &"]".repeat(70))), Err(vec!["nested-too-deeply"]));
    }
}
