"""The two consumers of usage events: `count` keeps totals as they arrive, `archive` hands events on to be kept.

Kinesis delivers at least once and in no order that matters here, so an event has an identity: its tenant, the door it
came by, its day, and its `event_id`. `count` adds an event to a total in the same transaction that writes down its
identity; `archive` keeps every copy, and the queries over the archive take one of each identity.

What can be said of an event follows from the event and its arrival alone, never from when it is looked at: a batch that
comes again meets the same verdict.
"""
import base64
import hashlib
import json
import os
import re
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

import boto3
from botocore.exceptions import BotoCoreError, ClientError

EVENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
METRIC = re.compile(r"[a-z][a-z0-9_]{0,62}")
TENANT = re.compile(r"[a-z][a-z0-9-]{0,29}[a-z0-9]")
# What the tenants of a cell share: no tenant's id has a dot.
CELL = re.compile(r"cell\.[a-z]+-[0-9]{1,6}")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z")
LARGEST = Decimal(10) ** 15
FINEST = -9
AHEAD = timedelta(minutes=5)
# DynamoDB takes 100 operations a transaction; two of them are the totals.
TOGETHER = 98
ATTEMPTS = 5
# An SQS message holds 256 KiB in every Region.
LONGEST_LETTER = 200_000


class Refused(Exception):
    """An event that cannot be counted, now or ever, and why."""


class Usage:
    """One event that can be counted."""

    def __init__(self, tenant, door, fields, account):
        self.tenant, self.door, self.account = tenant, door, account
        self.event_id = matching(EVENT_ID, fields, "event_id")
        self.metric = matching(METRIC, fields, "metric")
        self.quantity = quantity(fields.get("quantity"))
        self.occurred = moment(fields.get("occurred_at"))
        self.resource = str(fields["resource"])[:2048] if door == "lifecycle" and "resource" in fields else None
        self.day = self.occurred.strftime("%Y-%m-%d")
        self.month = self.day[:7]
        self.minute = self.occurred.strftime("%Y-%m-%dT%H:%M")

    def identity(self):
        """The entry below the tenant's own key: no tenant can use up another's ids, and none AWS's."""
        return f"event#{self.day}#{self.door}#{self.event_id}"

    def digest(self):
        said = [self.metric, format(self.quantity.normalize(), "f"), self.occurred.isoformat()]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def matching(pattern, fields, name):
    value = fields.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refused(f"{name} is not of the form {pattern.pattern}")
    return value


def quantity(value):
    """Exact, so that a sum does not depend on the order of its parts."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Refused("quantity is not a number")
    exact = Decimal(value)
    if not exact.is_finite() or not 0 <= exact <= LARGEST:
        raise Refused(f"quantity is not from 0 to {LARGEST}")
    if exact.normalize().as_tuple().exponent < FINEST:
        raise Refused(f"quantity has more than {-FINEST} decimals")
    return exact


def moment(value):
    written = MOMENT.fullmatch(value) if isinstance(value, str) else None
    if not written:
        raise Refused("occurred_at is not a time in UTC such as 2026-01-31T23:59:59Z")
    try:
        return datetime.strptime(written[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refused("occurred_at is no time that there is") from None


def read(data, arrived):
    """The event in a record that arrived at a time, or Refused."""
    try:
        record = json.loads(data, parse_float=Decimal)
    except (ValueError, InvalidOperation, RecursionError):
        raise Refused("the record is not JSON") from None
    if not isinstance(record, dict):
        raise Refused("the record is not an object")
    usage = from_bus(record) if "detail-type" in record else from_stream(record)
    if usage.occurred > arrived + AHEAD:
        raise Refused("occurred_at lies in the future")
    if usage.occurred < arrived - timedelta(days=int(os.environ["ACCEPT_DAYS"])):
        raise Refused("the event is too old to be told from one that was counted")
    return usage


def from_bus(envelope):
    """What came over the event bus names its sender: IAM lets a tenant's role use no source but its own."""
    detail, source = envelope.get("detail"), envelope.get("source")
    if not isinstance(detail, dict) or not isinstance(source, str):
        raise Refused("the envelope has no source or no detail")
    prefix, said = os.environ["SOURCE"], detail.get("tenant")
    if source == f"{prefix}.lifecycle":
        if not isinstance(said, str) or not (TENANT.fullmatch(said) or CELL.fullmatch(said)):
            raise Refused("tenant is neither a tenant nor a cell")
        return Usage(said, "lifecycle", detail, envelope.get("account"))
    sender = source.removeprefix(f"{prefix}.tenant.")
    if sender == source or not TENANT.fullmatch(sender):
        raise Refused("the source is nobody who may send")
    if said not in (None, sender):
        raise Refused("the event names a tenant that did not send it")
    return Usage(sender, "tenant", detail, envelope.get("account"))


def from_stream(fields):
    """What was put on the stream itself: Kinesis does not say by whom, so the application that may do it is believed."""
    if os.environ["DIRECT"] != "true":
        raise Refused("nobody may put events on the stream itself")
    return Usage(matching(TENANT, fields, "tenant"), "stream", fields, None)


# ---- totals as they arrive ----


def count(event, _context=None):
    """Handles a batch of a shard; gives back the first record that has to come again."""
    letters, groups, again = [], {}, []
    for record in event["Records"]:
        kinesis = record["kinesis"]
        data = base64.b64decode(kinesis["data"])
        arrived = datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], timezone.utc)
        try:
            usage = read(data, arrived)
        except Refused as refusal:
            letters.append((kinesis["sequenceNumber"], str(refusal), data))
            continue
        group = groups.setdefault((usage.tenant, usage.metric, usage.minute), {})
        first, _ = group.setdefault(usage.identity(), (usage, kinesis["sequenceNumber"]))
        if first.digest() != usage.digest():
            letters.append((kinesis["sequenceNumber"], "another event has this event_id", data))
    for key, group in groups.items():
        try:
            letters += count_group(key, list(group.values()))
        except (BotoCoreError, ClientError) as failure:
            print(json.dumps({"level": "ERROR", "message": str(failure)}))
            again += [sequence for _, sequence in group.values()]
    again += post(letters)
    # Lambda starts again at the lowest (Lambda Developer Guide, "Configuring partial batch response with Kinesis").
    return {"batchItemFailures": [{"itemIdentifier": min(again, key=int)}] if again else []}


def count_group(key, group):
    """Adds what is new to the totals of one tenant, metric and minute, and gives back what contradicts what was counted."""
    tenant, metric, minute = key
    letters = []
    for start in range(0, len(group), TOGETHER):
        counted, contradicting = count_together(key, group[start : start + TOGETHER])
        letters += contradicting
        if counted:
            publish(tenant, metric, minute, sum(usage.quantity for usage, _ in counted))
    # Also where all was counted before: the run that counted it may have died before it came here.
    hold_to_limit(tenant, metric, minute)
    return letters


def count_together(key, group):
    pending, letters = group, []
    for attempt in range(ATTEMPTS):
        if not pending:
            break
        try:
            transaction = operations(key, [usage for usage, _ in pending])
            client("dynamodb").transact_write_items(TransactItems=transaction)
            break
        except ClientError as failure:
            reasons = failure.response.get("CancellationReasons") or []
            seen = {n for n, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed"}
            if not seen:
                if attempt == ATTEMPTS - 1 or failure.response["Error"]["Code"] != "TransactionCanceledException":
                    raise
                # Another shard has events of the same tenant.
                time.sleep(0.05 * 2**attempt)
                continue
            for n in sorted(seen):
                usage, sequence = pending[n]
                before = reasons[n].get("Item", {}).get("digest", {}).get("S")
                if before not in (None, usage.digest()):
                    letters.append((sequence, "another event has this event_id", described(usage).encode()))
            pending = [one for n, one in enumerate(pending) if n not in seen]
    else:
        raise ClientError({"Error": {"Code": "Busy", "Message": f"{key} could not be counted"}}, "TransactWriteItems")
    return pending, letters


def operations(key, usages):
    """One transaction: each event's identity, which must be new, and the totals."""
    tenant, metric, minute = key
    kept = timedelta(days=int(os.environ["ACCEPT_DAYS"]) + int(os.environ["RETENTION_DAYS"]) + 1)
    identities = [
        {
            "Put": {
                "TableName": os.environ["TABLE"],
                "Item": {
                    "tenant": {"S": tenant},
                    "entry": {"S": usage.identity()},
                    "digest": {"S": usage.digest()},
                    "expires": {"N": str(int((usage.occurred + kept).timestamp()))},
                },
                "ConditionExpression": "attribute_not_exists(entry)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }
        for usage in usages
    ]
    total = f"{sum(usage.quantity for usage in usages):f}"
    gone = int((usages[0].occurred + timedelta(days=int(os.environ["ACCEPT_DAYS"]) + 1)).timestamp())
    return identities + [
        added(tenant, f"total#{usages[0].month}#{metric}", total, len(usages)),
        added(tenant, f"minute#{minute}#{metric}", total, len(usages), gone),
    ]


def added(tenant, entry, total, events, expires=None):
    expression, values = "ADD quantity :quantity, events :events", {":quantity": {"N": total}, ":events": {"N": str(events)}}
    if expires:
        expression, values = f"{expression} SET expires = :expires", {**values, ":expires": {"N": str(expires)}}
    return {
        "Update": {
            "TableName": os.environ["TABLE"],
            "Key": {"tenant": {"S": tenant}, "entry": {"S": entry}},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
        }
    }


def hold_to_limit(tenant, metric, minute):
    """Marks a tenant that used more of a metric in a minute than it may, until some time after that minute."""
    # metric=quantity, separated by commas.
    limits = dict(limit.split("=") for limit in os.environ["LIMITS"].split(",") if limit)
    if metric not in limits:
        return
    ends = datetime.strptime(minute, "%Y-%m-%dT%H:%M").replace(tzinfo=timezone.utc) + timedelta(minutes=1)
    until = int(ends.timestamp()) + int(os.environ["THROTTLED_SECONDS"])
    if until <= time.time():
        return
    entry = {"tenant": {"S": tenant}, "entry": {"S": f"minute#{minute}#{metric}"}}
    used = client("dynamodb").get_item(TableName=os.environ["TABLE"], Key=entry, ConsistentRead=True).get("Item")
    if not used or Decimal(used["quantity"]["N"]) <= Decimal(limits[metric]):
        return
    try:
        client("dynamodb").put_item(
            TableName=os.environ["TABLE"],
            Item={
                "tenant": {"S": tenant},
                "entry": {"S": f"throttled#{metric}"},
                "until": {"N": str(until)},
                "quantity": used["quantity"],
                "expires": {"N": str(until)},
            },
            # A minute that comes late takes back nothing that a later one has said.
            ConditionExpression="attribute_not_exists(#until) OR #until < :until",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={":until": {"N": str(until)}},
        )
    except ClientError as failure:
        if failure.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
    publish(tenant, metric, minute, 1, "Throttled")


def publish(tenant, metric, minute, amount, name="Quantity"):
    """Prints a metric in CloudWatch's embedded format, at the minute that it belongs to."""
    at = datetime.strptime(minute, "%Y-%m-%dT%H:%M").replace(tzinfo=timezone.utc)
    told = {
        "_aws": {
            "Timestamp": int(at.timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": os.environ["NAMESPACE"],
                    "Dimensions": [["Tenant", "Metric"]],
                    "Metrics": [{"Name": name, "Unit": "None"}],
                }
            ],
        },
        "Tenant": tenant,
        "Metric": metric,
        name: float(amount),
    }
    print(json.dumps(told))


def post(letters):
    """Puts what cannot be counted where people look; gives back what could not even be put there."""
    undelivered = []
    for sequence, reason, data in letters:
        letter = {"reason": reason, "sequence": sequence, "record": base64.b64encode(data[:LONGEST_LETTER * 3 // 4]).decode()}
        try:
            client("sqs").send_message(QueueUrl=os.environ["DEAD_LETTERS"], MessageBody=json.dumps(letter))
        except (BotoCoreError, ClientError) as failure:
            print(json.dumps({"level": "ERROR", "message": str(failure)}))
            undelivered.append(sequence)
    return undelivered


# ---- events to be kept ----


def archive(event, _context=None):
    """Handles a batch for Firehose: one line of JSON an event, and where in the bucket it belongs."""
    return {"records": [archived(record) for record in event["records"]]}


def archived(record):
    metadata = record.get("kinesisRecordMetadata", {})
    arrived = datetime.fromtimestamp(record["approximateArrivalTimestamp"] / 1000, timezone.utc)
    try:
        usage = read(base64.b64decode(record["data"]), arrived)
    except Refused:
        # Firehose writes it below the prefix for errors, as it came.
        return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]}
    line = described(usage, arrived.strftime("%Y-%m-%dT%H:%M:%SZ"), metadata.get("sequenceNumber"))
    return {
        "recordId": record["recordId"],
        "result": "Ok",
        "data": base64.b64encode(line.encode() + b"\n").decode(),
        "metadata": {"partitionKeys": {"day": usage.day, "tenant": usage.tenant}},
    }


def described(usage, received_at=None, sequence=None):
    """An event as a line of JSON whose quantity has all its digits."""
    fields = {
        "tenant": usage.tenant,
        "door": usage.door,
        "event_id": usage.event_id,
        "metric": usage.metric,
        "occurred_at": usage.occurred.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "received_at": received_at,
        "sequence": sequence,
        "account": usage.account,
        "resource": usage.resource,
    }
    text = json.dumps({key: value for key, value in fields.items() if value is not None})
    # json would make a binary fraction of it.
    return f'{text[:-1]}, "quantity": {usage.quantity:f}}}'


CLIENTS = {}


def client(service):
    if service not in CLIENTS:
        CLIENTS[service] = boto3.client(service)
    return CLIENTS[service]
