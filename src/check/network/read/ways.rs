//! Routes and what they lead to: peerings, transit gateways, NAT gateways.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::model::{Resource, ResourceId, Value};
use crate::check::network::read::{Block, Named, Peering, Reader, named};
use crate::check::network::topology::{
    Association, Attachment, Nat, Route, RouteKind, Target, TransitRoute, TransitTable, TransitTarget,
};
use crate::network::Cidr;

/// Properties of a route that name a machine in between, or a way that this version does not follow.
const NOT_FOLLOWED: [&str; 7] = [
    "CarrierGatewayId",
    "CoreNetworkArn",
    "InstanceId",
    "LocalGatewayId",
    "NetworkInterfaceId",
    "OdbNetworkArn",
    "VpcEndpointId",
];

/// A property that names a target, and what it comes to for a VPC.
type Way<'e> = (&'static str, fn(&Reader<'e>, Named<'e>, usize) -> Target);

impl<'e> Reader<'e> {
    pub(super) fn ways(&mut self) {
        self.nats();
        self.peerings();
        self.transit();
        for resource in self.of("AWS::EC2::Route") {
            self.route(&resource);
        }
    }

    /// A regional NAT gateway stands in no subnet; it has a table of its own that leads to the internet.
    fn nats(&mut self) {
        for resource in self.of("AWS::EC2::NatGateway") {
            let subnet = self.subnet(&resource.property("SubnetId"));
            let nat = subnet.map(|subnet| {
                let origin = self.origin(&resource, "SubnetId", None);
                self.topology.nats.push(Nat { subnet, origin });
                self.topology.nats.len() - 1
            });
            let regional = resource.property("AvailabilityMode").as_text() == Some("regional");
            if nat.is_some() || regional {
                self.nats.insert(resource.id, nat);
            }
        }
    }

    fn peerings(&mut self) {
        for resource in self.of("AWS::EC2::VPCPeeringConnection") {
            let ends = ["VpcId", "PeerVpcId"].map(|name| match named(&resource.property(name)) {
                Named::Resource(target, None) => self.vpcs.get(&target).copied(),
                _ => None,
            });
            let both = match ends {
                [Some(one), Some(other)] => Some([one, other]),
                _ => None,
            };
            match both {
                Some(ends) => self.peered.push(Peering { ends, resource: resource.id }),
                None => self.gap(&resource, "PeerVpcId", "a VPC at the end of a peering is not known"),
            }
            self.peerings.insert(resource.id, both);
        }
    }

    fn route(&mut self, resource: &Resource<'e>) {
        let target = named(&resource.property("RouteTableId"));
        let table = match target {
            Named::Resource(target, None) => self.tables.get(&target).copied(),
            _ => None,
        };
        let Some(table) = table else {
            if !matches!(target, Named::Elsewhere) {
                self.gap(resource, "RouteTableId", "the table of a route is not known");
                let origin = self.origin(resource, "RouteTableId", None);
                let (destination, kind, target) = (None, RouteKind::Static, Target::Unknown);
                let route = Route { destination, kind, target, origin };
                self.topology.tables.iter_mut().for_each(|table| table.routes.push(route.clone()));
            }
            return;
        };
        let (target, path) = self.target(resource, self.topology.tables[table].vpc);
        let target = self.over_vpn(resource, target);
        if target == Target::Unknown {
            self.gap(resource, path, "where a route leads is not known");
        }
        let origin = self.origin(resource, path, None);
        let (kind, destinations) = self.destinations(resource);
        for destination in destinations {
            let destination = match destination {
                Block::Known(block) => Some(block),
                Block::Unknown if matches!(target, Target::Outside | Target::Nowhere) => continue,
                Block::Unknown => None,
                Block::Absent => continue,
            };
            self.topology.tables[table].routes.push(Route { destination, kind, target, origin });
        }
    }

    /// What a virtual private gateway of these templates leads to is its customer's, as what an internet gateway leads to
    /// is the internet's: unless it could be an address of a VPC, to which a customer's network may lead back.
    fn over_vpn(&self, resource: &Resource<'e>, target: Target) -> Target {
        let gateway = match named(&resource.property("GatewayId")) {
            Named::Resource(gateway, None) if target == Target::Unknown => gateway,
            _ => return target,
        };
        if self.estate.resource(gateway).kind() != "AWS::EC2::VPNGateway" || self.open_vpcs.contains(&true) {
            return target;
        }
        let vpcs = || self.topology.vpcs.iter().flat_map(|vpc| &vpc.blocks);
        let (_, destinations) = self.destinations(resource);
        let outside = destinations.iter().all(|destination| match destination {
            Block::Known(block) => !vpcs().any(|other| other.overlaps(block)),
            Block::Unknown => false,
            Block::Absent => true,
        });
        if outside { Target::Outside } else { target }
    }

    fn destinations(&self, resource: &Resource<'e>) -> (RouteKind, Vec<Block>) {
        let own = ["DestinationCidrBlock", "DestinationIpv6CidrBlock"];
        let written: Vec<Block> = own.map(|name| self.peer(&resource.property(name))).to_vec();
        let list = resource.property("DestinationPrefixListId");
        match (&list, self.list_blocks(&list)) {
            (Value::Absent, _) => (RouteKind::Static, written),
            (_, Some(list)) => {
                let blocks = list.blocks.iter().map(|block| Block::Known(*block));
                (RouteKind::OfPrefixList, blocks.chain(list.open.then_some(Block::Unknown)).collect())
            }
            (_, None) => (RouteKind::OfPrefixList, vec![Block::Unknown]),
        }
    }

    /// Where a route of this VPC leads, and the property that says so.
    fn target(&self, resource: &Resource<'e>, vpc: usize) -> (Target, &'static str) {
        let value = |name| named(&resource.property(name));
        if let Some(path) = NOT_FOLLOWED.into_iter().find(|name| value(name) != Named::Absent) {
            return (Target::Unknown, path);
        }
        let ways: [Way<'e>; 4] = [
            ("NatGatewayId", |reader, target, _| match target {
                Named::Resource(target, None) => match reader.nats.get(&target) {
                    Some(Some(nat)) => Target::Nat(*nat),
                    Some(None) => Target::Outside,
                    None => Target::Unknown,
                },
                _ => Target::Unknown,
            }),
            ("VpcPeeringConnectionId", |reader, target, vpc| match target {
                Named::Resource(target, None) => match reader.peerings.get(&target) {
                    Some(Some([one, other])) if *one == vpc => Target::Peer(*other),
                    Some(Some([one, other])) if *other == vpc => Target::Peer(*one),
                    Some(Some(_)) => Target::Nowhere,
                    Some(None) | None => Target::Unknown,
                },
                _ => Target::Unknown,
            }),
            ("TransitGatewayId", |reader, target, vpc| reader.attached(target, vpc)),
            ("EgressOnlyInternetGatewayId", |_, _, _| Target::Outside),
        ];
        for (path, way) in ways {
            let target = value(path);
            if target != Named::Absent {
                return (way(self, target, vpc), path);
            }
        }
        let gateway = resource.property("GatewayId");
        let target = match (named(&gateway), gateway.as_text()) {
            (Named::Absent, _) => Target::Nowhere,
            (_, Some("local")) => Target::Local,
            (_, Some(id)) if id.starts_with("igw-") => Target::Outside,
            (Named::Resource(target, None), _)
                if self.estate.resource(target).kind() == "AWS::EC2::InternetGateway" =>
            {
                Target::Outside
            }
            // A virtual private gateway leads to networks that may lead back.
            _ => Target::Unknown,
        };
        (target, "GatewayId")
    }

    /// The attachment by which a VPC reaches a transit gateway.
    fn attached(&self, gateway: Named<'e>, vpc: usize) -> Target {
        let same = |number: &&usize| {
            let origin = self.topology.attachments[**number].origin;
            let resource = self.estate.resource(self.places[origin].resource);
            named(&resource.property("TransitGatewayId")) == gateway
        };
        let attachment = self.attached_vpcs.get(&vpc).and_then(|attachments| attachments.iter().find(same));
        match (attachment, gateway) {
            (Some(attachment), _) => Target::Transit(*attachment),
            (None, Named::Resource(..)) => Target::Nowhere,
            // Whoever made the gateway may have attached anything.
            (None, _) => Target::Unknown,
        }
    }

    fn transit(&mut self) {
        let kinds = ["AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment"];
        for resource in kinds.map(|kind| self.of(kind)).concat() {
            let Named::Resource(target, None) = named(&resource.property("VpcId")) else { continue };
            let Some(vpc) = self.vpcs.get(&target).copied() else { continue };
            let subnets = resource.property("SubnetIds");
            let subnets = subnets.items().iter().filter_map(|subnet| self.subnet(subnet)).collect();
            let origin = self.origin(&resource, "TransitGatewayId", None);
            let number = self.topology.attachments.len();
            self.attachments.insert(resource.id, number);
            self.attached_vpcs.entry(vpc).or_default().push(number);
            self.topology.attachments.push(Attachment {
                vpc,
                subnets,
                association: Association::None,
                origin,
            });
        }
        for resource in self.of("AWS::EC2::TransitGatewayRouteTable") {
            let origin = self.origin(&resource, "", None);
            self.transit_tables.insert(resource.id, self.topology.transit_tables.len());
            self.topology.transit_tables.push(TransitTable { routes: Vec::new(), origin });
        }
        let defaults = self.default_tables();
        self.transit_associations(&defaults);
        self.propagations(&defaults);
        for resource in self.of("AWS::EC2::TransitGatewayRoute") {
            self.transit_route(&resource);
        }
    }

    /// The table that a transit gateway has from the beginning, unless it is told to have none.
    fn default_tables(&mut self) -> BTreeMap<ResourceId, [Option<usize>; 2]> {
        let mut tables = BTreeMap::new();
        for resource in self.of("AWS::EC2::TransitGateway") {
            let on = ["DefaultRouteTableAssociation", "DefaultRouteTablePropagation"]
                .map(|name| resource.property(name).as_text() != Some("disable"));
            let number = on.contains(&true).then(|| {
                let origin = self.origin(&resource, "", None);
                self.topology.transit_tables.push(TransitTable { routes: Vec::new(), origin });
                self.topology.transit_tables.len() - 1
            });
            tables.insert(resource.id, on.map(|on| number.filter(|_| on)));
        }
        tables
    }

    fn transit_associations(&mut self, defaults: &BTreeMap<ResourceId, [Option<usize>; 2]>) {
        let mut said: BTreeMap<usize, Association> = BTreeMap::new();
        for resource in self.of("AWS::EC2::TransitGatewayRouteTableAssociation") {
            let Some(attachment) = self.attachment(&resource) else { continue };
            let association = match self.transit_table(&resource) {
                Some(table) => Association::Table(table),
                None => {
                    self.gap(
                        &resource,
                        "TransitGatewayRouteTableId",
                        "the table of an attachment is not known",
                    );
                    Association::Unknown
                }
            };
            said.insert(attachment, association);
        }
        for (id, number) in self.attachments.clone() {
            let resource = self.estate.resource(id);
            let association = said.get(&number).copied().unwrap_or_else(|| {
                match named(&resource.property("TransitGatewayId")) {
                    Named::Resource(gateway, None) => match defaults.get(&gateway) {
                        Some([Some(table), _]) => Association::Table(*table),
                        Some([None, _]) => Association::None,
                        None => Association::Unknown,
                    },
                    _ => Association::Unknown,
                }
            });
            if association == Association::Unknown && !said.contains_key(&number) {
                self.gap(&resource, "TransitGatewayId", "the tables of a transit gateway are not known");
            }
            self.topology.attachments[number].association = association;
        }
    }

    fn propagations(&mut self, defaults: &BTreeMap<ResourceId, [Option<usize>; 2]>) {
        let mut all: BTreeSet<(usize, usize)> = BTreeSet::new();
        for resource in self.of("AWS::EC2::TransitGatewayRouteTablePropagation") {
            match (self.attachment(&resource), self.transit_table(&resource)) {
                (Some(attachment), Some(table)) => _ = all.insert((table, attachment)),
                (None, Some(table)) => {
                    self.gap(
                        &resource,
                        "TransitGatewayAttachmentId",
                        "what a transit gateway propagates is not known",
                    );
                    let origin = self.origin(&resource, "", None);
                    let (destination, kind, target) = (None, RouteKind::Propagated, TransitTarget::Unknown);
                    let route = TransitRoute { destination, kind, target, origin };
                    self.topology.transit_tables[table].routes.push(route);
                }
                (_, None) => {}
            }
        }
        for (id, number) in &self.attachments {
            let gateway = named(&self.estate.resource(*id).property("TransitGatewayId"));
            if let Named::Resource(gateway, None) = gateway
                && let Some([_, Some(table)]) = defaults.get(&gateway)
            {
                all.insert((*table, *number));
            }
        }
        for (table, number) in all {
            let attachment = &self.topology.attachments[number];
            let (origin, blocks) = (attachment.origin, self.topology.vpcs[attachment.vpc].blocks.clone());
            let route = |destination: Cidr| TransitRoute {
                destination: Some(destination),
                kind: RouteKind::Propagated,
                target: TransitTarget::Attachment(number),
                origin,
            };
            self.topology.transit_tables[table].routes.extend(blocks.into_iter().map(route));
        }
    }

    fn transit_route(&mut self, resource: &Resource<'e>) {
        let Some(table) = self.transit_table(resource) else { return };
        let blackhole = resource.property("Blackhole").as_boolean() == Some(true);
        let target = match (blackhole, self.attachment(resource)) {
            (true, _) => TransitTarget::Nowhere,
            (false, Some(attachment)) => TransitTarget::Attachment(attachment),
            (false, None) => TransitTarget::Unknown,
        };
        let destination = match self.peer(&resource.property("DestinationCidrBlock")) {
            Block::Known(block) => Some(block),
            Block::Unknown | Block::Absent => None,
        };
        if target == TransitTarget::Unknown || destination.is_none() {
            self.gap(
                resource,
                "TransitGatewayAttachmentId",
                "where a route of a transit gateway leads is not known",
            );
        }
        let origin = self.origin(resource, "DestinationCidrBlock", None);
        let route = TransitRoute { destination, kind: RouteKind::Static, target, origin };
        self.topology.transit_tables[table].routes.push(route);
    }

    fn attachment(&self, resource: &Resource<'e>) -> Option<usize> {
        match named(&resource.property("TransitGatewayAttachmentId")) {
            Named::Resource(target, None) => self.attachments.get(&target).copied(),
            _ => None,
        }
    }

    fn transit_table(&self, resource: &Resource<'e>) -> Option<usize> {
        match named(&resource.property("TransitGatewayRouteTableId")) {
            Named::Resource(target, None) => self.transit_tables.get(&target).copied(),
            _ => None,
        }
    }
}
