#!/usr/bin/env python3
"""update.py BEFORE AFTER [--down]: deploys one tree to moto, brings it to the other in place, and reads back both times.

Stacks are created and updated in the manifest's order; those that are gone are deleted the other way round. Fails on
what `deploy.py` and `readback.py` fail on, and on a resource that was replaced though something may depend on it:
only rules may be, whose replacement stands before they go, and what is a new version of itself.

With --down everything is deleted afterwards, from the last stack to the first. Then there is what templates retain,
and a snapshot of each database, and nothing else.
"""
import argparse
from pathlib import Path

import deploy
import inventory
import readback
import tree
from server import Cloud, running

REPLACEABLE = {
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ECS::TaskDefinition",
    # moto's id of a record is its name.
    "AWS::Route53::RecordSet",
}


class Life:
    """What stands in one server, and what has been done to it."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.stacks, self.created = [], {}
        # What stacks that have been deleted retain.
        self.kept = set()
        self.findings = []
        self.counts = {"updated": 0, "created": 0, "deleted": 0, "untouched": 0, "torn down": 0}

    def begin(self, output):
        report = deploy.deploy_all(self.cloud, output)
        self.stacks, self.created = tree.stacks(output), {place(stack): stack["created"] for stack in report}
        self.findings += deploy.problems(report) or readback.compare(self.cloud, output)[0]

    def bring(self, output):
        """Brings what stands to what is wanted."""
        standing, report = {stack.place: stack for stack in self.stacks}, []
        self.stacks = tree.stacks(output)
        for stack in self.stacks:
            old = standing.pop(stack.place, None)
            if old and old.says_the_same(stack):
                self.counts["untouched"] += 1
                continue
            self.counts["updated" if old else "created"] += 1
            report.append(deploy.deploy(self.cloud, stack, "update" if old else "create"))
            if old:
                self.findings += replaced(stack.place, self.created[stack.place], report[-1]["created"])
            self.created[stack.place] = report[-1]["created"]
        for stack in reversed(standing.values()):
            self.counts["deleted"] += 1
            self.delete(stack)
        self.findings += deploy.problems(report)
        if not self.findings:
            self.findings += readback.compare(self.cloud, output)[0]

    def end(self):
        """Deletes everything, and looks at what is left."""
        places = {(account, region) for stack in self.stacks for account, region in all_of(stack)}
        for stack in reversed(self.stacks):
            self.counts["torn down"] += 1
            self.delete(stack)
        left = inventory.of(self.cloud, places)
        self.findings += [f"left behind: {' '.join(one)}" for one in sorted(left - self.kept)]
        self.findings += [f"not retained: {' '.join(one)}" for one in sorted(self.kept - left)]

    def delete(self, stack):
        created = self.created[stack.place]
        try:
            self.cloud.client("cloudformation", stack.account, stack.region).delete_stack(StackName=stack.name)
        except Exception as failure:
            self.findings.append(f"{stack.place}: {type(failure).__name__}: {failure}")
        self.kept |= set(inventory.kept(stack, created))
        for cluster in inventory.without_snapshot(self.cloud, stack, created):
            self.findings.append(f"{stack.place}: {cluster} went without a snapshot")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("before", type=Path)
    arguments.add_argument("after", type=Path)
    arguments.add_argument("--down", action="store_true", help="delete everything at the end, and look at what is left")
    chosen = arguments.parse_args()
    with running() as endpoint:
        life = Life(Cloud(endpoint))
        steps = [lambda: life.begin(chosen.before), lambda: life.bring(chosen.after)]
        for step in steps + ([life.end] if chosen.down else []):
            if not life.findings:
                step()
    counts = {what: count for what, count in life.counts.items() if chosen.down or what != "torn down"}
    tree.judge("update", life.findings, "stacks: " + ", ".join(f"{count} {what}" for what, count in counts.items()))


def place(stack):
    return f"{stack['account']}/{stack['region']}/{stack['stack']}"


def all_of(stack):
    """Where a stack may have made something: its own place, and where services without Regions answer."""
    return [(stack.account, stack.region), (stack.account, "us-east-1")]


def replaced(where, before, after):
    for logical in sorted(before.keys() & after.keys()):
        kind = after[logical]["type"]
        if before[logical]["id"] != after[logical]["id"] and kind not in REPLACEABLE:
            yield f"{where}: {logical} ({kind}) was replaced"


if __name__ == "__main__":
    main()
