#!/usr/bin/env python3
"""Sets tenantry's addresses beside what people use instead: Python's `ipaddress` and `netaddr`.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install --no-deps netaddr==1.3.0
    /tmp/venv/bin/python benches/addresses.py > table.md

Builds `cargo bench --bench packing` (or runs the executable that is named), gives every program the same sequence of requests, and prints a
table in Markdown. A method stops growing when its next step would take longer than the budget. Where a
method works by tenantry's rule it must hand out the very same blocks, which makes the benchmark a test.
Where `terraform` is on the path, `cidrsubnets` in its console is measured as well.
"""

import heapq
import ipaddress
import json
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

BUDGET = 60.0
COUNTS = [100, 1_000, 10_000, 100_000, 1_000_000]
POOL = "10.0.0.0/8"


def length(number):
    """The same mix as in benches/packing.rs."""
    remainder = number * 7919 % 64
    if remainder == 0:
        return 26
    return 27 if remainder <= 4 else 28 if remainder <= 20 else 29


def digest(blocks):
    value = 0
    for block in blocks:
        value = (value * 1_000_003 + int(block)) % 2**64
    return value


def ipaddress_scan(count):
    """What most scripts do: the first subnet of the pool that overlaps none of those given out."""
    pool = ipaddress.ip_network(POOL)
    taken = []
    for number in range(count):
        for candidate in pool.subnets(new_prefix=length(number)):
            if not any(candidate.overlaps(other) for other in taken):
                taken.append(candidate)
                break
    return None


def ipaddress_free_lists(count):
    """tenantry's rule, written with `ipaddress`: free blocks by size, halved until they fit."""
    free = {size: [] for size in range(8, 33)}
    heapq.heappush(free[8], ipaddress.ip_network(POOL))
    given = []
    for number in range(count):
        wanted = length(number)
        size = next(size for size in range(wanted, 7, -1) if free[size])
        block = heapq.heappop(free[size])
        while size < wanted:
            block, other = block.subnets()
            size += 1
            heapq.heappush(free[size], other)
        given.append(block.network_address)
    return digest(given)


def netaddr_set(count):
    """netaddr's own means: a set of what is left, the first block of it that is large enough."""
    from netaddr import IPNetwork, IPSet

    left = IPSet([POOL])
    for number in range(count):
        wanted = length(number)
        for candidate in left.iter_cidrs():
            if candidate.prefixlen <= wanted:
                left.remove(next(candidate.subnet(wanted)))
                break
    return None


def terraform_console(count):
    """`cidrsubnets` needs all sizes in one call, and places them in their order. The sizes are made in
    the expression, since the console passes over a line of more than 64 KiB, and says nothing."""
    outer, inner = max(1, count // 1000), min(count, 1000)
    expression = (
        f'jsonencode(cidrsubnets("{POOL}", [for n in flatten([for a in range({outer}) : '
        f"[for b in range({inner}) : a * 1000 + b]]) : n * 7919 % 64 == 0 ? 18 : "
        "n * 7919 % 64 <= 4 ? 19 : n * 7919 % 64 <= 20 ? 20 : 21]...))\n"
    )
    run = subprocess.run(["terraform", "console"], input=expression, text=True, capture_output=True)
    try:
        blocks = json.loads(json.loads(run.stdout))
    except json.JSONDecodeError:
        blocks = []
    if [ipaddress.ip_network(block).prefixlen for block in blocks] != [length(number) for number in range(count)]:
        raise Unanswered(f"{len(blocks)} blocks: {' '.join(run.stderr.split())[-200:]}")
    return None


class Unanswered(Exception):
    """A program has not done what it was asked; a time for that says nothing."""


def tenantry(count):
    command = ["cargo", "bench", "--quiet", "--bench", "packing", "--"]
    if len(sys.argv) > 1:
        command = [sys.argv[1]]
    output = subprocess.run(
        [*command, "times", str(count)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parent.parent,
    )
    return json.loads(output.stdout)


def shown(seconds):
    return "-" if seconds is None else f"{seconds:.4f}" if seconds < 0.1 else f"{seconds:.2f}"


def main():
    ours = {count: tenantry(count) for count in COUNTS}
    rows = {"tenantry": {count: ours[count]["seconds"]["allocate"] for count in COUNTS}}
    # How many times longer ten times as many requests take: one by one, by each before, by each twice.
    methods = {
        "`ipaddress`, tenantry's rule": (ipaddress_free_lists, 12),
        "`ipaddress`, `subnets()` and `overlaps()`": (ipaddress_scan, 1000),
        "`netaddr`, `IPSet`": (netaddr_set, 120),
    }
    if shutil.which("terraform"):
        methods["`cidrsubnets` in `terraform console`"] = (terraform_console, 12)
    for name, (method, growth) in methods.items():
        rows[name] = {}
        for count in COUNTS:
            begin = time.perf_counter()
            try:
                result = method(count)
            except Unanswered as problem:
                print(f"{name}: no answer for {count}: {problem}", file=sys.stderr)
                break
            rows[name][count] = time.perf_counter() - begin
            print(f"{name}: {count} in {rows[name][count]:.3f} s", file=sys.stderr)
            if result is not None and result != ours[count]["digest"]:
                sys.exit(f"{name} hands out other blocks than tenantry for {count} requests")
            if rows[name][count] * growth > BUDGET:
                break
    print(f"Seconds for so many requests, Python {platform.python_version()}, netaddr {version('netaddr')}:\n")
    print("| | " + " | ".join(f"{count:,}" for count in COUNTS) + " |")
    print("|---|" + "---|" * len(COUNTS))
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(shown(row.get(count)) for count in COUNTS) + " |")
    print("\nThe other work of tenantry, in seconds:\n")
    print("| | " + " | ".join(f"{count:,}" for count in COUNTS) + " |")
    print("|---|" + "---|" * len(COUNTS))
    for key, name in [
        ("rebuild", "free space from all blocks"),
        ("write_lock", "a lock of so many lines, written"),
        ("read_lock", "read and verified"),
    ]:
        print(f"| {name} | " + " | ".join(shown(ours[count]["seconds"][key]) for count in COUNTS) + " |")
    print("| peak memory of the run | " + " | ".join(ours[count]["peak_memory"] for count in COUNTS) + " |")


if __name__ == "__main__":
    main()
