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
        let nobody = Some(BTreeSet::new());
        let (which, change): (_, Box<dyn Fn(&mut Tenant)>) = match self.clone() {
            Edit::Add(tenant) => {
                let id = tenant.id.clone();
                if company.tenant(&id).is_some() {
                    return None;
                }
                let position = company.tenants.len() / 2;
                company.tenants.insert(position, tenant);
                return Some([id].into());
            }
            Edit::Remove(which) => {
                let position = position(company, which)?;
                return Some([company.tenants.remove(position).id].into());
            }
            Edit::Reorder(seed) => {
                let key = |tenant: &Tenant| {
                    tenant
                        .id
                        .bytes()
                        .fold(seed, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
                };
                company.tenants.sort_by_key(key);
                company.accounts.sort();
                return nobody;
            }
            Edit::MoveToFile(which, file) => {
                // Where a tenant stands in the files is nothing that anybody can see in the output.
                let position = position(company, which)?;
                company.tenants[position].file = file;
                return nobody;
            }
            Edit::RebuildTier(name, built) => {
                let tier = company.tiers.get_mut(name)?;
                tier.built = fitting(built, name);
                let of_tier =
                    company.tenants.iter().filter(|tenant| tenant.tier == name && tenant.built.is_none());
                return Some(of_tier.map(|tenant| tenant.id.clone()).collect());
            }
            Edit::AddPool(region, length) => {
                let pools = &mut company.regions[region].pools;
                if pools.len() > 3 {
                    return None;
                }
                pools.push(pool(region, pools.len(), length));
                return nobody;
            }
            Edit::AddZone(region) => {
                let region = &mut company.regions[region];
                let zone = region.spare_zones.pop()?;
                region.zones.push(zone);
                return nobody;
            }
            Edit::Reserve(region, at, length) => {
                let block = free_block(company, compiled, region, at, length)?;
                company.reserved.push((block.to_string(), "a guest network".to_owned()));
                return nobody;
            }
            Edit::AddAccountBefore => {
                if company.accounts.len() > 1 {
                    return None;
                }
                company.accounts.insert(0, "333333333333".to_owned());
                return nobody;
            }
            Edit::Rebuild(which, built) => {
                (which, Box::new(move |tenant| tenant.built = Some(fitting(built.clone(), &tenant.tier))))
            }
            Edit::TakeTiersSettings(which) => (which, Box::new(|tenant| tenant.built = None)),
            Edit::SetZones(which, zones) => {
                let position = position(company, which)?;
                let built = company.built(&company.tenants[position]).clone();
                (
                    which,
                    Box::new(move |tenant| tenant.built = Some(Built { zones, ..built.clone() }.allowed())),
                )
            }
            Edit::SetIngress(which, ranges) => {
                (which, Box::new(move |tenant| tenant.ingress.clone_from(&ranges)))
            }
            Edit::DropIngress(which, range) => (
                which,
                Box::new(move |tenant| {
                    if !tenant.ingress.is_empty() {
                        tenant.ingress.remove(range.index(tenant.ingress.len()));
                    }
                }),
            ),
            Edit::Rename(which, name) => (which, Box::new(move |tenant| tenant.name.clone_from(&name))),
            Edit::SetTag(which, center, owner) => (
                which,
                Box::new(move |tenant| {
                    tenant.tags.insert("cost-center", center.clone());
                    tenant.tags.remove("owner");
                    tenant.tags.extend(owner.clone().map(|owner| ("owner", owner)));
                }),
            ),
            Edit::SetStatus(which, status) => (which, Box::new(move |tenant| tenant.status = status)),
            Edit::ChangeTier(which, tier) => (which, Box::new(move |tenant| tenant.tier = tier.to_owned())),
        };
        let position = position(company, which)?;
        change(&mut company.tenants[position]);
        Some([company.tenants[position].id.clone()].into())
    }
}

fn position(company: &Company, which: Index) -> Option<usize> {
    (!company.tenants.is_empty()).then(|| which.index(company.tenants.len()))
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
