#!/usr/bin/env python3
"""schemas.py TENANTRY: the published JSON Schemas against the files of this repository that they describe.

The judge is Python's jsonschema and not the library inside tenantry. Each schema must also refuse a file that is wrong.
"""
import json
import subprocess
import sys
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

import tree

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = {
    "catalog": ["examples/*/catalog.yaml", "src/cli/starter.yaml", "tests/oracles/shapes/catalog.yaml"],
    "blueprint": ["blueprints/*/blueprint.yaml"],
    "lock": ["examples/*/tenantry.lock"],
    "manifest": ["output/manifest.json"],
}


def main():
    tenantry = Path(sys.argv[1]).resolve()
    findings, judged = [], 0
    for subject, patterns in FILES.items():
        schema = json.loads(subprocess.run([tenantry, "schema", subject], capture_output=True, check=True).stdout)
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        for pattern in patterns:
            paths = sorted(ROOT.glob(pattern))
            findings += [] if paths else [f"{pattern}: no such file"]
            for path in paths:
                judged += 1
                document = yaml.safe_load(path.read_text(encoding="utf-8"))
                for error in validator.iter_errors(document):
                    findings.append(f"{path.relative_to(ROOT)}: {error.json_path}: {error.message[:300]}")
                if validator.is_valid({**document, "unheard-of": 1}):
                    findings.append(f"the schema of a {subject} takes {path.relative_to(ROOT)} with an unknown key")
    tree.judge("schemas", findings, f"{judged} files")


if __name__ == "__main__":
    main()
