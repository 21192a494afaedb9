//! `tenantry plan`: shows the decisions without writing.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Format, Outcome, Session, inputs, print};
use crate::diagnostics::Reported;
use crate::identity::Date;
use crate::plan::security::Peer;
use crate::plan::{Plan, plan_as_of};
use crate::synth::synth;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Catalog file, or directory of catalog files [default: catalog.yaml, else catalog/]
    #[arg(value_name = "CATALOG")]
    catalog: Option<PathBuf>,
    /// Directory of blueprints that add to those in the binary or replace them
    #[arg(long, value_name = "DIR")]
    blueprints: Option<PathBuf>,
    /// The day of this run, for waits that are counted in days
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = inputs::date)]
    as_of: Option<Date>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let inputs = inputs::read(arguments.catalog.as_deref(), arguments.blueprints.as_deref(), session)?;
    let report = &mut session.report;
    let plan = plan_as_of(arguments.as_of, &inputs.catalog, &inputs.library, &inputs.lock, report)?;
    // What cannot be printed is no plan: templates are compiled here too.
    let synthesis = synth(&plan, report)?;
    let text = match session.format {
        Format::Json => synthesis
            .tree
            .get("plan.json")
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default(),
        Format::Human => format!("{}\n{}\n{}", tenants(&plan), pools(&plan), rules(&plan)),
    };
    print::result(&text, report)?;
    Ok(Outcome::Fine)
}

fn tenants(plan: &Plan<'_>) -> String {
    let rows = plan.tenants.iter().map(|tenant| {
        vec![
            tenant.tenant.id.value.to_string(),
            tenant.tier.name.to_string(),
            tenant.cell.to_string(),
            tenant.network.cidr.to_string(),
            tenant.network.zones.iter().map(|zone| zone.as_str()).collect::<Vec<_>>().join(" "),
            if tenant.has_stacks() {
                plan.shapes[tenant.shape].stacks.len().to_string()
            } else {
                "0".to_owned()
            },
        ]
    });
    print::table(&["TENANT", "TIER", "CELL", "NETWORK", "ZONES", "STACKS"], rows)
}

fn pools(plan: &Plan<'_>) -> String {
    let rows = plan.pools.iter().map(|pool| {
        vec![
            pool.region.to_string(),
            pool.pool.to_string(),
            pool.usable.to_string(),
            pool.used.to_string(),
            pool.free.to_string(),
            pool.largest.map_or("-".to_owned(), |length| format!("/{length}")),
        ]
    });
    print::table(&["REGION", "POOL", "ADDRESSES", "USED", "FREE", "LARGEST"], rows)
}

/// The rules of every shape, with the reason for each peer.
fn rules(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    for (position, shape) in plan.shapes.iter().enumerate() {
        let tenants: Vec<&str> = plan
            .tenants
            .iter()
            .filter(|tenant| tenant.shape == position)
            .map(|tenant| tenant.tenant.id.value.as_str())
            .collect();
        let (first, more) = tenants.split_at(tenants.len().min(8));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        text.push_str(&format!(
            "rules of {}{more} (blueprint {}):\n",
            first.join(", "),
            shape.blueprint.name
        ));
        let rows = shape.security.rules.iter().map(|rule| {
            let ports = if rule.ports.0 == rule.ports.1 {
                rule.ports.0.to_string()
            } else {
                format!("{}-{}", rule.ports.0, rule.ports.1)
            };
            vec![
                rule.workload.clone(),
                rule.direction.name().to_owned(),
                format!("{} {ports}", rule.protocol.name()),
                peer(&rule.peer),
                rule.reason.clone(),
            ]
        });
        text.push_str(&print::table(&["WORKLOAD", "DIRECTION", "PORTS", "PEER", "WHY"], rows));
        text.push('\n');
    }
    text
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Anywhere => "anywhere".to_owned(),
        Peer::TenantIngress => "tenant's allow-list".to_owned(),
        Peer::SubnetGroup(group) => format!("{group} subnets"),
        Peer::SubnetBlock(group, number) => format!("{group} subnets of block {number}"),
        Peer::Workload(name) => format!("group of {name}"),
        Peer::PrefixList(service) => format!("prefix list of {service}"),
    }
}
