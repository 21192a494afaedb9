//! A checker that cannot fail is none: good trees are damaged in many ways, each by its name, and each
//! damage is found, with the code that it should have and at the place where it is.
//!
//! Every file beside this one holds the damages of one subject. What users are told of each stands in
//! `tests/cases/check/<subject>.snap`, without line numbers, so that a template may change elsewhere.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod agreement;
mod deployment;
mod network;
mod policies;
mod posture;
mod tags;
mod template;
mod tree;
#[path = "../isolation/walker.rs"]
mod walker;

use std::collections::BTreeSet;
use std::path::Path;

use tenantry::check::{Finding, check, model};
use tenantry::diagnostics::Report;
use tenantry::source::SourceMap;

use crate::tree::Tree;

/// One way to damage a tree.
pub(crate) struct Mutation {
    /// What is done, as a phrase.
    pub(crate) name: &'static str,
    pub(crate) code: &'static str,
    /// A part of the text that is underlined.
    pub(crate) place: &'static str,
    /// Does it, and names the file in which it should be found.
    pub(crate) damage: fn(&mut Tree) -> String,
}

/// Each subject with the tree that is damaged.
const SUBJECTS: [(&str, &str, &[Mutation]); 8] = [
    ("template", tree::COMMITTED, template::MUTATIONS),
    ("deployment", tree::COMMITTED, deployment::MUTATIONS),
    ("agreement", tree::COMMITTED, agreement::MUTATIONS),
    ("tags", tree::COMMITTED, tags::MUTATIONS),
    ("posture", tree::COMMITTED, posture::MUTATIONS),
    ("posture_of_instances", tree::ALL_MODELS, posture::OF_INSTANCES),
    ("policies_of_tenants", tree::COMMITTED, policies::OF_TENANTS),
    ("policies_of_sessions", tree::ALL_MODELS, policies::OF_SESSIONS),
];

/// What is found in a tree: code, message, file, the text that is underlined, help.
struct Found {
    code: &'static str,
    message: String,
    file: String,
    text: String,
    help: String,
}

fn judge(tree: &Tree) -> Vec<Found> {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let estate = model::read_files(Path::new(""), tree.files(), &mut sources, &mut report);
    let Ok(estate) = estate else {
        panic!("{}", tenantry::diagnostics::human::render(&report.into_sorted(&sources), &sources, false));
    };
    let found = |finding: Finding| {
        let label = finding.diagnostic.primary.clone().unwrap();
        Found {
            code: finding.diagnostic.code.name,
            message: finding.diagnostic.message.clone(),
            file: sources.name(label.span.file).to_owned(),
            text: sources.slice(label.span).to_owned(),
            help: finding.diagnostic.help.clone().unwrap_or_default(),
        }
    };
    check(&estate, &sources).into_iter().map(found).collect()
}

#[test]
fn nothing_is_found_in_a_good_tree_however_it_is_written() {
    let mut tree = Tree::good();
    let told = |tree: &Tree| judge(tree).into_iter().map(|found| found.message).collect::<Vec<_>>();
    assert_eq!(told(&tree), Vec::<String>::new());
    // Keys in another order, and everything on one line.
    tree.rewrite();
    assert_eq!(told(&tree), Vec::<String>::new());
}

#[test]
fn every_damage_is_found_with_its_code_and_place() {
    let mut survivors = Vec::new();
    for (subject, base, mutations) in SUBJECTS {
        let good = Tree::of(base);
        let mut transcript = String::new();
        for mutation in mutations {
            let mut tree = good.clone();
            let file = (mutation.damage)(&mut tree);
            let found = judge(&tree);
            let right = |one: &&Found| {
                one.code == mutation.code && one.file == file && one.text.contains(mutation.place)
            };
            match found.iter().find(right) {
                Some(found) => transcript.push_str(&told(mutation.name, found)),
                None => {
                    let others: Vec<String> = found
                        .iter()
                        .take(4)
                        .map(|one| format!("{} at `{}` of {}: {}", one.code, one.text, one.file, one.message))
                        .collect();
                    survivors.push(format!(
                        "{subject}: {} asks for {} at `{}` in {file}\n    {}",
                        mutation.name,
                        mutation.code,
                        mutation.place,
                        others.join("\n    ")
                    ));
                }
            }
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../cases/check");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(subject, transcript));
    }
    assert!(survivors.is_empty(), "{} not found:\n{}", survivors.len(), survivors.join("\n"));
}

fn told(name: &str, found: &Found) -> String {
    let first = found.text.lines().next().unwrap_or_default();
    let shown: String = first.chars().take(80).collect();
    // Which of a stack's templates comes first is of no interest.
    let file = found.file.split('.').next().unwrap_or_default();
    format!(
        "{name}\nerror[{}]: {}\n  at: {} `{shown}`\n  help: {}\n\n",
        found.code, found.message, file, found.help
    )
}

#[test]
fn there_are_many_damages_and_each_has_a_name_of_its_own() {
    let all: Vec<&Mutation> = SUBJECTS.iter().flat_map(|(_, _, mutations)| mutations.iter()).collect();
    let names: BTreeSet<&str> = all.iter().map(|mutation| mutation.name).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() >= 60, "{}", all.len());
}

/// For `benches/second_opinion.py`, which asks other tools about the same damages: only the files that a
/// damage has changed, and a list of what was done to which tree.
#[test]
#[ignore = "writes files; run by benches/second_opinion.py"]
fn write_damaged_trees() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damages");
    let _absent = std::fs::remove_dir_all(&root);
    let mut list = Vec::new();
    for (subject, base, mutations) in SUBJECTS {
        let good = Tree::of(base);
        let before: std::collections::BTreeMap<String, String> = good.files().into_iter().collect();
        for mutation in mutations {
            let mut tree = good.clone();
            let _file = (mutation.damage)(&mut tree);
            let number = list.len();
            for (path, text) in tree.files() {
                if before.get(&path) != Some(&text) {
                    let path = root.join(number.to_string()).join(path);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, text).unwrap();
                }
            }
            let code = mutation.code;
            let damage =
                serde_json::json!({ "subject": subject, "base": base, "name": mutation.name, "code": code });
            list.push(damage);
        }
    }
    for (name, code, files) in network::damaged() {
        let number = list.len();
        for (path, text) in files {
            let path = root.join(number.to_string()).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        list.push(
            serde_json::json!({ "subject": "network", "base": network::BASE, "name": name, "code": code }),
        );
    }
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("list.json"), serde_json::to_string(&list).unwrap()).unwrap();
}
