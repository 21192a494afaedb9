//! Damages of security posture.

use serde_json::{Value, json};

use crate::Mutation;
use crate::tree::Tree;

const CLUSTER: &str = "AWS::RDS::DBCluster";
const BUCKET: &str = "AWS::S3::Bucket";
const ROLE: &str = "AWS::IAM::Role";
const TASK: &str = "AWS::ECS::TaskDefinition";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const VPC: &str = "AWS::EC2::VPC";

/// A resource with one property, beside the VPC.
fn add(tree: &mut Tree, kind: &str, properties: Value) -> String {
    tree.add(VPC, "Added", json!({ "Type": kind, "Properties": properties }))
}

/// A role with one more statement.
fn allow(tree: &mut Tree, statement: Value) -> String {
    tree.properties(ROLE, |role| {
        let document = json!({ "Version": "2012-10-17", "Statement": statement });
        role["Policies"] = json!([{ "PolicyName": "more", "PolicyDocument": document }]);
    })
}

fn attribute(tree: &mut Tree, key: &str, value: &str) -> String {
    tree.properties(BALANCER, |balancer| {
        let attributes = balancer["LoadBalancerAttributes"].as_array_mut().unwrap();
        attributes.iter_mut().find(|entry| entry["Key"] == key).unwrap()["Value"] = json!(value);
    })
}

/// The same, of the instances on which the tasks of a cell run.
pub(crate) const OF_INSTANCES: &[Mutation] = &[
    Mutation {
        name: "an instance that answers without a session",
        code: "weak-instance-metadata",
        place: "optional",
        damage: |tree| started(tree, |data| data["MetadataOptions"]["HttpTokens"] = json!("optional")),
    },
    Mutation {
        name: "an instance whose role is that of every task on it",
        code: "weak-instance-metadata",
        place: "Fn::Base64",
        damage: |tree| {
            started(tree, |data| {
                let script = &mut data["UserData"]["Fn::Base64"]["Fn::Sub"][0];
                *script = json!(script.as_str().unwrap().replace("ECS_AWSVPC_BLOCK_IMDS=true\n", ""));
            })
        },
    },
    Mutation {
        name: "an instance with a disk that is not encrypted",
        code: "unencrypted-storage",
        place: "Ebs",
        damage: |tree| {
            started(tree, |data| data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] = json!(false))
        },
    },
    Mutation {
        name: "an instance with the disk that its image says",
        code: "unencrypted-storage",
        place: "ImageId",
        damage: |tree| started(tree, |data| _ = data.as_object_mut().unwrap().remove("BlockDeviceMappings")),
    },
    Mutation {
        name: "an instance with an address of the internet",
        code: "public-access",
        place: "AssociatePublicIpAddress",
        damage: |tree| {
            started(tree, |data| data["NetworkInterfaces"][0]["AssociatePublicIpAddress"] = json!(true))
        },
    },
    Mutation {
        name: "a disk of an instance that nobody pays for",
        code: "untagged-resource",
        place: "",
        damage: |tree| started(tree, |data| data["TagSpecifications"][0]["Tags"] = json!([])),
    },
    Mutation {
        name: "an instance that may do everything in every cluster",
        code: "broad-permission",
        place: "*",
        damage: |tree| {
            tree.resource_where(
                ROLE,
                |role| role["Properties"]["Policies"][0]["PolicyName"] == CLUSTER_POLICY,
                |role| {
                    let document = &mut role["Properties"]["Policies"][0]["PolicyDocument"];
                    document["Statement"] = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]);
                },
            )
        },
    },
    Mutation {
        name: "a task that is an administrator's on the instance",
        code: "privileged-container",
        place: "true",
        damage: |tree| {
            tree.resource_where(
                TASK,
                |task| task["Properties"]["RequiresCompatibilities"] == json!(["EC2"]),
                |task| task["Properties"]["ContainerDefinitions"][0]["Privileged"] = json!(true),
            )
        },
    },
];

const CLUSTER_POLICY: &str = "TakePartInTheCluster";

/// Changes what a launch template starts.
fn started(tree: &mut Tree, change: impl FnOnce(&mut Value)) -> String {
    tree.properties("AWS::EC2::LaunchTemplate", |template| change(&mut template["LaunchTemplateData"]))
}

pub(crate) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "a database without encryption",
        code: "unencrypted-storage",
        place: "false",
        damage: |tree| tree.properties(CLUSTER, |cluster| cluster["StorageEncrypted"] = json!(false)),
    },
    Mutation {
        name: "a file system without encryption",
        code: "unencrypted-storage",
        place: "Added",
        damage: |tree| add(tree, "AWS::EFS::FileSystem", json!({})),
    },
    Mutation {
        name: "a topic without encryption",
        code: "unencrypted-storage",
        place: "Added",
        damage: |tree| add(tree, "AWS::SNS::Topic", json!({})),
    },
    Mutation {
        name: "a queue whose encryption is switched off",
        code: "unencrypted-storage",
        place: "false",
        damage: |tree| add(tree, "AWS::SQS::Queue", json!({ "SqsManagedSseEnabled": false })),
    },
    Mutation {
        name: "a database with an address of the internet",
        code: "public-access",
        place: "true",
        damage: |tree| {
            tree.properties("AWS::RDS::DBInstance", |instance| instance["PubliclyAccessible"] = json!(true))
        },
    },
    Mutation {
        name: "a bucket that may become public",
        code: "public-access",
        place: "false",
        damage: |tree| {
            tree.properties(BUCKET, |bucket| {
                bucket["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] = json!(false);
            })
        },
    },
    Mutation {
        name: "a bucket without a block of public access",
        code: "public-access",
        place: "",
        damage: |tree| {
            tree.properties(BUCKET, |bucket| {
                bucket.as_object_mut().unwrap().remove("PublicAccessBlockConfiguration").unwrap();
            })
        },
    },
    Mutation {
        name: "a service with an address of the internet",
        code: "public-access",
        place: "ENABLED",
        damage: |tree| {
            tree.properties("AWS::ECS::Service", |service| {
                service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] = json!("ENABLED");
            })
        },
    },
    Mutation {
        name: "a subnet that hands out addresses of the internet",
        code: "public-access",
        place: "true",
        damage: |tree| {
            tree.properties("AWS::EC2::Subnet", |subnet| subnet["MapPublicIpOnLaunch"] = json!(true))
        },
    },
    Mutation {
        name: "a function that anybody may call",
        code: "public-access",
        place: "NONE",
        damage: |tree| add(tree, "AWS::Lambda::Url", json!({ "AuthType": "NONE", "TargetFunctionArn": "a" })),
    },
    Mutation {
        name: "a role that anybody may take on",
        code: "public-access",
        place: "*",
        damage: |tree| {
            tree.properties(ROLE, |role| {
                let statement = &mut role["AssumeRolePolicyDocument"]["Statement"][0];
                statement["Principal"] = json!({ "AWS": "*" });
                statement.as_object_mut().unwrap().remove("Condition");
            })
        },
    },
    Mutation {
        name: "a bucket that anybody may read",
        code: "public-access",
        place: "*",
        damage: |tree| {
            tree.properties("AWS::S3::BucketPolicy", |policy| {
                let statements = policy["PolicyDocument"]["Statement"].as_array_mut().unwrap();
                statements.push(
                    json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*" }),
                );
            })
        },
    },
    Mutation {
        name: "a shell that is open to the internet",
        code: "open-to-the-internet",
        place: "0.0.0.0/0",
        damage: |tree| {
            add(
                tree,
                "AWS::EC2::SecurityGroupIngress",
                json!({ "GroupId": "sg-1", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0" }),
            )
        },
    },
    Mutation {
        name: "everything is open to the internet by IPv6",
        code: "open-to-the-internet",
        place: "::/0",
        damage: |tree| {
            add(
                tree,
                "AWS::EC2::SecurityGroupIngress",
                json!({ "GroupId": "sg-1", "IpProtocol": "-1", "CidrIpv6": "::/0" }),
            )
        },
    },
    Mutation {
        name: "a role that may do everything",
        code: "broad-permission",
        place: "*",
        damage: |tree| allow(tree, json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }])),
    },
    Mutation {
        name: "a role that may do everything with all buckets",
        code: "broad-permission",
        place: "s3:*",
        damage: |tree| allow(tree, json!([{ "Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"] }])),
    },
    Mutation {
        name: "a role that may do all but something",
        code: "broad-permission",
        place: "iam:*",
        damage: |tree| allow(tree, json!([{ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }])),
    },
    Mutation {
        name: "a role that may hand on any role",
        code: "broad-permission",
        place: "*",
        damage: |tree| allow(tree, json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*" })),
    },
    Mutation {
        name: "a role of an administrator",
        code: "broad-permission",
        place: "AdministratorAccess",
        damage: |tree| {
            tree.properties(ROLE, |role| {
                role["ManagedPolicyArns"] = json!(["arn:aws:iam::aws:policy/AdministratorAccess"]);
            })
        },
    },
    Mutation {
        name: "more inline policies than a role can have",
        code: "policy-too-long",
        place: "",
        damage: |tree| {
            let keys: Vec<String> = (0..300)
                .map(|number| format!("arn:aws:s3:::a-rather-long-bucket-name-{number:04}/*"))
                .collect();
            allow(tree, json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": keys }]))
        },
    },
    Mutation {
        name: "a key that is never exchanged",
        code: "key-without-rotation",
        place: "false",
        damage: |tree| tree.properties("AWS::KMS::Key", |key| key["EnableKeyRotation"] = json!(false)),
    },
    Mutation {
        name: "a password in a template",
        code: "plaintext-secret",
        place: "hunter2hunter2",
        damage: |tree| {
            tree.properties(CLUSTER, |cluster| cluster["MasterUserPassword"] = json!("hunter2hunter2"))
        },
    },
    Mutation {
        name: "a password in the environment of a container",
        code: "plaintext-secret",
        place: "hunter2",
        damage: |tree| {
            tree.properties(TASK, |task| {
                let container = &mut task["ContainerDefinitions"][0];
                let environment = container["Environment"].as_array_mut().unwrap();
                environment.push(json!({ "Name": "DB_PASSWORD", "Value": "hunter2" }));
            })
        },
    },
    Mutation {
        name: "backups of one day, by a parameter",
        code: "short-retention",
        place: "Ref",
        damage: |tree| {
            tree.deployment(CLUSTER, |file| file["parameters"]["SettingBackupRetentionDays"] = json!("1"));
            tree.template(CLUSTER)
        },
    },
    Mutation {
        name: "logs without an end",
        code: "short-retention",
        place: "",
        damage: |tree| {
            tree.properties("AWS::Logs::LogGroup", |group| {
                group.as_object_mut().unwrap().remove("RetentionInDays").unwrap();
            })
        },
    },
    Mutation {
        name: "a table that cannot be put back",
        code: "short-retention",
        place: "Added",
        damage: |tree| {
            let keys = json!([{ "AttributeName": "id", "KeyType": "HASH" }]);
            add(tree, "AWS::DynamoDB::Table", json!({ "KeySchema": keys }))
        },
    },
    Mutation {
        name: "data that goes with its resource",
        code: "unprotected-deletion",
        place: "Delete",
        damage: |tree| tree.resource(CLUSTER, |cluster| cluster["DeletionPolicy"] = json!("Delete")),
    },
    Mutation {
        name: "a bucket that goes when it is replaced",
        code: "unprotected-deletion",
        place: "AccessLogs",
        damage: |tree| {
            tree.resource(BUCKET, |bucket| {
                bucket.as_object_mut().unwrap().remove("UpdateReplacePolicy").unwrap();
            })
        },
    },
    Mutation {
        name: "a database that one call deletes",
        code: "unprotected-deletion",
        place: "false",
        damage: |tree| tree.properties(CLUSTER, |cluster| cluster["DeletionProtection"] = json!(false)),
    },
    Mutation {
        name: "a load balancer that one call deletes",
        code: "unprotected-deletion",
        place: "deletion_protection",
        damage: |tree| attribute(tree, "deletion_protection.enabled", "false"),
    },
    Mutation {
        name: "a container with the rights of the host",
        code: "privileged-container",
        place: "true",
        damage: |tree| {
            tree.properties(TASK, |task| task["ContainerDefinitions"][0]["Privileged"] = json!(true))
        },
    },
    Mutation {
        name: "a container that runs as root",
        code: "privileged-container",
        place: "root",
        damage: |tree| tree.properties(TASK, |task| task["ContainerDefinitions"][0]["User"] = json!("root")),
    },
    Mutation {
        name: "a container that can write over its program",
        code: "privileged-container",
        place: "false",
        damage: |tree| {
            tree.properties(TASK, |task| {
                task["ContainerDefinitions"][0]["ReadonlyRootFilesystem"] = json!(false);
            })
        },
    },
    Mutation {
        name: "a shell in running containers",
        code: "privileged-container",
        place: "true",
        damage: |tree| {
            tree.properties("AWS::ECS::Service", |service| service["EnableExecuteCommand"] = json!(true))
        },
    },
    Mutation {
        name: "a listener without TLS",
        code: "unencrypted-transport",
        place: "HTTP",
        damage: |tree| {
            tree.properties(LISTENER, |listener| {
                listener["Protocol"] = json!("HTTP");
            })
        },
    },
    Mutation {
        name: "a listener with old versions of TLS",
        code: "unencrypted-transport",
        place: "ELBSecurityPolicy-2016-08",
        damage: |tree| {
            tree.properties(LISTENER, |listener| listener["SslPolicy"] = json!("ELBSecurityPolicy-2016-08"))
        },
    },
    Mutation {
        name: "a bucket that takes requests without TLS",
        code: "unencrypted-transport",
        place: "AccessLogs",
        damage: |tree| {
            tree.properties("AWS::S3::BucketPolicy", |policy| {
                let statements = policy["PolicyDocument"]["Statement"].as_array_mut().unwrap();
                statements.retain(|statement| statement["Effect"] != "Deny");
            })
        },
    },
    Mutation {
        name: "a load balancer that writes no log",
        code: "weak-audit-trail",
        place: "access_logs",
        damage: |tree| attribute(tree, "access_logs.s3.enabled", "false"),
    },
    Mutation {
        name: "a trail that can be changed unseen",
        code: "weak-audit-trail",
        place: "Added",
        damage: |tree| {
            add(
                tree,
                "AWS::CloudTrail::Trail",
                json!({ "S3BucketName": "b", "IsLogging": true, "IsMultiRegionTrail": true }),
            )
        },
    },
    Mutation {
        name: "a load balancer that hands on malformed headers",
        code: "weak-load-balancer",
        place: "drop_invalid",
        damage: |tree| attribute(tree, "routing.http.drop_invalid_header_fields.enabled", "false"),
    },
    Mutation {
        name: "an instance with the old metadata service",
        code: "weak-instance-metadata",
        place: "Added",
        damage: |tree| add(tree, "AWS::EC2::Instance", json!({ "ImageId": "ami-1" })),
    },
    Mutation {
        name: "images whose tags can be moved",
        code: "mutable-image",
        place: "Added",
        damage: |tree| add(tree, "AWS::ECR::Repository", json!({})),
    },
    Mutation {
        name: "a user with keys",
        code: "long-lived-credentials",
        place: "Added",
        damage: |tree| add(tree, "AWS::IAM::User", json!({})),
    },
];
