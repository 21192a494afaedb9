"""The consumers of usage events: nothing is counted twice, nothing is lost, and what cannot be counted is seen."""
import base64
import io
import json
import random
import time
import unittest
from collections import Counter
from contextlib import redirect_stdout
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from functions import Crash, deliver, kinesis_record, load

SOURCE = "usage.ledgerly.prod"
TENANTS = ["acme", "globex", "initech"]
METRICS = ["requests", "compute_seconds"]


def written(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def from_bus(sender, account="222222222222", source=None, **fields):
    """What EventBridge puts on the stream for an event that a tenant's role sent."""
    return {
        "version": "0",
        "id": f"envelope-{fields.get('event_id')}",
        "detail-type": "usage",
        "source": source or f"{SOURCE}.tenant.{sender}",
        "account": account,
        "detail": fields,
    }


class Case(unittest.TestCase):
    def setUp(self):
        self.cloud = mock_aws()
        self.cloud.start()
        self.addCleanup(self.cloud.stop)
        self.prepare()

    def restart(self):
        self.cloud.stop()
        self.cloud.start()
        self.prepare()

    def prepare(self):
        region = {"region_name": "us-east-1", "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.dynamodb, self.sqs = boto3.client("dynamodb", **region), boto3.client("sqs", **region)
        self.dynamodb.create_table(
            TableName="usage",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "tenant", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "tenant", "AttributeType": "S"},
                {"AttributeName": "entry", "AttributeType": "S"},
            ],
        )
        self.letters = self.sqs.create_queue(QueueName="letters")["QueueUrl"]
        self.index = load(
            "chargeback/usage.py",
            TABLE="usage",
            DEAD_LETTERS=self.letters,
            SOURCE=SOURCE,
            NAMESPACE="Ledgerly/prod",
            DIRECT="true",
            ACCEPT_DAYS="7",
            RETENTION_DAYS="7",
            LIMITS="requests=100",
            THROTTLED_SECONDS="300",
        )
        self.now = datetime.now(timezone.utc).replace(microsecond=0)
        self.sequence = 0

    def record(self, content, arrived=None):
        self.sequence += 1
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        return kinesis_record(self.sequence, data, (arrived or self.now).timestamp())

    def count(self, *contents):
        with redirect_stdout(io.StringIO()) as printed:
            answer = self.index.count({"Records": [self.record(content) for content in contents]})
        self.printed = [json.loads(line) for line in printed.getvalue().splitlines()]
        return answer["batchItemFailures"]

    def usage(self, event_id="e1", metric="requests", quantity=1, occurred=None, **more):
        occurred_at = written(occurred or self.now)
        return {"event_id": event_id, "metric": metric, "quantity": quantity, "occurred_at": occurred_at, **more}

    def items(self, beginning):
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="usage")
        items = [item for page in pages for item in page["Items"]]
        return {
            (item["tenant"]["S"], item["entry"]["S"].removeprefix(beginning)): item
            for item in items
            if item["entry"]["S"].startswith(beginning)
        }

    def totals(self):
        """By tenant and metric, over all months."""
        totals = Counter()
        for (tenant, entry), item in self.items("total#").items():
            totals[tenant, entry.split("#")[1]] += Decimal(item["quantity"]["N"])
        return totals

    def refusals(self):
        answer = self.sqs.receive_message(QueueUrl=self.letters, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


class EventsAreCountedOnce(Case):
    def recorded(self, seed, events):
        """Records of a day, and what they come to: summed here, and not by the code under test."""
        chance = random.Random(seed)
        records, expected = [], Counter()
        for number in range(events):
            tenant, metric = chance.choice(TENANTS), chance.choice(METRICS)
            # Nothing finer: moto cannot add to what Python writes with an exponent.
            amount = chance.choice([1, 3, Decimal("0.000001"), Decimal("12.5")])
            expected[tenant, metric] += amount
            # Few different minutes, so that a transaction holds several events.
            occurred = self.now - timedelta(minutes=chance.randrange(3), seconds=chance.randrange(60))
            fields = self.usage(f"e{number}", metric, "AMOUNT", occurred)
            content = from_bus(tenant, **fields) if chance.random() < 0.5 else {"tenant": tenant, **fields}
            records.append(json.dumps(content).replace('"AMOUNT"', format(amount, "f")).encode())
        return records, expected

    def test_what_comes_three_times_and_out_of_order_counts_once(self):
        for seed in range(2):
            with self.subTest(seed=seed):
                self.restart()
                contents, expected = self.recorded(seed, 120)
                everything = contents * 3
                random.Random(seed).shuffle(everything)
                records = [self.record(content) for content in everything]
                with redirect_stdout(io.StringIO()):
                    lost = deliver(self.index.count, records, batch=100)
                self.assertEqual((lost, self.refusals()), ([], []))
                self.assertEqual(self.totals(), expected)

    def test_a_function_that_dies_before_or_after_a_write_loses_nothing_and_counts_nothing_twice(self):
        contents, expected = self.recorded(7, 120)
        records = [self.record(content) for content in contents * 2]
        chance, genuine = random.Random(8), self.index.client("dynamodb")

        class Unreliable:
            """Fails by answers and by dying, before DynamoDB has written and after it."""

            def __getattr__(self, operation):
                def call(**arguments):
                    fate = chance.random()
                    busy = ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, operation)
                    if fate < 0.02:
                        raise busy
                    if fate < 0.04:
                        raise Crash
                    answer = getattr(genuine, operation)(**arguments)
                    if fate < 0.06:
                        raise Crash
                    if fate < 0.08:
                        raise busy
                    return answer

                return call

        self.index.CLIENTS["dynamodb"] = Unreliable()
        with redirect_stdout(io.StringIO()):
            lost = deliver(self.index.count, records, batch=20, rounds=200)
        self.assertEqual(lost, [])
        self.assertEqual(self.totals(), expected)

    def test_more_events_than_a_transaction_holds_are_counted_in_several(self):
        occurred = self.now.replace(second=0)
        self.assertEqual(self.count(*(from_bus("acme", **self.usage(f"e{n}", occurred=occurred)) for n in range(230))), [])
        self.assertEqual(self.totals(), {("acme", "requests"): 230})

    def test_tenants_share_no_ids_and_neither_do_doors(self):
        self.count(
            from_bus("acme", **self.usage("same")),
            from_bus("globex", **self.usage("same")),
            {"tenant": "acme", **self.usage("same")},
            from_bus(None, source=f"{SOURCE}.lifecycle", **self.usage("same", tenant="acme")),
        )
        self.assertEqual(self.totals(), {("acme", "requests"): 3, ("globex", "requests"): 1})

    def test_an_identity_is_kept_until_no_copy_can_be_accepted(self):
        self.count(from_bus("acme", **self.usage()))
        (item,) = self.items("event#").values()
        # Accepted for 7 days after it occurred, and read from the stream up to 7 days after that.
        self.assertGreater(int(item["expires"]["N"]), (self.now + timedelta(days=14)).timestamp())

    def test_the_first_of_two_events_with_one_id_counts_and_the_other_is_seen(self):
        self.count(from_bus("acme", **self.usage(quantity=1)))
        self.count(from_bus("acme", **self.usage(quantity=9)))
        self.count(from_bus("acme", **self.usage("e2", quantity=2)), from_bus("acme", **self.usage("e2", quantity=5)))
        self.assertEqual(self.totals(), {("acme", "requests"): 3})
        self.assertEqual([letter["reason"] for letter in self.refusals()], ["another event has this event_id"] * 2)

    def test_one_tenants_trouble_brings_the_batch_back_from_its_first_record_only(self):
        genuine = self.index.client("dynamodb")

        class BusyForGlobex:
            def __getattr__(self, operation):
                return getattr(genuine, operation)

            def transact_write_items(self, TransactItems):
                if "globex" in json.dumps(TransactItems):
                    raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "TransactWriteItems")
                return genuine.transact_write_items(TransactItems=TransactItems)

        self.index.CLIENTS["dynamodb"] = BusyForGlobex()
        failures = self.count(
            from_bus("acme", **self.usage()),
            from_bus("globex", **self.usage("g1")),
            from_bus("globex", **self.usage("g2")),
            from_bus("initech", **self.usage()),
        )
        self.assertEqual(failures, [{"itemIdentifier": "2"}])
        self.assertEqual(self.totals(), {("acme", "requests"): 1, ("initech", "requests"): 1})


class WhatCannotBeCountedIsSeen(Case):
    def refused(self, content, reason):
        self.assertEqual(self.count(content, from_bus("globex", **self.usage("good"))), [])
        (letter,) = self.refusals()
        self.assertIn(reason, letter["reason"])
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.assertEqual(base64.b64decode(letter["record"]), data)
        # And the rest of the batch is counted.
        self.assertEqual(self.totals(), {("globex", "requests"): 1})

    def test_what_is_not_json(self):
        self.refused(b"\xff\x00{", "not JSON")

    def test_what_is_not_an_object(self):
        self.refused(b"[1]", "not an object")

    def test_a_number_that_is_none(self):
        self.refused(json.dumps(from_bus("acme", **self.usage(quantity=float("nan")))).encode(), "not a number")

    def test_less_than_nothing(self):
        self.refused(from_bus("acme", **self.usage(quantity=-1)), "not from 0")

    def test_a_fraction_too_fine_to_add_exactly(self):
        self.refused(from_bus("acme", **self.usage(quantity=1e-10)), "decimals")

    def test_a_metric_that_would_be_another_key(self):
        self.refused(from_bus("acme", **self.usage(metric="requests#x")), "metric is not of the form")

    def test_an_id_that_would_be_another_key(self):
        self.refused(from_bus("acme", **self.usage(event_id="a#b")), "event_id is not of the form")

    def test_a_day_that_there_is_not(self):
        self.refused(from_bus("acme", **{**self.usage(), "occurred_at": "2026-02-30T00:00:00Z"}), "no time that there is")

    def test_an_event_from_the_future(self):
        self.refused(from_bus("acme", **self.usage(occurred=self.now + timedelta(minutes=6))), "future")

    def test_an_event_too_old_to_be_told_from_one_that_was_counted(self):
        self.refused(from_bus("acme", **self.usage(occurred=self.now - timedelta(days=7, seconds=1))), "too old")

    def test_a_tenant_that_speaks_for_another(self):
        self.refused(from_bus("acme", **self.usage(tenant="initech")), "did not send it")

    def test_a_sender_that_is_no_tenant(self):
        self.refused(from_bus("acme", source="somebody.else", **self.usage()), "nobody who may send")

    def test_a_tenant_that_would_be_a_path(self):
        self.refused({"tenant": "../acme", **self.usage()}, "tenant is not of the form")

    def test_an_event_on_the_stream_itself_where_that_is_off(self):
        self.index.os.environ["DIRECT"] = "false"
        self.refused({"tenant": "acme", **self.usage()}, "stream itself")

    def test_a_record_comes_back_where_even_the_dead_letters_do_not_take_it(self):
        self.index.os.environ["DEAD_LETTERS"] = "https://sqs.us-east-1.amazonaws.com/222222222222/absent"
        self.assertEqual(self.count(from_bus("acme", **self.usage()), b"no"), [{"itemIdentifier": "2"}])
        self.assertEqual(self.totals(), {("acme", "requests"): 1})


class TenantsThatUseTooMuchAreMarked(Case):
    def throttled(self):
        return self.items("throttled#")

    def minute_of(self, quantity, event_id, minute):
        self.count(from_bus("acme", **self.usage(event_id, quantity=quantity, occurred=minute)))

    def test_beyond_the_limit_and_not_at_it(self):
        minute = self.now.replace(second=0)
        self.minute_of(100, "e1", minute)
        self.assertEqual(self.throttled(), {})
        self.minute_of(1, "e2", minute)
        mark = self.throttled()["acme", "requests"]
        self.assertEqual(int(mark["until"]["N"]), int(minute.timestamp()) + 60 + 300)
        self.assertEqual(Decimal(mark["quantity"]["N"]), 101)
        self.assertIn("Throttled", self.printed[-1])

    def test_a_minute_that_comes_late_takes_nothing_back(self):
        minute = self.now.replace(second=0)
        self.minute_of(101, "e1", minute)
        self.minute_of(500, "e2", minute - timedelta(minutes=2))
        self.assertEqual(int(self.throttled()["acme", "requests"]["until"]["N"]), int(minute.timestamp()) + 360)

    def test_what_is_long_over_marks_nobody(self):
        self.minute_of(1000, "e1", self.now.replace(second=0) - timedelta(minutes=10))
        self.assertEqual(self.throttled(), {})

    def test_a_metric_without_a_limit_marks_nobody(self):
        self.count(from_bus("acme", **self.usage(metric="compute_seconds", quantity=10**9)))
        self.assertEqual(self.throttled(), {})

    def test_a_function_that_died_between_the_total_and_the_mark_makes_up_for_it(self):
        genuine, self.index.hold_to_limit = self.index.hold_to_limit, lambda *_: None
        self.minute_of(101, "e1", self.now)
        self.assertEqual(self.throttled(), {})
        self.index.hold_to_limit = genuine
        self.minute_of(101, "e1", self.now)
        self.assertIn(("acme", "requests"), self.throttled())
        self.assertEqual(self.totals(), {("acme", "requests"): 101})


class MetricsAreTold(Case):
    def test_once_by_tenant_and_at_the_minute_of_the_events(self):
        occurred = self.now - timedelta(hours=2)
        content = from_bus("acme", **self.usage(quantity=2.5, occurred=occurred))
        self.count(content, content)
        (told,) = self.printed
        self.assertEqual((told["Tenant"], told["Metric"], told["Quantity"]), ("acme", "requests", 2.5))
        self.assertEqual(told["_aws"]["Timestamp"], int(occurred.replace(second=0).timestamp()) * 1000)
        self.count(content)
        self.assertEqual(self.printed, [])


class EventsAreKept(Case):
    def archive(self, *contents):
        records = [
            {
                "recordId": str(number),
                "data": base64.b64encode(content if isinstance(content, bytes) else json.dumps(content).encode()).decode(),
                "approximateArrivalTimestamp": int(self.now.timestamp() * 1000),
                "kinesisRecordMetadata": {"sequenceNumber": str(900 + number)},
            }
            for number, content in enumerate(contents)
        ]
        return self.index.archive({"records": records})["records"]

    def test_a_line_each_below_the_day_and_the_tenant_that_it_belongs_to(self):
        occurred = self.now - timedelta(days=1)
        (kept,) = self.archive(from_bus("acme", account="333333333333", **self.usage(quantity=0.5, occurred=occurred)))
        line = base64.b64decode(kept["data"]).decode()
        self.assertEqual(
            json.loads(line),
            {
                "tenant": "acme",
                "door": "tenant",
                "event_id": "e1",
                "metric": "requests",
                "quantity": 0.5,
                "occurred_at": written(occurred),
                "received_at": written(self.now),
                "sequence": "900",
                "account": "333333333333",
            },
        )
        self.assertTrue(line.endswith("}\n"))
        keys = {"day": occurred.strftime("%Y-%m-%d"), "tenant": "acme"}
        self.assertEqual((kept["result"], kept["metadata"]["partitionKeys"]), ("Ok", keys))

    def test_every_digit_of_a_quantity(self):
        text = json.dumps({"tenant": "acme", **self.usage(quantity="x")}).replace('"x"', "12345678901234.000000001")
        (kept,) = self.archive(text.encode())
        self.assertIn(b'"quantity": 12345678901234.000000001}', base64.b64decode(kept["data"]))

    def test_what_cannot_be_counted_as_it_came(self):
        bad, good = self.archive(b"no", from_bus("acme", **self.usage()))
        self.assertEqual((bad["result"], base64.b64decode(bad["data"])), ("ProcessingFailed", b"no"))
        self.assertEqual(good["result"], "Ok")

    def test_both_consumers_take_and_refuse_the_same(self):
        contents = [
            from_bus("acme", **self.usage("a")),
            from_bus("acme", **self.usage("b", tenant="globex")),
            from_bus("acme", **self.usage("c", quantity="1")),
            from_bus("acme", **self.usage("d", occurred=self.now - timedelta(days=8))),
            {"tenant": "acme", **self.usage("e")},
        ]
        kept = [record["result"] == "Ok" for record in self.archive(*contents)]
        self.count(*contents)
        counted = {entry.split("#")[-1] for _, entry in self.items("event#")}
        self.assertEqual(kept, [content.get("detail", content)["event_id"] in counted for content in contents])
        self.assertEqual(len(self.refusals()), kept.count(False))


if __name__ == "__main__":
    unittest.main()
