//! VPCs, subnets, route tables and network ACLs, less the routes.

use crate::check::model::{Resource, Value};
use crate::check::network::interval::Services;
use crate::check::network::read::{Block, Named, Reader, named, stand_in};
use crate::check::network::topology::{Acl, AclEntry, Route, RouteKind, RouteTable, Subnet, Target, Vpc};
use crate::network::Cidr;

impl Reader<'_> {
    pub(super) fn fabric(&mut self) {
        self.vpcs();
        self.further_blocks();
        self.route_tables();
        self.subnets();
        self.acls();
        self.associations();
    }

    fn vpcs(&mut self) {
        for resource in self.of("AWS::EC2::VPC") {
            let origin = self.origin(&resource, "CidrBlock", None);
            let number = self.topology.vpcs.len();
            self.vpcs.insert(resource.id, number);
            self.topology.vpcs.push(Vpc { blocks: Vec::new(), origin });
            self.open_vpcs.push(false);
            self.vpc_blocks.push(Vec::new());
            let block = self.block(&resource.property("CidrBlock"));
            self.vpc_block(number, &resource, block);
            // The main table of a VPC has the routes to its own blocks and no others: no template can name it.
            self.topology.tables.push(RouteTable { vpc: number, routes: Vec::new(), origin });
        }
    }

    fn vpc_block(&mut self, vpc: usize, resource: &Resource, block: Block) {
        match block {
            Block::Known(block) => {
                self.topology.vpcs[vpc].blocks.push(block);
                let origin = self.origin(resource, block_property(&block), None);
                self.vpc_blocks[vpc].push(origin);
            }
            Block::Unknown | Block::Absent => {
                self.open_vpcs[vpc] = true;
                self.gap(resource, "", "the block of a VPC is not known");
            }
        }
    }

    fn further_blocks(&mut self) {
        for resource in self.of("AWS::EC2::VPCCidrBlock") {
            let Named::Resource(target, None) = named(&resource.property("VpcId")) else {
                self.gap(&resource, "VpcId", "the VPC that a block is added to is not known");
                continue;
            };
            let Some(vpc) = self.vpcs.get(&target).copied() else { continue };
            let own = |name| self.block(&resource.property(name));
            match (own("CidrBlock"), own("Ipv6CidrBlock")) {
                (Block::Absent, Block::Absent) => match stand_in(vpc) {
                    // The same stand-in twice would be one block: a second one is not known.
                    Some(block)
                        if resource.property("AmazonProvidedIpv6CidrBlock").as_boolean() == Some(true)
                            && !self.chosen_by_aws.contains_key(&vpc) =>
                    {
                        self.chosen_by_aws.insert(vpc, block);
                        self.vpc_block(vpc, &resource, Block::Known(block));
                    }
                    _ => self.vpc_block(vpc, &resource, Block::Unknown),
                },
                (Block::Absent, block) | (block, _) => self.vpc_block(vpc, &resource, block),
            }
        }
    }

    /// Tables of VPCs that are not known are kept apart: nothing that is known is associated with them.
    fn route_tables(&mut self) {
        for resource in self.of("AWS::EC2::RouteTable") {
            let Named::Resource(target, None) = named(&resource.property("VpcId")) else { continue };
            let Some(vpc) = self.vpcs.get(&target).copied() else { continue };
            let origin = self.origin(&resource, "", None);
            self.tables.insert(resource.id, self.topology.tables.len());
            self.topology.tables.push(RouteTable { vpc, routes: Vec::new(), origin });
        }
        // Where the blocks of a VPC are not known, a packet may go to any of its addresses.
        for table in &mut self.topology.tables {
            if self.open_vpcs[table.vpc] {
                let (destination, origin) = (None, table.origin);
                table.routes.push(Route {
                    destination,
                    kind: RouteKind::Local,
                    target: Target::Unknown,
                    origin,
                });
            }
        }
    }

    fn subnets(&mut self) {
        for resource in self.of("AWS::EC2::Subnet") {
            let Named::Resource(target, None) = named(&resource.property("VpcId")) else { continue };
            let Some(vpc) = self.vpcs.get(&target).copied() else { continue };
            let origin = self.origin(&resource, "CidrBlock", None);
            let number = self.topology.subnets.len();
            self.subnets.insert(resource.id, number);
            // The main tables were made first, one a VPC.
            self.topology.subnets.push(Subnet { vpc, blocks: Vec::new(), table: vpc, acl: None, origin });
            self.open_subnets.push(false);
            self.subnet_blocks.push(Vec::new());
            let own = ["CidrBlock", "Ipv6CidrBlock"].map(|name| self.block(&resource.property(name)));
            let native = own[0] == Block::Absent && own[1] != Block::Absent;
            for (position, block) in own.into_iter().enumerate() {
                if block != Block::Absent || position == 0 && !native {
                    self.subnet_block(number, &resource, block);
                }
            }
        }
        for resource in self.of("AWS::EC2::SubnetCidrBlock") {
            let block = self.block(&resource.property("Ipv6CidrBlock"));
            if let Some(subnet) = self.subnet(&resource.property("SubnetId")) {
                self.subnet_block(subnet, &resource, block);
            }
        }
    }

    fn subnet_block(&mut self, subnet: usize, resource: &Resource, block: Block) {
        match block {
            Block::Known(block) => {
                self.topology.subnets[subnet].blocks.push(block);
                let origin = self.origin(resource, block_property(&block), None);
                self.subnet_blocks[subnet].push(origin);
            }
            Block::Unknown | Block::Absent => {
                self.open_subnets[subnet] = true;
                self.gap(resource, "", "the block of a subnet is not known");
            }
        }
    }

    pub(super) fn subnet(&self, value: &Value) -> Option<usize> {
        match named(value) {
            Named::Resource(target, None) => self.subnets.get(&target).copied(),
            _ => None,
        }
    }

    fn acls(&mut self) {
        for resource in self.of("AWS::EC2::NetworkAcl") {
            let Named::Resource(target, None) = named(&resource.property("VpcId")) else { continue };
            let Some(vpc) = self.vpcs.get(&target).copied() else { continue };
            let origin = self.origin(&resource, "", None);
            self.acls.insert(resource.id, self.topology.acls.len());
            self.topology.acls.push(Acl { vpc, origin, ..Acl::default() });
        }
        for resource in self.of("AWS::EC2::NetworkAclEntry") {
            let acl = match named(&resource.property("NetworkAclId")) {
                // The default ACL lets everything through; entries that deny can only take from that.
                Named::Resource(target, _) => self.acls.get(&target).copied(),
                _ => None,
            };
            let Some(acl) = acl else { continue };
            let outward = resource.property("Egress").as_boolean().unwrap_or(false);
            if let Some(entry) = self.acl_entry(&resource) {
                let acl = &mut self.topology.acls[acl];
                if outward { &mut acl.outward } else { &mut acl.inward }.push(entry);
            }
        }
    }

    fn acl_entry(&mut self, resource: &Resource) -> Option<AclEntry> {
        let (path, block) = match self.peer(&resource.property("CidrBlock")) {
            Block::Absent => ("Ipv6CidrBlock", self.peer(&resource.property("Ipv6CidrBlock"))),
            block => ("CidrBlock", block),
        };
        let mut peer = match block {
            Block::Known(block) => Some(block),
            Block::Absent => return None,
            Block::Unknown => None,
        };
        let services = acl_services(resource);
        if services.is_none() {
            peer = None;
        }
        let allow = resource.property("RuleAction").as_text() == Some("allow");
        let number =
            resource.property("RuleNumber").as_integer().and_then(|number| u32::try_from(number).ok());
        if peer.is_none() || number.is_none() {
            self.gap(resource, "", "what a network ACL entry speaks of is not known");
        }
        Some(AclEntry {
            number: number.unwrap_or(0),
            allow,
            peer: peer.filter(|_| number.is_some()),
            services: services.unwrap_or(Services::ALL),
            origin: self.origin(resource, path, None),
        })
    }

    fn associations(&mut self) {
        for resource in self.of("AWS::EC2::SubnetRouteTableAssociation") {
            let Some(subnet) = self.subnet(&resource.property("SubnetId")) else { continue };
            let table = match named(&resource.property("RouteTableId")) {
                Named::Resource(target, None) => self.tables.get(&target).copied(),
                _ => None,
            };
            match table {
                Some(table) => self.topology.subnets[subnet].table = table,
                None => {
                    self.gap(&resource, "RouteTableId", "the route table of a subnet is not known");
                    let vpc = self.topology.subnets[subnet].vpc;
                    let origin = self.origin(&resource, "RouteTableId", None);
                    let (destination, kind, target) = (None, RouteKind::Static, Target::Unknown);
                    let routes = vec![Route { destination, kind, target, origin }];
                    self.topology.subnets[subnet].table = self.topology.tables.len();
                    self.topology.tables.push(RouteTable { vpc, routes, origin });
                }
            }
        }
        for resource in self.of("AWS::EC2::SubnetNetworkAclAssociation") {
            let Some(subnet) = self.subnet(&resource.property("SubnetId")) else { continue };
            match named(&resource.property("NetworkAclId")) {
                Named::Resource(target, None) => {
                    self.topology.subnets[subnet].acl = self.acls.get(&target).copied()
                }
                // Like the default ACL: everything passes.
                _ => self.gap(&resource, "NetworkAclId", "the network ACL of a subnet is not known"),
            }
        }
    }
}

/// The property that a block is written in.
fn block_property(block: &Cidr) -> &'static str {
    if block.is_v4() { "CidrBlock" } else { "Ipv6CidrBlock" }
}

fn acl_services(resource: &Resource) -> Option<Services> {
    let protocol = match resource.property("Protocol").as_integer()? {
        -1 => None,
        number => Some(u8::try_from(number).ok()?),
    };
    let figure = |property: &str, key| resource.property(property).get(key).and_then(Value::as_integer);
    match protocol {
        Some(1 | 58) => Services::of_rule(protocol, figure("Icmp", "Type"), figure("Icmp", "Code")),
        _ => Services::of_rule(protocol, figure("PortRange", "From"), figure("PortRange", "To")),
    }
}
