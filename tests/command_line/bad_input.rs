//! Whatever is wrong with a catalog or a lock, the program says so and leaves all files alone. What it
//! says stands in the snapshots of `tests/cases/catalog` and `tests/cases/lock`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::folder::Folder;

/// The folders of cases whose reader is told of an error.
fn wrong(cases: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(cases);
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| {
        fs::read_to_string(folder.join("diagnostics.snap")).is_ok_and(|told| told.contains("\nerror["))
    });
    folders.sort();
    folders
}

fn assert_refused(folder: &Folder, case: &Path) {
    let before = folder.contents();
    let run = folder.run("synth");
    let told = &run.stderr;
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{}: {told}", case.display());
    assert!(told.contains("error[") && !told.contains("internal-error"), "{}: {told}", case.display());
    assert!(folder.contents() == before, "{} has changed files", case.display());
}

#[test]
fn a_catalog_that_is_wrong_leaves_output_and_lock_alone() {
    let cases = wrong("catalog");
    assert!(cases.len() > 50);
    for case in cases {
        let folder = Folder::of_base("vpc");
        folder.fine("synth");
        fs::remove_file(folder.path().join("catalog.yaml")).unwrap();
        folder.add(&case);
        assert_refused(&folder, &case);
    }
}

#[test]
fn a_lock_that_is_wrong_stays_and_so_does_the_output() {
    let cases = wrong("lock");
    assert!(cases.len() > 15);
    for case in cases {
        let folder = Folder::of_base("vpc");
        folder.fine("synth");
        folder.add(&case);
        assert_refused(&folder, &case);
    }
}

#[test]
fn names_that_could_be_code_are_refused_or_come_out_as_they_are() {
    for (name, is_fine) in [
        ("{{resolve:ssm:/x}}", false),
        ("${AWS::AccountId}", false),
        ("say \\\"hi\\\"", false),
        ("two\\nlines", false),
        ("abc\\u202edef", false),
        ("=cmd()", false),
        ("O'Hara & Sons, Ltd. (München)", true),
    ] {
        let folder = Folder::of_base("vpc");
        folder.fine("synth");
        folder.edit("catalog.yaml", "name: Globex", &format!("name: \"{name}\""));
        let before = folder.contents();
        let run = folder.run("synth");
        if is_fine {
            assert_eq!(run.status, 0, "{}", run.stderr);
            assert!(folder.read("output/plan.json").contains(name));
        } else {
            assert_eq!(run.status, 2, "{name}");
            assert!(run.stderr.starts_with("error[unsafe-text]: the name of a tenant "), "{}", run.stderr);
            assert!(!run.stderr.contains('\u{202e}'));
            assert!(folder.contents() == before, "{name}");
        }
    }
}
