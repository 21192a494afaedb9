#!/usr/bin/env python3
"""run.py [--output DIR ...] [--tenantry PROGRAM] [--only lint,deploy]: lets every oracle judge output trees.

The trees are those given, ./output by default. With a program, the catalog of all shapes is compiled by it and judged
too, and so is what an edit of that catalog does to stacks that are deployed. Makes the environments first where they
are missing; any Python 3.11 will do to start it. Ends with a line `N passed, M failed`, and status 1 where something
failed.
"""
import argparse
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import environments

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples" / "all_models" / "output"
# Those that deploy take longest and come first; the rest keep a second core busy.
ORACLES = (
    "update", "flows", "readback", "deploy", "posture", "lint", "validate", "policies", "sessions", "databases",
    "chargeback", "schemas", "solver",
)
# Those that are given the program and no tree.
OF_PROGRAM = ("flows", "schemas", "solver")
AT_ONCE = 2


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--output", action="append", type=Path, help="an output tree; may be given again")
    arguments.add_argument("--tenantry", type=Path, help="the program that compiles the catalog of all shapes")
    arguments.add_argument("--only", default=",".join(ORACLES), help=f"some of {','.join(ORACLES)}")
    arguments.add_argument("--exceptions", type=Path, help="the list of exceptions from checkov's findings")
    chosen = arguments.parse_args()
    wanted = set(chosen.only.split(","))
    if unknown := wanted - set(ORACLES):
        arguments.error(f"no such oracle: {', '.join(sorted(unknown))}")
    outputs = [output.resolve() for output in chosen.output or [Path("output")]]
    if missing := [str(output) for output in outputs if not (output / "manifest.json").exists()]:
        arguments.error(f"no output tree: {', '.join(missing)}")

    passed, failed = 0, []
    with tempfile.TemporaryDirectory() as directory:
        shapes, edited, later = (Path(directory, name) for name in ("shapes", "edited", "later"))
        jobs = []
        if chosen.tenantry:
            program = chosen.tenantry.resolve()
            compiling = [
                ("compile every shape", command("shapes", program, directory)),
                ("compile what becomes of the example", command("life", program, directory)),
            ]
            wrong = [job[0] for job in compiling if not run(job)]
            passed += len(compiling) - len(wrong)
            if not wrong:
                jobs = list(planned(wanted, outputs, shapes, edited, later, chosen.exceptions))
                own = (oracle for oracle in OF_PROGRAM if oracle in wanted)
                jobs += ((oracle, command(oracle, program)) for oracle in own)
            else:
                failed += wrong
        jobs = jobs or list(planned(wanted, outputs, None, None, None, chosen.exceptions))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for (title, _), good in zip(jobs, pool.map(run, jobs)):
                passed += good
                failed += [] if good else [title]
    for title in failed:
        print(f"FAILED {title}")
    print(f"{passed} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def planned(wanted, outputs, shapes, edited, later, exceptions):
    """Titles and command lines. checkov sees all trees at once, as its exceptions do."""
    judged = [*outputs, shapes] if shapes else outputs
    has_life = later and EXAMPLE in outputs and "update" in wanted
    for oracle in (name for name in ORACLES if name in wanted - set(OF_PROGRAM)):
        if oracle == "update":
            if shapes:
                yield "update of every shape", command(oracle, shapes, edited)
            if has_life:
                yield "life and end of the example", command(oracle, EXAMPLE, later, "--down")
        elif oracle == "posture":
            chosen = ["--exceptions", exceptions.resolve()] if exceptions else []
            yield oracle, command(oracle, *judged, *chosen)
        elif oracle == "deploy" and "readback" in wanted:
            # Reading back deploys first and fails where deploying does.
            continue
        else:
            # An update reads back what it begins with already.
            trees = [one for one in outputs if not (has_life and one == EXAMPLE)]
            trees = trees if oracle in ("deploy", "readback") else judged
            yield from ((f"{oracle} of {tree.name}", command(oracle, tree)) for tree in trees)


def command(oracle, *arguments):
    return [environments.python_of("checkov" if oracle == "posture" else "oracles"), HERE / f"{oracle}.py", *arguments]


def run(job):
    title, words = job
    started = time.monotonic()
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    verdict = "passed" if result.returncode == 0 else "FAILED"
    print(f"== {title}: {verdict} in {time.monotonic() - started:.0f} s\n{result.stdout.rstrip()}", flush=True)
    return result.returncode == 0


if __name__ == "__main__":
    main()
