//! Replaces the lock by itself, for commands that write no output.

use std::path::Path;

use super::failure::Failure;
use super::lock_file::LockFile;
use super::operations::{Disk, FileOperations};
use super::transaction::Broken;
use super::{Beside, hold, tell};
use crate::diagnostics::{Report, Reported};

/// Replaces the lock in one step, and says whether it has changed. Links are followed and stay.
///
/// # Errors
/// `output-busy` or `output-not-writable`; the lock is then as it was.
pub fn replace_lock(lock: &Beside<'_>, report: &mut Report) -> Result<bool, Reported> {
    let lock = LockFile::of(lock);
    let directory = if lock.directory() == Path::new("") { Path::new(".") } else { lock.directory() };
    let _guard = hold(directory, report)?;
    let failed = |cause| Broken { cause, undoing: None };
    let differs = lock.differs(&Disk).map_err(|cause| tell(&failed(cause), report))?;
    if !differs {
        return Ok(false);
    }
    let replaced = lock
        .discard(&Disk)
        .and_then(|()| {
            Disk.write_durably(&lock.staged, lock.bytes).map_err(Failure::to("write", &lock.staged))
        })
        .and_then(|()| Disk.rename(&lock.staged, &lock.path).map_err(Failure::to("rename", &lock.staged)));
    replaced.map(|()| true).map_err(|cause| {
        let undoing = lock.discard(&Disk).err();
        tell(&Broken { cause, undoing }, report)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_lock_is_replaced_once_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenantry.lock");
        let lock = Beside { path: &path, bytes: b"new" };
        let mut report = Report::default();
        assert_eq!(replace_lock(&lock, &mut report), Ok(true));
        assert_eq!(replace_lock(&lock, &mut report), Ok(false));
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(report.diagnostics(), []);
    }

    #[test]
    fn a_lock_that_cannot_be_written_stays_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenantry.lock");
        fs::write(&path, "old").unwrap();
        // What the new lock would be written to is in the way, and is not tenantry's to remove.
        fs::create_dir(directory.path().join(".tenantry.lock.new")).unwrap();
        let mut report = Report::default();
        assert!(replace_lock(&Beside { path: &path, bytes: b"new" }, &mut report).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(report.errors(), 1);
    }
}
