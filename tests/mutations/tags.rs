//! Damages of tags.

use serde_json::{Value, json};

use crate::Mutation;

const VPC: &str = "AWS::EC2::VPC";

pub(crate) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "a tag of a resource is dropped",
        code: "untagged-resource",
        place: "",
        damage: |tree| tree.properties("AWS::EC2::Subnet", |subnet| drop_tag(subnet, "tenant-id")),
    },
    Mutation {
        name: "all tags of a resource are dropped",
        code: "untagged-resource",
        place: "",
        damage: |tree| {
            tree.properties("AWS::Logs::LogGroup", |group| {
                group.as_object_mut().unwrap().remove("Tags").unwrap();
            })
        },
    },
    Mutation {
        name: "a tag of a stack is dropped",
        code: "untagged-resource",
        place: "",
        damage: |tree| {
            tree.deployment(VPC, |file| {
                file["tags"].as_object_mut().unwrap().remove("tenant-id").unwrap();
            })
        },
    },
    Mutation {
        name: "a tag is there twice",
        code: "repeated-tag",
        place: "tenant-id",
        damage: |tree| {
            tree.properties(VPC, |vpc| {
                vpc["Tags"].as_array_mut().unwrap().push(json!({ "Key": "tenant-id", "Value": "x" }));
            })
        },
    },
    Mutation {
        name: "a tag has a value that the policy does not list",
        code: "tag-value-refused",
        place: "secret",
        damage: |tree| tree.deployment(VPC, |file| file["tags"]["data-class"] = json!("secret")),
    },
    Mutation {
        name: "a parameter for a tag has a value that the policy does not list",
        code: "tag-value-refused",
        place: "data-class",
        damage: |tree| {
            tree.deployment(VPC, |file| file["parameters"]["TagDataClass"] = json!("secret"));
            tree.template(VPC)
        },
    },
    Mutation {
        name: "a resource says something else than its stack",
        code: "tag-value-refused",
        place: "cost-center",
        damage: |tree| {
            tree.properties(VPC, |vpc| {
                for tag in vpc["Tags"].as_array_mut().unwrap() {
                    if tag["Key"] == "cost-center" {
                        tag["Value"] = json!("00000");
                    }
                }
            })
        },
    },
    Mutation {
        name: "a key that AWS keeps for itself",
        code: "tag-value-refused",
        place: "aws:owner",
        damage: |tree| tree.deployment(VPC, |file| file["tags"]["aws:owner"] = json!("me")),
    },
    Mutation {
        name: "resources of one tenant are tagged as another's",
        code: "foreign-tenant-tag",
        place: "tenant-id",
        damage: |tree| {
            let other = tree.stacks().into_iter().map(|stack| stack["tenant"].clone());
            let own = tree.stack_with(VPC)["tenant"].clone();
            let other = other.into_iter().find(|tenant| *tenant != own && tenant.is_string()).unwrap();
            tree.deployment(VPC, |file| file["parameters"]["TenantId"] = other);
            tree.template(VPC)
        },
    },
    Mutation {
        name: "a stack of one tenant is tagged as another's",
        code: "foreign-tenant-tag",
        place: "somebody-else",
        damage: |tree| tree.deployment(VPC, |file| file["tags"]["tenant-id"] = json!("somebody-else")),
    },
];

fn drop_tag(properties: &mut Value, key: &str) {
    properties["Tags"].as_array_mut().unwrap().retain(|tag| tag["Key"] != key);
}
