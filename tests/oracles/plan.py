"""Reads plan.json: what should exist, in the terms that a cloud can be asked for. The only file that knows its form.

Peers of rules come resolved: a subnet group or the tenant's allow-list to CIDRs, while workloads and AWS's prefix
lists stay names, since only the cloud knows their ids.
"""
from dataclasses import dataclass

import tree


@dataclass(frozen=True, order=True)
class Rule:
    """One security group rule. The peer reads `cidr 10.0.0.0/24`, `workload database` or `prefix_list s3`."""

    workload: str
    direction: str
    protocol: str
    from_port: int
    to_port: int
    peer: str


@dataclass(frozen=True, order=True)
class AclEntry:
    subnet_group: str
    direction: str
    number: int
    protocol: str
    from_port: int
    to_port: int
    cidr: str
    action: str


@dataclass(frozen=True, order=True)
class Subnet:
    group: str
    zone: str
    cidr: str


@dataclass(frozen=True)
class Tenant:
    """What the plan says of one tenant with a network of its own."""

    id: str
    account: str
    region: str
    cidr: str
    tags: dict
    stacks: tuple
    subnets: frozenset
    rules: frozenset
    acl_entries: frozenset


def tenants(output):
    """Every tenant of the plan that has a network; those without are none of a network's reader's business."""
    plan = tree.read(f"{output}/plan.json")
    networked = [entry for entry in plan["tenants"] if entry.get("network")]
    return [tenant(entry, plan["shapes"].get(entry.get("shape"), {})) for entry in networked]


def tenant(entry, shape):
    network = entry["network"]
    groups = {group["name"]: group for group in network["subnet_groups"]}
    return Tenant(
        id=entry["id"],
        account=tree.account_number(entry["account"]),
        region=entry["region"],
        cidr=network["cidr"],
        tags=entry["tags"],
        stacks=tuple(entry["stacks"]),
        subnets=frozenset(
            Subnet(name, subnet["zone"], subnet["cidr"])
            for name, group in groups.items()
            for subnet in group["subnets"]
        ),
        rules=frozenset(
            Rule(rule["workload"], rule["direction"], protocol(rule), *ports(rule), peer)
            for rule in shape.get("security_group_rules", [])
            for peer in peers(rule["peer"], entry, groups)
        ),
        acl_entries=frozenset(
            AclEntry(
                line["subnet_group"],
                line["direction"],
                line["number"],
                protocol(line),
                *ports(line),
                peer.removeprefix("cidr "),
                line.get("action", "allow"),
            )
            for line in shape.get("network_acl_entries", [])
            for peer in peers(line["peer"], entry, groups)
        ),
    )


def protocol(rule):
    """EC2's name for a protocol, which is -1 where all are meant."""
    return {"all": "-1"}.get(str(rule["protocol"]), str(rule["protocol"]))


def ports(rule):
    return rule.get("from_port"), rule.get("to_port")


def peers(peer, entry, groups):
    kind = peer["kind"]
    if kind == "cidr":
        return [f"cidr {peer['cidr']}"]
    if kind == "subnet_group":
        group = groups[peer["name"]]
        further = {part["block"]: part["cidr"] for part in group.get("further", [])}
        return [f"cidr {further[peer['block']] if 'block' in peer else group['cidr']}"]
    if kind == "tenant_ingress":
        return [f"cidr {cidr}" for cidr in entry.get("ingress") or ["0.0.0.0/0"]]
    if kind == "workload":
        return [f"workload {peer['name']}"]
    if kind == "prefix_list":
        return [f"prefix_list {peer['service']}"]
    raise ValueError(f"{entry['id']}: a peer of the unknown kind {kind}")
