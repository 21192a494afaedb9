//! The way from a path to a catalog.

use std::path::Path;

use crate::catalog::{Catalog, cross_check, decode, merge, quotas, tags, tenant_lists, tier_homes};
use crate::diagnostics::{Report, Reported};
use crate::source::SourceMap;

/// Reads the catalog at a path: a file, or a directory of files.
///
/// # Errors
/// If anything is wrong with it. All that can be found is reported: only files that are not well
/// formed end the reading early, since every later message would be about what they may hold.
pub fn read(path: &Path, sources: &mut SourceMap, report: &mut Report) -> Result<Catalog, Reported> {
    let mut files = merge::read_files(path, sources, report)?;
    let tenants = tenant_lists::read(&mut files, sources, report);
    let (mut catalog, declared) = decode::decode(&files.root, &tenants, report)?;
    tier_homes::expand(&mut catalog);
    quotas::read_files(&mut catalog, &files, sources, report);
    cross_check::check(&catalog, &declared, report);
    tags::resolve(&mut catalog, report);
    report.checkpoint()?;
    Ok(catalog)
}
