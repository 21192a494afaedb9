#!/bin/sh
# Run in the account of the tenant amber, by a role such as OrganizationAccountAccessRole.
set -eu

# Volumes are encrypted by default, in every Region of the product.
aws ec2 enable-ebs-encryption-by-default --region eu-west-1
aws ec2 enable-ebs-encryption-by-default --region us-east-1
