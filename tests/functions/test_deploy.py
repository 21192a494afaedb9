"""The script that deploys an output tree: order, failure, a second run, roles of other accounts, and what it never does.

Most run against moto in this process. What moto does not do, such as failing half-way, a stand-in does.
"""
import json
import tempfile
import unittest
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

import functions

HOME, OTHER = "123456789012", "222222222222"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
deploy = functions.load("delivery/deploy.py")
TREES = tempfile.TemporaryDirectory()
unittest.addModuleCleanup(TREES.cleanup)


def parameter(name):
    properties = {"Name": name, "Type": "String", "Value": {"Ref": "Value"}}
    return {
        "Parameters": {"Value": {"Type": "String"}},
        "Resources": {"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": properties}},
    }


class Tree:
    """An output tree of stacks with one parameter each, written to a directory of its own."""

    def __init__(self, *stacks):
        self.path = Path(tempfile.mkdtemp(dir=TREES.name))
        self.entries = [self.entry(**stack) for stack in stacks]
        self.write("manifest.json", {"version": 1, "stacks": self.entries})

    def entry(self, name, account=HOME, tenant=None, cell=None, after=(), wave=1, template="store", **parameters):
        deployment, body = f"stacks/{account}/us-east-1/{name}.json", f"templates/vpc/{template}.{name}.json"
        self.write(body, parameter(f"/{name}"))
        self.write(deployment, {"parameters": {"Value": "1"} | parameters, "tags": {"tenant-id": tenant or "none"}})
        return {
            "name": name, "account": account, "region": "us-east-1", "template": body, "deployment": deployment,
            "tenant": tenant, "cell": cell, "capabilities": [], "depends_on": list(after), "wave": wave,
        }

    def write(self, path, document):
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document))

    def run(self, *words):
        lines = []
        status = deploy.main([str(self.path), "--pause", "0", *words], lines.append)
        return status, lines


def stores(account=HOME):
    """What stands in an account's Parameter Store."""
    if account == HOME:
        client = boto3.client("ssm", region_name="us-east-1")
    else:
        role = f"arn:aws:iam::{account}:role/anything"
        taken = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        client = boto3.client(
            "ssm", "us-east-1", aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"], aws_session_token=taken["SessionToken"],
        )
    return {one["Name"]: client.get_parameter(Name=one["Name"])["Parameter"]["Value"]
            for one in client.describe_parameters()["Parameters"]}


class Recorded:
    """Stands in for all clients: every stack changes at once, but for those that a test says otherwise of."""

    def __init__(self, ends=(), begins=()):
        self.ends, self.status, self.executed, self.calls = dict(ends), dict(begins), [], []

    def client(self, account, region):
        return self

    def role(self, account, kind):
        return None

    def describe_stacks(self, StackName):
        self.calls.append(("describe", StackName))
        if StackName not in self.status:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        status = self.status[StackName]
        if isinstance(status, list):
            status = status.pop(0) if len(status) > 1 else status[0]
        return {"Stacks": [{"StackStatus": status}]}

    def create_change_set(self, StackName, **given):
        return {"Id": StackName}

    def describe_change_set(self, ChangeSetName, StackName):
        return {"Status": "CREATE_COMPLETE"}

    def execute_change_set(self, ChangeSetName):
        self.executed.append(ChangeSetName)
        self.status[ChangeSetName] = self.ends.get(ChangeSetName, "CREATE_COMPLETE")

    def describe_stack_events(self, StackName):
        def event(reason):
            return {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "Vpc", "ResourceStatusReason": reason}

        return {"StackEvents": [event("Resource creation cancelled"), event("the limit of VPCs is reached")]}


def replayed(cloud, stacks, at_once=4):
    lines = []
    return deploy.Deployment(cloud, 0, lines.append).run(stacks, at_once), lines


class Order(unittest.TestCase):
    def test_every_stack_of_the_examples_comes_after_what_it_needs(self):
        for example in ("components/output", "all_models/output", "../output"):
            stacks = deploy.stacks_of(EXAMPLES / example)
            cloud = Recorded()
            failed, _ = replayed(cloud, stacks)
            self.assertEqual(failed, [])
            self.assertEqual(sorted(cloud.executed), sorted(stack.name for stack in stacks))
            place = {name: number for number, name in enumerate(cloud.executed)}
            for stack in stacks:
                self.assertTrue(all(place[name] < place[stack.name] for name in stack.after), stack.name)

    def test_rings_one_after_the_other_deploy_every_stack_once_and_after_what_it_needs(self):
        stacks = deploy.stacks_of(EXAMPLES / "components/output")
        rings = deploy.rings(stacks)
        order = [stack.name for ring in (1, 2, 3) for stack in stacks if rings[stack.name] == ring]
        self.assertEqual(sorted(order), sorted(stack.name for stack in stacks))
        for stack in stacks:
            self.assertTrue(all(rings[name] <= rings[stack.name] for name in stack.after), stack.name)

    def test_a_tenant_of_a_later_ring_waits_and_what_it_shares_with_one_of_the_first_does_not(self):
        tree = Tree(
            dict(name="network", cell="subnet/1"),
            dict(name="shelf", cell="subnet/2"),
            dict(name="acme-facts", tenant="acme", cell="subnet/1", SettingReleaseRing="3"),
            dict(name="acme-service", tenant="acme", cell="subnet/1", after=["network"], wave=2),
            dict(name="globex-facts", tenant="globex", cell="subnet/1", SettingReleaseRing="1"),
            dict(name="initech-facts", tenant="initech", cell="subnet/2", SettingReleaseRing="2"),
            dict(name="pool", cell="application/1", SettingCellReleaseRing="2"),
            dict(name="pool-base", cell="application/1"),
        )
        self.assertEqual(deploy.rings(deploy.stacks_of(tree.path)), {
            "network": 1, "shelf": 2, "acme-facts": 3, "acme-service": 3, "globex-facts": 1, "initech-facts": 2,
            "pool": 2, "pool-base": 2,
        })

    def test_a_stack_whose_account_has_no_number_waits_with_all_that_need_it(self):
        tree = Tree(
            dict(name="base", account="acme"),
            dict(name="peer", after=["base"], wave=2),
            dict(name="free", wave=2),
        )
        status, lines = tree.run("--show")
        self.assertEqual((status, lines), (0, [
            "ring 1  wave 2  123456789012/us-east-1/free",
            "waits for the number of account acme: base",
            "waits for the number of account 123456789012: peer",
        ]))


class Failure(unittest.TestCase):
    def test_once_one_has_failed_no_other_is_begun_and_why_is_said(self):
        tree = Tree(dict(name="zero"), dict(name="one"), dict(name="beside"), dict(name="two", wave=2))
        cloud = Recorded({"one": "ROLLBACK_COMPLETE"})
        failed, lines = replayed(cloud, deploy.stacks_of(tree.path), at_once=1)
        self.assertEqual(failed, ["123456789012/us-east-1/one"])
        self.assertEqual(cloud.executed, ["zero", "one"])
        self.assertIn("ROLLBACK_COMPLETE: Vpc: the limit of VPCs is reached", "".join(lines))

    def test_a_stack_that_somebody_has_to_put_right_is_not_touched(self):
        tree = Tree(dict(name="one"))
        for status in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"):
            cloud = Recorded(begins={"one": status})
            failed, _ = replayed(cloud, deploy.stacks_of(tree.path))
            self.assertEqual((len(failed), cloud.executed), (1, []), status)

    def test_what_is_going_on_is_waited_for(self):
        tree = Tree(dict(name="one"))
        begins = {"one": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]}
        ends = {"one": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]}
        cloud = Recorded(ends, begins)
        failed, lines = replayed(cloud, deploy.stacks_of(tree.path))
        self.assertEqual(failed, [])
        self.assertEqual(lines, ["wave 1  123456789012/us-east-1/one  changed"])

    def test_an_empty_change_set_is_taken_away_and_one_that_fails_otherwise_is_told(self):
        tree = Tree(dict(name="one"))
        for why, says in (("The submitted information didn't contain changes.", "unchanged"), ("No export", "FAILED")):
            cloud = Recorded(begins={"one": "UPDATE_COMPLETE"})
            cloud.describe_change_set = lambda **_: {"Status": "FAILED", "StatusReason": why}
            taken = []
            cloud.delete_change_set = lambda ChangeSetName, StackName: taken.append(ChangeSetName)
            _, lines = replayed(cloud, deploy.stacks_of(tree.path))
            self.assertIn(says, lines[0])
            self.assertEqual((taken, cloud.executed), (["one"], []))

    def test_a_template_that_is_too_large_is_not_tried(self):
        tree = Tree(dict(name="one"))
        stacks = deploy.stacks_of(tree.path)
        stacks[0].needs_s3 = True
        failed, lines = replayed(Recorded(), stacks)
        self.assertEqual(len(failed), 1)
        self.assertIn("51,200", lines[0])


@mock_aws
class Deployed(unittest.TestCase):
    def test_a_second_run_does_nothing(self):
        tree = Tree(dict(name="one"), dict(name="two", after=["one"], wave=2))
        self.assertEqual(tree.run(), (0, [
            "wave 1  123456789012/us-east-1/one  created",
            "wave 2  123456789012/us-east-1/two  created",
        ]))
        self.assertEqual(tree.run(), (0, [
            "wave 1  123456789012/us-east-1/one  unchanged",
            "wave 2  123456789012/us-east-1/two  unchanged",
        ]))

    def test_a_changed_value_changes_its_stack_alone(self):
        first = Tree(dict(name="one"), dict(name="two"))
        first.run()
        second = Tree(dict(name="one"), dict(name="two", Value="2"))
        # Stacks of one wave go side by side, and each tells when it is done.
        self.assertEqual(sorted(second.run()[1]), [
            "wave 1  123456789012/us-east-1/one  unchanged",
            "wave 1  123456789012/us-east-1/two  changed",
        ])
        self.assertEqual(stores(), {"/one": "1", "/two": "2"})

    def test_each_account_is_reached_by_its_own_role(self):
        tree = Tree(dict(name="one"), dict(name="two", account=OTHER, after=["one"], wave=2))
        status, _ = tree.run("--roles", "shop-prod", "--roles-of", f"{HOME}=shop-prod-central")
        self.assertEqual(status, 0)
        self.assertEqual((stores(), stores(OTHER)), ({"/one": "1"}, {"/two": "1"}))
        stack = boto3.client("cloudformation", region_name="us-east-1").describe_stacks(StackName="one")["Stacks"][0]
        self.assertEqual(stack["RoleARN"], f"arn:aws:iam::{HOME}:role/shop-prod-central-execution")
        self.assertEqual(stack["Tags"], [{"Key": "tenant-id", "Value": "none"}])

    def test_one_ring_leaves_the_others_alone(self):
        tree = Tree(dict(name="one", tenant="acme", cell="vpc/1", SettingReleaseRing="1"),
                    dict(name="two", tenant="globex", cell="vpc/2", SettingReleaseRing="2"))
        for name in ("one", "two"):
            body = parameter(f"/{name}")
            body["Parameters"]["SettingReleaseRing"] = {"Type": "Number"}
            tree.write(f"templates/vpc/store.{name}.json", body)
        tree.run("--ring", "1")
        self.assertEqual(stores(), {"/one": "1"})

    def test_some_stacks_can_be_asked_for_by_name(self):
        tree = Tree(dict(name="one", template="delivery_account"), dict(name="two"),
                    dict(name="three", template="delivery_account", account=OTHER))
        tree.run("--only", "delivery_account", "--in", HOME)
        self.assertEqual(stores(), {"/one": "1"})

    def test_nothing_is_deleted_but_what_is_named_and_no_longer_in_the_manifest(self):
        Tree(dict(name="one"), dict(name="two"), dict(name="three")).run()
        tree = Tree(dict(name="one"))
        tree.run()
        self.assertEqual(sorted(stores()), ["/one", "/three", "/two"])
        refused, _ = tree.run("--delete", f"{HOME}/us-east-1/two", "--delete", f"{HOME}/us-east-1/one")
        self.assertEqual((refused, sorted(stores())), (1, ["/one", "/three", "/two"]))
        status, _ = tree.run("--delete", f"{HOME}/us-east-1/two")
        self.assertEqual((status, sorted(stores())), (0, ["/one", "/three"]))


if __name__ == "__main__":
    unittest.main()
