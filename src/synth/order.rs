//! Which stacks a stack comes after, whoever they belong to: a tenant's comes after those of its cell, and what is joined
//! to the central services after theirs.

use std::collections::BTreeSet;

use crate::blueprint::{Blueprint, Per, Place, Stack};
use crate::plan::{AccountPlan, Plan, Unit};

/// A unit and what it belongs to.
pub(super) struct Relatives<'p> {
    pub unit: Unit<'p>,
    plan: &'p Plan<'p>,
    units: Vec<Unit<'p>>,
}

impl<'p> Relatives<'p> {
    pub(super) fn new(plan: &'p Plan<'p>, unit: Unit<'p>) -> Self {
        const SHARED: [Per; 3] = [Per::Account, Per::Region, Per::Organization];
        let all = [Per::Tenant, Per::Cell].into_iter().chain(SHARED);
        let mut units: Vec<Unit<'p>> = all.filter_map(|per| plan.relative(unit, per)).collect();
        let blueprint = unit.blueprint();
        let components = blueprint.components.iter().filter(|_| !blueprint.is_component);
        for component in components {
            units.extend(SHARED.into_iter().filter_map(|per| plan.shared_by(unit, component, per)));
        }
        units.extend(plan.hub_of(unit));
        Relatives { unit, plan, units }
    }

    /// The stack of this name that is switched on, and whose it is.
    pub(super) fn stack(&self, name: &str) -> Option<(Unit<'p>, &'p Stack)> {
        self.units.iter().find_map(|unit| {
            let stacks = &self.plan.shape_of(*unit).stacks;
            stacks.iter().find(|stack| stack.name == name).map(|stack| (*unit, *stack))
        })
    }

    /// All units, this one first or among them.
    pub(super) fn units(&self) -> &[Unit<'p>] {
        &self.units
    }

    /// The nearest stacks that are switched on and that a stack comes after.
    pub(super) fn depends_on(&self, stack: &str) -> Vec<(Unit<'p>, &'p str)> {
        let blueprint = self.unit.blueprint();
        let mut seen = BTreeSet::new();
        let mut found = self.makers();
        let mut open = vec![stack];
        while let Some(name) = open.pop() {
            let Some(stack) = blueprint.stacks.iter().find(|stack| stack.name == name) else { continue };
            for after in stack.after.iter().filter(|after| seen.insert(after.as_str())) {
                match self.stack(after) {
                    Some((unit, active)) => found.push((unit, active.name.as_str())),
                    None => open.push(after),
                }
            }
        }
        found
    }

    /// What makes the account that a component's stacks stand in, where it is a tenant's own: the tenant's stacks
    /// in the management account.
    fn makers(&self) -> Vec<(Unit<'p>, &'p str)> {
        let Unit::Account(AccountPlan { tenant: Some(home), .. }) = self.unit else { return Vec::new() };
        let Ok(at) = self.plan.tenants.binary_search_by(|tenant| tenant.home.cmp(home)) else {
            return Vec::new();
        };
        let tenant = Unit::Tenant(&self.plan.tenants[at]);
        let stacks = self.plan.shape_of(tenant).stacks.iter();
        let making = stacks.filter(|stack| stack.place == Place::Management && stack.per == Per::Tenant);
        making.map(|stack| (tenant, stack.name.as_str())).collect()
    }
}

/// All stacks that a stack comes after, directly or not.
pub(super) fn earlier<'b>(blueprint: &'b Blueprint, stack: &'b Stack) -> BTreeSet<&'b str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = stack.after.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            open.extend(
                blueprint
                    .stacks
                    .iter()
                    .filter(|other| other.name == name)
                    .flat_map(|other| other.after.iter().map(String::as_str)),
            );
        }
    }
    found
}
