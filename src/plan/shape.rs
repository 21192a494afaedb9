//! Shapes: what tenants that are built alike have in common.
//!
//! A shape is a blueprint with the settings that are not lifted. Everything that depends on a shape
//! alone (which stacks there are, which rules) is decided once for all its tenants. What tenants share
//! has shapes of its own: a shape is of tenants, of cells, of accounts or of the organization, and holds
//! the stacks and the rules that are theirs.

use std::collections::BTreeMap;

use crate::blueprint::condition::{Condition, ConditionError};
use crate::blueprint::{
    Blueprint, Bound, Flow, FlowEnd, Owner as NetworkOwner, Per, Scope, Settings, Stack, Symbol, Workload,
};
use crate::catalog::{Catalog, NamedRanges, Status};
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::network::Cidr;
use crate::plan::ipv6::DualStack;
use crate::plan::lock::{Lock, Owner};
use crate::plan::security::{self, Security, Traits};
use crate::source::Span;

/// What is decided once for all tenants, or all cells, of one shape.
#[derive(Debug)]
pub struct Shape<'b> {
    pub blueprint: &'b Blueprint,
    /// What there is one of, for each of which this is the shape.
    pub per: Per,
    /// The settings that make the shape, lifted ones left out.
    pub settings: Settings,
    /// Of a tenant; active for all that tenants share.
    pub status: Status,
    /// How many zone slots are in use.
    pub zones: usize,
    pub growth: Growth,
    /// What conditions ask of a tenant beside its settings; empty for all that tenants share.
    pub traits: Traits,
    /// How many security groups an interface may bear; 0 where no workload has rules in common.
    pub interface_groups: usize,
    pub account: AccountFacts,
    /// The stacks that are switched on, in order.
    pub stacks: Vec<&'b Stack>,
    pub security: Security,
}

/// What a component may ask of the account and Region that something of its own stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// Whether the Region is the first there.
    pub is_first_region: bool,
    /// Whether the account is that of one tenant, by the model `account`.
    pub is_tenants_own: bool,
}

/// By how much a network has grown. Rules and subnets are of the shape, so this is too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// How many blocks the network has beside the one that it was created with.
    pub blocks: usize,
    /// The numbers of the blocks that each subnet group has a part of; a group that came later has
    /// fewer. The block that the network was created with is number 1 and is left out.
    pub groups: BTreeMap<String, Vec<usize>>,
    /// Where the network has IPv6 addresses too.
    pub ipv6: Option<DualStack>,
}

impl Growth {
    /// What the lock says of a network.
    pub(super) fn of(lock: &Lock, owner: &Owner) -> Growth {
        let Some(network) = lock.networks.get(owner) else { return Growth::default() };
        let number = |part: &Cidr| network.value.blocks().position(|block| block.contains(part));
        let numbers = |parts: &[Cidr]| parts.iter().filter_map(number).map(|at| at + 1).collect();
        let groups = lock.subnet_groups_of(owner).filter(|(_, group)| !group.value.secondary.is_empty());
        Growth {
            blocks: network.value.secondary.len(),
            groups: groups
                .map(|(name, group)| (name.as_str().to_owned(), numbers(&group.value.secondary)))
                .collect(),
            ipv6: None,
        }
    }

    /// The numbers of the blocks, beside the first, that a subnet group has a part of.
    pub fn blocks_of(&self, group: &str) -> &[usize] {
        self.groups.get(group).map(Vec::as_slice).unwrap_or_default()
    }
}

/// How many zones there are with these settings; none without a network.
pub(super) fn zones(blueprint: &Blueprint, settings: &Settings) -> usize {
    match blueprint.network.owner {
        NetworkOwner::None => 0,
        _ => settings.count("zones").unwrap_or(2),
    }
}

/// What a shape follows from.
pub(super) struct Pattern<'b, 's> {
    pub blueprint: &'b Blueprint,
    pub per: Per,
    /// Lifted ones may be among them.
    pub settings: &'s Settings,
    pub status: Status,
    pub zones: usize,
    pub growth: Growth,
    pub traits: Traits,
    /// How many security groups an interface may bear where it lives.
    pub interface_groups: usize,
    pub account: AccountFacts,
}

/// Shapes, each decided once.
pub(super) struct Shapes<'b> {
    catalog: &'b Catalog,
    pub list: Vec<Shape<'b>>,
    by_key: BTreeMap<String, Option<usize>>,
}

impl<'b> Shapes<'b> {
    pub(super) fn new(catalog: &'b Catalog) -> Self {
        Shapes { catalog, list: Vec::new(), by_key: BTreeMap::new() }
    }

    /// The shape that follows from a pattern; `place` is where the first tenant that has it stands in the
    /// catalog. None if there is none, which is told.
    pub(super) fn of(&mut self, pattern: Pattern<'b, '_>, place: Span, report: &mut Report) -> Option<usize> {
        let shares = pattern.blueprint.workloads.values().any(|workload| workload.shared_rules);
        let interface_groups = if shares { pattern.interface_groups } else { 0 };
        let Pattern { blueprint, per, status, zones, ref growth, account, ref traits, .. } = pattern;
        let settings = shaping(blueprint, pattern.settings);
        let name = &blueprint.name;
        let shown = serde_json::json!(settings.0);
        let key = format!(
            "{name} {per:?} {shown} {status:?} {zones} {growth:?} {account:?} {traits:?} {interface_groups}"
        );
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let pattern = Pattern { settings: &settings, interface_groups, ..pattern };
        let decided = shape(pattern, self.catalog, place, report).map(|shape| {
            self.list.push(shape);
            self.list.len() - 1
        });
        self.by_key.insert(key, decided);
        decided
    }
}

fn shape<'b>(
    pattern: Pattern<'b, '_>,
    catalog: &Catalog,
    place: Span,
    report: &mut Report,
) -> Option<Shape<'b>> {
    let Pattern { blueprint, per, settings, status, zones, growth, account, .. } = pattern;
    let Pattern { traits, interface_groups, .. } = pattern;
    let has_trail = catalog.organization.as_ref().is_some_and(|organization| organization.trail);
    let mut scope = scope(blueprint, per, settings, status, &growth, &traits)
        .with("organization", Bound::record([("trail", Bound::Boolean(has_trail))]));
    if blueprint.is_component {
        scope = scope.with("account", account_bound(account));
    }
    let before = report.errors();
    let stacks = blueprint
        .stacks_per(per)
        // A tenant that takes no traffic has an empty allow-list, which is no stack.
        .filter(|stack| status.takes_traffic() || !stack.template.makes_only("ingress_rules"))
        .filter(|stack| holds(stack.when.as_ref(), &scope, stack.span, report))
        .collect();
    let security = if matches!(per, Per::Tenant | Per::Cell) {
        security(
            blueprint,
            per,
            settings,
            status,
            &growth,
            interface_groups,
            &scope,
            &catalog.ranges,
            place,
            report,
        )
    } else {
        Security::default()
    };
    let settings = settings.clone();
    (report.errors() == before).then_some(Shape {
        blueprint,
        per,
        settings,
        status,
        zones,
        growth,
        traits,
        interface_groups,
        account,
        stacks,
        security,
    })
}

/// The flows that are on in a shape of tenants, with both ends.
pub(super) fn flows_of<'b>(shape: &Shape<'b>) -> Vec<&'b Flow> {
    let blueprint = shape.blueprint;
    let scope = scope(blueprint, shape.per, &shape.settings, shape.status, &shape.growth, &shape.traits);
    let holds =
        |condition: Option<&Condition>| condition.is_none_or(|one| one.holds(&scope).unwrap_or_default());
    let is_there = |end: &FlowEnd| match end {
        FlowEnd::Workload(name) => {
            blueprint.workloads.get(name).is_some_and(|workload| holds(workload.when.as_ref()))
        }
        _ => true,
    };
    let flows = blueprint.flows.iter().filter(|flow| holds(flow.when.as_ref()));
    flows.filter(|flow| is_there(&flow.from) && is_there(&flow.to)).collect()
}

/// The names that conditions of a blueprint know.
fn scope(
    blueprint: &Blueprint,
    per: Per,
    settings: &Settings,
    status: Status,
    growth: &Growth,
    traits: &Traits,
) -> Scope {
    let mut scope = Scope::default().with("settings", settings_bound(blueprint, per, settings));
    if matches!(per, Per::Tenant | Per::Cell) && blueprint.network.owner != NetworkOwner::None {
        scope = scope.with("network", network_bound(blueprint, per, growth));
    }
    if per == Per::Tenant {
        scope = traits.bound(scope.with("status", Bound::Text(status.as_str().to_owned())));
    }
    scope
}

/// The rules of those workloads that are of this shape. For them the workloads on the other side matter
/// too. What a cell does not know, because it differs among its tenants, it is ready for.
#[expect(clippy::too_many_arguments, reason = "all that rules follow from")]
fn security(
    blueprint: &Blueprint,
    per: Per,
    settings: &Settings,
    status: Status,
    growth: &Growth,
    interface_groups: usize,
    scope: &Scope,
    ranges: &BTreeMap<String, NamedRanges>,
    place: Span,
    report: &mut Report,
) -> Security {
    let differs = differing("status");
    let everything = Scope::default()
        .with("settings", all_settings_bound(blueprint, settings))
        .with("status", differs.clone())
        .with("network", network_bound(blueprint, per, growth));
    let everything = Traits::differing(blueprint, everything, &differs);
    let mut is_on = |condition: Option<&Condition>, known: bool, span: Span| {
        if known { holds(condition, scope, span, report) } else { may_hold(condition, &everything) }
    };
    let workloads: BTreeMap<&str, &Workload> = blueprint
        .workloads
        .values()
        .filter(|workload| is_on(workload.when.as_ref(), per <= workload.per, workload.span))
        .map(|workload| (workload.name.as_str(), workload))
        .collect();
    let takes_traffic = status.takes_traffic();
    let flows: Vec<_> = blueprint
        .flows
        .iter()
        .filter(|flow| takes_traffic || flow.from != FlowEnd::TenantIngress)
        .filter(|flow| is_on(flow.when.as_ref(), per == Per::Tenant, flow.span))
        .collect();
    let pattern = security::Pattern {
        blueprint,
        side: per,
        settings,
        growth,
        workloads: &workloads,
        flows: &flows,
        ranges,
        interface_groups,
        place,
    };
    security::derive(&pattern, report)
}

impl Shape<'_> {
    /// The workloads of its own that have a security group, by name.
    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        let names = self.security.workloads.iter();
        let workloads = names.filter_map(|name| self.blueprint.workloads.get(name));
        workloads.filter(|workload| workload.per == self.per)
    }
}

/// The settings that are part of the shape.
pub(super) fn shaping(blueprint: &Blueprint, settings: &Settings) -> Settings {
    let is_lifted =
        |name: &str| blueprint.settings.properties.get(name).is_some_and(|setting| setting.lifted);
    Settings(
        settings
            .0
            .iter()
            .filter(|(name, _)| !is_lifted(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// The record `settings` of the template language: shape settings as they are, lifted ones as values. A
/// cell knows those that are its own, and what is of an account or of the organization those that have one
/// value for all.
pub fn settings_bound(blueprint: &Blueprint, per: Per, settings: &Settings) -> Bound {
    let known = blueprint.settings.properties.iter().filter(|(_, setting)| setting.is_known_to(per));
    Bound::record(known.map(|(name, setting)| {
        let bound = if setting.lifted { differing(name) } else { Bound::from(settings.get(name)) };
        (name.clone(), bound)
    }))
}

/// The same as a cell sees them: those of its tenants differ.
fn all_settings_bound(blueprint: &Blueprint, settings: &Settings) -> Bound {
    Bound::record(blueprint.settings.properties.iter().map(|(name, setting)| {
        let differs = setting.lifted || !setting.is_known_to(Per::Cell);
        (name.clone(), if differs { differing(name) } else { Bound::from(settings.get(name)) })
    }))
}

fn differing(setting: &str) -> Bound {
    Bound::Value(Symbol::Setting(setting.to_owned()))
}

/// The record `account` of the template language, for what components have in accounts and Regions.
pub fn account_bound(account: AccountFacts) -> Bound {
    Bound::record([
        ("is_first_region", Bound::Boolean(account.is_first_region)),
        ("is_tenants_own", Bound::Boolean(account.is_tenants_own)),
    ])
}

/// The record `network` of the template language.
pub fn network_bound(blueprint: &Blueprint, per: Per, growth: &Growth) -> Bound {
    let network = &blueprint.network;
    let is_shared = network.owner == NetworkOwner::Cell;
    let has_subnets = network.subnet_groups.iter().any(|group| group.per == per);
    let further_blocks = (2..=growth.blocks + 1).map(|number| {
        let cidr = Bound::Value(Symbol::NetworkBlock(number));
        Bound::record([("number", Bound::number(number)), ("cidr", cidr)])
    });
    let ipv6 = match &growth.ipv6 {
        None => Bound::Nothing,
        Some(dual) if dual.provided => Bound::record([("provider", Bound::Text("amazon".to_owned()))]),
        Some(_) => Bound::record([
            ("provider", Bound::Text("pool".to_owned())),
            ("cidr", Bound::Value(Symbol::NetworkIpv6Cidr)),
            ("pool", Bound::Value(Symbol::Ipv6Pool)),
        ]),
    };
    Bound::record([
        ("ipv6", ipv6),
        ("owner", Bound::Text(network.owner.word().to_owned())),
        ("own_subnets", Bound::Boolean(has_subnets)),
        // A word for Name tags, in templates that tenants and cells have in common.
        ("name", Bound::Value(if is_shared { Symbol::CellName } else { Symbol::TenantId })),
        ("cidr", Bound::Value(Symbol::NetworkCidr)),
        ("further_blocks", Bound::List(further_blocks.collect())),
    ])
}

/// Whether a condition holds as far as anybody can know; told is nothing.
fn may_hold(condition: Option<&Condition>, scope: &Scope) -> bool {
    condition.is_none_or(|condition| condition.may_hold(scope))
}

fn holds(condition: Option<&Condition>, scope: &Scope, span: Span, report: &mut Report) -> bool {
    let Some(condition) = condition else { return true };
    match condition.holds(scope) {
        Ok(holds) => holds,
        Err(ConditionError::UnknownName(unknown)) => {
            report.push(unknown.told(span, "its `when` uses it"));
            false
        }
        Err(ConditionError::DiffersByTenant(path)) => {
            report.push(
                Diagnostic::error(
                    &codes::VALUE_IN_SHAPE,
                    format!("{} differs by tenant and cannot be part of a condition", quote(&path)),
                )
                .at(span, "its `when` uses it")
                .help("use a setting that is not lifted"),
            );
            false
        }
    }
}
