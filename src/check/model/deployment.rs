//! Deployment files: what CloudFormation's Git sync reads to know a stack's template, parameters and tags.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::diagnostics::Report;
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{Node, Tags, Value, read_json, read_yaml};

/// A deployment file.
#[derive(Debug)]
pub struct Deployment {
    pub path: Box<str>,
    pub file: FileId,
    pub template: Box<str>,
    /// Names and values, sorted by name.
    pub parameters: Vec<(Box<str>, Box<str>)>,
    pub tags: Vec<(Box<str>, Box<str>)>,
}

/// The same before it is one of an estate's files.
#[derive(Debug)]
pub(super) struct Given {
    pub template: Box<str>,
    pub parameters: Vec<(Box<str>, Box<str>)>,
    pub tags: Vec<(Box<str>, Box<str>)>,
}

/// The keys of the file, read without places, which is several times faster: there are many such files.
#[derive(Deserialize)]
struct Written<'t> {
    #[serde(rename = "template-file-path", borrow)]
    template: Cow<'t, str>,
    #[serde(default, borrow)]
    parameters: Pairs<'t>,
    #[serde(default, borrow)]
    tags: Pairs<'t>,
}

#[derive(Default)]
struct Pairs<'t>(Vec<(Cow<'t, str>, Cow<'t, str>)>);

impl<'de: 't, 't> Deserialize<'de> for Pairs<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Pairs<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a mapping of names to texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some((name, value)) = map.next_entry::<Borrowed<'de>, Borrowed<'de>>()? {
                    pairs.push((name.0, value.0));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Texts)
    }
}

/// serde gives a `Cow` as owned text unless it is told to borrow, which it can be for fields only.
#[derive(Deserialize)]
struct Borrowed<'t>(#[serde(borrow)] Cow<'t, str>);

impl Given {
    /// A JSON file of the plain form; `None` where [`Given::of_node`] should look at it.
    pub(super) fn of_json(text: &str) -> Option<Given> {
        let written: Written<'_> = serde_json::from_str(text).ok()?;
        let sorted = |pairs: Pairs<'_>| {
            let mut pairs: Vec<(Box<str>, Box<str>)> =
                pairs.0.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            pairs.sort_unstable();
            // A name that is there twice is for the careful reader.
            pairs.windows(2).all(|two| two[0].0 != two[1].0).then_some(pairs)
        };
        Some(Given {
            template: written.template.into(),
            parameters: sorted(written.parameters)?,
            tags: sorted(written.tags)?,
        })
    }

    /// Any file with the right keys. Values that are no texts are written as CloudFormation takes them.
    pub(super) fn of_node(node: &Node) -> Option<Given> {
        let template = node.get("template-file-path")?.as_text()?;
        let pairs = |key: &str| {
            let Some(Value::Map(entries)) = node.get(key).map(|node| &node.value) else { return Vec::new() };
            let mut pairs: Vec<(Box<str>, Box<str>)> =
                entries.iter().map(|(name, value)| (name.text.clone(), text_of(value).into())).collect();
            pairs.sort_unstable();
            pairs
        };
        Some(Given { template: template.into(), parameters: pairs("parameters"), tags: pairs("tags") })
    }
}

impl Given {
    pub(super) fn into_deployment(self, path: &str, file: FileId) -> Deployment {
        Deployment {
            path: path.into(),
            file,
            template: self.template,
            parameters: self.parameters,
            tags: self.tags,
        }
    }
}

fn text_of(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.to_string(),
        Value::List(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        _ => node.to_json().to_string(),
    }
}

impl Deployment {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        lookup(&self.parameters, name)
    }

    /// The value of a tag of the stack.
    pub fn tag(&self, key: &str) -> Option<&str> {
        lookup(&self.tags, key)
    }

    /// The place of the value of an entry of `parameters` or `tags`.
    pub fn place_of(&self, section: &str, name: &str, sources: &SourceMap) -> Option<Span> {
        let node = read(self.file, sources, &mut Report::default())?;
        node.get(section)?.get(name).map(|value| value.span)
    }

    /// The place of the name of an entry of `parameters` or `tags`.
    pub fn place_of_name(&self, section: &str, name: &str, sources: &SourceMap) -> Option<Span> {
        let node = read(self.file, sources, &mut Report::default())?;
        let Value::Map(entries) = &node.get(section)?.value else { return None };
        entries.iter().find(|(key, _)| &*key.text == name).map(|(key, _)| key.span)
    }

    /// The beginning of the file.
    pub fn start(&self) -> Span {
        Span { file: self.file, start: 0, end: 0 }
    }
}

fn lookup<'p>(pairs: &'p [(Box<str>, Box<str>)], name: &str) -> Option<&'p str> {
    let found = pairs.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
    Some(&pairs[found].1)
}

/// A file by its name: JSON, else YAML.
pub(super) fn read(file: FileId, sources: &SourceMap, report: &mut Report) -> Option<Node> {
    if sources.name(file).ends_with(".json") {
        read_json(file, sources, report).ok()
    } else {
        read_yaml(file, Tags::Keep, sources, report).ok()
    }
}
