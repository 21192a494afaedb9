"""Tells the metering bus what starts and stops in one account and Region, and for which tenant.

Goes in: what AWS's services say on the account's own event bus. Comes out: a usage event each, whose tenant is the
isolation tag of the resource. A resource that is gone has no tags, so whose it was is kept in a table from its start.
The usage event's id comes from that of AWS's event, so that an event which EventBridge delivers twice counts once.
"""
import json
import os
import re
import time
from datetime import datetime, timezone

import boto3

TENANT = re.compile(r"[a-z][a-z0-9-]{0,29}[a-z0-9]")
CELL = re.compile(r"cell:([a-z]+-[0-9]{1,6})")
# How long a resource may be without the tag that it was made with, before it counts as nobody's.
SETTLED_SECONDS = 150
REMEMBERED_SECONDS = 35 * 86_400
STACK_STATES = {"CREATE_COMPLETE": "created", "UPDATE_COMPLETE": "updated", "DELETE_COMPLETE": "deleted"}


class NotYet(Exception):
    """The tags of a resource that has just been made are not there yet: Lambda calls again."""


def tell(event, _context=None):
    resource, happened, over = understood(event)
    if not resource:
        return
    tenant = owner(resource)
    if tenant is None and not over and age(event) < SETTLED_SECONDS:
        raise NotYet(resource)
    if tenant is None:
        print(json.dumps({"level": "WARN", "message": "a resource of no tenant", "resource": resource}))
        return
    remember(resource, tenant, over)
    entries = [entry(event, resource, tenant, metric, quantity) for metric, quantity in happened]
    answer = client("events").put_events(Entries=entries)
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"the bus did not take {answer['Entries']}")


def understood(event):
    """(the resource, metrics with their quantities, whether the resource is gone); no resource: nothing to tell."""
    detail, source = event["detail"], event["source"]
    if source == "aws.ecs":
        return task(detail)
    if source == "aws.ec2":
        state = detail["state"]
        instance = f"arn:{os.environ['PARTITION']}:ec2:{event['region']}:{event['account']}:instance/{detail['instance-id']}"
        return instance, [(f"ec2_instance_{state.replace('-', '_')}", 1)], state == "terminated"
    if source == "aws.rds":
        kind = "cluster" if detail["SourceType"] == "CLUSTER" else "instance"
        for category, name in (("creation", "created"), ("deletion", "deleted")):
            if category in detail["EventCategories"]:
                return detail["SourceArn"], [(f"rds_{kind}_{name}", 1)], name == "deleted"
    if source == "aws.cloudformation":
        state = STACK_STATES.get(detail["status-details"]["status"])
        if state:
            return detail["stack-id"], [(f"stack_{state}", 1)], state == "deleted"
    if source == "aws.lambda":
        return function(event, detail)
    return None, [], False


def task(detail):
    if detail["lastStatus"] == "RUNNING" and detail["desiredStatus"] == "RUNNING":
        return detail["taskArn"], [("ecs_task_started", 1)], False
    if detail["lastStatus"] != "STOPPED":
        return None, [], False
    happened = [("ecs_task_stopped", 1)]
    if "startedAt" in detail and "stoppedAt" in detail:
        seconds = max(0, int((moment(detail["stoppedAt"]) - moment(detail["startedAt"])).total_seconds()))
        # 1,024 units are a vCPU.
        happened += [("ecs_task_seconds", seconds), ("ecs_cpu_unit_seconds", seconds * int(detail.get("cpu", 0)))]
    return detail["taskArn"], happened, True


def function(event, detail):
    """Lambda tells nothing itself; a trail of the account does."""
    if detail.get("errorCode"):
        return None, [], False
    name = (detail.get("requestParameters") or {}).get("functionName", "").split(":function:")[-1].split(":")[0]
    arn = f"arn:{os.environ['PARTITION']}:lambda:{event['region']}:{event['account']}:function:{name}"
    if detail["eventName"] == "CreateFunction20150331":
        return arn, [("lambda_function_created", 1)], False
    if detail["eventName"] == "DeleteFunction20150331":
        return arn, [("lambda_function_deleted", 1)], True
    return None, [], False


def owner(resource):
    """The tenant or cell of a resource: by its tag, or else by what was remembered of it."""
    found = client("resourcegroupstaggingapi").get_resources(ResourceARNList=[resource])["ResourceTagMappingList"]
    tags = {tag["Key"]: tag["Value"] for each in found for tag in each["Tags"]}
    value = tags.get(os.environ["ISOLATION_TAG"])
    if value is None:
        key = {"resource": {"S": resource}}
        item = client("dynamodb").get_item(TableName=os.environ["TABLE"], Key=key, ConsistentRead=True).get("Item")
        return item["tenant"]["S"] if item else None
    if cell := CELL.fullmatch(value):
        return f"cell.{cell[1]}"
    return value if TENANT.fullmatch(value) else None


def remember(resource, tenant, over):
    item = {"resource": {"S": resource}, "tenant": {"S": tenant}}
    if over:
        # Not at once: what a resource says at its end may come in another order, or twice.
        item["expires"] = {"N": str(int(time.time()) + REMEMBERED_SECONDS)}
    client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)


def entry(event, resource, tenant, metric, quantity):
    usage = {
        "event_id": f"{event['id']}:{metric}",
        "tenant": tenant,
        "metric": metric,
        "quantity": quantity,
        "occurred_at": moment(event["time"]).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resource": resource,
    }
    return {
        "EventBusName": os.environ["BUS"],
        "Source": os.environ["SOURCE"] + ".lifecycle",
        "DetailType": "usage",
        "Detail": json.dumps(usage),
    }


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def age(event):
    return time.time() - moment(event["time"]).timestamp()


CLIENTS = {}


def client(service):
    if service not in CLIENTS:
        CLIENTS[service] = boto3.client(service)
    return CLIENTS[service]
