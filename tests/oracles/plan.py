"""Reads plan.json: what should exist, in the terms that a cloud can be asked for. The only file that knows its form.

Peers of rules come resolved: a subnet group or the tenant's allow-list to CIDRs, while workloads and AWS's prefix
lists stay names, since only the cloud knows their ids.
"""
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, order=True)
class Endpoint:
    """A private way to an AWS service, and the subnets that have it, by CIDR."""

    kind: str
    service: str
    subnets: tuple


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
    # Its IPv6 block; None where it has none, or where Amazon chooses it.
    ipv6: str
    # The IPv6 blocks of its subnets, by their IPv4 blocks.
    ipv6_subnets: frozenset
    # The subnet that each NAT gateway stands in, by CIDR, or `regional`.
    nat_gateways: frozenset
    # Where each subnet's packets for the Internet go, by CIDR: a NAT gateway is named by where it stands.
    ways_out: frozenset
    # The same for IPv6, where there is no NAT.
    ipv6_ways_out: frozenset
    endpoints: frozenset
    flow_logs: bool


@dataclass(frozen=True)
class Cell:
    """What the plan says of a network that the tenants of a cell share, and of theirs in it."""

    id: str
    account: str
    region: str
    cidr: str
    # Whose, zone, CIDR.
    subnets: tuple
    # Workloads and subnet groups are named with whose they are: `acme/service`.
    rules: tuple
    acl_entries: tuple
    acls_of_subnets: tuple


@dataclass(frozen=True)
class Owner:
    """Whoever has stacks; `tenant` is none for what tenants share."""

    tenant: str | None
    tags: dict
    stacks: tuple


def owners(output):
    plan = tree.read(f"{output}/plan.json")
    shared = [*plan.get("cells", []), *plan.get("accounts", [])]
    named = [(None, entry) for entry in shared] + [(entry["id"], entry) for entry in plan["tenants"]]
    return [Owner(tenant, entry["tags"], tuple(entry["stacks"])) for tenant, entry in named]


# The tag that says whose a thing is. The catalogs that are judged here all call it so.
ISOLATION_TAG = "tenant-id"


def cells(output):
    """Every cell with a network and stacks."""
    plan = tree.read(f"{output}/plan.json")
    built = [entry for entry in plan.get("cells", []) if entry.get("network") and entry["stacks"]]
    return [cell(entry, plan) for entry in built]


def cell(entry, plan):
    network, name = entry["network"], entry["tags"][ISOLATION_TAG]
    groups = {group["name"]: group for group in network["subnet_groups"]}
    subnets, rules, entries, acls = [], [], [], []

    def add(owner, shape, own):
        """What one owner has: `own` are the groups whose subnets are its."""
        # A tenant's own parts go by the names of the groups of its cell, which are asked for as a whole too.
        seen = groups | own | {(group["name"], "of the cell"): group for group in network["subnet_groups"]}
        workloads = {rule["workload"] for rule in shape["security_group_rules"]}
        for group in own.values():
            for subnet in group["subnets"]:
                subnets.append((owner, subnet["zone"], subnet["cidr"]))
                acls.append((subnet["cidr"], f"{owner}/{group['name']}"))
        for rule in shape["security_group_rules"]:
            for peer in peers(rule["peer"], entry, seen):
                kind, _, other = peer.partition(" ")
                if kind == "workload":
                    peer = f"workload {owner if other in workloads else name}/{other}"
                named = f"{owner}/{rule['workload']}"
                made = Rule(named, rule["direction"], protocol(rule), *ports(rule), peer)
                rules.append(any_prefix_list(made))
        for line in shape["network_acl_entries"]:
            for number, cidr in numbered(line, entry, seen, shape["network_acl_ranges"]):
                group = f"{owner}/{line['subnet_group']}"
                entries.append(
                    AclEntry(
                        group, line["direction"], number, protocol(line), *ports(line), cidr, line.get("action", "allow")
                    )
                )

    add(name, plan["shapes"][entry["shape"]], groups_with_subnets(network))
    for tenant_entry in plan["tenants"]:
        # One with several homes has an entry for each.
        if tenant_entry["cell"] == entry["id"] and tenant_entry["stacks"]:
            own = groups_with_subnets(tenant_entry["network"] or {"subnet_groups": []})
            add(tenant_entry["id"], plan["shapes"][tenant_entry["shape"]], own)
    return Cell(
        id=entry["id"],
        account=tree.account_number(entry["account"]),
        region=entry["region"],
        cidr=network["cidr"],
        subnets=tuple(subnets),
        rules=tuple(rules),
        acl_entries=tuple(entries),
        acls_of_subnets=tuple(acls),
    )


def groups_with_subnets(network):
    return {group["name"]: group for group in network["subnet_groups"] if group["subnets"]}


def any_prefix_list(rule):
    """The ids of AWS's prefix lists differ by region, and moto cannot tell which is whose."""
    return replace(rule, peer="prefix_list") if rule.peer.startswith("prefix_list") else rule


def tenants(output):
    """Every tenant of the plan that has a network of its own in the cloud: a planned one has addresses and no stacks."""
    plan = tree.read(f"{output}/plan.json")
    built = [
        entry
        for entry in plan["tenants"]
        if entry.get("network") and "cell" not in entry["network"] and entry["status"] != "planned"
    ]
    return [tenant(entry, plan["shapes"][entry["shape"]]) for entry in built]


def tenant(entry, shape):
    network, settings = entry["network"], shape["settings"]
    groups = {group["name"]: group for group in network["subnet_groups"]}
    gateways = nat_gateways(settings["nat"], groups)
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
            for rule in shape["security_group_rules"]
            for peer in peers(rule["peer"], entry, groups)
        ),
        acl_entries=frozenset(
            AclEntry(
                line["subnet_group"], line["direction"], number, protocol(line), *ports(line), cidr, line.get("action", "allow")
            )
            for line in shape["network_acl_entries"]
            for number, cidr in numbered(line, entry, groups, shape["network_acl_ranges"])
        ),
        ipv6=network.get("ipv6", {}).get("cidr"),
        ipv6_subnets=frozenset(
            (subnet["cidr"], subnet.get("ipv6_cidr") or provided(subnet["ipv6_index"], 64))
            for group in groups.values()
            for subnet in group["subnets"]
            if "ipv6_index" in subnet
        ),
        ipv6_ways_out=frozenset(
            (subnet["cidr"], ipv6_way_out(group["route"], settings))
            for group in groups.values()
            for subnet in group["subnets"]
        ),
        nat_gateways=frozenset(gateways.values()),
        ways_out=frozenset(
            (subnet["cidr"], way_out(group["route"], subnet["zone"], settings, gateways))
            for group in groups.values()
            for subnet in group["subnets"]
        ),
        endpoints=frozenset(endpoints(settings, groups)),
        flow_logs=settings["flow_logs"],
    )


def nat_gateways(nat, groups):
    """Zone to NAT gateway: the one of its own, the first zone's, or the one that AWS spreads over all of them."""
    # Those that the network has grown by come after, and have none of their own.
    public = groups["public"]["subnets"][: len({subnet["zone"] for subnet in groups["public"]["subnets"]})]
    places = {
        "none": {},
        "one": {subnet["zone"]: public[0]["cidr"] for subnet in public},
        "one_per_zone": {subnet["zone"]: subnet["cidr"] for subnet in public},
        "regional": {subnet["zone"]: "regional" for subnet in public},
    }
    return places[nat]


def way_out(route, zone, settings, gateways):
    if route == "nat" and gateways:
        return f"nat gateway {gateways[zone]}"
    # A public subnet with neither a load balancer nor a NAT gateway in it leads nowhere.
    if route == "internet" and (settings["load_balancer"] or settings["nat"] in ("one", "one_per_zone")):
        return "internet gateway"
    return "none"


def provided(index, length):
    """A part of a block that Amazon chooses, which only the cloud knows: by its number."""
    return f"ipv6 /{length} {index}"


def ipv6_way_out(route, settings):
    if settings["ipv6"] == "none":
        return "none"
    if route == "nat" and settings["nat"] != "none":
        return "egress-only"
    return "internet gateway" if route == "internet" and settings["load_balancer"] else "none"


def endpoints(settings, groups):
    app, data = (tuple(sorted(subnet["cidr"] for subnet in groups[name]["subnets"])) for name in ("app", "data"))
    for service in ("s3", "dynamodb"):
        yield Endpoint("Gateway", service, tuple(sorted(app + data)))
    first = tuple(sorted(subnet["cidr"] for subnet in groups["app"]["subnets"][: settings["zones"]]))
    for service in settings["interface_endpoints"]:
        yield Endpoint("Interface", service, first)


def numbered(line, entry, groups, most):
    """Numbers and CIDRs of the entries that a line stands for: each range of an allow-list has one of its own, where
    the ACL has room for so many; a longer list is left to the security group."""
    if line["peer"]["kind"] != "tenant_ingress":
        (peer,) = peers(line["peer"], entry, groups)
        return [(line["number"], peer.removeprefix("cidr "))]
    if len(entry["ingress"]) > most:
        # In place of the last slot of the hundred stands the other family.
        ipv6 = any(":" in one["cidr"] for one in entry["ingress"])
        return [(line["number"], "0.0.0.0/0")] + ([(line["number"] + 99, "::/0")] if ipv6 else [])
    return [(line["number"] + one["slot"], one["cidr"]) for one in entry["ingress"]]


def protocol(rule):
    """EC2's name for a protocol, which is -1 where all are meant."""
    return {"all": "-1"}.get(str(rule["protocol"]), str(rule["protocol"]))


def ports(rule):
    """First and last port, or type and code of ICMP, as EC2 gives both; nothing for other protocols."""
    return rule.get("from_port", rule.get("icmp_type")), rule.get("to_port", rule.get("icmp_code"))


def peers(peer, entry, groups):
    kind = peer["kind"]
    if kind == "cidr":
        return [f"cidr {peer['cidr']}"]
    if kind == "subnet_group":
        group = groups[peer["name"]]
        if "ipv6_range" in peer:
            part = group["ipv6"][peer["ipv6_range"] - 1]
            return [f"cidr {part.get('cidr') or provided(part['index'], 60)}"]
        further = {part["block"]: part["cidr"] for part in group.get("further", [])}
        return [f"cidr {further[peer['block']] if 'block' in peer else group['cidr']}"]
    if kind == "cell_subnet_group":
        return [f"cidr {groups[peer['name'], 'of the cell']['cidr']}"]
    if kind == "tenant_ingress":
        return [f"cidr {one['cidr']}" for one in entry["ingress"]]
    if kind == "workload":
        return [f"workload {peer['name']}"]
    if kind == "prefix_list":
        return [f"prefix_list {peer['service']}"]
    raise ValueError(f"{entry['id']}: a peer of the unknown kind {kind}")
