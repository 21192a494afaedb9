//! `tenantry limits`: the use of every limit of AWS, and the first that breaks.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Format, Outcome, Session, compile, inputs, print};
use crate::diagnostics::Reported;
use crate::limits::{Breaks, Outlook, Reach, script};
use crate::plan::CellCount;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Catalog file, or directory of catalog files [default: catalog.yaml, else catalog/]
    #[arg(value_name = "CATALOG")]
    catalog: Option<PathBuf>,
    /// Show also what is not half used and does not break as tenants come
    #[arg(long)]
    all: bool,
    /// Print a shell script with the calls that ask AWS for what is needed now or soon
    #[arg(long)]
    increases: bool,
    #[command(flatten)]
    options: inputs::Options,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let inputs =
        inputs::read(arguments.catalog.as_deref(), arguments.options.blueprints.as_deref(), session)?;
    let (plan, synthesis) = compile::compile(&inputs, arguments.options.as_of, &mut session.report)?;
    let outlook = &synthesis.outlook;
    let counts = compile::cell_counts(&inputs, arguments.options.as_of, &plan, &synthesis);
    let text = match session.format {
        _ if arguments.increases => script(outlook),
        Format::Human => format!("{}\n{}{}", first(outlook), table(outlook, arguments.all), cells(&counts)),
        Format::Json => {
            let list: Vec<_> = outlook.reaches.iter().map(document).collect();
            let exceeded = outlook.exceeded().count();
            let cells: Vec<_> = counts.iter().map(cells_document).collect();
            let document = json!({ "version": 1, "exceeded": exceeded, "limits": list, "cells": cells });
            format!("{}\n", serde_json::to_string_pretty(&document).unwrap_or_default())
        }
    };
    print::result(&text, &mut session.report)?;
    Ok(if outlook.exceeded().next().is_some() { Outcome::Found } else { Outcome::Fine })
}

/// What breaks first, in a sentence.
fn first(outlook: &Outlook) -> String {
    let exceeded: Vec<_> = outlook.exceeded().collect();
    let growing = outlook.reaches.iter().find(|reach| matches!(reach.breaks, Breaks::At(_)));
    match (exceeded.as_slice(), growing) {
        ([], None) => "No limit is exceeded, and none breaks as tenants come.\n".to_owned(),
        ([], Some(reach)) => format!(
            "No limit is exceeded. The first to break is `{}` in {}, at its {} tenant.\n",
            reach.usage.quota.id,
            reach.place(),
            breaks(reach)
        ),
        ([one], _) => format!("`{}` is exceeded in {}.\n", one.usage.quota.id, one.place()),
        (several, _) => format!("{} limits are exceeded.\n", several.len()),
    }
}

fn table(outlook: &Outlook, all: bool) -> String {
    let header =
        ["LIMIT", "ACCOUNT", "REGION", "FULLEST", "USED", "LIMIT", "MAXIMUM", "LEFT", "BREAKS AT", "REMEDY"];
    let number = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
    let matters = |reach: &&Reach| {
        all || reach.breaks != Breaks::Never
            || reach.limit.is_some_and(|limit| reach.usage.used * 2 >= limit && limit > 1)
    };
    let rows: Vec<_> = outlook
        .reaches
        .iter()
        .filter(matters)
        .map(|reach| {
            let usage = &reach.usage;
            vec![
                usage.quota.id.clone(),
                usage.account.to_string(),
                usage.region.as_ref().map_or("all".to_owned(), ToString::to_string),
                reach.holder().unwrap_or_default().replace('`', ""),
                format!("{}{}", if usage.at_least { ">= " } else { "" }, usage.used),
                format!("{}{}", number(reach.limit), if reach.granted { " granted" } else { "" }),
                number(reach.maximum),
                number(reach.left()),
                breaks(reach),
                reach.remedy().unwrap_or_default().replace('`', ""),
            ]
        })
        .collect();
    let hidden = outlook.reaches.len() - rows.len();
    let mut text = print::table(&header, rows);
    if hidden > 0 {
        text += &format!(
            "\n{} not half used and not growing with the tenants; `--all` shows them.\n",
            match hidden {
                1 => "1 more is".to_owned(),
                _ => format!("{hidden} more are"),
            }
        );
    }
    text
}

/// How many cells tenants share, beside how few there could be; nothing where they share none.
fn cells(counts: &[CellCount]) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let header = ["CELLS OF", "ACCOUNT", "REGION", "BLUEPRINT", "CELLS", "AT LEAST"];
    let rows = counts.iter().map(|count| {
        vec![
            count.model.to_string(),
            count.account.to_string(),
            count.region.to_string(),
            count.blueprint.clone(),
            count.cells.to_string(),
            count.at_least.to_string(),
        ]
    });
    format!("\n{}", print::table(&header, rows))
}

fn cells_document(count: &CellCount) -> serde_json::Value {
    json!({
        "model": count.model.as_str(),
        "account": count.account.to_string(),
        "region": count.region.as_str(),
        "blueprint": count.blueprint,
        "cells": count.cells,
        "at_least": count.at_least,
    })
}

/// `exceeded by acme`, `121st`, or nothing.
fn breaks(reach: &Reach) -> String {
    match &reach.breaks {
        Breaks::Already(Some(tenant)) => format!("exceeded by {tenant}"),
        Breaks::Already(None) => "exceeded".to_owned(),
        Breaks::At(tenants) => ordinal(*tenants),
        Breaks::Never => "-".to_owned(),
    }
}

fn ordinal(number: u64) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn document(reach: &Reach) -> serde_json::Value {
    let usage = &reach.usage;
    let quota = usage.quota;
    json!({
        "quota": quota.id,
        "name": quota.name,
        "service_code": quota.service,
        "quota_code": quota.quota_code,
        "account": usage.account.to_string(),
        "region": usage.region.as_ref().map(ToString::to_string),
        "where": reach.place(),
        "used": usage.used,
        "at_least": usage.at_least,
        "tenants": usage.tenants,
        "limit": reach.limit,
        "granted": reach.granted,
        "maximum": reach.maximum,
        "left": reach.left(),
        "exceeded": reach.is_exceeded(),
        "over": usage.over,
        "exceeded_by": match &reach.breaks {
            Breaks::Already(tenant) => tenant.as_ref().map(ToString::to_string),
            _ => None,
        },
        "breaks_at_tenant": match &reach.breaks {
            Breaks::At(tenants) => Some(tenants),
            _ => None,
        },
        "remedy": reach.remedy(),
        "source": quota.source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_one_says_them() {
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 13, 21, 112, 122].map(ordinal).join(" "),
            "1st 2nd 3rd 4th 11th 12th 13th 21st 112th 122nd"
        );
    }
}
