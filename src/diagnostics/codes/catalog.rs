//! Codes of the catalog stage.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &NO_CATALOG,
    &UNKNOWN_FILE_TYPE,
    &PATH_OUTSIDE_CATALOG,
    &UNSUPPORTED_VERSION,
    &INVALID_NAME,
    &INVALID_CIDR,
    &HOST_BITS_SET,
    &IPV6_NOT_SUPPORTED,
    &UNUSABLE_POOL,
    &RANGE_TO_AVOID,
    &OVERLAPPING_POOLS,
    &POOL_SWALLOWED,
    &RANGE_OF_TENANTS,
    &UNSAFE_TEXT,
    &UNKNOWN_VALUE,
    &UNKNOWN_MODEL,
    &UNKNOWN_TIER,
    &UNKNOWN_REGION,
    &UNKNOWN_ZONE,
    &UNKNOWN_ACCOUNT,
    &UNKNOWN_QUOTA,
    &UNKNOWN_TAG,
    &MISSING_TAG,
    &INVALID_TAG,
    &INVALID_TAG_RULE,
    &TOO_MANY_TAGS,
    &DUPLICATE_TENANT,
    &TWO_HOMES_ALIKE,
    &DUPLICATE_ACCOUNT,
    &DUPLICATE_ITEM,
    &EMPTY_LIST,
    &ACCOUNT_DOES_NOT_HOST,
    &NO_HOST_ACCOUNT,
    &SHARED_ACCOUNT,
    &NOT_BUILT_YET,
];

pub static NO_CATALOG: Code = Code {
    name: "no-catalog",
    meaning: "there is no catalog at the place where one is looked for",
    explanation: "A command takes the catalog from its argument, else from `catalog.yaml`, else from the directory `catalog` of the current directory. \
A directory needs at least one .yaml, .yml or .json file.\n\n    tenantry init           # writes a starter catalog\n    tenantry synth my.yaml  # names another one",
};

pub static UNKNOWN_FILE_TYPE: Code = Code {
    name: "unknown-file-type",
    meaning: "a file's extension does not say how it is to be read",
    explanation: "The extension decides the format: .yaml and .yml, .json; for lists of tenants also .jsonl (one JSON object a line) and .csv. \
Rename the file, or convert it.",
};

pub static PATH_OUTSIDE_CATALOG: Code = Code {
    name: "path-outside-catalog",
    meaning: "`tenants` names a file outside the catalog's directory",
    explanation: "A list of tenants is named by a path relative to the file that names it, and lies beside the catalog file or below its directory. \
Absolute paths and paths that leave the directory by `..` are refused, so that a catalog means the same on every machine.\n\n    tenants: [tenants/enterprise.yaml, tenants/free.csv]",
};

pub static UNSUPPORTED_VERSION: Code = Code {
    name: "unsupported-version",
    meaning: "the catalog is written for another version of its format",
    explanation: "`version` names the format of the catalog, not of your data. This tenantry reads version 1.\n\n    version: 1",
};

pub static INVALID_NAME: Code = Code {
    name: "invalid-name",
    meaning: "a name or an id breaks the rule of its kind",
    explanation: "Ids become parts of stack names, paths, ARNs and policies, where many characters have a meaning of their own. \
Each kind has a narrow rule, which the message states: a tenant's id is 2 to 31 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen; an account's id is twelve digits in quotes.\n\n    id: Acme_Corp    # refused\n    id: acme-corp    # right",
};

pub static INVALID_CIDR: Code = Code {
    name: "invalid-cidr",
    meaning: "a text is not an IPv4 block",
    explanation: "A block is an address, a slash and a length from 0 to 32. A single address has the length 32.\n\n    203.0.113.7       # refused: no length\n    203.0.113.7/32    # right\n    203.0.113.0/24    # right",
};

pub static HOST_BITS_SET: Code = Code {
    name: "host-bits-set",
    meaning: "a block has bits set beyond its length",
    explanation: "`10.0.0.7/16` can mean the block 10.0.0.0/16 or the address 10.0.0.7. AWS would silently take the first; tenantry asks. \
The help shows the block with its host bits cleared.\n\n    10.0.0.7/16    # refused\n    10.0.0.0/16    # right",
};

pub static IPV6_NOT_SUPPORTED: Code = Code {
    name: "ipv6-not-supported",
    meaning: "an IPv6 block where only IPv4 addresses are",
    explanation: "`pools` are IPv4 blocks: IPv6 blocks of one's own stand under `ipv6_pools`, each with the id of its pool in EC2. And a tenant has IPv6 addresses only with the setting `ipv6: dual_stack`: \
without it, an IPv6 block in its `ingress` would let nobody in.\n\n    tiers:\n      business: { model: vpc, settings: { ipv6: dual_stack } }",
};

pub static UNUSABLE_POOL: Code = Code {
    name: "unusable-pool",
    meaning: "a pool has a length or a range that AWS cannot use for tenants",
    explanation: "Pools have lengths from 8 to 28. They may not touch 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16 or 224.0.0.0/4, which AWS refuses as blocks of a VPC. \
Private addresses (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16) and 100.64.0.0/10 are the usual choice.",
};

pub static RANGE_TO_AVOID: Code = Code {
    name: "range-to-avoid",
    meaning: "a pool holds addresses that AWS takes for a VPC and advises against",
    explanation: "AWS Cloud9 and SageMaker AI run Docker on 172.17.0.0/16. A VPC with addresses of that range works, but what runs in those services cannot reach it. \
Reserve the range, and it is not handed out:\n\n    reserved:\n      - { cidr: 172.17.0.0/16, reason: Docker }",
};

pub static OVERLAPPING_POOLS: Code = Code {
    name: "overlapping-pools",
    meaning: "two pools have addresses in common",
    explanation: "Tenants' addresses are cut from the pools, and no two tenants may ever get the same ones: networks with common addresses cannot be peered or routed to each other, in whatever Region they lie. \
Every pool needs a block that no other pool touches.\n\n    us-east-1: { pools: [10.64.0.0/12] }\n    eu-west-1: { pools: [10.72.0.0/13] }   # refused: inside 10.64.0.0/12\n    eu-west-1: { pools: [10.80.0.0/12] }   # right\n\nNetworks that meet no other may have the same addresses in two Regions. Say so of both pools, while `connect` is `private_link` or `none`:\n\n    us-east-1: { pools: [{ cidr: 100.64.0.0/16, routable: false }] }\n    eu-west-1: { pools: [{ cidr: 100.64.0.0/16, routable: false }] }",
};

pub static POOL_SWALLOWED: Code = Code {
    name: "pool-swallowed",
    meaning: "a reserved range leaves nothing of a pool",
    explanation: "Reserved ranges are taken out of the pools. One that contains a whole pool leaves no address to hand out, which is more likely a mistake than a wish. \
Move the pool, or make the reserved range smaller. A range that takes a part of a pool is fine.",
};

pub static RANGE_OF_TENANTS: Code = Code {
    name: "range-of-tenants",
    meaning: "a named range holds addresses that tenants are given",
    explanation: "A flow from or to `range.NAME` opens a workload of every tenant to those addresses. If tenants live there, it opens the tenants to each other. Name addresses outside of all pools:\n\n    \
ranges:\n      on_premises: [192.168.0.0/16]",
};

pub static UNSAFE_TEXT: Code = Code {
    name: "unsafe-text",
    meaning: "a text holds something that could be read as code or hides what is shown",
    explanation: "Names, reasons, tag values and settings end in templates, policies, reports and spreadsheets. There, `{{...}}` is an expression, `${...}` a variable, `{{resolve:...}}` a secret, \
a leading `=` a formula, `<` markup, and control or invisible characters change what a reader sees. Such text is refused where it is written, so that data can never become code.\n\n    name: \"=cmd()\"             # refused\n    name: O'Hara & Sons, Ltd.   # right",
};

pub static UNKNOWN_VALUE: Code = Code {
    name: "unknown-value",
    meaning: "a value is not one of the words that its key takes",
    explanation: "Some keys take one of a few words: `status` is planned, active, suspended, offboarding or retired; `connect` is auto, peering, transit_gateway, private_link or none. The nearest word is suggested.",
};

pub static UNKNOWN_MODEL: Code = Code {
    name: "unknown-model",
    meaning: "a model is not one of the five",
    explanation: "The layer at which a tenant is kept apart is `account`, `vpc`, `subnet`, `container` or `application`. An account's `hosts` may also hold `shared_services`.",
};

pub static UNKNOWN_TIER: Code = Code {
    name: "unknown-tier",
    meaning: "a tenant's tier is not declared",
    explanation: "Every tenant names one of the catalog's `tiers`. The nearest one is suggested; otherwise declare the tier:\n\n    tiers:\n      business: { model: vpc }",
};

pub static UNKNOWN_REGION: Code = Code {
    name: "unknown-region",
    meaning: "a Region does not exist, or is not in the catalog",
    explanation: "The keys of `regions` are codes of AWS Regions, and every tenant, quota and zone belongs to one of those that the catalog lists.\n\n    regions:\n      eu-west-1: { zones: [euw1-az1, euw1-az2], pools: [10.80.0.0/12] }",
};

pub static UNKNOWN_ZONE: Code = Code {
    name: "unknown-zone",
    meaning: "a Region has no zone of this id",
    explanation: "Zones are named by id (`use1-az4`), which is the same place in every account; the name `us-east-1a` can be another place in another account. \
The help lists the zones of the Region. An account may lack some of them: `aws ec2 describe-availability-zones` shows those it has.",
};

pub static UNKNOWN_ACCOUNT: Code = Code {
    name: "unknown-account",
    meaning: "an account is named that the catalog does not list",
    explanation: "Tiers, tenants and quotas name accounts by their number; each must stand under `accounts`. A tenant of the account model may name its own account, which need not be listed.",
};

pub static UNKNOWN_QUOTA: Code = Code {
    name: "unknown-quota",
    meaning: "a quota id is not one of tenantry's table",
    explanation: "`quotas` records increases that AWS has granted, by the ids of tenantry's table of limits (`tenantry limits` shows them), such as `vpcs-per-region`.",
};

pub static UNKNOWN_TAG: Code = Code {
    name: "unknown-tag",
    meaning: "a tenant has a tag that no rule declares",
    explanation: "Tags are declared once, under `tags`, and tenants give values for them. A tag that no rule declares is mostly a misspelling, after which a cost report misses the tenant.\n\n    tags:\n      - { key: cost-center, required: true }",
};

pub static MISSING_TAG: Code = Code {
    name: "missing-tag",
    meaning: "a tenant lacks a tag that is required",
    explanation: "The rule says `required: true` and has no `default`, and the tenant gives no value. Add the tag to the tenant, or a default to the rule.",
};

pub static INVALID_TAG: Code = Code {
    name: "invalid-tag",
    meaning: "a tag's key or value breaks AWS's rules or the catalog's own",
    explanation: "AWS takes letters, digits, spaces and `_ . : / = + - @`: keys of 1 to 128 characters that do not begin with `aws:`, values of at most 256. \
A rule may narrow the values by `pattern` or `values`; and a tag taken `from` a source cannot be given by a tenant as well.",
};

pub static INVALID_TAG_RULE: Code = Code {
    name: "invalid-tag-rule",
    meaning: "a rule for a tag contradicts itself or cannot be read",
    explanation: "A rule takes its value `from` a source that every tenant has, or from the tenants' own `tags`, where `default` fills the gaps: not both. `pattern` is a regular expression that the whole value must match. \
The tag `tenant-id` always holds the tenant's id.\n\n    - { key: tenant-id, from: tenant.id }\n    - { key: cost-center, required: true, pattern: \"[0-9]{5}\" }\n    - { key: data-class, values: [public, internal], default: internal }",
};

pub static TOO_MANY_TAGS: Code = Code {
    name: "too-many-tags",
    meaning: "there are more tag rules than a resource can bear",
    explanation: "AWS allows 50 tags a resource. tenantry keeps ten for those that blueprints and AWS's own services add, so that a catalog may declare 40.",
};

pub static DUPLICATE_TENANT: Code = Code {
    name: "duplicate-tenant",
    meaning: "two tenants have the same id",
    explanation: "A tenant's id is its identity for ever: stacks, addresses and tags hang on it. Two tenants with one id would share them. Both places are shown, which may be in different files.",
};

pub static TWO_HOMES_ALIKE: Code = Code {
    name: "two-homes-alike",
    meaning: "a tenant has two homes in one model, and leaves neither",
    explanation: "A tenant may have several homes, each with other workloads, and is known in each by its model. So there is one in a model; a second one only while the tenant moves out of the first.\n\n    \
- { id: acme, name: Acme, tier: plus, region: us-east-1, homes: [{ tier: silo }] }                  # two models\n    \
- { id: acme, name: Acme, tier: plus, region: eu-west-1, homes: [{ tier: plus, region: us-east-1, leaving: true }] }   # a move",
};

pub static DUPLICATE_ACCOUNT: Code = Code {
    name: "duplicate-account",
    meaning: "an account is listed twice",
    explanation: "Each account has one entry, which says all that it hosts; its `hosts` takes as many models as you like.\n\n    accounts:\n      - { id: \"222222222222\", name: platform, hosts: [vpc, subnet] }",
};

pub static DUPLICATE_ITEM: Code = Code {
    name: "duplicate-item",
    meaning: "a list has the same item twice",
    explanation: "A zone, a block, a file or a tag that is listed twice is a slip; nothing would be done twice. Remove one of the two.",
};

pub static EMPTY_LIST: Code = Code {
    name: "empty-list",
    meaning: "a list or mapping is empty that needs an entry",
    explanation: "A catalog needs at least one account, Region and tier; an account at least one host; a Region at least one zone and one pool.",
};

pub static ACCOUNT_DOES_NOT_HOST: Code = Code {
    name: "account-does-not-host",
    meaning: "an account is to be home to a model that it does not host",
    explanation: "`hosts` says which models an account may be home to. A tier or tenant that names the account needs its model there.\n\n    accounts:\n      - { id: \"222222222222\", name: platform, hosts: [vpc, subnet] }",
};

pub static NO_HOST_ACCOUNT: Code = Code {
    name: "no-host-account",
    meaning: "no account hosts the model of a tier that has tenants",
    explanation: "Tenants of the models vpc, subnet, container and application live in the accounts of the catalog. At least one must host the model.",
};

pub static SHARED_ACCOUNT: Code = Code {
    name: "shared-account",
    meaning: "a tenant of the account model would not be alone in its account",
    explanation: "The account model gives every tenant an AWS account of its own. Two tenants in one account, a tier with one account for all, or a tenant in the management account would break that promise.",
};

pub static NOT_BUILT_YET: Code = Code {
    name: "not-built-yet",
    meaning: "a key asks for something that this version does not build",
    explanation: "The key is part of the catalog's format and is checked, but nothing is emitted for it yet. This is a warning: the rest is compiled. Remove the key until a version builds it.",
};
