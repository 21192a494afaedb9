//! What AWS has granted: entries of `quotas`, and files in the form that
//! `aws service-quotas list-service-quotas` prints.
//!
//! Of a file, the figures of limits that tenantry knows are taken, by the codes of the service and the
//! quota; the rest of it is left alone. What the catalog says itself wins over what a file says.

use crate::aws::{quota, quotas};
use crate::catalog::merge::{CatalogFiles, read_tree};
use crate::catalog::tenant::text;
use crate::catalog::tenant_lists::resolve;
use crate::catalog::values::{name, name_or, refuse_duplicates, suggestion};
use crate::catalog::{Catalog, QuotaFile, QuotaOverride};
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::source::{SourceMap, read_text};
use crate::yaml::{Fields, Located, Node, Value};

/// What the catalog says itself.
pub(super) fn overrides(node: &Node, report: &mut Report) -> Vec<QuotaOverride> {
    let items = node.list("`quotas`", report).unwrap_or_default();
    let overrides: Vec<_> = items.iter().filter_map(|item| quota_override(item, report)).collect();
    let same: Vec<_> = overrides
        .iter()
        .map(|one: &QuotaOverride| {
            let account = one.account.as_ref().map(|account| account.value.clone());
            let region = one.region.as_ref().map(|region| region.value.clone());
            Located::new((one.quota.value.id.as_str(), account, region), one.quota.span)
        })
        .collect();
    refuse_duplicates(&same, "the quota", |(id, _, _)| (*id).to_owned(), report);
    overrides
}

fn quota_override(node: &Node, report: &mut Report) -> Option<QuotaOverride> {
    let mut fields = Fields::open(node, "a quota", report)?;
    let quota = fields.required("quota", report).and_then(|node| {
        let text = node.text("`quota`", report)?;
        let known = quota(text);
        if known.is_none() {
            let otherwise = "write the id of a limit, such as `vpcs-per-region`";
            report.push(
                Diagnostic::error(&codes::UNKNOWN_QUOTA, format!("there is no quota {}", quote(text)))
                    .at(node.span, "")
                    .help(suggestion(text, quotas().keys().map(String::as_str), otherwise)),
            );
        }
        known.map(|quota| Located::new(quota, node.span))
    });
    let value = fields.required("value", report).and_then(|node| {
        let value = node.integer("the value of a quota", 1..=1_000_000_000_000, report)?;
        Some(Located::new(u64::try_from(value).ok()?, node.span))
    });
    let account = fields.optional("account").and_then(|node| name(node, "the account of a quota", report));
    let region = fields
        .optional("region")
        .and_then(|node| name_or(&codes::UNKNOWN_REGION, node, "the region of a quota", report));
    fields.finish(report);
    Some(QuotaOverride { quota: quota?, value: value?, account, region, span: node.span })
}

/// The files that the catalog names.
pub(super) fn files(node: &Node, report: &mut Report) -> Vec<QuotaFile> {
    let items = node.list("`quota_files`", report).unwrap_or_default();
    items.iter().filter_map(|item| quota_file(item, report)).collect()
}

fn quota_file(node: &Node, report: &mut Report) -> Option<QuotaFile> {
    let mut fields = Fields::open(node, "a file of quotas", report)?;
    let file = fields.required("file", report).and_then(|node| text(node, "the name of a file", report));
    let account = fields
        .required("account", report)
        .and_then(|node| name(node, "the account of a file of quotas", report));
    let region = fields
        .required("region", report)
        .and_then(|node| name_or(&codes::UNKNOWN_REGION, node, "the region of a file of quotas", report));
    fields.finish(report);
    Some(QuotaFile { file: file?, account: account?, region: region? })
}

/// Reads the files, and adds what they say to the catalog's quotas.
pub(super) fn read_files(
    catalog: &mut Catalog,
    files: &CatalogFiles,
    sources: &mut SourceMap,
    report: &mut Report,
) {
    let mut found = Vec::new();
    for named in &catalog.quota_files {
        let Some(path) = resolve(&named.file.value, named.file.span, files, report) else { continue };
        let read;
        let tree = match files.lists.get(&path) {
            Some(tree) => tree,
            None => {
                let path = files.directory.join(path);
                if !path.is_file() {
                    let message = format!("there is no file {}", quote(&path.display().to_string()));
                    report.push(
                        Diagnostic::error(&codes::UNREADABLE_FILE, message)
                            .at(named.file.span, "")
                            .help("paths are relative to the file that names them"),
                    );
                    continue;
                }
                let Ok(file) = read_text(&path, sources, report) else { continue };
                let Ok(tree) = read_tree(file, &path, sources, report) else { continue };
                read = tree;
                &read
            }
        };
        found.extend(listed(tree, named, report));
    }
    // After those of the catalog: of two that say as much about where, the first wins.
    catalog.quotas.extend(found);
}

/// The quotas of one file that tenantry knows.
fn listed(tree: &Node, named: &QuotaFile, report: &mut Report) -> Vec<QuotaOverride> {
    let Some(Value::List(items)) = tree.get("Quotas").map(|list| &list.value) else {
        let message = "a file of quotas has a list `Quotas`, and this has none";
        report.push(
            Diagnostic::error(&codes::WRONG_TYPE, message)
                .at(tree.span.beginning(), "")
                .also(named.file.span, "named here")
                .help("write the file with `aws service-quotas list-service-quotas --service-code vpc --output json`"),
        );
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        let code = |key: &str| item.get(key).and_then(Node::as_text);
        let (Some(service), Some(code)) = (code("ServiceCode"), code("QuotaCode")) else { continue };
        let Some(value) = item.get("Value").and_then(|node| Some(Located::new(whole(node)?, node.span)))
        else {
            continue;
        };
        let known = quotas()
            .values()
            .filter(|quota| quota.service == service && quota.quota_code.as_deref() == Some(code));
        found.extend(known.map(|quota| QuotaOverride {
            quota: Located::new(quota, item.span),
            value: value.clone(),
            account: Some(named.account.clone()),
            region: Some(named.region.clone()),
            span: item.span,
        }));
    }
    found
}

/// AWS prints whole numbers with a fraction of nothing.
fn whole(node: &Node) -> Option<u64> {
    match node.value {
        Value::Integer(value) => u64::try_from(value).ok(),
        Value::Number(value) if (0.0..1e15).contains(&value) => format!("{value:.0}").parse().ok(),
        _ => None,
    }
}
