//! What one template would create, counted once for all stacks that use it.
//!
//! Goes in: a template as it is written. Comes out: a [`TemplateCount`]. What differs from stack to
//! stack (which VPC a group is in, how many tasks run) is kept as a reference or as the name of a
//! parameter; `fleet` puts in what each stack says.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::vpc_blocks::AddressUser;
use crate::cloudformation::Json;
use crate::limits::instances;
use crate::limits::policy::length;
use crate::limits::reference::{Amount, Reference, Value};
use crate::limits::resources::{COUNTED, HELD, INTERFACES, LISTED, MADE_WITH, PARTS};

/// What a template uses of each limit.
#[derive(Clone, Debug, Default)]
pub struct TemplateCount {
    /// Of limits of the account or its Region.
    pub(super) totals: BTreeMap<&'static str, u64>,
    /// The same, as far as parameters decide it.
    pub(super) computed: Vec<(&'static str, Amount)>,
    /// Of limits of a zone, by the subnet that is in it.
    pub(super) in_zones: Vec<(&'static str, Reference, Amount)>,
    /// Of limits of a VPC, a group, a load balancer, ...
    pub(super) held: BTreeMap<(&'static str, Side, Reference), Tally>,
    /// The same, as far as parameters decide it.
    pub(super) held_computed: Vec<(&'static str, Reference, Amount)>,
    /// Of limits of one resource, or of the template: the most that one uses, and which.
    pub(super) peaks: BTreeMap<&'static str, (u64, Option<String>)>,
    /// What the outputs stand for.
    pub(super) outputs: BTreeMap<String, Reference>,
    /// What is part of something larger: see [`PARTS`].
    pub(super) wholes: BTreeMap<String, Reference>,
    /// The zones of subnets.
    pub(super) zones: BTreeMap<String, Value>,
}

/// Limits that are counted apart for each direction or address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Whole,
    InboundIpv4,
    InboundIpv6,
    OutboundIpv4,
    OutboundIpv6,
    Inbound,
    Outbound,
    Ipv4,
    Ipv6,
}

impl Side {
    /// In messages.
    pub fn name(self) -> &'static str {
        match self {
            Side::Whole => "",
            Side::InboundIpv4 => "inbound IPv4",
            Side::InboundIpv6 => "inbound IPv6",
            Side::OutboundIpv4 => "outbound IPv4",
            Side::OutboundIpv6 => "outbound IPv6",
            Side::Inbound => "inbound",
            Side::Outbound => "outbound",
            Side::Ipv4 => "IPv4",
            Side::Ipv6 => "IPv6",
        }
    }
}

/// A number of things, and what is there once however many templates add to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub sum: u64,
    pub once: u64,
}

/// Counts what a template would create. `template` is the whole document, `bytes` its length as it is
/// written.
pub fn count(template: &Json, bytes: usize) -> TemplateCount {
    let section = |name: &str| template.get(name).map(Json::entries).unwrap_or_default();
    let resources = section("Resources");
    let own: BTreeMap<&str, &Json> = resources.iter().map(|(id, resource)| (id.as_str(), resource)).collect();
    let mut counter = Counter { own: &own, count: TemplateCount::default() };
    for (id, resource) in resources {
        counter.resource(id, resource);
    }
    counter.target_groups();
    counter.tasks();
    instances::count(&own, &mut counter.count);
    counter.policies();
    for (name, output) in section("Outputs") {
        let reference = output.get("Value").map(|value| counter.reference(value));
        counter.count.outputs.extend(reference.map(|reference| (name.clone(), reference)));
    }
    counter.peak("cfn-resources-per-template", None, resources.len());
    counter.peak("cfn-parameters", None, section("Parameters").len());
    counter.peak("cfn-outputs", None, section("Outputs").len());
    counter.peak("cfn-mappings", None, section("Mappings").len());
    counter.peak("cfn-template-body-s3", None, bytes);
    counter.peak("cfn-dynamic-references", None, dynamic_references(template));
    counter.total("cfn-stacks", 1);
    counter.count
}

/// How many dynamic references a template has: each `{{resolve:` of any text counts.
pub fn dynamic_references(value: &Json) -> usize {
    match value {
        Json::Text(text) => text.matches("{{resolve:").count(),
        Json::List(items) => items.iter().map(dynamic_references).sum(),
        Json::Object(entries) => entries.iter().map(|(_, value)| dynamic_references(value)).sum(),
        _ => 0,
    }
}

struct Counter<'t> {
    own: &'t BTreeMap<&'t str, &'t Json>,
    count: TemplateCount,
}

impl Counter<'_> {
    fn resource(&mut self, id: &str, resource: &Json) {
        let kind = kind(resource);
        let of_kind = |other: &str| other == kind;
        for (_, quota) in COUNTED.iter().filter(|(other, _)| of_kind(other)) {
            self.total(quota, 1);
        }
        for (_, holder, quota) in HELD.iter().filter(|(other, ..)| of_kind(other)) {
            if let Some(holder) = property(resource, &[holder]) {
                self.held(quota, Side::Whole, holder, Tally { sum: 1, once: 0 });
            }
        }
        // A virtual private gateway is attached by a resource of the same type, and is another limit's.
        if kind == "AWS::EC2::VPCGatewayAttachment"
            && property(resource, &["VpnGatewayId"]).is_none()
            && let Some(vpc) = property(resource, &["VpcId"])
        {
            self.held("internet-gateways-per-vpc", Side::Whole, vpc, Tally { sum: 1, once: 0 });
        }
        for (_, quota) in MADE_WITH.iter().filter(|(other, _)| of_kind(other)) {
            let made = Tally { sum: 1, once: 0 };
            self.count.held.insert((quota, Side::Whole, Reference::Own(id.to_owned())), made);
        }
        for (_, path, quota) in LISTED.iter().filter(|(other, ..)| of_kind(other)) {
            self.peak(quota, id, list(resource, path).len());
        }
        for (_, path) in INTERFACES.iter().filter(|(other, _)| of_kind(other)) {
            for subnet in list(resource, path) {
                self.interface(subnet, Amount::Fixed(1));
            }
        }
        for (_, whole) in PARTS.iter().filter(|(other, _)| of_kind(other)) {
            let whole = property(resource, &[whole]).map(|whole| self.reference(whole));
            self.count.wholes.extend(whole.map(|whole| (id.to_owned(), whole)));
        }
        self.peak("tags-per-resource", id, list(resource, &["Tags"]).len());
        match kind {
            // AWS allows one of each kind.
            "AWS::AccessAnalyzer::Analyzer" => match property(resource, &["Type"]).and_then(Json::as_text) {
                Some("ACCOUNT") => self.total("access-analyzers-external", 1),
                Some("ACCOUNT_UNUSED_ACCESS") => self.total("access-analyzers-unused", 1),
                _ => {}
            },
            "AWS::Cognito::UserPoolDomain" if property(resource, &["CustomDomainConfig"]).is_some() => {
                self.total("cognito-custom-domains", 1);
            }
            "AWS::EC2::Subnet" => {
                let zone = property(resource, &["AvailabilityZoneId"])
                    .or(property(resource, &["AvailabilityZone"]))
                    .map_or(Value::Unknown, Value::of);
                self.count.zones.insert(id.to_owned(), zone);
            }
            "AWS::Backup::BackupSelection" => self.selection(resource),
            "AWS::CloudWatch::Alarm" => {
                let metrics = list(resource, &["Metrics"]);
                let metrics = metrics.iter().filter(|one| one.get("MetricStat").is_some()).count();
                self.peak("cloudwatch-metrics-per-math-alarm", id, metrics);
            }
            "AWS::EC2::VPCCidrBlock" => self.block(resource),
            "AWS::EC2::VPCEndpoint" => self.endpoint(resource),
            "AWS::EC2::NatGateway" => self.nat_gateway(resource),
            "AWS::EC2::RouteTable" => self.own_sides(id, "routes-per-route-table", &[Side::Ipv4]),
            "AWS::EC2::Route" => self.route(resource),
            "AWS::EC2::NetworkAcl" => {
                self.own_sides(id, "rules-per-network-acl", &[Side::Inbound, Side::Outbound])
            }
            "AWS::EC2::NetworkAclEntry" => self.acl_entry(resource),
            "AWS::EC2::SecurityGroup" => self.inline_rules(id, resource),
            "AWS::EC2::SecurityGroupIngress" => self.separate_rule(resource, true),
            "AWS::EC2::SecurityGroupEgress" => self.separate_rule(resource, false),
            "AWS::EC2::PrefixList" => self.peak("entries-per-prefix-list", id, maximum_entries(resource)),
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => self.load_balancer(resource),
            "AWS::ElasticLoadBalancingV2::Listener" => self.listener(resource),
            "AWS::ElasticLoadBalancingV2::ListenerCertificate" => self.certificates(resource),
            "AWS::ElasticLoadBalancingV2::ListenerRule" => {
                let values = list(resource, &["Conditions"]).iter().map(condition_values).sum();
                self.peak("condition-values-per-rule", id, values);
            }
            "AWS::Lambda::Function" => {
                self.addresses(list(resource, &["VpcConfig", "SubnetIds"]), AddressUser::Function)
            }
            "AWS::EFS::MountTarget" => {
                if let Some(subnet) = property(resource, &["SubnetId"]) {
                    self.interface(subnet, Amount::Fixed(1));
                    self.addresses(std::slice::from_ref(subnet), AddressUser::FileSystemMount);
                }
            }
            _ => {}
        }
    }

    /// Of the selections of a backup plan, those by tag have a limit of their own.
    fn selection(&mut self, resource: &Json) {
        let by_tag = ["Conditions", "ListOfTags"]
            .iter()
            .any(|name| property(resource, &["BackupSelection", name]).is_some());
        if let Some(plan) = property(resource, &["BackupPlanId"]).filter(|_| by_tag) {
            self.held("backup-tag-selections-per-plan", Side::Whole, plan, Tally { sum: 1, once: 0 });
        }
    }

    /// A block that a VPC has beside the first.
    fn block(&mut self, resource: &Json) {
        let quota = match property(resource, &["CidrBlock"]).or(property(resource, &["Ipv4IpamPoolId"])) {
            Some(_) => "ipv4-cidr-blocks-per-vpc",
            None => "ipv6-cidr-blocks-per-vpc",
        };
        if let Some(vpc) = property(resource, &["VpcId"]) {
            self.held(quota, Side::Whole, vpc, Tally { sum: 1, once: 0 });
        }
    }

    fn endpoint(&mut self, resource: &Json) {
        let Some(vpc) = property(resource, &["VpcId"]) else { return };
        let one = Tally { sum: 1, once: 0 };
        if text(resource, &["VpcEndpointType"]).unwrap_or("Gateway") == "Gateway" {
            self.total("gateway-endpoints-per-region", 1);
            self.held("gateway-endpoints-per-vpc", Side::Whole, vpc, one);
            // It puts a route to the service's prefix list into each; S3's and DynamoDB's weigh 1.
            for table in list(resource, &["RouteTableIds"]) {
                self.held("routes-per-route-table", Side::Ipv4, table, one);
            }
        } else {
            self.held("interface-endpoints-per-vpc", Side::Whole, vpc, one);
            self.addresses(list(resource, &["SubnetIds"]), AddressUser::EndpointInAZone);
        }
    }

    fn nat_gateway(&mut self, resource: &Json) {
        let usage = Amount::Fixed(AddressUser::NatGateway.units());
        if text(resource, &["AvailabilityMode"]) == Some("regional") {
            let Some(vpc) = property(resource, &["VpcId"]) else { return };
            self.held("regional-nat-gateways-per-vpc", Side::Whole, vpc, Tally { sum: 1, once: 0 });
            let vpc = self.reference(vpc);
            self.count.held_computed.push(("network-address-usage-per-vpc", vpc, usage));
        } else if let Some(subnet) = property(resource, &["SubnetId"]) {
            self.interface(subnet, Amount::Fixed(1));
            self.addresses(std::slice::from_ref(subnet), AddressUser::NatGateway);
            let subnet = self.reference(subnet);
            self.count.in_zones.push(("nat-gateways-per-az", subnet, Amount::Fixed(1)));
        }
    }

    /// The route to the VPC itself, and the rule that denies the rest: AWS puts them there.
    fn own_sides(&mut self, id: &str, quota: &'static str, sides: &[Side]) {
        for side in sides {
            let tally = self.count.held.entry((quota, *side, Reference::Own(id.to_owned()))).or_default();
            tally.once = 1;
        }
    }

    fn route(&mut self, resource: &Json) {
        let Some(table) = property(resource, &["RouteTableId"]) else { return };
        let side = match property(resource, &["DestinationIpv6CidrBlock"]) {
            Some(_) => Side::Ipv6,
            None => Side::Ipv4,
        };
        let sum = property(resource, &["DestinationPrefixListId"]).map_or(1, |list| self.weight(list));
        self.held("routes-per-route-table", side, table, Tally { sum, once: 0 });
    }

    /// IPv4 and IPv6 entries count together in a direction, and each family has a last rule that
    /// denies (General Reference, "Amazon VPC endpoints and quotas").
    fn acl_entry(&mut self, resource: &Json) {
        let Some(acl) = property(resource, &["NetworkAclId"]) else { return };
        let outbound = matches!(property(resource, &["Egress"]), Some(Json::Boolean(true)));
        let side = if outbound { Side::Outbound } else { Side::Inbound };
        let is_ipv6 = property(resource, &["Ipv6CidrBlock"]).is_some();
        let tally = Tally { sum: 1, once: if is_ipv6 { 2 } else { 1 } };
        self.held("rules-per-network-acl", side, acl, tally);
    }

    fn inline_rules(&mut self, id: &str, resource: &Json) {
        for (name, inbound) in [("SecurityGroupIngress", true), ("SecurityGroupEgress", false)] {
            for rule in list(resource, &[name]) {
                self.rule(Reference::Own(id.to_owned()), rule, inbound);
            }
        }
    }

    fn separate_rule(&mut self, resource: &Json, inbound: bool) {
        let (Some(group), Some(rule)) = (property(resource, &["GroupId"]), resource.get("Properties")) else {
            return;
        };
        let group = self.reference(group);
        self.rule(group, rule, inbound);
    }

    /// A range costs one in its family. A group costs one in both, however many bear it. A list costs
    /// what it may hold in its family; that it costs one in the other is the stricter of two readings
    /// of AWS's pages.
    fn rule(&mut self, group: Reference, rule: &Json, inbound: bool) {
        let list = rule.get("SourcePrefixListId").or(rule.get("DestinationPrefixListId"));
        let (ipv4, ipv6) = if rule.get("CidrIp").is_some() {
            (1, 0)
        } else if rule.get("CidrIpv6").is_some() {
            (0, 1)
        } else {
            (list.map_or(1, |list| self.weight(list)), 1)
        };
        let sides = match inbound {
            true => [(Side::InboundIpv4, ipv4), (Side::InboundIpv6, ipv6)],
            false => [(Side::OutboundIpv4, ipv4), (Side::OutboundIpv6, ipv6)],
        };
        for (side, sum) in sides.into_iter().filter(|(_, sum)| *sum > 0) {
            let key = ("rules-per-security-group", side, group.clone());
            self.count.held.entry(key).or_default().sum += sum;
        }
    }

    /// What a prefix list weighs in a rule or a route: one of ours what it may hold; those of S3 and
    /// DynamoDB, which are the only ones of AWS that flows name, one.
    fn weight(&self, list: &Json) -> u64 {
        match self.reference(list) {
            Reference::Own(id) => {
                self.own.get(id.as_str()).map_or(1, |list| maximum_entries(list).try_into().unwrap_or(1))
            }
            _ => 1,
        }
    }

    fn load_balancer(&mut self, resource: &Json) {
        let subnets = list(resource, &["Subnets"]);
        match text(resource, &["Type"]).unwrap_or("application") {
            "network" => {
                self.total("nlbs-per-region", 1);
                self.addresses(subnets, AddressUser::NetworkLoadBalancerInAZone);
            }
            "gateway" => self.total("gwlbs-per-region", 1),
            _ => self.total("albs-per-region", 1),
        }
    }

    fn listener(&mut self, resource: &Json) {
        let network = matches!(text(resource, &["Protocol"]), Some("TCP" | "UDP" | "TCP_UDP" | "TLS"));
        let quota = if network { "listeners-per-nlb" } else { "listeners-per-alb" };
        if let Some(balancer) = property(resource, &["LoadBalancerArn"]) {
            self.held(quota, Side::Whole, balancer, Tally { sum: 1, once: 0 });
        }
    }

    fn certificates(&mut self, resource: &Json) {
        if let Some(listener) = property(resource, &["ListenerArn"]) {
            let sum = list(resource, &["Certificates"]).len() as u64;
            self.held("certificates-per-alb", Side::Whole, listener, Tally { sum, once: 0 });
        }
    }

    /// Target groups by the load balancer that sends to them, each once.
    fn target_groups(&mut self) {
        let mut sent: BTreeSet<(Reference, Reference)> = BTreeSet::new();
        for (id, resource) in self.own {
            let (from, actions) = match kind(resource) {
                "AWS::ElasticLoadBalancingV2::Listener" => {
                    (Some(Reference::Own((*id).to_owned())), "DefaultActions")
                }
                "AWS::ElasticLoadBalancingV2::ListenerRule" => {
                    (property(resource, &["ListenerArn"]).map(|listener| self.reference(listener)), "Actions")
                }
                _ => continue,
            };
            let Some(from) = from else { continue };
            let from = match &from {
                Reference::Own(id) => self.count.wholes.get(id).cloned().unwrap_or(from),
                _ => from,
            };
            for action in list(resource, &[actions]) {
                let groups = action.get("ForwardConfig").and_then(|forward| forward.get("TargetGroups"));
                let single = action.get("TargetGroupArn").into_iter();
                let several = groups
                    .map(items)
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|group| group.get("TargetGroupArn"));
                sent.extend(single.chain(several).map(|group| (from.clone(), self.reference(group))));
            }
        }
        for (from, _) in sent {
            self.count.held.entry(("target-groups-per-alb", Side::Whole, from)).or_default().sum += 1;
        }
    }

    /// Tasks of ECS services: processors of those on Fargate, for as many as run from the start;
    /// interfaces and addresses for as many as may run.
    fn tasks(&mut self) {
        for (id, service) in self.own {
            if kind(service) != "AWS::ECS::Service" {
                continue;
            }
            let scaling = self.own.values().find(|other| {
                let of = property(other, &["ResourceId"]).map(scaled).unwrap_or_default();
                kind(other) == "AWS::ApplicationAutoScaling::ScalableTarget"
                    && of.contains(&format!("${{{id}.Name}}"))
            });
            let bound = |name: &str| scaling.and_then(|target| property(target, &[name]));
            let desired = property(service, &["DesiredCount"]);
            let number = |json: Option<&Json>| json.map_or(Value::Text("1".to_owned()), Value::of);
            let (least, most) =
                (number(bound("MinCapacity").or(desired)), number(bound("MaxCapacity").or(desired)));
            self.count.held_computed.push((
                "ecs-tasks-per-service",
                Reference::Own((*id).to_owned()),
                Amount::Product(vec![most.clone()], 1),
            ));
            let definition =
                property(service, &["TaskDefinition"]).map(|definition| self.reference(definition));
            if let Some(Reference::Own(definition)) = definition
                && let Some(definition) = self.own.get(definition.as_str())
                && list(definition, &["RequiresCompatibilities"])
                    .iter()
                    .any(|one| one.as_text() == Some("FARGATE"))
                && let Some(cpu) = property(definition, &["Cpu"])
            {
                // 1,024 units are one virtual CPU.
                self.count
                    .computed
                    .push(("fargate-vcpu", Amount::Product(vec![least, Value::of(cpu)], 1024)));
            }
            let subnets = list(service, &["NetworkConfiguration", "AwsvpcConfiguration", "Subnets"]);
            for subnet in subnets {
                self.interface(subnet, Amount::Product(vec![most.clone()], subnets.len() as u64));
            }
            if let Some(subnet) = subnets.first() {
                let subnet = self.reference(subnet);
                self.count.held_computed.push((
                    "network-address-usage-per-vpc",
                    subnet,
                    Amount::Product(vec![most], 1),
                ));
            }
        }
    }

    /// Sizes of policies, without white space, and how many are attached.
    fn policies(&mut self) {
        let mut inline: BTreeMap<Reference, u64> = BTreeMap::new();
        for (id, resource) in self.own {
            match kind(resource) {
                "AWS::IAM::Role" => {
                    let role = Reference::Own((*id).to_owned());
                    let managed = list(resource, &["ManagedPolicyArns"]).len() as u64;
                    let key = ("iam-managed-policies-per-role", Side::Whole, role.clone());
                    self.count.held.entry(key).or_default().sum += managed;
                    let trust = property(resource, &["AssumeRolePolicyDocument"]).map_or(0, length);
                    self.peak("iam-role-trust-policy-length", *id, trust);
                    for policy in list(resource, &["Policies"]) {
                        let size = policy.get("PolicyDocument").map_or(0, length);
                        *inline.entry(role.clone()).or_default() += size as u64;
                    }
                }
                "AWS::IAM::Policy" | "AWS::IAM::RolePolicy" => {
                    let size = property(resource, &["PolicyDocument"]).map_or(0, length) as u64;
                    let one = property(resource, &["RoleName"]).into_iter();
                    for role in one.chain(list(resource, &["Roles"])) {
                        *inline.entry(self.reference(role)).or_default() += size;
                    }
                }
                "AWS::IAM::ManagedPolicy" => {
                    let size = property(resource, &["PolicyDocument"]).map_or(0, length);
                    self.peak("iam-managed-policy-size", *id, size);
                    for role in list(resource, &["Roles"]) {
                        self.held(
                            "iam-managed-policies-per-role",
                            Side::Whole,
                            role,
                            Tally { sum: 1, once: 0 },
                        );
                    }
                }
                "AWS::KMS::Key" => {
                    let size = property(resource, &["KeyPolicy"]).map_or(0, length);
                    self.peak("kms-key-policy-size", *id, size);
                }
                "AWS::S3::BucketPolicy" => {
                    let size = property(resource, &["PolicyDocument"]).map_or(0, length);
                    self.peak("s3-bucket-policy-size", *id, size);
                }
                "AWS::Organizations::Policy" => {
                    let size = property(resource, &["Content"]).map_or(0, length);
                    match property(resource, &["Type"]).and_then(Json::as_text) {
                        Some("SERVICE_CONTROL_POLICY") => self.peak("org-scp-size", *id, size),
                        Some("RESOURCE_CONTROL_POLICY") => self.peak("org-rcp-size", *id, size),
                        // As it is sent, white space in values included.
                        Some("TAG_POLICY") => {
                            let sent = property(resource, &["Content"]).map(Json::to_compact);
                            let size = sent.map_or(0, |text| text.chars().count());
                            self.peak("org-tag-policy-size", *id, size);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        for (role, sum) in inline {
            let key = ("iam-role-inline-policy-aggregate", Side::Whole, role);
            self.count.held.entry(key).or_default().sum += sum;
        }
    }

    fn reference(&self, json: &Json) -> Reference {
        Reference::of(json, |name| self.own.contains_key(name))
    }

    fn total(&mut self, quota: &'static str, amount: u64) {
        *self.count.totals.entry(quota).or_default() += amount;
    }

    fn held(&mut self, quota: &'static str, side: Side, holder: &Json, more: Tally) {
        let tally = self.count.held.entry((quota, side, self.reference(holder))).or_default();
        tally.sum += more.sum;
        tally.once = tally.once.max(more.once);
    }

    /// None: it is the template itself.
    fn peak<'i>(&mut self, quota: &'static str, what: impl Into<Option<&'i str>>, amount: usize) {
        let peak = self.count.peaks.entry(quota).or_insert((0, None));
        if amount as u64 > peak.0 {
            *peak = (amount as u64, what.into().map(str::to_owned));
        }
    }

    fn interface(&mut self, subnet: &Json, amount: Amount) {
        let subnet = self.reference(subnet);
        self.count.in_zones.push(("network-interfaces-per-region", subnet, amount));
    }

    /// Network Address Usage, which is counted for the VPC of the subnets.
    fn addresses(&mut self, subnets: &[Json], user: AddressUser) {
        for subnet in subnets {
            let subnet = self.reference(subnet);
            let usage = Amount::Fixed(user.units());
            self.count.held_computed.push(("network-address-usage-per-vpc", subnet, usage));
        }
    }
}

fn kind(resource: &Json) -> &str {
    resource.get("Type").and_then(Json::as_text).unwrap_or_default()
}

fn property<'j>(resource: &'j Json, path: &[&str]) -> Option<&'j Json> {
    path.iter().try_fold(resource.get("Properties")?, |json, key| json.get(key))
}

fn text<'j>(resource: &'j Json, path: &[&str]) -> Option<&'j str> {
    property(resource, path).and_then(Json::as_text)
}

fn list<'j>(resource: &'j Json, path: &[&str]) -> &'j [Json] {
    property(resource, path).map(items).unwrap_or_default()
}

fn items(json: &Json) -> &[Json] {
    match json {
        Json::List(items) => items,
        _ => &[],
    }
}

fn maximum_entries(list_resource: &Json) -> usize {
    let entries = list(list_resource, &["Entries"]).len();
    match property(list_resource, &["MaxEntries"]) {
        Some(Json::Number(number)) => {
            number.as_u64().and_then(|most| most.try_into().ok()).unwrap_or(entries)
        }
        _ => entries,
    }
}

/// The text of a scalable target's `ResourceId`, with the names it puts in.
fn scaled(resource_id: &Json) -> &str {
    resource_id.get("Fn::Sub").unwrap_or(resource_id).as_text().unwrap_or_default()
}

/// Every value of every condition of a rule counts.
fn condition_values(condition: &Json) -> usize {
    let nested = condition
        .entries()
        .iter()
        .map(|(_, config)| config.get("Values").map_or(0, |values| items(values).len()));
    let plain = condition.get("Values").map_or(0, |values| items(values).len());
    plain + nested.sum::<usize>()
}
