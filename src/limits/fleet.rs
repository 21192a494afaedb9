//! Adds up what all stacks use: of every limit in every account and Region, and of every limit of one
//! thing (a VPC, a security group, a load balancer) the thing that uses most.
//!
//! Accounts share no limit, so that each is added up on its own. In an account, what no tenant owns
//! comes first and then the tenants by id: the first tenant that does not fit is the first by id.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::aws::{Quota, quota};
use crate::identity::{CellId, HomeId, HostAccount, RegionName};
use crate::limits::reference::Reference;
use crate::limits::template::{Side, TemplateCount};

/// A stack, as far as it uses limits.
#[derive(Clone, Debug)]
pub struct StackUse<'s> {
    pub name: &'s str,
    /// Its name in the blueprint.
    pub stack: &'s str,
    pub account: &'s HostAccount,
    pub region: &'s RegionName,
    /// None: it is shared.
    pub tenant: Option<&'s HomeId>,
    /// None: an account or the organization has it once, however many tenants there are.
    pub cell: Option<&'s CellId>,
    /// The template's path in the output tree.
    pub path: &'s str,
    pub template: &'s TemplateCount,
    pub parameters: &'s BTreeMap<String, String>,
}

/// How much of a limit is used in one place.
#[derive(Clone, Debug)]
pub struct Use {
    pub quota: &'static Quota,
    pub account: HostAccount,
    /// None: the limit is that of the whole account.
    pub region: Option<RegionName>,
    /// Whose limit it is, where that is not the account or the Region.
    pub holder: Option<Holder>,
    pub used: u64,
    /// More may be used: a parameter says how much, and is no number.
    pub at_least: bool,
    /// How many tenants use it.
    pub tenants: u64,
    /// How many tenants there are where the limit holds, whether they use it or not.
    pub population: u64,
    /// What is used however many tenants there are.
    pub fixed: u64,
    /// The first tenant that goes beyond the limit; none where the shared part alone does.
    pub first_over: Option<HomeId>,
    /// How many things of this kind are beyond their limit.
    pub over: u64,
}

/// Whose limit it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Zone(String),
    /// A resource of a stack: a VPC, a security group. One outside of all stacks has none.
    Resource {
        stack: Option<String>,
        id: String,
        side: Side,
    },
    /// A template, or one resource of it.
    Template {
        path: String,
        part: Option<String>,
    },
}

/// The limits as they hold: by quota, account and Region.
pub(super) type Limits<'l> =
    &'l (dyn Fn(&'static Quota, &HostAccount, Option<&RegionName>) -> Option<u64> + Sync);

/// All uses, in the order of accounts and quotas.
pub(super) fn add_up<'s>(stacks: &[StackUse<'s>], limits: Limits<'_>) -> Vec<Use> {
    let mut accounts: BTreeMap<&HostAccount, Vec<&StackUse<'s>>> = BTreeMap::new();
    for stack in stacks {
        accounts.entry(stack.account).or_default().push(stack);
    }
    let accounts: Vec<_> = accounts.into_iter().collect();
    let uses = accounts.into_par_iter().map(|(account, mut stacks)| {
        stacks.sort_by_key(|stack| (stack.tenant, stack.name));
        Account::new(account, stacks, limits).add_up()
    });
    uses.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// The stacks of one account.
pub(super) struct Account<'a, 's> {
    account: &'s HostAccount,
    /// By tenant.
    pub(super) stacks: Vec<&'a StackUse<'s>>,
    by_name: BTreeMap<(&'s RegionName, &'s str), usize>,
    limits: Limits<'a>,
}

/// A sum, and who brought it beyond the limit.
#[derive(Clone, Debug, Default)]
struct Sum<'s> {
    used: u64,
    fixed: u64,
    at_least: bool,
    tenants: u64,
    last: Option<&'s HomeId>,
    first_over: Option<&'s HomeId>,
}

impl<'s> Sum<'s> {
    /// `fixed`: whether this is there without any tenant.
    fn add(&mut self, amount: Option<u64>, stack: &StackUse<'s>, fixed: bool, limit: Option<u64>) {
        let Some(amount) = amount else {
            self.at_least = true;
            return;
        };
        let fitted = limit.is_none_or(|limit| self.used <= limit);
        self.used = self.used.saturating_add(amount);
        if fixed {
            self.fixed = self.fixed.saturating_add(amount);
        }
        if amount > 0 && stack.tenant.is_some() && self.last != stack.tenant {
            self.tenants += 1;
            self.last = stack.tenant;
        }
        if fitted && limit.is_some_and(|limit| self.used > limit) {
            self.first_over = stack.tenant;
        }
    }
}

/// A sum and its limit.
type Limited<'s> = (Sum<'s>, Option<u64>);

/// A resource that limits speak of: the stack's position and the logical id. What stands outside of
/// all stacks has no position.
pub(super) type Thing<'s> = (Option<usize>, &'s str);

/// A part of what a thing uses.
pub(super) struct Part<'s> {
    region: &'s RegionName,
    pub(super) quota: &'static str,
    pub(super) side: Side,
    pub(super) thing: Thing<'s>,
    /// The position of the stack that adds it.
    pub(super) by: usize,
    pub(super) amount: Option<u64>,
    /// What is there once, however many parts there are.
    pub(super) once: u64,
}

impl<'a, 's> Account<'a, 's> {
    pub(super) fn new(account: &'s HostAccount, stacks: Vec<&'a StackUse<'s>>, limits: Limits<'a>) -> Self {
        let by_name = stacks
            .iter()
            .enumerate()
            .map(|(position, stack)| ((stack.region, stack.name), position))
            .collect();
        Account { account, stacks, by_name, limits }
    }

    fn add_up(&self) -> Vec<Use> {
        let mut uses = self.totals();
        uses.extend(self.zones());
        uses.extend(self.things());
        uses.extend(self.peaks());
        uses.sort_by(|left, right| (&left.region, &left.quota.id).cmp(&(&right.region, &right.quota.id)));
        uses
    }

    fn limit(&self, quota: &'static Quota, region: Option<&RegionName>) -> Option<u64> {
        (self.limits)(quota, self.account, region)
    }

    /// Of the limits of the account and of its Regions.
    fn totals(&self) -> Vec<Use> {
        let mut sums: BTreeMap<(&'static str, Option<&'s RegionName>), Limited<'s>> = BTreeMap::new();
        for stack in &self.stacks {
            let fixed = stack.template.totals.iter().map(|(id, amount)| (*id, Some(*amount)));
            let computed =
                stack.template.computed.iter().map(|(id, amount)| (*id, amount.in_stack(stack.parameters)));
            for (id, amount) in fixed.chain(computed) {
                let Some(quota) = quota(id) else { continue };
                let region = is_regional(quota).then_some(stack.region);
                let (sum, limit) =
                    sums.entry((id, region)).or_insert_with(|| (Sum::default(), self.limit(quota, region)));
                sum.add(amount, stack, stack.cell.is_none(), *limit);
            }
        }
        let uses = sums.into_iter().filter_map(|((id, region), (sum, limit))| {
            Some(self.usage(quota(id)?, region, None, sum, limit))
        });
        uses.collect()
    }

    /// Of the limits of a zone: the zone that uses most.
    fn zones(&self) -> Vec<Use> {
        let mut sums: BTreeMap<(&'static str, &'s RegionName, String), Limited<'s>> = BTreeMap::new();
        for (position, stack) in self.stacks.iter().enumerate() {
            for (id, subnet, amount) in &stack.template.in_zones {
                let Some(quota) = quota(id) else { continue };
                let zone = self.zone(subnet, position);
                let (sum, limit) = sums
                    .entry((id, stack.region, zone.to_owned()))
                    .or_insert_with(|| (Sum::default(), self.limit(quota, Some(stack.region))));
                sum.add(amount.in_stack(stack.parameters), stack, stack.cell.is_none(), *limit);
            }
        }
        let mut fullest: BTreeMap<(&'static str, &'s RegionName), Use> = BTreeMap::new();
        for ((id, region, zone), (sum, limit)) in sums {
            let Some(quota) = quota(id) else { continue };
            let one = self.usage(quota, Some(region), Some(Holder::Zone(zone)), sum, limit);
            keep_fullest(&mut fullest, (id, region), one);
        }
        fullest.into_values().collect()
    }

    /// Of the limits of a VPC, a group, a load balancer: the one that uses most.
    fn things(&self) -> Vec<Use> {
        let mut parts = self.parts();
        let key = |part: &Part<'s>| (part.region, part.quota, part.side, part.thing);
        parts.sort_by_key(|part| (key(part), part.by));
        let mut fullest: BTreeMap<(&'static str, &'s RegionName), Use> = BTreeMap::new();
        for parts in parts.chunk_by(|left, right| key(left) == key(right)) {
            let Some(first) = parts.first() else { continue };
            let Some(quota) = quota(first.quota) else { continue };
            let limit = self.limit(quota, Some(first.region));
            let once = parts.iter().map(|part| part.once).max().unwrap_or(0);
            let mut sum = Sum { used: once, fixed: once, ..Sum::default() };
            for part in parts {
                let stack = self.stacks[part.by];
                sum.add(part.amount, stack, stack.tenant.is_none(), limit);
            }
            let (at, id) = first.thing;
            let stack = at.map(|at| self.stacks[at].name.to_owned());
            let holder = Holder::Resource { stack, id: id.to_owned(), side: first.side };
            let one = self.usage(quota, Some(first.region), Some(holder), sum, limit);
            keep_fullest(&mut fullest, (first.quota, first.region), one);
        }
        fullest.into_values().collect()
    }

    pub(super) fn parts(&self) -> Vec<Part<'s>> {
        let mut parts = Vec::new();
        for (by, stack) in self.stacks.iter().enumerate() {
            let held = stack.template.held.iter().map(|((quota, side, reference), tally)| {
                (*quota, *side, reference, Some(tally.sum), tally.once)
            });
            let computed = stack.template.held_computed.iter().map(|(quota, reference, amount)| {
                (*quota, Side::Whole, reference, amount.in_stack(stack.parameters), 0)
            });
            for (quota, side, reference, amount, once) in held.chain(computed) {
                let thing = self.whole(self.resolve(reference, by, 0));
                parts.push(Part { region: stack.region, quota, side, thing, by, amount, once });
            }
        }
        parts
    }

    /// Of the limits of one resource or one template: the one that uses most.
    fn peaks(&self) -> Vec<Use> {
        let mut templates: BTreeMap<(&'s RegionName, &'s str), &StackUse<'s>> = BTreeMap::new();
        for stack in &self.stacks {
            templates.entry((stack.region, stack.path)).or_insert(stack);
        }
        let mut fullest: BTreeMap<(&'static str, &'s RegionName), Use> = BTreeMap::new();
        for ((region, path), stack) in templates {
            for (id, (used, part)) in stack.template.peaks.iter().filter(|(_, (used, _))| *used > 0) {
                let Some(quota) = quota(id) else { continue };
                let limit = self.limit(quota, Some(region));
                let mut sum = Sum { fixed: *used, ..Sum::default() };
                sum.add(Some(*used), stack, false, limit);
                let holder = Holder::Template { path: path.to_owned(), part: part.clone() };
                keep_fullest(
                    &mut fullest,
                    (id, region),
                    self.usage(quota, Some(region), Some(holder), sum, limit),
                );
            }
        }
        fullest.into_values().collect()
    }

    /// The tenants of the account, or of one of its Regions. The stacks are sorted by tenant.
    fn population(&self, region: Option<&RegionName>) -> u64 {
        let here = self.stacks.iter().filter(|stack| region.is_none_or(|region| stack.region == region));
        let mut tenants: Vec<_> = here.filter_map(|stack| stack.tenant).collect();
        tenants.dedup();
        tenants.len() as u64
    }

    fn usage(
        &self,
        quota: &'static Quota,
        region: Option<&RegionName>,
        holder: Option<Holder>,
        sum: Sum<'s>,
        limit: Option<u64>,
    ) -> Use {
        let Sum { used, fixed, at_least, tenants, first_over, .. } = sum;
        let population = match &holder {
            None | Some(Holder::Zone(_)) => self.population(region),
            Some(_) => tenants,
        };
        let over = u64::from(limit.is_some_and(|limit| used > limit));
        Use {
            quota,
            account: self.account.clone(),
            region: region.cloned(),
            holder,
            used,
            at_least,
            tenants,
            population,
            fixed,
            first_over: first_over.cloned(),
            over,
        }
    }

    /// The zone that a subnet is in, as a stack refers to it.
    pub(super) fn zone(&self, subnet: &'s Reference, position: usize) -> &'a str
    where
        's: 'a,
    {
        let (at, subnet) = self.resolve(subnet, position, 0);
        let zone = at.and_then(|at| {
            let at = self.stacks[at];
            at.template.zones.get(subnet)?.in_stack(at.parameters)
        });
        zone.unwrap_or("an unknown zone")
    }

    /// The resource that a reference of a stack leads to, through outputs of other stacks.
    fn resolve(&self, reference: &'s Reference, position: usize, depth: usize) -> Thing<'s> {
        const DEEPEST: usize = 8;
        let stack = self.stacks[position];
        match reference {
            Reference::Own(id) => (Some(position), id),
            Reference::Outside(value) => {
                (None, value.in_stack(stack.parameters).unwrap_or("something unknown"))
            }
            Reference::Imported { stack: name, output } => {
                let named = name.in_stack(stack.parameters);
                let found = named.and_then(|name| self.by_name.get(&(stack.region, name)));
                let exported = found
                    .and_then(|at| Some((*at, self.stacks[*at].template.outputs.get(output)?)))
                    .filter(|_| depth < DEEPEST);
                match exported {
                    Some((at, reference)) => self.resolve(reference, at, depth + 1),
                    None => (None, output),
                }
            }
        }
    }

    /// What a resource is part of, if it is.
    fn whole(&self, thing: Thing<'s>) -> Thing<'s> {
        let of = |(at, id): Thing<'s>| {
            let at = at?;
            Some(self.resolve(self.stacks[at].template.wholes.get(id)?, at, 0))
        };
        of(thing).unwrap_or(thing)
    }
}

fn keep_fullest<'s>(
    fullest: &mut BTreeMap<(&'static str, &'s RegionName), Use>,
    key: (&'static str, &'s RegionName),
    one: Use,
) {
    match fullest.get_mut(&key) {
        None => _ = fullest.insert(key, one),
        Some(known) => {
            let over = known.over + one.over;
            let at_least = known.at_least || one.at_least;
            if one.used > known.used {
                *known = one;
            }
            (known.over, known.at_least) = (over, at_least);
        }
    }
}

pub(super) fn is_regional(quota: &Quota) -> bool {
    !matches!(quota.scope.as_str(), "per-account" | "per-organization" | "per-payer-account")
}
