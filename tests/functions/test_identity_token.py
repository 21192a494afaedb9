#!/usr/bin/env python3
"""The trigger of user pools, `blueprints/components/identity/token.py`, on events as Cognito sends them."""
import importlib.util
import json
import os
import unittest
from pathlib import Path
from unittest import mock

SOURCE = Path(__file__).resolve().parents[2] / "blueprints/components/identity/token.py"
spec = importlib.util.spec_from_file_location("identity_token", SOURCE)
token = importlib.util.module_from_spec(spec)
spec.loader.exec_module(token)


def event(**attributes):
    """A sign-in, in the form of version 2 (Cognito Developer Guide, "Pre token generation Lambda trigger")."""
    return {
        "version": "2",
        "triggerSource": "TokenGeneration_HostedAuth",
        "region": "us-east-1",
        "userPoolId": "us-east-1_Example1",
        "userName": "5d2b9a1e-0f2c-4a65-9f5e-0b6f2f7f0a11",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1example23456789"},
        "request": {
            "userAttributes": {"sub": "5d2b9a1e-0f2c-4a65-9f5e-0b6f2f7f0a11", "email": "ann@acme.example"}
            | {name.replace("__", ":"): value for name, value in attributes.items()},
            "groupConfiguration": {"groupsToOverride": ["admin"], "iamRolesToOverride": [], "preferredRole": None},
            "scopes": ["openid", "email"],
        },
        "response": {"claimsAndScopeOverrideDetails": None},
    }


def from_provider(*names):
    return json.dumps([{"userId": "ann", "providerName": name, "providerType": "SAML", "primary": "true"} for name in names])


def claims(given, **environment):
    with mock.patch.dict(os.environ, environment, clear=True):
        answer = token.handler(given, None)
    details = answer["response"]["claimsAndScopeOverrideDetails"]
    both = [details[kind]["claimsToAddOrOverride"] for kind in ("idTokenGeneration", "accessTokenGeneration")]
    assert both[0] == both[1] and set(details) == {"idTokenGeneration", "accessTokenGeneration"}, details
    return both[0]


class OwnPool(unittest.TestCase):
    def test_every_user_is_of_the_pools_tenant(self):
        self.assertEqual(claims(event(), TENANT_ID="acme"), {"tenant_id": "acme"})

    def test_what_a_user_says_of_a_tenant_does_not_count(self):
        given = event(custom__tenant_id="globex", identities=from_provider("Company"))
        self.assertEqual(claims(given, TENANT_ID="acme"), {"tenant_id": "acme"})

    def test_a_suspended_tenant_gets_no_token(self):
        with self.assertRaises(token.Refused):
            claims(event(), TENANT_ID="acme", SUSPENDED="true")


class SharedPool(unittest.TestCase):
    def test_the_tenant_is_the_users(self):
        self.assertEqual(claims(event(custom__tenant_id="globex")), {"tenant_id": "globex"})

    def test_who_comes_through_the_provider_of_a_tenant_is_of_that_tenant(self):
        self.assertEqual(claims(event(identities=from_provider("acme"))), {"tenant_id": "acme"})

    def test_a_user_without_a_tenant_gets_no_token(self):
        for given in event(), event(custom__tenant_id=""), event(identities="[]"):
            with self.assertRaisesRegex(token.Refused, "no tenant"):
                claims(given)

    def test_a_user_of_two_tenants_gets_no_token(self):
        for given in (
            event(custom__tenant_id="globex", identities=from_provider("acme")),
            event(identities=from_provider("acme", "globex")),
        ):
            with self.assertRaisesRegex(token.Refused, "more than one tenant"):
                claims(given)

    def test_an_administrators_record_and_the_provider_may_agree(self):
        self.assertEqual(claims(event(custom__tenant_id="acme", identities=from_provider("acme"))), {"tenant_id": "acme"})

    def test_what_is_no_tenants_id_becomes_no_claim(self):
        for odd in ("*", "acme*", "Acme", "acme\n", "acme-", "a" * 32, "${aws:PrincipalTag/x}", "acme/../globex", "-acme"):
            with self.assertRaisesRegex(token.Refused, "no tenant"):
                claims(event(custom__tenant_id=odd))

    def test_refusals_name_no_tenant(self):
        with self.assertRaises(token.Refused) as refused:
            claims(event(custom__tenant_id="globex", identities=from_provider("acme")))
        self.assertNotIn("acme", str(refused.exception) + str(refused.exception.__cause__))
        self.assertNotIn("globex", str(refused.exception))

    def test_the_rest_of_the_event_stays(self):
        given = event(custom__tenant_id="acme")
        before = json.loads(json.dumps(given["request"]))
        with mock.patch.dict(os.environ, {}, clear=True):
            self.assertEqual(token.handler(given, None)["request"], before)


if __name__ == "__main__":
    unittest.main()
