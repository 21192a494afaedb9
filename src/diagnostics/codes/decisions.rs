//! Codes of the plan's decisions: homes, addresses, rules.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &LOCK_CONTRADICTS_CATALOG,
    &UNKNOWN_SIZE,
    &POOL_FULL,
    &NETWORK_SIZE_CHANGED,
    &NO_ROOM_TO_GROW,
    &NEEDLESS_HEADROOM,
    &NOT_ENOUGH_ZONES,
    &SUBNET_TOO_SMALL,
    &UNREACHABLE_DESTINATION,
    &TOO_MANY_ACL_ENTRIES,
    &TOO_MANY_GROUP_RULES,
    &TOO_MANY_INTERFACE_RULES,
    &UNKNOWN_RANGE,
    &TOO_MANY_RANGES,
    &UNKNOWN_PREFIX_LIST,
    &MISSING_SETTING,
    &CO_HOSTING_FORBIDDEN,
    &TOO_FEW_INSTANCES,
    &NO_MANAGEMENT_ACCOUNT,
    &NO_CENTRAL_SERVICES,
    &PEERINGS_NEARLY_FULL,
    &NO_CENTRAL_ACCOUNT,
    &LOCK_OUT_OF_DATE,
    &UNKNOWN_CODE,
    &UNKNOWN_TENANT,
];

pub static LOCK_CONTRADICTS_CATALOG: Code = Code {
    name: "lock-contradicts-catalog",
    meaning: "the lock records a decision that the catalog no longer allows",
    explanation: "What exists is in `tenantry.lock`, and tenantry never moves it by itself: a VPC cannot change its Region, its account or its block, only be built anew. \
Where the catalog asks for something else, the run stops and shows both places.\n\nTake the edit of the catalog back; or, if what the line of the lock records does not exist in AWS (it was never deployed, or is deleted), delete that line and run again.",
};

pub static UNKNOWN_SIZE: Code = Code {
    name: "unknown-size",
    meaning: "a tier or a tenant asks for a network size that its blueprint does not have",
    explanation: "A blueprint lists its sizes under `network.sizes`; `tenantry blueprint show NAME` prints them. Without `size`, a tenant gets `medium`, or the smallest size of a blueprint that has no `medium`.",
};

pub static POOL_FULL: Code = Code {
    name: "pool-full",
    meaning: "no pool of a Region has a free block of the size that a tenant needs",
    explanation: "Blocks are aligned: a /22 needs 1,024 free addresses that begin at a multiple of 1,024. The message says how much is free and in what sizes. \
Blocks of tenants that have left wait in quarantine until their line is deleted from the lock.\n\nAdd a pool to the Region (existing tenants do not move), shorten a reserved range, give the tenant a smaller size or less headroom, or release quarantined blocks.",
};

pub static NETWORK_SIZE_CHANGED: Code = Code {
    name: "network-size-changed",
    meaning: "a tenant's size was made smaller after its addresses were given out",
    explanation: "AWS cannot resize a block of a VPC, and addresses that a tenant has may be in use, so a network grows and never shrinks. \
Take the change back; or, if the tenant is not deployed yet, delete its lines from the lock, and it gets a new block.",
};

pub static NEEDLESS_HEADROOM: Code = Code {
    name: "needless-headroom",
    meaning: "headroom is asked for where nothing can grow",
    explanation: "Headroom is address space beside a tenant's VPC, for it to grow into. A tenant that shares the network of a cell has subnets there, and AWS resizes no subnet; one of a pool has no addresses at all. So nothing is kept for either.\n\nTake `headroom` out. A tenant that needs more later moves to a home of another size: see `homes` in the catalog's documentation.",
};

pub static NO_ROOM_TO_GROW: Code = Code {
    name: "no-room-to-grow",
    meaning: "a tenant asks for a larger size or more headroom, and the addresses beside its own are not to be had",
    explanation: "A network grows in place: its neighbouring blocks are attached to the VPC as secondary ones, and nothing that is there changes. They come from the tenant's headroom, \
or from what happens to be free beside it; where that is taken, from anywhere in the pools that serve the tenant. No other tenant moves for it, and AWS has rules of its own: a VPC has 5 blocks unless more are granted (`ipv4-cidr-blocks-per-vpc` under `quotas`), and some ranges never stand beside each other.\n\n    \
- { id: acme, tier: business, size: medium, headroom: 2 }   # a /22 that may grow to a /20\n\nGive tenants that are likely to grow headroom when they come. \
Without it, build the tenant anew under another id with the larger size, and remove the old one when all has moved.",
};

pub static NOT_ENOUGH_ZONES: Code = Code {
    name: "not-enough-zones",
    meaning: "a tenant asks for more Availability Zones than its Region has in the catalog",
    explanation: "The setting `zones` says how many zones a tenant's subnets span; the Region's `zones` lists those that may be used. Add zone ids to the Region, or ask for fewer.",
};

pub static SUBNET_TOO_SMALL: Code = Code {
    name: "subnet-too-small",
    meaning: "a network of this size has subnets that are too small for a workload or for AWS",
    explanation: "A network is cut by the shares of its subnet groups, and each group into one slot for each zone. AWS takes subnets down to /28; an Application Load Balancer needs a /27. \
Choose a larger size.",
};

pub static UNREACHABLE_DESTINATION: Code = Code {
    name: "unreachable-destination",
    meaning: "a declared flow has no route to where it leads",
    explanation: "A workload in subnets without a way out cannot reach the internet, nor an AWS service that has no endpoint in the VPC. S3 and DynamoDB have gateway endpoints always; \
name other services in `interface_endpoints`, or set `nat` to something else than `none`.",
};

pub static TOO_MANY_ACL_ENTRIES: Code = Code {
    name: "too-many-acl-entries",
    meaning: "a network ACL would need more entries than AWS allows",
    explanation: "A network ACL holds 20 entries a direction by default, the final deny counted (VPC quotas). Every flow that crosses the subnets' edge needs one entry, and one for its answers. \
Entries are consolidated before they are counted. Declare fewer flows, join port ranges, or have AWS grant up to 40 and write it into the catalog as the quota `rules-per-network-acl`.",
};

pub static TOO_MANY_GROUP_RULES: Code = Code {
    name: "too-many-group-rules",
    meaning: "a security group would need more rules than AWS allows",
    explanation: "A security group holds 60 rules by default in each direction, for IPv4 and for IPv6 apart (VPC quotas). A range counts once, a reference to another group once in both families, \
an AWS-managed prefix list as its weight: CloudFront's is 55. Every range of a tenant's allow-list is a rule for each flow that begins there. \
Rules are consolidated before they are counted, so that there are no fewer that allow the same. Declare less, name larger blocks, or have AWS grant more and write it into the catalog:\n\n    \
quotas:\n      - { quota: rules-per-security-group, value: 120 }",
};

pub static TOO_MANY_INTERFACE_RULES: Code = Code {
    name: "too-many-interface-rules",
    meaning: "a network interface would bear more security groups or rules than AWS allows",
    explanation: "An interface bears 5 security groups by default and 16 at most, and the rules that a group may hold times the groups that an interface may bear never come to more than 1,000 \
(VPC quotas). Whoever has AWS grant more of the one gets less of the other: 250 rules leave 4 groups. Write both into the catalog:\n\n    \
quotas:\n      - { quota: rules-per-security-group, value: 250 }\n      - { quota: security-groups-per-network-interface, value: 4 }\n\n\
A workload with `shared_rules` needs two groups on its interfaces, its tenant's and its cell's.",
};

pub static UNKNOWN_RANGE: Code = Code {
    name: "unknown-range",
    meaning: "a flow names a range that the catalog does not have",
    explanation: "A flow from or to `range.NAME` is about addresses outside of the product's networks, which the catalog lists under that name:\n\n    \
ranges:\n      on_premises: [192.168.0.0/16]",
};

pub static TOO_MANY_RANGES: Code = Code {
    name: "too-many-ranges",
    meaning: "a tenant's allow-list is too long for the load balancer that it shares with others",
    explanation: "A load balancer that a cell shares tells tenants apart by a listener rule each, whose conditions name the tenant's host and the ranges of its allow-list. \
AWS allows 5 values in the conditions of a rule (\"Quotas for your Application Load Balancers\"), so 4 ranges beside one host name.\n\nPut neighbouring ranges together, or give the tenant a tier of the model `vpc`, whose load balancer is its own.",
};

pub static UNKNOWN_PREFIX_LIST: Code = Code {
    name: "unknown-prefix-list",
    meaning: "the id of an AWS-managed prefix list in a Region is not known",
    explanation: "Rules that let a workload reach S3 or DynamoDB name AWS's prefix list, whose id differs by Region. tenantry knows those of the common Regions. For another one, look the id up and write it into the catalog:\n\n    \
aws ec2 describe-managed-prefix-lists --filters Name=owner-id,Values=AWS\n\n    regions:\n      ap-south-2:\n        prefix_lists: { s3: pl-0123456789abcdef0, dynamodb: pl-0123456789abcdef1 }",
};

pub static MISSING_SETTING: Code = Code {
    name: "missing-setting",
    meaning: "a template needs a setting that has no default and that nobody set",
    explanation: "A setting without a default has to be set by the tier or the tenant when a stack that uses it is switched on: a load balancer needs `domain` and `hosted_zone`. `tenantry blueprint show NAME` lists the settings.",
};

pub static CO_HOSTING_FORBIDDEN: Code = Code {
    name: "co-hosting-forbidden",
    meaning: "a tenant whose compliance forbids co-hosting is put into a shared application",
    explanation: "A regime may forbid that a tenant shares its home with others. In the models `subnet` and `container` such a tenant gets a cell of its own. In the model \
`application` tenants share the running program itself, so there is nothing to give it.\n\n    compliance: { pci-dss: { co_hosting: forbidden } }\n\n\
Give the tenant a tier of another model.",
};

pub static TOO_FEW_INSTANCES: Code = Code {
    name: "too-few-instances",
    meaning: "the tasks that tenants of a cell always run do not fit on its instances",
    explanation: "With `capacity: ec2` the tasks of a cell's tenants share instances, of which there are `maximum_instances` at most. What the `minimum_tasks` of all tenants need \
(an interface each, processors, memory) has to be there, or tasks wait for ever, and nobody is told. The interfaces are those of instances in an account with `awsvpcTrunking`; \
`cells/ACCOUNT/REGION/CELL/instances.sh` of the output switches it on.\n\nAllow more instances, choose a larger type, or let the tenants that wait run less.",
};

pub static NO_CENTRAL_ACCOUNT: Code = Code {
    name: "no-central-account",
    meaning: "a component has stacks in a central account, and no account of the catalog is one",
    explanation: "What is there once for a Region stands in the account that hosts the shared services.\n\n    \
accounts:\n      - { id: \"222222222222\", name: platform, hosts: [shared_services] }",
};

pub static NO_MANAGEMENT_ACCOUNT: Code = Code {
    name: "no-management-account",
    meaning: "a blueprint has stacks in the management account, and the catalog names none",
    explanation: "Accounts and the policies of an organization are made in its management account. A blueprint says so of a stack with `in: management` or \
`per: organization`; which account that is, the catalog says.\n\n    organization: { id: o-a1b2c3d4e5, management_account: \"111111111111\" }",
};

pub static LOCK_OUT_OF_DATE: Code = Code {
    name: "lock-out-of-date",
    meaning: "the lock lacks decisions that the catalog needs, and `--locked` does not allow adding them",
    explanation: "With `--locked`, as in CI, the lock must already hold every decision. Whoever edits the catalog runs `tenantry synth` and commits the lock with the edit.",
};

pub static UNKNOWN_CODE: Code = Code {
    name: "unknown-code",
    meaning: "there is nothing of this name to explain or to describe",
    explanation: "`tenantry explain` without a name lists every code of a message; `tenantry --help` lists every command.",
};

pub static UNKNOWN_TENANT: Code = Code {
    name: "unknown-tenant",
    meaning: "a command names a tenant that the catalog does not have",
    explanation: "Commands such as `tenantry lock settle` name a tenant by its `id` in the catalog, not by its name. `tenantry plan` lists the tenants.",
};

pub static NO_CENTRAL_SERVICES: Code = Code {
    name: "no-central-services",
    meaning: "a tenant is attached to central services, and its Region has none",
    explanation: "With the setting `attached`, a tenant's network, or that of its cell, is joined to the VPC of central services in the same Region. There is one in each Region that `shared_services.networks` has a block for, unless `connect` is `none`.\n\n\
    shared_services:\n      connect: auto\n      networks: { us-east-1: 192.168.8.0/22 }\n\n\
Add the Region, take `attached` out for its tenants, or name a transit gateway that is there already with the setting `transit_gateway`.",
};

pub static PEERINGS_NEARLY_FULL: Code = Code {
    name: "peerings-nearly-full",
    meaning: "four fifths of the peerings that the central services can have are in use",
    explanation: "A VPC can have 50 peerings, and up to 125 if AWS grants it. `connect: auto` takes peering while that is enough, and what it took stays, since another way would take every tenant's connection down for a while. So nothing changes by itself when the fleet outgrows it: the run stops at the limit (`quota-exceeded`).\n\n\
Ask AWS for more and write what it has granted into `quotas`, or write `connect: transit_gateway`, which takes 5,000 networks. That changes the stack `attachment` of every tenant: the routes stay and are turned to the gateway.",
};
