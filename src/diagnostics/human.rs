//! Diagnostics as text for people: rustc's layout, readable with and without colour.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostics::{Diagnostic, Label, Severity, count};
use crate::source::SourceMap;

/// Renders diagnostics that are already in their order, and a last line that counts them.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic, sources)]));
        text.push_str("\n\n");
    }
    let of = |severity| diagnostics.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    match (errors, warnings) {
        (0, 0) => {}
        (0, warnings) => text.push_str(&format!("{}\n", count(warnings, "warning"))),
        (errors, 0) => text.push_str(&format!("{}\n", count(errors, "error"))),
        (errors, warnings) => {
            text.push_str(&format!("{}, {}\n", count(errors, "error"), count(warnings, "warning")));
        }
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.name));
    if let Some(primary) = &diagnostic.primary {
        group = group.element(snippet(primary, AnnotationKind::Primary, sources));
    }
    for label in &diagnostic.secondary {
        group = group.element(snippet(label, AnnotationKind::Context, sources));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// Only the lines that a label touches are given to the renderer, so that a message about a
/// catalog of many megabytes costs no more than one about a small catalog.
fn snippet<'a>(
    label: &'a Label,
    kind: AnnotationKind,
    sources: &'a SourceMap,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (first_line, begin, lines) = sources.lines_of(label.span);
    let range = (label.span.start - begin) as usize..(label.span.end - begin) as usize;
    let mut annotation = kind.span(range);
    if !label.text.is_empty() {
        annotation = annotation.label(label.text.as_str());
    }
    Snippet::source(lines)
        .path(sources.name(label.span.file))
        .line_start(first_line)
        .fold(true)
        .annotation(annotation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;
    use crate::source::Span;

    #[test]
    fn a_diagnostic_shows_code_place_other_party_and_remedy() {
        let mut sources = SourceMap::default();
        let file = sources.add("catalog.yaml", "tenants:\n  - id: acme\n  - id: acme\n");
        let error = Diagnostic::error(&codes::DUPLICATE_KEY, "`acme` is there twice")
            .at(Span { file, start: 30, end: 34 }, "again here")
            .also(Span { file, start: 17, end: 21 }, "first here")
            .help("remove one of the two");
        insta::assert_snapshot!(render(&[error], &sources, false), @r"
        error[duplicate-key]: `acme` is there twice
         --> catalog.yaml:3:9
          |
        3 |   - id: acme
          |         ^^^^ again here
          |
         ::: catalog.yaml:2:9
          |
        2 |   - id: acme
          |         ---- first here
          |
          = help: remove one of the two

        1 error
        ");
    }
}
