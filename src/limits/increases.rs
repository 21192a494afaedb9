//! What to ask AWS for: the increases that are needed, as a list and as a script that a person runs.

use std::collections::BTreeMap;

use crate::aws::{Partition, Quota};
use crate::cloudformation::Json;
use crate::identity::HostAccount;
use crate::limits::outlook::{Outlook, Reach};
use crate::limits::remedy::{Remedy, remedy};

/// One increase: the most that is asked for of one quota in one account and Region.
struct Increase<'r> {
    quota: &'static Quota,
    reach: &'r Reach,
    to: u64,
    /// Where the request is made.
    region: String,
}

/// The increases that are needed now or soon (four fifths are used), by account, Region and quota.
fn needed<'r>(outlook: &'r Outlook) -> Vec<Increase<'r>> {
    let mut all: BTreeMap<_, Increase<'r>> = BTreeMap::new();
    for reach in outlook.reaches.iter().filter(|reach| reach.is_exceeded() || reach.is_near()) {
        let Some(Remedy::Raise { quota, to }) = remedy(reach) else { continue };
        let key = (&reach.usage.account, &reach.usage.region, &quota.id);
        let increase = all.entry(key).or_insert_with(|| {
            let region = request_region(outlook, reach);
            Increase { quota, reach, to, region }
        });
        increase.to = increase.to.max(to);
    }
    all.into_values().collect()
}

/// `runbook/quota-increases.json`; none where nothing is to be asked for.
pub fn increases(outlook: &Outlook) -> Option<Json> {
    let needed = needed(outlook);
    if needed.is_empty() {
        return None;
    }
    let list = needed.into_iter().map(|increase| {
        let usage = &increase.reach.usage;
        let number = |value: Option<u64>| value.map_or(Json::Null, Json::from);
        let text = |value: Option<&str>| value.map_or(Json::Null, Json::text);
        Json::object([
            ("account", Json::text(usage.account.to_string())),
            ("region", Json::text(&increase.region)),
            ("quota", Json::text(&increase.quota.id)),
            ("name", Json::text(&increase.quota.name)),
            ("service_code", Json::text(&increase.quota.service)),
            ("quota_code", text(increase.quota.quota_code.as_deref())),
            ("used", usage.used.into()),
            ("limit", number(increase.reach.limit)),
            ("desired", increase.to.into()),
            ("needed_now", increase.reach.is_exceeded().into()),
            ("by", Json::text(if increase.quota.is_requestable() { "service-quotas" } else { "support" })),
        ])
    });
    Some(Json::object([("version", Json::from(1u64)), ("increases", list.collect())]))
}

/// `runbook/quota-increases.sh`: the calls for all accounts, of which one run makes those of the
/// account that it is signed in to.
pub fn script(outlook: &Outlook) -> String {
    let mut script = String::from(
        "#!/bin/sh\n\
         # Asks AWS to raise the quotas that are exceeded, or of which four fifths are used.\n\
         # Read it, then run it signed in to each of the accounts: calls for other accounts are left out.\n\
         # A call that asks for what is granted or asked for already fails, and the next one follows.\n\
         set -eu\n\
         account=$(aws sts get-caller-identity --query Account --output text)\n\
         \n\
         ask() { # account, Region, service, quota, value\n\
         \x20 [ \"$1\" = \"$account\" ] || return 0\n\
         \x20 aws service-quotas request-service-quota-increase \\\n\
         \x20   --region \"$2\" --service-code \"$3\" --quota-code \"$4\" --desired-value \"$5\" || true\n\
         }\n",
    );
    for increase in needed(outlook) {
        let usage = &increase.reach.usage;
        let limit = increase.reach.limit.map_or("an unknown number".to_owned(), |limit| limit.to_string());
        script += &format!("\n# {}: {} of {limit} in use\n", increase.quota.id, usage.used);
        script += &match (&increase.quota.quota_code, &usage.account) {
            (Some(code), HostAccount::Number(account)) if increase.quota.is_requestable() => format!(
                "ask {} {} {} {} {}\n",
                quoted(account.as_str()),
                quoted(&increase.region),
                quoted(&increase.quota.service),
                quoted(code),
                quoted(&increase.to.to_string()),
            ),
            (_, HostAccount::Number(account)) => {
                format!("# by a support case of account {account}: {} in {}\n", increase.to, increase.region)
            }
            (_, HostAccount::Of(tenant)) => {
                format!("# {} once the account of {tenant} exists\n", increase.to)
            }
        };
    }
    script
}

impl Reach {
    /// The quota that would have to be raised, where that is what helps.
    pub fn raise(&self) -> Option<&'static Quota> {
        match remedy(self)? {
            Remedy::Raise { quota, .. } => Some(quota),
            Remedy::Change(_) => None,
        }
    }
}

/// The Region of the request: quotas of a whole account are kept in one Region of its partition (AWS
/// General Reference, "AWS service quotas").
fn request_region(outlook: &Outlook, reach: &Reach) -> String {
    if let Some(region) = &reach.usage.region {
        return region.to_string();
    }
    let same = |other: &&Reach| other.usage.account == reach.usage.account;
    let other = outlook.reaches.iter().filter(same).find_map(|other| other.usage.region.as_ref());
    let partition = other.and_then(|region| crate::aws::region(region.as_str())).map(|facts| facts.partition);
    match partition {
        Some(Partition::China) => "cn-north-1".to_owned(),
        Some(Partition::GovCloud) => "us-gov-west-1".to_owned(),
        _ => "us-east-1".to_owned(),
    }
}

/// A word of a shell that is this text and nothing else (POSIX, "Shell Command Language", 2.2.2).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_one_word_whatever_it_holds() {
        assert_eq!(quoted("us-east-1"), "'us-east-1'");
        assert_eq!(quoted("a'; rm -rf ~ #$(x)`y`"), r"'a'\''; rm -rf ~ #$(x)`y`'");
    }
}
