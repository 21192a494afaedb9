//! One deployment file a stack: the values of its template's parameters, and its tags.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::PrefixListService;
use crate::blueprint::Symbol;
use crate::catalog::Catalog;
use crate::cloudformation::{Json, limits};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::identity::short_hash;
use crate::limits::StackUse;
use crate::plan::{Plan, Shape, SubnetBlock, SubnetGroupPlan, TenantPlan};
use crate::synth::template::{CompiledTemplate, Templates};

/// A stack of the output tree.
#[derive(Debug)]
pub(super) struct BoundStack<'p> {
    pub tenant: &'p TenantPlan<'p>,
    pub name: String,
    /// Path of its template.
    pub template: &'p CompiledTemplate,
    /// Path of its deployment file.
    pub deployment: String,
    pub depends_on: Vec<String>,
    /// Stacks of one wave do not depend on each other; the first is 1.
    pub wave: usize,
    /// What stands before the template's path in the deployment file, with its last slash.
    root: String,
    parameters: BTreeMap<String, String>,
    tags: Vec<(String, String)>,
}

impl BoundStack<'_> {
    /// What it uses of AWS's limits.
    pub(super) fn usage(&self) -> StackUse<'_> {
        StackUse {
            name: &self.name,
            account: &self.tenant.cell.account,
            region: &self.tenant.cell.region,
            tenant: Some(&self.tenant.tenant.id.value),
            grows: true,
            path: &self.template.path,
            template: &self.template.count,
            parameters: &self.parameters,
        }
    }

    /// The deployment file, with the keys of CloudFormation Git sync.
    pub(super) fn file(&self) -> Json {
        let parameters = self.parameters.iter().map(|(name, value)| (name.clone(), Json::text(value)));
        let tags = self.tags.iter().map(|(key, value)| (key.clone(), Json::text(value)));
        Json::object([
            ("template-file-path", Json::text(format!("{}{}", self.root, self.template.path))),
            ("parameters", Json::object(parameters)),
            ("tags", Json::object(tags)),
        ])
    }
}

/// Binds every stack, in the order of deployment: by wave, account, Region and name.
pub(super) fn bind_all<'p>(
    plan: &'p Plan<'p>,
    templates: &'p Templates,
    report: &mut Report,
) -> Result<Vec<BoundStack<'p>>, Reported> {
    let root = plan.catalog.repository_path.as_ref().map_or(String::new(), |path| format!("{}/", path.value));
    let mut stacks = Vec::new();
    for (tenant, build) in plan.tenants.iter().zip(&templates.of_tenant) {
        let shape = &plan.shapes[tenant.shape];
        let mut missing = BTreeSet::new();
        for (position, template) in build {
            let stack = shape.stacks[*position];
            let template = &templates.list[*template];
            let name = stack_name(plan.catalog, tenant, &stack.name);
            let mut parameters = BTreeMap::new();
            for symbol in &template.symbols {
                match value(symbol, plan.catalog, tenant) {
                    Ok(value) => _ = parameters.insert(symbol.parameter(), value),
                    Err(problem) => {
                        if missing.insert(symbol) {
                            report.push(unbound(problem, symbol, tenant));
                        }
                    }
                }
            }
            let region = &tenant.tenant.region.value;
            stacks.push(BoundStack {
                tenant,
                deployment: format!("stacks/{}/{region}/{name}.json", tenant.cell.account),
                template,
                depends_on: depends_on(shape, &stack.name)
                    .into_iter()
                    .map(|other| stack_name(plan.catalog, tenant, other))
                    .collect(),
                wave: wave(shape, &stack.name),
                root: root.clone(),
                parameters,
                tags: tags(plan.catalog, tenant),
                name,
            });
        }
    }
    report.checkpoint()?;
    stacks.sort_by(|left, right| {
        let key = |stack: &BoundStack<'p>| {
            (stack.wave, stack.tenant.cell.account.clone(), stack.tenant.tenant.region.value.clone())
        };
        (key(left), &left.name).cmp(&(key(right), &right.name))
    });
    Ok(stacks)
}

/// `product-environment-tenant-stack`. A stack's own part has no hyphen, so that the last hyphen
/// ends the tenant's id and no two names are equal.
pub(super) fn stack_name(catalog: &Catalog, tenant: &TenantPlan<'_>, stack: &str) -> String {
    let stack = stack.replace('_', "");
    format!("{}-{}-{}-{stack}", catalog.product.value, catalog.environment.value, tenant.tenant.id.value)
}

/// The nearest stacks that are switched on and that a stack comes after.
fn depends_on<'s>(shape: &'s Shape<'_>, stack: &str) -> Vec<&'s str> {
    let mut found = BTreeSet::new();
    let mut open = vec![stack];
    while let Some(name) = open.pop() {
        let Some(stack) = shape.blueprint.stacks.iter().find(|stack| stack.name == name) else { continue };
        for after in &stack.after {
            match shape.stacks.iter().find(|active| active.name == *after) {
                Some(active) => _ = found.insert(active.name.as_str()),
                None => open.push(after),
            }
        }
    }
    found.into_iter().collect()
}

fn wave(shape: &Shape<'_>, stack: &str) -> usize {
    1 + depends_on(shape, stack).into_iter().map(|other| wave(shape, other)).max().unwrap_or(0)
}

pub(super) fn tags(catalog: &Catalog, tenant: &TenantPlan<'_>) -> Vec<(String, String)> {
    catalog
        .tags
        .iter()
        .filter_map(|rule| {
            let value = tenant.tenant.tags.get(&rule.key.value)?;
            Some((rule.key.value.to_string(), value.value.to_string()))
        })
        .collect()
}

enum Unbound {
    NoSetting,
    /// Set to something that no parameter can hold.
    NotOneParameter,
    NoPrefixList,
    TooLong(usize),
    Impossible,
}

fn value(symbol: &Symbol, catalog: &Catalog, tenant: &TenantPlan<'_>) -> Result<String, Unbound> {
    let network = &tenant.network;
    let group =
        |name: &str| network.subnet_groups.iter().find(|group| group.name == name).ok_or(Unbound::Impossible);
    let value = match symbol {
        Symbol::TenantId => tenant.tenant.id.value.to_string(),
        Symbol::TenantName => tenant.tenant.name.value.as_str().to_owned(),
        Symbol::TenantTier => tenant.tier.name.to_string(),
        Symbol::ResourceName => resource_name(catalog, tenant),
        Symbol::NetworkCidr => network.cidr.to_string(),
        Symbol::ZoneId(slot) => {
            network.zones.get(slot.wrapping_sub(1)).ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::SubnetGroupCidr(name) => group(name)?.cidr.to_string(),
        Symbol::SubnetCidr(name, slot) => {
            group(name)?.subnets.get(slot.wrapping_sub(1)).ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::NetworkBlock(number) => {
            let block = number.checked_sub(2).and_then(|at| network.secondary.get(at));
            block.ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::SubnetGroupBlock(name, number) => further(group(name)?, *number)?.cidr.to_string(),
        Symbol::FurtherSubnetCidr(name, number, slot) => {
            let subnets = &further(group(name)?, *number)?.subnets;
            subnets.get(slot.wrapping_sub(1)).ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::Setting(name) => match tenant.settings.get(name) {
            serde_json::Value::Null => return Err(Unbound::NoSetting),
            value => setting(value).ok_or(Unbound::NotOneParameter)?,
        },
        Symbol::PrefixList(service) => {
            let region = catalog.regions.get(&tenant.tenant.region.value).ok_or(Unbound::Impossible)?;
            let service = if service == "s3" { PrefixListService::S3 } else { PrefixListService::DynamoDb };
            region.prefix_list(service).ok_or(Unbound::NoPrefixList)?.to_owned()
        }
        Symbol::Ingress(slot) => {
            let slot = u32::try_from(*slot).map_err(|_| Unbound::Impossible)?;
            tenant.ingress.get(&slot).ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::Tag(key) => {
            let found = tenant.tenant.tags.iter().find(|(own, _)| own.as_str() == key);
            found.ok_or(Unbound::Impossible)?.1.value.to_string()
        }
        Symbol::StackName(stack) => stack_name(catalog, tenant, stack),
    };
    if value.len() > limits::PARAMETER_VALUE_BYTES { Err(Unbound::TooLong(value.len())) } else { Ok(value) }
}

fn further(group: &SubnetGroupPlan, number: usize) -> Result<&SubnetBlock, Unbound> {
    group.further.iter().find(|block| block.number == number).ok_or(Unbound::Impossible)
}

/// A setting as the text of a parameter; lists are joined by commas, which their items may not hold.
fn setting(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(value) => Some(value.to_string()),
        serde_json::Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(setting).collect();
            items.filter(|items| !items.iter().any(|item| item.contains(','))).map(|items| items.join(","))
        }
        serde_json::Value::Null | serde_json::Value::Object(_) => None,
    }
}

/// A name for resources that must be named and whose names are short: an RDS cluster's has at most
/// 63 characters and no double hyphen (RDS User Guide, "Quotas and constraints").
fn resource_name(catalog: &Catalog, tenant: &TenantPlan<'_>) -> String {
    const LONGEST: usize = 60;
    let full = format!("{}-{}-{}", catalog.product.value, catalog.environment.value, tenant.tenant.id.value);
    if full.len() <= LONGEST && !full.contains("--") {
        return full;
    }
    let words: Vec<&str> = full.split('-').filter(|word| !word.is_empty()).collect();
    let mut short = words.join("-");
    short.truncate(LONGEST - 9);
    format!("{}-{}", short.trim_end_matches('-'), short_hash(&full))
}

fn unbound(problem: Unbound, symbol: &Symbol, tenant: &TenantPlan<'_>) -> Diagnostic {
    let id = &tenant.tenant.id.value;
    let blueprint = &tenant.blueprint.name;
    match (problem, symbol) {
        (Unbound::NoSetting, Symbol::Setting(name)) => Diagnostic::error(
            &codes::MISSING_SETTING,
            format!("tenant `{id}` needs the setting `{name}` of the blueprint `{blueprint}`, which has no default"),
        )
        .at(tenant.tenant.tier.span, "neither its tier nor the tenant sets it")
        .help(format!("set `{name}` in the settings of the tier `{}`", tenant.tier.name)),
        (Unbound::NotOneParameter, Symbol::Setting(name)) => Diagnostic::error(
            &codes::INVALID_SETTING,
            format!("the setting `{name}` of tenant `{id}` cannot be a parameter of a stack"),
        )
        .at(tenant.tenant.tier.span, "")
        .note("a parameter is a text, a number, or a list whose items hold no commas")
        .help(format!("take the commas out, or `lifted` out of the setting in the blueprint `{blueprint}`")),
        (Unbound::NoPrefixList, Symbol::PrefixList(service)) => Diagnostic::error(
            &codes::UNKNOWN_PREFIX_LIST,
            format!("the id of AWS's prefix list of {service} in {} is not known", tenant.tenant.region.value),
        )
        .at(tenant.tenant.region.span, format!("tenant `{id}` lives here"))
        .help(format!("add `prefix_lists: {{ {service}: pl-... }}` to the Region")),
        (Unbound::TooLong(bytes), _) => Diagnostic::error(
            &codes::TEMPLATE_TOO_LARGE,
            format!("the parameter `{}` of tenant `{id}` would have {bytes} bytes, and CloudFormation allows {}", symbol.parameter(), limits::PARAMETER_VALUE_BYTES),
        )
        .at(tenant.tenant.id.span, "")
        .help("shorten the setting"),
        _ => Diagnostic::error(&codes::INTERNAL_ERROR, format!("the parameter {} of tenant `{id}` has no value", quote(&symbol.parameter())))
            .at(tenant.tenant.id.span, "")
            .help("please report this with the catalog that shows it"),
    }
}
