//! Where the catalog is, and where its lock stands.

use std::path::{Path, PathBuf};

use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};

/// The catalog that a command means: its argument, else `catalog.yaml`, else the directory `catalog`.
///
/// # Errors
/// `no-catalog` if there is none.
pub fn locate(argument: Option<&Path>, report: &mut Report) -> Result<PathBuf, Reported> {
    if let Some(path) = argument {
        if path.exists() {
            return Ok(path.to_owned());
        }
        let message = format!("there is no catalog at {}", quote(&path.display().to_string()));
        return Err(report.error(
            Diagnostic::error(&codes::NO_CATALOG, message)
                .help("check the path; `tenantry init` writes a starter catalog"),
        ));
    }
    ["catalog.yaml", "catalog"].into_iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
        report.error(
            Diagnostic::error(&codes::NO_CATALOG, "there is neither `catalog.yaml` nor `catalog/` here")
                .help("name the catalog after the command, or run `tenantry init` for a starter catalog"),
        )
    })
}

/// The lock of a catalog stands beside it: next to the file or the directory, and inside a directory
/// that has no name of its own (`.`, `..`, `/`).
pub fn lock_path(catalog: &Path) -> PathBuf {
    match (catalog.file_name(), catalog.parent()) {
        (Some(_), Some(parent)) => parent.join("tenantry.lock"),
        _ => catalog.join("tenantry.lock"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_stands_beside_the_catalog() {
        let lock = |path: &str| lock_path(Path::new(path)).display().to_string();
        assert_eq!(lock("catalog.yaml"), "tenantry.lock");
        assert_eq!(lock("catalog"), "tenantry.lock");
        assert_eq!(lock("catalog/"), "tenantry.lock");
        assert_eq!(lock("a/b/catalog.yaml"), "a/b/tenantry.lock");
        assert_eq!(lock("."), "./tenantry.lock");
        assert_eq!(lock(".."), "../tenantry.lock");
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        let mut report = Report::default();
        assert!(locate(Some(Path::new("no/such/file.yaml")), &mut report).is_err());
        assert_eq!(report.diagnostics()[0].code, &codes::NO_CATALOG);
    }
}
