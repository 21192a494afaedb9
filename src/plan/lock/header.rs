//! The top of the file: which version, whose catalog.

use std::str::FromStr;

use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::identity::{EnvironmentName, ProductName};
use crate::plan::lock::fields::Place;
use crate::plan::lock::line::{Line, lines, parse};
use crate::plan::lock::{Lock, VERSION};
use crate::source::{FileId, Span};
use crate::yaml::Located;

/// The keys at the top of the file, one value each.
pub(super) const HEADER: [&str; 3] = ["version", "product", "environment"];

/// Reads the version, and then the names of product and environment, wherever their lines stand.
/// Without them nothing else is read: the file may be another one, or of another version.
pub(super) fn read_header(file: FileId, text: &str, report: &mut Report) -> Result<Lock, Reported> {
    let mut found: [Vec<Located<&str>>; 3] = Default::default();
    let mut fields = Vec::new();
    for (start, line) in lines(text) {
        let bare = line.trim_start_matches(['"', '\'']);
        if !HEADER.iter().any(|key| bare.starts_with(key)) {
            continue;
        }
        let place = Place::new(file, start, line);
        if let Ok(Line::Scalar { key, value }) = parse(line, &mut fields)
            && let Some(which) = HEADER.iter().position(|known| *known == key.text)
        {
            found[which].push(Located::new(value.text, place.span(&value)));
        }
    }
    let whole = Span { file, start: 0, end: text.lines().next().map_or(0, str::len) as u32 };
    let [versions, products, environments] = found;
    read_version(&versions, whole, report)?;
    let errors = report.errors();
    let product = the_one::<ProductName>("product", ProductName::RULE, &products, whole, report);
    let environment =
        the_one::<EnvironmentName>("environment", EnvironmentName::RULE, &environments, whole, report);
    match (product, environment, report.checkpoint()) {
        (Some(product), Some(environment), _) if report.errors() == errors => {
            Ok(Lock::empty(product, environment))
        }
        (_, _, Err(reported)) => Err(reported),
        _ => Err(report.error(Diagnostic::error(&codes::INTERNAL_ERROR, "the lock has no header"))),
    }
}

fn read_version(versions: &[Located<&str>], whole: Span, report: &mut Report) -> Result<(), Reported> {
    let Some(first) = versions.first() else {
        return Err(report.error(
            Diagnostic::error(&codes::LOCK_VERSION, "the lock does not say its version")
                .at(whole, "`version: 1` is missing")
                .help("restore the file from version control; if nothing is deployed yet, delete it and run again"),
        ));
    };
    let supported = VERSION.to_string();
    let wrong = versions.iter().find(|version| version.value != supported);
    let Some(wrong) = wrong else { return Ok(()) };
    let mut error = Diagnostic::error(
        &codes::LOCK_VERSION,
        format!("the lock is of version {}, and this tenantry reads version {VERSION}", quote(wrong.value)),
    )
    .at(wrong.span, "")
    .help("use the tenantry that wrote the lock, or a newer one");
    if wrong.span != first.span {
        error = error.also(first.span, "another version here");
    }
    Err(report.error(error))
}

/// The value that all lines of a key at the top agree on.
fn the_one<T: FromStr>(
    key: &str,
    rule: &str,
    values: &[Located<&str>],
    whole: Span,
    report: &mut Report,
) -> Option<T> {
    let Some(first) = values.first() else {
        report.push(
            Diagnostic::error(&codes::MISSING_KEY, format!("the lock needs the key `{key}`"))
                .at(whole, format!("`{key}` is missing"))
                .help("restore the line from version control"),
        );
        return None;
    };
    if let Some(other) = values.iter().find(|other| other.value != first.value) {
        report.push(
            Diagnostic::error(&codes::LOCK_CONFLICT, format!("two lines decide differently about `{key}`"))
                .at(other.span, "this is another")
                .also(first.span, "than this")
                .help("a lock belongs to one catalog: restore that of this catalog from version control"),
        );
        return None;
    }
    let value = first.value.parse().ok();
    if value.is_none() {
        report.push(
            Diagnostic::error(
                &codes::LOCK_DAMAGED,
                format!("`{key}` must be {rule}, and is {}", quote(first.value)),
            )
            .at(first.span, "")
            .help("restore the line from version control"),
        );
    }
    value
}
