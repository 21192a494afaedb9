//! Shapes: what tenants that are built alike have in common.
//!
//! A shape is a blueprint with the settings that are not lifted. Everything that depends on a shape
//! alone (which stacks there are, which rules) is decided once for all its tenants.

use std::collections::BTreeMap;

use crate::blueprint::condition::{Condition, ConditionError};
use crate::blueprint::{Blueprint, Bound, Scope, Settings, Stack, Workload};
use crate::catalog::NamedRanges;
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::network::Cidr;
use crate::plan::lock::{Lock, Owner};
use crate::plan::security::{self, Security};
use crate::source::Span;

/// What is decided once for all tenants of one shape.
#[derive(Debug)]
pub struct Shape<'b> {
    pub blueprint: &'b Blueprint,
    /// The settings that make the shape, lifted ones left out.
    pub settings: Settings,
    /// How many zone slots are in use.
    pub zones: usize,
    pub growth: Growth,
    /// The stacks that are switched on, in order.
    pub stacks: Vec<&'b Stack>,
    pub security: Security,
}

/// By how much a network has grown. Rules and subnets are of the shape, so this is too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// How many blocks the network has beside the one that it was created with.
    pub blocks: usize,
    /// The numbers of the blocks that each subnet group has a part of; a group that came later has
    /// fewer. The block that the network was created with is number 1 and is left out.
    pub groups: BTreeMap<String, Vec<usize>>,
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
        }
    }

    /// The numbers of the blocks, beside the first, that a subnet group has a part of.
    pub fn blocks_of(&self, group: &str) -> &[usize] {
        self.groups.get(group).map(Vec::as_slice).unwrap_or_default()
    }
}

/// How many zones a tenant with these settings spans.
pub(super) fn zones(settings: &Settings) -> usize {
    settings.count("zones").unwrap_or(2)
}

/// Decides a shape; `place` is where the first tenant that has it stands in the catalog.
pub(super) fn shape<'b>(
    blueprint: &'b Blueprint,
    settings: &Settings,
    growth: Growth,
    ranges: &BTreeMap<String, NamedRanges>,
    place: Span,
    report: &mut Report,
) -> Option<Shape<'b>> {
    let settings = shaping(blueprint, settings);
    let scope = Scope::default()
        .with("settings", settings_bound(blueprint, &settings))
        .with("network", network_bound(&growth));
    let before = report.errors();
    let stacks = blueprint
        .stacks
        .iter()
        .filter(|stack| holds(stack.when.as_ref(), &scope, stack.span, report))
        .collect();
    let workloads: BTreeMap<&str, &Workload> = blueprint
        .workloads
        .values()
        .filter(|workload| holds(workload.when.as_ref(), &scope, workload.span, report))
        .map(|workload| (workload.name.as_str(), workload))
        .collect();
    let flows: Vec<_> =
        blueprint.flows.iter().filter(|flow| holds(flow.when.as_ref(), &scope, flow.span, report)).collect();
    let pattern = security::Pattern {
        blueprint,
        settings: &settings,
        growth: &growth,
        workloads: &workloads,
        flows: &flows,
        ranges,
        place,
    };
    let security = security::derive(&pattern, report);
    let zones = zones(&settings);
    (report.errors() == before).then_some(Shape { blueprint, settings, zones, growth, stacks, security })
}

impl Shape<'_> {
    /// The workloads that have a security group, by name.
    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.security.workloads.iter().filter_map(|name| self.blueprint.workloads.get(name))
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

/// The record `settings` of the template language: shape settings as they are, lifted ones as values.
pub fn settings_bound(blueprint: &Blueprint, settings: &Settings) -> Bound {
    Bound::record(blueprint.settings.properties.iter().map(|(name, setting)| {
        let bound = if setting.lifted {
            Bound::Value(crate::blueprint::Symbol::Setting(name.clone()))
        } else {
            Bound::from(settings.get(name))
        };
        (name.clone(), bound)
    }))
}

/// The record `network` of the template language.
pub fn network_bound(growth: &Growth) -> Bound {
    let further_blocks = (2..=growth.blocks + 1).map(|number| {
        let cidr = Bound::Value(crate::blueprint::Symbol::NetworkBlock(number));
        Bound::record([("number", Bound::number(number)), ("cidr", cidr)])
    });
    Bound::record([
        ("cidr", Bound::Value(crate::blueprint::Symbol::NetworkCidr)),
        ("further_blocks", Bound::List(further_blocks.collect())),
    ])
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
