//! From inputs to a plan and its output tree, for every command that shows or writes one.

use std::collections::BTreeMap;

use crate::cli::inputs::Inputs;
use crate::diagnostics::{Diagnostic, Report, Reported, codes, count};
use crate::identity::{Date, Model, RegionName};
use crate::limits::refuse;
use crate::plan::{CellCount, Crowded, Plan, plan_as_of, plan_measured};
use crate::synth::{Synthesis, synth};

/// Plans a catalog and prints the plan, whether it keeps within AWS's limits or not.
///
/// What a tenant needs of them is known only once its stacks are written. So newcomers are given the
/// first homes that may host them, and where that turns out to be too tight, all is planned once more
/// with what was counted. Whoever had a home before keeps it either way.
pub(super) fn compile<'i>(
    inputs: &'i Inputs,
    as_of: Option<Date>,
    report: &mut Report,
) -> Result<(Plan<'i>, Synthesis), Reported> {
    let Inputs { catalog, library, lock, .. } = inputs;
    let plan = plan_as_of(as_of, catalog, library, lock, report)?;
    let synthesis = synth(&plan, report)?;
    let newcomers = plan.lock.tenants.keys().any(|id| !lock.tenants.contains_key(id));
    let Some(measures) = synthesis.measures.as_ref().filter(|_| newcomers && synthesis.outlook.is_tight())
    else {
        return Ok((plan, synthesis));
    };
    // What the first plan has told is told once: a report leaves out what it has twice.
    let plan = plan_measured(as_of, Some(measures), catalog, library, lock, report)?;
    let synthesis = synth(&plan, report)?;
    Ok((plan, synthesis))
}

/// The same, for what is to be deployed: exceeding a limit is an error.
pub(super) fn compile_within_limits<'i>(
    inputs: &'i Inputs,
    as_of: Option<Date>,
    report: &mut Report,
) -> Result<(Plan<'i>, Synthesis), Reported> {
    let (plan, synthesis) = compile(inputs, as_of, report)?;
    refuse(&synthesis.outlook, &inputs.catalog, report);
    if synthesis.outlook.exceeded().next().is_some() {
        tell_crowded(&plan, report);
    }
    report.checkpoint()?;
    Ok((plan, synthesis))
}

/// How many cells there are, and how few there could be under all limits.
pub(super) fn cell_counts(
    inputs: &Inputs,
    as_of: Option<Date>,
    plan: &Plan<'_>,
    synthesis: &Synthesis,
) -> Vec<CellCount> {
    let Some(measures) = synthesis.measures.as_ref().filter(|_| !plan.cells.is_empty()) else {
        return Vec::new();
    };
    if plan.is_measured {
        return plan.cell_counts.clone();
    }
    // Everybody has a home by now: this plan only counts.
    let mut told = Report::default();
    plan_measured(as_of, Some(measures), &inputs.catalog, &inputs.library, &plan.lock, &mut told)
        .map_or_else(|_| plan.cell_counts.clone(), |plan| plan.cell_counts)
}

/// Says where no account is left, once for each model and Region.
fn tell_crowded(plan: &Plan<'_>, report: &mut Report) {
    let mut first: BTreeMap<(Model, &RegionName), (&Crowded, usize)> = BTreeMap::new();
    // With one account, the limit that it exceeds says it all.
    for crowded in plan.crowded.iter().filter(|crowded| crowded.accounts.len() > 1) {
        let Some(tenant) = plan.catalog.tenant(&crowded.tenant.tenant) else { continue };
        let Some(tier) = plan.catalog.tier_of(tenant) else { continue };
        first.entry((tier.model.value, &tenant.region.value)).or_insert((crowded, 0)).1 += 1;
    }
    for ((model, region), (crowded, number)) in first {
        let Some(tenant) = plan.catalog.tenant(&crowded.tenant.tenant) else { continue };
        let mut error = Diagnostic::error(
            &codes::NO_ACCOUNT_LEFT,
            format!("no account that hosts `{model}` has room for tenant `{}` in {region}", crowded.tenant),
        )
        .at(tenant.id.span, "");
        for full in &crowded.accounts {
            error = error.note(format!(
                "account {} has {} of {} `{}` in use, and the tenant needs {}",
                full.account, full.used, full.limit, full.quota, full.wanted
            ));
        }
        if number > 1 {
            error = error.note(format!("the same holds for {}", count(number - 1, "more tenant")));
        }
        report.push(error.help(format!(
            "add an account that hosts `{model}` under `accounts`, or have one of these raised (`tenantry limits --increases`)"
        )));
    }
}
