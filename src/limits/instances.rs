//! EC2 instances of Auto Scaling groups: processors, interfaces, and how many a cluster of ECS has.
//!
//! Counted is the most that a group may grow to. Beyond the quota EC2 starts none, and tasks wait without a word.

use std::collections::BTreeMap;

use crate::cloudformation::Json;
use crate::limits::reference::{Amount, Reference, Value};
use crate::limits::template::TemplateCount;

/// Adds what the groups of a template use.
pub(super) fn count(resources: &BTreeMap<&str, &Json>, count: &mut TemplateCount) {
    for resource in resources.values() {
        match resource.get("Type").and_then(Json::as_text) {
            Some("AWS::AutoScaling::AutoScalingGroup") => group(resource, resources, count),
            Some("AWS::ECS::ClusterCapacityProviderAssociations") => cluster(resource, resources, count),
            _ => {}
        }
    }
}

fn group(group: &Json, resources: &BTreeMap<&str, &Json>, count: &mut TemplateCount) {
    let most = most(group);
    let template = property(group, &["LaunchTemplate", "LaunchTemplateId"]).and_then(|id| own(id, resources));
    let kind = template.and_then(|one| property(one, &["LaunchTemplateData", "InstanceType"]));
    let kind = kind.map_or(Value::Unknown, Value::of);
    count.computed.push(("ec2-standard-vcpu", Amount::Processors { instances: most.clone(), kind }));
    let subnets = property(group, &["VPCZoneIdentifier"]).map(Json::items).unwrap_or_default();
    // Its own, and the one that those of tasks hang on (ECS Developer Guide, "Increasing Amazon ECS Linux container
    // instance network interfaces").
    let interfaces = || vec![most.clone(), Value::Text("2".to_owned())];
    for subnet in subnets {
        let amount = Amount::Product(interfaces(), subnets.len() as u64);
        count.in_zones.push(("network-interfaces-per-region", reference(subnet, resources), amount));
    }
    if let Some(subnet) = subnets.first() {
        let amount = Amount::Product(interfaces(), 1);
        count.held_computed.push(("network-address-usage-per-vpc", reference(subnet, resources), amount));
    }
}

/// The instances of all groups that provide the capacity of a cluster.
fn cluster(association: &Json, resources: &BTreeMap<&str, &Json>, count: &mut TemplateCount) {
    let Some(cluster) = property(association, &["Cluster"]) else { return };
    let providers = property(association, &["CapacityProviders"]).map(Json::items).unwrap_or_default();
    for provider in providers.iter().filter_map(|provider| own(provider, resources)) {
        let group = property(provider, &["AutoScalingGroupProvider", "AutoScalingGroupArn"]);
        let most = group.and_then(|group| own(group, resources)).map_or(Value::Unknown, most);
        count.held_computed.push((
            "ecs-container-instances-per-cluster",
            reference(cluster, resources),
            Amount::Product(vec![most], 1),
        ));
    }
}

fn most(group: &Json) -> Value {
    property(group, &["MaxSize"]).map_or(Value::Unknown, Value::of)
}

fn property<'j>(resource: &'j Json, path: &[&str]) -> Option<&'j Json> {
    path.iter().try_fold(resource.get("Properties")?, |json, key| json.get(key))
}

fn reference(json: &Json, resources: &BTreeMap<&str, &Json>) -> Reference {
    Reference::of(json, |name| resources.contains_key(name))
}

/// The resource of the same template that a value refers to.
fn own<'t>(json: &Json, resources: &BTreeMap<&str, &'t Json>) -> Option<&'t Json> {
    match reference(json, resources) {
        Reference::Own(id) => resources.get(id.as_str()).copied(),
        _ => None,
    }
}
