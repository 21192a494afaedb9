//! In which wave each stack is deployed, and what it waits for beyond its own blueprint: tenants are not
//! alone where two homes share a host name, nor where AWS makes accounts.

use std::collections::BTreeMap;

use crate::blueprint::Symbol;
use crate::identity::{HostAccount, TenantId};
use crate::plan::Unit;
use crate::synth::bind::BoundStack;

/// "Number of member accounts you can create concurrently" (AWS Organizations, quotas).
const ACCOUNTS_AT_ONCE: usize = 5;

/// Adds what stacks of different units wait for, and puts all into waves.
pub(super) fn settle(stacks: &mut [BoundStack<'_>]) {
    let handovers = handovers(stacks);
    let lanes = lanes(stacks);
    for (later, earlier) in handovers.into_iter().chain(lanes) {
        let name = stacks[earlier].name.clone();
        let names = &mut stacks[later].depends_on;
        if let Err(at) = names.binary_search(&name) {
            names.insert(at, name);
        }
    }
    let waves = waves(stacks);
    for (stack, wave) in stacks.iter_mut().zip(waves) {
        stack.wave = wave;
    }
}

/// Of the homes of one tenant, the one that has its own host name claims it after the others have let go of
/// it: two records of one name cannot stand beside each other. It is so in every run, since no file says who
/// had the name before.
fn handovers(stacks: &[BoundStack<'_>]) -> Vec<(usize, usize)> {
    let mut named: BTreeMap<&TenantId, Vec<(usize, bool)>> = BTreeMap::new();
    for (at, stack) in stacks.iter().enumerate() {
        let Unit::Tenant(tenant) = stack.unit else { continue };
        if stack.template.symbols.contains(&Symbol::TenantHost) {
            let owns = tenant.host_label == tenant.home.tenant.as_str();
            named.entry(&tenant.home.tenant).or_default().push((at, owns));
        }
    }
    let mut found = Vec::new();
    for homes in named.values() {
        for (later, _) in homes.iter().filter(|(_, owns)| *owns) {
            let others = homes.iter().filter(|(_, owns)| !owns);
            found.extend(others.map(|(earlier, _)| (*later, *earlier)));
        }
    }
    found
}

/// Accounts that have no number yet, each waiting for the one that is five places before it.
fn lanes(stacks: &[BoundStack<'_>]) -> Vec<(usize, usize)> {
    let is_new = |stack: &BoundStack<'_>| {
        matches!(stack.unit.home().0, HostAccount::Of(_)) && stack.template.makes_an_account()
    };
    let mut new: Vec<usize> = (0..stacks.len()).filter(|at| is_new(&stacks[*at])).collect();
    new.sort_by_key(|at| &stacks[*at].name);
    new.iter().zip(new.iter().skip(ACCOUNTS_AT_ONCE)).map(|(earlier, later)| (*later, *earlier)).collect()
}

/// One more than the last wave of what a stack waits for.
fn waves(stacks: &[BoundStack<'_>]) -> Vec<usize> {
    let place: BTreeMap<&str, usize> =
        stacks.iter().enumerate().map(|(at, stack)| (stack.name.as_str(), at)).collect();
    let mut waves = vec![0; stacks.len()];
    let mut open: Vec<usize> = (0..stacks.len()).collect();
    while let Some(&at) = open.last() {
        let waits = stacks[at].depends_on.iter().filter_map(|name| place.get(name.as_str()));
        let unknown: Vec<usize> = waits.clone().copied().filter(|other| waves[*other] == 0).collect();
        if unknown.is_empty() || waves[at] > 0 {
            waves[at] = 1 + waits.map(|other| waves[*other]).max().unwrap_or(0);
            open.pop();
        } else {
            open.extend(unknown);
        }
    }
    waves
}
