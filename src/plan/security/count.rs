//! Rules and entries counted as AWS counts them, against its limits.
//!
//! The quota of a security group holds for each direction and each family of addresses. A range counts
//! in its own family; a reference to a group counts once in both, however many bear the group; a
//! prefix list counts as its weight (VPC User Guide, "Security group rules"; General Reference, "Amazon
//! VPC quotas"). The two pages disagree about the family that a list is not of, so that it counts once there.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{GROUP_QUOTA, INTERFACE_QUOTA, PrefixListService, RULES_OF_INTERFACE, quota};
use crate::blueprint::{Blueprint, Per};
use crate::catalog::{Catalog, QuotaOverride};
use crate::diagnostics::{Diagnostic, Report, codes, count};
use crate::identity::{CellId, HostAccount, RegionName};
use crate::network::Cidr;
use crate::plan::security::numbers::HUNDREDS;
use crate::plan::security::{ACL_INGRESS_RANGES, AclEntry, Direction, Origin, Peer, Rule, Security};
use crate::plan::{CellPlan, Shape, TenantPlan};
use crate::source::Span;

/// The quota of entries in a network ACL, by its id.
const ACL_QUOTA: &str = "rules-per-network-acl";

/// A service of ECS and a function take no more groups than this, whatever AWS has granted for interfaces
/// (Amazon ECS API Reference, "AwsVpcConfiguration"; AWS Lambda API Reference, "VpcConfig").
pub const GROUPS_OF_TASK: usize = 5;

/// The entries of a network ACL in one direction that AWS allows by default, less the final denial of each
/// family.
pub(super) fn acl_room(dual: bool) -> usize {
    if dual { 18 } else { 19 }
}

/// How many rules count in each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub ipv4: usize,
    pub ipv6: usize,
}

impl Counted {
    /// The family that is nearer to its limit.
    pub fn most(self) -> usize {
        self.ipv4.max(self.ipv6)
    }

    /// The ranges of each family.
    pub fn of<'r>(ranges: impl IntoIterator<Item = &'r Cidr>) -> Counted {
        let (ipv4, ipv6): (Vec<&Cidr>, Vec<&Cidr>) = ranges.into_iter().partition(|range| range.is_v4());
        Counted { ipv4: ipv4.len(), ipv6: ipv6.len() }
    }

    fn add(&mut self, other: Counted) {
        self.ipv4 += other.ipv4;
        self.ipv6 += other.ipv6;
    }
}

/// How many rules one for this peer counts as, for a tenant with so many ranges of each family in its
/// allow-list.
fn weight(peer: &Peer, ranges: Counted) -> Counted {
    match peer {
        Peer::Anywhere
        | Peer::SubnetGroup(_)
        | Peer::SubnetBlock(..)
        | Peer::CellSubnetGroup(_)
        | Peer::Range(_) => Counted { ipv4: 1, ipv6: 0 },
        Peer::AnywhereIpv6 | Peer::SubnetIpv6(..) => Counted { ipv4: 0, ipv6: 1 },
        Peer::TenantIngress => ranges,
        Peer::Workload(_) => Counted { ipv4: 1, ipv6: 1 },
        Peer::PrefixList(service) => {
            let weight = PrefixListService::named(service).map_or(1, PrefixListService::weight);
            Counted { ipv4: weight, ipv6: 1 }
        }
    }
}

/// A group by its workload and where its rules come from, in one direction.
type Group<'s> = (&'s str, &'s Origin, Direction);

/// The rules of each group in each direction, for a tenant with so many ranges of each family
/// in its allow-list.
pub fn group_rules<'s>(shape: &'s Shape<'_>, ranges: Counted) -> BTreeMap<Group<'s>, Counted> {
    let own = shape.workloads().map(|workload| (workload.name.as_str(), &Origin::Own));
    // The groups of a cell that hold what its tenants have in common.
    let shared = shape.security.shared_groups().filter(|_| shape.per == Per::Cell);
    rules_of(own.chain(shared), &shape.security.rules, ranges)
}

fn rules_of<'s>(
    groups: impl Iterator<Item = (&'s str, &'s Origin)>,
    rules: &'s [Rule],
    ranges: Counted,
) -> BTreeMap<Group<'s>, Counted> {
    let mut counted: BTreeMap<Group<'_>, Counted> = BTreeMap::new();
    for (workload, origin) in groups {
        counted.insert((workload, origin, Direction::Ingress), Counted::default());
        // The rule for nobody that keeps AWS from allowing everything.
        counted.insert((workload, origin, Direction::Egress), Counted { ipv4: 1, ipv6: 0 });
    }
    for rule in rules {
        let group = (rule.workload.as_str(), &rule.origin, rule.direction);
        counted.entry(group).or_default().add(weight(&rule.peer, ranges));
    }
    counted
}

/// The entries of each subnet group's network ACL in each direction, the final denials left out.
pub fn acl_entries(security: &Security, ranges: Counted) -> BTreeMap<(&str, Direction), Counted> {
    // A longer list is left to the security group: one entry for all addresses of a family stands for it.
    let is_longer = ranges.ipv4 + ranges.ipv6 > security.acl_ranges;
    let one = Counted { ipv4: 1, ipv6: ranges.ipv6.min(1) };
    let ranges = if is_longer { one } else { ranges };
    let mut counted: BTreeMap<(&str, Direction), Counted> = BTreeMap::new();
    for entry in &security.acl_entries {
        counted.entry((&entry.subnet_group, entry.direction)).or_default().add(weight(&entry.peer, ranges));
    }
    counted
}

/// How long an allow-list can be for every ACL to hold an entry for each of its ranges, by AWS's default.
/// What AWS has granted is left alone: the accounts of one shape may differ in it.
pub(super) fn room_for_ranges(entries: &[AclEntry], dual: bool) -> usize {
    let mut needed: BTreeMap<(&str, Direction), (usize, usize)> = BTreeMap::new();
    for entry in entries {
        let (ranges, others) = needed.entry((&entry.subnet_group, entry.direction)).or_default();
        *(if entry.peer == Peer::TenantIngress { ranges } else { others }) += 1;
    }
    let room =
        |(ranges, others): &(usize, usize)| acl_room(dual).saturating_sub(*others).checked_div(*ranges);
    needed.values().filter_map(room).min().unwrap_or(ACL_INGRESS_RANGES).min(ACL_INGRESS_RANGES)
}

fn rules_of_interface() -> usize {
    usize::try_from(RULES_OF_INTERFACE).unwrap_or(usize::MAX)
}

/// How many groups an interface may bear in an account and Region.
pub(in crate::plan) fn interface_groups(
    catalog: &Catalog,
    account: &HostAccount,
    region: &RegionName,
) -> usize {
    allowed(catalog, INTERFACE_QUOTA, account, region).min(GROUPS_OF_TASK)
}

/// How many AWS allows in an account and Region, with what it has granted.
fn allowed(catalog: &Catalog, id: &str, account: &HostAccount, region: &RegionName) -> usize {
    let granted = granted(catalog, id, account, region).map(|one| one.value.value);
    let limit = granted.or(quota(id).and_then(|quota| quota.default));
    usize::try_from(limit.unwrap_or(0)).unwrap_or(usize::MAX)
}

/// What AWS has granted there; what the catalog says of an account or a Region alone wins.
fn granted<'c>(
    catalog: &'c Catalog,
    id: &str,
    account: &HostAccount,
    region: &RegionName,
) -> Option<&'c QuotaOverride> {
    let granted = catalog.quotas.iter().filter(|one| {
        one.quota.value.id == id
            && one.account.as_ref().is_none_or(|given| HostAccount::Number(given.value.clone()) == *account)
            && one.region.as_ref().is_none_or(|given| given.value == *region)
    });
    granted.max_by_key(|one| (one.account.is_some(), one.region.is_some()))
}

/// Reports groups and ACLs that would hold more than AWS allows: once for a shape, or for the tenant
/// whose allow-list makes them too many.
pub(in crate::plan) fn check(
    catalog: &Catalog,
    tenants: &[TenantPlan<'_>],
    cells: &[CellPlan<'_>],
    shapes: &[Shape<'_>],
    report: &mut Report,
) {
    let mut check =
        Check { catalog, shapes, told: BTreeSet::new(), told_of_interfaces: BTreeSet::new(), report };
    for cell in cells {
        let place = cell.tenants.first().map_or(cell.blueprint.span, |tenant| tenant.tier.span);
        check.home(cell.shape, &cell.id, place, None);
    }
    for tenant in tenants {
        check.home(tenant.shape, &tenant.cell, tenant.tenant.tier.span, Some(tenant));
    }
}

struct Check<'c> {
    catalog: &'c Catalog,
    shapes: &'c [Shape<'c>],
    /// By shape, group and limit.
    told: BTreeSet<(usize, &'c str, Option<&'c Origin>, Direction, usize)>,
    /// By groups, rules of each, and workload, if it is one's.
    told_of_interfaces: BTreeSet<(usize, usize, &'c str)>,
    report: &'c mut Report,
}

impl<'c> Check<'c> {
    /// Whether AWS lets interfaces bear the groups that they have to bear, as full as they may be.
    fn interfaces(&mut self, shape: &'c Shape<'_>, cell: &CellId, needed: Span) {
        let allowed = |id| allowed(self.catalog, id, &cell.account, &cell.region);
        let found = Interfaces { groups: allowed(INTERFACE_QUOTA), rules: allowed(GROUP_QUOTA) };
        let place = granted(self.catalog, INTERFACE_QUOTA, &cell.account, &cell.region)
            .or(granted(self.catalog, GROUP_QUOTA, &cell.account, &cell.region))
            .map(|one| one.span);
        if found.groups.saturating_mul(found.rules) > rules_of_interface()
            && self.told_of_interfaces.insert((found.groups, found.rules, ""))
        {
            self.report.push(found.impossible(place.unwrap_or(needed)));
        }
        let shared = shape.security.shared.keys().filter(|_| shape.per == Per::Tenant && found.groups < 2);
        for workload in shared {
            if self.told_of_interfaces.insert((found.groups, found.rules, workload)) {
                self.report.push(found.too_few(shape.blueprint, workload, place));
            }
        }
    }

    /// `place` is in the catalog, and belongs to who needs the shape; `owner` has an allow-list.
    fn home(&mut self, number: usize, cell: &CellId, place: Span, owner: Option<&TenantPlan<'_>>) {
        let Some(shape) = self.shapes.get(number) else { return };
        self.interfaces(shape, cell, place);
        let ranges = owner.map_or(Counted::default(), |owner| Counted::of(owner.ingress.values()));
        let limit = allowed(self.catalog, GROUP_QUOTA, &cell.account, &cell.region);
        for ((workload, origin, direction), counted) in group_rules(shape, ranges) {
            if counted.most() <= limit {
                continue;
            }
            let without = group_rules(shape, Counted { ipv4: 1, ipv6: ranges.ipv6.min(1) })
                .get(&(workload, origin, direction))
                .map_or(0, |one| one.most());
            let over = Over { workload, origin, direction, used: counted.most(), limit };
            match owner.filter(|_| without <= limit) {
                Some(owner) => self.report.push(over.allow_list(owner)),
                None if self.told.insert((number, workload, Some(origin), direction, limit)) => {
                    self.report.push(over.flows(shape, place));
                }
                None => {}
            }
        }
        let limit = allowed(self.catalog, ACL_QUOTA, &cell.account, &cell.region);
        for ((group, direction), counted) in
            acl_entries(&shape.security, Counted { ipv4: shape.security.acl_ranges, ipv6: 0 })
        {
            let room = limit.saturating_sub(denials(counted));
            let used = counted.ipv4 + counted.ipv6;
            if used > room && self.told.insert((number, group, None, direction, limit)) {
                self.report.push(too_many_entries(shape, group, direction, used, room));
            }
        }
    }
}

/// What the interfaces of a home may bear, by its quotas.
struct Interfaces {
    groups: usize,
    rules: usize,
}

impl Interfaces {
    /// AWS has not granted these, so that one of the two figures is wrong.
    fn impossible(&self, place: Span) -> Diagnostic {
        let message = format!(
            "{} of {} on a network interface are {} rules, and AWS allows {}",
            count(self.groups, "security group"),
            count(self.rules, "rule"),
            self.groups.saturating_mul(self.rules),
            rules_of_interface()
        );
        Diagnostic::error(&codes::TOO_MANY_INTERFACE_RULES, message).at(place, "with this quota").help(
            format!("write what AWS has granted: `{GROUP_QUOTA}` times `{INTERFACE_QUOTA}` is never more"),
        )
    }

    /// `shape` has a workload with `shared_rules`, whose interfaces bear two groups.
    fn too_few(&self, blueprint: &Blueprint, workload: &str, place: Option<Span>) -> Diagnostic {
        let span = blueprint.workloads.get(workload).map_or(blueprint.span, |one| one.span);
        let message = format!(
            "interfaces of the workload `{workload}` bear 2 security groups, and AWS allows {} here",
            self.groups
        );
        let error =
            Diagnostic::error(&codes::TOO_MANY_INTERFACE_RULES, message).at(span, "it has `shared_rules`");
        let error = place.into_iter().fold(error, |error, place| error.also(place, "with this quota"));
        error.help(
            "take `shared_rules` out, or ask AWS for more groups on an interface and fewer rules in each",
        )
    }
}

/// Final denials that count: one for each family. AWS's pages disagree about whether the entries of
/// the families count together, so that they do.
fn denials(counted: Counted) -> usize {
    if counted.ipv6 > 0 { 2 } else { 1 }
}

/// A group with more rules than AWS allows.
struct Over<'o> {
    workload: &'o str,
    origin: &'o Origin,
    direction: Direction,
    used: usize,
    limit: usize,
}

impl Over<'_> {
    fn says(&self, whose: &str) -> String {
        format!(
            "the security group of {whose} needs {} {} rules, and AWS allows {}",
            self.used,
            self.direction.name(),
            self.limit
        )
    }

    fn flows(&self, shape: &Shape<'_>, needed: Span) -> Diagnostic {
        let place = shape.blueprint.workloads.get(self.workload).map_or(shape.blueprint.span, |one| one.span);
        let whose = match self.origin {
            Origin::When(condition) => format!("the workload `{}` where `{condition}`", self.workload),
            _ => format!("the workload `{}`", self.workload),
        };
        Diagnostic::error(&codes::TOO_MANY_GROUP_RULES, self.says(&whose))
            .at(place, "")
            .also(needed, "needed for this tenant")
            .help(format!(
                "declare fewer flows, or ask AWS for more and say so with the quota `{GROUP_QUOTA}`"
            ))
    }

    fn allow_list(&self, tenant: &TenantPlan<'_>) -> Diagnostic {
        let whose = format!("the workload `{}` of tenant `{}`", self.workload, tenant.tenant.id.value);
        let ranges = tenant.ingress.len();
        let mut error = Diagnostic::error(&codes::TOO_MANY_GROUP_RULES, self.says(&whose))
            .at(span_of_list(tenant), format!("its allow-list comes to {}", count(ranges, "range")));
        if ranges != tenant.tenant.ingress.len() {
            error =
                error.note("ranges that touch or overlap are counted as the blocks that they make together");
        }
        error.help(format!(
            "name larger blocks in its `ingress`, or ask AWS for more and say so with the quota `{GROUP_QUOTA}`"
        ))
    }
}

fn span_of_list(tenant: &TenantPlan<'_>) -> Span {
    tenant.tenant.ingress.first().map_or(tenant.tenant.id.span, |range| range.span)
}

/// The entries of an allow-list have numbers of their own, of which there are few.
pub(super) fn too_many_of_list(blueprint: &Blueprint, group: &str, used: usize) -> Diagnostic {
    let place = blueprint.subnet_group(group).map_or(blueprint.span, |group| group.span);
    Diagnostic::error(
        &codes::TOO_MANY_ACL_ENTRIES,
        format!(
            "the flows from `tenant.ingress` open {used} ranges of ports in the {group} subnets, and their network ACL has numbers for {HUNDREDS}"
        ),
    )
    .at(place, "")
    .help("join port ranges, or put some of the workloads into subnets of their own")
}

fn too_many_entries(
    shape: &Shape<'_>,
    group: &str,
    direction: Direction,
    used: usize,
    room: usize,
) -> Diagnostic {
    let place = shape.blueprint.subnet_group(group).map_or(shape.blueprint.span, |group| group.span);
    Diagnostic::error(
        &codes::TOO_MANY_ACL_ENTRIES,
        format!(
            "the network ACL of the {group} subnets needs {used} {} entries, and AWS allows {room} beside the default one",
            direction.name()
        ),
    )
    .at(place, "")
    .help(format!(
        "declare fewer flows, join port ranges, or have AWS grant up to 40 and say so with the quota `{ACL_QUOTA}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Traffic;

    fn group_with(peer: Peer, ipv4: usize) -> Counted {
        let ranges = Counted { ipv4, ipv6: 0 };
        let rule = Rule {
            workload: "edge".into(),
            origin: Origin::Own,
            direction: Direction::Ingress,
            traffic: Traffic::Tcp((443, 443)),
            peer,
            reason: String::new(),
        };
        rules_of([("edge", &Origin::Own)].into_iter(), &[rule], ranges)
            [&("edge", &Origin::Own, Direction::Ingress)]
    }

    #[test]
    fn a_range_counts_in_its_own_family() {
        assert_eq!(group_with(Peer::Anywhere, 0), Counted { ipv4: 1, ipv6: 0 });
        assert_eq!(group_with(Peer::TenantIngress, 7), Counted { ipv4: 7, ipv6: 0 });
    }

    #[test]
    fn a_reference_counts_once_in_both_families() {
        assert_eq!(group_with(Peer::Workload("service".into()), 0), Counted { ipv4: 1, ipv6: 1 });
    }

    #[test]
    fn a_prefix_list_counts_as_its_weight() {
        assert_eq!(group_with(Peer::PrefixList("cloudfront".into()), 0), Counted { ipv4: 55, ipv6: 1 });
        assert_eq!(group_with(Peer::PrefixList("s3".into()), 0), Counted { ipv4: 1, ipv6: 1 });
    }

    #[test]
    fn the_rule_for_nobody_counts() {
        let counted = rules_of([("edge", &Origin::Own)].into_iter(), &[], Counted { ipv4: 1, ipv6: 0 });
        assert_eq!(counted[&("edge", &Origin::Own, Direction::Egress)], Counted { ipv4: 1, ipv6: 0 });
    }
}
