//! How long documents of IAM may be, which nothing says before they are deployed.
//!
//! White space does not count (IAM User Guide, "IAM and AWS STS quotas"). Of what only AWS knows, such as an
//! ARN, no character is counted: what is found too long is too long.

use crate::check::finding::Finding;
use crate::check::model::{Resource, Value};
use crate::diagnostics::codes;

/// Types, the property that holds a document, and the characters that it may have.
const LIMITS: [(&str, &str, usize); 7] = [
    ("AWS::IAM::ManagedPolicy", "PolicyDocument", 6_144),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument", 2_048),
    ("AWS::IAM::RolePolicy", "PolicyDocument", 10_240),
    // S3 User Guide, "Bucket policies": 20 KB.
    ("AWS::S3::BucketPolicy", "PolicyDocument", 20_480),
    // KMS Developer Guide, "Resource quotas": 32 KB.
    ("AWS::KMS::Key", "KeyPolicy", 32_768),
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", 20_480),
    // VPC User Guide, "VPC endpoint policies": 20,480 characters, white space included.
    ("AWS::EC2::VPCEndpoint", "PolicyDocument", 20_480),
];

/// All inline policies of a role together.
const INLINE: usize = 10_240;

pub(super) fn judge(resource: Resource<'_>, findings: &mut Vec<Finding>) {
    let mut tell = |what: &str, length: usize, most: usize, path: &str| {
        if length > most {
            let message = format!("{what} of `{}` has {length} characters at least", resource.logical_id());
            findings.push(
                Finding::new(&codes::POLICY_TOO_LONG, message, resource.place(&[path]).beginning(), "")
                    .of_resource(resource.logical_id())
                    .help(format!("AWS takes {most}: divide it, or name resources by a common beginning")),
            );
        }
    };
    for (_, property, most) in LIMITS.iter().filter(|(kind, ..)| *kind == resource.kind()) {
        tell(&format!("the document `{property}`"), length(&resource.property(property)), *most, property);
    }
    if resource.kind() == "AWS::IAM::Role" {
        let policies = resource.property("Policies");
        let documents = policies.items().iter().filter_map(|policy| policy.get("PolicyDocument"));
        tell("all inline policies", documents.map(length).sum(), INLINE, "Policies");
    }
}

/// Characters of a value as compact JSON, as far as they are known.
fn length(value: &Value<'_>) -> usize {
    let known = |text: &str| text.chars().filter(|character| !character.is_whitespace()).count();
    match value {
        Value::Text(text) => 2 + known(text),
        Value::Joined(pieces) => {
            let texts = pieces.iter().filter_map(Value::as_text);
            2 + texts.map(known).sum::<usize>()
        }
        Value::List(items) => 1 + items.iter().map(|item| 1 + length(item)).sum::<usize>().max(1),
        Value::Map(entries) => {
            let inner = entries.iter().map(|(key, value)| known(key) + 4 + length(value));
            1 + inner.sum::<usize>().max(1)
        }
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => value.to_string().len(),
        Value::Reference { .. } | Value::Function(..) => 2,
        Value::Null | Value::Absent | Value::Unknown(_) => 0,
    }
}
