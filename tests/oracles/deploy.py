#!/usr/bin/env python3
"""deploy.py OUTPUT [--report FILE] [--endpoint URL]: deploys every stack of the tree to moto, in manifest order.

Each stack goes to its own account and region with the parameters and tags of its deployment file. A stack that fails
is a finding, and so is a resource that was declared and not created, unless `not-in-moto.json` gives the reason why
moto cannot create its type. Without --endpoint a server is started, and stopped at the end.
"""
import argparse
import json
from contextlib import nullcontext
from pathlib import Path

import tree
from server import ABSENT, Cloud, running

NOT_IN_MOTO = Path(__file__).resolve().parent / "not-in-moto.json"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("output", type=Path)
    arguments.add_argument("--report", type=Path, help="write what was created, stack by stack")
    arguments.add_argument("--endpoint", help="a server that is already running")
    chosen = arguments.parse_args()
    with at(chosen.endpoint) as endpoint:
        report = deploy_all(Cloud(endpoint), chosen.output)
    if chosen.report:
        chosen.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    created = sum(len(stack["created"]) for stack in report)
    tree.judge("deploy", problems(report), f"{len(report)} stacks, {created} resources created")


def at(endpoint):
    """A server that is running already, or one of our own for the time of the run."""
    return nullcontext(endpoint) if endpoint else running()


def deploy_all(cloud, output):
    return [deploy(cloud, stack, "create") for stack in tree.stacks(output)]


def deploy(cloud, stack, verb):
    """Creates or updates one stack and reports which of its resources exist afterwards."""
    body = stack.template.read_text(encoding="utf-8")
    declared = {logical: resource["Type"] for logical, resource in json.loads(body)["Resources"].items()}
    cloudformation = cloud.client("cloudformation", stack.account, stack.region)
    report = {"stack": stack.name, "account": stack.account, "region": stack.region, "error": None}
    try:
        getattr(cloudformation, f"{verb}_stack")(
            StackName=stack.name,
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
            Capabilities=stack.capabilities,
        )
        status = cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]
        if status != f"{verb.upper()}_COMPLETE":
            report["error"] = status
    # Whatever moto answers is the verdict on this stack, and the stacks after it deserve theirs.
    except Exception as failure:
        report["error"] = f"{type(failure).__name__}: {failure}"
    physical = {} if report["error"] else physical_ids(cloud, stack)
    report["created"] = {
        logical: {"type": kind, "id": physical[logical]} for logical, kind in declared.items() if logical in physical
    }
    report["absent"] = {logical: kind for logical, kind in declared.items() if logical not in physical}
    return report


def physical_ids(cloud, stack):
    """Logical to physical ids of the resources that exist."""
    pages = cloud.everything(
        "cloudformation", "list_stack_resources", stack.account, stack.region, StackName=stack.name
    )
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource.get("PhysicalResourceId") and not resource["PhysicalResourceId"].startswith(ABSENT)
    }


def problems(report):
    excused = tree.read(NOT_IN_MOTO)
    found = []
    for stack in report:
        place = f"{stack['account']}/{stack['region']}/{stack['stack']}"
        if stack["error"]:
            found.append(f"{place}: {stack['error']}")
            continue
        for kind in sorted({resource["type"] for resource in stack["created"].values()} & set(excused)):
            found.append(f"{NOT_IN_MOTO.name}: {kind} is excused and was created in {place}")
        for logical, kind in stack["absent"].items():
            if kind not in excused:
                found.append(f"{place}: {logical} ({kind}) was declared and not created")
    return found


if __name__ == "__main__":
    main()
