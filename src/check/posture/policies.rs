//! Documents of IAM: what they allow to everybody, and what over everything.
//!
//! Who can reach whose data is proved elsewhere; here stands what no sensible document has, whoever its
//! reader is.

use crate::check::finding::Finding;
use crate::check::model::{Resource, Value};
use crate::diagnostics::{Code, codes, quote};

/// Where documents stand, and whether they say who is allowed (a resource's own, or a role's trust).
const DOCUMENTS: [(&str, &str, Side); 16] = [
    ("AWS::Backup::BackupVault", "AccessPolicy", Side::Resource),
    ("AWS::ECR::Repository", "RepositoryPolicyText", Side::Resource),
    ("AWS::EFS::FileSystem", "FileSystemPolicy", Side::Resource),
    ("AWS::IAM::GroupPolicy", "PolicyDocument", Side::Identity),
    ("AWS::IAM::ManagedPolicy", "PolicyDocument", Side::Identity),
    ("AWS::IAM::Policy", "PolicyDocument", Side::Identity),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument", Side::Resource),
    ("AWS::IAM::RolePolicy", "PolicyDocument", Side::Identity),
    ("AWS::IAM::UserPolicy", "PolicyDocument", Side::Identity),
    ("AWS::KMS::Key", "KeyPolicy", Side::Resource),
    ("AWS::OpenSearchService::Domain", "AccessPolicies", Side::Resource),
    ("AWS::S3::BucketPolicy", "PolicyDocument", Side::Resource),
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", Side::Resource),
    ("AWS::SNS::TopicPolicy", "PolicyDocument", Side::Resource),
    ("AWS::SQS::QueuePolicy", "PolicyDocument", Side::Resource),
    ("AWS::Logs::ResourcePolicy", "PolicyDocument", Side::Resource),
];

/// Managed policies of AWS that allow everything, or everything about who is allowed what.
const TOO_MUCH: [&str; 3] = ["policy/AdministratorAccess", "policy/PowerUserAccess", "policy/IAMFullAccess"];

/// Actions that give away other rights, where they are allowed over every resource.
const PASSING_ON: [&str; 6] = [
    "iam:passrole",
    "iam:createaccesskey",
    "iam:attachrolepolicy",
    "iam:putrolepolicy",
    "iam:updateassumerolepolicy",
    "sts:assumerole",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Identity,
    Resource,
}

pub(super) fn judge(resource: Resource<'_>, findings: &mut Vec<Finding>) {
    for (_, property, side) in DOCUMENTS.iter().filter(|(kind, ..)| *kind == resource.kind()) {
        document(resource, &resource.property(property), &[property], *side, findings);
    }
    if matches!(resource.kind(), "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group") {
        for (index, policy) in resource.property("Policies").items().iter().enumerate() {
            if let Some(inline) = policy.get("PolicyDocument") {
                let index = index.to_string();
                document(resource, inline, &["Policies", &index, "PolicyDocument"], Side::Identity, findings);
            }
        }
        for (index, arn) in resource.property("ManagedPolicyArns").items().iter().enumerate() {
            let Some(name) = arn.as_text() else { continue };
            if TOO_MUCH.iter().any(|policy| name.ends_with(policy)) {
                let message = format!("`{}` has the policy {}", resource.logical_id(), quote(name));
                let place = resource.place(&["ManagedPolicyArns", &index.to_string()]);
                findings.push(
                    Finding::new(&codes::BROAD_PERMISSION, message, place, "")
                        .of_resource(resource.logical_id())
                        .help("allow what is done, and over what it is done"),
                );
            }
        }
    }
    if resource.kind() == "AWS::Lambda::Permission"
        && resource.property("Principal").as_text() == Some("*")
        && ["SourceArn", "SourceAccount", "PrincipalOrgID"]
            .iter()
            .all(|limit| resource.property(limit) == Value::Absent)
    {
        let message = format!("`{}` lets anybody call the function", resource.logical_id());
        findings.push(
            Finding::new(&codes::PUBLIC_ACCESS, message, resource.place(&["Principal"]), "")
                .of_resource(resource.logical_id())
                .help("name a principal, or the resource that calls it by `SourceArn`"),
        );
    }
}

/// One statement that allows something, and where it stands.
struct Allowing<'s, 'e> {
    resource: Resource<'e>,
    statement: &'s Value<'e>,
    place: Vec<&'s str>,
}

impl Allowing<'_, '_> {
    fn tell(&self, code: &'static Code, key: &str, what: &str, help: &str) -> Finding {
        let mut path = self.place.clone();
        path.push(key);
        let message = format!("`{}` allows {what}", self.resource.logical_id());
        Finding::new(code, message, self.resource.place(&path), "")
            .of_resource(self.resource.logical_id())
            .help(help)
    }

    fn actions(&self) -> String {
        let actions = self.statement.get("Action");
        actions.map_or_else(|| "something".to_owned(), |actions| quote(&actions.to_string()))
    }

    fn has_no_condition(&self) -> bool {
        self.statement.get("Condition").is_none()
    }
}

fn document(
    resource: Resource<'_>,
    document: &Value<'_>,
    path: &[&str],
    side: Side,
    findings: &mut Vec<Finding>,
) {
    let Some(statements) = document.get("Statement") else { return };
    for (index, statement) in statements.items().iter().enumerate() {
        if statement.get("Effect").and_then(Value::as_text) != Some("Allow") {
            continue;
        }
        let index = index.to_string();
        let mut place: Vec<&str> = path.to_vec();
        place.push("Statement");
        if matches!(statements, Value::List(_)) {
            place.push(&index);
        }
        let allowing = Allowing { resource, statement, place };
        match side {
            Side::Resource => to_whom(&allowing, findings),
            Side::Identity => what(&allowing, findings),
        }
    }
}

fn to_whom(allowing: &Allowing<'_, '_>, findings: &mut Vec<Finding>) {
    let everybody = allowing.statement.get("Principal").is_some_and(is_everybody);
    if everybody && allowing.has_no_condition() {
        let what = format!("everybody {}", allowing.actions());
        let help = "name who is allowed, or add a condition that does";
        findings.push(allowing.tell(&codes::PUBLIC_ACCESS, "Principal", &what, help));
    }
    if allowing.statement.get("NotPrincipal").is_some() {
        let what = format!("everybody but some {}", allowing.actions());
        let help = "name who is allowed by `Principal`";
        findings.push(allowing.tell(&codes::PUBLIC_ACCESS, "NotPrincipal", &what, help));
    }
}

fn what(allowing: &Allowing<'_, '_>, findings: &mut Vec<Finding>) {
    let code = &codes::BROAD_PERMISSION;
    for key in ["NotAction", "NotResource"] {
        if allowing.statement.get(key).is_some() {
            let what = format!("whatever `{key}` does not name");
            let help = "name what is allowed: AWS adds to the rest every week";
            findings.push(allowing.tell(code, key, &what, help));
        }
    }
    let resources = allowing.statement.get("Resource").map_or(&[][..], |resources| resources.items());
    let all = resources.iter().any(|resource| resource.as_text() == Some("*"));
    let over_everything = all && allowing.has_no_condition();
    for action in allowing.statement.get("Action").map_or(&[][..], |actions| actions.items()) {
        let Some(action) = action.as_text() else { continue };
        if action == "*" || action == "*:*" {
            let help = "name the actions that are needed";
            findings.push(allowing.tell(code, "Action", "every action there is", help));
        } else if over_everything && let Some(service) = action.strip_suffix(":*") {
            let what = format!("all of {} over every resource", quote(service));
            let help = "name the actions and the resources that are needed";
            findings.push(allowing.tell(code, "Action", &what, help));
        } else if over_everything && PASSING_ON.contains(&action.to_ascii_lowercase().as_str()) {
            let what = format!("{} over every resource", quote(action));
            let help = "name the roles: the action hands their rights on";
            findings.push(allowing.tell(code, "Resource", &what, help));
        }
    }
}

fn is_everybody(principal: &Value<'_>) -> bool {
    let star = |value: &Value<'_>| value.items().iter().any(|item| item.as_text() == Some("*"));
    match principal {
        Value::Map(_) => principal.get("AWS").is_some_and(star),
        value => star(value),
    }
}
