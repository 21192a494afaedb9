//! Rules that look at more than one property, or at more than one resource.

use crate::check::finding::Finding;
use crate::check::model::{Estate, Resource, Value};
use crate::diagnostics::{Code, codes, quote};

/// Types that hold what cannot be made again. A database in a cluster holds nothing of its own.
const HOLDS_DATA: [&str; 20] = [
    "AWS::Backup::BackupVault",
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Volume",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Logs::LogGroup",
    "AWS::Neptune::DBCluster",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
];

/// Ports behind which stand shells, files and databases (the union of what the rule sets call sensitive).
const SENSITIVE_PORTS: [(i64, &str); 20] = [
    (21, "FTP"),
    (22, "SSH"),
    (23, "Telnet"),
    (135, "RPC"),
    (139, "NetBIOS"),
    (445, "SMB"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2049, "NFS"),
    (2375, "Docker"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (5432, "PostgreSQL"),
    (5601, "Kibana"),
    (5900, "VNC"),
    (6379, "Redis"),
    (9200, "OpenSearch"),
    (9300, "OpenSearch"),
    (11211, "Memcached"),
    (27017, "MongoDB"),
];

pub(super) fn judge(estate: &Estate, resource: Resource<'_>, findings: &mut Vec<Finding>) {
    let mut tell = Tell { resource, findings };
    deletion(&mut tell);
    match resource.kind() {
        "AWS::S3::Bucket" => only_over_tls(estate, &mut tell),
        "AWS::EC2::SecurityGroup" => {
            for (index, rule) in resource.property("SecurityGroupIngress").items().iter().enumerate() {
                ingress(rule, &["SecurityGroupIngress", &index.to_string()], &mut tell);
            }
        }
        "AWS::EC2::SecurityGroupIngress" => ingress(&resource.properties(), &[], &mut tell),
        "AWS::ECS::TaskDefinition" => containers(&mut tell),
        "AWS::ElasticLoadBalancingV2::Listener" => listener(&mut tell),
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => load_balancer(&mut tell),
        "AWS::RDS::DBCluster"
        | "AWS::RDS::DBInstance"
        | "AWS::DocDB::DBCluster"
        | "AWS::Redshift::Cluster" => {
            password(&mut tell);
        }
        "AWS::EC2::VPCEndpointServicePermissions" => {
            let principals = resource.property("AllowedPrincipals");
            if principals.items().iter().any(|one| one.as_text() == Some("*")) {
                let message =
                    format!("any account of AWS may use the endpoint service of `{}`", resource.logical_id());
                let help = "name the accounts of those who may";
                tell.that(&codes::PUBLIC_ACCESS, &["AllowedPrincipals"], message, help);
            }
        }
        "AWS::IAM::User" | "AWS::IAM::AccessKey" => tell.that(
            &codes::LONG_LIVED_CREDENTIALS,
            &[],
            format!("`{}` is there for credentials that do not expire", resource.logical_id()),
            "let people sign in by IAM Identity Center, and programs take on roles",
        ),
        _ => {}
    }
}

struct Tell<'r, 'f> {
    resource: Resource<'r>,
    findings: &'f mut Vec<Finding>,
}

impl Tell<'_, '_> {
    fn that(&mut self, code: &'static Code, path: &[&str], message: String, help: &str) {
        self.findings.push(
            Finding::new(code, message, self.resource.place(path), "")
                .of_resource(self.resource.logical_id())
                .help(help),
        );
    }
}

/// What holds data stays when its resource leaves the template, or leaves a snapshot.
fn deletion(tell: &mut Tell<'_, '_>) {
    let (resource, id) = (tell.resource, tell.resource.logical_id());
    let in_cluster = resource.kind() == "AWS::RDS::DBInstance"
        && resource.property("DBClusterIdentifier") != Value::Absent;
    if !HOLDS_DATA.contains(&resource.kind()) || in_cluster {
        return;
    }
    let declared = resource.declared;
    for (name, policy) in [
        ("DeletionPolicy", &declared.deletion_policy),
        ("UpdateReplacePolicy", &declared.update_replace_policy),
    ] {
        let keeps = policy
            .as_ref()
            .is_some_and(|(policy, _)| ["Retain", "RetainExceptOnCreate", "Snapshot"].contains(&&**policy));
        if !keeps {
            let found = match policy {
                Some((policy, _)) => format!("has the `{name}` {}", quote(policy)),
                None => format!("has no `{name}`"),
            };
            let span = policy.as_ref().map_or(declared.span, |(_, span)| *span);
            let message = format!("`{id}` holds data and {found}");
            tell.findings.push(
                Finding::new(&codes::UNPROTECTED_DELETION, message, span, "")
                    .of_resource(id)
                    .help(format!("set `{name}` to `Retain`, or to `Snapshot` where the type takes one")),
            );
        }
    }
}

/// A policy of the bucket in the same stack that denies what comes without TLS.
fn only_over_tls(estate: &Estate, tell: &mut Tell<'_, '_>) {
    let (id, bucket) = (tell.resource.logical_id(), tell.resource.id);
    let denies = |statement: &Value<'_>| {
        let denied = statement.get("Effect").and_then(Value::as_text) == Some("Deny");
        let condition = statement.get("Condition").and_then(|condition| condition.get("Bool"));
        let transport = condition.and_then(|bool| bool.get("aws:SecureTransport"));
        denied && transport.and_then(Value::as_boolean) == Some(false)
    };
    let mut policies = estate.of_kind_in(tell.resource.stack, "AWS::S3::BucketPolicy").filter(|policy| {
        policy.property("Bucket").as_reference().is_some_and(|(target, _)| target == bucket)
    });
    let protected = policies.any(|policy| {
        let document = policy.property("PolicyDocument");
        !document.is_known()
            || document.get("Statement").is_some_and(|statements| statements.items().iter().any(denies))
    });
    if !protected {
        tell.that(
            &codes::UNENCRYPTED_TRANSPORT,
            &[],
            format!("the bucket `{id}` can be read and written without TLS"),
            "deny `s3:*` in its policy where `aws:SecureTransport` is `false`",
        );
    }
}

fn ingress(rule: &Value<'_>, path: &[&str], tell: &mut Tell<'_, '_>) {
    let from_anywhere = [("CidrIp", "0.0.0.0/0"), ("CidrIpv6", "::/0")]
        .into_iter()
        .find(|(key, all)| rule.get(key).and_then(Value::as_text).is_some_and(|range| range == *all));
    let Some((key, range)) = from_anywhere else { return };
    let protocol = rule.get("IpProtocol").map(ToString::to_string).unwrap_or_default();
    let port = |key: &str| rule.get(key).and_then(Value::as_integer);
    let (from, to) = match (protocol.as_str(), port("FromPort"), port("ToPort")) {
        ("tcp" | "6" | "udp" | "17", Some(from), Some(to)) if from >= 0 => (from, to),
        ("icmp" | "1" | "icmpv6" | "58", ..) => return,
        _ => (0, 65_535),
    };
    let exposed: Vec<&str> = SENSITIVE_PORTS
        .iter()
        .filter(|(port, _)| (from..=to).contains(port))
        .map(|(_, service)| *service)
        .collect();
    if let Some(first) = exposed.first() {
        let what = match exposed.len() {
            1 => (*first).to_owned(),
            all => format!("{first} and {} other services", all - 1),
        };
        let mut place = path.to_vec();
        place.push(key);
        tell.that(
            &codes::OPEN_TO_THE_INTERNET,
            &place,
            format!("`{}` admits {} to {what}", tell.resource.logical_id(), quote(range)),
            "admit the ranges that need it, or none: there are Session Manager and private endpoints",
        );
    }
}

fn containers(tell: &mut Tell<'_, '_>) {
    let definitions = tell.resource.property("ContainerDefinitions");
    for (index, container) in definitions.items().iter().enumerate() {
        let index = index.to_string();
        let at = |key: &'static str| ["ContainerDefinitions", index.as_str(), key];
        let name = container.get("Name").and_then(Value::as_text).unwrap_or("a container").to_owned();
        if container.get("Privileged").and_then(Value::as_boolean) == Some(true) {
            let message = format!("the container {} has the rights of the host", quote(&name));
            tell.that(&codes::PRIVILEGED_CONTAINER, &at("Privileged"), message, "take `Privileged` out");
        }
        let read_only = container.get("ReadonlyRootFilesystem");
        if read_only.is_none_or(|value| value.as_boolean() == Some(false)) {
            let message = format!("the container {} can write over its own program", quote(&name));
            let help = "set `ReadonlyRootFilesystem` to `true`, and give it a volume for what it writes";
            tell.that(&codes::PRIVILEGED_CONTAINER, &at("ReadonlyRootFilesystem"), message, help);
        }
        let user = container.get("User").map(ToString::to_string).unwrap_or_default();
        if matches!(user.split(':').next(), Some("root" | "0")) {
            let message = format!("the container {} runs as root", quote(&name));
            tell.that(&codes::PRIVILEGED_CONTAINER, &at("User"), message, "give it a user of its own");
        }
        let environment = container.get("Environment").map_or(&[][..], |entries| entries.items());
        for (number, entry) in environment.iter().enumerate() {
            let key = entry.get("Name").and_then(Value::as_text).unwrap_or_default();
            let is_literal = matches!(entry.get("Value"), Some(Value::Text(text)) if !text.is_empty());
            if is_secret(key) && is_literal {
                let message = format!(
                    "the variable {} of the container {} stands in plain text",
                    quote(key),
                    quote(&name)
                );
                let number = number.to_string();
                let place = ["ContainerDefinitions", index.as_str(), "Environment", number.as_str(), "Value"];
                let help = "put it into Secrets Manager and name it under `Secrets`";
                tell.that(&codes::PLAINTEXT_SECRET, &place, message, help);
            }
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "SECRET", "SECRET_KEY", "TOKEN", "API_KEY", "PRIVATE_KEY", "ACCESS_KEY"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn password(tell: &mut Tell<'_, '_>) {
    for key in ["MasterUserPassword"] {
        if let Value::Text(text) = tell.resource.property(key)
            && !text.contains("{{resolve:")
        {
            let message = format!("the password of `{}` stands in plain text", tell.resource.logical_id());
            let help = "let AWS make it: `ManageMasterUserPassword: true`";
            tell.that(&codes::PLAINTEXT_SECRET, &[key], message, help);
        }
    }
}

fn listener(tell: &mut Tell<'_, '_>) {
    let resource = tell.resource;
    let id = resource.logical_id();
    let protocol = resource.property("Protocol");
    let actions = resource.property("DefaultActions");
    match protocol.as_text() {
        Some("HTTP") => {
            let redirects = |action: &Value<'_>| {
                let to = action.get("RedirectConfig").and_then(|to| to.get("Protocol"));
                to.and_then(Value::as_text) == Some("HTTPS")
            };
            if !actions.items().iter().any(redirects) {
                let message = format!("the listener `{id}` takes requests without TLS");
                tell.that(
                    &codes::UNENCRYPTED_TRANSPORT,
                    &["Protocol"],
                    message,
                    "listen with HTTPS, or redirect to it",
                );
            }
        }
        Some("HTTPS" | "TLS") => {
            let policy = resource.property("SslPolicy");
            let modern = [
                "ELBSecurityPolicy-TLS13-1-2",
                "ELBSecurityPolicy-TLS13-1-3",
                "ELBSecurityPolicy-FS-1-2",
                "ELBSecurityPolicy-TLS-1-2",
            ];
            let fine = match &policy {
                Value::Absent => false,
                Value::Text(name) => modern.iter().any(|start| name.starts_with(start)),
                _ => true,
            };
            if !fine {
                let message = format!("the listener `{id}` takes versions of TLS before 1.2");
                tell.that(
                    &codes::UNENCRYPTED_TRANSPORT,
                    &["SslPolicy"],
                    message,
                    "choose a policy of `ELBSecurityPolicy-TLS13-1-2-…`",
                );
            }
        }
        _ => {}
    }
}

fn load_balancer(tell: &mut Tell<'_, '_>) {
    let resource = tell.resource;
    let id = resource.logical_id();
    let attributes = resource.property("LoadBalancerAttributes");
    if matches!(attributes, Value::Unknown(_)) {
        return;
    }
    let on = |key: &str| {
        let entry =
            attributes.items().iter().find(|entry| entry.get("Key").and_then(Value::as_text) == Some(key));
        // What cannot be known is not held against it.
        entry
            .and_then(|entry| entry.get("Value"))
            .is_some_and(|value| value.as_boolean().unwrap_or(!matches!(value, Value::Text(_))))
    };
    let kind = resource.property("Type");
    let is_application = kind == Value::Absent || kind.as_text() == Some("application");
    let place = ["LoadBalancerAttributes"];
    if !on("deletion_protection.enabled") {
        let message = format!("one call deletes the load balancer `{id}`");
        tell.that(
            &codes::UNPROTECTED_DELETION,
            &place,
            message,
            "set `deletion_protection.enabled` to `true`",
        );
    }
    // Without TLS a network load balancer writes no line (its guide, "Access logs"); flow logs have the rest.
    if !on("access_logs.s3.enabled") && !matches!(kind.as_text(), Some("gateway" | "network")) {
        let message = format!("nobody can see later who called the load balancer `{id}`");
        tell.that(
            &codes::WEAK_AUDIT_TRAIL,
            &place,
            message,
            "set `access_logs.s3.enabled` to `true`, and name a bucket",
        );
    }
    if is_application && !on("routing.http.drop_invalid_header_fields.enabled") {
        let message = format!("the load balancer `{id}` hands malformed headers on");
        let help =
            "set `routing.http.drop_invalid_header_fields.enabled` to `true`: requests are smuggled in them";
        tell.that(&codes::WEAK_LOAD_BALANCER, &place, message, help);
    }
}
