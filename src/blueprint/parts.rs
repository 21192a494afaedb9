//! What blueprints share: a part's settings, workloads, flows and stacks, joined into those of the
//! blueprint that takes it in.
//!
//! Goes in: the tree of `blueprint.yaml` and the parts that it names. Comes out: one tree, which is decoded
//! as if it had been written in one file; every place in it is still the one where it was written. What
//! two of them say is an error and never decided by an order.

use std::collections::BTreeMap;

use crate::blueprint::component::COMPONENT_FILE;
use crate::blueprint::load::{INTENT_FILE, invalid};
use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{Fields, Key, Node, Tags, Value, read_yaml};

/// The file that states what a part adds.
pub(super) const PART_FILE: &str = "part.yaml";

/// The files of one folder, by name.
pub(super) type Files = BTreeMap<String, FileId>;

/// Where the templates of one blueprint may lie: beside it, and beside the parts that it takes in.
#[derive(Debug)]
pub(super) struct Folders<'l> {
    own: &'l Files,
    parts: BTreeMap<&'l str, &'l Files>,
    /// Of the components that it takes in.
    pub components: Vec<&'l Files>,
    /// All parts: a component names what it likes of them.
    shelf: &'l BTreeMap<String, Files>,
}

impl<'l> Folders<'l> {
    /// Those of a component by itself.
    pub(super) fn of_component(own: &'l Files, shelf: &'l BTreeMap<String, Files>) -> Self {
        Folders { own, parts: BTreeMap::new(), components: Vec::new(), shelf }
    }
    /// The file of this name in the folder of the file that asks for it, or `PART/FILE`.
    pub(super) fn find(&self, name: &str, asking: Span, report: &mut Report) -> Option<FileId> {
        let folders = || {
            let parts = self.parts.values().copied();
            std::iter::once(self.own).chain(parts).chain(self.components.iter().copied())
        };
        let beside = |folder: &&Files| folder.values().any(|id| *id == asking.file);
        let asking_folder = folders().find(beside).unwrap_or(self.own);
        let (folder, file, place) = match name.split_once('/') {
            Some((part, file)) => {
                let of_component = asking_folder.contains_key(COMPONENT_FILE);
                let any = self.shelf.get(part).filter(|_| of_component);
                let Some(folder) = self.parts.get(part).copied().or(any) else {
                    let help = match closest(part, self.parts.keys().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("name {} below `parts` of the blueprint first", quote(part)),
                    };
                    let message = format!("the blueprint takes in no part {}", quote(part));
                    invalid(asking, &message, &help, report);
                    return None;
                };
                (folder, file, format!("in the part `{part}`"))
            }
            None => {
                let what = if asking_folder.contains_key(PART_FILE) {
                    "part"
                } else if asking_folder.contains_key(COMPONENT_FILE) {
                    "component"
                } else {
                    "blueprint"
                };
                (asking_folder, name, format!("beside the {what}"))
            }
        };
        let found = folder.get(file).copied().filter(|_| !is_intent(file));
        if found.is_none() {
            let known: Vec<&str> =
                folder.keys().map(String::as_str).filter(|name| !is_intent(name)).collect();
            let help = match known.as_slice() {
                [] => "no templates are there; one is a file that ends in `.yaml`".to_owned(),
                _ => format!("its files are {}", list_of(known)),
            };
            invalid(asking, &format!("there is no template {} {place}", quote(file)), &help, report);
        }
        found
    }
}

fn is_intent(file: &str) -> bool {
    [INTENT_FILE, PART_FILE, COMPONENT_FILE].contains(&file)
}

/// Takes the parts that a blueprint names into its tree, which then has no key `parts` any more.
pub(super) fn with_parts<'l>(
    mut blueprint: Node,
    own: &'l Files,
    shelf: &'l BTreeMap<String, Files>,
    sources: &SourceMap,
    report: &mut Report,
) -> (Node, Folders<'l>) {
    let mut folders = Folders { own, parts: BTreeMap::new(), components: Vec::new(), shelf };
    let Value::Map(entries) = &mut blueprint.value else { return (blueprint, folders) };
    let Some((_, named)) = take_out(entries, "parts") else { return (blueprint, folders) };
    for item in named.list("`parts`", report).unwrap_or_default() {
        let Some(name) = item.text("the name of a part", report) else { continue };
        let Some((name, files)) = shelf.get_key_value(name) else {
            report.push(unknown(name, shelf).at(item.span, ""));
            continue;
        };
        if folders.parts.insert(name, files).is_some() {
            let message = format!("the part `{name}` is named twice");
            invalid(item.span, &message, "take one of the two out", report);
            continue;
        }
        let Some(file) = files.get(PART_FILE) else { continue };
        if let Ok(part) = read_yaml(*file, Tags::Refuse, sources, report) {
            take_in(part, entries, report);
        }
    }
    (blueprint, folders)
}

fn unknown(name: &str, shelf: &BTreeMap<String, Files>) -> Diagnostic {
    let names = || shelf.keys().map(String::as_str);
    let help = match closest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the parts are {}; `parts/NAME/{PART_FILE}` adds others", list_of(names())),
    };
    Diagnostic::error(&codes::INVALID_BLUEPRINT, format!("there is no part {}", quote(name))).help(help)
}

pub(super) type Entries = Vec<(Key, Node)>;

/// The entry of a key, which is then gone.
pub(super) fn take_out(entries: &mut Entries, name: &str) -> Option<(Key, Node)> {
    let position = entries.iter().position(|(key, _)| &*key.text == name)?;
    Some(entries.remove(position))
}

/// Adds what a part says to the entries of a blueprint.
fn take_in(part: Node, blueprint: &mut Entries, report: &mut Report) {
    let Some(mut fields) = Fields::open(&part, "a part", report) else { return };
    if let Some(summary) = fields.required("summary", report) {
        summary.text("a part's summary", report);
    }
    for section in ["settings", "workloads", "flows", "stacks"] {
        fields.optional(section);
    }
    fields.finish(report);
    let Value::Map(sections) = part.value else { return };
    for (key, node) in sections {
        let empty = |value| Node::new(key.span, value);
        match &*key.text {
            "settings" => {
                let own = section(blueprint, &key, empty(Value::Map(any_settings(key.span))));
                add_settings(node, own, None, report);
            }
            "workloads" => {
                let own = section(blueprint, &key, empty(Value::Map(Vec::new())));
                add_named(changed(node, own, &CHANGEABLE_OF_WORKLOADS), own, "workload", None, report);
            }
            "stacks" => add_stacks(node, section(blueprint, &key, empty(Value::Map(Vec::new()))), report),
            "flows" => {
                append(node, section(blueprint, &key, empty(Value::List(Vec::new()))), "`flows`", report)
            }
            _ => {}
        }
    }
}

/// The value below a key; the empty one, where the blueprint has no such key.
pub(super) fn section<'e>(entries: &'e mut Entries, key: &Key, empty: Node) -> &'e mut Node {
    let position = entries.iter().position(|(own, _)| own.text == key.text).unwrap_or_else(|| {
        entries.push((key.clone(), empty));
        entries.len() - 1
    });
    &mut entries[position].1
}

/// The schema of a blueprint that has no settings of its own.
pub(super) fn any_settings(span: Span) -> Entries {
    let entry = |name: &str, value| (Key { text: name.into(), span }, Node::new(span, value));
    vec![entry("type", Value::Text("object".into())), entry("additionalProperties", Value::Boolean(false))]
}

/// Of a JSON Schema, a part or a component adds settings, the rules between them, and which are required.
pub(super) fn add_settings(part: Node, own: &mut Node, component: Option<&str>, report: &mut Report) {
    let what = if component.is_some() { "the settings of a component" } else { "the schema of a part" };
    let Some(mut fields) = Fields::open(&part, what, report) else { return };
    for key in ["properties", "allOf", "required"] {
        fields.optional(key);
    }
    fields.finish(report);
    let (Value::Map(sections), Value::Map(own)) = (part.value, &mut own.value) else { return };
    for (key, node) in sections {
        match &*key.text {
            "properties" => {
                let own = section(own, &key, Node::new(key.span, Value::Map(Vec::new())));
                let node = if component.is_none() { changed(node, own, &CHANGEABLE) } else { node };
                add_named(node, own, "setting", component, report);
            }
            rules @ ("allOf" | "required") => {
                let list = section(own, &key, Node::new(key.span, Value::List(Vec::new())));
                append(node, list, &format!("`{rules}`"), report);
            }
            _ => {}
        }
    }
}

/// What a blueprint may say anew of a part's setting; a value of another kind would be another setting.
const CHANGEABLE: [&str; 3] = ["default", "scope", "description"];

/// What it may say of a part's workload: how its rules are kept, and not where it stands.
const CHANGEABLE_OF_WORKLOADS: [&str; 1] = ["shared_rules"];

/// The part's entries, changed where the blueprint says no more of one than what it may say anew.
fn changed(mut part: Node, own: &mut Node, changeable: &[&str]) -> Node {
    let (Value::Map(entries), Value::Map(own)) = (&mut part.value, &mut own.value) else { return part };
    for (key, entry) in entries {
        let Value::Map(entry) = &mut entry.value else { continue };
        let position = own.iter().position(|(own, node)| match &node.value {
            Value::Map(changes) => {
                own.text == key.text && changes.iter().all(|(key, _)| changeable.contains(&&*key.text))
            }
            _ => false,
        });
        let Some(position) = position else { continue };
        let Value::Map(changes) = own.remove(position).1.value else { continue };
        for (key, change) in changes {
            entry.retain(|(old, _)| old.text != key.text);
            entry.push((key, change));
        }
    }
    part
}

/// Adds entries of other names, from a part or from the component of this name.
pub(super) fn add_named(
    part: Node,
    own: &mut Node,
    what: &str,
    component: Option<&str>,
    report: &mut Report,
) {
    let (other, help) = match component {
        None => {
            ("the part has it too".to_owned(), "rename one of the two, or take in another part".to_owned())
        }
        Some(name) => (
            format!("the component `{name}` has it too"),
            format!("rename it, or write `without: [{name}]` into the blueprint"),
        ),
    };
    if part.map(&format!("what a part adds as its {what}s"), report).is_none() {
        return;
    }
    let (Value::Map(entries), Value::Map(own)) = (part.value, &mut own.value) else { return };
    for (key, node) in entries {
        match own.iter().find(|(own, _)| own.text == key.text) {
            Some((first, _)) => report.push(
                Diagnostic::error(
                    &codes::INVALID_BLUEPRINT,
                    format!("the {what} {} is declared twice", quote(&key.text)),
                )
                .at(first.span, "")
                .also(key.span, other.clone())
                .help(help.clone()),
            ),
            None => own.push((key, node)),
        }
    }
}

/// Adds items at the end.
fn append(part: Node, own: &mut Node, what: &str, report: &mut Report) {
    if part.list(what, report).is_none() {
        return;
    }
    if let (Value::List(items), Value::List(own)) = (part.value, &mut own.value) {
        own.extend(items);
    }
}

/// Adds stacks. What the blueprint says of one of them without a template of its own is added to it:
/// a blueprint knows what else a part's stack has to come after.
fn add_stacks(mut part: Node, own: &mut Node, report: &mut Report) {
    if let (Value::Map(entries), Value::Map(own)) = (&mut part.value, &mut own.value) {
        for (key, stack) in entries {
            let position = own.iter().position(|(own, node)| {
                own.text == key.text && matches!(node.value, Value::Map(_)) && node.get("template").is_none()
            });
            if let Some(position) = position {
                add_to_stack(own.remove(position).1, stack, report);
            }
        }
    }
    add_named(part, own, "stack", None, report);
}

fn add_to_stack(addition: Node, stack: &mut Node, report: &mut Report) {
    let Some(mut fields) = Fields::open(&addition, "what a blueprint adds to a part's stack", report) else {
        return;
    };
    fields.required("after", report);
    fields.finish(report);
    let (Value::Map(additions), Value::Map(stack)) = (addition.value, &mut stack.value) else { return };
    for (key, node) in additions.into_iter().filter(|(key, _)| &*key.text == "after") {
        append(node, section(stack, &key, Node::new(key.span, Value::List(Vec::new()))), "`after`", report);
    }
}
