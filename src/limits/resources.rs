//! Which resource counts towards which limit, as tables: a type, a limit, and where more than the type
//! decides, the property that names what the limit belongs to.
//!
//! What needs more than a table (rules of security groups, Fargate's processors, sizes of policies) is
//! in `template`.

/// Resources that count one each towards a limit of an account or of an account's Region.
pub(super) const COUNTED: &[(&str, &str)] = &[
    ("AWS::ApiGateway::ApiKey", "apigw-api-keys"),
    ("AWS::ApiGateway::DomainName", "apigw-custom-domains"),
    ("AWS::ApiGateway::RestApi", "apigw-regional-apis"),
    ("AWS::ApiGateway::UsagePlan", "apigw-usage-plans"),
    ("AWS::ApiGateway::VpcLink", "apigw-vpc-links"),
    ("AWS::ApiGatewayV2::VpcLink", "apigw-vpc-links-v2"),
    ("AWS::AutoScaling::AutoScalingGroup", "auto-scaling-groups"),
    ("AWS::Backup::BackupPlan", "backup-plans"),
    ("AWS::Backup::BackupVault", "backup-vaults"),
    ("AWS::Backup::Framework", "backup-frameworks"),
    ("AWS::Backup::LogicallyAirGappedBackupVault", "backup-vaults"),
    ("AWS::Backup::RestoreTestingPlan", "backup-restore-testing-plans"),
    ("AWS::Budgets::Budget", "budgets"),
    ("AWS::CE::CostCategory", "cost-categories"),
    ("AWS::CloudFormation::StackSet", "cfn-stacksets-per-admin"),
    ("AWS::CloudTrail::EventDataStore", "cloudtrail-event-data-stores"),
    ("AWS::CloudTrail::Trail", "cloudtrail-trails"),
    ("AWS::CloudWatch::InsightRule", "contributor-insights-rules"),
    ("AWS::Cognito::IdentityPool", "cognito-identity-pools"),
    ("AWS::Cognito::UserPool", "cognito-user-pools"),
    ("AWS::Config::ConfigRule", "config-rules"),
    ("AWS::Config::ConfigurationAggregator", "config-aggregators"),
    ("AWS::Config::ConformancePack", "config-conformance-packs"),
    ("AWS::DynamoDB::GlobalTable", "ddb-tables"),
    ("AWS::DynamoDB::Table", "ddb-tables"),
    ("AWS::EC2::EIP", "eips-per-region"),
    ("AWS::EC2::EgressOnlyInternetGateway", "egress-only-internet-gateways-per-region"),
    ("AWS::EC2::InternetGateway", "internet-gateways-per-region"),
    ("AWS::EC2::LaunchTemplate", "launch-templates"),
    ("AWS::EC2::PrefixList", "prefix-lists-per-region"),
    ("AWS::EC2::SecurityGroup", "security-groups-per-region"),
    ("AWS::EC2::TransitGateway", "transit-gateways-per-account"),
    ("AWS::EC2::VPC", "vpcs-per-region"),
    // AWS makes a default group with every VPC.
    ("AWS::EC2::VPC", "security-groups-per-region"),
    ("AWS::EC2::CustomerGateway", "customer-gateways-per-region"),
    ("AWS::EC2::VPNConnection", "vpn-connections-per-region"),
    ("AWS::EC2::VPNGateway", "virtual-private-gateways-per-region"),
    ("AWS::ECS::Cluster", "ecs-clusters"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "target-groups-per-region"),
    ("AWS::GuardDuty::Detector", "guardduty-detectors"),
    ("AWS::IAM::InstanceProfile", "iam-instance-profiles"),
    ("AWS::IAM::ManagedPolicy", "iam-customer-managed-policies"),
    ("AWS::IAM::OIDCProvider", "iam-oidc-providers"),
    ("AWS::IAM::Role", "iam-roles-per-account"),
    ("AWS::IAM::SAMLProvider", "iam-saml-providers"),
    ("AWS::KMS::Key", "kms-keys"),
    ("AWS::KMS::ReplicaKey", "kms-keys"),
    ("AWS::KinesisFirehose::DeliveryStream", "firehose-streams"),
    ("AWS::Logs::LogGroup", "log-groups"),
    ("AWS::Logs::ResourcePolicy", "logs-resource-policies"),
    ("AWS::RDS::DBCluster", "rds-clusters"),
    ("AWS::RDS::DBClusterParameterGroup", "rds-cluster-parameter-groups"),
    ("AWS::RDS::DBInstance", "rds-instances"),
    ("AWS::RDS::DBParameterGroup", "rds-parameter-groups"),
    ("AWS::RDS::DBProxy", "rds-proxies"),
    ("AWS::RDS::DBSubnetGroup", "rds-subnet-groups"),
    ("AWS::RDS::EventSubscription", "rds-event-subscriptions"),
    ("AWS::ResourceGroups::Group", "resource-groups"),
    ("AWS::S3::AccessPoint", "s3-access-points"),
    ("AWS::S3::Bucket", "s3-buckets"),
    ("AWS::SNS::Topic", "sns-topics"),
    ("AWS::SSM::Parameter", "ssm-standard-parameters"),
    ("AWS::SecretsManager::Secret", "secrets"),
    ("AWS::WAFv2::IPSet", "waf-ip-sets"),
    ("AWS::WAFv2::RuleGroup", "waf-rule-groups"),
    ("AWS::WAFv2::WebACL", "waf-web-acls"),
];

/// Resources that count one each towards a limit of what a property names.
pub(super) const HELD: &[(&str, &str, &str)] = &[
    ("AWS::ApiGateway::Resource", "RestApiId", "apigw-resources-per-api"),
    ("AWS::ApiGateway::Stage", "RestApiId", "apigw-stages-per-api"),
    ("AWS::ApiGateway::UsagePlanKey", "KeyId", "apigw-usage-plans-per-key"),
    ("AWS::Backup::BackupSelection", "BackupPlanId", "backup-resource-assignments-per-plan"),
    ("AWS::Cognito::UserPoolClient", "UserPoolId", "cognito-app-clients-per-pool"),
    ("AWS::Cognito::UserPoolGroup", "UserPoolId", "cognito-groups-per-pool"),
    ("AWS::Cognito::UserPoolIdentityProvider", "UserPoolId", "cognito-idps-per-pool"),
    ("AWS::Cognito::UserPoolResourceServer", "UserPoolId", "cognito-resource-servers-per-pool"),
    ("AWS::EC2::NetworkAcl", "VpcId", "network-acls-per-vpc"),
    ("AWS::EC2::RouteTable", "VpcId", "route-tables-per-vpc"),
    ("AWS::EC2::SecurityGroupVpcAssociation", "GroupId", "vpc-associations-per-security-group"),
    ("AWS::EC2::Subnet", "VpcId", "subnets-per-vpc"),
    ("AWS::EC2::TransitGatewayAttachment", "TransitGatewayId", "tgw-attachments"),
    ("AWS::EC2::TransitGatewayRouteTable", "TransitGatewayId", "tgw-route-tables-per-tgw"),
    ("AWS::EC2::TransitGatewayVpcAttachment", "TransitGatewayId", "tgw-attachments"),
    ("AWS::EC2::TransitGatewayVpcAttachment", "VpcId", "tgws-per-vpc"),
    ("AWS::EC2::VPNConnection", "VpnGatewayId", "vpn-connections-per-vgw"),
    ("AWS::EC2::VPCPeeringConnection", "VpcId", "active-vpc-peering-connections-per-vpc"),
    ("AWS::EC2::VPCPeeringConnection", "PeerVpcId", "active-vpc-peering-connections-per-vpc"),
    ("AWS::ECS::Service", "Cluster", "ecs-services-per-cluster"),
    ("AWS::ElasticLoadBalancingV2::ListenerRule", "ListenerArn", "rules-per-alb"),
    ("AWS::KMS::Alias", "TargetKeyId", "kms-aliases-per-key"),
    ("AWS::Logs::MetricFilter", "LogGroupName", "metric-filters-per-log-group"),
    ("AWS::Logs::SubscriptionFilter", "LogGroupName", "subscription-filters-per-log-group"),
];

/// What there is one of before anybody has made one: AWS makes it with the resource.
pub(super) const MADE_WITH: &[(&str, &str)] = &[
    ("AWS::EC2::VPC", "ipv4-cidr-blocks-per-vpc"),
    ("AWS::EC2::VPC", "network-acls-per-vpc"),
    ("AWS::EC2::VPC", "route-tables-per-vpc"),
];

/// Lists of a property of one resource, whose length a limit bounds. The path leads through mappings.
pub(super) const LISTED: &[(&str, &[&str], &str)] = &[
    ("AWS::Backup::BackupPlan", &["BackupPlan", "BackupPlanRule"], "backup-rules-per-plan"),
    ("AWS::CloudWatch::Alarm", &["AlarmActions"], "cloudwatch-alarm-actions"),
    ("AWS::CloudWatch::CompositeAlarm", &["AlarmActions"], "cloudwatch-alarm-actions"),
    ("AWS::Cognito::UserPool", &["Schema"], "cognito-custom-attributes"),
    ("AWS::Cognito::UserPoolClient", &["CallbackURLs"], "cognito-callback-urls"),
    ("AWS::DynamoDB::Table", &["GlobalSecondaryIndexes"], "ddb-gsis-per-table"),
    ("AWS::DynamoDB::Table", &["LocalSecondaryIndexes"], "ddb-lsis-per-table"),
    ("AWS::EC2::Instance", &["SecurityGroupIds"], "security-groups-per-network-interface"),
    ("AWS::EC2::NetworkInterface", &["GroupSet"], "security-groups-per-network-interface"),
    ("AWS::EC2::PrefixList", &["Entries"], "cfn-prefix-list-entries"),
    ("AWS::EC2::VPCEndpoint", &["SecurityGroupIds"], "security-groups-per-network-interface"),
    (
        "AWS::ECS::ClusterCapacityProviderAssociations",
        &["CapacityProviders"],
        "ecs-capacity-providers-per-cluster",
    ),
    (
        "AWS::ECS::Service",
        &["NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups"],
        "ecs-security-groups-per-awsvpc",
    ),
    (
        "AWS::ECS::Service",
        &["NetworkConfiguration", "AwsvpcConfiguration", "Subnets"],
        "ecs-subnets-per-awsvpc",
    ),
    ("AWS::ECS::Service", &["LoadBalancers"], "ecs-target-groups-per-service"),
    ("AWS::ECS::TaskDefinition", &["ContainerDefinitions"], "ecs-containers-per-task-definition"),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        &["SecurityGroups"],
        "security-groups-per-network-interface",
    ),
    ("AWS::Lambda::Function", &["Layers"], "lambda-layers"),
    ("AWS::Lambda::Function", &["VpcConfig", "SecurityGroupIds"], "security-groups-per-network-interface"),
    ("AWS::RDS::DBCluster", &["VpcSecurityGroupIds"], "security-groups-per-network-interface"),
    ("AWS::RDS::DBInstance", &["VPCSecurityGroups"], "security-groups-per-network-interface"),
    ("AWS::RDS::DBProxy", &["VpcSecurityGroupIds"], "security-groups-per-network-interface"),
    ("AWS::RDS::DBSubnetGroup", &["SubnetIds"], "rds-subnets-per-subnet-group"),
    ("AWS::S3::Bucket", &["LifecycleConfiguration", "Rules"], "s3-lifecycle-rules"),
];

/// Resources with network interfaces, one in each subnet of the list.
pub(super) const INTERFACES: &[(&str, &[&str])] = &[
    ("AWS::EC2::VPCEndpoint", &["SubnetIds"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["Subnets"]),
    ("AWS::Lambda::Function", &["VpcConfig", "SubnetIds"]),
    ("AWS::EC2::TransitGatewayVpcAttachment", &["SubnetIds"]),
    ("AWS::EC2::TransitGatewayAttachment", &["SubnetIds"]),
];

/// What belongs to something larger that the limits speak of: a listener's rules are those of its load
/// balancer, and what stands in a subnet stands in its VPC.
pub(super) const PARTS: &[(&str, &str)] =
    &[("AWS::ElasticLoadBalancingV2::Listener", "LoadBalancerArn"), ("AWS::EC2::Subnet", "VpcId")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::quota;
    use crate::cloudformation::resource_type;

    #[test]
    fn every_limit_is_in_the_table_and_every_property_is_one_of_its_type() {
        for (kind, id) in COUNTED.iter().chain(MADE_WITH) {
            assert!(quota(id).is_some(), "{id} of {kind}");
            assert!(resource_type(kind).is_some(), "{kind}");
        }
        let first = LISTED.iter().map(|(kind, path, id)| (*kind, path[0], *id));
        for (kind, property, id) in HELD.iter().copied().chain(first) {
            assert!(quota(id).is_some(), "{id} of {kind}");
            let Some(known) = resource_type(kind) else { panic!("{kind}") };
            assert!(known.properties.iter().any(|name| name == property), "{property} of {kind}");
        }
    }

    #[test]
    fn what_is_counted_for_an_account_has_the_scope_of_an_account() {
        for (kind, id) in COUNTED {
            let scope = &quota(id).unwrap().scope;
            assert!(
                ["per-account", "per-account-per-region", "per-payer-account"].contains(&scope.as_str()),
                "{id} of {kind}: {scope}"
            );
        }
    }
}
