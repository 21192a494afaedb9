//! What has network interfaces: load balancers, services, databases, endpoints and the rest.

use std::collections::BTreeSet;

use crate::check::model::{Resource, ResourceId, Value};
use crate::check::network::read::{Named, Reader, named};
use crate::check::network::topology::Workload;

/// A resource type whose interfaces are in the subnets and groups that two of its properties name.
struct Bearer {
    kind: &'static str,
    /// Paths of property names, parted by dots; a list on the way stands for each of its items.
    subnets: &'static [&'static str],
    groups: &'static [&'static str],
    /// Whether it opens connections, and whether it accepts any.
    sends: bool,
    receives: bool,
}

const fn both(
    kind: &'static str,
    subnets: &'static [&'static str],
    groups: &'static [&'static str],
) -> Bearer {
    Bearer { kind, subnets, groups, sends: true, receives: true }
}

/// By the reference pages of the types in the CloudFormation User Guide.
const BEARERS: &[Bearer] = &[
    both(
        "AWS::EC2::Instance",
        &["SubnetId", "NetworkInterfaces.SubnetId"],
        &["SecurityGroupIds", "NetworkInterfaces.GroupSet"],
    ),
    both("AWS::EC2::NetworkInterface", &["SubnetId"], &["GroupSet"]),
    both(
        "AWS::ECS::Service",
        &["NetworkConfiguration.AwsvpcConfiguration.Subnets"],
        &["NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"],
    ),
    both(
        "AWS::ECS::TaskSet",
        &["NetworkConfiguration.AwsvpcConfiguration.Subnets"],
        &["NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"],
    ),
    both("AWS::ElasticLoadBalancing::LoadBalancer", &["Subnets"], &["SecurityGroups"]),
    both("AWS::RDS::DBProxy", &["VpcSubnetIds"], &["VpcSecurityGroupIds"]),
    both(
        "AWS::MSK::Cluster",
        &["BrokerNodeGroupInfo.ClientSubnets"],
        &["BrokerNodeGroupInfo.SecurityGroups"],
    ),
    both("AWS::OpenSearchService::Domain", &["VPCOptions.SubnetIds"], &["VPCOptions.SecurityGroupIds"]),
    both("AWS::EKS::Cluster", &["ResourcesVpcConfig.SubnetIds"], &["ResourcesVpcConfig.SecurityGroupIds"]),
    both("AWS::ElastiCache::ServerlessCache", &["SubnetIds"], &["SecurityGroupIds"]),
    both("AWS::CodeBuild::Project", &["VpcConfig.Subnets"], &["VpcConfig.SecurityGroupIds"]),
    // Nobody opens a connection to a function: its interfaces are for what it calls.
    Bearer {
        kind: "AWS::Lambda::Function",
        subnets: &["VpcConfig.SubnetIds"],
        groups: &["VpcConfig.SecurityGroupIds"],
        sends: true,
        receives: false,
    },
    // These answer and never ask.
    Bearer {
        kind: "AWS::EFS::MountTarget",
        subnets: &["SubnetId"],
        groups: &["SecurityGroups"],
        sends: false,
        receives: true,
    },
];

/// Types whose subnets are those of another resource, a subnet group: the property that names it, where the
/// group has its subnets, and where the type has its security groups.
const IN_SUBNET_GROUPS: &[(&str, &str, &str, &str)] = &[
    ("AWS::RDS::DBCluster", "DBSubnetGroupName", "SubnetIds", "VpcSecurityGroupIds"),
    ("AWS::RDS::DBInstance", "DBSubnetGroupName", "SubnetIds", "VPCSecurityGroups"),
    ("AWS::ElastiCache::ReplicationGroup", "CacheSubnetGroupName", "SubnetIds", "SecurityGroupIds"),
    ("AWS::ElastiCache::CacheCluster", "CacheSubnetGroupName", "SubnetIds", "VpcSecurityGroupIds"),
    ("AWS::Redshift::Cluster", "ClusterSubnetGroupName", "SubnetIds", "VpcSecurityGroupIds"),
    ("AWS::DocDB::DBCluster", "DBSubnetGroupName", "SubnetIds", "VpcSecurityGroupIds"),
    ("AWS::Neptune::DBCluster", "DBSubnetGroupName", "SubnetIds", "VpcSecurityGroupIds"),
];

/// Types that name subnets or groups and have no interfaces of their own, or are read elsewhere in this room.
const UNDERSTOOD: &[&str] = &[
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::DocDB::DBSubnetGroup",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::NatGateway",
    "AWS::EC2::NetworkAclEntry",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupVpcAssociation",
    "AWS::EC2::SubnetCidrBlock",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::FlowLog",
    "AWS::EC2::TransitGatewayAttachment",
    "AWS::EC2::TransitGatewayVpcAttachment",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCEndpointService",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::Neptune::DBSubnetGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::Redshift::ClusterSubnetGroup",
    "AWS::SSM::Parameter",
];

/// Services whose types have no interfaces in a VPC: they need not be looked through.
const OUTSIDE: &[&str] = &[
    "AWS::ApiGateway::",
    "AWS::ApplicationAutoScaling::",
    "AWS::Backup::",
    "AWS::Budgets::",
    "AWS::CE::",
    "AWS::CUR::",
    "AWS::CertificateManager::",
    "AWS::CloudTrail::",
    "AWS::CloudWatch::",
    "AWS::Cognito::",
    "AWS::Config::",
    "AWS::DynamoDB::",
    "AWS::Events::",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Logs::",
    "AWS::Organizations::",
    "AWS::ResourceGroups::",
    "AWS::Route53::",
    "AWS::S3::",
    "AWS::SNS::",
    "AWS::SQS::",
    "AWS::SecretsManager::",
];

/// The subnets and groups that properties name, as far as they are known.
#[derive(Default)]
struct Placement {
    subnets: Vec<usize>,
    anywhere: bool,
    groups: Vec<usize>,
    more_groups: bool,
}

impl<'e> Reader<'e> {
    pub(super) fn bearers(&mut self) {
        for bearer in BEARERS {
            for resource in self.of(bearer.kind) {
                self.bearer(&resource, bearer);
            }
        }
        for (kind, group, subnets, groups) in IN_SUBNET_GROUPS {
            for resource in self.of(kind) {
                // An instance of a cluster stands where the cluster does.
                if resource.property("DBClusterIdentifier") == Value::Absent
                    || *kind != "AWS::RDS::DBInstance"
                {
                    self.in_subnet_group(&resource, [group, subnets, groups]);
                }
            }
        }
        self.load_balancers();
        self.endpoints();
        self.fleets();
        self.not_understood();
    }

    fn bearer(&mut self, resource: &Resource<'e>, bearer: &Bearer) {
        let all = |paths: &[&str]| -> Vec<Value<'e>> {
            paths.iter().flat_map(|path| below(resource, path)).collect()
        };
        let subnets = all(bearer.subnets);
        // Without subnets of its own it stands in no VPC, or in a machine that is another resource.
        if subnets.is_empty() {
            return;
        }
        let named = self.named(&subnets, &all(bearer.groups));
        self.workload(resource, named, bearer.sends, bearer.receives);
    }

    fn in_subnet_group(&mut self, resource: &Resource<'e>, [group, subnets, groups]: [&str; 3]) {
        let subnets = match named(&resource.property(group)) {
            Named::Resource(target, _) => {
                let listed = self.estate.resource(target).property(subnets);
                listed.items().to_vec()
            }
            // The default VPC, or a group made elsewhere.
            Named::Absent | Named::Elsewhere | Named::Unknown => vec![Value::unknown("its subnet group")],
        };
        let groups = resource.property(groups).items().to_vec();
        let named = self.named(&subnets, &groups);
        self.workload(resource, named, false, true);
    }

    /// Load balancers and their schemes. One without groups is filtered by none if it is a network load
    /// balancer; an application load balancer then gets the default group of its VPC.
    fn load_balancers(&mut self) {
        for resource in self.of("AWS::ElasticLoadBalancingV2::LoadBalancer") {
            let subnets = [below(&resource, "Subnets"), below(&resource, "SubnetMappings.SubnetId")].concat();
            let kind = resource.property("Type");
            let groups = below(&resource, "SecurityGroups");
            let unfiltered = groups.is_empty() && !matches!(kind.as_text(), None | Some("application"));
            let named = self.named(&subnets, &groups);
            let number = self.workload(&resource, named, true, true);
            let workload = &mut self.topology.workloads[number];
            if unfiltered {
                workload.groups = None;
            }
            // Internet-facing is the default (CloudFormation, AWS::ElasticLoadBalancingV2::LoadBalancer).
            workload.public = resource.property("Scheme").as_text() != Some("internal");
        }
    }

    fn endpoints(&mut self) {
        for resource in self.of("AWS::EC2::VPCEndpoint") {
            match resource.property("VpcEndpointType").as_text() {
                None | Some("Gateway") => {}
                // Packets go in as they are, and come out elsewhere: no route to it is followed.
                Some("GatewayLoadBalancer") => {}
                Some(_) => {
                    let subnets = below(&resource, "SubnetIds");
                    let named = self.named(&subnets, &below(&resource, "SecurityGroupIds"));
                    let door = self.workload(&resource, named, false, true);
                    self.behind(&resource, door);
                }
            }
        }
    }

    /// Machines that are started from a launch template: the fleet says where, the template which groups.
    fn fleets(&mut self) {
        for resource in self.of("AWS::AutoScaling::AutoScalingGroup") {
            let subnets = below(&resource, "VPCZoneIdentifier");
            let template = below(&resource, "LaunchTemplate.LaunchTemplateId");
            let mut groups = Vec::new();
            match template.first().map(named) {
                Some(Named::Resource(target, None)) => {
                    let template = self.estate.resource(target);
                    groups.extend(below(&template, "LaunchTemplateData.SecurityGroupIds"));
                    groups.extend(below(&template, "LaunchTemplateData.NetworkInterfaces.Groups"));
                }
                _ => groups.push(Value::unknown("its launch template")),
            }
            let named = self.named(&subnets, &groups);
            self.workload(&resource, named, true, true);
        }
    }

    /// Anything else that names a subnet or a group may have interfaces there; a nested stack, or a template that
    /// is transformed, may make anything anywhere.
    fn not_understood(&mut self) {
        let known: BTreeSet<&str> = BEARERS
            .iter()
            .map(|bearer| bearer.kind)
            .chain(IN_SUBNET_GROUPS.iter().map(|(kind, ..)| *kind))
            .chain(UNDERSTOOD.iter().copied())
            .collect();
        let kinds: Vec<&str> = self.by_kind.keys().copied().collect();
        let kinds = kinds
            .into_iter()
            .filter(|kind| !known.contains(kind) && !OUTSIDE.iter().any(|part| kind.starts_with(part)));
        let resources: Vec<_> = kinds.flat_map(|kind| self.of(kind)).collect();
        for resource in resources {
            let nested =
                matches!(resource.kind(), "AWS::CloudFormation::Stack" | "AWS::CloudFormation::StackSet")
                    || resource.kind().ends_with("::MODULE");
            let (mut subnets, mut groups) = (BTreeSet::new(), BTreeSet::new());
            self.mentioned(&resource.properties(), &mut subnets, &mut groups);
            if !nested && subnets.is_empty() && groups.is_empty() {
                continue;
            }
            self.gap(
                &resource,
                "",
                format!("what a resource of the type `{}` does in the network is not known", resource.kind()),
            );
            let named = Placement {
                subnets: subnets.into_iter().collect(),
                anywhere: nested,
                groups: groups.into_iter().collect(),
                more_groups: true,
            };
            self.workload(&resource, named, true, true);
        }
        self.transformed();
    }

    /// One interface for each stack whose template is transformed: it may make anything anywhere.
    fn transformed(&mut self) {
        for stack in self.estate.stacks() {
            if self.estate.template(stack).transforms.is_empty() {
                continue;
            }
            let Some(resource) = self.estate.resources(stack).next() else { continue };
            self.gap(&resource, "", "the template has a transform");
            let named = Placement { anywhere: true, more_groups: true, ..Placement::default() };
            self.workload(&resource, named, true, true);
        }
    }

    fn mentioned(&self, value: &Value, subnets: &mut BTreeSet<usize>, groups: &mut BTreeSet<usize>) {
        match value {
            Value::Reference { target, .. } => {
                subnets.extend(self.subnets.get(target));
                groups.extend(self.groups.get(target));
            }
            Value::List(items) | Value::Joined(items) | Value::Function(_, items) => {
                items.iter().for_each(|item| self.mentioned(item, subnets, groups));
            }
            Value::Map(entries) => entries.iter().for_each(|(_, item)| self.mentioned(item, subnets, groups)),
            _ => {}
        }
    }

    fn named(&mut self, subnets: &[Value<'e>], groups: &[Value<'e>]) -> Placement {
        let mut found = Placement { anywhere: subnets.is_empty(), ..Placement::default() };
        for value in subnets {
            match self.subnet(value) {
                Some(subnet) => {
                    found.anywhere |= self.open_subnets[subnet];
                    found.subnets.push(subnet);
                }
                None => found.anywhere = true,
            }
        }
        for value in groups {
            match self.group(value) {
                Some(group) => found.groups.extend(group),
                None => found.more_groups = true,
            }
        }
        if groups.is_empty() {
            // No group named: the default group of the VPC.
            let vpcs: BTreeSet<usize> =
                found.subnets.iter().map(|subnet| self.topology.subnets[*subnet].vpc).collect();
            found.groups = vpcs.into_iter().map(|vpc| self.default_group(vpc)).collect();
            found.more_groups |= found.subnets.is_empty();
        }
        for list in [&mut found.subnets, &mut found.groups] {
            list.sort_unstable();
            list.dedup();
        }
        found
    }

    fn workload(&mut self, resource: &Resource<'e>, named: Placement, sends: bool, receives: bool) -> usize {
        if named.anywhere {
            self.gap(resource, "", "the subnets of a resource are not known");
        }
        if named.more_groups {
            self.gap(resource, "", "the security groups of a resource are not known");
        }
        let origin = self.origin(resource, "", None);
        self.topology.workloads.push(Workload {
            name: name(self.estate, resource.id),
            owner: self.tenant(resource),
            subnets: named.subnets,
            anywhere: named.anywhere,
            groups: Some(named.groups),
            more_groups: named.more_groups,
            sends,
            receives,
            public: false,
            origin,
        });
        self.topology.workloads.len() - 1
    }
}

pub(super) fn name(estate: &crate::check::model::Estate, id: ResourceId) -> String {
    let resource = estate.resource(id);
    format!("{}/{}", resource.stack.name, resource.logical_id())
}

/// The values at a path of properties; each item of a list on the way, and none where it is absent.
fn below<'e>(resource: &Resource<'e>, path: &str) -> Vec<Value<'e>> {
    let mut steps = path.split('.');
    let mut values = vec![resource.property(steps.next().unwrap_or_default())];
    loop {
        values = values.into_iter().flat_map(spread).collect();
        let Some(step) = steps.next() else { return values };
        values = values
            .into_iter()
            .filter_map(|value| match value {
                Value::Map(entries) => {
                    entries.into_iter().find(|(key, _)| *key == step).map(|(_, value)| value)
                }
                // What is not known has anything below it.
                other => Some(other),
            })
            .collect();
    }
}

fn spread(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::List(items) => items,
        Value::Absent | Value::Null => Vec::new(),
        one => vec![one],
    }
}
