//! The file beside the catalog that is replaced together with the tree.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Beside;
use super::failure::Failure;
use super::operations::FileOperations;

/// A lock that is to be replaced.
#[derive(Debug)]
pub(super) struct LockFile<'a> {
    /// Where it really is, links followed: they are the user's, and stay.
    pub(super) path: PathBuf,
    /// Where the new one waits: beside it, since only within one file system is a rename one step.
    pub(super) staged: PathBuf,
    pub(super) bytes: &'a [u8],
}

impl<'a> LockFile<'a> {
    pub(super) fn of(beside: &'a Beside<'a>) -> Self {
        let real = fs::canonicalize(beside.path).or_else(|_| std::path::absolute(beside.path));
        let path = real.unwrap_or_else(|_| beside.path.to_owned());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let staged = path.with_file_name(format!(".{name}.new"));
        LockFile { path, staged, bytes: beside.bytes }
    }

    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    pub(super) fn differs(&self, operations: &dyn FileOperations) -> Result<bool, Failure> {
        match operations.read(&self.path) {
            Ok(bytes) => Ok(bytes != self.bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(Failure::to("read", &self.path)(error)),
        }
    }

    /// Removes a new lock that never took the old one's place.
    pub(super) fn discard(&self, operations: &dyn FileOperations) -> Result<(), Failure> {
        match operations.remove_file(&self.staged) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Failure::to("remove", &self.staged)(error))
            }
            _ => Ok(()),
        }
    }
}
