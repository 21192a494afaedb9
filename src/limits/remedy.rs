//! What to do about a limit: the cheapest thing that helps.

use crate::limits::fleet::Holder;
use crate::limits::outlook::{Breaks, Reach};

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Ask AWS for so much of this quota.
    Raise { quota: &'static crate::aws::Quota, to: u64 },
    /// AWS does not raise it, or not so far.
    Change(&'static str),
}

/// The cheapest remedy, where one is needed: asking AWS costs nothing, and building otherwise does.
pub(super) fn remedy(reach: &Reach) -> Option<Remedy> {
    let usage = &reach.usage;
    let quota = match usage.quota.id.as_str() {
        // AWS raises them with that quota.
        "internet-gateways-per-region" | "egress-only-internet-gateways-per-region" => {
            crate::aws::quota("vpcs-per-region")?
        }
        _ => usage.quota,
    };
    if reach.breaks == Breaks::Never {
        return None;
    }
    if quota.adjustable == Some(true)
        && reach.maximum.is_none_or(|most| most >= usage.used && Some(most) != reach.limit)
    {
        // What is raised before it is needed is raised beyond what it is.
        let wanted = comfortable(usage.used.max(reach.limit.unwrap_or_default()));
        return Some(Remedy::Raise { quota, to: reach.maximum.map_or(wanted, |most| wanted.min(most)) });
    }
    Some(Remedy::Change(change(&usage.quota.id, usage.holder.as_ref())))
}

/// Half as much again as is used, to two digits: room for a while, and a figure that AWS grants.
fn comfortable(used: u64) -> u64 {
    let wanted = used.saturating_add(used.div_ceil(2)).max(1);
    let mut unit = 1u64;
    while wanted / unit >= 100 {
        unit = unit.saturating_mul(10);
    }
    wanted.div_ceil(unit).saturating_mul(unit)
}

/// What helps where AWS grants no more.
fn change(quota: &str, holder: Option<&Holder>) -> &'static str {
    match quota {
        "active-vpc-peering-connections-per-vpc" => "connect the networks by a transit gateway",
        "ipv4-cidr-blocks-per-vpc" => "give the tenant a larger size from the start, or a second VPC",
        "rules-per-security-group" | "rules-per-network-acl" => {
            "declare fewer flows, join port ranges, or shorten the allow-list"
        }
        "org-tag-policy-size" => "list fewer values below `tags`, or a pattern in their place",
        "routes-per-route-table" => "connect the networks by a transit gateway, whose one route covers many",
        "target-groups-per-alb" | "rules-per-alb" => {
            "put fewer tenants into a cell: each cell has a load balancer"
        }
        "iam-role-inline-policy-aggregate" | "iam-managed-policy-size" | "iam-role-trust-policy-length" => {
            "cut the policy into two, or name resources by a shared prefix"
        }
        "cfn-resources-per-template"
        | "cfn-parameters"
        | "cfn-outputs"
        | "cfn-template-body-s3"
        | "cfn-dynamic-references"
        | "cfn-mappings" => "cut the stack of the blueprint into two",
        _ => match holder {
            None | Some(Holder::Zone(_)) => "let another account host tenants of this model",
            Some(Holder::Resource { .. }) => {
                "put fewer tenants into a cell, or build the blueprint with more than one of these"
            }
            Some(Holder::Template { .. }) => "have the blueprint use fewer",
        },
    }
}

impl Remedy {
    /// As a phrase that tells somebody what to do.
    pub(super) fn words(&self) -> String {
        match self {
            Remedy::Change(what) => (*what).to_owned(),
            Remedy::Raise { quota, to } => match (&quota.quota_code, quota.is_requestable()) {
                (Some(code), true) => format!("raise `{}` ({code}) to {to}", quota.id),
                _ => format!("have AWS raise `{}` to {to}, by a support case", quota.id),
            },
        }
    }
}

impl Reach {
    /// What to do about it, where anything is to be done some day.
    pub fn remedy(&self) -> Option<String> {
        remedy(self).map(|remedy| remedy.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_half_as_much_again_in_round_figures() {
        assert_eq!([1, 6, 40, 67, 501, 2001].map(comfortable), [2, 9, 60, 110, 760, 3100]);
    }
}
