//! Edits that people make to catalogs, and which tenants each one names.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use tenantry::network::Cidr;

use crate::company::{Built, Company, Tenant};
use crate::compiled::Compiled;
use crate::random::{built, cost_center, display_name, ingress, pool, tenant};

#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// One that has been there before comes again if the id says so.
    Add(Tenant),
    Remove(Index),
    Reorder(u64),
    MoveToFile(Index, u8),
    Rebuild(Index, Built),
    TakeTiersSettings(Index),
    SetZones(Index, u8),
    SetIngress(Index, Vec<String>),
    DropIngress(Index, Index),
    Rename(Index, String),
    SetTag(Index, String, Option<String>),
    SetStatus(Index, &'static str),
    ChangeTier(Index, &'static str),
    RebuildTier(&'static str, Built),
    AddPool(usize, u8),
    AddZone(usize),
    Reserve(usize, Index, u8),
    AddAccountBefore,
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let which = any::<Index>;
    let tier = || select(vec!["small", "grown", "steady", "large"]);
    prop_oneof![
        6 => tenant().prop_map(Edit::Add),
        3 => which().prop_map(Edit::Remove),
        1 => any::<u64>().prop_map(Edit::Reorder),
        1 => (which(), 0..3u8).prop_map(|(tenant, file)| Edit::MoveToFile(tenant, file)),
        2 => (which(), built()).prop_map(|(tenant, built)| Edit::Rebuild(tenant, built)),
        1 => which().prop_map(Edit::TakeTiersSettings),
        2 => (which(), 1..=3u8).prop_map(|(tenant, zones)| Edit::SetZones(tenant, zones)),
        2 => (which(), ingress()).prop_map(|(tenant, ranges)| Edit::SetIngress(tenant, ranges)),
        1 => (which(), which()).prop_map(|(tenant, range)| Edit::DropIngress(tenant, range)),
        1 => (which(), display_name()).prop_map(|(tenant, name)| Edit::Rename(tenant, name)),
        1 => (which(), cost_center(), prop::option::of("zqo[a-z]{3}@ops"))
            .prop_map(|(tenant, center, owner)| Edit::SetTag(tenant, center, owner)),
        1 => (which(), select(vec!["planned", "active", "suspended", "retired"]))
            .prop_map(|(tenant, status)| Edit::SetStatus(tenant, status)),
        1 => (which(), tier()).prop_map(|(tenant, tier)| Edit::ChangeTier(tenant, tier)),
        1 => (tier(), built()).prop_map(|(tier, built)| Edit::RebuildTier(tier, built)),
        1 => (0..3usize, select(vec![16u8, 20, 22])).prop_map(|(region, length)| Edit::AddPool(region, length)),
        1 => (0..3usize).prop_map(Edit::AddZone),
        1 => (0..3usize, which(), 22..=26u8).prop_map(|(region, at, length)| Edit::Reserve(region, at, length)),
        1 => Just(Edit::AddAccountBefore),
    ]
}

impl Edit {
    /// Makes the edit and says which tenants it names; `None` where there is nothing to be edited.
    pub(crate) fn apply(&self, company: &mut Company, compiled: &Compiled) -> Option<BTreeSet<String>> {
        let Some(which) = self.which() else { return self.change_company(company, compiled) };
        if company.tenants.is_empty() {
            return None;
        }
        let position = which.index(company.tenants.len());
        if matches!(self, Edit::Remove(_)) {
            return Some([company.tenants.remove(position).id].into());
        }
        let built = company.built(&company.tenants[position]).clone();
        let tenant = &mut company.tenants[position];
        self.change_tenant(tenant, built);
        // Where a tenant stands in the files is nothing that anybody can see in the output.
        let named = !matches!(self, Edit::MoveToFile(..));
        Some(named.then(|| tenant.id.clone()).into_iter().collect())
    }

    /// The tenant that is edited, if it is one.
    fn which(&self) -> Option<Index> {
        match self {
            Edit::Remove(which)
            | Edit::MoveToFile(which, _)
            | Edit::Rebuild(which, _)
            | Edit::TakeTiersSettings(which)
            | Edit::SetZones(which, _)
            | Edit::SetIngress(which, _)
            | Edit::DropIngress(which, _)
            | Edit::Rename(which, _)
            | Edit::SetTag(which, _, _)
            | Edit::SetStatus(which, _)
            | Edit::ChangeTier(which, _) => Some(*which),
            _ => None,
        }
    }

    fn change_tenant(&self, tenant: &mut Tenant, built: Built) {
        match self {
            Edit::MoveToFile(_, file) => tenant.file = *file,
            Edit::Rebuild(_, built) => tenant.built = Some(fitting(built.clone(), &tenant.tier)),
            Edit::TakeTiersSettings(_) => tenant.built = None,
            Edit::SetZones(_, zones) => tenant.built = Some(Built { zones: *zones, ..built }.allowed()),
            Edit::SetIngress(_, ranges) => tenant.ingress.clone_from(ranges),
            Edit::DropIngress(_, range) if !tenant.ingress.is_empty() => {
                tenant.ingress.remove(range.index(tenant.ingress.len()));
            }
            Edit::Rename(_, name) => tenant.name.clone_from(name),
            Edit::SetTag(_, center, owner) => {
                tenant.tags.insert("cost-center", center.clone());
                tenant.tags.remove("owner");
                tenant.tags.extend(owner.clone().map(|owner| ("owner", owner)));
            }
            Edit::SetStatus(_, status) => tenant.status = status,
            Edit::ChangeTier(_, tier) => (*tier).clone_into(&mut tenant.tier),
            _ => {}
        }
    }

    fn change_company(&self, company: &mut Company, compiled: &Compiled) -> Option<BTreeSet<String>> {
        match self {
            Edit::Add(tenant) => {
                if company.tenant(&tenant.id).is_some() {
                    return None;
                }
                company.tenants.insert(company.tenants.len() / 2, tenant.clone());
                return Some([tenant.id.clone()].into());
            }
            Edit::RebuildTier(name, built) => {
                company.tiers.get_mut(*name)?.built = fitting(built.clone(), name);
                let named =
                    company.tenants.iter().filter(|tenant| tenant.tier == *name && tenant.built.is_none());
                return Some(named.map(|tenant| tenant.id.clone()).collect());
            }
            Edit::Reorder(seed) => {
                let mixed = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
                company.tenants.sort_by_key(|tenant| tenant.id.bytes().fold(*seed, mixed));
                company.accounts.sort();
                company
                    .regions
                    .iter_mut()
                    .for_each(|region| region.zones.sort_by_key(|zone| mixed(*seed, *zone)));
            }
            Edit::AddPool(region, length) => {
                let pools = &mut company.regions[*region].pools;
                // Each Region has room for four in what the tests give it.
                let slot = Some(pools.len()).filter(|slot| *slot < 4)?;
                pools.push(pool(*region, slot, *length));
            }
            Edit::AddZone(region) => {
                let region = &mut company.regions[*region];
                let zone = region.spare_zones.pop()?;
                region.zones.push(zone);
            }
            Edit::Reserve(region, at, length) => {
                let block = free_block(company, compiled, *region, *at, *length)?;
                company.reserved.push((block.to_string(), "a guest network".to_owned()));
            }
            Edit::AddAccountBefore if company.accounts.len() == 1 => {
                company.accounts.insert(0, "333333333333".to_owned());
            }
            _ => return None,
        }
        Some(BTreeSet::new())
    }
}

fn fitting(built: Built, tier: &str) -> Built {
    if tier == "small" { Built { load_balancer: false, ..built } } else { built }
}

/// A block of a Region's pools that nobody has and that is not reserved.
fn free_block(company: &Company, compiled: &Compiled, region: usize, at: Index, length: u8) -> Option<Cidr> {
    let pools = &company.regions[region].pools;
    let pool: Cidr = pools[at.index(pools.len())].parse().ok()?;
    let mut taken: Vec<Cidr> = compiled.quarantine().into_iter().map(|(block, _)| block).collect();
    for line in compiled.lock.lines().filter(|line| line.starts_with("network ")) {
        let block = line.rsplit_once("reserve: ").or(line.rsplit_once("cidr: "))?.1.trim_end_matches(" }");
        taken.push(block.parse().ok()?);
    }
    taken.extend(company.reserved.iter().filter_map(|(block, _)| block.parse::<Cidr>().ok()));
    let parts = length.checked_sub(pool.length()).filter(|bits| *bits > 0)?;
    let first = at.index(1 << parts) as u32;
    (0..64u32)
        .filter_map(|step| pool.part(length, (first + step) % (1 << parts)))
        .find(|block| !taken.iter().any(|other| other.overlaps(block)))
}
