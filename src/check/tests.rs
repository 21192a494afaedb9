//! Judges over the committed output: nothing is wrong with it.

use std::path::Path;

use crate::check::check;
use crate::check::model::read;
use crate::diagnostics::{Report, human};
use crate::source::SourceMap;

#[test]
fn nothing_is_found_in_the_committed_output() {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("output");
    let estate = read(&root, &mut sources, &mut report).unwrap();
    let found: Vec<_> = check(&estate, &sources).into_iter().map(|finding| finding.diagnostic).collect();
    assert!(found.is_empty(), "{}", human::render(&found, &sources, false));
}
