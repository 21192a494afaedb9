//! Damages of templates as such.

use serde_json::json;

use crate::Mutation;

const VPC: &str = "AWS::EC2::VPC";
const SUBNET: &str = "AWS::EC2::Subnet";
const CLUSTER: &str = "AWS::RDS::DBCluster";
const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";

pub(crate) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "a section is misspelled",
        code: "template-structure",
        place: "Outputs2",
        damage: |tree| {
            tree.of_template(VPC, |template| {
                template["Outputs2"] = template["Outputs"].clone();
            })
        },
    },
    Mutation {
        name: "a resource has no type",
        code: "template-structure",
        place: "Nameless",
        damage: |tree| tree.add(VPC, "Nameless", json!({ "Properties": {} })),
    },
    Mutation {
        name: "a logical id has a hyphen",
        code: "template-structure",
        place: "my-group",
        damage: |tree| tree.add(VPC, "my-group", json!({ "Type": "AWS::EC2::InternetGateway" })),
    },
    Mutation {
        name: "an attribute of a resource is misspelled",
        code: "template-structure",
        place: "DependOn",
        damage: |tree| tree.resource(VPC, |resource| resource["DependOn"] = json!("Nothing")),
    },
    Mutation {
        name: "a deletion policy that there is not",
        code: "template-structure",
        place: "Keep",
        damage: |tree| tree.resource(CLUSTER, |resource| resource["DeletionPolicy"] = json!("Keep")),
    },
    Mutation {
        name: "a version of templates that there is not",
        code: "template-structure",
        place: "2011-01-01",
        damage: |tree| {
            tree.of_template(VPC, |template| template["AWSTemplateFormatVersion"] = json!("2011-01-01"))
        },
    },
    Mutation {
        name: "a reference to nothing",
        code: "undefined-reference",
        place: "Vcp",
        damage: |tree| tree.properties(SUBNET, |subnet| subnet["VpcId"] = json!({ "Ref": "Vcp" })),
    },
    Mutation {
        name: "a variable of Fn::Sub that there is not",
        code: "undefined-reference",
        place: "alias/${TenantID}",
        damage: |tree| {
            tree.properties("AWS::KMS::Alias", |alias| {
                alias["AliasName"] = json!({ "Fn::Sub": "alias/${TenantID}" });
            })
        },
    },
    Mutation {
        name: "waiting for a resource that there is not",
        code: "undefined-reference",
        place: "Gone",
        damage: |tree| tree.resource(VPC, |resource| resource["DependsOn"] = json!(["Gone"])),
    },
    Mutation {
        name: "a condition that there is not",
        code: "undefined-reference",
        place: "IsProduction",
        damage: |tree| tree.resource(VPC, |resource| resource["Condition"] = json!("IsProduction")),
    },
    Mutation {
        name: "an attribute that the type does not have",
        code: "undefined-attribute",
        place: "KeyArn",
        damage: |tree| {
            tree.properties("AWS::KMS::Alias", |alias| {
                alias["TargetKeyId"] = json!({ "Fn::GetAtt": ["Key", "KeyArn"] });
            })
        },
    },
    Mutation {
        name: "a join without a list",
        code: "malformed-function",
        place: "alias",
        damage: |tree| {
            tree.properties("AWS::KMS::Alias", |alias| alias["AliasName"] = json!({ "Fn::Join": "alias" }))
        },
    },
    Mutation {
        name: "a function that there is not",
        code: "malformed-function",
        place: "a",
        damage: |tree| {
            tree.properties("AWS::KMS::Alias", |alias| alias["AliasName"] = json!({ "Fn::Lower": "a" }))
        },
    },
    Mutation {
        name: "a transform",
        code: "unjudged-construct",
        place: "AWS::Serverless",
        damage: |tree| {
            tree.of_template(VPC, |template| template["Transform"] = json!("AWS::Serverless-2016-10-31"))
        },
    },
    Mutation {
        name: "a loop over resources",
        code: "unjudged-construct",
        place: "Fn::ForEach::Groups",
        damage: |tree| tree.add(VPC, "Fn::ForEach::Groups", json!({})),
    },
    Mutation {
        name: "two resources wait for each other",
        code: "dependency-circle",
        place: "Second",
        damage: |tree| {
            tree.of_template(VPC, |template| {
                let gateway =
                    |after: &str| json!({ "Type": "AWS::EC2::InternetGateway", "DependsOn": after });
                template["Resources"]["First"] = gateway("Second");
                template["Resources"]["Second"] = gateway("First");
            })
        },
    },
    Mutation {
        name: "a property is misspelled",
        code: "unknown-property",
        place: "CIDRBlock",
        damage: |tree| tree.properties(VPC, |vpc| vpc["CIDRBlock"] = vpc["CidrBlock"].clone()),
    },
    Mutation {
        name: "a property inside of another is misspelled",
        code: "unknown-property",
        place: "maxCapacity",
        damage: |tree| {
            tree.properties(CLUSTER, |cluster| {
                cluster["ServerlessV2ScalingConfiguration"]["maxCapacity"] = json!(2);
            })
        },
    },
    Mutation {
        name: "a subnet without a VPC",
        code: "missing-property",
        place: "",
        damage: |tree| {
            tree.properties(SUBNET, |subnet| {
                subnet.as_object_mut().unwrap().remove("VpcId").unwrap();
            })
        },
    },
    Mutation {
        name: "a property that AWS sets",
        code: "read-only-property",
        place: "VpcId",
        damage: |tree| tree.properties(VPC, |vpc| vpc["VpcId"] = json!("vpc-1")),
    },
    Mutation {
        name: "text in place of a list",
        code: "wrong-property-type",
        place: "sg-1",
        damage: |tree| tree.properties(BALANCER, |balancer| balancer["SecurityGroups"] = json!("sg-1")),
    },
    Mutation {
        name: "a word in place of a number",
        code: "wrong-property-type",
        place: "many",
        damage: |tree| tree.properties(CLUSTER, |cluster| cluster["BackupRetentionPeriod"] = json!("many")),
    },
    Mutation {
        name: "a value that is none of those that there are",
        code: "value-not-allowed",
        place: "dedicate",
        damage: |tree| tree.properties(VPC, |vpc| vpc["InstanceTenancy"] = json!("dedicate")),
    },
    Mutation {
        name: "a number that is too small",
        code: "value-out-of-range",
        place: "3",
        damage: |tree| tree.properties("AWS::KMS::Key", |key| key["PendingWindowInDays"] = json!(3)),
    },
    Mutation {
        name: "a text that is too long",
        code: "value-out-of-range",
        place: "aaaa",
        damage: |tree| {
            tree.properties("AWS::IAM::Role", |role| role["Description"] = json!("a".repeat(1001)))
        },
    },
    Mutation {
        name: "a text out of its pattern",
        code: "value-out-of-pattern",
        place: "a name with spaces",
        damage: |tree| {
            tree.properties("AWS::Logs::LogGroup", |group| {
                group["LogGroupName"] = json!("a name with spaces")
            })
        },
    },
    Mutation {
        name: "a block with bits behind its prefix",
        code: "value-out-of-pattern",
        place: "10.64.0.5/24",
        damage: |tree| tree.properties(SUBNET, |subnet| subnet["CidrBlock"] = json!("10.64.0.5/24")),
    },
    Mutation {
        name: "an id that cannot be",
        code: "value-out-of-pattern",
        place: "vpc-1",
        damage: |tree| tree.properties("AWS::EC2::SecurityGroup", |group| group["VpcId"] = json!("vpc-1")),
    },
    Mutation {
        name: "a type that there is not",
        code: "unjudged-resource-type",
        place: "AWS::EC2::Vpc",
        damage: |tree| tree.resource(VPC, |resource| resource["Type"] = json!("AWS::EC2::Vpc")),
    },
    Mutation {
        name: "two properties that exclude each other",
        code: "conflicting-properties",
        place: "",
        damage: |tree| tree.properties(SUBNET, |subnet| subnet["AvailabilityZone"] = json!("us-east-1a")),
    },
    Mutation {
        name: "a subnet where a VPC belongs",
        code: "wrong-reference",
        place: "AppSubnet1",
        damage: |tree| {
            tree.resource_where(
                "AWS::EC2::SecurityGroup",
                |_| true,
                |group| group["Properties"]["VpcId"] = import("NetworkStackName", "AppSubnet1"),
            )
        },
    },
    Mutation {
        name: "an item that is there twice",
        code: "repeated-item",
        place: "",
        damage: |tree| {
            tree.properties(BALANCER, |balancer| {
                let subnets = balancer["Subnets"].as_array_mut().unwrap();
                subnets[1] = subnets[0].clone();
            })
        },
    },
    Mutation {
        name: "a parameter that nothing uses",
        code: "unused-parameter",
        place: "Forgotten",
        damage: |tree| {
            tree.of_template(VPC, |template| {
                template["Parameters"]["Forgotten"] = json!({ "Type": "String", "Default": "x" });
            })
        },
    },
    Mutation {
        name: "a default that the parameter itself refuses",
        code: "value-not-allowed",
        place: "Choice",
        damage: |tree| {
            tree.of_template(VPC, |template| {
                let choice = json!({ "Type": "String", "Default": "c", "AllowedValues": ["a", "b"] });
                template["Parameters"]["Choice"] = choice;
                template["Outputs"]["Choice"] = json!({ "Value": { "Ref": "Choice" } });
            })
        },
    },
    Mutation {
        name: "more resources than a template can have",
        code: "template-limit",
        place: "",
        damage: |tree| {
            tree.of_template(VPC, |template| {
                for number in 0..500 {
                    template["Resources"][format!("Extra{number}")] =
                        json!({ "Type": "AWS::EC2::InternetGateway" });
                }
            })
        },
    },
    Mutation {
        name: "a description that is too long",
        code: "template-limit",
        place: "aaaa",
        damage: |tree| tree.of_template(VPC, |template| template["Description"] = json!("a".repeat(1025))),
    },
    Mutation {
        name: "a template that is too long to be sent inline",
        code: "template-limit",
        place: "",
        damage: |tree| {
            tree.of_template(VPC, |template| template["Metadata"] = json!({ "Notes": "a".repeat(52_000) }))
        },
    },
];

/// What another stack exports, by the parameter that holds its name.
fn import(parameter: &str, output: &str) -> serde_json::Value {
    json!({ "Fn::ImportValue": { "Fn::Sub": format!("${{{parameter}}}-{output}") } })
}
