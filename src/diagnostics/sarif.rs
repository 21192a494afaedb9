//! Findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), which code hosts show beside the lines.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::diagnostics::{Code, Label, Severity, Told};
use crate::source::{SourceMap, Span};

/// One run with its rules and results.
pub fn render(told: &[Told<'_>], sources: &SourceMap) -> Value {
    let rules: BTreeMap<&str, &'static Code> =
        told.iter().map(|one| (one.diagnostic.code.name, one.diagnostic.code)).collect();
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, name)| (*name, at)).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "tenantry",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": told.iter().map(|one| result(one, &index, sources)).collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.name,
        "shortDescription": { "text": code.meaning },
        "fullDescription": { "text": code.explanation },
        "help": { "text": code.explanation },
    })
}

fn result(told: &Told<'_>, index: &BTreeMap<&str, usize>, sources: &SourceMap) -> Value {
    let diagnostic = told.diagnostic;
    let mut text = diagnostic.message.clone();
    for note in &diagnostic.notes {
        text.push_str(&format!("\n{note}"));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    let file = diagnostic.primary.as_ref().map_or("", |label| sources.name(label.span.file));
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut result = json!({
        "ruleId": diagnostic.code.name,
        "ruleIndex": index.get(diagnostic.code.name),
        "level": level,
        "message": { "text": text },
        "locations": diagnostic.primary.iter().map(|label| location(label, None, sources)).collect::<Vec<_>>(),
        // A finding is the same one when only lines above it have changed.
        "partialFingerprints": { "tenantryFinding/v1": fingerprint(&[diagnostic.code.name, file, &diagnostic.message]) },
        "properties": told.facts,
    });
    let related: Vec<Value> = diagnostic
        .secondary
        .iter()
        .enumerate()
        .map(|(number, label)| location(label, Some(number), sources))
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

fn location(label: &Label, id: Option<usize>, sources: &SourceMap) -> Value {
    let begin = sources.location(label.span);
    let end = sources.location(Span { start: label.span.end, ..label.span });
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&begin.file) },
        "region": {
            "startLine": begin.line, "startColumn": begin.column, "endLine": end.line, "endColumn": end.column,
        },
    }});
    if let Some(id) = id {
        location["id"] = id.into();
    }
    if !label.text.is_empty() {
        location["message"] = json!({ "text": label.text });
    }
    location
}

/// A path as a relative reference (RFC 3986); a reader resolves it from where the program was run.
fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn fingerprint(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
