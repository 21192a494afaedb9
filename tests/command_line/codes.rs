//! Every kind of message has a case that shows it, so that each is read by somebody before a user is.

use std::collections::BTreeSet;
use std::path::Path;

use crate::folder::{Folder, contents};

/// Codes without a case, and why.
const WITHOUT_A_CASE: [(&str, &str); 2] = [
    ("internal-error", "no input leads to it, as far as anybody knows"),
    (
        "output-leftovers",
        "the system must refuse to delete what it has let be moved: src/synth/tree/faults.rs makes it do so",
    ),
];

#[test]
fn every_code_is_shown_by_a_case() {
    let all = codes();
    let shown = shown();
    let without: BTreeSet<String> = WITHOUT_A_CASE.iter().map(|(code, _)| (*code).to_owned()).collect();
    let missing: Vec<&String> = all.difference(&shown).filter(|code| !without.contains(*code)).collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
    let needless: Vec<&String> = without.iter().filter(|code| shown.contains(*code)).collect();
    assert!(needless.is_empty(), "a case shows {needless:?}");
    let invented: Vec<&String> = shown.difference(&all).collect();
    assert!(invented.is_empty(), "cases show {invented:?}, which `tenantry explain` does not know");
}

#[test]
fn every_code_explains_itself() {
    let folder = Folder::empty();
    for code in codes() {
        let text = folder.fine(&format!("explain {code}"));
        assert!(text.starts_with(&format!("{code}: ")), "{text}");
    }
}

fn codes() -> BTreeSet<String> {
    let text = Folder::empty().fine("explain --format json");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let codes = document["codes"].as_array().unwrap();
    codes.iter().map(|code| code["code"].as_str().unwrap().to_owned()).collect()
}

/// The codes in the snapshots of all cases: `error[like-this]`, and in JSON a code with its column. The
/// list that `explain` prints has codes without columns, and shows no message.
fn shown() -> BTreeSet<String> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut codes = BTreeSet::new();
    for (path, bytes) in contents(&cases) {
        if path.extension().is_none_or(|extension| extension != "snap") {
            continue;
        }
        let Some(bytes) = bytes else { continue };
        let text = String::from_utf8(bytes).unwrap();
        for line in text.lines() {
            let rest = line.strip_prefix("error[").or_else(|| line.strip_prefix("warning["));
            codes.extend(rest.and_then(|rest| rest.split_once("]: ")).map(|(code, _)| code.to_owned()));
        }
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[1].starts_with("\"column\": ")) {
            let code = pair[0].strip_prefix("\"code\": \"").and_then(|rest| rest.strip_suffix("\","));
            codes.extend(code.map(str::to_owned));
        }
    }
    codes
}
