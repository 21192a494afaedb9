//! `tenantry explain`: what a code, an address, a tenant or a stack is, and where that was decided.
//!
//! Goes in: one word. What it means is found out in the order code, tenant, stack, address; `--as`
//! says it outright. Each kind has a file that gathers facts into an [`Answer`]; here it is printed.

mod address;
mod code;
mod stack;
mod tenant;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::catalog;
use crate::cli::{Format, Outcome, Session, compile, inputs, print};
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, quote};
use crate::network::{Cidr, CidrError};
use crate::plan::Plan;
use crate::source::{SourceMap, Span};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Code of a message, id of a tenant, name of a stack, address or block; without one, all codes are listed
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    /// What the word is, where it could be several things
    #[arg(long = "as", value_enum, value_name = "KIND", requires = "what")]
    kind: Option<Kind>,
    /// Catalog file, or directory of catalog files [default: catalog.yaml, else catalog/]
    #[arg(long, value_name = "PATH")]
    catalog: Option<PathBuf>,
    #[command(flatten)]
    options: inputs::Options,
}

/// What a word can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The code of a message
    Code,
    /// The id of a tenant
    Tenant,
    /// The name of a stack
    Stack,
    /// An address, or a block of addresses
    Address,
}

/// What there is to say: facts by name, in a meaningful order.
struct Answer {
    kind: &'static str,
    subject: String,
    facts: Vec<(&'static str, Vec<String>)>,
}

impl Answer {
    fn new(kind: &'static str, subject: impl Into<String>) -> Self {
        Answer { kind, subject: subject.into(), facts: Vec::new() }
    }

    /// Adds a fact; several under one name become a list.
    fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        match self.facts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value.into()),
            None => self.facts.push((name, vec![value.into()])),
        }
    }

    /// Adds a fact that there may be.
    fn fact_of(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.fact(name, value);
        }
    }

    fn to_text(&self) -> String {
        let width = self.facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut text = format!("{} {}\n", self.kind, self.subject);
        for (name, values) in &self.facts {
            let mut name = *name;
            for value in values {
                text.push_str(&format!("  {name:width$}  {value}\n"));
                name = "";
            }
        }
        text
    }

    fn to_json(&self) -> serde_json::Value {
        let facts =
            self.facts.iter().map(|(name, values)| (name.replace(' ', "_").to_lowercase(), json!(values)));
        json!({"kind": self.kind, "subject": self.subject, "facts": facts.collect::<serde_json::Map<_, _>>()})
    }
}

/// What the answers are drawn from.
struct Sight<'s> {
    plan: &'s Plan<'s>,
    /// The stacks of the manifest.
    stacks: &'s [serde_json::Value],
    sources: &'s SourceMap,
    lock_path: String,
}

impl Sight<'_> {
    /// `catalog.yaml:14`.
    fn place(&self, span: Span) -> String {
        let location = self.sources.location(span);
        format!("{}:{}", location.file, location.line)
    }

    /// `tenantry.lock:7`, or that this run has decided it.
    fn decided(&self, line: Option<Span>) -> String {
        match line {
            Some(line) => self.place(line),
            None => format!("not in {} yet; `tenantry synth` writes it", self.lock_path),
        }
    }
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let Some(word) = &arguments.what else { return code::list(session) };
    let found = codes::find(word);
    match (arguments.kind, found) {
        (Some(Kind::Code), None) => return Err(session.report.error(code::unknown(word))),
        (Some(Kind::Code), Some(found)) => return code::explain(found, None, session),
        (None, Some(found)) => {
            let namesake = namesake(word, arguments)
                .then(|| format!("a tenant has this name too: `tenantry explain {word} --as tenant`"));
            return code::explain(found, namesake, session);
        }
        _ => {}
    }
    let nowhere = arguments.catalog.is_none() && catalog::locate(None, &mut Report::default()).is_err();
    if nowhere && arguments.kind.is_none() {
        let error = code::unknown(word)
            .note("there is no catalog here in which it could be a tenant, a stack or an address");
        return Err(session.report.error(error));
    }
    let inputs =
        inputs::read(arguments.catalog.as_deref(), arguments.options.blueprints.as_deref(), session)?;
    let report = &mut session.report;
    let (plan, synthesis) = compile::compile(&inputs, arguments.options.as_of, report)?;
    let manifest: serde_json::Value = synthesis
        .tree
        .get("manifest.json")
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .unwrap_or_default();
    let stacks = manifest.get("stacks").and_then(serde_json::Value::as_array).map(Vec::as_slice);
    let sight = Sight {
        plan: &plan,
        stacks: stacks.unwrap_or_default(),
        sources: &session.sources,
        lock_path: inputs.lock_path.display().to_string(),
    };
    let answer = answer(word, arguments.kind, &sight, report)?;
    match session.format {
        Format::Human => print::result(&answer.to_text(), report)?,
        Format::Json => print::json_result(&answer.to_json(), report)?,
    }
    Ok(Outcome::Fine)
}

/// Whether the catalog, where there is one that can be read, has a tenant of this name.
fn namesake(word: &str, arguments: &Arguments) -> bool {
    let mut report = Report::default();
    let path = catalog::locate(arguments.catalog.as_deref(), &mut report);
    let catalog = path.and_then(|path| catalog::read(&path, &mut SourceMap::default(), &mut report));
    matches!((catalog, word.parse()), (Ok(catalog), Ok(id)) if catalog.tenant(&id).is_some())
}

fn answer(
    word: &str,
    kind: Option<Kind>,
    sight: &Sight<'_>,
    report: &mut Report,
) -> Result<Answer, Reported> {
    let wanted = |this| kind.is_none_or(|kind| kind == this);
    if wanted(Kind::Tenant)
        && let Some(answer) = word.parse().ok().and_then(|id| tenant::explain(&id, sight))
    {
        return Ok(answer);
    }
    if wanted(Kind::Stack)
        && let Some(answer) = stack::explain(word, sight)
    {
        return Ok(answer);
    }
    if wanted(Kind::Address) && (kind.is_some() || word.contains(['.', ':', '/'])) {
        return match word.parse::<Cidr>() {
            Ok(block) | Err(CidrError::NoLength(block)) => Ok(address::explain(block, sight)),
            Err(error) => Err(report.error(no_address(word, &error))),
        };
    }
    let all = codes::all();
    let mut names: Vec<&str> = Vec::new();
    if wanted(Kind::Code) {
        names.extend(all.iter().map(|code| code.name));
    }
    if wanted(Kind::Tenant) {
        names.extend(sight.plan.catalog.tenants.iter().map(|tenant| tenant.id.value.as_str()));
    }
    if wanted(Kind::Stack) {
        names.extend(sight.stacks.iter().filter_map(|stack| stack.get("name")?.as_str()));
    }
    let help = match closest(word, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`tenantry explain` lists all codes, and `tenantry plan` all tenants".to_owned(),
    };
    let what = match kind {
        None => "no code, tenant, stack or address",
        Some(Kind::Tenant) => "no tenant",
        Some(_) => "no stack",
    };
    let message = format!("there is {what} {}", quote(word));
    Err(report.error(Diagnostic::error(&codes::UNKNOWN_CODE, message).help(help)))
}

fn no_address(word: &str, error: &CidrError) -> Diagnostic {
    match error {
        CidrError::HostBits(meant) => {
            let message = format!("{} has bits set beyond its length", quote(word));
            Diagnostic::error(&codes::HOST_BITS_SET, message)
                .help(format!("write `{meant}`, or the address without a length"))
        }
        CidrError::NoLength(_) | CidrError::Malformed => {
            Diagnostic::error(&codes::INVALID_CIDR, format!("{} is no address", quote(word)))
                .help("write an address such as `10.64.3.9`, or a block such as `10.64.0.0/22`")
        }
    }
}
