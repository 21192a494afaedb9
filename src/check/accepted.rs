//! Findings that somebody has accepted: a file that says which, who answers for it, why, and until when.
//!
//! An entry whose day is over accepts nothing any more, and one that accepts nothing is itself a finding,
//! so that the file does not outlive its reasons.

use crate::check::finding::Finding;
use crate::check::model::Estate;
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, quote};
use crate::identity::Date;
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{Fields, Node, Tags, read_yaml};

/// One accepted kind of finding.
#[derive(Debug)]
struct Entry {
    code: String,
    resource: Option<String>,
    stack: Option<String>,
    owner: String,
    expires: Date,
    span: Span,
}

/// All entries of a file.
#[derive(Debug, Default)]
pub struct Accepted {
    entries: Vec<Entry>,
}

impl Accepted {
    /// Reads the file: `version: 1`, and a list `allow` of `code`, `resource`, `stack`, `owner`, `reason`
    /// and `expires`.
    ///
    /// # Errors
    /// If it is not of that form.
    pub fn read(file: FileId, sources: &SourceMap, report: &mut Report) -> Result<Accepted, Reported> {
        let before = report.errors();
        let node = read_yaml(file, Tags::Refuse, sources, report)?;
        let mut entries = Vec::new();
        if let Some(mut fields) = Fields::open(&node, "a file of accepted findings", report) {
            if let Some(version) = fields.required("version", report) {
                version.integer("the version", 1..=1, report);
            }
            let list = fields.required("allow", report).and_then(|list| list.list("`allow`", report));
            entries.extend(list.unwrap_or_default().iter().filter_map(|node| entry(node, report)));
            fields.finish(report);
        }
        if report.errors() > before {
            report.checkpoint()?;
        }
        Ok(Accepted { entries })
    }

    /// Takes out what is accepted on a day. Gives back what is left, with findings about the entries
    /// themselves, and how many findings were taken out.
    pub fn apply(&self, findings: Vec<Finding>, estate: &Estate, today: Date) -> (Vec<Finding>, usize) {
        let mut used = vec![false; self.entries.len()];
        let (mut left, mut accepted) = (Vec::new(), 0);
        for mut finding in findings {
            let had = finding.stacks.len();
            let mut whole = false;
            for (entry, used) in self.entries.iter().zip(&mut used) {
                let resource = entry.resource.as_deref().is_none_or(|pattern| {
                    finding.resource.as_deref().is_some_and(|resource| matches(pattern, resource))
                });
                if entry.code != finding.diagnostic.code.name || !resource {
                    continue;
                }
                let Some(pattern) = entry.stack.as_deref() else {
                    *used = true;
                    whole |= entry.expires >= today;
                    continue;
                };
                let of_entry = |id: &crate::check::model::StackId| matches(pattern, &estate.stack(*id).name);
                *used |= finding.stacks.iter().any(of_entry);
                if entry.expires >= today {
                    finding.stacks.retain(|id| !of_entry(id));
                }
            }
            if whole || (had > 0 && finding.stacks.is_empty()) {
                accepted += 1;
            } else {
                left.push(finding);
            }
        }
        for (entry, used) in self.entries.iter().zip(used) {
            left.extend(entry.own(used, today));
        }
        (left, accepted)
    }
}

impl Entry {
    fn own(&self, used: bool, today: Date) -> Option<Finding> {
        if self.expires < today {
            return Some(
                Finding::new(
                    &codes::EXPIRED_ACCEPTANCE,
                    format!("{} is not accepted any more since {}", quote(&self.code), self.expires),
                    self.span,
                    format!("{} answers for it", quote(&self.owner)),
                )
                .help("mend what it accepts, or let its owner decide anew and move the day"),
            );
        }
        (!used).then(|| {
            Finding::new(
                &codes::NEEDLESS_ACCEPTANCE,
                format!("nothing is found that this entry for {} accepts", quote(&self.code)),
                self.span,
                "",
            )
            .help("take the entry out")
        })
    }
}

fn entry(node: &Node, report: &mut Report) -> Option<Entry> {
    let mut fields = Fields::open(node, "an accepted finding", report)?;
    let mut text = |fields: &mut Fields<'_>, key: &'static str| {
        fields.required(key, report).and_then(|node| {
            let found = node.text(key, report)?;
            Some((found.to_owned(), node.span))
        })
    };
    let (code, owner) = (text(&mut fields, "code"), text(&mut fields, "owner"));
    let (reason, expires) = (text(&mut fields, "reason"), text(&mut fields, "expires"));
    let pattern = |node: Option<&Node>, report: &mut Report| {
        node.and_then(|node| node.text("a pattern", report)).map(str::to_owned)
    };
    let resource = pattern(fields.optional("resource"), report);
    let stack = pattern(fields.optional("stack"), report);
    let span = fields.span().beginning();
    fields.finish(report);
    let (code, code_span) = code?;
    if codes::find(&code).is_none() {
        let all = codes::all();
        let help = match closest(&code, all.iter().map(|code| code.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`tenantry explain` lists all codes".to_owned(),
        };
        report.push(
            Diagnostic::error(&codes::UNKNOWN_CODE, format!("there is no code {}", quote(&code)))
                .at(code_span, "")
                .help(help),
        );
    }
    let (expires, expires_span) = expires?;
    let expires: Date = match expires.parse() {
        Ok(date) => date,
        Err(error) => {
            report.push(
                Diagnostic::error(&codes::WRONG_TYPE, format!("the day {} {error}", quote(&expires)))
                    .at(expires_span, "")
                    .help("write the last day on which it is accepted"),
            );
            return None;
        }
    };
    let ((owner, _), (reason, reason_span)) = (owner?, reason?);
    if reason.trim().is_empty() {
        report.push(
            Diagnostic::error(&codes::WRONG_TYPE, "a reason has words in it, and this has none")
                .at(reason_span, "")
                .help("say why it is accepted"),
        );
    }
    Some(Entry { code, resource, stack, owner, expires, span })
}

/// Whether a name matches a pattern in which `*` stands for anything.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut open) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match open.find(part) {
            Some(at) => open = &open[at + part.len()..],
            None => return false,
        }
    }
    open.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, is) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("*", "", true),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }
}
