//! Codes of taking in what exists already.

use super::Code;

pub(super) const ALL: &[&Code] = &[&ADOPTION_INPUT, &ADOPTED_BLOCK_TAKEN, &HOME_DOES_NOT_FIT, &UNKNOWN_VPC];

pub static ADOPTION_INPUT: Code = Code {
    name: "adoption-input",
    meaning: "a file to be adopted is not what AWS prints, nor a list of blocks",
    explanation: "`tenantry adopt` reads what these commands print, whole and as JSON:\n\n    aws ec2 describe-vpcs --output json > vpcs.json\n    \
aws ec2 describe-subnets --output json > subnets.json\n    aws ec2 describe-vpc-peering-connections --output json > peerings.json\n\n\
and lists of blocks as CSV:\n\n    cidr,reason\n    10.70.0.0/16,branch offices",
};

pub static ADOPTED_BLOCK_TAKEN: Code = Code {
    name: "adopted-block-taken",
    meaning: "a block that is found in use was handed out to a tenant already",
    explanation: "Somebody else uses addresses that the lock keeps for a tenant, so the two could never be connected. If what was found is the tenant's own VPC, \
say so with `--tenant ID=VPC`. If the tenant is not deployed yet, delete its lines from the lock and adopt again: the next `tenantry synth` gives it other addresses. \
If the two never meet, leave the VPC out of the file.",
};

pub static HOME_DOES_NOT_FIT: Code = Code {
    name: "home-does-not-fit",
    meaning: "a VPC that exists is not cut as the tenant's blueprint cuts one",
    explanation: "A VPC becomes the home of a tenant only as it is: nothing in it can be renumbered. It must be in the tenant's account and Region, have one block of the tenant's size \
that lies in a pool, and for each subnet group one block with a slot for each zone, the same slot in every group. `tenantry blueprint show vpc` shows the groups and their shares.\n\n\
Change the tenant's `size`, `account` or `zones`, or eject the blueprint and cut its groups as the VPC is cut; or adopt the VPC without `--tenant`: its block is then reserved.",
};

pub static UNKNOWN_VPC: Code = Code {
    name: "unknown-vpc",
    meaning: "a VPC or subnet is named that no file describes",
    explanation: "`--tenant ID=VPC` and `--subnet-group GROUP=SUBNET` name what the files describe. Add what `aws ec2 describe-vpcs` and `aws ec2 describe-subnets` print \
for the account and Region of the VPC.",
};
