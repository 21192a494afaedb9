#!/usr/bin/env python3
"""chargeback.py OUTPUT: runs the metering of the tree for real, in the local AWS API, and adds up beside it.

The tree's component stacks are deployed. Events are put on the stream as the rule of the bus does, which moto knows no
way to: in the envelope of EventBridge, if the rule's pattern takes them; some twice, in any order, some refused. The functions' own code, taken from the templates
with its environment from the deployed functions, is handed the records of the stream, twice over, and once it dies half
way. Then what DynamoDB has as totals, and what the archive's view makes of the lines that Firehose would write, have to
be what this file counted when it made the events. The view's text is that of the template, run by SQLite.
"""
import base64
import io
import json
import os
import random
import sqlite3
import sys
import types
from collections import Counter
from contextlib import redirect_stdout
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import tree
from deploy import deploy, problems
from server import Cloud, running

EVENTS = 160
BATCH = 50


def main():
    output = Path(sys.argv[1])
    stacks = [stack for stack in tree.stacks(output) if "/chargeback_" in str(stack.template)]
    regional = [stack for stack in stacks if stack.template.stem.startswith("chargeback_stream")]
    if not regional:
        tree.judge("chargeback", [], "the tree has no chargeback")
        return
    with running() as endpoint:
        cloud = Cloud(endpoint)
        # The event source mapping would have moto run the function in a container, at every event.
        reports = [deploy(cloud, without_mapping(stack), "create") for stack in stacks if stack.template.parent.name == "chargeback"]
        findings = problems(reports)
        for stream in regional:
            if not findings:
                findings += metered(cloud, endpoint, stream, stacks)
    tree.judge("chargeback", findings, f"{len(regional)} streams, {EVENTS} events each")


def without_mapping(stack):
    template = tree.read(stack.template)
    kept = {name: one for name, one in template["Resources"].items() if one["Type"] != "AWS::Lambda::EventSourceMapping"}
    if len(kept) == len(template["Resources"]):
        return stack
    path = Path("/tmp") if not os.environ.get("TMPDIR") else Path(os.environ["TMPDIR"])
    path = path / f"{os.getpid()}-{stack.template.name}"
    path.write_text(json.dumps({**template, "Resources": kept}))
    return types.SimpleNamespace(**{**stack.__dict__, "template": path})


def metered(cloud, endpoint, stream, stacks):
    account, region = stream.account, stream.region
    beside = {one.template.stem.split(".")[0]: one for one in stacks if (one.account, one.region) == (account, region)}
    [name] = cloud.client("kinesis", account, region).list_streams()["StreamNames"]
    counter = function(cloud, endpoint, beside["chargeback_counter"])
    archive = function(cloud, endpoint, beside["chargeback_archive"])
    table = counter.os.environ["TABLE"]
    expected, poison = put(cloud, account, region, name, counter.os.environ["SOURCE"])
    records = read(cloud, account, region, name)
    if len(records) < EVENTS:
        return [f"{name}: {len(records)} records came to the stream of {EVENTS} events"]

    findings = []
    with redirect_stdout(io.StringIO()):
        dies_half_way(counter, records)
        for _ in range(2):
            for start in range(0, len(records), BATCH):
                failures = counter.count({"Records": records[start : start + BATCH]})["batchItemFailures"]
                findings += [f"{name}: a batch came back: {failures}"] if failures else []
    totals = Counter()
    for page in cloud.everything("dynamodb", "scan", account, region, TableName=table):
        for item in page["Items"]:
            kind, *rest = item["entry"]["S"].split("#")
            if kind == "total":
                totals[item["tenant"]["S"], rest[1]] += Decimal(item["quantity"]["N"])
    findings += differences(f"{table}: the totals", totals, expected)

    lines = [line for _ in range(2) for line in archived(archive, records)]
    findings += differences(f"{name}: the view over the archive", viewed(view(beside["chargeback_queries"]), lines), expected)

    queue = counter.os.environ["DEAD_LETTERS"]
    waiting = cloud.client("sqs", account, region).get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    letters = int(waiting["Attributes"]["ApproximateNumberOfMessages"])
    if letters < poison:
        findings.append(f"{name}: {letters} dead letters for {poison} events that nobody may count")
    return findings


def function(cloud, endpoint, stack):
    """The code of the function that the stack has, as a module, with its environment and clients of its account."""
    template = tree.read(stack.template)
    code = template["Resources"]["Function"]["Properties"]["Code"]["ZipFile"]
    lambdas = cloud.client("lambda", stack.account, stack.region)
    resources = cloud.everything("cloudformation", "list_stack_resources", stack.account, stack.region, StackName=stack.name)
    named = {one["LogicalResourceId"]: one["PhysicalResourceId"] for page in resources for one in page["StackResourceSummaries"]}
    variables = lambdas.get_function_configuration(FunctionName=named["Function"])["Environment"]["Variables"]
    module = types.ModuleType("index")
    exec(compile(code, "index.py", "exec"), module.__dict__)
    # Each module its own environment: there are several in this process.
    module.os = types.SimpleNamespace(environ=variables)
    module.client = lambda service: cloud.client(service, stack.account, stack.region)
    return module


def put(cloud, account, region, name, source):
    """Puts events, and counts them: by tenant and metric what is to be counted, and how many are not."""
    chance, now, expected, poison = random.Random(5), datetime.now(timezone.utc), Counter(), 0
    kinesis, prefix = cloud.client("kinesis", account, region), taken(cloud, account, region, name)
    envelopes = []
    for number in range(EVENTS):
        tenant, metric = chance.choice(["acme", "globex", "initech"]), chance.choice(["requests", "bytes"])
        amount = chance.choice([1, 7, 1000])
        occurred = now - timedelta(days=chance.randrange(3), minutes=chance.randrange(50))
        detail = {
            "event_id": f"e{number}",
            "metric": metric,
            "quantity": amount,
            "occurred_at": occurred.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        sender = f"{source}.tenant.{tenant}"
        if number % 20 == 3:
            # Speaks for another.
            detail["tenant"] = "somebody-else"
            poison += 1
        else:
            expected[tenant, metric] += amount
        sent = {"version": "0", "id": f"sent-{number}", "account": account, "region": region, "resources": []}
        envelopes.append({**sent, "source": sender, "detail-type": "usage", "detail": detail})
    envelopes += chance.sample(envelopes, EVENTS // 3)
    chance.shuffle(envelopes)
    for envelope in envelopes:
        if envelope["source"].startswith(prefix):
            data = json.dumps(envelope).encode()
            kinesis.put_record(StreamName=name, PartitionKey=envelope["id"], Data=data)
    kinesis.put_record(StreamName=name, PartitionKey="x", Data=b"not an event")
    return expected, poison + 1


def taken(cloud, account, region, name):
    """The beginning of the sources that the bus's rule brings to the stream."""
    events = cloud.client("events", account, region)
    for bus in events.list_event_buses()["EventBuses"]:
        for rule in events.list_rules(EventBusName=bus["Name"])["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus["Name"])["Targets"]
            if any(target["Arn"].endswith(f":stream/{name}") for target in targets):
                return json.loads(rule["EventPattern"])["source"][0]["prefix"]
    sys.exit(f"no rule brings anything to {name}")


def read(cloud, account, region, name):
    """What is on the stream, as Lambda hands it over, shard after shard."""
    kinesis, records = cloud.client("kinesis", account, region), []
    for shard in kinesis.describe_stream(StreamName=name)["StreamDescription"]["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=1000)
            if not answer["Records"]:
                break
            iterator = answer["NextShardIterator"]
            for record in answer["Records"]:
                told = {
                    "sequenceNumber": record["SequenceNumber"],
                    "data": base64.b64encode(record["Data"]).decode(),
                    "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
                }
                records.append({"eventID": f"{shard['ShardId']}:{record['SequenceNumber']}", "kinesis": told})
    random.Random(6).shuffle(records)
    return records


def dies_half_way(counter, records):
    """Handles a batch until the process dies, after something was written and before all was."""

    class Died(Exception):
        pass

    genuine, calls = counter.client, Counter()

    def client(service):
        calls[service] += 1
        if calls["dynamodb"] > 7:
            raise Died
        return genuine(service)

    counter.client = client
    try:
        counter.count({"Records": records[:BATCH]})
        sys.exit("the function was to die and did not")
    except Died:
        pass
    finally:
        counter.client = genuine


def archived(archive, records):
    """The lines that Firehose writes to the bucket, each with the day of its folder."""
    handed = [
        {
            "recordId": record["eventID"],
            "data": record["kinesis"]["data"],
            "approximateArrivalTimestamp": int(record["kinesis"]["approximateArrivalTimestamp"] * 1000),
            "kinesisRecordMetadata": {"sequenceNumber": record["kinesis"]["sequenceNumber"]},
        }
        for record in records
    ]
    answered = archive.archive({"records": handed})["records"]
    assert [one["recordId"] for one in answered] == [one["recordId"] for one in handed]
    for one in answered:
        if one["result"] == "Ok":
            keys, line = one["metadata"]["partitionKeys"], json.loads(base64.b64decode(one["data"]))
            assert line["tenant"] == keys["tenant"] and line["occurred_at"].startswith(keys["day"])
            yield {**line, "day": keys["day"]}


def view(stack):
    """The query of the view that takes each event once."""
    text = tree.read(stack.template)["Resources"]["Usage"]["Properties"]["TableInput"]["ViewOriginalText"]
    definition = text["Fn::Join"][1][1]["Fn::Base64"]
    return json.loads(definition)["originalSql"]


def viewed(query, lines):
    columns = ["tenant", "door", "event_id", "metric", "quantity", "occurred_at", "received_at", "sequence", "account", "resource", "day"]
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE TABLE events ({', '.join(columns)})")
    places = ", ".join("?" * len(columns))
    database.executemany(f"INSERT INTO events VALUES ({places})", [[line.get(name) for name in columns] for line in lines])
    rows = database.execute(f"SELECT tenant, metric, sum(quantity) FROM ({query}) GROUP BY tenant, metric")
    return Counter({(tenant, metric): quantity for tenant, metric, quantity in rows})


def differences(what, found, expected):
    return [
        f"{what}: {tenant} has {found[tenant, metric]} {metric}, and used {expected[tenant, metric]}"
        for tenant, metric in sorted(set(found) | set(expected))
        if found[tenant, metric] != expected[tenant, metric]
    ]


if __name__ == "__main__":
    main()
