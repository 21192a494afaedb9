//! Codes of `tenantry check` about IAM: who could reach what another tenant has.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &POLICY_REACHES_OTHER_TENANT,
    &POLICY_REACHES_SHARED_DATA,
    &OPEN_ENDED_TENANT_PATTERN,
    &POLICY_ADMITS_OTHER_TENANT,
    &SESSION_TAG_NOT_FORCED,
    &UNDECIDED_POLICY,
];

pub static POLICY_REACHES_OTHER_TENANT: Code = Code {
    name: "policy-reaches-other-tenant",
    meaning: "a role that a tenant holds may act on a resource of another tenant",
    explanation: "What a tenant's programs run as must reach that tenant's own data, keys, secrets, queues and roles, and nobody else's. Each statement that allows is compared \
with every resource of every other tenant; a text that both the statement and the resource's ARN match is shown.\n\n    Resource: arn:aws:s3:::ledgerly-*              # refused: every tenant's buckets\n    Resource: !Sub ${Files.Arn}/*                  # right: the tenant's own\n\n\
`Deny` statements, permissions boundaries and organization policies are not counted on.",
};

pub static POLICY_REACHES_SHARED_DATA: Code = Code {
    name: "policy-reaches-shared-data",
    meaning: "a role that a tenant holds may read or change all of something that tenants share",
    explanation: "A table, bucket, key, queue or log group that tenants share has parts, and a tenant's role must be kept to its own: by an ARN that ends in the tenant's id and a character \
that no id has, or by a condition on `dynamodb:LeadingKeys` (with a `Null` test, since `ForAllValues` holds where the key is missing, and without `Scan`), `s3:prefix`, an encryption context, or the tenant's tag.\n\n    \
Resource: !Sub ${Files.Arn}/${!aws:PrincipalTag/tenant-id}*      # refused: `acme` also matches `acme2/...`\n    Resource: !Sub ${Files.Arn}/${!aws:PrincipalTag/tenant-id}/*     # right",
};

pub static OPEN_ENDED_TENANT_PATTERN: Code = Code {
    name: "open-ended-tenant-pattern",
    meaning: "a pattern with a tenant's id in it would match what a tenant with a longer id has",
    explanation: "Ids hold letters, digits and hyphens, so `acme*` and `acme-*` match what belongs to a tenant `acme-europe`, today or on the day when it arrives.\n\n    \
Resource: arn:aws:s3:::documents/acme*     # refused\n    Resource: arn:aws:s3:::documents/acme/*    # right: no id has a slash",
};

pub static POLICY_ADMITS_OTHER_TENANT: Code = Code {
    name: "policy-admits-other-tenant",
    meaning: "the policy of a resource, or the trust policy of a role, lets another tenant or everybody in",
    explanation: "A resource's own policy is enough within an account: it needs no second permission on the side of the caller. So it must not name another tenant's role, nor everybody without a condition on who calls.\n\n    \
Principal: \"*\"                                  # refused\n    Principal: { AWS: !GetAtt ServiceRole.Arn }     # right",
};

pub static SESSION_TAG_NOT_FORCED: Code = Code {
    name: "session-tag-not-forced",
    meaning: "a role tells tenants apart by a tag of the session, and can be taken without it",
    explanation: "Where policies compare `aws:PrincipalTag` with what a tenant owns, everything hangs on that the session has the tag. The trust policy has to ask for it.\n\n    \
Condition: { StringLike: { aws:RequestTag/tenant-id: \"?*\" } }",
};

pub static UNDECIDED_POLICY: Code = Code {
    name: "undecided-policy",
    meaning: "what a policy of a tenant allows cannot be read without AWS",
    explanation: "A policy that is attached by the ARN of one that tenantry does not know, or that is put together from values that only a deployment knows, may allow anything. What is not known is never taken for fine: the verdict on isolation is `unknown`.\n\n\
Write the statements into the template.",
};
