//! `tenantry explain`: the long form of a message.

use clap::Args;
use serde_json::json;

use crate::cli::{Format, Outcome, Session, print};
use crate::diagnostics::{Diagnostic, Reported, closest, codes, quote};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Code of a message, such as `overlapping-pools`; without one, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let Some(name) = &arguments.code else {
        match session.format {
            Format::Human => {
                let rows =
                    codes::all().into_iter().map(|code| vec![code.name.to_owned(), code.meaning.to_owned()]);
                print::result(&print::table(&["CODE", "MEANING"], rows), &mut session.report)?;
            }
            Format::Json => {
                let list: Vec<_> = codes::all()
                    .into_iter()
                    .map(|code| json!({"code": code.name, "meaning": code.meaning}))
                    .collect();
                print::json_result(&json!({ "codes": list }), &mut session.report)?;
            }
        }
        return Ok(Outcome::Fine);
    };
    let Some(code) = codes::find(name) else {
        let all = codes::all();
        let help = match closest(name, all.iter().map(|code| code.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`tenantry explain` lists all codes".to_owned(),
        };
        let error =
            Diagnostic::error(&codes::UNKNOWN_CODE, format!("there is no code {}", quote(name))).help(help);
        return Err(session.report.error(error));
    };
    match session.format {
        Format::Human => print::result(
            &format!("{}: {}\n\n{}\n", code.name, code.meaning, code.explanation),
            &mut session.report,
        )?,
        Format::Json => {
            let document =
                json!({"code": code.name, "meaning": code.meaning, "explanation": code.explanation});
            print::json_result(&document, &mut session.report)?;
        }
    }
    Ok(Outcome::Fine)
}
