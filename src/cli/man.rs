//! `tenantry man`: manual pages, made from the command line's own description.

use clap::Args;
use clap_mangen::Man;

use crate::cli::{Outcome, Session, command, print};
use crate::diagnostics::{Diagnostic, Reported, closest, codes, list_of, quote};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A command, for its own page
    #[arg(value_name = "COMMAND")]
    of: Option<String>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let mut root = command();
    root.build();
    let page = match &arguments.of {
        None => Man::new(root),
        Some(name) => match root.find_subcommand(name) {
            Some(found) => Man::new(found.clone()),
            None => {
                let names = || root.get_subcommands().map(clap::Command::get_name);
                let help = match closest(name, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the commands are {}", list_of(names())),
                };
                let error =
                    Diagnostic::error(&codes::UNKNOWN_CODE, format!("there is no command {}", quote(name)));
                return Err(session.report.error(error.help(help)));
            }
        },
    };
    let mut text = Vec::new();
    // Writing into memory does not fail.
    let _written = page.render(&mut text);
    print::result(&String::from_utf8_lossy(&text), &mut session.report)?;
    Ok(Outcome::Fine)
}
