//! `tenantry schema`: the JSON Schemas of the file formats, for editors and other tools.

use clap::{Args, ValueEnum};

use crate::cli::{Outcome, Session, print};
use crate::diagnostics::Reported;
use crate::{blueprint, catalog, plan, synth};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The format
    #[arg(value_enum, value_name = "FORMAT")]
    of: Subject,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Subject {
    /// catalog.yaml
    Catalog,
    /// blueprint.yaml
    Blueprint,
    /// part.yaml
    Part,
    /// component.yaml
    Component,
    /// tenantry.lock
    Lock,
    /// output/manifest.json
    Manifest,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let text = match arguments.of {
        Subject::Catalog => catalog::schema(),
        Subject::Blueprint => blueprint::schema(),
        Subject::Part => blueprint::part_schema(),
        Subject::Component => blueprint::component_schema(),
        Subject::Lock => plan::lock::schema(),
        Subject::Manifest => synth::manifest_schema(),
    };
    print::result(text, &mut session.report)?;
    Ok(Outcome::Fine)
}
