//! A blueprint's settings: its JSON Schema, the defaults in it, and what a tier and a tenant set.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Map, Value as JsonValue};

use crate::blueprint::misfit::Misfit;
use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

/// The settings that a blueprint has.
#[derive(Debug)]
pub struct SettingsSchema {
    pub properties: BTreeMap<String, Setting>,
    schema: JsonValue,
    validator: Validator,
}

/// Why a JSON Schema cannot be one of settings: a phrase, what to do, and the keys that lead there.
#[derive(Debug)]
pub struct SchemaProblem {
    pub phrase: String,
    pub help: &'static str,
    pub path: Vec<String>,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    pub description: String,
    pub default: Option<JsonValue>,
    /// Whether it becomes a parameter and not a part of the shape.
    pub lifted: bool,
    /// Whether it is of the cell and not of the tenant: tenants that set it differently live in
    /// different cells.
    pub of_cell: bool,
    /// Whether the plan sets it, and the catalog may not.
    pub decided: bool,
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
    /// Takes a JSON Schema of an object.
    ///
    /// # Errors
    /// If it is not a JSON Schema, or two lifted settings would become one parameter.
    pub fn new(schema: JsonValue) -> Result<SettingsSchema, SchemaProblem> {
        let validator = jsonschema::validator_for(&schema).map_err(|error| not_a_schema(&error, &schema))?;
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
                    of_cell: property.get("scope").and_then(JsonValue::as_str) == Some("cell"),
                    decided: property.get("decided").and_then(JsonValue::as_bool).unwrap_or(false),
                    schema: property.clone(),
                },
            );
        }
        if let Some(name) = described.into_iter().flatten().find_map(|(name, property)| {
            let scope = property.get("scope")?;
            (!matches!(scope.as_str(), Some("tenant" | "cell"))).then_some(name)
        }) {
            return Err(SchemaProblem {
                phrase: format!("the scope of the setting `{name}` is neither `tenant` nor `cell`"),
                help: "write `cell`, or leave `scope` out for a setting of the tenant",
                path: ["properties", name, "scope"].map(str::to_owned).to_vec(),
            });
        }
        if let Some((one, other)) = equal_parameters(&properties) {
            return Err(SchemaProblem {
                phrase: format!("the settings `{one}` and `{other}` would be one parameter of the stacks"),
                help: "let their names differ in more than hyphens and underscores",
                path: vec!["properties".to_owned(), other],
            });
        }
        Ok(SettingsSchema { properties, schema, validator })
    }

    /// The defaults that break a rule of their own setting, each with the rule.
    pub fn wrong_defaults(&self) -> Vec<(String, String)> {
        let defaults = JsonValue::Object(self.defaults());
        let misfits = self.validator.iter_errors(&defaults).map(|error| Misfit::of(&error, &self.schema));
        misfits
            .filter(|misfit| misfit.is_own_rule)
            .filter_map(|misfit| Some((misfit.path.first()?.clone(), misfit.rule)))
            .collect()
    }

    fn defaults(&self) -> Map<String, JsonValue> {
        let settings = self.properties.iter();
        settings.filter_map(|(name, setting)| Some((name.clone(), setting.default.clone()?))).collect()
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
        let mut merged = self.defaults();
        let mut places: BTreeMap<&str, (&Key, &Node)> = BTreeMap::new();
        for (key, node) in layers.into_iter().flatten() {
            if self.properties.get(&*key.text).is_some_and(|setting| setting.decided) {
                let message = format!("the setting {} is not yours to set", quote(&key.text));
                report.push(
                    Diagnostic::error(&codes::INVALID_SETTING, message)
                        .at(key.span, "the plan decides it")
                        .help("take it out; what it follows from is said in its description"),
                );
            } else if self.properties.contains_key(&*key.text) {
                merged.insert(key.text.to_string(), node.to_json());
                places.insert(&key.text, (key, node));
            } else {
                report.push(self.unknown(key, blueprint));
            }
        }
        let instance = JsonValue::Object(merged);
        for error in self.validator.iter_errors(&instance) {
            let misfit = Misfit::of(&error, &self.schema);
            let set = misfit.path.first().and_then(|name| places.get(name.as_str()));
            let place = set.map(|(_, node)| place_of(node, misfit.path.iter().skip(1)));
            report.push(told(&misfit, place, blueprint, fallback));
        }
        let JsonValue::Object(merged) = instance else { return None };
        (report.errors() == before).then(|| Settings(merged.into_iter().collect()))
    }

    /// Reports the settings of a tier or a tenant that there are none of.
    pub fn refuse_unknown(&self, layer: &[(Key, Node)], blueprint: &str, report: &mut Report) {
        for (key, _) in layer.iter().filter(|(key, _)| !self.properties.contains_key(&*key.text)) {
            report.push(self.unknown(key, blueprint));
        }
    }

    fn unknown(&self, key: &Key, blueprint: &str) -> Diagnostic {
        let names = || self.properties.keys().map(String::as_str);
        let help = match closest(&key.text, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.properties.is_empty() => "it has no settings, leave this out".to_owned(),
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

fn not_a_schema(error: &jsonschema::ValidationError<'_>, schema: &JsonValue) -> SchemaProblem {
    if let jsonschema::error::ValidationErrorKind::Referencing(_) = error.kind() {
        let phrase = "the settings refer to a schema that is not part of them".to_owned();
        let help = "write that schema below `$defs` of the settings, and refer to it there";
        return SchemaProblem { phrase, help, path: reference_elsewhere(schema).unwrap_or_default() };
    }
    let phrase = format!("the settings are not a JSON Schema: {error}");
    let path = error.instance_path().to_string().split('/').skip(1).map(str::to_owned).collect();
    SchemaProblem { phrase, help: "see `tenantry blueprint eject vpc` for an example", path }
}

/// The way to a `$ref` that leads out of the schema, or nowhere.
fn reference_elsewhere(schema: &JsonValue) -> Option<Vec<String>> {
    fn search(value: &JsonValue, whole: &JsonValue, way: &mut Vec<String>) -> bool {
        let inside: Vec<(String, &JsonValue)> = match value {
            JsonValue::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
            JsonValue::Array(items) => {
                items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
            }
            _ => return false,
        };
        inside.into_iter().any(|(key, inner)| {
            let leads_out = key == "$ref"
                && inner.as_str().is_some_and(|to| {
                    to.strip_prefix('#').is_none_or(|pointer| whole.pointer(pointer).is_none())
                });
            way.push(key);
            let found = leads_out || search(inner, whole, way);
            if !found {
                way.pop();
            }
            found
        })
    }
    let mut way = Vec::new();
    search(schema, schema, &mut way).then_some(way)
}

/// Two lifted settings whose parameters would have one name.
fn equal_parameters(properties: &BTreeMap<String, Setting>) -> Option<(String, String)> {
    let mut taken: BTreeMap<String, &String> = BTreeMap::new();
    properties.iter().filter(|(_, setting)| setting.lifted).find_map(|(name, _)| {
        let parameter = crate::blueprint::Symbol::Setting(name.clone()).parameter();
        taken.insert(parameter, name).map(|one| (one.clone(), name.clone()))
    })
}

/// `place` is where the catalog sets the value, if it does.
fn told(misfit: &Misfit, place: Option<Span>, blueprint: &str, fallback: Span) -> Diagnostic {
    let Misfit { rule, found, .. } = misfit;
    let name = quote(&misfit.path.join("."));
    let unset = |name: &str| format!("{name} is not set");
    let (message, label) = match (&misfit.missing, misfit.path.as_slice(), place) {
        (Some(missing), [], _) => {
            let missing = quote(missing);
            (format!("the blueprint `{blueprint}` needs the setting {missing} here"), unset(&missing))
        }
        (_, [], _) => (format!("the settings of the blueprint `{blueprint}` {rule}"), String::new()),
        (_, _, Some(_)) => (
            format!("the setting {name} of the blueprint `{blueprint}` {rule}, and is {}", quote(found)),
            String::new(),
        ),
        (_, _, None) => (
            format!(
                "the setting {name} of the blueprint `{blueprint}` {rule} here, and is {} by default",
                quote(found)
            ),
            unset(&name),
        ),
    };
    let error = Diagnostic::error(&codes::INVALID_SETTING, message)
        .at(place.unwrap_or(fallback), label)
        .help(format!("`tenantry blueprint show {blueprint}` lists the settings and what they may be"));
    match &misfit.reason {
        Some(reason) => error.note(format!("the blueprint says: {reason}")),
        None => error,
    }
}

/// The deepest node that these keys and positions lead to.
pub(super) fn place_of<'p>(node: &Node, path: impl IntoIterator<Item = &'p String>) -> Span {
    let mut node = node;
    for part in path {
        let next = match &node.value {
            Value::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => node.get(part),
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
