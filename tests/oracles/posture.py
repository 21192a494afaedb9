#!/usr/bin/env python3
"""posture.py OUTPUT... [--exceptions FILE]: checkov over all templates, against one reviewed list of exceptions.

Must run in checkov's own environment. Offline: nothing is downloaded and nothing is sent. A finding that no exception
explains fails, and so does an exception that explains nothing any more in any of the trees. An exception is
{"rule": checkov's id, "resource": pattern over "Type.LogicalId", "reason": why it is right}.
"""
import argparse
import json
import os
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from tree import judge, read

REVIEWED = Path(__file__).resolve().parent / "checkov-exceptions.json"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("output", type=Path, nargs="+")
    arguments.add_argument("--exceptions", type=Path, default=REVIEWED)
    chosen = arguments.parse_args()

    exceptions = read(chosen.exceptions)
    used, findings, resources = set(), [], 0
    for output in chosen.output:
        report = scan(output / "templates")
        resources += report["summary"]["resource_count"]
        for failure in report["results"]["failed_checks"]:
            explained = [
                index for index, exception in enumerate(exceptions) if explains(exception, failure)
            ]
            used.update(explained)
            if not explained:
                findings.append(
                    f"{output}/templates{failure['file_path']}: {failure['check_id']} "
                    f"{failure['resource']}: {failure['check_name']}"
                )
    for index, exception in enumerate(exceptions):
        if index not in used:
            findings.append(f"{chosen.exceptions.name}: explains nothing any more: {json.dumps(exception)}")
        if not exception["reason"].strip():
            findings.append(f"{chosen.exceptions.name}: gives no reason: {json.dumps(exception)}")
    judge("checkov", findings, f"{resources} resources")


def explains(exception, failure):
    return exception["rule"] == failure["check_id"] and fnmatchcase(failure["resource"], exception["resource"])


def scan(templates):
    program = Path(sys.executable).parent / "checkov"
    command = [program, "--directory", templates, "--framework", "cloudformation", "--output", "json"]
    offline = ["--compact", "--quiet", "--skip-download", "--soft-fail"]
    environment = {**os.environ, "LOG_LEVEL": "ERROR"}
    run = subprocess.run([*command, *offline], capture_output=True, text=True, env=environment)
    try:
        report = json.loads(run.stdout)
    except json.JSONDecodeError:
        sys.exit(f"checkov failed: {run.stdout}{run.stderr}")
    # A tree it could not read at all has no results, and one it read in part says so.
    if "results" not in report or report["summary"]["parsing_errors"]:
        sys.exit(f"checkov could not read the templates under {templates}: {run.stdout[:2000]}")
    return report


if __name__ == "__main__":
    main()
