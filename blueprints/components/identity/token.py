"""Puts the tenant's id into the tokens that a user pool gives out: Cognito's trigger before token generation, version 2.

In a pool of one tenant the id is the pool's (TENANT_ID). In a shared pool it is the user's: the attribute that only
administrators write, and only once, or, for one who comes through the identity provider of a tenant, the name of that
provider, which is the tenant's id. Who has no tenant, or two, gets no token.
"""
import json
import os
import re

CLAIM = "tenant_id"
ATTRIBUTE = "custom:tenant_id"
TENANT = re.compile(r"[a-z][a-z0-9-]{0,29}[a-z0-9]")


class Refused(Exception):
    """Cognito shows the text to whoever signs in, so it says nothing of other tenants."""


def handler(event, context):
    claims = {CLAIM: tenant_of(event["request"]["userAttributes"])}
    # Overriding, never adding: what a user's own attributes or another trigger say of the claim does not count.
    event["response"]["claimsAndScopeOverrideDetails"] = {
        "idTokenGeneration": {"claimsToAddOrOverride": claims},
        "accessTokenGeneration": {"claimsToAddOrOverride": claims},
    }
    return event


def tenant_of(attributes):
    if os.environ.get("SUSPENDED") == "true":
        raise Refused("sign-in is suspended")
    own = os.environ.get("TENANT_ID")
    found = {own} if own else tenants_of_user(attributes)
    if len(found) != 1:
        raise Refused("the user belongs to no tenant" if not found else "the user belongs to more than one tenant")
    tenant = found.pop()
    if not TENANT.fullmatch(tenant):
        raise Refused("the user belongs to no tenant")
    return tenant


def tenants_of_user(attributes):
    """By the attribute and by every identity that the user signs in with; Cognito alone writes `identities`."""
    found = {identity["providerName"] for identity in json.loads(attributes.get("identities") or "[]")}
    if attributes.get(ATTRIBUTE):
        found.add(attributes[ATTRIBUTE])
    return found
