"""Small random networks for `solver.py`: what they are, and the output tree of CloudFormation templates that makes them.

A network has few addresses and few rules, so that what one lets through another often stops. One stack makes what is
shared; each tenant's stack has interfaces, whose subnets and groups it imports. Addresses are of IPv4, some of IPv6 too.
"""
import ipaddress
import json
from dataclasses import dataclass, field

REGION, ACCOUNT = "us-east-1", "222222222222"
EVERYTHING = {4: "0.0.0.0/0", 6: "::/0"}
# Protocol, first and last port; -1 is every protocol.
SERVICES = ((-1, None, None), (6, 1, 2), (6, 2, 3), (17, 3, 3), (6, None, None))


@dataclass
class Network:
    """Things are named by their places in the lists."""

    vpcs: list = field(default_factory=list)  # blocks
    subnets: list = field(default_factory=list)  # (vpc, blocks, table, acl or None)
    tables: list = field(default_factory=list)  # (vpc, {destination: (kind of target, target)})
    acls: list = field(default_factory=list)  # {"in": [(number, allow, block, service)], "out": ...}
    groups: list = field(default_factory=list)  # (vpc, {"in": [(kind of peer, peer, service)], "out": ...})
    lists: list = field(default_factory=list)  # blocks of a prefix list
    peerings: list = field(default_factory=list)  # two VPCs
    nats: list = field(default_factory=list)  # subnet
    attachments: list = field(default_factory=list)  # (vpc, subnets, table of the transit gateway or None)
    transit: list = field(default_factory=list)  # ({destination: attachment or None}, attachments that propagate)
    interfaces: list = field(default_factory=list)  # (tenant, subnet, groups)


def random_network(chance):
    network = Network()
    places(network, chance)
    connections(network, chance)
    filters(network, chance)
    tenants = chance.choice((2, 2, 3))
    for number in range(tenants + chance.randrange(3)):
        subnet = chance.randrange(len(network.subnets))
        own = [at for at, (vpc, _) in enumerate(network.groups) if vpc == network.subnets[subnet][0]]
        groups = chance.sample(own, min(len(own), chance.choice((1, 1, 2))))
        network.interfaces.append((number % tenants, subnet, groups))
    return network


def places(network, chance):
    for number in range(chance.choice((1, 2, 2, 3))):
        base = 0 if chance.random() < 0.15 else number
        blocks = [f"10.0.{base}.0/26"] + [f"2001:db8:{base}::/56"] * (chance.random() < 0.25)
        network.vpcs.append(blocks)
        network.tables += [(number, {}), (number, {})]
        for part in range(chance.choice((1, 2, 2, 3))):
            own = [f"10.0.{base}.{part * 16}/28"] + [f"2001:db8:{base}:{part}::/64"] * (len(blocks) > 1)
            network.subnets.append([number, own, 2 * number + chance.randrange(2), None])


def connections(network, chance):
    pairs = [(one, other) for other in range(len(network.vpcs)) for one in range(other)]
    network.peerings = [pair for pair in pairs if chance.random() < 0.5]
    network.nats = [chance.randrange(len(network.subnets)) for _ in range(chance.choice((0, 0, 1, 2)))]
    if chance.random() < 0.6:
        gateways(network, chance)
    for table, (vpc, routes) in enumerate(network.tables):
        targets = [("nat", nat) for nat, subnet in enumerate(network.nats) if network.subnets[subnet][0] == vpc]
        targets += [("peering", at) for at, pair in enumerate(network.peerings) if vpc in pair]
        targets += [("transit", at) for at, one in enumerate(network.attachments) if one[0] == vpc] * 2
        for _ in range(chance.randrange(4)):
            destination = block(network, chance)
            if targets and destination not in network.vpcs[vpc]:
                network.tables[table][1][destination] = chance.choice(targets)


def gateways(network, chance):
    tables = chance.choice((1, 2))
    for vpc in range(len(network.vpcs)):
        own = [at for at, subnet in enumerate(network.subnets) if subnet[0] == vpc]
        association = chance.choice([None, *range(tables), *range(tables)])
        network.attachments.append((vpc, [chance.choice(own)], association))
    for _ in range(tables):
        ends = range(len(network.attachments))
        propagating = [end for end in ends if chance.random() < 0.4]
        static = {block(network, chance): chance.choice([None, *ends, *ends]) for _ in range(chance.randrange(4))}
        network.transit.append((static, propagating))


def filters(network, chance):
    network.lists = [[subnet[1][0], block(network, chance, 4)] for subnet in network.subnets if chance.random() < 0.2]
    groups = [vpc for vpc in range(len(network.vpcs)) for _ in range(chance.choice((1, 2)))]
    for vpc in groups:
        rules = {way: [rule(network, chance, groups) for _ in range(chance.choice((1, 2, 3)))] for way in ("in", "out")}
        network.groups.append((vpc, rules))
    for number, subnet in enumerate(network.subnets):
        if chance.random() < 0.35:
            ways = ("in", "out")
            network.acls.append((subnet[0], {way: entries(network, chance) for way in ways}))
            network.subnets[number][3] = len(network.acls) - 1


def rule(network, chance, groups):
    kind = chance.choice(("block", "block", "block", "group", "list"))
    if kind == "list" and network.lists:
        return "list", chance.randrange(len(network.lists)), chance.choice(SERVICES)
    if kind == "group":
        return "group", chance.randrange(len(groups)), chance.choice(SERVICES)
    return "block", block(network, chance), chance.choice(SERVICES)


def entries(network, chance):
    numbers = chance.sample(range(1, 99), chance.randrange(5))
    return [(number, chance.random() < 0.7, block(network, chance), chance.choice(SERVICES)) for number in numbers]


def block(network, chance, family=None):
    """One that means something here: everything, a VPC, a subnet, half of one, or all that there is."""
    subnet = chance.choice(network.subnets)
    blocks = chance.choice((subnet[1], subnet[1], network.vpcs[subnet[0]], halves(subnet[1]), ["10.0.0.0/22"], ["0.0.0.0/0", "::/0"]))
    return blocks[0] if family == 4 or chance.random() < 0.7 else blocks[-1]


def halves(blocks):
    return [str(list(ipaddress.ip_network(block).subnets())[1]) for block in blocks]


# As CloudFormation.


def write(network, directory):
    """The output tree; every pair of tenants is a pair of models, so that the depth of each is told apart."""
    names = sorted({tenant for tenant, _, _ in network.interfaces})
    templates = {"network": shared_template(network)} | {f"t{name}": tenant_template(network, name) for name in names}
    stacks = []
    for name, template in templates.items():
        tenant = None if name == "network" else name
        deployment = {"template-file-path": f"templates/{name}.json", "parameters": {}, "tags": {}}
        put(directory / "templates" / f"{name}.json", template)
        put(directory / "stacks" / f"{name}.json", deployment)
        stacks.append(
            {"name": name, "account": ACCOUNT, "region": REGION, "template": f"templates/{name}.json"}
            | {"deployment": f"stacks/{name}.json", "tenant": tenant, "cell": None, "model": name}
            | {"capabilities": [], "depends_on": ["network"] if tenant else [], "wave": 2 if tenant else 1}
        )
    put(directory / "manifest.json", {"version": 1, "product": "p", "environment": "e", "stacks": stacks, "files": []})


def put(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1))


def shared_template(network):
    template = Template()
    for number, blocks in enumerate(network.vpcs):
        template.add(f"Vpc{number}", "VPC", CidrBlock=blocks[0])
        for six in blocks[1:]:
            pool = {"Ipv6CidrBlock": six, "Ipv6Pool": "ipv6pool-ec2-1"}
            template.add(f"VpcSix{number}", "VPCCidrBlock", VpcId=ref("Vpc", number), **pool)
    for number, (vpc, blocks, table, acl) in enumerate(network.subnets):
        six = {"Ipv6CidrBlock": blocks[1]} if len(blocks) > 1 else {}
        subnet = template.add(f"Subnet{number}", "Subnet", VpcId=ref("Vpc", vpc), CidrBlock=blocks[0], **six)
        template.add(f"TableOf{number}", "SubnetRouteTableAssociation", SubnetId=subnet, RouteTableId=ref("Table", table))
        if acl is not None:
            template.add(f"AclOf{number}", "SubnetNetworkAclAssociation", SubnetId=subnet, NetworkAclId=ref("Acl", acl))
        template.export(f"Subnet{number}")
    for number, (one, other) in enumerate(network.peerings):
        template.add(f"Peering{number}", "VPCPeeringConnection", VpcId=ref("Vpc", one), PeerVpcId=ref("Vpc", other))
    for number, subnet in enumerate(network.nats):
        template.add(f"Nat{number}", "NatGateway", SubnetId=ref("Subnet", subnet), ConnectivityType="private")
    transit(template, network)
    for number, (vpc, routes) in enumerate(network.tables):
        template.add(f"Table{number}", "RouteTable", VpcId=ref("Vpc", vpc))
        for at, (destination, (kind, target)) in enumerate(routes.items()):
            way = {
                "nat": {"NatGatewayId": ref("Nat", target)},
                "peering": {"VpcPeeringConnectionId": ref("Peering", target)},
                "transit": {"TransitGatewayId": {"Ref": "Gateway"}},
            }[kind]
            to = {named("Destination", destination): destination}
            template.add(f"Route{number}x{at}", "Route", RouteTableId=ref("Table", number), **to, **way)
    security(template, network)
    return template.document()


def transit(template, network):
    if not network.attachments:
        return
    off = {"DefaultRouteTableAssociation": "disable", "DefaultRouteTablePropagation": "disable"}
    gateway = template.add("Gateway", "TransitGateway", **off)
    for number in range(len(network.transit)):
        template.add(f"Transit{number}", "TransitGatewayRouteTable", TransitGatewayId=gateway)
    for number, (vpc, subnets, table) in enumerate(network.attachments):
        where = {"VpcId": ref("Vpc", vpc), "SubnetIds": [ref("Subnet", subnet) for subnet in subnets]}
        end = template.add(f"End{number}", "TransitGatewayAttachment", TransitGatewayId=gateway, **where)
        if table is not None:
            both = {"TransitGatewayAttachmentId": end, "TransitGatewayRouteTableId": ref("Transit", table)}
            template.add(f"TransitOf{number}", "TransitGatewayRouteTableAssociation", **both)
    for number, (static, propagating) in enumerate(network.transit):
        table = {"TransitGatewayRouteTableId": ref("Transit", number)}
        for end in propagating:
            to = {"TransitGatewayAttachmentId": ref("End", end)}
            template.add(f"Propagation{number}x{end}", "TransitGatewayRouteTablePropagation", **table, **to)
        for at, (destination, end) in enumerate(static.items()):
            to = {"Blackhole": True} if end is None else {"TransitGatewayAttachmentId": ref("End", end)}
            template.add(f"Leads{number}x{at}", "TransitGatewayRoute", DestinationCidrBlock=destination, **table, **to)


def security(template, network):
    for number, blocks in enumerate(network.lists):
        entries = [{"Cidr": block} for block in dict.fromkeys(blocks)]
        about = {"PrefixListName": f"l{number}", "AddressFamily": "IPv4", "MaxEntries": 2}
        template.add(f"List{number}", "PrefixList", Entries=entries, **about)
    for number, (vpc, rules) in enumerate(network.groups):
        # A list of rules that is there, even one to nowhere, takes the place of the rule to everywhere.
        nowhere = [{"IpProtocol": "-1", "CidrIp": "127.0.0.1/32"}]
        about = {"GroupDescription": "a group", "VpcId": ref("Vpc", vpc), "SecurityGroupEgress": nowhere}
        template.add(f"Group{number}", "SecurityGroup", **about)
        template.export(f"Group{number}", "GroupId")
        for way, kind, group, prefix_list in (
            ("in", "SecurityGroupIngress", "SourceSecurityGroupId", "SourcePrefixListId"),
            ("out", "SecurityGroupEgress", "DestinationSecurityGroupId", "DestinationPrefixListId"),
        ):
            for at, (of, peer, (protocol, first, last)) in enumerate(rules[way]):
                said = {"IpProtocol": str(protocol), "GroupId": identity("Group", number, "GroupId")}
                said |= {} if first is None else {"FromPort": first, "ToPort": last}
                said |= {
                    "block": lambda: {"CidrIpv6" if ":" in peer else "CidrIp": peer},
                    "group": lambda: {group: identity("Group", peer, "GroupId")},
                    "list": lambda: {prefix_list: identity("List", peer, "PrefixListId")},
                }[of]()
                template.add(f"Rule{number}{way}{at}", kind, **said)
    for number, (vpc, ways) in enumerate(network.acls):
        template.add(f"Acl{number}", "NetworkAcl", VpcId=ref("Vpc", vpc))
        for way, entries in ways.items():
            for place, allow, peer, (protocol, first, last) in entries:
                said = {"RuleNumber": place, "RuleAction": "allow" if allow else "deny", "Egress": way == "out"}
                said |= {"Protocol": protocol, "Ipv6CidrBlock" if ":" in peer else "CidrBlock": peer}
                said |= {"PortRange": {"From": 0 if first is None else first, "To": 65535 if last is None else last}} if protocol > 0 else {}
                template.add(f"Entry{number}{way}{place}", "NetworkAclEntry", NetworkAclId=ref("Acl", number), **said)


def tenant_template(network, tenant):
    template = Template()
    for number, (owner, subnet, groups) in enumerate(network.interfaces):
        if owner == tenant:
            borne = [{"Fn::ImportValue": f"Group{group}"} for group in groups]
            template.add(f"Interface{number}", "NetworkInterface", SubnetId={"Fn::ImportValue": f"Subnet{subnet}"}, GroupSet=borne)
    return template.document()


class Template:
    def __init__(self):
        self.resources, self.outputs = {}, {}

    def add(self, name, kind, **properties):
        self.resources[name] = {"Type": f"AWS::EC2::{kind}", "Properties": properties}
        return {"Ref": name}

    def export(self, name, attribute=None):
        value = {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}
        self.outputs[name] = {"Value": value, "Export": {"Name": name}}

    def document(self):
        return {"Resources": self.resources} | ({"Outputs": self.outputs} if self.outputs else {})


def ref(kind, number):
    return {"Ref": f"{kind}{number}"}


def identity(kind, number, attribute):
    return {"Fn::GetAtt": [f"{kind}{number}", attribute]}


def named(prefix, block):
    return f"{prefix}Ipv6CidrBlock" if ":" in block else f"{prefix}CidrBlock"
