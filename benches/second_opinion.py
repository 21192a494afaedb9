#!/usr/bin/env python3
"""What cfn-lint says of the damages that `tests/mutations` makes, beside what `tenantry check` says.

    python benches/second_opinion.py        needs the environment of the oracles (tests/oracles/environments.py)

Every damage changes some files of a good tree. cfn-lint is given the changed templates, each stack that uses one with
its parameters, and the changed deployment files; informational rules count too. What it says of the good files counts for
nothing. It is not given the manifest, which it does not know: damages of that alone it cannot see, and they are counted
apart. Prints a table in Markdown by subject, and under it the damages that cfn-lint does not see; on standard error what
each of the two says of every damage.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
DAMAGES = TARGET / "tmp" / "damages"
# Stacks of one template that are tried: others differ in their parameters alone.
STACKS = 3


def interpreter():
    sys.path.insert(0, str(ROOT / "tests" / "oracles"))
    from environments import python_of

    return os.environ.get("ORACLES_PYTHON") or python_of("oracles")


def lint(tree, region, arguments):
    """How often each rule speaks of each file, and where it points."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    here = os.getcwd()
    os.chdir(tree)
    try:
        config = ConfigMixIn(["--include-checks", "I", "--regions", region, *arguments])
        return Counter((match.rule.id, match.filename, str(match.path)) for match in Runner(config).run())
    finally:
        os.chdir(here)


@cache
def stacks_of(base):
    return json.loads((ROOT / base / "manifest.json").read_text())["stacks"]


def questions(base, changed):
    """What cfn-lint is asked: a Region and a file, by itself or with parameters."""
    for path in changed:
        using = [stack for stack in stacks_of(base) if path in (stack["template"], stack["deployment"])]
        if path.startswith("templates/"):
            yield using[0]["region"] if using else "us-east-1", ("--", path)
        if path.startswith(("templates/", "stacks/")):
            yield from ((stack["region"], ("--deployment-files", stack["deployment"])) for stack in using[:STACKS])


@cache
def good(base, region, arguments):
    return lint(ROOT / base, region, arguments)


def judged(numbered):
    number, damage = numbered
    base, changes = damage["base"], DAMAGES / str(number)
    changed = [path.relative_to(changes).as_posix() for path in changes.rglob("*") if path.is_file()]
    found = set()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "output"
        shutil.copytree(ROOT / base, tree)
        for path in changed:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(changes / path, tree / path)
        for region, arguments in questions(base, changed):
            if all((tree / name).exists() for name in arguments[1:]):
                more = lint(tree, region, arguments) - good(base, region, arguments)
                found |= {rule for rule, _, _ in more}
    return damage, sorted(found), not any(path.startswith(("templates/", "stacks/")) for path in changed)


def main():
    if "--in-environment" not in sys.argv:
        subprocess.run(
            ["cargo", "test", "--quiet", "--test", "mutations", "--", "--ignored", "write_damaged_trees"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        os.execv(interpreter(), [str(interpreter()), __file__, "--in-environment"])
    tally, unseen = defaultdict(lambda: [0, 0, 0]), defaultdict(list)
    damages = enumerate(json.loads((DAMAGES / "list.json").read_text()))
    with ProcessPoolExecutor(2) as pool:
        for damage, found, manifest in pool.map(judged, damages):
            row = tally[damage["subject"]]
            row[0] += 1
            row[1] += bool(found)
            row[2] += manifest and not found
            if not found:
                unseen[damage["subject"]].append(damage["name"])
            said = f"{damage['subject']}: {damage['name']}: {damage['code']} / {', '.join(found) or '-'}"
            print(said, file=sys.stderr, flush=True)
    print("| subject | damages | tenantry check | cfn-lint | of the rest, in the manifest alone |")
    print("|---|---:|---:|---:|---:|")
    tally["all"] = [sum(column) for column in zip(*tally.values())]
    for subject, (every, found, manifest) in tally.items():
        print(f"| {subject} | {every} | {every} | {found} | {manifest} |")
    print("\nNot seen by cfn-lint:\n")
    for subject, names in unseen.items():
        print(f"- {subject}: {'; '.join(names)}")


if __name__ == "__main__":
    main()
