//! `tenantry init`: writes a starter catalog that compiles.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::{Format, Outcome, Session, print};
use crate::diagnostics::{Diagnostic, Reported, codes};

const STARTER: &str = include_str!("starter.yaml");

/// Lets git put the lines of two branches together: each line of the lock stands for itself.
const GIT_ATTRIBUTES: &str = "tenantry.lock merge=union\n";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory to write to
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let report = &mut session.report;
    // `catalog.yaml` reads better than `./catalog.yaml`.
    let here = arguments.directory == Path::new(".");
    let directory = if here { Path::new("") } else { &arguments.directory };
    let failed = |path: &Path, reason: String| {
        Diagnostic::error(&codes::OUTPUT_NOT_WRITABLE, format!("cannot write `{}`: {reason}", path.display()))
            .help("name a directory without a catalog that you may write to")
    };
    for taken in ["catalog.yaml", "catalog"].map(|name| directory.join(name)) {
        if taken.symlink_metadata().is_ok() {
            return Err(report.error(failed(&taken, "there is a catalog already".to_owned())));
        }
    }
    if !here && let Err(error) = std::fs::create_dir_all(directory) {
        return Err(report.error(failed(directory, print::reason(&error))));
    }
    let mut written = Vec::new();
    for (name, text) in [("catalog.yaml", STARTER), (".gitattributes", GIT_ATTRIBUTES)] {
        let path = directory.join(name);
        if path.symlink_metadata().is_ok() {
            continue;
        }
        if let Err(error) = std::fs::write(&path, text) {
            return Err(report.error(failed(&path, error.to_string())));
        }
        written.push(path.display().to_string());
    }
    match session.format {
        Format::Human => {
            let enter = if here { String::new() } else { format!("cd {} && ", directory.display()) };
            let text = format!(
                "wrote {}\nnext: edit the catalog, then run `{enter}tenantry synth`\n",
                written.join(" and ")
            );
            print::result(&text, report)?;
        }
        Format::Json => print::json_result(&json!({ "files": written }), report)?,
    }
    Ok(Outcome::Fine)
}
