#!/usr/bin/env python3
"""policies.py OUTPUT: parliament over every IAM policy in the templates, with intrinsic functions worked out.

It knows every action and which resources and conditions each takes, so a misspelt action, an ARN of the wrong service
or a condition that never holds is found. A template is judged once, as the first stack that uses it.
"""
import json
import re
import sys
from pathlib import Path

from parliament import analyze_policy_string, enhance_finding

from tree import judge, stacks
from values import Tree

# A trust policy names no resource: it speaks of the role itself.
ROLE = "arn:aws:iam::123456789012:role/trusting"
# And the policy of a repository of images none but the repository.
REPOSITORY = "arn:aws:ecr:us-east-1:123456789012:repository/product"
LONGEST = 400
# What parliament is wrong about: its name for the fault, on which type, words of its message, and why it is none.
MUTED = [
    ("RESOURCE_STAR", "AWS::KMS::Key", "", "in a key policy `*` is the key it is attached to"),
    (
        "RESOURCE_STAR",
        "AWS::EC2::VPCEndpoint",
        "",
        "an endpoint's policy bounds who may pass; what they may do is in their own policies",
    ),
    (
        "MISMATCHED_TYPE",
        "AWS::KMS::Key",
        "ArnLike requires a value of type Arn but given String",
        "a log group's ARN is its encryption context, and AWS's own key policy for log groups compares it with ArnLike",
    ),
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        "AWS::Organizations::Policy",
        "aws:SourceOrgID",
        "a global condition key that is younger than parliament's list",
    ),
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        "AWS::ECR::Repository",
        "aws:SourceOrgID",
        "a global condition key that is younger than parliament's list",
    ),
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        "AWS::IAM::Role",
        "lambda:SourceFunctionArn",
        "Lambda puts this key into every request that a function's own code makes",
    ),
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        "AWS::IAM::Role",
        "cognito-identity.amazonaws.com:",
        "the keys of the token that a session is asked for with hold for its tags too (Cognito, attributes for access)",
    ),
    (
        "RESOURCE_STAR",
        "AWS::IAM::Role",
        "ec2:AssignPrivateIpAddresses",
        "Lambda names no interface before it has made one, and the function's own code is denied all of it",
    ),
    (
        "RESOURCE_MISMATCH",
        "AWS::IAM::Role",
        "ecs:Poll",
        "Service Connect asks for a `task-set`, which only ECS's own guide tells of",
    ),
    ("RESOURCE_STAR", "AWS::Backup::BackupVault", "", "in a vault's policy `*` is the vault it is attached to"),
    ("RESOURCE_STAR", "AWS::Oam::Sink", "", "in a sink's policy `*` is the sink it is attached to, and AWS takes nothing else"),
    (
        "UNKNOWN_ACTION",
        "AWS::IAM::Role",
        "tag:ListRequiredTags",
        "an action of CloudFormation's hook on tags that is younger than parliament's list",
    ),
    ("RESOURCE_STAR", "AWS::Organizations::Policy", "", "an organization's policy denies, and denies everywhere"),
]


def main():
    output = Path(sys.argv[1])
    findings, judged, seen = [], 0, set()
    for values in Tree(stacks(output)).values:
        if values.stack.template in seen:
            continue
        seen.add(values.stack.template)
        for logical, resource in values.template["Resources"].items():
            for path, document in documents(resource.get("Properties", {}), logical):
                judged += 1
                place = f"{values.stack.template.relative_to(output)}: {path}"
                findings.extend(f"{place}: {fault}" for fault in faults(values.of(document), resource["Type"]))
    judge("parliament", findings, f"{judged} policies")


def documents(value, path):
    """Every policy document under a resource's properties: whatever has statements."""
    if isinstance(value, dict):
        statement = value.get("Statement")
        # A rule of a firewall has a statement too, which is no policy.
        if isinstance(statement, list):
            yield path, value
        # The policy of an event bus is a statement alone.
        elif isinstance(statement, dict) and "Effect" in statement:
            yield path, {"Version": "2012-10-17", "Statement": [statement]}
            return
        for key, inner in value.items():
            yield from documents(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from documents(inner, f"{path}/{index}")


def faults(document, kind):
    for statement in document["Statement"]:
        if "Resource" not in statement and "NotResource" not in statement:
            statement["Resource"] = REPOSITORY if kind == "AWS::ECR::Repository" else ROLE
    # parliament takes a policy variable for anything at all, but not where a tag's key has a hyphen.
    text = re.sub(r"\$\{aws:[^}]*\}", "*", json.dumps(document))
    for finding in analyze_policy_string(text).findings:
        said = f"{finding.issue} {enhance_finding(finding).title}: {finding.detail}"
        if not any(finding.issue == issue and kind == on and words in said for issue, on, words, _ in MUTED):
            # Some list every action there is.
            yield said if len(said) < LONGEST else said[:LONGEST] + "..."


if __name__ == "__main__":
    main()
