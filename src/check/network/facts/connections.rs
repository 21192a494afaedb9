//! What hangs on what: gateways, attachments, associations, and routes that lead nowhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::model::{Resource, ResourceId, Value};
use crate::check::network::facts::{Facts, place};
use crate::check::network::read::{Named, Written, named};
use crate::check::network::topology::{Peer, RouteKind, Target};
use crate::diagnostics::{codes, quote};
use crate::network::Cidr;

const ASSOCIATIONS: [(&str, &str, &str); 2] = [
    ("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId", "route table"),
    ("AWS::EC2::SubnetNetworkAclAssociation", "NetworkAclId", "network ACL"),
];

impl<'a> Facts<'a> {
    pub(super) fn connections(&mut self) {
        self.twice();
        self.associations();
        let gateways = self.gateways();
        for resource in self.resources("AWS::EC2::Route") {
            self.route(&resource, &gateways);
        }
        self.nat_gateways(&gateways);
        self.duplicate_routes();
    }

    /// The resource that a property names, where it is one of these stacks'.
    fn target(&self, resource: &Resource<'a>, property: &str) -> Option<ResourceId> {
        match named(&resource.property(property)) {
            Named::Resource(target, None) => Some(target),
            _ => None,
        }
    }

    fn twice(&mut self) {
        let once: [(&'static str, &[&'static str], &str); 5] = [
            ("AWS::EC2::VPCGatewayAttachment", &["VpcId"], "the VPC has an internet gateway already"),
            (
                "AWS::EC2::TransitGatewayAttachment",
                &["VpcId", "TransitGatewayId"],
                "the VPC is attached to the transit gateway already",
            ),
            (
                "AWS::EC2::TransitGatewayVpcAttachment",
                &["VpcId", "TransitGatewayId"],
                "the VPC is attached to the transit gateway already",
            ),
            ("AWS::EC2::SubnetRouteTableAssociation", &["SubnetId"], "the subnet has a route table already"),
            ("AWS::EC2::SubnetNetworkAclAssociation", &["SubnetId"], "the subnet has a network ACL already"),
        ];
        for (kind, properties, message) in once {
            let mut seen: BTreeMap<Vec<String>, ResourceId> = BTreeMap::new();
            for resource in self.resources(kind) {
                let gateway = resource.property("VpnGatewayId") != Value::Absent;
                let key: Vec<Option<String>> =
                    properties.iter().map(|property| key(&resource.property(property))).collect();
                let Some(key) = key.into_iter().collect::<Option<Vec<_>>>().filter(|_| !gateway) else {
                    continue;
                };
                match seen.get(&key) {
                    None => _ = seen.insert(key, resource.id),
                    Some(other) => {
                        let at = place(resource.id, properties[0]);
                        let finding = self.at(&codes::CONNECTED_TWICE, message, at, "the second one");
                        let finding = self.against(finding, place(*other, properties[0]), "the first one");
                        self.found.push(finding.help("take one of the two away"));
                    }
                }
            }
        }
        self.peered_twice();
        self.zones_of_attachments();
    }

    fn peered_twice(&mut self) {
        let mut seen: BTreeMap<[usize; 2], ResourceId> = BTreeMap::new();
        for peering in &self.network.peerings {
            let mut ends = peering.ends;
            ends.sort_unstable();
            if let Some(other) = seen.insert(ends, peering.resource) {
                let message = "the two VPCs are peered already";
                let at = place(peering.resource, "PeerVpcId");
                let finding = self.at(&codes::CONNECTED_TWICE, message, at, "the second one");
                let finding = self.against(finding, place(other, "PeerVpcId"), "the first one");
                self.found.push(finding.help("take one of the two away"));
            }
        }
    }

    fn zones_of_attachments(&mut self) {
        for kind in ["AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment"] {
            for resource in self.resources(kind) {
                let mut zones = BTreeSet::new();
                let subnets = resource.property("SubnetIds");
                for subnet in subnets.items() {
                    let Named::Resource(subnet, None) = named(subnet) else { continue };
                    let zone = self.estate.resource(subnet).property("AvailabilityZoneId");
                    if zone.as_text().is_some_and(|zone| !zones.insert(zone.to_owned())) {
                        let message = "an attachment to a transit gateway has two subnets of one zone";
                        let finding =
                            self.at(&codes::CONNECTED_TWICE, message, place(resource.id, "SubnetIds"), "");
                        self.found.push(finding.help("name one subnet for each zone"));
                    }
                }
            }
        }
    }

    fn associations(&mut self) {
        let topology = &self.network.topology;
        for (kind, property, word) in ASSOCIATIONS {
            for resource in self.resources(kind) {
                let subnet = self.target(&resource, "SubnetId").and_then(|id| self.network.subnets.get(&id));
                let other = self.target(&resource, property);
                let vpc = other.and_then(|id| match property {
                    "RouteTableId" => self.network.tables.get(&id).map(|table| topology.tables[*table].vpc),
                    _ => self.network.acls.get(&id).map(|acl| topology.acls[*acl].vpc),
                });
                let (Some(subnet), Some(vpc)) = (subnet, vpc) else { continue };
                if topology.subnets[*subnet].vpc != vpc {
                    let message = format!("a subnet is given the {word} of another VPC");
                    let at = place(resource.id, property);
                    let finding = self.at(&codes::WRONG_NETWORK, message, at, "");
                    self.found.push(finding.help(format!("name a {word} of the subnet's own VPC")));
                }
            }
        }
        self.groups_of_other_vpcs();
    }

    /// Interfaces with groups of another VPC, and rules that name groups that no way leads to.
    fn groups_of_other_vpcs(&mut self) {
        let network = self.network;
        let shared: BTreeSet<usize> = self
            .resources("AWS::EC2::SecurityGroupVpcAssociation")
            .filter_map(|resource| network.groups.get(&self.target(&resource, "GroupId")?).copied())
            .collect();
        let elsewhere = |group: usize, vpc: usize| {
            !shared.contains(&group) && network.group_vpcs[group].is_some_and(|other| other != vpc)
        };
        for workload in &network.topology.workloads {
            let Some(subnet) = workload.subnets.first() else { continue };
            let vpc = network.topology.subnets[*subnet].vpc;
            if workload.groups.iter().flatten().any(|group| elsewhere(*group, vpc)) {
                let message = "something bears a security group of another VPC";
                let finding = self.at(&codes::WRONG_NETWORK, message, self.written(workload.origin), "");
                self.found.push(finding.help("name a security group of the VPC of its subnets"));
            }
        }
        let mut met: BTreeSet<[usize; 2]> = BTreeSet::new();
        for peering in &network.peerings {
            let [one, other] = peering.ends;
            met.extend([[one, other], [other, one]]);
        }
        let attached: BTreeSet<usize> =
            network.topology.attachments.iter().map(|attachment| attachment.vpc).collect();
        for (number, group) in network.topology.groups.iter().enumerate() {
            let Some(vpc) = network.group_vpcs[number] else { continue };
            for (rules, inward) in [(&group.inward, true), (&group.outward, false)] {
                for rule in rules {
                    let Peer::Group(peer) = rule.peer else { continue };
                    let Some(other) = network.group_vpcs[peer].filter(|_| elsewhere(peer, vpc)) else {
                        continue;
                    };
                    // Over a transit gateway groups can be named in inward rules alone (Transit Gateway Guide).
                    let by_transit = inward && attached.contains(&vpc) && attached.contains(&other);
                    if !met.contains(&[vpc, other]) && !by_transit {
                        let message = "a security group rule names a group of a VPC that is not connected";
                        let finding = self.at(&codes::WRONG_NETWORK, message, self.written(rule.origin), "");
                        self.found.push(finding.help("connect the two VPCs, or name the other's addresses"));
                    }
                }
            }
        }
    }

    /// The VPCs that each internet gateway is attached to.
    fn gateways(&self) -> BTreeMap<ResourceId, BTreeSet<usize>> {
        let mut gateways: BTreeMap<ResourceId, BTreeSet<usize>> = BTreeMap::new();
        for resource in self.resources("AWS::EC2::VPCGatewayAttachment") {
            let vpc = self.target(&resource, "VpcId").and_then(|id| self.network.vpcs.get(&id));
            for property in ["InternetGatewayId", "VpnGatewayId"] {
                if let (Some(gateway), Some(vpc)) = (self.target(&resource, property), vpc) {
                    gateways.entry(gateway).or_default().insert(*vpc);
                }
            }
        }
        for resource in self.resources("AWS::EC2::EgressOnlyInternetGateway") {
            let vpc = self.target(&resource, "VpcId").and_then(|id| self.network.vpcs.get(&id));
            gateways.entry(resource.id).or_default().extend(vpc);
        }
        gateways
    }

    fn route(&mut self, resource: &Resource<'a>, gateways: &BTreeMap<ResourceId, BTreeSet<usize>>) {
        let network = self.network;
        let table = self.target(resource, "RouteTableId").and_then(|id| network.tables.get(&id));
        let Some(vpc) = table.map(|table| network.topology.tables[*table].vpc) else { return };
        let of = |property: &str| self.target(resource, property);
        let attached = |gateway: ResourceId| {
            let known = matches!(
                self.estate.resource(gateway).kind(),
                "AWS::EC2::InternetGateway" | "AWS::EC2::EgressOnlyInternetGateway" | "AWS::EC2::VPNGateway"
            );
            !known || gateways.get(&gateway).is_some_and(|vpcs| vpcs.contains(&vpc))
        };
        let (wrong, path): (&str, &'static str) = if of("GatewayId").is_some_and(|gateway| !attached(gateway))
        {
            ("the gateway is not attached to the VPC of the route table", "GatewayId")
        } else if of("EgressOnlyInternetGatewayId").is_some_and(|gateway| !attached(gateway)) {
            ("the gateway is not attached to the VPC of the route table", "EgressOnlyInternetGatewayId")
        } else if let Some(wrong) = of("NatGatewayId").and_then(|nat| self.nat_elsewhere(nat, vpc)) {
            (wrong, "NatGatewayId")
        } else if let Some(wrong) =
            of("VpcPeeringConnectionId").and_then(|id| self.peering(resource, id, vpc))
        {
            (wrong, "VpcPeeringConnectionId")
        } else if let Some(peer) = of("VpcPeeringConnectionId").and_then(|id| self.beyond(resource, id, vpc))
        {
            let message = "a route leads more addresses into a peering than the peer has";
            let at = place(resource.id, "DestinationCidrBlock");
            let finding = self.at(&codes::ROUTE_BEYOND_PEER, message, at, "");
            let finding = self.against(finding, peer, "the peer has these");
            self.found
                .push(finding.help("name a block of the peer's VPC, or the subnets that are to be reached"));
            return;
        } else if resource.property("TransitGatewayId") != Value::Absent && self.not_attached(resource) {
            ("the VPC of the route table is not attached to the transit gateway", "TransitGatewayId")
        } else if TARGETS.iter().all(|property| resource.property(property) == Value::Absent) {
            ("the route has no target", "")
        } else {
            return;
        };
        let finding =
            self.at(&codes::ROUTE_TO_NOWHERE, "a route leads nowhere", place(resource.id, path), wrong);
        self.found.push(finding.help("lead it elsewhere, or connect what it leads to"));
    }

    fn nat_elsewhere(&self, nat: ResourceId, vpc: usize) -> Option<&'static str> {
        let nat = self.estate.resource(nat);
        let subnet = self.target(&nat, "SubnetId").and_then(|id| self.network.subnets.get(&id));
        let own = self.target(&nat, "VpcId").and_then(|id| self.network.vpcs.get(&id).copied());
        let at = subnet.map(|subnet| self.network.topology.subnets[*subnet].vpc).or(own)?;
        (at != vpc).then_some("the NAT gateway stands in another VPC")
    }

    fn peering(&self, route: &Resource<'a>, peering: ResourceId, vpc: usize) -> Option<&'static str> {
        let other = match *self.peerings.get(&peering)? {
            [one, other] if one == vpc => other,
            [other, one] if one == vpc => other,
            _ => return Some("the VPC of the route table is at no end of the peering"),
        };
        let destination = ["DestinationCidrBlock", "DestinationIpv6CidrBlock"]
            .iter()
            .find_map(|name| route.property(name).as_text()?.parse::<Cidr>().ok())?;
        let mut blocks = self.network.topology.vpcs[other].blocks.iter();
        let meets = blocks.any(|block| block.overlaps(&destination));
        (!meets).then_some("the peer has no address of the destination")
    }

    /// The peer of a route's peering, where the route leads more there than it has.
    fn beyond(&self, route: &Resource<'a>, peering: ResourceId, vpc: usize) -> Option<Written> {
        let ends = self.peerings.get(&peering)?;
        let other = *ends.iter().find(|end| **end != vpc)?;
        let destination = route.property("DestinationCidrBlock").as_text()?.parse::<Cidr>().ok()?;
        let has = self.network.topology.vpcs[other].blocks.iter().any(|block| block.contains(&destination));
        (!has).then(|| self.written(self.network.topology.vpcs[other].origin))
    }

    fn not_attached(&self, route: &Resource<'a>) -> bool {
        let table = self.target(route, "RouteTableId").and_then(|id| self.network.tables.get(&id));
        let mut routes = table.into_iter().flat_map(|table| &self.network.topology.tables[*table].routes);
        routes.any(|one| self.written(one.origin).resource == route.id && one.target == Target::Nowhere)
    }

    /// A public NAT gateway in a subnet whose routes do not lead to an internet gateway.
    fn nat_gateways(&mut self, gateways: &BTreeMap<ResourceId, BTreeSet<usize>>) {
        let topology = &self.network.topology;
        let mut led: BTreeSet<usize> = BTreeSet::new();
        for resource in self.resources("AWS::EC2::Route") {
            let gateway = self.target(&resource, "GatewayId");
            let table = self.target(&resource, "RouteTableId").and_then(|id| self.network.tables.get(&id));
            let outside = match named(&resource.property("GatewayId")) {
                Named::Elsewhere => true,
                _ => gateway.is_some_and(|gateway| gateways.contains_key(&gateway)),
            };
            led.extend(table.filter(|_| outside));
        }
        for resource in self.resources("AWS::EC2::NatGateway") {
            let private = resource.property("ConnectivityType").as_text() == Some("private");
            let subnet = self.target(&resource, "SubnetId").and_then(|id| self.network.subnets.get(&id));
            let Some(subnet) = subnet.filter(|_| !private) else { continue };
            let table = topology.subnets[*subnet].table;
            let unknown = topology.tables[table].routes.iter().any(|route| route.target == Target::Unknown);
            if !led.contains(&table) && !unknown {
                let message = "a NAT gateway has no way to the internet";
                let label = "no route of this subnet leads to an internet gateway";
                let finding =
                    self.at(&codes::ROUTE_TO_NOWHERE, message, place(resource.id, "SubnetId"), label);
                self.found.push(finding.help("put it into a public subnet"));
            }
        }
    }

    fn duplicate_routes(&mut self) {
        let topology = &self.network.topology;
        for table in &topology.tables {
            let mut seen: BTreeMap<(Cidr, RouteKind), usize> = BTreeMap::new();
            for route in &table.routes {
                let Some(destination) = route.destination else { continue };
                let at = self.written(route.origin);
                if topology.vpcs[table.vpc].blocks.contains(&destination) && route.target != Target::Local {
                    let message =
                        format!("the route to {} is there already", quote(&destination.to_string()));
                    let label = "the VPC's own block: every table has a route to it";
                    let finding = self.at(&codes::DUPLICATE_ROUTE, message, at, label);
                    self.found.push(finding.help("take the route away"));
                }
                if let Some(other) = seen.insert((destination, route.kind), route.origin) {
                    let message =
                        format!("the route to {} is there already", quote(&destination.to_string()));
                    let finding = self.at(&codes::DUPLICATE_ROUTE, message, at, "the second one");
                    let finding = self.against(finding, self.written(other), "the first one");
                    self.found.push(finding.help("keep the one that is meant"));
                }
            }
        }
    }
}

/// Everything that a route can lead to (CloudFormation, AWS::EC2::Route).
const TARGETS: [&str; 13] = [
    "CarrierGatewayId",
    "CoreNetworkArn",
    "EgressOnlyInternetGatewayId",
    "GatewayId",
    "InstanceId",
    "LocalGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "OdbNetworkArn",
    "TransitGatewayId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
    "VpnGatewayId",
];

/// A text by which values that stand for the same thing are the same.
fn key(value: &Value) -> Option<String> {
    match named(value) {
        Named::Resource(target, attribute) => Some(format!("{target:?}{attribute:?}")),
        Named::Elsewhere => value.as_text().map(str::to_owned),
        Named::Unknown | Named::Absent => None,
    }
}
