//! `tenantry lock`: work on the record of decisions itself.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Format, Outcome, Session, inputs, print};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::identity::HomeId;
use crate::plan::lock::{Lock, lines_of};
use crate::plan::{settle, unknown_tenant};
use crate::synth::tree::{Beside, replace_lock};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Give a tenant that is not deployed yet other decisions than those a merge has left it with
    Settle(Settle),
}

#[derive(Debug, Args)]
struct Settle {
    /// The newcomer, whose lines are decided anew; the lines of all others stay
    #[arg(value_name = "TENANT")]
    tenant: String,
    /// Catalog file, or directory of catalog files [default: catalog.yaml, else catalog/]
    #[arg(value_name = "CATALOG")]
    catalog: Option<PathBuf>,
    #[command(flatten)]
    options: inputs::Options,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let Action::Settle(arguments) = &arguments.action;
    let home: HomeId = arguments.tenant.parse().map_err(|_| {
        let what = format!("{} cannot be the id of a tenant", quote(&arguments.tenant));
        session.report.error(
            Diagnostic::error(&codes::UNKNOWN_TENANT, what).help("name a tenant of the catalog by its `id`"),
        )
    })?;
    let mut fits = false;
    let inputs = inputs::read_with(
        arguments.catalog.as_deref(),
        arguments.options.blueprints.as_deref(),
        session,
        |file, sources, report| {
            fits = Lock::read(file, sources, &mut Report::default()).is_ok();
            if fits {
                Lock::read(file, sources, report)
            } else {
                Lock::read_without(&home, file, sources, report)
            }
        },
    )?;
    let report = &mut session.report;
    if inputs.catalog.tenant(&home.tenant).is_none() {
        return Err(report.error(unknown_tenant(&inputs.catalog, &home.tenant)));
    }
    let old = inputs.lock_text.unwrap_or_default();
    if fits {
        let told = "no two decisions of the lock stand against each other; there is nothing to settle";
        return done(&home, told, [&[], &[]], false, session);
    }
    let lock = settle(&home, arguments.options.as_of, inputs.lock, &inputs.catalog, &inputs.library, report)?;
    let text = lock.to_text();
    if !arguments.dry_run {
        replace_lock(&Beside { path: &inputs.lock_path, bytes: text.as_bytes() }, report)?;
    }
    let (before, after) = (lines_of(&old, &home), lines_of(&text, &home));
    let gone: Vec<&str> = before.iter().filter(|line| !after.contains(line)).copied().collect();
    let new: Vec<&str> = after.iter().filter(|line| !before.contains(line)).copied().collect();
    let told = if arguments.dry_run {
        format!("`{home}` would be decided anew; nothing was written")
    } else {
        format!("`{home}` is decided anew, and nobody else; now run `tenantry synth`")
    };
    done(&home, &told, [&gone, &new], !arguments.dry_run, session)
}

fn done(
    home: &HomeId,
    told: &str,
    [removed, added]: [&[&str]; 2],
    written: bool,
    session: &mut Session,
) -> Result<Outcome, Reported> {
    match session.format {
        Format::Human => {
            let mut text = String::new();
            removed.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
            added.iter().for_each(|line| text.push_str(&format!("+ {line}\n")));
            print::result(&format!("{text}{told}\n"), &mut session.report)?;
        }
        Format::Json => {
            let document =
                json!({"tenant": home.to_string(), "removed": removed, "added": added, "written": written});
            print::json_result(&document, &mut session.report)?;
        }
    }
    Ok(Outcome::Fine)
}
