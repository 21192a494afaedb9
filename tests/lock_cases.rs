//! Every folder of `tests/cases/lock` is one sentence about reading a lock. Its snapshot holds what
//! the user is told, or the lock as it is written again where nothing is wrong with it.

use std::fs;

use tenantry::diagnostics::{Report, human};
use tenantry::plan::lock::Lock;
use tenantry::source::SourceMap;

#[test]
fn each_case_reads_as_its_snapshot_says() {
    insta::glob!("cases/lock/*/tenantry.lock", |path| {
        let mut sources = SourceMap::default();
        let mut report = Report::default();
        let file = sources.add("tenantry.lock", fs::read_to_string(path).unwrap());
        let lock = Lock::read(file, &sources, &mut report);
        let told = human::render(&report.into_sorted(&sources), &sources, false);
        let shown = match lock {
            Ok(lock) => format!("{told}{}", lock.to_text()),
            Err(_) => told,
        };
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(path.parent().unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.remove_snapshot_suffix();
        settings.remove_input_file();
        settings.bind(|| insta::assert_snapshot!("diagnostics", shown));
    });
}
