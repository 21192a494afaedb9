#!/usr/bin/env python3
"""update.py BEFORE AFTER: deploys one tree to moto, brings it to the other in place, and reads back both times.

Stacks are created and updated in the manifest's order; those that are gone are deleted the other way round. Fails on
what `deploy.py` and `readback.py` fail on, and on a resource that was replaced though something may depend on it:
only rules may be, whose replacement stands before they go.
"""
import argparse
from pathlib import Path

import deploy
import readback
import tree
from server import Cloud, running

REPLACEABLE = {"AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("before", type=Path)
    arguments.add_argument("after", type=Path)
    chosen = arguments.parse_args()
    with running() as endpoint:
        cloud = Cloud(endpoint)
        first = deploy.deploy_all(cloud, chosen.before)
        findings = deploy.problems(first) or readback.compare(cloud, chosen.before)[0]
        counts = {"updated": 0, "created": 0, "deleted": 0, "untouched": 0}
        if not findings:
            findings += bring(cloud, first, tree.stacks(chosen.before), tree.stacks(chosen.after), counts)
        if not findings:
            findings, _ = readback.compare(cloud, chosen.after)
    tree.judge("update", findings, "stacks: " + ", ".join(f"{count} {what}" for what, count in counts.items()))


def bring(cloud, first, before, after, counts):
    """Brings what stands to what is wanted; gives back the findings."""
    standing, created = {stack.place: stack for stack in before}, {place(stack): stack["created"] for stack in first}
    findings, report = [], []
    for stack in after:
        old = standing.pop(stack.place, None)
        if old and old.says_the_same(stack):
            counts["untouched"] += 1
            continue
        counts["updated" if old else "created"] += 1
        report.append(deploy.deploy(cloud, stack, "update" if old else "create"))
        if old:
            findings += replaced(stack.place, created[stack.place], report[-1]["created"])
    for stack in reversed(standing.values()):
        counts["deleted"] += 1
        try:
            cloud.client("cloudformation", stack.account, stack.region).delete_stack(StackName=stack.name)
        except Exception as failure:
            findings.append(f"{stack.place}: {type(failure).__name__}: {failure}")
    return deploy.problems(report) + findings


def place(stack):
    return f"{stack['account']}/{stack['region']}/{stack['stack']}"


def replaced(where, before, after):
    for logical in sorted(before.keys() & after.keys()):
        kind = after[logical]["type"]
        if before[logical]["id"] != after[logical]["id"] and kind not in REPLACEABLE:
            yield f"{where}: {logical} ({kind}) was replaced"


if __name__ == "__main__":
    main()
