//! The files of a catalog as one tree.
//!
//! In a directory, every YAML and JSON file takes part, except those that a `tenants` key or an entry of
//! `quota_files` names. Each
//! says some of the top-level keys. The entries of mappings and the items of lists are put together;
//! a value that is neither may be said once, and so may each entry of a mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::source::{FileId, SourceMap, Span, read_text};
use crate::yaml::{Key, Node, Tags, Value, read_json, read_yaml};

/// What the files of a catalog say.
#[derive(Debug)]
pub(super) struct CatalogFiles {
    /// Every top-level key but `tenants`.
    pub root: Node,
    /// The items of `tenants`, of all files.
    pub tenants: Vec<Node>,
    /// The catalog's own directory; nothing outside is read.
    pub directory: PathBuf,
    /// Path of each catalog file, relative to the directory.
    pub paths: BTreeMap<FileId, PathBuf>,
    /// Files of the directory that `tenants` or `quota_files` names, already read.
    pub lists: BTreeMap<PathBuf, Node>,
}

/// What a file's extension says about its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Yaml,
    Json,
    JsonLines,
    Csv,
}

impl Format {
    pub(super) fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()? {
            "yaml" | "yml" => Some(Format::Yaml),
            "json" => Some(Format::Json),
            "jsonl" => Some(Format::JsonLines),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }

    fn is_tree(self) -> bool {
        matches!(self, Format::Yaml | Format::Json)
    }
}

/// Directories below the catalog's own: more than anybody nests, and an end to links that form a ring.
const MAXIMUM_DIRECTORY_DEPTH: usize = 16;

/// Reads the file or directory.
///
/// # Errors
/// If a file cannot be read or is not well formed.
pub(super) fn read_files(
    path: &Path,
    sources: &mut SourceMap,
    report: &mut Report,
) -> Result<CatalogFiles, Reported> {
    let (directory, names) = if path.is_dir() {
        (path.to_owned(), list_directory(path, report)?)
    } else {
        if !Format::of(path).is_some_and(Format::is_tree) {
            return Err(report.error(unknown_type(
                &path.display().to_string(),
                "a catalog",
                "`.yaml`, `.yml` or `.json`",
            )));
        }
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        (directory, path.file_name().map(PathBuf::from).into_iter().collect())
    };
    let mut paths = BTreeMap::new();
    let mut trees = Vec::new();
    for name in names {
        let Ok(file) = read_text(&directory.join(&name), sources, report) else { continue };
        paths.insert(file, name.clone());
        trees.extend(read_tree(file, &name, sources, report).ok().map(|tree| (file, name, tree)));
    }
    report.checkpoint()?;
    let named = named_lists(&trees);
    let mut lists = BTreeMap::new();
    let mut merged = Merged::default();
    for (file, name, tree) in trees {
        if named.contains(&name) {
            lists.insert(name, tree);
        } else {
            merged.take(tree, file, report);
        }
    }
    let Some(first) = paths.keys().next() else {
        return Err(
            report.error(Diagnostic::error(&codes::INTERNAL_ERROR, "a catalog without files was read"))
        );
    };
    let span = merged.span.unwrap_or(Span { end: 0, ..sources.whole(*first) });
    let root = Node::new(span, Value::Map(merged.entries));
    Ok(CatalogFiles { root, tenants: merged.tenants, directory, paths, lists })
}

/// Reads one YAML or JSON file into a tree.
pub(super) fn read_tree(
    file: FileId,
    path: &Path,
    sources: &SourceMap,
    report: &mut Report,
) -> Result<Node, Reported> {
    match Format::of(path) {
        Some(Format::Json) => read_json(file, sources, report),
        _ => read_yaml(file, Tags::Refuse, sources, report),
    }
}

/// The error for a file whose extension says nothing.
pub(super) fn unknown_type(path: &str, what: &str, known: &str) -> Diagnostic {
    Diagnostic::error(
        &codes::UNKNOWN_FILE_TYPE,
        format!("the extension of {} does not say how to read it", quote(path)),
    )
    .help(format!("a file of {what} ends in {known}"))
}

/// A relative path without `.` and `..`; none if it is absolute or leads out of the directory that
/// `from` is relative to.
pub(super) fn inside(from: &Path, path: &str) -> Option<PathBuf> {
    let mut parts: Vec<&std::ffi::OsStr> = from.iter().collect();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => parts.push(name),
            Component::CurDir => {}
            Component::ParentDir => _ = parts.pop()?,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.into_iter().collect())
}

fn list_directory(root: &Path, report: &mut Report) -> Result<Vec<PathBuf>, Reported> {
    let mut found = Vec::new();
    let mut open = vec![(PathBuf::new(), 0)];
    while let Some((directory, depth)) = open.pop() {
        let path = root.join(&directory);
        let entries = fs::read_dir(&path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let entries = entries.map_err(|error| {
            let message = format!("cannot read {}: {error}", quote(&path.display().to_string()));
            report.error(
                Diagnostic::error(&codes::UNREADABLE_FILE, message)
                    .help("check the path and its permissions"),
            )
        })?;
        for entry in entries {
            let name = directory.join(entry.file_name());
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let below = root.join(&name);
            if below.is_dir() {
                // An output tree or ejected blueprints may stand below a catalog; they are no part of it.
                let is_ours = below.join("manifest.json").is_file() || below.join("blueprint.yaml").is_file();
                if depth < MAXIMUM_DIRECTORY_DEPTH && !is_ours {
                    open.push((name, depth + 1));
                }
            } else if Format::of(&name).is_some_and(Format::is_tree) {
                found.push(name);
            }
        }
    }
    if found.is_empty() {
        let message = format!("the directory {} holds no catalog file", quote(&root.display().to_string()));
        return Err(report.error(
            Diagnostic::error(&codes::NO_CATALOG, message)
                .help("put a `.yaml`, `.yml` or `.json` file there, or run `tenantry init`"),
        ));
    }
    found.sort();
    Ok(found)
}

/// Every path that a `tenants` key names, relative to the catalog's directory.
fn named_lists(trees: &[(FileId, PathBuf, Node)]) -> BTreeSet<PathBuf> {
    let mut named = BTreeSet::new();
    for (_, name, tree) in trees {
        let mut items = match tree.get("tenants").map(|node| &node.value) {
            Some(Value::List(items)) => items.iter().collect(),
            Some(Value::Text(_)) => tree.get("tenants").into_iter().collect(),
            _ => Vec::new(),
        };
        if let Some(Value::List(files)) = tree.get("quota_files").map(|node| &node.value) {
            items.extend(files.iter().filter_map(|file| file.get("file")));
        }
        let directory = name.parent().unwrap_or(Path::new(""));
        named.extend(items.iter().filter_map(|item| inside(directory, item.as_text()?)));
    }
    named
}

/// The files taken in so far.
#[derive(Debug, Default)]
struct Merged {
    entries: Vec<(Key, Node)>,
    tenants: Vec<Node>,
    span: Option<Span>,
}

impl Merged {
    fn take(&mut self, tree: Node, file: FileId, report: &mut Report) {
        let span = tree.span;
        let entries = match tree.value {
            Value::Map(entries) => entries,
            Value::Null => return,
            _ => {
                let message = format!("a catalog file is a mapping, and this is {}", tree.kind());
                report.push(
                    Diagnostic::error(&codes::WRONG_TYPE, message)
                        .at(Span { file, ..span.beginning() }, "")
                        .help("a list of tenants in a file of its own is named under `tenants:`"),
                );
                return;
            }
        };
        self.span.get_or_insert(span);
        for (key, node) in entries {
            if &*key.text == "tenants" {
                self.take_tenants(node, report);
                continue;
            }
            match self.entries.iter_mut().find(|(known, _)| known.text == key.text) {
                None => self.entries.push((key, node)),
                Some((known, whole)) => join(known, whole, &key, node, report),
            }
        }
    }

    fn take_tenants(&mut self, node: Node, report: &mut Report) {
        match node.value {
            Value::List(items) => self.tenants.extend(items),
            Value::Text(_) => self.tenants.push(node),
            Value::Null => {}
            _ => _ = node.list("`tenants`", report),
        }
    }
}

fn join(known: &Key, whole: &mut Node, key: &Key, part: Node, report: &mut Report) {
    match (&mut whole.value, part.value) {
        (_, Value::Null) => {}
        (all @ Value::Null, value) => {
            *all = value;
            whole.span = part.span;
        }
        (Value::List(items), Value::List(more)) => items.extend(more),
        (Value::Map(entries), Value::Map(more)) => join_entries(entries, more, report),
        _ => report.push(said_twice(key, known)),
    }
}

fn join_entries(entries: &mut Vec<(Key, Node)>, more: Vec<(Key, Node)>, report: &mut Report) {
    let first: BTreeMap<Box<str>, Key> =
        entries.iter().map(|(key, _)| (key.text.clone(), key.clone())).collect();
    for (key, node) in more {
        match first.get(&key.text) {
            Some(known) => report.push(said_twice(&key, known)),
            None => entries.push((key, node)),
        }
    }
}

fn said_twice(again: &Key, first: &Key) -> Diagnostic {
    Diagnostic::error(&codes::DUPLICATE_KEY, format!("two files have the key {}", quote(&again.text)))
        .at(again.span, "again here")
        .also(first.span, "first here")
        .help("say it in one of the files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_catalog() {
        let at =
            |from: &str, path: &str| inside(Path::new(from), path).map(|path| path.display().to_string());
        assert_eq!(at("", "tenants.csv").as_deref(), Some("tenants.csv"));
        assert_eq!(at("a", "./b/../c.csv").as_deref(), Some("a/c.csv"));
        assert_eq!(at("a", "../c.csv").as_deref(), Some("c.csv"));
        assert_eq!(at("a", "../../c.csv"), None);
        assert_eq!(at("", "/etc/passwd"), None);
    }
}
