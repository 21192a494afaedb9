//! Codes of `tenantry check` about tags and security posture.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &UNTAGGED_RESOURCE,
    &REPEATED_TAG,
    &FOREIGN_TENANT_TAG,
    &UNENCRYPTED_STORAGE,
    &UNENCRYPTED_TRANSPORT,
    &PUBLIC_ACCESS,
    &OPEN_TO_THE_INTERNET,
    &BROAD_PERMISSION,
    &KEY_WITHOUT_ROTATION,
    &PLAINTEXT_SECRET,
    &SHORT_RETENTION,
    &UNPROTECTED_DELETION,
    &PRIVILEGED_CONTAINER,
    &WEAK_INSTANCE_METADATA,
    &WEAK_AUDIT_TRAIL,
    &WEAK_LOAD_BALANCER,
    &MUTABLE_IMAGE,
    &LONG_LIVED_CREDENTIALS,
    &POLICY_TOO_LONG,
];

pub static UNTAGGED_RESOURCE: Code = Code {
    name: "untagged-resource",
    meaning: "a resource or a stack lacks a tag that the organization asks for",
    explanation: "Costs are told apart, access is limited and things are found by tags. The keys are those of `organization/tag-policy.json`; which types take tags is said by their own schemas. A key is asked for where the policy reports its absence, or where the stack itself has the tag.\n\n    Tags: [{ Key: tenant-id, Value: !Ref TenantId }]    # as the policy asks",
};

pub static REPEATED_TAG: Code = Code {
    name: "repeated-tag",
    meaning: "a resource has a tag twice",
    explanation: "CloudFormation refuses a resource that has a key twice, when it is made; where it does not, one of the two values wins in silence.\n\nTake one of the two out.",
};

pub static FOREIGN_TENANT_TAG: Code = Code {
    name: "foreign-tenant-tag",
    meaning: "a resource of one tenant says that it is another's",
    explanation: "The tag that names the tenant decides who is billed and, by conditions such as `aws:ResourceTag/tenant-id`, who may touch the resource. A resource in the stack of one tenant with the id of another is handed to that other.\n\nThe stack's tenant is what `manifest.json` says. Give the tag the tenant's own id, in the deployment file where it comes from a parameter.",
};

pub static UNENCRYPTED_STORAGE: Code = Code {
    name: "unencrypted-storage",
    meaning: "what is stored is not encrypted",
    explanation: "Disks, databases, streams and topics are encrypted where their property says so. It cannot be changed later on most of them without copying the data.\n\n    Type: AWS::RDS::DBCluster\n    Properties: { StorageEncrypted: true }",
};

pub static UNENCRYPTED_TRANSPORT: Code = Code {
    name: "unencrypted-transport",
    meaning: "data can be sent without TLS, or with an old version of it",
    explanation: "Everything on the way can read and change what is sent in the clear. Listeners take HTTPS with a policy of TLS 1.2 or later, or redirect to it; buckets deny requests without TLS in their policy; clusters encrypt between their nodes.\n\n    Effect: Deny\n    Principal: \"*\"\n    Action: s3:*\n    Condition: { Bool: { \"aws:SecureTransport\": \"false\" } }",
};

pub static PUBLIC_ACCESS: Code = Code {
    name: "public-access",
    meaning: "something can be reached or used by everybody",
    explanation: "An address of the internet, a bucket whose public access is not blocked, a function or a document of a resource that allows everybody without a condition. What is meant for the public goes through a load balancer or CloudFront, where rules and logs are.\n\n    Principal: \"*\"    # refused where no condition says who",
};

pub static OPEN_TO_THE_INTERNET: Code = Code {
    name: "open-to-the-internet",
    meaning: "a security group admits the whole internet to a shell, a file server or a database",
    explanation: "Such ports are tried within minutes of being opened. Administration goes through Session Manager or a private network; data stays behind its service.\n\n    { IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0 }    # refused",
};

pub static BROAD_PERMISSION: Code = Code {
    name: "broad-permission",
    meaning: "a policy allows everything, or a whole service over everything",
    explanation: "What a role may do beyond its work is what an attacker gets with it. `*` as an action, a whole service over every resource, `NotAction` and `NotResource` with `Allow`, rights to hand on any role, and the managed policies of administrators are such.\n\n    Action: \"*\"              # refused\n    Action: s3:GetObject     # and over which objects",
};

pub static KEY_WITHOUT_ROTATION: Code = Code {
    name: "key-without-rotation",
    meaning: "a key is never exchanged",
    explanation: "KMS exchanges the material of a symmetric key once a year where `EnableKeyRotation` is true; what was encrypted before stays readable. Nothing else has to change.\n\n    Type: AWS::KMS::Key\n    Properties: { EnableKeyRotation: true }",
};

pub static PLAINTEXT_SECRET: Code = Code {
    name: "plaintext-secret",
    meaning: "a password or a token stands in a template or a deployment file",
    explanation: "Templates and deployment files are read by many people and kept for ever in version control. Databases make their own password (`ManageMasterUserPassword`); containers get theirs from Secrets Manager (`Secrets`).\n\n    Environment: [{ Name: DB_PASSWORD, Value: hunter2 }]    # refused",
};

pub static SHORT_RETENTION: Code = Code {
    name: "short-retention",
    meaning: "backups are kept too briefly, or logs without an end",
    explanation: "Errors are often found days after they were made: databases keep backups for seven days at least, and tables can be put back to any second of the last weeks. Logs say how long they are kept, because contracts and laws do.\n\n    Type: AWS::RDS::DBCluster\n    Properties: { BackupRetentionPeriod: 14 }",
};

pub static UNPROTECTED_DELETION: Code = Code {
    name: "unprotected-deletion",
    meaning: "data goes with its resource, or can be deleted by one call",
    explanation: "CloudFormation deletes a resource that leaves its template, and the old one when a change replaces it. What holds data says by `DeletionPolicy` and `UpdateReplacePolicy` that it stays, or leaves a snapshot; databases and load balancers have a protection of their own besides.\n\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain",
};

pub static PRIVILEGED_CONTAINER: Code = Code {
    name: "privileged-container",
    meaning: "a container can do more than run its program",
    explanation: "The rights, the network or the processes of the host, a file system that can be written to, the user root, and a shell from outside each make a small mistake of the program a large one.\n\n    User: \"1000\"\n    ReadonlyRootFilesystem: true",
};

pub static WEAK_INSTANCE_METADATA: Code = Code {
    name: "weak-instance-metadata",
    meaning: "an instance gives its credentials to whoever asks from a program on it",
    explanation: "Version 2 of the instance metadata service asks for a token that a server which is made to fetch addresses for somebody cannot get.\n\n    MetadataOptions: { HttpTokens: required }\n\n\
Tasks of ECS on an instance reach it like any program there, unless the agent's configuration keeps them from it: `ECS_AWSVPC_BLOCK_IMDS=true`.",
};

pub static WEAK_AUDIT_TRAIL: Code = Code {
    name: "weak-audit-trail",
    meaning: "what was done cannot be seen later, or not be proved",
    explanation: "Trails of CloudTrail cover all Regions and are sealed; load balancers write down who called them.\n\n    Type: AWS::CloudTrail::Trail\n    Properties: { IsMultiRegionTrail: true, EnableLogFileValidation: true, ... }",
};

pub static WEAK_LOAD_BALANCER: Code = Code {
    name: "weak-load-balancer",
    meaning: "a load balancer hands on requests that servers read in different ways",
    explanation: "Headers that break the rules of HTTP are how a second request is hidden inside of a first one. An application load balancer drops them where it is told to.\n\n    { Key: routing.http.drop_invalid_header_fields.enabled, Value: \"true\" }",
};

pub static MUTABLE_IMAGE: Code = Code {
    name: "mutable-image",
    meaning: "the tag of a container image can be moved to another image",
    explanation: "What is started under a tag is then not what was looked at and scanned.\n\n    Type: AWS::ECR::Repository\n    Properties: { ImageTagMutability: IMMUTABLE }",
};

pub static LONG_LIVED_CREDENTIALS: Code = Code {
    name: "long-lived-credentials",
    meaning: "a template makes users or keys that do not expire",
    explanation: "Keys of users are the credentials that are found in public repositories. People sign in by IAM Identity Center, programs take on roles: both get credentials for hours.\n\nTake the user out, and let its program take on a role.",
};

pub static POLICY_TOO_LONG: Code = Code {
    name: "policy-too-long",
    meaning: "a document of IAM is longer than AWS takes",
    explanation: "IAM takes 6,144 characters of a managed policy, 2,048 of a trust policy and 10,240 of all inline policies of a role together, white space not counted; S3 takes 20 KB of a bucket's policy, KMS 32 KB of a key's. \
CloudFormation finds out in the middle of a deployment, and linters do not count.\n\nName resources by a common beginning instead of one by one, divide the policy, or attach several managed ones.",
};
