#!/usr/bin/env python3
"""Writes src/cloudformation/resource_types.json: what CloudFormation says of each resource type tenantry may emit.

    pip install cfn-lint==1.58.0
    python tools/resource_type_facts.py            write the file
    python tools/resource_type_facts.py --check    fail if the committed file is not what would be written

The source is the resource provider schemas that AWS publishes, as bundled with the pinned release of cfn-lint, so
the file can be made again without a network and reviewed as a diff: one line a type, keys sorted.
`tools/resource_types.txt` chooses the types. Of each type the file says:

    properties               names of the top-level properties
    required                 those CloudFormation demands
    create_only              changing one replaces the resource; nested ones as "Outer/Inner", `*` for a list's items
    conditional_create_only  changing one may replace the resource
    read_only                set by AWS, never by a template
    attributes               names for Fn::GetAtt: the read-only properties in dotted form
    tags                     null where the type takes no tags, else the property that holds them, the shape they
                             have there ("list" of key and value, or "map"), the names of key and value in a list's
                             items, whether they can change in place, and `inferred` where the schema says nothing of
                             tagging and the property alone shows that tags are taken
"""
import argparse
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path

PINNED = "1.58.0"
# The region whose schemas are read: the one in which AWS publishes every type.
REGION = "us-east-1"
ROOT = Path(__file__).resolve().parent.parent
TYPES = ROOT / "tools" / "resource_types.txt"
OUTPUT = ROOT / "src" / "cloudformation" / "resource_types.json"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="write nothing; fail if the file would change")
    check = arguments.parse_args().check

    installed = importlib.metadata.version("cfn-lint")
    if installed != PINNED:
        sys.exit(f"cfn-lint {PINNED} is needed for the same bytes; {installed} is installed")
    text = render(facts_of_types(chosen_types()))
    if not check:
        OUTPUT.write_text(text, encoding="utf-8")
    elif not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != text:
        sys.exit(f"{OUTPUT.relative_to(ROOT)} is stale; run `python tools/resource_type_facts.py`")
    print(f"{OUTPUT.relative_to(ROOT)}: {text.count(chr(10)) - 2} types, {len(text)} bytes")


def chosen_types():
    lines = [line.strip() for line in TYPES.read_text(encoding="utf-8").splitlines()]
    types = [line for line in lines if line and not line.startswith("#")]
    if types != sorted(set(types)):
        sys.exit(f"{TYPES.relative_to(ROOT)} must be sorted and name no type twice")
    return types


def facts_of_types(types):
    schemas = Path(importlib.util.find_spec("cfnlint").origin).parent / "data" / "schemas"
    file_of_type = json.loads((schemas / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))
    unknown = [name for name in types if name not in file_of_type]
    if unknown:
        sys.exit(f"no schema in {REGION} for: {', '.join(unknown)}")
    return {
        name: facts(json.loads((schemas / "resources" / f"{file_of_type[name]}.json").read_text(encoding="utf-8")))
        for name in types
    }


def facts(schema):
    read_only = paths(schema, "readOnlyProperties")
    return {
        "attributes": [path.replace("/", ".") for path in read_only if "*" not in path],
        "conditional_create_only": paths(schema, "conditionalCreateOnlyProperties"),
        "create_only": paths(schema, "createOnlyProperties"),
        "properties": sorted(schema["properties"]),
        "read_only": read_only,
        "required": sorted(schema.get("required", [])),
        "tags": tags(schema),
    }


def paths(schema, keyword):
    """The JSON pointers under a keyword, without the `/properties` that AWS writes before some of their steps."""
    cleaned = set()
    for pointer in schema.get(keyword, []):
        steps = [step for step in pointer.split("/")[1:] if step != "properties"]
        cleaned.add("/".join(steps))
    return sorted(cleaned)


def tags(schema):
    tagging = schema.get("tagging")
    if tagging is not None and not tagging.get("taggable", False):
        return None
    declared = (tagging or {}).get("tagProperty", "/properties/Tags").split("/")[-1]
    if declared not in schema["properties"]:
        return None
    value = resolved(schema, schema["properties"][declared])
    kind = value.get("type")
    if kind == "array" or (isinstance(kind, list) and "array" in kind):
        item = sorted(resolved(schema, value["items"]).get("properties", {}))
        described = {"property": declared, "shape": "list", "item": item}
    elif kind == "object" or (isinstance(kind, list) and "object" in kind):
        described = {"property": declared, "shape": "map"}
    else:
        raise SystemExit(f"{schema['typeName']}: {declared} is neither a list nor a map of tags")
    described["updatable"] = (tagging or {}).get("tagUpdatable", True)
    if tagging is None:
        described["inferred"] = True
    return described


def resolved(schema, value):
    while "$ref" in value:
        target = schema
        for step in value["$ref"].lstrip("#/").split("/"):
            target = target[step]
        value = target
    return value


def render(entries):
    lines = [f"{json.dumps(name)}: {json.dumps(entry, sort_keys=True)}" for name, entry in sorted(entries.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
