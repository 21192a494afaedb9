#!/bin/sh
# Run in the account of this cell, with its Region in AWS_REGION, before the stack with the instances. It may be run
# again.
set -eu
: "${AWS_REGION:?name the Region of the cell}"

# The policy of the disks' key names this role. AWS makes it with the first Auto Scaling group of an account.
aws iam get-role --role-name AWSServiceRoleForAutoScaling >/dev/null ||
  aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com

# More interfaces for tasks than an instance has by itself. It is for the whole account in this Region, and for
# instances that start from then on.
aws ecs put-account-setting-default --region "$AWS_REGION" --name awsvpcTrunking --value enabled
