//! Every folder of `tests/cases/limits` is a catalog in which one limit of AWS, the one that is the
//! folder's name, breaks before all others; the snapshot beside it is what the user is told.
//!
//! The blueprint `things` there makes as many of a thing as a setting has names.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tenantry::blueprint::Library;
use tenantry::catalog;
use tenantry::diagnostics::{Report, human};
use tenantry::limits::refuse;
use tenantry::plan::lock::Lock;
use tenantry::plan::{plan, wanted};
use tenantry::source::SourceMap;
use tenantry::synth::synth;

fn cases() -> Vec<PathBuf> {
    let folders = fs::read_dir("tests/cases/limits").unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = folders.filter(|path| path.join("catalog.yaml").is_file()).collect();
    cases.sort();
    cases
}

/// What is told, and the limits that are exceeded.
fn run(case: &Path) -> (String, Vec<String>) {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let exceeded = || -> Option<Vec<String>> {
        let blueprints = Path::new("tests/cases/limits/blueprints");
        let catalog = catalog::read(&case.join("catalog.yaml"), &mut sources, &mut report).ok()?;
        let library =
            Library::read_for(&wanted(&catalog), Some(blueprints), &mut sources, &mut report).ok()?;
        let lock = Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone());
        let plan = plan(&catalog, &library, &lock, &mut report).ok()?;
        let outlook = synth(&plan, &mut report).ok()?.outlook;
        refuse(&outlook, &catalog, &mut report);
        Some(outlook.exceeded().map(|reach| reach.usage.quota.id.clone()).collect())
    }();
    let told = human::render(&report.into_sorted(&sources), &sources, false);
    (told, exceeded.unwrap_or_default())
}

#[test]
fn each_case_reads_as_its_snapshot_says() {
    let mut first: BTreeSet<String> = BTreeSet::new();
    for case in cases() {
        let (told, exceeded) = run(&case);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(fs::canonicalize(&case).unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("diagnostics", told));
        assert_eq!(exceeded.len(), 1, "{}: {exceeded:?} are exceeded\n{told}", case.display());
        first.extend(exceeded);
    }
    assert!(first.len() >= 15, "{} limits have a case: {first:?}", first.len());
}
