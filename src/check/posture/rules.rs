//! Rules that ask one property of one type for one thing.

use crate::check::finding::Finding;
use crate::check::model::{Resource, Value};
use crate::diagnostics::{Code, codes, quote};

/// What is asked of a property.
enum Ask {
    /// It is true.
    True,
    /// It is not true; it may be missing.
    NotTrue,
    /// It is there.
    Given,
    /// It is one of these.
    OneOf(&'static [&'static str]),
    /// It is none of these; it may be missing.
    NoneOf(&'static [&'static str]),
    /// It is at least this.
    AtLeast(i64),
}

/// One rule: of a type, at a path of its properties.
struct Rule {
    kind: &'static str,
    path: &'static [&'static str],
    ask: Ask,
    code: &'static Code,
    /// A property with which the rule has nothing to say.
    unless: Option<&'static str>,
    /// Why, as a phrase that follows "because".
    reason: &'static str,
}

const fn rule(
    kind: &'static str,
    path: &'static [&'static str],
    ask: Ask,
    code: &'static Code,
    reason: &'static str,
) -> Rule {
    Rule { kind, path, ask, code, unless: None, reason }
}

const fn unless(property: &'static str, rule: Rule) -> Rule {
    Rule { unless: Some(property), ..rule }
}

const DISK: &str = "what lies on a disk outlives the machine, and a snapshot of it can be shared";
const BACKUP: &str = "an error is often found days later, and a backup of yesterday has it too";
const ADDRESS: &str = "an address of the internet makes every mistake in a rule a way in";
const PUBLIC_BUCKET: &str = "one wrong policy or list would otherwise make objects public";

/// All rules, by type.
static RULES: [Rule; 39] = [
    rule(
        "AWS::CloudTrail::Trail",
        &["EnableLogFileValidation"],
        Ask::True,
        &codes::WEAK_AUDIT_TRAIL,
        "a trail that can be changed unseen proves nothing",
    ),
    rule(
        "AWS::CloudTrail::Trail",
        &["IsMultiRegionTrail"],
        Ask::True,
        &codes::WEAK_AUDIT_TRAIL,
        "what is done in a Region that nobody uses is what has to be seen",
    ),
    rule("AWS::DocDB::DBCluster", &["StorageEncrypted"], Ask::True, &codes::UNENCRYPTED_STORAGE, DISK),
    rule(
        "AWS::DynamoDB::Table",
        &["PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"],
        Ask::True,
        &codes::SHORT_RETENTION,
        BACKUP,
    ),
    rule(
        "AWS::EC2::Instance",
        &["MetadataOptions", "HttpTokens"],
        Ask::OneOf(&["required"]),
        &codes::WEAK_INSTANCE_METADATA,
        "a server that can be made to fetch an address gives its role away without session tokens",
    ),
    rule(
        "AWS::EC2::LaunchTemplate",
        &["LaunchTemplateData", "MetadataOptions", "HttpTokens"],
        Ask::OneOf(&["required"]),
        &codes::WEAK_INSTANCE_METADATA,
        "a server that can be made to fetch an address gives its role away without session tokens",
    ),
    rule("AWS::EC2::Subnet", &["MapPublicIpOnLaunch"], Ask::NotTrue, &codes::PUBLIC_ACCESS, ADDRESS),
    rule("AWS::EC2::Volume", &["Encrypted"], Ask::True, &codes::UNENCRYPTED_STORAGE, DISK),
    rule(
        "AWS::ECR::Repository",
        &["ImageTagMutability"],
        Ask::OneOf(&["IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"]),
        &codes::MUTABLE_IMAGE,
        "a tag that can be moved starts something else than what was looked at",
    ),
    rule(
        "AWS::ECS::Service",
        &["NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp"],
        Ask::NoneOf(&["ENABLED"]),
        &codes::PUBLIC_ACCESS,
        ADDRESS,
    ),
    rule(
        "AWS::ECS::Service",
        &["EnableExecuteCommand"],
        Ask::NotTrue,
        &codes::PRIVILEGED_CONTAINER,
        "a shell in a running container goes round every review",
    ),
    rule(
        "AWS::ECS::TaskDefinition",
        &["NetworkMode"],
        Ask::NoneOf(&["host"]),
        &codes::PRIVILEGED_CONTAINER,
        "the network of the host is that of every container on it",
    ),
    rule(
        "AWS::ECS::TaskDefinition",
        &["PidMode"],
        Ask::NoneOf(&["host"]),
        &codes::PRIVILEGED_CONTAINER,
        "the processes of the host are those of every container on it",
    ),
    rule("AWS::EFS::FileSystem", &["Encrypted"], Ask::True, &codes::UNENCRYPTED_STORAGE, DISK),
    rule(
        "AWS::ElastiCache::ReplicationGroup",
        &["AtRestEncryptionEnabled"],
        Ask::True,
        &codes::UNENCRYPTED_STORAGE,
        DISK,
    ),
    rule(
        "AWS::ElastiCache::ReplicationGroup",
        &["TransitEncryptionEnabled"],
        Ask::True,
        &codes::UNENCRYPTED_TRANSPORT,
        "everything in the network can otherwise read along",
    ),
    unless(
        "KeySpec",
        rule(
            "AWS::KMS::Key",
            &["EnableKeyRotation"],
            Ask::True,
            &codes::KEY_WITHOUT_ROTATION,
            "a key that has leaked is then good for a year and not for ever",
        ),
    ),
    rule("AWS::Kinesis::Stream", &["StreamEncryption"], Ask::Given, &codes::UNENCRYPTED_STORAGE, DISK),
    rule(
        "AWS::Lambda::Url",
        &["AuthType"],
        Ask::NoneOf(&["NONE"]),
        &codes::PUBLIC_ACCESS,
        "anybody could call the function",
    ),
    rule(
        "AWS::Logs::LogGroup",
        &["RetentionInDays"],
        Ask::Given,
        &codes::SHORT_RETENTION,
        "without it logs are kept for ever, and paid for, whatever the contract with the tenant says",
    ),
    rule("AWS::Neptune::DBCluster", &["StorageEncrypted"], Ask::True, &codes::UNENCRYPTED_STORAGE, DISK),
    rule(
        "AWS::OpenSearchService::Domain",
        &["EncryptionAtRestOptions", "Enabled"],
        Ask::True,
        &codes::UNENCRYPTED_STORAGE,
        DISK,
    ),
    rule(
        "AWS::OpenSearchService::Domain",
        &["NodeToNodeEncryptionOptions", "Enabled"],
        Ask::True,
        &codes::UNENCRYPTED_TRANSPORT,
        "everything in the network can otherwise read along",
    ),
    rule(
        "AWS::OpenSearchService::Domain",
        &["DomainEndpointOptions", "EnforceHTTPS"],
        Ask::True,
        &codes::UNENCRYPTED_TRANSPORT,
        "everything in the network can otherwise read along",
    ),
    rule("AWS::RDS::DBCluster", &["StorageEncrypted"], Ask::True, &codes::UNENCRYPTED_STORAGE, DISK),
    rule("AWS::RDS::DBCluster", &["BackupRetentionPeriod"], Ask::AtLeast(7), &codes::SHORT_RETENTION, BACKUP),
    rule(
        "AWS::RDS::DBCluster",
        &["DeletionProtection"],
        Ask::True,
        &codes::UNPROTECTED_DELETION,
        "a policy of the template does not stop a call that deletes",
    ),
    unless(
        "DBClusterIdentifier",
        rule("AWS::RDS::DBInstance", &["StorageEncrypted"], Ask::True, &codes::UNENCRYPTED_STORAGE, DISK),
    ),
    unless(
        "DBClusterIdentifier",
        rule(
            "AWS::RDS::DBInstance",
            &["BackupRetentionPeriod"],
            Ask::AtLeast(7),
            &codes::SHORT_RETENTION,
            BACKUP,
        ),
    ),
    unless(
        "DBClusterIdentifier",
        rule(
            "AWS::RDS::DBInstance",
            &["DeletionProtection"],
            Ask::True,
            &codes::UNPROTECTED_DELETION,
            "a policy of the template does not stop a call that deletes",
        ),
    ),
    rule("AWS::RDS::DBInstance", &["PubliclyAccessible"], Ask::NotTrue, &codes::PUBLIC_ACCESS, ADDRESS),
    rule("AWS::Redshift::Cluster", &["Encrypted"], Ask::True, &codes::UNENCRYPTED_STORAGE, DISK),
    rule("AWS::Redshift::Cluster", &["PubliclyAccessible"], Ask::NotTrue, &codes::PUBLIC_ACCESS, ADDRESS),
    rule(
        "AWS::S3::Bucket",
        &["PublicAccessBlockConfiguration", "BlockPublicAcls"],
        Ask::True,
        &codes::PUBLIC_ACCESS,
        PUBLIC_BUCKET,
    ),
    rule(
        "AWS::S3::Bucket",
        &["PublicAccessBlockConfiguration", "BlockPublicPolicy"],
        Ask::True,
        &codes::PUBLIC_ACCESS,
        PUBLIC_BUCKET,
    ),
    rule(
        "AWS::S3::Bucket",
        &["PublicAccessBlockConfiguration", "IgnorePublicAcls"],
        Ask::True,
        &codes::PUBLIC_ACCESS,
        PUBLIC_BUCKET,
    ),
    rule(
        "AWS::S3::Bucket",
        &["PublicAccessBlockConfiguration", "RestrictPublicBuckets"],
        Ask::True,
        &codes::PUBLIC_ACCESS,
        PUBLIC_BUCKET,
    ),
    rule(
        "AWS::SNS::Topic",
        &["KmsMasterKeyId"],
        Ask::Given,
        &codes::UNENCRYPTED_STORAGE,
        "a topic, unlike a queue or a bucket, is not encrypted unless it is asked for",
    ),
    unless(
        "KmsMasterKeyId",
        rule(
            "AWS::SQS::Queue",
            &["SqsManagedSseEnabled"],
            Ask::NoneOf(&["false"]),
            &codes::UNENCRYPTED_STORAGE,
            DISK,
        ),
    ),
];

pub(super) fn judge(resource: Resource<'_>, findings: &mut Vec<Finding>) {
    for rule in RULES.iter().filter(|rule| rule.kind == resource.kind()) {
        if rule.unless.is_some_and(|property| resource.property(property) != Value::Absent) {
            continue;
        }
        let [first, rest @ ..] = rule.path else { continue };
        let whole = resource.property(first);
        let Some(value) = rest.iter().try_fold(&whole, |value, key| match value {
            // What is inside of something unknown is unknown.
            Value::Unknown(_) => Some(value),
            value => value.get(key),
        }) else {
            tell(rule, resource, None, findings);
            continue;
        };
        if !holds(&rule.ask, value) {
            tell(rule, resource, Some(value), findings);
        }
    }
}

fn holds(ask: &Ask, value: &Value<'_>) -> bool {
    if matches!(value, Value::Unknown(_) | Value::Function(..) | Value::Reference { .. } | Value::Joined(_)) {
        return true;
    }
    let is_absent = *value == Value::Absent;
    let shown = value.to_string();
    match ask {
        Ask::True => value.as_boolean() == Some(true),
        Ask::NotTrue => value.as_boolean() != Some(true),
        Ask::Given => !is_absent,
        Ask::OneOf(choices) => choices.contains(&shown.as_str()),
        Ask::NoneOf(choices) => is_absent || !choices.contains(&shown.as_str()),
        Ask::AtLeast(least) => value.as_integer().is_some_and(|number| number >= *least),
    }
}

fn tell(rule: &Rule, resource: Resource<'_>, value: Option<&Value<'_>>, findings: &mut Vec<Finding>) {
    if value.is_none() && matches!(rule.ask, Ask::NotTrue | Ask::NoneOf(_)) {
        return;
    }
    let name = rule.path.join(".");
    let found = match value {
        None | Some(Value::Absent) => "is not given".to_owned(),
        Some(value) => format!("is {}", quote(&value.to_string())),
    };
    let asked = match rule.ask {
        Ask::True => "set it to `true`".to_owned(),
        Ask::NotTrue => "set it to `false`".to_owned(),
        Ask::Given => "give it a value".to_owned(),
        Ask::OneOf(choices) => format!("set it to `{}`", choices[0]),
        Ask::NoneOf(_) => "take it out, or choose another value".to_owned(),
        Ask::AtLeast(least) => format!("set it to {least} or more"),
    };
    let message = format!("{} of the {} `{}` {found}", quote(&name), resource.kind(), resource.logical_id());
    findings.push(
        Finding::new(rule.code, message, resource.place(rule.path), "")
            .of_resource(resource.logical_id())
            .note(format!("because {}", rule.reason))
            .help(asked),
    );
}
