//! What launch templates start: their disks, their addresses, and who may ask them for credentials.

use crate::check::finding::Finding;
use crate::check::model::{Resource, Value};
use crate::diagnostics::{Code, codes};

pub(super) fn judge(resource: Resource<'_>, findings: &mut Vec<Finding>) {
    if resource.kind() != "AWS::EC2::LaunchTemplate" {
        return;
    }
    let data = resource.property("LaunchTemplateData");
    let id = resource.logical_id();
    let mut tell = |code: &'static Code, path: &[&str], message: String, help: &str| {
        let finding = Finding::new(code, message, resource.place(path), "");
        findings.push(finding.of_resource(id).help(help));
    };
    if !data.is_known() {
        return;
    }
    let at = |key: &'static str| ["LaunchTemplateData", key];

    let disks = data.get("BlockDeviceMappings");
    let plain = |disk: &Value<'_>| {
        let encrypted = disk.get("Ebs").map(|ebs| ebs.get("Encrypted"));
        // One without `Ebs` is none of EBS, and what is unknown is not held against it.
        encrypted.is_some_and(|value| value.is_none_or(|value| value.as_boolean() == Some(false)))
    };
    if disks.is_none_or(|disks| disks.is_known() && disks.items().iter().any(plain)) {
        let message = format!("the disks of what `{id}` starts are not encrypted");
        let help =
            "set `Ebs.Encrypted` to `true` for each of `BlockDeviceMappings`, that of the image included";
        tell(&codes::UNENCRYPTED_STORAGE, &at("BlockDeviceMappings"), message, help);
    }

    let interfaces = data.get("NetworkInterfaces").map(Value::items).unwrap_or_default();
    let public =
        |one: &Value<'_>| one.get("AssociatePublicIpAddress").and_then(Value::as_boolean) == Some(true);
    if interfaces.iter().any(public) {
        let message = format!("what `{id}` starts gets an address of the internet");
        let help = "set `AssociatePublicIpAddress` to `false`";
        tell(&codes::PUBLIC_ACCESS, &at("NetworkInterfaces"), message, help);
    }

    // Tasks with an interface of their own are one hop away from the metadata of the instance, as the instance itself
    // is: only the agent can keep them from it (ECS Developer Guide, "Amazon ECS task networking options for EC2").
    let script = data.get("UserData").map(ToString::to_string).unwrap_or_default();
    if script.contains("ECS_CLUSTER=") && !script.contains("ECS_AWSVPC_BLOCK_IMDS=true") {
        let message = format!("tasks on what `{id}` starts can take on the role of the instance");
        let help = "write `ECS_AWSVPC_BLOCK_IMDS=true` into `/etc/ecs/ecs.config`";
        tell(&codes::WEAK_INSTANCE_METADATA, &at("UserData"), message, help);
    }
}
