//! Resource types for which AWS asks nothing by themselves (AWS's pricing pages, autumn 2026): what they hold,
//! carry or let others do may cost something, and is then a resource with a type of its own or a service's usage.
//!
//! All others are taken to cost something, so that a report on tags rather says too little than too much.

/// Services none of whose types cost anything by themselves.
const SERVICES: [&str; 5] = [
    "AWS::IAM::",
    "AWS::Organizations::",
    "AWS::RAM::",
    "AWS::ApplicationAutoScaling::",
    "AWS::CloudFormation::",
];

/// Types of other services. Sorted.
const TYPES: &[&str] = &[
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::CertificateManager::Certificate",
    "AWS::EC2::DHCPOptions",
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkAclEntry",
    "AWS::EC2::PrefixList",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetCidrBlock",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::TransitGatewayRouteTable",
    "AWS::EC2::TransitGatewayRouteTableAssociation",
    "AWS::EC2::TransitGatewayRouteTablePropagation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCCidrBlock",
    "AWS::EC2::VPCDHCPOptionsAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::Cluster",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::KMS::Alias",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::ResourceGroups::Group",
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::ServiceDiscovery::HttpNamespace",
];

/// Whether a type costs nothing by itself.
pub fn is_free_of_charge(kind: &str) -> bool {
    SERVICES.iter().any(|service| kind.starts_with(service)) || TYPES.binary_search(&kind).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudformation::resource_type;

    #[test]
    fn the_types_are_known_and_sorted() {
        assert!(TYPES.is_sorted());
        for kind in TYPES {
            assert!(resource_type(kind).is_some(), "{kind}");
        }
    }

    #[test]
    fn what_holds_data_or_runs_costs_something() {
        for kind in ["AWS::RDS::DBCluster", "AWS::EC2::NatGateway", "AWS::KMS::Key", "AWS::Unknown::Thing"] {
            assert!(!is_free_of_charge(kind), "{kind}");
        }
        assert!(is_free_of_charge("AWS::IAM::Role"));
    }
}
