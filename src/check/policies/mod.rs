//! Whether a role that a tenant holds reaches what another tenant has: data, keys, secrets, queues, roles.
//!
//! Each statement that allows is compared with every resource of every other tenant, and with what tenants
//! share. Then with all tenants that could come: a pattern that would match the name of a tenant with a
//! longer id is refused today. Permissions are taken for larger than they may be (`Deny`, boundaries and
//! organization policies are left out; a condition that is not understood does not restrict), so that
//! "isolated" can be trusted and a finding may be stricter than AWS. What cannot be read is "unknown".
//!
//! `glob` decides whether patterns meet, `document` reads policies, `targets` knows ARNs, `services` what actions
//! give away, `caller` who holds a role and what keeps a statement within the caller's own, `held` what a role
//! may do. On these stand the three judges: `reach` (what roles may do), `admission` with `party` (whom
//! policies of resources let in) and `sessions` (roles that are taken for a tenant).

mod admission;
mod caller;
mod document;
mod glob;
mod held;
mod party;
mod reach;
mod services;
mod sessions;
mod targets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::check::Standing;
use crate::check::finding::Finding;
use crate::check::model::{Estate, Resource, ResourceId};
use crate::check::policies::caller::Caller;
use crate::check::policies::document::Statement;
use crate::check::policies::held::Document;
use crate::check::policies::targets::Targets;
use crate::diagnostics::codes;

/// What was judged, and what came out.
#[derive(Debug, Default)]
pub struct Judgement {
    pub findings: Vec<Finding>,
    /// Roles and users of tenants' own stacks.
    pub tenant_roles: usize,
    /// Roles that are taken for one tenant at a time, as stack and logical id.
    pub session_roles: Vec<String>,
    /// Roles of what tenants share, which are trusted: how many tenants' data they see is up to them.
    pub shared_roles: Vec<String>,
    /// Statements that allow something.
    pub statements: usize,
    /// Resources that were compared with.
    pub resources: usize,
    /// Whether everything could be read.
    pub decided: bool,
}

impl Judgement {
    /// The verdict: as bad as the worst finding.
    pub fn standing(&self) -> Standing {
        let worst = self.findings.iter().map(standing_of).max().unwrap_or(Standing::Isolated);
        if self.decided { worst } else { worst.max(Standing::Unknown) }
    }
}

/// What a finding of this judge means for isolation.
///
/// A pattern without an end reaches nobody until a tenant with such an id comes, and a session without its tag
/// reaches what the one who takes it makes of that: neither is a leak that can be shown, nor isolation.
pub fn standing_of(finding: &Finding) -> Standing {
    let shown = [
        &codes::POLICY_REACHES_OTHER_TENANT,
        &codes::POLICY_REACHES_SHARED_DATA,
        &codes::POLICY_ADMITS_OTHER_TENANT,
    ];
    if shown.iter().any(|code| code.name == finding.diagnostic.code.name) {
        Standing::Leaking
    } else {
        Standing::Unknown
    }
}

/// The types of resources that statements are compared with.
pub fn judged_types() -> Vec<&'static str> {
    targets::types()
}

/// Judges every policy of an estate.
pub fn judge(estate: &Estate) -> Judgement {
    let targets = Targets::of(estate);
    let keys = caller::isolation_keys(estate);
    let attached = caller::attached(&targets);
    let mut judge = Judge { estate, targets, keys, attached, sessions: BTreeMap::new() };
    let principals: Vec<Resource<'_>> =
        ["AWS::IAM::Role", "AWS::IAM::User"].iter().flat_map(|kind| estate.of_kind(kind)).collect();
    let judged: Vec<Judgement> = principals.par_iter().map(|role| judge.role(*role)).collect();
    judge.sessions = principals.iter().filter_map(|role| Some((role.id, judge.session(*role)?))).collect();
    let mut whole = Judgement { decided: true, resources: judge.targets.count(), ..Judgement::default() };
    for one in judged.into_iter().chain(judge.admissions()) {
        whole.findings.extend(one.findings);
        whole.tenant_roles += one.tenant_roles;
        whole.session_roles.extend(one.session_roles);
        whole.shared_roles.extend(one.shared_roles);
        whole.statements += one.statements;
    }
    let undecided = |finding: &Finding| finding.diagnostic.code.name == codes::UNDECIDED_POLICY.name;
    whole.decided = !whole.findings.iter().any(undecided);
    whole
}

struct Judge<'e> {
    estate: &'e Estate,
    targets: Targets<'e>,
    /// Keys of tags that name the tenant.
    keys: Vec<String>,
    attached: BTreeMap<ResourceId, Vec<Resource<'e>>>,
    /// Roles that are taken for one tenant at a time, with the key of the tag that says for which.
    sessions: BTreeMap<ResourceId, String>,
}

impl<'e> Judge<'e> {
    fn role(&self, role: Resource<'e>) -> Judgement {
        let mut judgement = Judgement::default();
        let documents = self.documents(role);
        let all: Vec<Statement> = documents.iter().flat_map(|one| one.statements.iter().cloned()).collect();
        judgement.statements = all.len();
        let caller = Caller::of(role, &all, &self.keys);
        let name = format!("{}/{}", role.stack.name, role.logical_id());
        match &caller {
            Caller::Tenant(_) => judgement.tenant_roles = 1,
            Caller::Session(key) => {
                judgement.session_roles.push(name);
                self.session_is_forced(role, key, &mut judgement);
            }
            Caller::Shared => {
                judgement.shared_roles.push(name);
                return judgement;
            }
        }
        for document in &documents {
            for statement in &document.statements {
                if let Some(reason) = statement.unclear.first() {
                    judgement.findings.push(self.undecided(document, reason));
                    continue;
                }
                if let Some(finding) = self.reaches(&caller, statement, document) {
                    judgement.findings.push(finding);
                }
            }
        }
        judgement
    }

    fn undecided(&self, at: &Document, reason: &str) -> Finding {
        let finding = Finding::new(
            &codes::UNDECIDED_POLICY,
            format!("what `{}` allows cannot be decided", at.resource),
            at.place,
            reason,
        )
        .help("write the policy so that it can be read without AWS");
        at.placed(finding)
    }
}
