//! Compares an output directory with a new tree, and refuses what may not be touched. Reads only.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use rayon::prelude::*;

use super::failure::{Failure, quote_path};
use super::operations::{Disk, FileOperations, Kind};
use super::owned::{self, MANIFEST, NotOurs};
use super::{Change, ChangeKind, NewTree, TreePath};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, list_of};

/// How an output directory differs from a new tree.
#[derive(Debug)]
pub(super) struct Survey {
    /// By path.
    pub(super) changes: Vec<Change>,
    /// Directories of the new tree that do not exist.
    pub(super) missing: BTreeSet<TreePath>,
}

/// How one file of the new tree stands to what is at its path.
enum Comparison {
    Same,
    Differs(ChangeKind),
    InTheWay,
    Failed(Failure),
}

/// Whether the output directory exists.
///
/// # Errors
/// `output-not-a-directory` if something else stands there.
pub(super) fn is_present(output: &Path, report: &mut Report) -> Result<bool, Reported> {
    let message = match fs::metadata(output) {
        Ok(found) if found.is_dir() => return Ok(true),
        Ok(_) => format!("the output {} is a file and not a directory", quote_path(output)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            format!("the output {} would stand inside of a file", quote_path(output))
        }
        Err(error) => return Err(refused(Failure::to("read", output)(error), report)),
    };
    let told = Diagnostic::error(&codes::OUTPUT_NOT_A_DIRECTORY, message);
    Err(report.error(told.help("name a directory with `-o`, or move the file away")))
}

/// Compares; an output directory that does not exist is like an empty one.
///
/// # Errors
/// `foreign-files`, `output-manifest-damaged`, or `output-not-writable` if something cannot be read.
pub(super) fn survey(
    output: &Path,
    present: bool,
    new: &NewTree,
    report: &mut Report,
) -> Result<Survey, Reported> {
    let owned = if present { owned_files(output, report)? } else { BTreeSet::new() };
    let missing = missing_directories(output, owned.iter().chain(new.files().keys()), report)?;
    let mut changes = compare_files(output, new, &owned, &missing, report)?;
    let stale: Vec<&TreePath> = owned.iter().filter(|path| !new.files().contains_key(*path)).collect();
    let stale: Vec<_> = stale.par_iter().map(|path| (*path, Disk.kind(&path.below(output)))).collect();
    for (path, kind) in stale {
        // Whatever is no regular file any more was put there by somebody else, and stays.
        match kind {
            Ok(Some(Kind::File)) => changes.push(Change { path: path.clone(), kind: ChangeKind::Removed }),
            Ok(_) => {}
            // Its directory has gone with it.
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            Err(error) => return Err(refused(Failure::to("read", &path.below(output))(error), report)),
        }
    }
    changes.sort();
    Ok(Survey { changes, missing })
}

/// The files that the manifest in the directory calls tenantry's.
fn owned_files(output: &Path, report: &mut Report) -> Result<BTreeSet<TreePath>, Reported> {
    let path = output.join(MANIFEST);
    let manifest = match Disk.kind(&path) {
        Ok(None) => return no_strangers(output, report).map(|()| BTreeSet::new()),
        Ok(Some(Kind::File)) => Disk.read(&path),
        Ok(Some(_)) => return Err(foreign(output, &[MANIFEST], report)),
        Err(error) => Err(error),
    };
    let manifest = manifest.map_err(|error| refused(Failure::to("read", &path)(error), report))?;
    owned::read(&manifest).map_err(|reason| match reason {
        NotOurs::Foreign => foreign(output, &[MANIFEST], report),
        NotOurs::Damaged(reason) => report.error(
            Diagnostic::error(
                &codes::OUTPUT_MANIFEST_DAMAGED,
                format!("{} cannot be understood: {reason}", quote_path(&path)),
            )
            .note("without it, tenantry does not know which files there are its own")
            .help(
                "restore it from version control (after a merge: `git checkout --ours` the directory), or remove the output directory if all of it was generated",
            ),
        ),
    })
}

/// A directory without a manifest must be empty. A README and hidden names (`.git`, `.gitkeep`) do
/// not count: repositories are made with them, and tenantry writes none of those names.
fn no_strangers(output: &Path, report: &mut Report) -> Result<(), Reported> {
    let entries = Disk.list(output).map_err(|error| refused(Failure::to("read", output)(error), report))?;
    let names: Vec<_> = entries.iter().filter_map(|entry| entry.file_name()).collect();
    let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
    let strangers: Vec<&str> = names
        .iter()
        .map(AsRef::as_ref)
        .filter(|name| !name.starts_with('.') && *name != "README.md")
        .collect();
    if strangers.is_empty() { Ok(()) } else { Err(foreign(output, &strangers, report)) }
}

/// Which directories of these files do not exist.
///
/// # Errors
/// `foreign-files` if one of them is something else: a link could lead out of the output directory.
pub(super) fn missing_directories<'p>(
    output: &Path,
    files: impl Iterator<Item = &'p TreePath>,
    report: &mut Report,
) -> Result<BTreeSet<TreePath>, Reported> {
    let directories: BTreeSet<&str> = files.flat_map(TreePath::directories).collect();
    let mut missing = BTreeSet::new();
    let mut others = Vec::new();
    // Outer directories come before those inside them, so nothing is looked at through a link.
    for directory in directories {
        let path = TreePath::directory(directory);
        if path.directories().any(|outer| missing.contains(outer) || others.contains(&outer)) {
            missing.insert(path);
            continue;
        }
        match Disk.kind(&path.below(output)) {
            Ok(Some(Kind::Directory)) => {}
            Ok(Some(_)) => others.push(directory),
            Ok(None) => _ = missing.insert(path),
            Err(error) => return Err(refused(Failure::to("read", &path.below(output))(error), report)),
        }
    }
    if others.is_empty() {
        return Ok(missing);
    }
    let message = format!(
        "{} in {} should be a directory of the output, and is a file or a symbolic link",
        list_of(others.iter().take(3).copied()),
        quote_path(output)
    );
    Err(report.error(
        Diagnostic::error(&codes::FOREIGN_FILES, message)
            .help("move it away, or name another output directory with `-o`"),
    ))
}

fn compare_files(
    output: &Path,
    new: &NewTree,
    owned: &BTreeSet<TreePath>,
    missing: &BTreeSet<TreePath>,
    report: &mut Report,
) -> Result<Vec<Change>, Reported> {
    let compare = |path: &TreePath, bytes: &[u8]| -> Comparison {
        if path.directories().next_back().is_some_and(|directory| missing.contains(directory)) {
            return Comparison::Differs(ChangeKind::Added);
        }
        let place = path.below(output);
        match is_same(&place, bytes) {
            Ok(None) => Comparison::Differs(ChangeKind::Added),
            Ok(Some(true)) => Comparison::Same,
            Ok(Some(false)) if owned.contains(path) && is_regular(&place) => {
                Comparison::Differs(ChangeKind::Changed)
            }
            Ok(Some(false)) => Comparison::InTheWay,
            Err(error) => Comparison::Failed(Failure::to("read", &place)(error)),
        }
    };
    let compared: Vec<(&TreePath, Comparison)> =
        new.files().par_iter().map(|(path, bytes)| (path, compare(path, bytes))).collect();
    let mut changes = Vec::new();
    let mut in_the_way = Vec::new();
    for (path, comparison) in compared {
        match comparison {
            Comparison::Same => {}
            Comparison::Differs(kind) => changes.push(Change { path: path.clone(), kind }),
            Comparison::InTheWay => in_the_way.push(path.as_str()),
            Comparison::Failed(failure) => return Err(refused(failure, report)),
        }
    }
    if in_the_way.is_empty() { Ok(changes) } else { Err(foreign(output, &in_the_way, report)) }
}

/// Whether a regular file with these bytes stands there, if anything does. The length alone tells
/// most differences.
fn is_same(path: &Path, bytes: &[u8]) -> std::io::Result<Option<bool>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() && found.len() == bytes.len() as u64 => {
            Ok(Some(fs::read(path)? == bytes))
        }
        Ok(_) => Ok(Some(false)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_regular(path: &Path) -> bool {
    matches!(Disk.kind(path), Ok(Some(Kind::File)))
}

/// Names up to three of them.
fn foreign(output: &Path, names: &[&str], report: &mut Report) -> Reported {
    let shown = list_of(names.iter().take(3).copied());
    let more = match names.len() {
        0..=3 => String::new(),
        all => format!(" (and {} more)", all - 3),
    };
    let message = format!("{} holds what tenantry did not write: {shown}{more}", quote_path(output));
    report.error(
        Diagnostic::error(&codes::FOREIGN_FILES, message)
            .note("tenantry replaces only files that `manifest.json` there lists as its own")
            .help("name another output directory with `-o`, or move these files away"),
    )
}

pub(super) fn refused(failure: Failure, report: &mut Report) -> Reported {
    report.error(failure.told(&codes::OUTPUT_NOT_WRITABLE))
}
