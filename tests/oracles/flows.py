#!/usr/bin/env python3
"""flows.py TENANTRY: compiles `flows/catalog.yaml`, deploys it, and asks whether just the declared flows are allowed.

What is declared is read from the blueprints and the catalog, what is allowed from the security groups and network ACLs
that exist in moto: nothing in between is believed, plan.json least of all, which is asked for addresses and settings
only. Packets are tried at every end of a range or of ports that anybody names, and beside it. A security group must
allow a packet if and only if a flow declares it. A network ACL knows subnets and no workloads: it must let through what
some workload of the subnet needs, answers included, and nothing else.
"""
import ipaddress
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

import deploy
import tags
import tree
from server import Cloud, running

HERE = Path(__file__).resolve().parent
BLUEPRINTS = (HERE.parent.parent / "blueprints", HERE / "flows" / "blueprints")
EPHEMERAL = (1024, 65535)
# The answer to a request of ICMP (RFC 792); other messages have none.
REPLIES = {8: 0, 13: 14}
GATEWAYS = ("s3", "dynamodb")
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}
ANY = ipaddress.ip_network("0.0.0.0/0")
# AWS's own ids of the lists that flows name in us-east-1; that of the health checks is made up in the catalog.
LISTS = {"pl-63a5400a": "s3", "pl-02cd2c6b": "dynamodb", "pl-0123456789abcdef0": "route53_healthchecks"}


def main():
    with tempfile.TemporaryDirectory() as directory, running() as endpoint:
        output = Path(directory, "output")
        # The lock is written beside the catalog.
        catalog = Path(directory, "catalog.yaml")
        catalog.write_bytes((HERE / "flows" / "catalog.yaml").read_bytes())
        command = [Path(sys.argv[1]).resolve(), "synth", catalog, "-o", output, "--blueprints", BLUEPRINTS[1]]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode:
            sys.exit(f"synth failed:\n{run.stdout}")
        cloud = Cloud(endpoint)
        findings = deploy.problems(deploy.deploy_all(cloud, output))
        tried = 0
        for tenant in [] if findings else declared(output, catalog):
            found, packets = compare(cloud, tenant)
            findings += [f"tenant {tenant.id}: {finding}" for finding in found]
            tried += packets
    tree.judge("flows", findings, f"{tried} packets")


# What is declared.


class Tenant:
    """One tenant with the flows that are switched on for it, in the blueprint's own words."""

    def __init__(self, entry, shape, blueprint, catalog):
        self.id, self.cidr = entry["id"], entry["network"]["cidr"]
        self.account, self.region = tree.account_number(entry["account"]), entry["region"]
        self.settings = shape["settings"]
        self.groups = {
            group["name"]: [ipaddress.ip_network(subnet["cidr"]) for subnet in group["subnets"]]
            for group in entry["network"]["subnet_groups"]
        }
        # The whole of each group, with the slots of zones that may come: nobody else ever has addresses there.
        self.blocks = {
            group["name"]: ipaddress.ip_network(group["cidr"]) for group in entry["network"]["subnet_groups"]
        }
        self.routes = {name: group["route"] for name, group in blueprint["network"]["subnet_groups"].items()}
        is_on = lambda item: holds(item.get("when"), self.settings)
        self.workloads = {
            name: workload["subnet_group"] for name, workload in blueprint["workloads"].items() if is_on(workload)
        }
        self.ranges = {
            name: [ipaddress.ip_network(block) for block in blocks]
            for name, blocks in catalog.get("ranges", {}).items()
        }
        own = next(one for one in catalog["tenants"] if one["id"] == self.id)
        self.ingress = [ipaddress.ip_network(block) for block in own.get("ingress", ["0.0.0.0/0"])]
        self.endpoints = self.settings.get("interface_endpoints", [])
        ends = lambda flow: all(self.exists(flow[end]) for end in ("from", "to"))
        self.flows = [flow for flow in blueprint["flows"] if is_on(flow) and ends(flow)]
        gate = self.settings.get("nat") in ("one", "one_per_zone")
        self.nat_group = next(name for name, route in self.routes.items() if route == "internet") if gate else None

    def exists(self, end):
        return "." in end or end == "internet" or end in self.workloads

    def resolved(self, end):
        """An AWS service is reached through its endpoint where there is one, else over the Internet."""
        service = end.removeprefix("aws.")
        if service == end or service in LISTS.values():
            return end
        return "endpoints" if service in self.endpoints else "internet"

    def holds_address(self, end, address):
        """Whether an end of a flow can have this address; the addresses of a list are nobody's business here."""
        if end in self.workloads:
            return address in self.blocks[self.workloads[end]]
        if end.startswith("range."):
            return any(address in block for block in self.ranges[end.removeprefix("range.")])
        if end == "tenant.ingress":
            return any(address in block for block in self.ingress)
        return end == "internet"


def declared(output, catalog):
    plan, catalog = tree.read(output / "plan.json"), yaml.safe_load(catalog.read_text(encoding="utf-8"))
    for entry in plan["tenants"]:
        yield Tenant(entry, plan["shapes"][entry["shape"]], blueprint(entry["blueprint"]), catalog)


def blueprint(name):
    """The network, workloads and flows of a blueprint, those of its parts taken in."""
    root = next(root for root in BLUEPRINTS if (root / name).exists())
    read = lambda path: yaml.safe_load(path.read_text(encoding="utf-8"))
    whole = read(root / name / "blueprint.yaml")
    for part in [root / "parts" / part / "part.yaml" for part in whole.get("parts", [])]:
        part = read(part)
        whole["workloads"] = {**part.get("workloads", {}), **whole.get("workloads", {})}
        whole["flows"] = whole.get("flows", []) + part.get("flows", [])
    return whole


def holds(condition, settings):
    if condition is None:
        return True
    return any(one_holds(part.strip(), settings) for part in condition.split(" or "))


def one_holds(test, settings):
    path, _, rest = test.partition(" ")
    value = settings.get(path.removeprefix("settings."))
    word = str(value).lower() if isinstance(value, bool) else str(value)
    if rest.startswith("is not "):
        return word != rest.removeprefix("is not ")
    if rest.startswith("is "):
        return word == rest.removeprefix("is ")
    if rest.startswith("in "):
        return word in [item.strip() for item in rest.removeprefix("in ").strip("[]").split(",")]
    return bool(value)


def traffic(flow):
    """Protocol number with the first and last of what it counts: ports, or (type, code) with None for all."""
    protocol = flow.get("protocol", "tcp")
    number = -1 if protocol == "all" else PROTOCOLS.get(protocol, protocol)
    if number in (6, 17):
        return [(number, *pair(ports, "-")) for ports in flow["ports"]]
    if number == 1:
        return [(1, *(pair(kind, "/") if "/" in str(kind) else (kind, None))) for kind in flow.get("types", [None])]
    return [(number, None, None)]


def pair(text, sign):
    first, _, last = str(text).partition(sign)
    return int(first), int(last or first)


def answers(kind):
    number, first, _ = kind
    if number in (6, 17):
        return (number, *EPHEMERAL)
    if number == 1 and first is not None:
        return (1, REPLIES[first], None) if first in REPLIES else None
    return kind


def within(packet, kind):
    """Whether a packet, (protocol, port or type, code), is of this kind."""
    number, first, last = kind
    if number == -1 or number != packet[0]:
        return number == -1
    if number in (6, 17):
        return first <= packet[1] <= last
    if number == 1:
        return first in (None, packet[1]) and last in (None, packet[2])
    return True


# What packets to try.


def packets(tenant):
    found = {(number, 0, 0) for number in (1, 6, 17, 47, 50)}
    kinds = [kind for flow in tenant.flows for kind in traffic(flow)]
    for number, first, last in kinds + [kind for kind in map(answers, kinds) if kind]:
        if number in (6, 17):
            found |= {(number, port, 0) for port in (first - 1, first, last, last + 1) if 0 <= port <= 65535}
        elif number == 1 and first is not None:
            found |= {(1, first, last or 0), (1, first, (last or 0) + 1), (1, first + 1, 0)}
    return sorted(found)


def addresses(tenant):
    """The ends of everything that anybody names, and what lies beside them."""
    named = [ANY, *tenant.ingress, *(block for blocks in tenant.ranges.values() for block in blocks)]
    named += [*tenant.blocks.values(), *(subnet for subnets in tenant.groups.values() for subnet in subnets)]
    found = set()
    for block in named:
        first, last = int(block.network_address), int(block.broadcast_address)
        found |= {number for number in (first - 1, first, last, last + 1) if 0 <= number < 2**32}
    return [ipaddress.ip_address(number) for number in sorted(found)]


# What exists.


class Network:
    """The groups and ACLs of one tenant's VPC, by workload and by subnet group."""

    def __init__(self, cloud, tenant):
        listed = lambda operation, key: [
            item
            for page in cloud.everything("ec2", operation, tenant.account, tenant.region)
            for item in page[key]
        ]
        self.vpc = next(vpc["VpcId"] for vpc in listed("describe_vpcs", "Vpcs") if vpc["CidrBlock"] == tenant.cidr)
        here = lambda items: [item for item in items if item.get("VpcId") == self.vpc]
        self.groups, self.acls, self.ids = {}, {}, {}
        for group in here(listed("describe_security_groups", "SecurityGroups")):
            if workload := tags.pairs(group.get("Tags", [])).get("tenantry:workload"):
                self.groups[workload], self.ids[group["GroupId"]] = group, workload
        for acl in here(listed("describe_network_acls", "NetworkAcls")):
            if name := tags.pairs(acl.get("Tags", [])).get("tenantry:subnet-group"):
                self.acls[name] = sorted(acl["Entries"], key=lambda entry: entry["RuleNumber"])

    def group_allows(self, workload, direction, address, bearer, prefix_list, packet):
        """Whether the group of a workload lets a packet through, of which these are the other side."""
        key = "IpPermissions" if direction == "ingress" else "IpPermissionsEgress"
        for rule in self.groups[workload].get(key, []):
            if not within(packet, kind_of_rule(rule)):
                continue
            blocks = [ipaddress.ip_network(item["CidrIp"]) for item in rule.get("IpRanges", [])]
            if any(address in block if address else block == ANY for block in blocks):
                return True
            if any(self.ids.get(item["GroupId"]) == bearer for item in rule.get("UserIdGroupPairs", []) if bearer):
                return True
            if any(LISTS.get(item["PrefixListId"]) == prefix_list for item in rule.get("PrefixListIds", []) if prefix_list):
                return True
        return False

    def acl_allows(self, group, direction, address, packet):
        for entry in self.acls[group]:
            if entry["Egress"] != (direction == "egress") or "CidrBlock" not in entry:
                continue
            if within(packet, kind_of_entry(entry)) and address in ipaddress.ip_network(entry["CidrBlock"]):
                return entry["RuleAction"] == "allow"
        return False


def kind_of_rule(rule):
    number = PROTOCOLS.get(rule["IpProtocol"], rule["IpProtocol"])
    return kind(int(number), rule.get("FromPort"), rule.get("ToPort"))


def kind_of_entry(entry):
    ports, icmp = entry.get("PortRange", {}), entry.get("IcmpTypeCode", {})
    if int(entry["Protocol"]) == 1:
        # moto leaves zeros out.
        return kind(1, icmp.get("Type", 0), icmp.get("Code", 0))
    return kind(int(entry["Protocol"]), ports.get("From"), ports.get("To"))


def kind(number, first, last):
    if number == 1:
        return 1, None if first == -1 else first, None if last == -1 else last
    return (number, first, last) if number in (6, 17) else (number, None, None)


# The comparison.


def compare(cloud, tenant):
    network, findings, tried = Network(cloud, tenant), [], 0
    if set(network.groups) != set(tenant.workloads) or set(network.acls) != set(tenant.groups):
        return [f"groups are {sorted(network.groups)}, ACLs {sorted(network.acls)}"], 0
    every, where = packets(tenant), addresses(tenant)
    for workload in tenant.workloads:
        for direction in ("ingress", "egress"):
            for address, bearer, prefix_list in others(tenant, where):
                for packet in every:
                    tried += 1
                    wanted = group_should(tenant, workload, direction, address, bearer, prefix_list, packet)
                    if network.group_allows(workload, direction, address, bearer, prefix_list, packet) != wanted:
                        what = "lacks" if wanted else "also allows"
                        findings.append(
                            f"the group of {workload} {what} {direction} {packet} {address or prefix_list} ({bearer})"
                        )
    for group in tenant.groups:
        for direction in ("ingress", "egress"):
            for address in where:
                for packet in every:
                    tried += 1
                    wanted = acl_should(tenant, group, direction, address, packet)
                    if network.acl_allows(group, direction, address, packet) != wanted:
                        what = "lacks" if wanted else "also allows"
                        findings.append(f"the ACL of {group} {what} {direction} {packet} {address}")
    return findings[:20] + ([f"and {len(findings) - 20} more"] if len(findings) > 20 else []), tried


def others(tenant, where):
    """Who can be at the other side: address, the workload whose group it bears, or a prefix list."""
    inside = [
        (subnet.network_address + 4, name)
        for name, group in tenant.workloads.items()
        for subnet in tenant.groups[group]
    ]
    yield from ((address, workload, None) for address, workload in inside)
    if tenant.nat_group:
        yield from ((subnet.network_address + 9, None, None) for subnet in tenant.groups[tenant.nat_group])
    yield from (
        (address, None, None)
        for address in where
        if not any(address in block for block in tenant.blocks.values())
    )
    yield from ((None, None, name) for name in ("s3", "dynamodb", "route53_healthchecks"))


def group_should(tenant, workload, direction, address, bearer, prefix_list, packet):
    mine, other = ("to", "from") if direction == "ingress" else ("from", "to")
    for flow in tenant.flows:
        if flow[mine] != workload and tenant.resolved(flow[mine]) != workload:
            continue
        if not any(within(packet, kind) for kind in traffic(flow)):
            continue
        end = tenant.resolved(flow[other])
        if prefix_list:
            # Which addresses a list holds is unknown: what holds for it holds by its name or for all.
            if end in (f"aws.{prefix_list}", "internet") or (end == "tenant.ingress" and ANY in tenant.ingress):
                return True
        elif end in tenant.workloads:
            if end == bearer:
                return True
        elif tenant.holds_address(end, address):
            return True
    return False


def acl_should(tenant, group, direction, address, packet):
    for flow in tenant.flows:
        start, end = tenant.resolved(flow["from"]), tenant.resolved(flow["to"])
        crossings = []
        if tenant.workloads.get(start) == group:
            crossings.append(("egress", end))
        if tenant.workloads.get(end) == group:
            crossings.append(("ingress", start))
        # Packets for the Internet cross the subnets of the NAT gateways, in and out again.
        if end == "internet" and group == tenant.nat_group and tenant.routes[tenant.workloads[start]] == "nat":
            crossings += [("ingress", start), ("egress", end)]
        for way, peer in crossings:
            # An ACL cannot name a prefix list.
            if not (peer.startswith("aws.") or tenant.holds_address(peer, address)):
                continue
            for kind in traffic(flow):
                back = answers(kind)
                if way == direction and within(packet, kind):
                    return True
                if way != direction and back and within(packet, back):
                    return True
    return False


if __name__ == "__main__":
    main()
