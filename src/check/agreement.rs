//! How stacks fit together: what is imported is exported before, names are unique, and the manifest says
//! what the files say.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::check::finding::Finding;
use crate::check::model::{Estate, Export, Form, Scope, Stack, StackId, Template, Value};
use crate::cloudformation::limits;
use crate::diagnostics::{codes, quote};
use crate::source::{SourceMap, Span};

/// Judges the tree as a whole.
pub(super) fn judge(estate: &Estate, sources: &SourceMap) -> Vec<Finding> {
    let mut findings = exports(estate);
    names(estate, sources, &mut findings);
    let imports: Vec<BTreeMap<u32, Span>> = estate.templates().iter().map(imports_of).collect();
    let spans: BTreeMap<&str, &BTreeMap<u32, Span>> =
        estate.templates().iter().map(|template| &*template.path).zip(&imports).collect();
    let judged = estate.stacks().par_iter().map(|stack| {
        let mut findings = Vec::new();
        if estate.manifest.is_some() {
            order(estate, stack, sources, &mut findings);
            capabilities(estate, stack, sources, &mut findings);
            place(estate, stack, sources, &mut findings);
        }
        if let Some(imports) = spans.get(&*estate.template(stack).path) {
            of_imports(estate, stack, imports, sources, &mut findings);
        }
        findings
    });
    findings.extend(judged.collect::<Vec<_>>().concat());
    findings
}

/// Where each import of a template stands first.
fn imports_of(template: &Template) -> BTreeMap<u32, Span> {
    let mut found = BTreeMap::new();
    let mut visit = |expression: &crate::check::model::Expression| {
        if let Form::Import(index) = expression.form {
            found.entry(index).or_insert(expression.span);
        }
    };
    template.resources.iter().for_each(|resource| resource.properties.walk(&mut visit));
    template.outputs.iter().for_each(|output| output.value.walk(&mut visit));
    template.conditions.iter().for_each(|condition| condition.expression.walk(&mut visit));
    found
}

/// A name is exported once in an account and Region (CloudFormation User Guide, "Outputs").
fn exports(estate: &Estate) -> Vec<Finding> {
    let all: Vec<Export<'_>> = estate.exports().collect();
    let mut findings = Vec::new();
    let mut first = 0;
    for index in 1..all.len() {
        if all[index].name != all[first].name {
            first = index;
            continue;
        }
        let here = (all[index].account, all[index].region);
        let twin = all[first..index].iter().find(|other| (other.account, other.region) == here);
        if let Some(twin) = twin {
            let span = |export: &Export<'_>| {
                let stack = estate.stack(export.stack);
                estate.template(stack).outputs[export.output].span
            };
            let (one, other) = (estate.stack(twin.stack), estate.stack(all[index].stack));
            findings.push(
                Finding::new(
                    &codes::DUPLICATE_EXPORT,
                    format!(
                        "the stacks {} and {} export the same name {}",
                        quote(&one.name),
                        quote(&other.name),
                        quote(all[index].name)
                    ),
                    span(&all[index]),
                    "exported here",
                )
                .also(span(twin), "and here")
                .of_stack(one.id)
                .of_stack(other.id)
                .help("put the stack's name into the name: `${AWS::StackName}-…`"),
            );
        }
    }
    findings
}

/// Names of stacks are unique in an account and Region, and have a form.
fn names(estate: &Estate, sources: &SourceMap, findings: &mut Vec<Finding>) {
    let mut known = BTreeMap::new();
    for stack in estate.stacks() {
        let fine = stack.name.len() <= limits::STACK_NAME_CHARACTERS
            && stack.name.starts_with(|first: char| first.is_ascii_alphabetic())
            && stack.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if estate.manifest.is_none() {
            continue;
        }
        if !fine {
            findings.push(
                Finding::new(
                    &codes::DUPLICATE_STACK,
                    format!("{} is no name that a stack can have", quote(&stack.name)),
                    estate.stack_place(stack, sources),
                    "",
                )
                .of_stack(stack.id)
                .help("a letter, then letters, digits and hyphens, 128 characters at most"),
            );
        }
        let place = (stack.account.as_deref(), stack.region.as_deref(), &*stack.name);
        if known.insert(place, stack.id).is_some() {
            findings.push(
                Finding::new(
                    &codes::DUPLICATE_STACK,
                    format!("the manifest lists the stack {} twice", quote(&stack.name)),
                    estate.stack_place(stack, sources),
                    "",
                )
                .of_stack(stack.id)
                .help("run `tenantry synth` to write the manifest anew"),
            );
        }
    }
}

fn order(estate: &Estate, stack: &Stack, sources: &SourceMap, findings: &mut Vec<Finding>) {
    for id in &stack.depends_on {
        let other = estate.stack(*id);
        if other.wave >= stack.wave || other.id >= stack.id {
            findings.push(
                Finding::new(
                    &codes::DEPLOYMENT_ORDER,
                    format!(
                        "{} waits for {}, which does not come before it",
                        quote(&stack.name),
                        quote(&other.name)
                    ),
                    estate.stack_place(stack, sources),
                    format!("wave {}; the other has wave {}", stack.wave, other.wave),
                )
                .of_stack(stack.id)
                .help("run `tenantry synth` to write the manifest anew"),
            );
        }
    }
}

/// What CloudFormation wants to see acknowledged (CloudFormation API Reference, "CreateStack").
fn capabilities(estate: &Estate, stack: &Stack, sources: &SourceMap, findings: &mut Vec<Finding>) {
    let template = estate.template(stack);
    let has = |name: &str| stack.capabilities.iter().any(|known| &**known == name);
    let of_identity = [
        ("AWS::IAM::Group", "GroupName"),
        ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
        ("AWS::IAM::Policy", ""),
        ("AWS::IAM::Role", "RoleName"),
        ("AWS::IAM::User", "UserName"),
        ("AWS::IAM::UserToGroupAddition", ""),
        ("AWS::IAM::AccessKey", ""),
    ];
    let mut needed: Option<(&str, Span)> = None;
    for resource in &template.resources {
        let Some((_, name)) = of_identity.iter().find(|(kind, _)| *kind == &*resource.kind) else { continue };
        if !name.is_empty() && resource.properties.get(name).is_some() {
            needed = Some(("CAPABILITY_NAMED_IAM", resource.span));
            break;
        }
        needed = needed.or(Some(("CAPABILITY_IAM", resource.span)));
    }
    if !template.transforms.is_empty() && !has("CAPABILITY_AUTO_EXPAND") {
        needed = Some(("CAPABILITY_AUTO_EXPAND", Span { file: template.file, start: 0, end: 0 }));
    }
    if let Some((needed, span)) = needed
        && !has(needed)
        && !(needed == "CAPABILITY_IAM" && has("CAPABILITY_NAMED_IAM"))
    {
        findings.push(
            Finding::new(
                &codes::MISSING_CAPABILITY,
                format!("the stack {} needs the capability `{needed}`", quote(&stack.name)),
                estate.stack_place(stack, sources),
                "it is not among its `capabilities`",
            )
            .also(span, "because of this")
            .of_stack(stack.id)
            .help("run `tenantry synth` to write the manifest anew"),
        );
    }
}

/// A deployment file stands where its stack is deployed: `stacks/<account>/<region>/<name>.json`.
fn place(estate: &Estate, stack: &Stack, sources: &SourceMap, findings: &mut Vec<Finding>) {
    let Some(deployment) = &stack.deployment else { return };
    let (Some(account), Some(region)) = (&stack.account, &stack.region) else { return };
    let expected = format!("stacks/{account}/{region}/{}.json", stack.name);
    if *deployment.path != *expected {
        findings.push(
            Finding::new(
                &codes::MANIFEST_DISAGREES,
                format!(
                    "the deployment file of {} stands in another place than its stack",
                    quote(&stack.name)
                ),
                estate.stack_place(stack, sources),
                format!("{} is listed", quote(&deployment.path)),
            )
            .of_stack(stack.id)
            .help(format!("it belongs to `{expected}`")),
        );
    }
}

/// Whether a stack waits for another one, by itself or through those that it waits for.
fn waits_for(estate: &Estate, stack: &Stack, wanted: StackId) -> bool {
    let (mut open, mut seen) = (stack.depends_on.clone(), BTreeSet::new());
    while let Some(id) = open.pop() {
        if id == wanted {
            return true;
        }
        if seen.insert(id) {
            open.extend_from_slice(&estate.stack(id).depends_on);
        }
    }
    false
}

/// Stacks that import from each other, where no manifest says in which order they are deployed.
fn circle(estate: &Estate, stack: &Stack, exporter: StackId, span: Span) -> Option<Finding> {
    let (mut open, mut seen) = (vec![exporter], BTreeSet::new());
    while let Some(id) = open.pop() {
        if id == stack.id {
            let names = format!("{} and {}", quote(&stack.name), quote(&estate.stack(exporter).name));
            let message = match exporter == stack.id {
                true => format!("the stack {} imports what it exports itself", quote(&stack.name)),
                false => format!("the stacks {names} wait for each other's exports"),
            };
            let help = "move what both need into a stack that comes before them";
            return Some(
                Finding::new(&codes::DEPENDENCY_CIRCLE, message, span, "").of_stack(stack.id).help(help),
            );
        }
        if seen.insert(id) {
            let next = estate.stack(id);
            let imports = 0..estate.template(next).imports.len();
            open.extend(imports.filter_map(|import| next.imported(import)));
        }
    }
    None
}

fn of_imports(
    estate: &Estate,
    stack: &Stack,
    imports: &BTreeMap<u32, Span>,
    sources: &SourceMap,
    findings: &mut Vec<Finding>,
) {
    let template = estate.template(stack);
    for (index, span) in imports {
        let Some(name) = template.imports.get(*index as usize) else { continue };
        match stack.imported(*index as usize) {
            Some(exporter) if estate.manifest.is_some() => {
                let other = estate.stack(exporter);
                let before = other.wave < stack.wave && waits_for(estate, stack, exporter);
                if !before {
                    findings.push(
                        Finding::new(
                            &codes::DEPLOYMENT_ORDER,
                            format!(
                                "{} imports from {}, which the manifest does not put before it",
                                quote(&stack.name),
                                quote(&other.name)
                            ),
                            estate.stack_place(stack, sources),
                            "",
                        )
                        .also(*span, "imported here")
                        .of_stack(stack.id)
                        .help("name it in `depends_on`, in a later wave: `tenantry synth` does so"),
                    );
                }
            }
            Some(exporter) => findings.extend(circle(estate, stack, exporter, *span)),
            None => {
                let value = Scope { estate, stack }.value(name);
                let message = match &value {
                    Value::Text(name) => format!("nothing in its account and Region exports {}", quote(name)),
                    _ => format!("the name of an import cannot be known: {}", quote(&value.to_string())),
                };
                findings.push(
                    Finding::new(&codes::UNDEFINED_IMPORT, message, *span, "imported here")
                        .of_stack(stack.id)
                        .help("export it from a stack that is deployed before, or correct the name"),
                );
            }
        }
    }
}
