#!/usr/bin/env python3
"""Writes src/cloudformation/property_schemas.json: what may stand in the properties of each resource type.

    pip install cfn-lint==1.58.0
    python tools/property_schemas.py            write the file
    python tools/property_schemas.py --check    fail if the committed file is not what would be written

The source and the choice of types are those of `resource_type_facts.py`; this file holds the inside of properties,
which that one leaves out. It is one line a type: a JSON Schema of which only the keywords in KEPT are left, with
`$ref` as the bare name of a definition, and beside it

    identity   the property whose value `Ref` gives, where there is one alone
    formats    what an attribute is (`AWS::EC2::VPC.Id`), where a format of another property asks for it

Mended on the way: in patterns `\\uXXXX` becomes `\\x{XXXX}` and `\\Z` becomes `\\z`; definitions that nothing uses go.
"""
import argparse
import importlib.metadata
import importlib.util
import json
import re
import sys
from pathlib import Path

from resource_type_facts import PINNED, REGION, ROOT, chosen_types

OUTPUT = ROOT / "src" / "cloudformation" / "property_schemas.json"
KEPT = [
    "additionalProperties", "allOf", "anyOf", "const", "dependentExcluded", "dependentRequired", "enum",
    "enumCaseInsensitive", "format", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum",
    "oneOf", "pattern", "patternProperties", "properties", "required", "requiredOr", "requiredXor",
    "type", "uniqueItems",
]
# Keywords whose value is a schema, a list of schemas, or schemas by name.
INNER, LISTS, NAMED = {"items", "additionalProperties"}, {"allOf", "anyOf", "oneOf"}, {"properties", "patternProperties"}
FORMATS = re.compile(r"^(AWS::.*|ipv4-network|ipv6-network)$")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="write nothing; fail if the file would change")
    check = arguments.parse_args().check
    installed = importlib.metadata.version("cfn-lint")
    if installed != PINNED:
        sys.exit(f"cfn-lint {PINNED} is needed for the same bytes; {installed} is installed")
    text = render({name: reduced(schema) for name, schema in schemas(chosen_types())})
    if not check:
        OUTPUT.write_text(text, encoding="utf-8")
    elif not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != text:
        sys.exit(f"{OUTPUT.relative_to(ROOT)} is stale; run `python tools/property_schemas.py`")
    print(f"{OUTPUT.relative_to(ROOT)}: {text.count(chr(10)) - 2} types, {len(text)} bytes")


def schemas(types):
    folder = Path(importlib.util.find_spec("cfnlint").origin).parent / "data" / "schemas"
    file_of_type = json.loads((folder / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))
    for name in types:
        yield name, json.loads((folder / "resources" / f"{file_of_type[name]}.json").read_text(encoding="utf-8"))


def reduced(schema):
    kept = subset(schema)
    definitions = {name: subset(inner) for name, inner in schema.get("definitions", {}).items()}
    used, open_names = set(), references(kept)
    while open_names:
        name = open_names.pop()
        if name not in used:
            used.add(name)
            open_names |= references(definitions.get(name, {}))
    kept["definitions"] = {name: inner for name, inner in sorted(definitions.items()) if name in used}
    identity = [pointer.removeprefix("/properties/") for pointer in schema.get("primaryIdentifier", [])]
    if len(identity) == 1 and "/" not in identity[0]:
        kept["identity"] = identity[0]
    formats = {}
    for pointer in schema.get("readOnlyProperties", []) + schema.get("primaryIdentifier", []):
        steps = [step for step in pointer.split("/")[1:] if step != "properties"]
        found = schema
        for step in steps:
            found = resolve(schema, found).get("properties", {}).get(step, {})
        found = resolve(schema, found).get("format", "")
        if found.startswith("AWS::"):
            formats[".".join(steps)] = found
    if formats:
        kept["formats"] = formats
    return kept


def resolve(schema, value):
    while "$ref" in value:
        found = schema
        for step in value["$ref"].lstrip("#/").split("/"):
            found = found[step]
        value = found
    return value


def subset(schema):
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        *folder, name = schema["$ref"].split("/")
        if folder == ["#", "definitions"]:
            return {"$ref": name}
        return {}
    kept = {}
    for keyword in KEPT:
        if keyword not in schema:
            continue
        value = schema[keyword]
        if keyword in INNER:
            value = subset(value)
        elif keyword in LISTS:
            value = [subset(inner) for inner in value]
        elif keyword in NAMED:
            value = {mended(name) if keyword == "patternProperties" else name: subset(inner) for name, inner in value.items()}
        elif keyword == "pattern":
            value = mended(value)
        elif keyword == "format" and not FORMATS.match(value):
            continue
        kept[keyword] = value
    return kept


def mended(pattern):
    return re.sub(r"\\u([0-9a-fA-F]{4})", r"\\x{\1}", pattern).replace(r"\Z", r"\z")


def references(schema):
    found = set()
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            found.add(schema["$ref"])
        for value in schema.values():
            found |= references(value)
    elif isinstance(schema, list):
        for value in schema:
            found |= references(value)
    return found


def render(entries):
    lines = [
        f"{json.dumps(name)}: {json.dumps(entry, sort_keys=True, separators=(',', ':'))}"
        for name, entry in sorted(entries.items())
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
