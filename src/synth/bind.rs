//! One deployment file a stack: the values of its template's parameters, and its tags.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::PrefixListService;
use crate::blueprint::Symbol;
use crate::cloudformation::{Json, limits};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::identity::{HostAccount, RegionName};
use crate::limits::StackUse;
use crate::network::Cidr;
use crate::plan::{NetworkPlan, Plan, SubnetBlock, SubnetGroupPlan, Unit};
use crate::source::Span;
use crate::synth::names::{resource_name, stack_name};
use crate::synth::order::Relatives;
use crate::synth::tags::{shared_tag, tags};
use crate::synth::template::{CompiledTemplate, Templates};
use crate::synth::waves;

/// A stack of the output tree.
#[derive(Debug)]
pub(super) struct BoundStack<'p> {
    pub unit: Unit<'p>,
    /// Its name in the blueprint.
    stack: &'p str,
    /// Where it is deployed.
    pub account: HostAccount,
    pub region: &'p RegionName,
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
        let (tenant, cell) = match self.unit {
            Unit::Tenant(tenant) => (Some(&tenant.home), Some(&tenant.cell)),
            Unit::Cell(cell) => (None, Some(&cell.id)),
            Unit::Account(_) => (None, None),
        };
        StackUse {
            name: &self.name,
            stack: self.stack,
            account: &self.account,
            region: self.region,
            tenant,
            cell,
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
    templates: &'p Templates<'p>,
    report: &mut Report,
) -> Result<Vec<BoundStack<'p>>, Reported> {
    let root = plan.catalog.repository_path.as_ref().map_or(String::new(), |path| format!("{}/", path.value));
    let mut stacks = Vec::new();
    for (unit, build) in &templates.of_unit {
        let shape = plan.shape_of(*unit);
        let relatives = Relatives::new(plan, *unit);
        let mut missing = BTreeSet::new();
        for (position, template) in build {
            let stack = shape.stacks[*position];
            let template = &templates.list[*template];
            let mut parameters = BTreeMap::new();
            for symbol in &template.symbols {
                match value(symbol, plan, &relatives) {
                    Ok(value) => _ = parameters.insert(symbol.parameter(), value),
                    Err(problem) => {
                        if missing.insert(symbol) {
                            report.push(unbound(problem, symbol, *unit));
                        }
                    }
                }
            }
            let name = stack_name(plan.catalog, *unit, &stack.name);
            let (account, region) = plan.location(*unit, stack);
            let depends_on = relatives.depends_on(&stack.name);
            let depends_on =
                depends_on.into_iter().map(|(other, stack)| stack_name(plan.catalog, other, stack));
            stacks.push(BoundStack {
                unit: *unit,
                stack: &stack.name,
                deployment: format!("stacks/{account}/{region}/{name}.json"),
                account,
                region,
                template,
                depends_on: depends_on.collect::<BTreeSet<_>>().into_iter().collect(),
                wave: 0,
                root: root.clone(),
                parameters,
                tags: tags(plan.catalog, *unit),
                name,
            });
        }
    }
    report.checkpoint()?;
    waves::settle(&mut stacks);
    stacks.sort_by(|left, right| {
        let key = |stack: &BoundStack<'p>| (stack.wave, stack.account.clone(), stack.region);
        (key(left), &left.name).cmp(&(key(right), &right.name))
    });
    Ok(stacks)
}

/// What symbols stand for where the value goes into a file that is no deployment file. None if one has
/// no value, which is told.
pub(super) fn values<'s>(
    symbols: &'s BTreeSet<Symbol>,
    plan: &Plan<'_>,
    unit: Unit<'_>,
    report: &mut Report,
) -> Option<Vec<(&'s Symbol, String)>> {
    let relatives = Relatives::new(plan, unit);
    let mut values = Vec::with_capacity(symbols.len());
    for symbol in symbols {
        match value(symbol, plan, &relatives) {
            Ok(value) => values.push((symbol, value)),
            Err(problem) => report.push(unbound(problem, symbol, unit)),
        }
    }
    (values.len() == symbols.len()).then_some(values)
}

enum Unbound {
    NoSetting,
    /// Set to something that no parameter can hold.
    NotOneParameter,
    NoPrefixList,
    TooLong(usize),
    Impossible,
}

fn value(symbol: &Symbol, plan: &Plan<'_>, relatives: &Relatives<'_>) -> Result<String, Unbound> {
    let unit = relatives.unit;
    let catalog = plan.catalog;
    let network = || plan.network_of(unit).ok_or(Unbound::Impossible);
    let group = |name: &str| plan.subnet_group_of(unit, name).ok_or(Unbound::Impossible);
    let tenant = || match unit {
        Unit::Tenant(tenant) => Ok(tenant),
        Unit::Cell(_) | Unit::Account(_) => Err(Unbound::Impossible),
    };
    let cell = || match unit {
        Unit::Tenant(tenant) => Ok(&tenant.cell),
        Unit::Cell(cell) => Ok(&cell.id),
        Unit::Account(_) => Err(Unbound::Impossible),
    };
    let central = || catalog.shared_services.networks.get(unit.home().1).map(|network| network.value);
    let central = || central().ok_or(Unbound::Impossible);
    let value = match symbol {
        Symbol::TenantId => tenant()?.tenant.id.value.to_string(),
        Symbol::TenantName => tenant()?.tenant.name.value.as_str().to_owned(),
        Symbol::TenantHome => tenant()?.home.name(),
        Symbol::TenantHost => tenant()?.host_label.clone(),
        Symbol::TenantTier => tenant()?.tier.name.to_string(),
        Symbol::TenantSlot => tenant()?.slot.ok_or(Unbound::Impossible)?.to_string(),
        Symbol::ResourceName => resource_name(catalog, unit),
        Symbol::CellName => cell()?.name(),
        Symbol::CellResourceName => {
            let Unit::Tenant(tenant) = unit else { return Err(Unbound::Impossible) };
            resource_name(catalog, Unit::Cell(plan.cell(&tenant.cell).ok_or(Unbound::Impossible)?))
        }
        Symbol::CellNumber => cell()?.ordinal.to_string(),
        Symbol::SharedTag => shared_tag(unit).ok_or(Unbound::Impossible)?,
        Symbol::NetworkCidr => match unit {
            Unit::Account(_) => central()?.to_string(),
            Unit::Tenant(_) | Unit::Cell(_) => network()?.cidr.to_string(),
        },
        Symbol::NetworkIpv6Cidr => {
            let block = network()?.ipv6.as_ref().and_then(|ipv6| ipv6.source.block());
            block.ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::Ipv6Pool => {
            network()?.ipv6.as_ref().and_then(|ipv6| ipv6.pool.clone()).ok_or(Unbound::Impossible)?
        }
        Symbol::SubnetGroupIpv6Cidr(name, range) => {
            let known = ipv6_range(network()?, name, *range).and_then(|(_, cidr)| cidr);
            known.ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::SubnetGroupIpv6Index(name, range) => {
            ipv6_range(network()?, name, *range).ok_or(Unbound::Impossible)?.0.to_string()
        }
        Symbol::SubnetIpv6Cidr(name, number) => {
            let known = ipv6_subnet(network()?, name, *number).and_then(|(_, cidr)| cidr);
            known.ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::SubnetIpv6Index(name, number) => {
            ipv6_subnet(network()?, name, *number).ok_or(Unbound::Impossible)?.0.to_string()
        }
        Symbol::ZoneId(slot) => {
            let at = slot.wrapping_sub(1);
            match unit {
                Unit::Account(_) => {
                    let region = catalog.regions.get(unit.home().1).ok_or(Unbound::Impossible)?;
                    region.zones.get(at).ok_or(Unbound::Impossible)?.value.to_string()
                }
                Unit::Tenant(_) | Unit::Cell(_) => {
                    network()?.zones.get(at).ok_or(Unbound::Impossible)?.to_string()
                }
            }
        }
        Symbol::SubnetGroupCidr(name) => group(name)?.cidr.to_string(),
        Symbol::CellSubnetGroupCidr(name) => {
            let groups = &network()?.subnet_groups;
            groups.iter().find(|group| group.name == *name).ok_or(Unbound::Impossible)?.cidr.to_string()
        }
        // A quarter for each zone: half of the network is left for what may come.
        Symbol::SubnetCidr(_, slot) if matches!(unit, Unit::Account(_)) => {
            let network = central()?;
            let part = u32::try_from(slot.wrapping_sub(1)).map_err(|_| Unbound::Impossible)?;
            network.part(network.length() + 2, part).ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::SubnetCidr(name, slot) => {
            group(name)?.subnets.get(slot.wrapping_sub(1)).ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::NetworkBlock(number) => {
            let block = number.checked_sub(2).and_then(|at| network().ok()?.secondary.get(at));
            block.ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::SubnetGroupBlock(name, number) => further(group(name)?, *number)?.cidr.to_string(),
        Symbol::FurtherSubnetCidr(name, number, slot) => {
            let subnets = &further(group(name)?, *number)?.subnets;
            subnets.get(slot.wrapping_sub(1)).ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::Setting(name) => match settings(unit).ok_or(Unbound::Impossible)?.get(name) {
            serde_json::Value::Null => return Err(Unbound::NoSetting),
            value => setting(value).ok_or(Unbound::NotOneParameter)?,
        },
        Symbol::PrefixList(service) => {
            let region = catalog.regions.get(unit.home().1).ok_or(Unbound::Impossible)?;
            let service = PrefixListService::named(service).ok_or(Unbound::Impossible)?;
            region.prefix_list(service).ok_or(Unbound::NoPrefixList)?.to_owned()
        }
        Symbol::Ingress(slot) => {
            let slot = u32::try_from(*slot).map_err(|_| Unbound::Impossible)?;
            tenant()?.ingress.get(&slot).ok_or(Unbound::Impossible)?.to_string()
        }
        Symbol::Tag(key) => {
            let found = tags(catalog, unit).into_iter().find(|(own, _)| own == key);
            found.ok_or(Unbound::Impossible)?.1
        }
        Symbol::StackName(stack) => {
            let (other, stack) = relatives.stack(stack).ok_or(Unbound::Impossible)?;
            stack_name(catalog, other, &stack.name)
        }
    };
    if value.len() > limits::PARAMETER_VALUE_BYTES { Err(Unbound::TooLong(value.len())) } else { Ok(value) }
}

fn further(group: &SubnetGroupPlan, number: usize) -> Result<&SubnetBlock, Unbound> {
    group.further.iter().find(|block| block.number == number).ok_or(Unbound::Impossible)
}

/// The number of a subnet group's /60, and the block where it is known.
fn ipv6_range(network: &NetworkPlan, group: &str, range: usize) -> Option<(u32, Option<Cidr>)> {
    let ipv6 = network.ipv6.as_ref()?;
    let number = *ipv6.group(group)?.ranges.get(range.checked_sub(1)?)?;
    Some((number, ipv6.range(number)))
}

/// The number of a subnet's /64, and the block where it is known.
fn ipv6_subnet(network: &NetworkPlan, group: &str, number: usize) -> Option<(u32, Option<Cidr>)> {
    let ipv6 = network.ipv6.as_ref()?;
    let subnet = ipv6.group(group)?.subnets.iter().find(|subnet| subnet.number == number)?;
    Some((subnet.index, ipv6.subnet(subnet.index)))
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

/// All settings of a unit, lifted ones included.
fn settings(unit: Unit<'_>) -> Option<&crate::blueprint::Settings> {
    match unit {
        Unit::Tenant(tenant) => Some(&tenant.settings),
        Unit::Cell(cell) => Some(&cell.settings),
        Unit::Account(account) => Some(&account.settings),
    }
}

/// Whose the stack is, in messages, and where the catalog asks for it.
fn told(unit: Unit<'_>) -> (String, Span) {
    match unit {
        Unit::Tenant(tenant) => (format!("tenant `{}`", tenant.tenant.id.value), tenant.tenant.tier.span),
        Unit::Cell(cell) => {
            let place = cell.tenants.first().map_or(cell.blueprint.span, |tenant| tenant.tier.span);
            (format!("the cell `{}`", cell.id), place)
        }
        Unit::Account(account) => (format!("the account {}", account.account), account.place),
    }
}

fn unbound(problem: Unbound, symbol: &Symbol, unit: Unit<'_>) -> Diagnostic {
    let (who, place) = told(unit);
    let blueprint = &unit.blueprint().name;
    let region = unit.home().1;
    match (problem, symbol) {
        (Unbound::NoSetting, Symbol::Setting(name)) => Diagnostic::error(
            &codes::MISSING_SETTING,
            format!("{who} needs the setting `{name}` of the blueprint `{blueprint}`, which has no default"),
        )
        .at(place, "neither its tier nor the tenant sets it")
        .help(match unit {
            Unit::Tenant(tenant) => {
                format!("set `{name}` in the settings of the tier `{}`", tenant.tier.name)
            }
            Unit::Cell(_) | Unit::Account(_) => format!("set `{name}` in the settings of the tier"),
        }),
        (Unbound::NotOneParameter, Symbol::Setting(name)) => Diagnostic::error(
            &codes::INVALID_SETTING,
            format!("the setting `{name}` of {who} cannot be a parameter of a stack"),
        )
        .at(place, "")
        .note("a parameter is a text, a number, or a list whose items hold no commas")
        .help(format!("take the commas out, or `lifted` out of the setting in the blueprint `{blueprint}`")),
        (Unbound::NoPrefixList, Symbol::PrefixList(service)) => {
            let place = match unit {
                Unit::Tenant(tenant) => tenant.tenant.region.span,
                Unit::Cell(cell) => cell.tenants.first().map_or(place, |tenant| tenant.region.span),
                Unit::Account(_) => place,
            };
            Diagnostic::error(
                &codes::UNKNOWN_PREFIX_LIST,
                format!("the id of AWS's prefix list of {service} in {region} is not known"),
            )
            .at(place, format!("{who} lives here"))
            .help(format!("add `prefix_lists: {{ {service}: pl-... }}` to the Region"))
        }
        (Unbound::TooLong(bytes), _) => Diagnostic::error(
            &codes::TEMPLATE_TOO_LARGE,
            format!(
                "the parameter `{}` of {who} would have {bytes} bytes, and CloudFormation allows {}",
                symbol.parameter(),
                limits::PARAMETER_VALUE_BYTES
            ),
        )
        .at(place, "")
        .help("shorten the setting"),
        _ => Diagnostic::error(
            &codes::INTERNAL_ERROR,
            format!("the parameter {} of {who} has no value", quote(&symbol.parameter())),
        )
        .at(place, "")
        .help("please report this with the catalog that shows it"),
    }
}
