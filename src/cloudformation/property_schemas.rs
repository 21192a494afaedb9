//! What may stand in the properties of each resource type, generated from AWS's own schemas.
//!
//! The table is written by `tools/property_schemas.py` and never by hand. A type is read when it is first
//! asked for, since a tree of templates uses few of them.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

static TEXT: &str = include_str!("property_schemas.json");

/// The text of a type's line, and the schema once it was read.
type Line = (&'static str, OnceLock<Option<TypeSchema>>);

static TABLE: LazyLock<BTreeMap<&str, Line>> = LazyLock::new(|| {
    // One line a type: `"AWS::EC2::VPC": {...},`.
    let lines = TEXT.lines().filter_map(|line| {
        let (name, schema) = line.strip_prefix('"')?.split_once("\": ")?;
        Some((name, (schema.strip_suffix(',').unwrap_or(schema), OnceLock::new())))
    });
    lines.collect()
});

/// The schema of a resource type's properties.
#[derive(Debug, Deserialize)]
pub struct TypeSchema {
    #[serde(flatten)]
    pub properties: PropertySchema,
    #[serde(default)]
    definitions: BTreeMap<String, PropertySchema>,
    /// The property that `Ref` gives.
    pub identity: Option<String>,
    /// What attributes are: `AWS::EC2::VPC.Id`.
    #[serde(default)]
    pub formats: BTreeMap<String, String>,
}

/// What a value must be like: the keywords of JSON Schema that AWS's schemas make use of.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PropertySchema {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(rename = "type")]
    pub kinds: OneOrMore<String>,
    #[serde(rename = "const")]
    pub constant: Option<serde_json::Value>,
    #[serde(rename = "enum")]
    pub choices: Option<Vec<serde_json::Value>>,
    /// The same, in small letters or large ones.
    #[serde(rename = "enumCaseInsensitive")]
    pub choices_of_any_case: Option<Vec<serde_json::Value>>,
    pub format: Option<String>,
    pub pattern: Option<String>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unique_items: bool,
    pub items: Option<Box<PropertySchema>>,
    pub properties: BTreeMap<String, PropertySchema>,
    pub pattern_properties: BTreeMap<String, PropertySchema>,
    pub additional_properties: Option<Additional>,
    pub required: Vec<String>,
    /// Exactly one of each group.
    pub required_xor: Vec<String>,
    /// At least one.
    pub required_or: Vec<String>,
    pub dependent_required: BTreeMap<String, Vec<String>>,
    pub dependent_excluded: BTreeMap<String, Vec<String>>,
    pub all_of: Vec<PropertySchema>,
    pub any_of: Vec<PropertySchema>,
    pub one_of: Vec<PropertySchema>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl PropertySchema {
    /// The pattern, ready to be used; `None` where there is none, or one that this engine cannot have
    /// (look-around, or beyond a sensible size). What cannot be tried is not held against a value.
    pub fn regex(&self) -> Option<&Regex> {
        let compile = || {
            // AWS's patterns mean ASCII by `\w` and `\d`; a negated class needs Unicode all the same.
            let pattern = self.pattern.as_deref()?;
            let build = |unicode: bool| RegexBuilder::new(pattern).unicode(unicode).build().ok();
            build(false).or_else(|| build(true))
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

/// Whether further properties may be there, and what they are like.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Additional {
    Allowed(bool),
    Like(Box<PropertySchema>),
}

/// A keyword whose value is one thing or a list of such.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        OneOrMore::More(Vec::new())
    }
}

impl<T> OneOrMore<T> {
    /// All of them.
    pub fn all(&self) -> &[T] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        }
    }
}

impl TypeSchema {
    /// The schema itself, or the definition that it refers to.
    pub fn resolve<'s>(&'s self, schema: &'s PropertySchema) -> &'s PropertySchema {
        let mut found = schema;
        // A definition that leads to itself would be no schema; the table has none deeper than this.
        for _ in 0..8 {
            match found.reference.as_ref().and_then(|name| self.definitions.get(name)) {
                Some(definition) => found = definition,
                None => break,
            }
        }
        found
    }

    /// What `Ref` (no attribute) or `Fn::GetAtt` gives: `AWS::EC2::VPC.Id`, where the schemas say it.
    pub fn format_of(&self, attribute: Option<&str>) -> Option<&str> {
        self.formats.get(attribute.or(self.identity.as_deref())?).map(String::as_str)
    }
}

/// The schema of a type such as `AWS::EC2::VPC`; `None` where the table does not have it.
pub fn property_schema(kind: &str) -> Option<&'static TypeSchema> {
    let (text, read) = TABLE.get(kind)?;
    // The file is part of the binary and a test reads every line of it.
    read.get_or_init(|| serde_json::from_str(text).ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudformation::resource_type;

    #[test]
    fn every_type_of_the_table_can_be_read_and_is_in_the_table_of_facts_too() {
        assert!(TABLE.len() > 250);
        for kind in TABLE.keys() {
            let schema = property_schema(kind).unwrap_or_else(|| panic!("{kind}"));
            let facts = resource_type(kind).unwrap();
            let known: Vec<&String> = schema.properties.properties.keys().collect();
            assert_eq!(known, facts.properties.iter().collect::<Vec<_>>(), "{kind}");
        }
    }

    /// The others look around (`(?!aws:)`), which this engine cannot; the check passes over them.
    #[test]
    fn nearly_all_patterns_can_be_tried() {
        fn walk(schema: &PropertySchema, count: &mut (usize, usize)) {
            if schema.pattern.is_some() {
                count.0 += 1;
                count.1 += usize::from(schema.regex().is_none());
            }
            let inner = schema.properties.values().chain(schema.items.as_deref());
            let inner = inner.chain(&schema.all_of).chain(&schema.any_of).chain(&schema.one_of);
            inner.for_each(|inner| walk(inner, count));
        }
        let mut count = (0, 0);
        for kind in TABLE.keys() {
            let schema = property_schema(kind).unwrap();
            walk(&schema.properties, &mut count);
            schema.definitions.values().for_each(|definition| walk(definition, &mut count));
        }
        assert!(count.0 > 700 && count.1 < 60, "{count:?}");
    }

    #[test]
    fn references_lead_to_definitions_and_attributes_have_formats() {
        let subnet = property_schema("AWS::EC2::Subnet").unwrap();
        let tag = subnet.resolve(subnet.properties.properties["Tags"].items.as_ref().unwrap());
        assert_eq!(tag.required, ["Value", "Key"]);
        assert_eq!(subnet.format_of(None), Some("AWS::EC2::Subnet.Id"));
        assert_eq!(subnet.properties.properties["VpcId"].format.as_deref(), Some("AWS::EC2::VPC.Id"));
    }
}
