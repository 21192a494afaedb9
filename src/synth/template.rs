//! One CloudFormation template a shape: evaluated, tagged, with its parameters and exports.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::template::{Evaluated, Evaluation, Generate, evaluate};
use crate::blueprint::{Blueprint, Scope, Stack, Symbol};
use crate::cloudformation::{Json, TagShape, limits, resource_type};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::identity::short_hash;
use crate::plan::{Growth, Plan, Shape, TenantPlan};
use crate::source::Span;
use crate::synth::generate::generate;
use crate::synth::scope::scope;

/// A template file of the output tree.
#[derive(Debug)]
pub(super) struct CompiledTemplate {
    pub path: String,
    pub text: String,
    /// What its parameters stand for.
    pub symbols: BTreeSet<Symbol>,
    pub capabilities: Vec<&'static str>,
    outputs: BTreeSet<String>,
    imports: Vec<(String, String, Span)>,
}

/// All templates, and which tenant's stacks use which.
#[derive(Debug, Default)]
pub(super) struct Templates {
    pub list: Vec<CompiledTemplate>,
    /// For each tenant of the plan, its stacks in order with their templates.
    pub of_tenant: Vec<Vec<(usize, usize)>>,
}

/// Compiles the templates of every shape that a tenant with stacks has.
pub(super) fn compile_all(plan: &Plan<'_>, report: &mut Report) -> Result<Templates, Reported> {
    let mut compiler =
        Compiler { plan, by_path: BTreeMap::new(), builds: BTreeMap::new(), list: Vec::new(), report };
    let mut of_tenant = Vec::with_capacity(plan.tenants.len());
    for tenant in &plan.tenants {
        of_tenant.push(if tenant.has_stacks() { compiler.build(tenant) } else { Vec::new() });
    }
    let list = compiler.list;
    report.checkpoint()?;
    Ok(Templates { list, of_tenant })
}

/// What the templates of a tenant depend on besides its shape.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct BuildKey {
    shape: usize,
    tags: Vec<String>,
    ingress_slots: Vec<u32>,
}

struct Compiler<'p, 'c> {
    plan: &'p Plan<'c>,
    by_path: BTreeMap<String, usize>,
    builds: BTreeMap<BuildKey, Vec<(usize, usize)>>,
    list: Vec<CompiledTemplate>,
    report: &'p mut Report,
}

impl Compiler<'_, '_> {
    /// The templates of one tenant's stacks: (position of the stack in its shape, template).
    fn build(&mut self, tenant: &TenantPlan<'_>) -> Vec<(usize, usize)> {
        let rules = self.plan.catalog.tags.iter().map(|rule| rule.key.value.as_str());
        let key = BuildKey {
            shape: tenant.shape,
            tags: rules
                .filter(|key| tenant.tenant.tags.keys().any(|own| own.as_str() == *key))
                .map(str::to_owned)
                .collect(),
            ingress_slots: tenant.ingress.keys().copied().collect(),
        };
        if let Some(known) = self.builds.get(&key) {
            return known.clone();
        }
        let plan = self.plan;
        let shape = &plan.shapes[tenant.shape];
        let scope = scope(plan.catalog, shape);
        let mut build = Vec::new();
        for (position, stack) in shape.stacks.iter().enumerate() {
            let path = format!(
                "templates/{}/{}{}.json",
                shape.blueprint.name,
                stack.name,
                self.variant(shape, stack, &key)
            );
            let template = match self.by_path.get(&path) {
                Some(known) => *known,
                None => {
                    let Some(template) = self.compile(shape, stack, &scope, &key, path.clone()) else {
                        continue;
                    };
                    self.list.push(template);
                    self.by_path.insert(path, self.list.len() - 1);
                    self.list.len() - 1
                }
            };
            build.push((position, template));
        }
        self.check_imports(shape, &build);
        self.builds.insert(key, build.clone());
        build
    }

    /// What sets this template apart from those of other shapes, as part of its file name. It comes
    /// from the shape alone and only from what the template depends on: adding a tenant of another
    /// shape renames no file.
    fn variant(&self, shape: &Shape<'_>, stack: &Stack, key: &BuildKey) -> String {
        let mut parts = Vec::new();
        for name in relevant_settings(shape.blueprint, stack) {
            let setting = shape.blueprint.settings.properties.get(&name);
            let value = shape.settings.get(&name);
            if setting.is_some_and(|setting| setting.lifted || setting.default.as_ref() == Some(value)) {
                continue;
            }
            let text = match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let readable =
                text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let shown = if readable { text } else { short_hash(&text) };
            parts.push(match shown.as_str() {
                "true" => name,
                "false" => format!("no_{name}"),
                _ => format!("{name}-{shown}"),
            });
        }
        if shape.growth.blocks > 0 && depends_on_growth(stack) {
            parts.push(growth_name(&shape.growth));
        }
        if stack.template.generated().contains(&"ingress_rules") {
            let slots: Vec<String> = key.ingress_slots.iter().map(u32::to_string).collect();
            let contiguous =
                key.ingress_slots.iter().copied().eq(1..=u32::try_from(slots.len()).unwrap_or(u32::MAX));
            let joined = if contiguous { slots.len().to_string() } else { slots.join("-") };
            parts.push(format!("ranges-{}", if joined.len() <= 24 { joined } else { short_hash(&joined) }));
        }
        if key.tags.len() != self.plan.catalog.tags.len() {
            parts.push(format!("tags-{}", short_hash(&key.tags.join(" "))));
        }
        let joined = parts.join(".");
        match joined.len() {
            0 => String::new(),
            1..=100 => format!(".{joined}"),
            _ => format!(".{}", short_hash(&joined)),
        }
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
        let (evaluated, mut symbols, imports) = evaluate(&stack.template, scope, &generator, self.report);
        let Evaluated { description, resources, outputs } = evaluated;
        let mut capabilities = BTreeSet::new();
        let mut tagged = Vec::with_capacity(resources.len());
        for (id, span, resource) in resources {
            self.check_id(&id, span);
            capabilities.extend(capability(&resource));
            let resource = self.with_tags(resource, &id, span, &key.tags, &mut symbols);
            tagged.push((id, resource));
        }
        let outputs: Vec<(String, Json)> = outputs
            .into_iter()
            .map(|(id, span, output)| {
                self.check_id(&id, span);
                let output = exported(&id, output);
                (id, output)
            })
            .collect();
        let names = outputs.iter().map(|(id, _)| id.clone()).collect();
        let counts = [
            ("resources", tagged.len(), limits::RESOURCES),
            ("parameters", symbols.len(), limits::PARAMETERS),
            ("outputs", outputs.len(), limits::OUTPUTS),
        ];
        let parameters =
            symbols.iter().map(|symbol| (symbol.parameter(), parameter(symbol, shape.blueprint)));
        let parameters: BTreeMap<String, Json> = parameters.collect();
        let mut sections = vec![("AWSTemplateFormatVersion".to_owned(), Json::text("2010-09-09"))];
        sections.extend(description.map(|text| ("Description".to_owned(), Json::Text(text))));
        if !parameters.is_empty() {
            sections.push(("Parameters".to_owned(), Json::object(parameters)));
        }
        sections.push(("Resources".to_owned(), Json::Object(tagged)));
        if !outputs.is_empty() {
            sections.push(("Outputs".to_owned(), Json::Object(outputs)));
        }
        let text = Json::Object(sections).to_pretty();
        for (what, used, limit) in
            counts.into_iter().chain([("bytes", text.len(), limits::TEMPLATE_OBJECT_BYTES)])
        {
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
        (self.report.errors() == before).then_some(CompiledTemplate {
            path,
            text,
            symbols,
            capabilities,
            outputs: names,
            imports,
        })
    }

    fn check_id(&mut self, id: &str, span: Span) {
        let valid = (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !valid {
            self.report.push(
                Diagnostic::error(&codes::INVALID_TEMPLATE, format!("{} is not a logical id", quote(id)))
                    .at(span, "")
                    .help("use 1 to 255 letters and digits"),
            );
        }
    }

    /// Adds the catalog's tags by the type's own facts (law 9).
    fn with_tags(
        &mut self,
        resource: Json,
        id: &str,
        span: Span,
        keys: &[String],
        symbols: &mut BTreeSet<Symbol>,
    ) -> Json {
        let Some(kind) = resource.get("Type").and_then(Json::as_text).map(str::to_owned) else {
            self.report.push(
                Diagnostic::error(&codes::INVALID_TEMPLATE, format!("the resource `{id}` has no `Type`"))
                    .at(span, "")
                    .help("add `Type: AWS::...`"),
            );
            return resource;
        };
        let Some(facts) = resource_type(&kind) else {
            self.report.push(
                Diagnostic::warning(
                    &codes::UNKNOWN_RESOURCE_TYPE,
                    format!("tenantry has no facts about {}, so `{id}` gets no tags", quote(&kind)),
                )
                .at(span, "")
                .help("check the type's name; if it takes tags, write them into the template"),
            );
            return resource;
        };
        let Some(place) = &facts.tags else { return resource };
        let tags: Vec<(String, Json)> = keys
            .iter()
            .map(|key| {
                let symbol = Symbol::Tag(key.clone());
                let value = Json::reference(symbol.parameter());
                symbols.insert(symbol);
                (key.clone(), value)
            })
            .collect();
        let Json::Object(mut entries) = resource else { return resource };
        if !entries.iter().any(|(key, _)| key == "Properties") {
            entries.push(("Properties".to_owned(), Json::Object(Vec::new())));
        }
        for (key, properties) in &mut entries {
            if key == "Properties"
                && let Json::Object(properties) = properties
            {
                add_tags(properties, &place.property, place.shape, tags.clone());
            }
        }
        Json::Object(entries)
    }

    /// Every import must name an output of a stack that this one comes after.
    fn check_imports(&mut self, shape: &Shape<'_>, build: &[(usize, usize)]) {
        let by_name: BTreeMap<&str, &CompiledTemplate> = build
            .iter()
            .map(|(stack, template)| (shape.stacks[*stack].name.as_str(), &self.list[*template]))
            .collect();
        let mut problems = Vec::new();
        for (position, template) in build {
            let stack = shape.stacks[*position];
            let earlier = earlier(shape.blueprint, stack);
            for (from, output, span) in &self.list[*template].imports {
                let problem = if !earlier.contains(from.as_str()) {
                    format!("the stack `{}` does not come after {}", stack.name, quote(from))
                } else {
                    match by_name.get(from.as_str()) {
                        None => format!("the stack `{from}` is switched off for this shape"),
                        Some(other) if !other.outputs.contains(output) => {
                            format!("the stack `{from}` has no output {} for this shape", quote(output))
                        }
                        Some(_) => continue,
                    }
                };
                problems.push((problem, *span));
            }
        }
        for (problem, span) in problems {
            self.report.push(
                Diagnostic::error(&codes::UNKNOWN_OUTPUT, problem).at(span, "imported here").help(
                    "import an output that the other stack's template has, and name that stack under `after`",
                ),
            );
        }
    }
}

/// All stacks that a stack comes after, directly or not.
fn earlier<'b>(blueprint: &'b Blueprint, stack: &'b Stack) -> BTreeSet<&'b str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = stack.after.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            open.extend(
                blueprint
                    .stacks
                    .iter()
                    .filter(|other| other.name == name)
                    .flat_map(|other| other.after.iter().map(String::as_str)),
            );
        }
    }
    found
}

/// Whether a template's text differs where the network has grown.
fn depends_on_growth(stack: &Stack) -> bool {
    let further = |part: &String| part == "further_blocks" || part == "further_subnets";
    stack.template.paths().iter().flatten().any(further)
        || stack.template.generated().iter().any(|kind| *kind != "ingress_rules")
}

/// `blocks-2` where every subnet group has a part of every block.
fn growth_name(growth: &Growth) -> String {
    let all: Vec<usize> = (2..=growth.blocks + 1).collect();
    let name = format!("blocks-{}", growth.blocks + 1);
    if growth.groups.values().all(|numbers| *numbers == all) {
        return name;
    }
    format!("{name}-{}", short_hash(&format!("{:?}", growth.groups)))
}

/// The settings that a template's text depends on.
fn relevant_settings(blueprint: &Blueprint, stack: &Stack) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut take = |path: &[String]| match path.first().map(String::as_str) {
        Some("settings") => names.extend(path.get(1).cloned()),
        Some("zones" | "subnet_groups" | "further_subnets") => _ = names.insert("zones".to_owned()),
        _ => {}
    };
    stack.template.paths().iter().for_each(|path| take(path));
    if !stack.template.generated().is_empty() {
        let conditions = blueprint
            .workloads
            .values()
            .filter_map(|workload| workload.when.as_ref())
            .chain(blueprint.flows.iter().filter_map(|flow| flow.when.as_ref()));
        conditions.flat_map(|condition| condition.paths()).for_each(|path| take(path));
        names.extend(["interface_endpoints", "nat", "zones"].map(str::to_owned));
    }
    names.retain(|name| blueprint.settings.properties.contains_key(name));
    names
}

fn add_tags(
    properties: &mut Vec<(String, Json)>,
    property: &str,
    shape: TagShape,
    tags: Vec<(String, Json)>,
) {
    let position = properties.iter().position(|(key, _)| key == property).unwrap_or_else(|| {
        let empty = match shape {
            TagShape::List => Json::List(Vec::new()),
            TagShape::Map => Json::Object(Vec::new()),
        };
        properties.push((property.to_owned(), empty));
        properties.len() - 1
    });
    match &mut properties[position].1 {
        Json::List(list) => list.extend(
            tags.into_iter().map(|(key, value)| Json::object([("Key", Json::Text(key)), ("Value", value)])),
        ),
        Json::Object(map) => map.extend(tags),
        _ => {}
    }
}

fn exported(id: &str, output: Json) -> Json {
    let Json::Object(mut entries) = output else { return output };
    let name = Json::object([("Fn::Sub", Json::text(format!("${{AWS::StackName}}-{id}")))]);
    entries.push(("Export".to_owned(), Json::object([("Name", name)])));
    Json::Object(entries)
}

fn parameter(symbol: &Symbol, blueprint: &Blueprint) -> Json {
    let kind = match symbol {
        Symbol::Setting(name) => {
            blueprint.settings.properties.get(name).map_or("String", |setting| setting_type(&setting.schema))
        }
        _ => "String",
    };
    Json::object([("Type", Json::text(kind)), ("Description", Json::text(symbol.description()))])
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

/// What CloudFormation wants to be told before it creates this resource ("Acknowledging IAM resources").
fn capability(resource: &Json) -> Option<&'static str> {
    let kind = resource.get("Type")?.as_text()?;
    let named = |name: &str| resource.get("Properties").and_then(|properties| properties.get(name)).is_some();
    match kind {
        "AWS::IAM::Role" if named("RoleName") => Some("CAPABILITY_NAMED_IAM"),
        "AWS::IAM::ManagedPolicy" if named("ManagedPolicyName") => Some("CAPABILITY_NAMED_IAM"),
        "AWS::IAM::InstanceProfile" if named("InstanceProfileName") => Some("CAPABILITY_NAMED_IAM"),
        "AWS::IAM::Role" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::InstanceProfile" | "AWS::IAM::Policy" => {
            Some("CAPABILITY_IAM")
        }
        _ => None,
    }
}
