#!/bin/sh
# Run in the management account, before the first copy goes to another account. Each may be run again.
set -eu

aws organizations enable-aws-service-access --service-principal backup.amazonaws.com
aws backup update-global-settings --global-settings isCrossAccountBackupEnabled=true
