//! Which cells may still know of tenants that have retired.

use crate::catalog::Status;
use crate::identity::TenantId;
use crate::plan::{CellPlan, Plan};

impl<'c> Plan<'c> {
    /// Every cell that a retired tenant may have lived in. The lock forgets a home when it goes, so these are
    /// all cells of the blueprint in the Region.
    pub fn departures(&self) -> impl Iterator<Item = (&CellPlan<'c>, &'c TenantId)> {
        let retired = self.catalog.homes().filter(|home| home.status == Status::Retired);
        let of_tiers = retired.filter_map(|home| Some((home, self.catalog.tier_of(home)?)));
        of_tiers.flat_map(|(home, tier)| {
            let may_have = move |cell: &&CellPlan<'c>| {
                cell.id.region == home.region.value && cell.blueprint.name == tier.blueprint_name()
            };
            self.cells.iter().filter(may_have).map(|cell| (cell, &home.id.value))
        })
    }
}
