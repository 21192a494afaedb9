//! A blueprint's settings: its JSON Schema, the defaults in it, and what a tier and a tenant set.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Map, Value as JsonValue};

use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::source::Span;
use crate::yaml::{Key, Node};

/// The settings that a blueprint has.
#[derive(Debug)]
pub struct SettingsSchema {
    pub properties: BTreeMap<String, Setting>,
    validator: Validator,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    pub description: String,
    pub default: Option<JsonValue>,
    /// Whether it becomes a parameter and not a part of the shape.
    pub lifted: bool,
    /// Its JSON Schema, for `tenantry blueprint show`.
    pub schema: JsonValue,
}

impl Setting {
    /// Whether the schema limits the text of this setting, or it is no text at all.
    pub fn is_constrained(&self) -> bool {
        let limits = |schema: &JsonValue| {
            let is_other = schema
                .get("type")
                .and_then(JsonValue::as_str)
                .is_some_and(|kind| kind != "string" && kind != "array");
            is_other || ["pattern", "enum", "const"].iter().any(|key| schema.get(*key).is_some())
        };
        limits(&self.schema) || self.schema.get("items").is_some_and(limits)
    }
}

/// The settings of one tenant: defaults, then the tier's, then its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings(pub BTreeMap<String, JsonValue>);

impl SettingsSchema {
    /// Takes a JSON Schema of an object; the error is a phrase.
    ///
    /// # Errors
    /// If it is not a JSON Schema, or not of an object with properties.
    pub fn new(schema: JsonValue) -> Result<SettingsSchema, String> {
        let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
        let mut properties = BTreeMap::new();
        let described = schema.get("properties").and_then(JsonValue::as_object);
        for (name, property) in described.into_iter().flatten() {
            let text =
                |key: &str| property.get(key).and_then(JsonValue::as_str).unwrap_or_default().to_owned();
            properties.insert(
                name.clone(),
                Setting {
                    description: text("description"),
                    default: property.get("default").cloned(),
                    lifted: property.get("lifted").and_then(JsonValue::as_bool).unwrap_or(false),
                    schema: property.clone(),
                },
            );
        }
        Ok(SettingsSchema { properties, validator })
    }

    /// Puts defaults, tier and tenant together and checks the result against the schema. Errors
    /// point at the place in the catalog that set the value, or at `fallback` where none did.
    pub fn merge(
        &self,
        layers: [&[(Key, Node)]; 2],
        blueprint: &str,
        fallback: Span,
        report: &mut Report,
    ) -> Option<Settings> {
        let before = report.errors();
        let mut merged: Map<String, JsonValue> = self
            .properties
            .iter()
            .filter_map(|(name, setting)| Some((name.clone(), setting.default.clone()?)))
            .collect();
        let mut places: BTreeMap<&str, (&Key, &Node)> = BTreeMap::new();
        for (key, node) in layers.into_iter().flatten() {
            if self.properties.contains_key(&*key.text) {
                merged.insert(key.text.to_string(), node.to_json());
                places.insert(&key.text, (key, node));
            } else {
                report.push(self.unknown(key, blueprint));
            }
        }
        let instance = JsonValue::Object(merged);
        for error in self.validator.iter_errors(&instance) {
            let path = error.instance_path().to_string();
            let mut segments = path.split('/').skip(1);
            let set = segments.next().and_then(|name| places.get(name));
            let span = set.map_or(fallback, |(_, node)| place_of(node, segments));
            let what = path.trim_start_matches('/').replace('/', ".");
            let subject = match what.as_str() {
                "" => format!("the settings of blueprint `{blueprint}` do not fit"),
                _ => format!("the setting `{what}` of blueprint `{blueprint}` does not fit"),
            };
            report.push(
                Diagnostic::error(&codes::INVALID_SETTING, format!("{subject}: {error}")).at(span, "").help(
                    format!("`tenantry blueprint show {blueprint}` lists the settings and what they may be"),
                ),
            );
        }
        let JsonValue::Object(merged) = instance else { return None };
        (report.errors() == before).then(|| Settings(merged.into_iter().collect()))
    }

    fn unknown(&self, key: &Key, blueprint: &str) -> Diagnostic {
        let names = || self.properties.keys().map(String::as_str);
        let help = match closest(&key.text, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its settings are {}", list_of(names())),
        };
        Diagnostic::error(
            &codes::UNKNOWN_SETTING,
            format!("the blueprint `{blueprint}` has no setting {}", quote(&key.text)),
        )
        .at(key.span, "")
        .help(help)
    }
}

/// The deepest node that the rest of a JSON pointer leads to.
fn place_of<'p>(node: &Node, segments: impl Iterator<Item = &'p str>) -> Span {
    let mut node = node;
    for segment in segments {
        let next = match &node.value {
            crate::yaml::Value::List(items) => {
                segment.parse::<usize>().ok().and_then(|index| items.get(index))
            }
            _ => node.get(segment),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node.span
}

impl Settings {
    /// The value of a setting; null where it has none.
    pub fn get(&self, name: &str) -> &JsonValue {
        self.0.get(name).unwrap_or(&JsonValue::Null)
    }

    /// A setting that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// A setting that is a number above zero.
    pub fn count(&self, name: &str) -> Option<usize> {
        self.get(name).as_u64().and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0)
    }
}
