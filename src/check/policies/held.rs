//! All policies that say what a role or a user may do: its own, those attached to it, those of a user's groups.

use crate::check::finding::Finding;
use crate::check::model::{Resource, StackId, Value};
use crate::check::policies::Judge;
use crate::check::policies::document::{self, Statement};
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

    /// A document that nobody can read here.
    fn unknown(resource: &Resource<'_>, path: &[&str], reason: &str) -> Document {
        Document { statements: vec![document::unreadable(reason)], ..Document::at(resource, path) }
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
    /// All policies that say what a role or a user may do. What cannot be read allows everything, and says why.
    pub(super) fn documents(&self, holder: Resource<'e>) -> Vec<Document> {
        let mut documents = self.own_documents(holder);
        if holder.kind() == "AWS::IAM::User" {
            let groups = holder.property("Groups");
            for group in groups.items().iter().filter(|group| group.as_reference().is_none()) {
                let reason = format!("what the group `{group}` allows is not known here");
                documents.push(Document::unknown(&holder, &["Groups"], &reason));
            }
            let named = groups.items().iter().filter_map(Value::as_reference).map(|(group, _)| group);
            let joined = self.estate.of_kind("AWS::IAM::UserToGroupAddition").filter_map(|addition| {
                let is_member = |user: &Value| user.as_reference().is_some_and(|(user, _)| user == holder.id);
                addition.property("Users").items().iter().any(is_member).then_some(())?;
                Some(addition.property("GroupName").as_reference()?.0)
            });
            for group in named.chain(joined) {
                documents.extend(self.own_documents(self.estate.resource(group)));
            }
        }
        documents
    }

    fn own_documents(&self, holder: Resource<'e>) -> Vec<Document> {
        let mut documents = Vec::new();
        for (position, policy) in holder.property("Policies").items().iter().enumerate() {
            let document = policy.get("PolicyDocument").unwrap_or(&Value::Absent);
            let statements = document::statements(document, &self.targets, holder.stack);
            let position = position.to_string();
            let at = Document::at(&holder, &["Policies", &position, "PolicyDocument"]);
            documents.push(Document { statements, ..at });
        }
        for policy in self.attached.get(&holder.id).into_iter().flatten() {
            let document = policy.property("PolicyDocument");
            let statements = document::statements(&document, &self.targets, policy.stack);
            documents.push(Document { statements, ..Document::at(policy, &["PolicyDocument"]) });
        }
        let account = holder.stack.account.as_deref();
        let is_alone = account.and_then(|account| self.targets.owner_of_account(account)).is_some();
        for arn in holder.property("ManagedPolicyArns").items() {
            let known = |text: &str| {
                HARMLESS_MANAGED.iter().any(|name| text.ends_with(&format!(":aws:policy/{name}")))
            };
            let is_made_here = arn
                .as_reference()
                .is_some_and(|(id, _)| self.estate.resource(id).kind() == "AWS::IAM::ManagedPolicy");
            // Policies of AWS's own name no account, so they reach nothing outside of the holder's. Where the
            // account is the tenant's alone, that is the tenant's.
            let is_of_aws = arn.as_text().is_some_and(|text| text.contains(":iam::aws:policy/"));
            let is_known = is_made_here || arn.as_text().is_some_and(known) || is_alone && is_of_aws;
            if !is_known {
                let reason = format!("what the managed policy `{arn}` allows is not known here");
                documents.push(Document::unknown(&holder, &["ManagedPolicyArns"], &reason));
            }
        }
        documents
    }
}
