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
use crate::plan::Shape;
use crate::plan::security::{ACL_INGRESS_RANGES, AclEntry, Direction, EPHEMERAL_PORTS, Peer, Rule};

/// A group without egress rules gets one that allows everything; one that allows nothing useful
/// keeps it away (CloudFormation, `AWS::EC2::SecurityGroup`, "Remove the default rule").
const NO_EGRESS: &str = "127.0.0.1/32";

const ANYWHERE: &str = "0.0.0.0/0";

const KINDS: [&str; 3] = ["ingress_rules", "network_acls", "security_groups"];

/// Makes the resources of one `$generate` key.
pub(super) fn generate(
    shape: &Shape<'_>,
    ingress_slots: &[u32],
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
        for workload in self.shape.workloads() {
            let name = tag("Name", self.own_name(&workload.name));
            let properties = Json::object([
                (
                    "GroupDescription",
                    Json::text(format!(
                        "What may reach the workload {} and what it may reach",
                        workload.name
                    )),
                ),
                ("VpcId", vpc.clone()),
                (
                    "SecurityGroupEgress",
                    Json::List(vec![Json::object([
                        ("IpProtocol", Json::text("-1")),
                        ("CidrIp", Json::text(NO_EGRESS)),
                        ("Description", Json::text("Nothing but what the egress rules say")),
                    ])]),
                ),
                ("Tags", Json::List(vec![name, tag("tenantry:workload", Json::text(&workload.name))])),
            ]);
            self.add(group_id(&workload.name), "AWS::EC2::SecurityGroup", properties);
        }
        let shape = self.shape;
        for rule in shape.security.rules.iter().filter(|rule| rule.peer != Peer::TenantIngress) {
            self.security_group_rule(rule);
        }
    }

    fn security_group_rule(&mut self, rule: &Rule) {
        let ingress = rule.direction == Direction::Ingress;
        let (key, value) = match &rule.peer {
            Peer::Anywhere => ("CidrIp", Json::text(ANYWHERE)),
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
            Peer::TenantIngress => return,
        };
        let (way, kind) = if ingress {
            ("from", "AWS::EC2::SecurityGroupIngress")
        } else {
            ("to", "AWS::EC2::SecurityGroupEgress")
        };
        let properties = Json::object([
            ("GroupId", get_att(&group_id(&rule.workload), "GroupId")),
            ("IpProtocol", Json::text(rule.protocol.name())),
            ("FromPort", u64::from(rule.ports.0).into()),
            ("ToPort", u64::from(rule.ports.1).into()),
            (key, value),
            ("Description", Json::text(format!("{way} {}", peer_words(&rule.peer)))),
        ]);
        let id = format!(
            "{}{}{}",
            pascal(&rule.workload),
            pascal(rule.direction.name()),
            what(&rule.peer, rule.protocol.name(), rule.ports)
        );
        self.add(id, kind, properties);
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
                Peer::SubnetGroup(group) => self.value(Symbol::SubnetGroupCidr(group.clone())),
                Peer::SubnetBlock(group, block) => {
                    self.value(Symbol::SubnetGroupBlock(group.clone(), *block))
                }
                _ => Json::text(ANYWHERE),
            };
            let acl = get_att(&acl_id(&entry.subnet_group), "Id");
            self.acl_entry(
                entry,
                acl,
                entry.number,
                cidr,
                &what(&entry.peer, entry.protocol.name(), entry.ports),
            );
        }
    }

    fn acl_entry(&mut self, entry: &AclEntry, acl: Json, number: u16, cidr: Json, name: &str) {
        let properties = Json::object([
            ("NetworkAclId", acl),
            ("RuleNumber", u64::from(number).into()),
            ("Egress", (entry.direction == Direction::Egress).into()),
            ("Protocol", entry.protocol.number().into()),
            (
                "PortRange",
                Json::object([
                    ("From", u64::from(entry.ports.0).into()),
                    ("To", u64::from(entry.ports.1).into()),
                ]),
            ),
            ("RuleAction", Json::text("allow")),
            ("CidrBlock", cidr),
        ]);
        let id = format!("{}{}{name}", acl_id(&entry.subnet_group), pascal(entry.direction.name()));
        self.add(id, "AWS::EC2::NetworkAclEntry", properties);
    }

    fn ingress_rules(&mut self, slots: &[u32]) {
        let (groups, acls) = (self.named_arguments("security_group"), self.named_arguments("network_acl"));
        let shape = self.shape;
        for rule in shape.security.rules.iter().filter(|rule| rule.peer == Peer::TenantIngress) {
            let Some(group) = groups.get(&rule.workload).cloned() else {
                self.lacks("security_group", &rule.workload);
                continue;
            };
            for slot in slots {
                let properties = Json::object([
                    ("GroupId", group.clone()),
                    ("IpProtocol", Json::text(rule.protocol.name())),
                    ("FromPort", u64::from(rule.ports.0).into()),
                    ("ToPort", u64::from(rule.ports.1).into()),
                    ("CidrIp", self.value(Symbol::Ingress(*slot as usize))),
                    ("Description", Json::text("from the tenant's allow-list")),
                ]);
                let id = format!(
                    "{}Ingress{}Range{slot}",
                    pascal(&rule.workload),
                    ports_name(rule.protocol.name(), rule.ports)
                );
                self.add(id, "AWS::EC2::SecurityGroupIngress", properties);
            }
        }
        let shape = self.shape;
        for entry in shape.security.acl_entries.iter().filter(|entry| entry.peer == Peer::TenantIngress) {
            let Some(acl) = acls.get(&entry.subnet_group).cloned() else {
                self.lacks("network_acl", &entry.subnet_group);
                continue;
            };
            let name = ports_name(entry.protocol.name(), entry.ports);
            if slots.len() > ACL_INGRESS_RANGES {
                self.acl_entry(entry, acl, entry.number, Json::text(ANYWHERE), &format!("Anywhere{name}"));
                continue;
            }
            for slot in slots {
                let cidr = self.value(Symbol::Ingress(*slot as usize));
                // Slots are small numbers, but a lock may hold any: what is left of a hundred would
                // run into the next, and the plan has refused it.
                let number = entry.number + u16::try_from(*slot).unwrap_or(99).min(99);
                self.acl_entry(entry, acl.clone(), number, cidr, &format!("{name}Range{slot}"));
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

fn acl_id(group: &str) -> String {
    format!("{}NetworkAcl", pascal(group))
}

fn get_att(id: &str, attribute: &str) -> Json {
    Json::object([("Fn::GetAtt", [id, attribute].into_iter().collect::<Json>())])
}

fn tag(key: &str, value: Json) -> Json {
    Json::object([("Key", Json::text(key)), ("Value", value)])
}

/// What a rule says, as part of a logical id: `ServiceTcp8080`.
fn what(peer: &Peer, protocol: &str, ports: (u16, u16)) -> String {
    let peer = match peer {
        Peer::Anywhere => "Anywhere".to_owned(),
        Peer::TenantIngress => "AllowList".to_owned(),
        Peer::SubnetGroup(group) => format!("{}Subnets", pascal(group)),
        Peer::SubnetBlock(group, block) => format!("{}SubnetsBlock{block}", pascal(group)),
        Peer::Workload(name) => pascal(name),
        Peer::PrefixList(service) => format!("{}PrefixList", pascal(service)),
    };
    format!("{peer}{}", ports_name(protocol, ports))
}

fn ports_name(protocol: &str, ports: (u16, u16)) -> String {
    match ports {
        EPHEMERAL_PORTS => format!("{}Answers", pascal(protocol)),
        (first, last) if first == last => format!("{}{first}", pascal(protocol)),
        (first, last) => format!("{}{first}To{last}", pascal(protocol)),
    }
}

fn peer_words(peer: &Peer) -> String {
    match peer {
        Peer::Anywhere => "any address".to_owned(),
        Peer::TenantIngress => "the tenant's allow-list".to_owned(),
        Peer::SubnetGroup(group) => format!("the {group} subnets"),
        Peer::SubnetBlock(group, block) => format!("the {group} subnets of block {block}"),
        Peer::Workload(name) => format!("the workload {name}"),
        Peer::PrefixList(service) => format!("AWS's {service}"),
    }
}
