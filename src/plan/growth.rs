//! Lets a network that exists grow in place.
//!
//! AWS resizes no block, so a larger `size` attaches the neighbouring blocks as secondary ones; what
//! is there stays as it is. They come out of the reserve that the tenant's headroom has kept. Where
//! that does not reach, or where more headroom is asked for later, the reserve is extended while the
//! blocks beside it are still free; nobody else moves for it, so it may be too late.
//!
//! Headroom is counted from the block that the VPC was created with: growing uses it up.

use crate::aws::quota;
use crate::aws::vpc_blocks::{can_grow, growth_blocks, secondary_block};
use crate::catalog::{Catalog, Region};
use crate::diagnostics::{Diagnostic, Report, codes, list_of, quote};
use crate::network::{Cidr, FreeSpace};
use crate::plan::addresses::Pools;
use crate::plan::demand::Demand;
use crate::plan::lock::{Lock, Locked, Network, Owner, SubnetGroupId};
use crate::source::Span;

/// Brings a network of the lock to the size and headroom that the catalog asks for, and says
/// whether it has them.
pub(super) fn grow(
    demand: &Demand<'_>,
    region: &Region,
    owner: &Owner,
    lock: &mut Lock,
    pools: &mut Pools<'_>,
    report: &mut Report,
) -> bool {
    let Some(locked) = lock.networks.get(owner).cloned() else { return false };
    let Network { cidr, reserve, .. } = locked.value;
    let extent = locked.value.extent();
    let asked = demand.length.value;
    if asked > extent.length() {
        report.push(shrinks(demand, extent, locked.line));
        return false;
    }
    let wanted = asked.min(cidr.length().saturating_sub(demand.headroom)).min(reserve.length());
    let (Some(target), Some(wider)) =
        (Cidr::containing(cidr.first(), asked), Cidr::containing(cidr.first(), wanted))
    else {
        return false;
    };
    let most = blocks_per_vpc(demand, region, lock);
    let attempt = Attempt { demand, region, network: &locked, target, most };
    let added = match attempt.blocks(&extent, &wider) {
        Ok(added) => added,
        Err(reason) => {
            report.push(attempt.refused(reason, &extent, pools));
            return false;
        }
    };
    if let Err(blocking) = extend(&reserve, &wider, region, pools) {
        let reason = format!("{blocking} beside it {}", holder(&blocking, demand.catalog, region, lock));
        report.push(attempt.refused(reason, &extent, pools));
        return false;
    }
    if wider == reserve && added.is_empty() {
        return true;
    }
    let mut network = Network { reserve: wider, ..locked.value.clone() };
    for block in added {
        cut(demand, owner, &block, lock);
        network.secondary.push(block);
    }
    lock.networks.insert(owner.clone(), Locked::new(network));
    true
}

/// Gives every subnet group that is there its share of a block that is added.
fn cut(demand: &Demand<'_>, owner: &Owner, block: &Cidr, lock: &mut Lock) {
    let mut space = FreeSpace::new(*block, []);
    for intent in &demand.blueprint.network.subnet_groups {
        let Ok(group) = intent.name.parse() else { continue };
        let id = SubnetGroupId { owner: owner.clone(), group };
        let Some(locked) = lock.subnet_groups.get_mut(&id) else { continue };
        // Shares come to one whole at most, which loading a blueprint makes sure of.
        if let Some(part) = space.allocate(block.length() + intent.extra_bits) {
            locked.value.secondary.push(part);
            locked.line = None;
        }
    }
}

/// Takes what lies between a reserve and a wider one, all of it or nothing.
fn extend(reserve: &Cidr, wider: &Cidr, region: &Region, pools: &mut Pools<'_>) -> Result<(), Cidr> {
    let mut taken: Vec<Cidr> = Vec::new();
    for length in (wider.length()..reserve.length()).rev() {
        let parent = Cidr::containing(reserve.first(), length);
        let halves = parent.into_iter().flat_map(|parent| [0, 1].map(|half| parent.part(length + 1, half)));
        let Some(neighbour) = halves.flatten().find(|half| !half.contains(reserve)) else { continue };
        if !pools.take(&region.name, neighbour) {
            taken.into_iter().for_each(|block| pools.release(&region.name, block));
            return Err(neighbour);
        }
        taken.push(neighbour);
    }
    Ok(())
}

struct Attempt<'a> {
    demand: &'a Demand<'a>,
    region: &'a Region,
    network: &'a Locked<Network>,
    target: Cidr,
    /// How many blocks its VPC may have.
    most: u64,
}

impl Attempt<'_> {
    /// The blocks that growing adds, or why AWS would refuse one of them. Headroom that could never
    /// be used is refused too.
    fn blocks(&self, extent: &Cidr, wider: &Cidr) -> Result<Vec<Cidr>, String> {
        let network = &self.network.value;
        let mut present: Vec<Cidr> = network.blocks().collect();
        let added = growth_blocks(extent, &self.target);
        for block in &added {
            secondary_block(&present, block, self.most).map_err(|refusal| refused_by_aws(block, &refusal))?;
            present.push(*block);
        }
        if *wider != network.reserve {
            can_grow(&network.cidr, wider).map_err(|refusal| refusal.to_string())?;
        }
        if !added.is_empty() && !self.can_be_built() {
            return Err(format!(
                "the blueprint {} has no template that loops over `network.further_blocks`",
                quote(&self.demand.blueprint.name)
            ));
        }
        Ok(added)
    }

    fn can_be_built(&self) -> bool {
        let names_blocks = |path: &Vec<String>| path.iter().any(|part| part == "further_blocks");
        self.demand.blueprint.stacks.iter().any(|stack| stack.template.paths().iter().any(names_blocks))
    }

    fn refused(&self, reason: String, extent: &Cidr, pools: &mut Pools<'_>) -> Diagnostic {
        let Attempt { demand, region, network, .. } = self;
        let (id, reserve) = (&demand.tenant.id.value, network.value.reserve);
        let larger = demand.length.value < extent.length();
        let message = if larger {
            format!("tenant `{id}` has {extent} and cannot grow to a /{} in place", demand.length.value)
        } else {
            format!("tenant `{id}` has {reserve} and cannot get headroom {}", demand.headroom)
        };
        let headroom = || demand.tenant.headroom.as_ref().map_or(demand.tenant.tier.span, |one| one.span);
        let span = if larger { demand.length.span } else { headroom() };
        let mut error =
            Diagnostic::error(&codes::NO_ROOM_TO_GROW, message).at(span, "asked for here").note(reason);
        if let Some(line) = network.line {
            error = error.also(line, "what it has");
        }
        if larger && !self.can_be_built() {
            return error.help(
                "make a stack of the further blocks and subnets; `tenantry blueprint show vpc` has one called `growth`",
            );
        }
        let furthest = self.furthest(extent, region, pools);
        let sizes = demand.blueprint.network.sizes.iter();
        let fitting: Vec<&str> = sizes
            .filter(|(_, length)| (furthest.length()..extent.length()).contains(&length.value))
            .map(|(name, _)| name.as_str())
            .collect();
        let instead =
            "a tenant under a new id gets a block of any size, and the old one can leave when all has moved";
        error.help(if furthest == *extent {
            format!("take the change back: it cannot grow at all; {instead}")
        } else if larger {
            format!(
                "it can grow to {furthest}{}; {instead}",
                if fitting.is_empty() {
                    String::new()
                } else {
                    format!(", which allows {}", list_of(fitting.iter().copied()))
                }
            )
        } else {
            format!("it can have {furthest} at most")
        })
    }

    /// The largest block that it could fill, by its reserve, by what is free beside it, and by AWS.
    fn furthest(&self, extent: &Cidr, region: &Region, pools: &mut Pools<'_>) -> Cidr {
        let reserve = self.network.value.reserve;
        let present: Vec<Cidr> = self.network.value.blocks().collect();
        let mut furthest = *extent;
        for length in (8..extent.length()).rev() {
            let Some(next) = Cidr::containing(extent.first(), length) else { break };
            let mut with = present.clone();
            let by_aws = growth_blocks(extent, &next).iter().all(|block| {
                let allowed = secondary_block(&with, block, self.most).is_ok();
                with.push(*block);
                allowed
            });
            let free = reserve.contains(&next) || {
                let free = extend(&reserve, &next, region, pools);
                if free.is_ok() {
                    growth_blocks(&reserve, &next)
                        .into_iter()
                        .for_each(|block| pools.release(&region.name, block));
                }
                free.is_ok()
            };
            if !by_aws || !free {
                break;
            }
            furthest = next;
        }
        furthest
    }
}

fn refused_by_aws(block: &Cidr, refusal: &dyn std::fmt::Display) -> String {
    format!("AWS would refuse {block} as a secondary block: {refusal}")
}

/// Who has a block, or a part of it, as the end of a sentence.
fn holder(block: &Cidr, catalog: &Catalog, region: &Region, lock: &Lock) -> String {
    let here =
        |owner: &Owner, network: &Network| network.routable || lock.region_of(owner) == Some(&region.name);
    let network = lock
        .networks
        .iter()
        .find(|(owner, network)| network.value.reserve.overlaps(block) && here(owner, &network.value));
    let waiting = lock.quarantine.iter().find(|(waiting, _)| waiting.overlaps(block));
    let reserved = catalog.reserved.iter().find(|reserved| reserved.cidr.value.overlaps(block));
    if let Some((owner, network)) = network {
        format!("holds addresses of `{owner}` ({})", network.value.reserve)
    } else if let Some((waiting, by)) = waiting {
        format!("holds {waiting}, which `{}` had and which waits in quarantine", by.value.owner)
    } else if let Some(reserved) = reserved {
        format!("touches {}, reserved for {}", reserved.cidr.value, quote(reserved.reason.value.as_str()))
    } else {
        format!("lies in no pool of {}", region.name)
    }
}

fn shrinks(demand: &Demand<'_>, extent: Cidr, line: Option<Span>) -> Diagnostic {
    let error = Diagnostic::error(
        &codes::NETWORK_SIZE_CHANGED,
        format!(
            "tenant `{}` has {extent}, and its size asks for a /{}",
            demand.tenant.id.value, demand.length.value
        ),
    )
    .at(demand.length.span, "asked for here")
    .help("take the smaller size back: AWS resizes no block, and what is there may be in use");
    match line {
        Some(line) => error.also(line, "what it has"),
        None => error,
    }
}

/// The quota "IPv4 CIDR blocks per VPC", with what AWS has granted beyond its default.
fn blocks_per_vpc(demand: &Demand<'_>, region: &Region, lock: &Lock) -> u64 {
    const ID: &str = "ipv4-cidr-blocks-per-vpc";
    let home = lock.tenants.get(&demand.tenant.id.value).map(|home| &home.value.cell.account);
    let granted = home.and_then(|account| demand.catalog.granted(ID, account, Some(&region.name)));
    granted.or(quota(ID).and_then(|quota| quota.default)).unwrap_or(0)
}
