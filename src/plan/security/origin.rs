//! Where a rule comes from, which decides in which of a workload's groups it stands.
//!
//! Goes in: a flow, and what is known to a cell. Comes out: an [`Origin`]. What holds for every tenant of a cell is
//! its base; what holds for those of a tier, under a compliance regime or with a feature has a condition, which the
//! group is named after; all else is a tenant's own. A group follows from the blueprint and the cell's settings, never
//! from who lives there, so that a tenant that comes or leaves makes and removes none, and its name from its own
//! condition, so that another flow renames none.
//!
//! An interface bears its base, the groups of the conditions that hold for its tenant, and its own. Where those
//! would be more than it may bear, the smallest are folded into its own, which every interface bears alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::blueprint::condition::{Comparison, Condition, Test};
use crate::blueprint::{Blueprint, Bound, Flow, FlowEnd, Per, Scope, Workload, pascal};
use crate::catalog::Tenant;
use crate::identity::short_hash;
use crate::network::Traffic;
use crate::plan::security::{Direction, Pattern, Peer};
use crate::plan::settings_bound;

/// Where a rule comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The workload's own.
    Own,
    /// Of every tenant of the cell.
    Base,
    /// Of the tenants for which this holds, in the words of blueprints.
    When(Condition),
}

/// What conditions of flows may ask of a tenant beside its settings; only what its blueprint asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traits {
    pub tier: Option<String>,
    /// Every regime that the blueprint asks for, and whether the tenant falls under it.
    pub compliance: BTreeMap<String, bool>,
}

/// The first word of a path that asks for the tier, and of one that asks for a compliance regime.
const TIER: &str = "tier";
const COMPLIANCE: &str = "compliance";

impl Traits {
    /// What a blueprint's conditions ask of a tenant.
    pub(in crate::plan) fn of(blueprint: &Blueprint, tier: &str, tenant: &Tenant) -> Traits {
        let has = |regime: &str| tenant.compliance.iter().any(|own| own.value.as_str() == regime);
        let mut traits = Traits::default();
        for path in asked(blueprint) {
            match path.as_slice() {
                [first] if first == TIER => traits.tier = Some(tier.to_owned()),
                [first, regime] if first == COMPLIANCE => {
                    traits.compliance.insert(regime.clone(), has(regime));
                }
                _ => {}
            }
        }
        traits
    }

    /// The names that conditions know.
    pub fn bound(&self, scope: Scope) -> Scope {
        let compliance = self.compliance.iter().map(|(name, under)| (name, Bound::Boolean(*under)));
        let scope = match &self.tier {
            Some(tier) => scope.with(TIER, Bound::Text(tier.clone())),
            None => scope,
        };
        scope.with(COMPLIANCE, Bound::record(compliance.map(|(name, bound)| (name.clone(), bound))))
    }

    /// The same names where they differ among the tenants of a cell.
    pub(in crate::plan) fn differing(blueprint: &Blueprint, scope: Scope, value: &Bound) -> Scope {
        let regimes = asked(blueprint).filter_map(|path| match path.as_slice() {
            [first, regime] if first == COMPLIANCE => Some((regime.clone(), value.clone())),
            _ => None,
        });
        scope.with(TIER, value.clone()).with(COMPLIANCE, Bound::record(regimes))
    }

    /// What sets a tenant apart, as parts of a file's name.
    pub fn words(&self) -> Vec<String> {
        let tier = self.tier.iter().map(|tier| format!("tier-{tier}"));
        let under = self.compliance.iter().filter(|(_, under)| **under);
        tier.chain(under.map(|(regime, _)| format!("compliance-{regime}"))).collect()
    }
}

/// The paths that conditions of workloads, flows and stacks name.
fn asked(blueprint: &Blueprint) -> impl Iterator<Item = &Vec<String>> {
    let workloads = blueprint.workloads.values().filter_map(|one| one.when.as_ref());
    let flows = blueprint.flows.iter().filter_map(|one| one.when.as_ref());
    let stacks = blueprint.stacks.iter().filter_map(|one| one.when.as_ref());
    workloads.chain(flows).chain(stacks).flat_map(Condition::paths)
}

impl Origin {
    /// What stands in a group's name behind `Shared`.
    fn name(&self) -> String {
        let Origin::When(condition) = self else { return String::new() };
        let single = match condition.any.as_slice() {
            [all] => match all.as_slice() {
                [one] => Some((&one.test, one.path.iter().map(String::as_str).collect::<Vec<_>>())),
                _ => None,
            },
            _ => None,
        };
        let (word, name) = match single.as_ref().map(|(test, path)| (*test, path.as_slice())) {
            Some((Test::Holds, ["settings", name])) => ("With", *name),
            Some((Test::Is(tier), [TIER])) => ("OfTier", tier.as_str()),
            Some((Test::Holds, [COMPLIANCE, regime])) => ("Under", *regime),
            _ => return format!("When{}", short_hash(&condition.to_string())),
        };
        // Only words that lose nothing when they are joined: `a-1` and `a1` are two.
        let keeps = name.split(['-', '_']).all(|word| word.starts_with(|one: char| one.is_ascii_lowercase()));
        let rest = if keeps { pascal(name) } else { format!("{}X{}", pascal(name), short_hash(name)) };
        format!("{word}{rest}")
    }

    /// The logical id of the group of a cell that holds a workload's rules of this origin.
    pub fn shared_group(&self, workload: &str) -> String {
        format!("{}Shared{}SecurityGroup", pascal(workload), self.name())
    }

    /// What stands in the logical id of a rule, which several groups of a workload may have.
    pub fn in_rule_id(&self) -> String {
        self.name()
    }
}

impl fmt::Display for Origin {
    /// For whom it is, as people are told.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Own => formatter.write_str("own"),
            Origin::Base => formatter.write_str("shared"),
            Origin::When(condition) => write!(formatter, "shared, {condition}"),
        }
    }
}

/// Where the rule comes from that a flow means for a workload, as far as groups of a cell can hold it: whatever
/// decides the other end is known to the cell, and nobody's own stands there.
pub(super) fn origin(pattern: &Pattern<'_>, workload: &Workload, flow: &Flow) -> Origin {
    let blueprint = pattern.blueprint;
    let other = match (&flow.from, &flow.to) {
        (FlowEnd::Workload(from), to) if *from == workload.name => to,
        (from, _) => from,
    };
    if !workload.shared_rules || !is_shared(blueprint, other) {
        return Origin::Own;
    }
    let Some(condition) = &flow.when else { return Origin::Base };
    let scope = Scope::default().with("settings", settings_bound(blueprint, Per::Cell, pattern.settings));
    let left =
        condition.remainder(
            |one: &Comparison| {
                if is_known(blueprint, &one.path) { one.holds(&scope).ok() } else { None }
            },
        );
    if left.any.iter().any(Vec::is_empty) {
        return Origin::Base;
    }
    let of_tenant = |path: &Vec<String>| match path.as_slice() {
        [first, name, ..] if first == "settings" => {
            blueprint.settings.properties.get(name).is_some_and(|setting| !setting.lifted)
        }
        [first, ..] => first == TIER || first == COMPLIANCE,
        [] => false,
    };
    // A status passes, and a network grows: what hangs on them is the tenant's own.
    let lasts = left.paths().all(of_tenant);
    if lasts && pattern.interface_groups > FIXED_GROUPS { Origin::When(left) } else { Origin::Own }
}

/// Whether an end of a flow is the same for every tenant of a cell.
fn is_shared(blueprint: &Blueprint, end: &FlowEnd) -> bool {
    match end {
        FlowEnd::TenantIngress => false,
        FlowEnd::Range(_) => true,
        FlowEnd::Workload(name) => blueprint.workloads.get(name).is_some_and(|one| {
            let known = |path: &Vec<String>| is_known(blueprint, path);
            one.per == Per::Cell && one.when.iter().flat_map(Condition::paths).all(known)
        }),
        // The way there depends on the NAT gateways and on the endpoints.
        FlowEnd::Internet | FlowEnd::Service(_) => {
            let settings = ["interface_endpoints", "nat"].map(|name| blueprint.settings.properties.get(name));
            settings.into_iter().flatten().all(|setting| setting.is_known_to(Per::Cell))
                && blueprint.workloads.get("endpoints").is_none_or(|one| one.per == Per::Cell)
        }
    }
}

/// Whether a cell knows what a path stands for.
fn is_known(blueprint: &Blueprint, path: &[String]) -> bool {
    match path {
        [settings, name, ..] if settings == "settings" => {
            blueprint.settings.properties.get(name).is_some_and(|setting| setting.is_known_to(Per::Cell))
        }
        _ => false,
    }
}

/// The groups that every interface bears: its base, and its own.
pub const FIXED_GROUPS: usize = 2;

/// What each group of a cell would let through, by workload and origin.
pub(super) type Shared = BTreeMap<(String, Origin), BTreeSet<(Direction, Peer, Traffic)>>;

/// Takes out what the base lets through already, and the groups that then are empty.
pub(super) fn without_base(mut shared: Shared) -> Shared {
    let base: BTreeMap<String, BTreeSet<_>> = shared
        .iter()
        .filter(|((_, origin), _)| *origin == Origin::Base)
        .map(|((workload, _), said)| (workload.clone(), said.clone()))
        .collect();
    for ((workload, origin), said) in &mut shared {
        if let (Origin::When(_), Some(base)) = (origin, base.get(workload)) {
            said.retain(|one| !base.contains(one));
        }
    }
    shared.retain(|(_, origin), said| *origin == Origin::Base || !said.is_empty());
    shared
}

/// The groups that an interface cannot bear beside the others: the smallest, and of equal ones the last.
pub(super) fn folded(shared: &Shared, interface_groups: usize) -> BTreeSet<(String, Origin)> {
    let mut by_workload: BTreeMap<&str, Vec<(usize, &Origin)>> = BTreeMap::new();
    for ((workload, origin), said) in shared {
        if matches!(origin, Origin::When(_)) {
            by_workload.entry(workload).or_default().push((said.len(), origin));
        }
    }
    let mut folded = BTreeSet::new();
    for (workload, mut origins) in by_workload {
        origins.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
        let rest = origins.into_iter().skip(interface_groups.saturating_sub(FIXED_GROUPS));
        folded.extend(rest.map(|(_, origin)| (workload.to_owned(), origin.clone())));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> Origin {
        Origin::When(Condition::parse(text).unwrap())
    }

    #[test]
    fn groups_are_named_after_whom_they_are_for() {
        let name = |origin: &Origin| origin.shared_group("service");
        assert_eq!(name(&Origin::Base), "ServiceSharedSecurityGroup");
        assert_eq!(name(&when("settings.internet_egress")), "ServiceSharedWithInternetEgressSecurityGroup");
        assert_eq!(name(&when("tier is gold")), "ServiceSharedOfTierGoldSecurityGroup");
        assert_eq!(name(&when("compliance.pci-dss")), "ServiceSharedUnderPciDssSecurityGroup");
        // What no word says gets a name of its own, and what looks alike is kept apart.
        assert_ne!(name(&when("tier is gold-1")), name(&when("tier is gold1")));
        assert_ne!(name(&when("settings.a and settings.b")), name(&when("settings.a or settings.b")));
    }

    fn said(ports: std::ops::RangeInclusive<u16>) -> BTreeSet<(Direction, Peer, Traffic)> {
        ports.map(|port| (Direction::Egress, Peer::Anywhere, Traffic::Tcp((port, port)))).collect()
    }

    #[test]
    fn the_smallest_groups_are_folded_where_an_interface_cannot_bear_all() {
        let service = |origin: Origin| ("service".to_owned(), origin);
        let shared: Shared = [
            (service(Origin::Base), said(1..=1)),
            (service(when("settings.a")), said(2..=2)),
            (service(when("settings.b")), said(3..=5)),
            (service(when("settings.c")), said(6..=6)),
        ]
        .into();
        assert_eq!(folded(&shared, 5), BTreeSet::new());
        assert_eq!(folded(&shared, 4), [service(when("settings.c"))].into());
        assert_eq!(folded(&shared, 3), [service(when("settings.a")), service(when("settings.c"))].into());
    }

    #[test]
    fn what_the_base_lets_through_makes_no_group() {
        let service = |origin: Origin| ("service".to_owned(), origin);
        let shared = [
            (service(Origin::Base), said(1..=3)),
            (service(when("settings.a")), said(2..=2)),
            (service(when("settings.b")), said(3..=4)),
        ];
        let left = without_base(shared.into());
        assert_eq!(
            left.keys().map(|(_, origin)| origin.clone()).collect::<Vec<_>>(),
            [Origin::Base, when("settings.b")]
        );
        assert_eq!(left[&service(when("settings.b"))], said(4..=4));
    }
}
