//! What AWS has granted beyond its defaults: files in the form that `aws service-quotas list-service-quotas` prints.
//!
//! Each entry says by the ARN of its quota in which account and Region it holds; without one it holds everywhere.
//! Limits that are not in the table of `aws`, and what else the files say, are left alone.

use std::collections::BTreeMap;

use crate::aws::{Quota, quotas};
use crate::check::model::Stack;
use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::source::{FileId, SourceMap};
use crate::yaml::{Node, Value, read_json};

/// Granted figures, by the quota's id, the account and the Region; these are empty where a file does not say them.
#[derive(Debug, Default)]
pub struct Granted {
    values: BTreeMap<(&'static str, String, String), u64>,
}

impl Granted {
    /// Adds what a file says; of two figures for the same, the later file's holds.
    ///
    /// # Errors
    /// If it is not of that form.
    pub fn read(&mut self, file: FileId, sources: &SourceMap, report: &mut Report) -> Result<(), Reported> {
        let tree = read_json(file, sources, report)?;
        let Some(Value::List(items)) = tree.get("Quotas").map(|list| &list.value) else {
            let message = "a file of quotas has a list `Quotas`, and this has none";
            return Err(report.error(
                Diagnostic::error(&codes::WRONG_TYPE, message)
                    .at(tree.span.beginning(), "")
                    .help("write the file with `aws service-quotas list-service-quotas --service-code vpc --output json`"),
            ));
        };
        for item in items {
            let text = |key: &str| item.get(key).and_then(Node::as_text);
            let (Some(service), Some(code)) = (text("ServiceCode"), text("QuotaCode")) else { continue };
            let Some(value) = item.get("Value").and_then(whole) else { continue };
            let arn: Vec<&str> = text("QuotaArn").unwrap_or_default().split(':').collect();
            let part = |at: usize| arn.get(at).map_or(String::new(), |part| (*part).to_owned());
            let known = quotas()
                .values()
                .filter(|quota| quota.service == service && quota.quota_code.as_deref() == Some(code));
            for quota in known {
                self.values.insert((&quota.id, part(4), part(3)), value);
            }
        }
        Ok(())
    }

    /// What a stack's account has of a quota in its Region: what a file says, where more about where it holds
    /// wins, else AWS's default.
    pub(super) fn of(&self, quota: &'static Quota, stack: &Stack) -> Option<u64> {
        let account = stack.account.as_deref().unwrap_or_default();
        let region = stack.region.as_deref().unwrap_or_default();
        let places = [(account, region), (account, ""), ("", region), ("", "")];
        let granted = places.into_iter().find_map(|(account, region)| {
            self.values.get(&(quota.id.as_str(), account.to_owned(), region.to_owned())).copied()
        });
        granted.or_else(|| quota.default_in(region))
    }
}

/// AWS prints whole numbers with a fraction of nothing.
fn whole(node: &Node) -> Option<u64> {
    match node.value {
        Value::Integer(value) => u64::try_from(value).ok(),
        Value::Number(value) if (0.0..1e15).contains(&value) => format!("{value:.0}").parse().ok(),
        _ => None,
    }
}
