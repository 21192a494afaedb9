//! What the catalog asks for each tenant, put together: its tier, its blueprint, its settings.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Library, Owner, Per, Settings};
use crate::catalog::{Catalog, Role, Tenant, Tier};
use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::identity::{ComplianceName, HomeId, Model, TenantId};
use crate::plan::components::layer;
use crate::plan::moves::Homes;
use crate::plan::{container_ranges, ipv6};
use crate::source::Span;
use crate::yaml::{Key, Located, Node};

/// A home of a tenant, with all that the catalog says of it put together.
pub(super) struct Intent<'c> {
    pub home: HomeId,
    pub tenant: &'c Tenant,
    pub tier: &'c Tier,
    pub blueprint: &'c Blueprint,
    /// All of them: defaults, the tier's, its own.
    pub settings: Settings,
    /// What its size comes to, and where the catalog asks for it; none where it has no addresses of its
    /// own, or where its size is unknown, which is told.
    pub length: Option<Located<u8>>,
    /// Whether its compliance forbids it to share a home.
    pub is_alone: bool,
}

impl Intent<'_> {
    /// Whether it gets a part of each of some subnet groups of its cell.
    pub(super) fn has_parts(&self) -> bool {
        let network = &self.blueprint.network;
        network.owner == Owner::Cell && network.subnet_groups.iter().any(|group| group.per == Per::Tenant)
    }

    /// Whether its own network has IPv6 addresses too.
    pub(super) fn is_dual(&self) -> bool {
        self.blueprint.network.owner == Owner::Tenant && ipv6::is_on(&self.settings)
    }

    /// What a range for its containers depends on.
    pub(super) fn container_demand(&self) -> container_ranges::Demand<'_> {
        let Intent { ref home, tenant, tier, blueprint, ref settings, .. } = *self;
        container_ranges::Demand { home, tenant, tier, blueprint, settings }
    }

    /// Whether it is the home that a tenant has where nothing else is said.
    pub(super) fn is_main_of(&self, tenant: &TenantId) -> bool {
        self.home.tenant == *tenant && self.tenant.role == Role::Main
    }

    /// Its settings that are the cell's.
    pub(super) fn cell_settings(&self) -> Settings {
        let of_cell = |name: &String| {
            self.blueprint.settings.properties.get(name).is_some_and(|setting| setting.is_known_to(Per::Cell))
        };
        let settings = self.settings.0.iter().filter(|(name, _)| of_cell(name));
        Settings(settings.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

/// What is asked for every home, in their order.
pub(super) fn intents<'c>(
    catalog: &'c Catalog,
    homes: &Homes<'c>,
    library: &'c Library,
    report: &mut Report,
) -> Vec<Intent<'c>> {
    for tier in catalog.tiers.values() {
        // Also those of tiers that nobody has yet.
        if let Some(blueprint) = library.get(tier.blueprint_name()) {
            blueprint.settings.refuse_unknown(&tier.settings.0, &blueprint.name, report);
            if tier.headroom > 0 && blueprint.network.owner != Owner::Tenant {
                report.push(needless_headroom(&format!("the tier `{}`", tier.name), blueprint, tier.span));
            }
        }
    }
    let mut intents = Vec::new();
    let mut of_components: BTreeMap<&str, Vec<(Key, Node)>> = BTreeMap::new();
    for (home, tenant) in &homes.list {
        let tenant: &'c Tenant = tenant;
        let Some(tier) = catalog.tier_of(tenant) else { continue };
        let place = tier.blueprint.as_ref().map_or(tier.model.span, |blueprint| blueprint.span);
        let Ok(blueprint) = library.find(tier.blueprint_name(), place, report) else { continue };
        if blueprint.model != tier.model.value {
            report.push(
                Diagnostic::error(
                    &codes::UNKNOWN_BLUEPRINT,
                    format!(
                        "the blueprint `{}` builds the model `{}`, and the tier `{}` has `{}`",
                        blueprint.name, blueprint.model, tier.name, tier.model.value
                    ),
                )
                .at(place, "")
                .also(tier.model.span, "the model of the tier")
                .help("name a blueprint of the tier's model"),
            );
        }
        let of_components =
            of_components.entry(&blueprint.name).or_insert_with(|| layer(catalog, &blueprint.components));
        let layers = [of_components.as_slice(), tier.settings.0.as_slice(), tenant.settings.0.as_slice()];
        // What a tier gets wrong is told once, at the tier, and not for each of its tenants.
        let unset = if tenant.settings.0.is_empty() { tier.model.span } else { tenant.tier.span };
        let Some(settings) = blueprint.settings.merge(layers, &blueprint.name, unset, report) else {
            continue;
        };
        let headroom = tenant.headroom.as_ref().filter(|headroom| headroom.value > 0);
        if let Some(headroom) = headroom.filter(|_| blueprint.network.owner != Owner::Tenant) {
            report.push(needless_headroom(&format!("tenant `{home}`"), blueprint, headroom.span));
        }
        let length = length_of_size(tenant, tier, blueprint, report);
        let forbidden = catalog.forbids_co_hosting(tenant);
        let stays = tenant.role != Role::Leaving;
        if let Some(regime) = forbidden.filter(|_| blueprint.model == Model::Application && stays) {
            report.push(shares_everything(catalog, tenant, tier, regime));
        }
        let is_alone = forbidden.is_some();
        intents.push(Intent { home: home.clone(), tenant, tier, blueprint, settings, length, is_alone });
    }
    intents
}

/// What shares a network never grows in it, and what has none has nothing to grow.
fn needless_headroom(who: &str, blueprint: &Blueprint, place: Span) -> Diagnostic {
    let (name, model) = (&blueprint.name, blueprint.model);
    let message = format!("{who} asks for headroom, and nothing that the blueprint `{name}` builds can grow");
    let note = if blueprint.network.owner == Owner::Cell {
        "AWS resizes no subnet, so a part of a cell's network stays as large as it is"
    } else {
        "its tenants have no addresses of their own"
    };
    Diagnostic::warning(&codes::NEEDLESS_HEADROOM, message)
        .at(place, "no address is kept for this")
        .note(note)
        .help(format!("take it out, or choose a tier of a model other than `{model}`"))
}

/// In the model `application` even a cell of its own runs what all tenants share.
fn shares_everything(
    catalog: &Catalog,
    tenant: &Tenant,
    tier: &Tier,
    regime: &Located<ComplianceName>,
) -> Diagnostic {
    let id = &tenant.id.value;
    let message = format!(
        "tenant `{id}` falls under {}, which forbids co-hosting, and is put into the model `application`",
        quote(regime.value.as_str())
    );
    let mut error = Diagnostic::error(&codes::CO_HOSTING_FORBIDDEN, message)
        .at(regime.span, "")
        .also(tier.model.span, format!("the model of its tier `{}`", tier.name))
        .help("give it a tier of another model: there it gets a home of its own");
    if let Some(known) = catalog.compliance.as_ref().and_then(|regimes| regimes.get(&regime.value)) {
        error = error.also(known.co_hosting.span, "forbidden here");
    }
    error
}

/// The prefix length that a tenant's size stands for: its own size, its tier's, `medium`, or the smallest.
fn length_of_size(
    tenant: &Tenant,
    tier: &Tier,
    blueprint: &Blueprint,
    report: &mut Report,
) -> Option<Located<u8>> {
    let sizes = &blueprint.network.sizes;
    let Some(size) = tenant.size.as_ref().or(tier.size.as_ref()) else {
        let default = sizes.get("medium").or_else(|| sizes.values().max_by_key(|length| length.value))?;
        return Some(Located::new(default.value, tenant.tier.span));
    };
    if let Some(length) = sizes.get(&size.value) {
        return Some(Located::new(length.value, size.span));
    }
    let names = || sizes.keys().map(String::as_str);
    let help = match closest(&size.value, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if sizes.is_empty() => {
            "it has no sizes, leave this out: its tenants have no addresses of their own".to_owned()
        }
        None => format!("its sizes are {}", list_of(names())),
    };
    report.push(
        Diagnostic::error(
            &codes::UNKNOWN_SIZE,
            format!("the blueprint `{}` has no size {}", blueprint.name, quote(&size.value)),
        )
        .at(size.span, "")
        .help(help),
    );
    None
}
