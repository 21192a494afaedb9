//! Why a setting does not fit its JSON Schema, in plain words.
//!
//! A schema's reader should not have to know JSON Schema to set a number right: the keywords that
//! blueprints use are put into words here, and the rest is left to the validator's own.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value as JsonValue;

use crate::diagnostics::quote;

/// What is wrong with one value of the settings.
#[derive(Debug)]
pub(super) struct Misfit {
    /// The names and positions that lead to the value; empty for the settings as a whole.
    pub path: Vec<String>,
    /// The setting that is not there, where that is what is wrong.
    pub missing: Option<String>,
    /// What it must be: `must be at most 3`.
    pub rule: String,
    /// The value, as a user would write it.
    pub found: String,
    /// What the blueprint's author says of the rule, in the nearest `$comment` around it.
    pub reason: Option<String>,
    /// Whether the rule is the setting's own, and not one about how settings go together.
    pub is_own_rule: bool,
}

impl Misfit {
    pub(super) fn of(error: &ValidationError<'_>, schema: &JsonValue) -> Misfit {
        let rule_path = error.schema_path().to_string();
        let missing = match error.kind() {
            ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
            _ => None,
        };
        Misfit {
            path: error.instance_path().to_string().split('/').skip(1).map(str::to_owned).collect(),
            missing,
            rule: rule(error, schema.pointer(&rule_path)),
            found: printed(error.instance()),
            reason: reason(schema, &rule_path),
            is_own_rule: rule_path.starts_with("/properties/"),
        }
    }
}

fn rule(error: &ValidationError<'_>, asked: Option<&JsonValue>) -> String {
    let Some(asked) = asked else { return format!("does not fit: {error}") };
    let shown = printed(asked);
    match error.kind() {
        ValidationErrorKind::Constant { .. } => format!("must be {shown}"),
        ValidationErrorKind::Enum { .. } => match asked.as_array() {
            Some(options) => format!("must be one of {}", all(options)),
            None => format!("must be one of {shown}"),
        },
        ValidationErrorKind::Minimum { .. } => format!("must be at least {shown}"),
        ValidationErrorKind::Maximum { .. } => format!("must be at most {shown}"),
        ValidationErrorKind::ExclusiveMinimum { .. } => format!("must be more than {shown}"),
        ValidationErrorKind::ExclusiveMaximum { .. } => format!("must be less than {shown}"),
        ValidationErrorKind::MultipleOf { .. } => format!("must be a multiple of {shown}"),
        ValidationErrorKind::MinLength { .. } => format!("must have at least {shown} characters"),
        ValidationErrorKind::MaxLength { .. } => format!("must have at most {shown} characters"),
        ValidationErrorKind::MinItems { .. } => format!("must have at least {shown} items"),
        ValidationErrorKind::MaxItems { .. } => format!("must have at most {shown} items"),
        ValidationErrorKind::UniqueItems => "must not have the same item twice".to_owned(),
        ValidationErrorKind::Pattern { pattern } => format!("must match the pattern {}", quote(pattern)),
        ValidationErrorKind::Type { .. } => format!("must be {}", kinds(asked)),
        ValidationErrorKind::Required { property } => format!("must have {}", quote(&printed(property))),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("must not have {}", crate::diagnostics::list_of(unexpected.iter().map(String::as_str)))
        }
        ValidationErrorKind::FalseSchema => "must not be set".to_owned(),
        _ => format!("does not fit: {error}"),
    }
}

/// The words for `type: integer` and `type: [integer, string]`.
fn kinds(asked: &JsonValue) -> String {
    let one = |kind: &JsonValue| match kind.as_str() {
        Some("string") => "text",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("boolean") => "true or false",
        Some("array") => "a list",
        Some("object") => "a mapping",
        _ => "nothing",
    };
    match asked.as_array() {
        Some(list) => list.iter().map(one).collect::<Vec<_>>().join(" or "),
        None => one(asked).to_owned(),
    }
}

fn all(options: &[JsonValue]) -> String {
    let mut shown: Vec<String> = options.iter().map(printed).collect();
    match shown.pop() {
        Some(last) if !shown.is_empty() => format!("{} and {last}", shown.join(", ")),
        last => last.unwrap_or_default(),
    }
}

fn printed(value: &JsonValue) -> String {
    match value {
        JsonValue::String(text) => text.clone(),
        JsonValue::Array(items) => format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn reason(schema: &JsonValue, path: &str) -> Option<String> {
    let around = path.match_indices('/').map(|(end, _)| &path[..end]);
    let comment = around.rev().find_map(|outer| schema.pointer(outer)?.get("$comment")?.as_str());
    comment.map(|text| text.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(schema: JsonValue, settings: JsonValue) -> Vec<String> {
        let validator = jsonschema::validator_for(&schema).unwrap();
        let misfits = validator.iter_errors(&settings).map(|error| Misfit::of(&error, &schema));
        misfits
            .map(|misfit| format!("{} {}: {:?}", misfit.path.join("."), misfit.rule, misfit.reason))
            .collect()
    }

    #[test]
    fn rules_are_told_in_plain_words() {
        let schema = serde_json::json!({"properties": {
            "zones": {"type": "integer", "maximum": 3},
            "nat": {"enum": ["none", "one"]},
            "endpoints": {"type": "array", "items": {"type": ["string", "null"]}},
        }});
        let settings = serde_json::json!({"zones": 4, "nat": 2, "endpoints": [true]});
        assert_eq!(
            rules(schema, settings),
            [
                "endpoints.0 must be text or nothing: None",
                "nat must be one of none and one: None",
                "zones must be at most 3: None",
            ]
        );
    }

    #[test]
    fn a_rule_between_settings_is_told_with_its_comment() {
        let schema = serde_json::json!({"allOf": [{
            "$comment": "A load balancer needs a service.",
            "if": {"properties": {"load_balancer": {"const": true}}},
            "then": {"properties": {"service": {"const": true}}},
        }]});
        assert_eq!(
            rules(schema, serde_json::json!({"load_balancer": true, "service": false})),
            ["service must be true: Some(\"A load balancer needs a service\")"]
        );
    }
}
