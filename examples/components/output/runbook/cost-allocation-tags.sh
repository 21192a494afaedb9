#!/bin/sh
# Activates the catalog's tags for cost allocation. Run it in the management account, a day after the first
# stacks were deployed: AWS knows a key some time after it was first used, and shows costs by it a day later.
set -eu

aws ce update-cost-allocation-tags-status --cost-allocation-tags-status \
  '{"TagKey":"tenant-id","Status":"Active"}' \
  '{"TagKey":"tier","Status":"Active"}' \
  '{"TagKey":"data-class","Status":"Active"}'
