//! Keeps blocks that somebody else uses from being handed out.

use std::collections::BTreeMap;

use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{AccountId, HostAccount, TenantId, VpcId};
use crate::network::Cidr;
use crate::plan::adopt::Adoption;
use crate::plan::adopt::found::{Found, Vpc};
use crate::plan::lock::{Lock, Locked, Network, Owner, Reservation, ReservationId};
use crate::yaml::Located;

/// Reserves every block of a VPC that is nobody's home, and every listed block.
pub(super) fn reserve(
    found: &Found,
    homes: &BTreeMap<&VpcId, &TenantId>,
    adoption: &mut Adoption,
    report: &mut Report,
) {
    for (id, vpc) in found.vpcs.iter().filter(|(id, _)| !homes.contains_key(id)) {
        let reservation = Reservation { account: vpc.account.clone(), reason: vpc.reason.clone() };
        let deployed = is_deployed(vpc, &adoption.lock);
        for block in &vpc.blocks {
            if deployed && !block.value.is_v4() {
                // The lock has it, or says that Amazon chose it.
                adoption.known += 1;
                continue;
            }
            one(block, Some(id), &reservation, adoption, report);
        }
    }
    for listed in &found.listed {
        let reservation = Reservation { account: None, reason: listed.reason.clone() };
        one(&listed.cidr, None, &reservation, adoption, report);
    }
}

fn one(
    block: &Located<Cidr>,
    vpc: Option<&VpcId>,
    reservation: &Reservation,
    adoption: &mut Adoption,
    report: &mut Report,
) {
    let id = ReservationId { block: block.value, vpc: vpc.cloned() };
    if adoption.lock.reserved.contains_key(&id) {
        adoption.known += 1;
        return;
    }
    let meets = |network: &Locked<Network>| network.value.claims().any(|own| own.overlaps(&block.value));
    let Some((owner, network)) = adoption.lock.networks.iter().find(|(_, network)| meets(network)) else {
        adoption.lock.reserved.insert(id, Locked::new(reservation.clone()));
        return;
    };
    if vpc.is_some() && is_home(owner, network, &block.value, reservation.account.as_ref(), &adoption.lock) {
        adoption.known += 1;
        return;
    }
    let what = vpc.map_or_else(|| "a list".to_owned(), |vpc| format!("`{vpc}`"));
    let mut error = Diagnostic::error(
        &codes::ADOPTED_BLOCK_TAKEN,
        format!("the block {} of {what} and the network of `{owner}` share addresses", block.value),
    )
    .at(block.span, "found in use");
    if let Some(line) = network.line {
        let kept = network.value.claims().find(|own| own.overlaps(&block.value));
        let kept = kept.unwrap_or(network.value.reserve);
        error = error.also(line, format!("{kept} is kept for `{owner}`"));
    }
    let anew = format!(
        "if `{owner}` is not deployed yet, delete its lines from the lock, adopt, and run `tenantry synth`"
    );
    report.push(error.help(match (owner, vpc) {
        (Owner::Tenant(tenant), Some(vpc)) if network.value.cidr == block.value => {
            format!("if this is the VPC of `{tenant}`, say `--tenant {tenant}={vpc}`; {anew}")
        }
        _ => format!("{anew}; if the two never meet, leave it out"),
    }));
}

/// Whether a VPC is what tenantry has deployed for a tenant or a cell with two stacks.
fn is_deployed(vpc: &Vpc, lock: &Lock) -> bool {
    let account = vpc.account.as_ref();
    let of = |block: &Located<Cidr>| {
        lock.networks.iter().any(|(owner, network)| {
            network.value.ipv6.is_some() && is_home(owner, network, &block.value, account, lock)
        })
    };
    vpc.blocks.iter().filter(|block| block.value.is_v4()).any(of)
}

/// Whether a VPC is what tenantry has deployed for the owner: one of its blocks, in the same account.
fn is_home(
    owner: &Owner,
    network: &Locked<Network>,
    block: &Cidr,
    account: Option<&AccountId>,
    lock: &Lock,
) -> bool {
    let cell = match owner {
        Owner::Cell(cell) => Some(cell),
        Owner::Tenant(tenant) => lock.tenants.get(tenant).map(|home| &home.value.cell),
    };
    let here = match (cell.map(|cell| &cell.account), account) {
        (Some(HostAccount::Number(home)), Some(account)) => home == account,
        _ => false,
    };
    here && network.value.blocks().any(|own| own == *block)
}
