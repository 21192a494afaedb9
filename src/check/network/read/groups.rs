//! Security groups, their rules, and prefix lists.

use crate::aws::{PrefixListService, prefix_list};
use crate::check::model::{Resource, Value};
use crate::check::network::interval::{Family, Services};
use crate::check::network::read::{Block, Named, Reader, named};
use crate::check::network::topology::{Group, GroupRule, Origin, Peer, PrefixList};
use crate::network::Cidr;

/// The two directions: the property of a group, the type of a rule of its own, the keys of its peer.
const INWARD: (&str, &str, [&str; 3]) = (
    "SecurityGroupIngress",
    "AWS::EC2::SecurityGroupIngress",
    ["SourcePrefixListId", "SourceSecurityGroupId", "SourceSecurityGroupName"],
);
const OUTWARD: (&str, &str, [&str; 3]) = (
    "SecurityGroupEgress",
    "AWS::EC2::SecurityGroupEgress",
    ["DestinationPrefixListId", "DestinationSecurityGroupId", ""],
);

impl<'e> Reader<'e> {
    pub(super) fn groups(&mut self) {
        self.lists();
        let groups = self.of("AWS::EC2::SecurityGroup");
        for resource in &groups {
            let origin = self.origin(resource, "", None);
            self.groups.insert(resource.id, self.topology.groups.len());
            self.group_vpcs.push(match named(&resource.property("VpcId")) {
                Named::Resource(target, None) => self.vpcs.get(&target).copied(),
                _ => None,
            });
            self.topology.groups.push(Group { origin, ..Group::default() });
        }
        for resource in &groups {
            self.inline_rules(resource);
        }
        for (_, kind, keys) in [INWARD, OUTWARD] {
            for resource in self.of(kind) {
                let rule = self.rule(&resource, &resource.properties(), keys, ("", None));
                self.put_rule(&resource, keys == OUTWARD.2, rule);
            }
        }
    }

    fn inline_rules(&mut self, resource: &Resource<'e>) {
        let Some(group) = self.groups.get(&resource.id).copied() else { return };
        for (property, _, keys) in [INWARD, OUTWARD] {
            let list = resource.property(property);
            let mut rules = Vec::new();
            for (item, rule) in list.items().iter().enumerate() {
                rules.extend(self.rule(resource, rule, keys, (property, Some(item))));
            }
            let outward = property == OUTWARD.0;
            if outward && list.items().is_empty() {
                // AWS adds this to a group whose template gives none (CloudFormation, AWS::EC2::SecurityGroup).
                let origin = self.origin(resource, "", None);
                rules.extend(to_anywhere(origin));
            }
            let group = &mut self.topology.groups[group];
            if outward { &mut group.outward } else { &mut group.inward }.extend(rules);
        }
    }

    /// A rule that is a resource: into its group, or, where that is not known, into every group as unknown.
    fn put_rule(&mut self, resource: &Resource<'e>, outward: bool, rule: Option<GroupRule>) {
        let Some(rule) = rule else { return };
        let of_group = resource.property("GroupId");
        let name = if matches!(of_group, Value::Absent) { resource.property("GroupName") } else { of_group };
        let into =
            |group: &mut Group, rule| if outward { &mut group.outward } else { &mut group.inward }.push(rule);
        match self.group(&name) {
            Some(Some(group)) => into(&mut self.topology.groups[group], rule),
            Some(None) => {}
            None => {
                self.gap(resource, "GroupId", "the security group of a rule is not known");
                let rule = GroupRule { peer: Peer::Unknown, ..rule };
                self.topology.groups.iter_mut().for_each(|group| into(group, rule.clone()));
            }
        }
    }

    /// The group that a value names: one of ours, one made elsewhere, or not known.
    pub(super) fn group(&mut self, value: &Value<'e>) -> Option<Option<usize>> {
        match named(value) {
            Named::Resource(target, Some("DefaultSecurityGroup")) => {
                let vpc = self.vpcs.get(&target).copied()?;
                Some(Some(self.default_group(vpc)))
            }
            Named::Resource(target, None) => self.groups.get(&target).map(|group| Some(*group)),
            // Its members are made elsewhere as well, so that no workload of these stacks bears it.
            Named::Elsewhere => Some(None),
            Named::Resource(..) | Named::Unknown | Named::Absent => None,
        }
    }

    /// The group that AWS makes with each VPC: everything among its bearers, and everything out.
    pub(super) fn default_group(&mut self, vpc: usize) -> usize {
        if let Some(group) = self.default_groups.get(&vpc) {
            return *group;
        }
        let (number, origin) = (self.topology.groups.len(), self.topology.vpcs[vpc].origin);
        let own = GroupRule { peer: Peer::Group(number), services: Services::ALL, origin };
        let outward = to_anywhere(origin);
        self.topology.groups.push(Group { inward: vec![own], outward, origin });
        self.group_vpcs.push(Some(vpc));
        self.default_groups.insert(vpc, number);
        number
    }

    fn rule(
        &mut self,
        resource: &Resource<'e>,
        rule: &Value<'e>,
        [list, group, name]: [&'static str; 3],
        (path, item): (&'static str, Option<usize>),
    ) -> Option<GroupRule> {
        // A rule that is a resource is underlined at what it says of its peer.
        let said = ["CidrIp", "CidrIpv6", list, group, name].into_iter().find(|key| rule.get(key).is_some());
        let path = if path.is_empty() { said.unwrap_or_default() } else { path };
        let origin = self.origin(resource, path, item);
        let figure = |key| rule.get(key).and_then(Value::as_integer);
        let services = protocol(rule.get("IpProtocol"))
            .and_then(|protocol| Services::of_rule(protocol, figure("FromPort"), figure("ToPort")));
        let absent = Value::Absent;
        let of = |key: &str| rule.get(key).unwrap_or(&absent);
        let peer = match (self.peer(of("CidrIp")), self.peer(of("CidrIpv6"))) {
            (Block::Known(block), _) | (_, Block::Known(block)) => Some(Peer::Block(block)),
            (Block::Unknown, _) | (_, Block::Unknown) => Some(Peer::Unknown),
            (Block::Absent, Block::Absent) => match (of(list), of(group), of(name)) {
                (Value::Absent, Value::Absent, Value::Absent) => None,
                (Value::Absent, group, name) => {
                    let named = if matches!(group, Value::Absent) { name } else { group };
                    match self.group(named) {
                        Some(group) => group.map(Peer::Group),
                        None => Some(Peer::Unknown),
                    }
                }
                (list, ..) => self.list(resource, list),
            },
        };
        let rule = match services {
            Some(services) => GroupRule { peer: peer?, services, origin },
            None => GroupRule { peer: Peer::Unknown, services: Services::ALL, origin },
        };
        if rule.peer == Peer::Unknown {
            self.gap(resource, path, "what a security group rule speaks of is not known");
        }
        Some(rule)
    }

    /// A list of ours; one that AWS manages holds addresses of a service and of no VPC.
    fn list(&self, resource: &Resource<'e>, value: &Value<'e>) -> Option<Peer> {
        match value {
            Value::Text(id) => {
                let region = resource.stack.region.as_deref().unwrap_or_default();
                let managed =
                    PrefixListService::ALL.into_iter().filter_map(|service| prefix_list(service, region));
                managed.into_iter().all(|known| known != id.as_ref()).then_some(Peer::Unknown)
            }
            value => match named(value) {
                Named::Resource(target, None) => {
                    Some(self.lists.get(&target).map_or(Peer::Unknown, |list| Peer::List(*list)))
                }
                _ => Some(Peer::Unknown),
            },
        }
    }

    fn lists(&mut self) {
        for resource in self.of("AWS::EC2::PrefixList") {
            let entries = resource.property("Entries");
            let mut list =
                PrefixList { origin: self.origin(&resource, "Entries", None), ..PrefixList::default() };
            list.open = !matches!(entries, Value::List(_) | Value::Absent);
            for entry in entries.items() {
                match entry.get("Cidr").map_or(Block::Unknown, |block| self.peer(block)) {
                    Block::Known(block) => list.blocks.push(block),
                    Block::Unknown | Block::Absent => list.open = true,
                }
            }
            if list.open {
                self.gap(&resource, "Entries", "what a prefix list holds is not known");
            }
            self.lists.insert(resource.id, self.topology.lists.len());
            self.topology.lists.push(list);
        }
    }

    /// The blocks of a prefix list, where a route names one.
    pub(super) fn list_blocks(&self, value: &Value<'e>) -> Option<&PrefixList> {
        match named(value) {
            Named::Resource(target, None) => self.lists.get(&target).map(|list| &self.topology.lists[*list]),
            _ => None,
        }
    }
}

/// What AWS lets out of a group where nothing else is said.
fn to_anywhere(origin: Origin) -> Vec<GroupRule> {
    let everything = |family| match family {
        Family::V4 => Cidr::containing(std::net::Ipv4Addr::UNSPECIFIED.into(), 0),
        Family::V6 => Cidr::containing(std::net::Ipv6Addr::UNSPECIFIED.into(), 0),
    };
    let blocks = Family::BOTH.into_iter().filter_map(everything);
    blocks.map(|block| GroupRule { peer: Peer::Block(block), services: Services::ALL, origin }).collect()
}

/// The number of a protocol, `Some(None)` for all of them.
fn protocol(value: Option<&Value>) -> Option<Option<u8>> {
    let value = value?;
    let name = value.as_text().map(str::to_ascii_lowercase);
    match name.as_deref() {
        Some("tcp") => Some(Some(6)),
        Some("udp") => Some(Some(17)),
        Some("icmp") => Some(Some(1)),
        Some("icmpv6") => Some(Some(58)),
        _ => match value.as_integer()? {
            -1 => Some(None),
            number => u8::try_from(number).ok().map(Some),
        },
    }
}
