//! Where central services stand: a VPC and a transit gateway in each Region that the catalog has a network
//! of them for, in the first account that hosts them.
//!
//! Tenants are attached by settings of their own, since a transit gateway has an id only once it is there.
//! Of the ways that the catalog knows, a transit gateway is the one that is built: peering needs a route
//! on the side of the centre for each tenant, and ends at 50 tenants a VPC (VPC quotas).

use crate::blueprint::{Blueprint, Library, Per, Settings};
use crate::catalog::{Account, Catalog, Connect, Host, Status};
use crate::diagnostics::Report;
use crate::identity::HostAccount;
use crate::plan::shape::{Pattern, Shapes};
use crate::plan::{AccountPlan, Growth};

/// The blueprint that builds it.
pub const BLUEPRINT: &str = "shared_services";

/// How many zones it spans.
const ZONES: usize = 2;

/// Whether a blueprint is that of the shared services.
pub fn is_hub(blueprint: &Blueprint) -> bool {
    blueprint.name == BLUEPRINT
}

/// The first account that hosts the shared services.
pub(super) fn central_account(catalog: &Catalog) -> Option<&Account> {
    let hosts = |account: &&Account| account.hosts.iter().any(|host| host.value == Host::SharedServices);
    catalog.accounts.iter().find(hosts)
}

/// One for each Region with a network.
pub(super) fn hubs<'c>(
    catalog: &'c Catalog,
    library: &'c Library,
    shapes: &mut Shapes<'c>,
    report: &mut Report,
) -> Vec<AccountPlan<'c>> {
    let shared = &catalog.shared_services;
    let wanted = shared
        .connect
        .as_ref()
        .is_some_and(|connect| matches!(connect.value, Connect::Auto | Connect::TransitGateway));
    let (Some(account), true) = (central_account(catalog), wanted) else { return Vec::new() };
    let settings = Settings(std::collections::BTreeMap::new());
    let mut hubs = Vec::new();
    for (region, network) in &shared.networks {
        let Ok(blueprint) = library.find(BLUEPRINT, network.span, report) else { continue };
        let pattern = Pattern {
            blueprint,
            per: Per::Account,
            settings: &settings,
            status: Status::Active,
            zones: ZONES,
            growth: Growth::default(),
            is_first_region: false,
        };
        let Some(shape) = shapes.of(pattern, network.span, report) else { continue };
        hubs.push(AccountPlan {
            per: Per::Account,
            account: HostAccount::Number(account.id.value.clone()),
            region: region.clone(),
            blueprint,
            settings: settings.clone(),
            shape,
            tenant: None,
            place: network.span,
        });
    }
    hubs
}
