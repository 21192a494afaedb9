//! Finishes or undoes what an earlier run left half done.
//!
//! The staging directory may have come from anywhere, a version control system among others, so
//! what its journal says is believed only as far as it stays inside the output directory.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::failure::{Failure, quote_path};
use super::guard::Guard;
use super::journal::{Journal, JournaledLock, Step, digest};
use super::lock_file::LockFile;
use super::operations::{FileOperations, Kind};
use super::survey::{missing_directories, refused};
use super::transaction::{COMMITTED, JOURNAL, NEW, OLD, STAGING, Transaction, UNFINISHED_JOURNAL};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, list_of};

/// What an earlier run has left in an output directory.
#[derive(Debug)]
pub(super) enum Remains {
    Nothing,
    /// It died before it had moved anything: staged copies only.
    Staged,
    /// It died while it moved things.
    Unfinished(Journal),
    /// It died, or failed, when everything but the clearing was done.
    Committed(Journal),
}

/// Refuses a directory that another run is busy with. Reads only.
///
/// # Errors
/// `output-busy`.
pub(super) fn refuse_busy(guard: &Guard, directory: &Path, report: &mut Report) -> Result<(), Reported> {
    let staging = directory.join(STAGING);
    let message = match guard {
        Guard::Alone { .. } => return Ok(()),
        Guard::Unknown if staging.symlink_metadata().is_err() => return Ok(()),
        Guard::Unknown => format!("another run may be active in {}", quote_path(directory)),
        Guard::Busy => format!("another run is active in {}", quote_path(directory)),
    };
    let mut told = Diagnostic::error(&codes::OUTPUT_BUSY, message);
    if matches!(guard, Guard::Unknown) {
        told = told.note(format!("{} is there", quote_path(&staging))).help(
            "if no other run is active, restore the output directory from version control and remove `.tenantry-staging`",
        );
    } else {
        told = told.help("wait until the other run has ended, and run it again");
    }
    Err(report.error(told))
}

/// Looks at what there is, and changes nothing.
///
/// # Errors
/// `foreign-files`, `interrupted-run` if the journal is damaged, or `output-not-writable`.
pub(super) fn look(
    operations: &dyn FileOperations,
    output: &Path,
    report: &mut Report,
) -> Result<Remains, Reported> {
    let staging = output.join(STAGING);
    let kind = |path: PathBuf| operations.kind(&path).map_err(Failure::to("read", &path));
    let found =
        (|| Ok((kind(staging.clone())?, kind(staging.join(COMMITTED))?, kind(staging.join(JOURNAL))?)))();
    let (committed, journal) = match found.map_err(|failure| refused(failure, report))? {
        (None, ..) => return Ok(Remains::Nothing),
        (Some(_), committed, journal) => (committed, journal),
    };
    refuse_strangers(operations, &staging, report)?;
    let read = |name: &str, report: &mut Report| {
        let path = staging.join(name);
        let text =
            operations.read(&path).map_err(|error| refused(Failure::to("read", &path)(error), report))?;
        serde_json::from_slice::<Journal>(&text)
            .map_err(|error| damaged(output, &format!("its journal cannot be understood: {error}"), report))
    };
    let remains = if committed.is_some() {
        Remains::Committed(read(COMMITTED, report)?)
    } else if journal.is_some() {
        Remains::Unfinished(read(JOURNAL, report)?)
    } else {
        Remains::Staged
    };
    match &remains {
        Remains::Unfinished(journal) | Remains::Committed(journal) => {
            missing_directories(output, journal.steps.iter().flat_map(files_of), report)?;
        }
        Remains::Staged if holds_anything(operations, &staging.join(OLD)) => {
            return Err(damaged(output, "its journal is gone", report));
        }
        Remains::Staged | Remains::Nothing => {}
    }
    Ok(remains)
}

/// Brings an output directory and its lock to the state before or after the interrupted run.
///
/// # Errors
/// As [`look`].
pub(super) fn recover(
    operations: &dyn FileOperations,
    output: &Path,
    lock: Option<&LockFile<'_>>,
    report: &mut Report,
) -> Result<(), Reported> {
    let remains = look(operations, output, report)?;
    let transaction = |journal| Transaction { operations, output, journal, lock };
    let done = match remains {
        Remains::Nothing => Ok(()),
        Remains::Staged => {
            transaction(Journal { steps: Vec::new(), emptied: Vec::new(), lock: None }).clear()
        }
        Remains::Committed(journal) => transaction(journal).finish(),
        Remains::Unfinished(journal) if lock_is_new(operations, journal.lock.as_ref()) => {
            transaction(journal).finish()
        }
        Remains::Unfinished(journal) => transaction(journal).roll_back(),
    };
    done.map_err(|failure| {
        report.error(
            failure
                .told(&codes::OUTPUT_NOT_WRITABLE)
                .note("an interrupted run was being put right; the next `tenantry synth` goes on with it"),
        )
    })
}

/// Tells that only `synth` may put things right.
pub(super) fn interrupted(output: &Path, report: &mut Report) -> Reported {
    let message = format!("a run was interrupted while it replaced {}", quote_path(output));
    report.error(
        Diagnostic::error(&codes::INTERRUPTED_RUN, message)
            .help("run `tenantry synth`, which finishes or undoes it first"),
    )
}

fn damaged(output: &Path, reason: &str, report: &mut Report) -> Reported {
    let message = format!("a run was interrupted while it replaced {}, and {reason}", quote_path(output));
    let old = output.join(STAGING).join(OLD);
    report.error(
        Diagnostic::error(&codes::INTERRUPTED_RUN, message)
            .note(format!("files of the old output may be in {}", quote_path(&old)))
            .help("restore the output directory from version control and remove `.tenantry-staging`"),
    )
}

/// The staging directory's name is tenantry's, but what somebody may have put there is not.
fn refuse_strangers(
    operations: &dyn FileOperations,
    staging: &Path,
    report: &mut Report,
) -> Result<(), Reported> {
    let expected = |path: &Path| match path.file_name().and_then(|name| name.to_str()) {
        Some(NEW | OLD) => Some(Kind::Directory),
        Some(JOURNAL | UNFINISHED_JOURNAL | COMMITTED) => Some(Kind::File),
        _ => None,
    };
    let strangers = || {
        if operations.kind(staging)? != Some(Kind::Directory) {
            return Ok(vec![staging.to_owned()]);
        }
        let mut strangers = Vec::new();
        for entry in operations.list(staging)? {
            if operations.kind(&entry)? != expected(&entry) || expected(&entry).is_none() {
                strangers.push(entry);
            }
        }
        Ok(strangers)
    };
    let strangers = strangers().map_err(|error| refused(Failure::to("read", staging)(error), report))?;
    if strangers.is_empty() {
        return Ok(());
    }
    let names: Vec<_> =
        strangers.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy()).collect();
    let message = format!(
        "{} is reserved for runs of tenantry, and {} was not made by one",
        quote_path(staging),
        list_of(names.iter().take(3).map(AsRef::as_ref))
    );
    Err(report.error(Diagnostic::error(&codes::FOREIGN_FILES, message).help("move it away")))
}

fn files_of(step: &Step) -> impl Iterator<Item = &super::TreePath> {
    let placed: &[_] = match step {
        Step::Place { files, .. } => files,
        Step::Remove { .. } | Step::Swap { .. } => &[],
    };
    placed.iter().chain([step.path()])
}

fn holds_anything(operations: &dyn FileOperations, directory: &Path) -> bool {
    match operations.list(directory) {
        Ok(entries) => !entries.is_empty(),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// Whether the deciding step was done. A lock that cannot be read is not the new one: undoing an
/// output that could have been kept costs a run, keeping one that belongs to no lock costs addresses.
fn lock_is_new(operations: &dyn FileOperations, lock: Option<&JournaledLock>) -> bool {
    let Some(lock) = lock else { return false };
    let path = Path::new(&lock.path);
    matches!(operations.kind(path), Ok(Some(Kind::File)))
        && operations.read(path).is_ok_and(|bytes| digest(&bytes) == lock.digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_advisory_locks_a_staging_directory_may_belong_to_a_live_run() {
        let output = tempfile::tempdir().unwrap();
        let mut report = Report::default();
        assert_eq!(refuse_busy(&Guard::Unknown, output.path(), &mut report), Ok(()));
        std::fs::create_dir(output.path().join(STAGING)).unwrap();
        assert!(refuse_busy(&Guard::Unknown, output.path(), &mut report).is_err());
        assert_eq!(report.diagnostics()[0].code, &codes::OUTPUT_BUSY);
    }
}
