//! Whether a role that a tenant holds reaches what another tenant has: data, keys, secrets, queues, roles.
//!
//! Each statement that allows is compared with every resource of every other tenant, and with what tenants
//! share. Then with all tenants that could come: a pattern that would match the name of a tenant with a
//! longer id is refused today. Permissions are taken for larger than they may be (`Deny`, boundaries and
//! organization policies are left out; a condition that is not understood does not restrict), so that
//! "isolated" can be trusted and a finding may be stricter than AWS. What cannot be read is "unknown".
//!
//! `glob` decides whether patterns meet, `document` reads policies, `targets` knows ARNs, `caller` who
//! holds a role and what keeps a statement within the caller's own.

mod caller;
mod document;
mod glob;
mod targets;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::check::Standing;
use crate::check::finding::Finding;
use crate::check::model::{Estate, Resource, ResourceId, Value};
use crate::check::policies::caller::{Caller, is_id_byte, literal};
use crate::check::policies::document::{Principal, Statement};
use crate::check::policies::glob::{Pattern, Piece};
use crate::check::policies::targets::{Target, Targets};
use crate::diagnostics::codes;
use crate::source::Span;

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

/// Policies of AWS's own that containers and functions are run with: they write logs and fetch images.
const HARMLESS_MANAGED: [&str; 4] = [
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
    "service-role/AmazonRDSEnhancedMonitoringRole",
    "AWSXRayDaemonWriteAccess",
];

/// Actions that name no resource and show nothing of a tenant (Service Authorization Reference).
const HARMLESS: [&str; 8] = [
    "ecr:getauthorizationtoken",
    "kms:generaterandom",
    "logs:describeloggroups",
    "rds:describe*",
    "s3:getaccountpublicaccessblock",
    "secretsmanager:getrandompassword",
    "sts:getcalleridentity",
    "sts:getservicebearertoken",
];

/// What gives away other tenants' data where tenants share a resource of the service without parts.
const SHARED_DATA: [(&str, &[&str]); 8] = [
    ("dynamodb", &["dynamodb:*"]),
    ("iam", &["sts:assumerole", "iam:*"]),
    ("kinesis", &["kinesis:get*", "kinesis:subscribetoshard"]),
    ("kms", &["kms:*"]),
    ("logs", &["logs:filterlogevents", "logs:get*", "logs:startlivetail", "logs:startquery"]),
    ("s3", &["s3:*"]),
    ("secretsmanager", &["secretsmanager:*"]),
    ("sqs", &["sqs:purgequeue", "sqs:receivemessage"]),
];

/// By which a container image is fetched. It is the product's, and holds nothing of a tenant.
const FETCHES_IMAGES: [&str; 3] =
    ["ecr:batchchecklayeravailability", "ecr:batchgetimage", "ecr:getdownloadurlforlayer"];

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
    let policies: Vec<Judgement> = RESOURCE_POLICIES
        .par_iter()
        .map(|(kind, property, owner)| judge.policies_of(kind, property, owner))
        .collect();
    let mut whole = Judgement { decided: true, resources: judge.targets.count(), ..Judgement::default() };
    for one in judged.into_iter().chain(policies) {
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

/// Types with a policy of their own: the property with the document, and the one that names the resource
/// where the policy is a resource beside it.
const RESOURCE_POLICIES: [(&str, &str, &str); 10] = [
    ("AWS::IAM::Role", "AssumeRolePolicyDocument", ""),
    ("AWS::KMS::Key", "KeyPolicy", ""),
    ("AWS::S3::BucketPolicy", "PolicyDocument", "Bucket"),
    ("AWS::SQS::QueuePolicy", "PolicyDocument", "Queues"),
    ("AWS::SNS::TopicPolicy", "PolicyDocument", "Topics"),
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", "SecretId"),
    ("AWS::DynamoDB::Table", "ResourcePolicy", ""),
    ("AWS::ECR::Repository", "RepositoryPolicyText", ""),
    ("AWS::Backup::BackupVault", "AccessPolicy", ""),
    ("AWS::EFS::FileSystem", "FileSystemPolicy", ""),
];

struct Judge<'e> {
    estate: &'e Estate,
    targets: Targets<'e>,
    /// Keys of tags that name the tenant.
    keys: Vec<String>,
    attached: BTreeMap<ResourceId, Vec<Resource<'e>>>,
    /// Roles that are taken for one tenant at a time, with the key of the tag that says for which.
    sessions: BTreeMap<ResourceId, String>,
}

/// A document of a role, and where it stands.
struct Document {
    statements: Vec<Statement>,
    stack: Option<crate::check::model::StackId>,
    resource: String,
    place: Span,
}

impl<'e> Judge<'e> {
    fn role(&self, role: Resource<'e>) -> Judgement {
        let mut judgement = Judgement::default();
        let documents = self.documents(role, &mut judgement);
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

    /// The key of the tag by which sessions of a role are told apart.
    fn session(&self, role: Resource<'e>) -> Option<String> {
        if role.tenant().is_some() {
            return None;
        }
        let documents = self.documents(role, &mut Judgement::default());
        let all: Vec<Statement> = documents.into_iter().flat_map(|one| one.statements).collect();
        match Caller::of(role, &all, &self.keys) {
            Caller::Session(key) => Some(key),
            Caller::Tenant(_) | Caller::Shared => None,
        }
    }

    /// All policies that say what a role may do.
    fn documents(&self, role: Resource<'e>, judgement: &mut Judgement) -> Vec<Document> {
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
            let at = Document {
                statements: Vec::new(),
                stack: Some(role.stack.id),
                resource: role.logical_id().to_owned(),
                place: role.place(&["ManagedPolicyArns"]),
            };
            judgement.findings.push(
                self.undecided(&at, &format!("what the managed policy `{arn}` allows is not known here")),
            );
        }
        documents
    }

    /// The first thing of somebody else's that a statement reaches.
    fn reaches(&self, caller: &Caller, statement: &Statement, document: &Document) -> Option<Finding> {
        let actions: Vec<&Pattern> = statement.actions.iter().filter(|action| !is_harmless(action)).collect();
        if actions.is_empty() {
            return None;
        }
        let binding = statement.conditions.iter();
        let mut binding = binding.filter(|one| caller.is_bound_by(one, statement, &self.keys)).peekable();
        // Bound to a part: what tenants share is safe, another tenant's own is not.
        let keeps_to_part = binding.peek().is_some();
        if binding.any(|condition| !caller::is_of_parts(condition)) {
            return None;
        }
        self.reaches_of_others(caller, statement, &actions, document, keeps_to_part)
    }

    fn reaches_of_others(
        &self,
        caller: &Caller,
        statement: &Statement,
        actions: &[&Pattern],
        document: &Document,
        keeps_to_part: bool,
    ) -> Option<Finding> {
        for pattern in &statement.resources {
            let pattern = caller.resolve(pattern, &self.keys);
            if let Some(symbol) = pattern.first_symbol() {
                let resource = self.estate.resource(symbol.resource);
                if let Some(finding) =
                    self.names(caller, actions, &pattern, resource, document, keeps_to_part)
                {
                    return Some(finding);
                }
                continue;
            }
            if let Some(finding) = self.matches(caller, actions, &pattern, document, keeps_to_part) {
                return Some(finding);
            }
            if let Some(finding) = self.is_open_ended(caller, &pattern, document) {
                return Some(finding);
            }
        }
        None
    }

    /// A pattern that names one resource, whoever's it is.
    fn names(
        &self,
        caller: &Caller,
        actions: &[&Pattern],
        pattern: &Pattern,
        resource: Resource<'e>,
        document: &Document,
        keeps_to_part: bool,
    ) -> Option<Finding> {
        match (resource.tenant(), caller) {
            (Some(owner), Caller::Tenant(tenant)) if owner == tenant => None,
            (Some(owner), _) => Some(self.reach(caller, owner, &pattern.to_string(), resource.id, document)),
            (None, _) if keeps_to_part => None,
            (None, _) => {
                let service = service_of(pattern)?;
                let exposed = gives_away(&service, actions) && !caller.owns(pattern, true);
                exposed.then(|| self.shared(caller, pattern, resource.id, document))
            }
        }
    }

    /// A pattern of text and wildcards against everything that it could match.
    fn matches(
        &self,
        caller: &Caller,
        actions: &[&Pattern],
        pattern: &Pattern,
        document: &Document,
        keeps_to_part: bool,
    ) -> Option<Finding> {
        // The tag of a session stands for any one tenant's id here.
        let widened = pattern.with_caller_tags(|_| None);
        let services: BTreeSet<String> =
            actions.iter().filter_map(|action| service_of_action(action)).collect();
        let any_service = actions.iter().any(|action| service_of_action(action).is_none());
        let own = caller.owns(pattern, true);
        let foreign = |target: &&Target| {
            let resource = self.estate.resource(target.resource);
            let theirs = match (resource.tenant(), caller) {
                (Some(owner), Caller::Tenant(tenant)) => owner != tenant,
                (Some(_), _) => !own,
                (None, _) => !keeps_to_part && !own && gives_away(target.service, actions),
            };
            theirs && (any_service || services.contains(target.service))
        };
        let (target, text) = self
            .targets
            .near(&widened)
            .filter(foreign)
            .find_map(|target| Some((target, widened.meets(&target.spelled)?)))?;
        let resource = self.estate.resource(target.resource);
        Some(match resource.tenant() {
            Some(owner) => self.reach(caller, owner, &text, target.resource, document),
            None => self.shared(caller, pattern, target.resource, document),
        })
    }

    /// A pattern with the tenant's id in it that would match names of a tenant with a longer id.
    fn is_open_ended(&self, caller: &Caller, pattern: &Pattern, document: &Document) -> Option<Finding> {
        let Caller::Tenant(tenant) = caller else { return None };
        let wild = pattern.0.iter().position(|piece| matches!(piece, Piece::One | Piece::Many))?;
        let id = literal(tenant).0;
        let begins = |at: usize| {
            let before = at.checked_sub(1).map(|before| &pattern.0[before]);
            !matches!(before, Some(Piece::Byte(byte)) if byte.is_ascii_alphanumeric())
        };
        let ends =
            |at: usize| !matches!(pattern.0.get(at), Some(Piece::Byte(byte)) if byte.is_ascii_alphanumeric());
        let last = (0..wild)
            .rev()
            .find(|at| begins(*at) && pattern.0[*at..wild].starts_with(&id) && ends(*at + id.len()))?;
        let behind = &pattern.0[last + id.len()..wild];
        // A character that no id has tells where the id ends.
        if behind.iter().any(|piece| !matches!(piece, Piece::Byte(byte) if is_id_byte(*byte))) {
            return None;
        }
        let tail = Pattern(behind.to_vec()).to_string();
        let longer = format!("{tenant}{}x", if tail.ends_with('-') { tail } else { format!("{tail}-") });
        let finding = Finding::new(
            &codes::OPEN_ENDED_TENANT_PATTERN,
            format!("`{pattern}` of tenant `{tenant}` would match what a tenant `{longer}` has"),
            document.place,
            "",
        )
        .help("end the tenant's id with a character that no id has, such as `/`, or name the resource");
        Some(placed(finding, document))
    }

    fn reach(&self, caller: &Caller, owner: &str, text: &str, target: ResourceId, at: &Document) -> Finding {
        let who = match caller {
            Caller::Tenant(tenant) => format!("a role of tenant `{tenant}`"),
            Caller::Session(_) => "a role that any tenant's session takes".to_owned(),
            Caller::Shared => "a shared role".to_owned(),
        };
        let finding = Finding::new(
            &codes::POLICY_REACHES_OTHER_TENANT,
            format!("{who} reaches {} of tenant `{owner}`", self.estate.describe(target)),
            at.place,
            format!("it matches `{text}`"),
        )
        .help("name the tenant's own resources, or compare the resource's tenant tag with the caller's");
        placed(finding, at)
    }

    fn shared(&self, caller: &Caller, pattern: &Pattern, target: ResourceId, at: &Document) -> Finding {
        let who = match caller {
            Caller::Tenant(tenant) => format!("a role of tenant `{tenant}`"),
            _ => "a role that any tenant's session takes".to_owned(),
        };
        let finding = Finding::new(
            &codes::POLICY_REACHES_SHARED_DATA,
            format!("{who} reaches all of {}, which tenants share", self.estate.describe(target)),
            at.place,
            format!("`{pattern}` is not kept to one tenant's part"),
        )
        .help("end the ARN in the tenant's id and `/`, or ask for its id in a condition on keys, prefixes, encryption context or tags");
        placed(finding, at)
    }

    fn undecided(&self, at: &Document, reason: &str) -> Finding {
        let finding = Finding::new(
            &codes::UNDECIDED_POLICY,
            format!("what `{}` allows cannot be decided", at.resource),
            at.place,
            reason,
        )
        .help("write the policy so that it can be read without AWS");
        placed(finding, at)
    }

    /// That nobody takes a role for one tenant's session without saying whose.
    fn session_is_forced(&self, role: Resource<'e>, key: &str, judgement: &mut Judgement) {
        let trust =
            document::statements(&role.property("AssumeRolePolicyDocument"), &self.targets, role.stack);
        let wanted = format!("aws:requesttag/{}", key.to_ascii_lowercase());
        for statement in trust {
            let federated = statement.principals.iter().any(|one| matches!(one, Principal::Federated));
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
                let at = Document {
                    statements: Vec::new(),
                    stack: Some(role.stack.id),
                    resource: role.logical_id().to_owned(),
                    place: role.place(&["AssumeRolePolicyDocument"]),
                };
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
                judgement.findings.push(placed(finding, &at));
            }
        }
    }

    /// Whom the policies of resources let in.
    fn policies_of(&self, kind: &str, property: &str, owner: &str) -> Judgement {
        let mut judgement = Judgement::default();
        for policy in self.estate.of_kind(kind) {
            let written = policy.property(property);
            if matches!(written, Value::Absent) {
                continue;
            }
            // A table's policy stands one level deeper.
            let written = written.get("PolicyDocument").cloned().unwrap_or(written);
            let owned = if owner.is_empty() {
                vec![policy]
            } else {
                let named = policy.property(owner);
                let named = named.items().iter().filter_map(Value::as_reference);
                named.map(|(id, _)| self.estate.resource(id)).collect()
            };
            let tenant = owned.iter().find_map(Resource::tenant).or(policy.tenant());
            let at = Document {
                statements: document::statements(&written, &self.targets, policy.stack),
                stack: Some(policy.stack.id),
                resource: policy.logical_id().to_owned(),
                place: policy.place(&[property]),
            };
            judgement.statements += at.statements.len();
            for statement in &at.statements {
                for principal in &statement.principals {
                    judgement.findings.extend(self.admits(tenant, principal, statement, &at));
                }
            }
        }
        judgement
    }

    fn admits(
        &self,
        owner: Option<&str>,
        principal: &Principal,
        statement: &Statement,
        at: &Document,
    ) -> Option<Finding> {
        let whose = match owner {
            Some(owner) => format!("of tenant `{owner}`"),
            None => "that tenants share".to_owned(),
        };
        let who = match principal {
            Principal::Service | Principal::Federated => return None,
            // The account's own policies decide who there may; where others live in it too, they are judged.
            Principal::Account(account) => {
                let account = account.as_deref()?;
                match (self.targets.owner_of_account(account), owner) {
                    (Some(tenant), Some(owner)) if tenant != owner => {
                        format!("the account of tenant `{tenant}`")
                    }
                    (Some(tenant), None) if self.gives_all(&Caller::Tenant(tenant.to_owned()), statement) => {
                        format!("the account of tenant `{tenant}`")
                    }
                    _ => return None,
                }
            }
            Principal::Unclear(reason) => return Some(self.undecided(at, reason)),
            Principal::Anyone => {
                let caller = Caller::Tenant(owner.unwrap_or_default().to_owned());
                let narrowed = statement.conditions.iter().any(|condition| {
                    let key = condition.key.to_ascii_lowercase();
                    let operator = condition.operator.to_ascii_lowercase();
                    let compares =
                        matches!(operator.as_str(), "stringequals" | "stringlike" | "arnequals" | "arnlike");
                    // Neither everybody of some name nor everything of some account: the account must be said.
                    let says_account = condition.values.iter().all(|value| {
                        let fixed =
                            Pattern(value.0.iter().take_while(|piece| !is_wild(piece)).cloned().collect());
                        fixed == *value || fixed.to_string().split(':').count() > 5
                    });
                    let names = matches!(
                        key.as_str(),
                        "aws:principalarn" | "aws:sourcearn" | "aws:sourceaccount" | "kms:calleraccount"
                    );
                    let tag = key.strip_prefix("aws:principaltag/").is_some_and(|_| owner.is_some())
                        && condition.values.iter().all(|value| caller.owns(value, true));
                    let holds = compares && !condition.if_exists && !condition.for_all;
                    holds && (names && says_account || tag)
                });
                if narrowed || fetches_images(statement) {
                    return None;
                }
                "everybody".to_owned()
            }
            Principal::Aws(arn) => {
                let symbol = arn.first_symbol();
                let role = symbol.map(|symbol| self.estate.resource(symbol.resource)).or_else(|| {
                    let near = self.targets.near(arn);
                    let mut roles = near.filter(|target| target.service == "iam");
                    roles
                        .find(|target| arn.meets(&target.spelled).is_some())
                        .map(|target| self.estate.resource(target.resource))
                })?;
                match (role.tenant(), owner) {
                    (Some(tenant), Some(owner)) if tenant != owner => format!("a role of tenant `{tenant}`"),
                    // What a tenant may do with what is shared is said by its own policies' parts.
                    (Some(tenant), None) if self.gives_all(&Caller::Tenant(tenant.to_owned()), statement) => {
                        format!("a role of tenant `{tenant}`")
                    }
                    (None, _) => {
                        let key = self.sessions.get(&role.id)?;
                        let all = self.gives_all(&Caller::Session(key.clone()), statement);
                        if !all {
                            return None;
                        }
                        "every tenant's session".to_owned()
                    }
                    _ => return None,
                }
            }
        };
        let finding = Finding::new(
            &codes::POLICY_ADMITS_OTHER_TENANT,
            format!("the policy of `{}` {whose} lets {who} in", at.resource),
            at.place,
            "",
        )
        .help("name the roles that need it");
        Some(placed(finding, at))
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

/// Whether a statement does nothing but let an organization's accounts fetch images.
fn fetches_images(statement: &Statement) -> bool {
    let within = statement.conditions.iter().any(|condition| {
        condition.operator.eq_ignore_ascii_case("StringEquals")
            && !(condition.if_exists || condition.for_all)
            && condition.key.eq_ignore_ascii_case("aws:PrincipalOrgID")
            && !condition.values.is_empty()
            && condition.values.iter().all(|value| !value.0.iter().any(is_wild))
    });
    let fetches = |action: &Pattern| FETCHES_IMAGES.iter().any(|one| *action == Pattern::parse(one));
    within && statement.actions.iter().all(fetches)
}

fn is_wild(piece: &Piece) -> bool {
    matches!(piece, Piece::One | Piece::Many | Piece::CallerTag(_))
}

fn placed(finding: Finding, at: &Document) -> Finding {
    let finding = finding.of_resource(at.resource.clone());
    match at.stack {
        Some(stack) => finding.of_stack(stack),
        None => finding,
    }
}

fn is_harmless(action: &Pattern) -> bool {
    HARMLESS.iter().any(|harmless| *action == Pattern::parse(&harmless.to_ascii_lowercase()))
}

/// The service whose ARNs an action is about; `None` for any.
fn service_of_action(action: &Pattern) -> Option<String> {
    let prefix = String::from_utf8(action.literal_prefix()).ok()?;
    let (service, _) = prefix.split_once(':')?;
    Some(if service == "sts" { "iam" } else { service }.to_owned())
}

/// The service in an ARN.
fn service_of(pattern: &Pattern) -> Option<String> {
    let prefix = String::from_utf8(pattern.literal_prefix()).ok()?;
    prefix.split(':').nth(2).map(str::to_owned)
}

/// Whether actions on a shared resource of a service show one tenant what is another's.
fn gives_away(service: &str, actions: &[&Pattern]) -> bool {
    let Some((_, dangerous)) = SHARED_DATA.iter().find(|(name, _)| *name == service) else { return false };
    dangerous.iter().any(|one| {
        let one = Pattern::parse(one);
        actions.iter().any(|action| action.meets(&one).is_some())
    })
}
