"""Loads a component's function as Lambda does, and stands in for what calls it."""
import base64
import importlib.util
import os
from pathlib import Path
from unittest import mock

COMPONENTS = Path(__file__).resolve().parents[2] / "blueprints" / "components"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
}


def load(path, **variables):
    """The module of a file below `blueprints/components`, with its environment variables."""
    mock.patch.dict(os.environ, {**CREDENTIALS, **variables}).start()
    specification = importlib.util.spec_from_file_location("index", COMPONENTS / path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def kinesis_record(sequence, data, arrived):
    return {
        "eventID": f"shardId-000000000000:{sequence}",
        "kinesis": {
            "sequenceNumber": str(sequence),
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": arrived,
        },
    }


def deliver(handler, records, batch, rounds=50):
    """Hands a shard's records over as an event source mapping does: in order, and again from the first that failed.

    A call that dies is made again with the same batch. What fails too often goes away, and is given back.
    """
    lost, start, left = [], 0, rounds
    while start < len(records):
        chunk = records[start : start + batch]
        try:
            failures = handler({"Records": chunk})["batchItemFailures"]
        except Crash:
            failures = [{"itemIdentifier": chunk[0]["kinesis"]["sequenceNumber"]}]
        if failures and left:
            wanted = min(int(failure["itemIdentifier"]) for failure in failures)
            start = next(n for n, one in enumerate(records) if int(one["kinesis"]["sequenceNumber"]) == wanted)
            left -= 1
            continue
        lost += chunk if failures else []
        start, left = start + len(chunk), rounds
    return lost


class Crash(Exception):
    """The function's process dies."""
