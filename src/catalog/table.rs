//! Tenants from a CSV file: a header of tenant keys, and a tenant a row.
//!
//! Rows become the same nodes as tenants in YAML, so that one decoder serves both. The `csv` crate says
//! what the cells hold; where they stand is found again in the text of the record, since the crate
//! tells the place of records only.

use std::collections::BTreeMap;

use crate::diagnostics::{Diagnostic, Report, closest, codes, count, list_of, quote};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{Key, Node, Value, scalar};

const REQUIRED: [&str; 4] = ["id", "name", "tier", "region"];
const TEXTS: [&str; 7] = ["id", "name", "tier", "region", "status", "size", "account"];
const LISTS: [&str; 2] = ["compliance", "ingress"];

/// What the cells of a column are.
#[derive(Debug, PartialEq)]
enum Kind {
    /// Text, under a key of the tenant.
    Text,
    /// Items between spaces or semicolons.
    List,
    /// A scalar as YAML would read it, under one or more keys.
    Scalar,
}

#[derive(Debug)]
struct Column {
    /// The keys that lead to the value: `["settings", "zones"]`.
    path: Vec<String>,
    kind: Kind,
    span: Span,
}

/// A row: its cells and the place of each.
#[derive(Debug)]
struct Row {
    cells: Vec<(String, Span)>,
    span: Span,
    /// A quote that is never closed.
    open_quote: Option<Span>,
}

/// Reads the rows as nodes.
pub(super) fn read_csv(file: FileId, sources: &SourceMap, report: &mut Report) -> Vec<Node> {
    let mut rows = Rows::new(file, sources.text(file));
    let Some(header) = rows.next() else {
        let begin = Span { file, start: 0, end: 0 };
        report.push(
            Diagnostic::error(&codes::SYNTAX_ERROR, "this CSV file has no header row")
                .at(begin, "")
                .help("name the columns in the first row: `id,name,tier,region`"),
        );
        return Vec::new();
    };
    let Some(columns) = read_header(&header, report) else { return Vec::new() };
    let mut tenants = Vec::new();
    for row in rows {
        if let Some(quote) = row.open_quote {
            report.push(
                Diagnostic::error(&codes::SYNTAX_ERROR, "this quote is never closed")
                    .at(quote, "")
                    .help("close it, and double every quote inside: `\"\"`"),
            );
        } else if row.cells.len() != columns.len() {
            report.push(wrong_width(&row, columns.len()));
        } else if row.cells.iter().any(|(text, _)| !text.is_empty()) {
            tenants.push(tenant(&row, &columns, sources));
        }
    }
    tenants
}

fn wrong_width(row: &Row, columns: usize) -> Diagnostic {
    let message = format!("this row has {}, and the header has {columns}", count(row.cells.len(), "cell"));
    let extra = row.cells.get(columns).map_or(row.span, |(_, span)| *span);
    Diagnostic::error(&codes::SYNTAX_ERROR, message)
        .at(extra, "")
        .help("put a cell that holds a comma in double quotes, and leave cells empty rather than out")
}

fn read_header(header: &Row, report: &mut Report) -> Option<Vec<Column>> {
    let before = report.errors();
    let mut columns = Vec::new();
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for (name, span) in &header.cells {
        if let Some(first) = seen.insert(name, *span) {
            report.push(
                Diagnostic::error(
                    &codes::DUPLICATE_KEY,
                    format!("the column {} is there twice", quote(name)),
                )
                .at(*span, "again here")
                .also(first, "first here")
                .help("remove one of the two"),
            );
        }
        match column(name, *span) {
            Some(column) => columns.push(column),
            None => report.push(unknown_column(name, *span)),
        }
    }
    for required in REQUIRED.into_iter().filter(|required| !seen.contains_key(required)) {
        report.push(
            Diagnostic::error(
                &codes::MISSING_KEY,
                format!("a list of tenants needs the column `{required}`"),
            )
            .at(header.span, "")
            .help(format!("add the column `{required}`")),
        );
    }
    for inner in &columns {
        let outer =
            (2..inner.path.len()).find_map(|length| seen.get(inner.path[..length].join(".").as_str()));
        if let Some(outer) = outer {
            let name = inner.path.join(".");
            report.push(
                Diagnostic::error(
                    &codes::DUPLICATE_KEY,
                    format!("the column {} lies inside the value of another column", quote(&name)),
                )
                .at(inner.span, "")
                .also(*outer, "this column")
                .help("keep one of the two"),
            );
        }
    }
    (report.errors() == before).then_some(columns)
}

fn column(name: &str, span: Span) -> Option<Column> {
    let made = |path: Vec<String>, kind| Some(Column { path, kind, span });
    if TEXTS.contains(&name) {
        return made(vec![name.to_owned()], Kind::Text);
    }
    if LISTS.contains(&name) {
        return made(vec![name.to_owned()], Kind::List);
    }
    if name == "headroom" {
        return made(vec![name.to_owned()], Kind::Scalar);
    }
    let (group, key) = name.split_once('.')?;
    match group {
        "tags" if !key.is_empty() => made(vec![group.to_owned(), key.to_owned()], Kind::Text),
        "settings" if key.split('.').all(|part| !part.is_empty()) => {
            made(name.split('.').map(str::to_owned).collect(), Kind::Scalar)
        }
        _ => None,
    }
}

fn unknown_column(name: &str, span: Span) -> Diagnostic {
    let known = || TEXTS.into_iter().chain(LISTS).chain(["headroom"]);
    let help = match closest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the columns are {}, and `tags.` and `settings.` with a key", list_of(known())),
    };
    Diagnostic::error(&codes::UNKNOWN_KEY, format!("a tenant has no column {}", quote(name)))
        .at(span, "")
        .help(help)
}

fn tenant(row: &Row, columns: &[Column], sources: &SourceMap) -> Node {
    let mut entries = Vec::new();
    for (column, (text, span)) in columns.iter().zip(&row.cells) {
        if text.is_empty() {
            continue;
        }
        let value = match column.kind {
            Kind::Text => Value::Text(text.as_str().into()),
            Kind::Scalar => scalar(text),
            Kind::List => Value::List(items(text, *span, sources)),
        };
        insert(&mut entries, &column.path, column.span, Node::new(*span, value));
    }
    Node::new(row.span, Value::Map(entries))
}

/// Puts a value below the keys of its path, making the mappings on the way.
fn insert(entries: &mut Vec<(Key, Node)>, path: &[String], header: Span, node: Node) {
    let Some((first, rest)) = path.split_first() else { return };
    let key = Key { text: first.as_str().into(), span: header };
    if rest.is_empty() {
        entries.push((key, node));
        return;
    }
    let position = entries.iter().position(|(known, _)| known.text == key.text).unwrap_or_else(|| {
        entries.push((key, Node::new(node.span, Value::Map(Vec::new()))));
        entries.len() - 1
    });
    if let Value::Map(inner) = &mut entries[position].1.value {
        insert(inner, rest, header, node);
    }
}

fn items(text: &str, cell: Span, sources: &SourceMap) -> Vec<Node> {
    let raw = sources.slice(cell);
    // Offsets into the value are offsets into the file where no quote was doubled.
    let begin = raw.find(text).map(|offset| cell.start + offset as u32);
    let mut found = Vec::new();
    let mut offset = 0;
    for piece in text.split_inclusive([' ', ';']) {
        let item = piece.trim_end_matches([' ', ';']);
        if !item.is_empty() {
            let span = match begin {
                Some(begin) => {
                    let start = begin + offset as u32;
                    Span { file: cell.file, start, end: start + item.len() as u32 }
                }
                None => cell,
            };
            found.push(Node::new(span, Value::Text(item.into())));
        }
        offset += piece.len();
    }
    found
}

/// The records of a CSV text with the places of their cells.
struct Rows<'t> {
    file: FileId,
    text: &'t str,
    reader: csv::Reader<&'t [u8]>,
}

impl<'t> Rows<'t> {
    fn new(file: FileId, text: &'t str) -> Self {
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        Rows { file, text, reader }
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut record = csv::StringRecord::new();
        let start = self.reader.position().byte() as usize;
        // The text is UTF-8 and records may differ in length, so that reading from memory cannot fail.
        if !self.reader.read_record(&mut record).ok()? {
            return None;
        }
        let end = (self.reader.position().byte() as usize).min(self.text.len());
        let (places, open) = places(self.text, start, end);
        let span =
            |range: &(usize, usize)| Span { file: self.file, start: range.0 as u32, end: range.1 as u32 };
        let whole = (places.first().map_or(start, |first| first.0), places.last().map_or(end, |last| last.1));
        let cells = record
            .iter()
            .enumerate()
            .map(|(position, text)| (text.to_owned(), span(places.get(position).unwrap_or(&whole))))
            .collect();
        let open_quote = open.then(|| places.last().map(span)).flatten();
        Some(Row { cells, span: span(&whole), open_quote })
    }
}

/// The range of every cell of a record, quotes included, and whether the last one's quote stays open.
fn places(text: &str, start: usize, end: usize) -> (Vec<(usize, usize)>, bool) {
    let bytes = text.as_bytes();
    let mut at = start;
    // Blank lines before a record count as part of it.
    while at < end && matches!(bytes[at], b'\r' | b'\n') {
        at += 1;
    }
    let mut cells = Vec::new();
    loop {
        let begin = at;
        let mut open = false;
        if at < end && bytes[at] == b'"' {
            open = true;
            at += 1;
            while at < end && open {
                if bytes[at] == b'"' {
                    open = bytes.get(at + 1) == Some(&b'"') && at + 1 < end;
                    at += 1 + usize::from(open);
                } else {
                    at += 1;
                }
            }
        }
        if !open {
            while at < end && !matches!(bytes[at], b',' | b'\r' | b'\n') {
                at += 1;
            }
        }
        cells.push((begin, at));
        if open || at >= end || bytes[at] != b',' {
            return (cells, open);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<(String, String)>> {
        let mut sources = SourceMap::default();
        let file = sources.add("t.csv", text);
        Rows::new(file, text)
            .map(|row| {
                row.cells.into_iter().map(|(value, span)| (value, sources.slice(span).to_owned())).collect()
            })
            .collect()
    }

    #[test]
    fn the_place_of_a_cell_covers_its_text_and_quotes() {
        let read = rows("a,b\r\n\r\n\"x, \"\"y\"\"\",z\n,\n");
        assert_eq!(read[0], [("a".into(), "a".into()), ("b".into(), "b".into())]);
        assert_eq!(read[1], [("x, \"y\"".into(), "\"x, \"\"y\"\"\"".into()), ("z".into(), "z".into())]);
        assert_eq!(read[2], [(String::new(), String::new()), (String::new(), String::new())]);
    }

    #[test]
    fn list_cells_have_a_place_for_every_item() {
        let mut sources = SourceMap::default();
        let file = sources.add("t.csv", "\"hipaa; pci-dss\"");
        let nodes = items("hipaa; pci-dss", sources.whole(file), &sources);
        let shown: Vec<_> = nodes.iter().map(|node| sources.slice(node.span)).collect();
        assert_eq!(shown, ["hipaa", "pci-dss"]);
    }

    proptest::proptest! {
        #[test]
        fn places_and_values_agree(text in "[a\", \r\n;é]{0,40}") {
            for row in rows(&text) {
                for (value, raw) in row {
                    // What is not quoted stands in the text as it is.
                    if !raw.starts_with('"') {
                        proptest::prop_assert_eq!(value, raw);
                    }
                }
            }
        }
    }
}
