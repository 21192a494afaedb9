#!/usr/bin/env python3
"""Shows that each oracle can fail: a good tree passes, and a copy with one thing wrong is found out.

    python tests/oracles/test_harness.py

The good tree, `fixture/`, is written by hand: one tenant with a network stack and a service stack that imports from it.
"""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import environments

HERE = Path(__file__).resolve().parent
FIXTURE = HERE / "fixture"
NETWORK, SERVICE = "templates/vpc/network.json", "templates/vpc/service.json"
NETWORK_DEPLOYMENT = "stacks/222222222222/us-east-1/ledgerly-prod-acme-network.json"


def resources(document):
    return document["Resources"]


def tenant(plan):
    return plan["tenants"][0]


def rules(plan):
    return plan["shapes"]["business"]["security_group_rules"]


class Harness(unittest.TestCase):
    def judge(self, oracle, output, *more):
        python = environments.python_of("checkov" if oracle == "posture" else "oracles")
        run = subprocess.run([python, HERE / f"{oracle}.py", output, *more], capture_output=True, text=True)
        return run.returncode, run.stdout + run.stderr

    def accepts(self, oracle, *more):
        status, said = self.judge(oracle, FIXTURE, *more)
        self.assertEqual(status, 0, said)

    def rejects(self, oracle, finding, file, damage, *more):
        """The oracle fails over a copy of the fixture in which one file was damaged, and says why."""
        with tempfile.TemporaryDirectory() as directory:
            output = Path(directory) / "output"
            shutil.copytree(FIXTURE, output)
            document = json.loads((output / file).read_text())
            damage(document)
            (output / file).write_text(json.dumps(document, indent=2) + "\n")
            status, said = self.judge(oracle, output, *more)
        self.assertEqual(status, 1, said)
        self.assertRegex(said, finding)


class Lint(Harness):
    def test_accepts_the_fixture(self):
        self.accepts("lint")

    def test_rejects_a_warning(self):
        def name_an_old_version(template):
            resources(template)["Database"]["Properties"]["EngineVersion"] = "16.6"

        self.rejects("lint", "W3690", SERVICE, name_an_old_version)

    def test_rejects_a_remark(self):
        def join_instead_of_substituting(template):
            resources(template)["KeyAlias"]["Properties"]["AliasName"] = {
                "Fn::Join": ["", ["alias/", {"Ref": "AWS::StackName"}]]
            }

        self.rejects("lint", "I1022", NETWORK, join_instead_of_substituting)

    def test_rejects_a_parameter_that_no_template_has(self):
        def misspell(deployment):
            deployment["parameters"]["VpcCidrs"] = deployment["parameters"].pop("VpcCidr")

        self.rejects("lint", "E2900 'VpcCidr' is a required property", NETWORK_DEPLOYMENT, misspell)

    def test_rejects_a_value_that_its_property_does_not_take(self):
        def lengthen_the_prefix(deployment):
            deployment["parameters"]["AppSubnet1Cidr"] = "10.64.0.0/33"

        self.rejects("lint", "W1030 .*'10.64.0.0/33'", NETWORK_DEPLOYMENT, lengthen_the_prefix)

    def test_rejects_a_template_of_no_stack(self):
        def use_one_template_only(manifest):
            manifest["stacks"].pop()

        self.rejects("lint", "service.json: no stack uses this template", "manifest.json", use_one_template_only)


class Validate(Harness):
    def test_accepts_the_fixture(self):
        self.accepts("validate")

    def test_rejects_an_unknown_property(self):
        def misspell(template):
            properties = resources(template)["Vpc"]["Properties"]
            properties["EnableDnsSuport"] = properties.pop("EnableDnsSupport")

        self.rejects("validate", "Vpc: (ERROR|WARN|FATAL)", NETWORK, misspell)


class Posture(Harness):
    explained = ("--exceptions", FIXTURE / "checkov-exceptions.json")

    def test_accepts_the_fixture_with_its_exceptions(self):
        self.accepts("posture", *self.explained)

    def test_rejects_a_finding_that_nothing_explains(self):
        def stop_rotation(template):
            resources(template)["Key"]["Properties"]["EnableKeyRotation"] = False

        self.rejects("posture", "CKV_AWS_7 AWS::KMS::Key.Key", NETWORK, stop_rotation, *self.explained)

    def test_rejects_an_exception_that_explains_nothing(self):
        def drop_the_load_balancer_and_what_needs_it(template):
            for name in ("LoadBalancer", "Listener", "Record"):
                del resources(template)[name]

        self.rejects(
            "posture",
            "explains nothing any more: .*CKV_AWS_91",
            SERVICE,
            drop_the_load_balancer_and_what_needs_it,
            *self.explained,
        )


class Policies(Harness):
    def test_accepts_the_fixture(self):
        self.accepts("policies")

    def test_rejects_an_unknown_action(self):
        def misspell(template):
            policy = resources(template)["FlowLogRole"]["Properties"]["Policies"][0]["PolicyDocument"]
            policy["Statement"][0]["Action"] = ["logs:PutLogEvent"]

        self.rejects("policies", "FlowLogRole/Policies/0/PolicyDocument: UNKNOWN_ACTION", NETWORK, misspell)

    def test_rejects_a_resource_of_another_service(self):
        def point_at_the_key(template):
            policy = resources(template)["FlowLogRole"]["Properties"]["Policies"][0]["PolicyDocument"]
            policy["Statement"][0]["Resource"] = {"Fn::GetAtt": ["Key", "Arn"]}

        self.rejects("policies", "RESOURCE_MISMATCH", NETWORK, point_at_the_key)


class Deploy(Harness):
    def test_accepts_the_fixture(self):
        self.accepts("deploy")

    def test_rejects_a_type_that_moto_cannot_create(self):
        def add_a_client_vpn(template):
            resources(template)["Vpn"] = {"Type": "AWS::EC2::ClientVpnEndpoint", "Properties": {}}

        self.rejects("deploy", "Vpn .*declared and not created", NETWORK, add_a_client_vpn)

    def test_rejects_a_property_that_reaches_no_parameter(self):
        def misspell(template):
            properties = resources(template)["PublicSubnet1"]["Properties"]
            properties["AvailabilityZoneID2"] = properties.pop("AvailabilityZoneId")

        self.rejects("deploy", "create_subnet takes no AvailabilityZoneID2", NETWORK, misspell)

    def test_rejects_subnets_that_overlap(self):
        def repeat(deployment):
            deployment["parameters"]["AppSubnet2Cidr"] = deployment["parameters"]["AppSubnet1Cidr"]

        self.rejects("deploy", "InvalidSubnet.Conflict", NETWORK_DEPLOYMENT, repeat)

    def test_rejects_an_import_before_its_export(self):
        def reverse(manifest):
            manifest["stacks"].reverse()

        self.rejects("deploy", "No export named ledgerly-prod-acme-network", "manifest.json", reverse)


class ReadBack(Harness):
    def test_accepts_the_fixture(self):
        self.accepts("readback")

    def test_rejects_a_subnet_with_another_cidr(self):
        def plan_other_addresses(plan):
            tenant(plan)["network"]["subnet_groups"][1]["subnets"][0]["cidr"] = "10.64.0.0/25"

        missing = r"planned and not there: subnets \('use1-az1', '10.64.0.0/25'"
        self.rejects("readback", missing, "plan.json", plan_other_addresses)

    def test_rejects_a_subnet_in_another_zone(self):
        def move(template):
            resources(template)["DataSubnet2"]["Properties"]["AvailabilityZoneId"] = "use1-az4"

        self.rejects("readback", r"there and not planned: subnets \('use1-az4'", NETWORK, move)

    def test_rejects_a_vpc_that_nobody_planned(self):
        def forget_the_tenant(plan):
            plan["tenants"].clear()

        self.rejects("readback", "there and not planned: vpc 10.64.0.0/22", "plan.json", forget_the_tenant)

    def test_rejects_a_rule_that_nobody_planned(self):
        def forget_a_rule(plan):
            rules(plan).pop(2)

        self.rejects("readback", "there and not planned: security group rules", "plan.json", forget_a_rule)

    def test_rejects_a_rule_that_is_missing(self):
        def leave_a_rule_out(template):
            del resources(template)["DatabaseInService5432"]

        self.rejects("readback", "planned and not there: security group rules", NETWORK, leave_a_rule_out)

    def test_rejects_a_group_that_keeps_the_rule_that_allows_everything(self):
        def take_the_placeholder_away(template):
            del resources(template)["DatabaseGroup"]["Properties"]["SecurityGroupEgress"]

        self.rejects("readback", "there and not planned: .*peer='cidr 0.0.0.0/0'", NETWORK, take_the_placeholder_away)

    def test_rejects_a_prefix_list_of_another_use(self):
        def plan_another_port(plan):
            rules(plan)[5]["from_port"] = 80

        self.rejects("readback", "there and not planned: .*prefix_list pl-", "plan.json", plan_another_port)

    def test_rejects_an_acl_entry_that_nobody_planned(self):
        def forget_an_entry(plan):
            plan["shapes"]["business"]["network_acl_entries"].pop()

        self.rejects("readback", "there and not planned: network ACL entries", "plan.json", forget_an_entry)

    def test_rejects_a_range_of_the_allow_list_in_another_slot(self):
        def move(plan):
            tenant(plan)["ingress"][0]["slot"] = 2

        self.rejects("readback", "planned and not there: network ACL entries .*number=102", "plan.json", move)

    def test_leaves_a_long_allow_list_to_the_security_group(self):
        def plan_nine_ranges(plan):
            tenant(plan)["ingress"] = [{"slot": slot, "cidr": f"203.0.113.{slot}/32"} for slot in range(1, 10)]

        missing = "planned and not there: network ACL entries .*number=100, .*cidr='0.0.0.0/0'"
        self.rejects("readback", missing, "plan.json", plan_nine_ranges)

    def test_rejects_a_nat_gateway_that_nobody_planned(self):
        def plan_none(plan):
            plan["shapes"]["business"]["settings"]["nat"] = "none"

        self.rejects("readback", "there and not planned: NAT gateways 10.64.3.0/26", "plan.json", plan_none)

    def test_rejects_a_nat_gateway_in_another_subnet(self):
        def move(template):
            resources(template)["Nat"]["Properties"]["SubnetId"] = {"Ref": "PublicSubnet2"}

        self.rejects("readback", "there and not planned: NAT gateways 10.64.3.64/26", NETWORK, move)

    def test_rejects_a_subnet_with_another_way_out(self):
        def open_the_data_subnets(template):
            route = resources(template)["PublicDefaultRoute"]
            resources(template)["DataDefaultRoute"] = {
                **route, "Properties": {**route["Properties"], "RouteTableId": {"Ref": "DataRouteTable"}}
            }

        leak = r"there and not planned: ways out \('10.64.2.0/25', 'internet gateway'\)"
        self.rejects("readback", leak, NETWORK, open_the_data_subnets)

    def test_rejects_an_endpoint_that_a_subnet_lacks(self):
        def leave_a_subnet_out(template):
            resources(template)["LogsEndpoint"]["Properties"]["SubnetIds"].pop()

        self.rejects("readback", "planned and not there: endpoints .*service='logs'", NETWORK, leave_a_subnet_out)

    def test_rejects_a_vpc_without_its_flow_log(self):
        def stop_recording(template):
            del resources(template)["FlowLog"]

        self.rejects("readback", "planned and not there: flow logs ALL", NETWORK, stop_recording)

    def test_looks_for_no_network_of_a_planned_tenant(self):
        def plan_it_only(plan):
            tenant(plan)["status"] = "planned"

        self.rejects("readback", "there and not planned: vpc 10.64.0.0/22", "plan.json", plan_it_only)

    def test_rejects_a_subnet_without_its_acl(self):
        def leave_the_default_acl(template):
            del resources(template)["DataSubnet1Acl"]

        self.rejects("readback", "planned and not there: network ACLs of subnets", NETWORK, leave_the_default_acl)

    def test_rejects_a_resource_without_its_tags(self):
        def take_the_tags_away(template):
            del resources(template)["NatAddress"]["Properties"]["Tags"]

        self.rejects("readback", r"NatAddress \(AWS::EC2::EIP\) has the tags \{\}", NETWORK, take_the_tags_away)

    def test_rejects_another_tag_than_the_planned(self):
        def plan_another_cost_center(plan):
            tenant(plan)["tags"]["cost-center"] = "11111"

        self.rejects("readback", "Vpc .*'cost-center': '80432'", "plan.json", plan_another_cost_center)

    def test_rejects_a_stack_that_nobody_planned(self):
        def forget_a_stack(plan):
            tenant(plan)["stacks"].pop()

        self.rejects("readback", "there and not planned: stacks .*acme-service", "plan.json", forget_a_stack)

    def test_fails_where_deploying_does(self):
        def break_a_parameter(deployment):
            deployment["parameters"]["VpcCidr"] = "10.64.0.0/8"

        self.rejects("readback", "InvalidVpc.Range", NETWORK_DEPLOYMENT, break_a_parameter)


class Update(Harness):
    """The tree that each test damages is the one to which the fixture, deployed, is brought."""

    def judge(self, oracle, output, *more):
        return super().judge(oracle, FIXTURE, output, *more)

    def test_accepts_that_nothing_changes(self):
        status, said = self.judge("update", FIXTURE)
        self.assertEqual(status, 0, said)
        self.assertIn("0 updated, 0 created, 0 deleted, 2 untouched", said)

    def test_rejects_a_subnet_that_moves(self):
        def move(deployment):
            deployment["parameters"]["PublicSubnet2Cidr"] = "10.64.3.128/26"

        in_use = "Export ledgerly-prod-acme-network-PublicSubnetIds is in use"
        self.rejects("update", in_use, NETWORK_DEPLOYMENT, move)

    def test_rejects_a_resource_that_is_replaced(self):
        def rename(template):
            resources(template)["ResourceGroup"]["Properties"]["Name"] = "another"

        self.rejects("update", r"ResourceGroup \(AWS::ResourceGroups::Group\) was replaced", NETWORK, rename)

    def test_rejects_a_new_acl_entry_in_the_place_of_an_old_one(self):
        def rename(template):
            resources(template)["Renamed"] = resources(template).pop("DataAclIn100")

        self.rejects("update", "Renamed .*NetworkAclEntryAlreadyExists", NETWORK, rename)

    def test_rejects_a_rule_that_is_not_what_was_planned(self):
        def open_another_port(template):
            resources(template)["DatabaseInService5432"]["Properties"]["ToPort"] = 5433

        self.rejects("update", "there and not planned: security group rules", NETWORK, open_another_port)

    def test_rejects_that_an_import_loses_its_export(self):
        def export_no_longer(template):
            del template["Outputs"]["KeyArn"]

        self.rejects("update", "Export ledgerly-prod-acme-network-KeyArn is in use", NETWORK, export_no_longer)

    def test_rejects_that_a_stack_goes_before_those_that_import_from_it(self):
        def forget_the_network(manifest):
            manifest["stacks"].pop(0)

        self.rejects("update", "Export ledgerly-prod-acme-network-.* is in use", "manifest.json", forget_the_network)

    def test_rejects_that_a_stack_goes_which_is_planned(self):
        def forget_the_service(manifest):
            manifest["stacks"].pop()

        gone = "planned and not there: stacks .*ledgerly-prod-acme-service"
        self.rejects("update", gone, "manifest.json", forget_the_service)


# A checker that says of every network that nothing gets through anything.
BLIND = """#!{python}
import json, pathlib, sys
stacks = json.loads(pathlib.Path(sys.argv[2], "manifest.json").read_text())["stacks"]
tenants = [stack["tenant"] for stack in stacks if stack["tenant"]]
depth = [{{"from": one, "to": other, "pairs_by_layers_that_hold_alone": {{"3": 1}}}} for one in tenants for other in tenants]
certificate = {{"pairs": {{"unknown": 0}}, "leaks": [], "depth": depth, "not_known": []}}
pathlib.Path(sys.argv[4]).write_text(json.dumps(certificate))
"""


class Solver(Harness):
    def test_rejects_a_checker_that_sees_nothing(self):
        with tempfile.TemporaryDirectory() as directory:
            program = Path(directory) / "blind"
            program.write_text(BLIND.format(python=sys.executable))
            program.chmod(0o755)
            status, said = self.judge("solver", program, "--networks", "10")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, "z3 says leaks True, depth 0, check says leaks False, depth 3")


def tests_of(suite):
    for test in suite:
        yield from tests_of(test) if isinstance(test, unittest.TestSuite) else [test]


def main():
    """Runs the tests two at a time: each waits for processes of its own, most of them servers that start."""
    for name in environments.REQUIREMENTS:
        environments.prepared(name)
    tests = list(tests_of(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])))
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for test, result in zip(tests, pool.map(lambda test: test.run(), tests)):
            print(f"test {test.id().removeprefix('__main__.')} ... {'ok' if result.wasSuccessful() else 'FAILED'}")
            for _, trace in result.failures + result.errors:
                print(trace)
            sys.stdout.flush()
            failed += not result.wasSuccessful()
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
