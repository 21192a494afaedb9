//! Keeps two runs from replacing the same thing at once.
//!
//! The lock is the operating system's advisory one, on the directory itself: it leaves no file
//! behind, and it ends with its process, so that a run that died locks nobody out.

use std::fs::{self, File, TryLockError};
use std::path::Path;

/// Whether this run may take itself for the only one.
#[derive(Debug)]
pub(super) enum Guard {
    /// It is the only one while this value lives.
    Alone { _directory: File },
    /// Another run holds the directory.
    Busy,
    /// The file system has no such locks for directories (some network file systems, Windows).
    Unknown,
}

impl Guard {
    /// Tries to hold a directory that exists.
    pub(super) fn hold(directory: &Path) -> Guard {
        let Ok(file) = File::open(directory) else {
            return Guard::Unknown;
        };
        match file.try_lock() {
            Ok(()) => Guard::Alone { _directory: file },
            Err(TryLockError::WouldBlock) => Guard::Busy,
            Err(TryLockError::Error(_)) => Guard::Unknown,
        }
    }
}

/// Whether two paths lead to one directory.
pub(super) fn same_directory(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_by_one_run_and_free_again_when_the_run_ends() {
        let directory = tempfile::tempdir().unwrap();
        let first = Guard::hold(directory.path());
        assert!(matches!(first, Guard::Alone { .. }));
        assert!(matches!(Guard::hold(directory.path()), Guard::Busy));
        drop(first);
        assert!(matches!(Guard::hold(directory.path()), Guard::Alone { .. }));
    }
}
