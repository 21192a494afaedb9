//! Properties of resources, against the schemas of their types.
//!
//! A template is judged once: what stands in it as such, and places where a function stands. Those places
//! are judged again in each stack, where the function has a value; those that ask for the same are judged
//! together. So what ten thousand stacks share is looked at once.

mod fit;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::check::finding::Finding;
use crate::check::model::{Declared, Estate, Expression, Form, Scope, Stack, Template, Value};
use crate::check::properties::fit::{Fit, Misfit, Step};
use crate::cloudformation::{PropertySchema, TypeSchema, property_schema, resource_type};
use crate::diagnostics::{closest, codes, quote};
use crate::source::{SourceMap, Span};

/// A function in the properties of a resource, and what its value must be like.
struct Site<'e> {
    resource: &'e Declared,
    expression: &'e Expression,
    path: Vec<Step>,
    of: &'static TypeSchema,
    schema: &'static PropertySchema,
    /// Whether the property that it stands in must be there.
    required: bool,
}

/// Judges all properties of all resources.
pub(super) fn judge(estate: &Estate, sources: &SourceMap) -> Vec<Finding> {
    let templates = estate.by_template();
    let judged =
        templates.par_iter().map(|(template, stacks)| of_template(estate, template, stacks, sources));
    judged.collect::<Vec<_>>().concat()
}

fn of_template(estate: &Estate, template: &Template, stacks: &[&Stack], sources: &SourceMap) -> Vec<Finding> {
    if !template.transforms.is_empty() || stacks.is_empty() {
        return Vec::new();
    }
    let ids: Vec<_> = stacks.iter().map(|stack| stack.id).collect();
    let (mut findings, mut sites) = (Vec::new(), Vec::new());
    for resource in &template.resources {
        let Some(of) = schema_of(resource, &mut findings, &ids) else { continue };
        read_only(resource, &mut findings, &ids);
        let mut fit = Fit::new(estate, &resource.kind, of, Vec::new());
        fit.value(&skeleton(&resource.properties), &of.properties);
        for misfit in fit.misfits {
            findings.push(finding(resource, misfit).of_stacks(&ids));
        }
        for (path, schema) in fit.open {
            let expression = at(&resource.properties, &path);
            let required = is_required(of, &path);
            sites.push(Site { resource, expression, path, of, schema, required });
        }
    }
    let (same, different): (Vec<_>, Vec<_>) =
        together(sites).into_iter().partition(|site| !differs(site.expression));
    let in_one = |stack: &Stack, sites: &[Site<'_>], findings: &mut Vec<Finding>| {
        for site in sites {
            of_site(estate, stack, site, sources, findings);
        }
    };
    let mut shared = Vec::new();
    if let Some(first) = stacks.first() {
        in_one(first, &same, &mut shared);
    }
    findings.extend(shared.into_iter().map(|finding| finding.of_stacks(&ids)));
    let of_stacks: Vec<Vec<Finding>> = stacks
        .par_iter()
        .map(|stack| {
            let mut findings = Vec::new();
            in_one(stack, &different, &mut findings);
            findings
        })
        .collect();
    findings.extend(of_stacks.into_iter().flatten());
    findings
}

fn schema_of(
    resource: &Declared,
    findings: &mut Vec<Finding>,
    ids: &[crate::check::model::StackId],
) -> Option<&'static TypeSchema> {
    let kind = &*resource.kind;
    let found = property_schema(kind);
    let custom = kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource";
    if found.is_none() && !custom && !kind.is_empty() {
        let known = crate::cloudformation::resource_type_names();
        let help = match closest(kind, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "judge it by other means, and accept this finding with `--allow`".to_owned(),
        };
        findings.push(
            Finding::new(
                &codes::UNJUDGED_RESOURCE_TYPE,
                format!("the resource type {} is not known", quote(kind)),
                resource.kind_span,
                "its properties cannot be judged",
            )
            .of_resource(&*resource.logical_id)
            .of_stacks(ids)
            .help(help),
        );
    }
    found
}

fn read_only(resource: &Declared, findings: &mut Vec<Finding>, ids: &[crate::check::model::StackId]) {
    let Some(facts) = resource_type(&resource.kind) else { return };
    for entry in resource.properties.entries() {
        if facts.read_only.iter().any(|name| **name == *entry.key) {
            findings.push(
                Finding::new(
                    &codes::READ_ONLY_PROPERTY,
                    format!("{} of the type `{}` is set by AWS", quote(&entry.key), resource.kind),
                    entry.key_span,
                    "",
                )
                .of_resource(&*resource.logical_id)
                .of_stacks(ids)
                .help("take it out; `Fn::GetAtt` gives its value"),
            );
        }
    }
}

/// The expression with something unknown in place of each function.
fn skeleton(expression: &Expression) -> Value<'_> {
    match &expression.form {
        Form::Null => Value::Null,
        Form::Boolean(value) => Value::Boolean(*value),
        Form::Integer(number) => Value::Integer(*number),
        Form::Number(number) => Value::Number(*number),
        Form::Text(text) => Value::Text((&**text).into()),
        Form::List(items) => Value::List(items.iter().map(skeleton).collect()),
        Form::Map(entries) => {
            Value::Map(entries.iter().map(|entry| (&*entry.key, skeleton(&entry.value))).collect())
        }
        _ => Value::unknown("a function"),
    }
}

fn at<'e>(expression: &'e Expression, path: &[Step]) -> &'e Expression {
    let Some((step, rest)) = path.split_first() else { return expression };
    let next = match step {
        Step::Key(key) => expression.get(key),
        Step::Item(index) => expression.items().get(*index),
    };
    next.map_or(expression, |next| at(next, rest))
}

fn is_required(of: &TypeSchema, path: &[Step]) -> bool {
    let Some((Step::Key(last), parents)) = path.split_last() else { return false };
    let mut schema = of.resolve(&of.properties);
    for step in parents {
        let next = match step {
            Step::Key(key) => schema.properties.get(key),
            Step::Item(_) => schema.items.as_deref(),
        };
        match next {
            Some(next) => schema = of.resolve(next),
            None => return false,
        }
    }
    schema.required.contains(last)
}

/// Whether the value of an expression can differ from stack to stack.
fn differs(expression: &Expression) -> bool {
    let mut found = false;
    expression.walk(&mut |inner| {
        found |= !matches!(
            inner.form,
            Form::Null
                | Form::Boolean(_)
                | Form::Integer(_)
                | Form::Number(_)
                | Form::Text(_)
                | Form::List(_)
                | Form::Map(_)
                | Form::Resource(_)
                | Form::Attribute(..)
                | Form::Join(..)
                | Form::Joined(_)
                | Form::Select(_)
                | Form::Split(..)
        );
    });
    found
}

/// One site for all that hold the same plain parameter or import under the same schema: tags, mostly.
fn together(sites: Vec<Site<'_>>) -> Vec<Site<'_>> {
    let mut seen = BTreeMap::new();
    let mut kept = Vec::new();
    for site in sites {
        let what = match site.expression.form {
            Form::Parameter(index) => ("parameter", index),
            Form::Import(index) => ("import", index),
            _ => {
                kept.push(site);
                continue;
            }
        };
        let key = (what, site.required, format!("{:?}", site.schema));
        seen.entry(key).or_insert_with(|| kept.push(site));
    }
    kept
}

fn of_site(
    estate: &Estate,
    stack: &Stack,
    site: &Site<'_>,
    sources: &SourceMap,
    findings: &mut Vec<Finding>,
) {
    let value = Scope { estate, stack }.value(site.expression);
    let mut fit = Fit::new(estate, &site.resource.kind, site.of, site.path.clone());
    if value == Value::Absent && site.required {
        let name = match site.path.last() {
            Some(Step::Key(key)) => key.clone(),
            _ => String::new(),
        };
        fit.misfits.push(Misfit {
            code: &codes::MISSING_PROPERTY,
            path: site.path.clone(),
            is_key: false,
            message: format!("`{name}` of the type `{}` comes to nothing", site.resource.kind),
            help: "give it a value under every condition".to_owned(),
        });
    }
    fit.value(&value, site.schema);
    for misfit in fit.misfits {
        let mut found = finding(site.resource, misfit).of_stack(stack.id);
        site.expression.walk(&mut |inner| {
            if let Form::Parameter(index) = inner.form {
                let parameter = &estate.template(stack).parameters[index as usize];
                let place = estate.parameter_place(stack, &parameter.name, sources);
                found.diagnostic =
                    found.diagnostic.clone().also(place, format!("the value of `{}`", parameter.name));
            }
        });
        findings.push(found);
    }
}

fn finding(resource: &Declared, misfit: Misfit) -> Finding {
    let span = place(resource, &misfit);
    Finding::new(misfit.code, misfit.message, span, "").of_resource(&*resource.logical_id).help(misfit.help)
}

fn place(resource: &Declared, misfit: &Misfit) -> Span {
    if misfit.is_key
        && let Some((Step::Key(key), parents)) = misfit.path.split_last()
        && let Some(entry) =
            at(&resource.properties, parents).entries().iter().find(|entry| *entry.key == **key)
    {
        return entry.key_span;
    }
    let found = at(&resource.properties, &misfit.path);
    match found.form {
        _ if std::ptr::eq(found, &resource.properties) => resource.span,
        Form::List(_) | Form::Map(_) => found.span.beginning(),
        _ => found.span,
    }
}
