//! What somebody needs of the addresses: a tenant with a VPC of its own, or a cell whose tenants share one.

use crate::blueprint::{Blueprint, Owner as NetworkOwner};
use crate::catalog::{Catalog, Tenant, Tier};
use crate::identity::CellId;
use crate::plan::intent::Intent;
use crate::plan::lock::{Lock, Owner};
use crate::plan::shape;
use crate::yaml::Located;

/// One VPC that is wanted.
pub(super) struct Demand<'c> {
    pub catalog: &'c Catalog,
    pub owner: Owner,
    /// Who asks for it: of a cell the first of its tenants.
    pub tenant: &'c Tenant,
    pub tier: &'c Tier,
    pub blueprint: &'c Blueprint,
    /// Prefix length of its network, and where that is asked for.
    pub length: Located<u8>,
    pub headroom: u8,
    pub zones: usize,
}

impl<'c> Demand<'c> {
    /// None if the tenant has no VPC of its own, or if its size is unknown.
    pub(super) fn of_tenant(catalog: &'c Catalog, intent: &Intent<'c>) -> Option<Self> {
        let Intent { ref home, tenant, tier, blueprint, ref settings, ref length, .. } = *intent;
        (blueprint.network.owner == NetworkOwner::Tenant).then_some(())?;
        Some(Demand {
            catalog,
            owner: Owner::Tenant(home.clone()),
            tenant,
            tier,
            blueprint,
            length: length.clone()?,
            headroom: tenant.headroom.as_ref().map_or(tier.headroom, |headroom| headroom.value),
            zones: shape::zones(blueprint, settings),
        })
    }

    /// None if the cell has no VPC. One that exists stays as large as it is, whatever the blueprint says
    /// by now.
    pub(super) fn of_cell(
        catalog: &'c Catalog,
        cell: &CellId,
        first: &Intent<'c>,
        lock: &Lock,
    ) -> Option<Self> {
        let Intent { tenant, tier, blueprint, .. } = *first;
        let size = blueprint.network.cell_size.as_ref()?;
        let owner = Owner::Cell(cell.clone());
        let present = lock.networks.get(&owner).map(|network| network.value.cidr.length());
        Some(Demand {
            catalog,
            owner,
            tenant,
            tier,
            blueprint,
            length: Located::new(present.unwrap_or(size.value), size.span),
            headroom: 0,
            zones: shape::zones(blueprint, &first.cell_settings()),
        })
    }

    /// Whose it is, in messages.
    pub(super) fn who(&self) -> String {
        match &self.owner {
            Owner::Tenant(tenant) => format!("tenant `{tenant}`"),
            Owner::Cell(cell) => format!("the cell `{cell}`"),
        }
    }
}
