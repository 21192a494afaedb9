//! `tenantry completions`: the completion script of a shell.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::cli::{Outcome, Session, command, print};
use crate::diagnostics::Reported;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command(), "tenantry", &mut script);
    print::result(&String::from_utf8_lossy(&script), &mut session.report)?;
    Ok(Outcome::Fine)
}
