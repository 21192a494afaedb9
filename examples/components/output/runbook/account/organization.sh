#!/bin/sh
# Run in the management account, before the stacks `organization` and `trail`. Each may be run again.
set -eu

# New accounts then have a root user without password, keys and second factor, and nobody keeps boxes of devices.
# Those of older accounts are taken away one by one, with `aws sts assume-root`.
aws organizations enable-aws-service-access --service-principal iam.amazonaws.com
aws iam enable-organizations-root-credentials-management
aws iam enable-organizations-root-sessions

# The organization's trail.
aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com

# Kinds of policies; one that is on already says so, and nothing is lost by it.
for kind in SERVICE_CONTROL_POLICY RESOURCE_CONTROL_POLICY DECLARATIVE_POLICY_EC2 S3_POLICY TAG_POLICY; do
  aws organizations enable-policy-type --root-id r-ab12 --policy-type "$kind" || true
done
