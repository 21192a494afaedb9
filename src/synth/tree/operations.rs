//! What the replacement asks of a file system, so that tests can make each single step fail.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What stands at a path; links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// A symbolic link, a device, a socket.
    Other,
}

/// The steps of a replacement. The disk is one implementation; the other, in tests, fails or
/// "loses power" at the n-th step.
pub(super) trait FileOperations: Sync {
    /// Creates a directory in one that exists.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// Writes a file that must not exist.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// The same, and returns when the bytes are on the disk.
    fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Moves a file or directory; a file that stands at the new place is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file or a link.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory if it is empty.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
    /// What stands there, if anything does.
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>>;
    /// The bytes of a file, of which there may be at most [`crate::source::MAXIMUM_FILE_BYTES`].
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The entries of a directory, in order.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The file system of this machine.
pub(super) struct Disk;

impl FileOperations for Disk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        File::create_new(path)?.write_all(bytes)
    }

    fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Ok(Some(Kind::File)),
            Ok(found) if found.is_dir() => Ok(Some(Kind::Directory)),
            Ok(_) => Ok(Some(Kind::Other)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let limit = crate::source::MAXIMUM_FILE_BYTES;
        let mut bytes = Vec::new();
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it is larger than {limit} bytes"),
            ));
        }
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut entries =
            fs::read_dir(path)?.map(|entry| entry.map(|one| one.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        Ok(entries)
    }
}
