//! The slots of the ranges of a tenant's allow-list. What the lock says stays.

use std::collections::BTreeMap;

use crate::catalog::Tenant;
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::HomeId;
use crate::network::Cidr;
use crate::network::cover::merged;
use crate::plan::lock::{IngressSlots, Lock, Locked};

/// Keeps a slot for every range of a tenant's allow-list, so that taking one range out never moves
/// another: a rule of a security group cannot change its range in place, and the rule that it would
/// become may still exist under another name. Ranges that touch or overlap are the blocks that they
/// make together, since every range is a rule.
///
/// `dual`: its network has IPv6 addresses too.
pub(super) fn settle(
    home: &HomeId,
    tenant: &Tenant,
    dual: bool,
    lock: &mut Lock,
    report: &mut Report,
) -> BTreeMap<u32, Cidr> {
    let id = &tenant.id.value;
    let mut wanted = merged(&tenant.ingress.iter().map(|range| range.value).collect());
    if wanted.is_empty() {
        wanted.extend(Cidr::v4(0, 0));
        wanted.extend(Cidr::v6(0, 0).filter(|_| dual));
    }
    for range in tenant.ingress.iter().filter(|range| !dual && !range.value.is_v4()) {
        report.push(
            Diagnostic::error(
                &codes::IPV6_NOT_SUPPORTED,
                format!("tenant `{id}` has no IPv6 addresses, and its `ingress` holds {}", range.value),
            )
            .at(range.span, "")
            .help("give the tenant `settings: { ipv6: dual_stack }`, or take the block out"),
        );
    }
    let mut slots: BTreeMap<u32, Cidr> = BTreeMap::new();
    if let Some(locked) = lock.ingress.get(home) {
        slots.extend(
            locked
                .value
                .0
                .iter()
                .filter(|(range, _)| wanted.contains(range))
                .map(|(range, slot)| (*slot, *range)),
        );
    }
    for range in wanted {
        if !slots.values().any(|taken| *taken == range)
            && let Some(slot) = (1..).find(|slot| !slots.contains_key(slot))
        {
            slots.insert(slot, range);
        }
    }
    let decision: BTreeMap<Cidr, u32> = slots.iter().map(|(slot, range)| (*range, *slot)).collect();
    if lock.ingress.get(home).is_none_or(|locked| locked.value.0 != decision) {
        lock.ingress.insert(home.clone(), Locked::new(IngressSlots(decision)));
    }
    slots
}
