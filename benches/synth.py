#!/usr/bin/env python3
"""Times `tenantry synth` on generated catalogs, beside `cp -r` of the same output tree in the same run.

    python3 benches/synth.py [--sizes 100,1000,10000] [--runs 3] [--directory DIR]

Builds the release binary, generates a catalog of each size (tests/generate_catalog.py), and takes, for each size, the
best of some runs in turn: a first run into an empty directory, a run in which nothing changed, a run after one tenant's
display name changed, `cp -r` of the tree, and reading the catalog and the tree once (`cat`). Prints a table in Markdown.
Peak memory is the kernel's account of the finished process. Nothing here is asserted: read the ratios.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "target" / "release" / "tenantry"


def measured(command, cwd):
    """Wall seconds and peak MiB of a command that must succeed."""
    with open(os.devnull, "wb") as nowhere:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def fresh(directory, name):
    path = directory / name
    shutil.rmtree(path, ignore_errors=True)
    return path


def one_size(tenants, runs, directory):
    generate = [sys.executable, ROOT / "tests" / "generate_catalog.py", str(tenants), "--into", directory]
    subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
    synth = [BINARY, "synth", "catalog.yaml", "-o", "output"]
    catalog, lock = directory / "catalog.yaml", directory / "tenantry.lock"
    original = catalog.read_text()
    best = {}

    def note(what, result):
        best[what] = min(best.get(what, result), result)

    for _ in range(runs):
        fresh(directory, "output")
        lock.unlink(missing_ok=True)
        note("first", measured(synth, directory))
        note("unchanged", measured(synth, directory))
        catalog.write_text(original.replace('name: "', 'name: "X', 1))
        note("one edit", measured(synth, directory))
        catalog.write_text(original)
        measured(synth, directory)
        note("cp -r", measured(["cp", "-r", "output", fresh(directory, "copy")], directory))
        note("cat", measured(["sh", "-c", "cat catalog.yaml tenantry.lock; find output -type f -exec cat {} +"], directory))
    files = [path for path in (directory / "output").rglob("*") if path.is_file()]
    return best, len(files), sum(path.stat().st_size for path in files)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--directory", type=pathlib.Path, help="where to work (default: a temporary directory)")
    options = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    print("| tenants | files | MB | first run s | peak MiB | cp -r s | first / cp -r | unchanged s | one edit s | cat of all s |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(dir=options.directory) as scratch:
        for size in map(int, options.sizes.split(",")):
            directory = pathlib.Path(scratch) / str(size)
            directory.mkdir()
            best, files, size_in_bytes = one_size(size, options.runs, directory)
            first, peak = best["first"]
            copy = best["cp -r"][0]
            print(
                f"| {size} | {files} | {size_in_bytes / 1e6:.1f} | {first:.2f} | {peak:.0f} | {copy:.2f} | {first / copy:.2f}"
                f" | {best['unchanged'][0]:.2f} | {best['one edit'][0]:.2f} | {best['cat'][0]:.2f} |",
                flush=True,
            )
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
