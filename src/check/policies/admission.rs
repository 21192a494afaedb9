//! Whom the policies of resources and of roles let in, held against whose the resource is.
//!
//! Every party that a statement lets in is found by name, by account, by tag or as everybody; a condition can
//! only take parties away. A party is foreign where it is another tenant than the owner, or, of what tenants
//! share, where it gets more than its own part. Types that are not in the table and have a policy are
//! undecided.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::check::finding::Finding;
use crate::check::model::{Resource, Value};
use crate::check::policies::caller::Caller;
use crate::check::policies::document::{self, Principal, Statement};
use crate::check::policies::glob::Pattern;
use crate::check::policies::held::Document;
use crate::check::policies::party::{Party, is_wild, narrows};
use crate::check::policies::services::SHARED_DATA;
use crate::check::policies::{Judge, Judgement};
use crate::diagnostics::codes;

/// Types with a policy of their own: the property with the document, and the one that names the resource
/// where the policy is a resource beside it.
const GRANTS: [(&str, &str, &str); 21] = [
    ("AWS::Backup::BackupVault", "AccessPolicy", ""),
    ("AWS::CodeArtifact::Domain", "PermissionsPolicyDocument", ""),
    ("AWS::CodeArtifact::Repository", "PermissionsPolicyDocument", ""),
    ("AWS::DynamoDB::Table", "ResourcePolicy", ""),
    ("AWS::ECR::RegistryPolicy", "PolicyText", ""),
    ("AWS::ECR::Repository", "RepositoryPolicyText", ""),
    ("AWS::EFS::FileSystem", "FileSystemPolicy", ""),
    ("AWS::Events::EventBus", "Policy", ""),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument", ""),
    ("AWS::KMS::Key", "KeyPolicy", ""),
    ("AWS::KMS::ReplicaKey", "KeyPolicy", ""),
    ("AWS::Kinesis::ResourcePolicy", "ResourcePolicy", "ResourceArn"),
    ("AWS::Logs::Destination", "DestinationPolicy", ""),
    ("AWS::Logs::ResourcePolicy", "PolicyDocument", ""),
    ("AWS::OpenSearchService::Domain", "AccessPolicies", ""),
    ("AWS::S3::AccessPoint", "Policy", ""),
    ("AWS::S3::BucketPolicy", "PolicyDocument", "Bucket"),
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", "SecretId"),
    ("AWS::SNS::TopicInlinePolicy", "PolicyDocument", "TopicArn"),
    ("AWS::SNS::TopicPolicy", "PolicyDocument", "Topics"),
    ("AWS::SQS::QueuePolicy", "PolicyDocument", "Queues"),
];

/// The same, one queue a policy.
const INLINE_QUEUE: (&str, &str, &str) = ("AWS::SQS::QueueInlinePolicy", "PolicyDocument", "Queue");

/// Policies with principals that let nobody in: what leaves by an endpoint is allowed where it arrives, those of
/// organizations only take away, and who may call an API is for its authorizers.
const NO_GRANTS: [&str; 4] = [
    "AWS::ApiGateway::RestApi",
    "AWS::EC2::VPCEndpoint",
    "AWS::Organizations::Policy",
    "AWS::Organizations::ResourcePolicy",
];

/// Actions that show nothing of a tenant to whoever is of the organization (Service Authorization Reference): a
/// copy is put in and nothing of what is there is seen, and a container image is the product's.
const FOR_THE_ORGANIZATION: [&str; 4] = [
    "backup:copyintobackupvault",
    "ecr:batchchecklayeravailability",
    "ecr:batchgetimage",
    "ecr:getdownloadurlforlayer",
];

impl<'e> Judge<'e> {
    /// All policies of resources, and what may be one.
    pub(super) fn admissions(&self) -> Vec<Judgement> {
        let mut all: Vec<Judgement> = GRANTS
            .par_iter()
            .chain([INLINE_QUEUE].par_iter())
            .map(|(kind, property, owner)| self.policies_of(kind, property, owner))
            .collect();
        all.push(self.permissions_of_functions());
        all.push(self.policies_of_other_types());
        all
    }

    fn policies_of(&self, kind: &str, property: &str, owner: &str) -> Judgement {
        let mut judgement = Judgement::default();
        for policy in self.estate.of_kind(kind) {
            let written = policy.property(property);
            if matches!(written, Value::Absent) {
                continue;
            }
            // A table's policy stands one level deeper.
            let written = written.get("PolicyDocument").cloned().unwrap_or(written);
            let statements = document::statements(&written, &self.targets, policy.stack);
            let at = Document { statements, ..Document::at(&policy, &[property]) };
            self.admitted(&self.owners(&policy, owner), &at, &mut judgement);
        }
        judgement
    }

    /// Permissions of functions are statements that are written as properties.
    fn permissions_of_functions(&self) -> Judgement {
        let mut judgement = Judgement::default();
        for permission in self.estate.of_kind("AWS::Lambda::Permission") {
            let statement = document::permission(&permission, &self.targets);
            let at = Document { statements: vec![statement], ..Document::at(&permission, &["Principal"]) };
            self.admitted(&self.owners(&permission, "FunctionName"), &at, &mut judgement);
        }
        judgement
    }

    /// A policy with principals of a type that is not in the table: whom it lets in is not known.
    fn policies_of_other_types(&self) -> Judgement {
        let mut judgement = Judgement::default();
        let known = |kind: &str| {
            let mut tables = GRANTS.iter().chain([&INLINE_QUEUE]);
            NO_GRANTS.contains(&kind) || tables.any(|(other, ..)| *other == kind)
        };
        // Templates differ in their resources, stacks of one template in their parameters alone.
        for (_, stacks) in self.estate.by_template() {
            let Some(stack) = stacks.first() else { continue };
            for resource in self.estate.resources(stack).filter(|resource| !known(resource.kind())) {
                if has_principal(&resource.properties(), false) {
                    let reason = format!("policies of the type `{}` are not understood", resource.kind());
                    judgement.findings.push(self.undecided(&Document::at(&resource, &[]), &reason));
                }
            }
        }
        judgement
    }

    /// The tenants whose resources a policy is about; `None` among them for what tenants share.
    fn owners(&self, policy: &Resource<'e>, property: &str) -> BTreeSet<Option<&'e str>> {
        let mut owners = BTreeSet::new();
        let named = if property.is_empty() { Value::Absent } else { policy.property(property) };
        for item in named.items() {
            if let Some((id, _)) = item.as_reference() {
                owners.insert(self.estate.resource(id).tenant());
                continue;
            }
            let (mut arn, _) = self.targets.pattern(item, policy.stack);
            // A bucket is named, everything else has its ARN here.
            if property == "Bucket" {
                arn.0.splice(0..0, Pattern::parse("arn:aws:s3:::").0);
            }
            let met = self.targets.near(&arn).filter(|target| arn.meets(&target.spelled).is_some());
            owners.extend(met.map(|target| self.estate.resource(target.resource).tenant()));
        }
        if owners.is_empty() {
            owners.insert(policy.tenant());
        }
        owners
    }

    fn admitted(&self, owners: &BTreeSet<Option<&'e str>>, at: &Document, judgement: &mut Judgement) {
        judgement.statements += at.statements.len();
        for statement in &at.statements {
            let people = |one: &Principal| !matches!(one, Principal::Service | Principal::Unclear(_));
            if let Some(reason) =
                statement.unclear.first().filter(|_| statement.principals.iter().any(people))
            {
                judgement.findings.push(self.undecided(at, reason));
            }
            for principal in &statement.principals {
                if let Principal::Unclear(reason) = principal {
                    judgement.findings.push(self.undecided(at, reason));
                    continue;
                }
                let found = owners.iter().find_map(|owner| self.admits(*owner, principal, statement, at));
                judgement.findings.extend(found);
            }
        }
    }

    /// The first party that a statement lets in and that is foreign to the owner.
    fn admits(
        &self,
        owner: Option<&str>,
        principal: &Principal,
        statement: &Statement,
        at: &Document,
    ) -> Option<Finding> {
        if is_for_the_organization(statement) {
            return None;
        }
        let foreign = |party: &Party| self.is_foreign(party, owner, statement);
        let mut party = self.parties(principal, statement).into_iter().find(foreign)?;
        // A service has no tags and no ARN; of others, only those come whom every condition leaves.
        let conditions = statement.conditions.iter().filter(|one| narrows(one));
        for condition in conditions.filter(|_| !matches!(principal, Principal::Service)) {
            let Some(left) = self.left_by(condition, statement) else { continue };
            let left = left.into_iter().find(foreign)?;
            if party == Party::Everybody {
                party = left;
            }
        }
        let whose = match owner {
            Some(owner) => format!("of tenant `{owner}`"),
            None => "that tenants share".to_owned(),
        };
        let finding = Finding::new(
            &codes::POLICY_ADMITS_OTHER_TENANT,
            format!("the policy of `{}` {whose} lets in {party}", at.resource),
            at.place,
            "",
        )
        .help("name the roles that need it");
        Some(at.placed(finding))
    }

    fn is_foreign(&self, party: &Party, owner: Option<&str>, statement: &Statement) -> bool {
        match (party, owner) {
            (Party::Everybody | Party::SignedIn(_) | Party::Account(_), _) => true,
            (Party::Sessions(key), _) => self.gives_all(&Caller::Session(key.clone()), statement),
            (Party::Tenant { id, .. }, Some(owner)) => id != owner,
            // What a tenant may do with what is shared is said by its own policies' parts.
            (Party::Tenant { id, .. }, None) => self.gives_all(&Caller::Tenant(id.clone()), statement),
        }
    }

    /// Whether a statement of a resource's policy gives a caller more than the caller's own part.
    fn gives_all(&self, caller: &Caller, statement: &Statement) -> bool {
        let dangerous = SHARED_DATA.iter().flat_map(|(_, actions)| *actions).any(|action| {
            let action = Pattern::parse(action);
            statement.actions.iter().any(|one| one.meets(&action).is_some())
        });
        let bound = |condition| caller.is_bound_by(condition, statement, &self.keys);
        let own = |pattern: &Pattern| caller.owns(&caller.resolve(pattern, &self.keys), true);
        dangerous && !statement.conditions.iter().any(bound) && !statement.resources.iter().all(own)
    }
}

/// Whether a statement lets an organization's accounts do nothing but that.
fn is_for_the_organization(statement: &Statement) -> bool {
    let within = statement.conditions.iter().any(|condition| {
        condition.operator.eq_ignore_ascii_case("StringEquals")
            && !(condition.if_exists || condition.for_all)
            && condition.key.eq_ignore_ascii_case("aws:PrincipalOrgID")
            && !condition.values.is_empty()
            && condition.values.iter().all(|value| !value.0.iter().any(is_wild))
    });
    let harmless = |action: &Pattern| FOR_THE_ORGANIZATION.iter().any(|one| *action == Pattern::parse(one));
    within && statement.actions.iter().all(harmless)
}

/// Whether a value has a statement with a principal anywhere in it.
fn has_principal(value: &Value<'_>, in_statement: bool) -> bool {
    match value {
        Value::Map(entries) => {
            in_statement && (value.get("Principal").is_some() || value.get("NotPrincipal").is_some())
                || entries.iter().any(|(key, inner)| has_principal(inner, *key == "Statement"))
        }
        Value::List(items) => items.iter().any(|item| has_principal(item, in_statement)),
        _ => false,
    }
}
