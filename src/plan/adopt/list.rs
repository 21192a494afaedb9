//! A list of blocks in CSV: the columns `cidr` and `reason`.

use crate::catalog::FreeText;
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::network::CidrError;
use crate::plan::adopt::found::{Found, Listed};
use crate::plan::lock::Reservation;
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::Located;

/// Takes a file of CSV in.
pub(super) fn read_list(file: FileId, sources: &SourceMap, found: &mut Found, report: &mut Report) {
    let text = sources.text(file);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let column = |name: &str| header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let (Some(cidr), Some(reason)) = (column("cidr"), column("reason")) else {
        let first = Span { file, start: 0, end: text.lines().next().map_or(0, str::len) as u32 };
        report.push(
            Diagnostic::error(
                &codes::ADOPTION_INPUT,
                "a list of blocks needs the columns `cidr` and `reason`",
            )
            .at(first, "the header")
            .help("begin the file with the line `cidr,reason`; files of JSON begin with a brace"),
        );
        return;
    };
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let at = error.position().map_or(0, |position| position.byte() as u32);
                report.push(
                    Diagnostic::error(&codes::ADOPTION_INPUT, "this row has other columns than the header")
                        .at(line(file, text, at), "")
                        .help("put a reason that holds a comma in double quotes"),
                );
                continue;
            }
        };
        let place = line(file, text, row.position().map_or(0, |position| position.byte() as u32));
        let (cidr, reason) = (row.get(cidr).unwrap_or_default(), row.get(reason).unwrap_or_default());
        found.listed.extend(listed(cidr, reason, place, report));
    }
}

fn listed(cidr: &str, reason: &str, place: Span, report: &mut Report) -> Option<Listed> {
    let block = match cidr.parse() {
        Ok(block) => Some(Located::new(block, place)),
        Err(error) => {
            let help = match error {
                CidrError::HostBits(meant) | CidrError::NoLength(meant) => format!("write `{meant}`"),
                CidrError::Malformed => "write an address, a slash and a length".to_owned(),
            };
            let message = format!("{} is not a block of addresses", quote(cidr));
            report.push(Diagnostic::error(&codes::ADOPTION_INPUT, message).at(place, "").help(help));
            None
        }
    };
    match FreeText::new(reason, Reservation::REASON_LENGTH) {
        Ok(reason) => Some(Listed { cidr: block?, reason }),
        Err(hazard) => {
            let message = format!("the reason {} {}", quote(reason), hazard.problem);
            report.push(Diagnostic::error(&codes::ADOPTION_INPUT, message).at(place, "").help(hazard.help));
            None
        }
    }
}

/// The line that begins near this byte; blank lines before a row belong to it for the CSV reader.
fn line(file: FileId, text: &str, at: u32) -> Span {
    let rest = text.get(at as usize..).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches(['\n', '\r']).len();
    let start = at + blank as u32;
    let length = rest.get(blank..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    Span { file, start, end: start + length as u32 }
}
