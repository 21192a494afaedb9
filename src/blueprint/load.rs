//! `blueprint.yaml` and its templates, decoded into a [`Blueprint`].

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::condition::Condition;
use crate::blueprint::intent::{Blueprint, Network, Owner, Route, Stack, SubnetGroup, Workload};
use crate::blueprint::load_flows::flows;
use crate::blueprint::settings::{SettingsSchema, place_of};
use crate::blueprint::template::{compile, invalid_condition};
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, list_of, quote};
use crate::identity::Model;
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{Fields, Key, Located, Node, Tags, read_yaml};

/// The file that states a blueprint's intent.
pub(super) const INTENT_FILE: &str = "blueprint.yaml";

/// Reads a blueprint from its files, which are in `sources` already.
///
/// # Errors
/// `invalid-blueprint`, `invalid-template` and the codes of the YAML reader.
pub(super) fn load(
    files: &BTreeMap<String, FileId>,
    sources: &SourceMap,
    report: &mut Report,
) -> Result<Blueprint, Reported> {
    let before = report.errors();
    let Some(intent) = files.get(INTENT_FILE) else {
        return Err(report.error(
            Diagnostic::error(
                &codes::INVALID_BLUEPRINT,
                format!("a blueprint needs the file `{INTENT_FILE}`"),
            )
            .help("see `tenantry blueprint eject vpc` for an example"),
        ));
    };
    let node = read_yaml(*intent, Tags::Refuse, sources, report)?;
    let loader = Loader { files, sources };
    match loader.blueprint(&node, report) {
        Some(blueprint) if report.errors() == before => Ok(blueprint),
        _ => match report.checkpoint() {
            Err(reported) => Err(reported),
            Ok(()) => Err(report.error(Diagnostic::error(
                &codes::INTERNAL_ERROR,
                "a blueprint was dropped without a reason",
            ))),
        },
    }
}

struct Loader<'l> {
    files: &'l BTreeMap<String, FileId>,
    sources: &'l SourceMap,
}

impl Loader<'_> {
    fn blueprint(&self, node: &Node, report: &mut Report) -> Option<Blueprint> {
        let mut fields = Fields::open(node, "a blueprint", report)?;
        let name = fields.required("name", report).and_then(|node| name(node, "a blueprint's name", report));
        let model = fields.required("model", report).and_then(|node| model(node, report));
        let summary =
            fields.required("summary", report).and_then(|node| node.text("a blueprint's summary", report));
        let settings = fields.optional("settings").map(|node| settings(node, report));
        let network = fields
            .required("network", report)
            .and_then(|node| network(node, settings.as_ref().and_then(Option::as_ref), report));
        let workloads = fields.optional("workloads").map(|node| workloads(node, network.as_ref(), report));
        let workloads = workloads.unwrap_or_default();
        let flows = fields.optional("flows").map(|node| flows(node, &workloads, report)).unwrap_or_default();
        let stacks =
            fields.required("stacks", report).map(|node| self.stacks(node, report)).unwrap_or_default();
        let span = fields.span();
        fields.finish(report);
        let settings = match settings {
            Some(settings) => settings?,
            None => SettingsSchema::new(serde_json::json!({"type": "object", "additionalProperties": false}))
                .ok()?,
        };
        Some(Blueprint {
            name: name?,
            model: model?,
            summary: summary?.to_owned(),
            settings,
            network: network?,
            workloads,
            flows,
            stacks,
            span,
        })
    }

    fn stacks(&self, node: &Node, report: &mut Report) -> Vec<Stack> {
        let entries = node.map("`stacks`", report).unwrap_or_default();
        let names: BTreeSet<&str> = entries.iter().map(|(key, _)| &*key.text).collect();
        let mut stacks: Vec<Stack> = Vec::new();
        for (key, node) in entries {
            stacks.extend(self.stack(key, node, &names, report));
        }
        for (position, stack) in stacks.iter().enumerate() {
            let part = stack.name.replace('_', "");
            if let Some(first) = stacks[..position].iter().find(|first| first.name.replace('_', "") == part) {
                let message = format!(
                    "the stacks `{}` and `{}` would have the same name in AWS",
                    first.name, stack.name
                );
                report.push(
                    Diagnostic::error(&codes::INVALID_BLUEPRINT, message)
                        .at(stack.span, "")
                        .also(first.span, "the other one")
                        .help("rename one: stack names hold no underscores"),
                );
            }
        }
        ordered(stacks, report)
    }

    fn stack(&self, key: &Key, node: &Node, names: &BTreeSet<&str>, report: &mut Report) -> Option<Stack> {
        let (name, span) = (&*key.text, key.span);
        check_word(name, span, "a stack's name", report);
        let mut fields = Fields::open(node, "a stack of a blueprint", report)?;
        if let Some(per) = fields.required("per", report)
            && per.text("what a stack is `per`", report).is_some_and(|per| per != "tenant")
        {
            invalid(
                per.span,
                "a stack is `per: tenant`",
                "stacks of a cell are not part of this version",
                report,
            );
        }
        let template = fields.required("template", report).and_then(|node| {
            let file = node.text("a stack's template", report)?;
            let Some(id) = self.files.get(file) else {
                let known = self.files.keys().map(String::as_str).filter(|name| *name != INTENT_FILE);
                invalid(
                    node.span,
                    &format!("there is no template {} beside the blueprint", quote(file)),
                    &format!("its files are {}", list_of(known)),
                    report,
                );
                return None;
            };
            let tree = read_yaml(*id, Tags::Keep, self.sources, report).ok()?;
            Some((file.to_owned(), compile(&tree, report)?))
        });
        let after = fields.optional("after").map(|node| after(node, name, names, report));
        let when = fields.optional("when").and_then(|node| condition(node, report));
        fields.finish(report);
        let (template_file, template) = template?;
        Some(Stack {
            name: name.to_owned(),
            template,
            template_file,
            after: after.unwrap_or_default(),
            when,
            span,
        })
    }
}

/// Sorts stacks so that each comes after those it names; among equals by name.
fn ordered(stacks: Vec<Stack>, report: &mut Report) -> Vec<Stack> {
    let mut waiting: BTreeMap<String, Stack> =
        stacks.into_iter().map(|stack| (stack.name.clone(), stack)).collect();
    let mut sorted: Vec<Stack> = Vec::new();
    while let Some(next) =
        waiting.values().find(|stack| !stack.after.iter().any(|after| waiting.contains_key(after)))
    {
        let next = next.name.clone();
        sorted.extend(waiting.remove(&next));
    }
    if let Some(stuck) = waiting.values().next() {
        let circle = circle(stuck, &waiting);
        let message = match circle.as_slice() {
            [one] => format!("the stack {} comes after itself", quote(one)),
            _ => format!("the stacks {} come after each other in a circle", list_of(circle.iter().copied())),
        };
        let span = circle.first().and_then(|name| waiting.get(*name)).map_or(stuck.span, |stack| stack.span);
        invalid(span, &message, "let references go one way", report);
    }
    sorted
}

/// Some stacks that come after each other in a circle, reached from one that waits for ever.
fn circle<'s>(stuck: &'s Stack, waiting: &'s BTreeMap<String, Stack>) -> Vec<&'s str> {
    let mut way: Vec<&str> = Vec::new();
    let mut next = stuck;
    loop {
        if let Some(start) = way.iter().position(|name| *name == next.name) {
            return way.split_off(start);
        }
        way.push(&next.name);
        match next.after.iter().find_map(|after| waiting.get(after)) {
            Some(after) => next = after,
            None => return way,
        }
    }
}

/// The names below `after`, each a stack of the blueprint.
fn after(node: &Node, stack: &str, names: &BTreeSet<&str>, report: &mut Report) -> Vec<String> {
    let what = "`after`";
    let mut after = Vec::new();
    for item in node.list(what, report).unwrap_or_default() {
        let Some(name) = item.text(what, report) else { continue };
        if !names.contains(name) {
            let help = match closest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the stacks are {}", list_of(names.iter().copied())),
            };
            let message = format!("the stack `{stack}` comes after {}, which is not a stack", quote(name));
            invalid(item.span, &message, &help, report);
        }
        after.push(name.to_owned());
    }
    after
}

fn settings(node: &Node, report: &mut Report) -> Option<SettingsSchema> {
    match SettingsSchema::new(node.to_json()) {
        Ok(schema) => {
            check_defaults(&schema, node, report);
            Some(schema)
        }
        Err(problem) => {
            invalid(place_of(node, &problem.path), &problem.phrase, problem.help, report);
            None
        }
    }
}

/// A default that its own schema refuses would be told to every tenant as a mistake of theirs.
fn check_defaults(schema: &SettingsSchema, node: &Node, report: &mut Report) {
    for (name, rule) in schema.wrong_defaults() {
        let path = ["properties", name.as_str(), "default"].map(str::to_owned);
        invalid(
            place_of(node, &path),
            &format!("the default of the setting `{name}` {rule}"),
            "give it a default that fits",
            report,
        );
    }
}

fn network(node: &Node, settings: Option<&SettingsSchema>, report: &mut Report) -> Option<Network> {
    let mut fields = Fields::open(node, "the network of a blueprint", report)?;
    let owner = fields.required("owner", report).and_then(|node| {
        match node.text("the owner of a network", report)? {
            "tenant" => Some(Owner::Tenant),
            "cell" => {
                invalid(
                    node.span,
                    "networks that the tenants of a cell share are not part of this version",
                    "write `tenant`",
                    report,
                );
                Some(Owner::Cell)
            }
            other => {
                invalid(
                    node.span,
                    &format!("a network is not owned by {}", quote(other)),
                    "write `tenant` or `cell`",
                    report,
                );
                None
            }
        }
    });
    let mut sizes = BTreeMap::new();
    if let Some(node) = fields.required("sizes", report) {
        for (key, node) in node.map("`sizes`", report).unwrap_or_default() {
            // VPC User Guide, "VPC CIDR blocks": between /16 and /28.
            if let Some(length) = node.integer("a size, the prefix length of a VPC,", 16..=28, report) {
                sizes.insert(key.text.to_string(), Located::new(u8::try_from(length).ok()?, node.span));
            }
        }
    }
    let groups = fields.required("subnet_groups", report).map(|node| subnet_groups(node, report));
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
    Some(Network { owner: owner?, sizes, subnet_groups: groups?, zone_slots, span })
}

fn subnet_groups(node: &Node, report: &mut Report) -> Vec<SubnetGroup> {
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
        fields.finish(report);
        used += share.map_or(0.0, |extra_bits| 0.5f64.powi(i32::from(extra_bits)));
        // One with a mistake in it still has its name, which others may use.
        let (extra_bits, route) = (share.unwrap_or(0), route.unwrap_or(Route::Local));
        groups.push(SubnetGroup { name: key.text.to_string(), extra_bits, route, span: key.span });
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

fn workloads(node: &Node, network: Option<&Network>, report: &mut Report) -> BTreeMap<String, Workload> {
    let mut workloads = BTreeMap::new();
    for (key, node) in node.map("`workloads`", report).unwrap_or_default() {
        check_word(&key.text, key.span, "a workload's name", report);
        let Some(mut fields) = Fields::open(node, "a workload", report) else { continue };
        let group = fields.required("subnet_group", report).and_then(|node| {
            let group = node.text("a workload's subnet group", report)?;
            let names =
                || network.iter().flat_map(|network| &network.subnet_groups).map(|group| group.name.as_str());
            if network.is_some() && !names().any(|name| name == group) {
                let help = closest(group, names())
                    .map_or(format!("the subnet groups are {}", list_of(names())), |near| {
                        format!("did you mean `{near}`?")
                    });
                invalid(node.span, &format!("there is no subnet group {}", quote(group)), &help, report);
            }
            Some(group.to_owned())
        });
        let when = fields.optional("when").and_then(|node| condition(node, report));
        let smallest = fields
            .optional("smallest_subnet")
            .and_then(|node| node.integer("the prefix length of the smallest subnet", 16..=28, report));
        fields.finish(report);
        let Some(subnet_group) = group else { continue };
        let name = key.text.to_string();
        let smallest_subnet = smallest.and_then(|length| u8::try_from(length).ok());
        workloads
            .insert(name.clone(), Workload { name, subnet_group, when, smallest_subnet, span: key.span });
    }
    workloads
}

pub(super) fn condition(node: &Node, report: &mut Report) -> Option<Condition> {
    let text = node.text("a condition", report)?;
    let parsed = Condition::parse(text);
    if parsed.is_none() {
        report.push(invalid_condition(text, node.span));
    }
    parsed
}

fn name(node: &Node, what: &str, report: &mut Report) -> Option<String> {
    let text = node.text(what, report)?;
    check_word(text, node.span, what, report);
    Some(text.to_owned())
}

fn model(node: &Node, report: &mut Report) -> Option<Model> {
    let text = node.text("a blueprint's model", report)?;
    let model = text.parse().ok();
    if model.is_none() {
        let help = format!("the models are {}", list_of(Model::ALL.map(Model::as_str)));
        invalid(node.span, &format!("there is no model {}", quote(text)), &help, report);
    }
    if model.is_some_and(|model| model != Model::Vpc) {
        let message = format!("blueprints of the model {} are not part of this version", quote(text));
        invalid(node.span, &message, "write `vpc`: each tenant gets a VPC of its own", report);
    }
    model
}

/// Names of stacks, workloads and subnet groups become parts of stack names and logical ids: a
/// hyphen in them could make two stack names equal.
fn check_word(text: &str, span: Span, what: &str, report: &mut Report) {
    let valid = (1..=31).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !valid {
        invalid(
            span,
            &format!("{} is not {what}", quote(text)),
            "use 1 to 31 lower-case letters, digits and underscores, beginning with a letter",
            report,
        );
    }
}

pub(super) fn invalid(span: Span, message: &str, help: &str, report: &mut Report) {
    report.push(Diagnostic::error(&codes::INVALID_BLUEPRINT, message).at(span, "").help(help));
}
