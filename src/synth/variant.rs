//! What sets a template apart from the others of its stack, as a part of its file name.

use std::collections::BTreeSet;

use crate::blueprint::condition::{Comparison, Condition, Test};
use crate::blueprint::settings::Setting;
use crate::blueprint::{Blueprint, Flow, FlowEnd, Per, Stack};
use crate::catalog::Status;
use crate::identity::short_hash;
use crate::plan::security::count::GROUPS_OF_TASK;
use crate::plan::security::{ACL_INGRESS_RANGES, FIXED_GROUPS};
use crate::plan::{Growth, Shape};
use crate::synth::generate::IngressSlot;

/// What sets this template apart from those of other shapes, as part of its file name. It comes
/// from the shape alone and only from what the template depends on: adding a tenant of another
/// shape renames no file.
pub(super) fn variant(
    shape: &Shape<'_>,
    stack: &Stack,
    slots: &[IngressSlot],
    tags: &[String],
    all_tags: usize,
) -> String {
    let mut parts = Vec::new();
    for name in relevant_settings(shape.blueprint, stack) {
        let setting = shape.blueprint.settings.properties.get(&name);
        // What a cell does not know makes no difference to its templates.
        // Nor does what is one for all.
        if setting.is_none_or(|setting| setting.of_catalog || !setting.is_known_to(shape.per)) {
            continue;
        }
        let value = shape.settings.get(&name);
        let is_default = |setting: &Setting| match &setting.default {
            Some(default) => default == value,
            None => value.is_null(),
        };
        if setting.is_some_and(|setting| setting.lifted || is_default(setting))
            || is_own_switch(stack, &name, value)
        {
            continue;
        }
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let readable =
            text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let shown = if readable { text } else { short_hash(&text) };
        parts.push(match shown.as_str() {
            "true" => name,
            _ => format!("{name}-{shown}"),
        });
    }
    if !stack.template.generated().is_empty() || depends_on_shared_groups(stack) {
        parts.extend(shape.traits.words());
    }
    if depends_on_groups(shape, stack) {
        parts.extend(fewer_groups(shape).map(|groups| format!("groups-{groups}")));
    }
    let asks = |fact: &str| {
        let of_account = |path: &Vec<String>| path.iter().map(String::as_str).eq(["account", fact]);
        shape.blueprint.is_component && stack.template.paths().iter().any(of_account)
    };
    if !shape.account.is_first_region && asks("is_first_region") {
        parts.push("further_region".to_owned());
    }
    if shape.account.is_tenants_own && asks("is_tenants_own") {
        parts.push("tenants_own".to_owned());
    }
    if shape.status != Status::Active && depends_on_status(shape.status, stack) {
        parts.push(shape.status.as_str().to_owned());
    }
    if shape.growth.blocks > 0 && depends_on_growth(stack) {
        parts.push(growth_name(&shape.growth));
    }
    if let Some(dual) = shape.growth.ipv6.as_ref().filter(|_| depends_on_ipv6(stack)) {
        if dual.provided {
            parts.push("amazon".to_owned());
        }
        if dual.ranges.values().any(|number| *number != 1) {
            parts.push(format!("parts-{}", short_hash(&format!("{:?}", dual.ranges))));
        }
    }
    if depends_on_ingress(stack) {
        let numbers = || slots.iter().map(|slot| slot.number);
        let contiguous = numbers().eq(1..=u32::try_from(slots.len()).unwrap_or(u32::MAX));
        parts.push(if contiguous {
            format!("ranges-{}", slots.len())
        } else {
            // Under a word of their own: the second slot alone is not two ranges.
            format!("slots-{}", listed(numbers()))
        });
        if slots.iter().any(|slot| slot.ipv6) {
            let ipv6 = slots.iter().filter(|slot| slot.ipv6).map(|slot| slot.number);
            parts.push(format!("ipv6-{}", listed(ipv6)));
        }
        // The ACL repeats ranges where it has the room that the other flows leave it.
        if (shape.security.acl_ranges + 1..=ACL_INGRESS_RANGES).contains(&slots.len()) {
            parts.push("acl-open".to_owned());
        }
    }
    // All that tenants share has the same tags.
    if tags.len() != all_tags && shape.per == Per::Tenant {
        parts.push(format!("tags-{}", short_hash(&tags.join(" "))));
    }
    let joined = parts.join(".");
    match joined.len() {
        0 => String::new(),
        1..=160 => format!(".{joined}"),
        _ => format!(".{}", short_hash(&joined)),
    }
}

/// Numbers as a part of a file name, which is never long.
fn listed(numbers: impl Iterator<Item = u32>) -> String {
    let numbers = numbers.map(|number| number.to_string()).collect::<Vec<_>>().join("-");
    if numbers.len() <= 24 { numbers } else { short_hash(&numbers) }
}

/// The settings that a template's text depends on.
fn relevant_settings(blueprint: &Blueprint, stack: &Stack) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut take = |path: &[String]| match path.first().map(String::as_str) {
        // A range by the name of a setting is the one that the setting names.
        Some("settings" | "ranges") => names.extend(path.get(1).cloned()),
        Some("zones" | "subnet_groups") => _ = names.insert("zones".to_owned()),
        Some("network") if path.iter().any(|part| part == "ipv6") => _ = names.insert("ipv6".to_owned()),
        _ => {}
    };
    stack.template.paths().iter().for_each(|path| take(path));
    if depends_on_shared_groups(stack) {
        let sharing = |end: &FlowEnd| match end {
            FlowEnd::Workload(name) => blueprint.workloads.get(name).is_some_and(|one| one.shared_rules),
            _ => false,
        };
        let flows = blueprint.flows.iter().filter(|flow| sharing(&flow.from) || sharing(&flow.to));
        flows.filter_map(|flow| flow.when.as_ref()).flat_map(Condition::paths).for_each(|path| take(path));
        for name in ["interface_endpoints", "nat"] {
            take(&["settings".to_owned(), name.to_owned()]);
        }
    }
    let generated = stack.template.generated();
    // The rules of the allow-list depend on the flows that begin there, all others on everything.
    let all = generated.iter().any(|kind| *kind != "ingress_rules");
    if !generated.is_empty() {
        let concerned = |flow: &&Flow| all || flow.from == FlowEnd::TenantIngress;
        for flow in blueprint.flows.iter().filter(concerned) {
            let ends = [&flow.from, &flow.to].into_iter().filter_map(|end| match end {
                FlowEnd::Workload(name) => blueprint.workloads.get(name)?.when.as_ref(),
                _ => None,
            });
            ends.chain(&flow.when).flat_map(Condition::paths).for_each(|path| take(path));
            for end in [&flow.from, &flow.to] {
                if let FlowEnd::Range(name) = end {
                    take(&["ranges".to_owned(), name.clone()]);
                }
            }
        }
    }
    if all {
        let conditions = blueprint.workloads.values().filter_map(|workload| workload.when.as_ref());
        conditions.flat_map(Condition::paths).for_each(|path| take(path));
        names.extend(["interface_endpoints", "ipv6", "nat", "zones"].map(str::to_owned));
    }
    names.retain(|name| blueprint.settings.properties.contains_key(name));
    names
}

/// Whether a stack exists only where this switch is on, so that the switch says nothing more.
fn is_own_switch(stack: &Stack, name: &str, value: &serde_json::Value) -> bool {
    let alternatives = stack.when.as_ref().map(|condition| condition.any.as_slice());
    let Some([all]) = alternatives else { return false };
    let is_switch = |one: &Comparison| one.test == Test::Holds && one.path == ["settings", name];
    *value == serde_json::Value::Bool(true) && all.iter().any(is_switch)
}

/// Whether a template's text differs with the status: it names it, or holds rules for a tenant that takes
/// no traffic.
fn depends_on_status(status: Status, stack: &Stack) -> bool {
    stack.template.paths().iter().any(|path| path.first().is_some_and(|name| name == "status"))
        || (!status.takes_traffic() && !stack.template.generated().is_empty())
}

/// Whether a template names the groups of the cell that the tenant's interfaces bear.
fn depends_on_shared_groups(stack: &Stack) -> bool {
    let names = |path: &Vec<String>| {
        path.first().is_some_and(|first| first == "shared_groups" || first == "shared_rules")
    };
    stack.template.paths().iter().any(names)
}

/// Whether a template's text differs with the number of groups that an interface may bear. A cell has all that
/// somebody may bear.
fn depends_on_groups(shape: &Shape<'_>, stack: &Stack) -> bool {
    let some = shape.per == Per::Cell && shape.interface_groups > FIXED_GROUPS;
    !some && (depends_on_shared_groups(stack) || stack.template.generated().contains(&"security_groups"))
}

/// How many groups an interface may bear, where that is less than usual and matters.
pub(super) fn fewer_groups(shape: &Shape<'_>) -> Option<usize> {
    let usual = shape.interface_groups == 0 || shape.interface_groups == GROUPS_OF_TASK;
    (!usual).then_some(shape.interface_groups)
}

/// Whether a template's text differs with the length of the tenant's allow-list.
fn depends_on_ingress(stack: &Stack) -> bool {
    stack.template.generated().contains(&"ingress_rules")
        || stack.template.paths().iter().any(|path| path.first().is_some_and(|name| name == "ingress"))
}

/// Whether a template's text differs where the network has grown.
fn depends_on_growth(stack: &Stack) -> bool {
    let further = |part: &String| part == "further_blocks" || part == "further_subnets";
    stack.template.paths().iter().flatten().any(further)
        || stack.template.generated().iter().any(|kind| *kind != "ingress_rules")
}

/// Whether a template's text differs by who provides the IPv6 block, and by how it is cut.
fn depends_on_ipv6(stack: &Stack) -> bool {
    let ipv6 = |part: &String| matches!(part.as_str(), "ipv6" | "ipv6_ranges" | "ipv6_subnets");
    let is_setting = |path: &[String]| path.first().is_some_and(|first| first == "settings");
    stack.template.paths().iter().any(|path| !is_setting(path) && path.iter().any(ipv6))
        || stack.template.generated().iter().any(|kind| *kind != "ingress_rules")
}

/// `blocks-2` where every subnet group has a part of every block.
fn growth_name(growth: &Growth) -> String {
    let all: Vec<usize> = (2..=growth.blocks + 1).collect();
    let name = format!("blocks-{}", growth.blocks + 1);
    if growth.groups.values().all(|numbers| *numbers == all) {
        return name;
    }
    format!("{name}-{}", short_hash(&format!("{:?}", growth.groups)))
}
