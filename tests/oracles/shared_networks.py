"""What exists in the VPCs that the tenants of a cell share, against plan.json: whose each thing is, exactly.

A security group and a network ACL say by the isolation tag whose they are, so two tenants' equal rules stay apart:
a rule reads `acme/service`, and its peer `workload cell:subnet-1/edge`. `readback.py` compares them with the rest.
"""
from collections import defaultdict
from dataclasses import replace

import plan
import tags

# The rule that keeps a group from allowing everything before its own rules arrive.
PLACEHOLDER = ("-1", None, None, "cidr 127.0.0.1/32")


def compare(networks, cells, differences, compared):
    """Findings of one account and region; `networks` is readback's view of it."""
    findings = []
    vpc_of_cidr = {vpc["CidrBlock"]: vpc["VpcId"] for vpc in networks.listed("describe_vpcs", "Vpcs")}
    by_vpc = {
        "subnets": subnets(networks),
        "security group rules": rules(networks),
        "network ACL entries": acl_entries(networks),
        "network ACLs of subnets": acls_of_subnets(networks),
    }
    for cell in cells:
        vpc = vpc_of_cidr.get(cell.cidr)
        planned = {
            "subnets": cell.subnets,
            "security group rules": cell.rules,
            "network ACL entries": cell.acl_entries,
            "network ACLs of subnets": cell.acls_of_subnets,
        }
        for what, wanted in planned.items():
            found = differences(f"shared {what}", wanted, by_vpc[what].get(vpc, []), compared)
            findings += [f"cell {cell.id}: {finding}" for finding in found]
    return findings


def owner(item):
    """Whose a thing is, by the one tag that the catalog takes from the tenant's id."""
    return tags.pairs(item.get("Tags", [])).get(plan.ISOLATION_TAG)


def subnets(networks):
    found = defaultdict(list)
    for subnet in networks.listed("describe_subnets", "Subnets"):
        found[subnet["VpcId"]].append((owner(subnet), subnet["AvailabilityZoneId"], subnet["CidrBlock"]))
    return found


def rules(networks):
    groups = networks.listed("describe_security_groups", "SecurityGroups")
    name = {
        group["GroupId"]: f"{owner(group)}/{tags.pairs(group.get('Tags', [])).get('tenantry:workload')}"
        for group in groups
        if group["GroupName"] != "default"
    }
    found = defaultdict(list)
    for group in (group for group in groups if group["GroupId"] in name):
        for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            for protocol, first, last, peer in networks.permissions(group[key], name):
                if direction == "egress" and (protocol, first, last, peer) == PLACEHOLDER:
                    continue
                rule = plan.Rule(name[group["GroupId"]], direction, protocol, first, last, peer)
                found[group["VpcId"]].append(plan.any_prefix_list(rule))
    return found


def acl_entries(networks):
    found = defaultdict(list)
    owners = owners_of_acls(networks)
    for vpc, acl, entry in networks.entries():
        found[vpc].append(replace(entry, subnet_group=f"{owners[acl]}/{entry.subnet_group}"))
    return found


def acls_of_subnets(networks):
    cidr_of_subnet, owners, found = networks.cidr_of_subnet(), owners_of_acls(networks), defaultdict(list)
    for acl, group in networks.acls():
        for association in acl["Associations"]:
            place = cidr_of_subnet[association["SubnetId"]]
            found[acl["VpcId"]].append((place, f"{owners[acl['NetworkAclId']]}/{group}"))
    return found


def owners_of_acls(networks):
    return {acl["NetworkAclId"]: owner(acl) for acl, _ in networks.acls()}
