//! How many groups and rules there are, how few there could be, and that no shared group is a peer.
//!
//! Where a rule comes from decides where it stands (`origin`). That is linear and explainable, and an edit
//! of one tenant changes nothing of the others. Finding the fewest groups is NP-hard (role mining), so
//! that the count is shown beside what no division could do without.
//!
//! A shared group is borne by the interfaces of many tenants. Named as a peer it would admit them to each
//! other; no rule ever names one.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Blueprint, Owner, Per};
use crate::diagnostics::{Diagnostic, codes, quote};
use crate::identity::CellId;
use crate::plan::security::{Origin, Pattern, Peer, Rule};
use crate::plan::{Plan, TenantPlan};

/// Whether a rule's peer is a group that the interfaces of several tenants bear. No rule says so.
pub(super) fn names_shared_group(rule: &Rule, pattern: &Pattern<'_>) -> bool {
    match &rule.peer {
        Peer::Workload(name) => {
            let is_tenants = pattern.workloads.get(name.as_str()).is_some_and(|one| one.per == Per::Tenant);
            pattern.side == Per::Cell && is_tenants
        }
        _ => false,
    }
}

pub(super) fn told(rule: &Rule, pattern: &Pattern<'_>) -> Diagnostic {
    let message = format!("a rule of {} would let tenants reach each other", quote(&rule.workload));
    Diagnostic::error(&codes::INTERNAL_ERROR, message)
        .at(pattern.place, "")
        .help("please report this with the catalog and the blueprint that show it")
}

/// The security groups and rules of a cell, and how many no division could do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupUse {
    pub cell: CellId,
    pub tenants: usize,
    pub groups: usize,
    /// At least so many, whatever rules share one.
    pub least_groups: usize,
    pub rules: usize,
    /// There are so many different ones.
    pub least_rules: usize,
}

/// What every cell with a network needs, by cell.
pub fn group_use(plan: &Plan<'_>) -> Vec<GroupUse> {
    let mut homes: BTreeMap<&CellId, Vec<&TenantPlan<'_>>> = BTreeMap::new();
    for tenant in plan.tenants.iter().filter(|tenant| tenant.has_stacks()) {
        if tenant.blueprint.network.owner != Owner::None {
            homes.entry(&tenant.cell).or_default().push(tenant);
        }
    }
    homes.into_iter().map(|(cell, tenants)| one_cell(plan, cell, &tenants)).collect()
}

/// What a rule says in its cell; a tenant's own say whose they are.
type Said<'p> = (Option<&'p str>, String);

fn one_cell<'p>(plan: &'p Plan<'_>, cell: &CellId, tenants: &[&'p TenantPlan<'_>]) -> GroupUse {
    let shape_of_cell =
        plan.cells.iter().find(|one| one.id == *cell).and_then(|one| plan.shapes.get(one.shape));
    let mut bearers: BTreeMap<(Option<&str>, &str), BTreeSet<Said<'_>>> = BTreeMap::new();
    let mut groups = 0;
    let mut rules = 0;
    // What each group of the cell holds.
    let mut common: BTreeMap<(&str, &Origin), BTreeSet<Said<'_>>> = BTreeMap::new();
    if let Some(shape) = shape_of_cell {
        groups += shape.workloads().count() + shape.security.shared_groups().count();
        rules += shape.security.rules.len();
        for rule in &shape.security.rules {
            let said = common.entry((&rule.workload, &rule.origin)).or_default();
            said.insert(say(None, shape.blueprint, rule));
        }
        for workload in shape.workloads() {
            let own = common.get(&(workload.name.as_str(), &Origin::Own)).cloned().unwrap_or_default();
            bearers.insert((None, &workload.name), own);
        }
    }
    for tenant in tenants {
        let Some(shape) = plan.shapes.get(tenant.shape) else { continue };
        let id = tenant.tenant.id.value.as_str();
        for workload in shape.workloads() {
            groups += 1;
            let name = workload.name.as_str();
            let borne = shape.security.shared.get(name).into_iter().flatten();
            let borne = borne.filter_map(|origin| common.get(&(name, origin)));
            let mut said: BTreeSet<Said<'_>> = borne.flatten().cloned().collect();
            for rule in shape.security.rules.iter().filter(|rule| rule.workload == name) {
                if rule.peer == Peer::TenantIngress {
                    rules += tenant.ingress.len();
                    let ranges = tenant.ingress.values();
                    said.extend(
                        ranges.map(|range| (None, format!("{:?} {} {range}", rule.direction, rule.traffic))),
                    );
                } else {
                    rules += 1;
                    said.insert(say(Some(id), shape.blueprint, rule));
                }
            }
            bearers.insert((Some(id), name), said);
        }
    }
    let least_rules = bearers.values().flatten().collect::<BTreeSet<_>>().len();
    GroupUse {
        cell: cell.clone(),
        tenants: tenants.len(),
        groups,
        least_groups: least(&bearers),
        rules,
        least_rules,
    }
}

/// A rule without its bearer. Subnets of the tenant's and its groups are others for each tenant.
fn say<'p>(tenant: Option<&'p str>, blueprint: &Blueprint, rule: &Rule) -> Said<'p> {
    let own = match &rule.peer {
        Peer::SubnetGroup(group) | Peer::SubnetBlock(group, _) | Peer::SubnetIpv6(group, _) => {
            blueprint.subnet_group(group).is_none_or(|group| group.per == Per::Tenant)
        }
        Peer::Workload(name) => blueprint.workloads.get(name).is_none_or(|one| one.per == Per::Tenant),
        _ => false,
    };
    (tenant.filter(|_| own), format!("{:?} {} {:?}", rule.direction, rule.traffic, rule.peer))
}

/// Pairs of a bearer and one of its rules no two of which one group can hold, since it would give one of
/// the bearers a rule that it must not have: as many groups are needed at least. A rule that one bearer
/// alone has goes with no other; for the rest, different sets of rules are tried in order.
fn least<K: Ord>(bearers: &BTreeMap<K, BTreeSet<Said<'_>>>) -> usize {
    let mut borne: BTreeMap<&Said<'_>, usize> = BTreeMap::new();
    for rule in bearers.values().flatten() {
        *borne.entry(rule).or_default() += 1;
    }
    let has_own = |rules: &BTreeSet<Said<'_>>| rules.iter().any(|rule| borne.get(rule) == Some(&1));
    let alone = bearers.values().filter(|rules| has_own(rules)).count();
    let others: BTreeSet<&BTreeSet<Said<'_>>> =
        bearers.values().filter(|rules| !rules.is_empty() && !has_own(rules)).collect();
    let mut chosen: Vec<(&BTreeSet<Said<'_>>, &Said<'_>)> = Vec::new();
    for rules in others {
        let apart = |rule: &&Said<'_>| {
            chosen.iter().all(|(others, other)| !(others.contains(*rule) && rules.contains(*other)))
        };
        if let Some(rule) = rules.iter().find(apart) {
            chosen.push((rules, rule));
        }
    }
    alone + chosen.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearers(sets: &[&[&str]]) -> BTreeMap<usize, BTreeSet<Said<'static>>> {
        let set = |rules: &&[&str]| rules.iter().map(|rule| (None, (*rule).to_owned())).collect();
        sets.iter().map(set).enumerate().collect()
    }

    #[test]
    fn bearers_of_rules_of_their_own_need_a_group_each() {
        assert_eq!(least(&bearers(&[&["a", "own"], &["a", "other"], &["a"], &["a"], &[]])), 3);
    }

    #[test]
    fn sets_that_lie_in_each_other_are_two_groups() {
        assert_eq!(least(&bearers(&[&["a"], &["a"], &["a", "b"], &["a", "b"]])), 2);
        assert_eq!(least(&bearers(&[&["a"], &["a"]])), 1);
    }
}
