#!/usr/bin/env python3
"""shapes.py TENANTRY DIR: compiles `shapes/catalog.yaml`, edits it as a company's life would, and compiles it again.

Leaves two trees, DIR/shapes and DIR/edited, with the lock of the first run obeyed by the second. Fails where no tenant
has some value of a setting that shapes templates, so that a new setting asks for a tenant here.
"""
import copy
import json
import subprocess
import sys
from pathlib import Path

import yaml

import tree

HERE = Path(__file__).resolve().parent
# What needs central services, which the example of all models has, or a network elsewhere: tests/connect.rs tries them.
ELSEWHERE = {"attached", "central_account", "central_entered", "central_way", "on_premises", "vpn", "vpn_routing"}
# Those whose settings are all tried.
BLUEPRINTS = ("vpc", "subnet", "container")


def main():
    tenantry, directory = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    catalog = yaml.safe_load((HERE / "shapes" / "catalog.yaml").read_text(encoding="utf-8"))
    for name, content in (("shapes", catalog), ("edited", edited(catalog))):
        (directory / "catalog.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
        command = [tenantry, "synth", directory / "catalog.json", "-o", directory / name]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode:
            sys.exit(f"synth of {name} failed:\n{run.stdout}")
        print(f"{name}: {run.stdout.strip()}")
    findings = [one for name in BLUEPRINTS for one in not_covered(tenantry, name, directory / "shapes")]
    tree.judge("shapes", findings, "settings that shape templates")


def edited(catalog):
    """A tenant grows by a zone, one in size, two get a second stack of addresses, one changes its allow-list in the middle, one leaves, and one comes."""
    catalog = copy.deepcopy(catalog)
    tenants = {tenant["id"]: tenant for tenant in catalog["tenants"]}
    tenants["grower"]["settings"] = {"zones": 3}
    tenants["grower"]["ingress"] += ["192.0.2.128/25"]
    tenants["doubler"]["size"] = "large"
    tenants["joiner"]["settings"] = {"ipv6": "dual_stack"}
    tenants["joiner-amazon"]["settings"] = {"ipv6": "dual_stack"}
    tenants["opener"]["ingress"] = ["192.0.2.0/25", "192.0.2.128/25", "203.0.113.0/25"]
    del tenants["leaver"]
    # Of those that share: one more comes into each full cell, one leaves, one is suspended, one changes its list.
    del tenants["subnet-leaver"]
    tenants["subnet-comer"] = {"id": "subnet-comer", "name": "Comes", "tier": "subnet-full", "region": "us-east-1"}
    tenants["container-comer"] = tenants["subnet-comer"] | {"id": "container-comer", "tier": "container-full"}
    tenants["container-opener"]["ingress"] = ["192.0.2.0/25", "203.0.113.0/25", "198.51.100.0/25"]
    tenants["container-stopper"]["status"] = "suspended"
    tenants["comer"] = {"id": "comer", "name": "Comes", "tier": "served", "region": "us-east-1"}
    catalog["tenants"] = list(tenants.values())
    return catalog


def not_covered(tenantry, blueprint, output):
    command = [tenantry, "blueprint", "show", blueprint, "--format", "json"]
    settings = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["settings"]
    shapes = tree.read(output / "plan.json")["shapes"].values()
    shapes = [one for one in shapes if (one["blueprint"], one["per"]) == (blueprint, "tenant")]
    for name, schema in settings.items():
        if schema.get("lifted") or name in ELSEWHERE:
            continue
        there = [shape["settings"].get(name) for shape in shapes]
        for value in values_of(schema):
            if not any(value in one if isinstance(one, list) else value == one for one in there):
                yield f"no tenant of {blueprint} has {name}: {value}"
        if schema.get("type") == "array" and ([] not in there or not any(there)):
            yield f"{blueprint}: {name} is never empty, or always"


def values_of(schema):
    if "enum" in schema:
        return schema["enum"]
    if schema.get("type") == "boolean":
        return [True, False]
    if schema.get("type") == "integer":
        first, last = schema["minimum"], schema["maximum"]
        # Of a length of addresses, the ends: what lies between differs by a number.
        return range(first, last + 1) if last - first < 4 else [first, last]
    return schema.get("items", {}).get("enum", [])


if __name__ == "__main__":
    main()
