//! Roles that are taken for one tenant at a time: that nobody takes one without saying for whom.

use crate::check::finding::Finding;
use crate::check::model::Resource;
use crate::check::policies::caller::Caller;
use crate::check::policies::document::{self, Principal, Statement};
use crate::check::policies::glob::{Pattern, Piece};
use crate::check::policies::held::Document;
use crate::check::policies::{Judge, Judgement};
use crate::diagnostics::codes;

impl<'e> Judge<'e> {
    /// The key of the tag by which sessions of a role are told apart.
    pub(super) fn session(&self, role: Resource<'e>) -> Option<String> {
        if role.tenant().is_some() {
            return None;
        }
        let documents = self.documents(role);
        let all: Vec<Statement> = documents.into_iter().flat_map(|one| one.statements).collect();
        match Caller::of(role, &all, &self.keys) {
            Caller::Session(key) => Some(key),
            Caller::Tenant(_) | Caller::Shared => None,
        }
    }

    /// That nobody takes a role for one tenant's session without saying whose.
    pub(super) fn session_is_forced(&self, role: Resource<'e>, key: &str, judgement: &mut Judgement) {
        let trust =
            document::statements(&role.property("AssumeRolePolicyDocument"), &self.targets, role.stack);
        let wanted = format!("aws:requesttag/{}", key.to_ascii_lowercase());
        for statement in trust {
            let federated = statement.principals.iter().any(|one| matches!(one, Principal::Federated(_)));
            // An identity provider's own mapping gives the tags of these sessions.
            let mapped =
                federated && self.estate.of_kind("AWS::Cognito::IdentityPoolPrincipalTag").next().is_some();
            let forced = statement.conditions.iter().any(|condition| {
                let operator = condition.operator.to_ascii_lowercase();
                let compares = matches!(operator.as_str(), "stringequals" | "stringlike");
                let some = condition.values.iter().all(|value| *value != Pattern(vec![Piece::Many]));
                compares
                    && some
                    && !condition.if_exists
                    && !condition.for_all
                    && condition.key.to_ascii_lowercase() == wanted
            });
            if !forced && !mapped {
                let at = Document::at(&role, &["AssumeRolePolicyDocument"]);
                let finding = Finding::new(
                    &codes::SESSION_TAG_NOT_FORCED,
                    format!(
                        "`{}` can be taken without the tag `{key}`, by which it tells tenants apart",
                        role.logical_id()
                    ),
                    at.place,
                    "",
                )
                .help(format!(
                    "ask for it in the trust policy: `StringLike: {{ aws:RequestTag/{key}: \"?*\" }}`"
                ));
                judgement.findings.push(at.placed(finding));
            }
        }
    }
}
