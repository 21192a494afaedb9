//! Tags: every resource that can carry them carries those of the organization's tag policy, with values
//! that it allows, and a tenant's resources say that they are that tenant's.
//!
//! The keys are those of `organization/tag-policy.json`. A key is asked of a resource where the policy
//! reports its absence, or where the stack itself has the tag; of a stack that tenants share, what only a
//! tenant can have is not asked. The tag that tells tenants apart is not
//! named by the policy: it is the key whose value is the tenant in most stacks of tenants.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::check::finding::Finding;
use crate::check::model::{Declared, Estate, Expression, Form, Stack, StackId, Template, Value};
use crate::cloudformation::{TagShape, resource_type};
use crate::diagnostics::{Report, codes, list_of, quote};
use crate::source::{SourceMap, Span};
use crate::yaml::{self, read_json};

/// What the policy says of a key.
struct Key {
    name: String,
    /// Values that it allows, with `*` for anything; none where it allows all.
    values: Vec<String>,
    is_required: bool,
}

/// A tag as a template writes it, and the first resource that does.
struct Written<'e> {
    key: String,
    value: &'e Expression,
    resource: &'e Declared,
    span: Span,
}

/// Judges all tags.
pub(super) fn judge(estate: &Estate, sources: &SourceMap) -> Vec<Finding> {
    let policy = policy(estate, sources);
    let isolating = isolating_key(estate, &policy);
    let tenants: BTreeSet<&str> =
        estate.stacks().iter().filter_map(|stack| stack.tenant.as_deref()).collect();
    let templates = estate.by_template();
    let judged = templates.par_iter().map(|(template, stacks)| {
        let Some(first) = stacks.first() else { return Vec::new() };
        let mut findings = Vec::new();
        let asked = |key: &Key, stack: &Stack| is_asked(estate, key, stack, isolating);
        let written = written(estate, template, first, stacks, &policy, &asked, &mut findings);
        let of_stacks = stacks.par_iter().map(|stack| {
            let mut findings = Vec::new();
            values(estate, stack, &written, &policy, isolating, &tenants, sources, &mut findings);
            findings
        });
        findings.extend(of_stacks.collect::<Vec<_>>().concat());
        findings
    });
    judged.collect::<Vec<_>>().concat()
}

/// The keys of the policy (AWS Organizations User Guide, "Tag policy syntax"); none without a policy.
fn policy(estate: &Estate, sources: &SourceMap) -> Vec<Key> {
    let read = |file| read_json(file, sources, &mut Report::default()).ok();
    let Some(node) = estate.tag_policy.and_then(read) else { return Vec::new() };
    let Some(yaml::Value::Map(entries)) = node.get("tags").map(|tags| &tags.value) else { return Vec::new() };
    let assigned = |node: &yaml::Node, key: &str| node.get(key)?.get("@@assign").cloned();
    let key = |(name, node): &(yaml::Key, yaml::Node)| {
        let written = assigned(node, "tag_key").and_then(|key| key.as_text().map(str::to_owned));
        let values = match assigned(node, "tag_value").map(|values| values.value) {
            Some(yaml::Value::List(items)) => {
                items.iter().filter_map(|item| item.as_text().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        };
        let is_required = node.get("report_required_tag_for").is_some();
        Key { name: written.unwrap_or_else(|| name.text.to_string()), values, is_required }
    };
    entries.iter().map(key).collect()
}

fn isolating_key<'p>(estate: &Estate, policy: &'p [Key]) -> Option<&'p str> {
    let of_tenants = || estate.stacks().iter().filter(|stack| stack.tenant.is_some());
    let all = of_tenants().count();
    let agreeing = |key: &Key| {
        let agrees = |stack: &&Stack| {
            let tag = stack.deployment.as_ref().and_then(|file| file.tag(&key.name));
            tag == stack.tenant.as_deref()
        };
        of_tenants().filter(agrees).count()
    };
    let best = policy.iter().max_by_key(|key| agreeing(key))?;
    (agreeing(best) * 2 > all).then_some(&*best.name)
}

/// Whether a stack and its resources must have a key. A stack that tenants share has no tenant whose value
/// it could take, but it says whose it is.
fn is_asked(estate: &Estate, key: &Key, stack: &Stack, isolating: Option<&str>) -> bool {
    let has = stack.deployment.as_ref().and_then(|file| file.tag(&key.name)).is_some();
    let is_shared = estate.manifest.is_some() && stack.tenant.is_none();
    has || (key.is_required && (!is_shared || isolating == Some(&key.name)))
}

/// The tags that a template writes, one for each key and value; what is missing or there twice is told.
fn written<'e>(
    estate: &'e Estate,
    template: &'e Template,
    first: &'e Stack,
    stacks: &[&Stack],
    policy: &[Key],
    asked: &dyn Fn(&Key, &Stack) -> bool,
    findings: &mut Vec<Finding>,
) -> Vec<Written<'e>> {
    let ids: Vec<StackId> = stacks.iter().map(|stack| stack.id).collect();
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    let places = template
        .resources
        .iter()
        .flat_map(|resource| places(resource).into_iter().map(move |place| (resource, place)));
    for (resource, Place { name, property, shape }) in places {
        let Some(tags) = tags_of(estate, first, resource, property, shape) else {
            findings.push(
                Finding::new(
                    &codes::UNJUDGED_CONSTRUCT,
                    format!(
                        "the tags of `{}` are computed as a whole, and cannot be judged",
                        resource.logical_id
                    ),
                    property.map_or(resource.span, |tags| tags.span),
                    "",
                )
                .of_resource(&*resource.logical_id)
                .of_stacks(&ids)
                .help("write the list out, with a value for each key"),
            );
            continue;
        };
        for key in policy.iter().filter(|key| tags.iter().all(|tag| tag.key != key.name)) {
            let without: Vec<StackId> =
                stacks.iter().filter(|stack| asked(key, stack)).map(|stack| stack.id).collect();
            if !without.is_empty() {
                findings.push(
                    Finding::new(
                        &codes::UNTAGGED_RESOURCE,
                        format!("the resource `{}` lacks the tag {}", resource.logical_id, quote(&key.name)),
                        property.map_or(resource.span, |tags| tags.span.beginning()),
                        format!("`{}` takes tags", resource.kind),
                    )
                    .of_resource(&*resource.logical_id)
                    .of_stacks(&without)
                    .help(format!("add it to `{name}`")),
                );
            }
        }
        repeated(resource, &tags, &ids, findings);
        for tag in tags {
            let what = match &tag.value.form {
                Form::Parameter(index) => format!("parameter {index}"),
                Form::Text(text) => format!("text {text}"),
                _ => format!("at {:?}", tag.value.span),
            };
            if seen.insert((tag.key.clone(), what)) {
                all.push(tag);
            }
        }
    }
    all
}

/// Where a resource has tags.
struct Place<'e> {
    name: &'static str,
    property: Option<&'e Expression>,
    shape: TagShape,
}

/// The property that the type's facts name. A launch template has lists by what it starts instead, which no facts tell
/// of.
fn places(resource: &Declared) -> Vec<Place<'_>> {
    if let Some(place) = resource_type(&resource.kind).and_then(|facts| facts.tags.as_ref()) {
        let property = resource.properties.get(&place.property);
        return vec![Place { name: &place.property, property, shape: place.shape }];
    }
    if &*resource.kind != "AWS::EC2::LaunchTemplate" {
        return Vec::new();
    }
    let data = resource.properties.get("LaunchTemplateData");
    let lists = [Some(&resource.properties), data].into_iter().flatten();
    let lists = lists.filter_map(|one| one.get("TagSpecifications")).flat_map(Expression::items);
    lists.map(|one| Place { name: "Tags", property: one.get("Tags"), shape: TagShape::List }).collect()
}

/// The tags of a resource; `None` where a function gives them all.
fn tags_of<'e>(
    estate: &'e Estate,
    first: &'e Stack,
    resource: &'e Declared,
    property: Option<&'e Expression>,
    shape: TagShape,
) -> Option<Vec<Written<'e>>> {
    let Some(property) = property else { return Some(Vec::new()) };
    match (&property.form, shape) {
        (Form::Map(entries), TagShape::Map) => {
            let tags = entries.iter().map(|entry| Written {
                key: entry.key.to_string(),
                value: &entry.value,
                resource,
                span: entry.key_span,
            });
            Some(tags.collect())
        }
        (Form::List(items), TagShape::List) => {
            let of_item = |item: &'e Expression| {
                let key = estate.evaluate(first, item.get("Key")?);
                let key = key.as_text()?.to_owned();
                Some(Written { key, value: item.get("Value")?, resource, span: item.span })
            };
            Some(items.iter().filter_map(of_item).collect())
        }
        _ => None,
    }
}

fn repeated(resource: &Declared, tags: &[Written<'_>], ids: &[StackId], findings: &mut Vec<Finding>) {
    let mut keys = BTreeMap::new();
    for tag in tags {
        if let Some(before) = keys.insert(&tag.key, tag.span) {
            findings.push(
                Finding::new(
                    &codes::REPEATED_TAG,
                    format!("the resource `{}` has the tag {} twice", resource.logical_id, quote(&tag.key)),
                    tag.span,
                    "again here",
                )
                .also(before, "first here")
                .of_resource(&*resource.logical_id)
                .of_stacks(ids)
                .help("take one of the two out"),
            );
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "what all stacks share is worked out once and handed on")]
fn values(
    estate: &Estate,
    stack: &Stack,
    written: &[Written<'_>],
    policy: &[Key],
    isolating: Option<&str>,
    tenants: &BTreeSet<&str>,
    sources: &SourceMap,
    findings: &mut Vec<Finding>,
) {
    let tag_of_stack = |key: &str| stack.deployment.as_ref().and_then(|file| file.tag(key));
    let mut push = |finding: Finding, tag: &Written<'_>| {
        let mut finding = finding.of_stack(stack.id).of_resource(&*tag.resource.logical_id);
        if let Form::Parameter(index) = tag.value.form {
            let name = &estate.template(stack).parameters[index as usize].name;
            finding =
                finding.also(estate.parameter_place(stack, name, sources), format!("the value of `{name}`"));
        }
        findings.push(finding);
    };
    for tag in written {
        let value = estate.evaluate(stack, tag.value);
        let Value::Text(text) = &value else { continue };
        let rule = policy.iter().find(|key| key.name == tag.key);
        if let Some(rule) = rule
            && !allows(rule, text)
        {
            let all = list_of(rule.values.iter().map(String::as_str));
            let message = format!("the tag {} cannot be {}", quote(&tag.key), quote(text));
            push(
                Finding::new(&codes::TAG_VALUE_REFUSED, message, tag.span, "")
                    .help(format!("the tag policy allows {all}")),
                tag,
            );
        }
        if isolating == Some(&tag.key) {
            let foreign = match stack.tenant.as_deref() {
                Some(tenant) => tenant != text,
                None => tenants.contains(&**text),
            };
            if foreign {
                let owner = match stack.tenant.as_deref() {
                    Some(tenant) => format!("belongs to the tenant {}", quote(tenant)),
                    None => "is shared by tenants".to_owned(),
                };
                let message = format!(
                    "the stack {} {owner}, and its tag {} is {}",
                    quote(&stack.name),
                    quote(&tag.key),
                    quote(text)
                );
                push(
                    Finding::new(&codes::FOREIGN_TENANT_TAG, message, tag.span, "").help(
                        "who may see and pay for a resource follows this tag: give it the tenant's own id",
                    ),
                    tag,
                );
            }
        } else if rule.is_some()
            && let Some(own) = tag_of_stack(&tag.key)
            && own != text
        {
            let message = format!(
                "the stack {} is tagged {} as {}, and resources of it as {}",
                quote(&stack.name),
                quote(&tag.key),
                quote(own),
                quote(text)
            );
            push(
                Finding::new(&codes::TAG_VALUE_REFUSED, message, tag.span, "")
                    .help("give both the same value: CloudFormation puts the stack's tag on what has none"),
                tag,
            );
        }
    }
    of_stack(estate, stack, policy, isolating, sources, findings);
}

/// The tags that CloudFormation puts on the stack itself.
fn of_stack(
    estate: &Estate,
    stack: &Stack,
    policy: &[Key],
    isolating: Option<&str>,
    sources: &SourceMap,
    findings: &mut Vec<Finding>,
) {
    let Some(deployment) = &stack.deployment else { return };
    for key in policy {
        let place = || deployment.place_of("tags", &key.name, sources).unwrap_or_else(|| deployment.start());
        match deployment.tag(&key.name) {
            None if is_asked(estate, key, stack, isolating) => findings.push(
                Finding::new(
                    &codes::UNTAGGED_RESOURCE,
                    format!("the stack {} lacks the tag {}", quote(&stack.name), quote(&key.name)),
                    deployment.start(),
                    "not among its `tags`",
                )
                .of_stack(stack.id)
                .help("add it to `tags` of the deployment file"),
            ),
            Some(text) if !allows(key, text) => findings.push(
                Finding::new(
                    &codes::TAG_VALUE_REFUSED,
                    format!("the tag {} cannot be {}", quote(&key.name), quote(text)),
                    place(),
                    "",
                )
                .of_stack(stack.id)
                .help(format!("the tag policy allows {}", list_of(key.values.iter().map(String::as_str)))),
            ),
            Some(text)
                if isolating == Some(&key.name)
                    && stack.tenant.as_deref().is_some_and(|tenant| tenant != text) =>
            {
                findings.push(
                    Finding::new(
                        &codes::FOREIGN_TENANT_TAG,
                        format!(
                            "the stack {} has the tag of another tenant, {}",
                            quote(&stack.name),
                            quote(text)
                        ),
                        place(),
                        "",
                    )
                    .of_stack(stack.id)
                    .help("give it the id of the tenant whose stack it is"),
                );
            }
            _ => {}
        }
    }
}

fn allows(key: &Key, text: &str) -> bool {
    key.values.is_empty() || key.values.iter().any(|value| super::accepted::matches(value, text))
}
