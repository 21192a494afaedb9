//! The items of `tenants`: tenants, and files that hold more of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::catalog::merge::{CatalogFiles, Format, inside, read_tree, unknown_type};
use crate::catalog::table::read_csv;
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::source::{FileId, SourceMap, Span, read_text};
use crate::yaml::{Node, Value, read_json_at};

/// Every tenant as a node, whichever file it stands in.
pub(super) fn read(files: &mut CatalogFiles, sources: &mut SourceMap, report: &mut Report) -> Vec<Node> {
    let mut tenants = Vec::new();
    let mut named: BTreeMap<PathBuf, Span> = BTreeMap::new();
    for item in std::mem::take(&mut files.tenants) {
        let Value::Text(name) = &item.value else {
            tenants.push(item);
            continue;
        };
        let Some(path) = resolve(name, item.span, files, report) else { continue };
        match named.get(&path) {
            Some(first) => report.push(
                Diagnostic::error(
                    &codes::DUPLICATE_ITEM,
                    format!("the file {} is listed twice", quote(name)),
                )
                .at(item.span, "again here")
                .also(*first, "first here")
                .help("remove one of the two"),
            ),
            None => {
                named.insert(path.clone(), item.span);
                tenants.extend(read_list(&path, item.span, files, sources, report));
            }
        }
    }
    tenants
}

/// The path of a file that a catalog file names, relative to the catalog's directory.
pub(super) fn resolve(name: &str, span: Span, files: &CatalogFiles, report: &mut Report) -> Option<PathBuf> {
    let naming = files.paths.get(&span.file).and_then(|path| path.parent()).unwrap_or(Path::new(""));
    let path = inside(naming, name);
    if path.is_none() {
        let message = format!("{} does not lie inside the catalog's directory", quote(name));
        report.push(
            Diagnostic::error(&codes::PATH_OUTSIDE_CATALOG, message)
                .at(span, "")
                .help("write a path relative to this file, to a file beside or below the catalog"),
        );
    }
    path
}

fn read_list(
    path: &Path,
    span: Span,
    files: &mut CatalogFiles,
    sources: &mut SourceMap,
    report: &mut Report,
) -> Vec<Node> {
    let Some(format) = Format::of(path) else {
        let known = "`.yaml`, `.yml`, `.json`, `.jsonl` or `.csv`";
        report.push(unknown_type(&path.display().to_string(), "tenants", known).at(span, ""));
        return Vec::new();
    };
    if let Some(tree) = files.lists.remove(path) {
        return items(tree, report);
    }
    let path = files.directory.join(path);
    if !path.is_file() {
        let message = format!("there is no file {}", quote(&path.display().to_string()));
        report.push(
            Diagnostic::error(&codes::UNREADABLE_FILE, message)
                .at(span, "")
                .help("paths are relative to the file that names them"),
        );
        return Vec::new();
    }
    let Ok(file) = read_text(&path, sources, report) else { return Vec::new() };
    match format {
        Format::Csv => read_csv(file, sources, report),
        Format::JsonLines => read_lines(file, sources, report),
        Format::Yaml | Format::Json => {
            read_tree(file, &path, sources, report).map(|tree| items(tree, report)).unwrap_or_default()
        }
    }
}

fn items(tree: Node, report: &mut Report) -> Vec<Node> {
    match tree.value {
        Value::List(items) => items,
        Value::Null => Vec::new(),
        _ => {
            let message = format!("a file of tenants is a list, and this is {}", tree.kind());
            report.push(
                Diagnostic::error(&codes::WRONG_TYPE, message)
                    .at(tree.span.beginning(), "")
                    .help("begin every tenant with a hyphen, and leave the key `tenants:` out"),
            );
            Vec::new()
        }
    }
}

/// One JSON object a line; blank lines are skipped.
fn read_lines(file: FileId, sources: &SourceMap, report: &mut Report) -> Vec<Node> {
    let mut tenants = Vec::new();
    let mut start = 0;
    for line in sources.text(file).split_inclusive('\n') {
        let text = line.trim_end_matches(['\n', '\r']);
        let span = Span { file, start, end: start + text.len() as u32 };
        start += line.len() as u32;
        if !text.trim().is_empty() {
            tenants.extend(read_json_at(span, sources, report));
        }
    }
    tenants
}
