#!/usr/bin/env python3
"""generate_catalog.py N [--mixed] [--seed S] [--tenants-format yaml|csv|jsonl] [--into DIR]: a catalog of N tenants.

The same arguments give the same bytes on any machine, and a tenant depends on the seed and its own number alone, so
a larger catalog begins with the tenants of a smaller one. All tenants have a VPC, in three shapes, so that N tenants
compile to three sets of templates. The mix is chosen for room: 10,000 tenants take about 7 million of the 16.7
million addresses of 10.0.0.0/8, and fit with a headroom of one doubling each.

With --mixed the tenants are spread over all five models, with services, databases and a transit gateway: few have an
account or a VPC, most share an application.

YAML tenants stand in catalog.yaml itself; CSV and JSON Lines in a file beside it.
"""
import argparse
import csv
import io
import json
import random
from pathlib import Path

REGIONS = {
    "us-east-1": {"zones": ["use1-az1", "use1-az2", "use1-az4"], "pools": ["10.0.0.0/9"]},
    "eu-west-1": {"zones": ["euw1-az1", "euw1-az2", "euw1-az3"], "pools": ["10.128.0.0/9"]},
}
# Each tier is a shape of its own; the weights are per cent of the tenants.
TIERS = {
    "starter": {"model": "vpc", "size": "small", "settings": {"zones": 2, "nat": "none"}},
    "business": {"model": "vpc", "size": "medium", "settings": {"zones": 2}},
    "enterprise": {"model": "vpc", "size": "large", "settings": {"zones": 3}},
}
WEIGHTS = {"starter": 65, "business": 30, "enterprise": 5}
TAGS = [
    {"key": "tenant-id", "from": "tenant.id"},
    {"key": "tier", "from": "tenant.tier"},
    {"key": "cost-center", "required": True, "pattern": "^[0-9]{5}$"},
    {"key": "data-class", "required": True, "values": ["public", "internal", "restricted"], "default": "internal"},
]
# An account takes as many tenants as AWS may be asked to allow VPCs for in one region; of other limits that many
# tenants reach, it has been granted enough for each of them.
VPCS_PER_REGION = 500
GRANTED = {
    "vpcs-per-region": VPCS_PER_REGION,
    "nat-gateways-per-az": VPCS_PER_REGION,
    "eips-per-region": VPCS_PER_REGION,
    "gateway-endpoints-per-region": 2 * VPCS_PER_REGION,
    "resource-groups": VPCS_PER_REGION,
}
ROLES_PER_ACCOUNT = 5000
# The mix of --mixed: as a product sells them, each tier beside the one above it costs less and shares more.
IMAGE = "200000000001.dkr.ecr.us-east-1.amazonaws.com/ledgerly"
FRONT = {"load_balancer": True, "domain": "ledgerly.example", "hosted_zone": "Z0123456789ABCDEFGHIJ", "image": IMAGE + ":1"}
GATEWAY = {
    "attached": True,
    "transit_gateway": "tgw-0a1b2c3d4e5f60718",
    "attachment_tables": True,
    "tenants_table": "tgw-rtb-0a1b2c3d4e5f60719",
    "central_table": "tgw-rtb-0a1b2c3d4e5f6071a",
}
MIXED_TIERS = {
    "enterprise": {
        "model": "account",
        "size": "small",
        "settings": {"mail_domain": "cloud.ledgerly.example", "operations_account": "200000000001"},
    },
    "business": {"model": "vpc", "size": "small", "settings": {"internet_egress": True} | GATEWAY},
    "team": {"model": "subnet", "size": "small", "settings": FRONT | {"service": True, "database": True}},
    "plus": {"model": "container", "settings": FRONT},
    "free": {
        "model": "application",
        "settings": {"function": True, "image": IMAGE + "/pool:1", "authorizer_image": IMAGE + "/authorizer:1"},
    },
}
MIXED_HOSTS = (["shared_services", "subnet", "container", "application"], ["vpc"])
MIXED_PER_ACCOUNT = 80
MIXED_GRANTED = {"vpcs-per-region": 100, "iam-roles-per-account": 5000, "fargate-vcpu": 200, "rds-instances": 200, "rds-clusters": 100}
MIXED_WEIGHTS = {"enterprise": 2, "business": 18, "team": 15, "plus": 15, "free": 50}
FIRST_WORDS = ("north", "blue", "iron", "silver", "quiet", "swift", "amber", "cedar", "delta", "lunar")
SECOND_WORDS = ("wind", "harbor", "field", "bridge", "forge", "peak", "river", "stone", "labs", "works")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("tenants", type=int, metavar="N")
    arguments.add_argument("--mixed", action="store_true", help="tenants of all five models")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--tenants-format", choices=["yaml", "csv", "jsonl"], default="yaml")
    arguments.add_argument("--into", type=Path, default=Path("."), help="a directory; made if missing")
    chosen = arguments.parse_args()

    weights = MIXED_WEIGHTS if chosen.mixed else WEIGHTS
    catalog = mixed_catalog_for(chosen.tenants) if chosen.mixed else catalog_for(chosen.tenants)
    regions = list(catalog["regions"])
    tenants = [tenant(chosen.seed, number, weights, regions) for number in range(1, chosen.tenants + 1)]
    chosen.into.mkdir(parents=True, exist_ok=True)
    if chosen.tenants_format == "yaml":
        catalog["tenants"] = tenants
    else:
        catalog["tenants"] = f"tenants.{chosen.tenants_format}"
        text = as_csv(tenants) if chosen.tenants_format == "csv" else as_json_lines(tenants)
        (chosen.into / catalog["tenants"]).write_text(text, encoding="utf-8")
    (chosen.into / "catalog.yaml").write_text(as_yaml(catalog), encoding="utf-8")


def catalog_for(tenants):
    accounts = [str(200_000_000_000 + number) for number in range(1, 2 + (tenants - 1) // VPCS_PER_REGION)]
    return {
        "version": 1,
        "product": "ledgerly",
        "environment": "prod",
        "accounts": [{"id": account, "name": f"tenants-{account[-3:]}", "hosts": ["vpc"]} for account in accounts],
        "regions": REGIONS,
        "tags": TAGS,
        "quotas": [
            {"quota": quota, "account": account, "region": region, "value": value}
            for account in accounts
            for region in REGIONS
            for quota, value in GRANTED.items()
        ]
        + [{"quota": "iam-roles-per-account", "account": account, "value": ROLES_PER_ACCOUNT} for account in accounts],
        "tiers": TIERS,
    }


def mixed_catalog_for(tenants):
    """In one Region, where the centre is. A full account opens the next one of those that host the model."""
    catalog = catalog_for(tenants)
    accounts = [
        {"id": str(200_000_000_001 + number), "name": f"tenants-{number + 1}", "hosts": MIXED_HOSTS[number % 2]}
        for number in range(2 + 2 * (tenants // (2 * MIXED_PER_ACCOUNT)))
    ]
    catalog["organization"] = {"id": "o-a1b2c3d4e5", "management_account": "111111111111", "root": "r-ab12"}
    return catalog | {
        "accounts": accounts,
        "regions": {"us-east-1": REGIONS["us-east-1"]},
        "ranges": {"central": ["192.168.8.0/22"]},
        "shared_services": {"connect": "auto", "networks": {"us-east-1": "192.168.8.0/22"}},
        "quotas": [{"quota": quota, "value": value} for quota, value in (GRANTED | MIXED_GRANTED).items()],
        "tiers": MIXED_TIERS,
    }


def tenant(seed, number, weights, regions):
    # Its own stream of chance, so that no tenant depends on how many there are.
    chance = random.Random(f"{seed}/{number}")
    words = chance.choice(FIRST_WORDS), chance.choice(SECOND_WORDS)
    return {
        "id": f"{'-'.join(words)}-{number:06}",
        "name": f"{words[0].capitalize()} {words[1].capitalize()} {number}",
        "tier": chance.choices(list(weights), weights.values())[0],
        "region": chance.choice(regions),
        "status": chance.choices(["active", "planned", "suspended"], [94, 4, 2])[0],
        "ingress": [f"203.0.113.{16 * block}/28" for block in sorted(chance.sample(range(16), chance.randint(0, 2)))],
        "tags": {
            "cost-center": f"{chance.randint(0, 99999):05}",
            "data-class": chance.choice(["public", "internal", "internal", "restricted"]),
        },
    }


def as_csv(tenants):
    text = io.StringIO()
    columns = ["id", "name", "tier", "region", "status", "ingress", "tags.cost-center", "tags.data-class"]
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    for entry in tenants:
        row = {key: value for key, value in entry.items() if key != "tags"}
        row["ingress"] = " ".join(entry["ingress"])
        table.writerow(row | {f"tags.{key}": value for key, value in entry["tags"].items()})
    return text.getvalue()


def as_json_lines(tenants):
    return "".join(json.dumps(entry) + "\n" for entry in tenants)


def as_yaml(value, indent=""):
    """Block style down to lists and mappings of plain values, which stand on one line."""
    if isinstance(value, dict) and not flat(value):
        return "".join(
            f"{indent}{key}: {inline(inner)}\n" if flat(inner) else f"{indent}{key}:\n{as_yaml(inner, indent + '  ')}"
            for key, inner in value.items()
        )
    if isinstance(value, list) and not flat(value):
        return "".join(f"{indent}- {inline(item)}\n" for item in value)
    return f"{indent}{inline(value)}\n"


def flat(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return not any(isinstance(item, (dict, list)) for item in inner)


def inline(value):
    """One line in YAML's flow style. Text is quoted as in JSON, so that none is taken for a number or a date."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {inline(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


if __name__ == "__main__":
    main()
