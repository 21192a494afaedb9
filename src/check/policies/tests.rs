//! Small estates of two tenants and what they share, and what is said of their policies.

use std::path::Path;

use crate::check::model::{Estate, read, read_files};
use crate::check::policies::{Judgement, judge};
use crate::diagnostics::{Report, human};
use crate::source::SourceMap;

const MANIFEST: &str = r#"{"version": 1, "files": [], "stacks": [
  {"name": "p-prod-shared", "account": "222222222222", "region": "us-east-1", "template": "templates/shared.yaml", "deployment": "stacks/shared.json",
   "tenant": null, "cell": "application/222222222222/us-east-1/1", "model": "application", "capabilities": [], "depends_on": [], "wave": 1},
  {"name": "p-prod-acme-data", "account": "222222222222", "region": "us-east-1", "template": "templates/tenant.yaml", "deployment": "stacks/acme.json",
   "tenant": "acme", "cell": "vpc/222222222222/us-east-1/1", "model": "vpc", "capabilities": [], "depends_on": [], "wave": 1},
  {"name": "p-prod-globex-data", "account": "222222222222", "region": "us-east-1", "template": "templates/other.yaml", "deployment": "stacks/globex.json",
   "tenant": "globex", "cell": "vpc/222222222222/us-east-1/2", "model": "vpc", "capabilities": [], "depends_on": [], "wave": 1},
  {"name": "p-prod-acme-role", "account": "222222222222", "region": "us-east-1", "template": "templates/role.yaml", "deployment": "stacks/role.json",
   "tenant": "acme", "cell": "vpc/222222222222/us-east-1/1", "model": "vpc", "capabilities": [], "depends_on": ["p-prod-acme-data", "p-prod-shared", "p-prod-globex-data"], "wave": 2}]}"#;

const DATA: &str = "
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: []}}}
  Named: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub '${AWS::StackName}.items'}}
  Secret: {Type: AWS::SecretsManager::Secret}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}
  Cluster: {Type: AWS::RDS::DBCluster, Properties: {ManageMasterUserPassword: true}}
  Queue: {Type: AWS::SQS::Queue}
  Pool: {Type: AWS::Cognito::IdentityPool}
  Provider: {Type: AWS::IAM::OIDCProvider}
  Topic: {Type: AWS::SNS::Topic}
Outputs:
  Queue: {Value: !Ref Queue, Export: {Name: !Sub '${AWS::StackName}-Queue'}}
  Pool: {Value: !Ref Pool, Export: {Name: !Sub '${AWS::StackName}-Pool'}}
  Provider: {Value: !Ref Provider, Export: {Name: !Sub '${AWS::StackName}-Provider'}}
  Bucket: {Value: !GetAtt Bucket.Arn, Export: {Name: !Sub '${AWS::StackName}-Bucket'}}
  Key: {Value: !GetAtt Key.Arn, Export: {Name: !Sub '${AWS::StackName}-Key'}}
  Role: {Value: !GetAtt Role.Arn, Export: {Name: !Sub '${AWS::StackName}-Role'}}
  Secret: {Value: !Ref Secret, Export: {Name: !Sub '${AWS::StackName}-Secret'}}
";

/// What globex alone has: things with names of their own.
const NAMED: &str = "  Admin: {Type: AWS::IAM::Role, Properties: {RoleName: globex-admin, AssumeRolePolicyDocument: {Statement: []}}}
  Documents: {Type: AWS::S3::Bucket, Properties: {BucketName: globex-named}}
Outputs:";

fn judged(files: Vec<(String, String)>) -> Judgement {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let Ok(estate) = read_files(Path::new(""), files, &mut sources, &mut report) else {
        panic!("{}", human::render(&report.into_sorted(&sources), &sources, false));
    };
    assert_eq!(estate.problems, [], "the files fit together");
    judge(&estate)
}

/// The findings over a template for acme's role and one for what is shared.
fn with(role: &str, shared: &str) -> Vec<String> {
    let deployment = |template: &str, tags: &str| {
        format!(
            r#"{{"template-file-path": "templates/{template}.yaml", "parameters": {{}}, "tags": {{{tags}}}}}"#
        )
    };
    let tag = |id: &str| format!(r#""tenant-id": "{id}", "tier": "team""#);
    let away = r#""wave": 2}, {"name": "p-prod-globex-away", "account": "777777777777", "region": "us-east-1", "template": "templates/away.yaml",
        "deployment": "stacks/away.json", "tenant": "globex", "cell": "vpc/222222222222/us-east-1/2", "model": "vpc", "capabilities": [],
        "depends_on": [], "wave": 2}]}"#;
    let files = [
        ("manifest.json", MANIFEST.replace(r#""wave": 2}]}"#, away)),
        ("templates/away.yaml", "Resources: {Queue: {Type: AWS::SQS::Queue}}".to_owned()),
        ("stacks/away.json", deployment("away", &tag("globex"))),
        ("templates/tenant.yaml", DATA.to_owned()),
        ("templates/other.yaml", DATA.replace("Outputs:", NAMED)),
        ("templates/shared.yaml", shared.to_owned()),
        ("templates/role.yaml", role.to_owned()),
        ("stacks/shared.json", deployment("shared", "")),
        ("stacks/acme.json", deployment("tenant", &tag("acme"))),
        ("stacks/globex.json", deployment("other", &tag("globex"))),
        ("stacks/role.json", deployment("role", &tag("acme"))),
    ];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
    let findings = judged(files).findings;
    findings.iter().map(|one| format!("{}: {}", one.diagnostic.code.name, one.diagnostic.message)).collect()
}

/// What is found for one statement of a role of acme.
fn of_tenant(statement: &str) -> Vec<String> {
    let role = format!(
        "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {{Statement: []}}\n      \
         Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, {statement}}}]}}}}]\n"
    );
    with(&role, SHARED)
}

/// What is found for one statement of the role that sessions of all tenants take.
fn of_session(statement: &str) -> Vec<String> {
    let role = "Resources: {N: {Type: AWS::SNS::Topic}}\n";
    let shared = format!(
        "{SHARED}  T:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{AWS: !GetAtt App.Arn}}, \
         Action: ['sts:AssumeRole', 'sts:TagSession'], Condition: {{StringLike: {{'aws:RequestTag/tenant-id': '?*'}}}}}}]}}\n      \
         Policies: [{{PolicyName: a, PolicyDocument: {{Statement: [{{Effect: Allow, Action: 's3:GetObject', Resource: !Sub '${{Files.Arn}}/${{!aws:PrincipalTag/tenant-id}}/*'}}, \
         {{Effect: Allow, {statement}}}]}}}}]\n"
    );
    with(role, &shared)
}

const SHARED: &str = "
Resources:
  Files: {Type: AWS::S3::Bucket, Properties: {BucketName: p-prod-files}}
  Items: {Type: AWS::DynamoDB::Table}
  Log: {Type: AWS::Logs::LogGroup}
  SharedKey: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: []}}}
  App: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}
";

#[test]
fn a_tenants_role_keeps_to_what_is_the_tenants() {
    for own in [
        "Action: 's3:GetObject', Resource: !Sub ['${B}/*', {B: !ImportValue p-prod-acme-data-Bucket}]",
        "Action: 'kms:Decrypt', Resource: !ImportValue p-prod-acme-data-Key",
        "Action: 'dynamodb:*', Resource: 'arn:aws:dynamodb:us-east-1:222222222222:table/p-prod-acme-data.items'",
        "Action: 'dynamodb:*', Resource: 'arn:aws:dynamodb:us-east-1:222222222222:table/p-prod-acme-data.*'",
        "Action: 's3:GetObject', Resource: 'arn:aws:s3:::p-prod-files/acme/*'",
        "Action: 's3:GetObject', Resource: 'arn:aws:s3:::p-prod-files/${aws:PrincipalTag/tenant-id}/*'",
        "Action: 's3:ListBucket', Resource: 'arn:aws:s3:::p-prod-files', Condition: {StringLike: {'s3:prefix': 'acme/*'}}",
        "Action: 's3:GetBucketLocation', Resource: 'arn:aws:s3:::p-prod-files'",
        "Action: 'secretsmanager:GetSecretValue', Resource: '*', Condition: {StringEquals: {'aws:ResourceTag/tenant-id': acme}}",
        "Action: ['ecr:GetAuthorizationToken', 'cloudwatch:PutMetricData'], Resource: '*'",
        "Action: 'secretsmanager:GetSecretValue', Resource: !ImportValue p-prod-acme-data-Secret",
    ] {
        assert_eq!(of_tenant(own), Vec::<String>::new(), "{own}");
    }
}

#[test]
fn whatever_reaches_further_is_found() {
    let mut told = String::new();
    for statement in [
        "Action: 's3:GetObject', Resource: !Sub ['${B}/*', {B: !ImportValue p-prod-globex-data-Bucket}]",
        "Action: 's3:GetObject', Resource: '*'",
        "Action: 's3:GetObject', NotResource: 'arn:aws:s3:::p-prod-acme*'",
        "NotAction: 'iam:*', Resource: '*'",
        "Action: 'kms:Decrypt', Resource: 'arn:aws:kms:*:*:key/*'",
        "Action: 'dynamodb:Get*', Resource: 'arn:aws:dynamodb:us-east-1:222222222222:table/p-prod-*-data.items'",
        "Action: 'secretsmanager:GetSecretValue', Resource: 'arn:aws:secretsmanager:us-east-1:222222222222:secret:rds!*'",
        "Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::222222222222:role/p-prod-globex*'",
        "Action: 'iam:PassRole', Resource: 'arn:aws:iam::*:role/*'",
        "Action: 's3:GetObject', Resource: 'arn:aws:s3:::p-prod-files/acme*'",
        "Action: 's3:GetObject', Resource: 'arn:aws:s3:::elsewhere/acme*'",
        "Action: 's3:GetObject', Resource: 'arn:aws:s3:::p-prod-acme-data-bucket-*'",
        "Action: 's3:GetObject', Resource: 'arn:aws:s3:::p-prod-files/*/acme/*'",
        "Action: 's3:ListBucket', Resource: 'arn:aws:s3:::p-prod-files', Condition: {StringLike: {'s3:prefix': 'acme*'}}",
        "Action: 's3:ListBucketMultipartUploads', Resource: 'arn:aws:s3:::p-prod-files'",
        "Action: 's3:GetBucket*', Resource: 'arn:aws:s3:::p-prod-files'",
        "Action: 's3:ListBucket', Resource: 'arn:aws:s3:::p-prod-files', Condition: {StringEquals: {'s3:prefix': acme}}",
        "Action: 'secretsmanager:GetSecretValue', Resource: '*', Condition: {StringEqualsIfExists: {'aws:ResourceTag/tenant-id': acme}}",
        "Action: 'secretsmanager:GetSecretValue', Resource: '*', Condition: {StringEquals: {'aws:ResourceTag/tier': team}}",
        "Action: 'secretsmanager:GetSecretValue', Resource: '*', Condition: {StringEquals: {'aws:ResourceTag/tenant-id': [acme, globex]}}",
        "Action: 'secretsmanager:GetSecretValue', Resource: '*', Condition: {StringNotEquals: {'aws:ResourceTag/tenant-id': acme}}",
    ] {
        let found = of_tenant(statement);
        assert!(!found.is_empty(), "{statement}");
        told.push_str(&format!("{statement}\n    {}\n", found.join("\n    ")));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_session_is_kept_to_the_tenant_whose_tag_it_has() {
    let keys = |test: &str, rest: &str| {
        format!(
            "Action: ['dynamodb:Query', 'dynamodb:PutItem'], Resource: !GetAtt Items.Arn, Condition: \
             {{'{test}': {{'dynamodb:LeadingKeys': ['${{aws:PrincipalTag/tenant-id}}', '${{aws:PrincipalTag/tenant-id}}#*']}}{rest}}}"
        )
    };
    let present = ", 'Null': {'dynamodb:LeadingKeys': 'false'}";
    for own in [
        keys("ForAllValues:StringLike", present),
        "Action: 's3:PutObject', Resource: !Sub '${Files.Arn}/${!aws:PrincipalTag/tenant-id}/*'".to_owned(),
        "Action: 'kms:Decrypt', Resource: !GetAtt SharedKey.Arn, Condition: {StringEquals: {'kms:EncryptionContext:tenant-id': '${aws:PrincipalTag/tenant-id}'}}".to_owned(),
        "Action: 'logs:PutLogEvents', Resource: !GetAtt Log.Arn".to_owned(),
    ] {
        assert_eq!(of_session(&own), Vec::<String>::new(), "{own}");
    }
    let mut told = String::new();
    for wide in [
        keys("ForAllValues:StringLike", ""),
        keys("ForAnyValue:StringLike", present),
        keys("ForAllValues:StringLike", present).replace("dynamodb:PutItem", "dynamodb:Scan"),
        keys("ForAllValues:StringLike", present).replace("dynamodb:PutItem", "dynamodb:*"),
        keys("ForAllValues:StringLike", present).replace("}#*'", "}*'"),
        "Action: 's3:PutObject', Resource: !Sub '${Files.Arn}/${!aws:PrincipalTag/tenant-id}*'".to_owned(),
        "Action: 's3:PutObject', Resource: !Sub '${Files.Arn}/${!aws:PrincipalTag/tier}/*'".to_owned(),
        "Action: 's3:PutObject', Resource: !Sub '${Files.Arn}/${!aws:username}/*'".to_owned(),
        "Action: 'kms:Decrypt', Resource: !GetAtt SharedKey.Arn".to_owned(),
        "Action: 'kms:Decrypt', Resource: '*'".to_owned(),
        "Action: 'logs:FilterLogEvents', Resource: !GetAtt Log.Arn".to_owned(),
        "Action: 'sts:AssumeRole', Resource: !GetAtt App.Arn".to_owned(),
    ] {
        let found = of_session(&wide);
        assert!(!found.is_empty(), "{wide}");
        told.push_str(&format!("{wide}\n    {}\n", found.join("\n    ")));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn policies_of_resources_let_nobody_else_in() {
    let mut told = String::new();
    for resources in [
        "K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: !ImportValue p-prod-globex-data-Role}, Action: 'kms:*', Resource: '*'}]}}}",
        "Q: {Type: AWS::SQS::Queue}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: !GetAtt Q.Arn}]}}}",
        "Q: {Type: AWS::SQS::Queue}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: !GetAtt Q.Arn, Condition: {ArnNotLike: {'aws:PrincipalArn': 'arn:aws:iam::222222222222:role/x'}}}]}}}",
        "Q: {Type: AWS::SQS::Queue}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: !GetAtt Q.Arn, Condition: {ArnLike: {'aws:PrincipalArn': 'arn:aws:iam::*:role/x'}}}]}}}",
        "V: {Type: AWS::Backup::BackupVault, Properties: {BackupVaultName: copies, AccessPolicy: {Statement: [{Effect: Allow, Principal: '*', Action: 'backup:StartRestoreJob', Resource: '*', Condition: {StringEquals: {'aws:PrincipalOrgID': o-a1b2c3d4e5}}}]}}}",
        "V: {Type: AWS::Backup::BackupVault, Properties: {BackupVaultName: copies, AccessPolicy: {Statement: [{Effect: Allow, Principal: '*', Action: 'backup:CopyIntoBackupVault', Resource: '*', Condition: {StringEquals: {'aws:PrincipalOrgID': 'o-*'}}}]}}}",
        "R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: '*'}, Action: 'sts:AssumeRole'}}}}",
        // Everybody, less than it seems: whoever the conditions name.
        "Q: {Type: AWS::SQS::Queue}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: !GetAtt Q.Arn, Condition: {ArnEquals: {'aws:PrincipalArn': !ImportValue p-prod-globex-data-Role}}}]}}}",
        "Q: {Type: AWS::SQS::Queue}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: !GetAtt Q.Arn, Condition: {StringEquals: {'aws:PrincipalAccount': '222222222222'}}}]}}}",
        "B: {Type: AWS::S3::Bucket}\n  P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref B, PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: '*', Condition: {StringEquals: {'aws:PrincipalOrgID': o-a1b2c3d4e5}}}]}}}",
        "T: {Type: AWS::SNS::Topic}\n  P: {Type: AWS::SNS::TopicPolicy, Properties: {Topics: [!Ref T], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sns:Subscribe', Resource: '*', Condition: {StringEquals: {'aws:PrincipalTag/tenant-id': globex}}}]}}}",
        // Roles by other names.
        "Q: {Type: AWS::SQS::Queue}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: 'arn:aws:sts::222222222222:assumed-role/globex-admin/x'}, Action: 'sqs:*', Resource: !GetAtt Q.Arn}]}}}",
        "S: {Type: AWS::SecretsManager::Secret}\n  P: {Type: AWS::SecretsManager::ResourcePolicy, Properties: {SecretId: !Ref S, ResourcePolicy: {Statement: [{Effect: Allow, Principal: {AWS: ['arn:aws:iam::222222222222:role/globex-admin']}, Action: 'secretsmanager:GetSecretValue', Resource: '*'}]}}}",
        "K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: 'arn:aws:iam::777777777777:role/made-by-hand'}, Action: 'kms:Decrypt', Resource: '*'}]}}}",
        // Two queues, of which one is another tenant's.
        "Q: {Type: AWS::SQS::Queue}\n  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}}}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q, !ImportValue p-prod-globex-data-Queue], PolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: !GetAtt R.Arn}, Action: 'sqs:ReceiveMessage', Resource: '*'}]}}}",
        "P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: globex-named, PolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: !ImportValue p-prod-acme-data-Role}, Action: 's3:GetObject', Resource: '*'}]}}}",
        // Services, on somebody's behalf.
        "F: {Type: AWS::Lambda::Function}\n  P: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com, SourceArn: !ImportValue p-prod-globex-data-Bucket}}",
        "F: {Type: AWS::Lambda::Function}\n  P: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: 'lambda:InvokeFunction', Principal: '777777777777'}}",
        "F: {Type: AWS::Lambda::Function}\n  P: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: NONE}}",
        "T: {Type: AWS::SNS::Topic}\n  P: {Type: AWS::SNS::TopicPolicy, Properties: {Topics: [!Ref T], PolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: 'sns:Publish', Resource: '*', Condition: {StringEquals: {'aws:SourceAccount': '777777777777'}}}]}}}",
        // Whoever signs in.
        "R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {Federated: cognito-identity.amazonaws.com}, Action: 'sts:AssumeRoleWithWebIdentity'}}}}",
        "R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {Federated: cognito-identity.amazonaws.com}, Action: 'sts:AssumeRoleWithWebIdentity', Condition: {StringEquals: {'cognito-identity.amazonaws.com:aud': !ImportValue p-prod-globex-data-Pool}}}}}}",
        "R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {Federated: !ImportValue p-prod-globex-data-Provider}, Action: 'sts:AssumeRoleWithWebIdentity'}}}}",
        // What nobody reads.
        "X: {Type: AWS::New::Thing, Properties: {Deep: [{Policy: {Statement: [{Effect: Allow, Principal: '*', Action: 'new:*', Resource: '*'}]}}]}}",
        "K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: !ImportValue p-prod-acme-data-Role}, Action: !GetAZs '', Resource: '*'}]}}}",
        "K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: 'arn:aws:iam::*:root'}, Action: 'kms:*', Resource: '*'}]}}}",
        // By a group, and by a name.
        "G: {Type: AWS::IAM::Group, Properties: {Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}]}}\n  U: {Type: AWS::IAM::User, Properties: {Groups: [!Ref G]}}",
        "G: {Type: AWS::IAM::Group}\n  U: {Type: AWS::IAM::User}\n  A: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref G, Users: [!Ref U]}}\n  P: {Type: AWS::IAM::GroupPolicy, Properties: {PolicyName: p, GroupName: !Ref G, PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}}",
        "U: {Type: AWS::IAM::User, Properties: {Groups: [made-by-hand]}}",
        "P: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Roles: [acme-named], PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}}\n  R: {Type: AWS::IAM::Role, Properties: {RoleName: acme-named, AssumeRolePolicyDocument: {Statement: []}}}",
        "R: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'], AssumeRolePolicyDocument: {Statement: []}}}",
        "R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}, Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:*', Resource: !GetAZs ''}]}}]}}",
    ] {
        let found = with(&format!("Resources:\n  {resources}\n"), SHARED);
        assert!(!found.is_empty(), "{resources}");
        told.push_str(&format!("{resources}\n    {}\n", found.join("\n    ")));
    }
    let untagged = format!(
        "{SHARED}  T: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{AWS: !GetAtt App.Arn}}, Action: 'sts:AssumeRole'}}]}}, \
         Policies: [{{PolicyName: a, PolicyDocument: {{Statement: [{{Effect: Allow, Action: 's3:GetObject', Resource: !Sub '${{Files.Arn}}/${{!aws:PrincipalTag/tenant-id}}/*'}}]}}}}]}}}}\n"
    );
    let found = with("Resources: {N: {Type: AWS::SNS::Topic}}\n", &untagged);
    told.push_str(&format!("trust without the tag\n    {}\n", found.join("\n    ")));
    for fine in [
        "Q: {Type: AWS::SQS::Queue}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: !GetAtt Q.Arn, Condition: {ArnLike: {'aws:PrincipalArn': 'arn:aws:iam::222222222222:role/x'}}}]}}}",
        "K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: !ImportValue p-prod-acme-data-Role}, Action: 'kms:*', Resource: '*'}]}}}",
        "K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Action: 'kms:*', Resource: '*'}]}}}",
        "Q: {Type: AWS::SQS::Queue}\n  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: !GetAtt Q.Arn, Condition: {StringEquals: {'aws:PrincipalTag/tenant-id': acme}, ArnLike: {'aws:PrincipalArn': 'arn:aws:iam::222222222222:role/*'}}}]}}}",
        "K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal: '*', Action: 'kms:Decrypt', Resource: '*', Condition: {StringEquals: {'kms:CallerAccount': '222222222222', 'kms:ViaService': s3.us-east-1.amazonaws.com}}}]}}}",
        "F: {Type: AWS::Lambda::Function}\n  B: {Type: AWS::S3::Bucket}\n  P: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com, SourceArn: !GetAtt B.Arn}}",
        "I: {Type: AWS::Cognito::IdentityPool}\n  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {Federated: cognito-identity.amazonaws.com}, Action: 'sts:AssumeRoleWithWebIdentity', Condition: {StringEquals: {'cognito-identity.amazonaws.com:aud': !Ref I}}}}}}",
        "E: {Type: AWS::EC2::VPCEndpoint, Properties: {PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: '*', Resource: '*'}]}}}",
        "V: {Type: AWS::Backup::BackupVault, Properties: {BackupVaultName: copies, AccessPolicy: {Statement: [{Effect: Allow, Principal: '*', Action: 'backup:CopyIntoBackupVault', Resource: '*', Condition: {StringEquals: {'aws:PrincipalOrgID': o-a1b2c3d4e5}}}]}}}",
        "P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: p-prod-files, PolicyDocument: {Statement: [{Effect: Deny, Principal: '*', Action: 's3:*', Resource: '*'}]}}}",
    ] {
        assert_eq!(with(&format!("Resources:\n  {fine}\n"), SHARED), Vec::<String>::new(), "{fine}");
    }
    insta::assert_snapshot!(told);
}

/// The findings over a role of acme with a policy of AWS's own, where acme's stacks are in `account`, and globex's
/// secret lets `principal` in.
fn in_account(account: &str, principal: &str) -> Vec<String> {
    let manifest = MANIFEST
        .replace(
            r#""p-prod-acme-data", "account": "222222222222""#,
            &format!(r#""p-prod-acme-data", "account": "{account}""#),
        )
        .replace(
            r#""p-prod-acme-role", "account": "222222222222""#,
            &format!(r#""p-prod-acme-role", "account": "{account}""#),
        );
    let role = "Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}, \
                ManagedPolicyArns: ['arn:aws:iam::aws:policy/job-function/ViewOnlyAccess']}}}";
    let policy = format!(
        "  P: {{Type: AWS::SecretsManager::ResourcePolicy, Properties: {{SecretId: !Ref Secret, ResourcePolicy: {{Statement: [\
         {{Effect: Allow, Principal: {{AWS: '{principal}'}}, Action: 'secretsmanager:GetSecretValue', Resource: '*'}}]}}}}}}\nOutputs:"
    );
    let other = DATA.replace("Outputs:", &policy);
    let files = [
        ("manifest.json", manifest),
        ("templates/tenant.yaml", DATA.to_owned()),
        ("templates/other.yaml", other),
        ("templates/shared.yaml", SHARED.to_owned()),
        ("templates/role.yaml", role.to_owned()),
        ("stacks/shared.json", r#"{"template-file-path": "templates/shared.yaml"}"#.to_owned()),
        ("stacks/acme.json", r#"{"template-file-path": "templates/tenant.yaml"}"#.to_owned()),
        ("stacks/globex.json", r#"{"template-file-path": "templates/other.yaml"}"#.to_owned()),
        ("stacks/role.json", r#"{"template-file-path": "templates/role.yaml"}"#.to_owned()),
    ];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
    judged(files).findings.into_iter().map(|one| one.diagnostic.code.name.to_owned()).collect()
}

#[test]
fn an_account_of_ones_own_bounds_what_a_policy_of_aws_reaches() {
    let nobody = "arn:aws:iam::222222222222:root";
    assert_eq!(in_account("222222222222", nobody), ["undecided-policy"], "globex lives there too");
    assert_eq!(in_account("333333333333", nobody), Vec::<String>::new());
    assert_eq!(in_account("333333333333", "arn:aws:iam::333333333333:root"), ["policy-admits-other-tenant"]);
    assert_eq!(in_account("333333333333", "333333333333"), ["policy-admits-other-tenant"]);
}

#[test]
fn the_committed_output_keeps_its_tenants_apart() {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("output");
    let estate: Estate = read(&root, &mut sources, &mut report).unwrap();
    let judgement = judge(&estate);
    let found: Vec<_> = judgement.findings.into_iter().map(|one| one.diagnostic).collect();
    assert_eq!(human::render(&found, &sources, false), "");
    assert!(judgement.decided && judgement.tenant_roles > 10 && judgement.statements > 30);
}
