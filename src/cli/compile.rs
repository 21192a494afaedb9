//! From inputs to a plan and its output tree, for every command that shows or writes one.

use crate::cli::inputs::Inputs;
use crate::diagnostics::{Report, Reported};
use crate::identity::Date;
use crate::limits::refuse;
use crate::plan::{Plan, plan_as_of};
use crate::synth::{Synthesis, synth};

/// Plans a catalog and prints the plan, whether it keeps within AWS's limits or not.
pub(super) fn compile<'i>(
    inputs: &'i Inputs,
    as_of: Option<Date>,
    report: &mut Report,
) -> Result<(Plan<'i>, Synthesis), Reported> {
    let plan = plan_as_of(as_of, &inputs.catalog, &inputs.library, &inputs.lock, report)?;
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
    report.checkpoint()?;
    Ok((plan, synthesis))
}
