//! A second opinion on an output tree, or on any directory of CloudFormation templates.
//!
//! Goes in: the bytes of the directory, and nothing else. Come out: [`Finding`]s. This room shares no
//! code with `plan` and `synth`, so that a mistake of theirs cannot hide itself here. `model` understands
//! the files as CloudFormation would; each judge beside it looks at one subject. What nobody can know
//! without AWS is unknown, and unknown is never taken for fine.

mod accepted;
mod agreement;
mod facts;
mod finding;
pub mod model;
pub mod network;
mod parameters;
pub mod policies;
mod posture;
mod properties;
mod structure;
mod tags;
#[cfg(test)]
mod tests;

pub use accepted::Accepted;
pub use finding::{Finding, Findings};

use crate::check::model::Estate;
use crate::source::SourceMap;

/// Judges everything that was read, and tells all that is wrong with it, in the order of the places.
pub fn check(estate: &Estate, sources: &SourceMap) -> Vec<Finding> {
    check_with(estate, sources, &network::Isolation::of(estate))
}

/// The same, where the networks were judged already.
pub fn check_with(estate: &Estate, sources: &SourceMap, isolation: &network::Isolation) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.extend(estate.problems.iter().cloned());
    findings.extend(structure::judge(estate));
    findings.extend(properties::judge(estate, sources));
    findings.extend(parameters::judge(estate, sources));
    findings.extend(agreement::judge(estate, sources));
    findings.extend(isolation.findings(estate));
    findings.extend(policies::judge(estate).findings);
    findings.extend(tags::judge(estate, sources));
    findings.extend(posture::judge(estate));
    findings.into_list()
}
