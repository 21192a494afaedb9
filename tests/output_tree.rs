//! The output directory as users meet it: what is replaced, what stays, and what is refused.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the lint spares test functions, but not what they share")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;
use tenantry::diagnostics::Report;
use tenantry::synth::tree::{Beside, ChangeKind, NewTree, compare, replace};

fn tree(files: &[(&str, &str)]) -> NewTree {
    let names: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let manifest = serde_json::json!({"version": 1, "stacks": [], "files": names}).to_string();
    let mut tree = NewTree::default();
    for (path, text) in files.iter().copied().chain([("manifest.json", manifest.as_str())]) {
        tree.add(path.parse().unwrap(), text.into()).unwrap();
    }
    tree
}

/// Replaces and says what has changed (`+`, `~`, `-`), or the message it was refused with.
fn replaced(output: &Path, new: &NewTree) -> Result<Vec<String>, String> {
    let mut report = Report::default();
    let seen = compare(output, new, &mut report);
    let done = replace(output, new, None, &mut report);
    if let (Ok(seen), Ok(done)) = (&seen, &done) {
        assert_eq!(seen, done, "what compare foretells is what replace does");
    }
    assert_eq!(seen.is_err(), done.is_err(), "{:?}", report.diagnostics());
    let sign = |kind| match kind {
        ChangeKind::Added => '+',
        ChangeKind::Changed => '~',
        ChangeKind::Removed => '-',
    };
    done.map(|changes| changes.iter().map(|one| format!("{}{}", sign(one.kind), one.path)).collect()).map_err(
        |_| {
            let told = report.diagnostics().last().unwrap();
            assert!(told.help.is_some());
            format!("{}: {}", told.code.name, told.message)
        },
    )
}

/// Like [`replaced`], where it must be refused and must change nothing; the directory is shown as `@`.
fn refused(world: &TempDir, output: &Path, new: &NewTree) -> String {
    let before = everything(world.path());
    let message = replaced(output, new).unwrap_err();
    assert_eq!(everything(world.path()), before);
    message.replace(&world.path().display().to_string(), "@")
}

/// Every entry below a directory: bytes of files, targets of links.
fn everything(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut entries = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.symlink_metadata().unwrap();
            let bytes = if kind.is_symlink() {
                Some(fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes())
            } else if kind.is_dir() {
                open.push(path.clone());
                None
            } else {
                Some(fs::read(&path).unwrap())
            };
            entries.insert(path, bytes);
        }
    }
    entries
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn world() -> (TempDir, PathBuf) {
    let world = tempfile::tempdir().unwrap();
    let output = world.path().join("output");
    (world, output)
}

#[test]
fn a_first_run_makes_the_directory_and_those_around_it() {
    let (world, _) = world();
    let output = world.path().join("build/cloud/output");
    assert_eq!(
        replaced(&output, &tree(&[("a/b.json", "1")])),
        Ok(vec!["+a/b.json".into(), "+manifest.json".into()])
    );
    assert_eq!(names(&output), ["a", "manifest.json"]);
    assert_eq!(fs::read(output.join("a/b.json")).unwrap(), b"1");
}

#[test]
fn comparing_creates_nothing() {
    let (world, output) = world();
    let changes = compare(&output, &tree(&[("a", "1")]), &mut Report::default()).unwrap();
    assert_eq!(changes.len(), 2);
    assert!(names(world.path()).is_empty());
}

#[test]
fn what_has_left_goes_with_its_directories_and_what_is_not_ours_stays() {
    let (_world, output) = world();
    let old =
        tree(&[("stacks/1/acme.json", "1"), ("stacks/2/deep/globex.json", "1"), ("stacks/3/x.json", "1")]);
    replaced(&output, &old).unwrap();
    fs::write(output.join("notes.txt"), "mine").unwrap();
    fs::write(output.join("stacks/3/mine.txt"), "mine").unwrap();
    fs::create_dir(output.join("empty")).unwrap();
    let changes = replaced(&output, &tree(&[("stacks/1/acme.json", "2")])).unwrap();
    assert_eq!(
        changes,
        ["~manifest.json", "~stacks/1/acme.json", "-stacks/2/deep/globex.json", "-stacks/3/x.json"]
    );
    assert_eq!(names(&output), ["empty", "manifest.json", "notes.txt", "stacks"]);
    assert_eq!(names(&output.join("stacks")), ["1", "3"]);
    assert_eq!(names(&output.join("stacks/3")), ["mine.txt"]);
}

#[test]
fn files_that_do_not_change_are_not_touched() {
    let (_world, output) = world();
    replaced(&output, &tree(&[("same.json", "1"), ("other.json", "1")])).unwrap();
    let past = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in ["same.json", "other.json"] {
        fs::File::open(output.join(name)).unwrap().set_modified(past).unwrap();
    }
    assert_eq!(
        replaced(&output, &tree(&[("same.json", "1"), ("other.json", "2")])),
        Ok(vec!["~other.json".into()])
    );
    let modified = |name| output.join(name).metadata().unwrap().modified().unwrap();
    assert_eq!(modified("same.json"), past);
    assert_ne!(modified("other.json"), past);
    let directory = modified("");
    assert_eq!(replaced(&output, &tree(&[("same.json", "1"), ("other.json", "2")])), Ok(vec![]));
    assert_eq!(modified(""), directory, "a run that changes nothing does not even touch the directory");
}

#[test]
fn the_lock_is_replaced_with_the_tree_and_left_alone_when_it_is_the_same() {
    let (world, output) = world();
    let lock = world.path().join("tenantry.lock");
    let run = |text: &str, content: &str| {
        let beside = Beside { path: &lock, bytes: text.as_bytes() };
        replace(&output, &tree(&[("a", content)]), Some(beside), &mut Report::default()).unwrap()
    };
    run("first", "1");
    assert_eq!(fs::read(&lock).unwrap(), b"first");
    let past = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::open(&lock).unwrap().set_modified(past).unwrap();
    run("first", "2");
    assert_eq!(lock.metadata().unwrap().modified().unwrap(), past);
    assert_eq!(run("second", "2"), []);
    assert_eq!(fs::read(&lock).unwrap(), b"second");
    assert_eq!(names(world.path()), ["output", "tenantry.lock"]);
}

#[test]
fn a_lock_that_cannot_be_replaced_leaves_the_output_as_it_was() {
    let (world, output) = world();
    replaced(&output, &tree(&[("a", "1")])).unwrap();
    fs::create_dir(world.path().join("tenantry.lock")).unwrap();
    for lock in ["tenantry.lock", "nowhere/tenantry.lock"].map(|name| world.path().join(name)) {
        let before = everything(world.path());
        let mut report = Report::default();
        let beside = Beside { path: &lock, bytes: b"new" };
        assert!(replace(&output, &tree(&[("a", "2")]), Some(beside), &mut report).is_err());
        assert_eq!(report.diagnostics()[0].code.name, "output-not-writable");
        assert!(report.diagnostics()[0].message.contains(&*world.path().to_string_lossy()));
        assert_eq!(everything(world.path()), before);
    }
}

#[test]
fn a_lock_that_is_a_link_stays_one() {
    let (world, output) = world();
    let (lock, target) = (world.path().join("tenantry.lock"), world.path().join("elsewhere"));
    fs::write(&target, "old").unwrap();
    symlink(&target, &lock).unwrap();
    let beside = Beside { path: &lock, bytes: b"new" };
    replace(&output, &tree(&[("a", "1")]), Some(beside), &mut Report::default()).unwrap();
    assert_eq!(fs::read_link(&lock).unwrap(), target);
    assert_eq!(fs::read(&target).unwrap(), b"new");
}

#[test]
fn an_output_that_is_a_file_or_inside_one_is_refused() {
    let (world, output) = world();
    fs::write(&output, "mine").unwrap();
    assert_eq!(
        refused(&world, &output, &tree(&[("a", "1")])),
        "output-not-a-directory: the output `@/output` is a file and not a directory"
    );
    assert_eq!(
        refused(&world, &output.join("deeper"), &tree(&[("a", "1")])),
        "output-not-a-directory: the output `@/output/deeper` would stand inside of a file"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_where_nothing_can_be_created_is_refused_with_what_the_system_said() {
    let mut report = Report::default();
    assert!(replace(Path::new("/proc/tenantry/output"), &tree(&[("a", "1")]), None, &mut report).is_err());
    let told = &report.diagnostics()[0];
    assert_eq!(told.code.name, "output-not-writable");
    assert!(told.message.starts_with("cannot create `/proc/tenantry`: "), "{}", told.message);
    assert_eq!(told.notes, ["the output and the lock are as they were"]);
}

#[test]
fn a_directory_of_other_peoples_files_is_refused() {
    let (world, output) = world();
    fs::create_dir(&output).unwrap();
    for name in ["d.txt", "a.txt", "c.txt", "b.txt", ".hidden"] {
        fs::write(output.join(name), "mine").unwrap();
    }
    assert_eq!(
        refused(&world, &output, &tree(&[("a", "1")])),
        "foreign-files: `@/output` holds what tenantry did not write: `a.txt`, `b.txt` and `c.txt` (and 1 more)"
    );
}

#[test]
fn another_programs_manifest_does_not_make_a_directory_ours() {
    let (world, output) = world();
    fs::create_dir(&output).unwrap();
    fs::write(output.join("manifest.json"), r#"{"name": "web", "icons": []}"#).unwrap();
    assert_eq!(
        refused(&world, &output, &tree(&[("a", "1")])),
        "foreign-files: `@/output` holds what tenantry did not write: `manifest.json`"
    );
}

#[test]
fn a_fresh_repository_counts_as_empty() {
    let (_world, output) = world();
    fs::create_dir_all(output.join(".git")).unwrap();
    for name in [".gitignore", ".gitkeep", "README.md"] {
        fs::write(output.join(name), "mine").unwrap();
    }
    assert!(replaced(&output, &tree(&[("a", "1")])).is_ok());
    assert_eq!(names(&output), [".git", ".gitignore", ".gitkeep", "README.md", "a", "manifest.json"]);
}

#[test]
fn a_strangers_file_where_ours_belongs_is_refused_unless_it_is_the_same() {
    let (world, output) = world();
    replaced(&output, &tree(&[("a", "1")])).unwrap();
    fs::write(output.join("b"), "mine").unwrap();
    assert_eq!(
        refused(&world, &output, &tree(&[("a", "2"), ("b", "theirs")])),
        "foreign-files: `@/output` holds what tenantry did not write: `b`"
    );
    assert_eq!(replaced(&output, &tree(&[("a", "2"), ("b", "mine")])).unwrap(), ["~a", "~manifest.json"]);
    assert_eq!(replaced(&output, &tree(&[("a", "2")])).unwrap(), ["-b", "~manifest.json"]);
}

#[test]
fn a_manifest_that_names_what_lies_outside_deletes_nothing() {
    let (world, output) = world();
    replaced(&output, &tree(&[("a", "1")])).unwrap();
    fs::write(world.path().join("precious"), "mine").unwrap();
    fs::create_dir(output.join(".git")).unwrap();
    fs::write(output.join(".git/config"), "mine").unwrap();
    let absolute = world.path().join("precious").display().to_string();
    for path in ["../precious", "a/../../precious", &absolute, ".git/config", "./../precious", ""] {
        let manifest = serde_json::json!({"version": 1, "stacks": [], "files": ["a", path]}).to_string();
        fs::write(output.join("manifest.json"), manifest).unwrap();
        let told = refused(&world, &output, &tree(&[("b", "1")]));
        assert!(
            told.starts_with("output-manifest-damaged: `@/output/manifest.json` cannot be understood"),
            "{told}"
        );
    }
}

#[test]
fn a_manifest_damaged_by_a_merge_is_refused() {
    let (world, output) = world();
    replaced(&output, &tree(&[("a", "1")])).unwrap();
    fs::write(output.join("manifest.json"), "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> branch\n").unwrap();
    assert_eq!(
        refused(&world, &output, &tree(&[("a", "2")])),
        "output-manifest-damaged: `@/output/manifest.json` cannot be understood: expected value at line 1 column 1"
    );
}

#[test]
fn links_inside_the_output_are_never_followed() {
    let (world, output) = world();
    replaced(&output, &tree(&[("stacks/a.json", "1"), ("b.json", "1")])).unwrap();
    let elsewhere = world.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("a.json"), "precious").unwrap();
    fs::remove_dir_all(output.join("stacks")).unwrap();
    symlink(&elsewhere, output.join("stacks")).unwrap();
    let told = "foreign-files: `stacks` in `@/output` should be a directory of the output, and is a file or a symbolic link";
    assert_eq!(refused(&world, &output, &tree(&[("b.json", "2")])), told);
    assert_eq!(refused(&world, &output, &tree(&[("stacks/a.json", "2"), ("b.json", "1")])), told);

    fs::remove_file(output.join("stacks")).unwrap();
    fs::remove_file(output.join("b.json")).unwrap();
    symlink(elsewhere.join("a.json"), output.join("b.json")).unwrap();
    assert_eq!(
        refused(&world, &output, &tree(&[("b.json", "2")])),
        "foreign-files: `@/output` holds what tenantry did not write: `b.json`"
    );
    // A link in the place of a file that has left is somebody's, and stays.
    replaced(&output, &tree(&[("c.json", "2")])).unwrap();
    assert_eq!(names(&output), ["b.json", "c.json", "manifest.json"]);
    assert_eq!(fs::read(elsewhere.join("a.json")).unwrap(), b"precious");
}

#[test]
fn the_output_directory_itself_may_be_a_link() {
    let (world, output) = world();
    let real = world.path().join("real");
    fs::create_dir(&real).unwrap();
    symlink(&real, &output).unwrap();
    assert!(replaced(&output, &tree(&[("a", "1")])).is_ok());
    assert_eq!(names(&real), ["a", "manifest.json"]);
}

#[test]
fn two_runs_do_not_mix() {
    let (world, output) = world();
    replaced(&output, &tree(&[("a", "1")])).unwrap();
    let other_run = fs::File::open(&output).unwrap();
    other_run.try_lock().unwrap();
    let before = everything(world.path());
    let mut report = Report::default();
    assert!(replace(&output, &tree(&[("a", "2")]), None, &mut report).is_err());
    assert_eq!(report.diagnostics()[0].code.name, "output-busy");
    assert_eq!(everything(world.path()), before);
    drop(other_run);
    assert!(replaced(&output, &tree(&[("a", "2")])).is_ok());
}

#[test]
fn a_run_that_died_while_staging_locks_nobody_out() {
    let (_world, output) = world();
    replaced(&output, &tree(&[("a", "1")])).unwrap();
    fs::create_dir_all(output.join(".tenantry-staging/new/3/deep")).unwrap();
    fs::write(output.join(".tenantry-staging/new/3/deep/x"), "half").unwrap();
    assert_eq!(replaced(&output, &tree(&[("a", "2")])).unwrap(), ["~a"]);
    assert_eq!(names(&output), ["a", "manifest.json"]);
}

#[test]
fn a_staging_directory_that_no_run_made_is_not_cleared_away() {
    let (world, output) = world();
    replaced(&output, &tree(&[("a", "1")])).unwrap();
    let staging = output.join(".tenantry-staging");
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("precious"), "mine").unwrap();
    assert!(refused(&world, &output, &tree(&[("a", "2")])).starts_with("foreign-files: "));
    fs::remove_dir_all(&staging).unwrap();
    symlink(world.path(), &staging).unwrap();
    assert!(refused(&world, &output, &tree(&[("a", "2")])).starts_with("foreign-files: "));
}

#[test]
fn a_journal_that_was_tampered_with_moves_nothing() {
    let (world, output) = world();
    replaced(&output, &tree(&[("a", "1"), ("stacks/b", "1")])).unwrap();
    fs::write(world.path().join("precious"), "mine").unwrap();
    let staging = output.join(".tenantry-staging");
    fs::create_dir_all(staging.join("old")).unwrap();
    fs::write(staging.join("old/0"), "hostile").unwrap();
    for journal in [
        "",
        "{}",
        r#"{"steps": [{"remove": {"path": "../precious"}}], "emptied": [], "lock": null}"#,
        r#"{"steps": [{"place": {"path": "a", "files": ["../precious"]}}], "emptied": [], "lock": null}"#,
    ] {
        fs::write(staging.join("journal.json"), journal).unwrap();
        let told = refused(&world, &output, &tree(&[("a", "2")]));
        assert!(told.starts_with("interrupted-run: "), "{told}");
    }
    // Without its journal the old files cannot be put back, and are not cleared away either.
    fs::remove_file(staging.join("journal.json")).unwrap();
    assert!(refused(&world, &output, &tree(&[("a", "2")])).starts_with("interrupted-run: "));

    fs::remove_dir_all(output.join("stacks")).unwrap();
    symlink(world.path(), output.join("stacks")).unwrap();
    let journal = r#"{"steps": [{"swap": {"path": "stacks/precious"}}], "emptied": [], "lock": null}"#;
    fs::write(staging.join("journal.json"), journal).unwrap();
    assert!(refused(&world, &output, &tree(&[("a", "2")])).starts_with("foreign-files: "));
}

#[test]
fn a_tree_that_its_own_manifest_does_not_list_is_a_mistake_of_ours() {
    let (world, output) = world();
    let mut new = tree(&[("a", "1")]);
    new.add("unlisted.json".parse().unwrap(), Vec::new()).unwrap();
    let mut report = Report::default();
    assert!(replace(&output, &new, None, &mut report).is_err());
    assert_eq!(report.diagnostics()[0].code.name, "internal-error");
    assert!(names(world.path()).is_empty());
}
