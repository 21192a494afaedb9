//! The tags that every resource of a tenant bears: the rules, and each tenant's values by them.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use crate::catalog::free_text;
use crate::catalog::values::{name_or, suggestion, unsafe_text, word};
use crate::catalog::{Catalog, Tenant};
use crate::diagnostics::{Diagnostic, Report, codes, list_of, quote};
use crate::identity::{TagKey, TagValue};
use crate::source::Span;
use crate::yaml::{Fields, Key, Located, Node};

/// AWS allows 50 tags a resource ("Tag naming limits and requirements"); ten are left for those that
/// blueprints, CloudFormation and cost tools add.
const MAXIMUM_RULES: usize = 40;

/// One tag: where its value comes from, and which values it may have.
#[derive(Clone, Debug, PartialEq)]
pub struct TagRule {
    pub key: Located<TagKey>,
    /// The tenant's own `tags` give the value where this is none.
    pub source: Option<TagSource>,
    /// Whether a tenant without a value is an error.
    pub required: bool,
    pub pattern: Option<Located<Pattern>>,
    /// What the value may be; empty: anything.
    pub values: Vec<Located<TagValue>>,
    pub default: Option<Located<TagValue>>,
    /// The value of what tenants share, where it is not the default.
    pub shared: Option<Located<TagValue>>,
    pub span: Span,
}

/// A value that every tenant has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagSource {
    TenantId,
    TenantName,
    TenantTier,
    TenantRegion,
    TenantModel,
    TenantStatus,
    Product,
    Environment,
}

const SOURCES: &[(&str, TagSource)] = &[
    ("tenant.id", TagSource::TenantId),
    ("tenant.name", TagSource::TenantName),
    ("tenant.tier", TagSource::TenantTier),
    ("tenant.region", TagSource::TenantRegion),
    ("tenant.model", TagSource::TenantModel),
    ("tenant.status", TagSource::TenantStatus),
    ("product", TagSource::Product),
    ("environment", TagSource::Environment),
];

impl TagSource {
    /// The word in catalogs.
    pub fn as_str(self) -> &'static str {
        SOURCES.iter().find(|(_, source)| *source == self).map_or("", |(word, _)| word)
    }
}

/// A regular expression that a whole value must match.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        // The limit keeps a hostile expression from taking memory; matching takes linear time anyway.
        let built = RegexBuilder::new(&format!("^(?:{text})$")).size_limit(1 << 20).build();
        match (built, Regex::new(text)) {
            (Ok(regex), Ok(_)) => Ok(Pattern { text: text.to_owned(), regex }),
            (Err(error), _) | (_, Err(error)) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default();
                Err(reason.trim_start_matches("error: ").to_owned())
            }
        }
    }

    /// The expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole value fits.
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// The rules of a catalog. One that takes a tag from `tenant.id` is added where there is none, since
/// cost reports and policies need a tag that names the tenant; `place` is where it is said to stand.
pub(super) fn decode_rules(node: Option<&Node>, place: Span, report: &mut Report) -> Vec<TagRule> {
    let items = node.and_then(|node| node.list("`tags`", report)).unwrap_or_default();
    let mut rules: Vec<TagRule> = items.iter().filter_map(|item| decode_rule(item, report)).collect();
    refuse_same_keys(&rules, report);
    if rules.len() > MAXIMUM_RULES {
        report.push(
            Diagnostic::error(
                &codes::TOO_MANY_TAGS,
                format!("there are {} tags, and {MAXIMUM_RULES} is the most", rules.len()),
            )
            .at(rules[MAXIMUM_RULES].key.span, "one too many here")
            .note("AWS allows 50 tags a resource, and some are added by blueprints and by AWS itself")
            .help("remove tags that no report or policy uses"),
        );
    }
    if rules.iter().any(|rule| rule.source == Some(TagSource::TenantId)) {
        return rules;
    }
    match rules.iter().find(|rule| rule.key.value.as_str().eq_ignore_ascii_case("tenant-id")) {
        Some(taken) => report.push(
            Diagnostic::error(&codes::INVALID_TAG_RULE, "the tag `tenant-id` must hold the tenant's id")
                .at(taken.key.span, "")
                .help("add `from: tenant.id` to this rule"),
        ),
        None => rules.extend("tenant-id".parse().ok().map(|key| TagRule {
            key: Located::new(key, place),
            source: Some(TagSource::TenantId),
            required: false,
            pattern: None,
            values: Vec::new(),
            default: None,
            shared: None,
            span: place,
        })),
    }
    rules
}

fn decode_rule(node: &Node, report: &mut Report) -> Option<TagRule> {
    let mut fields = Fields::open(node, "a tag", report)?;
    let key = fields
        .required("key", report)
        .and_then(|node| name_or::<TagKey>(&codes::INVALID_TAG, node, "the key of a tag", report));
    let from = fields.optional("from");
    let source =
        from.and_then(|node| word(node, "a source of tag values", &codes::INVALID_TAG_RULE, SOURCES, report));
    let required = fields.optional("required").and_then(|node| node.boolean("`required`", report));
    let pattern = fields.optional("pattern").and_then(|node| decode_pattern(node, report));
    let values = fields.optional("values").and_then(|node| node.list("`values`", report)).unwrap_or_default();
    let values: Vec<_> = values.iter().filter_map(|node| decode_value(node, report)).collect();
    let default = fields.optional("default").and_then(|node| decode_value(node, report));
    let shared = fields.optional("shared").and_then(|node| decode_value(node, report));
    fields.finish(report);
    let rule = TagRule {
        key: key?,
        source: source.map(|source| source.value),
        required: required.unwrap_or(false),
        pattern,
        values,
        default,
        shared,
        span: node.span,
    };
    if let Some(shared) = &rule.shared {
        check_shared(&rule, shared, report);
    }
    if let (Some(from), Some(default)) = (from, &rule.default) {
        report.push(
            Diagnostic::error(
                &codes::INVALID_TAG_RULE,
                format!("the tag {} has both `from` and `default`", quote(rule.key.value.as_str())),
            )
            .at(default.span, "never used")
            .also(from.span, "every tenant has a value from here")
            .help("remove one of the two"),
        );
    } else if let Some(default) = &rule.default {
        check_value(&rule, default, "the default", report);
    }
    Some(rule)
}

/// What tenants share has a value of its own where nothing else decides it.
fn check_shared(rule: &TagRule, shared: &Located<TagValue>, report: &mut Report) {
    let decided = match rule.source {
        Some(TagSource::TenantId) => "the tag that tells tenants apart says itself what tenants share",
        Some(TagSource::Product | TagSource::Environment) => {
            "what tenants share has the value from here as well"
        }
        _ => {
            check_value(rule, shared, "the value of what tenants share", report);
            return;
        }
    };
    let key = quote(rule.key.value.as_str());
    report.push(
        Diagnostic::error(&codes::INVALID_TAG_RULE, format!("the tag {key} has both `from` and `shared`"))
            .at(shared.span, "never used")
            .note(decided)
            .help("remove `shared`"),
    );
}

fn decode_pattern(node: &Node, report: &mut Report) -> Option<Located<Pattern>> {
    match Pattern::new(node.text("`pattern`", report)?) {
        Ok(pattern) => Some(Located::new(pattern, node.span)),
        Err(problem) => {
            report.push(
                Diagnostic::error(&codes::INVALID_TAG_RULE, format!("this is not a pattern: {problem}"))
                    .at(node.span, "")
                    .help("write a regular expression, such as `[0-9]{5}`; it must match the whole value"),
            );
            None
        }
    }
}

/// A tag's value as users write it.
pub(super) fn decode_value(node: &Node, report: &mut Report) -> Option<Located<TagValue>> {
    let value = name_or::<TagValue>(&codes::INVALID_TAG, node, "the value of a tag", report)?;
    if !value.value.as_str().is_empty()
        && let Some(hazard) = free_text::markup(value.value.as_str())
    {
        report.push(unsafe_text("the value of a tag", &hazard, node.span));
        return None;
    }
    Some(value)
}

fn refuse_same_keys(rules: &[TagRule], report: &mut Report) {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for rule in rules {
        // Tag keys differ by case, but tag policies and cost reports do not tell such keys apart well.
        match seen.get(&rule.key.value.as_str().to_lowercase()) {
            Some(first) => report.push(
                Diagnostic::error(
                    &codes::DUPLICATE_ITEM,
                    format!("the tag {} is there twice", quote(rule.key.value.as_str())),
                )
                .at(rule.key.span, "again here")
                .also(*first, "first here")
                .note("upper and lower case make no difference here")
                .help("remove one of the two"),
            ),
            None => _ = seen.insert(rule.key.value.as_str().to_lowercase(), rule.key.span),
        }
    }
}

/// Gives every tenant its tags: what the rules take, what the tenant says, what is the default.
pub(super) fn resolve(catalog: &mut Catalog, report: &mut Report) {
    let mut tenants = std::mem::take(&mut catalog.tenants);
    for tenant in &mut tenants {
        for home in &mut tenant.further {
            // What is wrong with both is told once, below.
            home.tags = resolve_one(catalog, home, &mut Report::default());
        }
        tenant.tags = resolve_one(catalog, tenant, report);
    }
    catalog.tenants = tenants;
}

fn resolve_one(
    catalog: &Catalog,
    tenant: &Tenant,
    report: &mut Report,
) -> BTreeMap<TagKey, Located<TagValue>> {
    let mut tags = BTreeMap::new();
    for rule in &catalog.tags {
        let value = match rule.source {
            Some(source) => from_source(source, rule, catalog, tenant, report),
            None => tenant.tags.get(&rule.key.value).cloned().or_else(|| rule.default.clone()),
        };
        let Some(value) = value else {
            if rule.required && rule.source.is_none() {
                report.push(missing(rule, tenant));
            }
            continue;
        };
        // A default was checked with its rule.
        if rule.default.as_ref() == Some(&value) || check_value(rule, &value, "the value", report) {
            tags.insert(rule.key.value.clone(), value);
        }
    }
    tags
}

/// The tags that a tenant gives by itself; each must be declared by a rule that lets tenants give it.
/// `rules` is none where they are wrong themselves.
pub(super) fn decode_given(
    node: &Node,
    rules: Option<&[TagRule]>,
    report: &mut Report,
) -> BTreeMap<TagKey, Located<TagValue>> {
    let mut tags = BTreeMap::new();
    for (key, value) in node.map("`tags`", report).unwrap_or_default() {
        let rule = rules.and_then(|rules| rules.iter().find(|rule| rule.key.value.as_str() == &*key.text));
        match (rules, rule) {
            (Some(rules), None) => report.push(unknown(key, rules)),
            (_, Some(TagRule { source: Some(source), span, .. })) => report.push(
                Diagnostic::error(
                    &codes::INVALID_TAG,
                    format!("the tag {} is taken from `{}`", quote(&key.text), source.as_str()),
                )
                .at(key.span, "")
                .also(*span, "by this rule")
                .help("remove it from the tenant"),
            ),
            _ => {
                let value = decode_value(value, report);
                tags.extend(key.text.parse().ok().zip(value));
            }
        }
    }
    tags
}

fn unknown(key: &Key, rules: &[TagRule]) -> Diagnostic {
    let known = || rules.iter().map(|rule| rule.key.value.as_str());
    let otherwise = format!("declare it under `tags`; declared are {}", list_of(known()));
    Diagnostic::error(&codes::UNKNOWN_TAG, format!("no rule declares the tag {}", quote(&key.text)))
        .at(key.span, "")
        .help(suggestion(&key.text, known(), &otherwise))
}

fn from_source(
    source: TagSource,
    rule: &TagRule,
    catalog: &Catalog,
    tenant: &Tenant,
    report: &mut Report,
) -> Option<Located<TagValue>> {
    let (text, span) = match source {
        TagSource::TenantId => (tenant.id.value.as_str(), tenant.id.span),
        TagSource::TenantName => (tenant.name.value.as_str(), tenant.name.span),
        TagSource::TenantTier => (tenant.tier.value.as_str(), tenant.tier.span),
        TagSource::TenantRegion => (tenant.region.value.as_str(), tenant.region.span),
        // A tier that is not there was reported before.
        TagSource::TenantModel => (catalog.tier_of(tenant)?.model.value.as_str(), tenant.tier.span),
        TagSource::TenantStatus => (tenant.status.as_str(), tenant.span),
        TagSource::Product => (catalog.product.value.as_str(), catalog.product.span),
        TagSource::Environment => (catalog.environment.value.as_str(), catalog.environment.span),
    };
    if let Ok(value) = text.parse() {
        return Some(Located::new(value, span));
    }
    report.push(
        Diagnostic::error(
            &codes::INVALID_TAG,
            format!(
                "{} cannot be the value of the tag {}, which must be {}",
                quote(text),
                quote(rule.key.value.as_str()),
                TagValue::RULE
            ),
        )
        .at(span, "")
        .also(rule.span, "by this rule")
        .help("write the name without such characters, or take the tag from `tenant.id`"),
    );
    None
}

fn check_value(rule: &TagRule, value: &Located<TagValue>, what: &str, report: &mut Report) -> bool {
    let text = value.value.as_str();
    let key = quote(rule.key.value.as_str());
    if let Some(pattern) = rule.pattern.as_ref().filter(|pattern| !pattern.value.matches(text)) {
        report.push(
            Diagnostic::error(
                &codes::INVALID_TAG,
                format!("{what} {} of the tag {key} does not match its pattern", quote(text)),
            )
            .at(value.span, "")
            .also(pattern.span, "this pattern")
            .help(format!("write a value that matches {}", quote(pattern.value.as_str()))),
        );
        return false;
    }
    if rule.values.is_empty() || rule.values.iter().any(|allowed| allowed.value == value.value) {
        return true;
    }
    let allowed = || rule.values.iter().map(|value| value.value.as_str());
    report.push(
        Diagnostic::error(
            &codes::INVALID_TAG,
            format!("{what} {} of the tag {key} is not one of its values", quote(text)),
        )
        .at(value.span, "")
        .help(suggestion(text, allowed(), &format!("its values are {}", list_of(allowed())))),
    );
    false
}

fn missing(rule: &TagRule, tenant: &Tenant) -> Diagnostic {
    let key = rule.key.value.as_str();
    Diagnostic::error(
        &codes::MISSING_TAG,
        format!("the tenant {} has no tag {}", quote(tenant.id.value.as_str()), quote(key)),
    )
    .at(tenant.id.span, "")
    .also(rule.span, "which is required here")
    .help(format!("add `tags: {{ {key}: ... }}` to the tenant, or a `default` to the rule"))
}
