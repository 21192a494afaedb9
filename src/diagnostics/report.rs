//! All that one run has to tell.

use crate::diagnostics::{Diagnostic, Severity};
use crate::source::SourceMap;

/// Proof that an error was told to the user: only [`Report::error`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported(());

/// The diagnostics of a run, in the order they were found.
#[derive(Debug, Default)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
}

impl Report {
    /// Takes in an error and returns the proof of it.
    pub fn error(&mut self, diagnostic: Diagnostic) -> Reported {
        self.push(diagnostic);
        Reported(())
    }

    /// Takes in an error or a warning.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.diagnostics.push(diagnostic);
    }

    /// Ends a stage: fails if it, or a stage before it, has reported an error.
    ///
    /// # Errors
    /// If any error was reported so far.
    pub fn checkpoint(&self) -> Result<(), Reported> {
        if self.errors == 0 { Ok(()) } else { Err(Reported(())) }
    }

    /// How many errors there are so far.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// What was found so far, unsorted.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Everything, sorted by place (file, line, column), then code, then message; what has no place
    /// comes last. Equal diagnostics are told once.
    pub fn into_sorted(self, sources: &SourceMap) -> Vec<Diagnostic> {
        let mut keyed: Vec<_> = self
            .diagnostics
            .into_iter()
            .map(|diagnostic| {
                let place = diagnostic.primary.as_ref().map(|label| {
                    (sources.name(label.span.file).to_owned(), label.span.start, label.span.end)
                });
                ((place.is_none(), place, diagnostic.code.name, diagnostic.message.clone()), diagnostic)
            })
            .collect();
        keyed.sort_by(|left, right| left.0.cmp(&right.0));
        keyed.dedup_by(|left, right| left.0 == right.0);
        keyed.into_iter().map(|(_, diagnostic)| diagnostic).collect()
    }
}
