//! Every folder of `tests/cases/cli` is one sentence about the program as its users meet it.
//!
//! `case.json` says what they have and do: a base (a folder of `tests/bases`) and steps, which edit,
//! write or remove a file, or run the program. The snapshot beside it is what they read. A run that
//! does not end with 0 leaves every file as it was, byte for byte.

use std::fs;
use std::path::Path;

use crate::folder::{Folder, Run};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    base: Option<String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Step {
    /// Arguments of the program, and the exit status that is expected.
    Run(String, i32),
    /// A file, a text that stands in it once, and the text that takes its place.
    Edit(String, String, String),
    /// A file and the whole of its text.
    Write(String, String),
    /// A file or a directory.
    Remove(String),
    /// A symbolic link, and where it leads.
    Link(String, String),
    /// A directory that another run is busy with from here on.
    Hold(String),
}

#[test]
fn each_case_reads_as_its_snapshot_says() {
    let mut broken = Vec::new();
    insta::glob!("../cases", "cli/*/case.json", |path| {
        let name = path.parent().unwrap().file_name().unwrap().to_string_lossy();
        let case: Case = serde_json::from_str(&fs::read_to_string(path).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let transcript = transcript(&case, &mut |problem| broken.push(format!("{name}: {problem}")));
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(path.parent().unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.remove_snapshot_suffix();
        settings.remove_input_file();
        settings.bind(|| insta::assert_snapshot!("transcript", transcript));
    });
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn transcript(case: &Case, broken: &mut dyn FnMut(String)) -> String {
    let folder = case.base.as_ref().map_or_else(Folder::empty, |base| Folder::of_base(base));
    let mut held = Vec::new();
    let mut transcript = String::new();
    for step in &case.steps {
        match step {
            Step::Run(arguments, status) => {
                let before = folder.contents();
                let run = folder.run(arguments);
                transcript.push_str(&told(arguments, &run));
                if run.status != *status {
                    broken(format!("`{arguments}` ends with {} and not with {status}", run.status));
                }
                if run.status != 0 && folder.contents() != before {
                    broken(format!("`{arguments}` fails and has changed files"));
                }
                if run.status == 2 && (!run.stdout.is_empty() || run.stderr.is_empty()) {
                    broken(format!("`{arguments}` fails and does not tell why, and nothing else"));
                }
            }
            Step::Edit(file, from, to) => folder.edit(file, from, to),
            Step::Write(file, text) => folder.write(file, text),
            Step::Remove(file) => remove(&folder.path().join(file)),
            Step::Link(file, to) => std::os::unix::fs::symlink(to, folder.path().join(file)).unwrap(),
            Step::Hold(directory) => {
                let directory = fs::File::open(folder.path().join(directory)).unwrap();
                directory.try_lock().unwrap();
                held.push(directory);
            }
        }
    }
    transcript
}

fn told(arguments: &str, run: &Run) -> String {
    let mut text = format!("$ tenantry {arguments}\n{}", run.stdout);
    if !run.stderr.is_empty() {
        text.push_str(&format!("--- standard error\n{}", run.stderr));
    }
    text.push_str(&format!("--- exit status {}\n", run.status));
    text
}

fn remove(path: &Path) {
    if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
}
