//! The register of addresses: every block that is not free, as lines.
//!
//! Goes in: a plan. Comes out: an [`Entry`] for each VPC, subnet group and subnet of a tenant or a cell, for each
//! block in quarantine, and for each block that is reserved, in the order of their addresses. The same
//! lines serve people, spreadsheets and tools; how they are printed is for the caller.

use crate::catalog::Catalog;
use crate::identity::{CellId, HomeId, ZoneId};
use crate::network::Cidr;
use crate::plan::lock::{Ipv6, Owner};
use crate::plan::{CellPlan, NetworkPlan, Plan, SubnetGroupPlan, TenantPlan};

/// One line of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub cidr: Cidr,
    pub what: What,
    /// Who has it, or had it last.
    pub tenant: Option<HomeId>,
    pub cell: Option<CellId>,
    pub zone: Option<ZoneId>,
    pub pool: Option<Cidr>,
    /// Of a VPC: the block that is kept for its growth, itself included.
    pub reserve: Option<Cidr>,
    /// Why a range is reserved.
    pub reason: Option<String>,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Vpc,
    SubnetGroup(String),
    Subnet(String),
    Quarantine,
    Reserved,
}

impl What {
    /// The word in the register.
    pub fn word(&self) -> &'static str {
        match self {
            What::Vpc => "vpc",
            What::SubnetGroup(_) => "subnet group",
            What::Subnet(_) => "subnet",
            What::Quarantine => "quarantine",
            What::Reserved => "reserved",
        }
    }

    /// The subnet group that it is or belongs to.
    pub fn group(&self) -> Option<&str> {
        match self {
            What::SubnetGroup(group) | What::Subnet(group) => Some(group),
            _ => None,
        }
    }
}

/// All lines, by address; a block comes before those inside it.
pub fn register(plan: &Plan<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = plan.tenants.iter().flat_map(|tenant| of_tenant(tenant, plan)).collect();
    entries.extend(plan.cells.iter().flat_map(of_cell));
    entries.extend(of_others(plan));
    for (block, waiting) in &plan.lock.quarantine {
        let (tenant, cell) = match &waiting.value.owner {
            Owner::Tenant(tenant) => (Some(tenant.clone()), None),
            Owner::Cell(cell) => (None, Some(cell.clone())),
        };
        let pool = pool_of(plan.catalog, block);
        entries.push(Entry { tenant, cell, pool, ..plain(*block, What::Quarantine) });
    }
    for reserved in &plan.catalog.reserved {
        let reason = Some(reserved.reason.value.to_string());
        entries.push(Entry { reason, ..plain(reserved.cidr.value, What::Reserved) });
    }
    for (id, reservation) in &plan.lock.reserved {
        let found = id.vpc.as_ref().map(|vpc| format!("{vpc}: ")).unwrap_or_default();
        let reason = Some(format!("{found}{}", reservation.value.reason));
        entries.push(Entry {
            reason,
            pool: pool_of(plan.catalog, &id.block),
            ..plain(id.block, What::Reserved)
        });
    }
    entries.sort_by(|left, right| {
        (left.cidr, &left.what, &left.tenant, &left.reason).cmp(&(
            right.cidr,
            &right.what,
            &right.tenant,
            &right.reason,
        ))
    });
    entries
}

fn plain(cidr: Cidr, what: What) -> Entry {
    Entry { cidr, what, tenant: None, cell: None, zone: None, pool: None, reserve: None, reason: None }
}

fn pool_of(catalog: &Catalog, block: &Cidr) -> Option<Cidr> {
    let regions = catalog.regions.values();
    let mut pools = regions.flat_map(|region| {
        let ipv6 = region.ipv6_pools.iter().map(|pool| pool.value);
        region.pools.iter().map(|pool| pool.value).chain(ipv6)
    });
    pools.find(|pool| pool.contains(block))
}

fn of_tenant(tenant: &TenantPlan<'_>, plan: &Plan<'_>) -> Vec<Entry> {
    let of =
        |entry: Entry| Entry { tenant: Some(tenant.home.clone()), cell: Some(tenant.cell.clone()), ..entry };
    let mut entries = tenant.network.iter().flat_map(of_network).map(of).collect::<Vec<_>>();
    if let Some(shared) = plan.cell(&tenant.cell).and_then(|cell| cell.network.as_ref()) {
        entries.extend(of_groups(&tenant.parts, shared).into_iter().map(of));
    }
    entries
}

fn of_cell(cell: &CellPlan<'_>) -> Vec<Entry> {
    let entries = cell.network.iter().flat_map(of_network);
    entries.map(|entry| Entry { cell: Some(cell.id.clone()), ..entry }).collect()
}

fn of_network(network: &NetworkPlan) -> Vec<Entry> {
    let entry = |cidr, what| Entry { pool: Some(network.pool), ..plain(cidr, what) };
    let mut entries = vec![Entry { reserve: Some(network.reserve), ..entry(network.cidr, What::Vpc) }];
    entries.extend(network.secondary.iter().map(|block| entry(*block, What::Vpc)));
    entries.extend(ipv6_of(network).into_iter().map(|(cidr, what, zone)| {
        let pool = network.ipv6.as_ref().and_then(|ipv6| ipv6.of);
        Entry { zone, pool, ..plain(cidr, what) }
    }));
    entries.extend(of_groups(&network.subnet_groups, network));
    entries
}

/// Subnet groups, and the subnets in the zones of their network.
fn of_groups(groups: &[SubnetGroupPlan], network: &NetworkPlan) -> Vec<Entry> {
    let entry = |cidr, what| Entry { pool: Some(network.pool), ..plain(cidr, what) };
    let mut entries = Vec::new();
    for group in groups {
        let first = std::iter::once((group.cidr, &group.subnets));
        for (block, subnets) in first.chain(group.further.iter().map(|block| (block.cidr, &block.subnets))) {
            entries.push(entry(block, What::SubnetGroup(group.name.clone())));
            for (subnet, zone) in subnets.iter().zip(&network.zones) {
                let what = What::Subnet(group.name.clone());
                entries.push(Entry { zone: Some(zone.clone()), ..entry(*subnet, what) });
            }
        }
    }
    entries
}

/// The IPv6 blocks of a network; none that Amazon chooses, which nobody knows before.
fn ipv6_of(network: &NetworkPlan) -> Vec<(Cidr, What, Option<ZoneId>)> {
    let Some(ipv6) = &network.ipv6 else { return Vec::new() };
    let mut blocks: Vec<_> = ipv6.source.block().map(|block| (block, What::Vpc, None)).into_iter().collect();
    for group in &ipv6.groups {
        let ranges = group.ranges.iter().filter_map(|number| ipv6.range(*number));
        blocks.extend(ranges.map(|range| (range, What::SubnetGroup(group.name.clone()), None)));
        for subnet in &group.subnets {
            let what = What::Subnet(group.name.clone());
            blocks.extend(ipv6.subnet(subnet.index).map(|cidr| (cidr, what, Some(subnet.zone.clone()))));
        }
    }
    blocks
}

/// Networks of the lock that no tenant of the plan has. Their
/// subnets are told only by group, since whether a zone is in use is a matter of the plan.
fn of_others(plan: &Plan<'_>) -> Vec<Entry> {
    let planned = |owner: &Owner| match owner {
        Owner::Tenant(id) => plan.tenants.binary_search_by(|tenant| tenant.home.cmp(id)).is_ok(),
        Owner::Cell(cell) => plan.cell(cell).is_some(),
    };
    let mut entries = Vec::new();
    for (owner, network) in plan.lock.networks.iter().filter(|(owner, _)| !planned(owner)) {
        let (tenant, cell) = match owner {
            Owner::Tenant(id) => {
                (Some(id.clone()), plan.lock.tenants.get(id).map(|home| home.value.cell.clone()))
            }
            Owner::Cell(cell) => (None, Some(cell.clone())),
        };
        let pool = pool_of(plan.catalog, &network.value.reserve);
        let entry =
            |cidr, what| Entry { tenant: tenant.clone(), cell: cell.clone(), pool, ..plain(cidr, what) };
        entries.push(Entry { reserve: Some(network.value.reserve), ..entry(network.value.cidr, What::Vpc) });
        entries.extend(network.value.secondary.iter().map(|block| entry(*block, What::Vpc)));
        let ipv6 = network.value.ipv6.and_then(Ipv6::block);
        entries.extend(
            ipv6.map(|block| Entry { pool: pool_of(plan.catalog, &block), ..entry(block, What::Vpc) }),
        );
        for (group, locked) in plan.lock.subnet_groups_of(owner) {
            let what = || What::SubnetGroup(group.as_str().to_owned());
            entries.extend(locked.value.blocks().map(|block| entry(block, what())));
        }
    }
    entries
}
