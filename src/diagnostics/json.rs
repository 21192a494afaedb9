//! Diagnostics as one JSON document, for tools.

use serde_json::{Value, json};

use crate::diagnostics::{Diagnostic, Label, Severity};
use crate::source::SourceMap;

/// `{"diagnostics": [{code, severity, message, file, line, column, label, related, notes, help}]}`;
/// `file`, `line` and `column` are null where there is no place.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap) -> Value {
    let list: Vec<Value> = diagnostics.iter().map(|diagnostic| one(diagnostic, sources)).collect();
    json!({ "diagnostics": list })
}

fn one(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let place = diagnostic.primary.as_ref().map(|label| sources.location(label.span));
    json!({
        "code": diagnostic.code.name,
        "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": diagnostic.message,
        "file": place.as_ref().map(|place| &place.file),
        "line": place.as_ref().map(|place| place.line),
        "column": place.as_ref().map(|place| place.column),
        "text": diagnostic.primary.as_ref().map(|label| sources.slice(label.span)),
        "label": diagnostic.primary.as_ref().map(|label| &label.text),
        "related": diagnostic.secondary.iter().map(|label| related(label, sources)).collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    })
}

fn related(label: &Label, sources: &SourceMap) -> Value {
    let place = sources.location(label.span);
    json!({ "file": place.file, "line": place.line, "column": place.column, "label": label.text })
}
