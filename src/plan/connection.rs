//! How networks reach the central services: the way in each Region, and on which side each network is.
//!
//! Goes in: what each home asks for, with its home decided, and the lock. Comes out: one [`Connection`] a Region, and
//! the settings of the homes that follow from it, so that templates, flows and variants know them as any other.
//!
//! `auto` takes peering while a VPC can have as many peerings as networks attach, since it costs nothing by the hour
//! and has nothing in between; else a transit gateway. What was chosen stays in the lock: another way would take every
//! tenant's connection down to make the other one. Whoever wants another way writes it into the catalog.

use std::collections::BTreeSet;

use crate::aws::quota;
use crate::blueprint::Settings;
use crate::catalog::{Catalog, Connect};
use crate::diagnostics::{Diagnostic, Report, codes, count};
use crate::identity::{AccountId, CellId, HostAccount, RegionName};
use crate::limits::limit_in;
use crate::plan::intent::Intent;
use crate::plan::lock::{Joined, Lock, Locked};
use crate::plan::shared_services::central_account;

/// The setting by which a tenant or a cell asks for it.
const ATTACHED: &str = "attached";
/// A transit gateway that is there already, or the hub's as another account knows it.
const GATEWAY: &str = "transit_gateway";
/// What this room decides.
const WAY: &str = "central_way";
const ACCOUNT: &str = "central_account";
const ENTERED: &str = "central_entered";
const OWNER: &str = "central_owner";
const NETWORK: &str = "central_network";
/// What the other side is told once it is there.
const ID: &str = "central_connection";

/// Of how many peerings the next are near enough to the limit to be told of: four fifths.
const NEAR: (usize, usize) = (4, 5);

/// How the networks of a Region reach the central services.
#[derive(Debug, PartialEq, Eq)]
pub struct Connection {
    pub region: RegionName,
    /// The account of the central services.
    pub account: AccountId,
    /// Neither `auto` nor `none`.
    pub by: Connect,
    /// How many networks attach.
    pub networks: usize,
    /// How many peerings the VPC of the central services can have.
    pub peerings: usize,
    /// Why this way.
    pub reason: String,
    /// The accounts of those who attach, as far as they have numbers.
    pub accounts: BTreeSet<AccountId>,
    /// Whether somebody attaches from another account.
    pub others: bool,
}

/// Decides for every Region that has central services, and tells each home that attaches.
pub(super) fn decide(
    catalog: &Catalog,
    intents: &mut [Intent<'_>],
    lock: &mut Lock,
    report: &mut Report,
) -> Vec<Connection> {
    let mut connections = Vec::new();
    for region in catalog.shared_services.networks.keys() {
        connections.extend(of_region(catalog, region, intents, lock, report));
    }
    for intent in intents.iter_mut().filter(|intent| is_attached(intent)) {
        let Some(home) = lock.tenants.get(&intent.home).map(|home| &home.value.cell) else { continue };
        let connection = connections.iter().find(|one| one.region == home.region);
        let has_gateway = intent.settings.text(GATEWAY).is_some();
        let (way, account) = match connection {
            Some(one) if home.account == HostAccount::Number(one.account.clone()) => (one.by, "own"),
            Some(one) => (one.by, "other"),
            None if has_gateway => (Connect::TransitGateway, "none"),
            None => {
                report.push(nothing_to_reach(catalog, intent, home));
                continue;
            }
        };
        let entered = account == "other" && intent.settings.text(ID).is_some();
        let network = catalog.shared_services.networks.get(&home.region);
        let decided = [
            (WAY, Some(way.as_str().into())),
            (ACCOUNT, Some(account.into())),
            (ENTERED, Some(entered.into())),
            (OWNER, connection.map(|one| one.account.as_str().into())),
            (NETWORK, network.filter(|_| account != "none").map(|network| network.value.to_string().into())),
        ];
        let decided = decided.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        intent.settings.0.extend(decided);
    }
    connections
}

/// Whether a home, or its cell, asks to be joined to the central services. What another blueprint means by a setting of
/// that name is its own affair, unless it asks to be told of the way.
fn is_attached(intent: &Intent<'_>) -> bool {
    let is_told = intent.blueprint.settings.properties.get(WAY).is_some_and(|setting| setting.decided);
    is_told && intent.settings.get(ATTACHED).as_bool() == Some(true)
}

/// The way that a home was told; none where it does not attach.
pub(super) fn way_of(settings: &Settings) -> Option<&str> {
    settings.text(WAY).filter(|way| *way != Connect::None.as_str())
}

fn of_region(
    catalog: &Catalog,
    region: &RegionName,
    intents: &[Intent<'_>],
    lock: &mut Lock,
    report: &mut Report,
) -> Option<Connection> {
    let asked = catalog.shared_services.connect.as_ref()?;
    let account = central_account(catalog)?.id.value.clone();
    let own = HostAccount::Number(account.clone());
    let homes: Vec<&CellId> = intents
        .iter()
        .filter(|intent| is_attached(intent))
        .filter_map(|intent| Some(&lock.tenants.get(&intent.home)?.value.cell))
        .filter(|home| home.region == *region)
        .collect();
    // A home of one's own is a cell with one tenant, so cells and networks are the same.
    let networks: BTreeSet<&CellId> = homes.iter().copied().collect();
    let peerings = most_peerings(catalog, &own, region);
    let before = lock.joined.get(region).map(|joined| joined.value.by);
    let fits = networks.len() <= peerings;
    let verb = if networks.len() == 1 { "attaches" } else { "attach" };
    let attach = format!("{} {verb}", count(networks.len(), "network"));
    let by = match (asked.value, before) {
        (Connect::None, _) => return None,
        (Connect::Auto, Some(before)) => before,
        (Connect::Auto, None) if fits => Connect::Peering,
        (Connect::Auto, None) => Connect::TransitGateway,
        (asked, _) => asked,
    };
    // Of what holds now, and not of this run: the next one says the same.
    let reason = match (asked.value, by) {
        (Connect::Auto, Connect::Peering) if fits => {
            format!("{attach}, and the VPC can have {}", count(peerings, "peering"))
        }
        (Connect::Auto, Connect::TransitGateway) if !fits => {
            format!("{attach}, and the VPC can have only {}", count(peerings, "peering"))
        }
        (Connect::Auto, _) => format!("{attach}; it was chosen for another number, and the lock keeps it"),
        _ => "the catalog says so".to_owned(),
    };
    if by == Connect::Peering && networks.len() * NEAR.1 >= peerings * NEAR.0 && !networks.is_empty() {
        report.push(nearly_full(region, networks.len(), peerings, asked.span));
    }
    let accounts = homes.iter().filter_map(|home| match &home.account {
        HostAccount::Number(number) => Some(number.clone()),
        HostAccount::Of(_) => None,
    });
    let connection = Connection {
        region: region.clone(),
        account,
        by,
        networks: networks.len(),
        peerings,
        reason,
        accounts: accounts.collect(),
        others: homes.iter().any(|home| home.account != own),
    };
    if before != Some(by) {
        lock.joined.insert(region.clone(), Locked::new(Joined { by }));
    }
    Some(connection)
}

/// As many as AWS has granted the VPC of the central services, and its route table has room for: each peering is at
/// least one route there.
fn most_peerings(catalog: &Catalog, account: &HostAccount, region: &RegionName) -> usize {
    let limit = |id: &str| {
        let quota = quota(id)?;
        let granted = limit_in(catalog, quota, account, Some(region))?;
        usize::try_from(quota.max.map_or(granted, |most| granted.min(most))).ok()
    };
    let routes = limit("routes-per-route-table").map(|routes| routes.saturating_sub(1));
    let peerings = limit("active-vpc-peering-connections-per-vpc");
    peerings.into_iter().chain(routes).min().unwrap_or(0)
}

fn nearly_full(
    region: &RegionName,
    networks: usize,
    peerings: usize,
    place: crate::source::Span,
) -> Diagnostic {
    let message = format!(
        "{} in {region} {} peered with the central services, whose VPC can have {peerings}",
        count(networks, "network"),
        if networks == 1 { "is" } else { "are" }
    );
    Diagnostic::warning(&codes::PEERINGS_NEARLY_FULL, message)
        .at(place, "the way stays as it is until this says another")
        .note("a transit gateway takes 5,000 networks; changing to it interrupts every tenant's connection to the centre for as long as its stack is updated")
        .help("ask AWS for up to 125 peerings a VPC and say so in `quotas`, or write `connect: transit_gateway` at a time of your choice")
}

fn nothing_to_reach(catalog: &Catalog, intent: &Intent<'_>, home: &CellId) -> Diagnostic {
    let message = format!(
        "tenant `{}` is attached to the central services, and {} has none",
        intent.tenant.id.value, home.region
    );
    let shared = &catalog.shared_services;
    let place = intent.tenant.settings.0.iter().chain(&intent.tier.settings.0);
    let place = place.into_iter().find(|(key, _)| &*key.text == ATTACHED).map(|(key, _)| key.span);
    let mut error = Diagnostic::error(&codes::NO_CENTRAL_SERVICES, message)
        .at(place.unwrap_or(intent.tenant.tier.span), "asked for here")
        .help(format!(
            "add `shared_services: {{ connect: auto, networks: {{ {}: ... }} }}`, or set `{GATEWAY}` to one that is there already",
            home.region
        ));
    if let Some(connect) = shared.connect.as_ref().filter(|connect| connect.value == Connect::None) {
        error = error.also(connect.span, "nothing is built by this");
    }
    error
}
