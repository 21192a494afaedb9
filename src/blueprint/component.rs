//! Components: what a catalog switches on beside its blueprints, such as backup.
//!
//! Goes in: `component.yaml` and the templates beside it. Comes out: a blueprint of the component's own, for the
//! stacks that are there once for an account, a Region or the organization; and what blueprints take in as if it
//! were a part: its settings, and the stacks and files of tenants and cells. A blueprint takes in those that are
//! switched on, for the models that they are made for.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::include::Templates;
use crate::blueprint::intent::{Blueprint, Network, Owner, Per};
use crate::blueprint::load::{INTENT_FILE, check_word, invalid, settings, word};
use crate::blueprint::load_files::files as output_files;
use crate::blueprint::load_stacks::{Joined, StackReader};
use crate::blueprint::parts::{Files, Folders, add_named, add_settings, any_settings, section, take_out};
use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::identity::Model;
use crate::source::{SourceMap, Span};
use crate::yaml::{Fields, Key, Node, Tags, Value, read_yaml};

/// The file that states what a component adds.
pub(super) const COMPONENT_FILE: &str = "component.yaml";

/// What a catalog asks of components.
#[derive(Debug, Default)]
pub struct Wanted<'c> {
    /// Those that are switched on, and where.
    pub on: BTreeMap<&'c str, Span>,
    /// The blueprints that take them in: those of its tiers.
    pub blueprints: BTreeSet<&'c str>,
}

/// A component, whether it is switched on or not.
#[derive(Debug)]
pub struct Component {
    /// Its settings, and the stacks and files that are its own: there once, however many blueprints there are.
    pub own: Blueprint,
    /// The stacks that blueprints take in, by name.
    pub taken_in: Vec<TakenIn>,
    settings: Option<(Key, Node)>,
    stacks: Vec<Entry>,
    files: Vec<Entry>,
    pub(super) folder: Files,
}

/// A stack of tenants or cells.
#[derive(Debug)]
pub struct TakenIn {
    pub name: String,
    pub per: Per,
    pub models: Vec<Model>,
}

/// A stack or a file, and whose it is.
#[derive(Clone, Debug)]
struct Entry {
    per: Per,
    models: Vec<Model>,
    key: Key,
    node: Node,
}

impl Entry {
    /// Whether it is the component's own.
    fn is_own(&self) -> bool {
        self.per > Per::Cell
    }
}

/// Components by name.
pub(super) type Components = BTreeMap<String, Component>;

/// Reads a component; `None` if it is wrong, which is told.
pub(super) fn component(
    name: &str,
    folder: &Files,
    shelf: &BTreeMap<String, Files>,
    sources: &SourceMap,
    report: &mut Report,
) -> Option<Component> {
    let before = report.errors();
    let tree = read_yaml(*folder.get(COMPONENT_FILE)?, Tags::Refuse, sources, report).ok()?;
    check_word(name, tree.span.beginning(), "a component's name", report);
    let mut fields = Fields::open(&tree, "a component", report)?;
    let summary = fields.required("summary", report);
    let summary = summary.and_then(|node| node.text("a component's summary", report)).unwrap_or_default();
    for section in ["settings", "stacks", "files"] {
        fields.optional(section);
    }
    fields.finish(report);
    let found = |name: &str| match &tree.value {
        Value::Map(sections) => sections.iter().find(|(key, _)| &*key.text == name).cloned(),
        _ => None,
    };
    let entries = |name: &str, report: &mut Report| {
        let Some((_, node)) = found(name) else { return Vec::new() };
        let map = node.map(&format!("`{name}`"), report).unwrap_or_default();
        map.iter().filter_map(|(key, node)| entry(key, node, report)).collect::<Vec<_>>()
    };
    let (stacks, files) = (entries("stacks", report), entries("files", report));
    let declared = found("settings").filter(|(_, node)| node.value != Value::Null);
    let own_settings = own_settings(name, declared.as_ref(), tree.span.beginning(), report)?;
    let templates = Templates { folders: &Folders::of_component(folder, shelf), sources };
    let own = |entries: &[Entry]| {
        let own = entries.iter().filter(|one| one.is_own());
        Node::new(tree.span, Value::Map(own.map(|one| (one.key.clone(), one.node.clone())).collect()))
    };
    let reader = StackReader { templates, model: None, joined: &Joined::of_component(), name };
    let own = Blueprint {
        name: name.to_owned(),
        // It builds no tenants, so nothing asks for it.
        model: Model::Account,
        summary: summary.to_owned(),
        cell: None,
        settings: own_settings,
        network: Network::none(tree.span),
        workloads: BTreeMap::new(),
        flows: Vec::new(),
        stacks: reader.stacks(&own(&stacks), report),
        files: output_files(&own(&files), templates, report),
        components: vec![name.to_owned()],
        is_component: true,
        span: tree.span,
    };
    let taken_in = stacks.iter().filter(|one| !one.is_own());
    let taken_in = taken_in.map(|one| TakenIn {
        name: one.key.text.to_string(),
        per: one.per,
        models: one.models.clone(),
    });
    let taken_in = taken_in.collect();
    let folder = folder.clone();
    let component = Component { own, taken_in, settings: declared, stacks, files, folder };
    (report.errors() == before).then_some(component)
}

/// A stack or file of a component, without the key `models`, which only components have.
fn entry(key: &Key, node: &Node, report: &mut Report) -> Option<Entry> {
    let mut node = node.clone();
    let Value::Map(entries) = &mut node.value else {
        node.map(&format!("{} of a component", quote(&key.text)), report);
        return None;
    };
    let named = take_out(entries, "models");
    let per = match node.get("per") {
        Some(per) => word(per, "what a stack is `per`", Per::WORDS, report)?,
        None => {
            let what = format!("{} of a component needs the key `per`", quote(&key.text));
            invalid(key.span, &what, "add `per: tenant`, or another", report);
            return None;
        }
    };
    let models = match &named {
        Some((_, node)) => models(node, report),
        None => Model::ALL.to_vec(),
    };
    let place = named.as_ref().map_or(key.span, |(key, _)| key.span);
    if per > Per::Cell && named.is_some() {
        let what = format!("what is `per: {}` is there for all models", per.word());
        invalid(place, &what, "leave `models` out", report);
    }
    if let Some(silo) = models.iter().find(|model| per == Per::Cell && model.is_silo()) {
        let what =
            format!("{} is `per: cell`, and tenants of the model `{silo}` share none", quote(&key.text));
        invalid(place, &what, "name models that share: `models: [subnet, container, application]`", report);
    }
    Some(Entry { per, models, key: key.clone(), node })
}

fn models(node: &Node, report: &mut Report) -> Vec<Model> {
    const WHAT: &str = "`models`";
    let mut models = Vec::new();
    for item in node.list(WHAT, report).unwrap_or_default() {
        let Some(text) = item.text(WHAT, report) else { continue };
        match text.parse() {
            Ok(model) => models.push(model),
            Err(_) => {
                let help = format!("the models are {}", list_of(Model::ALL.map(Model::as_str)));
                invalid(item.span, &format!("there is no model {}", quote(text)), &help, report);
            }
        }
    }
    models
}

/// The settings of the component alone, against which `components` of a catalog is judged.
fn own_settings(
    name: &str,
    declared: Option<&(Key, Node)>,
    place: Span,
    report: &mut Report,
) -> Option<crate::blueprint::settings::SettingsSchema> {
    let mut own = Node::new(place, Value::Map(any_settings(place)));
    if let Some((_, node)) = declared {
        add_settings(node.clone(), &mut own, Some(name), report);
    }
    let schema = settings(&own, report)?;
    let required = |name: &String| match own.get("required").map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().any(|item| item.as_text() == Some(name)),
        _ => false,
    };
    let lacking = |(name, setting): &(&String, &crate::blueprint::settings::Setting)| {
        setting.default.is_none() && !required(name)
    };
    for (name, _) in schema.properties.iter().filter(lacking) {
        let key = own.get("properties").and_then(|node| node.get(name)).map_or(place, |node| node.span);
        let what = format!("the setting {} has no default and is not required", quote(name));
        invalid(key, &what, "give it a default, or list it below `required` of the settings", report);
    }
    Some(schema)
}

/// Takes those components that are switched on into the tree of a blueprint.
pub(super) fn with_components<'l>(
    blueprint: &mut Node,
    folders: &mut Folders<'l>,
    components: &'l Components,
    wanted: &Wanted<'_>,
    report: &mut Report,
) -> Joined {
    let mut joined = Joined::default();
    let model: Option<Model> =
        blueprint.get("model").and_then(Node::as_text).and_then(|text| text.parse().ok());
    let is_wanted =
        blueprint.get("name").and_then(Node::as_text).is_some_and(|name| wanted.blueprints.contains(name));
    let Value::Map(entries) = &mut blueprint.value else { return joined };
    let without = match take_out(entries, "without") {
        Some((_, node)) => without(&node, components, report),
        None => BTreeSet::new(),
    };
    let on = components.iter().filter(|(name, _)| wanted.on.contains_key(name.as_str()));
    for (name, component) in on.filter(|(name, _)| is_wanted && !without.contains(*name)) {
        folders.components.push(&component.folder);
        joined.components.push(name.clone());
        if let Some((key, node)) = &component.settings {
            let empty = Node::new(key.span, Value::Map(any_settings(key.span)));
            add_settings(node.clone(), section(entries, key, empty), Some(name), report);
        }
        for (title, what, list) in
            [("stacks", "stack", &component.stacks), ("files", "file", &component.files)]
        {
            let is_stack = title == "stacks";
            let taken = list.iter().filter(|one| {
                if one.is_own() { is_stack } else { model.is_none_or(|model| one.models.contains(&model)) }
            });
            let taken: Vec<&Entry> = taken.collect();
            let Some(first) = taken.first() else { continue };
            let key = Key { text: title.into(), span: first.key.span };
            let own = section(entries, &key, Node::new(key.span, Value::Map(Vec::new())));
            if is_stack {
                let of = taken.iter().map(|one| (one.key.text.to_string(), (name.clone(), one.is_own())));
                joined.stacks.extend(of);
            }
            let added = taken.into_iter().map(|one| (one.key.clone(), one.node.clone())).collect();
            add_named(Node::new(key.span, Value::Map(added)), own, what, Some(name), report);
        }
    }
    joined
}

/// The components that a blueprint does not take in.
fn without(node: &Node, components: &Components, report: &mut Report) -> BTreeSet<String> {
    const WHAT: &str = "`without`";
    let mut names = BTreeSet::new();
    for item in node.list(WHAT, report).unwrap_or_default() {
        let Some(name) = item.text(WHAT, report) else { continue };
        if !components.contains_key(name) && !PLANNED.contains(&name) {
            report.push(unknown(name, components, &codes::INVALID_BLUEPRINT).at(item.span, ""));
        }
        names.insert(name.to_owned());
    }
    names
}

/// Those that tenantry is to have; one that is not there yet is no mistake of who names it.
const PLANNED: [&str; 8] =
    ["analytics", "backup", "chargeback", "delivery", "identity", "monitoring", "security", "tagging"];

/// Tells of components that are switched on and that there are none of.
pub(super) fn check_wanted(wanted: &Wanted<'_>, components: &Components, report: &mut Report) {
    for (name, place) in &wanted.on {
        if components.contains_key(*name) {
            continue;
        }
        if PLANNED.contains(name) {
            let message = format!("the component {} is not built yet", quote(name));
            let warning = Diagnostic::warning(&codes::NOT_BUILT_YET, message);
            report.push(warning.at(*place, "").help("it changes nothing in the output today"));
            continue;
        }
        report.push(unknown(name, components, &codes::UNKNOWN_COMPONENT).at(*place, ""));
    }
}

fn unknown(name: &str, components: &Components, code: &'static crate::diagnostics::Code) -> Diagnostic {
    let names: BTreeSet<&str> = components.keys().map(String::as_str).chain(PLANNED).collect();
    let help = match closest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "the components are {}; `components/NAME/{COMPONENT_FILE}` below `--blueprints DIR` adds others",
            list_of(names.iter().copied())
        ),
    };
    Diagnostic::error(code, format!("there is no component {}", quote(name))).help(help)
}

/// Tells of blueprints that have the name of a component: their stacks would have the same names.
pub(super) fn check_names(
    blueprints: &BTreeMap<String, Blueprint>,
    components: &Components,
    report: &mut Report,
) {
    let plain = |name: &str| name.replace('_', "");
    for (name, component) in components {
        let Some(blueprint) = blueprints.values().find(|one| plain(&one.name) == plain(name)) else {
            continue;
        };
        report.push(
            Diagnostic::error(
                &codes::INVALID_BLUEPRINT,
                format!("the blueprint `{}` and the component `{name}` have one name", blueprint.name),
            )
            .at(blueprint.span.beginning(), format!("`name` in this `{INTENT_FILE}`"))
            .also(component.own.span.beginning(), "the component")
            .help("rename one of them: both begin the names of stacks"),
        );
    }
}

impl Network {
    /// That of what has none.
    fn none(span: Span) -> Network {
        Network {
            owner: Owner::None,
            cell_size: None,
            sizes: BTreeMap::new(),
            subnet_groups: Vec::new(),
            zone_slots: 1,
            span,
        }
    }
}
