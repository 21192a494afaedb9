#!/bin/sh
# sh identity_invite.sh USER_POOL ADDRESS ROLE
# Invites a user of the tenant globex. USER_POOL is an output of the stack of the user pool.
set -eu
pool=$1 address=$2 role=$3
# In a pool that tenants share, the attribute says whose the user is. It is written here and never again.
shared=$(aws cognito-idp describe-user-pool --user-pool-id "$pool" \
  --query "length(UserPool.SchemaAttributes[?Name=='custom:tenant_id'])" --output text)
if [ "$shared" = 0 ]; then set -- ; else set -- Name=custom:tenant_id,Value=globex; fi
aws cognito-idp admin-create-user --user-pool-id "$pool" --username "$address" \
  --desired-delivery-mediums EMAIL \
  --user-attributes Name=email,Value="$address" Name=email_verified,Value=true "$@"
aws cognito-idp admin-add-user-to-group --user-pool-id "$pool" --username "$address" --group-name "$role"
