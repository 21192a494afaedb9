//! `tenantry adopt`: takes networks that exist already into the lock.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Format, Outcome, Session, inputs, print};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, count, quote};
use crate::identity::{SubnetGroupName, TenantId, VpcId};
use crate::plan::adopt::{Found, Wishes, adopt, read};
use crate::source::read_text;
use crate::synth::tree::{Beside, replace_lock};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What `aws ec2 describe-vpcs`, `describe-subnets` or `describe-vpc-peering-connections` prints, or a CSV list with the columns cidr and reason
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// A VPC that is the home of a tenant; all others are reserved
    #[arg(long = "tenant", value_name = "TENANT=VPC")]
    tenants: Vec<String>,
    /// Subnets that belong to a subnet group of the tenant's blueprint
    #[arg(long = "subnet-group", value_name = "GROUP=SUBNET,...")]
    subnet_groups: Vec<String>,
    /// Tag that names the subnet group of subnets that are not listed
    #[arg(long, value_name = "KEY", default_value = "subnet-group")]
    group_tag: String,
    /// Catalog file, or directory of catalog files [default: catalog.yaml, else catalog/]
    #[arg(long, value_name = "PATH")]
    catalog: Option<PathBuf>,
    #[command(flatten)]
    options: inputs::Options,
    /// Show what would be recorded, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let wishes = wishes(arguments, &mut session.report);
    let inputs = inputs::read(arguments.catalog.as_deref(), arguments.options.blueprints.as_deref(), session);
    let Session { sources, report, .. } = session;
    let mut found = Found::default();
    for path in &arguments.files {
        if let Ok(file) = read_text(path, sources, report) {
            read(file, sources, &mut found, report);
        }
    }
    let inputs = inputs?;
    report.checkpoint()?;
    let adoption = adopt(&found, &wishes, &inputs.catalog, &inputs.library, &inputs.lock, report)?;
    let text = adoption.lock.to_text();
    let before = inputs.lock.to_text();
    let old: std::collections::BTreeSet<&str> = before.lines().collect();
    let new: std::collections::BTreeSet<&str> = text.lines().collect();
    let added: Vec<&str> = text.lines().filter(|line| !old.contains(line)).collect();
    let removed: Vec<&str> = before.lines().filter(|line| !new.contains(line)).collect();
    let changed = !added.is_empty() || !removed.is_empty();
    if changed && !arguments.dry_run {
        replace_lock(&Beside { path: &inputs.lock_path, bytes: text.as_bytes() }, report)?;
    }
    let (vpcs, subnets, listed) = found.counts();
    match session.format {
        Format::Human => {
            let mut shown = String::new();
            removed.iter().for_each(|line| shown.push_str(&format!("- {line}\n")));
            added.iter().for_each(|line| shown.push_str(&format!("+ {line}\n")));
            let known = match adoption.known {
                0 => String::new(),
                known => format!("; {} known already", count(known, "block")),
            };
            let end = match (changed, arguments.dry_run) {
                (false, _) => "; the lock stays as it is",
                (true, true) => "; nothing was written",
                (true, false) => "",
            };
            shown.push_str(&format!(
                "found {}, {} and {}{known}{end}\n",
                count(vpcs, "VPC"),
                count(subnets, "subnet"),
                count(listed, "listed block")
            ));
            print::result(&shown, report)?;
        }
        Format::Json => {
            let document = json!({
                "vpcs": vpcs, "subnets": subnets, "listed": listed, "known": adoption.known,
                "added": added, "removed": removed, "written": changed && !arguments.dry_run,
            });
            print::json_result(&document, report)?;
        }
    }
    Ok(Outcome::Fine)
}

/// What the options say about VPCs and subnets.
fn wishes(arguments: &Arguments, report: &mut Report) -> Wishes {
    let mut wishes = Wishes {
        group_tag: arguments.group_tag.clone(),
        as_of: arguments.options.as_of,
        ..Wishes::default()
    };
    for text in &arguments.tenants {
        let pair =
            text.split_once('=').map(|(tenant, vpc)| (tenant.parse::<TenantId>(), vpc.parse::<VpcId>()));
        match pair {
            Some((Ok(tenant), Ok(vpc))) => wishes.homes.push((tenant, vpc)),
            _ => report.push(misused("--tenant", text, "a tenant's id, `=` and the id of its VPC")),
        }
    }
    for text in &arguments.subnet_groups {
        let pair = text.split_once('=').map(|(group, subnets)| (group.parse::<SubnetGroupName>(), subnets));
        let Some((Ok(group), subnets)) = pair else {
            report.push(misused(
                "--subnet-group",
                text,
                "a subnet group, `=` and ids of subnets with commas between",
            ));
            continue;
        };
        for subnet in subnets.split(',').map(str::trim).filter(|subnet| !subnet.is_empty()) {
            let other = wishes.groups.insert(subnet.to_owned(), group.clone());
            if let Some(other) = other.filter(|other| *other != group) {
                report.push(
                    Diagnostic::error(
                        &codes::HOME_DOES_NOT_FIT,
                        format!("the subnet {} cannot belong to `{other}` and to `{group}`", quote(subnet)),
                    )
                    .help("name every subnet once"),
                );
            }
        }
    }
    wishes
}

fn misused(option: &str, text: &str, rule: &str) -> Diagnostic {
    Diagnostic::error(&codes::ADOPTION_INPUT, format!("{} is nothing that `{option}` takes", quote(text)))
        .help(format!("write {rule}"))
}
