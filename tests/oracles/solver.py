#!/usr/bin/env python3
"""solver.py TENANTRY [--networks N] [--seed S]: random networks, judged by `tenantry check` and by the solver z3.

Each network (networks.py) is written as templates and checked; the certificate names the pairs of tenants that leak and
how many layers hold each pair apart. The same is asked of z3 in formulas that are written here from AWS's documents: is
there a source, a destination and a service for which some way leads from an interface of one tenant to one of another?
There are no boxes and no intervals in them. Any difference is a finding, with the network's number, from which it can be
made again. Where the package z3-solver is not installed, nothing is judged, and that is said.
"""
import argparse
import ipaddress
import itertools
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import networks

try:
    import z3
except ImportError:
    sys.exit(print("solver: skipped, the package z3-solver is not installed"))

LAYERS = (frozenset(("routes",)), frozenset(("groups",)), frozenset(("acls",)))
ALL = frozenset().union(*LAYERS)
# How far a packet is followed: more NAT gateways and tables than a network here has.
TURNS = 4


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("tenantry", type=Path)
    arguments.add_argument("--networks", type=int, default=150)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    findings, pairs, leaking = [], 0, 0
    for number in range(chosen.networks):
        network = networks.random_network(random.Random(f"{chosen.seed}/{number}"))
        expected = {pair: solved(network, *pair) for pair in ordered_pairs(network)}
        found = checked(network, chosen.tenantry.resolve())
        pairs += len(expected)
        leaking += sum(reached[0] for reached in expected.values())
        for pair, (leaks, depth) in expected.items():
            if found[pair] != (leaks, depth):
                said = "leaks {0}, depth {1}"
                findings.append(
                    f"network {number} of seed {chosen.seed}, tenant {pair[0]} to {pair[1]}: "
                    f"z3 says {said.format(leaks, depth)}, check says {said.format(*found[pair])}"
                )
    for finding in findings:
        print(finding)
    # Networks of which none leaks, or all do, show nothing.
    if not pairs / 50 < leaking < pairs * 3 / 4:
        findings.append(f"{leaking} of {pairs} pairs leak: the networks show too little")
        print(findings[-1])
    print(f"solver: {chosen.networks} networks, {pairs} pairs, {leaking} leaking; {len(findings)} findings")
    sys.exit(1 if findings else 0)


def ordered_pairs(network):
    return list(itertools.permutations(sorted({tenant for tenant, _, _ in network.interfaces}), 2))


# What check says.


def checked(network, tenantry):
    """For each ordered pair, whether it leaks and how many layers hold it apart alone."""
    with tempfile.TemporaryDirectory() as directory:
        output, certificate = Path(directory, "output"), Path(directory, "isolation.json")
        networks.write(network, output)
        run = subprocess.run(
            [tenantry, "check", output, "--certificate", certificate], capture_output=True, text=True
        )
        if run.returncode == 2 or not certificate.exists():
            sys.exit(f"check failed:\n{run.stdout}{run.stderr}")
        said = json.loads(certificate.read_text())
    if said["pairs"]["unknown"]:
        sys.exit(f"check does not understand a network that has nothing unknown: {said['not_known']}")
    leaks = {(leak["from"], leak["to"]) for leak in said["leaks"]}
    depth = {}
    for entry in said["depth"]:
        counts = entry["pairs_by_layers_that_hold_alone"]
        depth[entry["from"], entry["to"]] = next(int(layers) for layers, count in counts.items() if count)
    name = "t{}".format
    return {
        (one, other): ((name(one), name(other)) in leaks, depth[name(one), name(other)])
        for one, other in ordered_pairs(network)
    }


# What z3 says.


def solved(network, one, other):
    reached = [any(delivered(network, one, other, standing)) for standing in (ALL, *LAYERS)]
    return reached[0], reached[1:].count(False)


def delivered(network, one, other, standing):
    """For every two interfaces, and each family, whether z3 finds a packet."""
    own = [interface for interface in network.interfaces if interface[0] == one]
    theirs = [interface for interface in network.interfaces if interface[0] == other]
    for sender, receiver, family in itertools.product(own, theirs, (4, 6)):
        yield Question(network, standing, family, sender, receiver).has_an_answer()


class Question:
    """Is there a packet from one interface to another?"""

    def __init__(self, network, standing, family, sender, receiver):
        self.network, self.standing, self.family = network, standing, family
        (_, self.start, self.sender_groups), (_, self.end, self.receiver_groups) = sender, receiver
        self.width = 32 if family == 4 else 128
        self.source, self.destination = self.address("source"), self.address("destination")
        self.protocol, self.port = z3.BitVec("protocol", 8), z3.BitVec("port", 16)
        self.names = itertools.count()

    def address(self, name):
        return z3.BitVec(name, self.width)

    def has_an_answer(self):
        solver = z3.Solver()
        solver.add(self.of_subnet(self.source, self.start), self.of_subnet(self.destination, self.end))
        solver.add(self.group(self.sender_groups, "out", self.destination, self.receiver_groups))
        solver.add(self.way())
        return solver.check() == z3.sat

    def way(self):
        near = [self.accepted(self.source, self.sender_groups)] if self.start == self.end else []
        beyond = [self.acl(self.start, "out", self.destination)]
        if "routes" in self.standing:
            beyond.append(self.routed(self.start, self.start, self.source, (), ()))
        else:
            beyond += [self.acl(self.end, "in", self.source), self.accepted(self.source, self.sender_groups)]
        return z3.Or(*near, z3.And(*beyond))

    # Places.

    def routed(self, at, left, source, nats, tables):
        """From the router of a subnet on, by its route table."""
        vpc, _, table, _ = self.network.subnets[at]
        return z3.Or(
            *(z3.And(chosen, self.onward(target, vpc, left, source, nats, tables)) for chosen, target in self.table(table))
        )

    def onward(self, target, vpc, left, source, nats, tables, inside=True):
        """Where a target leads; out of a transit gateway only through another one or a NAT gateway."""
        kind, number = target
        if kind == "nat":
            return self.translated(number, left, source, nats)
        if kind == "transit":
            return self.transit(self.network.attachments[number][2], left, source, nats, tables)
        if not inside:
            return z3.BoolVal(False)
        if kind == "peering":
            vpc = next(end for end in self.network.peerings[number] if end != vpc)
        return self.arrived(vpc, left, source, nats)

    def arrived(self, vpc, left, source, nats):
        if self.network.subnets[self.end][0] != vpc:
            return z3.BoolVal(False)
        entered = z3.BoolVal(True) if left == self.end else self.acl(self.end, "in", source)
        bearer = None if nats else self.sender_groups
        return z3.And(self.in_any(self.destination, self.network.vpcs[vpc]), entered, self.accepted(source, bearer))

    def transit(self, table, left, source, nats, tables):
        if table is None or table in tables:
            return z3.BoolVal(False)
        static, propagating = self.network.transit[table]
        routes = [(block, 0, end) for block, end in static.items()]
        routes += [(block, 1, end) for end in propagating for block in self.network.vpcs[self.network.attachments[end][0]]]
        ways = []
        for chosen, end in self.longest(routes):
            if end is None:
                continue
            vpc, subnets, _ = self.network.attachments[end]
            inside = self.in_any(self.destination, self.network.vpcs[vpc])
            passed = [
                z3.And(by, self.onward(target, vpc, left, source, nats, (*tables, table), False))
                for subnet in subnets
                for by, target in self.table(self.network.subnets[subnet][2])
            ]
            on = z3.If(inside, self.arrived(vpc, left, source, nats), z3.Or(*passed))
            ways.append(z3.And(chosen, on))
        return z3.Or(*ways)

    def translated(self, nat, left, source, nats):
        if nat in nats or len(nats) == TURNS:
            return z3.BoolVal(False)
        at = self.network.nats[nat]
        same_vpc = self.network.subnets[at][0] == self.network.subnets[left][0]
        enters = self.acl(at, "in", source) if at != left and same_vpc and not nats else z3.BoolVal(True)
        own = self.address(f"translated{next(self.names)}")
        within = self.accepted(own, None) if at == self.end else z3.BoolVal(False)
        out = z3.And(self.acl(at, "out", self.destination), self.routed(at, at, own, (*nats, nat), ()))
        return z3.And(enters, self.of_subnet(own, at), z3.Or(within, out))

    # Tables and lists.

    def table(self, number):
        vpc, routes = self.network.tables[number]
        every = [(block, -1, ("local", vpc)) for block in self.network.vpcs[vpc]]
        return self.longest(every + [(block, 0, target) for block, target in routes.items()])

    def longest(self, routes):
        """Each route with the condition that it is the one: no longer one holds the destination, none of a better kind."""
        own = [(ipaddress.ip_network(block), kind, target) for block, kind, target in routes]
        own = [route for route in own if route[0].version == self.family]
        for block, kind, target in own:
            better = (one for one, other, _ in own if (-one.prefixlen, other) < (-block.prefixlen, kind))
            yield z3.And(self.lies(self.destination, block), *(z3.Not(self.lies(self.destination, one)) for one in better)), target

    def acl(self, subnet, way, peer):
        number = self.network.subnets[subnet][3]
        if number is None or "acls" not in self.standing:
            return z3.BoolVal(True)
        answer = z3.BoolVal(False)
        for _, allow, block, service in sorted(self.network.acls[number][1][way], reverse=True):
            answer = z3.If(z3.And(self.in_any(peer, [block]), self.speaks(service)), z3.BoolVal(allow), answer)
        return answer

    def accepted(self, source, bearer):
        """`bearer`: the groups of the interface whose address the packet has; none behind a NAT gateway."""
        return self.group(self.receiver_groups, "in", source, bearer)

    def group(self, groups, way, peer, bearer):
        if "groups" not in self.standing:
            return z3.BoolVal(True)
        rules = [rule for group in groups for rule in self.network.groups[group][1][way]]
        return z3.Or(*(z3.And(self.speaks(service), self.names_peer(kind, named, peer, bearer)) for kind, named, service in rules))

    def names_peer(self, kind, named, peer, bearer):
        if kind == "group":
            return z3.BoolVal(named in (bearer or ()))
        return self.in_any(peer, [named] if kind == "block" else self.network.lists[named])

    def speaks(self, service):
        protocol, first, last = service
        if protocol == -1:
            return z3.BoolVal(True)
        ports = [z3.UGE(self.port, first), z3.ULE(self.port, last)] if first is not None else []
        return z3.And(self.protocol == protocol, *ports)

    # Addresses.

    def of_subnet(self, address, subnet):
        """One that an interface can have: AWS keeps the first four and the last."""
        blocks = [ipaddress.ip_network(block) for block in self.network.subnets[subnet][1]]
        return z3.Or(
            *(
                z3.And(z3.UGE(address, int(block[4])), z3.ULE(address, int(block[-2])))
                for block in blocks
                if block.version == self.family
            )
        )

    def in_any(self, address, blocks):
        own = (ipaddress.ip_network(block) for block in blocks)
        return z3.Or(*(self.lies(address, block) for block in own if block.version == self.family))

    def lies(self, address, block):
        free = self.width - block.prefixlen
        if block.prefixlen == 0:
            return z3.BoolVal(True)
        return z3.Extract(self.width - 1, free, address) == (int(block.network_address) >> free)


if __name__ == "__main__":
    main()
