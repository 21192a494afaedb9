//! Damages of deployment files.

use serde_json::{Value, json};

use crate::Mutation;

const VPC: &str = "AWS::EC2::VPC";
const CLUSTER: &str = "AWS::RDS::DBCluster";
const GROUP: &str = "AWS::EC2::SecurityGroup";

pub(crate) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "a parameter without a value",
        code: "missing-parameter",
        place: "",
        damage: |tree| {
            tree.deployment(VPC, |file| {
                file["parameters"].as_object_mut().unwrap().remove("TenantId").unwrap();
            })
        },
    },
    Mutation {
        name: "a parameter is misspelled",
        code: "unknown-parameter",
        place: "TenantID",
        damage: |tree| tree.deployment(VPC, |file| file["parameters"]["TenantID"] = json!("x")),
    },
    Mutation {
        name: "a word in place of a number in a parameter",
        code: "wrong-property-type",
        place: "a fortnight",
        damage: |tree| {
            tree.deployment(CLUSTER, |file| {
                file["parameters"]["SettingBackupRetentionDays"] = json!("a fortnight");
            })
        },
    },
    Mutation {
        name: "a parameter out of its pattern",
        code: "value-out-of-pattern",
        place: "",
        damage: |tree| {
            let file = tree.stack_with(VPC)["deployment"].as_str().unwrap().to_owned();
            tree.of_template(VPC, |template| {
                template["Parameters"]["TenantId"]["AllowedPattern"] = json!("[0-9]+");
            });
            file
        },
    },
    Mutation {
        name: "a parameter that is none of its allowed values",
        code: "value-not-allowed",
        place: "",
        damage: |tree| {
            let file = tree.stack_with(VPC)["deployment"].as_str().unwrap().to_owned();
            tree.of_template(VPC, |template| {
                template["Parameters"]["TenantTier"]["AllowedValues"] = json!(["gold", "silver"]);
            });
            file
        },
    },
    Mutation {
        name: "a parameter that is too long",
        code: "template-limit",
        place: "aaaa",
        damage: |tree| tree.deployment(VPC, |file| file["parameters"]["TenantId"] = json!("a".repeat(4097))),
    },
    Mutation {
        name: "a block of addresses in a parameter that is none",
        code: "value-out-of-pattern",
        place: "Ref",
        damage: |tree| {
            let template = tree.template(VPC);
            let name = first_block(&tree.read(&template));
            tree.deployment(VPC, |file| file["parameters"][name] = json!("10.64.0.0/99"));
            template
        },
    },
    Mutation {
        name: "an import from a stack that there is not",
        code: "undefined-import",
        place: "Fn::Sub",
        damage: |tree| {
            let template = tree.template(GROUP);
            tree.deployment(GROUP, |file| {
                file["parameters"]["NetworkStackName"] = json!("ledgerly-prod-nobody-network");
            });
            template
        },
    },
    Mutation {
        name: "an import from the stack of another tenant",
        code: "deployment-order",
        place: "",
        damage: |tree| {
            let of = |role: &str| {
                let stacks = tree.stacks().into_iter();
                stacks.filter(|stack| stack["name"].as_str().unwrap().ends_with(role)).collect::<Vec<_>>()
            };
            let neighbours = |one: &Value, other: &Value| {
                one["account"] == other["account"]
                    && one["region"] == other["region"]
                    && one["tenant"] != other["tenant"]
            };
            let (groups, networks) = (of("-security"), of("-network"));
            let pair = groups.iter().find_map(|group| {
                networks.iter().find(|network| neighbours(group, network)).map(|network| (group, network))
            });
            let (group, network) = pair.unwrap();
            tree.edit(group["deployment"].as_str().unwrap(), |file| {
                file["parameters"]["NetworkStackName"] = network["name"].clone();
            });
            "manifest.json".to_owned()
        },
    },
    Mutation {
        name: "more tags than a stack can have",
        code: "template-limit",
        place: "",
        damage: |tree| {
            tree.deployment(VPC, |file| {
                for number in 0..51 {
                    file["tags"][format!("tag{number}")] = json!("x");
                }
            })
        },
    },
];

/// The parameter from which the VPC of a template has its block.
fn first_block(template: &Value) -> String {
    let resources = template["Resources"].as_object().unwrap();
    let vpc = resources.values().find(|resource| resource["Type"] == VPC).unwrap();
    vpc["Properties"]["CidrBlock"]["Ref"].as_str().unwrap().to_owned()
}
