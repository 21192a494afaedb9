//! Codes of the plan stage.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &LOCK_VERSION,
    &LOCK_DAMAGED,
    &LOCK_CONFLICT,
    &LOCK_OVERLAP,
    &LOCK_INCONSISTENT,
    &QUOTA_EXCEEDED,
    &NO_ACCOUNT_LEFT,
];

pub static LOCK_VERSION: Code = Code {
    name: "lock-version",
    meaning: "the lock has no version, or one that this tenantry does not read",
    explanation: "`tenantry.lock` begins with `version: 1`. A lock of a later version was written by a later tenantry, and holds decisions \
that this one would not understand and could therefore break. Use the tenantry that wrote it, or a newer one.\n\nA lock without a version \
is not whole: restore it from version control. Where nothing of the catalog is deployed yet, deleting the lock is safe: the next run decides anew.",
};

pub static LOCK_DAMAGED: Code = Code {
    name: "lock-damaged",
    meaning: "a line of the lock cannot be read",
    explanation: "The lock is a register with one decision a line, so that git can merge it line by line. A merge that stopped half-way, an \
editor that wraps lines, or a formatter that spreads a line over several breaks it.\n\n    <<<<<<< HEAD\n    tenant acme: { cell: vpc/222222222222/us-east-1/1 }\n    =======\n    \
tenant globex: { cell: vpc/222222222222/us-east-1/2 }\n    >>>>>>> globex\n\nKeep the lines of both sides, delete the marker lines and run \
again: the order of the lines does not matter, and a line that is there twice does no harm. `tenantry.lock merge=union` in `.gitattributes` makes git do just that.",
};

pub static LOCK_CONFLICT: Code = Code {
    name: "lock-conflict",
    meaning: "two lines of the lock decide the same thing differently",
    explanation: "After a merge the lock may hold two decisions about one thing: two branches have each added the same tenant, or two tenants were \
given the same home that only one can have. tenantry cannot know which of them is deployed, and never guesses.\n\n    \
network acme: { cidr: 10.64.0.0/22 }\n    network acme: { cidr: 10.64.8.0/22 }\n\nKeep the one that is deployed. `tenantry lock settle TENANT` gives the other tenant another home; where both lines are about one tenant, delete the line that is not deployed, and run again.",
};

pub static LOCK_OVERLAP: Code = Code {
    name: "lock-overlap",
    meaning: "two decisions of the lock hand out the same addresses",
    explanation: "Every block of addresses has one owner. Two branches that each add a tenant can take the same block, and their merge is refused, \
since renumbering a deployed network means replacing it.\n\n    network acme: { cidr: 10.64.0.0/22 }\n    network globex: { cidr: 10.64.0.0/22 }\n\n\
`tenantry lock settle globex` gives the tenant that is not deployed yet another block, and leaves all other lines as they are.",
};

pub static LOCK_INCONSISTENT: Code = Code {
    name: "lock-inconsistent",
    meaning: "decisions of the lock do not fit together",
    explanation: "A subnet group lies in the network of its tenant or cell, a reserve holds the block that grows into it, every zone of a network has a \
slot of its own in each subnet group, and what a line speaks of has a line. tenantry writes nothing else, so the lock was edited by hand or merged in part.\n\n\
Restore the lines from version control. Where the tenant is not deployed yet, delete all of its lines instead, and run again.",
};

pub static QUOTA_EXCEEDED: Code = Code {
    name: "quota-exceeded",
    meaning: "the stacks would use more of a limit than AWS allows",
    explanation: "AWS limits how many VPCs an account has in a Region, how many rules a security group, how many stacks there are, and some hundred things more. \
A deployment that exceeds one fails half-way, so tenantry counts what its templates would create and stops first. `tenantry limits` shows the use of every limit, \
what is left, and at which tenant each breaks.\n\n\
    tenantry limits --increases > increases.sh    # the calls that ask AWS for more, for you to read and run\n\n\
What AWS has granted is written into the catalog, and counts from then on:\n\n\
    quotas:\n      - { quota: vpcs-per-region, account: \"222222222222\", region: us-east-1, value: 150 }\n\n\
Where AWS raises a limit no further, another account that hosts the model, fewer tenants in a cell, or another blueprint helps; the message says which.",
};

pub static NO_ACCOUNT_LEFT: Code = Code {
    name: "no-account-left",
    meaning: "every account that may host a tenant is full",
    explanation: "A tenant goes to the first account of the catalog that hosts its model and has room for it under all of AWS's limits. A full account opens the next one by itself; \
tenants that have a home stay where they are. Here none is left: the notes say what is full in each.\n\n\
    accounts:\n      - { id: \"222222222222\", name: tenants, hosts: [vpc] }\n      - { id: \"333333333333\", name: more tenants, hosts: [vpc] }\n\n\
Add an account, or have a limit raised: `tenantry limits --increases` prints the calls, and what AWS grants goes under `quotas`.",
};
