//! Replaces an output directory, and the lock beside the catalog, at once or not at all.
//!
//! Goes in: a [`NewTree`], the whole of what should stand there. Comes out: the [`Change`]s, done.
//! Files that already have their bytes are not touched. What tenantry wrote earlier and is not part
//! of the new tree goes away, and so do directories that become empty by that. Whatever tenantry did
//! not write stays: ownership is what the `manifest.json` in the directory says, and nothing else.
//! A directory without a manifest must be empty, but for a README and hidden names.
//!
//! If any step fails, everything is put back; if the process dies, the next run finishes or undoes
//! its work first (`transaction` says how). Only `replace` repairs; `compare` reads and tells.
//! What the files hold is left to the rest of `synth`.

mod alone;
mod failure;
mod guard;
mod journal;
mod lock_file;
mod new_tree;
mod operations;
mod owned;
mod path;
mod recovery;
mod survey;
mod transaction;

#[cfg(test)]
mod faults;

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use failure::Failure;
use guard::{Guard, same_directory};
use lock_file::LockFile;
use operations::{Disk, FileOperations};
use recovery::Remains;
use survey::{is_present, refused, survey};
use transaction::{Broken, Transaction};

pub use alone::replace_lock;
pub use new_tree::{Collision, NewTree};
pub use path::TreePath;

/// A file outside of the tree that is replaced together with it: the lock. Its directory exists.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    pub path: &'a Path,
    pub bytes: &'a [u8],
}

/// One file in which an output directory differs from a new tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub path: TreePath,
    pub kind: ChangeKind,
}

/// What happens to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    Added,
    Changed,
    Removed,
}

/// What [`replace`] would change, by path. Reads only.
///
/// # Errors
/// As [`replace`], and `interrupted-run` where it would first put right what a dead run has left.
pub fn compare(output: &Path, new: &NewTree, report: &mut Report) -> Result<Vec<Change>, Reported> {
    let present = is_present(output, report)?;
    if present
        && matches!(recovery::look(&Disk, output, report)?, Remains::Unfinished(_) | Remains::Committed(_))
    {
        if matches!(Guard::hold(output), Guard::Busy) {
            recovery::refuse_busy(&Guard::Busy, output, report)?;
        }
        return Err(recovery::interrupted(output, report));
    }
    Ok(survey(output, present, new, report)?.changes)
}

/// Makes the output directory hold the new tree and what is not tenantry's, and replaces the lock;
/// says what has changed in the tree, by path.
///
/// # Errors
/// `output-not-a-directory`, `foreign-files`, `output-manifest-damaged`, `output-busy`,
/// `output-not-writable`, or `interrupted-run` if a dead run has left what cannot be put right.
/// Output and lock are then as they were.
pub fn replace(
    output: &Path,
    new: &NewTree,
    lock: Option<Beside<'_>>,
    report: &mut Report,
) -> Result<Vec<Change>, Reported> {
    replace_with(&Disk, output, new, lock, report)
}

fn replace_with(
    operations: &dyn FileOperations,
    output: &Path,
    new: &NewTree,
    lock: Option<Beside<'_>>,
    report: &mut Report,
) -> Result<Vec<Change>, Reported> {
    refuse_unlisted(new, report)?;
    let mut created = Vec::new();
    if !is_present(output, report)? {
        let made = create_all(operations, output, &mut created);
        let undoing = made.is_err().then(|| remove_all(operations, &created)).flatten();
        made.map_err(|cause| tell(&Broken { cause, undoing }, report))?;
    }
    let replaced = replace_in(operations, output, new, lock.as_ref(), report);
    if replaced.is_err() {
        // One that is not empty holds what could not be put back, and that is told already.
        _ = remove_all(operations, &created);
    }
    replaced
}

/// Does it in a directory that exists, under its guard from the first look to the last step.
fn replace_in(
    operations: &dyn FileOperations,
    output: &Path,
    new: &NewTree,
    lock: Option<&Beside<'_>>,
    report: &mut Report,
) -> Result<Vec<Change>, Reported> {
    let lock = lock.map(LockFile::of);
    let _guard = hold(output, report)?;
    recovery::recover(operations, output, lock.as_ref(), report)?;
    let survey = survey(output, true, new, report)?;
    let differs = lock.as_ref().map_or(Ok(false), |lock| lock.differs(operations));
    let differs = differs.map_err(|failure| refused(failure, report))?;
    let lock = lock.as_ref().filter(|_| differs);
    if survey.changes.is_empty() && lock.is_none() {
        return Ok(Vec::new());
    }
    // Only where the lock changes: runs over one catalog into different directories may overlap.
    let _lock_guard = match lock {
        Some(lock) if !same_directory(output, lock.directory()) => Some(hold(lock.directory(), report)?),
        _ => None,
    };
    let leftover = Transaction::plan(operations, output, &survey, new, lock)
        .run(new)
        .map_err(|broken| tell(&broken, report))?;
    leftover.iter().for_each(|failure| report.push(failure.told(&codes::OUTPUT_LEFTOVERS)));
    Ok(survey.changes)
}

fn hold(directory: &Path, report: &mut Report) -> Result<Guard, Reported> {
    let guard = Guard::hold(directory);
    recovery::refuse_busy(&guard, directory, report)?;
    Ok(guard)
}

/// A file that the manifest does not list could never be removed again.
fn refuse_unlisted(new: &NewTree, report: &mut Report) -> Result<(), Reported> {
    let problem = match owned::unlisted(new) {
        Ok(None) => return Ok(()),
        Ok(Some(path)) => format!("the new manifest and the new output do not agree about `{path}`"),
        Err(reason) => format!("the new manifest cannot be read back: {reason:?}"),
    };
    let told = Diagnostic::error(&codes::INTERNAL_ERROR, problem);
    Err(report.error(told.help("please report this as a mistake in tenantry")))
}

/// Creates a directory and those around it, and says which it has created, outer ones first.
fn create_all(
    operations: &dyn FileOperations,
    directory: &Path,
    created: &mut Vec<PathBuf>,
) -> Result<(), Failure> {
    let around = directory.ancestors().take_while(|path| !path.as_os_str().is_empty());
    let missing: Vec<&Path> = around.take_while(|path| fs::metadata(path).is_err()).collect();
    for path in missing.into_iter().rev() {
        operations.create_directory(path).map_err(Failure::to("create", path))?;
        created.push(path.to_owned());
    }
    Ok(())
}

/// Removes the directories that were made for nothing. One that holds anything stays.
fn remove_all(operations: &dyn FileOperations, created: &[PathBuf]) -> Option<Failure> {
    created.iter().rev().find_map(|directory| {
        operations.remove_directory(directory).map_err(Failure::to("remove", directory)).err()
    })
}

fn tell(broken: &Broken, report: &mut Report) -> Reported {
    let told = broken.cause.told(&codes::OUTPUT_NOT_WRITABLE);
    let Some(undoing) = &broken.undoing else {
        return report.error(told.note("the output and the lock are as they were"));
    };
    let second = undoing.told(&codes::OUTPUT_NOT_WRITABLE).message;
    report.error(told.note(format!(
        "not everything could be put back: {second}; the next `tenantry synth` does it before anything else"
    )))
}
