#!/usr/bin/env python3
"""lint.py OUTPUT: cfn-lint over every template, in each region that the manifest uses it in, alone and with the
parameters of every deployment file that uses it.

Errors, warnings and remarks all count: a template that a machine wrote has no excuse for any.
"""
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tree import judge, stacks, templates


def main():
    output = Path(sys.argv[1]).resolve()
    findings, together, judged = set(), defaultdict(list), templates(output)
    for template, regions in judged.items():
        if regions:
            together[tuple(regions)].append(template)
        else:
            findings.add(f"{template.relative_to(output)}: no stack uses this template")
    for regions, used_there in together.items():
        findings.update(describe(match, output) for match in lint(output, regions, ["--", *used_there]))
    deployments = defaultdict(list)
    for stack in stacks(output):
        deployments[stack.region].append(stack.deployment)
    for region, used_there in deployments.items():
        wanted = ["--deployment-files", *used_there]
        findings.update(describe(match, output) for match in lint(output, [region], wanted))
    count = sum(len(used_there) for used_there in deployments.values())
    judge("cfn-lint", sorted(findings), f"{len(judged)} templates, {count} deployment files")


def lint(output, regions, wanted):
    """What cfn-lint says of files that are all used in the same regions; its start-up is paid once for all."""
    program = Path(sys.executable).parent / "cfn-lint"
    command = [program, "--format", "json", "--include-checks", "I", "--regions", *regions, *wanted]
    # A deployment file names its template from where Git sync starts, which is the tree's root.
    run = subprocess.run(command, capture_output=True, text=True, cwd=output)
    try:
        return json.loads(run.stdout)
    except json.JSONDecodeError:
        sys.exit(f"cfn-lint failed: {run.stdout}{run.stderr}")


def describe(match, output):
    place = f"{(output / match['Filename']).relative_to(output)}:{match['Location']['Start']['LineNumber']}"
    path = "/".join(str(step) for step in match["Location"]["Path"] or [])
    return f"{place}: {match['Rule']['Id']} {match['Message']} (at {path})"


if __name__ == "__main__":
    main()
