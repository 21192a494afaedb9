//! What the operating system refused to do, and how users are told.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, codes};

/// An operation that failed.
#[derive(Debug)]
pub(super) struct Failure {
    doing: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl Failure {
    /// For `map_err`: what was to be done, as a verb, and to what.
    pub(super) fn to(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
        move |error| Failure { doing, path: path.to_owned(), error }
    }

    /// The error or warning of it, without notes.
    pub(super) fn told(&self, code: &'static Code) -> Diagnostic {
        let path = quote_path(&self.path);
        let message = format!("cannot {} {path}: {}", self.doing, self.error);
        if *code == codes::OUTPUT_LEFTOVERS {
            return Diagnostic::warning(code, message);
        }
        Diagnostic::error(code, message).help(match self.error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on the disk and run it again",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "check the permissions, or name another output directory with `-o`"
            }
            _ => "check the path, or name another output directory with `-o`",
        })
    }
}

/// A path in backticks, whole, so that it can be copied, with what could upset a terminal escaped.
pub(super) fn quote_path(path: &Path) -> String {
    let mut shown = String::from("`");
    for character in path.to_string_lossy().chars() {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown.push('`');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_whole_and_cannot_upset_the_terminal() {
        let long = format!("/{}/x", "a".repeat(200));
        assert_eq!(quote_path(Path::new(&long)), format!("`{long}`"));
        assert_eq!(quote_path(Path::new("it's \u{202e}a\u{1b}[2J")), "`it's \\u{202e}a\\u{1b}[2J`");
    }

    #[test]
    fn a_full_disk_is_told_with_path_reason_and_remedy() {
        let failure = Failure::to("write", Path::new("output/a.json"))(ErrorKind::StorageFull.into());
        let told = failure.told(&codes::OUTPUT_NOT_WRITABLE);
        assert_eq!(told.message, "cannot write `output/a.json`: no storage space");
        assert_eq!(told.help.as_deref(), Some("make room on the disk and run it again"));
    }
}
