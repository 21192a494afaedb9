//! The stacks of a blueprint, decoded and put in order, each with its template compiled.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::include::Templates;
use crate::blueprint::intent::{Per, Place, Stack};
use crate::blueprint::load::{check_word, condition, invalid, word};
use crate::blueprint::template::compile;
use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::identity::Model;
use crate::yaml::{Fields, Key, Node};

/// A stack that is no blueprint's own: that of the central services, which whoever is joined to them may come after.
pub const HUB: &str = "hub";

/// What the stacks of one blueprint are read with.
pub(super) struct StackReader<'l> {
    pub templates: Templates<'l>,
    pub model: Option<Model>,
    pub joined: &'l Joined,
    /// The blueprint's.
    pub name: &'l str,
}

/// What components have added to a blueprint.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// Their names, in order.
    pub components: Vec<String>,
    /// The stacks that came with them: the component, and whether the stack is its own.
    pub stacks: BTreeMap<String, (String, bool)>,
    is_component: bool,
}

impl Joined {
    /// For the stacks that a component has of its own.
    pub(super) fn of_component() -> Self {
        Joined { is_component: true, ..Joined::default() }
    }

    fn elsewhere(&self, stack: &str) -> Option<&str> {
        let (component, is_own) = self.stacks.get(stack)?;
        is_own.then_some(component)
    }
}

impl StackReader<'_> {
    pub(super) fn stacks(&self, node: &Node, report: &mut Report) -> Vec<Stack> {
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
        check_order(&stacks, report);
        ordered(stacks, report)
    }

    fn stack(&self, key: &Key, node: &Node, names: &BTreeSet<&str>, report: &mut Report) -> Option<Stack> {
        let (name, span) = (&*key.text, key.span);
        check_word(name, span, "a stack's name", report);
        let mut fields = Fields::open(node, "a stack of a blueprint", report)?;
        let per_node = fields.required("per", report);
        let per = per_node.and_then(|node| word(node, "what a stack is `per`", Per::WORDS, report));
        let place =
            fields.optional("in").map(|node| (node, word(node, "where a stack is", Place::WORDS, report)));
        let per = per.unwrap_or(Per::Tenant);
        if let Some(node) = per_node {
            self.check_per(name, per, node, report);
        }
        let place = match place {
            Some((node, Some(place))) => {
                check_place(per, place, node, report);
                place
            }
            _ if per == Per::Organization => Place::Management,
            _ => Place::Home,
        };
        let template = fields.required("template", report).and_then(|node| {
            let file = node.text("a stack's template", report)?;
            let id = self.templates.folders.find(file, node.span, report)?;
            let tree = self.templates.read(id, report)?;
            Some((file.to_owned(), compile(&tree, report)?))
        });
        let after = fields.optional("after").map(|node| self.after(node, name, names, report));
        let when = fields.optional("when").and_then(|node| condition(node, report));
        fields.finish(report);
        let (template_file, template) = template?;
        Some(Stack {
            name: name.to_owned(),
            per,
            place,
            template,
            template_file,
            after: after.unwrap_or_default(),
            when,
            elsewhere: self.joined.elsewhere(name).map(str::to_owned),
            span,
        })
    }

    /// Where each tenant has a home of its own, a cell's stack would be a tenant's by another name.
    fn check_per(&self, stack: &str, per: Per, node: &Node, report: &mut Report) {
        if per == Per::Region && !self.joined.is_component && self.joined.elsewhere(stack).is_none() {
            let help =
                "write `account`, for one in each account and Region; components alone have such stacks";
            invalid(node.span, "a stack of a blueprint is not `per: region`", help, report);
        }
        let Some(model) = self.model.filter(|model| per == Per::Cell && model.is_silo()) else { return };
        let message = format!("a stack of the model `{model}` is not `per: cell`");
        invalid(node.span, &message, "each tenant has a home of its own, write `tenant`", report);
    }

    /// The names below `after`, each a stack of the blueprint.
    fn after(&self, node: &Node, stack: &str, names: &BTreeSet<&str>, report: &mut Report) -> Vec<String> {
        let what = "`after`";
        let mut after = Vec::new();
        for item in node.list(what, report).unwrap_or_default() {
            let Some(name) = item.text(what, report) else { continue };
            if !names.contains(name) && name != HUB {
                let (message, help) = match self.joined.stacks.get(stack) {
                    Some((component, false)) => (
                        format!(
                            "the stack `{stack}` of the component `{component}` comes after {}, which the blueprint `{}` does not have",
                            quote(name),
                            self.name
                        ),
                        format!("write `without: [{component}]` into the blueprint, or give it such a stack"),
                    ),
                    _ => (
                        format!("the stack `{stack}` comes after {}, which is not a stack", quote(name)),
                        match closest(name, names.iter().copied()) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => format!("the stacks are {}", list_of(names.iter().copied())),
                        },
                    ),
                };
                invalid(item.span, &message, &help, report);
            }
            after.push(name.to_owned());
        }
        after
    }
}

/// A blueprint's one stack for the organization stands where the organization is managed.
fn check_place(per: Per, place: Place, node: &Node, report: &mut Report) {
    if per == Per::Organization && place != Place::Management {
        let message = "a stack of the organization has no home but the management account";
        invalid(node.span, message, "write `management`, or leave it out", report);
    }
}

/// A stack that serves many cannot wait for one that each of the many has.
fn check_order(stacks: &[Stack], report: &mut Report) {
    for stack in stacks {
        let earlier = stacks.iter().filter(|other| stack.after.contains(&other.name));
        for other in earlier.filter(|other| other.per < stack.per) {
            let message = format!(
                "the stack `{}` is `per: {}` and comes after `{}`, which is `per: {}`",
                stack.name,
                stack.per.word(),
                other.name,
                other.per.word()
            );
            report.push(
                Diagnostic::error(&codes::INVALID_BLUEPRINT, message)
                    .at(stack.span, "")
                    .also(other.span, "the other one")
                    .help("let the stacks of tenants come after those that they share"),
            );
        }
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
