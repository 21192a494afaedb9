//! Homes that a tier gives to each of its tenants beside the main one: some workloads siloed, some pooled.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::tenant::{headroom, settings, text};
use crate::catalog::values::{name, name_or};
use crate::catalog::{Catalog, Role, Tenant, Tier, TierHome};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::identity::{Model, TierName};
use crate::yaml::{Fields, Node};

/// The homes that a tier says. Where a tenant is in its life and in which Region is its own to say.
pub(super) fn decode(node: &Node, report: &mut Report) -> Vec<TierHome> {
    let items = node.list("`homes`", report).unwrap_or_default();
    items.iter().filter_map(|item| decode_home(item, report)).collect()
}

fn decode_home(node: &Node, report: &mut Report) -> Option<TierHome> {
    let mut fields = Fields::open(node, "a home of a tier", report)?;
    let tier = fields
        .required("tier", report)
        .and_then(|node| name_or(&codes::UNKNOWN_TIER, node, "the tier of a home", report));
    let headroom = fields.optional("headroom").and_then(|node| headroom(node, report));
    let size = fields.optional("size").and_then(|node| text(node, "the size of a home", report));
    let account = fields.optional("account").and_then(|node| name(node, "the account of a home", report));
    let settings = fields.optional("settings").map(|node| settings(node, report));
    fields.finish(report);
    Some(TierHome {
        tier: tier?,
        size,
        headroom,
        account,
        settings: settings.unwrap_or_default(),
        span: node.span,
    })
}

/// Gives every tenant the homes of its tier. One that the tenant itself has by the same tier or in the same
/// model stands in the place of the tier's: it may say more of it, or that the tenant leaves it. What the
/// tiers of those homes give is not followed any further.
pub(super) fn expand(catalog: &mut Catalog) {
    let Catalog { tiers, tenants, .. } = catalog;
    for tenant in tenants {
        let Some(tier) = tiers.get(&tenant.tier.value) else { continue };
        let is_own = |own: &Tenant, home: &TierHome, model: Model| {
            let same_model = tiers.get(&own.tier.value).is_some_and(|tier| tier.model.value == model);
            own.tier.value == home.tier.value || (same_model && own.role == Role::Beside)
        };
        let given: Vec<Tenant> = given(tier, tiers)
            .filter(|(home, model)| !tenant.further.iter().any(|own| is_own(own, home, *model)))
            .map(|(home, _)| home_of(tenant, home))
            .collect();
        tenant.further.extend(given);
    }
}

/// The homes of a tier that can be, with their models: those that cannot are told once, of the tier.
fn given<'t>(
    tier: &'t Tier,
    tiers: &'t BTreeMap<TierName, Tier>,
) -> impl Iterator<Item = (&'t TierHome, Model)> {
    let mut seen = BTreeSet::from([tier.model.value]);
    tier.homes.iter().filter_map(move |home| {
        let model = tiers.get(&home.tier.value)?.model.value;
        seen.insert(model).then_some((home, model))
    })
}

/// That homes of a tier are by tiers that there are, and in models of their own.
pub(super) fn check(tier: &Tier, tiers: &BTreeMap<TierName, Tier>, report: &mut Report) {
    let mut seen = BTreeMap::from([(tier.model.value, tier.model.span)]);
    for home in &tier.homes {
        let Some(model) = tiers.get(&home.tier.value).map(|tier| tier.model.value) else { continue };
        let Some(first) = seen.get(&model) else {
            seen.insert(model, home.tier.span);
            continue;
        };
        let message = format!("the tier `{}` gives its tenants two homes in the model `{model}`", tier.name);
        report.push(
            Diagnostic::error(&codes::TWO_HOMES_ALIKE, message)
                .at(home.tier.span, "again here")
                .also(*first, "first here")
                .help("name tiers of other models: a home is known by its model"),
        );
    }
}

fn home_of(tenant: &Tenant, home: &TierHome) -> Tenant {
    Tenant {
        tier: home.tier.clone(),
        size: home.size.clone(),
        headroom: home.headroom.clone(),
        account: home.account.clone(),
        settings: home.settings.clone(),
        role: Role::Beside,
        further: Vec::new(),
        ..tenant.clone()
    }
}
