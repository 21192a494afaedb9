//! The tree of a catalog to typed values, part by part; what the parts say of each other is checked later.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::ranges;
use crate::catalog::shared_services;
use crate::catalog::tenant::{self, settings, text};
use crate::catalog::values::{
    block, check_settings, empty, free_text, name, not_empty, refuse_duplicates, word,
};
use crate::catalog::{
    Account, Catalog, CoHosting, Compliance, FreeText, Host, Organization, Quarantine, Reserved, Tier,
    quotas, region, tags, tier_homes,
};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::identity::{ComplianceName, Model, TierName};
use crate::source::Span;
use crate::yaml::{Fields, Key, Located, Node, Value};

/// The names that a catalog declares, those of parts that are wrong in themselves included, so that
/// one mistake is told once. None where the whole key is missing.
#[derive(Debug, Default)]
pub(super) struct Declared<'n> {
    pub tiers: Option<BTreeSet<&'n str>>,
    pub regions: Option<BTreeSet<&'n str>>,
    pub accounts: Option<BTreeSet<&'n str>>,
    /// How many accounts are listed, whether they are right or wrong.
    pub accounts_listed: usize,
}

impl<'n> Declared<'n> {
    fn of(tiers: Option<&'n Node>, regions: Option<&'n Node>, accounts: Option<&'n Node>) -> Self {
        let accounts = accounts.and_then(|node| match &node.value {
            Value::List(items) => Some(items),
            _ => None,
        });
        let id = |item: &'n Node| item.get("id").and_then(Node::as_text);
        Declared {
            tiers: tiers.and_then(keys),
            regions: regions.and_then(keys),
            accounts: accounts.map(|items| items.iter().filter_map(id).collect()),
            accounts_listed: accounts.map_or(0, Vec::len),
        }
    }
}

/// Types the whole tree. Where a part is wrong the catalog lacks it, and the report has an error.
///
/// # Errors
/// If there is no mapping at all.
pub(super) fn decode<'n>(
    root: &'n Node,
    tenants: &'n [Node],
    report: &mut Report,
) -> Result<(Catalog, Declared<'n>), Reported> {
    let fallback = |report: &mut Report| {
        report.error(Diagnostic::error(&codes::INTERNAL_ERROR, "a catalog without a tree was read"))
    };
    let Some(mut fields) = Fields::open(root, "a catalog", report) else { return Err(fallback(report)) };
    version(&mut fields, report);
    let product = fields.required("product", report).and_then(|node| name(node, "`product`", report));
    let environment =
        fields.required("environment", report).and_then(|node| name(node, "`environment`", report));
    let organization = fields.optional("organization").and_then(|node| organization(node, report));
    let accounts_node = fields.required("accounts", report);
    let regions_node = fields.required("regions", report);
    let reserved = fields.optional("reserved").map_or_else(Vec::new, |node| reserved(node, report));
    let ranges = fields.optional("ranges").map_or_else(BTreeMap::new, |node| ranges::decode(node, report));
    let quarantine = fields.optional("quarantine").and_then(|node| quarantine(node, report));
    let shared_services =
        fields.optional("shared_services").and_then(|node| shared_services::decode(node, report));
    let before_tags = report.errors();
    let rules = tags::decode_rules(fields.optional("tags"), root.span.beginning(), report);
    let rules_are_right = report.errors() == before_tags;
    let quotas = fields.optional("quotas").map_or_else(Vec::new, |node| quotas::overrides(node, report));
    let quota_files =
        fields.optional("quota_files").map_or_else(Vec::new, |node| quotas::files(node, report));
    let compliance = fields.optional("compliance").map(|node| compliance(node, report));
    let tiers_node = fields.required("tiers", report);
    let components =
        fields.optional("components").map_or_else(BTreeMap::new, |node| components(node, report));
    let repository_path =
        fields.optional("repository_path").and_then(|node| name(node, "`repository_path`", report));
    // Taken out before; named here for the suggestions.
    fields.optional("tenants");
    fields.finish(report);
    let declared = Declared::of(tiers_node, regions_node, accounts_node);
    let accounts = accounts_node.map_or_else(Vec::new, |node| accounts(node, report));
    let regions = regions_node.map_or_else(BTreeMap::new, |node| region::decode(node, report));
    let tiers = tiers_node.map_or_else(BTreeMap::new, |node| decode_tiers(node, report));
    let known_rules = rules_are_right.then_some(rules.as_slice());
    let mut tenants: Vec<_> =
        tenants.iter().filter_map(|node| tenant::decode(node, known_rules, report)).collect();
    tenants.sort_by(|left, right| (&left.id.value, left.span).cmp(&(&right.id.value, right.span)));
    // A missing name is an error that was reported; the stand-in lets the checks of the others go on.
    let product = product.or_else(|| stand_in(root.span));
    let environment = environment.or_else(|| stand_in(root.span));
    let (Some(product), Some(environment)) = (product, environment) else { return Err(fallback(report)) };
    let catalog = Catalog {
        product,
        environment,
        organization,
        accounts,
        regions,
        reserved,
        ranges,
        quarantine,
        shared_services: shared_services.unwrap_or_default(),
        tags: rules,
        quotas,
        quota_files,
        compliance,
        tiers,
        components,
        repository_path,
        tenants,
    };
    Ok((catalog, declared))
}

fn stand_in<T: std::str::FromStr>(span: Span) -> Option<Located<T>> {
    "missing".parse().ok().map(|value| Located::new(value, span))
}

fn keys(node: &Node) -> Option<BTreeSet<&str>> {
    match &node.value {
        Value::Map(entries) => Some(entries.iter().map(|(key, _)| &*key.text).collect()),
        _ => None,
    }
}

fn version(fields: &mut Fields<'_>, report: &mut Report) {
    let Some(node) = fields.required("version", report) else { return };
    let Some(number) = node.integer("`version`", 0..=i64::MAX, report) else { return };
    if number != 1 {
        report.push(
            Diagnostic::error(&codes::UNSUPPORTED_VERSION, format!("catalogs have version 1, not {number}"))
                .at(node.span, "")
                .help("write `version: 1`, or use a version of tenantry that knows this one"),
        );
    }
}

fn organization(node: &Node, report: &mut Report) -> Option<Organization> {
    let mut fields = Fields::open(node, "an organization", report)?;
    let id = fields.required("id", report).and_then(|node| {
        marked(
            node,
            "the id of an organization",
            "o-",
            10..=32,
            "`o-` and 10 to 32 lower-case letters and digits",
            report,
        )
    });
    let management_account =
        fields.optional("management_account").and_then(|node| name(node, "the management account", report));
    let root = fields.optional("root").and_then(|node| {
        marked(
            node,
            "the root of an organization",
            "r-",
            4..=32,
            "`r-` and 4 to 32 lower-case letters and digits",
            report,
        )
    });
    let trail = fields
        .optional("trail")
        .and_then(|node| node.boolean("whether there is a `trail`", report))
        .unwrap_or(true);
    fields.finish(report);
    Some(Organization { id: id?, management_account, root, trail, span: node.span })
}

/// An id that AWS gave: a mark, and then lower-case letters and digits.
fn marked(
    node: &Node,
    what: &str,
    mark: &str,
    length: std::ops::RangeInclusive<usize>,
    rule: &str,
    report: &mut Report,
) -> Option<Located<String>> {
    let text = node.text(what, report)?;
    let fits = text.strip_prefix(mark).is_some_and(|rest| {
        length.contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if fits {
        return Some(Located::new(text.to_owned(), node.span));
    }
    report.push(
        Diagnostic::error(&codes::INVALID_NAME, format!("{what} must be {rule}"))
            .at(node.span, "")
            .help("copy it from the AWS console or from `aws organizations describe-organization`"),
    );
    None
}

fn accounts(node: &Node, report: &mut Report) -> Vec<Account> {
    let Some(items) = node.list("`accounts`", report) else { return Vec::new() };
    not_empty(items, node.span, "`accounts`", report)
        .iter()
        .filter_map(|item| {
            let mut fields = Fields::open(item, "an account", report)?;
            let id =
                fields.required("id", report).and_then(|node| name(node, "the id of an account", report));
            let title = fields.required("name", report).and_then(|node| {
                free_text(node, "the name of an account", |text| FreeText::new(text, 50), report)
            });
            let hosts = fields.required("hosts", report).map(|node| hosts(node, report));
            fields.finish(report);
            Some(Account { id: id?, name: title?, hosts: hosts?, span: item.span })
        })
        .collect()
}

fn hosts(node: &Node, report: &mut Report) -> Vec<Located<Host>> {
    let Some(items) = node.list("`hosts`", report) else { return Vec::new() };
    let hosts: Vec<_> = not_empty(items, node.span, "`hosts`", report)
        .iter()
        .filter_map(|item| {
            word(item, "a model or `shared_services`", &codes::UNKNOWN_MODEL, Host::WORDS, report)
        })
        .collect();
    let show = |host: &Host| match host {
        Host::Model(model) => model.to_string(),
        Host::SharedServices => "shared_services".to_owned(),
    };
    refuse_duplicates(&hosts, "the host", show, report);
    hosts
}

fn reserved(node: &Node, report: &mut Report) -> Vec<Reserved> {
    let items = node.list("`reserved`", report).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let mut fields = Fields::open(item, "a reserved range", report)?;
            let cidr = fields.required("cidr", report);
            let cidr = cidr.and_then(|node| block(node, "a reserved range", report));
            let reason = fields.required("reason", report).and_then(|node| {
                free_text(node, "the reason of a reserved range", |text| FreeText::new(text, 256), report)
            });
            fields.finish(report);
            Some(Reserved { cidr: cidr?, reason: reason?, span: item.span })
        })
        .collect()
}

fn quarantine(node: &Node, report: &mut Report) -> Option<Quarantine> {
    let mut fields = Fields::open(node, "`quarantine`", report)?;
    let number = |node: &Node, what: &str, least: i64, most: i64, report: &mut Report| {
        let number = node.integer(what, least..=most, report)?;
        Some(Located::new(u32::try_from(number).ok()?, node.span))
    };
    let days = fields.optional("days");
    let releases = fields.optional("releases");
    if days.is_none() && releases.is_none() {
        report.push(
            Diagnostic::error(&codes::MISSING_KEY, "`quarantine` says neither `days` nor `releases`")
                .at(node.span, "")
                .help(
                    "write `days: 90`, `releases: 10` or both; or remove the key, and blocks wait for ever",
                ),
        );
    }
    let release = match releases {
        Some(_) => fields.required("release", report),
        None => fields.optional("release"),
    };
    let days = days.and_then(|node| number(node, "`days`", 1, 3650, report));
    let releases = releases.and_then(|node| number(node, "`releases`", 1, 10_000, report));
    let release = release.and_then(|node| number(node, "`release`", 0, i64::from(u32::MAX), report));
    fields.finish(report);
    Some(Quarantine { days, releases, release })
}

/// The regimes that tenants' data may fall under, by name.
fn compliance(node: &Node, report: &mut Report) -> BTreeMap<ComplianceName, Compliance> {
    let mut regimes = BTreeMap::new();
    for (key, node) in node.map("`compliance`", report).unwrap_or_default() {
        let name_node = Node::new(key.span, Value::Text(key.text.clone()));
        let regime: Option<Located<ComplianceName>> = name(&name_node, "the name of a regime", report);
        let Some(mut fields) = Fields::open(node, "a regime of `compliance`", report) else { continue };
        let co_hosting = fields.required("co_hosting", report).and_then(|node| {
            word(node, "what a regime says of `co_hosting`", &codes::UNKNOWN_VALUE, CoHosting::WORDS, report)
        });
        fields.finish(report);
        let span = key.span;
        regimes.extend(
            regime.map(|name| name.value).zip(co_hosting.map(|co_hosting| Compliance { co_hosting, span })),
        );
    }
    regimes
}

pub(super) fn not_built(what: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(&codes::NOT_BUILT_YET, format!("{what} is not built yet"))
        .at(span, "nothing is emitted for it")
        .help("remove the key until a version of tenantry builds it")
}

fn decode_tiers(node: &Node, report: &mut Report) -> BTreeMap<TierName, Tier> {
    let Some(entries) = node.map("`tiers`", report) else { return BTreeMap::new() };
    if entries.is_empty() {
        report.push(empty(node.span, "`tiers`"));
    }
    entries.iter().filter_map(|(key, node)| decode_tier(key, node, report)).collect()
}

fn decode_tier(key: &Key, node: &Node, report: &mut Report) -> Option<(TierName, Tier)> {
    let name_node = Node::new(key.span, Value::Text(key.text.clone()));
    let tier_name: Option<Located<TierName>> = name(&name_node, "the name of a tier", report);
    let mut fields = Fields::open(node, "a tier", report)?;
    let model = fields
        .required("model", report)
        .and_then(|node| word(node, "a model", &codes::UNKNOWN_MODEL, Model::WORDS, report));
    let size = fields.optional("size").and_then(|node| text(node, "the size of a tier", report));
    let blueprint =
        fields.optional("blueprint").and_then(|node| text(node, "the blueprint of a tier", report));
    let headroom = fields.optional("headroom").and_then(|node| tenant::headroom(node, report));
    let account = fields.optional("account").and_then(|node| name(node, "the account of a tier", report));
    let settings = fields.optional("settings").map(|node| settings(node, report));
    let homes = fields.optional("homes").map(|node| tier_homes::decode(node, report));
    fields.finish(report);
    let tier_name = tier_name?.value;
    let tier = Tier {
        name: tier_name.clone(),
        model: model?,
        size,
        blueprint,
        headroom: headroom.map_or(0, |headroom| headroom.value),
        account,
        settings: settings.unwrap_or_default(),
        homes: homes.unwrap_or_default(),
        span: node.span,
    };
    Some((tier_name, tier))
}

/// What is switched on, and with which settings. Whether there are such components, and what they may be told,
/// is judged where they are read.
fn components(node: &Node, report: &mut Report) -> BTreeMap<String, Located<Node>> {
    let mut found = BTreeMap::new();
    for (key, value) in node.map("`components`", report).unwrap_or_default() {
        check_settings(value, report);
        if value.map(&format!("the component {}", quote(&key.text)), report).is_some() {
            found.insert(key.text.to_string(), Located::new(value.clone(), key.span));
        }
    }
    found
}
