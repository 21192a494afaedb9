"""What starts and stops is told with its tenant, once however often it is told, and also when the resource is gone."""
import json
import unittest
from datetime import datetime, timedelta, timezone

from functions import load

CLUSTER = "arn:aws:rds:us-east-1:222222222222:cluster:acme"
TASK = "arn:aws:ecs:us-east-1:222222222222:task/cluster/1"


class Services:
    """The four services that the function calls: tags, a table, and the bus."""

    def __init__(self):
        self.tags, self.items, self.sent, self.failing = {}, {}, [], False

    def get_resources(self, ResourceARNList):
        [arn] = ResourceARNList
        tags = [{"Key": "tenant-id", "Value": self.tags[arn]}] if arn in self.tags else []
        return {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags}] if tags else []}

    def get_item(self, TableName, Key, ConsistentRead):
        item = self.items.get(Key["resource"]["S"])
        return {"Item": item} if item else {}

    def put_item(self, TableName, Item):
        self.items[Item["resource"]["S"]] = Item

    def put_events(self, Entries):
        if self.failing:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        self.sent += Entries
        return {"FailedEntryCount": 0, "Entries": []}


class WhatHappensIsTold(unittest.TestCase):
    def setUp(self):
        self.services = Services()
        self.index = load(
            "chargeback/lifecycle.py",
            BUS="bus",
            SOURCE="usage.ledgerly.prod",
            ISOLATION_TAG="tenant-id",
            PARTITION="aws",
            TABLE="owners",
        )
        self.index.client = lambda _service: self.services

    def tell(self, source, detail, age=0, **more):
        at = datetime.now(timezone.utc) - timedelta(seconds=age)
        event = {"id": "e1", "source": source, "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "detail": detail}
        self.index.tell({**event, "region": "us-east-1", "account": "222222222222", **more})

    def told(self):
        usages = [json.loads(entry["Detail"]) for entry in self.services.sent]
        return [(usage["tenant"], usage["metric"], usage["quantity"]) for usage in usages]

    def database(self, *categories, age=0):
        self.tell("aws.rds", {"SourceType": "CLUSTER", "SourceArn": CLUSTER, "EventCategories": list(categories)}, age)

    def test_a_task_that_stops_says_how_long_it_ran(self):
        self.services.tags[TASK] = "acme"
        times = {"startedAt": "2026-11-23T10:00:00.5Z", "stoppedAt": "2026-11-23T10:01:30.5Z", "cpu": "512"}
        self.tell("aws.ecs", {"taskArn": TASK, "lastStatus": "STOPPED", "desiredStatus": "STOPPED", **times})
        expected = [("ecs_task_stopped", 1), ("ecs_task_seconds", 90), ("ecs_cpu_unit_seconds", 90 * 512)]
        self.assertEqual(self.told(), [("acme", *one) for one in expected])
        self.assertEqual(self.services.sent[0]["Source"], "usage.ledgerly.prod.lifecycle")
        ids = {json.loads(entry["Detail"])["event_id"] for entry in self.services.sent}
        self.assertEqual(ids, {"e1:ecs_task_stopped", "e1:ecs_task_seconds", "e1:ecs_cpu_unit_seconds"})

    def test_a_resource_that_is_gone_was_its_tenants(self):
        self.services.tags[CLUSTER] = "acme"
        self.database("creation")
        del self.services.tags[CLUSTER]
        self.database("deletion")
        self.assertEqual(self.told(), [("acme", "rds_cluster_created", 1), ("acme", "rds_cluster_deleted", 1)])
        self.assertIn("expires", self.services.items[CLUSTER])

    def test_what_tenants_share_is_told_of_the_cell(self):
        self.services.tags[CLUSTER] = "cell:subnet-1"
        self.database("creation")
        self.assertEqual(self.told(), [("cell.subnet-1", "rds_cluster_created", 1)])

    def test_tags_that_are_not_there_yet_are_waited_for_and_not_for_ever(self):
        with self.assertRaises(self.index.NotYet):
            self.database("creation")
        self.database("creation", age=600)
        self.assertEqual(self.told(), [])

    def test_an_event_that_the_bus_does_not_take_is_told_again(self):
        self.services.tags[CLUSTER], self.services.failing = "acme", True
        with self.assertRaises(RuntimeError):
            self.database("creation")

    def test_instances_stacks_and_functions(self):
        instance = "arn:aws:ec2:us-east-1:222222222222:instance/i-1"
        function = "arn:aws:lambda:us-east-1:222222222222:function:f"
        self.services.tags = {instance: "acme", "stack": "acme", function: "acme"}
        self.tell("aws.ec2", {"instance-id": "i-1", "state": "running"})
        self.tell("aws.cloudformation", {"stack-id": "stack", "status-details": {"status": "DELETE_COMPLETE"}})
        named = {"functionName": f"{function}:live"}
        self.tell("aws.lambda", {"eventName": "CreateFunction20150331", "requestParameters": named})
        self.tell("aws.lambda", {"eventName": "DeleteFunctionConcurrency", "requestParameters": named})
        metrics = [metric for _, metric, _ in self.told()]
        self.assertEqual(metrics, ["ec2_instance_running", "stack_deleted", "lambda_function_created"])


if __name__ == "__main__":
    unittest.main()
