//! Law 5, tried at every single step: each operation of a replacement fails once, and a process dies
//! at each operation, also while it puts an earlier death right.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::operations::Kind;
use super::*;

/// What happens at the n-th operation.
#[derive(Clone, Copy)]
enum Fault {
    /// It alone fails; half of what was to be written is there.
    Once(ErrorKind),
    /// The process is gone: it and all that follow do nothing.
    Death,
}

struct FaultyDisk {
    at: usize,
    fault: Fault,
    done: AtomicUsize,
}

impl FaultyDisk {
    fn new(at: usize, fault: Fault) -> Self {
        FaultyDisk { at, fault, done: AtomicUsize::new(0) }
    }

    /// One that never fails.
    fn sound() -> Self {
        FaultyDisk::new(usize::MAX, Fault::Death)
    }

    fn step(&self) -> io::Result<()> {
        let number = self.done.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::Once(kind) if number == self.at => Err(kind.into()),
            Fault::Death if number >= self.at => Err(ErrorKind::Other.into()),
            _ => Ok(()),
        }
    }

    fn has_failed(&self) -> bool {
        self.done.load(Ordering::SeqCst) > self.at
    }

    fn torn(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let number = self.done.load(Ordering::SeqCst);
        self.step().inspect_err(|_| {
            if number == self.at {
                _ = Disk.write_new(path, &bytes[..bytes.len() / 2]);
            }
        })
    }
}

impl FileOperations for FaultyDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.create_directory(path))
    }
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.torn(path, bytes).and_then(|()| Disk.write_new(path, bytes))
    }
    fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // Thousands of real flushes would take a minute and prove nothing here.
        self.write_new(path, bytes)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.rename(from, to))
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.remove_file(path))
    }
    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.remove_directory(path))
    }
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        self.step().and_then(|()| Disk.kind(path))
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.step().and_then(|()| Disk.read(path))
    }
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.step().and_then(|()| Disk.list(path))
    }
}

/// A world before a replacement, and the replacement.
struct Scene {
    name: &'static str,
    before: &'static [(&'static str, &'static str)],
    new: &'static [(&'static str, &'static str)],
    lock: Option<&'static str>,
}

const OLD_FILES: &[(&str, &str)] = &[
    ("plan.json", "kept"),
    ("stacks/1/r/a.json", "old a"),
    ("stacks/2/r/gone.json", "old"),
    ("stacks/1/b.json", "old b"),
];

const SCENES: &[Scene] = &[
    Scene {
        name: "files are added, changed, removed, and directories appear and vanish",
        before: OLD_FILES,
        new: &[
            ("plan.json", "kept"),
            ("stacks/1/r/a.json", "new a"),
            ("stacks/1/r/added.json", "new"),
            ("stacks/3/r/c.json", "new"),
            ("stacks/3/s/d.json", "new"),
            ("templates/vpc/t.json", "new"),
        ],
        lock: Some("new lock"),
    },
    Scene {
        name: "the lock stays",
        before: OLD_FILES,
        new: &[("plan.json", "new"), ("x/y.json", "new")],
        lock: None,
    },
    Scene {
        name: "a first run",
        before: &[],
        new: &[("plan.json", "new"), ("x/y.json", "new")],
        lock: Some("new lock"),
    },
    Scene { name: "only the lock changes", before: OLD_FILES, new: OLD_FILES, lock: Some("new lock") },
];

type Snapshot = BTreeMap<PathBuf, Option<String>>;

fn tree_of(files: &[(&str, &str)]) -> NewTree {
    let mut tree = NewTree::default();
    let names: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let manifest = serde_json::json!({"version": 1, "stacks": [], "files": names}).to_string();
    for (path, text) in files.iter().copied().chain([("manifest.json", manifest.as_str())]) {
        tree.add(path.parse().unwrap(), text.into()).unwrap();
    }
    tree
}

impl Scene {
    /// The state before, in a directory of its own: the output with a stranger's file, and the lock.
    fn set(&self) -> TempDir {
        let world = tempfile::tempdir().unwrap();
        fs::write(world.path().join("tenantry.lock"), "old lock").unwrap();
        if !self.before.is_empty() {
            let output = self.output(&world);
            let (disk, new, mut report) = (FaultyDisk::sound(), tree_of(self.before), Report::default());
            assert!(replace_with(&disk, &output, &new, None, &mut report).is_ok());
            fs::create_dir(output.join("mine")).unwrap();
            fs::write(output.join("mine/notes.txt"), "not tenantry's").unwrap();
        }
        world
    }

    fn output(&self, world: &TempDir) -> PathBuf {
        world.path().join("some/output")
    }

    fn run(&self, world: &TempDir, operations: &dyn FileOperations) -> Result<Vec<Change>, Reported> {
        let path = world.path().join("tenantry.lock");
        let lock = self.lock.map(|text| Beside { path: &path, bytes: text.as_bytes() });
        let mut report = Report::default();
        let replaced = replace_with(operations, &self.output(world), &tree_of(self.new), lock, &mut report);
        assert_eq!(replaced.is_err(), report.errors() == 1, "{:?}", report.diagnostics());
        replaced
    }

    fn recover(&self, world: &TempDir, operations: &dyn FileOperations) -> Result<(), Reported> {
        let path = world.path().join("tenantry.lock");
        let lock = self.lock.map(|text| Beside { path: &path, bytes: text.as_bytes() });
        let lock = lock.as_ref().map(LockFile::of);
        let output = self.output(world);
        if !output.exists() {
            return Ok(());
        }
        recovery::recover(operations, &output, lock.as_ref(), &mut Report::default())
    }

    fn states(&self) -> (Snapshot, Snapshot) {
        let world = self.set();
        let before = snapshot(&world);
        assert!(self.run(&world, &FaultyDisk::sound()).is_ok());
        (before, snapshot(&world))
    }
}

/// Every entry below the directory, with the text of files.
fn snapshot(world: &TempDir) -> Snapshot {
    fn walk(directory: &Path, root: &Path, entries: &mut Snapshot) {
        for entry in Disk.list(directory).unwrap() {
            let name = entry.strip_prefix(root).unwrap().to_owned();
            if entry.is_dir() {
                entries.insert(name, None);
                walk(&entry, root, entries);
            } else {
                entries.insert(name, Some(fs::read_to_string(&entry).unwrap()));
            }
        }
    }
    let mut entries = Snapshot::new();
    walk(world.path(), world.path(), &mut entries);
    entries
}

/// A directory in which a first run died is like none.
fn without_empty_output(mut state: Snapshot) -> Snapshot {
    for directory in ["some/output", "some"] {
        if !state.keys().any(|path| path.starts_with(directory) && path != Path::new(directory)) {
            state.remove(Path::new(directory));
        }
    }
    state
}

#[test]
fn whatever_fails_everything_is_as_before_or_wholly_new() {
    for scene in SCENES {
        let (before, after) = scene.states();
        let mut failures = 0;
        for at in 0.. {
            let world = scene.set();
            let disk = FaultyDisk::new(at, Fault::Once(ErrorKind::StorageFull));
            let replaced = scene.run(&world, &disk);
            let state = snapshot(&world);
            if replaced.is_err() {
                failures += 1;
                assert_eq!(state, before, "{}: operation {at}", scene.name);
            } else {
                // Only clearing away may have failed: what tenantry's readers see is new.
                let emptied = |path: &PathBuf| {
                    path.starts_with("some/output/stacks") && path.file_name() != Some("3".as_ref())
                };
                let mut rest = state.clone();
                rest.retain(|path, text| {
                    !path.starts_with("some/output/.tenantry-staging")
                        && (after.contains_key(path) || !(text.is_none() && emptied(path)))
                });
                assert_eq!(rest, after, "{}: operation {at}", scene.name);
                assert!(scene.run(&world, &FaultyDisk::sound()).is_ok(), "{}: operation {at}", scene.name);
                assert_eq!(snapshot(&world), after, "{}: operation {at}", scene.name);
            }
            if !disk.has_failed() {
                break;
            }
        }
        assert!(failures > 10, "{}: {failures} operations failed", scene.name);
    }
}

#[test]
fn wherever_a_run_dies_the_next_finds_the_old_or_the_new_state_and_goes_on() {
    for scene in SCENES {
        let (before, after) = scene.states();
        let mut ends = [0, 0];
        for at in 0.. {
            let world = scene.set();
            let disk = FaultyDisk::new(at, Fault::Death);
            let replaced = scene.run(&world, &disk);
            assert_eq!(scene.recover(&world, &Disk), Ok(()), "{}: death at {at}", scene.name);
            let state = without_empty_output(snapshot(&world));
            assert!(state == before || state == after, "{}: death at {at}: {state:#?}", scene.name);
            assert!(replaced.is_err() || state == after, "{}: death at {at}", scene.name);
            ends[usize::from(state == after)] += 1;
            assert!(scene.run(&world, &FaultyDisk::sound()).is_ok(), "{}: death at {at}", scene.name);
            assert_eq!(snapshot(&world), after, "{}: death at {at}", scene.name);
            if !disk.has_failed() {
                break;
            }
        }
        assert!(ends[0] > 10 && ends[1] > 3, "{}: {ends:?}", scene.name);
    }
}

#[test]
fn a_run_may_die_again_while_it_puts_an_earlier_death_right() {
    for scene in &SCENES[..2] {
        let (before, after) = scene.states();
        let mut alive = 0;
        for at in 0.. {
            let mut repeated = true;
            for again in 0.. {
                let world = scene.set();
                let disk = FaultyDisk::new(at, Fault::Death);
                _ = scene.run(&world, &disk);
                repeated &= disk.has_failed();
                let second = FaultyDisk::new(again, Fault::Death);
                _ = scene.recover(&world, &second);
                assert_eq!(scene.recover(&world, &Disk), Ok(()), "{}: {at}, {again}", scene.name);
                let state = without_empty_output(snapshot(&world));
                assert!(state == before || state == after, "{}: {at}, {again}: {state:#?}", scene.name);
                alive += 1;
                if !second.has_failed() {
                    break;
                }
            }
            if !repeated {
                break;
            }
        }
        assert!(alive > 100, "{}: {alive}", scene.name);
    }
}

#[test]
fn readers_tell_of_an_interrupted_run_and_change_nothing() {
    let scene = &SCENES[0];
    let mut told = 0;
    for at in 0.. {
        let world = scene.set();
        let disk = FaultyDisk::new(at, Fault::Death);
        _ = scene.run(&world, &disk);
        let state = snapshot(&world);
        let mut report = Report::default();
        let compared = compare(&scene.output(&world), &tree_of(scene.new), &mut report);
        assert_eq!(snapshot(&world), state);
        let between = ["journal.json", "committed.json"]
            .iter()
            .any(|name| scene.output(&world).join(".tenantry-staging").join(name).exists());
        assert_eq!(compared.is_err(), between, "death at {at}");
        if between {
            assert_eq!(report.diagnostics()[0].code, &codes::INTERRUPTED_RUN);
            told += 1;
        }
        if !disk.has_failed() {
            break;
        }
    }
    assert!(told > 10);
}

#[test]
fn a_file_that_somebody_puts_into_a_half_placed_directory_stays() {
    let scene = &SCENES[0];
    for at in 0.. {
        let world = scene.set();
        let disk = FaultyDisk::new(at, Fault::Death);
        _ = scene.run(&world, &disk);
        let stranger = scene.output(&world).join("templates/vpc/mine.txt");
        let placed = fs::write(&stranger, "mine").is_ok();
        assert_eq!(scene.recover(&world, &Disk), Ok(()));
        assert_eq!(stranger.exists(), placed, "death at {at}");
        if !disk.has_failed() {
            break;
        }
    }
}

#[test]
fn a_full_disk_is_told_with_the_path() {
    let scene = &SCENES[0];
    let world = scene.set();
    let mut report = Report::default();
    let disk = FaultyDisk::new(9, Fault::Once(ErrorKind::StorageFull));
    let replaced = replace_with(&disk, &scene.output(&world), &tree_of(scene.new), None, &mut report);
    assert!(replaced.is_err());
    let told = &report.diagnostics()[0];
    assert_eq!(told.code, &codes::OUTPUT_NOT_WRITABLE);
    assert!(
        told.message.contains(".tenantry-staging/new/") && told.message.ends_with("no storage space"),
        "{told:?}"
    );
    assert_eq!(told.notes, ["the output and the lock are as they were"]);
}
