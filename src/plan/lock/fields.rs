//! The fields of one line, taken as typed values, with an error for each that does not fit.

use std::str::FromStr;

use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::plan::lock::line::Piece;
use crate::source::{FileId, Span};

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    file: FileId,
    start: usize,
    length: usize,
}

impl Place {
    /// The place of a line that begins at this byte.
    pub(super) fn new(file: FileId, start: usize, line: &str) -> Self {
        Place { file, start, length: line.trim_end().len() }
    }

    /// The whole line. Files of more than `u32::MAX` bytes are refused when they are read from disk.
    pub(super) fn line(self) -> Span {
        Span { file: self.file, start: self.start as u32, end: (self.start + self.length) as u32 }
    }

    /// A word of the line.
    pub(super) fn span(self, piece: &Piece<'_>) -> Span {
        let start = self.start + piece.at;
        Span { file: self.file, start: start as u32, end: (start + piece.text.len()) as u32 }
    }

    /// Reports that the line cannot be read.
    pub(super) fn damaged(self, piece: &Piece<'_>, message: String, report: &mut Report) {
        report.push(
            Diagnostic::error(&codes::LOCK_DAMAGED, message)
                .at(self.span(piece), "")
                .help("restore the line from version control; each decision stands on a line of its own"),
        );
    }
}

/// The fields of one line.
pub(super) struct Fields<'l, 't> {
    /// The line's key, which says what it is about.
    pub(super) subject: Piece<'t>,
    pub(super) all: &'l [(Piece<'t>, Piece<'t>)],
    pub(super) place: Place,
    pub(super) report: &'l mut Report,
}

impl Fields<'_, '_> {
    /// Refuses keys that are there twice or that are not among the known ones.
    pub(super) fn check(&mut self, known: Option<&[&str]>) {
        for (position, (key, _)) in self.all.iter().enumerate() {
            if let Some((first, _)) = self.all[..position].iter().find(|(first, _)| first.text == key.text) {
                self.report.push(
                    Diagnostic::error(&codes::DUPLICATE_KEY, format!("{} is there twice", quote(key.text)))
                        .at(self.place.span(key), "again here")
                        .also(self.place.span(first), "first here")
                        .help("restore the line from version control"),
                );
            }
            if let Some(known) = known
                && !known.contains(&key.text)
            {
                self.unknown(key, known);
            }
        }
    }

    /// The value of a key, if it is there and can be read; `missing-key` if it is not there.
    pub(super) fn required<T: FromStr>(&mut self, key: &'static str, rule: &str) -> Option<T> {
        let value = self.optional(key, rule)?;
        if value.is_none() {
            let subject = quote(self.subject.text);
            self.report.push(
                Diagnostic::error(&codes::MISSING_KEY, format!("{subject} needs the key `{key}`"))
                    .at(self.place.span(&self.subject), format!("`{key}` is missing in this line"))
                    .help("restore the line from version control"),
            );
        }
        value
    }

    /// The value of a key, or that there is none; nothing if it cannot be read.
    #[expect(clippy::option_option, reason = "a value that is missing differs from one that is wrong")]
    pub(super) fn optional<T: FromStr>(&mut self, key: &'static str, rule: &str) -> Option<Option<T>> {
        let Some((_, value)) = self.all.iter().find(|(name, _)| name.text == key) else { return Some(None) };
        self.parse(value, &format_args!("`{key}`"), rule).map(Some)
    }

    /// All fields, where their keys are names.
    pub(super) fn named<K: FromStr, V: FromStr>(
        &mut self,
        key_rule: &str,
        rule: &str,
    ) -> Option<Vec<(K, V)>> {
        let mut whole = true;
        let mut read = Vec::with_capacity(self.all.len());
        for (key, value) in self.all {
            let name = self.parse(key, &"each key", key_rule);
            let value = self.parse(value, &quote(key.text), rule);
            match (name, value) {
                (Some(name), Some(value)) => read.push((name, value)),
                _ => whole = false,
            }
        }
        whole.then_some(read)
    }

    fn parse<T: FromStr>(
        &mut self,
        piece: &Piece<'_>,
        what: &dyn std::fmt::Display,
        rule: &str,
    ) -> Option<T> {
        let value = piece.text.parse().ok();
        if value.is_none() {
            let (subject, found) = (quote(self.subject.text), quote(piece.text));
            let message = format!("{what} of {subject} must be {rule}, and is {found}");
            self.place.damaged(piece, message, self.report);
        }
        value
    }

    fn unknown(&mut self, key: &Piece<'_>, known: &[&str]) {
        let subject = quote(self.subject.text);
        let help = match closest(key.text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "if a newer tenantry wrote this line, use that one".to_owned(),
            None => format!(
                "the keys of this line are {}; if a newer tenantry wrote it, use that one",
                list_of(known.iter().copied())
            ),
        };
        self.report.push(
            Diagnostic::error(&codes::UNKNOWN_KEY, format!("{subject} has no key {}", quote(key.text)))
                .at(self.place.span(key), "")
                .help(help),
        );
    }
}
