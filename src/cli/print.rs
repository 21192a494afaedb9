//! Printing: results to standard output, diagnostics to standard error.

use std::io::{IsTerminal, Write, stderr, stdout};

use comfy_table::{ContentArrangement, Table, presets};

use crate::cli::Format;
use crate::diagnostics::{Diagnostic, Report, Reported, codes, human, json};
use crate::source::SourceMap;

/// Prints a result. A reader that has gone away, as `head` does, is no error.
pub(super) fn result(text: &str, report: &mut Report) -> Result<(), Reported> {
    let mut output = stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(report.error(
            Diagnostic::error(
                &codes::OUTPUT_NOT_WRITABLE,
                format!("cannot write to standard output: {error}"),
            )
            .help("check where standard output leads"),
        )),
        _ => Ok(()),
    }
}

/// Prints a JSON document as a result.
pub(super) fn json_result(value: &serde_json::Value, report: &mut Report) -> Result<(), Reported> {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    result(&format!("{text}\n"), report)
}

/// Why a directory cannot be made, in better words than the system's where it says no more than that
/// something is there.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => "it is a file".to_owned(),
        std::io::ErrorKind::NotADirectory => "it would stand inside of a file".to_owned(),
        _ => error.to_string(),
    }
}

/// Whether a result is shown in colour.
pub(super) fn is_colourful() -> bool {
    stdout().is_terminal() && colours_are_welcome()
}

/// The convention of no-color.org; it changes no result, only how a terminal shows it.
fn colours_are_welcome() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints all that the run has to tell, sorted by place.
pub(super) fn diagnostics(format: Format, report: Report, sources: &SourceMap) {
    let sorted = report.into_sorted(sources);
    if sorted.is_empty() {
        return;
    }
    let text = match format {
        Format::Human => human::render(&sorted, sources, stderr().is_terminal() && colours_are_welcome()),
        Format::Json => {
            format!("{}\n", serde_json::to_string_pretty(&json::render(&sorted, sources)).unwrap_or_default())
        }
    };
    // There is nowhere left to tell that standard error is closed.
    let _closed = stderr().lock().write_all(text.as_bytes());
}

/// Comma-separated values that are safe to open: a spreadsheet runs a cell that begins like a formula
/// (OWASP, "CSV Injection"), so such a cell begins with an apostrophe, which spreadsheets do not show.
pub(super) fn csv<const N: usize>(header: &[&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing into memory does not fail.
    let _written = writer.write_record(header);
    for row in rows {
        let _written = writer.write_record(row.map(harmless));
    }
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// A plain table: columns side by side, no lines, cells never broken.
pub(super) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_a_csv_file_is_a_formula() {
        let cells = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "plain", "a,\"b\""];
        let text = csv(&["a"], cells.map(|cell| [cell.to_owned()]));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let read: Vec<String> = reader.records().map(|row| row.unwrap()[0].to_owned()).collect();
        assert_eq!(
            read,
            ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'＝1", "plain", "a,\"b\""]
        );
    }
}
