//! Lets a network that exists grow in place.
//!
//! AWS resizes no block, so a larger `size` attaches the neighbouring blocks as secondary ones; what
//! is there stays as it is. They come out of the reserve that the tenant's headroom has kept. Where
//! that does not reach, or where more headroom is asked for later, the reserve is extended while the
//! blocks beside it are still free; nobody else moves for it, so it may be too late.
//!
//! A network that cannot grow beside itself grows by blocks from elsewhere in the pools, as far as AWS
//! lets them stand beside it, and from then on by such blocks alone.
//!
//! Headroom is counted from the block that the VPC was created with: growing uses it up.

use crate::aws::quota;
use crate::aws::vpc_blocks::{can_grow, growth_blocks, secondary_block};
use crate::blueprint::Blueprint;
use crate::catalog::{Catalog, Region};
use crate::diagnostics::{Diagnostic, Report, codes, list_of, quote};
use crate::network::{Cidr, FreeSpace};
use crate::plan::demand::Demand;
use crate::plan::lock::{Lock, Locked, Network, Owner, SubnetGroupId};
use crate::plan::moves::SAY_SO;
use crate::plan::pools::Pools;
use crate::source::Span;

/// The prefix length of the largest block of a VPC.
const LARGEST: u8 = 16;

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
    if asked > locked.value.length() {
        report.push(shrinks(demand, &locked.value, locked.line));
        return false;
    }
    let most = blocks_per_vpc(demand.catalog, owner, region, lock);
    if locked.value.elsewhere().next().is_some() {
        // What it has beside it, if it has any, would not double it any more.
        let grown = grow_elsewhere(demand, region, owner, most, lock, pools);
        if !grown {
            let attempt = Attempt { demand, region, network: &locked, target: cidr, most };
            report.push(attempt.refused("no block elsewhere is to be had".to_owned(), &extent, pools));
        }
        return grown;
    }
    let wanted = asked.min(cidr.length().saturating_sub(demand.headroom)).min(reserve.length());
    let (Some(target), Some(wider)) =
        (Cidr::containing(cidr.first(), asked), Cidr::containing(cidr.first(), wanted))
    else {
        return false;
    };
    let attempt = Attempt { demand, region, network: &locked, target, most };
    let added = attempt.blocks(&extent, &wider).and_then(|added| {
        let beside = extend(&reserve, &wider, region, pools);
        let blocked = |by: Cidr| format!("{by} beside it {}", holder(&by, demand.catalog, region, lock));
        beside.map(|()| added).map_err(blocked)
    });
    let added = match added {
        Ok(added) => added,
        Err(reason) => {
            let grown = grow_elsewhere(demand, region, owner, most, lock, pools);
            if !grown {
                report.push(attempt.refused(reason, &extent, pools));
            }
            return grown;
        }
    };
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

/// Adds what is left of the reserve, and then blocks from anywhere in the pools, each as large as what
/// the network has by then, so that it doubles as it would in place. Says whether it has what is asked for; if not, nothing changes.
fn grow_elsewhere(
    demand: &Demand<'_>,
    region: &Region,
    owner: &Owner,
    most: u64,
    lock: &mut Lock,
    pools: &mut Pools<'_>,
) -> bool {
    let Some(locked) = lock.networks.get(owner) else { return false };
    let mut network = locked.value.clone();
    let asked = demand.length.value;
    if asked == network.length() {
        // Headroom is asked for, which has no use beside a network that grows elsewhere.
        return network.elsewhere().next().is_some();
    }
    if !can_be_built(demand.blueprint) {
        return false;
    }
    let mut added = Vec::new();
    while asked < network.length() {
        let length = network.length().max(LARGEST);
        let present: Vec<Cidr> = network.blocks().collect();
        let allowed = |block: &Cidr| secondary_block(&present, block, most).is_ok();
        let extent = network.extent();
        let kept = growth_blocks(&extent, &network.reserve).into_iter().next();
        let kept = kept.filter(|block| extent.length() == network.length() && block.length() == length);
        let elsewhere = || pools.allocate_beside(demand, region, length, network.routable, allowed);
        let Some(block) = kept.filter(allowed).or_else(elsewhere) else {
            let taken = added.iter().filter(|block| !network.reserve.contains(block));
            taken.for_each(|block| pools.release(&region.name, *block));
            return false;
        };
        network.secondary.push(block);
        added.push(block);
    }
    for block in &added {
        cut(demand, owner, block, lock);
    }
    lock.networks.insert(owner.clone(), Locked::new(network));
    true
}

/// Whether the blueprint has a template for what a network grows by.
pub(super) fn can_be_built(blueprint: &Blueprint) -> bool {
    let names_blocks = |path: &Vec<String>| path.iter().any(|part| part == "further_blocks");
    blueprint.stacks.iter().any(|stack| stack.template.paths().iter().any(names_blocks))
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
        if !added.is_empty() && !can_be_built(self.demand.blueprint) {
            return Err(format!(
                "the blueprint {} has no template that loops over `network.further_blocks`",
                quote(&self.demand.blueprint.name)
            ));
        }
        Ok(added)
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
        if larger && !can_be_built(demand.blueprint) {
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

fn shrinks(demand: &Demand<'_>, network: &Network, line: Option<Span>) -> Diagnostic {
    let beside: Vec<String> = network.elsewhere().map(|block| format!(" and {block}")).collect();
    let extent = format!("{}{}", network.extent(), beside.concat());
    let error = Diagnostic::error(
        &codes::NETWORK_SIZE_CHANGED,
        format!(
            "tenant `{}` has {extent}, and its size asks for a /{}",
            demand.tenant.id.value, demand.length.value
        ),
    )
    .at(demand.length.span, "asked for here")
    .help(format!(
        "take the smaller size back: AWS resizes no block, and what is there may be in use; {SAY_SO}"
    ));
    match line {
        Some(line) => error.also(line, "what it has"),
        None => error,
    }
}

/// The quota "IPv4 CIDR blocks per VPC", with what AWS has granted beyond its default.
pub(super) fn blocks_per_vpc(catalog: &Catalog, owner: &Owner, region: &Region, lock: &Lock) -> u64 {
    const ID: &str = "ipv4-cidr-blocks-per-vpc";
    let home = match owner {
        Owner::Tenant(home) => lock.tenants.get(home).map(|home| &home.value.cell.account),
        Owner::Cell(cell) => Some(&cell.account),
    };
    let granted = home.and_then(|account| catalog.granted(ID, account, Some(&region.name)));
    granted.or(quota(ID).and_then(|quota| quota.default)).unwrap_or(0)
}
