//! The names that a template can use, and what they stand for.

use std::collections::BTreeMap;

use crate::cloudformation::Json;
use crate::diagnostics::{Diagnostic, closest, codes, list_of, quote};
use crate::source::Span;

/// What a name of the template language stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    Nothing,
    Boolean(bool),
    Number(serde_json::Number),
    /// Text that comes from data: it never becomes a `${}` of CloudFormation.
    Text(String),
    List(Vec<Bound>),
    Record(BTreeMap<String, Bound>),
    /// A document that is placed whole, and has no fields of its own for the author.
    Document(Json),
    /// Something that differs by tenant and becomes a parameter of the template.
    Value(Symbol),
}

/// What differs between tenants of one shape: each becomes a parameter of the template, and its
/// value stands in the tenant's deployment file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Symbol {
    TenantId,
    TenantName,
    TenantTier,
    /// The tenant's id, and of a further home with its number before it.
    TenantHome,
    /// The label of the home's host name.
    TenantHost,
    /// A name for what must be named: product, environment and tenant or cell, at most 60 characters,
    /// without double hyphens.
    ResourceName,
    /// A number that no other tenant of the cell has.
    TenantSlot,
    /// The model and number of the cell, such as `container-1`.
    CellName,
    /// The name for resources that must be named, of the cell that a tenant lives in.
    CellResourceName,
    /// The number of the cell.
    CellNumber,
    /// What stands in the place of a tenant's id in the tags of what tenants share.
    SharedTag,
    /// The IPv4 block of the tenant's network.
    NetworkCidr,
    /// The IPv6 block of the tenant's network, out of a pool of one's own.
    NetworkIpv6Cidr,
    /// The id of that pool.
    Ipv6Pool,
    /// A /60 that a subnet group has of that block, counted from 1.
    SubnetGroupIpv6Cidr(String, usize),
    /// Which /60 of the VPC's block that is, counted from 0.
    SubnetGroupIpv6Index(String, usize),
    /// The /64 of the subnet of this number.
    SubnetIpv6Cidr(String, usize),
    /// Which /64 of the VPC's block that is, counted from 0.
    SubnetIpv6Index(String, usize),
    /// The id of the Availability Zone in this slot, from 1.
    ZoneId(usize),
    /// The block of a subnet group over all its zones.
    SubnetGroupCidr(String),
    /// The block of a subnet group of the cell, of which the tenant has a part.
    CellSubnetGroupCidr(String),
    /// The block of a subnet group in one zone slot, from 1.
    SubnetCidr(String, usize),
    /// A block that the tenant's network has grown by; the one it was created with is number 1.
    NetworkBlock(usize),
    /// What a subnet group has of such a block.
    SubnetGroupBlock(String, usize),
    /// The part of a subnet group's zone slot, from 1, in such a block.
    FurtherSubnetCidr(String, usize, usize),
    /// A setting whose schema says `lifted`.
    Setting(String),
    /// The id of AWS's prefix list for a gateway endpoint service.
    PrefixList(String),
    /// The range in this slot of the tenant's allow-list.
    Ingress(usize),
    /// The value of a catalog tag.
    Tag(String),
    /// The name of another stack of the same tenant.
    StackName(String),
}

impl Symbol {
    /// The name of the parameter. Distinct symbols have distinct names as long as setting names and
    /// tag keys do, which loading checks.
    pub fn parameter(&self) -> String {
        match self {
            Symbol::TenantId => "TenantId".to_owned(),
            Symbol::TenantName => "TenantName".to_owned(),
            Symbol::TenantTier => "TenantTier".to_owned(),
            Symbol::TenantHome => "TenantHome".to_owned(),
            Symbol::TenantHost => "TenantHost".to_owned(),
            Symbol::ResourceName => "ResourceName".to_owned(),
            Symbol::TenantSlot => "TenantSlot".to_owned(),
            Symbol::CellName => "CellName".to_owned(),
            Symbol::CellResourceName => "CellResourceName".to_owned(),
            Symbol::CellNumber => "CellNumber".to_owned(),
            Symbol::SharedTag => "SharedTag".to_owned(),
            Symbol::NetworkCidr => "NetworkCidr".to_owned(),
            Symbol::NetworkIpv6Cidr => "NetworkIpv6Cidr".to_owned(),
            Symbol::Ipv6Pool => "Ipv6PoolId".to_owned(),
            Symbol::SubnetGroupIpv6Cidr(group, range) => {
                format!("{}SubnetsIpv6Range{range}Cidr", pascal(group))
            }
            Symbol::SubnetGroupIpv6Index(group, range) => {
                format!("{}SubnetsIpv6Range{range}Index", pascal(group))
            }
            Symbol::SubnetIpv6Cidr(group, number) => format!("{}Subnet{number}Ipv6Cidr", pascal(group)),
            Symbol::SubnetIpv6Index(group, number) => format!("{}Subnet{number}Ipv6Index", pascal(group)),
            Symbol::ZoneId(slot) => format!("Zone{slot}Id"),
            Symbol::SubnetGroupCidr(group) => format!("{}SubnetsCidr", pascal(group)),
            Symbol::CellSubnetGroupCidr(group) => format!("Cell{}SubnetsCidr", pascal(group)),
            Symbol::SubnetCidr(group, slot) => format!("{}Subnet{slot}Cidr", pascal(group)),
            Symbol::NetworkBlock(block) => format!("NetworkBlock{block}Cidr"),
            Symbol::SubnetGroupBlock(group, block) => format!("{}SubnetsBlock{block}Cidr", pascal(group)),
            Symbol::FurtherSubnetCidr(group, block, slot) => {
                format!("{}Subnet{}Cidr", pascal(group), further_number(*block, *slot))
            }
            Symbol::Setting(name) => format!("Setting{}", pascal(name)),
            Symbol::PrefixList(service) => format!("{}PrefixListId", pascal(service)),
            Symbol::Ingress(slot) => format!("IngressRange{slot}"),
            Symbol::Tag(key) => format!("Tag{}", tag_name(key)),
            Symbol::StackName(stack) => format!("{}StackName", pascal(stack)),
        }
    }

    /// What the parameter holds, for the template's reader.
    pub fn description(&self) -> String {
        match self {
            Symbol::TenantId => "Id of the tenant".to_owned(),
            Symbol::TenantName => "Display name of the tenant".to_owned(),
            Symbol::TenantTier => "Tier of the tenant".to_owned(),
            Symbol::TenantHome => "Name of the tenant's home".to_owned(),
            Symbol::TenantHost => "First label of the tenant's host name".to_owned(),
            Symbol::ResourceName => "Name for the tenant's resources that must be named".to_owned(),
            Symbol::TenantSlot => "Number of the tenant in its cell".to_owned(),
            Symbol::CellName => "Name of the cell".to_owned(),
            Symbol::CellResourceName => "Name for the cell's resources that must be named".to_owned(),
            Symbol::CellNumber => "Number of the cell".to_owned(),
            Symbol::SharedTag => "Whose the resources are, in place of a tenant".to_owned(),
            Symbol::NetworkCidr => "IPv4 block of the tenant's VPC".to_owned(),
            Symbol::NetworkIpv6Cidr => "IPv6 block of the tenant's VPC".to_owned(),
            Symbol::Ipv6Pool => "Id of the pool that the IPv6 block comes from".to_owned(),
            Symbol::SubnetGroupIpv6Cidr(group, range) => {
                format!("IPv6 block {range} of the {group} subnets")
            }
            Symbol::SubnetGroupIpv6Index(group, range) => {
                format!("Which /60 of the VPC's IPv6 block is block {range} of the {group} subnets")
            }
            Symbol::SubnetIpv6Cidr(group, number) => format!("IPv6 block of the {group} subnet {number}"),
            Symbol::SubnetIpv6Index(group, number) => {
                format!("Which /64 of the VPC's IPv6 block is that of the {group} subnet {number}")
            }
            Symbol::ZoneId(slot) => format!("Id of the Availability Zone in slot {slot}"),
            Symbol::SubnetGroupCidr(group) => format!("IPv4 block of all {group} subnets"),
            Symbol::CellSubnetGroupCidr(group) => {
                format!("IPv4 block of the {group} subnets of all tenants of the cell")
            }
            Symbol::SubnetCidr(group, slot) => format!("IPv4 block of the {group} subnet in slot {slot}"),
            Symbol::NetworkBlock(block) => format!("IPv4 block {block} of the tenant's VPC"),
            Symbol::SubnetGroupBlock(group, block) => {
                format!("IPv4 block of the {group} subnets in block {block} of the VPC")
            }
            Symbol::FurtherSubnetCidr(group, block, slot) => {
                format!("IPv4 block of the {group} subnet in slot {slot} of block {block} of the VPC")
            }
            Symbol::Setting(name) => format!("Setting {name}"),
            Symbol::PrefixList(service) => {
                format!("Id of the AWS-managed prefix list of {service} in this Region")
            }
            Symbol::Ingress(slot) => format!("Range {slot} that may reach the tenant's public workloads"),
            Symbol::Tag(key) => format!("Value of the tag {key}"),
            Symbol::StackName(stack) => {
                format!("Name of the tenant's {stack} stack, whose outputs are imported")
            }
        }
    }
}

/// The number of a subnet in a further block: the block's, and the slot's in two digits, as rooms are
/// numbered by floor. Slots are 16 at most, so it is no other subnet's.
pub fn further_number(block: usize, slot: usize) -> usize {
    block * 100 + slot
}

/// A tag key as part of a parameter name. Keys in kebab case read well; any other key gets a few
/// digits of its hash, so that `cost-center` and `CostCenter` stay apart.
fn tag_name(key: &str) -> String {
    let simple = key.split('-').all(|word| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if simple { pascal(key) } else { format!("{}X{}", pascal(key), crate::identity::short_hash(key)) }
}

/// `app` becomes `App`, `one_per-zone` becomes `OnePerZone`; all but ASCII letters and digits goes.
pub fn pascal(text: &str) -> String {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words
        .filter_map(|word| {
            let first = word.chars().next()?;
            Some(first.to_ascii_uppercase().to_string() + &word[first.len_utf8()..])
        })
        .collect()
}

/// Names in scope; a loop adds one and shadows what is outside.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: Vec<Name>,
}

#[derive(Clone, Debug)]
struct Name {
    name: String,
    bound: Bound,
    /// The setting that a loop variable takes its values from.
    setting: Option<String>,
}

impl Scope {
    /// Adds a name, or shadows an earlier one.
    #[must_use]
    pub fn with(&self, name: &str, bound: Bound) -> Scope {
        let mut scope = self.clone();
        scope.names.push(Name { name: name.to_owned(), bound, setting: None });
        scope
    }

    /// Adds a loop variable, which remembers the setting that its list comes from.
    #[must_use]
    pub fn with_item(&self, name: &str, bound: Bound, list: &[String]) -> Scope {
        let setting = self.setting_of(list).map(str::to_owned);
        let mut scope = self.clone();
        scope.names.push(Name { name: name.to_owned(), bound, setting });
        scope
    }

    /// The setting that a path leads to, also by way of loop variables.
    pub fn setting_of<'s>(&'s self, path: &'s [String]) -> Option<&'s str> {
        let first = path.first()?;
        let name = self.names.iter().rev().find(|name| name.name == *first)?;
        match &name.setting {
            Some(setting) => Some(setting),
            None if first == "settings" => path.get(1).map(String::as_str),
            None => None,
        }
    }

    /// What a path such as `settings.nat` stands for.
    ///
    /// # Errors
    /// The part that is unknown, and the names that would have been known in its place.
    pub fn find(&self, path: &[String]) -> Result<&Bound, UnknownName> {
        let unknown = |at: usize, known: Vec<String>| UnknownName {
            path: path.iter().take(at + 1).cloned().collect(),
            known,
        };
        let Some((first, rest)) = path.split_first() else { return Err(unknown(0, Vec::new())) };
        let Some(found) = self.names.iter().rev().find(|name| name.name == *first) else {
            return Err(unknown(0, self.names.iter().map(|name| name.name.clone()).collect()));
        };
        let mut bound = &found.bound;
        for (position, part) in rest.iter().enumerate() {
            let Bound::Record(fields) = bound else { return Err(unknown(position + 1, Vec::new())) };
            bound =
                fields.get(part).ok_or_else(|| unknown(position + 1, fields.keys().cloned().collect()))?;
        }
        Ok(bound)
    }
}

/// A path whose last part is not a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    path: Vec<String>,
    /// Names that are known in its place; none if what stands before it has no parts.
    known: Vec<String>,
}

impl UnknownName {
    /// The error that it is, at a place.
    pub fn told(&self, span: Span, label: &str) -> Diagnostic {
        let (part, before) = match self.path.split_last() {
            Some((part, before)) => (part.as_str(), before.join(".")),
            None => ("", String::new()),
        };
        let known = || self.known.iter().map(String::as_str);
        let message = format!("there is no name {}", quote(&self.path.join(".")));
        let help = match (closest(part, known()), before.is_empty()) {
            (Some(near), true) => format!("did you mean `{near}`?"),
            (Some(near), false) => format!("did you mean `{before}.{near}`?"),
            (None, _) if self.known.is_empty() => {
                format!("{} has no parts: use it alone, or another name", quote(&before))
            }
            (None, true) => format!("the names here are {}", list_of(known())),
            (None, false) => format!("the parts of {} are {}", quote(&before), list_of(known())),
        };
        Diagnostic::error(&codes::UNKNOWN_NAME, message).at(span, label).help(help)
    }
}

impl Bound {
    /// A record of these fields.
    pub fn record<K: Into<String>>(fields: impl IntoIterator<Item = (K, Bound)>) -> Bound {
        Bound::Record(fields.into_iter().map(|(name, bound)| (name.into(), bound)).collect())
    }

    /// A whole number.
    pub fn number(number: usize) -> Bound {
        Bound::Number(number.into())
    }

    /// Whether a bare condition holds: false, zero, empty and nothing do not. `None` for a value,
    /// which is not known when the template is compiled.
    pub fn holds(&self) -> Option<bool> {
        match self {
            Bound::Nothing => Some(false),
            Bound::Boolean(value) => Some(*value),
            Bound::Number(number) => Some(number.as_f64() != Some(0.0)),
            Bound::Text(text) => Some(!text.is_empty()),
            Bound::List(items) => Some(!items.is_empty()),
            Bound::Record(_) | Bound::Document(_) => Some(true),
            Bound::Value(_) => None,
        }
    }
}

impl From<&serde_json::Value> for Bound {
    fn from(value: &serde_json::Value) -> Bound {
        match value {
            serde_json::Value::Null => Bound::Nothing,
            serde_json::Value::Bool(value) => Bound::Boolean(*value),
            serde_json::Value::Number(number) => Bound::Number(number.clone()),
            serde_json::Value::String(text) => Bound::Text(text.clone()),
            serde_json::Value::Array(items) => Bound::List(items.iter().map(Bound::from).collect()),
            serde_json::Value::Object(fields) => {
                Bound::record(fields.iter().map(|(name, value)| (name.clone(), Bound::from(value))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_names_are_readable_and_distinct() {
        assert_eq!(Symbol::Tag("cost-center".into()).parameter(), "TagCostCenter");
        assert_ne!(
            Symbol::Tag("CostCenter".into()).parameter(),
            Symbol::Tag("cost-center".into()).parameter()
        );
        assert_eq!(Symbol::SubnetCidr("app".into(), 2).parameter(), "AppSubnet2Cidr");
        assert_eq!(pascal("one_per-zone"), "OnePerZone");
        assert_eq!(pascal("ecr.api"), "EcrApi");
    }

    #[test]
    fn a_loop_variable_shadows_and_unknown_parts_name_their_neighbours() {
        let scope =
            Scope::default().with("a", Bound::record([("x", Bound::number(1))])).with("b", Bound::Nothing);
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(scope.find(&path("a.x")), Ok(&Bound::number(1)));
        assert_eq!(
            scope.find(&path("a.y.z")),
            Err(UnknownName { path: path("a.y"), known: vec!["x".into()] })
        );
        assert_eq!(scope.with("a", Bound::Nothing).find(&path("a")), Ok(&Bound::Nothing));
    }
}
