//! `tenantry synth`: compiles a catalog into an output tree.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Format, Outcome, Session, compile, inputs, print};
use crate::diagnostics::{Diagnostic, Reported, codes, count};
use crate::synth::tree::{Beside, Change, ChangeKind, compare, replace};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Catalog file, or directory of catalog files [default: catalog.yaml, else catalog/]
    #[arg(value_name = "CATALOG")]
    catalog: Option<PathBuf>,
    /// Directory to write to
    #[arg(short, long, value_name = "DIR", default_value = "output")]
    output: PathBuf,
    /// Write nothing; exit with status 1 if the output or the lock would change
    #[arg(long)]
    check: bool,
    /// Refuse to change the lock
    #[arg(long)]
    locked: bool,
    #[command(flatten)]
    options: inputs::Options,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let inputs =
        inputs::read(arguments.catalog.as_deref(), arguments.options.blueprints.as_deref(), session)?;
    let report = &mut session.report;
    let (plan, synthesis) = compile::compile_within_limits(&inputs, arguments.options.as_of, report)?;
    let lock_text = plan.lock.to_text();
    let lock_changes = inputs.lock_text.as_deref() != Some(lock_text.as_str());
    if lock_changes && arguments.locked {
        return Err(report.error(
            Diagnostic::error(
                &codes::LOCK_OUT_OF_DATE,
                format!("`{}` would change, and `--locked` does not allow that", inputs.lock_path.display()),
            )
            .help("run `tenantry synth` without `--locked`, and commit the lock"),
        ));
    }
    let changes = if arguments.check {
        compare(&arguments.output, &synthesis.tree, report)?
    } else {
        let lock = Beside { path: &inputs.lock_path, bytes: lock_text.as_bytes() };
        replace(&arguments.output, &synthesis.tree, lock_changes.then_some(lock), report)?
    };
    let changed = lock_changes || !changes.is_empty();
    let text = match session.format {
        Format::Human => {
            let mut text = String::new();
            if arguments.check {
                changes.iter().for_each(|change| {
                    text.push_str(&format!("would be {}: {}\n", kind(change.kind), change.path))
                });
                if lock_changes {
                    let kind = if inputs.lock_text.is_some() { "changed" } else { "added" };
                    text.push_str(&format!("would be {kind}: {}\n", inputs.lock_path.display()));
                }
            }
            text.push_str(&summary(
                &changes,
                &[
                    count(plan.count_tenants(), "tenant"),
                    count(synthesis.stacks, "stack"),
                    count(synthesis.templates, "template"),
                ],
            ));
            text
        }
        Format::Json => {
            let list: Vec<_> = changes
                .iter()
                .map(|change| json!({"path": change.path.as_str(), "kind": kind(change.kind)}))
                .collect();
            let document = json!({
                "output": arguments.output.display().to_string(),
                "written": !arguments.check,
                "tenants": plan.count_tenants(),
                "stacks": synthesis.stacks,
                "templates": synthesis.templates,
                "changes": list,
                "lock": { "path": inputs.lock_path.display().to_string(), "changed": lock_changes },
            });
            format!("{}\n", serde_json::to_string_pretty(&document).unwrap_or_default())
        }
    };
    print::result(&text, report)?;
    Ok(if arguments.check && changed { Outcome::Found } else { Outcome::Fine })
}

fn summary(changes: &[Change], figures: &[String]) -> String {
    let of = |kind| changes.iter().filter(|change| change.kind == kind).count();
    let files = match changes.len() {
        0 => "no file changes".to_owned(),
        _ => format!(
            "files: {} added, {} changed, {} removed",
            of(ChangeKind::Added),
            of(ChangeKind::Changed),
            of(ChangeKind::Removed)
        ),
    };
    format!("{}; {files}\n", figures.join(", "))
}

fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Changed => "changed",
        ChangeKind::Removed => "removed",
    }
}
