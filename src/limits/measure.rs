//! What each tenant and each cell needs, for the planner: counted on stacks that were written, so that
//! tenants can be given homes that have room for them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::aws::quota;
use crate::identity::{CellId, HomeId, HostAccount};
use crate::limits::fleet::{Account, StackUse, is_regional};
use crate::limits::template::Side;

/// The needs of all tenants and cells of a fleet.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    pub tenants: BTreeMap<HomeId, TenantNeeds>,
    /// Of cells that tenants share, what they need before anybody lives there.
    pub cells: BTreeMap<CellId, Needs>,
}

/// What a tenant needs, and the cell that it was measured in.
#[derive(Clone, Debug)]
pub struct TenantNeeds {
    pub measured_in: CellId,
    pub needs: Needs,
}

/// An amount of each limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Of its account.
    pub of_account: BTreeMap<AccountLimit, u64>,
    /// Of what its cell has for all who live there: a VPC, a load balancer.
    pub of_cell: BTreeMap<CellLimit, u64>,
}

/// A limit of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountLimit {
    pub quota: &'static str,
    pub scope: Scope,
}

/// What part of an account a limit holds for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Account,
    Region,
    Zone(String),
}

/// A limit of one resource of a cell, by the stack of the blueprint that it stands in: cells that are
/// built alike have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellLimit {
    pub quota: &'static str,
    pub side: Side,
    pub stack: String,
    pub id: String,
}

/// Measures every tenant and every cell.
pub fn measure(stacks: &[StackUse<'_>]) -> Measures {
    let mut accounts: BTreeMap<&HostAccount, Vec<&StackUse<'_>>> = BTreeMap::new();
    // What stands in the management account is nobody's choice of a home.
    for stack in stacks.iter().filter(|stack| stack.cell.is_none_or(|cell| cell.account == *stack.account)) {
        accounts.entry(stack.account).or_default().push(stack);
    }
    let accounts: Vec<_> = accounts.into_iter().collect();
    let measured = accounts.into_par_iter().map(|(account, mut stacks)| {
        stacks.sort_by_key(|stack| (stack.tenant, stack.name));
        measure_account(&Account::new(account, stacks, &|_, _, _| None))
    });
    let mut all = Measures::default();
    for measures in measured.collect::<Vec<_>>() {
        all.tenants.extend(measures.tenants);
        all.cells.extend(measures.cells);
    }
    all
}

fn measure_account(account: &Account<'_, '_>) -> Measures {
    let mut measures = Measures::default();
    for (position, stack) in account.stacks.iter().enumerate() {
        let Some(needs) = measures.needs_of(stack) else { continue };
        let totals = stack.template.totals.iter().map(|(id, amount)| (*id, *amount));
        let computed = stack
            .template
            .computed
            .iter()
            .filter_map(|(id, amount)| Some((*id, amount.in_stack(stack.parameters)?)));
        for (id, amount) in totals.chain(computed) {
            let regional = quota(id).is_none_or(is_regional);
            let scope = if regional { Scope::Region } else { Scope::Account };
            *needs.of_account.entry(AccountLimit { quota: id, scope }).or_default() += amount;
        }
        for (id, subnet, amount) in &stack.template.in_zones {
            let scope = Scope::Zone(account.zone(subnet, position).to_owned());
            let amount = amount.in_stack(stack.parameters).unwrap_or(0);
            *needs.of_account.entry(AccountLimit { quota: id, scope }).or_default() += amount;
        }
    }
    for part in account.parts() {
        let (by, at) = (account.stacks[part.by], part.thing.0.map(|at| account.stacks[at]));
        // Only what all who live in the cell share.
        let Some(at) = at.filter(|at| at.tenant.is_none() && at.cell == by.cell) else { continue };
        let limit = CellLimit {
            quota: part.quota,
            side: part.side,
            stack: at.stack.to_owned(),
            id: part.thing.1.to_owned(),
        };
        // What is there once is there with the cell.
        let once = if by.tenant.is_none() { part.once } else { 0 };
        if let Some(needs) = measures.needs_of(by) {
            *needs.of_cell.entry(limit).or_default() += part.amount.unwrap_or(0) + once;
        }
    }
    measures
}

impl Measures {
    fn needs_of(&mut self, stack: &StackUse<'_>) -> Option<&mut Needs> {
        let cell = stack.cell?;
        Some(match stack.tenant {
            None => self.cells.entry(cell.clone()).or_default(),
            Some(tenant) => {
                let new = || TenantNeeds { measured_in: cell.clone(), needs: Needs::default() };
                &mut self.tenants.entry(tenant.clone()).or_insert_with(new).needs
            }
        })
    }
}
