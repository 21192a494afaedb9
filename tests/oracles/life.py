#!/usr/bin/env python3
"""life.py TENANTRY DIR: edits the example of all models as months of a product would, and compiles it to DIR/later.

The lock of the example is obeyed. What it was compiled to before the edit is in the repository.
"""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

import tree

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "all_models"


def main():
    tenantry, directory = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    catalog = yaml.safe_load((EXAMPLE / "catalog.yaml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as beside:
        shutil.copy(EXAMPLE / "tenantry.lock", beside)
        written = Path(beside, "catalog.json")
        written.write_text(json.dumps(edited(catalog), indent=2), encoding="utf-8")
        command = [tenantry, "synth", written, "-o", directory / "later"]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(run.stdout.strip())
    sys.exit(run.returncode)


def edited(catalog):
    tenants = {tenant["id"]: tenant for tenant in catalog["tenants"]}
    # The planned one begins, a suspended one of each kind comes back, and one is suspended.
    for name in ("aspen", "robin", "sage"):
        tenants[name]["status"] = "active"
    tenants["finch"]["status"] = "suspended"
    # The one that moves is served by its new home from now on.
    tenants["hazel"]["homes"][0]["status"] = "suspended"
    # AWS has made the account of one, under the number that deployments have taken for it.
    tenants["jade"]["account"] = tree.account_number("jade")
    # One grows, one has a new image, some change their allow-lists.
    tenants["juniper"]["size"] = "medium"
    tenants["wren"]["settings"] = {"image": "333333333333.dkr.ecr.eu-west-1.amazonaws.com/ledgerly:2026.12"}
    tenants["cedar"]["ingress"] = ["203.0.113.0/24", "192.0.2.0/24"]
    tenants["elder"]["ingress"] += ["192.0.2.0/25"]
    # The bridge is taken down, and another is built.
    del tenants["maple"]["homes"]
    tenants["lark"]["homes"] = [{"tier": "free"}]
    # Some leave, of each Region and of every model but that of accounts.
    for name in ("linden", "swift", "poppy", "thyme", "rowan"):
        del tenants[name]
    # Some come.
    for name, tier, region in (
        ("osprey", "plus-europe", "eu-west-1"),
        ("elm", "team", "us-east-1"),
        ("tulip", "free-europe", "eu-west-1"),
        ("pine", "business-europe", "eu-west-1"),
        ("onyx", "enterprise", "us-east-1"),
    ):
        tags = {"cost-center": "80999"}
        tenants[name] = {"id": name, "name": name.title(), "tier": tier, "region": region, "tags": tags}
    return {**catalog, "tenants": list(tenants.values())}


if __name__ == "__main__":
    main()
