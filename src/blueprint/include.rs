//! `$include FILE:` in a stack template: the entries of another file, put in its place before anything is
//! compiled. What stacks of several blueprints have in common is written once, in a part. And `$text: FILE`,
//! in whose place the file stands as one text, such as the code of a function.

use crate::blueprint::parts::Folders;
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::source::{FileId, SourceMap};
use crate::yaml::{Fields, Key, Node, Tags, Value, read_yaml};

/// How deep files may include each other; a circle would have no end.
const DEEPEST: usize = 8;

/// The key of a file that stands in a template as a text.
pub(super) const TEXT: &str = "$text";

/// Reads template files with all that they include.
#[derive(Clone, Copy)]
pub(super) struct Templates<'l> {
    pub folders: &'l Folders<'l>,
    pub sources: &'l SourceMap,
}

impl Templates<'_> {
    /// The tree of a template, or `None` if it is not YAML, which is told then.
    pub(super) fn read(&self, file: FileId, report: &mut Report) -> Option<Node> {
        let mut tree = read_yaml(file, Tags::Keep, self.sources, report).ok()?;
        self.expand(&mut tree, DEEPEST, report);
        Some(tree)
    }

    fn expand(&self, node: &mut Node, depth: usize, report: &mut Report) {
        if let Some(file) = node.get(TEXT) {
            *node = self.text(node, file, report);
            return;
        }
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.expand(item, depth, report)),
            Value::Map(entries) => {
                let mut expanded = Vec::with_capacity(entries.len());
                for (key, mut value) in entries.drain(..) {
                    match key.text.strip_prefix("$include ") {
                        Some(name) => {
                            expanded.extend(self.included(name.trim(), &key, &value, depth, report));
                        }
                        None => {
                            self.expand(&mut value, depth, report);
                            expanded.push((key, value));
                        }
                    }
                }
                *entries = expanded;
            }
            _ => {}
        }
    }

    /// The file's text, under a tag that keeps it from being read as one of the template language.
    fn text(&self, node: &Node, file: &Node, report: &mut Report) -> Node {
        let mut fields = Fields::open(node, "a text from a file", report);
        if let Some(fields) = &mut fields {
            fields.optional(TEXT);
        }
        fields.into_iter().for_each(|fields| fields.finish(report));
        let name = file.text("the file of a text", report);
        let found = name.and_then(|name| self.folders.find(name, file.span, report));
        let text = found.map(|file| self.sources.text(file)).unwrap_or_default();
        Node { span: node.span, tag: Some(TEXT.into()), value: Value::Text(text.into()) }
    }

    fn included(
        &self,
        name: &str,
        key: &Key,
        value: &Node,
        depth: usize,
        report: &mut Report,
    ) -> Vec<(Key, Node)> {
        let invalid = |message: String, help: &str| {
            Diagnostic::error(&codes::INVALID_TEMPLATE, message).at(key.span, "").help(help)
        };
        if value.value != Value::Null {
            let message = format!("nothing stands below `$include` {}", quote(name));
            report.push(invalid(message, "end the line after the colon: the entries come from the file"));
        }
        if depth == 0 {
            let message = format!("files that include each other lead to {} again and again", quote(name));
            report.push(invalid(message, "let includes go one way"));
            return Vec::new();
        }
        let Some(file) = self.folders.find(name, key.span, report) else { return Vec::new() };
        let Ok(mut tree) = read_yaml(file, Tags::Keep, self.sources, report) else { return Vec::new() };
        self.expand(&mut tree, depth - 1, report);
        match tree.value {
            Value::Map(entries) => entries,
            _ => {
                report.push(invalid(
                    format!("the file {} has no entries to include", quote(name)),
                    "write a mapping into it, of resources or of properties",
                ));
                Vec::new()
            }
        }
    }
}
