//! Which files of an output directory are tenantry's: what its own manifest there says.
//!
//! The manifest is read as data from a stranger, since anybody may have edited it, and what it lists
//! may be deleted: every path keeps to the rule of [`TreePath`], or none is believed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::{NewTree, TreePath};

/// The manifest's path.
pub(super) const MANIFEST: &str = "manifest.json";

/// The version of the manifest's format.
const VERSION: u64 = 1;

/// Why a manifest says nothing about ownership.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotOurs {
    /// Another program's file of the same name.
    Foreign,
    /// Ours, but not to be understood.
    Damaged(String),
}

/// The keys that name files; the others are for readers of the manifest.
#[derive(Deserialize)]
struct Manifest<'a> {
    version: u64,
    #[serde(borrow)]
    stacks: Vec<Stack<'a>>,
    #[serde(borrow, default)]
    files: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Stack<'a> {
    #[serde(borrow)]
    template: Cow<'a, str>,
    #[serde(borrow)]
    deployment: Cow<'a, str>,
}

/// The files that a manifest calls tenantry's, itself among them.
pub(super) fn read(manifest: &[u8]) -> Result<BTreeSet<TreePath>, NotOurs> {
    let manifest: Manifest<'_> =
        serde_json::from_slice(manifest).map_err(|error| not_ours(manifest, &error))?;
    if manifest.version != VERSION {
        let version = manifest.version;
        return Err(NotOurs::Damaged(format!("its version is {version}, and this tenantry reads {VERSION}")));
    }
    let stacks = manifest.stacks.into_iter().flat_map(|stack| [stack.template, stack.deployment]);
    let own = [Cow::Borrowed(MANIFEST)];
    let texts: BTreeSet<Cow<'_, str>> = stacks.chain(manifest.files).chain(own).collect();
    let paths = texts.into_iter().map(|text| {
        text.parse().map_err(|error| {
            NotOurs::Damaged(format!("it names {}, which {error}", crate::diagnostics::quote(&text)))
        })
    });
    paths.collect()
}

/// A web application's `manifest.json` is whole JSON but none of ours; ours after a careless merge
/// is not JSON at all.
fn not_ours(manifest: &[u8], error: &serde_json::Error) -> NotOurs {
    match serde_json::from_slice::<serde_json::Value>(manifest) {
        Ok(value) if value.get("stacks").is_none() => NotOurs::Foreign,
        _ => NotOurs::Damaged(error.to_string()),
    }
}

/// A file of a tree that its manifest does not list, or lists and does not have: it could never be
/// removed again.
pub(super) fn unlisted(new: &NewTree) -> Result<Option<TreePath>, NotOurs> {
    let listed = read(new.get(MANIFEST).unwrap_or_default())?;
    let missing = listed.iter().find(|path| !new.files().contains_key(*path));
    Ok(new.files().keys().find(|path| !listed.contains(*path)).or(missing).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(manifest: &str) -> Result<Vec<String>, NotOurs> {
        read(manifest.as_bytes()).map(|paths| paths.into_iter().map(String::from).collect())
    }

    #[test]
    fn templates_deployments_other_files_and_the_manifest_itself_are_ours() {
        let manifest = r#"{"version": 1, "product": "x", "files": ["plan.json"], "stacks": [
            {"name": "a", "template": "templates/t.json", "deployment": "stacks/a.json"},
            {"name": "b", "template": "templates/t.json", "deployment": "stacks/b.json"}]}"#;
        let all = ["manifest.json", "plan.json", "stacks/a.json", "stacks/b.json", "templates/t.json"];
        assert_eq!(paths(manifest), Ok(all.map(String::from).to_vec()));
    }

    #[test]
    fn one_bad_path_makes_the_whole_manifest_unbelievable() {
        for bad in ["../../x", "/etc/passwd", ".git/config", "a\\\\b", ""] {
            let manifest = format!(r#"{{"version": 1, "stacks": [], "files": ["good", "{bad}"]}}"#);
            assert!(matches!(paths(&manifest), Err(NotOurs::Damaged(_))), "{bad}");
        }
    }

    #[test]
    fn another_programs_manifest_is_foreign_and_a_damaged_one_is_damaged() {
        assert_eq!(paths(r#"{"name": "web", "icons": []}"#), Err(NotOurs::Foreign));
        assert_eq!(paths("[]"), Err(NotOurs::Foreign));
        for damaged in [
            "",
            "<<<<<<< HEAD\n{}",
            r#"{"version": 1, "stacks": 3}"#,
            r#"{"version": 2, "stacks": []}"#,
            r#"{"version": 1, "stacks": [{"template": "a"}]}"#,
            r#"{"version": 1, "stacks": [], "stacks": []}"#,
            &"[".repeat(100_000),
        ] {
            assert!(matches!(paths(damaged), Err(NotOurs::Damaged(_))), "{damaged:.40}");
        }
    }
}
