#!/usr/bin/env python3
"""readback.py OUTPUT [--endpoint URL]: reads what exists after a deployment and compares it with plan.json, exactly.

Both ways: what the plan decided must exist, and nothing may exist that it did not decide. Compared are VPCs, subnets
with their zones, security group rules, network ACL entries and where the ACLs apply, NAT gateways, where each subnet's
packets for the Internet go, endpoints, flow logs, and the tags of every taggable resource. Without --endpoint the tree is deployed first, to a server of its own.
"""
import argparse
import ipaddress
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import deploy
import plan
import shared_networks
import tags
import tree
from server import Cloud
from values import Tree

FACTS = Path(__file__).resolve().parent.parent.parent / "src" / "cloudformation" / "resource_types.json"
# Tags with a technical purpose, beside those that the catalog asks for.
TECHNICAL = ("aws:", "tenantry:")
# The rule that keeps a group from allowing everything before its own rules arrive.
PLACEHOLDER = ("-1", None, None, "cidr 127.0.0.1/32")
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp"}
DEFAULT_ACL_ENTRY = 32767

# The isolation tag of what all tenants reach.
CENTRAL = "shared:shared_services"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("output", type=Path)
    arguments.add_argument("--endpoint", help="a server to which the tree has been deployed")
    chosen = arguments.parse_args()
    with deploy.at(chosen.endpoint) as endpoint:
        cloud = Cloud(endpoint)
        if not chosen.endpoint:
            problems = deploy.problems(deploy.deploy_all(cloud, chosen.output))
            if problems:
                tree.judge("read-back", problems, "not deployed")
        findings, compared = compare(cloud, chosen.output)
    tree.judge("read-back", findings, ", ".join(f"{count} {what}" for what, count in compared.items()))


def compare(cloud, output):
    tenants, cells, owners = plan.tenants(output), plan.cells(output), plan.owners(output)
    stacks = tree.stacks(output)
    places = {(stack.account, stack.region) for stack in stacks}
    places |= {(one.account, one.region) for one in [*tenants, *cells]}
    findings, compared = [], Counter()
    for account, region in sorted(places):
        here = [tenant for tenant in tenants if (tenant.account, tenant.region) == (account, region)]
        shared = [cell for cell in cells if (cell.account, cell.region) == (account, region)]
        findings += Networks(cloud, account, region).compare(here, shared, compared)
    tenant_of_stack = {stack: owner for owner in owners for stack in owner.stacks}
    planned = [(owner.tenant, stack) for owner in owners for stack in owner.stacks]
    findings += differences("stacks", planned, [(s.tenant, s.name) for s in stacks], compared)
    for values in Tree(stacks).values:
        if values.stack.name in tenant_of_stack:
            findings += compare_tags(cloud, values, tenant_of_stack[values.stack.name], compared)
    return findings, compared


def differences(what, planned, existing, compared):
    """Findings for what is on one side only. Both sides are counted, so that two equal things are not one."""
    planned, existing = Counter(planned), Counter(existing)
    compared[what] += sum(planned.values())
    missing = [f"planned and not there: {what} {item}" for item in (planned - existing).elements()]
    extra = [f"there and not planned: {what} {item}" for item in (existing - planned).elements()]
    return missing + extra


class Networks:
    """What exists of networks in one account and region, in the terms of the plan."""

    def __init__(self, cloud, account, region):
        self.cloud, self.account, self.region = cloud, account, region

    def listed(self, operation, key):
        pages = self.cloud.everything("ec2", operation, self.account, self.region)
        return [item for page in pages for item in page[key]]

    def compare(self, tenants, cells, compared):
        place = f"{self.account}/{self.region}"
        # The VPC of central services is written out by its blueprint and follows from no plan of addresses.
        vpcs = {
            vpc["VpcId"]: vpc["CidrBlock"]
            for vpc in self.listed("describe_vpcs", "Vpcs")
            if not vpc["IsDefault"] and CENTRAL not in tags.pairs(vpc.get("Tags", [])).values()
        }
        findings = differences("vpc", [one.cidr for one in [*tenants, *cells]], vpcs.values(), compared)
        findings += shared_networks.compare(self, cells, differences, compared)
        by_vpc = {
            "subnets": self.subnets(),
            "security group rules": self.rules(findings, vpcs),
            "network ACL entries": self.acl_entries(findings, vpcs),
            "NAT gateways": self.nat_gateways(),
            "ways out": self.ways_out(findings, vpcs),
            "endpoints": self.endpoints(),
            "flow logs": self.flow_logs(),
        }
        by_vpc["IPv6 blocks of subnets"] = self.ipv6_subnets()
        by_vpc["ways out over IPv6"] = self.ipv6_ways_out(vpcs)
        ipv6_of_vpc = {
            vpc["VpcId"]: one["Ipv6CidrBlock"]
            for vpc in self.listed("describe_vpcs", "Vpcs")
            for one in vpc.get("Ipv6CidrBlockAssociationSet", [])
            if "disassociat" not in str(one["Ipv6CidrBlockState"])
        }
        acls_of_subnets = self.acls_of_subnets()
        tenant_of_cidr = {tenant.cidr: tenant for tenant in tenants}
        name_prefix_lists(by_vpc["security group rules"], vpcs, tenant_of_cidr)
        for vpc, cidr in vpcs.items():
            tenant = tenant_of_cidr.get(cidr)
            if tenant is None:
                continue
            planned = {
                "subnets": [(subnet.zone, subnet.cidr) for subnet in tenant.subnets],
                "security group rules": tenant.rules,
                "network ACL entries": tenant.acl_entries,
                "NAT gateways": tenant.nat_gateways,
                "ways out": tenant.ways_out,
                "IPv6 blocks of subnets": tenant.ipv6_subnets,
                "ways out over IPv6": tenant.ipv6_ways_out,
                "endpoints": tenant.endpoints,
                "flow logs": ["ALL"] if tenant.flow_logs else [],
            }
            found = []
            if tenant.ipv6:
                found += differences("IPv6 block", [tenant.ipv6], [ipv6_of_vpc.get(vpc)], compared)
            for what, wanted in planned.items():
                existing = by_vpc[what].get(vpc, [])
                if not tenant.ipv6 and vpc in ipv6_of_vpc:
                    existing = [by_number(one, ipaddress.ip_network(ipv6_of_vpc[vpc])) for one in existing]
                found += differences(what, wanted, existing, compared)
            if tenant.acl_entries:
                wanted = [(subnet.cidr, subnet.group) for subnet in tenant.subnets]
                found += differences("network ACLs of subnets", wanted, acls_of_subnets.get(vpc, []), compared)
            findings += [f"tenant {tenant.id}: {finding}" for finding in found]
        return [f"{place}: {finding}" for finding in findings]

    def ipv6_subnets(self):
        found = defaultdict(list)
        for subnet in self.listed("describe_subnets", "Subnets"):
            for one in subnet.get("Ipv6CidrBlockAssociationSet", []):
                if "disassociat" not in str(one["Ipv6CidrBlockState"]):
                    found[subnet["VpcId"]].append((subnet["CidrBlock"], one["Ipv6CidrBlock"]))
        return found

    def cidr_of_subnet(self):
        return {subnet["SubnetId"]: subnet["CidrBlock"] for subnet in self.listed("describe_subnets", "Subnets")}

    def subnets(self):
        found = defaultdict(list)
        for subnet in self.listed("describe_subnets", "Subnets"):
            found[subnet["VpcId"]].append((subnet["AvailabilityZoneId"], subnet["CidrBlock"]))
        return found

    def rules(self, findings, vpcs):
        """Rules by VPC. Groups of default VPCs and each VPC's own default group are not tenantry's."""
        groups = [
            group
            for group in self.listed("describe_security_groups", "SecurityGroups")
            if group["GroupName"] != "default" and group.get("VpcId") in vpcs
        ]
        workload_of_group = {}
        for group in groups:
            workload = tags.pairs(group.get("Tags", [])).get("tenantry:workload")
            if workload is None:
                findings.append(f"security group {group['GroupName']} has no tag tenantry:workload")
            workload_of_group[group["GroupId"]] = workload or group["GroupId"]
        found = defaultdict(list)
        for group in groups:
            for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
                for protocol, first, last, peer in self.permissions(group[key], workload_of_group):
                    if direction == "egress" and (protocol, first, last, peer) == PLACEHOLDER:
                        continue
                    workload = workload_of_group[group["GroupId"]]
                    found[group["VpcId"]].append(plan.Rule(workload, direction, protocol, first, last, peer))
        return found

    def permissions(self, permissions, workload_of_group):
        for permission in permissions:
            protocol = PROTOCOLS.get(permission["IpProtocol"], permission["IpProtocol"])
            peers = [f"cidr {item['CidrIp']}" for item in permission.get("IpRanges", [])]
            peers += [f"cidr {item['CidrIpv6']}" for item in permission.get("Ipv6Ranges", [])]
            peers += [
                f"workload {workload_of_group.get(item['GroupId'], item['GroupId'])}"
                for item in permission.get("UserIdGroupPairs", [])
            ]
            peers += [f"prefix_list {item['PrefixListId']}" for item in permission.get("PrefixListIds", [])]
            for peer in peers:
                yield protocol, permission.get("FromPort"), permission.get("ToPort"), peer

    def acl_entries(self, findings, vpcs):
        found = defaultdict(list)
        for acl, group in self.acls():
            if group is None and acl["VpcId"] in vpcs:
                findings.append(f"network ACL {acl['NetworkAclId']} has no tag tenantry:subnet-group")
        for vpc, _, entry in self.entries():
            found[vpc].append(entry)
        return found

    def entries(self):
        """Every entry of an ACL that is for a subnet group, with its VPC and its ACL."""
        for acl, group in self.acls():
            for entry in acl["Entries"] if group is not None else []:
                if entry["RuleNumber"] < DEFAULT_ACL_ENTRY:
                    ports = entry.get("PortRange", {})
                    yield acl["VpcId"], acl["NetworkAclId"], plan.AclEntry(
                        group,
                        "egress" if entry["Egress"] else "ingress",
                        entry["RuleNumber"],
                        PROTOCOLS.get(str(entry["Protocol"]), str(entry["Protocol"])),
                        ports.get("From"),
                        ports.get("To"),
                        entry.get("CidrBlock") or entry.get("Ipv6CidrBlock"),
                        entry["RuleAction"],
                    )

    def acls_of_subnets(self):
        cidr_of_subnet, found = self.cidr_of_subnet(), defaultdict(list)
        for acl, group in self.acls():
            for association in acl["Associations"]:
                found[acl["VpcId"]].append((cidr_of_subnet[association["SubnetId"]], group))
        return found

    def acls(self):
        """Every ACL with the subnet group it is for. A VPC's own default ACL is for none, and left out unless used."""
        subnets = self.cidr_of_subnet()
        for acl in self.listed("describe_network_acls", "NetworkAcls"):
            # moto keeps the associations of subnets that have been deleted.
            acl["Associations"] = [one for one in acl["Associations"] if one["SubnetId"] in subnets]
            group = tags.pairs(acl.get("Tags", [])).get("tenantry:subnet-group")
            if not acl["IsDefault"] or acl["Associations"]:
                yield acl, group


    def nat_gateways(self):
        found = defaultdict(list)
        for gateway, place in self.standing_nat_gateways():
            found[gateway["VpcId"]].append(place)
        return found

    def standing_nat_gateways(self):
        """Each NAT gateway with the CIDR of its subnet; a regional one has none."""
        cidr_of_subnet = self.cidr_of_subnet()
        for gateway in self.listed("describe_nat_gateways", "NatGateways"):
            if gateway["State"] != "deleted":
                subnet = gateway.get("SubnetId")
                yield gateway, cidr_of_subnet[subnet] if subnet else "regional"

    def ways_out(self, findings, vpcs):
        """Where each subnet's default route leads. Any other route is the VPC's own, a gateway endpoint's, or leads to
        the central services or over a VPN.
        """
        cidr_of_subnet, found = self.cidr_of_subnet(), defaultdict(list)
        place_of = {gateway["NatGatewayId"]: place for gateway, place in self.standing_nat_gateways()}
        for table in self.listed("describe_route_tables", "RouteTables"):
            if table["VpcId"] not in vpcs:
                continue
            way = "none"
            for route in table["Routes"]:
                if "DestinationIpv6CidrBlock" in route:
                    continue
                if route.get("DestinationCidrBlock") == "0.0.0.0/0":
                    nat = route.get("NatGatewayId")
                    way = f"nat gateway {place_of.get(nat, nat)}" if nat else "internet gateway"
                elif not any(key.endswith("Id") for key in route):
                    # moto does not list which transit gateway a route leads to; `tenantry check` judges where it may.
                    continue
                elif not self.is_expected(route, table["VpcId"], vpcs):
                    findings.append(f"route table {table['RouteTableId']} has a route of no flow: {route}")
            for association in table["Associations"]:
                if not association["Main"]:
                    found[table["VpcId"]].append((cidr_of_subnet[association["SubnetId"]], way))
        return found

    def is_expected(self, route, vpc, vpcs):
        """Whether a route leads to the VPC itself, to an endpoint, to a gateway of its own, or to addresses of a peer that
        is the network of no tenant and no cell.
        """
        gateway = str(route.get("GatewayId"))
        if gateway == "local" or gateway.startswith("vpce-"):
            return True
        if gateway.startswith("vgw-"):
            gateways = {one["VpnGatewayId"]: one for one in self.listed("describe_vpn_gateways", "VpnGateways")}
            return vpc in [one["VpcId"] for one in gateways[gateway].get("VpcAttachments", [])]
        peerings = self.listed("describe_vpc_peering_connections", "VpcPeeringConnections")
        peerings = {one["VpcPeeringConnectionId"]: one for one in peerings}
        peering = peerings.get(route.get("VpcPeeringConnectionId"))
        if peering is None:
            return False
        ends = {peering[side]["VpcId"]: peering[side]["CidrBlock"] for side in ("RequesterVpcInfo", "AccepterVpcInfo")}
        others = [(other, ipaddress.ip_network(block)) for other, block in ends.items() if other != vpc]
        led = ipaddress.ip_network(route["DestinationCidrBlock"])
        return vpc in ends and all(other not in vpcs and led.subnet_of(block) for other, block in others)

    def ipv6_ways_out(self, vpcs):
        """Where each subnet's default route for IPv6 leads."""
        cidr_of_subnet, found = self.cidr_of_subnet(), defaultdict(list)
        for table in self.listed("describe_route_tables", "RouteTables"):
            way = "none"
            for route in table["Routes"]:
                if route.get("DestinationIpv6CidrBlock") == "::/0":
                    way = "egress-only" if route.get("EgressOnlyInternetGatewayId") else "internet gateway"
            for association in table["Associations"]:
                if table["VpcId"] in vpcs and not association["Main"]:
                    found[table["VpcId"]].append((cidr_of_subnet[association["SubnetId"]], way))
        return found

    def endpoints(self):
        """Endpoints with the subnets that have them: by route tables where they are gateways."""
        cidr_of_subnet, subnets_of_table, found = self.cidr_of_subnet(), {}, defaultdict(list)
        for table in self.listed("describe_route_tables", "RouteTables"):
            subnets_of_table[table["RouteTableId"]] = [
                association["SubnetId"] for association in table["Associations"] if not association["Main"]
            ]
        for endpoint in self.listed("describe_vpc_endpoints", "VpcEndpoints"):
            if endpoint["State"] == "deleted":
                continue
            subnets = set(endpoint.get("SubnetIds", []))
            for table in endpoint.get("RouteTableIds", []):
                subnets.update(subnets_of_table[table])
            found[endpoint["VpcId"]].append(
                plan.Endpoint(
                    endpoint["VpcEndpointType"],
                    endpoint["ServiceName"].removeprefix(f"com.amazonaws.{self.region}."),
                    tuple(sorted(cidr_of_subnet[subnet] for subnet in subnets)),
                )
            )
        return found

    def flow_logs(self):
        found = defaultdict(list)
        for log in self.listed("describe_flow_logs", "FlowLogs"):
            found[log["ResourceId"]].append(log["TrafficType"])
        return found


def by_number(item, whole):
    """A rule, an entry or a subnet with the number of its IPv6 block in the VPC's in place of the block itself."""

    def named(text):
        word, _, block = text.rpartition(" ")
        try:
            part = ipaddress.ip_network(block)
        except ValueError:
            return text
        if part.version != 6 or not part.subnet_of(whole):
            return text
        index = (int(part.network_address) - int(whole.network_address)) >> (128 - part.prefixlen)
        return " ".join(filter(None, [word, plan.provided(index, part.prefixlen)]))

    if isinstance(item, plan.Rule):
        return replace(item, peer=named(item.peer))
    if isinstance(item, plan.AclEntry):
        return replace(item, cidr=named(item.cidr))
    return tuple(named(part) if isinstance(part, str) else part for part in item) if isinstance(item, tuple) else item


def name_prefix_lists(rules, vpcs, tenant_of_cidr):
    """Puts the service in place of the id of AWS's prefix list, which differs by region and which moto cannot tell.

    An id stands for the service that the plan uses in just the places where the id is used; an id that fits none
    stays as it is, and so differs from the plan.
    """

    def uses(rules_of_vpcs):
        found = defaultdict(set)
        for vpc, of_vpc in rules_of_vpcs:
            for rule in of_vpc:
                if rule.peer.startswith("prefix_list "):
                    found[rule.peer].add((vpc, replace(rule, peer="")))
        return found

    planned = uses((vpc, tenant_of_cidr[cidr].rules) for vpc, cidr in vpcs.items() if cidr in tenant_of_cidr)
    own = [(vpc, of_vpc) for vpc, of_vpc in rules.items() if vpcs.get(vpc) in tenant_of_cidr]
    for identity, where in sorted(uses(own).items()):
        service = next((service for service, places in sorted(planned.items()) if places == where), identity)
        planned.pop(service, None)
        for vpc, of_vpc in rules.items():
            rules[vpc] = [replace(rule, peer=service) if rule.peer == identity else rule for rule in of_vpc]


def compare_tags(cloud, values, tenant, compared):
    """The tags of every taggable resource of a stack against those that the plan gives its tenant."""
    facts, stack, resources = tree.read(FACTS), values.stack, values.template["Resources"]
    findings = []
    for logical, identity in deploy.physical_ids(cloud, stack).items():
        kind = resources[logical]["Type"]
        if kind not in facts:
            findings.append(f"{stack.name}: {logical}: {FACTS.name} knows nothing of {kind}")
            continue
        taggable = facts[kind]["tags"]
        if taggable is None:
            continue
        compared["tagged resources"] += 1
        try:
            if kind in tags.NOT_KEPT:
                there = tags.pairs(values.of(resources[logical]["Properties"].get(taggable["property"], [])))
            else:
                there = tags.read(cloud, stack.account, stack.region, kind, identity)
        # A service that refuses to say is a finding about this resource and no reason to skip the others.
        except Exception as failure:
            findings.append(f"{stack.name}: {logical} ({kind}): {failure}")
            continue
        there = {key: value for key, value in there.items() if key != "Name" and not key.startswith(TECHNICAL)}
        if there != tenant.tags:
            findings.append(f"{stack.name}: {logical} ({kind}) has the tags {there}; planned are {tenant.tags}")
    return findings


if __name__ == "__main__":
    main()
