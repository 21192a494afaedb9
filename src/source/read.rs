//! Reading a file whole, with an error that names it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::source::{FileId, SourceMap};

/// The largest file that is read: 256 MiB, some 400,000 tenants. Larger lists are split into several files.
pub const MAXIMUM_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Reads a UTF-8 file into the map, under the path as the user gave it. A byte-order mark is dropped.
///
/// # Errors
/// `unreadable-file` if it cannot be opened or read, is too large, or is not UTF-8.
pub fn read_text(path: &Path, sources: &mut SourceMap, report: &mut Report) -> Result<FileId, Reported> {
    let name = path.display().to_string();
    let refuse = |report: &mut Report, reason: String, help: &str| {
        report.error(
            Diagnostic::error(&codes::UNREADABLE_FILE, format!("cannot read `{name}`: {reason}")).help(help),
        )
    };
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAXIMUM_FILE_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Err(refuse(report, error.to_string(), "check the path and its permissions"));
    }
    if bytes.len() as u64 > MAXIMUM_FILE_BYTES {
        return Err(refuse(
            report,
            format!("it is larger than {MAXIMUM_FILE_BYTES} bytes"),
            "split it into several files",
        ));
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Ok(sources.add(name, text))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(refuse(report, format!("line {line} is not UTF-8"), "save the file in the UTF-8 encoding"))
        }
    }
}
