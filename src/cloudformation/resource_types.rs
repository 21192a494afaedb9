//! Facts about resource types, generated from AWS's own schemas.
//!
//! The table is written by `tools/resource_type_facts.py` and never by hand; where it and a
//! blueprint disagree, the table is right.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<BTreeMap<String, ResourceType>> = LazyLock::new(|| {
    // The file is part of the binary and a test reads it, so it cannot fail to parse here.
    serde_json::from_str(include_str!("resource_types.json")).unwrap_or_default()
});

/// What is known of one resource type.
#[derive(Debug, Deserialize)]
pub struct ResourceType {
    /// Top-level properties that must be given.
    pub required: Vec<String>,
    /// All top-level properties.
    pub properties: Vec<String>,
    /// Properties that AWS sets and no template may; nested ones as `A/B`.
    pub read_only: Vec<String>,
    /// Attributes that `Fn::GetAtt` gives.
    pub attributes: Vec<String>,
    /// Properties whose change replaces the resource; nested ones as `A/B`.
    pub create_only: Vec<String>,
    /// How the type takes tags; `None` where it takes none.
    pub tags: Option<TagProperty>,
}

/// The property that holds a type's tags.
#[derive(Debug, Deserialize)]
pub struct TagProperty {
    pub property: String,
    pub shape: TagShape,
    /// What one tag of a list has beside its key and value.
    #[serde(default)]
    item: Vec<String>,
}

impl TagProperty {
    /// Whether a tag says if what the resource starts gets it as well.
    pub fn is_propagated(&self) -> bool {
        self.item.iter().any(|key| key == "PropagateAtLaunch")
    }
}

/// How tags are written: a list of keys and values, or a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagShape {
    List,
    Map,
}

/// The facts of a type such as `AWS::EC2::VPC`; `None` where the table does not have it.
pub fn resource_type(name: &str) -> Option<&'static ResourceType> {
    TABLE.get(name)
}

/// The names of all types of the table, sorted.
pub fn resource_type_names() -> impl Iterator<Item = &'static str> {
    TABLE.keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_what_takes_tags_and_what_does_not() {
        assert!(TABLE.len() > 100);
        let vpc = resource_type("AWS::EC2::VPC").unwrap();
        assert_eq!(vpc.tags.as_ref().unwrap().property, "Tags");
        assert!(vpc.create_only.contains(&"CidrBlock".to_owned()));
        assert!(resource_type("AWS::EC2::Route").unwrap().tags.is_none());
        assert_eq!(resource_type("AWS::SSM::Parameter").unwrap().tags.as_ref().unwrap().shape, TagShape::Map);
        assert!(resource_type("AWS::No::Such").is_none());
    }
}
