//! Reading what `synth` and `plan` work on: the catalog, the blueprints, the lock.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::blueprint::Library;
use crate::catalog::{self, Catalog};
use crate::cli::Session;
use crate::diagnostics::{Report, Reported};
use crate::identity::Date;
use crate::plan::lock::Lock;
use crate::plan::wanted;
use crate::source::{FileId, SourceMap, read_text};

/// What a compilation is told beside its catalog.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Directory of blueprints that add to those in the binary or replace them
    #[arg(long, value_name = "DIR")]
    pub blueprints: Option<PathBuf>,
    /// The day of this run, for waits that are counted in days
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub as_of: Option<Date>,
}

/// Everything that a compilation starts from.
pub(super) struct Inputs {
    pub catalog: Catalog,
    pub library: Library,
    pub lock: Lock,
    pub lock_path: PathBuf,
    /// The lock's text as it is; `None` where there is no lock yet.
    pub lock_text: Option<String>,
}

/// Reads all inputs; what is wrong in each is reported before the run stops.
pub(super) fn read(
    catalog: Option<&Path>,
    blueprints: Option<&Path>,
    session: &mut Session,
) -> Result<Inputs, Reported> {
    read_with(catalog, blueprints, session, Lock::read)
}

/// The same, with another way of reading the lock.
pub(super) fn read_with(
    catalog: Option<&Path>,
    blueprints: Option<&Path>,
    session: &mut Session,
    mut read_lock: impl FnMut(FileId, &SourceMap, &mut Report) -> Result<Lock, Reported>,
) -> Result<Inputs, Reported> {
    let Session { sources, report, .. } = session;
    let path = catalog::locate(catalog, report)?;
    let catalog = catalog::read(&path, sources, report);
    let wanted = catalog.as_ref().map(wanted).unwrap_or_default();
    let library = Library::read_for(&wanted, blueprints, sources, report);
    let lock_path = catalog::lock_path(&path);
    let locked = match lock_path.symlink_metadata() {
        Ok(_) => {
            let file = read_text(&lock_path, sources, report)?;
            Some((read_lock(file, sources, report), sources.text(file).to_owned()))
        }
        Err(_) => None,
    };
    let (catalog, library) = (catalog?, library?);
    let (lock, lock_text) = match locked {
        Some((lock, text)) => (lock?, Some(text)),
        None => (Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone()), None),
    };
    Ok(Inputs { catalog, library, lock, lock_path, lock_text })
}

/// A day on the command line.
pub(super) fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|error: crate::identity::NameError| error.to_string())
}
