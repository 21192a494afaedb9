"""What exists in an account and a Region, by type and id, asked of each service by its lists.

What AWS puts there by itself (default VPCs and what belongs to them, managed keys) and what only says that something
was there (deleted gateways, deregistered task definitions) is left out.
"""
import tree

GONE = {"deleted", "deleting", "INACTIVE", "detached", "DELETE_COMPLETE"}


def listed(service, operation, key, identity, unless=None, **arguments):
    """A reader of one list: the ids of its items but for those `unless` speaks of."""

    def read(cloud, account, region):
        for page in cloud.everything(service, operation, account, region, **arguments):
            for item in page[key]:
                states = {str(item.get(name)) for name in ("State", "status", "Status")} if isinstance(item, dict) else set()
                if not states & GONE and not (unless and unless(item)):
                    yield item[identity] if isinstance(item, dict) else item

    return read


def roles(cloud, account, region):
    """IAM knows no Regions: they are counted where the partition's own are."""
    for page in cloud.everything("iam", "list_roles", account, "us-east-1") if region == "us-east-1" else []:
        yield from (role["RoleName"] for role in page["Roles"])


def buckets(cloud, account, region):
    for bucket in cloud.client("s3", account, region).list_buckets()["Buckets"] if region == "us-east-1" else []:
        yield bucket["Name"]


def of_organization(operation, key):
    def read(cloud, account, region):
        organizations = cloud.client("organizations", account, region)
        try:
            organizations.describe_organization()
        except organizations.exceptions.AWSOrganizationsNotInUseException:
            return
        if region == "us-east-1":
            arguments = {"Filter": "SERVICE_CONTROL_POLICY"} if key == "Policies" else {}
            if key == "OrganizationalUnits":
                arguments["ParentId"] = organizations.list_roots()["Roots"][0]["Id"]
            for item in getattr(organizations, operation)(**arguments)[key]:
                if not item.get("AwsManaged") and item["Id"] != account:
                    yield item["Id"]

    return read


def clusters(cloud, account, region):
    """moto lists those that are inactive, which AWS does not."""
    ecs = cloud.client("ecs", account, region)
    for cluster in ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]:
        if cluster["status"] == "ACTIVE":
            yield cluster["clusterArn"]


def services(cloud, account, region):
    ecs = cloud.client("ecs", account, region)
    for cluster in ecs.list_clusters()["clusterArns"]:
        for page in cloud.everything("ecs", "list_services", account, region, cluster=cluster):
            for arn in page["serviceArns"]:
                (service,) = ecs.describe_services(cluster=cluster, services=[arn])["services"]
                if service["status"] == "ACTIVE":
                    yield arn


def rules(cloud, account, region):
    balancing = cloud.client("elbv2", account, region)
    for balancer in balancing.describe_load_balancers()["LoadBalancers"]:
        for listener in balancing.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            for rule in balancing.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                if not rule["IsDefault"]:
                    yield rule["RuleArn"]


def records(cloud, account, region):
    """Zones are everybody's; those that the trees name were there before."""
    route53 = cloud.client("route53", account, region)
    for zone in route53.list_hosted_zones()["HostedZones"] if region == "us-east-1" else []:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if record["Type"] not in ("NS", "SOA"):
                yield f"{record['Name']} {record['Type']}"


def budgets(cloud, account, region):
    if region == "us-east-1":
        for budget in cloud.client("budgets", account, region).describe_budgets(AccountId=account).get("Budgets", []):
            yield budget["BudgetName"]


def default(item):
    return item.get("IsDefault") or item.get("GroupName") == "default" or item.get("DefaultForAz")


def main_table(item):
    return any(association.get("Main") for association in item["Associations"])


def stood_in(item):
    """A gateway of moto's in the place of one that was there before the tree, and its table: nobody has tagged them."""
    return not item.get("Tags")


def managed(item):
    return str(item.get("AliasName", "")).startswith("alias/aws/")


LISTS = {
    "AWS::ApiGateway::RestApi": listed("apigateway", "get_rest_apis", "items", "id"),
    "AWS::ApiGateway::UsagePlan": listed("apigateway", "get_usage_plans", "items", "id"),
    "AWS::Budgets::Budget": budgets,
    "AWS::CertificateManager::Certificate": listed(
        "acm", "list_certificates", "CertificateSummaryList", "CertificateArn"
    ),
    "AWS::CloudTrail::Trail": listed("cloudtrail", "describe_trails", "trailList", "Name", includeShadowTrails=False),
    "AWS::CloudWatch::Alarm": listed("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "AWS::CloudWatch::InsightRule": listed("cloudwatch", "describe_insight_rules", "InsightRules", "Name"),
    "AWS::DynamoDB::Table": listed("dynamodb", "list_tables", "TableNames", None),
    "AWS::EC2::EIP": listed("ec2", "describe_addresses", "Addresses", "PublicIp"),
    "AWS::EC2::FlowLog": listed("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    "AWS::EC2::InternetGateway": listed("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "AWS::EC2::NatGateway": listed("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    "AWS::EC2::NetworkAcl": listed("ec2", "describe_network_acls", "NetworkAcls", "NetworkAclId", default),
    "AWS::EC2::RouteTable": listed("ec2", "describe_route_tables", "RouteTables", "RouteTableId", main_table),
    "AWS::EC2::SecurityGroup": listed("ec2", "describe_security_groups", "SecurityGroups", "GroupId", default),
    "AWS::EC2::Subnet": listed("ec2", "describe_subnets", "Subnets", "SubnetId", default),
    "AWS::EC2::TransitGateway": listed("ec2", "describe_transit_gateways", "TransitGateways", "TransitGatewayId", stood_in),
    "AWS::EC2::TransitGatewayAttachment": listed(
        "ec2", "describe_transit_gateway_attachments", "TransitGatewayAttachments", "TransitGatewayAttachmentId"
    ),
    "AWS::EC2::TransitGatewayRouteTable": listed(
        "ec2",
        "describe_transit_gateway_route_tables",
        "TransitGatewayRouteTables",
        "TransitGatewayRouteTableId",
        stood_in,
    ),
    "AWS::EC2::VPC": listed("ec2", "describe_vpcs", "Vpcs", "VpcId", default),
    "AWS::EC2::VPCEndpoint": listed("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    "AWS::ECS::Cluster": clusters,
    "AWS::ECS::Service": services,
    "AWS::ECS::TaskDefinition": listed("ecs", "list_task_definitions", "taskDefinitionArns", None),
    "AWS::ElasticLoadBalancingV2::ListenerRule": rules,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": listed(
        "elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": listed(
        "elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"
    ),
    "AWS::IAM::Role": roles,
    "AWS::KMS::Alias": listed("kms", "list_aliases", "Aliases", "AliasName", managed),
    "AWS::KMS::Key": listed("kms", "list_keys", "Keys", "KeyId"),
    "AWS::Lambda::Function": listed("lambda", "list_functions", "Functions", "FunctionName"),
    "AWS::Logs::LogGroup": listed("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "AWS::Organizations::Account": of_organization("list_accounts", "Accounts"),
    "AWS::Organizations::OrganizationalUnit": of_organization(
        "list_organizational_units_for_parent", "OrganizationalUnits"
    ),
    "AWS::Organizations::Policy": of_organization("list_policies", "Policies"),
    "AWS::RDS::DBCluster": listed("rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
    "AWS::RDS::DBClusterParameterGroup": listed(
        "rds", "describe_db_cluster_parameter_groups", "DBClusterParameterGroups", "DBClusterParameterGroupName"
    ),
    "AWS::RDS::DBInstance": listed("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    "AWS::RDS::DBSubnetGroup": listed("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    "AWS::ResourceGroups::Group": listed("resource-groups", "list_groups", "GroupIdentifiers", "GroupName"),
    "AWS::Route53::RecordSet": records,
    "AWS::S3::Bucket": buckets,
    "AWS::SecretsManager::Secret": listed("secretsmanager", "list_secrets", "SecretList", "ARN"),
    "AWS::ServiceDiscovery::HttpNamespace": listed("servicediscovery", "list_namespaces", "Namespaces", "Id"),
}
# Kept, and in no list: a setting of the account.
SETTINGS = {"AWS::ApiGateway::Account"}
# Services that know no Regions answer for all of them from one.
GLOBAL = {"AWS::IAM::Role", "AWS::S3::Bucket"}


def of(cloud, places):
    """Everything that exists in these accounts and Regions."""
    found = set()
    for account, region in sorted(places):
        for kind, read in LISTS.items():
            found |= {(account, region, kind, identity) for identity in read(cloud, account, region)}
    return found


def without_snapshot(cloud, stack, created):
    """The clusters of a deleted stack that should have left a snapshot behind, and have not."""
    resources = tree.read(stack.template)["Resources"]
    wanted = {
        one["id"]
        for logical, one in created.items()
        if one["type"] == "AWS::RDS::DBCluster" and resources[logical].get("DeletionPolicy") == "Snapshot"
    }
    if wanted:
        pages = cloud.everything("rds", "describe_db_cluster_snapshots", stack.account, stack.region)
        wanted -= {one["DBClusterIdentifier"] for page in pages for one in page["DBClusterSnapshots"]}
    return wanted


def kept(stack, created):
    """What a stack leaves behind when it goes, as `of` would say it: what its template retains."""
    resources = tree.read(stack.template)["Resources"]
    for logical, one in created.items():
        policy = resources[logical].get("DeletionPolicy", "Delete")
        if policy.startswith("Retain") and one["type"] not in SETTINGS:
            region = "us-east-1" if one["type"] in GLOBAL else stack.region
            yield stack.account, region, one["type"], one["id"]
