"""Updates and deletes stacks in moto's server the way CloudFormation does; `moto_extension.py` puts it in place.

What is new is made first; what has changed is changed in place, or, where a create-only property has changed, made
again beside the old one; what is left over goes last. So an update that needs the place of a thing that still stands
fails here as it does on AWS. A change in place that is not described below fails the stack instead of vanishing, and
so does deleting a type that is not. Roll-back is not imitated: a stack that fails stays as it is.
"""
import json
import re
from pathlib import Path

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError
from moto.rds.models import RDSBackend

from moto_deletions import DELETIONS
from server import ABSENT

FACTS = json.loads(
    (Path(__file__).resolve().parent.parent.parent / "src" / "cloudformation" / "resource_types.json").read_text()
)
KEPT = ("Retain", "RetainExceptOnCreate")


# ---- changes in place ----


def added_and_removed(old, new):
    old, new = old or [], new or []
    return [item for item in new if item not in old], [item for item in old if item not in new]


def endpoint_places(resource, new):
    """Route tables of a gateway endpoint, subnets of an interface endpoint."""
    arguments = {}
    for key, name in (("RouteTableIds", "RouteTableIds"), ("SubnetIds", "SubnetIds")):
        added, removed = added_and_removed(resource.properties.get(key), new.get(key))
        arguments |= {f"Add{name}": added} if added else {}
        arguments |= {f"Remove{name}": removed} if removed else {}
    resource.client("ec2").modify_vpc_endpoint(VpcEndpointId=resource.reference, **arguments)


def acl_entry(resource, new):
    arguments = {
        key: new[key] for key in ("NetworkAclId", "RuleAction", "CidrBlock", "Ipv6CidrBlock") if key in new
    }
    ports = {key: int(value) for key, value in new["PortRange"].items()}
    resource.client("ec2").replace_network_acl_entry(
        **arguments,
        RuleNumber=int(new["RuleNumber"]),
        Egress=new["Egress"],
        Protocol=str(new["Protocol"]),
        PortRange=ports,
    )


def route(resource, new):
    resource.client("ec2").replace_route(**new)


def database_subnets(resource, new):
    resource.client("rds").modify_db_subnet_group(DBSubnetGroupName=resource.reference, SubnetIds=new["SubnetIds"])


def load_balancer_network(resource, new):
    balancer = resource.client("elbv2")
    if new["Subnets"] != resource.properties["Subnets"]:
        balancer.set_subnets(LoadBalancerArn=resource.reference, Subnets=new["Subnets"])
    family = new.get("IpAddressType", "ipv4")
    if family != resource.properties.get("IpAddressType", "ipv4"):
        balancer.set_ip_address_type(LoadBalancerArn=resource.reference, IpAddressType=family)


def rule_conditions(resource, new):
    resource.client("elbv2").modify_rule(RuleArn=resource.reference, Conditions=new["Conditions"])


def service_network(resource, new):
    places = new["NetworkConfiguration"]["AwsvpcConfiguration"]
    configuration = {
        "awsvpcConfiguration": {
            "subnets": places["Subnets"],
            "securityGroups": places["SecurityGroups"],
            "assignPublicIp": places["AssignPublicIp"],
        }
    }
    resource.client("ecs").update_service(
        cluster=new["Cluster"], service=resource.reference, networkConfiguration=configuration
    )


def record_name(resource, new):
    """The new name is claimed, which fails where another record has it, and the old one is given up."""
    wanted = {key: value for key, value in new.items() if key != "HostedZoneId"}
    resource.client("route53").change_resource_record_sets(
        HostedZoneId=new["HostedZoneId"],
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": wanted}]},
    )
    DELETIONS[resource.kind](resource)


def service_in_place(resource, new):
    if new["NetworkConfiguration"] != resource.properties["NetworkConfiguration"]:
        service_network(resource, new)
    resource.client("ecs").update_service(
        cluster=new["Cluster"], service=resource.reference, taskDefinition=new["TaskDefinition"]
    )


# Type to the properties that can be changed together, and how.
CHANGES = {
    "AWS::EC2::NetworkAclEntry": ({"CidrBlock", "Ipv6CidrBlock", "PortRange", "Protocol", "RuleAction"}, acl_entry),
    "AWS::EC2::Route": ({"GatewayId", "NatGatewayId"}, route),
    "AWS::EC2::VPCEndpoint": ({"RouteTableIds", "SubnetIds"}, endpoint_places),
    "AWS::ECS::Service": ({"NetworkConfiguration", "TaskDefinition"}, service_in_place),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ({"IpAddressType", "Subnets"}, load_balancer_network),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ({"Conditions"}, rule_conditions),
    "AWS::RDS::DBSubnetGroup": ({"SubnetIds"}, database_subnets),
    "AWS::Route53::RecordSet": ({"Name"}, record_name),
}


# ---- the engine ----


class Standing:
    """A resource as the tables above see it."""

    def __init__(self, kind, extended, policy=None):
        self.kind, self.created, self.policy = kind, extended.created, policy
        self.properties, self.reference = extended.created.properties, extended.created.reference

    def client(self, service_name):
        return self.created.context.client(service_name)


def references(value):
    """Every name that a part of a template refers to, pseudo parameters among them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
            elif key == "Fn::Sub":
                text = inner if isinstance(inner, str) else inner[0]
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^}!]+)\}", text))
                yield from references(inner if isinstance(inner, list) else [])
            elif key == "DependsOn":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def in_order(declared):
    """Logical ids, each after those that it refers to."""
    ordered = {}

    def visit(logical):
        if logical in declared and logical not in ordered:
            for name in references(declared[logical]):
                if name != logical:
                    visit(name)
            ordered.setdefault(logical)

    for logical in declared:
        visit(logical)
    return list(ordered)


def at_path(properties, path):
    for step in path.split("/"):
        properties = properties.get(step) if isinstance(properties, dict) else None
    return properties


def update(resources, template, parameters=None):
    old, before = resources._resource_json_map, dict(resources._parsed_resources)
    new = template["Resources"]
    resources._template, resources._resource_json_map = template, new
    if parameters:
        resources.input_parameters = parameters
    resources.load_mapping()
    resources.load_parameters()
    resources.load_conditions()
    leftovers = []
    for logical in in_order(new):
        extended = before.get(logical)
        if extended is None:
            resources[logical]
        elif old[logical]["Type"] != new[logical]["Type"] or must_be_replaced(extended, new[logical], resources):
            del resources._parsed_resources[logical]
            resources[logical]
            leftovers.append((logical, extended, old[logical].get("UpdateReplacePolicy")))
    gone = [logical for logical in old if logical not in new]
    leftovers += [(logical, before[logical], old[logical].get("DeletionPolicy")) for logical in gone]
    for logical in gone:
        del resources._parsed_resources[logical]
    remove(leftovers, old)


def must_be_replaced(extended, declared, resources):
    """Changes what can change in place, and tells whether the rest asks for another resource."""
    kind, standing = declared["Type"], Standing(declared["Type"], extended)
    wanted = parsing.clean_json(declared.get("Properties", {}), resources)
    named = extended.described.named
    if named and named[0] not in wanted and named[0] in standing.properties:
        wanted[named[0]] = standing.properties[named[0]]
    changed = {
        key
        for key in {*standing.properties, *wanted}
        if standing.properties.get(key) != wanted.get(key)
    }
    if not changed:
        return False
    if any(at_path(standing.properties, path) != at_path(wanted, path) for path in FACTS[kind]["create_only"]):
        return True
    possible, change = CHANGES.get(kind, (set(), None))
    if changed - possible:
        raise ValidationError(message=f"{kind}: no way is known to change {', '.join(sorted(changed - possible))}")
    change(standing, wanted)
    extended.created.properties = wanted
    return False


def remove(leftovers, declared):
    """Deletes resources, each before those that it refers to."""
    order = {logical: place for place, logical in enumerate(in_order(declared))}
    for logical, extended, policy in sorted(leftovers, key=lambda item: -order[item[0]]):
        kind = declared[logical]["Type"]
        # What moto could not create is nowhere to be deleted.
        if policy in KEPT or extended.physical_resource_id.startswith(ABSENT):
            continue
        if kind not in DELETIONS:
            raise ValidationError(message=f"{logical}: no way is known to delete {kind}")
        DELETIONS[kind](Standing(kind, extended, policy))


def delete(resources):
    declared = resources._resource_json_map
    standing = [(logical, resources._parsed_resources[logical]) for logical in declared]
    remove([(logical, one, declared[logical].get("DeletionPolicy")) for logical, one in standing], declared)


def update_stack(backend, name, template, role_arn, parameters, tags):
    """moto's own keeps the exports of the stack's creation, and lets go of those that are in use."""
    stack_id = backend.get_stack(name).stack_id
    before = {key: one.value for key, one in backend.exports.items() if one.exporting_stack_id == stack_id}
    stack = STOCK_UPDATE_STACK(backend, name, template, role_arn, parameters, tags)
    for exported in before:
        del backend.exports[exported]
    backend.exports.update({export.name: export for export in stack.exports})
    after = {export.name: export.value for export in stack.exports}
    refuse_if_imported(backend, [key for key, value in before.items() if after.get(key) != value])
    return stack


def delete_stack(backend, name_or_stack_id):
    stack = backend.get_stack(name_or_stack_id)
    refuse_if_imported(backend, [export.name for export in stack.exports])
    STOCK_DELETE_STACK(backend, stack.stack_id)


def refuse_if_imported(backend, exports):
    """CloudFormation neither changes nor deletes an export that another stack imports."""
    for other in backend.stacks.values():
        for wanted in imports(other.template_dict):
            name = parsing.clean_json(wanted, other.resource_map)
            if name in exports:
                raise ValidationError(message=f"Export {name} is in use by {other.name}")


def imports(value):
    if isinstance(value, dict):
        if "Fn::ImportValue" in value:
            yield value["Fn::ImportValue"]
        for inner in value.values():
            yield from imports(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from imports(inner)


def modify_db_subnet_group(backend, subnet_name, description, subnets):
    """moto's own loses the group that it modifies."""
    group = STOCK_MODIFY_DB_SUBNET_GROUP(backend, subnet_name, description, subnets)
    backend.subnet_groups[subnet_name] = group
    return group


STOCK_DELETE_STACK = models.CloudFormationBackend.delete_stack
STOCK_UPDATE_STACK = models.CloudFormationBackend.update_stack
STOCK_MODIFY_DB_SUBNET_GROUP = RDSBackend.modify_db_subnet_group


def extend():
    parsing.ResourceMap.update = update
    parsing.ResourceMap.delete = delete
    models.CloudFormationBackend.delete_stack = delete_stack
    models.CloudFormationBackend.update_stack = update_stack
    RDSBackend.modify_db_subnet_group = modify_db_subnet_group
