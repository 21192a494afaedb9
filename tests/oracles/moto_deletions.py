"""How each type is deleted when its stack goes, or takes it away; `moto_updates.py` says in which order.

A type that is not here fails the stack, so that nothing stays behind unnoticed.
"""
import moto_pools


def by(service, operation, argument, **more):
    """One call that names the resource by what Ref gives."""

    def delete(resource):
        getattr(resource.client(service), operation)(**{argument: resource.reference}, **more)

    return delete


def by_list(service, operation, argument):
    def delete(resource):
        getattr(resource.client(service), operation)(**{argument: [resource.reference]})

    return delete


def rule(operation):
    def delete(resource):
        getattr(resource.client("ec2"), operation)(
            GroupId=resource.properties["GroupId"], SecurityGroupRuleIds=[resource.reference]
        )

    return delete


def gateway_attachment(resource):
    asked = resource.properties
    if "VpnGatewayId" in asked:
        resource.client("ec2").detach_vpn_gateway(VpcId=asked["VpcId"], VpnGatewayId=asked["VpnGatewayId"])
    else:
        resource.client("ec2").detach_internet_gateway(
            VpcId=asked["VpcId"], InternetGatewayId=asked["InternetGatewayId"]
        )


def address(resource):
    resource.client("ec2").release_address(AllocationId=resource.created.answer["AllocationId"])


def route_away(resource):
    resource.client("ec2").delete_route(
        RouteTableId=resource.properties["RouteTableId"],
        **{key: value for key, value in resource.properties.items() if key.startswith("Destination")},
    )


def acl_entry_away(resource):
    resource.client("ec2").delete_network_acl_entry(
        NetworkAclId=resource.properties["NetworkAclId"],
        RuleNumber=int(resource.properties["RuleNumber"]),
        Egress=resource.properties["Egress"],
    )


def acl_association(resource):
    """The subnet goes back to the VPC's default ACL."""
    ec2, subnet = resource.client("ec2"), resource.properties["SubnetId"]
    (current,) = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"]
    filters = [{"Name": "vpc-id", "Values": [current["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
    (default,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    association = next(one for one in current["Associations"] if one["SubnetId"] == subnet)
    ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=default["NetworkAclId"]
    )


def role(resource):
    iam = resource.client("iam")
    for name in iam.list_role_policies(RoleName=resource.reference)["PolicyNames"]:
        iam.delete_role_policy(RoleName=resource.reference, PolicyName=name)
    for policy in iam.list_attached_role_policies(RoleName=resource.reference)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=resource.reference, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=resource.reference)


def policy_in_roles(resource):
    for name in resource.properties["Roles"]:
        resource.client("iam").delete_role_policy(RoleName=name, PolicyName=resource.reference)


def record(resource):
    wanted = {key: value for key, value in resource.properties.items() if key != "HostedZoneId"}
    wanted["AliasTarget"].setdefault("EvaluateTargetHealth", False)
    resource.client("route53").change_resource_record_sets(
        HostedZoneId=resource.properties["HostedZoneId"],
        ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": wanted}]},
    )


def service(resource):
    resource.client("ecs").delete_service(
        cluster=resource.properties["Cluster"], service=resource.reference, force=True
    )


def scalable_target(resource):
    name, dimension, namespace = resource.reference.split("|")
    resource.client("application-autoscaling").deregister_scalable_target(
        ResourceId=name, ScalableDimension=dimension, ServiceNamespace=namespace
    )


def scaling_policy(resource):
    name, dimension, namespace = resource.properties["ScalingTargetId"].split("|")
    resource.client("application-autoscaling").delete_scaling_policy(
        PolicyName=resource.properties["PolicyName"],
        ResourceId=name,
        ScalableDimension=dimension,
        ServiceNamespace=namespace,
    )


# ---- pools, databases, the organization ----


def snapshot_first(resource):
    """A cluster whose policy is `Snapshot` leaves one behind."""
    rds, identity = resource.client("rds"), resource.reference
    rds.modify_db_cluster(DBClusterIdentifier=identity, DeletionProtection=False)
    if resource.policy == "Snapshot":
        rds.delete_db_cluster(DBClusterIdentifier=identity, FinalDBSnapshotIdentifier=f"final-{identity}")
    else:
        rds.delete_db_cluster(DBClusterIdentifier=identity, SkipFinalSnapshot=True)


def database_instance(resource):
    rds = resource.client("rds")
    rds.delete_db_instance(DBInstanceIdentifier=resource.reference, SkipFinalSnapshot=True)


def with_what_it_belongs_to(service, operation, argument, **more):
    """One call that names the resource and, by property, what it is a part of."""

    def delete(resource):
        others = {name: resource.properties[key] for name, key in more.items()}
        getattr(resource.client(service), operation)(**{argument: resource.reference}, **others)

    return delete


def attachment_of_table(operation):
    def delete(resource):
        # moto may have a table of its own in the place of the one that the template names.
        asked = moto_pools.with_table(dict(resource.properties), resource.created.context)
        getattr(resource.client("ec2"), operation)(**asked)

    return delete


def method(resource):
    resource.client("apigateway").delete_method(
        restApiId=resource.properties["RestApiId"],
        resourceId=resource.properties["ResourceId"],
        httpMethod=resource.properties["HttpMethod"],
    )


def alias(resource):
    asked = resource.properties
    resource.client("lambda").delete_alias(FunctionName=asked["FunctionName"], Name=asked["Name"])


def version(resource):
    """moto's function takes its versions along."""


def permission(resource):
    asked = moto_pools.statement_named(dict(resource.properties), resource.created.context)
    resource.client("lambda").remove_permission(FunctionName=asked["FunctionName"], StatementId=asked["StatementId"])


def budget(resource):
    resource.client("budgets").delete_budget(
        AccountId=resource.created.context.account, BudgetName=resource.reference
    )


def organization_policy(resource):
    organizations = resource.client("organizations")
    for target in organizations.list_targets_for_policy(PolicyId=resource.reference)["Targets"]:
        organizations.detach_policy(PolicyId=resource.reference, TargetId=target["TargetId"])
    organizations.delete_policy(PolicyId=resource.reference)


def profile_away(resource):
    iam = resource.client("iam")
    for role in resource.properties["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=resource.reference, RoleName=role)
    iam.delete_instance_profile(InstanceProfileName=resource.reference)


def capacity_away(resource):
    """A cluster is left with no provider of its own."""
    resource.client("ecs").put_cluster_capacity_providers(
        cluster=resource.reference, capacityProviders=[], defaultCapacityProviderStrategy=[]
    )


DELETIONS = {
    "AWS::AutoScaling::AutoScalingGroup": by(
        "autoscaling", "delete_auto_scaling_group", "AutoScalingGroupName", ForceDelete=True
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": scalable_target,
    "AWS::ApplicationAutoScaling::ScalingPolicy": scaling_policy,
    "AWS::CertificateManager::Certificate": by("acm", "delete_certificate", "CertificateArn"),
    "AWS::EC2::EIP": address,
    "AWS::EC2::EgressOnlyInternetGateway": by(
        "ec2", "delete_egress_only_internet_gateway", "EgressOnlyInternetGatewayId"
    ),
    "AWS::EC2::FlowLog": by_list("ec2", "delete_flow_logs", "FlowLogIds"),
    "AWS::EC2::InternetGateway": by("ec2", "delete_internet_gateway", "InternetGatewayId"),
    "AWS::EC2::NatGateway": by("ec2", "delete_nat_gateway", "NatGatewayId"),
    "AWS::EC2::NetworkAcl": by("ec2", "delete_network_acl", "NetworkAclId"),
    "AWS::EC2::NetworkAclEntry": acl_entry_away,
    "AWS::EC2::Route": route_away,
    "AWS::EC2::RouteTable": by("ec2", "delete_route_table", "RouteTableId"),
    "AWS::EC2::SecurityGroup": by("ec2", "delete_security_group", "GroupId"),
    "AWS::EC2::SecurityGroupEgress": rule("revoke_security_group_egress"),
    "AWS::EC2::SecurityGroupIngress": rule("revoke_security_group_ingress"),
    "AWS::EC2::Subnet": by("ec2", "delete_subnet", "SubnetId"),
    "AWS::EC2::SubnetCidrBlock": by("ec2", "disassociate_subnet_cidr_block", "AssociationId"),
    "AWS::EC2::SubnetNetworkAclAssociation": acl_association,
    "AWS::EC2::SubnetRouteTableAssociation": by("ec2", "disassociate_route_table", "AssociationId"),
    "AWS::EC2::VPC": by("ec2", "delete_vpc", "VpcId"),
    "AWS::EC2::VPCCidrBlock": by("ec2", "disassociate_vpc_cidr_block", "AssociationId"),
    "AWS::EC2::VPCEndpoint": by_list("ec2", "delete_vpc_endpoints", "VpcEndpointIds"),
    "AWS::EC2::VPCGatewayAttachment": gateway_attachment,
    "AWS::EC2::VPCPeeringConnection": by("ec2", "delete_vpc_peering_connection", "VpcPeeringConnectionId"),
    "AWS::EC2::CustomerGateway": by("ec2", "delete_customer_gateway", "CustomerGatewayId"),
    "AWS::EC2::VPNConnection": by("ec2", "delete_vpn_connection", "VpnConnectionId"),
    "AWS::EC2::VPNGateway": by("ec2", "delete_vpn_gateway", "VpnGatewayId"),
    "AWS::EC2::LaunchTemplate": by("ec2", "delete_launch_template", "LaunchTemplateId"),
    "AWS::ECS::CapacityProvider": by("ecs", "delete_capacity_provider", "capacityProvider"),
    "AWS::ECS::ClusterCapacityProviderAssociations": capacity_away,
    "AWS::ECS::Cluster": by("ecs", "delete_cluster", "cluster"),
    "AWS::ECS::Service": service,
    "AWS::ECS::TaskDefinition": by("ecs", "deregister_task_definition", "taskDefinition"),
    "AWS::ElasticLoadBalancingV2::Listener": by("elbv2", "delete_listener", "ListenerArn"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": by("elbv2", "delete_rule", "RuleArn"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": by("elbv2", "delete_load_balancer", "LoadBalancerArn"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": by("elbv2", "delete_target_group", "TargetGroupArn"),
    "AWS::IAM::Policy": policy_in_roles,
    "AWS::IAM::InstanceProfile": profile_away,
    "AWS::IAM::Role": role,
    "AWS::KMS::Alias": by("kms", "delete_alias", "AliasName"),
    "AWS::ResourceGroups::Group": by("resource-groups", "delete_group", "Group"),
    "AWS::Route53::RecordSet": record,
    "AWS::S3::BucketPolicy": by("s3", "delete_bucket_policy", "Bucket"),
    "AWS::ServiceDiscovery::HttpNamespace": by("servicediscovery", "delete_namespace", "Id"),
    "AWS::ApiGateway::Authorizer": with_what_it_belongs_to(
        "apigateway", "delete_authorizer", "authorizerId", restApiId="RestApiId"
    ),
    "AWS::ApiGateway::Deployment": with_what_it_belongs_to(
        "apigateway", "delete_deployment", "deploymentId", restApiId="RestApiId"
    ),
    "AWS::ApiGateway::Method": method,
    "AWS::ApiGateway::Resource": with_what_it_belongs_to(
        "apigateway", "delete_resource", "resourceId", restApiId="RestApiId"
    ),
    "AWS::ApiGateway::RestApi": by("apigateway", "delete_rest_api", "restApiId"),
    "AWS::ApiGateway::Stage": with_what_it_belongs_to(
        "apigateway", "delete_stage", "stageName", restApiId="RestApiId"
    ),
    "AWS::ApiGateway::UsagePlan": by("apigateway", "delete_usage_plan", "usagePlanId"),
    "AWS::Budgets::Budget": budget,
    "AWS::CloudTrail::Trail": by("cloudtrail", "delete_trail", "Name"),
    "AWS::CloudWatch::Alarm": by_list("cloudwatch", "delete_alarms", "AlarmNames"),
    "AWS::CloudWatch::InsightRule": by_list("cloudwatch", "delete_insight_rules", "RuleNames"),
    "AWS::EC2::TransitGateway": by("ec2", "delete_transit_gateway", "TransitGatewayId"),
    "AWS::EC2::TransitGatewayAttachment": by(
        "ec2", "delete_transit_gateway_vpc_attachment", "TransitGatewayAttachmentId"
    ),
    "AWS::EC2::TransitGatewayRouteTable": by(
        "ec2", "delete_transit_gateway_route_table", "TransitGatewayRouteTableId"
    ),
    "AWS::EC2::TransitGatewayRouteTableAssociation": attachment_of_table(
        "disassociate_transit_gateway_route_table"
    ),
    "AWS::EC2::TransitGatewayRouteTablePropagation": attachment_of_table(
        "disable_transit_gateway_route_table_propagation"
    ),
    "AWS::Lambda::Alias": alias,
    "AWS::Lambda::Function": by("lambda", "delete_function", "FunctionName"),
    "AWS::Lambda::Permission": permission,
    "AWS::Lambda::Version": version,
    "AWS::Organizations::Policy": organization_policy,
    "AWS::RDS::DBCluster": snapshot_first,
    "AWS::RDS::DBClusterParameterGroup": by(
        "rds", "delete_db_cluster_parameter_group", "DBClusterParameterGroupName"
    ),
    "AWS::RDS::DBInstance": database_instance,
    "AWS::RDS::DBSubnetGroup": by("rds", "delete_db_subnet_group", "DBSubnetGroupName"),
}
