//! A blueprint's settings: its JSON Schema, the defaults in it, and what a tier and a tenant set.

use std::collections::BTreeMap;
use std::fmt;

use jsonschema::Validator;
use serde_json::{Map, Value as JsonValue};

use crate::blueprint::Per;
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
    /// Whether it has one value for all tenants, below `components` of the catalog.
    pub of_catalog: bool,
    /// The setting of which this number is not below.
    not_below: Option<String>,
    /// Its JSON Schema, for `tenantry blueprint show`.
    pub schema: JsonValue,
}

impl Setting {
    /// Whether what there is one of in this way knows the setting.
    pub fn is_known_to(&self, per: Per) -> bool {
        match per {
            Per::Tenant => true,
            Per::Cell => self.of_cell || self.of_catalog,
            Per::Account | Per::Region | Per::Organization => self.of_catalog || self.decided,
        }
    }

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

/// Whose settings they are, for messages.
enum Whose<'n> {
    Blueprint(&'n str),
    Component(&'n str),
}

impl Whose<'_> {
    fn name(&self) -> &str {
        match self {
            Whose::Blueprint(name) | Whose::Component(name) => name,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Whose::Blueprint(_) => "blueprint",
            Whose::Component(_) => "component",
        }
    }
}

impl fmt::Display for Whose<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the {} `{}`", self.kind(), self.name())
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
                    of_cell: text("scope") == "cell",
                    of_catalog: text("scope") == "catalog",
                    decided: property.get("decided").and_then(JsonValue::as_bool).unwrap_or(false),
                    not_below: property.get("not_below").and_then(JsonValue::as_str).map(str::to_owned),
                    schema: property.clone(),
                },
            );
        }
        if let Some(name) = described.into_iter().flatten().find_map(|(name, property)| {
            let scope = property.get("scope")?;
            (!matches!(scope.as_str(), Some("tenant" | "cell" | "catalog"))).then_some(name)
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

    /// The numbers that are below the one that they are not to be below, each with that one.
    fn turned<'s>(&'s self, settings: &Map<String, JsonValue>) -> Vec<(&'s str, &'s str)> {
        let number = |name: &str| settings.get(name).and_then(JsonValue::as_f64);
        let pairs = self.properties.iter().filter_map(|(most, setting)| {
            let least = setting.not_below.as_deref()?;
            (number(most)? < number(least)?).then_some((most.as_str(), least))
        });
        pairs.collect()
    }

    /// Puts defaults, components, tier and tenant together and checks the result against the schema. Errors
    /// point at the place in the catalog that set the value, or at `fallback` where none did.
    pub fn merge(
        &self,
        layers: [&[(Key, Node)]; 3],
        blueprint: &str,
        fallback: Span,
        report: &mut Report,
    ) -> Option<Settings> {
        let before = report.errors();
        let mut merged = self.defaults();
        let mut places: BTreeMap<&str, (usize, &Node)> = BTreeMap::new();
        let numbered = layers.into_iter().enumerate();
        for (layer, (key, node)) in numbered.flat_map(|(at, layer)| layer.iter().map(move |one| (at, one))) {
            match self.properties.get(&*key.text) {
                Some(setting) if setting.decided => report.push(of_the_plan(key)),
                Some(setting) if setting.of_catalog && layer > 0 => report.push(of_catalog(key)),
                Some(_) => {
                    merged.insert(key.text.to_string(), node.to_json());
                    places.insert(&key.text, (layer, node));
                }
                // Judged with the component, and told of there.
                None if layer == 0 => {}
                None => report.push(self.unknown(key, &Whose::Blueprint(blueprint))),
            }
        }
        let instance = JsonValue::Object(merged);
        let mut is_right = true;
        for error in self.validator.iter_errors(&instance) {
            is_right = false;
            let misfit = Misfit::of(&error, &self.schema);
            let set = misfit.path.first().and_then(|name| places.get(name.as_str()));
            // What the component gets wrong is told once, where the catalog switches it on.
            let is_of_catalog = |name: &String| self.properties.get(name).is_some_and(|one| one.of_catalog);
            if misfit.is_own_rule && set.is_some_and(|(layer, _)| *layer == 0)
                || misfit.path.is_empty() && misfit.missing.as_ref().is_some_and(is_of_catalog)
            {
                continue;
            }
            let place = set.map(|(_, node)| place_of(node, misfit.path.iter().skip(1)));
            report.push(told(&misfit, place, &Whose::Blueprint(blueprint), fallback));
        }
        let JsonValue::Object(merged) = instance else { return None };
        for (most, least) in self.turned(&merged) {
            let place = |name: &str| places.get(name).map(|(_, node)| node.span);
            report.push(below((most, place(most)), (least, place(least)), &merged, fallback));
        }
        (is_right && report.errors() == before).then(|| Settings(merged.into_iter().collect()))
    }

    /// The settings of a component that have one value for all, from what the catalog says at `place`. All that
    /// it says is judged, as far as no tier or tenant could set it right.
    pub fn of_component(
        &self,
        layer: &[(Key, Node)],
        component: &str,
        place: Span,
        report: &mut Report,
    ) -> Settings {
        let whose = Whose::Component(component);
        let mut merged = self.defaults();
        let mut places: BTreeMap<&str, &Node> = BTreeMap::new();
        for (key, node) in layer {
            if self.properties.contains_key(&*key.text) {
                merged.insert(key.text.to_string(), node.to_json());
                places.insert(&key.text, node);
            } else {
                report.push(self.unknown(key, &whose));
            }
        }
        let instance = JsonValue::Object(merged);
        let is_of_catalog = |name: &String| self.properties.get(name).is_some_and(|one| one.of_catalog);
        for error in self.validator.iter_errors(&instance) {
            let misfit = Misfit::of(&error, &self.schema);
            let set = misfit.path.first().and_then(|name| places.get(name.as_str()));
            let is_final = match &misfit.missing {
                Some(missing) if misfit.path.is_empty() => is_of_catalog(missing),
                _ => misfit.is_own_rule && set.is_some(),
            };
            if is_final {
                let set = set.map(|node| place_of(node, misfit.path.iter().skip(1)));
                report.push(told(&misfit, set, &whose, place));
            }
        }
        let JsonValue::Object(merged) = instance else { return Settings(BTreeMap::new()) };
        Settings(merged.into_iter().filter(|(name, _)| is_of_catalog(name)).collect())
    }

    /// Reports the settings of a tier or a tenant that there are none of, or that are not theirs to set.
    pub fn refuse_unknown(&self, layer: &[(Key, Node)], blueprint: &str, report: &mut Report) {
        for (key, _) in layer {
            match self.properties.get(&*key.text) {
                Some(setting) if setting.of_catalog => report.push(of_catalog(key)),
                Some(_) => {}
                None => report.push(self.unknown(key, &Whose::Blueprint(blueprint))),
            }
        }
    }

    fn unknown(&self, key: &Key, whose: &Whose<'_>) -> Diagnostic {
        let names = || self.properties.keys().map(String::as_str);
        let help = match closest(&key.text, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.properties.is_empty() => "it has no settings, leave this out".to_owned(),
            None => format!("its settings are {}", list_of(names())),
        };
        Diagnostic::error(&codes::UNKNOWN_SETTING, format!("{whose} has no setting {}", quote(&key.text)))
            .at(key.span, "")
            .help(help)
    }
}

/// Set in the catalog, though it follows from the catalog.
fn of_the_plan(key: &Key) -> Diagnostic {
    let message = format!("the setting {} is not yours to set", quote(&key.text));
    Diagnostic::error(&codes::INVALID_SETTING, message)
        .at(key.span, "the plan decides it")
        .help("take it out; what it follows from is said in its description")
}

/// A number that is below another, each with its place if the catalog says it.
fn below(
    (most, place): (&str, Option<Span>),
    (least, other): (&str, Option<Span>),
    settings: &Map<String, JsonValue>,
    fallback: Span,
) -> Diagnostic {
    let number = |name: &str| settings.get(name).map(ToString::to_string).unwrap_or_default();
    let (high, low) = (number(most), number(least));
    let message = format!("the setting `{most}` is {high}, below `{least}`, which is {low}");
    let error = Diagnostic::error(&codes::INVALID_SETTING, message)
        .help(format!("set `{most}` to {low} or more, or `{least}` to {high} or less"));
    match (place, other) {
        (Some(place), Some(other)) => error.at(place, "").also(other, "set here"),
        (Some(place), None) | (None, Some(place)) => error.at(place, ""),
        (None, None) => error.at(fallback, ""),
    }
}

/// That a tier or a tenant sets what is one for all.
fn of_catalog(key: &Key) -> Diagnostic {
    let message = format!("the setting {} has one value for all tenants", quote(&key.text));
    Diagnostic::error(&codes::INVALID_SETTING, message)
        .at(key.span, "a tier or a tenant sets it here")
        .help("set it below the component, in `components` of the catalog")
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
fn told(misfit: &Misfit, place: Option<Span>, whose: &Whose<'_>, fallback: Span) -> Diagnostic {
    let Misfit { rule, found, .. } = misfit;
    let name = quote(&misfit.path.join("."));
    let unset = |name: &str| format!("{name} is not set");
    let (message, label) = match (&misfit.missing, misfit.path.as_slice(), place) {
        (Some(missing), [], _) => {
            let missing = quote(missing);
            (format!("{whose} needs the setting {missing} here"), unset(&missing))
        }
        (_, [], _) => (format!("the settings of {whose} {rule}"), String::new()),
        (_, _, Some(_)) => {
            (format!("the setting {name} of {whose} {rule}, and is {}", quote(found)), String::new())
        }
        (_, _, None) => (
            format!("the setting {name} of {whose} {rule} here, and is {} by default", quote(found)),
            unset(&name),
        ),
    };
    let error = Diagnostic::error(&codes::INVALID_SETTING, message)
        .at(place.unwrap_or(fallback), label)
        .help(format!("`tenantry blueprint show {}` lists the settings and what they may be", whose.name()));
    match &misfit.reason {
        Some(reason) => error.note(format!("the {} says: {reason}", whose.kind())),
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
