#!/usr/bin/env python3
"""What cfn-lint says of the damages that `tests/mutations` makes, beside what `tenantry check` says.

    python benches/second_opinion.py        needs the environment of the oracles (tests/oracles/environments.py)

Every damage changes some files of the committed output. cfn-lint is given the changed templates and, by the changed
deployment files, the templates with those parameters; informational rules count too. It is not given the manifest,
which it does not know: damages of that alone it cannot see, and they are counted apart. Prints a table in Markdown by
subject, and under it the damages that only one of the two sees.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
sys.path.insert(0, str(ROOT / "tests" / "oracles"))


def interpreter():
    from environments import python_of

    return os.environ.get("ORACLES_PYTHON") or python_of("oracles")


def lint(program, tree, region, arguments):
    command = [program, "--format", "json", "--include-checks", "I", "--regions", region, *arguments]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    return {(match["Rule"]["Id"]) for match in json.loads(run.stdout or "[]")}


def main():
    subprocess.run(
        ["cargo", "test", "--quiet", "--test", "mutations", "--", "--ignored", "write_damaged_trees"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    program = Path(interpreter()).parent / "cfn-lint"
    damages = TARGET / "tmp" / "damages"
    stacks = json.loads((ROOT / "output" / "manifest.json").read_text())["stacks"]
    region_of = {stack["template"]: stack["region"] for stack in stacks}
    tally, only_here = defaultdict(lambda: [0, 0, 0]), defaultdict(list)
    for number, damage in enumerate(json.loads((damages / "list.json").read_text())):
        changed = [path for path in (damages / str(number)).rglob("*.json")] if (damages / str(number)).exists() else []
        names = [path.relative_to(damages / str(number)).as_posix() for path in changed]
        templates = [name for name in names if name.startswith("templates/")]
        deployments = [name for name in names if name.startswith("stacks/")]
        found = set()
        with tempfile.TemporaryDirectory() as scratch:
            tree = Path(scratch) / "output"
            shutil.copytree(ROOT / "output", tree)
            for path, name in zip(changed, names):
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, tree / name)
            for template in templates:
                found |= lint(program, tree, region_of.get(template, "us-east-1"), ["--", template])
            for deployment in deployments:
                region = deployment.split("/")[2]
                found |= lint(program, tree, region, ["--deployment-files", deployment])
        row = tally[damage["subject"]]
        row[0] += 1
        row[1] += bool(found)
        row[2] += not templates and not deployments
        if not found:
            only_here[damage["subject"]].append(damage["name"])
        print(f"{damage['subject']}: {damage['name']}: {damage['code']} / {', '.join(sorted(found)) or '-'}", file=sys.stderr)
    print("| subject | damages | tenantry check | cfn-lint | of the rest, in the manifest alone |")
    print("|---|---:|---:|---:|---:|")
    for subject, (all_of_them, found, manifest) in tally.items():
        print(f"| {subject} | {all_of_them} | {all_of_them} | {found} | {manifest} |")
    print("\nNot seen by cfn-lint:\n")
    for subject, names in only_here.items():
        print(f"- {subject}: {'; '.join(names)}")


if __name__ == "__main__":
    main()
