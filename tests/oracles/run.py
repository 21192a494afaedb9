#!/usr/bin/env python3
"""run.py [--output DIR ...] [--only lint,deploy]: lets every oracle judge the given output trees, ./output by default.

Makes the environments first where they are missing. Any Python 3.11 will do to start it. Ends with a line
`N passed, M failed` and status 1 where something failed.
"""
import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import environments

HERE = Path(__file__).resolve().parent
ORACLES = ("lint", "validate", "posture", "policies", "deploy", "readback")
# Each oracle is a process of its own; deploying is one long one and the rest keep a second core busy.
AT_ONCE = 2


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--output", action="append", type=Path, help="an output tree; may be given again")
    arguments.add_argument("--only", default=",".join(ORACLES), help=f"some of {','.join(ORACLES)}")
    arguments.add_argument("--exceptions", type=Path, help="the list of exceptions from checkov's findings")
    chosen = arguments.parse_args()
    wanted = chosen.only.split(",")
    unknown = set(wanted) - set(ORACLES)
    if unknown:
        arguments.error(f"no such oracle: {', '.join(sorted(unknown))}")
    if set(wanted) >= {"deploy", "readback"}:
        # Reading back deploys first and fails where deploying does.
        wanted.remove("deploy")

    outputs = [output.resolve() for output in chosen.output or [Path("output")]]
    missing = [str(output) for output in outputs if not (output / "manifest.json").exists()]
    if missing:
        arguments.error(f"no output tree: {', '.join(missing)}")
    jobs = list(planned(wanted, outputs, chosen.exceptions))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [title for title, passed in zip([title for title, _ in jobs], pool.map(run, jobs)) if not passed]
    for title in failed:
        print(f"FAILED {title}")
    print(f"{len(jobs) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def planned(wanted, outputs, exceptions):
    """Titles and command lines, the longest job first. checkov sees all trees at once, as its exceptions do."""
    for oracle in sorted(wanted, key=lambda name: (name not in ("deploy", "readback"), ORACLES.index(name))):
        python = environments.python_of("checkov" if oracle == "posture" else "oracles")
        command = [python, HERE / f"{oracle}.py"]
        if oracle == "posture":
            chosen = ["--exceptions", exceptions.resolve()] if exceptions else []
            yield oracle, [*command, *outputs, *chosen]
        else:
            for output in outputs:
                yield f"{oracle} of {output.name}", [*command, output]


def run(job):
    title, command = job
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f"== {title}\n{result.stdout.rstrip()}", flush=True)
    return result.returncode == 0


if __name__ == "__main__":
    main()
