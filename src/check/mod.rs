//! A second opinion on an output tree, or on any directory of CloudFormation templates.
//!
//! Goes in: the bytes of the directory, and nothing else. Come out: [`Finding`]s. This room shares no
//! code with `plan` and `synth`, so that a mistake of theirs cannot hide itself here. `model` understands
//! the files as CloudFormation would; each judge beside it looks at one subject. What nobody can know
//! without AWS is unknown, and unknown is never taken for fine.

mod accepted;
mod agreement;
mod certificate;
mod facts;
mod finding;
mod granted;
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
pub use certificate::{certificate, certificate_text, verify};
pub use finding::{Finding, Findings};
pub use granted::Granted;

use crate::check::model::Estate;
use crate::source::SourceMap;

/// Judges everything that was read, and tells all that is wrong with it, in the order of the places.
pub fn check(estate: &Estate, sources: &SourceMap) -> Vec<Finding> {
    check_with(estate, sources, &Judged::of(estate), &Granted::default())
}

/// What is said of isolation: the judgements that the certificate is made of.
pub struct Judged {
    pub isolation: network::Isolation,
    pub permissions: policies::Judgement,
}

impl Judged {
    /// Judges the networks and the permissions of an estate.
    pub fn of(estate: &Estate) -> Self {
        let (isolation, permissions) =
            rayon::join(|| network::Isolation::of(estate), || policies::judge(estate));
        Judged { isolation, permissions }
    }
}

/// How tenants stand to each other, from better to worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Isolated,
    /// It depends on something that the templates do not say.
    Unknown,
    Leaking,
}

impl Standing {
    /// As the certificate says it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Isolated => "isolated",
            Standing::Unknown => "unknown",
            Standing::Leaking => "leaking",
        }
    }
}

/// The same, where isolation was judged already, and with the limits that AWS has granted.
pub fn check_with(estate: &Estate, sources: &SourceMap, judged: &Judged, granted: &Granted) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.extend(estate.problems.iter().cloned());
    findings.extend(structure::judge(estate));
    findings.extend(properties::judge(estate, sources));
    findings.extend(parameters::judge(estate, sources));
    findings.extend(agreement::judge(estate, sources));
    findings.extend(judged.isolation.findings(estate, granted));
    findings.extend(judged.permissions.findings.iter().cloned());
    findings.extend(tags::judge(estate, sources));
    findings.extend(posture::judge(estate));
    findings.into_list()
}
