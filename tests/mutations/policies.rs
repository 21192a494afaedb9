//! Damages of permissions: of roles that tenants have, and of the role that a session takes for one tenant.

use serde_json::{Value, json};

use crate::Mutation;
use crate::tree::Tree;

/// The roles and the key of several tenants who live in one account.
const FOUNDATION: &str = "templates/vpc/foundation.json";
/// The data that the tenants of a cell share, the session's policies for them, and the session's role.
const DATA: &str = "templates/application/data.function.json";
const CELL: &str = "templates/application/foundation.function.json";

/// One more statement of the role that a tenant's programs run as.
fn allow(tree: &mut Tree, statement: Value) -> String {
    tree.edit(FOUNDATION, |template| {
        let document = json!({ "Version": "2012-10-17", "Statement": [with_effect(statement)] });
        template["Resources"]["ServiceRole"]["Properties"]["Policies"] =
            json!([{ "PolicyName": "more", "PolicyDocument": document }]);
    })
}

/// One more statement of the session's policy for items.
fn allow_session(tree: &mut Tree, statement: Value) -> String {
    tree.edit(DATA, |template| {
        let document = &mut template["Resources"]["ItemsAccess"]["Properties"]["PolicyDocument"];
        document["Statement"].as_array_mut().unwrap().push(with_effect(statement));
    })
}

fn with_effect(mut statement: Value) -> Value {
    statement["Effect"] = json!("Allow");
    statement
}

/// Changes the statement of operators, who are kept to a tenant by its tag.
fn operate(tree: &mut Tree, change: fn(&mut Value)) -> String {
    tree.edit(FOUNDATION, |template| {
        let policies = &mut template["Resources"]["OperationsRole"]["Properties"]["Policies"];
        let policies = policies.as_array_mut().unwrap();
        let policy = policies.iter_mut().find(|policy| policy["PolicyName"] == "OperateTaggedResources");
        change(&mut policy.unwrap()["PolicyDocument"]["Statement"][0]);
    })
}

/// Changes the session's first statement about shared data.
fn session(tree: &mut Tree, policy: &str, change: fn(&mut Value)) -> String {
    tree.edit(DATA, |template| {
        change(&mut template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"][0]);
    })
}

fn trust(tree: &mut Tree, change: fn(&mut Value)) -> String {
    tree.edit(CELL, |template| {
        let role = &mut template["Resources"]["TenantRole"]["Properties"];
        change(&mut role["AssumeRolePolicyDocument"]["Statement"][0]);
    })
}

/// One more statement of a tenant's key.
fn let_in(tree: &mut Tree, statement: Value) -> String {
    tree.edit(FOUNDATION, |template| {
        let policy = &mut template["Resources"]["Key"]["Properties"]["KeyPolicy"];
        policy["Statement"].as_array_mut().unwrap().push(with_effect(statement));
    })
}

fn remove(value: &mut Value, key: &str) {
    value.as_object_mut().unwrap().remove(key).unwrap();
}

pub(crate) const OF_TENANTS: &[Mutation] = &[
    Mutation {
        name: "a pattern of buckets is widened to those of all tenants",
        code: "policy-reaches-other-tenant",
        place: "ledgerly-prod-*",
        damage: |tree| {
            allow(tree, json!({ "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ledgerly-prod-*" }))
        },
    },
    Mutation {
        name: "a role may do everything with everything",
        code: "policy-reaches-other-tenant",
        place: "\"*\"",
        damage: |tree| allow(tree, json!({ "Action": "*", "Resource": "*" })),
    },
    Mutation {
        name: "a role may do all but one thing",
        code: "policy-reaches-other-tenant",
        place: "NotAction",
        damage: |tree| allow(tree, json!({ "NotAction": "iam:*", "Resource": "*" })),
    },
    Mutation {
        name: "a role may reach all but one resource",
        code: "policy-reaches-other-tenant",
        place: "NotResource",
        damage: |tree| {
            allow(
                tree,
                json!({ "Action": "kms:Decrypt", "NotResource": "arn:aws:kms:us-east-1:222222222222:key/1" }),
            )
        },
    },
    Mutation {
        name: "a role may use all keys",
        code: "policy-reaches-other-tenant",
        place: "key/*",
        damage: |tree| {
            let keys = json!({ "Fn::Sub": "arn:aws:kms:${AWS::Region}:${AWS::AccountId}:key/*" });
            allow(tree, json!({ "Action": "kms:Decrypt", "Resource": keys }))
        },
    },
    Mutation {
        name: "a role may read the secrets that databases make",
        code: "policy-reaches-other-tenant",
        place: "secret:rds!*",
        damage: |tree| {
            let secrets = "arn:aws:secretsmanager:*:*:secret:rds!*";
            allow(tree, json!({ "Action": "secretsmanager:GetSecretValue", "Resource": secrets }))
        },
    },
    Mutation {
        name: "a role may pass any role",
        code: "policy-reaches-other-tenant",
        place: "iam:PassRole",
        damage: |tree| allow(tree, json!({ "Action": "iam:PassRole", "Resource": "*" })),
    },
    Mutation {
        name: "a role may become the roles of all tenants",
        code: "policy-reaches-other-tenant",
        place: "role/ledgerly-*",
        damage: |tree| {
            allow(
                tree,
                json!({ "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::222222222222:role/ledgerly-*" }),
            )
        },
    },
    Mutation {
        name: "a role imports the key of another tenant",
        code: "policy-reaches-other-tenant",
        place: "ledgerly-prod-pena-foundation-KeyArn",
        damage: |tree| {
            let key = json!({ "Fn::ImportValue": "ledgerly-prod-pena-foundation-KeyArn" });
            allow(tree, json!({ "Action": "kms:Decrypt", "Resource": key }))
        },
    },
    Mutation {
        name: "a folder of the tenant does not end",
        code: "open-ended-tenant-pattern",
        place: "${TenantId}*",
        damage: |tree| {
            let folder = json!({ "Fn::Sub": "arn:aws:s3:::documents/${TenantId}*" });
            allow(tree, json!({ "Action": "s3:GetObject", "Resource": folder }))
        },
    },
    Mutation {
        name: "a role has a policy of AWS's own",
        code: "undecided-policy",
        place: "AmazonS3ReadOnlyAccess",
        damage: |tree| {
            tree.edit(FOUNDATION, |template| {
                template["Resources"]["ServiceRole"]["Properties"]["ManagedPolicyArns"] =
                    json!(["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]);
            })
        },
    },
    Mutation {
        name: "operators are kept to a tag that tenants have in common",
        code: "policy-reaches-other-tenant",
        place: "aws:ResourceTag/tier",
        damage: |tree| {
            operate(tree, |one| {
                one["Condition"] = json!({ "StringEquals": { "aws:ResourceTag/tier": "gold" } })
            })
        },
    },
    Mutation {
        name: "operators are kept to a tag only where there is one",
        code: "policy-reaches-other-tenant",
        place: "StringEqualsIfExists",
        damage: |tree| {
            operate(tree, |one| {
                let test = one["Condition"]["StringEquals"].take();
                one["Condition"] = json!({ "StringEqualsIfExists": test });
            })
        },
    },
    Mutation {
        name: "operators are kept to what is not the tenant's",
        code: "policy-reaches-other-tenant",
        place: "StringNotEquals",
        damage: |tree| {
            operate(tree, |one| {
                let test = one["Condition"]["StringEquals"].take();
                one["Condition"] = json!({ "StringNotEquals": test });
            })
        },
    },
    Mutation {
        name: "operators are kept to no tag",
        code: "policy-reaches-other-tenant",
        place: "rds:RebootDBInstance",
        damage: |tree| operate(tree, |one| remove(one, "Condition")),
    },
    Mutation {
        name: "a key lets the role of another tenant in",
        code: "policy-admits-other-tenant",
        place: "ledgerly-prod-pena-foundation-ServiceRoleArn",
        damage: |tree| {
            let role = json!({ "Fn::ImportValue": "ledgerly-prod-pena-foundation-ServiceRoleArn" });
            let_in(tree, json!({ "Principal": { "AWS": role }, "Action": "kms:Decrypt", "Resource": "*" }))
        },
    },
    Mutation {
        name: "a key lets the account of another tenant in",
        code: "policy-admits-other-tenant",
        place: "333333333333",
        damage: |tree| {
            let account = json!({ "AWS": "arn:aws:iam::333333333333:root" });
            let_in(tree, json!({ "Principal": account, "Action": "kms:Decrypt", "Resource": "*" }))
        },
    },
    Mutation {
        name: "a key lets everybody in",
        code: "policy-admits-other-tenant",
        place: "\"Principal\"",
        damage: |tree| let_in(tree, json!({ "Principal": "*", "Action": "kms:Decrypt", "Resource": "*" })),
    },
    Mutation {
        name: "everybody may become a role",
        code: "policy-admits-other-tenant",
        place: "\"Principal\"",
        damage: |tree| {
            tree.edit(FOUNDATION, |template| {
                template["Resources"]["ServiceRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"] =
                    json!([{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" }]);
            })
        },
    },
];

pub(crate) const OF_SESSIONS: &[Mutation] = &[
    Mutation {
        name: "the slash behind the tenant's id is missing",
        code: "policy-reaches-shared-data",
        place: "tenant-id}*",
        damage: |tree| {
            session(tree, "FilesAccess", |one| {
                one["Resource"] = json!({ "Fn::Sub": "${Files.Arn}/${!aws:PrincipalTag/tenant-id}*" });
            })
        },
    },
    Mutation {
        name: "a session may list what begins with the tenant's id",
        code: "policy-reaches-shared-data",
        place: "tenant-id}*",
        damage: |tree| {
            tree.edit(DATA, |template| {
                let document = &mut template["Resources"]["FilesAccess"]["Properties"]["PolicyDocument"];
                document["Statement"][1]["Condition"]["StringLike"]["s3:prefix"] =
                    json!("${aws:PrincipalTag/tenant-id}*");
            })
        },
    },
    Mutation {
        name: "a session may name no key of an item",
        code: "policy-reaches-shared-data",
        place: "dynamodb:LeadingKeys",
        damage: |tree| session(tree, "ItemsAccess", |one| remove(&mut one["Condition"], "Null")),
    },
    Mutation {
        name: "a session may scan a table",
        code: "policy-reaches-shared-data",
        place: "dynamodb:Scan",
        damage: |tree| {
            session(tree, "ItemsAccess", |one| {
                one["Action"].as_array_mut().unwrap().push(json!("dynamodb:Scan"))
            })
        },
    },
    Mutation {
        name: "a key of an item only begins with the tenant's id",
        code: "policy-reaches-shared-data",
        place: "tenant-id}*",
        damage: |tree| {
            session(tree, "ItemsAccess", |one| {
                one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] =
                    json!(["${aws:PrincipalTag/tenant-id}*"]);
            })
        },
    },
    Mutation {
        name: "one key of many has to be the tenant's",
        code: "policy-reaches-shared-data",
        place: "ForAnyValue",
        damage: |tree| {
            session(tree, "ItemsAccess", |one| {
                let test = one["Condition"]["ForAllValues:StringLike"].take();
                remove(&mut one["Condition"], "ForAllValues:StringLike");
                one["Condition"]["ForAnyValue:StringLike"] = test;
            })
        },
    },
    Mutation {
        name: "a session may use the key for any tenant's data",
        code: "policy-reaches-shared-data",
        place: "kms:Decrypt",
        damage: |tree| {
            let key = json!({ "Fn::ImportValue": { "Fn::Sub": "${FoundationStackName}-KeyArn" } });
            allow_session(tree, json!({ "Action": "kms:Decrypt", "Resource": key }))
        },
    },
    Mutation {
        name: "a session may read the log that tenants share",
        code: "policy-reaches-shared-data",
        place: "logs:FilterLogEvents",
        damage: |tree| {
            let logs = json!({ "Fn::Sub": "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:*" });
            allow_session(tree, json!({ "Action": "logs:FilterLogEvents", "Resource": logs }))
        },
    },
    Mutation {
        name: "a session may read the secrets of everybody with a tier",
        code: "policy-reaches-shared-data",
        place: "aws:ResourceTag/tier",
        damage: |tree| {
            tree.edit(CELL, |template| {
                let policies = &mut template["Resources"]["TenantRole"]["Properties"]["Policies"];
                policies[0]["PolicyDocument"]["Statement"][0]["Condition"] =
                    json!({ "StringEquals": { "aws:ResourceTag/tier": "${aws:PrincipalTag/tier}" } });
            })
        },
    },
    Mutation {
        name: "a session may be taken without a tenant",
        code: "session-tag-not-forced",
        place: "TokenVendingRole",
        damage: |tree| trust(tree, |one| remove(&mut one["Condition"], "StringLike")),
    },
    Mutation {
        name: "a session may be taken with an empty tenant",
        code: "session-tag-not-forced",
        place: "aws:RequestTag/tenant-id",
        damage: |tree| {
            trust(tree, |one| one["Condition"]["StringLike"]["aws:RequestTag/tenant-id"] = json!("*"))
        },
    },
    Mutation {
        name: "a session may be taken with a tenant only where it has tags",
        code: "session-tag-not-forced",
        place: "StringLikeIfExists",
        damage: |tree| {
            trust(tree, |one| {
                let test = one["Condition"]["StringLike"].take();
                remove(&mut one["Condition"], "StringLike");
                one["Condition"]["StringLikeIfExists"] = test;
            })
        },
    },
    Mutation {
        name: "the shared key takes any context of a session",
        code: "policy-admits-other-tenant",
        place: "TenantsOwn",
        damage: |tree| {
            tree.edit(CELL, |template| {
                let statements = &mut template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"];
                let statements = statements.as_array_mut().unwrap();
                let own = statements.iter_mut().find(|one| one["Sid"] == "TenantsOwn").unwrap();
                remove(own, "Condition");
            })
        },
    },
];

type Change = fn(&mut Tree) -> String;

/// What changes nothing, or takes something away.
#[test]
fn policies_that_reach_no_further_are_no_damage() {
    let harmless: [(&str, Change); 6] = [
        ("statements in another order", |tree| {
            tree.edit(FOUNDATION, |template| {
                template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
                    .as_array_mut()
                    .unwrap()
                    .reverse();
            })
        }),
        ("a denial of everything", |tree| {
            tree.edit(FOUNDATION, |template| {
                let statement = json!({ "Effect": "Deny", "Action": "*", "Resource": "*" });
                let policies = &mut template["Resources"]["OperationsRole"]["Properties"]["Policies"];
                policies[0]["PolicyDocument"]["Statement"].as_array_mut().unwrap().push(statement);
            })
        }),
        ("a denial for everybody", |tree| {
            tree.edit(FOUNDATION, |template| {
                let statement =
                    json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*" });
                let policy = &mut template["Resources"]["Key"]["Properties"]["KeyPolicy"];
                policy["Statement"].as_array_mut().unwrap().push(statement);
            })
        }),
        ("one more condition", |tree| {
            operate(tree, |one| one["Condition"]["Bool"] = json!({ "aws:MultiFactorAuthPresent": "true" }))
        }),
        ("one action less", |tree| {
            operate(tree, |one| {
                one["Action"].as_array_mut().unwrap().pop().unwrap();
            })
        }),
        ("a folder of the tenant that ends", |tree| {
            let folder = json!({ "Fn::Sub": "arn:aws:s3:::documents/${TenantId}/*" });
            allow(tree, json!({ "Action": ["s3:GetObject", "s3:PutObject"], "Resource": folder }))
        }),
    ];
    let good = Tree::good();
    for (name, change) in harmless {
        let mut tree = good.clone();
        let _file = change(&mut tree);
        let found: Vec<String> = crate::judge(&tree).into_iter().map(|found| found.message).collect();
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
}
