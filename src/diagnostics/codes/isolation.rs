//! Codes of `tenantry check` about networks: who can reach whom, and what AWS would refuse.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &TENANT_REACHES_TENANT,
    &ISOLATION_UNKNOWN,
    &RULE_ADMITS_TENANT,
    &ACL_ADMITS_TENANT,
    &ROUTE_LEADS_TO_TENANT,
    &VPC_BLOCK_REFUSED,
    &SUBNET_BLOCK_REFUSED,
    &CONNECTED_NETWORKS_OVERLAP,
    &CONNECTED_TWICE,
    &WRONG_NETWORK,
    &ROUTE_TO_NOWHERE,
    &ROUTE_BEYOND_PEER,
    &DUPLICATE_ROUTE,
    &DUPLICATE_RULE,
    &ACL_NUMBER_TAKEN,
    &ACL_ENTRY_WITHOUT_EFFECT,
    &NETWORK_LIMIT_EXCEEDED,
    &CERTIFICATE_DOES_NOT_HOLD,
];

pub static TENANT_REACHES_TENANT: Code = Code {
    name: "tenant-reaches-tenant",
    meaning: "a packet that one tenant sends is delivered to another",
    explanation: "For every two tenants, `tenantry check` works out whether any packet of one can be delivered to an interface of the other: by security groups, network ACLs, route tables, peerings, transit gateways and NAT gateways, as the templates have them. \
A packet that is shown has been followed hop by hop, by a second calculation that shares nothing with the first.\n\nThe finding names each rule that lets the packet through; to narrow one of them is enough. What a public load balancer lets in from all addresses is meant for everyone and is not counted.",
};

pub static ISOLATION_UNKNOWN: Code = Code {
    name: "isolation-unknown",
    meaning: "whether tenants are isolated depends on something that cannot be known from the templates",
    explanation: "What cannot be known is judged twice: once as if it let nothing through, once as if it let everything through. Where the two differ, the verdict is unknown, and never isolated: a route to an appliance, a peering with a VPC that no template here makes, a nested stack, a rule whose peer is a dynamic reference.\n\nThe finding names what is not known. \
Write it out in the templates; a construct that nothing can be sent through does not disturb the verdict.",
};

pub static RULE_ADMITS_TENANT: Code = Code {
    name: "rule-admits-tenant",
    meaning: "a security group rule of one tenant names addresses or interfaces of another",
    explanation: "Each rule is also judged alone, as if nothing else stood in the way: a rule that is too wide is no leak while the routes hold, and becomes one on the day that they change.\n\n    CidrIp: 10.0.0.0/8       # refused: other tenants have addresses there\n    CidrIp: 10.64.0.0/23     # right: the subnets of the service that may connect\n\nA group that two tenants bear may not name itself. \
A rule to all addresses means the internet and is not counted here, but the depth in the certificate shows it.",
};

pub static ACL_ADMITS_TENANT: Code = Code {
    name: "acl-admits-tenant",
    meaning: "a network ACL entry of one tenant names addresses of another",
    explanation: "A network ACL whose subnets hold one tenant alone has no reason to allow addresses of another. It is no leak while security groups and routes hold; it is one layer less.\n\n    CidrBlock: 10.0.0.0/8      # refused: other tenants have addresses there\n    CidrBlock: 10.64.0.0/23    # right: subnets of the tenant",
};

pub static ROUTE_LEADS_TO_TENANT: Code = Code {
    name: "route-leads-to-tenant",
    meaning: "a route of one tenant leads to another tenant's network",
    explanation: "A peering between the networks of two tenants, or a table of a transit gateway that names both, takes away the strongest layer: that there is no way. Tenants share services by way of a network that belongs to none of them, and the transit gateway's table for tenants names that network alone.\n\nTake the route away, or give tenants a route table of the transit gateway into which no tenant propagates.",
};

pub static VPC_BLOCK_REFUSED: Code = Code {
    name: "vpc-block-refused",
    meaning: "AWS would refuse a block of a VPC",
    explanation: "A VPC has blocks from /16 to /28, outside of a few ranges that AWS keeps. Which further blocks it may have depends on those that it has, and none may hold the destination of a route of the VPC (VPC User Guide, \"VPC CIDR blocks\").\n\n    10.0.0.0/16 beside 192.168.0.0/16    # refused: two private ranges\n    10.64.0.0/22 beside 100.64.0.0/22    # right",
};

pub static SUBNET_BLOCK_REFUSED: Code = Code {
    name: "subnet-block-refused",
    meaning: "AWS would refuse the block of a subnet",
    explanation: "A subnet has a block from /16 to /28 that lies inside one of the VPC's and touches no other subnet; over IPv6 from /44 to /64, in steps of four (VPC User Guide, \"Subnet CIDR blocks\").\n\nThe deployment would stop half-way. Run `tenantry synth` to have the addresses cut anew.",
};

pub static CONNECTED_NETWORKS_OVERLAP: Code = Code {
    name: "connected-networks-overlap",
    meaning: "two networks that are connected have addresses in common",
    explanation: "AWS refuses a peering of VPCs with overlapping blocks. A transit gateway takes both, but propagates the routes of only one, so that packets go to the other VPC or nowhere. The deployment succeeds and says nothing.\n\nGive one of the two other addresses, or connect them by PrivateLink, which does not mind.",
};

pub static CONNECTED_TWICE: Code = Code {
    name: "connected-twice",
    meaning: "something is connected a second time where AWS allows one connection",
    explanation: "A VPC has one internet gateway, one attachment to a transit gateway, with one subnet a zone, and one peering with each other VPC. A subnet has one route table and one network ACL: with two associations in the templates, the one that is deployed last wins.\n\nTake one of the two away.",
};

pub static WRONG_NETWORK: Code = Code {
    name: "wrong-network",
    meaning: "something names a thing of another VPC",
    explanation: "Route tables, network ACLs and security groups belong to a VPC. A rule can name a group of another VPC only over a peering or a transit gateway; otherwise the rule is stale, which AWS shows nowhere but in a list of its own.\n\nName the thing of the same VPC; a rule can name the other's addresses instead.",
};

pub static ROUTE_TO_NOWHERE: Code = Code {
    name: "route-to-nowhere",
    meaning: "a route leads to something that takes no packets of this VPC",
    explanation: "An internet gateway that is not attached to the VPC, a NAT gateway of another VPC or without a way out of its own, a peering that this VPC is no end of, a transit gateway that it is not attached to, a destination that the peer does not have: AWS drops the packets, or refuses the route half-way through the deployment.\n\nLead the route elsewhere, or connect its target.",
};

pub static ROUTE_BEYOND_PEER: Code = Code {
    name: "route-beyond-peer",
    meaning: "a route leads more addresses into a peering than the peer has",
    explanation: "A peering delivers to the addresses of the peer's VPC and no further, so what is led into it beyond them is lost; and where those addresses are another network's, packets for that one go the wrong way. Beside a route that is shorter by one bit, a mistake of one bit more is easily made.\n\nName a block of the peer's VPC, or the subnets that are to be reached.",
};

pub static DUPLICATE_ROUTE: Code = Code {
    name: "duplicate-route",
    meaning: "a route table has two routes for one destination",
    explanation: "A destination has one route in a table; AWS refuses the second one (RouteAlreadyExists), and a static route for a block of the VPC itself.\n\nKeep the route that is meant.",
};

pub static DUPLICATE_RULE: Code = Code {
    name: "duplicate-rule",
    meaning: "a security group has the same rule twice",
    explanation: "The same direction, protocol, ports and peer make the same rule, whatever the description says; AWS refuses the second one (InvalidPermission.Duplicate), and the deployment stops.\n\nTake one of the two away.",
};

pub static ACL_NUMBER_TAKEN: Code = Code {
    name: "acl-number-taken",
    meaning: "two entries of a network ACL have the same number in the same direction",
    explanation: "The number is the identity of an entry: AWS refuses the second one, or the one that is deployed last takes the place of the other.\n\nGive one of the two a number that is free.",
};

pub static ACL_ENTRY_WITHOUT_EFFECT: Code = Code {
    name: "acl-entry-without-effect",
    meaning: "an entry of a network ACL says the opposite of one before it, which always wins",
    explanation: "The entry with the lowest number that matches decides. A denial behind an entry that allows at least as much denies nothing, and an entry that allows behind such a denial allows nothing: usually two numbers were swapped.\n\n    100 allow 0.0.0.0/0, 200 deny 10.0.0.0/8    # refused: nothing is denied\n    100 deny 10.0.0.0/8, 200 allow 0.0.0.0/0    # right",
};

pub static NETWORK_LIMIT_EXCEEDED: Code = Code {
    name: "network-limit-exceeded",
    meaning: "a network has more of something than AWS allows",
    explanation: "Counted as AWS counts: a rule that names a prefix list costs as many rules as the list may have entries; one that names a group counts in both families; the entries that every network ACL ends with count as well (VPC User Guide, \"Amazon VPC quotas\").\n\nWhat counts is what AWS has granted, by the files that `--quotas` names (`aws service-quotas list-service-quotas --service-code vpc --output json`), and else what every account has.\n\nAsk AWS for an increase before you deploy, or make fewer of them.",
};

pub static CERTIFICATE_DOES_NOT_HOLD: Code = Code {
    name: "certificate-does-not-hold",
    meaning: "an isolation certificate was made for other files, or says something else than they do",
    explanation: "A certificate names the SHA-256 digest of all files that it judged, and its verdict. `tenantry check --verify` judges the files anew and compares both.\n\nMake a new one with `tenantry check --certificate FILE`, and compare the two: what they differ in is what has changed.",
};
