//! The resources that `$generate` stands for: security groups, network ACLs, and the rules of a
//! tenant's allow-list.
//!
//! Rules are resources of their own and not lists inside a group: a changed rule is then created
//! before the old one goes, and two groups may name each other. Their logical ids come from what the
//! rule says, so that an edit elsewhere never renames one.

use std::collections::BTreeMap;

use crate::blueprint::template::{Evaluation, Generate, Piece};
use crate::blueprint::{Bound, Per, Scope, Symbol, pascal};
use crate::cloudformation::Json;
use crate::diagnostics::{Diagnostic, codes, list_of, quote};
use crate::network::{Icmp, Traffic};
use crate::plan::Shape;
use crate::plan::security::{AclEntry, Direction, EPHEMERAL_PORTS, Origin, Peer, Rule};

/// A group without egress rules gets one that allows everything; one that allows nothing useful
/// keeps it away (CloudFormation, `AWS::EC2::SecurityGroup`, "Remove the default rule").
const NO_EGRESS: &str = "127.0.0.1/32";

const ANYWHERE: &str = "0.0.0.0/0";

const ANYWHERE_IPV6: &str = "::/0";

/// The numbers of the entries of an allow-list begin at a round hundred.
const LAST_SLOT: u16 = 99;

const KINDS: [&str; 3] = ["ingress_rules", "network_acls", "security_groups"];

/// A slot of a tenant's allow-list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IngressSlot {
    pub number: u32,
    pub ipv6: bool,
}

/// Makes the resources of one `$generate` key.
pub(super) fn generate(
    shape: &Shape<'_>,
    ingress_slots: &[IngressSlot],
    request: &Generate,
    scope: &Scope,
    evaluation: &mut Evaluation<'_>,
) -> Vec<(String, Json)> {
    let mut generator = Generator { shape, request, scope, evaluation, resources: Vec::new() };
    match request.kind.as_str() {
        "security_groups" => generator.security_groups(),
        "network_acls" => generator.network_acls(),
        "ingress_rules" => generator.ingress_rules(ingress_slots),
        other => {
            let message = format!("there is nothing called {} to generate", quote(other));
            generator.refuse(message, format!("`$generate` makes {}", list_of(KINDS)));
        }
    }
    generator.resources
}

struct Generator<'g, 'e> {
    shape: &'g Shape<'g>,
    request: &'g Generate,
    scope: &'g Scope,
    evaluation: &'g mut Evaluation<'e>,
    resources: Vec<(String, Json)>,
}

impl Generator<'_, '_> {
    fn security_groups(&mut self) {
        let Some(vpc) = self.argument("vpc") else { return };
        let shape = self.shape;
        // What the tenants of a cell have in common stands in groups of the cell.
        let shared = shape.security.shared_groups().filter(|_| shape.per == Per::Cell);
        let own = shape.workloads().map(|workload| (workload.name.as_str(), &Origin::Own));
        for (workload, origin) in own.chain(shared) {
            let name = tag("Name", self.own_name(workload));
            let properties = Json::object([
                ("GroupDescription", Json::text(group_description(workload, origin))),
                ("VpcId", vpc.clone()),
                (
                    "SecurityGroupEgress",
                    Json::List(vec![Json::object([
                        ("IpProtocol", Json::text("-1")),
                        ("CidrIp", Json::text(NO_EGRESS)),
                        ("Description", Json::text("Nothing but what the egress rules say")),
                    ])]),
                ),
                ("Tags", Json::List(vec![name, tag("tenantry:workload", Json::text(workload))])),
            ]);
            self.add(bearer(workload, origin), "AWS::EC2::SecurityGroup", properties);
        }
        for rule in shape.security.rules.iter().filter(|rule| rule.peer != Peer::TenantIngress) {
            self.security_group_rule(rule);
        }
    }

    fn security_group_rule(&mut self, rule: &Rule) {
        let ingress = rule.direction == Direction::Ingress;
        let (key, value) = match &rule.peer {
            Peer::Anywhere => ("CidrIp", Json::text(ANYWHERE)),
            Peer::AnywhereIpv6 => ("CidrIpv6", Json::text(ANYWHERE_IPV6)),
            Peer::SubnetIpv6(group, range) => {
                let Some(range) = self.ipv6_range(group, *range) else { return };
                ("CidrIpv6", range)
            }
            Peer::SubnetGroup(group) => ("CidrIp", self.value(Symbol::SubnetGroupCidr(group.clone()))),
            Peer::SubnetBlock(group, block) => {
                ("CidrIp", self.value(Symbol::SubnetGroupBlock(group.clone(), *block)))
            }
            Peer::Workload(name) => {
                let Some(group) = self.group_of(name) else { return };
                (if ingress { "SourceSecurityGroupId" } else { "DestinationSecurityGroupId" }, group)
            }
            Peer::PrefixList(service) if ingress => {
                ("SourcePrefixListId", self.value(Symbol::PrefixList(service.clone())))
            }
            Peer::PrefixList(service) => {
                ("DestinationPrefixListId", self.value(Symbol::PrefixList(service.clone())))
            }
            Peer::Range(range) => ("CidrIp", Json::text(range.to_string())),
            // Denied in network ACLs alone.
            Peer::TenantIngress | Peer::CellSubnetGroup(_) => return,
        };
        let (way, kind) = if ingress {
            ("from", "AWS::EC2::SecurityGroupIngress")
        } else {
            ("to", "AWS::EC2::SecurityGroupEgress")
        };
        let mut properties = vec![("GroupId", get_att(&bearer(&rule.workload, &rule.origin), "GroupId"))];
        properties.extend(traffic_of_rule(rule.traffic));
        properties.push((key, value));
        properties.push(("Description", Json::text(format!("{way} {}", peer_words(&rule.peer)))));
        let id = format!(
            "{}{}{}{}",
            pascal(&rule.workload),
            rule.origin.in_rule_id(),
            pascal(rule.direction.name()),
            what(&rule.peer, rule.traffic)
        );
        self.add(id, kind, Json::object(properties));
    }

    /// The security group of a workload: made beside the rule, or, where it is the cell's and the rule a
    /// tenant's, given to `$generate`.
    fn group_of(&mut self, workload: &str) -> Option<Json> {
        let of_cell = self.shape.blueprint.workloads.get(workload).is_some_and(|one| one.per == Per::Cell);
        if !of_cell || self.shape.per == Per::Cell {
            return Some(get_att(&group_id(workload), "GroupId"));
        }
        let found = self.named_arguments("cell_groups").remove(workload);
        if found.is_none() {
            let message = format!(
                "`$generate security_groups` needs `cell_groups` for `{workload}`, which is the cell's"
            );
            self.refuse(
                message,
                format!("add `{workload}:` below `cell_groups:`, with what its stack gives out"),
            );
        }
        found
    }

    fn network_acls(&mut self) {
        let (Some(vpc), Some(subnet)) = (self.argument("vpc"), self.piece("subnet")) else { return };
        let Ok(Bound::List(groups)) = self.scope.find(&["subnet_groups".to_owned()]).cloned() else { return };
        for group in groups {
            let Bound::Record(fields) = &group else { continue };
            let (Some(Bound::Text(name)), Some(Bound::List(subnets)), Some(Bound::List(further))) =
                (fields.get("name"), fields.get("subnets"), fields.get("further_subnets"))
            else {
                continue;
            };
            if subnets.is_empty() {
                // Its tenants have the subnets of this group, and an ACL each.
                continue;
            }
            let properties = Json::object([
                ("VpcId", vpc.clone()),
                (
                    "Tags",
                    Json::List(vec![
                        tag("Name", self.own_name(name)),
                        tag("tenantry:subnet-group", Json::text(name)),
                    ]),
                ),
            ]);
            self.add(acl_id(name), "AWS::EC2::NetworkAcl", properties);
            for one in subnets.iter().chain(further) {
                let Bound::Record(parts) = one else { continue };
                let Some(Bound::Number(number)) = parts.get("number") else { continue };
                let scope = self.scope.with("group", group.clone()).with("subnet", one.clone());
                let Some(subnet) = self.evaluation.piece(&subnet, &scope) else { continue };
                let properties =
                    Json::object([("SubnetId", subnet), ("NetworkAclId", get_att(&acl_id(name), "Id"))]);
                self.add(
                    format!("{}Association{number}", acl_id(name)),
                    "AWS::EC2::SubnetNetworkAclAssociation",
                    properties,
                );
            }
        }
        let shape = self.shape;
        for entry in shape.security.acl_entries.iter().filter(|entry| entry.peer != Peer::TenantIngress) {
            let cidr = match &entry.peer {
                Peer::SubnetGroup(group) => ("CidrBlock", self.value(Symbol::SubnetGroupCidr(group.clone()))),
                Peer::SubnetBlock(group, block) => {
                    ("CidrBlock", self.value(Symbol::SubnetGroupBlock(group.clone(), *block)))
                }
                Peer::CellSubnetGroup(group) => {
                    ("CidrBlock", self.value(Symbol::CellSubnetGroupCidr(group.clone())))
                }
                Peer::AnywhereIpv6 => ("Ipv6CidrBlock", Json::text(ANYWHERE_IPV6)),
                Peer::SubnetIpv6(group, range) => {
                    let Some(range) = self.ipv6_range(group, *range) else { return };
                    ("Ipv6CidrBlock", range)
                }
                Peer::Range(range) => ("CidrBlock", Json::text(range.to_string())),
                _ => ("CidrBlock", Json::text(ANYWHERE)),
            };
            let acl = get_att(&acl_id(&entry.subnet_group), "Id");
            self.acl_entry(entry, acl, entry.number, cidr, &what(&entry.peer, entry.traffic));
        }
    }

    /// `cidr`: the property of the block's family, and the block.
    fn acl_entry(
        &mut self,
        entry: &AclEntry,
        acl: Json,
        number: u16,
        cidr: (&'static str, Json),
        name: &str,
    ) {
        let mut properties = vec![
            ("NetworkAclId", acl),
            ("RuleNumber", u64::from(number).into()),
            ("Egress", (entry.direction == Direction::Egress).into()),
            ("Protocol", entry.traffic.number().into()),
        ];
        let pair =
            |first, one: i64, second, other: i64| Json::object([(first, one.into()), (second, other.into())]);
        if let Some((first, last)) = entry.traffic.ports() {
            properties.push(("PortRange", pair("From", first.into(), "To", last.into())));
        }
        if let Some((kind, code)) = entry.traffic.icmp().map(Icmp::type_and_code) {
            properties.push(("Icmp", pair("Type", kind, "Code", code)));
        }
        properties.push(("RuleAction", Json::text(if entry.allows { "allow" } else { "deny" })));
        properties.push(cidr);
        let verb = if entry.allows { "" } else { "Deny" };
        let id = format!("{}{}{verb}{name}", acl_id(&entry.subnet_group), pascal(entry.direction.name()));
        self.add(id, "AWS::EC2::NetworkAclEntry", Json::object(properties));
    }

    /// What the template says is the IPv6 block of a subnet group.
    fn ipv6_range(&mut self, group: &str, number: usize) -> Option<Json> {
        let piece = self.piece("ipv6_range")?;
        let named = |bound: &Bound, field: &str, wanted: &Bound| match bound {
            Bound::Record(fields) => fields.get(field) == Some(wanted),
            _ => false,
        };
        let Ok(Bound::List(groups)) = self.scope.find(&["subnet_groups".to_owned()]) else { return None };
        let group = groups.iter().find(|one| named(one, "name", &Bound::Text(group.to_owned())))?;
        let Bound::Record(fields) = group else { return None };
        let Some(Bound::List(ranges)) = fields.get("ipv6_ranges") else { return None };
        let range = ranges.iter().find(|one| named(one, "number", &Bound::number(number)))?;
        let scope = self.scope.with("group", group.clone()).with("range", range.clone());
        self.evaluation.piece(&piece, &scope)
    }

    fn ingress_rules(&mut self, slots: &[IngressSlot]) {
        let (groups, acls) = (self.named_arguments("security_group"), self.named_arguments("network_acl"));
        let shape = self.shape;
        for rule in shape.security.rules.iter().filter(|rule| rule.peer == Peer::TenantIngress) {
            let Some(group) = groups.get(&rule.workload).cloned() else {
                self.lacks("security_group", &rule.workload);
                continue;
            };
            for slot in slots.iter().filter(|slot| rule.traffic.is_of_family(slot.ipv6)) {
                let mut properties = vec![("GroupId", group.clone())];
                properties.extend(traffic_of_rule(rule.traffic));
                let family = if slot.ipv6 { "CidrIpv6" } else { "CidrIp" };
                properties.push((family, self.value(Symbol::Ingress(slot.number as usize))));
                properties.push(("Description", Json::text("from the tenant's allow-list")));
                let id = format!(
                    "{}Ingress{}Range{}",
                    pascal(&rule.workload),
                    traffic_name(rule.traffic),
                    slot.number
                );
                self.add(id, "AWS::EC2::SecurityGroupIngress", Json::object(properties));
            }
        }
        let shape = self.shape;
        for entry in shape.security.acl_entries.iter().filter(|entry| entry.peer == Peer::TenantIngress) {
            let Some(acl) = acls.get(&entry.subnet_group).cloned() else {
                self.lacks("network_acl", &entry.subnet_group);
                continue;
            };
            let name = traffic_name(entry.traffic);
            if slots.len() > shape.security.acl_ranges {
                let anywhere = ("CidrBlock", Json::text(ANYWHERE));
                self.acl_entry(entry, acl.clone(), entry.number, anywhere, &format!("Anywhere{name}"));
                if slots.iter().any(|slot| slot.ipv6) {
                    let anywhere = ("Ipv6CidrBlock", Json::text(ANYWHERE_IPV6));
                    let name = format!("AnywhereIpv6{name}");
                    self.acl_entry(entry, acl, entry.number + LAST_SLOT, anywhere, &name);
                }
                continue;
            }
            for slot in slots.iter().filter(|slot| entry.traffic.is_of_family(slot.ipv6)) {
                let property = if slot.ipv6 { "Ipv6CidrBlock" } else { "CidrBlock" };
                let cidr = (property, self.value(Symbol::Ingress(slot.number as usize)));
                // Slots are small numbers, but a lock may hold any: what is left of a hundred would
                // run into the next, and the plan has refused it.
                let number = entry.number + u16::try_from(slot.number).unwrap_or(LAST_SLOT).min(LAST_SLOT);
                self.acl_entry(entry, acl.clone(), number, cidr, &format!("{name}Range{}", slot.number));
            }
        }
    }

    /// A value that differs by tenant, as a reference to its parameter.
    fn value(&mut self, symbol: Symbol) -> Json {
        let reference = Json::reference(symbol.parameter());
        self.evaluation.symbols.insert(symbol);
        reference
    }

    /// `acme-app` or `subnet-1-app`, for the tag `Name`.
    fn own_name(&mut self, suffix: &str) -> Json {
        let symbol = if self.shape.per == Per::Cell { Symbol::CellName } else { Symbol::TenantId };
        let text = format!("${{{}}}-{suffix}", symbol.parameter());
        self.evaluation.symbols.insert(symbol);
        Json::object([("Fn::Sub", Json::Text(text))])
    }

    fn piece(&mut self, name: &str) -> Option<Piece> {
        let found =
            self.request.arguments.iter().find(|(other, _)| other == name).map(|(_, piece)| piece.clone());
        if found.is_none() {
            let message = format!("`$generate {}` needs `{name}`", self.request.kind);
            self.refuse(message, format!("add `{name}:` below it"));
        }
        found
    }

    fn argument(&mut self, name: &str) -> Option<Json> {
        let piece = self.piece(name)?;
        self.evaluation.piece(&piece, self.scope)
    }

    /// What an argument says of each name; nothing if it is not given, which is told where one is needed.
    fn named_arguments(&mut self, name: &str) -> BTreeMap<String, Json> {
        let given = self.request.arguments.iter().find(|(other, _)| other == name);
        let given = given.map(|(_, piece)| piece.clone());
        let given = given.and_then(|piece| self.evaluation.piece(&piece, self.scope));
        given.map(|json| json.entries().iter().cloned().collect()).unwrap_or_default()
    }

    fn lacks(&mut self, argument: &str, name: &str) {
        let message = format!(
            "`$generate {}` needs `{argument}` for `{name}`, which the tenant's allow-list may reach",
            self.request.kind
        );
        self.refuse(message, format!("add `{name}:` below `{argument}:`"));
    }

    fn refuse(&mut self, message: String, help: String) {
        self.evaluation
            .report
            .push(Diagnostic::error(&codes::INVALID_TEMPLATE, message).at(self.request.span, "").help(help));
    }

    fn add(&mut self, id: String, kind: &str, properties: Json) {
        self.resources.push((id, Json::object([("Type", Json::text(kind)), ("Properties", properties)])));
    }
}

fn group_id(workload: &str) -> String {
    format!("{}SecurityGroup", pascal(workload))
}

/// The group that bears a workload's rules of this origin.
fn bearer(workload: &str, origin: &Origin) -> String {
    if *origin == Origin::Own { group_id(workload) } else { origin.shared_group(workload) }
}

/// For ever the same for a group: another description replaces it.
fn group_description(workload: &str, origin: &Origin) -> String {
    // AWS takes 255 characters, of which the rest has fewer than 100.
    const LONGEST: usize = 150;
    match origin {
        Origin::Own => format!("What may reach the workload {workload} and what it may reach"),
        Origin::Base => {
            format!("What may reach the workload {workload} of every tenant, and what it may reach")
        }
        Origin::When(condition) => {
            let condition = condition.to_string();
            let whose = if condition.len() <= LONGEST { condition } else { "a condition holds".to_owned() };
            format!("What may reach the workload {workload} of tenants where {whose}, and what it may reach")
        }
    }
}

fn acl_id(group: &str) -> String {
    format!("{}NetworkAcl", pascal(group))
}

fn get_att(id: &str, attribute: &str) -> Json {
    Json::object([("Fn::GetAtt", [id, attribute].into_iter().collect::<Json>())])
}

fn tag(key: &str, value: Json) -> Json {
    Json::object([("Key", Json::text(key)), ("Value", value)])
}

/// The properties of a security group rule that say what traffic it is about.
fn traffic_of_rule(traffic: Traffic) -> Vec<(&'static str, Json)> {
    let mut properties = vec![("IpProtocol", Json::text(traffic.protocol()))];
    if let Some((from, to)) = traffic.from_and_to() {
        properties.push(("FromPort", from.into()));
        properties.push(("ToPort", to.into()));
    }
    properties
}

/// What a rule says, as part of a logical id: `ServiceTcp8080`.
fn what(peer: &Peer, traffic: Traffic) -> String {
    let peer = match peer {
        Peer::Anywhere => "Anywhere".to_owned(),
        Peer::AnywhereIpv6 => "AnywhereIpv6".to_owned(),
        Peer::SubnetIpv6(group, 1) => format!("{}SubnetsIpv6", pascal(group)),
        Peer::SubnetIpv6(group, range) => format!("{}SubnetsIpv6Range{range}", pascal(group)),
        Peer::TenantIngress => "AllowList".to_owned(),
        Peer::SubnetGroup(group) => format!("{}Subnets", pascal(group)),
        Peer::SubnetBlock(group, block) => format!("{}SubnetsBlock{block}", pascal(group)),
        Peer::CellSubnetGroup(group) => format!("Cell{}Subnets", pascal(group)),
        Peer::Workload(name) => pascal(name),
        Peer::PrefixList(service) => format!("{}PrefixList", pascal(service)),
        // Digits apart by a letter, or 1.12.0.0 and 11.2.0.0 would be one.
        Peer::Range(range) => format!("Range{}", range.to_string().replace(['.', '/'], "x")),
    };
    format!("{peer}{}", traffic_name(traffic))
}

fn traffic_name(traffic: Traffic) -> String {
    let protocol = match traffic {
        Traffic::All => "All".to_owned(),
        Traffic::Number(number) => format!("Protocol{number}"),
        _ => pascal(&traffic.protocol()),
    };
    match (traffic.ports(), traffic.icmp()) {
        (Some(EPHEMERAL_PORTS), _) => format!("{protocol}Answers"),
        (Some((first, last)), _) if first == last => format!("{protocol}{first}"),
        (Some((first, last)), _) => format!("{protocol}{first}To{last}"),
        (_, Some(Icmp::Type(kind))) => format!("{protocol}Type{kind}"),
        (_, Some(Icmp::TypeAndCode(kind, code))) => format!("{protocol}Type{kind}Code{code}"),
        _ => protocol,
    }
}

fn peer_words(peer: &Peer) -> String {
    match peer {
        Peer::Anywhere => "any address".to_owned(),
        Peer::AnywhereIpv6 => "any IPv6 address".to_owned(),
        Peer::SubnetIpv6(group, _) => format!("the {group} subnets over IPv6"),
        Peer::TenantIngress => "the tenant's allow-list".to_owned(),
        Peer::SubnetGroup(group) => format!("the {group} subnets"),
        Peer::SubnetBlock(group, block) => format!("the {group} subnets of block {block}"),
        Peer::CellSubnetGroup(group) => format!("the {group} subnets of all tenants of the cell"),
        Peer::Workload(name) => format!("the workload {name}"),
        Peer::PrefixList(service) => format!("AWS's {service}"),
        Peer::Range(range) => format!("the range {range}"),
    }
}
