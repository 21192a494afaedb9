//! The files of a blueprint that are no stack, decoded: records, inputs of commands and scripts, each
//! with its template compiled.
//!
//! Such a file is for those who bring tenants in and look after them, so what it says is final text and
//! not CloudFormation: it knows the names of stack templates and none of the functions.

use crate::blueprint::include::Templates;
use crate::blueprint::intent::{File, FileBody, Per};
use crate::blueprint::load::{check_word, condition, invalid, word};
use crate::blueprint::template::compile_piece;
use crate::diagnostics::{Report, quote};
use crate::yaml::{Fields, Key, Node};

/// The files below `files` of a blueprint, by name.
pub(super) fn files(node: &Node, templates: Templates<'_>, report: &mut Report) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for (key, node) in node.map("`files`", report).unwrap_or_default() {
        files.extend(file(key, node, templates, report));
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    files
}

fn file(key: &Key, node: &Node, templates: Templates<'_>, report: &mut Report) -> Option<File> {
    check_word(&key.text, key.span, "a file's name", report);
    let mut fields = Fields::open(node, "a file of a blueprint", report)?;
    let per = fields
        .required("per", report)
        .and_then(|node| word(node, "what a file is `per`", Per::WORDS, report).map(|per| (per, node.span)));
    let when = fields.optional("when").and_then(|node| condition(node, report));
    let body = fields.required("template", report).and_then(|node| {
        let name = node.text("a file's template", report)?;
        let id = templates.folders.find(name, node.span, report)?;
        body(&templates.read(id, report)?, report)
    });
    fields.finish(report);
    let ((per, place), body) = (per?, body?);
    if matches!(body, FileBody::Record { .. }) && per != Per::Tenant {
        let help = "records are `per: tenant`";
        invalid(place, &format!("such a file is not `per: {}`", per.word()), help, report);
    }
    Some(File { name: key.text.to_string(), per, when, body, span: key.span })
}

/// The template of a file: one of its three forms.
fn body(node: &Node, report: &mut Report) -> Option<FileBody> {
    let mut fields = Fields::open(node, "the template of a file", report)?;
    let mut part = |name: &'static str, report: &mut Report| {
        fields.optional(name).map(|node| compile_piece(node, report))
    };
    let parts = ["Table", "Item", "Input", "Script"].map(|name| part(name, report));
    let ending = fields.optional("Ending").and_then(|node| ending(node, report));
    let span = fields.span();
    fields.finish(report);
    match parts {
        [Some(table), Some(item), None, None] => Some(FileBody::Record { table, item }),
        [None, None, Some(input), None] => Some(FileBody::Input(input)),
        [None, None, None, Some(text)] => Some(FileBody::Script { text, ending: ending? }),
        _ => {
            invalid(
                span,
                "the template of a file is a record, an input or a script",
                "write `Table` and `Item`, or `Input`, or `Script` with its `Ending`",
                report,
            );
            None
        }
    }
}

/// What the name of a script ends with: `sql`, `sh`.
fn ending(node: &Node, report: &mut Report) -> Option<String> {
    let text = node.text("the ending of a file's name", report)?;
    let valid = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase());
    if !valid {
        invalid(
            node.span,
            &format!("{} does not end a file's name", quote(text)),
            "write one to eight lower-case letters, such as `sql`",
            report,
        );
    }
    valid.then(|| text.to_owned())
}
