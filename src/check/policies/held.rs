//! All policies that say what a role or a user may do: its own, those attached to it, those of a user's groups.

use crate::check::finding::Finding;
use crate::check::model::{Resource, StackId, Value};
use crate::check::policies::document::{self, Statement};
use crate::check::policies::{Judge, Judgement};
use crate::source::Span;

/// Policies of AWS's own that containers and functions are run with: they write logs and fetch images.
const HARMLESS_MANAGED: [&str; 4] = [
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
    "service-role/AmazonRDSEnhancedMonitoringRole",
    "AWSXRayDaemonWriteAccess",
];

/// A document of a role, and where it stands.
pub(super) struct Document {
    pub(super) statements: Vec<Statement>,
    pub(super) stack: Option<StackId>,
    pub(super) resource: String,
    pub(super) place: Span,
}

impl Document {
    /// A document whose statements do not matter: for what is said of a place.
    pub(super) fn at(resource: &Resource<'_>, path: &[&str]) -> Document {
        Document {
            statements: Vec::new(),
            stack: Some(resource.stack.id),
            resource: resource.logical_id().to_owned(),
            place: resource.place(path),
        }
    }

    /// A finding about what the document says.
    pub(super) fn placed(&self, finding: Finding) -> Finding {
        let finding = finding.of_resource(self.resource.clone());
        match self.stack {
            Some(stack) => finding.of_stack(stack),
            None => finding,
        }
    }
}

impl<'e> Judge<'e> {
    /// All policies that say what a role may do.
    pub(super) fn documents(&self, role: Resource<'e>, judgement: &mut Judgement) -> Vec<Document> {
        let mut documents = Vec::new();
        for (position, policy) in role.property("Policies").items().iter().enumerate() {
            let document = policy.get("PolicyDocument").unwrap_or(&Value::Absent);
            let position = position.to_string();
            documents.push(Document {
                statements: document::statements(document, &self.targets, role.stack),
                stack: Some(role.stack.id),
                resource: role.logical_id().to_owned(),
                place: role.place(&["Policies", &position, "PolicyDocument"]),
            });
        }
        for policy in self.attached.get(&role.id).into_iter().flatten() {
            documents.push(Document {
                statements: document::statements(
                    &policy.property("PolicyDocument"),
                    &self.targets,
                    policy.stack,
                ),
                stack: Some(policy.stack.id),
                resource: policy.logical_id().to_owned(),
                place: policy.place(&["PolicyDocument"]),
            });
        }
        for arn in role.property("ManagedPolicyArns").items() {
            let known = |text: &str| {
                HARMLESS_MANAGED.iter().any(|name| text.ends_with(&format!(":aws:policy/{name}")))
            };
            let is_own = arn
                .as_reference()
                .is_some_and(|(id, _)| self.estate.resource(id).kind() == "AWS::IAM::ManagedPolicy");
            // Policies of AWS's own name no account, so they reach nothing outside of the role's. Where the
            // account is the tenant's alone, that is the tenant's.
            let is_alone =
                role.stack.account.as_deref().and_then(|one| self.targets.owner_of_account(one)).is_some();
            let is_of_aws = arn.as_text().is_some_and(|text| text.contains(":iam::aws:policy/"));
            if is_own || arn.as_text().is_some_and(known) || is_alone && is_of_aws || role.tenant().is_none()
            {
                continue;
            }
            let at = Document::at(&role, &["ManagedPolicyArns"]);
            judgement.findings.push(
                self.undecided(&at, &format!("what the managed policy `{arn}` allows is not known here")),
            );
        }
        documents
    }
}
