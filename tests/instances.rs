//! Tasks of a cell on EC2 instances: what they run by, what reaches the instances, and who pays for them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const CATALOG: &str = r#"
version: 1
product: shop
environment: test
accounts:
  - { id: "111122223333", name: platform, hosts: [container] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2], pools: [10.64.0.0/14] }
quotas:
  - { quota: ec2-standard-vcpu, value: 64 }
tags:
  - { key: tenant-id, from: tenant.id }
  - { key: cost-center, required: true, default: "00000" }
compliance: { hipaa: { co_hosting: forbidden } }
tiers:
  trusting:
    model: container
    settings:
      image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1
      capacity: ec2
      shared_kernel: true
  closed:
    model: container
    settings:
      image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1
      capacity: ec2
      shared_kernel: true
      nat: none
      interface_endpoints: [ecr.api, ecr.dkr, @ECS kms, logs, secretsmanager, sts]
  plain: { model: container, settings: { image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1 } }
tenants:
  - { id: acme, name: Acme, tier: trusting, region: eu-west-1 }
  - { id: clinic, name: Clinic, tier: trusting, region: eu-west-1, compliance: [hipaa] }
  - { id: globex, name: Globex, tier: trusting, region: eu-west-1 }
  - { id: hooli, name: Hooli, tier: plain, region: eu-west-1 }
  - { id: initech, name: Initech, tier: closed, region: eu-west-1 }
"#;

const ENDPOINTS: &str = "ecs, ecs-agent, ecs-telemetry,";

fn tenantry(directory: &Path, command: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_tenantry");
    Command::new(program).arg(command).current_dir(directory).output().unwrap()
}

fn write(directory: &Path, endpoints: &str) {
    fs::write(directory.join("catalog.yaml"), CATALOG.replace("@ECS", endpoints)).unwrap();
}

/// The template and the parameters of every stack, by the stack's name.
fn stacks() -> BTreeMap<String, (Value, Value)> {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), ENDPOINTS);
    let run = tenantry(directory.path(), "synth");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let output = directory.path().join("output");
    let read = |path: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(output.join(path)).unwrap()).unwrap()
    };
    let manifest = read("manifest.json");
    let of_stack = |stack: &Value| {
        let file = read(stack["deployment"].as_str().unwrap());
        let template = read(stack["template"].as_str().unwrap());
        (stack["name"].as_str().unwrap().to_owned(), (template, file["parameters"].clone()))
    };
    manifest["stacks"].as_array().unwrap().iter().map(of_stack).collect()
}

/// The properties of the one resource of a type.
fn of_kind<'t>(template: &'t Value, kind: &str) -> &'t Value {
    let resources = template["Resources"].as_object().unwrap();
    &resources.values().find(|one| one["Type"] == kind).unwrap()["Properties"]
}

#[test]
fn services_of_a_cell_with_instances_run_by_its_capacity_provider_and_all_others_on_fargate() {
    let stacks = stacks();
    let service =
        |tenant: &str| of_kind(&stacks[&format!("shop-test-{tenant}-service")].0, "AWS::ECS::Service");
    for tenant in ["acme", "clinic", "globex", "initech"] {
        assert!(service(tenant)["CapacityProviderStrategy"].is_array(), "{tenant}");
        assert!(service(tenant).get("LaunchType").is_none(), "{tenant}");
    }
    assert_eq!(service("hooli")["LaunchType"], "FARGATE");
    assert!(service("hooli").get("CapacityProviderStrategy").is_none());
    let definition =
        |tenant: &str| of_kind(&stacks[&format!("shop-test-{tenant}-service")].0, "AWS::ECS::TaskDefinition");
    assert_eq!(definition("acme")["RequiresCompatibilities"], json!(["EC2"]));
    assert_eq!(definition("hooli")["RequiresCompatibilities"], json!(["FARGATE"]));
}

#[test]
fn whom_a_regime_forbids_co_hosting_shares_its_instances_with_nobody() {
    let stacks = stacks();
    let provider = |tenant: &str| {
        stacks[&format!("shop-test-{tenant}-service")].1["CellInstancesStackName"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(provider("acme"), provider("globex"));
    let others = ["acme", "globex", "initech"].map(provider);
    assert!(!others.contains(&provider("clinic")), "{others:?}");
}

#[test]
fn nobody_opens_a_connection_to_an_instance_and_it_opens_none_but_to_services_of_aws() {
    let stacks = stacks();
    let security = stacks.iter().filter(|(name, _)| name.contains("cellsecurity"));
    let mut seen = 0;
    for (name, (template, _)) in security {
        let resources = template["Resources"].as_object().unwrap();
        if !resources.contains_key("InstancesSecurityGroup") {
            continue;
        }
        seen += 1;
        let of_instances = |one: &&Value| {
            one["Properties"]["GroupId"] == json!({ "Fn::GetAtt": ["InstancesSecurityGroup", "GroupId"] })
        };
        for rule in resources.values().filter(of_instances) {
            assert_eq!(rule["Type"], "AWS::EC2::SecurityGroupEgress", "{name}");
            assert_eq!(rule["Properties"]["ToPort"], 443, "{name}");
        }
        assert!(resources["InstancesSecurityGroup"]["Properties"].get("SecurityGroupIngress").is_none());
    }
    assert_eq!(seen, 3, "those of acme and globex, of clinic, and of initech");
}

#[test]
fn instances_without_a_way_to_ecs_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "");
    let run = tenantry(directory.path(), "plan");
    assert!(!run.status.success());
    let told = String::from_utf8_lossy(&run.stderr);
    for service in ["ecs", "ecs-agent", "ecs-telemetry"] {
        assert!(told.contains(&format!("`{service}`")), "{told}");
    }
}

#[test]
fn what_a_group_starts_bears_the_tags_of_its_cell() {
    let stacks = stacks();
    let (template, parameters) = &stacks["shop-test-container-cellinstances-1"];
    assert_eq!(parameters["SharedTag"], "cell:container-1");
    let keys = |tags: &Value| -> Vec<String> {
        tags.as_array().unwrap().iter().map(|tag| tag["Key"].as_str().unwrap().to_owned()).collect()
    };
    let group = of_kind(template, "AWS::AutoScaling::AutoScalingGroup");
    assert_eq!(keys(&group["Tags"]), ["Name", "tenant-id", "cost-center"]);
    assert!(group["Tags"].as_array().unwrap().iter().all(|tag| tag["PropagateAtLaunch"] == true));
    let started = of_kind(template, "AWS::EC2::LaunchTemplate");
    let data = &started["LaunchTemplateData"]["TagSpecifications"];
    for list in [&started["TagSpecifications"], data].into_iter().flat_map(|list| list.as_array().unwrap()) {
        assert_eq!(keys(&list["Tags"]), ["tenant-id", "cost-center"], "{}", list["ResourceType"]);
    }
}

#[test]
fn the_plan_says_who_shares_a_kernel() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), ENDPOINTS);
    let run = tenantry(directory.path(), "plan");
    let told = String::from_utf8_lossy(&run.stdout);
    let cells = told.lines().filter(|line| line.contains("instances, whose kernel the tasks share"));
    let cells: Vec<&str> = cells.map(|line| line.split_whitespace().next().unwrap()).collect();
    let of = |number: u32| format!("container/111122223333/eu-west-1/{number}");
    assert_eq!(cells, [of(1), of(2), of(4)], "{told}");
}
