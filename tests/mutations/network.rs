//! Damages to a network: each is found, with its code and at its place, or changes nothing for any packet.
//!
//! The files of `tests/bases/networks` are two tenants with networks of their own, two that share one, and a service that
//! belongs to nobody. Its subnets are so small that every packet can be walked.

use std::collections::BTreeSet;
use std::path::Path;

use tenantry::check::Granted;
use tenantry::check::model::read_files;
use tenantry::check::network::{Isolation, Services};
use tenantry::diagnostics::Report;
use tenantry::source::SourceMap;

use crate::walker::{ALL, Walker};

/// A damage: a name, edits (a file, a text that stands there once, what takes its place), and what is found.
struct Damage {
    name: &'static str,
    edits: &'static [(&'static str, &'static str, &'static str)],
    /// A code, and what is underlined; none: nothing that a packet would notice.
    found: &'static [(&'static str, &'static str)],
}

const HUB: &str = "templates/hub.yaml";
const SILO: &str = "templates/silo.yaml";
const CELL: &str = "templates/cell.yaml";
const POOLED: &str = "templates/pooled.yaml";
const LINKS: &str = "templates/links.yaml";
const ACME: &str = "stacks/222222222222/us-east-1/acme.json";
const GLOBEX: &str = "stacks/222222222222/us-east-1/globex.json";

const NOTHING: &str = "  Nothing: { Type: AWS::CloudFormation::WaitConditionHandle }";

const DAMAGES: &[Damage] = &[
    Damage {
        name: "an inward rule is widened",
        edits: &[(
            SILO,
            "ToPort: 5432, SourceSecurityGroupId: !GetAtt ServiceGroup.GroupId",
            "ToPort: 5432, CidrIp: 10.0.0.0/8",
        )],
        found: &[("rule-admits-tenant", "10.0.0.0/8")],
    },
    Damage {
        name: "an outward rule is widened",
        edits: &[(SILO, "CidrIp: !Ref DataCidr", "CidrIp: 10.64.0.0/12")],
        found: &[("rule-admits-tenant", "10.64.0.0/12")],
    },
    Damage {
        name: "both ends of a flow are widened, and routes join the tenants",
        edits: &[
            (SILO, "CidrIp: !Ref DataCidr", "CidrIp: 10.64.0.0/12"),
            (
                SILO,
                "ToPort: 5432, SourceSecurityGroupId: !GetAtt ServiceGroup.GroupId",
                "ToPort: 5432, CidrIp: 10.0.0.0/8",
            ),
            (
                SILO,
                "Protocol: 6, RuleAction: allow, CidrBlock: !Ref AppCidr, PortRange: { From: 5432, To: 5432 }",
                "Protocol: 6, RuleAction: allow, CidrBlock: 10.0.0.0/8, PortRange: { From: 5432, To: 5432 }",
            ),
            (SILO, "!ImportValue hub-HubTable", "!ImportValue hub-TenantTable"),
        ],
        found: &[
            ("tenant-reaches-tenant", "10.0.0.0/8"),
            ("route-leads-to-tenant", "hub-Gateway"),
            ("acl-admits-tenant", "10.0.0.0/8"),
        ],
    },
    Damage {
        name: "an ACL entry is widened",
        edits: &[(
            SILO,
            "RuleAction: allow, CidrBlock: !Ref AppCidr, PortRange: { From: 1024, To: 65535 }",
            "RuleAction: allow, CidrBlock: 10.0.0.0/8, PortRange: { From: 1024, To: 65535 }",
        )],
        found: &[("acl-admits-tenant", "10.0.0.0/8")],
    },
    Damage {
        name: "the numbers of a denial and of what it is taken from are swapped",
        edits: &[
            (SILO, "RuleNumber: 90, Protocol: -1", "RuleNumber: 100, Protocol: -1"),
            (
                SILO,
                "RuleNumber: 100, Protocol: -1, RuleAction: allow",
                "RuleNumber: 90, Protocol: -1, RuleAction: allow",
            ),
        ],
        found: &[("acl-entry-without-effect", "100")],
    },
    Damage {
        name: "an ACL entry takes a number that is taken",
        edits: &[(SILO, "RuleNumber: 90", "RuleNumber: 100")],
        found: &[("acl-number-taken", "100")],
    },
    Damage {
        name: "tenants are propagated into the table of tenants",
        edits: &[(SILO, "!ImportValue hub-HubTable", "!ImportValue hub-TenantTable")],
        found: &[("route-leads-to-tenant", "hub-Gateway")],
    },
    Damage {
        name: "tenants are associated with the table of the hub",
        edits: &[(
            SILO,
            "TransitGatewayRouteTableId: !ImportValue hub-TenantTable",
            "TransitGatewayRouteTableId: !ImportValue hub-HubTable",
        )],
        found: &[("route-leads-to-tenant", "hub-Gateway")],
    },
    Damage {
        name: "a route of the table of tenants leads to a tenant",
        edits: &[
            (
                LINKS,
                NOTHING,
                "  Leak: { Type: AWS::EC2::TransitGatewayRoute, Properties: { TransitGatewayRouteTableId: !ImportValue hub-TenantTable, DestinationCidrBlock: 10.64.1.0/26, TransitGatewayAttachmentId: !ImportValue globex-Attachment } }",
            ),
            (
                SILO,
                "Outputs:",
                "Outputs:\n  Attachment: { Value: !Ref Attachment, Export: { Name: !Sub \"${AWS::StackName}-Attachment\" } }",
            ),
        ],
        found: &[("route-leads-to-tenant", "hub-Gateway")],
    },
    Damage {
        name: "two tenants are peered, with a route",
        edits: &[(
            LINKS,
            NOTHING,
            "  Peering: { Type: AWS::EC2::VPCPeeringConnection, Properties: { VpcId: !ImportValue acme-Vpc, PeerVpcId: !ImportValue globex-Vpc } }\n  There: { Type: AWS::EC2::Route, Properties: { RouteTableId: !ImportValue acme-AppTable, DestinationCidrBlock: 10.64.1.0/26, VpcPeeringConnectionId: !Ref Peering } }",
        )],
        found: &[("route-leads-to-tenant", "Peering")],
    },
    Damage {
        name: "two tenants are peered, and no route uses it",
        edits: &[(
            LINKS,
            NOTHING,
            "  Peering: { Type: AWS::EC2::VPCPeeringConnection, Properties: { VpcId: !ImportValue acme-Vpc, PeerVpcId: !ImportValue globex-Vpc } }",
        )],
        found: &[],
    },
    Damage {
        name: "two tenants are peered twice",
        edits: &[(
            LINKS,
            NOTHING,
            "  One: { Type: AWS::EC2::VPCPeeringConnection, Properties: { VpcId: !ImportValue acme-Vpc, PeerVpcId: !ImportValue globex-Vpc } }\n  Two: { Type: AWS::EC2::VPCPeeringConnection, Properties: { VpcId: !ImportValue globex-Vpc, PeerVpcId: !ImportValue acme-Vpc } }",
        )],
        found: &[("connected-twice", "acme-Vpc")],
    },
    Damage {
        name: "a route to a peer names addresses that it does not have",
        edits: &[(
            LINKS,
            NOTHING,
            "  Peering: { Type: AWS::EC2::VPCPeeringConnection, Properties: { VpcId: !ImportValue acme-Vpc, PeerVpcId: !ImportValue globex-Vpc } }\n  There: { Type: AWS::EC2::Route, Properties: { RouteTableId: !ImportValue acme-AppTable, DestinationCidrBlock: 10.99.0.0/16, VpcPeeringConnectionId: !Ref Peering } }",
        )],
        found: &[("route-to-nowhere", "Peering")],
    },
    Damage {
        name: "a prefix list is widened",
        edits: &[(HUB, "Cidr: 10.16.0.0/26 }\n  ServiceGroup", "Cidr: 10.0.0.0/8 }\n  ServiceGroup")],
        found: &[(
            "rule-admits-tenant",
            "{ IpProtocol: tcp, FromPort: 443, ToPort: 443, DestinationPrefixListId: !ImportValue hub-Tools }",
        )],
    },
    Damage {
        name: "tenants bear a shared group that names itself",
        edits: &[(
            POOLED,
            "GroupSet: [!GetAtt Group.GroupId]",
            "GroupSet: [!GetAtt Group.GroupId, !ImportValue cell-EdgeGroup]",
        )],
        found: &[("tenant-reaches-tenant", "EdgeGroup.GroupId"), ("rule-admits-tenant", "EdgeGroup.GroupId")],
    },
    Damage {
        name: "interfaces of two tenants are left to the default group",
        edits: &[(POOLED, "      GroupSet: [!GetAtt Group.GroupId]\n", "")],
        found: &[("tenant-reaches-tenant", "10.32.0.0/26")],
    },
    Damage {
        name: "a range takes the place of a group in a shared subnet",
        edits: &[(POOLED, "SourceSecurityGroupId: !ImportValue cell-EdgeGroup", "CidrIp: 10.32.0.0/28")],
        found: &[("rule-admits-tenant", "10.32.0.0/28")],
    },
    Damage {
        name: "the rule that keeps everything in is dropped in a shared subnet",
        edits: &[
            (POOLED, "SourceSecurityGroupId: !ImportValue cell-EdgeGroup", "CidrIp: 10.32.0.0/28"),
            (
                POOLED,
                "      SecurityGroupEgress:\n        - { IpProtocol: \"-1\", CidrIp: 127.0.0.1/32 }\n",
                "",
            ),
        ],
        found: &[("tenant-reaches-tenant", "10.32.0.0/28"), ("rule-admits-tenant", "10.32.0.0/28")],
    },
    Damage {
        name: "the groups of an interface come from a parameter that is stored elsewhere",
        edits: &[
            (
                POOLED,
                "Resources:",
                "Parameters:\n  Stored: { Type: \"AWS::SSM::Parameter::Value<String>\", Default: /group }\nResources:",
            ),
            (POOLED, "GroupSet: [!GetAtt Group.GroupId]", "GroupSet: [!Ref Stored]"),
        ],
        found: &[("isolation-unknown", "Service")],
    },
    Damage {
        name: "a stack is nested into that of a tenant",
        edits: &[
            (
                POOLED,
                "  Service:\n",
                "  Nested: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: \"https://example.com/a\" } }\n  Service:\n",
            ),
            (
                POOLED,
                "      SecurityGroupEgress:\n        - { IpProtocol: \"-1\", CidrIp: 127.0.0.1/32 }\n",
                "",
            ),
        ],
        found: &[("isolation-unknown", "Nested")],
    },
    Damage {
        name: "a template is transformed",
        edits: &[(POOLED, "Resources:", "Transform: AWS::LanguageExtensions\nResources:")],
        found: &[("isolation-unknown", "Group")],
    },
    Damage {
        name: "what a tenant has in the network is of an unknown type",
        edits: &[(
            POOLED,
            "Type: AWS::EC2::NetworkInterface\n    Properties:\n      SubnetId:",
            "Type: AWS::New::Thing\n    Properties:\n      SubnetId:",
        )],
        found: &[("isolation-unknown", "Service")],
    },
    Damage {
        name: "a route leads to a machine, and the rules hold nonetheless",
        edits: &[(
            SILO,
            "TransitGatewayId: !ImportValue hub-Gateway }\n  DataTable",
            "NetworkInterfaceId: eni-0123456789abcdef0 }\n  DataTable",
        )],
        found: &[],
    },
    Damage {
        name: "two tenants that share a transit gateway have the same addresses",
        edits: &[
            (GLOBEX, "\"VpcCidr\": \"10.64.1.0/26\"", "\"VpcCidr\": \"10.64.0.0/26\""),
            (GLOBEX, "10.64.1.0/28", "10.64.0.0/28"),
            (GLOBEX, "10.64.1.16", "10.64.0.16"),
            (GLOBEX, "10.64.1.32", "10.64.0.32"),
        ],
        found: &[("connected-networks-overlap", "hub-Gateway")],
    },
    Damage {
        name: "two VPCs that are peered have the same addresses",
        edits: &[
            (GLOBEX, "\"VpcCidr\": \"10.64.1.0/26\"", "\"VpcCidr\": \"10.64.0.0/26\""),
            (GLOBEX, "10.64.1.0/28", "10.64.0.0/28"),
            (GLOBEX, "10.64.1.16", "10.64.0.16"),
            (GLOBEX, "10.64.1.32", "10.64.0.32"),
            (
                LINKS,
                NOTHING,
                "  Peering: { Type: AWS::EC2::VPCPeeringConnection, Properties: { VpcId: !ImportValue acme-Vpc, PeerVpcId: !ImportValue globex-Vpc } }",
            ),
        ],
        found: &[("connected-networks-overlap", "globex-Vpc")],
    },
    Damage {
        name: "a subnet takes the addresses of another",
        edits: &[(ACME, "10.64.0.16/28", "10.64.0.0/28")],
        found: &[("subnet-block-refused", "DataCidr")],
    },
    Damage {
        name: "a subnet lies outside of its VPC",
        edits: &[(ACME, "10.64.0.16/28", "10.65.0.16/28")],
        found: &[("subnet-block-refused", "DataCidr")],
    },
    Damage {
        name: "a VPC is too small",
        edits: &[(CELL, "CidrBlock: 10.32.0.0/26", "CidrBlock: 10.32.0.0/29")],
        found: &[("vpc-block-refused", "10.32.0.0/29")],
    },
    Damage {
        name: "a VPC is given a second block of another private range",
        edits: &[(
            CELL,
            "  App:\n",
            "  More: { Type: AWS::EC2::VPCCidrBlock, Properties: { VpcId: !Ref Vpc, CidrBlock: 192.168.0.0/24 } }\n  App:\n",
        )],
        found: &[("vpc-block-refused", "192.168.0.0/24")],
    },
    Damage {
        name: "a VPC is attached to a transit gateway twice",
        edits: &[(
            HUB,
            "  AttachmentAssociation:",
            "  Again: { Type: AWS::EC2::TransitGatewayAttachment, Properties: { TransitGatewayId: !Ref Gateway, VpcId: !Ref Vpc, SubnetIds: [!Ref Subnet1] } }\n  AttachmentAssociation:",
        )],
        found: &[("connected-twice", "Vpc")],
    },
    Damage {
        name: "an attachment has two subnets of one zone",
        edits: &[(HUB, "AvailabilityZoneId: use1-az2", "AvailabilityZoneId: use1-az1")],
        found: &[("connected-twice", "[!Ref Subnet1, !Ref Subnet2]")],
    },
    Damage {
        name: "a subnet is given a second route table",
        edits: &[(HUB, "SubnetId: !Ref Subnet2, RouteTableId", "SubnetId: !Ref Subnet1, RouteTableId")],
        found: &[("connected-twice", "Subnet1")],
    },
    Damage {
        name: "a subnet is given the route table of another VPC",
        edits: &[(
            SILO,
            "SubnetId: !Ref Data, RouteTableId: !Ref DataTable",
            "SubnetId: !Ref Data, RouteTableId: !ImportValue hub-Table",
        )],
        found: &[("wrong-network", "hub-Table")],
    },
    Damage {
        name: "an interface bears a group of another VPC",
        edits: &[(
            SILO,
            "GroupSet: [!GetAtt DatabaseGroup.GroupId]",
            "GroupSet: [!ImportValue hub-ServiceGroup]",
        )],
        found: &[("wrong-network", "Database")],
    },
    Damage {
        name: "a rule names a group that no way leads to",
        edits: &[(
            POOLED,
            "SourceSecurityGroupId: !ImportValue cell-EdgeGroup",
            "SourceSecurityGroupId: !ImportValue hub-ServiceGroup",
        )],
        found: &[("wrong-network", "hub-ServiceGroup")],
    },
    Damage {
        name: "an internet gateway is not attached",
        edits: &[
            (
                SILO,
                "  GatewayAttachment:\n    Type: AWS::EC2::VPCGatewayAttachment\n    Properties: { VpcId: !Ref Vpc, InternetGatewayId: !Ref InternetGateway }\n",
                "",
            ),
            (SILO, "    DependsOn: GatewayAttachment\n", ""),
            (SILO, "DependsOn: GatewayAttachment, ", ""),
        ],
        found: &[("route-to-nowhere", "InternetGateway")],
    },
    Damage {
        name: "a NAT gateway stands in a private subnet",
        edits: &[(SILO, "SubnetId: !Ref Public, AllocationId", "SubnetId: !Ref Data, AllocationId")],
        found: &[("route-to-nowhere", "Data")],
    },
    Damage {
        name: "a route has no target",
        edits: &[(
            SILO,
            "DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat",
            "DestinationCidrBlock: 0.0.0.0/0",
        )],
        found: &[("route-to-nowhere", "AppDefault")],
    },
    Damage {
        name: "a VPC is not attached to the transit gateway that its routes lead to",
        edits: &[(
            HUB,
            "TransitGatewayId: !Ref Gateway, VpcId: !Ref Vpc, SubnetIds: [!Ref Subnet1, !Ref Subnet2]",
            "TransitGatewayId: tgw-0123456789abcdef0, VpcId: !Ref Vpc, SubnetIds: [!Ref Subnet1, !Ref Subnet2]",
        )],
        found: &[("route-to-nowhere", "Gateway")],
    },
    Damage {
        name: "a table has two routes for one destination",
        edits: &[(
            LINKS,
            NOTHING,
            "  Again: { Type: AWS::EC2::Route, Properties: { RouteTableId: !ImportValue hub-Table, DestinationCidrBlock: 10.64.0.0/12, TransitGatewayId: !ImportValue hub-Gateway } }",
        )],
        found: &[("duplicate-route", "hub-Gateway")],
    },
    Damage {
        name: "a group has the same rule twice",
        edits: &[(
            CELL,
            "  Edge:\n",
            "  Again: { Type: AWS::EC2::SecurityGroupIngress, Properties: { GroupId: !GetAtt EdgeGroup.GroupId, IpProtocol: \"6\", FromPort: 443, ToPort: 443, CidrIp: 203.0.113.0/24, Description: again } }\n  Edge:\n",
        )],
        found: &[("duplicate-rule", "203.0.113.0/24")],
    },
    Damage {
        name: "a list may have more entries than a group may have rules",
        edits: &[(HUB, "MaxEntries: 2", "MaxEntries: 61")],
        found: &[("network-limit-exceeded", "ServiceGroup")],
    },
    Damage {
        name: "a range is written as its two halves",
        edits: &[(
            CELL,
            "        - { IpProtocol: tcp, FromPort: 8080, ToPort: 8080, CidrIp: 10.32.0.0/28 }",
            "        - { IpProtocol: tcp, FromPort: 8080, ToPort: 8080, CidrIp: 10.32.0.0/29 }\n        - { IpProtocol: tcp, FromPort: 8080, ToPort: 8080, CidrIp: 10.32.0.8/29 }",
        )],
        found: &[],
    },
    Damage {
        name: "an ACL entry gets another number that decides the same",
        edits: &[(SILO, "RuleNumber: 110", "RuleNumber: 32000")],
        found: &[],
    },
    Damage {
        name: "a transit gateway has tables by default that nothing is associated with",
        edits: &[(HUB, "DefaultRouteTablePropagation: disable", "DefaultRouteTablePropagation: enable")],
        found: &[],
    },
];

struct Judged {
    /// Codes, and what they underline.
    found: Vec<(&'static str, String)>,
    delivered: BTreeSet<(usize, usize)>,
}

/// Paths and texts.
type Files = Vec<(String, String)>;

/// The tree that is damaged.
pub(crate) const BASE: &str = "tests/bases/networks";

/// The files of the estate after edits.
fn edited(name: &str, edits: &[(&str, &str, &str)]) -> Files {
    let mut files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(BASE), "");
    for (path, old, new) in edits {
        let (_, text) = files.iter_mut().find(|(other, _)| other == path).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{name}: `{old}` stands once in {path}");
        *text = text.replace(old, new);
    }
    files
}

/// Every damage that a packet or AWS would notice: its name, a code, and the files that it changes.
pub(crate) fn damaged() -> Vec<(&'static str, &'static str, Files)> {
    let good = edited("the good estate", &[]);
    let changed = |damage: &Damage| {
        edited(damage.name, damage.edits).into_iter().filter(|file| !good.contains(file)).collect()
    };
    let noticed = DAMAGES.iter().filter_map(|damage| Some((damage, damage.found.first()?.0)));
    noticed.map(|(damage, code)| (damage.name, code, changed(damage))).collect()
}

/// Judges the networks of the estate after edits.
fn judged(name: &str, edits: &[(&str, &str, &str)]) -> Judged {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(BASE);
    let files = edited(name, edits);
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let estate = read_files(&root, files, &mut sources, &mut report);
    let Ok(estate) = estate else { panic!("{name}: the files are not readable") };
    let isolation = Isolation::of(&estate);
    let found = isolation.findings(&estate, &Granted::default()).into_iter().map(|finding| {
        let place = finding.diagnostic.primary.unwrap();
        (finding.diagnostic.code.name, sources.slice(place.span).to_owned())
    });
    let services: Vec<u32> =
        [22, 443, 5432, 8080, 8500].map(|port| Services::ports(6, port, port).unwrap().first).to_vec();
    let delivered = if edits.is_empty() || is_known(&isolation) {
        Walker { network: &isolation.network.topology, standing: ALL, services: &services }.delivered()
    } else {
        BTreeSet::new()
    };
    Judged { found: found.collect(), delivered }
}

/// Whether the walk, which knows no unknown, can be asked.
fn is_known(isolation: &Isolation) -> bool {
    isolation.network.gaps.is_empty()
}

fn files_below(root: &Path, below: &str) -> Files {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        match entry.path().is_dir() {
            true => files.extend(files_below(root, &path)),
            false => files.push((path, std::fs::read_to_string(entry.path()).unwrap())),
        }
    }
    files.sort();
    files
}

#[test]
fn nothing_is_found_in_the_good_estate() {
    let good = judged("the good estate", &[]);
    assert_eq!(good.found, []);
    assert!(!good.delivered.is_empty(), "tenants reach what they share");
}

#[test]
fn every_damage_is_found_or_changes_nothing() {
    let good = judged("the good estate", &[]);
    let mut wrong = Vec::new();
    for damage in DAMAGES {
        let Judged { found, delivered } = judged(damage.name, damage.edits);
        if damage.found.is_empty() {
            if !found.is_empty() {
                wrong.push(format!("{}: found {found:?}", damage.name));
            }
            if !delivered.is_empty() && delivered != good.delivered {
                wrong.push(format!("{}: packets take other ways", damage.name));
            }
        }
        for (code, place) in damage.found {
            if !found.iter().any(|(other, there)| other == code && there == place) {
                wrong.push(format!("{}: no `{code}` at `{place}`, but {found:?}", damage.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
