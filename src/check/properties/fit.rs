//! One value against one schema.
//!
//! What is unknown fits everywhere: a finding here is a certainty. Alternatives (`anyOf`, `oneOf`) hold
//! where one of them could.

use crate::check::model::{Estate, Value};
use crate::cloudformation::{Additional, PropertySchema, TypeSchema};
use crate::diagnostics::{Code, closest, codes, list_of, quote};

/// A step from a value into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// Where and how a value does not fit.
pub(super) struct Misfit {
    pub code: &'static Code,
    pub path: Vec<Step>,
    /// Whether the key at the end of the path is wrong, and not what stands there.
    pub is_key: bool,
    pub message: String,
    pub help: String,
}

/// A comparison of the properties of one resource, or of a value in them, with the schema of its type.
pub(super) struct Fit<'f> {
    pub estate: &'f Estate,
    pub kind: &'f str,
    pub of: &'static TypeSchema,
    pub misfits: Vec<Misfit>,
    /// Places where something unknown stands, and the schema for it.
    pub open: Vec<(Vec<Step>, &'static PropertySchema)>,
    pub path: Vec<Step>,
    /// How deeply it is inside of alternatives, where nothing is noted as open.
    alternatives: usize,
}

impl<'f> Fit<'f> {
    pub(super) fn new(estate: &'f Estate, kind: &'f str, of: &'static TypeSchema, path: Vec<Step>) -> Self {
        Fit { estate, kind, of, misfits: Vec::new(), open: Vec::new(), path, alternatives: 0 }
    }

    fn misfit(&mut self, code: &'static Code, message: String, help: impl Into<String>) {
        let path = self.path.clone();
        self.misfits.push(Misfit { code, path, is_key: false, message, help: help.into() });
    }

    /// `` `Tags.0.Value` of an `AWS::EC2::VPC` ``.
    fn subject(&self) -> String {
        let steps: Vec<String> = self
            .path
            .iter()
            .map(|step| match step {
                Step::Key(key) => key.clone(),
                Step::Item(index) => index.to_string(),
            })
            .collect();
        if steps.is_empty() {
            format!("the resource of type `{}`", self.kind)
        } else {
            format!("{} of the type `{}`", quote(&steps.join(".")), self.kind)
        }
    }

    /// Compares, and notes what does not fit.
    pub(super) fn value(&mut self, value: &Value<'_>, schema: &'static PropertySchema) {
        let schema = self.of.resolve(schema);
        match value {
            Value::Unknown(_) | Value::Function(..) => {
                if self.alternatives == 0 {
                    self.open.push((self.path.clone(), schema));
                }
                return;
            }
            Value::Absent | Value::Null => return,
            Value::Reference { target, attribute } => {
                self.reference(*target, *attribute, schema);
                return;
            }
            _ => {}
        }
        if !self.kind_fits(value, schema) {
            return;
        }
        self.choices(value, schema);
        match value {
            Value::Text(text) => self.text(text, schema),
            Value::List(items) => self.list(items, schema),
            Value::Map(entries) => self.map(entries, schema),
            _ => {}
        }
        self.range(value, schema);
        for inner in &schema.all_of {
            self.value(value, inner);
        }
        self.alternative(value, &schema.any_of);
        self.alternative(value, &schema.one_of);
    }

    fn alternative(&mut self, value: &Value<'_>, schemas: &'static [PropertySchema]) {
        let mut nearest: Option<Vec<Misfit>> = None;
        for schema in schemas {
            let mut inner = Fit::new(self.estate, self.kind, self.of, self.path.clone());
            inner.alternatives = self.alternatives + 1;
            inner.value(value, schema);
            if inner.misfits.is_empty() {
                return;
            }
            if nearest.as_ref().is_none_or(|known| inner.misfits.len() < known.len()) {
                nearest = Some(inner.misfits);
            }
        }
        self.misfits.extend(nearest.unwrap_or_default());
    }

    fn kind_fits(&mut self, value: &Value<'_>, schema: &PropertySchema) -> bool {
        let kinds = schema.kinds.all();
        let fits = kinds.is_empty()
            || kinds.iter().any(|kind| match (kind.as_str(), value) {
                ("string", Value::Map(_) | Value::List(_)) => false,
                ("string", _) => true,
                ("integer", Value::Integer(_)) | ("number", Value::Integer(_) | Value::Number(_)) => true,
                ("integer", Value::Number(number)) => number.fract() == 0.0,
                ("integer", Value::Text(text)) => text.trim().parse::<i64>().is_ok(),
                ("number", Value::Text(text)) => text.trim().parse::<f64>().is_ok(),
                ("boolean", Value::Text(_)) => value.as_boolean().is_some(),
                ("integer" | "number", Value::Joined(_)) => true,
                ("boolean", Value::Boolean(_)) | ("array", Value::List(_)) => true,
                ("object", Value::Map(_)) => true,
                _ => false,
            });
        if !fits {
            let asked: Vec<&str> = kinds.iter().map(|kind| word(kind)).collect();
            let found = match value {
                Value::List(_) => "a list",
                Value::Map(_) => "a mapping",
                Value::Boolean(_) => "true or false",
                Value::Integer(_) | Value::Number(_) => "a number",
                _ => "text",
            };
            self.misfit(
                &codes::WRONG_PROPERTY_TYPE,
                format!("{} is {}, and this is {found}", self.subject(), asked.join(" or ")),
                "see the property in the CloudFormation resource reference",
            );
        }
        fits
    }

    fn choices(&mut self, value: &Value<'_>, schema: &PropertySchema) {
        if matches!(value, Value::List(_) | Value::Map(_) | Value::Joined(_)) {
            return;
        }
        let shown = value.to_string();
        let plain = |choice: &serde_json::Value| match choice {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let exact: Option<Vec<String>> = schema
            .choices
            .as_ref()
            .map(|choices| choices.iter().map(plain).collect())
            .or_else(|| schema.constant.as_ref().map(|constant| vec![plain(constant)]));
        let any_case: Option<Vec<String>> =
            schema.choices_of_any_case.as_ref().map(|choices| choices.iter().map(plain).collect());
        let fits = exact.as_ref().is_none_or(|choices| choices.contains(&shown))
            && any_case
                .as_ref()
                .is_none_or(|choices| choices.iter().any(|choice| choice.eq_ignore_ascii_case(&shown)));
        if fits {
            return;
        }
        let all = exact.or(any_case).unwrap_or_default();
        let help = match closest(&shown, all.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if all.len() > 12 => format!("{} values are known, such as `{}`", all.len(), all[0]),
            None => format!("it is one of {}", list_of(all.iter().map(String::as_str))),
        };
        self.misfit(
            &codes::VALUE_NOT_ALLOWED,
            format!("{} cannot be {}", self.subject(), quote(&shown)),
            help,
        );
    }

    fn text(&mut self, text: &str, schema: &PropertySchema) {
        if let Some(pattern) = schema.regex()
            && !pattern.is_match(text)
        {
            self.misfit(
                &codes::VALUE_OUT_OF_PATTERN,
                format!("{} cannot be {}", self.subject(), quote(text)),
                format!("it has the pattern {}", quote(pattern.as_str())),
            );
        }
        let length = text.chars().count() as u64;
        let (least, most) = (schema.min_length.unwrap_or(0), schema.max_length.unwrap_or(u64::MAX));
        if !(least..=most).contains(&length) {
            self.misfit(
                &codes::VALUE_OUT_OF_RANGE,
                format!("{} has {length} characters", self.subject()),
                format!("it may have {}", between(least, schema.max_length)),
            );
        }
        if let Some((prefix, what)) = schema.format.as_deref().and_then(id_form)
            && !is_id(text, prefix)
            && !self.is_looked_up(text)
        {
            self.misfit(
                &codes::VALUE_OUT_OF_PATTERN,
                format!("{} cannot be {}", self.subject(), quote(text)),
                format!("the id of {what} is `{prefix}` and 8 or 17 hexadecimal digits"),
            );
        }
        let network = match schema.format.as_deref() {
            Some("ipv4-network") => text.parse::<ipnet::Ipv4Net>().is_ok_and(|net| net == net.trunc()),
            Some("ipv6-network") => text.parse::<ipnet::Ipv6Net>().is_ok_and(|net| net == net.trunc()),
            _ => true,
        };
        if !network {
            self.misfit(
                &codes::VALUE_OUT_OF_PATTERN,
                format!("{} cannot be {}, which is no block of addresses", self.subject(), quote(text)),
                "write a block such as `10.64.0.0/24`, with nothing behind the prefix",
            );
        }
    }

    /// EC2 takes the name of a parameter that holds an image's id, and looks it up with each start (EC2 User Guide, "Use a
    /// Systems Manager parameter instead of an AMI ID").
    fn is_looked_up(&self, text: &str) -> bool {
        self.kind == "AWS::EC2::LaunchTemplate" && text.starts_with("resolve:ssm:/")
    }

    fn range(&mut self, value: &Value<'_>, schema: &PropertySchema) {
        let number = match value {
            Value::Integer(number) => *number as f64,
            Value::Number(number) => *number,
            Value::Text(text) if schema.minimum.is_some() || schema.maximum.is_some() => {
                let Ok(number) = text.trim().parse() else { return };
                number
            }
            _ => return,
        };
        let low = schema.minimum.is_some_and(|least| number < least);
        let high = schema.maximum.is_some_and(|most| number > most);
        if low || high {
            let help = match (schema.minimum, schema.maximum) {
                (Some(least), Some(most)) => format!("it lies between {least} and {most}"),
                (Some(least), None) => format!("it is {least} at least"),
                (_, most) => format!("it is {} at most", most.unwrap_or_default()),
            };
            self.misfit(&codes::VALUE_OUT_OF_RANGE, format!("{} cannot be {number}", self.subject()), help);
        }
    }

    fn list(&mut self, items: &[Value<'_>], schema: &'static PropertySchema) {
        let (least, most) = (schema.min_items.unwrap_or(0), schema.max_items.unwrap_or(usize::MAX));
        // An unknown item may stand for several.
        let certain = items.iter().all(Value::is_known);
        if items.len() > most || (items.len() < least && certain) {
            let help =
                format!("it may have {}", between(least as u64, schema.max_items.map(|most| most as u64)));
            self.misfit(
                &codes::VALUE_OUT_OF_RANGE,
                format!("{} has {} items", self.subject(), items.len()),
                help,
            );
        }
        if schema.unique_items && !certain && self.alternatives == 0 {
            self.open.push((self.path.clone(), schema));
        }
        if schema.unique_items {
            for (index, item) in items.iter().enumerate() {
                if item.is_known() && items[..index].contains(item) {
                    self.path.push(Step::Item(index));
                    let message = format!("{} is there twice", self.subject());
                    self.misfit(&codes::REPEATED_ITEM, message, "take one of the two out");
                    self.path.pop();
                }
            }
        }
        let Some(inner) = &schema.items else { return };
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Item(index));
            self.value(item, inner);
            self.path.pop();
        }
    }

    fn map(&mut self, entries: &[(&str, Value<'_>)], schema: &'static PropertySchema) {
        let has = |key: &str| entries.iter().any(|(name, value)| *name == key && *value != Value::Absent);
        for name in schema.required.iter().filter(|name| !has(name)) {
            self.missing(name);
        }
        self.groups(&has, schema);
        for (name, value) in entries {
            let known = schema.properties.get(*name).or_else(|| {
                let mut patterns = schema.pattern_properties.iter();
                patterns.find(|(pattern, _)| matches(pattern, name)).map(|(_, inner)| inner)
            });
            self.path.push(Step::Key((*name).to_owned()));
            match (known, &schema.additional_properties) {
                (Some(inner), _) => self.value(value, inner),
                (None, Some(Additional::Like(inner))) => self.value(value, inner),
                (None, Some(Additional::Allowed(false))) => self.unknown(name, schema),
                (None, _) => {}
            }
            self.path.pop();
        }
    }

    fn missing(&mut self, name: &str) {
        let message = format!("{} needs the property `{name}`", self.subject());
        self.misfit(&codes::MISSING_PROPERTY, message, format!("add `{name}`"));
    }

    fn groups(&mut self, has: &dyn Fn(&str) -> bool, schema: &PropertySchema) {
        let given = |names: &[String]| names.iter().filter(|name| has(name)).count();
        let all = |names: &[String]| list_of(names.iter().map(String::as_str));
        let (one, some) = (&schema.required_xor, &schema.required_or);
        if !one.is_empty() && given(one) != 1 {
            let code =
                if given(one) == 0 { &codes::MISSING_PROPERTY } else { &codes::CONFLICTING_PROPERTIES };
            let message = format!("{} needs one of {}, and no more", self.subject(), all(one));
            self.misfit(code, message, "give exactly one of them");
        }
        if !some.is_empty() && given(some) == 0 {
            let message = format!("{} needs one of {}", self.subject(), all(some));
            self.misfit(&codes::MISSING_PROPERTY, message, "give one of them");
        }
        for (name, needed) in schema.dependent_required.iter().filter(|(name, _)| has(name)) {
            for other in needed.iter().filter(|other| !has(other)) {
                let message = format!("{} needs `{other}` beside `{name}`", self.subject());
                self.misfit(&codes::MISSING_PROPERTY, message, format!("add `{other}`"));
            }
        }
        for (name, excluded) in schema.dependent_excluded.iter().filter(|(name, _)| has(name)) {
            for other in excluded.iter().filter(|other| has(other) && name < *other) {
                let message = format!("{} cannot have both `{name}` and `{other}`", self.subject());
                self.misfit(&codes::CONFLICTING_PROPERTIES, message, "take one of the two out");
            }
        }
    }

    fn unknown(&mut self, name: &str, schema: &PropertySchema) {
        let parent = self.path.len().saturating_sub(1);
        let step = self.path.pop();
        let subject = self.subject();
        self.path.extend(step);
        debug_assert_eq!(self.path.len(), parent + 1);
        let help = match closest(name, schema.properties.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "take it out, or see the CloudFormation resource reference".to_owned(),
        };
        self.misfits.push(Misfit {
            code: &codes::UNKNOWN_PROPERTY,
            path: self.path.clone(),
            is_key: true,
            message: format!("{subject} has no property {}", quote(name)),
            help,
        });
    }

    /// What a resource gives by `Ref` is text; where a schema asks for the id of some type, it is that type's.
    fn reference(
        &mut self,
        target: crate::check::model::ResourceId,
        attribute: Option<&str>,
        schema: &PropertySchema,
    ) {
        let kinds = schema.kinds.all();
        let target = self.estate.resource(target);
        if attribute.is_none()
            && !kinds.is_empty()
            && kinds.iter().all(|kind| kind == "array" || kind == "object")
        {
            let asked: Vec<&str> = kinds.iter().map(|kind| word(kind)).collect();
            let message = format!("{} is {}, and this is one id", self.subject(), asked.join(" or "));
            self.misfit(&codes::WRONG_PROPERTY_TYPE, message, "write a list of one item");
            return;
        }
        let Some(asked) = schema.format.as_deref().filter(|format| format.starts_with("AWS::")) else {
            return;
        };
        let asked_kind = asked.split('.').next().unwrap_or_default();
        let found = crate::cloudformation::property_schema(target.kind())
            .and_then(|schema| schema.format_of(attribute));
        let fits = match (found, attribute) {
            (Some(found), _) => found.split('.').next() == Some(asked_kind),
            (None, Some(_)) => true,
            // `Ref` of one type is never the id of another, unless its schema says so.
            (None, None) => target.kind() == asked_kind || asked_kind.starts_with("AWS::ACM"),
        };
        if !fits {
            let message = format!(
                "{} takes what belongs to an `{asked_kind}`, and `{}` is an `{}`",
                self.subject(),
                target.logical_id(),
                target.kind()
            );
            self.misfit(&codes::WRONG_REFERENCE, message, format!("refer to an `{asked_kind}`"));
        }
    }
}

/// How ids of EC2 begin (EC2 User Guide, "Resource IDs").
fn id_form(format: &str) -> Option<(&'static str, &'static str)> {
    match format {
        "AWS::EC2::VPC.Id" => Some(("vpc-", "a VPC")),
        "AWS::EC2::Subnet.Id" => Some(("subnet-", "a subnet")),
        "AWS::EC2::SecurityGroup.Id" => Some(("sg-", "a security group")),
        "AWS::EC2::Image.Id" => Some(("ami-", "an image")),
        _ => None,
    }
}

/// Whether a text is an id, or a dynamic reference that may come to one.
fn is_id(text: &str, prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix).is_some_and(|digits| {
        [8, 17].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    digits || text.contains("{{resolve:")
}

fn matches(pattern: &str, name: &str) -> bool {
    // A pattern that cannot be had here allows every name.
    regex::Regex::new(pattern).map_or(true, |pattern| pattern.is_match(name))
}

fn word(kind: &str) -> &'static str {
    match kind {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        _ => "a mapping",
    }
}

fn between(least: u64, most: Option<u64>) -> String {
    match most {
        Some(most) if least == most => format!("{most}"),
        Some(most) => format!("{least} to {most}"),
        None => format!("{least} or more"),
    }
}
