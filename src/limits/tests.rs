//! What counts towards what, in small templates.

use std::collections::BTreeMap;

use super::fleet::{Limits, add_up};
use super::*;
use crate::aws::Quota;
use crate::cloudformation::Json;
use crate::identity::{CellId, HomeId, HostAccount, RegionName};

/// A stack of a template with these resources and outputs.
struct Stack {
    name: &'static str,
    tenant: Option<HomeId>,
    cell: CellId,
    template: TemplateCount,
    parameters: BTreeMap<String, String>,
}

fn template(resources: &str, outputs: &str) -> TemplateCount {
    let text = format!(r#"{{"Resources": {{{resources}}}, "Outputs": {{{outputs}}}}}"#);
    let document = Json::from(serde_json::from_str::<serde_json::Value>(&text).unwrap());
    count(&document, text.len())
}

fn stack(
    name: &'static str,
    tenant: Option<&str>,
    template: TemplateCount,
    parameters: &[(&str, &str)],
) -> Stack {
    Stack {
        name,
        tenant: tenant.map(|tenant| tenant.parse().unwrap()),
        cell: "container/222222222222/us-east-1/1".parse().unwrap(),
        template,
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

fn uses(stacks: &[Stack], limits: Limits<'_>) -> Vec<Use> {
    let region: RegionName = "us-east-1".parse().unwrap();
    let account: HostAccount = "222222222222".parse().unwrap();
    let stacks: Vec<StackUse<'_>> = stacks
        .iter()
        .map(|stack| StackUse {
            name: stack.name,
            stack: stack.name,
            account: &account,
            region: &region,
            tenant: stack.tenant.as_ref(),
            cell: Some(&stack.cell),
            path: stack.name,
            template: &stack.template,
            parameters: &stack.parameters,
        })
        .collect();
    add_up(&stacks, limits)
}

fn used(stacks: &[Stack], quota: &str) -> u64 {
    let all = uses(stacks, &|_, _, _| None);
    all.iter().find(|one| one.quota.id == quota).map_or(0, |one| one.used)
}

/// The rules of a group that has these, each as JSON.
fn rules(rules: &[&str]) -> BTreeMap<String, u64> {
    let inline = rules.join(", ");
    let counted = template(
        &format!(
            r#""Group": {{"Type": "AWS::EC2::SecurityGroup", "Properties": {{"SecurityGroupIngress": [{inline}]}}}},
               "List": {{"Type": "AWS::EC2::PrefixList", "Properties": {{"MaxEntries": 7, "Entries": []}}}}"#
        ),
        "",
    );
    let held = counted.held.iter().filter(|((quota, ..), _)| *quota == "rules-per-security-group");
    held.map(|((_, side, _), tally)| (side.name().to_owned(), tally.sum)).collect()
}

fn sides(ipv4: u64, ipv6: u64) -> BTreeMap<String, u64> {
    let sides = [("inbound IPv4", ipv4), ("inbound IPv6", ipv6)];
    sides.into_iter().filter(|(_, sum)| *sum > 0).map(|(side, sum)| (side.to_owned(), sum)).collect()
}

#[test]
fn a_range_costs_one_rule_in_its_own_family() {
    assert_eq!(rules(&[r#"{"CidrIp": "10.0.0.0/8"}"#]), sides(1, 0));
    assert_eq!(rules(&[r#"{"CidrIpv6": "::/0"}"#]), sides(0, 1));
}

#[test]
fn a_group_costs_one_rule_in_both_families() {
    assert_eq!(rules(&[r#"{"SourceSecurityGroupId": "sg-1"}"#, r#"{"CidrIp": "10.0.0.0/8"}"#]), sides(2, 1));
}

#[test]
fn a_prefix_list_of_ours_costs_what_it_may_hold_and_one_of_a_gateway_service_one() {
    assert_eq!(rules(&[r#"{"SourcePrefixListId": {"Ref": "List"}}"#]), sides(7, 1));
    assert_eq!(rules(&[r#"{"SourcePrefixListId": "pl-63a5400a"}"#]), sides(1, 1));
}

#[test]
fn the_last_rule_of_a_network_acl_counts_once_for_each_family_however_many_stacks_add_entries() {
    let acl = template(
        r#""Acl": {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": "vpc-1"}}"#,
        r#""Acl": {"Value": {"Ref": "Acl"}}"#,
    );
    let entry = |family: &str| {
        format!(
            r#"{{"Type": "AWS::EC2::NetworkAclEntry", "Properties": {{"{family}": "x", "NetworkAclId": {{"Fn::ImportValue": {{"Fn::Sub": "${{Rules}}-Acl"}}}}}}}}"#
        )
    };
    let ipv4 = template(&format!(r#""A": {}"#, entry("CidrBlock")), "");
    let ipv6 = template(&format!(r#""A": {}, "B": {}"#, entry("Ipv6CidrBlock"), entry("CidrBlock")), "");
    let link = [("Rules", "rules")];
    let mut stacks = vec![stack("rules", None, acl, &[]), stack("first", None, ipv4, &link)];
    assert_eq!(used(&stacks, "rules-per-network-acl"), 2);
    stacks.push(stack("second", None, ipv6, &link));
    assert_eq!(used(&stacks, "rules-per-network-acl"), 5, "three entries, and a last rule for each family");
}

#[test]
fn what_aws_makes_with_a_vpc_counts() {
    let vpc = template(r#""Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}"#, "");
    let stacks = [stack("network", None, vpc, &[])];
    for quota in [
        "route-tables-per-vpc",
        "network-acls-per-vpc",
        "security-groups-per-region",
        "ipv4-cidr-blocks-per-vpc",
    ] {
        assert_eq!(used(&stacks, quota), 1, "{quota}");
    }
}

#[test]
fn gateways_are_counted_in_the_zone_of_their_subnet_though_another_stack_makes_it() {
    let network = template(
        r#""One": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": "vpc-1", "AvailabilityZoneId": {"Ref": "Zone1"}}},
           "Two": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": "vpc-1", "AvailabilityZoneId": {"Ref": "Zone2"}}}"#,
        r#""One": {"Value": {"Ref": "One"}}, "Two": {"Value": {"Ref": "Two"}}"#,
    );
    let gateway = |id: &str, output: &str| {
        format!(
            r#""{id}": {{"Type": "AWS::EC2::NatGateway", "Properties": {{"SubnetId": {{"Fn::ImportValue": {{"Fn::Sub": "${{Network}}-{output}"}}}}}}}}"#
        )
    };
    let ways = [gateway("A", "One"), gateway("B", "One"), gateway("C", "Two")].join(", ");
    let zones = [("Zone1", "use1-az1"), ("Zone2", "use1-az2")];
    let stacks = [
        stack("network", None, network, &zones),
        stack("ways", None, template(&ways, ""), &[("Network", "network")]),
    ];
    let all = uses(&stacks, &|_, _, _| None);
    let zone = all.iter().find(|one| one.quota.id == "nat-gateways-per-az").unwrap();
    assert_eq!((zone.used, &zone.holder), (2, &Some(Holder::Zone("use1-az1".to_owned()))));
}

#[test]
fn rules_of_many_tenants_are_those_of_the_load_balancer_that_they_share() {
    let front = template(
        r#""Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {}},
           "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "Balancer"}}}"#,
        r#""Listener": {"Value": {"Ref": "Listener"}}"#,
    );
    let rule = template(
        r#""Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Fn::ImportValue": {"Fn::Sub": "${Front}-Listener"}}}}"#,
        "",
    );
    let link = [("Front", "front")];
    let stacks = [
        stack("front", None, front, &[]),
        stack("a", Some("acme"), rule.clone(), &link),
        stack("b", Some("globex"), rule.clone(), &link),
        stack("c", Some("initech"), rule, &link),
    ];
    let limits = |quota: &'static Quota, _: &HostAccount, _: Option<&RegionName>| {
        Some(if quota.id == "rules-per-alb" { 2 } else { 1000 })
    };
    let all = uses(&stacks, &limits);
    let balancer = all.iter().find(|one| one.quota.id == "rules-per-alb").unwrap();
    let of =
        Holder::Resource { stack: Some("front".to_owned()), id: "Balancer".to_owned(), side: Side::Whole };
    assert_eq!((balancer.used, balancer.tenants, balancer.holder.as_ref()), (3, 3, Some(&of)));
    assert_eq!(balancer.first_over.as_ref().map(ToString::to_string).as_deref(), Some("initech"));
}

#[test]
fn processors_are_those_of_the_tasks_that_run_from_the_start() {
    let service = template(
        r#""Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"RequiresCompatibilities": ["FARGATE"], "Cpu": {"Ref": "Cpu"}}},
           "Service": {"Type": "AWS::ECS::Service", "Properties": {"Cluster": "x", "TaskDefinition": {"Ref": "Task"}}},
           "Scaling": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
             "ResourceId": {"Fn::Sub": "service/${Cluster}/${Service.Name}"}, "MinCapacity": {"Ref": "Least"}, "MaxCapacity": 40}}"#,
        "",
    );
    let stacks = [stack("service", Some("acme"), service.clone(), &[("Cpu", "512"), ("Least", "3")])];
    assert_eq!(used(&stacks, "fargate-vcpu"), 2);
    assert_eq!(used(&stacks, "ecs-tasks-per-service"), 40);
    let all = uses(&[stack("service", Some("acme"), service, &[])], &|_, _, _| None);
    let unknown = all.iter().find(|one| one.quota.id == "fargate-vcpu").unwrap();
    assert!(unknown.at_least, "what no parameter gives is told as unknown");
}

#[test]
fn instances_count_by_the_processors_of_the_most_that_there_may_be() {
    let group = template(
        r#""Start": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"InstanceType": {"Ref": "Kind"}}}},
           "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {
             "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Start"}}, "MinSize": "0", "MaxSize": {"Ref": "Most"},
             "VPCZoneIdentifier": ["subnet-1"]}},
           "Provider": {"Type": "AWS::ECS::CapacityProvider", "Properties": {
             "AutoScalingGroupProvider": {"AutoScalingGroupArn": {"Fn::GetAtt": ["Group", "AutoScalingGroupARN"]}}}},
           "Capacity": {"Type": "AWS::ECS::ClusterCapacityProviderAssociations", "Properties": {
             "Cluster": "x", "CapacityProviders": [{"Ref": "Provider"}], "DefaultCapacityProviderStrategy": []}}"#,
        "",
    );
    let with = |kind: &str| stack("instances", None, group.clone(), &[("Kind", kind), ("Most", "5")]);
    assert_eq!(used(&[with("m7i.2xlarge")], "ec2-standard-vcpu"), 40);
    assert_eq!(used(&[with("m7i.2xlarge")], "ecs-container-instances-per-cluster"), 5);
    assert_eq!(used(&[with("m7i.2xlarge")], "ecs-capacity-providers-per-cluster"), 1);
    let interfaces = used(&[with("m7i.2xlarge")], "network-interfaces-per-region");
    assert_eq!(interfaces, 10, "one of its own, and one that those of tasks hang on");
    let all = uses(&[with("z1d.large")], &|_, _, _| None);
    let unknown = all.iter().find(|one| one.quota.id == "ec2-standard-vcpu").unwrap();
    assert!(unknown.at_least, "a type that is not known is told as unknown");
}

#[test]
fn what_tenants_share_is_not_what_they_need() {
    let network = template(
        r#""Vpc": {"Type": "AWS::EC2::VPC", "Properties": {}}, "Mine": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}}}"#,
        r#""Vpc": {"Value": {"Ref": "Vpc"}}"#,
    );
    let part = template(
        r#""A": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Fn::ImportValue": {"Fn::Sub": "${Cell}-Vpc"}}}},
           "B": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Fn::ImportValue": {"Fn::Sub": "${Cell}-Vpc"}}}}"#,
        "",
    );
    let (region, account) = ("us-east-1".parse().unwrap(), "222222222222".parse().unwrap());
    let stacks = [stack("cell", None, network, &[]), stack("part", Some("acme"), part, &[("Cell", "cell")])];
    let of = |stack: &'static str| StackUse {
        name: stack,
        stack,
        account: &account,
        region: &region,
        tenant: stacks.iter().find(|one| one.name == stack).unwrap().tenant.as_ref(),
        cell: Some(&stacks[0].cell),
        path: stack,
        template: &stacks.iter().find(|one| one.name == stack).unwrap().template,
        parameters: &stacks.iter().find(|one| one.name == stack).unwrap().parameters,
    };
    let measures = measure(&[of("cell"), of("part")]);
    let subnets = CellLimit {
        quota: "subnets-per-vpc",
        side: Side::Whole,
        stack: "cell".to_owned(),
        id: "Vpc".to_owned(),
    };
    let tenant = &measures.tenants[&"acme".parse::<HomeId>().unwrap()].needs;
    let cell = &measures.cells[&stacks[0].cell];
    assert_eq!((tenant.of_cell.get(&subnets), cell.of_cell.get(&subnets)), (Some(&2), Some(&1)));
    let vpcs = AccountLimit { quota: "vpcs-per-region", scope: Scope::Region };
    assert_eq!((tenant.of_account.get(&vpcs), cell.of_account.get(&vpcs)), (None, Some(&1)));
}

#[test]
fn selections_of_a_backup_plan_count_and_those_by_tag_twice() {
    let counted = template(
        r#""Plan": {"Type": "AWS::Backup::BackupPlan", "Properties": {"BackupPlan": {"BackupPlanRule": [{}, {}, {}]}}},
           "Named": {"Type": "AWS::Backup::BackupSelection", "Properties": {"BackupPlanId": {"Ref": "Plan"}, "BackupSelection": {"Resources": ["*"]}}},
           "Tagged": {"Type": "AWS::Backup::BackupSelection", "Properties": {"BackupPlanId": {"Ref": "Plan"}, "BackupSelection": {"Conditions": {}}}},
           "Listed": {"Type": "AWS::Backup::BackupSelection", "Properties": {"BackupPlanId": {"Ref": "Plan"}, "BackupSelection": {"ListOfTags": []}}}"#,
        "",
    );
    let stacks = [stack("backup", Some("acme"), counted, &[])];
    assert_eq!(used(&stacks, "backup-resource-assignments-per-plan"), 3);
    assert_eq!(used(&stacks, "backup-tag-selections-per-plan"), 2);
    assert_eq!(used(&stacks, "backup-rules-per-plan"), 3);
}

#[test]
fn an_alarm_counts_its_metrics_and_not_its_expressions() {
    let counted = template(
        r#""Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": ["a", "b"], "Metrics": [{"Expression": "a / b"}, {"MetricStat": {}}, {"MetricStat": {}}]}},
           "Rule": {"Type": "AWS::CloudWatch::InsightRule", "Properties": {}}"#,
        "",
    );
    let stacks = [stack("monitoring", Some("acme"), counted, &[])];
    assert_eq!(used(&stacks, "cloudwatch-metrics-per-math-alarm"), 2);
    assert_eq!(used(&stacks, "cloudwatch-alarm-actions"), 2);
    assert_eq!(used(&stacks, "contributor-insights-rules"), 1);
}

#[test]
fn analyzers_are_counted_by_kind_and_domains_only_where_they_are_ones_own() {
    let counted = template(
        r#""External": {"Type": "AWS::AccessAnalyzer::Analyzer", "Properties": {"Type": "ACCOUNT"}},
           "Unused": {"Type": "AWS::AccessAnalyzer::Analyzer", "Properties": {"Type": "ACCOUNT_UNUSED_ACCESS"}},
           "Whole": {"Type": "AWS::AccessAnalyzer::Analyzer", "Properties": {"Type": "ORGANIZATION"}},
           "Prefix": {"Type": "AWS::Cognito::UserPoolDomain", "Properties": {"UserPoolId": "p", "Domain": "acme"}},
           "Own": {"Type": "AWS::Cognito::UserPoolDomain",
                   "Properties": {"UserPoolId": "p", "Domain": "id.shop.example", "CustomDomainConfig": {}}}"#,
        "",
    );
    let stacks = [stack("guard", None, counted, &[])];
    for quota in ["access-analyzers-external", "access-analyzers-unused", "cognito-custom-domains"] {
        assert_eq!(used(&stacks, quota), 1, "{quota}");
    }
}
