#!/usr/bin/env python3
"""Times `tenantry check` on generated output trees, beside `tenantry synth` and cfn-lint of the same templates.

    python3 benches/check.py [--mixed] [--sizes 100,1000,10000] [--runs 3] [--cfn-lint PROGRAM]

Builds the release binary, generates a catalog of each size (tests/generate_catalog.py; with --mixed of all five
models), compiles it into an empty directory, and takes the best of some runs of `synth` that find nothing to write, of
`check` with the certificate, and of `cat` of all files. cfn-lint is given each template once, and apart from that the
deployment files of one stack in a hundred (ten at least), from which the time for all is reckoned. Prints a table in
Markdown. Nothing here is asserted: read the ratios.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BINARY = TARGET / "release" / "tenantry"


def measured(command, cwd, any_status=False):
    """Wall seconds and peak MiB of a command that must succeed."""
    with open(os.devnull, "wb") as nowhere:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 and not any_status:
        sys.exit(f"{' '.join(map(str, command))} ended with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def best(runs, *arguments):
    return min(measured(*arguments) for _ in range(runs))


def one_size(tenants, options, directory):
    generate = [sys.executable, ROOT / "tests" / "generate_catalog.py", str(tenants), "--into", directory]
    subprocess.run([*generate, *["--mixed"] * options.mixed], check=True, stdout=subprocess.DEVNULL)
    synth = [BINARY, "synth", "catalog.yaml", "-o", "output"]
    compiled = measured(synth, directory)
    again = best(options.runs, synth, directory)
    checked = best(options.runs, [BINARY, "check", "output", "--certificate", "isolation.json"], directory)
    read = best(options.runs, ["sh", "-c", "find output -type f -exec cat {} +"], directory)
    tree = directory / "output"
    stacks = json.loads((tree / "manifest.json").read_text())["stacks"]
    templates = sorted({stack["template"] for stack in stacks})
    cells = [str(tenants), str(len(stacks)), str(len(templates)), f"{compiled[0]:.2f}"]
    cells += [f"{again[0]:.2f}", f"{checked[0]:.2f}"]
    cells += [f"{checked[1]:.0f}", f"{read[0]:.2f}"]
    if options.cfn_lint:
        regions = sorted({stack["region"] for stack in stacks})
        lint = [options.cfn_lint, "--regions", *regions]
        once = measured([*lint, "--", *templates], tree, True)[0]
        some = [stack["deployment"] for stack in stacks][:: max(1, min(100, len(stacks) // 10))]
        part = measured([*lint, "--deployment-files", *some], tree, True)[0]
        whole = part * len(stacks) / len(some)
        cells += [f"{once:.1f}", f"{once / checked[0]:.0f}", f"{whole:.0f}", f"{whole / checked[0]:.0f}"]
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mixed", action="store_true", help="tenants of all five models")
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cfn-lint", help="the program, where it is to be timed too")
    options = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    header = ["tenants", "stacks", "templates", "synth s", "synth, unchanged s", "check s", "peak MiB", "cat of all s"]
    if options.cfn_lint:
        header += ["cfn-lint, templates once s", "ratio", "cfn-lint, every stack s (reckoned)", "ratio"]
    print(f"| {' | '.join(header)} |\n|{'---:|' * len(header)}")
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as scratch:
            print(f"| {' | '.join(one_size(size, options, pathlib.Path(scratch)))} |", flush=True)


if __name__ == "__main__":
    main()
