//! `tenantry check`: judges an output tree, or any directory of CloudFormation templates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::check::model::{self, Estate};
use crate::check::{self, Accepted, Finding, Granted, Judged, check_with};
use crate::cli::{Outcome, Rendering, Session, inputs, print};
use crate::diagnostics::{Diagnostic, Reported, Told, codes, count, github, human, junit, quote, sarif};
use crate::identity::Date;
use crate::source::{SourceMap, read_text};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory that `tenantry synth` has written, or one of templates and deployment files
    #[arg(value_name = "OUTPUT", default_value = "output")]
    output: PathBuf,
    /// File of findings that are accepted, each with its owner, reason and last day
    #[arg(long, value_name = "FILE", requires = "as_of")]
    allow: Option<PathBuf>,
    /// The day of this run, for findings that are accepted until a day
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = inputs::date)]
    as_of: Option<Date>,
    /// File of quotas that AWS has granted, as `aws service-quotas list-service-quotas` prints them
    #[arg(long, value_name = "FILE")]
    quotas: Vec<PathBuf>,
    /// Write the isolation certificate to a file
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Verify an earlier certificate against what is judged now
    #[arg(long, value_name = "FILE")]
    verify: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let accepted = match &arguments.allow {
        Some(path) => {
            let file = read_text(path, &mut session.sources, &mut session.report)?;
            Accepted::read(file, &session.sources, &mut session.report)?
        }
        None => Accepted::default(),
    };
    let mut granted = Granted::default();
    for path in &arguments.quotas {
        let file = read_text(path, &mut session.sources, &mut session.report)?;
        granted.read(file, &session.sources, &mut session.report)?;
    }
    let estate = model::read(&arguments.output, &mut session.sources, &mut session.report)?;
    let judged = Judged::of(&estate);
    let mut findings = check_with(&estate, &session.sources, &judged, &granted);
    if let Some(path) = &arguments.verify {
        let file = read_text(path, &mut session.sources, &mut session.report)?;
        findings.extend(check::verify(file, &estate, &session.sources, &judged));
    }
    if let Some(path) = &arguments.certificate {
        let certificate = check::certificate(&estate, &session.sources, &judged);
        write_certificate(path, &certificate, session)?;
    }
    let (findings, accepted) = match arguments.as_of {
        Some(today) => accepted.apply(findings, &estate, today),
        None => (findings, 0),
    };
    let text = render(&findings, accepted, &estate, session.rendering, &session.sources);
    print::result(&text, &mut session.report)?;
    Ok(if findings.is_empty() { Outcome::Fine } else { Outcome::Found })
}

/// A certificate says what was found, whatever that is: it is written of a tree that leaks as well.
fn write_certificate(
    path: &Path,
    certificate: &serde_json::Value,
    session: &mut Session,
) -> Result<(), Reported> {
    if let Err(error) = std::fs::write(path, check::certificate_text(certificate)) {
        let message = format!("{} cannot be written: {error}", quote(&path.display().to_string()));
        let help = "name a file in a directory that is there";
        return Err(session.report.error(Diagnostic::error(&codes::OUTPUT_NOT_WRITABLE, message).help(help)));
    }
    Ok(())
}

fn render(
    findings: &[Finding],
    accepted: usize,
    estate: &Estate,
    rendering: Rendering,
    sources: &SourceMap,
) -> String {
    let told: Vec<Told<'_>> = findings
        .iter()
        .map(|finding| Told { diagnostic: &finding.diagnostic, facts: finding.facts(estate) })
        .collect();
    let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    match rendering {
        Rendering::Human => for_people(findings, accepted, estate, sources),
        Rendering::Json => {
            let diagnostics: Vec<Diagnostic> =
                findings.iter().map(|finding| finding.diagnostic.clone()).collect();
            let mut list = crate::diagnostics::json::render(&diagnostics, sources);
            let mut list = list["diagnostics"].take();
            for (entry, told) in list.as_array_mut().into_iter().flatten().zip(told) {
                entry["facts"] = told.facts.into();
            }
            pretty(&json!({
                "stacks": estate.stacks().len(),
                "templates": estate.templates().len(),
                "accepted": accepted,
                "findings": list,
            }))
        }
        Rendering::Sarif => pretty(&sarif::render(&told, sources)),
        Rendering::Junit => junit::render("tenantry check", &told, sources),
        Rendering::Github => github::render(&told, sources),
    }
}

/// Findings of one code that people are shown; tools get all.
const SHOWN_OF_A_CODE: usize = 20;

fn for_people(findings: &[Finding], accepted: usize, estate: &Estate, sources: &SourceMap) -> String {
    let mut of_code: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shown = Vec::new();
    for finding in findings {
        let number = of_code.entry(finding.diagnostic.code.name).or_default();
        *number += 1;
        if *number > SHOWN_OF_A_CODE {
            continue;
        }
        shown.push(match finding.whereabouts(estate) {
            Some(whereabouts) => finding.diagnostic.clone().note(whereabouts),
            None => finding.diagnostic.clone(),
        });
    }
    let mut text = human::render(&shown, sources, print::is_colourful());
    for (code, number) in of_code.into_iter().filter(|(_, number)| *number > SHOWN_OF_A_CODE) {
        text.push_str(&format!(
            "{} more of `{code}`; `--format json` has them all\n",
            number - SHOWN_OF_A_CODE
        ));
    }
    let judged =
        format!("{}, {}", count(estate.stacks().len(), "stack"), count(estate.templates().len(), "template"));
    let found =
        if findings.is_empty() { "nothing found".to_owned() } else { count(findings.len(), "finding") };
    text.push_str(&format!("{judged}: {found}"));
    if accepted > 0 {
        text.push_str(&format!(", {accepted} accepted"));
    }
    text.push('\n');
    text
}
