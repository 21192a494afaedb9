//! Every folder of `tests/cases/plan` proves the sentence that is its name: what the planner says to
//! a catalog and its lock, and the lock that comes of it.
//!
//! Beside the blueprints that ship there are those of `tests/bases/cells`, which are small.
//!
//! A line `# as of 2026-11-23` in the catalog is the day of the run. Where a folder has `after.yaml`,
//! that is the catalog of the next run, which starts from the lock of the first.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use tenantry::blueprint::Library;
use tenantry::catalog::{self, Catalog};
use tenantry::diagnostics::{Report, Severity, human};
use tenantry::plan::lock::Lock;
use tenantry::plan::plan_as_of;
use tenantry::source::SourceMap;

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> =
        fs::read_dir("tests/cases/plan").unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// One run: what is told, and the lock after it where nothing is wrong.
fn run(case: &Path, file: &str, lock: Option<&str>) -> (String, Option<String>) {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let small = Path::new("tests/bases/cells/blueprints");
    let library = Library::read(Some(small), &mut sources, &mut report).unwrap();
    let decided = read(case, file, &mut sources, &mut report).and_then(|catalog| {
        let lock = match lock {
            Some(text) => {
                let file = sources.add("tenantry.lock", text);
                Lock::read(file, &sources, &mut report).ok()?
            }
            None => Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone()),
        };
        let text = fs::read_to_string(case.join(file)).unwrap();
        let as_of = text.lines().find_map(|line| line.strip_prefix("# as of "));
        let as_of = as_of.map(|date| date.parse().unwrap());
        let plan = plan_as_of(as_of, &catalog, &library, &lock, &mut report).ok()?;
        Some(plan.lock.to_text())
    });
    let diagnostics = report.into_sorted(&sources);
    let refused = diagnostics.iter().any(|one| one.severity == Severity::Error);
    assert_eq!(decided.is_none(), refused, "{}", case.display());
    (human::render(&diagnostics, &sources, false).replace(&format!("{}/", case.display()), ""), decided)
}

fn read(case: &Path, file: &str, sources: &mut SourceMap, report: &mut Report) -> Option<Catalog> {
    catalog::read(&case.join(file), sources, report).ok()
}

#[test]
fn every_case_decides_as_its_snapshot_says() {
    for case in cases() {
        let given = fs::read_to_string(case.join("tenantry.lock")).ok();
        let (mut told, mut lock) = run(&case, "catalog.yaml", given.as_deref());
        if case.join("after.yaml").exists() {
            let (again, after) = run(&case, "after.yaml", lock.as_deref());
            told.push_str(&again);
            lock = after;
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(fs::canonicalize(&case).unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("decided", format!("{told}{}", lock.unwrap_or_default())));
    }
}
