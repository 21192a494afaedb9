//! Fits a VPC that exists to the tenant that lives in it.
//!
//! A tenant's stacks say where its subnet groups lie and which slot each zone has. So the VPC must be
//! cut as the blueprint cuts one: the size of the tenant, one block for each subnet group, equal slots
//! in it, and the same slot for a zone in every group. What is cut otherwise stays a reservation.

use crate::blueprint;
use crate::catalog::{Catalog, Region};
use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::identity::{HostAccount, TenantId, VpcId};
use crate::network::Cidr;
use crate::plan::adopt::found::{Found, Vpc};
use crate::plan::adopt::{Adoption, Wishes};
use crate::plan::intent::Intent;
use crate::plan::lock::{Home, Lock, Locked, Network, Owner, Quarantined, SubnetGroupId, Zones};
use crate::plan::moves::Homes;
use crate::plan::{homes, quarantine, unknown_tenant};
use crate::source::Span;

/// What a home is fitted to.
pub(super) struct Ground<'g> {
    pub(super) found: &'g Found,
    pub(super) wishes: &'g Wishes,
    pub(super) catalog: &'g Catalog,
    pub(super) intents: &'g [Intent<'g>],
}

/// A tenant and its VPC, and what is said if they do not fit.
pub(super) struct Fit<'f> {
    pub(super) tenant: &'f TenantId,
    pub(super) vpc_id: &'f VpcId,
    pub(super) vpc: &'f Vpc,
    pub(super) intent: &'f Intent<'f>,
    pub(super) ground: &'f Ground<'f>,
}

/// Takes a VPC in as the home of a tenant.
pub(super) fn adopt(
    tenant: &TenantId,
    vpc_id: &VpcId,
    ground: &Ground<'_>,
    adoption: &mut Adoption,
    report: &mut Report,
) {
    let intent = ground.intents.iter().find(|intent| intent.is_main_of(tenant));
    let Some(intent) = intent else {
        report.push(no_tenant(tenant, ground.catalog));
        return;
    };
    let Some(vpc) = ground.found.vpcs.get(vpc_id).filter(|vpc| vpc.described) else {
        let ids = ground.found.vpcs.iter().filter(|(_, vpc)| vpc.described).map(|(id, _)| id.as_str());
        let help = match closest(vpc_id.as_str(), ids) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add the file that `aws ec2 describe-vpcs` prints for its account and Region".to_owned(),
        };
        let message = format!("no file describes `{vpc_id}`, the home of `{tenant}`");
        report.push(Diagnostic::error(&codes::UNKNOWN_VPC, message).help(help));
        return;
    };
    let fit = Fit { tenant, vpc_id, vpc, intent, ground };
    let owner = Owner::Tenant(intent.home.clone());
    if let Some(network) = adoption.lock.networks.get(&owner) {
        if vpc.blocks.first().is_some_and(|block| block.value == network.value.cidr) {
            adoption.known += 1;
        } else {
            let message = format!("it has the network {} in the lock", network.value.cidr);
            let mut error = fit.unfit(
                vpc.span,
                message,
                "an address never moves: reserve the VPC's block, and leave the tenant where it is",
            );
            if let Some(line) = network.line {
                error = error.also(line, "decided here");
            }
            report.push(error);
        }
        return;
    }
    let before = report.errors();
    // What was reserved for the VPC before it was known whose it is.
    let mut lock = adoption.lock.clone();
    lock.reserved.retain(|id, _| id.vpc.as_ref() != Some(vpc_id));
    let cell = fit.account(&lock, report);
    let network = fit.network(&lock, report);
    let cut = network.as_ref().and_then(|network| fit.cut(network, report));
    let (Some(home), Some(network), Some((groups, zones))) = (cell, network, cut) else { return };
    if report.errors() > before {
        return;
    }
    lock.tenants.insert(intent.home.clone(), Locked::new(home));
    // What is in the way has waited long enough, or it would have been told.
    lock.quarantine.retain(|block, _| !block.overlaps(&network.reserve));
    lock.networks.insert(owner.clone(), Locked::new(network));
    lock.subnet_groups.extend(
        groups
            .into_iter()
            .map(|(group, block)| (SubnetGroupId { owner: owner.clone(), group }, Locked::new(block))),
    );
    lock.zones.insert(owner, Locked::new(Zones(zones)));
    adoption.lock = lock;
}

/// Subnets and subnet groups that were named and are nowhere.
pub(super) fn check_mentions(found: &Found, wishes: &Wishes, intents: &[Intent<'_>], report: &mut Report) {
    for (id, group) in &wishes.groups {
        let Some(subnet) = found.subnets.get(id) else {
            let help = match closest(id, found.subnets.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add the file that `aws ec2 describe-subnets` prints".to_owned(),
            };
            let message = format!("no file describes the subnet {}", quote(id));
            report.push(Diagnostic::error(&codes::UNKNOWN_VPC, message).help(help));
            continue;
        };
        let home = wishes.homes.iter().find(|(_, vpc)| *vpc == subnet.vpc);
        let intent = home.and_then(|(tenant, _)| intents.iter().find(|one| one.is_main_of(tenant)));
        let known = |intent: &Intent<'_>| intent.blueprint.subnet_group(group.as_str()).is_some();
        if let Some(intent) = intent.filter(|intent| !known(intent)) {
            let groups = &intent.blueprint.network.subnet_groups;
            report.push(
                Diagnostic::error(
                    &codes::HOME_DOES_NOT_FIT,
                    format!("the blueprint `{}` has no subnet group `{group}`", intent.blueprint.name),
                )
                .help(format!("its groups are {}", list_of(groups.iter().map(|group| group.name.as_str())))),
            );
        }
    }
}

/// Why a tenant has no plan.
fn no_tenant(tenant: &TenantId, catalog: &Catalog) -> Diagnostic {
    let Some(known) = catalog.tenant(tenant) else { return unknown_tenant(catalog, tenant) };
    let message = format!("nothing is built for tenant `{tenant}`, so it can have no home");
    Diagnostic::error(&codes::HOME_DOES_NOT_FIT, message)
        .at(known.id.span, format!("its status is {}", known.status))
        .help("adopt homes of tenants that are planned or active")
}

impl Fit<'_> {
    pub(super) fn unfit(&self, place: Span, problem: impl AsRef<str>, help: impl Into<String>) -> Diagnostic {
        let message =
            format!("`{}` cannot be the home of `{}`: {}", self.vpc_id, self.tenant, problem.as_ref());
        Diagnostic::error(&codes::HOME_DOES_NOT_FIT, message).at(place, "").help(help)
    }

    pub(super) fn region(&self) -> Option<&Region> {
        self.ground.catalog.regions.get(&self.intent.tenant.region.value)
    }

    /// The home that planning gives the tenant, if the VPC belongs to that account.
    fn account(&self, lock: &Lock, report: &mut Report) -> Option<Home> {
        let mut planned = lock.clone();
        // What is wrong with the homes of others is for `plan` to tell.
        let (catalog, mut told) = (self.ground.catalog, Report::default());
        let known = Homes::identify(catalog, &mut planned, &mut told);
        homes::settle(catalog, &known, self.ground.intents, None, &mut planned, &mut told);
        let home = planned.tenants.get(&self.intent.home)?.value.clone();
        let fits = match (&home.cell.account, &self.vpc.account) {
            (HostAccount::Number(account), Some(owner)) => account == owner,
            _ => false,
        };
        if !fits {
            let owner =
                self.vpc.account.as_ref().map_or("an account that is not told", |owner| owner.as_str());
            report.push(self.unfit(
                self.vpc.span,
                format!("it belongs to {owner}, and the tenant lives in {}", home.cell.account),
                "name the VPC's account as `account` of the tenant or its tier",
            ));
        }
        fits.then_some(home)
    }

    /// The block of the VPC and what is kept beside it, if the catalog has a place for it.
    fn network(&self, lock: &Lock, report: &mut Report) -> Option<Network> {
        let block = match self.vpc.blocks.as_slice() {
            [block] => block,
            [_, others @ ..] if others.iter().all(|other| !other.value.is_v4()) => {
                let list: Vec<String> = others.iter().map(|block| block.value.to_string()).collect();
                let problem = format!("it has the IPv6 addresses {}", list.join(", "));
                report.push(self.unfit(
                    self.vpc.span,
                    problem,
                    "leave it reserved: only a VPC without IPv6 can be adopted, and its tenant can get IPv6 later",
                ));
                return None;
            }
            blocks => {
                let list: Vec<String> = blocks.iter().map(|block| block.value.to_string()).collect();
                let problem = format!("it has the blocks {}, and a home has one", list.join(", "));
                report.push(self.unfit(
                    self.vpc.span,
                    problem,
                    "leave it reserved; several blocks cannot be adopted",
                ));
                return None;
            }
        };
        if self.intent.blueprint.network.owner != blueprint::Owner::Tenant {
            let problem =
                format!("the blueprint `{}` gives a tenant no VPC of its own", self.intent.blueprint.name);
            report.push(self.unfit(block.span, problem, "adopt homes of tenants that have a VPC each"));
            return None;
        }
        let length = self.intent.length.as_ref()?.value;
        if block.value.length() != length {
            let problem =
                format!("it is a /{}, and the tenant's size asks for a /{length}", block.value.length());
            let sizes = self.intent.blueprint.network.sizes.iter();
            let fitting: Vec<&str> = sizes
                .filter(|(_, size)| size.value == block.value.length())
                .map(|(name, _)| name.as_str())
                .collect();
            report.push(self.unfit(
                block.span,
                problem,
                match fitting.first() {
                    Some(size) => format!("set `size: {size}` for the tenant"),
                    None => "add this size to the blueprint's `sizes`, and name it in the catalog".to_owned(),
                },
            ));
            return None;
        }
        let tenant = self.intent.tenant;
        let headroom = tenant.headroom.as_ref().map_or(self.intent.tier.headroom, |headroom| headroom.value);
        let mut reserve = block.value;
        for _ in 0..headroom {
            reserve = reserve.parent()?;
        }
        let problem = self.in_the_way(&reserve, lock)?;
        match problem {
            None => Some(Network::with_reserve(block.value, reserve)),
            Some((problem, help)) => {
                report.push(self.unfit(block.span, problem, help));
                None
            }
        }
    }

    /// What keeps the tenant from having a block, and what to do about it.
    #[expect(clippy::option_option, reason = "no Region is told by whoever read the catalog")]
    fn in_the_way(&self, reserve: &Cidr, lock: &Lock) -> Option<Option<(String, String)>> {
        let region = self.region()?;
        let catalog = self.ground.catalog;
        let meets = catalog.shared_services.meet();
        let pool = region.pools.iter().find(|pool| pool.value.contains(reserve));
        if pool.is_some_and(|pool| !pool.serves(self.intent.tier, meets)) {
            return Some(Some((
                format!("{reserve} lies in a pool of {} that is not for its tier", region.name),
                "let the pool serve the tier, or leave the VPC reserved".to_owned(),
            )));
        }
        if pool.is_none() {
            return Some(Some((
                format!("{reserve} lies in no pool of {}", region.name),
                format!("add `{reserve}`, or a larger block, to the Region's `pools`"),
            )));
        }
        if let Some(reserved) = catalog.reserved.iter().find(|reserved| reserved.cidr.value.overlaps(reserve))
        {
            return Some(Some((
                format!(
                    "{reserve} meets the reserved range {} ({})",
                    reserved.cidr.value, reserved.reason.value
                ),
                "cut the block out of the reserved range".to_owned(),
            )));
        }
        let claims = lock.networks.iter().flat_map(|(owner, network)| {
            network.value.claims().map(move |block| (block, format!("the network of `{owner}`")))
        });
        let taken = claims.into_iter().find(|(block, _)| block.overlaps(reserve));
        let waits = |waiting: &Quarantined| !quarantine::is_over(waiting, catalog, self.ground.wishes.as_of);
        let waiting =
            lock.quarantine.iter().find(|(block, last)| block.overlaps(reserve) && waits(&last.value));
        let waiting =
            waiting.map(|(block, last)| (*block, format!("the quarantined block of `{}`", last.value.owner)));
        let found =
            lock.reservation_over(reserve).map(|(id, _)| (id.block, format!("the reservation `{id}`")));
        Some(taken.or(waiting).or(found).map(|(block, holder)| {
            (
                format!("{reserve} meets {block}, {holder}"),
                "ask for less `headroom`, or take the other one's lines out of the lock if nothing of it is deployed"
                    .to_owned(),
            )
        }))
    }
}
