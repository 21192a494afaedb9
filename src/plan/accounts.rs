//! How much room the accounts have, under AWS's limits: which of them a newcomer goes to.
//!
//! Goes in: what each tenant and each cell needs, as it was counted on the stacks of a first plan. An
//! account is full when one of its limits is. Without such figures every account has room: then the
//! first that may host a tenant is its home, and whether that was right is counted afterwards.

use std::collections::BTreeMap;

use crate::aws::quota;
use crate::catalog::Catalog;
use crate::identity::{HomeId, HostAccount, RegionName};
use crate::limits::{AccountLimit, Measures, Needs, Scope, limit_in};
use crate::plan::lock::Lock;

/// A newcomer for which no account had room. It was given the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowded {
    pub tenant: HomeId,
    /// Every account that may host it, with what is full there.
    pub accounts: Vec<Full>,
}

/// Why an account has no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full {
    pub account: HostAccount,
    pub quota: &'static str,
    pub used: u64,
    pub limit: u64,
    /// What the newcomer would need of it.
    pub wanted: u64,
}

/// What is used in the accounts.
pub(super) struct Accounts<'p> {
    catalog: &'p Catalog,
    measures: Option<&'p Measures>,
    used: BTreeMap<HostAccount, BTreeMap<(Option<RegionName>, AccountLimit), u64>>,
}

impl<'p> Accounts<'p> {
    /// With all who have a home in the lock.
    pub(super) fn new(catalog: &'p Catalog, measures: Option<&'p Measures>, lock: &Lock) -> Self {
        let mut accounts = Accounts { catalog, measures, used: BTreeMap::new() };
        for (id, home) in &lock.tenants {
            let cell = &home.value.cell;
            accounts.take(&cell.account, &cell.region, &[accounts.needs_of(id)]);
        }
        for cell in lock.cells.keys() {
            let needs = measures.and_then(|measures| measures.cells.get(cell));
            accounts.take(&cell.account, &cell.region, &[needs]);
        }
        accounts
    }

    /// What a tenant needs, where that is known.
    pub(super) fn needs_of(&self, tenant: &HomeId) -> Option<&'p Needs> {
        Some(&self.measures?.tenants.get(tenant)?.needs)
    }

    /// What a cell such as this tenant's needs before anybody lives there.
    pub(super) fn needs_of_cell(&self, tenant: &HomeId) -> Option<&'p Needs> {
        let measures = self.measures?;
        measures.cells.get(&measures.tenants.get(tenant)?.measured_in)
    }

    /// The limit of what something in a cell counts towards.
    pub(super) fn limit(&self, id: &'static str, account: &HostAccount, region: &RegionName) -> Option<u64> {
        limit_in(self.catalog, quota(id)?, account, Some(region))
    }

    /// Whether an account has room for all of this.
    pub(super) fn room(
        &self,
        account: &HostAccount,
        region: &RegionName,
        needs: &[Option<&Needs>],
    ) -> Result<(), Full> {
        let mut wanted: BTreeMap<&AccountLimit, u64> = BTreeMap::new();
        for (limit, amount) in needs.iter().copied().flatten().flat_map(|needs| &needs.of_account) {
            *wanted.entry(limit).or_default() += amount;
        }
        for (what, wanted) in wanted.into_iter().filter(|(_, wanted)| *wanted > 0) {
            let key = key(region, what);
            let used = self.used.get(account).and_then(|used| used.get(&key)).copied().unwrap_or(0);
            let limit =
                quota(what.quota).and_then(|quota| limit_in(self.catalog, quota, account, key.0.as_ref()));
            if let Some(limit) = limit.filter(|limit| used.saturating_add(wanted) > *limit) {
                return Err(Full { account: account.clone(), quota: what.quota, used, limit, wanted });
            }
        }
        Ok(())
    }

    /// Enters what somebody who goes there uses.
    pub(super) fn take(&mut self, account: &HostAccount, region: &RegionName, needs: &[Option<&Needs>]) {
        for (limit, amount) in needs.iter().copied().flatten().flat_map(|needs| &needs.of_account) {
            let used = self.used.entry(account.clone()).or_default();
            *used.entry(key(region, limit)).or_default() += amount;
        }
    }
}

fn key(region: &RegionName, limit: &AccountLimit) -> (Option<RegionName>, AccountLimit) {
    let region = (limit.scope != Scope::Account).then(|| region.clone());
    (region, limit.clone())
}
