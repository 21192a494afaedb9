#!/bin/sh
# Run in the account and Region that this file's directories name. Each command may be run again.
# sh security_commands.sh REGION
set -eu
region=$1

# Volumes are encrypted by default.
aws ec2 enable-ebs-encryption-by-default --region "$region"

# No bucket of the account is public, whatever its own policy says.
aws s3control put-public-access-block --region "$region" \
  --account-id "$(aws sts get-caller-identity --query Account --output text)" \
  --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true

# Inspector looks for known holes in images, functions and instances.
aws inspector2 enable --region "$region" --resource-types EC2 ECR LAMBDA
