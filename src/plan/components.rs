//! The components that the catalog switches on: their settings, and what is there once for an account, a Region or
//! the organization, however many blueprints there are.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Component, Library, Per, Settings, Wanted};
use crate::catalog::{Catalog, Status, Tier};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{HomeId, HostAccount, Model, RegionName};
use crate::plan::lock::Lock;
use crate::plan::security::Traits;
use crate::plan::shape::{AccountFacts, Pattern, Shapes};
use crate::plan::shared_services::central_account;
use crate::plan::unit::{management, settle_management};
use crate::plan::{AccountPlan, Growth, TenantPlan};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

/// A component that is on.
#[derive(Debug)]
pub struct ComponentPlan<'c> {
    pub component: &'c Component,
    /// Those that have one value for all.
    pub settings: Settings,
    /// Where the catalog switches it on.
    pub place: Span,
}

/// What a catalog switches on, and which of its blueprints take that in: for reading the blueprints.
pub fn wanted(catalog: &Catalog) -> Wanted<'_> {
    Wanted {
        on: catalog.components.iter().map(|(name, node)| (name.as_str(), node.span)).collect(),
        blueprints: catalog.tiers.values().map(Tier::blueprint_name).collect(),
    }
}

/// What the catalog switches on, by name.
pub(super) fn switched_on<'c>(
    catalog: &'c Catalog,
    library: &'c Library,
    report: &mut Report,
) -> Vec<ComponentPlan<'c>> {
    let mut on = Vec::new();
    for (name, node) in &catalog.components {
        let Some(component) = library.component(name) else { continue };
        let settings = component.own.settings.of_component(entries(&node.value), name, node.span, report);
        on.push(ComponentPlan { component, settings, place: node.span });
    }
    on
}

/// The settings below components of the catalog, for those that a blueprint takes in.
pub(super) fn layer(catalog: &Catalog, components: &[String]) -> Vec<(Key, Node)> {
    let nodes = components.iter().filter_map(|name| catalog.components.get(name));
    nodes.flat_map(|node| entries(&node.value).iter().cloned()).collect()
}

fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

/// An account and Region, whose account it is, and whether the Region is the account's first.
struct Home {
    account: HostAccount,
    region: RegionName,
    tenant: Option<HomeId>,
    is_first_region: bool,
}

/// Every account and Region in which tenants have stacks.
fn homes(tenants: &[TenantPlan<'_>]) -> Vec<Home> {
    let mut found: BTreeMap<(&HostAccount, &RegionName), Option<&HomeId>> = BTreeMap::new();
    for tenant in tenants.iter().filter(|tenant| tenant.has_stacks()) {
        let own = (tenant.blueprint.model == Model::Account).then_some(&tenant.home);
        let known = found.entry((&tenant.cell.account, &tenant.cell.region)).or_default();
        *known = known.or(own);
    }
    let mut seen = BTreeSet::new();
    let home = |((account, region), tenant): ((&HostAccount, &RegionName), Option<&HomeId>)| Home {
        account: account.clone(),
        region: region.clone(),
        tenant: tenant.cloned(),
        // Regions are in the order of the catalog's, which is that of their names.
        is_first_region: seen.insert(account.clone()),
    };
    found.into_iter().map(home).collect()
}

/// What the components have of their own.
pub(super) fn units<'c>(
    on: &[ComponentPlan<'c>],
    catalog: &Catalog,
    tenants: &[TenantPlan<'c>],
    lock: &mut Lock,
    shapes: &mut Shapes<'c>,
    report: &mut Report,
) -> Vec<AccountPlan<'c>> {
    let homes = homes(tenants);
    let mut units = Vec::new();
    for one in on {
        let mut has = |per| is_there(one, per, shapes, report);
        let mut places: Vec<(Per, Home)> = Vec::new();
        let (in_accounts, in_regions, in_organization) =
            (has(Per::Account), has(Per::Region), has(Per::Organization));
        if in_accounts {
            let accounts = homes.iter().map(|home| Home {
                account: home.account.clone(),
                region: home.region.clone(),
                tenant: home.tenant.clone(),
                is_first_region: home.is_first_region,
            });
            places.extend(accounts.map(|home| (Per::Account, home)));
        }
        if in_regions {
            places.extend(regions(one, catalog, &homes, report).into_iter().map(|home| (Per::Region, home)));
        }
        if in_organization {
            settle_management(catalog, lock, one.place, report);
            match management(catalog, lock) {
                Some((account, region)) => {
                    let home = Home { account, region: region.clone(), tenant: None, is_first_region: true };
                    places.push((Per::Organization, home));
                }
                None => report.push(no_management_account(one)),
            }
        }
        for (per, home) in places {
            let pattern = Pattern {
                blueprint: &one.component.own,
                per,
                settings: &one.settings,
                status: Status::Active,
                zones: 0,
                growth: Growth::default(),
                traits: Traits::default(),
                interface_groups: 0,
                account: AccountFacts {
                    is_first_region: home.is_first_region,
                    is_tenants_own: home.tenant.is_some(),
                },
            };
            let Some(shape) = shapes.of(pattern, one.place, report) else { continue };
            units.push(AccountPlan {
                per,
                account: home.account,
                region: home.region,
                blueprint: &one.component.own,
                settings: one.settings.clone(),
                shape,
                tenant: home.tenant,
                place: one.place,
            });
        }
    }
    units
}

/// Whether a component has anything for an account, a Region or the organization with these settings. What is
/// switched off needs no central account. Nothing is there that is not in the first Region.
fn is_there<'c>(one: &ComponentPlan<'c>, per: Per, shapes: &mut Shapes<'c>, report: &mut Report) -> bool {
    let own = &one.component.own;
    if own.files.iter().any(|file| file.per == per) {
        return true;
    }
    let pattern = Pattern {
        blueprint: own,
        per,
        settings: &one.settings,
        status: Status::Active,
        zones: 0,
        growth: Growth::default(),
        traits: Traits::default(),
        interface_groups: 0,
        account: AccountFacts { is_first_region: true, is_tenants_own: false },
    };
    own.stacks_per(per).next().is_some()
        && shapes.of(pattern, one.place, report).is_none_or(|at| !shapes.list[at].stacks.is_empty())
}

/// The central account in each Region with homes.
fn regions(one: &ComponentPlan<'_>, catalog: &Catalog, homes: &[Home], report: &mut Report) -> Vec<Home> {
    let Some(account) = central_account(catalog) else {
        report.push(no_central_account(one));
        return Vec::new();
    };
    let regions: BTreeSet<&RegionName> = homes.iter().map(|home| &home.region).collect();
    let home = |(at, region): (usize, &RegionName)| Home {
        account: HostAccount::Number(account.id.value.clone()),
        region: region.clone(),
        tenant: None,
        is_first_region: at == 0,
    };
    regions.into_iter().enumerate().map(home).collect()
}

fn no_central_account(one: &ComponentPlan<'_>) -> Diagnostic {
    let message = format!(
        "the component `{}` has stacks in a central account, and no account hosts `shared_services`",
        one.component.own.name
    );
    Diagnostic::error(&codes::NO_CENTRAL_ACCOUNT, message)
        .at(one.place, "this component needs it")
        .help("add `shared_services` to the `hosts` of an account")
}

fn no_management_account(one: &ComponentPlan<'_>) -> Diagnostic {
    let message = format!(
        "the component `{}` has stacks in the management account, and the catalog names none",
        one.component.own.name
    );
    Diagnostic::error(&codes::NO_MANAGEMENT_ACCOUNT, message)
        .at(one.place, "this component needs it")
        .help("add `management_account` to the catalog's `organization`")
}
