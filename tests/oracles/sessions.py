#!/usr/bin/env python3
"""sessions.py OUTPUT: what a session of one tenant of a pool may do to its own data, and to that of another.

moto enforces no policies, so they are evaluated here, by a small evaluator of IAM that knows the operators in use and
stops at any other. It reads the templates of each cell of the model `application`: the policies of `TenantRole`, its
trust, and the statement of the cell's key that names it; and with the component `identity` the policies of `UserRole`,
whose sessions are tagged out of a user's token.
"""
import fnmatch
import json
import re
import sys
from pathlib import Path

from tree import judge, read, stacks
from values import Tree

OWN, OTHER = "acme", "globex"


def main():
    output = Path(sys.argv[1])
    listed = {stack["name"]: stack for stack in read(output / "manifest.json")["stacks"]}
    cells = {}
    for values in Tree(stacks(output)).values:
        stack = listed[values.stack.name]
        if stack["model"] == "application" and stack["tenant"] is None and stack["cell"]:
            cells.setdefault(stack["cell"], []).append(values)
    tag = isolation_tag(output)
    findings, asked = [], 0
    for cell, templates in sorted(cells.items()):
        resources = {
            logical: (resource["Type"], values.of(resource.get("Properties", {})), values)
            for values in templates
            for logical, resource in values.template["Resources"].items()
        }
        for what, wanted, request in requests(resources, tag):
            asked += 1
            if allowed(statements(resources, request), request) != wanted:
                findings.append(f"{cell}: {what} is {'refused' if wanted else 'allowed'}")
    judge("sessions", findings, f"{len(cells)} cells, {asked} requests")


def isolation_tag(output):
    policy = read(output / "organization" / "tag-policy.json")
    return next((key for key in policy["tags"] if "tenant" in key), "tenant-id")


def statements(resources, request):
    """What speaks of the request: the trust of the role, the key's own policy, or the role's policies."""
    if request["of"] == "trust":
        return resources["TenantRole"][1]["AssumeRolePolicyDocument"]["Statement"]
    if request["of"] == "user":
        policies = [one for kind, one, _ in resources.values() if kind == "AWS::IAM::RolePolicy"]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    if request["of"] == "key":
        whole = resources["Key"][1]["KeyPolicy"]["Statement"]
        return [one for one in whole if one["Sid"] == "TenantsOwn"]
    named = [
        properties["PolicyDocument"]["Statement"]
        for kind, properties, _ in resources.values()
        if kind == "AWS::IAM::Policy" and any(role.endswith("tenantrole") for role in properties["Roles"])
    ]
    named += [policy["PolicyDocument"]["Statement"] for policy in resources["TenantRole"][1]["Policies"]]
    return [statement for statements in named for statement in statements]


def requests(resources, tag):
    """(what it is, whether it is to be allowed, the request)."""
    session = {f"aws:PrincipalTag/{tag}": OWN}

    def asks(what, wanted, action, resource=None, of="role", tags=session, **context):
        return what, wanted, {"action": action, "resource": resource, "of": of, "context": {**tags, **context}}

    one = {f"aws:RequestTag/{tag}": OWN, "aws:TagKeys": [tag]}
    yield asks("a session for one tenant", True, "sts:AssumeRole", of="trust", tags=one)
    yield asks("a session without a tag", False, "sts:AssumeRole", of="trust", tags={})
    yield asks("a session for nobody", False, "sts:AssumeRole", of="trust", tags={**one, f"aws:RequestTag/{tag}": ""})
    more = {**one, "aws:RequestTag/role": "administrator", "aws:TagKeys": [tag, "role"]}
    yield asks("a session with a tag more", False, "sts:AssumeRole", of="trust", tags=more)

    if "Items" in resources:
        table = resources["ItemsAccess"][1]["PolicyDocument"]["Statement"][0]["Resource"][0]
        for keys, wanted in (
            ([OWN], True),
            ([f"{OWN}#orders"], True),
            ([OTHER], False),
            ([OWN, OTHER], False),
            ([f"{OWN}x"], False),
            (None, False),
        ):
            named = {} if keys is None else {"dynamodb:LeadingKeys": keys}
            for action in ("dynamodb:Query", "dynamodb:BatchWriteItem"):
                yield asks(f"{action} of {keys}", wanted, action, table, **named)
        yield asks("a scan", False, "dynamodb:Scan", table)
        yield asks("a statement of PartiQL", False, "dynamodb:PartiQLSelect", table, **{"dynamodb:LeadingKeys": [OWN]})
        loose = {"dynamodb:LeadingKeys": [""]}
        yield asks("an item without a session's tag", False, "dynamodb:GetItem", table, tags={}, **loose)

    bucket = resources["FilesAccess"][1]["PolicyDocument"]["Statement"][1]["Resource"]
    for who, wanted in ((OWN, True), (OTHER, False), (f"{OWN}x", False)):
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
            yield asks(f"{action} of {who}", wanted, action, f"{bucket}/{who}/file")
        yield asks(f"a list of {who}", wanted, "s3:ListBucket", bucket, **{"s3:prefix": f"{who}/"})
    yield asks("a list of everything", False, "s3:ListBucket", bucket)
    yield asks("a list of the whole bucket", False, "s3:ListBucket", bucket, **{"s3:prefix": ""})
    yield asks("the bucket's policy", False, "s3:PutBucketPolicy", bucket)

    if "UserFiles" in resources:
        yield from of_users(asks, resources)

    context = f"kms:EncryptionContext:{tag}"
    for who, wanted in ((OWN, True), (OTHER, False)):
        yield asks(f"what was encrypted for {who}", wanted, "kms:Decrypt", "*", of="key", **{context: who})
        secret = "arn:aws:secretsmanager:us-east-1:222222222222:secret:x-AbCdEf"
        region = re.search(r"secretsmanager:([a-z0-9-]+):(\d{12})", json.dumps(resources["TenantRole"][1]["Policies"]))
        secret = secret.replace("us-east-1:222222222222", f"{region[1]}:{region[2]}")
        tagged = {f"aws:ResourceTag/{tag}": who}
        yield asks(f"a secret of {who}", wanted, "secretsmanager:GetSecretValue", secret, **tagged)
    yield asks("what was encrypted for nobody", False, "kms:Decrypt", "*", of="key")
    yield asks("a secret of the cell", False, "secretsmanager:GetSecretValue", secret)

    if "TenantAccess" in resources:
        users = resources["TenantAccess"][1]["PolicyDocument"]["Statement"][0]["Resource"].split("/tenant-")[0]
        for user, wanted in ((f"tenant-{OWN}", True), (f"tenant-{OTHER}", False), ("administrator", False)):
            yield asks(f"the database user {user}", wanted, "rds-db:connect", f"{users}/{user}")


def of_users(asks, resources):
    """What a user's own session of AWS may do: no more than the application may for the user's tenant."""
    bucket = resources["UserFiles"][1]["PolicyDocument"]["Statement"][1]["Resource"]
    for who, wanted in ((OWN, True), (OTHER, False), (f"{OWN}x", False)):
        yield asks(f"a user's file of {who}", wanted, "s3:GetObject", f"{bucket}/{who}/file", of="user")
        yield asks(f"a user's list of {who}", wanted, "s3:ListBucket", bucket, of="user", **{"s3:prefix": f"{who}/"})
    yield asks("a user's list of everything", False, "s3:ListBucket", bucket, of="user")
    yield asks("a file without a session's tag", False, "s3:GetObject", f"{bucket}/{OWN}/file", of="user", tags={})
    if "UserItems" not in resources:
        return
    table = resources["UserItems"][1]["PolicyDocument"]["Statement"][0]["Resource"]
    for keys, wanted in (([OWN], True), ([f"{OWN}#orders"], True), ([OTHER], False), ([OWN, OTHER], False), (None, False)):
        named = {} if keys is None else {"dynamodb:LeadingKeys": keys}
        yield asks(f"a user's query of {keys}", wanted, "dynamodb:Query", table, of="user", **named)
    keyed = {"dynamodb:LeadingKeys": [OWN]}
    for action in ("dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:PartiQLSelect"):
        yield asks(f"a user's {action}", False, action, table, of="user", **keyed)
    yield asks("a query without a session's tag", False, "dynamodb:Query", table, of="user", tags={}, **keyed)


# ---- a small evaluator ----


def allowed(statements, request):
    verdicts = [one["Effect"] for one in statements if speaks_of(one, request)]
    return "Allow" in verdicts and "Deny" not in verdicts


def speaks_of(statement, request):
    if not any(like(action, request["action"]) for action in listed(statement["Action"])):
        return False
    if "Resource" in statement and request["of"] in ("role", "user"):
        patterns = [filled(resource, request["context"]) for resource in listed(statement["Resource"])]
        if not any(pattern is not None and like(pattern, request["resource"]) for pattern in patterns):
            return False
    return all(
        holds(operator, key, listed(wanted), request["context"])
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def holds(operator, key, wanted, context):
    there = context.get(key)
    if operator == "Null":
        return (there is None) == (wanted == ["true"])
    for_all = operator.startswith("ForAllValues:")
    compare = {"StringEquals": lambda pattern, value: pattern == value, "StringLike": like}
    compare = compare[operator.removeprefix("ForAllValues:")]
    # A variable that has no value makes the comparison fail.
    patterns = [pattern for pattern in (filled(one, context) for one in wanted) if pattern is not None]
    if there is None:
        return for_all
    values = listed(there)
    matches = [any(compare(pattern, value) for pattern in patterns) for value in values]
    return all(matches) if for_all else any(matches)


def filled(text, context):
    """A text with the policy variables in it put in; None if one has no value."""
    names = re.findall(r"\$\{([^}]*)\}", text)
    for name in names:
        if name not in context:
            return None
        text = text.replace("${" + name + "}", context[name])
    return text


def like(pattern, value):
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def listed(value):
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    main()
