//! One replacement: new files are staged, a journal is written, and then things are only moved.
//!
//! The order is what makes it whole or nothing:
//!
//! 1. Every new file is written below `.tenantry-staging` in the output directory, and the new lock
//!    beside the old one. The old state is untouched; a full disk shows here.
//! 2. The journal is written, and gets its name only when it is complete.
//! 3. Old files are moved to the staging directory, new ones into their place.
//! 4. The new lock is renamed over the old one. **This single step decides**: before it the
//!    replacement is undone, after it finished. (With a lock that stays as it is, renaming the
//!    journal decides.) So the lock is whole at every moment and never has to be put back.
//! 5. What is left of the old state is cleared away.
//!
//! Undoing looks at what stands where, not at how far the run got: it serves a run whose step failed,
//! a later run that finds the journal of a dead one, and one that finds a half-done undoing.
//!
//! The journal and the lock are flushed to the disk, other files are not: one flush a file would take
//! minutes for what can be generated anew in seconds. After a power failure the journal tells whether
//! the replacement took place, but generated files that were moved within the last seconds may be
//! empty; `tenantry synth` then sees that they differ and writes them again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::failure::Failure;
use super::journal::{Journal, JournaledLock, Step, digest};
use super::lock_file::LockFile;
use super::operations::{FileOperations, Kind};
use super::survey::Survey;
use super::{ChangeKind, NewTree, TreePath};

/// The staging directory's name in the output directory.
pub(super) const STAGING: &str = ".tenantry-staging";

/// The names in the staging directory.
pub(super) const NEW: &str = "new";
pub(super) const OLD: &str = "old";
pub(super) const JOURNAL: &str = "journal.json";
pub(super) const UNFINISHED_JOURNAL: &str = "journal.part";
pub(super) const COMMITTED: &str = "committed.json";

/// A replacement that failed.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) cause: Failure,
    /// What went wrong when everything was to be put back.
    pub(super) undoing: Option<Failure>,
}

/// A replacement and everything it needs.
pub(super) struct Transaction<'a> {
    pub(super) operations: &'a dyn FileOperations,
    pub(super) output: &'a Path,
    pub(super) journal: Journal,
    pub(super) lock: Option<&'a LockFile<'a>>,
}

impl<'a> Transaction<'a> {
    /// Decides the steps that lead from what stands there to the new tree.
    pub(super) fn plan(
        operations: &'a dyn FileOperations,
        output: &'a Path,
        survey: &Survey,
        new: &NewTree,
        lock: Option<&'a LockFile<'a>>,
    ) -> Self {
        let of = |kind| survey.changes.iter().filter(move |one| one.kind == kind).map(|one| &one.path);
        let mut steps: Vec<Step> =
            of(ChangeKind::Removed).map(|path| Step::Remove { path: path.clone() }).collect();
        steps.extend(of(ChangeKind::Changed).map(|path| Step::Swap { path: path.clone() }));
        // A directory that is new as a whole is one move, however many files it holds.
        let mut places: BTreeMap<TreePath, Vec<TreePath>> = BTreeMap::new();
        for path in of(ChangeKind::Added) {
            let outermost = path.directories().find(|directory| survey.missing.contains(*directory));
            let place = outermost.map_or_else(|| path.clone(), TreePath::directory);
            places.entry(place).or_default().push(path.clone());
        }
        steps.extend(places.into_iter().map(|(path, files)| Step::Place { path, files }));
        let kept: BTreeSet<&str> = new.files().keys().flat_map(TreePath::directories).collect();
        let emptied: BTreeSet<&str> = of(ChangeKind::Removed).flat_map(TreePath::directories).collect();
        let emptied = emptied.into_iter().rev().filter(|path| !kept.contains(path));
        let emptied = emptied.map(TreePath::directory).collect();
        let lock_entry = lock.map(|lock| JournaledLock {
            path: lock.path.to_string_lossy().into_owned(),
            digest: digest(lock.bytes),
        });
        Transaction { operations, output, journal: Journal { steps, emptied, lock: lock_entry }, lock }
    }

    /// Does it; returns what of the old state could not be cleared away afterwards.
    pub(super) fn run(&self, new: &NewTree) -> Result<Option<Failure>, Broken> {
        let broken = |cause, undone: Result<(), Failure>| Broken { cause, undoing: undone.err() };
        // Before this step nothing is this run's, and so nothing may be cleared away.
        self.create(&self.staging("")).map_err(|cause| broken(cause, Ok(())))?;
        self.stage(new).map_err(|cause| broken(cause, self.clear()))?;
        self.apply().and_then(|()| self.commit()).map_err(|cause| broken(cause, self.roll_back()))?;
        Ok(self.finish().err())
    }

    fn stage(&self, new: &NewTree) -> Result<(), Failure> {
        self.create(&self.staging(NEW))?;
        self.create(&self.staging(OLD))?;
        let mut files: Vec<(PathBuf, &[u8])> = Vec::new();
        for (number, step) in self.journal.steps.iter().enumerate() {
            match step {
                Step::Remove { .. } => {}
                Step::Swap { path } => {
                    files.push((self.numbered(NEW, number), new.get(path.as_str()).unwrap_or_default()));
                }
                Step::Place { path, files: placed } => {
                    let staged = self.numbered(NEW, number);
                    let inner = |file: &str| match file.get(path.as_str().len() + 1..) {
                        Some(below) => staged.join(below),
                        None => staged.clone(),
                    };
                    for directory in directories_below(path, placed) {
                        self.create(&inner(directory))?;
                    }
                    for file in placed {
                        let bytes = new.get(file.as_str()).unwrap_or_default();
                        files.push((inner(file.as_str()), bytes));
                    }
                }
            }
        }
        files.par_iter().try_for_each(|(path, bytes)| {
            self.operations.write_new(path, bytes).map_err(Failure::to("write", path))
        })?;
        if let Some(lock) = self.lock {
            lock.discard(self.operations)?;
            self.operations
                .write_durably(&lock.staged, lock.bytes)
                .map_err(Failure::to("write", &lock.staged))?;
        }
        let unfinished = self.staging(UNFINISHED_JOURNAL);
        let text = serde_json::to_vec(&self.journal).map_err(io::Error::from);
        text.and_then(|text| self.operations.write_durably(&unfinished, &text))
            .map_err(Failure::to("write", &unfinished))?;
        self.rename(&unfinished, &self.staging(JOURNAL))
    }

    fn apply(&self) -> Result<(), Failure> {
        for (number, step) in self.journal.steps.iter().enumerate() {
            let place = step.path().below(self.output);
            if !matches!(step, Step::Place { .. }) {
                self.rename(&place, &self.numbered(OLD, number))?;
            }
            if !matches!(step, Step::Remove { .. }) {
                self.rename(&self.numbered(NEW, number), &place)?;
            }
        }
        Ok(())
    }

    fn commit(&self) -> Result<(), Failure> {
        match self.lock {
            // The journal's new name is given by `finish`: nothing that fails from here on undoes.
            Some(lock) => self.rename(&lock.staged, &lock.path),
            None => self.rename(&self.staging(JOURNAL), &self.staging(COMMITTED)),
        }
    }

    /// After the deciding step: clears away what is left of the old state.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        let journal = self.staging(JOURNAL);
        if self.exists(&journal)? {
            self.rename(&journal, &self.staging(COMMITTED))?;
        }
        for directory in &self.journal.emptied {
            self.remove_if_empty(&directory.below(self.output))?;
        }
        self.clear()
    }

    /// Before the deciding step: puts everything back.
    pub(super) fn roll_back(&self) -> Result<(), Failure> {
        for (number, step) in self.journal.steps.iter().enumerate().rev() {
            match step {
                Step::Remove { path } | Step::Swap { path } => {
                    let old = self.numbered(OLD, number);
                    if self.exists(&old)? {
                        self.put_back(&old, path)?;
                    }
                }
                Step::Place { path, files } => {
                    if !self.exists(&self.numbered(NEW, number))? {
                        self.take_away(path, files)?;
                    }
                }
            }
        }
        // From here on there is nothing to undo; what remains are staged copies.
        let journal = self.staging(JOURNAL);
        self.operations.remove_file(&journal).map_err(Failure::to("remove", &journal))?;
        self.clear()
    }

    fn put_back(&self, old: &Path, path: &TreePath) -> Result<(), Failure> {
        for directory in path.directories() {
            let directory = self.output.join(directory);
            // Somebody may have removed it since the run died.
            if !self.exists(&directory)? {
                self.create(&directory)?;
            }
        }
        self.rename(old, &path.below(self.output))
    }

    /// File by file, so that a file that somebody has put into a new directory since then stays.
    fn take_away(&self, path: &TreePath, files: &[TreePath]) -> Result<(), Failure> {
        for file in files {
            let file = file.below(self.output);
            match self.operations.remove_file(&file) {
                Err(error) if !is_gone(&error) => return Err(Failure::to("remove", &file)(error)),
                _ => {}
            }
        }
        for directory in directories_below(path, files).into_iter().rev() {
            self.remove_if_empty(&self.output.join(directory))?;
        }
        Ok(())
    }

    /// Removes the staging directory and the staged lock. The name of a journal goes last, so that
    /// a run that dies here is continued here.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        if let Some(lock) = self.lock {
            lock.discard(self.operations)?;
        }
        for name in [NEW, OLD, UNFINISHED_JOURNAL, COMMITTED, ""] {
            clear_away(self.operations, &self.staging(name))?;
        }
        Ok(())
    }

    fn staging(&self, name: &str) -> PathBuf {
        let root = self.output.join(STAGING);
        if name.is_empty() { root } else { root.join(name) }
    }

    fn numbered(&self, part: &str, number: usize) -> PathBuf {
        self.output.join(STAGING).join(part).join(number.to_string())
    }

    fn exists(&self, path: &Path) -> Result<bool, Failure> {
        match self.operations.kind(path) {
            Ok(kind) => Ok(kind.is_some()),
            Err(error) => Err(Failure::to("read", path)(error)),
        }
    }

    fn create(&self, directory: &Path) -> Result<(), Failure> {
        self.operations.create_directory(directory).map_err(Failure::to("create", directory))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Failure> {
        self.operations.rename(from, to).map_err(Failure::to("replace", to))
    }

    fn remove_if_empty(&self, directory: &Path) -> Result<(), Failure> {
        match self.operations.remove_directory(directory) {
            Err(error) if !is_gone(&error) && error.kind() != ErrorKind::DirectoryNotEmpty => {
                Err(Failure::to("remove", directory)(error))
            }
            _ => Ok(()),
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The directories of these files that are the given one or lie inside it, outer ones first.
fn directories_below<'a>(path: &TreePath, files: &'a [TreePath]) -> BTreeSet<&'a str> {
    let all = files.iter().flat_map(TreePath::directories);
    all.filter(|directory| directory.len() >= path.as_str().len()).collect()
}

/// Removes a file, or a directory and everything in it. Links are removed, not followed.
fn clear_away(operations: &dyn FileOperations, path: &Path) -> Result<(), Failure> {
    match operations.kind(path).map_err(Failure::to("read", path))? {
        None => Ok(()),
        Some(Kind::Directory) => {
            let entries = operations.list(path).map_err(Failure::to("read", path))?;
            entries.par_iter().try_for_each(|entry| clear_away(operations, entry))?;
            operations.remove_directory(path).map_err(Failure::to("remove", path))
        }
        Some(_) => operations.remove_file(path).map_err(Failure::to("remove", path)),
    }
}
