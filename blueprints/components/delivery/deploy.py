"""Deploys the stacks of an output tree of tenantry: ring by ring, and in each ring wave by wave.

    python3 deploy.py OUTPUT --show                         says what would come when; asks AWS nothing
    python3 deploy.py OUTPUT --ring 1 --roles shop-prod     the first ring, by the roles shop-prod-deployment
    python3 deploy.py OUTPUT --only NAME --in ACCOUNT       some stacks, with whatever credentials are at hand

A stack is created or changed by a change set, and left alone where that is empty. Once one has failed no other is
begun; those under way are seen through. Nothing is ever deleted but what `--delete` names.
"""
import argparse
import json
import re
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

RING, CELL_RING = "SettingReleaseRing", "SettingCellReleaseRing"
NUMBER = re.compile(r"[0-9]{12}")
LASTS = 45 * 60  # Of the hour that a role lasts when another role takes it.
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
# Anything else has to be put right by somebody first.
CHANGEABLE = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
}


class Failed(Exception):
    """A stack that is not as it should be, and why."""


class Stack:
    """A stack of the manifest, with what its deployment file says."""

    def __init__(self, output, entry):
        deployment = json.loads((output / entry["deployment"]).read_text(encoding="utf-8"))
        self.name, self.account, self.region = entry["name"], entry["account"], entry["region"]
        self.tenant, self.cell = entry["tenant"], entry["cell"]
        self.wave, self.after = entry["wave"], entry["depends_on"]
        self.capabilities, self.needs_s3 = entry["capabilities"], entry.get("needs_s3", False)
        self.template = output / entry["template"]
        self.parameters, self.tags = deployment.get("parameters", {}), deployment.get("tags", {})
        self.place = f"{self.account}/{self.region}/{self.name}"

    def is_called(self, word):
        """Whether this is the stack of that name in a blueprint or component, such as `delivery_account`."""
        return self.template.name.split(".")[0] == word


def stacks_of(output):
    """All stacks, in the order of the manifest: what another needs comes first."""
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    return [Stack(output, entry) for entry in manifest["stacks"]]


def rings(stacks):
    """The ring of each stack, by name.

    A tenant's is its setting, a cell's is its own setting, or the first of its tenants'. Whatever a stack needs comes
    no later than the stack, so what all share comes first.
    """
    by_home, by_cell = {}, {}
    for stack in stacks:
        if RING in stack.parameters:
            ring = int(stack.parameters[RING])
            by_home[stack.tenant, stack.cell] = ring
            by_cell[stack.cell] = min(ring, by_cell.get(stack.cell, ring))
    by_cell |= {stack.cell: int(stack.parameters[CELL_RING]) for stack in stacks if CELL_RING in stack.parameters}
    found = {}
    for stack in stacks:
        given = by_home.get((stack.tenant, stack.cell)) if stack.tenant else by_cell.get(stack.cell)
        found[stack.name] = given or 1
    for stack in reversed(stacks):
        for name in stack.after:
            found[name] = min(found[name], found[stack.name])
    return found


def waiting(stacks):
    """Names of stacks whose account has no number yet, and of what needs them."""
    found = set()
    for stack in stacks:
        if not NUMBER.fullmatch(stack.account) or found & set(stack.after):
            found.add(stack.name)
    return found


class Cloud:
    """Clients by account and Region, each with the role of its account where roles are used."""

    def __init__(self, prefix=None, prefixes=()):
        self.prefix, self.prefixes = prefix, dict(prefixes)
        self.taken, self.clients, self.one_at_a_time = {}, {}, threading.Lock()
        # All stacks of an account and Region share CloudFormation's limits on requests.
        self.config = Config(retries={"mode": "adaptive", "max_attempts": 10})

    def role(self, account, kind):
        prefix = self.prefixes.get(account, self.prefix)
        if not prefix:
            return None
        session = boto3.session.Session()
        partition = session.get_partition_for_region(session.region_name or "us-east-1")
        return f"arn:{partition}:iam::{account}:role/{prefix}-{kind}"

    def client(self, account, region):
        # Clients serve many threads, but are made by one.
        with self.one_at_a_time:
            taken, since = self.credentials(account)
            key = account, region, since
            if key not in self.clients:
                session = boto3.session.Session(**taken)
                self.clients[key] = session.client("cloudformation", region_name=region, config=self.config)
            return self.clients[key]

    def credentials(self, account):
        role = self.role(account, "deployment")
        if not role:
            return {}, 0
        known = self.taken.get(account)
        if not known or time.monotonic() - known[1] > LASTS:
            answer = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="tenantry")["Credentials"]
            taken = {
                "aws_access_key_id": answer["AccessKeyId"],
                "aws_secret_access_key": answer["SecretAccessKey"],
                "aws_session_token": answer["SessionToken"],
            }
            self.taken[account] = taken, time.monotonic()
        return self.taken[account]


class Deployment:
    def __init__(self, cloud, pause=5, say=print):
        self.cloud, self.pause, self.say = cloud, pause, say
        self.stopped = threading.Event()

    def run(self, stacks, at_once):
        """Deploys wave by wave; gives the places of those that failed."""
        for wave in sorted({stack.wave for stack in stacks}):
            together = [stack for stack in stacks if stack.wave == wave]
            with ThreadPoolExecutor(at_once) as pool:
                failed = [place for place in pool.map(self.attempt, together) if place]
            if failed:
                return failed
        return []

    def attempt(self, stack):
        if self.stopped.is_set():
            return None
        try:
            self.say(f"wave {stack.wave}  {stack.place}  {self.deploy(stack)}")
            return None
        except (Failed, ClientError, BotoCoreError) as failure:
            self.stopped.set()
            self.say(f"wave {stack.wave}  {stack.place}  FAILED: {failure}")
            return stack.place

    def deploy(self, stack):
        """`created`, `changed` or `unchanged`."""
        if stack.needs_s3:
            raise Failed("its template is larger than 51,200 bytes and has to be deployed from S3 by hand")
        status = self.settled(stack)
        is_new = status in (None, "REVIEW_IN_PROGRESS")
        if not is_new and status not in CHANGEABLE:
            raise Failed(f"it is {status}; put that right first")
        change_set = self.change_set(stack, is_new)
        if change_set is None:
            return "unchanged"
        self.client(stack).execute_change_set(ChangeSetName=change_set)
        status = self.settled(stack)
        if status != ("CREATE_COMPLETE" if is_new else "UPDATE_COMPLETE"):
            raise Failed(f"it is {status}{self.reason(stack)}")
        return "created" if is_new else "changed"

    def change_set(self, stack, is_new):
        """The ARN of a change set to be executed, or nothing where nothing changes."""
        role = self.cloud.role(stack.account, "execution")
        try:
            made = self.client(stack).create_change_set(
                StackName=stack.name,
                ChangeSetName=f"tenantry-{uuid.uuid4().hex}",
                ChangeSetType="CREATE" if is_new else "UPDATE",
                TemplateBody=stack.template.read_text(encoding="utf-8"),
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
                Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
                Capabilities=stack.capabilities,
                **({"RoleARN": role} if role else {}),
            )["Id"]
        except ClientError as failure:
            if any(words in str(failure) for words in NO_CHANGES):
                return None
            raise
        while True:
            described = self.client(stack).describe_change_set(ChangeSetName=made, StackName=stack.name)
            if described["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                break
            time.sleep(self.pause)
        if described["Status"] == "CREATE_COMPLETE":
            return made
        why = described.get("StatusReason", "")
        self.client(stack).delete_change_set(ChangeSetName=made, StackName=stack.name)
        if any(words in why for words in NO_CHANGES):
            return None
        raise Failed(f"its change set is {described['Status']}: {why}")

    def settled(self, stack):
        """The status of the stack once nothing is going on, or nothing where there is no stack."""
        while True:
            try:
                status = self.client(stack).describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]
            except ClientError as failure:
                if "does not exist" in str(failure):
                    return None
                raise
            if status == "REVIEW_IN_PROGRESS" or not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(self.pause)

    def reason(self, stack):
        """What CloudFormation says of the resource that failed first."""
        events = self.client(stack).describe_stack_events(StackName=stack.name)["StackEvents"]
        for event in reversed(events):
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in event.get("ResourceStatusReason", ""):
                return f": {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        return ""

    def delete(self, place):
        self.client(place).delete_stack(StackName=place.name)
        status = self.settled(place)
        if status not in (None, "DELETE_COMPLETE"):
            raise Failed(f"it is {status}{self.reason(place)}")

    def client(self, stack):
        return self.cloud.client(stack.account, stack.region)


class Place:
    """A stack that the manifest does not have any more: ACCOUNT/REGION/NAME."""

    def __init__(self, text):
        self.account, self.region, self.name = text.split("/")


def chosen(stacks, options):
    """The stacks that the options ask for, and a line about each that has to wait."""
    of, wait = rings(stacks), waiting(stacks)
    wanted = [
        stack
        for stack in stacks
        if options.ring in (None, of[stack.name])
        and (not options.only or any(stack.is_called(word) for word in options.only))
        and options.account in (None, stack.account)
    ]
    return [one for one in wanted if one.name not in wait], [one for one in wanted if one.name in wait]


def main(words=None, say=print):
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("output", type=Path)
    arguments.add_argument("--show", action="store_true", help="say what would come when, and do nothing")
    arguments.add_argument("--ring", type=int, help="the stacks of this ring alone")
    arguments.add_argument("--only", action="append", help="stacks of this name in their blueprint or component")
    arguments.add_argument("--in", dest="account", help="stacks of this account alone")
    arguments.add_argument("--roles", metavar="PREFIX", help="take PREFIX-deployment, and deploy as PREFIX-execution")
    arguments.add_argument("--roles-of", action="append", default=[], metavar="ACCOUNT=PREFIX", help="in one account")
    arguments.add_argument("--at-once", type=int, default=8, help="stacks of one wave at the same time")
    arguments.add_argument("--delete", action="append", default=[], metavar="ACCOUNT/REGION/NAME", help="and nothing else")
    arguments.add_argument("--pause", type=float, default=5, help="seconds between questions")
    options = arguments.parse_args(words)
    stacks = stacks_of(options.output)
    cloud = Cloud(options.roles, (pair.split("=", 1) for pair in options.roles_of))
    deployment = Deployment(cloud, options.pause, say)
    if options.delete:
        return delete(deployment, stacks, options.delete)
    ready, later = chosen(stacks, options)
    if options.show:
        of = rings(stacks)
        for stack in sorted(ready, key=lambda one: (of[one.name], one.wave, one.place)):
            say(f"ring {of[stack.name]}  wave {stack.wave}  {stack.place}")
    for stack in later:
        say(f"waits for the number of account {stack.account}: {stack.name}")
    failed = [] if options.show else deployment.run(ready, options.at_once)
    for place in failed:
        say(f"stopped by {place}")
    return 1 if failed else 0


def delete(deployment, stacks, texts):
    kept = {stack.place for stack in stacks}
    for text in texts:
        if text in kept:
            deployment.say(f"{text} is in the manifest: take it out of the catalog first")
            return 1
    for text in texts:
        deployment.delete(Place(text))
        deployment.say(f"{text}  deleted")
    return 0


if __name__ == "__main__":
    # Lines are read while the work goes on.
    sys.exit(main(say=lambda line: print(line, flush=True)))
