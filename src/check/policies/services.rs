//! What actions give away: by service, what shows one tenant another's data in a resource that both share.

use crate::check::policies::glob::Pattern;

/// Actions that show nothing of a tenant (Service Authorization Reference). Most name no resource; the place of a bucket
/// is its Region, which its stack has anyway.
const HARMLESS: [&str; 9] = [
    "ecr:getauthorizationtoken",
    "kms:generaterandom",
    "logs:describeloggroups",
    "rds:describe*",
    "s3:getaccountpublicaccessblock",
    "s3:getbucketlocation",
    "secretsmanager:getrandompassword",
    "sts:getcalleridentity",
    "sts:getservicebearertoken",
];

/// What gives away other tenants' data where tenants share a resource of the service without parts.
pub(super) const SHARED_DATA: [(&str, &[&str]); 8] = [
    ("dynamodb", &["dynamodb:*"]),
    ("iam", &["sts:assumerole", "iam:*"]),
    ("kinesis", &["kinesis:get*", "kinesis:subscribetoshard"]),
    ("kms", &["kms:*"]),
    ("logs", &["logs:filterlogevents", "logs:get*", "logs:startlivetail", "logs:startquery"]),
    ("s3", &["s3:*"]),
    ("secretsmanager", &["secretsmanager:*"]),
    ("sqs", &["sqs:purgequeue", "sqs:receivemessage"]),
];

/// Whether an action shows nothing of a tenant, whatever it is done to.
pub(super) fn is_harmless(action: &Pattern) -> bool {
    HARMLESS.iter().any(|harmless| *action == Pattern::parse(&harmless.to_ascii_lowercase()))
}

/// The service whose ARNs an action is about; `None` for any.
pub(super) fn service_of_action(action: &Pattern) -> Option<String> {
    let prefix = String::from_utf8(action.literal_prefix()).ok()?;
    let (service, _) = prefix.split_once(':')?;
    Some(if service == "sts" { "iam" } else { service }.to_owned())
}

/// The service in an ARN.
pub(super) fn service_of(pattern: &Pattern) -> Option<String> {
    let prefix = String::from_utf8(pattern.literal_prefix()).ok()?;
    prefix.split(':').nth(2).map(str::to_owned)
}

/// Whether actions on a shared resource of a service show one tenant what is another's.
pub(super) fn gives_away(service: &str, actions: &[&Pattern]) -> bool {
    let Some((_, dangerous)) = SHARED_DATA.iter().find(|(name, _)| *name == service) else { return false };
    dangerous.iter().any(|one| {
        let one = Pattern::parse(one);
        actions.iter().any(|action| action.meets(&one).is_some())
    })
}
