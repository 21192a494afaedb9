//! The limits beside what is used of them: what is left, and which breaks first as the fleet grows.

use std::cmp::Ordering;

use crate::aws::{GROUP_QUOTA, INTERFACE_QUOTA, Quota, RULES_OF_INTERFACE};
use crate::catalog::Catalog;
use crate::identity::{HomeId, HostAccount, RegionName};
use crate::limits::fleet::{Holder, StackUse, Use, add_up};

/// The quota that another follows: AWS raises the first with the second (General Reference, "Amazon VPC
/// endpoints and quotas").
const FOLLOWS: [(&str, &str); 2] = [
    ("internet-gateways-per-region", "vpcs-per-region"),
    ("egress-only-internet-gateways-per-region", "vpcs-per-region"),
];

/// How much of what a cell shares newcomers leave as room to grow in: the planner's share.
const TIGHT_PERCENT: u8 = 85;

/// Every limit in use, the first to break first.
#[derive(Clone, Debug)]
pub struct Outlook {
    pub reaches: Vec<Reach>,
}

/// How far one limit reaches.
#[derive(Clone, Debug)]
pub struct Reach {
    pub usage: Use,
    /// None where AWS states no figure.
    pub limit: Option<u64>,
    /// Whether the catalog says that AWS has granted it.
    pub granted: bool,
    /// The documented ceiling; none where AWS states none.
    pub maximum: Option<u64>,
    pub breaks: Breaks,
}

/// When a limit breaks, if tenants keep coming in today's mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breaks {
    /// It is exceeded, since this tenant; none where what tenants share exceeds it already.
    Already(Option<HomeId>),
    /// When this many tenants use it.
    At(u64),
    /// More tenants use no more of it, or there is no figure.
    Never,
}

impl Reach {
    /// Whether more is used than there is.
    pub fn is_exceeded(&self) -> bool {
        matches!(self.breaks, Breaks::Already(_))
    }

    /// What is left.
    pub fn left(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_sub(self.usage.used))
    }

    /// Whether four fifths are used.
    pub fn is_near(&self) -> bool {
        let used = u128::from(self.usage.used);
        self.limit.is_some_and(|limit| used * 5 >= u128::from(limit) * 4) && self.breaks != Breaks::Never
    }

    /// What is left beside what tenants use, as a fraction: how many times today's fleet it is away.
    fn distance(&self) -> Option<(u128, u128)> {
        let growing = self.usage.used.saturating_sub(self.usage.fixed);
        match self.breaks {
            Breaks::Already(_) => Some((0, 1)),
            Breaks::At(_) => Some((u128::from(self.left()?), u128::from(growing.max(1)))),
            Breaks::Never => None,
        }
    }
}

impl Outlook {
    /// Whether tenants could be given other homes for the sake of a limit: one of an account is
    /// exceeded, or one of what a cell shares is nearly.
    pub fn is_tight(&self) -> bool {
        self.reaches.iter().any(|reach| match &reach.usage.holder {
            None | Some(Holder::Zone(_)) => reach.is_exceeded(),
            Some(Holder::Resource { .. }) => {
                let used = u128::from(reach.usage.used) * 100;
                reach.usage.tenants > 1
                    && reach.limit.is_some_and(|limit| used > u128::from(limit) * u128::from(TIGHT_PERCENT))
            }
            Some(Holder::Template { .. }) => false,
        })
    }

    /// What is exceeded.
    pub fn exceeded(&self) -> impl Iterator<Item = &Reach> {
        self.reaches.iter().filter(|reach| reach.is_exceeded())
    }
}

/// Counts what the stacks use, and puts it beside the limits that hold.
pub fn outlook(catalog: &Catalog, stacks: &[StackUse<'_>]) -> Outlook {
    let limits = |quota: &'static Quota, account: &HostAccount, region: Option<&RegionName>| {
        limit(catalog, quota, account, region).0
    };
    let mut reaches: Vec<Reach> = add_up(stacks, &limits)
        .into_iter()
        .filter(|usage| usage.used > 0)
        .map(|usage| {
            let (limit, granted) = limit(catalog, usage.quota, &usage.account, usage.region.as_ref());
            let maximum = maximum(catalog, &usage);
            Reach { breaks: breaks(&usage, limit), usage, limit, granted, maximum }
        })
        .collect();
    // The sort is stable: what is equally near stays in the order of accounts, Regions and quotas.
    reaches.sort_by(|left, right| match (left.distance(), right.distance()) {
        (Some(left), Some(right)) => (left.0 * right.1).cmp(&(right.0 * left.1)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    });
    Outlook { reaches }
}

/// The limit that holds in an account and Region.
pub fn limit_in(
    catalog: &Catalog,
    quota: &'static Quota,
    account: &HostAccount,
    region: Option<&RegionName>,
) -> Option<u64> {
    limit(catalog, quota, account, region).0
}

/// The limit that holds, and whether the catalog gives it.
fn limit(
    catalog: &Catalog,
    quota: &'static Quota,
    account: &HostAccount,
    region: Option<&RegionName>,
) -> (Option<u64>, bool) {
    let granted = catalog.granted(&quota.id, account, region);
    let own = granted.or_else(|| match region {
        Some(region) => quota.default_in(region.as_str()),
        None => quota.default,
    });
    let leader = FOLLOWS.iter().find(|(follower, _)| *follower == quota.id);
    let led = leader.and_then(|(_, leader)| catalog.granted(leader, account, region));
    (own.max(led), granted.is_some() || led > own)
}

/// The ceiling. That of one limit can depend on the applied value of another.
fn maximum(catalog: &Catalog, usage: &Use) -> Option<u64> {
    let other = match usage.quota.id.as_str() {
        GROUP_QUOTA => INTERFACE_QUOTA,
        INTERFACE_QUOTA => GROUP_QUOTA,
        _ => return usage.quota.max,
    };
    let other = crate::aws::quota(other)?;
    let (applied, _) = limit(catalog, other, &usage.account, usage.region.as_ref());
    let most = RULES_OF_INTERFACE / applied?.max(1);
    Some(usage.quota.max.map_or(most, |own| own.min(most)))
}

fn breaks(usage: &Use, limit: Option<u64>) -> Breaks {
    let Some(limit) = limit else { return Breaks::Never };
    if usage.used > limit {
        return Breaks::Already(usage.first_over.clone());
    }
    let growing = u128::from(usage.used.saturating_sub(usage.fixed));
    // What one tenant has to itself does not grow when others come.
    let shared = !matches!(usage.holder, Some(Holder::Resource { .. })) || usage.tenants > 1;
    if growing == 0 || usage.population == 0 || !shared {
        return Breaks::Never;
    }
    let room = u128::from(limit - usage.fixed.min(limit));
    let fitting = room * u128::from(usage.population) / growing;
    u64::try_from(fitting + 1).map_or(Breaks::Never, Breaks::At)
}
