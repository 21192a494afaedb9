//! Prints a plan as an output tree.
//!
//! Goes in: a [`Plan`]. Comes out: a [`NewTree`] with every file's bytes; [`tree`] replaces the old
//! tree by it at once. Nothing is decided here: what a template says follows from its blueprint and
//! the shape, and what a deployment file says from the tenant's plan.
//!
//! In the order of the work: `scope` (the names that templates know), `generate` (rules as
//! resources), `template` (one CloudFormation template a shape), `bind` (one deployment file a
//! stack), `waves` (their order), `manifest`, `plan_file`, `organization` and `runbook` (one file each).

mod attached;
mod bind;
mod generate;
mod manifest;
mod names;
mod order;
mod organization;
mod plan_file;
mod records;
mod references;
mod resource;
mod scope;
mod tag_coverage;
mod tags;
mod template;
pub mod tree;
mod variant;
mod waves;

pub use manifest::schema as manifest_schema;

use rayon::prelude::*;

use crate::cloudformation::Json;
use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::limits::{Measures, Outlook, increases, measure, outlook, script};
use crate::plan::Plan;
use crate::synth::bind::BoundStack;
use crate::synth::tag_coverage::tag_coverage;
use crate::synth::tree::{NewTree, TreePath};

/// What a run has made: the tree, and the figures that the user is told.
#[derive(Debug)]
pub struct Synthesis {
    pub tree: NewTree,
    pub templates: usize,
    pub stacks: usize,
    /// What the stacks use of AWS's limits.
    pub outlook: Outlook,
    /// What each tenant needs of them, where other homes may help or cells are shared.
    pub measures: Option<Measures>,
}

/// Prints a plan.
///
/// # Errors
/// What blueprints' templates do wrong for a shape that is in use, and settings that they need.
pub fn synth(plan: &Plan<'_>, report: &mut Report) -> Result<Synthesis, Reported> {
    let templates = template::compile_all(plan, report)?;
    let stacks = bind::bind_all(plan, &templates, report)?;
    let mut tree = NewTree::default();
    let mut files: Vec<(String, Vec<u8>)> = templates
        .list
        .iter()
        .map(|template| (template.path.clone(), template.text.clone().into_bytes()))
        .collect();
    let records = records::files(plan, report);
    report.checkpoint()?;
    const TAG_POLICY: &str = "organization/tag-policy.json";
    const COST_ALLOCATION_TAGS: &str = "runbook/cost-allocation-tags.json";
    const COST_ALLOCATION_CALLS: &str = "runbook/cost-allocation-tags.sh";
    const QUOTA_INCREASES: &str = "runbook/quota-increases.json";
    const QUOTA_CALLS: &str = "runbook/quota-increases.sh";
    const PLAN: &str = "plan.json";
    let uses: Vec<_> = stacks.iter().map(BoundStack::usage).collect();
    let outlook = outlook(plan.catalog, &uses);
    let measures = (outlook.is_tight() || !plan.cells.is_empty()).then(|| measure(&uses));
    let mut others = vec![TAG_POLICY, PLAN, COST_ALLOCATION_TAGS, COST_ALLOCATION_CALLS];
    let requests = increases(&outlook);
    if requests.is_some() {
        others.extend([QUOTA_INCREASES, QUOTA_CALLS]);
    }
    others.extend(records.iter().map(|(path, _)| path.as_str()));
    let kinds =
        templates.list.iter().flat_map(|template| template.kinds.iter().map(String::as_str)).collect();
    // The two files that speak of every stack are the longest, and are printed beside the others.
    let print = |json: Json| json.to_pretty().into_bytes();
    let ((decisions, manifest), deployments) = rayon::join(
        || {
            rayon::join(
                || print(plan_file::plan_file(plan, &stacks, tag_coverage(&kinds))),
                || print(manifest::manifest(plan, &stacks, &others)),
            )
        },
        || -> Vec<(String, Vec<u8>)> {
            stacks.par_iter().map(|stack| (stack.deployment.clone(), print(stack.file()))).collect()
        },
    );
    files.extend(deployments);
    files.extend(records);
    files.push((TAG_POLICY.to_owned(), print(organization::tag_policy(plan.catalog))));
    files.push((
        COST_ALLOCATION_CALLS.to_owned(),
        organization::cost_allocation_calls(plan.catalog).into_bytes(),
    ));
    files.push((COST_ALLOCATION_TAGS.to_owned(), print(organization::cost_allocation_tags(plan))));
    if let Some(requests) = requests {
        files.push((QUOTA_INCREASES.to_owned(), print(requests)));
        files.push((QUOTA_CALLS.to_owned(), script(&outlook).into_bytes()));
    }
    files.push((PLAN.to_owned(), decisions));
    files.push(("manifest.json".to_owned(), manifest));
    for (path, bytes) in files {
        let added = path.parse::<TreePath>().map_err(|error| error.to_string()).and_then(|path| {
            tree.add(path, bytes).map_err(|collision| {
                format!("{} and {} stand in each other's way", collision.path, collision.with)
            })
        });
        if let Err(problem) = added {
            return Err(report.error(
                Diagnostic::error(
                    &codes::INTERNAL_ERROR,
                    format!("the output file `{path}` cannot be written: {problem}"),
                )
                .help("please report this with the catalog that shows it"),
            ));
        }
    }
    Ok(Synthesis { tree, templates: templates.list.len(), stacks: stacks.len(), outlook, measures })
}
