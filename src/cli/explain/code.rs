//! The long form of a message.

use serde_json::json;

use crate::cli::{Format, Outcome, Session, print};
use crate::diagnostics::{Code, Diagnostic, Reported, closest, codes, quote};

pub(super) fn list(session: &mut Session) -> Result<Outcome, Reported> {
    let all = codes::all();
    match session.format {
        Format::Human => {
            let rows = all.iter().map(|code| vec![code.name.to_owned(), code.meaning.to_owned()]);
            print::result(&print::table(&["CODE", "MEANING"], rows), &mut session.report)?;
        }
        Format::Json => {
            let list: Vec<_> =
                all.iter().map(|code| json!({"code": code.name, "meaning": code.meaning})).collect();
            print::json_result(&json!({ "codes": list }), &mut session.report)?;
        }
    }
    Ok(Outcome::Fine)
}

/// Prints a code; `note` says what else the word could have meant.
pub(super) fn explain(
    code: &'static Code,
    note: Option<String>,
    session: &mut Session,
) -> Result<Outcome, Reported> {
    match session.format {
        Format::Human => {
            let note = note.map(|note| format!("\nthis is the code of a message; {note}\n"));
            let text = format!("{}: {}\n\n{}\n", code.name, code.meaning, code.explanation);
            print::result(&(text + &note.unwrap_or_default()), &mut session.report)?;
        }
        Format::Json => {
            let document = json!({
                "kind": "code", "code": code.name, "meaning": code.meaning,
                "explanation": code.explanation, "note": note,
            });
            print::json_result(&document, &mut session.report)?;
        }
    }
    Ok(Outcome::Fine)
}

pub(super) fn unknown(name: &str) -> Diagnostic {
    let all = codes::all();
    let help = match closest(name, all.iter().map(|code| code.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`tenantry explain` lists all codes".to_owned(),
    };
    Diagnostic::error(&codes::UNKNOWN_CODE, format!("there is no code {}", quote(name))).help(help)
}
