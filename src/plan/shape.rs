//! Shapes: what tenants that are built alike have in common.
//!
//! A shape is a blueprint with the settings that are not lifted. Everything that depends on a shape
//! alone (which stacks there are, which rules) is decided once for all its tenants.

use std::collections::BTreeMap;

use crate::blueprint::condition::{Condition, ConditionError};
use crate::blueprint::{Blueprint, Bound, Scope, Settings, Stack, Workload};
use crate::diagnostics::{Diagnostic, Report, codes, quote};
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
    /// The stacks that are switched on, in order.
    pub stacks: Vec<&'b Stack>,
    pub security: Security,
}

/// Decides a shape; `place` is where the first tenant that has it stands in the catalog.
pub(super) fn shape<'b>(
    blueprint: &'b Blueprint,
    settings: &Settings,
    place: Span,
    report: &mut Report,
) -> Option<Shape<'b>> {
    let settings = shaping(blueprint, settings);
    let scope = Scope::default().with("settings", settings_bound(blueprint, &settings));
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
    let security = security::derive(blueprint, &settings, &workloads, &flows, place, report);
    let zones = settings.count("zones").unwrap_or(2);
    (report.errors() == before).then_some(Shape { blueprint, settings, zones, stacks, security })
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
