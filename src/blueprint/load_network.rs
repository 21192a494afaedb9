//! The network of a blueprint and the workloads that stand in it, decoded.

use std::collections::BTreeMap;

use crate::blueprint::intent::{Network, Owner, Per, Route, SubnetGroup, Workload};
use crate::blueprint::load::{check_word, condition, invalid, word};
use crate::blueprint::settings::SettingsSchema;
use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::identity::Model;
use crate::source::Span;
use crate::yaml::{Fields, Key, Located, Node};

pub(super) fn network(
    node: &Node,
    settings: Option<&SettingsSchema>,
    model: Option<Model>,
    report: &mut Report,
) -> Option<Network> {
    let mut fields = Fields::open(node, "the network of a blueprint", report)?;
    let owner = fields.required("owner", report).and_then(|node| owner(node, model, report));
    if owner == Some(Owner::None) {
        // Whatever else stands here would say how addresses are cut that there are none of.
        let span = fields.span();
        fields.finish(report);
        return Some(Network {
            owner: Owner::None,
            cell_size: None,
            sizes: BTreeMap::new(),
            subnet_groups: Vec::new(),
            zone_slots: 1,
            span,
        });
    }
    let cell_size = match owner {
        Some(Owner::Cell) => fields.required("cell_size", report),
        _ => None,
    };
    let cell_size = cell_size.and_then(|node| vpc_length(node, report));
    let groups = fields
        .required("subnet_groups", report)
        .map(|node| subnet_groups(node, owner.unwrap_or(Owner::Tenant), report));
    // A network that tenants share, without subnets of theirs in it, is of one size.
    let of_tenants = groups.iter().flatten().any(|group| group.per == Per::Tenant);
    let sizes = if of_tenants || owner != Some(Owner::Cell) {
        fields.required("sizes", report)
    } else {
        fields.optional("sizes")
    };
    let sizes = sizes.map(|node| sizes_of(node, report)).unwrap_or_default();
    let slots = fields
        .optional("zone_slots")
        .and_then(|node| node.integer("the number of zone slots", 1..=16, report));
    let span = fields.span();
    fields.finish(report);
    let most_zones = settings
        .and_then(|settings| settings.properties.get("zones"))
        .and_then(|zones| zones.schema.get("maximum"))
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(3);
    let zone_slots =
        usize::try_from(slots.unwrap_or(0)).ok()?.max(usize::try_from(most_zones).ok()?).next_power_of_two();
    Some(Network { owner: owner?, cell_size, sizes, subnet_groups: groups?, zone_slots, span })
}

fn owner(node: &Node, model: Option<Model>, report: &mut Report) -> Option<Owner> {
    let owner = match node.text("the owner of a network", report)? {
        "tenant" => Owner::Tenant,
        "cell" => Owner::Cell,
        "none" => Owner::None,
        other => {
            invalid(
                node.span,
                &format!("a network is not owned by {}", quote(other)),
                "write `tenant`, `cell`, or `none` if there is no VPC",
                report,
            );
            return None;
        }
    };
    if let Some(model) = model.filter(|model| owner == Owner::Cell && model.is_silo()) {
        let message = format!("the tenants of a blueprint of the model `{model}` share no network");
        invalid(node.span, &message, "write `tenant`: each has a home of its own", report);
        return Some(owner);
    }
    Some(owner)
}

/// VPC User Guide, "VPC CIDR blocks": between /16 and /28.
fn vpc_length(node: &Node, report: &mut Report) -> Option<Located<u8>> {
    let length = node.integer("a size, the prefix length of a VPC,", 16..=28, report)?;
    Some(Located::new(u8::try_from(length).ok()?, node.span))
}

fn sizes_of(node: &Node, report: &mut Report) -> BTreeMap<String, Located<u8>> {
    let entries = node.map("`sizes`", report).unwrap_or_default();
    entries.iter().filter_map(|(key, node)| Some((key.text.to_string(), vpc_length(node, report)?))).collect()
}

fn subnet_groups(node: &Node, owner: Owner, report: &mut Report) -> Vec<SubnetGroup> {
    let mut groups = Vec::new();
    let mut used = 0.0;
    for (key, node) in node.map("`subnet_groups`", report).unwrap_or_default() {
        check_word(&key.text, key.span, "a subnet group's name", report);
        let Some(mut fields) = Fields::open(node, "a subnet group", report) else { continue };
        let share = fields.required("share", report).and_then(|node| share(node, report));
        let route = fields.required("route", report).and_then(|node| {
            match node.text("a subnet group's route", report)? {
                "internet" => Some(Route::Internet),
                "nat" => Some(Route::Nat),
                "local" => Some(Route::Local),
                other => {
                    invalid(
                        node.span,
                        &format!("a subnet group has no route {}", quote(other)),
                        "write `internet`, `nat` or `local`",
                        report,
                    );
                    None
                }
            }
        });
        let per = fields.optional("per").and_then(|node| per(node, "a subnet group", Some(owner), report));
        fields.finish(report);
        used += share.map_or(0.0, |extra_bits| 0.5f64.powi(i32::from(extra_bits)));
        // One with a mistake in it still has its name, which others may use.
        let (extra_bits, route) = (share.unwrap_or(0), route.unwrap_or(Route::Local));
        let per = per.unwrap_or(owner.per());
        groups.push(SubnetGroup { name: key.text.to_string(), extra_bits, route, per, span: key.span });
    }
    if used > 1.0 {
        invalid(
            node.span,
            "the shares of the subnet groups come to more than the whole network",
            "make some smaller",
            report,
        );
    }
    groups
}

/// `4/8` takes half of the network, which is a prefix one bit longer.
fn share(node: &Node, report: &mut Report) -> Option<u8> {
    let text = node.text("a subnet group's share", report)?;
    let parsed = text.split_once('/').and_then(|(part, whole)| {
        let (part, whole): (u32, u32) = (part.trim().parse().ok()?, whole.trim().parse().ok()?);
        (part.is_power_of_two() && whole.is_power_of_two() && part <= whole)
            .then(|| (whole.trailing_zeros() - part.trailing_zeros()) as u8)
    });
    if parsed.is_none() {
        invalid(
            node.span,
            &format!("{} is not a share", quote(text)),
            "write a fraction of two powers of two, such as `1/8`, since blocks can only be halved",
            report,
        );
    }
    parsed
}

/// Whose a subnet group or a workload is.
fn per(node: &Node, what: &str, owner: Option<Owner>, report: &mut Report) -> Option<Per> {
    const WORDS: &[(&str, Per)] = &[("tenant", Per::Tenant), ("cell", Per::Cell)];
    let per = word(node, &format!("what {what} is `per`"), WORDS, report)?;
    if per == Per::Cell && owner == Some(Owner::Tenant) {
        invalid(
            node.span,
            &format!("{what} of the cell stands in a network of the cell, and this network is the tenant's"),
            "write `tenant`, or let the network's `owner` be the cell",
            report,
        );
    }
    Some(per)
}

pub(super) fn workloads(
    node: &Node,
    network: Option<&Network>,
    report: &mut Report,
) -> BTreeMap<String, Workload> {
    let mut workloads = BTreeMap::new();
    for (key, node) in node.map("`workloads`", report).unwrap_or_default() {
        check_word(&key.text, key.span, "a workload's name", report);
        workloads.extend(workload(key, node, network, report).map(|one| (one.name.clone(), one)));
    }
    workloads
}

fn workload(key: &Key, node: &Node, network: Option<&Network>, report: &mut Report) -> Option<Workload> {
    let mut fields = Fields::open(node, "a workload", report)?;
    let group = fields.required("subnet_group", report).and_then(|node| {
        let group = node.text("a workload's subnet group", report)?;
        if let Some(network) = network {
            check_group(group, node.span, network, report);
        }
        Some((group, node.span))
    });
    let owner = network.map(|network| network.owner);
    let per = fields.optional("per").and_then(|node| per(node, "a workload", owner, report));
    let when = fields.optional("when").and_then(|node| condition(node, report));
    let shared_rules = fields.optional("shared_rules");
    let shares = shared_rules.and_then(|node| node.boolean("`shared_rules`", report)).unwrap_or(false);
    let smallest = fields
        .optional("smallest_subnet")
        .and_then(|node| node.integer("the prefix length of the smallest subnet", 16..=28, report));
    fields.finish(report);
    let (subnet_group, place) = group?;
    let group =
        network.and_then(|network| network.subnet_groups.iter().find(|group| group.name == subnet_group));
    let per = per.unwrap_or_else(|| match (group.map(|group| group.per), owner) {
        // There is one way only: nobody but the tenant stands in its subnets.
        (Some(Per::Tenant), _) => Per::Tenant,
        (_, owner) => owner.map_or(Per::Tenant, Owner::per),
    });
    if let Some(node) = shared_rules.filter(|_| shares && (per != Per::Tenant || owner != Some(Owner::Cell)))
    {
        let help =
            "take `shared_rules` out: only workloads of tenants that share a network have rules in common";
        invalid(node.span, &format!("the workload `{}` has its rules to itself", key.text), help, report);
    }
    if let Some(group) = group.filter(|group| group.per == Per::Tenant && per == Per::Cell) {
        let message =
            format!("the workload `{}` is the cell's and stands in subnets of its tenants", key.text);
        report.push(
            Diagnostic::error(&codes::INVALID_BLUEPRINT, message)
                .at(place, "")
                .also(group.span, "each tenant has its own")
                .help("write `per: tenant`, or name a subnet group of the cell"),
        );
    }
    Some(Workload {
        name: key.text.to_string(),
        subnet_group: subnet_group.to_owned(),
        per,
        when,
        shared_rules: shares,
        smallest_subnet: smallest.and_then(|length| u8::try_from(length).ok()),
        span: key.span,
    })
}

fn check_group(group: &str, span: Span, network: &Network, report: &mut Report) {
    let names = || network.subnet_groups.iter().map(|group| group.name.as_str());
    if names().any(|name| name == group) {
        return;
    }
    let help = match closest(group, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if network.owner == Owner::None => "a blueprint without a network has no workloads".to_owned(),
        None => format!("the subnet groups are {}", list_of(names())),
    };
    invalid(span, &format!("there is no subnet group {}", quote(group)), &help, report);
}
