//! The commands: one file each. They read arguments, call the rooms, and print.
//!
//! Results go to standard output, everything else to standard error. The exit status is decided in
//! [`run`] alone: 0 is fine, 1 says that a check found something, 2 that input or use is wrong.

mod adopt;
mod blueprint;
mod check;
mod compile;
mod completions;
mod explain;
mod init;
mod inputs;
mod limits;
mod lock;
mod man;
mod plan;
mod print;
mod schema;
mod synth;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::source::SourceMap;

/// Compiles a list of tenants into isolated AWS infrastructure.
///
/// Reads a tenant catalog and blueprints, plans addresses and rules, and writes CloudFormation
/// templates with one deployment file for each stack. It never calls AWS.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version, max_term_width = 100, disable_help_subcommand = true)]
struct Arguments {
    /// How results and messages are printed
    #[arg(long, global = true, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Rendering,
    #[command(subcommand)]
    command: Command,
}

/// How results and messages are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// Text for people
    Human,
    /// JSON for tools
    Json,
}

/// What `--format` can say. The last three are for findings, and so for the commands that have some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rendering {
    /// Text for people
    Human,
    /// JSON for tools
    Json,
    /// Findings for code hosts (SARIF 2.1.0)
    Sarif,
    /// Findings as tests, for CI systems
    Junit,
    /// Findings as commands of a GitHub workflow
    Github,
}

impl Rendering {
    /// How everything but findings is printed.
    fn format(self) -> Format {
        if self == Rendering::Json { Format::Json } else { Format::Human }
    }

    fn is_for_findings(self) -> bool {
        !matches!(self, Rendering::Human | Rendering::Json)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a starter catalog that compiles
    Init(init::Arguments),
    /// Compile a catalog into an output tree
    Synth(synth::Arguments),
    /// Show every decision without writing anything
    Plan(plan::Arguments),
    /// Judge an output tree, or a directory of CloudFormation templates
    Check(check::Arguments),
    /// Show the use of every limit of AWS, and the first to break
    Limits(limits::Arguments),
    /// Explain a code, a tenant, a stack or an address
    Explain(explain::Arguments),
    /// Take networks that exist already into the lock
    Adopt(adopt::Arguments),
    /// Work on the record of decisions
    Lock(lock::Arguments),
    /// Print the JSON Schema of a file format
    Schema(schema::Arguments),
    /// List, show or write out blueprints
    Blueprint(blueprint::Arguments),
    /// Print the completion script of a shell
    Completions(completions::Arguments),
    /// Print a manual page
    Man(man::Arguments),
}

/// How a command ended, when it was not wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine,
    /// A check found something: exit status 1.
    Found,
}

/// What every command works with.
struct Session {
    format: Format,
    rendering: Rendering,
    sources: SourceMap,
    report: Report,
}

/// Runs the command line and returns its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() && asks_for_json(&words) => {
            let mut report = Report::default();
            report.push(wrong_use(&error));
            print::diagnostics(Format::Json, report, &SourceMap::default());
            return ExitCode::from(2);
        }
        Err(error) => {
            // Help and version come this way too, for standard output and with status 0.
            let status = if error.use_stderr() { 2 } else { 0 };
            // A reader that has gone away, as `head` does, is no error.
            return match error.print() {
                Err(problem) if problem.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(2),
                _ => ExitCode::from(status),
            };
        }
    };
    let mut session = Session {
        format: arguments.format.format(),
        rendering: arguments.format,
        sources: SourceMap::default(),
        report: Report::default(),
    };
    let outcome = match &arguments.command {
        command if session.rendering.is_for_findings() && !matches!(command, Command::Check(_)) => {
            Err(session.report.error(not_a_rendering()))
        }
        Command::Init(arguments) => init::run(arguments, &mut session),
        Command::Synth(arguments) => synth::run(arguments, &mut session),
        Command::Plan(arguments) => plan::run(arguments, &mut session),
        Command::Check(arguments) => check::run(arguments, &mut session),
        Command::Limits(arguments) => limits::run(arguments, &mut session),
        Command::Explain(arguments) => explain::run(arguments, &mut session),
        Command::Adopt(arguments) => adopt::run(arguments, &mut session),
        Command::Lock(arguments) => lock::run(arguments, &mut session),
        Command::Schema(arguments) => schema::run(arguments, &mut session),
        Command::Blueprint(arguments) => blueprint::run(arguments, &mut session),
        Command::Completions(arguments) => completions::run(arguments, &mut session),
        Command::Man(arguments) => man::run(arguments, &mut session),
    };
    let Session { format, sources, report, .. } = session;
    print::diagnostics(format, report, &sources);
    match outcome {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(Reported { .. }) => ExitCode::from(2),
    }
}

/// Whether a command line that could not be understood asked for JSON all the same.
fn asks_for_json(words: &[OsString]) -> bool {
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

/// The first line of clap's message says what is wrong; the rest is how to use the command.
fn wrong_use(error: &clap::Error) -> Diagnostic {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first).replace('\'', "`");
    Diagnostic::error(&codes::WRONG_USE, message)
        .help("`tenantry --help` lists the commands and their options")
}

fn not_a_rendering() -> Diagnostic {
    Diagnostic::error(&codes::WRONG_USE, "this format is for findings, and this command has none")
        .help("use `--format human` or `--format json`; `tenantry check` knows all formats")
}

/// The command line as clap knows it, for completions and manual pages.
fn command() -> clap::Command {
    Arguments::command()
}
