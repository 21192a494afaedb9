//! One resource of a template, looked at after it was evaluated: its id, its attributes, its tags, and
//! what it asks the deployer to acknowledge.

use std::collections::BTreeSet;

use crate::blueprint::{Per, Symbol};
use crate::catalog::{Catalog, TagSource};
use crate::cloudformation::{Json, TagProperty, TagShape, resource_type};
use crate::diagnostics::{Diagnostic, Report, codes, list_of, quote};
use crate::source::Span;

/// The attributes that a resource may have beside its type. `Condition` is not among them: what
/// tenantry writes has no conditions.
const ATTRIBUTES: [&str; 8] = [
    "Type",
    "Properties",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
    "Metadata",
];

/// What stands in a template as the value of a catalog's tag.
#[derive(Clone, Debug)]
pub(super) enum TagText {
    /// The same for every tenant of the catalog.
    Same(String),
    Differs(Symbol),
}

/// The values of tags by where the catalog takes them from.
pub(super) fn tag_texts(catalog: &Catalog, per: Per, keys: &[String]) -> Vec<(String, TagText)> {
    let rule = |key: &String| catalog.tags.iter().find(|rule| rule.key.value.as_str() == key);
    let text = |key: &String| match rule(key).and_then(|rule| rule.source) {
        Some(TagSource::Product) => TagText::Same(catalog.product.value.to_string()),
        Some(TagSource::Environment) => TagText::Same(catalog.environment.value.to_string()),
        Some(TagSource::TenantId) if per != Per::Tenant => TagText::Differs(Symbol::SharedTag),
        Some(TagSource::TenantId) => TagText::Differs(Symbol::TenantId),
        Some(TagSource::TenantTier) if per == Per::Tenant => TagText::Differs(Symbol::TenantTier),
        Some(TagSource::TenantName) if per == Per::Tenant => TagText::Differs(Symbol::TenantName),
        _ => TagText::Differs(Symbol::Tag(key.clone())),
    };
    keys.iter().map(|key| (key.clone(), text(key))).collect()
}

/// Makes sure that an id of a resource or an output is one of CloudFormation's.
pub(super) fn check_id(id: &str, span: Span, report: &mut Report) {
    let valid = (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !valid {
        report.push(
            Diagnostic::error(&codes::INVALID_TEMPLATE, format!("{} is not a logical id", quote(id)))
                .at(span, "")
                .help("use 1 to 255 letters and digits"),
        );
    }
}

/// Adds the catalog's tags by the type's own facts (law 9).
pub(super) fn with_tags(
    resource: Json,
    id: &str,
    span: Span,
    tags: &[(String, TagText)],
    symbols: &mut BTreeSet<Symbol>,
    report: &mut Report,
) -> Json {
    for (attribute, _) in resource.entries() {
        if !ATTRIBUTES.contains(&attribute.as_str()) {
            report.push(
                Diagnostic::error(
                    &codes::INVALID_TEMPLATE,
                    format!("the resource `{id}` has no attribute {}", quote(attribute)),
                )
                .at(span, "")
                .help(format!(
                    "the attributes of a resource are {}; choose with `$if` keys",
                    list_of(ATTRIBUTES)
                )),
            );
        }
    }
    let Some(kind) = resource.get("Type").and_then(Json::as_text).map(str::to_owned) else {
        report.push(
            Diagnostic::error(&codes::INVALID_TEMPLATE, format!("the resource `{id}` has no `Type`"))
                .at(span, "")
                .help("add `Type: AWS::...`"),
        );
        return resource;
    };
    let Some(facts) = resource_type(&kind) else {
        report.push(
            Diagnostic::warning(
                &codes::UNKNOWN_RESOURCE_TYPE,
                format!("tenantry has no facts about {}, so `{id}` gets no tags", quote(&kind)),
            )
            .at(span, "")
            .help("check the type's name; if it takes tags, write them into the template"),
        );
        return resource;
    };
    if facts.tags.is_none() && kind != LAUNCH_TEMPLATE {
        return resource;
    }
    let written: Vec<(String, Json)> = tags
        .iter()
        .map(|(key, text)| {
            let value = match text {
                TagText::Same(text) => Json::text(text),
                TagText::Differs(symbol) => {
                    symbols.insert(symbol.clone());
                    Json::reference(symbol.parameter())
                }
            };
            (key.clone(), value)
        })
        .collect();
    let Some(place) = &facts.tags else { return with_tag_specifications(resource, &written) };
    let Json::Object(mut entries) = resource else { return resource };
    if !entries.iter().any(|(key, _)| key == "Properties") {
        entries.push(("Properties".to_owned(), Json::Object(Vec::new())));
    }
    for (key, properties) in &mut entries {
        if key == "Properties"
            && let Json::Object(properties) = properties
        {
            if let Some(twice) = own_tag(properties, &place.property, tags) {
                report.push(
                    Diagnostic::error(
                        &codes::INVALID_TEMPLATE,
                        format!(
                            "the resource `{id}` writes the tag {}, which comes from the catalog",
                            quote(&twice)
                        ),
                    )
                    .at(span, "")
                    .help("leave the tag out: tenantry adds it"),
                );
            }
            add_tags(properties, place, written.clone());
        }
    }
    Json::Object(entries)
}

/// A tag of the catalog that the author has written as well.
fn own_tag(properties: &[(String, Json)], property: &str, tags: &[(String, TagText)]) -> Option<String> {
    let (_, written) = properties.iter().find(|(key, _)| key == property)?;
    let names: Vec<&str> = match written {
        Json::List(items) => items.iter().filter_map(|item| item.get("Key")?.as_text()).collect(),
        Json::Object(map) => map.iter().map(|(key, _)| key.as_str()).collect(),
        _ => Vec::new(),
    };
    tags.iter().map(|(key, _)| key).find(|key| names.contains(&key.as_str())).cloned()
}

fn add_tags(properties: &mut Vec<(String, Json)>, place: &TagProperty, tags: Vec<(String, Json)>) {
    let property = &place.property;
    let position = properties.iter().position(|(key, _)| key == property).unwrap_or_else(|| {
        let empty = match place.shape {
            TagShape::List => Json::List(Vec::new()),
            TagShape::Map => Json::Object(Vec::new()),
        };
        properties.push((property.clone(), empty));
        properties.len() - 1
    });
    // What an Auto Scaling group starts is paid for by whoever the group is of.
    let launched = place.is_propagated().then_some(("PropagateAtLaunch", Json::Boolean(true)));
    match &mut properties[position].1 {
        Json::List(list) => list.extend(tags.into_iter().map(|(key, value)| {
            let tag = [("Key", Json::Text(key)), ("Value", value)];
            Json::object(tag.into_iter().chain(launched.clone()))
        })),
        Json::Object(map) => map.extend(tags),
        _ => {}
    }
}

const LAUNCH_TEMPLATE: &str = "AWS::EC2::LaunchTemplate";

/// The tags of what a launch template starts, and its own, stand in lists by the kind of resource, which no type's
/// facts tell of. The catalog's go into each list that the author begins.
fn with_tag_specifications(resource: Json, tags: &[(String, Json)]) -> Json {
    fn walk(json: Json, tags: &[(String, Json)]) -> Json {
        let Json::Object(entries) = json else { return json };
        let entry = |(key, value): (String, Json)| match value {
            Json::List(items) if key == "TagSpecifications" => {
                (key, Json::List(items.into_iter().map(|item| specified(item, tags)).collect()))
            }
            value => (key, walk(value, tags)),
        };
        Json::Object(entries.into_iter().map(entry).collect())
    }
    fn specified(item: Json, tags: &[(String, Json)]) -> Json {
        let Json::Object(mut entries) = item else { return item };
        let list = tags
            .iter()
            .map(|(key, value)| Json::object([("Key", Json::text(key)), ("Value", value.clone())]));
        match entries.iter_mut().find(|(key, _)| key == "Tags") {
            Some((_, Json::List(own))) => own.extend(list),
            Some(_) => {}
            None => entries.push(("Tags".to_owned(), Json::List(list.collect()))),
        }
        Json::Object(entries)
    }
    walk(resource, tags)
}

/// Adds the export by which other stacks of the tenant import an output.
pub(super) fn exported(id: &str, output: Json, span: Span, report: &mut Report) -> Json {
    if output.get("Export").is_some() {
        report.push(
            Diagnostic::error(
                &codes::INVALID_TEMPLATE,
                format!("the output `{id}` has an `Export` of its own"),
            )
            .at(span, "")
            .help("leave it out: tenantry exports every output under the name of its stack"),
        );
    }
    let Json::Object(mut entries) = output else { return output };
    let name = Json::object([("Fn::Sub", Json::text(format!("${{AWS::StackName}}-{id}")))]);
    entries.push(("Export".to_owned(), Json::object([("Name", name)])));
    Json::Object(entries)
}

/// Values that the conditions of one listener rule may have together ("Quotas for your Application Load
/// Balancers").
pub(super) const LISTENER_RULE_VALUES: usize = 5;

/// How many values the conditions of a listener rule have; none of anything else.
pub(super) fn listener_rule_values(resource: &Json) -> usize {
    if resource.get("Type").and_then(Json::as_text) != Some("AWS::ElasticLoadBalancingV2::ListenerRule") {
        return 0;
    }
    let conditions = resource.get("Properties").and_then(|properties| properties.get("Conditions"));
    let configurations = conditions.into_iter().flat_map(Json::items).flat_map(Json::entries);
    let values = configurations.filter_map(|(_, configuration)| configuration.get("Values"));
    values.map(|values| values.items().len()).sum()
}

/// What CloudFormation wants to be told before it creates this resource ("Acknowledging IAM resources").
pub(super) fn capability(resource: &Json) -> Option<&'static str> {
    let kind = resource.get("Type")?.as_text()?;
    let named = |name: &str| resource.get("Properties").and_then(|properties| properties.get(name)).is_some();
    match kind {
        "AWS::IAM::Role" if named("RoleName") => Some("CAPABILITY_NAMED_IAM"),
        "AWS::IAM::ManagedPolicy" if named("ManagedPolicyName") => Some("CAPABILITY_NAMED_IAM"),
        "AWS::IAM::InstanceProfile" if named("InstanceProfileName") => Some("CAPABILITY_NAMED_IAM"),
        "AWS::IAM::Role" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::InstanceProfile" | "AWS::IAM::Policy" => {
            Some("CAPABILITY_IAM")
        }
        _ => None,
    }
}
