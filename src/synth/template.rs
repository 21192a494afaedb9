//! One CloudFormation template a shape: evaluated, tagged, with its parameters and exports.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::template::{Evaluated, Evaluation, Generate, evaluate};
use crate::blueprint::{Blueprint, HUB, Per, Scope, Stack, Symbol};
use crate::cloudformation::{Json, limits};
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, list_of, quote};
use crate::limits::{TemplateCount, count, dynamic_references};
use crate::network::Cidr;
use crate::plan::security::{Peer, Rule};
use crate::plan::{Plan, Shape, Unit};
use crate::source::Span;
use crate::synth::attached::Groups;
use crate::synth::generate::{IngressSlot, generate};
use crate::synth::order::{Relatives, earlier};
use crate::synth::references::{is_pseudo_parameter, references};
use crate::synth::resource::{
    LISTENER_RULE_VALUES, capability, check_id, exported, listener_rule_values, tag_texts, with_tags,
};
use crate::synth::scope::scope;
use crate::synth::tags::tags;
use crate::synth::variant::variant;

/// A template file of the output tree.
#[derive(Debug)]
pub(super) struct CompiledTemplate {
    pub path: String,
    pub text: String,
    /// What its parameters stand for.
    pub symbols: BTreeSet<Symbol>,
    pub capabilities: Vec<&'static str>,
    /// The types of its resources.
    pub kinds: BTreeSet<String>,
    /// What it would use of AWS's limits.
    pub count: TemplateCount,
    /// The most that a listener rule of it has.
    condition_values: usize,
    outputs: BTreeSet<String>,
    imports: Vec<(String, String, Span)>,
    groups: Groups,
}

impl CompiledTemplate {
    /// Whether AWS makes an account where it is deployed first.
    pub(super) fn makes_an_account(&self) -> bool {
        self.text.contains(r#""Type": "AWS::Organizations::Account""#)
    }
}

/// All templates, and whose stacks use which.
#[derive(Debug, Default)]
pub(super) struct Templates<'p> {
    pub list: Vec<CompiledTemplate>,
    /// Everything that has stacks, each with its stacks in order and their templates.
    pub of_unit: Vec<(Unit<'p>, Vec<(usize, usize)>)>,
}

/// Compiles the templates of every shape of something that has stacks.
pub(super) fn compile_all<'p>(plan: &'p Plan<'p>, report: &mut Report) -> Result<Templates<'p>, Reported> {
    let mut compiler =
        Compiler { plan, by_path: BTreeMap::new(), builds: BTreeMap::new(), list: Vec::new(), report };
    // What others import from comes first.
    let of_unit = plan.units().into_iter().map(|unit| (unit, compiler.build(unit))).collect();
    let list = compiler.list;
    report.checkpoint()?;
    Ok(Templates { list, of_unit })
}

/// What the templates of a unit depend on besides its blueprint.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct BuildKey {
    shape: usize,
    /// The shapes of what it belongs to.
    relatives: Vec<usize>,
    tags: Vec<String>,
    ingress_slots: Vec<IngressSlot>,
}

struct Compiler<'p> {
    plan: &'p Plan<'p>,
    by_path: BTreeMap<String, usize>,
    builds: BTreeMap<BuildKey, Vec<(usize, usize)>>,
    list: Vec<CompiledTemplate>,
    report: &'p mut Report,
}

impl<'p> Compiler<'p> {
    fn key(&self, unit: Unit<'p>) -> BuildKey {
        let relatives = Relatives::new(self.plan, unit);
        BuildKey {
            shape: unit.shape(),
            relatives: relatives.units().iter().map(|one| one.shape()).collect(),
            tags: tags(self.plan.catalog, unit).into_iter().map(|(key, _)| key).collect(),
            ingress_slots: match unit {
                Unit::Tenant(tenant) => {
                    let slot = |(number, range): (&u32, &Cidr)| IngressSlot {
                        number: *number,
                        ipv6: !range.is_v4(),
                    };
                    tenant.ingress.iter().map(slot).collect()
                }
                Unit::Cell(_) | Unit::Account(_) => Vec::new(),
            },
        }
    }

    /// The templates of a unit's stacks: (position of the stack in its shape, template).
    fn build(&mut self, unit: Unit<'p>) -> Vec<(usize, usize)> {
        let key = self.key(unit);
        if let Some(known) = self.builds.get(&key) {
            return known.clone();
        }
        let plan = self.plan;
        let shape = plan.shape_of(unit);
        let scope = scope(plan.catalog, shape, &key.ingress_slots);
        let mut build = Vec::new();
        for (position, stack) in shape.stacks.iter().enumerate() {
            let path = format!(
                "templates/{}/{}{}.json",
                shape.blueprint.name,
                stack.name,
                variant(shape, stack, &key.ingress_slots, &key.tags, plan.catalog.tags.len())
            );
            let before = self.report.errors();
            let compiled = self.compile(shape, stack, &scope, &key, path.clone());
            let Some(compiled) = compiled else { continue };
            if self.report.errors() == before {
                self.check_listener_rules(&compiled, unit);
            }
            let template = match self.by_path.get(&path).copied() {
                Some(known) => {
                    self.check_same(known, &compiled);
                    known
                }
                None => {
                    self.list.push(compiled);
                    self.by_path.insert(path, self.list.len() - 1);
                    self.list.len() - 1
                }
            };
            build.push((position, template));
        }
        self.check_generated(shape);
        self.builds.insert(key, build.clone());
        self.check_imports(unit, &build);
        build
    }

    /// An allow-list of a tenant that shares a load balancer becomes conditions of a listener rule.
    fn check_listener_rules(&mut self, compiled: &CompiledTemplate, unit: Unit<'p>) {
        let Unit::Tenant(tenant) = unit else { return };
        let most = compiled.condition_values;
        if most <= LISTENER_RULE_VALUES {
            return;
        }
        let id = &tenant.tenant.id.value;
        let ranges = tenant.ingress.len();
        let fits = ranges.saturating_sub(most - LISTENER_RULE_VALUES);
        self.report.push(
            Diagnostic::error(
                &codes::TOO_MANY_RANGES,
                format!("the allow-list of tenant `{id}` has {ranges} ranges, and the load balancer that it shares takes {fits}"),
            )
            .at(tenant.tenant.ingress.first().map_or(tenant.tenant.id.span, |range| range.span), "the first of them")
            .help("put ranges together, or give the tenant a tier with a load balancer of its own"),
        );
    }

    fn compile(
        &mut self,
        shape: &Shape<'_>,
        stack: &Stack,
        scope: &Scope,
        key: &BuildKey,
        path: String,
    ) -> Option<CompiledTemplate> {
        let before = self.report.errors();
        let slots = key.ingress_slots.as_slice();
        let generator = |request: &Generate, scope: &Scope, evaluation: &mut Evaluation<'_>| {
            generate(shape, slots, request, scope, evaluation)
        };
        let (evaluated, mut symbols, imports) =
            evaluate(&stack.template, scope, &generator, &shape.blueprint.settings, self.report);
        let Evaluated { description, resources, outputs } = evaluated;
        let tags = tag_texts(self.plan.catalog, shape.per, &key.tags);
        let mut capabilities = BTreeSet::new();
        // Mistakes in the template leave resources out, and are told already.
        if self.report.errors() == before {
            self.check_references(&resources, &outputs, &symbols);
        }
        let mut condition_values = 0;
        let groups = Groups::of(&resources, &outputs);
        let mut tagged = Vec::with_capacity(resources.len());
        let kind = |resource: &Json| resource.get("Type").and_then(Json::as_text).map(str::to_owned);
        let kinds = resources.iter().filter_map(|(_, _, resource)| kind(resource)).collect();
        for (id, span, resource) in resources {
            check_id(&id, span, self.report);
            capabilities.extend(capability(&resource));
            condition_values = condition_values.max(listener_rule_values(&resource));
            let resource = with_tags(resource, &id, span, &tags, &mut symbols, self.report);
            tagged.push((id, resource));
        }
        let outputs: Vec<(String, Json)> = outputs
            .into_iter()
            .map(|(id, span, output)| {
                check_id(&id, span, self.report);
                let output = exported(&id, output, span, self.report);
                (id, output)
            })
            .collect();
        if tagged.is_empty() && self.report.errors() == before {
            // CloudFormation refuses a template without resources.
            self.report.push(
                Diagnostic::error(
                    &codes::INVALID_TEMPLATE,
                    format!(
                        "the stack `{}` has no resources where its settings leave them all out",
                        stack.name
                    ),
                )
                .at(stack.span, "")
                .help("give the stack a `when`, so that it is there only where it has resources"),
            );
        }
        let names = outputs.iter().map(|(id, _)| id.clone()).collect();
        let counts = [
            ("resources", tagged.len(), limits::RESOURCES),
            ("parameters", symbols.len(), limits::PARAMETERS),
            ("outputs", outputs.len(), limits::OUTPUTS),
        ];
        let parameters =
            symbols.iter().map(|symbol| (symbol.parameter(), parameter(symbol, shape.blueprint)));
        let parameters: BTreeMap<String, Json> = parameters.collect();
        if parameters.len() < symbols.len() {
            let mut names: Vec<String> = symbols.iter().map(Symbol::parameter).collect();
            names.sort();
            let twice = names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone());
            self.report.push(
                Diagnostic::error(
                    &codes::INVALID_BLUEPRINT,
                    format!("two values would have the same parameter {}", quote(&twice.unwrap_or_default())),
                )
                .at(stack.span, "in this stack")
                .help("rename one of the settings, subnet groups or tags, so that they differ in letters or digits"),
            );
        }
        let mut sections = vec![("AWSTemplateFormatVersion".to_owned(), Json::text("2010-09-09"))];
        sections.extend(description.map(|text| ("Description".to_owned(), Json::Text(text))));
        if !parameters.is_empty() {
            sections.push(("Parameters".to_owned(), Json::object(parameters)));
        }
        sections.push(("Resources".to_owned(), Json::Object(tagged)));
        if !outputs.is_empty() {
            sections.push(("Outputs".to_owned(), Json::Object(outputs)));
        }
        let document = Json::Object(sections);
        let text = document.to_pretty();
        let references = dynamic_references(&document);
        for (what, used, limit) in counts.into_iter().chain([
            ("dynamic references", references, limits::DYNAMIC_REFERENCES),
            ("bytes", text.len(), limits::TEMPLATE_OBJECT_BYTES),
        ]) {
            if used > limit {
                self.report.push(
                    Diagnostic::error(
                        &codes::TEMPLATE_TOO_LARGE,
                        format!(
                            "the stack `{}` would have {used} {what}, and CloudFormation allows {limit}",
                            stack.name
                        ),
                    )
                    .at(stack.span, "")
                    .help("cut the stack into two"),
                );
            }
        }
        let capabilities = capabilities.into_iter().collect();
        (self.report.errors() == before).then(|| CompiledTemplate {
            path,
            count: count(&document, text.len()),
            text,
            symbols,
            capabilities,
            kinds,
            condition_values,
            outputs: names,
            imports,
            groups,
        })
    }

    /// Every name that a resource or an output refers to must be there.
    fn check_references(
        &mut self,
        resources: &[(String, Span, Json)],
        outputs: &[(String, Span, Json)],
        symbols: &BTreeSet<Symbol>,
    ) {
        let parameters: BTreeSet<String> = symbols.iter().map(Symbol::parameter).collect();
        let ids: BTreeSet<&str> = resources.iter().map(|(id, _, _)| id.as_str()).collect();
        // What a loop makes stands at one place: it is told of once.
        let mut told = BTreeSet::new();
        for (id, span, value) in resources.iter().chain(outputs) {
            for name in references(value) {
                if !told.insert((*span, name.clone()))
                    || ids.contains(name.as_str())
                    || parameters.contains(&name)
                    || is_pseudo_parameter(&name)
                {
                    continue;
                }
                let help = match closest(&name, ids.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a resource of this template that is there for this shape; outputs of other stacks are imported".to_owned(),
                };
                self.report.push(
                    Diagnostic::error(
                        &codes::UNKNOWN_REFERENCE,
                        format!("`{id}` refers to {}, which the template does not have", quote(&name)),
                    )
                    .at(*span, "")
                    .help(help),
                );
            }
        }
    }

    /// Two shapes share a file by its name; its text must then be the same.
    fn check_same(&mut self, known: usize, compiled: &CompiledTemplate) {
        if self.list[known].text != compiled.text {
            self.report.push(
                Diagnostic::error(
                    &codes::INTERNAL_ERROR,
                    format!("two shapes with different templates would share the file `{}`", compiled.path),
                )
                .help("please report this with the catalog and the blueprint that show it"),
            );
        }
    }

    /// Rules that no stack makes would open nothing, and an ACL that none makes would close nothing.
    fn check_generated(&mut self, shape: &Shape<'_>) {
        let made: BTreeSet<&str> = shape.stacks.iter().flat_map(|stack| stack.template.generated()).collect();
        let from_outside = |rule: &Rule| rule.peer == Peer::TenantIngress;
        let rules = &shape.security.rules;
        let flows = shape.blueprint.flows.first().map_or(shape.blueprint.span, |flow| flow.span);
        let lacking = [
            ("security_groups", rules.iter().any(|rule| !from_outside(rule))),
            ("network_acls", !shape.security.acl_entries.is_empty()),
            ("ingress_rules", rules.iter().any(from_outside)),
        ];
        for (kind, needed) in lacking {
            if needed && !made.contains(kind) {
                self.report.push(
                    Diagnostic::warning(
                        &codes::RULES_NOT_GENERATED,
                        format!(
                            "no stack of the blueprint `{}` has `$generate {kind}`, which its flows ask for",
                            shape.blueprint.name
                        ),
                    )
                    .at(flows, "the flows begin here")
                    .help(format!("add `$generate {kind}` to a template, or take the flows out")),
                );
            }
        }
    }

    /// Every import must name an output of a stack that this one comes after, and that is deployed to the
    /// same account and Region: an export reaches no further (CloudFormation, `Fn::ImportValue`).
    fn check_imports(&mut self, unit: Unit<'p>, build: &[(usize, usize)]) {
        let shape = self.plan.shape_of(unit);
        let relatives = Relatives::new(self.plan, unit);
        let mut by_name: BTreeMap<&str, &CompiledTemplate> = BTreeMap::new();
        for other in relatives.units() {
            let Some(build) = self.builds.get(&self.key(*other)) else { continue };
            let stacks = &self.plan.shape_of(*other).stacks;
            by_name.extend(
                build.iter().map(|(stack, template)| (stacks[*stack].name.as_str(), &self.list[*template])),
            );
        }
        let blueprint = shape.blueprint;
        let mut problems = Vec::new();
        for (position, template) in build {
            let stack = shape.stacks[*position];
            let earlier = earlier(blueprint, stack);
            for (from, output, span) in &self.list[*template].imports {
                let names = || blueprint.stacks.iter().map(|other| other.name.as_str());
                let other = blueprint.stacks.iter().find(|other| other.name == *from);
                // The hub is another blueprint's, and reaches no further than its own account either.
                let hub = relatives.stack(from).filter(|_| from == HUB).map(|(hub, _)| hub);
                let is_elsewhere = match hub {
                    Some(hub) => *hub.home().0 != self.plan.location(unit, stack).0,
                    None => other.is_some_and(|other| !stack.reaches(other)),
                };
                let (problem, help) = if other.is_none() && hub.is_none() {
                    (format!("there is no stack {}", quote(from)), near(from, names(), "the stacks are"))
                } else if !earlier.contains(from.as_str()) {
                    (
                        format!("the stack `{}` does not come after `{from}`", stack.name),
                        format!("add `{from}` to the `after` of `{}`", stack.name),
                    )
                } else if is_elsewhere {
                    (
                        format!("the stack `{from}` is deployed to another account than `{}`", stack.name),
                        "nothing can be imported from another account: pass the value by hand as a setting, or by a name that both know".to_owned(),
                    )
                } else if relatives.stack(from).is_none() {
                    (
                        format!("the stack `{from}` is switched off, and `{}` imports from it", stack.name),
                        format!("give `{}` the `when` of `{from}`, or put this below an `$if`", stack.name),
                    )
                } else {
                    match by_name.get(from.as_str()) {
                        Some(other) if !other.outputs.contains(output) => (
                            format!("the stack `{from}` has no output {} here", quote(output)),
                            near(output, other.outputs.iter().map(String::as_str), "its outputs are"),
                        ),
                        // Or its template has mistakes of its own, which are told already.
                        _ => continue,
                    }
                };
                problems.push((problem, help, *span));
            }
        }
        let place = match unit {
            Unit::Tenant(tenant) => tenant.tenant.tier.span,
            Unit::Cell(cell) => cell.tenants.first().map_or(blueprint.span, |tenant| tenant.tier.span),
            Unit::Account(account) => account.place,
        };
        let in_stacks: BTreeMap<&str, &Groups> =
            by_name.iter().map(|(stack, template)| (*stack, &template.groups)).collect();
        let cell = self.plan.relative(unit, Per::Cell);
        let of_cell = cell.map(|cell| &self.plan.shape_of(cell).security);
        let mut lacking: Vec<Diagnostic> = Vec::new();
        for (position, template) in build.iter().filter(|_| shape.per == Per::Tenant) {
            let (stack, groups) = (shape.stacks[*position], &self.list[*template].groups);
            lacking.extend(groups.misborne(&stack.name, &shape.security, of_cell, &in_stacks));
        }
        for (problem, help, span) in problems {
            self.report.push(
                Diagnostic::error(&codes::UNKNOWN_OUTPUT, problem)
                    .at(span, "imported here")
                    .also(place, "with the settings of this tenant")
                    .help(help),
            );
        }
        lacking.into_iter().for_each(|one| self.report.push(one));
    }
}

/// The name that was meant, or all that there are.
fn near<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone, all: &str) -> String {
    match closest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.clone().next().is_none() => "there are none".to_owned(),
        None => format!("{all} {}", list_of(known)),
    }
}

fn parameter(symbol: &Symbol, blueprint: &Blueprint) -> Json {
    let setting = match symbol {
        Symbol::Setting(name) => blueprint.settings.properties.get(name),
        _ => None,
    };
    let kind = setting.map_or("String", |setting| setting_type(&setting.schema));
    let description = match setting {
        Some(setting) if !setting.description.is_empty() => first_sentence(&setting.description).to_owned(),
        _ => symbol.description(),
    };
    Json::object([("Type", Json::text(kind)), ("Description", Json::text(description))])
}

fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.')
}

/// The parameter type for a setting's JSON Schema.
fn setting_type(schema: &serde_json::Value) -> &'static str {
    let listed = schema.get("enum").and_then(|values| values.as_array());
    match schema.get("type").and_then(serde_json::Value::as_str) {
        Some("integer" | "number") => "Number",
        Some("array") => "CommaDelimitedList",
        None if listed.is_some_and(|values| values.iter().all(serde_json::Value::is_number)) => "Number",
        _ => "String",
    }
}
