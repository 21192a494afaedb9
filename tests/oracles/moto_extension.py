#!/usr/bin/env python3
"""Starts moto's server with the resource types that tenantry emits created faithfully: `moto_extension.py PORT`.

moto's service APIs are far more complete than its CloudFormation. Stock moto creates some types without their tags,
zones or attributes and passes over others in silence, so a stack that is CREATE_COMPLETE proves little. Here each
type in `TYPES` is created by a call of the service's own API on this same server: botocore checks the parameters,
and a property that no parameter takes fails the stack instead of vanishing. Types found in neither place become a
placeholder whose physical id starts with `ABSENT`, which `deploy.py` counts as not created.

Updates and deletion are the business of `moto_updates.py`. Roll-back stays as moto has it and is judged by nobody.
"""
import copy
import ipaddress
import json
import logging
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from moto.cloudformation import models as stack_models
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models import vpcs
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.responses.nat_gateways import NatGateways
from moto.ec2.responses.vpcs import VPCs
from moto.ec2.responses.network_acls import NetworkACLs
from moto.ec2.utils import add_tag_specification, random_nat_gateway_id
from moto.route53.exceptions import ResourceRecordAlreadyExists
from moto.route53.models import FakeZone, route53_backends

import moto_delivery
import moto_instances
import moto_metering
import moto_operations
import moto_pools
import moto_tagging
import moto_updates
import moto_users
from server import ABSENT

PORT = int(sys.argv[1]) if __name__ == "__main__" else 0


# ---- how a type is described ----


@dataclass(frozen=True)
class Type:
    """How one resource type is created, and where its reference and attributes are found afterwards."""

    service: str
    # Or a function of the properties, where they decide.
    operation: str | Callable
    # What Ref returns: a dotted path in the answer, or a function of the created resource.
    reference: str | Callable
    attributes: dict = field(default_factory=dict)
    # The property CloudFormation makes up a name for, and the longest name the service takes.
    named: tuple | None = None
    rename: dict = field(default_factory=dict)
    # Rewrites the properties before the call; they are a copy.
    prepare: Callable | None = None
    # Properties that no parameter of the operation takes: `finish` sees to them in calls of their own, or moto has
    # nothing that could hold them.
    later: tuple = ()
    finish: Callable | None = None
    # EC2 takes tags by kind of resource.
    ec2_tags: str | None = None


@dataclass
class Created:
    """A resource that exists: what the template asked for, what the API answered."""

    context: "Context"
    properties: dict
    answer: dict
    reference: str = ""


@dataclass(frozen=True)
class Context:
    account: str
    region: str

    def client(self, service):
        return client(service, self.account, self.region)


CLIENTS = {}


def client(service, account, region):
    key = (service, account, region)
    if key not in CLIENTS:
        made = boto3.client(
            service,
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{PORT}",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"max_attempts": 0}),
        )
        # The header by which moto keeps accounts apart without credentials for each.
        made.meta.events.register(
            "before-sign.*.*", lambda request, **_: request.headers.__setitem__("x-moto-account-id", account)
        )
        CLIENTS[key] = made
    return CLIENTS[key]


# ---- properties to parameters ----


def parameters(shape, value, path, lost):
    """The value of a property in the form the API takes it; what the API has no place for is added to `lost`."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        member_of = {name.lower(): name for name in shape.members}
        if {"tagkey", "tagvalue"} == set(member_of) and {"Key", "Value"} == set(value):
            value = {"TagKey": value["Key"], "TagValue": value["Value"]}
        converted = {}
        for key, inner in value.items():
            member = member_of.get(key.lower())
            if member is None:
                lost.append(f"{path}/{key}".lstrip("/"))
            else:
                converted[member] = parameters(shape.members[member], inner, f"{path}/{key}", lost)
        return converted
    if kind == "list":
        items = value if isinstance(value, list) else [value]
        return [parameters(shape.member, item, path, lost) for item in items]
    if kind == "map":
        if isinstance(value, list):
            value = {pair["Key"]: pair["Value"] for pair in value}
        return {key: parameters(shape.value, inner, f"{path}/{key}", lost) for key, inner in value.items()}
    if kind == "string":
        if isinstance(value, bool):
            return str(value).lower()
        return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    return value


def create(name, described, properties, generated_name, context):
    """Creates one resource through the API of its service."""
    if described.named and described.named[0] not in properties:
        properties[described.named[0]] = shortened(generated_name, described.named[1])
    wanted = copy.deepcopy(properties)
    if described.prepare:
        properties = described.prepare(properties, context)
    if described.ec2_tags and properties.get("Tags"):
        tags = properties.pop("Tags")
        properties["TagSpecifications"] = [{"ResourceType": described.ec2_tags, "Tags": tags}]
    arguments = {
        described.rename.get(key, key): value for key, value in properties.items() if key not in described.later
    }
    service = context.client(described.service)
    called = described.operation(wanted) if callable(described.operation) else described.operation
    operation = service.meta.service_model.operation_model(service.meta.method_to_api_mapping[called])
    lost = []
    arguments = parameters(operation.input_shape, arguments, "", lost)
    if lost:
        raise ValidationError(message=f"{name}: {called} takes no {', '.join(sorted(set(lost)))}")
    answer = getattr(service, called)(**arguments)
    if answer.get("Unsuccessful"):
        raise ValidationError(message=f"{name}: {answer['Unsuccessful']}")
    created = Created(context, wanted, answer)
    created.reference = found(described.reference, created)
    if described.finish:
        described.finish(created)
    return created


def shortened(generated, longest):
    """A generated name within the service's limit that keeps its random end, which is what makes it unique."""
    cleaned = re.sub(r"[^A-Za-z0-9-]", "-", generated)
    return cleaned if len(cleaned) <= longest else f"{cleaned[:longest - 13]}-{cleaned[-12:]}"


def found(where, created):
    """The value at a dotted path of the answer, or what a function makes of the resource."""
    if callable(where):
        return where(created)
    value = created.answer
    for step in where.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def property_named(name):
    return lambda created: created.properties[name]


# ---- EC2 ----


def vpc_attributes(created):
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in created.properties:
            value = str(created.properties[name]).lower() == "true"
            created.context.client("ec2").modify_vpc_attribute(VpcId=created.reference, **{name: {"Value": value}})


def default_of_vpc(operation, answer_key, identity, filters):
    def look_up(created):
        wanted = [{"Name": "vpc-id", "Values": [created.reference]}, filters]
        answer = getattr(created.context.client("ec2"), operation)(Filters=wanted)
        return answer[answer_key][0][identity]

    return look_up


def subnet_attributes(created):
    if "MapPublicIpOnLaunch" in created.properties:
        value = str(created.properties["MapPublicIpOnLaunch"]).lower() == "true"
        created.context.client("ec2").modify_subnet_attribute(
            SubnetId=created.reference, MapPublicIpOnLaunch={"Value": value}
        )


def associate_network_acl(created):
    """A subnet always has an ACL, so associating one means replacing the one it has."""
    ec2, subnet = created.context.client("ec2"), created.properties["SubnetId"]
    current = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    association = next(
        association["NetworkAclAssociationId"]
        for acl in current["NetworkAcls"]
        for association in acl["Associations"]
        if association["SubnetId"] == subnet
    )
    answer = ec2.replace_network_acl_association(
        AssociationId=association, NetworkAclId=created.properties["NetworkAclId"]
    )
    created.reference = answer["NewAssociationId"]


def permission(rule):
    """A security group rule of a template as the API's IpPermission."""
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    converted = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    converted["IpProtocol"] = str(converted["IpProtocol"])
    if converted["IpProtocol"] not in ("-1", "tcp", "udp", "icmp"):
        # AWS knows no ports of other protocols, and moto wants some.
        converted = {"FromPort": -1, "ToPort": -1, **converted}
    for key in ("FromPort", "ToPort"):
        if key in converted:
            converted[key] = int(converted[key])
    if "CidrIp" in rule:
        converted["IpRanges"] = [{"CidrIp": rule["CidrIp"], **described}]
    if "CidrIpv6" in rule:
        converted["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **described}]
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    if group:
        converted["UserIdGroupPairs"] = [{"GroupId": group, **described}]
    prefix_list = rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
    if prefix_list:
        converted["PrefixListIds"] = [{"PrefixListId": prefix_list, **described}]
    return converted


def rule_of_its_own(properties, _context):
    return {"GroupId": properties["GroupId"], "IpPermissions": [permission(properties)]}


def first_rule(created):
    rules = created.answer.get("SecurityGroupRules") or [{}]
    return rules[0].get("SecurityGroupRuleId", "sgr")


def inline_rules(created):
    ec2, group = created.context.client("ec2"), created.reference
    egress, ingress = (created.properties.get(f"SecurityGroup{way}", []) for way in ("Egress", "Ingress"))
    if egress:
        # Naming any egress rule takes away the one that allows everything.
        present = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissionsEgress"]
        if present:
            ec2.revoke_security_group_egress(GroupId=group, IpPermissions=present)
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission(rule) for rule in egress])
    if ingress:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(rule) for rule in ingress])


def attach_gateway(properties):
    return "attach_vpn_gateway" if "VpnGatewayId" in properties else "attach_internet_gateway"


def accepted(created):
    """CloudFormation accepts what it has asked for in the same account."""
    created.context.client("ec2").accept_vpc_peering_connection(VpcPeeringConnectionId=created.reference)


def endpoint_lists(properties, _context):
    """moto walks the route tables of a gateway endpoint even where none is named."""
    return {"RouteTableIds": [], **properties} if properties.get("VpcEndpointType") != "Interface" else properties


def ipv6_blocks(created):
    """Asked for when it is used: the block is associated after the VPC stands."""
    (vpc,) = created.context.client("ec2").describe_vpcs(VpcIds=[created.reference])["Vpcs"]
    return [one["Ipv6CidrBlock"] for one in vpc.get("Ipv6CidrBlockAssociationSet", [])]


EC2 = {
    "VPC": Type(
        "ec2", "create_vpc", "Vpc.VpcId", ec2_tags="vpc",
        later=("EnableDnsSupport", "EnableDnsHostnames"), finish=vpc_attributes,
        attributes={
            "VpcId": "Vpc.VpcId",
            "CidrBlock": "Vpc.CidrBlock",
            "Ipv6CidrBlocks": ipv6_blocks,
            "DefaultSecurityGroup": default_of_vpc(
                "describe_security_groups", "SecurityGroups", "GroupId",
                {"Name": "group-name", "Values": ["default"]},
            ),
            "DefaultNetworkAcl": default_of_vpc(
                "describe_network_acls", "NetworkAcls", "NetworkAclId", {"Name": "default", "Values": ["true"]}
            ),
        },
    ),
    "VPCCidrBlock": Type(
        "ec2", "associate_vpc_cidr_block",
        lambda created: (
            created.answer.get("CidrBlockAssociation") or created.answer["Ipv6CidrBlockAssociation"]
        )["AssociationId"],
    ),
    "Subnet": Type(
        "ec2", "create_subnet", "Subnet.SubnetId", ec2_tags="subnet",
        later=("MapPublicIpOnLaunch",), finish=subnet_attributes,
        attributes={
            "SubnetId": "Subnet.SubnetId", "CidrBlock": "Subnet.CidrBlock", "VpcId": "Subnet.VpcId",
            "AvailabilityZone": "Subnet.AvailabilityZone", "AvailabilityZoneId": "Subnet.AvailabilityZoneId",
        },
    ),
    "SubnetCidrBlock": Type("ec2", "associate_subnet_cidr_block", "Ipv6CidrBlockAssociation.AssociationId"),
    "EgressOnlyInternetGateway": Type(
        "ec2", "create_egress_only_internet_gateway", "EgressOnlyInternetGateway.EgressOnlyInternetGatewayId",
        ec2_tags="egress-only-internet-gateway",
    ),
    "InternetGateway": Type(
        "ec2", "create_internet_gateway", "InternetGateway.InternetGatewayId", ec2_tags="internet-gateway",
        attributes={"InternetGatewayId": "InternetGateway.InternetGatewayId"},
    ),
    "VPCGatewayAttachment": Type(
        "ec2", attach_gateway,
        lambda created: f"{'VGW' if 'VpnGatewayId' in created.properties else 'IGW'}|{created.properties['VpcId']}",
    ),
    "CustomerGateway": Type(
        "ec2", "create_customer_gateway", "CustomerGateway.CustomerGatewayId", ec2_tags="customer-gateway"
    ),
    "VPNGateway": Type("ec2", "create_vpn_gateway", "VpnGateway.VpnGatewayId", ec2_tags="vpn-gateway"),
    "VPCPeeringConnection": Type(
        "ec2", "create_vpc_peering_connection", "VpcPeeringConnection.VpcPeeringConnectionId",
        ec2_tags="vpc-peering-connection", later=("PeerRoleArn",), finish=accepted,
    ),
    # moto keeps nothing of the tunnels.
    "VPNConnection": Type(
        "ec2", "create_vpn_connection", "VpnConnection.VpnConnectionId", ec2_tags="vpn-connection",
        later=("PreSharedKeyStorage", "StaticRoutesOnly", "VpnTunnelOptionsSpecifications"),
    ),
    "EIP": Type(
        "ec2", "allocate_address", "PublicIp", ec2_tags="elastic-ip",
        attributes={"PublicIp": "PublicIp", "AllocationId": "AllocationId"},
    ),
    "NatGateway": Type(
        "ec2", "create_nat_gateway", "NatGateway.NatGatewayId", ec2_tags="natgateway",
        attributes={"NatGatewayId": "NatGateway.NatGatewayId"},
    ),
    "RouteTable": Type(
        "ec2", "create_route_table", "RouteTable.RouteTableId", ec2_tags="route-table",
        attributes={"RouteTableId": "RouteTable.RouteTableId"},
    ),
    "Route": Type(
        "ec2", "create_route",
        lambda created: "|".join(
            str(created.properties[key])
            for key in ("RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock")
            if key in created.properties
        ),
    ),
    "SubnetRouteTableAssociation": Type("ec2", "associate_route_table", "AssociationId"),
    "NetworkAcl": Type(
        "ec2", "create_network_acl", "NetworkAcl.NetworkAclId", ec2_tags="network-acl",
        attributes={"Id": "NetworkAcl.NetworkAclId"},
    ),
    "NetworkAclEntry": Type(
        "ec2", "create_network_acl_entry",
        lambda created: "{NetworkAclId}|{RuleNumber}|{Egress}".format(**{"Egress": False, **created.properties}),
        rename={"Icmp": "IcmpTypeCode"}, prepare=lambda properties, _: {"Egress": False, **properties},
    ),
    "SubnetNetworkAclAssociation": Type(
        "ec2", "describe_subnets", property_named("SubnetId"), rename={"SubnetId": "SubnetIds"},
        later=("NetworkAclId",), finish=associate_network_acl,
    ),
    "SecurityGroup": Type(
        "ec2", "create_security_group", "GroupId", ec2_tags="security-group", named=("GroupName", 255),
        rename={"GroupDescription": "Description"}, later=("SecurityGroupIngress", "SecurityGroupEgress"),
        finish=inline_rules, attributes={"GroupId": "GroupId", "Id": "GroupId", "VpcId": property_named("VpcId")},
    ),
    "SecurityGroupIngress": Type("ec2", "authorize_security_group_ingress", first_rule, prepare=rule_of_its_own),
    "SecurityGroupEgress": Type("ec2", "authorize_security_group_egress", first_rule, prepare=rule_of_its_own),
    "PrefixList": Type(
        "ec2", "create_managed_prefix_list", "PrefixList.PrefixListId", ec2_tags="prefix-list",
        attributes={"PrefixListId": "PrefixList.PrefixListId", "Arn": "PrefixList.PrefixListArn"},
    ),
    "VPCEndpoint": Type(
        "ec2", "create_vpc_endpoint", "VpcEndpoint.VpcEndpointId", ec2_tags="vpc-endpoint", prepare=endpoint_lists,
        attributes={"Id": "VpcEndpoint.VpcEndpointId"},
    ),
    "FlowLog": Type(
        "ec2", "create_flow_logs", "FlowLogIds.0", ec2_tags="vpc-flow-log", rename={"ResourceId": "ResourceIds"},
        attributes={"Id": "FlowLogIds.0"},
    ),
}


# ---- keys, logs, identities ----


def key_settings(created):
    kms, properties = created.context.client("kms"), created.properties
    if str(properties.get("EnableKeyRotation")).lower() == "true":
        days = {"RotationPeriodInDays": int(properties["RotationPeriodInDays"])} \
            if "RotationPeriodInDays" in properties else {}
        kms.enable_key_rotation(KeyId=created.reference, **days)
    if str(properties.get("Enabled")).lower() == "false":
        kms.disable_key(KeyId=created.reference)


def retention(created):
    if "RetentionInDays" in created.properties:
        created.context.client("logs").put_retention_policy(
            logGroupName=created.reference, retentionInDays=int(created.properties["RetentionInDays"])
        )


def log_group_arn(created):
    return f"arn:aws:logs:{created.context.region}:{created.context.account}:log-group:{created.reference}:*"


def role_policies(created):
    iam = created.context.client("iam")
    for policy in created.properties.get("Policies", []):
        iam.put_role_policy(
            RoleName=created.reference,
            PolicyName=policy["PolicyName"],
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
    for arn in created.properties.get("ManagedPolicyArns", []):
        iam.attach_role_policy(RoleName=created.reference, PolicyArn=arn)


def attach_to_roles(created):
    for role in created.properties.get("Roles", []):
        created.context.client("iam").attach_role_policy(RoleName=role, PolicyArn=created.reference)


def inline_in_roles(created):
    for role in created.properties["Roles"]:
        created.context.client("iam").put_role_policy(
            RoleName=role,
            PolicyName=created.properties["PolicyName"],
            PolicyDocument=json.dumps(created.properties["PolicyDocument"]),
        )


KEYS_LOGS_AND_IDENTITIES = {
    "KMS::Key": Type(
        "kms", "create_key", "KeyMetadata.KeyId", rename={"KeyPolicy": "Policy"}, finish=key_settings,
        later=("EnableKeyRotation", "RotationPeriodInDays", "Enabled", "PendingWindowInDays"),
        attributes={"Arn": "KeyMetadata.Arn", "KeyId": "KeyMetadata.KeyId"},
    ),
    "KMS::Alias": Type(
        "kms", "create_alias", property_named("AliasName"), rename={"TargetKeyId": "TargetKeyId"}
    ),
    "Logs::LogGroup": Type(
        "logs", "create_log_group", property_named("LogGroupName"), named=("LogGroupName", 512),
        later=("RetentionInDays",), finish=retention, attributes={"Arn": log_group_arn},
    ),
    "Logs::MetricFilter": Type("logs", "put_metric_filter", property_named("FilterName"), named=("FilterName", 512)),
    "IAM::Role": Type(
        "iam", "create_role", "Role.RoleName", named=("RoleName", 64), later=("Policies", "ManagedPolicyArns"),
        finish=role_policies, attributes={"Arn": "Role.Arn", "RoleId": "Role.RoleId"},
    ),
    "IAM::Policy": Type(
        # There is no such thing on AWS: it is an inline policy in each of its roles.
        "iam", "list_roles", property_named("PolicyName"), later=("PolicyName", "PolicyDocument", "Roles"),
        finish=inline_in_roles,
    ),
    "IAM::RolePolicy": Type("iam", "put_role_policy", property_named("PolicyName")),
    "IAM::ManagedPolicy": Type(
        "iam", "create_policy", "Policy.Arn", named=("PolicyName", 128), rename={"ManagedPolicyName": "PolicyName"},
        later=("Roles",), finish=attach_to_roles, attributes={"PolicyArn": "Policy.Arn"},
    ),
    "ResourceGroups::Group": Type(
        "resource-groups", "create_group", "Group.Name", attributes={"Arn": "Group.GroupArn"}
    ),
    "CloudWatch::Alarm": Type(
        "cloudwatch", "put_metric_alarm", property_named("AlarmName"), named=("AlarmName", 255),
        attributes={"Arn": lambda created: "arn:aws:cloudwatch:{}:{}:alarm:{}".format(
            created.context.region, created.context.account, created.reference)},
    ),
}


# ---- containers, load balancers, names ----


def scalable_target_id(created):
    wanted = created.properties
    return f"{wanted['ResourceId']}|{wanted['ScalableDimension']}|{wanted['ServiceNamespace']}"


def of_scalable_target(properties, _context):
    if "ScalingTargetId" in properties:
        resource, dimension, namespace = properties.pop("ScalingTargetId").split("|")
        properties |= {"ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace}
    return properties


def attributes_of(operation, argument, name):
    """Attributes of a load balancer and its parts are set by a call of their own."""

    def set_them(created):
        wanted = created.properties.get(name, [])
        if wanted:
            pairs = [{"Key": pair["Key"], "Value": str(pair["Value"]).lower()
                      if isinstance(pair["Value"], bool) else str(pair["Value"])} for pair in wanted]
            getattr(created.context.client("elbv2"), operation)(**{argument: created.reference, "Attributes": pairs})

    return set_them


def after_last(marker, path):
    """The part of an ARN that load balancer metrics and scaling use as a name."""
    return lambda created: found(path, created).split(marker, 1)[1]


def record(properties, context):
    zone = properties.pop("HostedZoneId").split("/")[-1]
    properties.pop("Comment", None)
    zones = route53_backends[context.account]["aws"].zones
    if zone not in zones:
        # A zone that the catalog names was there before tenantry, and the API cannot be told which id to give one.
        domain = properties["Name"].rstrip(".").split(".", 1)[1]
        zones[zone] = FakeZone(domain, zone, private_zone=False, caller_reference=zone)
    if "ResourceRecords" in properties:
        properties["ResourceRecords"] = [{"Value": value} for value in properties["ResourceRecords"]]
    if "AliasTarget" in properties:
        properties["AliasTarget"].setdefault("EvaluateTargetHealth", False)
    return {
        "HostedZoneId": zone,
        "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": properties}]},
    }


def namespace_of(created):
    """Namespaces are made by an operation, which names them once it is done."""
    cloud_map = created.context.client("servicediscovery")
    operation = cloud_map.get_operation(OperationId=created.answer["OperationId"])["Operation"]
    return operation["Targets"]["NAMESPACE"]


CONTAINERS_AND_TRAFFIC = {
    "ECS::Cluster": Type(
        "ecs", "create_cluster", "cluster.clusterName", named=("ClusterName", 255),
        rename={"ClusterSettings": "settings"}, attributes={"Arn": "cluster.clusterArn"},
    ),
    "ECS::ClusterCapacityProviderAssociations": Type(
        "ecs", "put_cluster_capacity_providers", "cluster.clusterName"
    ),
    "ECS::TaskDefinition": Type(
        "ecs", "register_task_definition", "taskDefinition.taskDefinitionArn", named=("Family", 255),
        attributes={"TaskDefinitionArn": "taskDefinition.taskDefinitionArn"},
    ),
    "ECS::Service": Type(
        "ecs", "create_service", "service.serviceArn", named=("ServiceName", 255),
        rename={"PlacementStrategies": "placementStrategy"},
        attributes={"Name": "service.serviceName", "ServiceArn": "service.serviceArn"},
    ),
    "ApplicationAutoScaling::ScalableTarget": Type(
        "application-autoscaling", "register_scalable_target", scalable_target_id,
        attributes={"Id": scalable_target_id},
        # moto fails on tags that it cannot keep.
        later=("Tags",),
    ),
    "ApplicationAutoScaling::ScalingPolicy": Type(
        "application-autoscaling", "put_scaling_policy", "PolicyARN", prepare=of_scalable_target,
        attributes={"Arn": "PolicyARN"},
    ),
    "ElasticLoadBalancingV2::LoadBalancer": Type(
        "elbv2", "create_load_balancer", "LoadBalancers.0.LoadBalancerArn", named=("Name", 32),
        later=("LoadBalancerAttributes",),
        finish=attributes_of("modify_load_balancer_attributes", "LoadBalancerArn", "LoadBalancerAttributes"),
        attributes={
            "LoadBalancerArn": "LoadBalancers.0.LoadBalancerArn",
            "DNSName": "LoadBalancers.0.DNSName",
            "CanonicalHostedZoneID": "LoadBalancers.0.CanonicalHostedZoneId",
            "LoadBalancerName": "LoadBalancers.0.LoadBalancerName",
            "LoadBalancerFullName": after_last("loadbalancer/", "LoadBalancers.0.LoadBalancerArn"),
        },
    ),
    "ElasticLoadBalancingV2::TargetGroup": Type(
        "elbv2", "create_target_group", "TargetGroups.0.TargetGroupArn", named=("Name", 32),
        later=("TargetGroupAttributes",),
        finish=attributes_of("modify_target_group_attributes", "TargetGroupArn", "TargetGroupAttributes"),
        attributes={
            "TargetGroupArn": "TargetGroups.0.TargetGroupArn",
            "TargetGroupName": "TargetGroups.0.TargetGroupName",
            "TargetGroupFullName": lambda created: "targetgroup/"
            + after_last("targetgroup/", "TargetGroups.0.TargetGroupArn")(created),
        },
    ),
    "ElasticLoadBalancingV2::Listener": Type(
        "elbv2", "create_listener", "Listeners.0.ListenerArn", later=("ListenerAttributes",),
        finish=attributes_of("modify_listener_attributes", "ListenerArn", "ListenerAttributes"),
        attributes={"ListenerArn": "Listeners.0.ListenerArn"},
    ),
    "ElasticLoadBalancingV2::ListenerRule": Type(
        "elbv2", "create_rule", "Rules.0.RuleArn", attributes={"RuleArn": "Rules.0.RuleArn"}
    ),
    "ServiceDiscovery::HttpNamespace": Type(
        "servicediscovery", "create_http_namespace", namespace_of,
        attributes={
            "Id": namespace_of,
            "Arn": lambda created: created.context.client("servicediscovery").get_namespace(
                Id=created.reference
            )["Namespace"]["Arn"],
        },
    ),
    "CertificateManager::Certificate": Type(
        "acm", "request_certificate", "CertificateArn",
        # The API validates by hosted zone only in a second step, which moto does not need.
        later=("DomainValidationOptions",),
    ),
    "Route53::RecordSet": Type(
        "route53", "change_resource_record_sets", property_named("Name"), prepare=record
    ),
}


# ---- storage: buckets, databases, secrets ----


def bucket_region(properties, context):
    # S3 names are lower case, and its first region must not be named as a location.
    properties["BucketName"] = properties["BucketName"].lower()
    if context.region != "us-east-1":
        properties["CreateBucketConfiguration"] = {"LocationConstraint": context.region}
    return properties


def bucket_settings(created):
    """What CloudFormation sets on a bucket call by call. Life cycles are left out: the API spells them otherwise."""
    s3, wanted = created.context.client("s3"), created.properties
    bucket = {"Bucket": created.reference}
    if wanted.get("Tags"):
        s3.put_bucket_tagging(**bucket, Tagging={"TagSet": wanted["Tags"]})
    if "VersioningConfiguration" in wanted:
        s3.put_bucket_versioning(**bucket, VersioningConfiguration=wanted["VersioningConfiguration"])
    if "PublicAccessBlockConfiguration" in wanted:
        block = {key: str(value).lower() == "true" for key, value in wanted["PublicAccessBlockConfiguration"].items()}
        s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=block)
    if "OwnershipControls" in wanted:
        s3.put_bucket_ownership_controls(**bucket, OwnershipControls=wanted["OwnershipControls"])
    if "BucketEncryption" in wanted:
        rules = [
            {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
            for rule in wanted["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        ]
        s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def bucket_host(suffix):
    return lambda created: f"{created.reference}.{suffix.format(region=created.context.region)}"


def managed_secret(properties, _context):
    secret = properties.pop("MasterUserSecret", {})
    return properties | ({"MasterUserSecretKmsKeyId": secret["KmsKeyId"]} if "KmsKeyId" in secret else {})


def cluster_parameters(created):
    wanted = created.properties.get("Parameters", {})
    if wanted:
        created.context.client("rds").modify_db_cluster_parameter_group(
            DBClusterParameterGroupName=created.reference,
            Parameters=[
                {"ParameterName": name, "ParameterValue": str(value), "ApplyMethod": "pending-reboot"}
                for name, value in wanted.items()
            ],
        )


def secret_value(properties, context):
    wanted = properties.pop("GenerateSecretString", None)
    if wanted is not None:
        template, key = wanted.pop("SecretStringTemplate", None), wanted.pop("GenerateStringKey", None)
        password = context.client("secretsmanager").get_random_password(**wanted)["RandomPassword"]
        properties["SecretString"] = json.dumps(json.loads(template) | {key: password}) if template else password
    return properties


STORAGE = {
    "S3::Bucket": Type(
        "s3", "create_bucket", lambda created: created.properties["BucketName"].lower(), named=("BucketName", 63),
        rename={"BucketName": "Bucket"}, prepare=bucket_region, finish=bucket_settings,
        later=(
            "Tags", "VersioningConfiguration", "PublicAccessBlockConfiguration", "OwnershipControls",
            "BucketEncryption", "LifecycleConfiguration",
        ),
        attributes={
            "Arn": lambda created: f"arn:aws:s3:::{created.reference}",
            "DomainName": bucket_host("s3.amazonaws.com"),
            "RegionalDomainName": bucket_host("s3.{region}.amazonaws.com"),
        },
    ),
    "S3::BucketPolicy": Type(
        "s3", "put_bucket_policy", property_named("Bucket"), rename={"PolicyDocument": "Policy"}
    ),
    "RDS::DBSubnetGroup": Type(
        "rds", "create_db_subnet_group", "DBSubnetGroup.DBSubnetGroupName", named=("DBSubnetGroupName", 255)
    ),
    "RDS::DBClusterParameterGroup": Type(
        "rds", "create_db_cluster_parameter_group", "DBClusterParameterGroup.DBClusterParameterGroupName",
        named=("DBClusterParameterGroupName", 255), rename={"Family": "DBParameterGroupFamily"},
        later=("Parameters",), finish=cluster_parameters,
    ),
    "RDS::DBCluster": Type(
        "rds", "create_db_cluster", "DBCluster.DBClusterIdentifier", named=("DBClusterIdentifier", 63),
        prepare=managed_secret,
        attributes={
            "DBClusterArn": "DBCluster.DBClusterArn",
            "DBClusterResourceId": "DBCluster.DbClusterResourceId",
            "Endpoint.Address": "DBCluster.Endpoint",
            "Endpoint.Port": "DBCluster.Port",
            "ReadEndpoint.Address": "DBCluster.ReaderEndpoint",
            "MasterUserSecret.SecretArn": lambda created: created.answer["DBCluster"]
            .get("MasterUserSecret", {}).get("SecretArn")
            or f"arn:aws:secretsmanager:{created.context.region}:{created.context.account}:secret:rds-managed",
        },
    ),
    "RDS::DBInstance": Type(
        "rds", "create_db_instance", "DBInstance.DBInstanceIdentifier", named=("DBInstanceIdentifier", 63),
        attributes={"DBInstanceArn": "DBInstance.DBInstanceArn", "DbiResourceId": "DBInstance.DbiResourceId"},
    ),
    "SecretsManager::Secret": Type(
        "secretsmanager", "create_secret", "ARN", named=("Name", 255), prepare=secret_value,
        attributes={"Id": "ARN"},
    ),
    "SecretsManager::SecretTargetAttachment": Type(
        "secretsmanager", "describe_secret", property_named("SecretId"), later=("TargetId", "TargetType")
    ),
}

TYPES = {
    **{f"AWS::EC2::{name}": described for name, described in EC2.items()},
    **{
        f"AWS::{name}": described
        for group in (KEYS_LOGS_AND_IDENTITIES, CONTAINERS_AND_TRAFFIC, STORAGE)
        for name, described in group.items()
    },
    **moto_delivery.described(Type, property_named),
    **moto_instances.described(Type, property_named),
    **moto_pools.described(Type, property_named),
    **moto_operations.described(Type, property_named),
    **moto_users.described(Type, property_named),
    **moto_metering.described(Type, property_named),
    **moto_tagging.described(Type, property_named),
}


# ---- the types as moto's engine wants them ----


class Extended:
    """A resource of a type in `TYPES`, in the form that moto's stacks keep."""

    def __init__(self, described, created):
        self.described, self.created = described, created

    @property
    def physical_resource_id(self):
        return self.created.reference

    def get_cfn_attribute(self, name):
        if name not in self.described.attributes:
            raise ValidationError(message=f"{self.cf_resource_type} has no attribute {name} here")
        return found(self.described.attributes[name], self.created)

    def is_created(self):
        return True


class Absent:
    """Stands in for a resource of a type that moto cannot create, so that what refers to it still resolves."""

    def __init__(self, logical_id):
        self.physical_resource_id = ABSENT + logical_id

    def get_cfn_attribute(self, name):
        return f"{self.physical_resource_id}.{name}"

    def is_created(self):
        return True


class Creator:
    """What moto's engine asks for when it wants the class of a resource type."""

    def __init__(self, name):
        self.name = name

    def create_from_cloudformation_json(self, resource_name, cloudformation_json, account_id, region_name, **stack):
        described = TYPES.get(self.name)
        if described is None:
            return Absent(stack["LogicalId"])
        properties = copy.deepcopy(cloudformation_json.get("Properties") or {})
        try:
            created = create(self.name, described, properties, resource_name, Context(account_id, region_name))
        except ValidationError:
            raise
        except Exception as failure:
            logging.getLogger("moto_extension").exception("%s", stack["LogicalId"])
            raise ValidationError(
                message=f"{stack['LogicalId']} ({self.name}): {type(failure).__name__}: {failure}"
            ) from failure
        return Extended(described, created)


STOCK_CLASS = parsing.resource_class_from_type


def class_of(resource_type):
    if resource_type in TYPES:
        return Creator(resource_type)
    return STOCK_CLASS(resource_type) or Creator(resource_type)


# ---- repairs of the engine itself ----

STOCK_RESOLVE = parsing.clean_json


def resolve(value, resources):
    """moto's resolver of intrinsic functions, with those it lacks or gets wrong done here."""
    if isinstance(value, dict) and len(value) == 1:
        if "Fn::Cidr" in value:
            return cidr_blocks(*(resolve(part, resources) for part in value["Fn::Cidr"]))
        if "Fn::Sub" in value:
            return substitute(value["Fn::Sub"], resources)
        if "Fn::Select" in value:
            index, choices = value["Fn::Select"]
            return resolve(choices, resources)[int(resolve(index, resources))]
        if "Fn::GetAtt" in value:
            named = value["Fn::GetAtt"]
            resource, attribute = named.split(".", 1) if isinstance(named, str) else named
            if attribute == "Ipv6CidrBlocks":
                with_its_blocks(resources)
            return STOCK_RESOLVE({"Fn::GetAtt": [resource, attribute]}, resources)
    return STOCK_RESOLVE(value, resources)


def with_its_blocks(resources):
    """moto evaluates outputs first; CloudFormation does so when all resources stand."""
    for logical_id, declared in resources._resource_json_map.items():
        if declared["Type"] == "AWS::EC2::VPCCidrBlock":
            resources[logical_id]


def cidr_blocks(block, count, host_bits=8):
    network = ipaddress.ip_network(block)
    blocks = network.subnets(new_prefix=network.max_prefixlen - int(host_bits))
    wanted = [str(part) for _, part in zip(range(int(count)), blocks)]
    if len(wanted) < int(count):
        raise ValidationError(message=f"Fn::Cidr: {block} has no {count} blocks of {host_bits} host bits")
    return wanted


def substitute(text, resources):
    text, variables = (text, {}) if isinstance(text, str) else text

    def replaced(match):
        name = match.group(1)
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name in variables:
            return str(resolve(variables[name], resources))
        reference = {"Fn::GetAtt": name.split(".", 1)} if "." in name else {"Ref": name}
        return str(resolve(reference, resources))

    return re.sub(r"\$\{([^}]*)\}", replaced, text)


def create_without_stack_tags(self, template):
    """Creates a stack's resources without lending them the stack's tags.

    CloudFormation hands stack tags on to most resources; here they would hide a resource whose own tags are missing.
    """
    stack_tags, self.tags = self.tags, {}
    try:
        return STOCK_CREATE(self, template)
    finally:
        self.tags = stack_tags


def after_what_it_depends_on(self, logical_id):
    """moto evaluates exports first, which creates what they name without regard to `DependsOn`."""
    declared = self._resource_json_map.get(logical_id)
    if isinstance(declared, dict) and logical_id not in self._parsed_resources:
        named = declared.get("DependsOn", [])
        for other in [named] if isinstance(named, str) else named:
            self[other]
    return STOCK_ITEM(self, logical_id)


def create_nat_gateway(self):
    """moto knows NAT gateways of one subnet only; a regional one belongs to the VPC and has none."""
    if self._get_param("AvailabilityMode") != "regional":
        return STOCK_CREATE_NAT_GATEWAY(self)
    vpc = self.ec2_backend.get_vpc(self._get_param("VpcId"))
    gateway = NatGateway.__new__(NatGateway)
    gateway.id = random_nat_gateway_id()
    gateway.ec2_backend, gateway.vpc_id, gateway.subnet_id = self.ec2_backend, vpc.id, None
    gateway.state, gateway.connectivity_type, gateway.address_set = "available", "public", []
    gateway._created_at = utcnow()
    gateway.add_tags(add_tag_specification(self._get_param("TagSpecifications", [])))
    self.ec2_backend.nat_gateways[gateway.id] = gateway
    return ActionResult({"NatGateway": gateway})


def associate_vpc_cidr_block(self):
    """moto knows the IPv6 blocks that Amazon provides, and none of one's own pool."""
    own = self._get_param("Ipv6CidrBlock")
    if not own:
        return STOCK_ASSOCIATE(self)
    if not self._get_param("Ipv6Pool"):
        raise ValidationError(message=f"{own} needs the pool that it comes from")
    vpc = self._get_param("VpcId")
    stock, vpcs.random_ipv6_cidr = vpcs.random_ipv6_cidr, lambda: own
    try:
        association = self.ec2_backend.associate_vpc_cidr_block(vpc, None, True)
    finally:
        vpcs.random_ipv6_cidr = stock
    answer = {"AssociationId": association["association_id"], "Ipv6CidrBlock": own}
    return ActionResult({"VpcId": vpc, "Ipv6CidrBlockAssociation": answer})


STOCK_ASSOCIATE = VPCs.associate_vpc_cidr_block
def create_network_acl_entry(self):
    """With the type and code of ICMP, which moto looks for by their names on the wire and finds by those of boto3."""
    stock = self._get_param
    self._get_param = lambda name, *more: stock(name.replace("Icmp.", "IcmpTypeCode."), *more)
    return STOCK_CREATE_ACL_ENTRY(self)


def add_record(zone, record):
    """moto refuses a record that is there only where the two are equal; Route 53 does so by name and type."""
    taken = any(
        one.name.rstrip(".") == record["Name"].rstrip(".") and one.type == record["Type"] for one in zone.rrsets
    )
    if taken and "SetIdentifier" not in record:
        raise ResourceRecordAlreadyExists(name=record["Name"], _type=record["Type"])
    return STOCK_ADD_RECORD(zone, record)


STOCK_ADD_RECORD = FakeZone.add_rrset
STOCK_CREATE = parsing.ResourceMap.create
STOCK_ITEM = parsing.ResourceMap.__getitem__
STOCK_CREATE_ACL_ENTRY = NetworkACLs.create_network_acl_entry
STOCK_CREATE_NAT_GATEWAY = NatGateways.create_nat_gateway


def extend():
    parsing.resource_class_from_type = class_of
    parsing.clean_json = resolve
    parsing.ResourceMap.create = create_without_stack_tags
    parsing.ResourceMap.__getitem__ = after_what_it_depends_on
    NatGateways.create_nat_gateway = create_nat_gateway
    VPCs.associate_vpc_cidr_block = associate_vpc_cidr_block
    NetworkACLs.create_network_acl_entry = create_network_acl_entry
    FakeZone.add_rrset = add_record
    # It knows the attributes of moto's own classes only; cfn-lint judges them better.
    parsing.ResourceMap.validate_outputs = lambda self: None
    moto_updates.extend()
    moto_operations.extend()
    # Templates here are always JSON, which moto reads with a slow YAML parser.
    stack_models.Stack.parse_template = staticmethod(json.loads)


if __name__ == "__main__":
    extend()
    from moto.server import main

    main(["-H", "127.0.0.1", "-p", str(PORT)])
