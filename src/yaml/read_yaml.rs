//! YAML text to a tree, by the events of the parser.
//!
//! Scalars follow the YAML 1.2 core schema: `yes` and `on` are text, `true` is not. Integers with a
//! leading zero are text too, since they are codes and not numbers wherever a catalog has them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span as ParserSpan, Tag};

use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{Key, MAXIMUM_ALIASED_VALUES, MAXIMUM_DEPTH, Node, Value};

/// What is done with local tags such as `!Ref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags {
    /// They are errors: catalogs, settings and locks have none.
    Refuse,
    /// They are kept on the node: CloudFormation's short forms in templates.
    Keep,
}

/// Reads a file of one YAML document. An empty file is a null.
///
/// # Errors
/// `syntax-error`, `duplicate-key`, `nested-too-deeply`, `too-much-content` or `unsupported-yaml`.
/// All duplicate keys are reported; a syntax error ends the reading.
pub fn read_yaml(
    file: FileId,
    tags: Tags,
    sources: &SourceMap,
    report: &mut Report,
) -> Result<Node, Reported> {
    let before = report.errors();
    let mut tree = TreeBuilder {
        file,
        tags,
        report,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        aliased: 0,
        root: None,
    };
    let text = sources.text(file);
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => tree.take(event, span)?,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len()) as u32;
                let end = text[at as usize..].chars().next().map_or(at, |next| at + next.len_utf8() as u32);
                let place = Span { file, start: at, end };
                if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
                    return Err(tree.too_deep(place));
                }
                let mut problem = error.info();
                problem.truncate(200);
                return Err(tree.report.error(
                    Diagnostic::error(
                        &codes::SYNTAX_ERROR,
                        format!("this is not well-formed YAML: {problem}"),
                    )
                    .at(Span { file, start: at, end }, "")
                    .help("check quotes, brackets and indentation here and in the lines above"),
                ));
            }
        }
    }
    let root = tree.root.take().unwrap_or(Node::new(Span { file, start: 0, end: 0 }, Value::Null));
    if report.errors() > before {
        report.checkpoint()?;
    }
    Ok(root)
}

struct OpenNode {
    node: Node,
    anchor: usize,
    pending_key: Option<Key>,
    keys: BTreeMap<Box<str>, Span>,
}

struct TreeBuilder<'r> {
    file: FileId,
    tags: Tags,
    report: &'r mut Report,
    open: Vec<OpenNode>,
    anchors: BTreeMap<usize, (Node, usize)>,
    aliased: usize,
    root: Option<Node>,
}

impl TreeBuilder<'_> {
    fn take(&mut self, event: Event<'_>, span: ParserSpan) -> Result<(), Reported> {
        let place = self.place(&span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = self.tag(tag, place)?;
                let value = match (style, &tag) {
                    (ScalarStyle::Plain, None) => scalar(&text),
                    _ => Value::Text(text.into()),
                };
                self.close(Node { span: place, tag, value }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => self.open(place, anchor, tag, Value::List(Vec::new())),
            Event::MappingStart(_, anchor, tag) => self.open(place, anchor, tag, Value::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(OpenNode { mut node, anchor, .. }) => {
                    let last = match &node.value {
                        Value::List(items) => items.last().map(|item| item.span.end),
                        Value::Map(entries) => entries.last().map(|(_, item)| item.span.end),
                        _ => None,
                    };
                    // The end event of a block collection lies where the next token begins, far below it.
                    let flow_end = (place.end > place.start).then_some(place.end);
                    node.span.end = flow_end.or(last).unwrap_or(node.span.end).max(node.span.start);
                    self.close(node, anchor)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::DocumentStart(..) if self.root.is_some() => Err(self.unsupported(
                place,
                "a second document in one file",
                "put each document into a file of its own",
            )),
            _ => Ok(()),
        }
    }

    fn place(&self, span: &ParserSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span { file: self.file, start: range.start as u32, end: range.end as u32 }
    }

    fn tag(&mut self, tag: Option<Cow<'_, Tag>>, place: Span) -> Result<Option<Box<str>>, Reported> {
        match tag {
            None => Ok(None),
            Some(tag) if tag.is_yaml_core_schema() && tag.core_suffix() == Some("str") => Ok(None),
            Some(tag) if self.tags == Tags::Keep && !tag.is_yaml_core_schema() => {
                Ok(Some(tag.suffix().into()))
            }
            Some(tag) => Err(self.unsupported(
                place,
                &format!("the tag {}", quote(&tag.original())),
                "write the value without a tag",
            )),
        }
    }

    fn open(
        &mut self,
        span: Span,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        value: Value,
    ) -> Result<(), Reported> {
        if self.open.len() == MAXIMUM_DEPTH {
            return Err(self.too_deep(span));
        }
        if let Some(OpenNode { node: Node { value: Value::Map(_), .. }, pending_key: None, .. }) =
            self.open.last()
        {
            return Err(self.unsupported(span, "a list or mapping as a key", "use plain text as the key"));
        }
        let tag = self.tag(tag, span)?;
        self.open.push(OpenNode {
            node: Node { span, tag, value },
            anchor,
            pending_key: None,
            keys: BTreeMap::new(),
        });
        Ok(())
    }

    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Reported> {
        if anchor != 0 {
            let size = node.size();
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut parent.node.value, parent.pending_key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => entries.push((key, node)),
            (Value::Map(_), None) => return self.key(node),
            _ => {}
        }
        Ok(())
    }

    fn key(&mut self, node: Node) -> Result<(), Reported> {
        let text: Box<str> = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Integer(number) => number.to_string().into(),
            _ => {
                return Err(self.unsupported(
                    node.span,
                    &format!("{} as a key", node.kind()),
                    "put the key in quotes",
                ));
            }
        };
        if &*text == "<<" {
            return Err(self.unsupported(
                node.span,
                "a merge key",
                "write the merged keys out, or use an alias for the whole value",
            ));
        }
        let key = Key { text, span: node.span };
        let Some(parent) = self.open.last_mut() else { return Ok(()) };
        match parent.keys.get(&key.text) {
            Some(first) => self.report.push(duplicate_key(&key, *first)),
            None => _ = parent.keys.insert(key.text.clone(), key.span),
        }
        parent.pending_key = Some(key);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, place: Span) -> Result<(), Reported> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(self.unsupported(
                place,
                "an alias inside the value that it names",
                "write the value out",
            ));
        };
        self.aliased += size;
        if self.aliased > MAXIMUM_ALIASED_VALUES {
            return Err(self.report.error(
                Diagnostic::error(
                    &codes::TOO_MUCH_CONTENT,
                    format!("the aliases of this file add more than {MAXIMUM_ALIASED_VALUES} values"),
                )
                .at(place, "one too many here")
                .help("write the repeated part out once, or put it into a tier's settings"),
            ));
        }
        let node = node.clone();
        self.close(node, 0)
    }

    fn too_deep(&mut self, span: Span) -> Reported {
        self.report.error(
            Diagnostic::error(
                &codes::NESTED_TOO_DEEPLY,
                format!("lists and mappings are nested more than {MAXIMUM_DEPTH} levels deep"),
            )
            .at(span, "one level too many begins here")
            .help("look for brackets that are never closed"),
        )
    }

    fn unsupported(&mut self, span: Span, what: &str, help: &str) -> Reported {
        self.report.error(
            Diagnostic::error(&codes::UNSUPPORTED_YAML, format!("{what} is not read by tenantry"))
                .at(span, "")
                .help(help),
        )
    }
}

/// Shared by the YAML and the JSON reader.
pub(super) fn duplicate_key(again: &Key, first: Span) -> Diagnostic {
    Diagnostic::error(&codes::DUPLICATE_KEY, format!("the key {} is there twice", quote(&again.text)))
        .at(again.span, "again here")
        .also(first, "first here")
        .help("remove one of the two, or rename it")
}

/// What a plain scalar is by the core schema: a number, true or false, nothing, or else text.
pub fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Boolean(true),
        "false" | "False" | "FALSE" => return Value::Boolean(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts_like_a_number = digits.starts_with(|first: char| first.is_ascii_digit());
    let has_leading_zero =
        digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    if !starts_like_a_number || has_leading_zero {
        return Value::Text(text.into());
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = text.strip_prefix('+').unwrap_or(text).parse()
    {
        return Value::Integer(number);
    }
    let is_number =
        digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    match text.parse::<f64>() {
        Ok(number) if is_number => Value::Number(number),
        _ => Value::Text(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::human;

    fn read(text: &str) -> Result<serde_json::Value, String> {
        let mut sources = SourceMap::default();
        let mut report = Report::default();
        let file = sources.add("a.yaml", text);
        read_yaml(file, Tags::Refuse, &sources, &mut report)
            .map(|node| node.to_json())
            .map_err(|_| human::render(&report.into_sorted(&sources), &sources, false))
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let value = read("[yes, true, 12, -3, 010, 1.5, 1e3, 10.64.0.0/12, ~, '7', 2026-11-23, 0x10, 1_000]");
        assert_eq!(
            value.unwrap().to_string(),
            r#"["yes",true,12,-3,"010",1.5,1000.0,"10.64.0.0/12",null,"7","2026-11-23","0x10","1_000"]"#
        );
    }

    #[test]
    fn anchors_and_aliases_work() {
        let value = read("a: &x {b: [1]}\nc: *x\n").unwrap();
        assert_eq!(value["c"]["b"][0], 1);
    }

    #[test]
    fn duplicate_keys_name_both_places() {
        insta::assert_snapshot!(read("a: 1\nb: 2\n\"a\": 3\n").unwrap_err(), @r#"
        error[duplicate-key]: the key `a` is there twice
         --> a.yaml:3:1
          |
        3 | "a": 3
          | ^^^ again here
          |
         ::: a.yaml:1:1
          |
        1 | a: 1
          | - first here
          |
          = help: remove one of the two, or rename it

        1 error
        "#);
    }

    #[test]
    fn billion_laughs_are_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        assert!(read(&text).unwrap_err().contains("too-much-content"));
    }

    #[test]
    fn deep_nesting_merge_keys_tags_and_second_documents_are_refused() {
        assert!(read(&"[".repeat(100_000)).unwrap_err().contains("nested-too-deeply"));
        assert!(read("a: &a {b: 1}\nc: {<<: *a}\n").unwrap_err().contains("a merge key"));
        assert!(read("a: !Ref b\n").unwrap_err().contains("the tag `!Ref`"));
        assert!(read("a: 1\n---\nb: 2\n").unwrap_err().contains("a second document"));
        assert!(read("{[a]: 1}").unwrap_err().contains("a list or mapping as a key"));
        assert!(read("a: [1").unwrap_err().contains("syntax-error"));
    }

    #[test]
    fn spans_cover_the_text_of_each_node() {
        let mut sources = SourceMap::default();
        let text = "tenants:\n  - id: acme\n    tags: {größe: klein}\n  - id: globex\nlast: 1\n";
        let file = sources.add("a.yaml", text);
        let node = read_yaml(file, Tags::Refuse, &sources, &mut Report::default()).unwrap();
        let Value::List(tenants) = &node.get("tenants").unwrap().value else { panic!("a list") };
        assert_eq!(sources.slice(tenants[0].span), "id: acme\n    tags: {größe: klein}");
        assert_eq!(sources.slice(tenants[0].get("tags").unwrap().span), "{größe: klein}");
        assert_eq!(sources.slice(tenants[1].get("id").unwrap().span), "globex");
    }
}
