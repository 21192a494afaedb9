//! All blueprints of a run: those in the binary, and those of a directory that add or replace.

use std::collections::BTreeMap;
use std::path::Path;

use crate::blueprint::Blueprint;
use crate::blueprint::load::load;
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, list_of, quote};
use crate::source::{SourceMap, Span, read_text};

/// A blueprint in the binary: its name, and its files.
type Embedded = (&'static str, &'static [(&'static str, &'static str)]);

macro_rules! embedded_files {
    ($blueprint:literal: $($file:literal),+ $(,)?) => {
        ($blueprint, &[$(($file, include_str!(concat!("../../blueprints/", $blueprint, "/", $file)))),+])
    };
}

/// The blueprints that ship with tenantry. A test holds this list against the directory.
const EMBEDDED: &[Embedded] = &[embedded_files!("vpc":
    "access.yaml",
    "blueprint.yaml",
    "database.yaml",
    "endpoints.yaml",
    "foundation.yaml",
    "growth.yaml",
    "ipv6.yaml",
    "load_balancer.yaml",
    "network.yaml",
    "security.yaml",
    "service.yaml",
)];

/// Blueprints by name.
#[derive(Debug)]
pub struct Library {
    blueprints: BTreeMap<String, Blueprint>,
}

impl Library {
    /// Reads the embedded blueprints, and those of `directory`: one folder each, or a single
    /// blueprint if it holds a `blueprint.yaml` itself.
    ///
    /// # Errors
    /// Whatever is wrong in them, all at once.
    pub fn read(
        directory: Option<&Path>,
        sources: &mut SourceMap,
        report: &mut Report,
    ) -> Result<Library, Reported> {
        let mut blueprints = BTreeMap::new();
        for (name, files) in EMBEDDED {
            let files = files.iter().map(|(file, text)| {
                ((*file).to_owned(), sources.add(format!("blueprints/{name}/{file}"), *text))
            });
            let files = files.collect();
            if let Ok(blueprint) = load(&files, sources, report) {
                blueprints.insert(blueprint.name.clone(), blueprint);
            }
        }
        if let Some(directory) = directory {
            read_directory(directory, &mut blueprints, sources, report)?;
        }
        report.checkpoint()?;
        Ok(Library { blueprints })
    }

    /// The blueprint of this name, or an error at the place that asks for it.
    ///
    /// # Errors
    /// `unknown-blueprint`.
    pub fn find(&self, name: &str, place: Span, report: &mut Report) -> Result<&Blueprint, Reported> {
        self.blueprints.get(name).ok_or_else(|| report.error(self.unknown(name).at(place, "")))
    }

    /// The blueprint of this name.
    pub fn get(&self, name: &str) -> Option<&Blueprint> {
        self.blueprints.get(name)
    }

    /// All blueprints, by name.
    pub fn all(&self) -> impl Iterator<Item = &Blueprint> {
        self.blueprints.values()
    }

    /// The message that there is no blueprint of this name.
    pub fn unknown(&self, name: &str) -> Diagnostic {
        let names = || self.blueprints.keys().map(String::as_str);
        let help = match closest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the blueprints are {}; `--blueprints DIR` adds others", list_of(names())),
        };
        Diagnostic::error(&codes::UNKNOWN_BLUEPRINT, format!("there is no blueprint {}", quote(name)))
            .help(help)
    }
}

/// The files of an embedded blueprint, for `tenantry blueprint eject`.
pub fn embedded(name: &str) -> Option<&'static [(&'static str, &'static str)]> {
    EMBEDDED.iter().find(|(other, _)| *other == name).map(|(_, files)| *files)
}

fn read_directory(
    directory: &Path,
    blueprints: &mut BTreeMap<String, Blueprint>,
    sources: &mut SourceMap,
    report: &mut Report,
) -> Result<(), Reported> {
    let folders = if directory.join(super::load::INTENT_FILE).is_file() {
        vec![directory.to_path_buf()]
    } else {
        let mut folders = entries(directory, report)?;
        folders.retain(|path| path.join(super::load::INTENT_FILE).is_file());
        folders
    };
    if folders.is_empty() {
        return Err(report.error(
            Diagnostic::error(
                &codes::UNKNOWN_BLUEPRINT,
                format!("there is no blueprint in `{}`", directory.display()),
            )
            .help("give a directory with one folder for each blueprint, each with a `blueprint.yaml`"),
        ));
    }
    let mut own: BTreeMap<String, Span> = BTreeMap::new();
    for folder in folders {
        let mut files = BTreeMap::new();
        for path in entries(&folder, report)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
            if is_yaml && path.is_file() {
                files.insert(name, read_text(&path, sources, report)?);
            }
        }
        if let Ok(blueprint) = load(&files, sources, report) {
            match own.insert(blueprint.name.clone(), blueprint.span) {
                None => _ = blueprints.insert(blueprint.name.clone(), blueprint),
                Some(other) => report.push(
                    Diagnostic::error(
                        &codes::INVALID_BLUEPRINT,
                        format!(
                            "two blueprints of `{}` have the name `{}`",
                            directory.display(),
                            blueprint.name
                        ),
                    )
                    .at(blueprint.span.beginning(), "")
                    .also(other.beginning(), "the other one")
                    .help("give each a `name` of its own"),
                ),
            }
        }
    }
    Ok(())
}

fn entries(directory: &Path, report: &mut Report) -> Result<Vec<std::path::PathBuf>, Reported> {
    let listed = std::fs::read_dir(directory).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    match listed {
        Ok(mut paths) => {
            paths.sort();
            Ok(paths)
        }
        Err(error) => Err(report.error(
            Diagnostic::error(
                &codes::UNREADABLE_FILE,
                format!("cannot read `{}`: {error}", directory.display()),
            )
            .help("check the path and its permissions"),
        )),
    }
}
