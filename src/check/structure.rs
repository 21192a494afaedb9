//! What holds of a template as such: attributes that exist, no circles, nothing unused, CloudFormation's limits.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::finding::Finding;
use crate::check::model::{Estate, Expression, Form, StackId, Template};
use crate::cloudformation::{limits, resource_type};
use crate::diagnostics::{closest, codes, list_of, quote};
use crate::source::Span;

/// Judges all templates.
pub(super) fn judge(estate: &Estate) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (template, stacks) in estate.by_template() {
        let ids: Vec<StackId> = stacks.iter().map(|stack| stack.id).collect();
        let mut own = template.problems.clone();
        attributes(template, &mut own);
        cycles(template, &mut own);
        unused(template, &mut own);
        limit(template, stacks.iter().any(|stack| stack.needs_s3), estate.manifest.is_some(), &mut own);
        defaults(template, &mut own);
        findings.extend(own.into_iter().map(|finding| finding.of_stacks(&ids)));
    }
    findings
}

fn walk<'t>(template: &'t Template, visit: &mut impl FnMut(Option<u32>, &'t Expression)) {
    for (index, resource) in template.resources.iter().enumerate() {
        resource.properties.walk(&mut |inner| visit(Some(index as u32), inner));
        if let Some(metadata) = &resource.metadata {
            metadata.walk(&mut |inner| visit(Some(index as u32), inner));
        }
    }
    for output in &template.outputs {
        output.value.walk(&mut |inner| visit(None, inner));
        if let Some(export) = &output.export {
            export.walk(&mut |inner| visit(None, inner));
        }
    }
    for condition in &template.conditions {
        condition.expression.walk(&mut |inner| visit(None, inner));
    }
    for import in &template.imports {
        import.walk(&mut |inner| visit(None, inner));
    }
}

fn attributes(template: &Template, findings: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    walk(template, &mut |_, expression| {
        let Form::Attribute(index, attribute) = &expression.form else { return };
        let (Some(name), Some(target)) = (attribute.as_text(), template.resources.get(*index as usize))
        else {
            return;
        };
        let Some(facts) = resource_type(&target.kind) else { return };
        // `Outputs.Name` of a nested stack, and attributes of a stack's own making, have no list.
        let open = target.kind.starts_with("AWS::CloudFormation::") || target.kind.starts_with("Custom::");
        let known = facts.attributes.iter().any(|known| known == name)
            || facts.properties.iter().any(|known| known == name);
        if !open && !known && told.insert((expression.span, name.to_owned())) {
            let help = match closest(name, facts.attributes.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if facts.attributes.is_empty() => "the type has none; use `Ref`".to_owned(),
                None => format!("it has {}", list_of(facts.attributes.iter().map(String::as_str))),
            };
            findings.push(
                Finding::new(
                    &codes::UNDEFINED_ATTRIBUTE,
                    format!("the type `{}` has no attribute {}", target.kind, quote(name)),
                    expression.span,
                    format!("asked of `{}`", target.logical_id),
                )
                .of_resource(&*target.logical_id)
                .help(help),
            );
        }
    });
}

/// Resources that wait for each other. The first of a circle is where it is told, with all its members.
fn cycles(template: &Template, findings: &mut Vec<Finding>) {
    let mut waits: BTreeMap<u32, BTreeMap<u32, Span>> = BTreeMap::new();
    walk(template, &mut |from, expression| {
        if let (Some(from), Form::Resource(to) | Form::Attribute(to, _)) = (from, &expression.form) {
            waits.entry(from).or_default().entry(*to).or_insert(expression.span);
        }
    });
    for (index, resource) in template.resources.iter().enumerate() {
        for (to, span) in &resource.depends_on {
            let known = waits.entry(index as u32).or_default();
            if *to == index as u32 {
                known.insert(*to, *span);
            } else {
                known.entry(*to).or_insert(*span);
            }
        }
    }
    let mut done = BTreeSet::new();
    for start in 0..template.resources.len() as u32 {
        if done.contains(&start) {
            continue;
        }
        if let Some(circle) = circle_from(start, &waits, &mut done) {
            let names: Vec<&str> =
                circle.iter().map(|index| &*template.resources[*index as usize].logical_id).collect();
            let (first, second) = (circle[0], circle[1 % circle.len()]);
            let span = waits[&first][&second];
            let message = if circle.len() == 1 {
                format!("the resource `{}` waits for itself", names[0])
            } else {
                format!("the resources {} wait for each other", list_of(names.iter().copied()))
            };
            findings.push(
                Finding::new(&codes::DEPENDENCY_CIRCLE, message, span, "the circle can be cut here")
                    .of_resource(names[0])
                    .help("put what refers back into a resource of its own, as a rule beside its group"),
            );
        }
    }
}

/// A circle that can be reached from a resource, found without recursion: a template may be 500 deep.
fn circle_from(
    start: u32,
    waits: &BTreeMap<u32, BTreeMap<u32, Span>>,
    done: &mut BTreeSet<u32>,
) -> Option<Vec<u32>> {
    let next = |index: u32| -> Vec<u32> {
        waits.get(&index).map(|all| all.keys().copied().collect()).unwrap_or_default()
    };
    let mut path = vec![(start, next(start))];
    while let Some((index, open)) = path.last_mut() {
        match open.pop() {
            None => {
                done.insert(*index);
                path.pop();
            }
            Some(to) => {
                if let Some(at) = path.iter().position(|(index, _)| *index == to) {
                    let circle: Vec<u32> = path[at..].iter().map(|(index, _)| *index).collect();
                    done.extend(path.iter().map(|(index, _)| *index));
                    let least = circle.iter().enumerate().min_by_key(|(_, index)| **index);
                    let turn = least.map_or(0, |(position, _)| position);
                    return Some([&circle[turn..], &circle[..turn]].concat());
                }
                if !done.contains(&to) {
                    path.push((to, next(to)));
                }
            }
        }
    }
    None
}

fn unused(template: &Template, findings: &mut Vec<Finding>) {
    let (mut parameters, mut conditions) = (BTreeSet::new(), BTreeSet::new());
    walk(template, &mut |_, expression| match expression.form {
        Form::Parameter(index) => _ = parameters.insert(index),
        Form::If(index, _) | Form::Condition(index) => _ = conditions.insert(index),
        _ => {}
    });
    conditions.extend(template.resources.iter().filter_map(|resource| resource.condition));
    conditions.extend(template.outputs.iter().filter_map(|output| output.condition));
    // What a transform or a rule uses cannot be seen.
    if !template.problems.is_empty() {
        return;
    }
    let unused = |what: &str, name: &str, span: Span| {
        Finding::new(&codes::UNUSED_PARAMETER, format!("nothing uses the {what} {}", quote(name)), span, "")
            .help("take it out, or use it where it was meant to be used")
    };
    for (index, parameter) in template.parameters.iter().enumerate() {
        if !parameters.contains(&(index as u32)) {
            findings.push(unused("parameter", &parameter.name, parameter.span));
        }
    }
    for (index, condition) in template.conditions.iter().enumerate() {
        if !conditions.contains(&(index as u32)) {
            findings.push(unused("condition", &condition.name, condition.span));
        }
    }
}

fn limit(template: &Template, needs_s3: bool, has_manifest: bool, findings: &mut Vec<Finding>) {
    let start = Span { file: template.file, start: 0, end: 0 };
    let mut over = |what: &str, count: usize, most: usize, span: Span| {
        if count > most {
            findings.push(
                Finding::new(
                    &codes::TEMPLATE_LIMIT,
                    format!("the template has {count} {what}, and CloudFormation takes {most}"),
                    span,
                    "",
                )
                .help("divide the template into several stacks"),
            );
        }
    };
    let first = |spans: Option<Span>| spans.unwrap_or(start);
    over(
        "resources",
        template.resources.len(),
        limits::RESOURCES,
        first(template.resources.first().map(|one| one.span)),
    );
    over(
        "parameters",
        template.parameters.len(),
        limits::PARAMETERS,
        first(template.parameters.first().map(|one| one.span)),
    );
    over(
        "outputs",
        template.outputs.len(),
        limits::OUTPUTS,
        first(template.outputs.first().map(|one| one.span)),
    );
    over(
        "mappings",
        template.mappings.len(),
        limits::MAPPINGS,
        first(template.mappings.first().map(|one| one.span)),
    );
    over("bytes", template.bytes, limits::TEMPLATE_OBJECT_BYTES, start);
    if let Some((text, span)) = &template.description
        && text.len() > limits::DESCRIPTION_BYTES
    {
        over("bytes of description", text.len(), limits::DESCRIPTION_BYTES, *span);
    }
    let names = template.resources.iter().map(|one| (&one.logical_id, one.span));
    let names = names.chain(template.parameters.iter().map(|one| (&one.name, one.span)));
    for (name, span) in names.chain(template.outputs.iter().map(|one| (&one.name, one.span))) {
        if name.len() > limits::LOGICAL_ID_CHARACTERS {
            over("characters in a name", name.len(), limits::LOGICAL_ID_CHARACTERS, span);
        }
    }
    if has_manifest && template.bytes > limits::TEMPLATE_BODY_BYTES && !needs_s3 {
        findings.push(
            Finding::new(
                &codes::TEMPLATE_LIMIT,
                format!(
                    "the template has {} bytes, and more than {} cannot be sent inline",
                    template.bytes,
                    limits::TEMPLATE_BODY_BYTES
                ),
                start,
                "",
            )
            .help("divide the template, or say `needs_s3` in the manifest"),
        );
    }
}

/// A default that the parameter's own constraints refuse.
fn defaults(template: &Template, findings: &mut Vec<Finding>) {
    for parameter in &template.parameters {
        if let Some((pattern, span)) = &parameter.allowed_pattern
            && regex::Regex::new(pattern).is_err()
            && !["(?=", "(?!", "(?<"].iter().any(|look| pattern.contains(look))
        {
            findings.push(
                Finding::new(
                    &codes::TEMPLATE_STRUCTURE,
                    format!(
                        "the pattern of the parameter {} is no regular expression",
                        quote(&parameter.name)
                    ),
                    *span,
                    "",
                )
                .help("check brackets and backslashes"),
            );
        }
        if let Some(default) = &parameter.default
            && let Some((code, message, help)) = super::parameters::refusal(parameter, default)
        {
            findings.push(Finding::new(code, message, parameter.span, "its own default").help(help));
        }
    }
}
