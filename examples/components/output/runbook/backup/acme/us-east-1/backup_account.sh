#!/bin/sh
# Run in this account, before the stacks of the component `backup`. It may be run again.
set -eu

# What AWS Backup works with, in every Region of the product. Of tables it then makes copies that the vault's key
# encrypts and that may go to other accounts and Regions.
aws backup update-region-settings --region us-east-1 --resource-type-opt-in-preference Aurora=true,DynamoDB=true,EBS=true,EFS=true,S3=true --resource-type-management-preference DynamoDB=true,EFS=true
