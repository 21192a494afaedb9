//! What policies speak of: the resources of the estate under the ARNs that they have or will have.
//!
//! A physical name that the template gives is text. One that AWS makes up is a symbol, equal only to
//! itself, and for patterns with wildcards also the text that it will begin with: CloudFormation makes
//! names of the stack's name, the logical id and random characters (CloudFormation User Guide, "Name
//! type"). Types that are not in the table have no data that an IAM policy could reach, or are listed
//! by the certificate as not judged.

use std::collections::BTreeMap;

use crate::check::model::{Estate, NO_ACCOUNT_YET, Resource, ResourceId, Stack, Value};
use crate::check::policies::caller::literal;
use crate::check::policies::glob::{Pattern, Piece, Symbol};

/// How a type's resources are called in policies.
struct ArnForm {
    kind: &'static str,
    /// The part of the ARN that names the service.
    service: &'static str,
    /// Whether the ARN holds Region and account.
    located: bool,
    /// Before the name.
    before: &'static str,
    /// Behind the name, in every ARN that belongs to the resource.
    after: &'static [&'static str],
    /// The property with the physical name; none where AWS always chooses it.
    name: Option<&'static str>,
    /// What a name that AWS makes up begins with.
    made_up: MadeUp,
    /// The attribute that is the ARN, and whether `Ref` gives it.
    arn: &'static str,
    ref_is_arn: bool,
}

/// What a name begins with that the template does not give.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MadeUp {
    /// The stack's name, and the logical id.
    StackAndLogicalId,
    /// As much of the stack's name as the length of the name surely leaves room for.
    StartOfStack,
    /// Anything.
    Anything,
}

const fn form(
    kind: &'static str,
    service: &'static str,
    before: &'static str,
    after: &'static [&'static str],
    name: Option<&'static str>,
    made_up: MadeUp,
    arn: &'static str,
) -> ArnForm {
    ArnForm { kind, service, located: true, before, after, name, made_up, arn, ref_is_arn: false }
}

const fn by_ref(form: ArnForm) -> ArnForm {
    ArnForm { ref_is_arn: true, ..form }
}

const fn unlocated(form: ArnForm) -> ArnForm {
    ArnForm { located: false, ..form }
}

use MadeUp::{Anything, StackAndLogicalId, StartOfStack};

/// Service Authorization Reference, "Resource types defined by ..." of each service.
const FORMS: &[ArnForm] = &[
    unlocated(form("AWS::S3::Bucket", "s3", "", &["", "/*"], Some("BucketName"), StartOfStack, "Arn")),
    form(
        "AWS::DynamoDB::Table",
        "dynamodb",
        "table/",
        &["", "/*"],
        Some("TableName"),
        StackAndLogicalId,
        "Arn",
    ),
    form(
        "AWS::DynamoDB::GlobalTable",
        "dynamodb",
        "table/",
        &["", "/*"],
        Some("TableName"),
        StackAndLogicalId,
        "Arn",
    ),
    form("AWS::KMS::Key", "kms", "key/", &[""], None, Anything, "Arn"),
    by_ref(form(
        "AWS::SecretsManager::Secret",
        "secretsmanager",
        "secret:",
        &["-??????"],
        Some("Name"),
        Anything,
        "Id",
    )),
    form("AWS::SQS::Queue", "sqs", "", &[""], Some("QueueName"), StartOfStack, "Arn"),
    by_ref(form("AWS::SNS::Topic", "sns", "", &[""], Some("TopicName"), StackAndLogicalId, "TopicArn")),
    form(
        "AWS::Logs::LogGroup",
        "logs",
        "log-group:",
        &["", ":*"],
        Some("LogGroupName"),
        StackAndLogicalId,
        "Arn",
    ),
    form("AWS::IAM::Role", "iam", "role/", &[""], Some("RoleName"), StartOfStack, "Arn"),
    form("AWS::IAM::User", "iam", "user/", &[""], Some("UserName"), StartOfStack, "Arn"),
    form(
        "AWS::Lambda::Function",
        "lambda",
        "function:",
        &["", ":*"],
        Some("FunctionName"),
        StartOfStack,
        "Arn",
    ),
    form("AWS::SSM::Parameter", "ssm", "parameter/", &[""], Some("Name"), Anything, "Arn"),
    form("AWS::Kinesis::Stream", "kinesis", "stream/", &["", "/*"], Some("Name"), StackAndLogicalId, "Arn"),
    form(
        "AWS::KinesisFirehose::DeliveryStream",
        "firehose",
        "deliverystream/",
        &[""],
        Some("DeliveryStreamName"),
        StartOfStack,
        "Arn",
    ),
    form("AWS::ECR::Repository", "ecr", "repository/", &[""], Some("RepositoryName"), Anything, "Arn"),
    form("AWS::ECS::Cluster", "ecs", "cluster/", &[""], Some("ClusterName"), StackAndLogicalId, "Arn"),
    form(
        "AWS::RDS::DBCluster",
        "rds",
        "cluster:",
        &[""],
        Some("DBClusterIdentifier"),
        Anything,
        "DBClusterArn",
    ),
    form(
        "AWS::RDS::DBInstance",
        "rds",
        "db:",
        &[""],
        Some("DBInstanceIdentifier"),
        Anything,
        "DBInstanceArn",
    ),
    form("AWS::EFS::FileSystem", "elasticfilesystem", "file-system/", &[""], None, Anything, "Arn"),
    by_ref(form(
        "AWS::StepFunctions::StateMachine",
        "states",
        "stateMachine:",
        &[""],
        Some("StateMachineName"),
        Anything,
        "Arn",
    )),
    form("AWS::Events::EventBus", "events", "event-bus/", &[""], Some("Name"), Anything, "Arn"),
    form("AWS::Cognito::UserPool", "cognito-idp", "userpool/", &[""], None, Anything, "Arn"),
    form(
        "AWS::Backup::BackupVault",
        "backup",
        "backup-vault:",
        &[""],
        Some("BackupVaultName"),
        Anything,
        "BackupVaultArn",
    ),
    form("AWS::OpenSearchService::Domain", "es", "domain/", &["", "/*"], Some("DomainName"), Anything, "Arn"),
    unlocated(form("AWS::ApiGateway::RestApi", "apigateway", "/restapis/", &["", "/*"], None, Anything, "")),
];

/// The types in the table, in alphabetical order.
pub(super) fn types() -> Vec<&'static str> {
    let mut types: Vec<&'static str> = FORMS.iter().map(|form| form.kind).collect();
    types.sort_unstable();
    types
}

/// A resource under one of its ARNs.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) resource: ResourceId,
    pub(super) service: &'static str,
    /// With all that a name may be that AWS makes up.
    pub(super) spelled: Pattern,
}

/// All resources that policies can speak of.
pub(super) struct Targets<'e> {
    estate: &'e Estate,
    /// By the bytes that the ARN surely begins with.
    all: Vec<(Vec<u8>, Target)>,
    /// None where several tenants, or what they share, are in an account.
    owners_of_accounts: BTreeMap<&'e str, Option<&'e str>>,
}

impl<'e> Targets<'e> {
    /// Of an estate.
    pub(super) fn of(estate: &'e Estate) -> Targets<'e> {
        let mut all = Vec::new();
        for form in FORMS {
            for resource in estate.of_kind(form.kind) {
                for after in form.after {
                    let mut spelled = spelled(form, resource);
                    spelled.push_policy_text(after);
                    all.push(Target { resource: resource.id, service: form.service, spelled });
                }
            }
        }
        // The secret that RDS makes for a cluster or an instance that asks for it.
        for kind in ["AWS::RDS::DBCluster", "AWS::RDS::DBInstance"] {
            for resource in estate.of_kind(kind) {
                let managed = resource.property("ManageMasterUserPassword").as_boolean() == Some(true);
                if managed {
                    let mut spelled = start(resource, "secretsmanager", true);
                    spelled.push_policy_text("secret:rds!*");
                    all.push(Target { resource: resource.id, service: "secretsmanager", spelled });
                }
            }
        }
        let mut all: Vec<(Vec<u8>, Target)> =
            all.into_iter().map(|target| (target.spelled.literal_prefix(), target)).collect();
        all.sort_by(|(one, this), (other, that)| one.cmp(other).then(this.resource.cmp(&that.resource)));
        let mut owners_of_accounts = BTreeMap::new();
        for stack in estate.stacks() {
            let (Some(account), tenant) = (stack.account.as_deref(), stack.tenant.as_deref()) else {
                continue;
            };
            let owner = owners_of_accounts.entry(account).or_insert(tenant);
            if *owner != tenant {
                *owner = None;
            }
        }
        Targets { estate, all, owners_of_accounts }
    }

    /// How many resources there are.
    pub(super) fn count(&self) -> usize {
        let mut resources: Vec<ResourceId> = self.all.iter().map(|(_, target)| target.resource).collect();
        resources.sort_unstable();
        resources.dedup();
        resources.len()
    }

    /// The tenant who has an account alone, none of whose stacks is anybody else's.
    pub(super) fn owner_of_account(&self, account: &str) -> Option<&'e str> {
        self.owners_of_accounts.get(account).copied().flatten()
    }

    /// Whether several tenants, or one and what tenants share, are in an account.
    pub(super) fn is_shared_account(&self, account: &str) -> bool {
        self.owners_of_accounts.get(account) == Some(&None)
    }

    /// The estate that they are of.
    pub(super) fn estate(&self) -> &'e Estate {
        self.estate
    }

    /// The targets that a pattern without symbols may match: those whose beginning agrees with its own.
    pub(super) fn near(&self, pattern: &Pattern) -> impl Iterator<Item = &Target> {
        let prefix = pattern.literal_prefix();
        let from = self.all.partition_point(|(start, _)| *start < prefix);
        let longer = self.all[from..].iter();
        let agrees = prefix.clone();
        let longer = longer.take_while(move |(start, _)| start.starts_with(&agrees));
        // Beginnings that are shorter than the pattern's own: each is looked up by its length.
        let shorter = (0..prefix.len()).flat_map(move |length| {
            let start = &prefix[..length];
            let from = self.all.partition_point(|(other, _)| other.as_slice() < start);
            let same = start.to_vec();
            self.all[from..].iter().take_while(move |(other, _)| *other == same)
        });
        longer.chain(shorter).map(|(_, target)| target)
    }

    /// The pattern that a value of a policy is, and why it may be more than that.
    pub(super) fn pattern(&self, value: &Value<'_>, stack: &Stack) -> (Pattern, Option<String>) {
        let mut pattern = Pattern::default();
        let mut unclear = None;
        self.push(value, stack, &mut pattern, &mut unclear);
        (pattern, unclear)
    }

    fn push(&self, value: &Value<'_>, stack: &Stack, pattern: &mut Pattern, unclear: &mut Option<String>) {
        match value {
            Value::Text(text) => pattern.push_policy_text(text),
            Value::Integer(number) => pattern.push_text(&number.to_string()),
            Value::Boolean(value) => pattern.push_text(if *value { "true" } else { "false" }),
            Value::Joined(pieces) => {
                pieces.iter().for_each(|piece| self.push(piece, stack, pattern, unclear))
            }
            Value::Reference { target, attribute } => {
                let resource = self.estate.resource(*target);
                pattern.0.extend(attribute_of(resource, *attribute).0);
            }
            Value::Unknown(reason) if *reason == NO_ACCOUNT_YET => pattern.0.extend(account_of(stack).0),
            other => {
                pattern.0.push(Piece::Many);
                *unclear = Some(format!("`{other}` is not known before deployment"));
            }
        }
    }
}

/// What `Ref` or `Fn::GetAtt` gives, as a pattern.
fn attribute_of(resource: Resource<'_>, attribute: Option<&str>) -> Pattern {
    let symbol = |attribute: &str| {
        Pattern(vec![Piece::Symbol(Symbol { resource: resource.id, attribute: attribute.into() })])
    };
    let Some(form) = FORMS.iter().find(|form| form.kind == resource.kind()) else {
        return symbol(attribute.unwrap_or_default());
    };
    match attribute {
        None if !form.ref_is_arn => name(form, resource),
        Some(attribute) if attribute != form.arn => symbol(attribute),
        _ => {
            let mut pattern = arn(form, resource);
            // The ARN of a log group ends in `:*`, that of a secret in a hyphen and six characters.
            match form.service {
                "logs" => pattern.push_policy_text(":*"),
                "secretsmanager" => pattern.push_policy_text("-??????"),
                _ => {}
            }
            pattern
        }
    }
}

fn start(resource: Resource<'_>, service: &str, located: bool) -> Pattern {
    let mut pattern = Pattern::default();
    let region = resource.stack.region.as_deref();
    let partition = match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    pattern.push_text(&format!("arn:{partition}:{service}:"));
    let account = account_of(resource.stack);
    let region = region.map_or(Pattern(vec![Piece::Many]), literal);
    match (service, located) {
        ("iam", _) => {
            pattern.push_text(":");
            pattern.0.extend(account.0);
            pattern.push_text(":");
        }
        ("apigateway", _) => {
            pattern.0.extend(region.0);
            pattern.push_text("::");
        }
        (_, false) => pattern.push_text("::"),
        (_, true) => {
            pattern.0.extend(region.0);
            pattern.push_text(":");
            pattern.0.extend(account.0);
            pattern.push_text(":");
        }
    }
    pattern
}

/// The account in the ARNs of a stack's resources.
fn account_of(stack: &Stack) -> Pattern {
    match stack.account.as_deref() {
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => literal(number),
        Some(name) => Pattern(vec![Piece::Account(name.into())]),
        None => Pattern(vec![Piece::Many]),
    }
}

fn arn(form: &ArnForm, resource: Resource<'_>) -> Pattern {
    with_name(form, resource, name(form, resource))
}

fn with_name(form: &ArnForm, resource: Resource<'_>, mut name: Pattern) -> Pattern {
    let mut pattern = start(resource, form.service, form.located);
    pattern.push_text(form.before);
    if matches!(form.kind, "AWS::IAM::Role" | "AWS::IAM::User")
        && let Some(path) = resource.property("Path").as_text()
    {
        pattern.push_text(path.trim_start_matches('/'));
    }
    // The name of a parameter in a hierarchy begins with the slash that the ARN has anyway.
    if form.service == "ssm" && name.0.first() == Some(&Piece::Byte(b'/')) {
        name.0.remove(0);
    }
    pattern.0.extend(name.0);
    pattern
}

/// The physical name, or the symbol for the one that AWS makes up.
fn name(form: &ArnForm, resource: Resource<'_>) -> Pattern {
    let mut pattern = Pattern::default();
    match form.name.map(|property| resource.property(property)) {
        Some(Value::Text(text)) => pattern.push_text(&text),
        Some(Value::Absent) | None => {
            pattern.0.push(Piece::Symbol(Symbol { resource: resource.id, attribute: "".into() }));
        }
        Some(_) => pattern.0.push(Piece::Many),
    }
    pattern
}

/// The ARN with all that a made-up name may be.
fn spelled(form: &ArnForm, resource: Resource<'_>) -> Pattern {
    let given = name(form, resource);
    if !given.0.iter().any(|piece| matches!(piece, Piece::Symbol(_))) {
        return with_name(form, resource, given);
    }
    let stack = resource.stack.name.to_ascii_lowercase();
    let mut text = match form.made_up {
        MadeUp::Anything => String::new(),
        MadeUp::StackAndLogicalId => format!("{}-{}-", resource.stack.name, resource.logical_id()),
        // Names of at most 63 or 64 characters: a hyphen and twelve random characters at the end, and
        // the logical id, take their part first.
        MadeUp::StartOfStack => stack.chars().take(24).collect(),
    };
    if form.kind != "AWS::S3::Bucket" && form.made_up == MadeUp::StartOfStack {
        text = resource.stack.name.chars().take(24).collect();
    }
    let mut name = Pattern::default();
    name.push_text(&text);
    name.0.push(Piece::Many);
    with_name(form, resource, name)
}
