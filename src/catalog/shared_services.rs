//! `shared_services`: what all tenants share, and how they reach it.

use std::collections::BTreeMap;

use crate::catalog::contents::Host;
use crate::catalog::decode::not_built;
use crate::catalog::values::{ipv4_block, name_or, word};
use crate::catalog::{Catalog, Connect, SharedServices};
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::source::Span;
use crate::yaml::{Fields, Located, Node, Value};

/// The range of the catalog that tenants' ways to the centre lead to.
const CENTRAL: &str = "central";

/// The longest prefix of the VPC of central services: a quarter of it is a subnet, and no subnet is
/// smaller than a /28 (VPC User Guide, "Subnet sizing").
const LONGEST: u8 = 26;

pub(super) fn decode(node: &Node, report: &mut Report) -> Option<SharedServices> {
    let mut fields = Fields::open(node, "`shared_services`", report)?;
    let connect = fields
        .optional("connect")
        .and_then(|node| word(node, "a value of `connect`", &codes::UNKNOWN_VALUE, Connect::WORDS, report));
    let mut networks = BTreeMap::new();
    if let Some(node) = fields.optional("networks") {
        for (key, node) in node.map("`networks`", report).unwrap_or_default() {
            let region = Node::new(key.span, Value::Text(key.text.clone()));
            let region = name_or(&codes::UNKNOWN_REGION, &region, "a Region of `networks`", report);
            let block = ipv4_block(
                node,
                "the network of the shared services",
                "write a block of IPv4 addresses",
                report,
            );
            networks.extend(region.map(|region| region.value).zip(block));
        }
    }
    let services = fields.optional("services").map(|node| services(node, report)).unwrap_or_default();
    fields.finish(report);
    if let Some(connect) = connect.as_ref().filter(|connect| connect.value != Connect::None)
        && networks.is_empty()
    {
        report.push(
            not_built("a connection to shared services without a network of theirs", connect.span).help(
                "add `networks` with a block for each Region, or connect tenants by templates of your own",
            ),
        );
    }
    Some(SharedServices { connect, networks, services })
}

/// The names below `services`, which become parts of logical ids.
fn services(node: &Node, report: &mut Report) -> Vec<Located<String>> {
    let what = "a service of `shared_services`";
    let mut found: Vec<Located<String>> = Vec::new();
    for item in node.list("`services`", report).unwrap_or_default() {
        let Some(name) = item.text(what, report) else { continue };
        if !is_word(name) {
            let message = format!("{} is no name of a service", quote(name));
            let help = "write 1 to 31 lower-case letters and digits, and begin with a letter";
            report.push(Diagnostic::error(&codes::INVALID_NAME, message).at(item.span, "").help(help));
        } else if let Some(first) = found.iter().find(|first| first.value == name) {
            let message = format!("the service {} is there twice", quote(name));
            let help = "take one of the two out";
            let error = Diagnostic::error(&codes::DUPLICATE_KEY, message).at(item.span, "again here");
            report.push(error.also(first.span, "first here").help(help));
        } else {
            found.push(Located::new(name.to_owned(), item.span));
        }
    }
    found
}

fn is_word(name: &str) -> bool {
    name.len() <= 31
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// That the networks are where tenants find them, and where no tenant is.
pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    let networks = &catalog.shared_services.networks;
    let hosted = catalog
        .accounts
        .iter()
        .any(|account| account.hosts.iter().any(|host| host.value == Host::SharedServices));
    if let Some(first) = networks.values().next().filter(|_| !hosted) {
        report.push(
            Diagnostic::error(&codes::NO_HOST_ACCOUNT, "no account hosts the shared services")
                .at(first.span, "their network is here")
                .help("add `shared_services` to the `hosts` of an account"),
        );
    }
    for (name, network) in networks {
        let (block, place) = (network.value, network.span);
        let Some(region) = catalog.regions.get(name) else {
            let message =
                format!("the shared services have a network in {name}, and the catalog has no such Region");
            let known = catalog.regions.keys().map(|region| region.as_str());
            let help = format!("the Regions are {}", crate::diagnostics::list_of(known));
            report.push(Diagnostic::error(&codes::UNKNOWN_REGION, message).at(place, "").help(help));
            continue;
        };
        if !(16..=LONGEST).contains(&block.length()) {
            let message =
                format!("the network {} of the shared services is no VPC", quote(&block.to_string()));
            let help = format!("write a block between /16 and /{LONGEST}");
            report.push(Diagnostic::error(&codes::INVALID_CIDR, message).at(place, "").help(help));
        }
        if region.zones.len() < 2 {
            let message = format!("the shared services span 2 zones, and {name} has {}", region.zones.len());
            report.push(
                Diagnostic::error(&codes::NOT_ENOUGH_ZONES, message)
                    .at(region.span, "")
                    .also(place, "their network")
                    .help("add a zone to the Region"),
            );
        }
        let pools = catalog.regions.values().flat_map(|region| &region.pools);
        if let Some(pool) = pools.into_iter().find(|pool| pool.value.overlaps(&block)) {
            report.push(of_tenants(block, place, pool.span));
            continue;
        }
        let central = catalog.ranges.get(CENTRAL);
        if !central.is_some_and(|range| range.blocks.iter().any(|other| other.value.contains(&block))) {
            let message = format!(
                "no block of the range `{CENTRAL}` holds the network {} of the shared services",
                quote(&block.to_string())
            );
            report.push(
                Diagnostic::error(&codes::UNKNOWN_RANGE, message)
                    .at(place, "")
                    .help(format!("add `ranges: {{ {CENTRAL}: [{block}] }}` to the catalog: tenants' routes and rules follow from it")),
            );
        }
    }
}

fn of_tenants(block: crate::network::Cidr, place: Span, pool: Span) -> Diagnostic {
    let message =
        format!("the network {} of the shared services has addresses of tenants", quote(&block.to_string()));
    Diagnostic::error(&codes::RANGE_OF_TENANTS, message)
        .at(place, "")
        .also(pool, "tenants get addresses from here")
        .help("choose a block outside of all pools")
}
