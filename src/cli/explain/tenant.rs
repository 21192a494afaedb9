//! Where a tenant lives, what it has, and which lines say so.

use crate::cli::explain::{Answer, Sight};
use crate::identity::{HomeId, TenantId};
use crate::plan::Unit;
use crate::plan::lock::{Home, Locked, Owner, lines_of};

/// The facts of a tenant of the catalog, or of one that has left something behind.
pub(super) fn explain(id: &TenantId, sight: &Sight<'_>) -> Option<Answer> {
    let (catalog, lock) = (sight.plan.catalog, &sight.plan.lock);
    let mut answer = Answer::new("tenant", id.as_str());
    let is_its_own = |owner: &Owner| matches!(owner, Owner::Tenant(home) if home.tenant == *id);
    let left = lock.quarantine.iter().filter(|(_, waiting)| is_its_own(&waiting.value.owner));
    let left: Vec<String> =
        left.map(|(block, waiting)| format!("{block} ({})", sight.decided(waiting.line))).collect();
    match catalog.tenant(id) {
        Some(tenant) => {
            answer.fact("name", tenant.name.value.as_str());
            answer.fact("catalog", sight.place(tenant.id.span));
            answer.fact("status", tenant.status.as_str());
            answer.fact(
                "tier",
                format!(
                    "{}{}",
                    tenant.tier.value,
                    match catalog.tier_of(tenant) {
                        Some(tier) => format!(" ({})", sight.place(tier.span)),
                        None => String::new(),
                    }
                ),
            );
        }
        None if left.is_empty() => return None,
        None => answer.fact("catalog", "it has left"),
    }
    let homes = lock.tenants.iter().filter(|(home, _)| home.tenant == *id);
    let homes: Vec<_> = homes.collect();
    for (home, locked) in &homes {
        if homes.len() > 1 {
            let leaving = if locked.value.leaving { ", which it leaves" } else { "" };
            answer.fact("home", format!("{home}{leaving}"));
        }
        explain_home(home, locked, sight, &mut answer);
    }
    for block in left {
        answer.fact("quarantine", block);
    }
    for stack in sight.stacks.iter().filter(|stack| stack["tenant"] == id.as_str()) {
        answer.fact(
            "stacks",
            format!("{} (wave {})", stack["name"].as_str().unwrap_or_default(), stack["wave"]),
        );
    }
    let text = lock.to_text();
    for line in homes.iter().flat_map(|(home, _)| lines_of(&text, home)) {
        answer.fact("lock", line);
    }
    Some(answer)
}

fn explain_home(id: &HomeId, home: &Locked<Home>, sight: &Sight<'_>, answer: &mut Answer) {
    let lock = &sight.plan.lock;
    let cell = &home.value.cell;
    answer.fact("cell", format!("{cell} ({})", sight.decided(home.line)));
    answer.fact("account", cell.account.to_string());
    answer.fact("region", cell.region.as_str());
    answer.fact_of("slot", home.value.slot.map(|slot| slot.to_string()));
    if let Some(network) = lock.network_of(&Owner::Tenant(id.clone())) {
        let blocks: Vec<String> = network.value.all_blocks().map(|own| own.to_string()).collect();
        answer.fact("vpc", format!("{} ({})", blocks.join(", "), sight.decided(network.line)));
        if network.value.reserve != network.value.cidr {
            answer.fact("kept for growth", network.value.reserve.to_string());
        }
    }
    let tenants = &sight.plan.tenants;
    if let Ok(position) = tenants.binary_search_by(|tenant| tenant.home.cmp(id)) {
        let planned = &tenants[position];
        let network = sight.plan.network_of(Unit::Tenant(planned));
        answer.fact_of("pool", network.map(|network| network.pool.to_string()));
        let own = planned.network.as_ref().map_or(&planned.parts, |network| &network.subnet_groups);
        for (group, network) in own.iter().filter_map(|group| Some((group, network?))) {
            let subnets = group.subnets.iter().zip(&network.zones);
            let subnets: Vec<String> = subnets.map(|(subnet, zone)| format!("{subnet} {zone}")).collect();
            answer.fact("subnets", format!("{} {}: {}", group.name, group.cidr, subnets.join(", ")));
        }
        let ipv6 = network.and_then(|network| network.ipv6.as_ref());
        for group in ipv6.iter().flat_map(|ipv6| &ipv6.groups) {
            let subnets = group
                .subnets
                .iter()
                .filter_map(|subnet| Some(format!("{} {}", ipv6?.subnet(subnet.index)?, subnet.zone)));
            let subnets: Vec<String> = subnets.collect();
            let told = if subnets.is_empty() { "from Amazon".to_owned() } else { subnets.join(", ") };
            answer.fact("ipv6 subnets", format!("{}: {told}", group.name));
        }
        answer.fact("blueprint", tenants[position].blueprint.name.clone());
    }
}
