#!/bin/sh
# Rolls out the flags of a file: sh delivery_flags.sh flags.json
# In the account and Region of the cell. The file: {"everybody": {}, "tenants": {"acme": {"new_editor": true}}}
set -eu
stack=ledgerly-prod-application-deliveryflags-1
output() { aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text; }
application=$(output Application)
profile=$(output Profile)
version=$(aws appconfig create-hosted-configuration-version --application-id "$application" \
  --configuration-profile-id "$profile" --content-type application/json --content "fileb://$1" \
  --query VersionNumber --output text /dev/null)
aws appconfig start-deployment --application-id "$application" --environment-id "$(output Environment)" \
  --deployment-strategy-id "$(output Strategy)" --configuration-profile-id "$profile" --configuration-version "$version"
