//! Where central services stand: a VPC, and what leads to it, in each Region that the catalog has a network of them
//! for, in the first account that hosts them.
//!
//! How networks reach it is decided in `connection`. What may pass is read here from the flows of those who attach:
//! nobody writes it twice, and what no flow asks for is not opened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::blueprint::{Blueprint, FlowEnd, Library, Per, Settings};
use crate::catalog::{Account, Catalog, Connect, Host, Status};
use crate::diagnostics::Report;
use crate::identity::{AccountId, HostAccount, RegionName};
use crate::network::{Icmp, Traffic};
use crate::plan::connection::{Connection, way_of};
use crate::plan::security::Traits;
use crate::plan::shape::{AccountFacts, Pattern, Shapes, flows_of};
use crate::plan::{AccountPlan, Growth, TenantPlan};

/// The blueprint that builds it.
pub const BLUEPRINT: &str = "shared_services";

/// What flows call the addresses of the centre, and, where there are none to route to, the endpoints that lead there.
const CENTRAL: &str = "central";

/// How many zones it spans.
const ZONES: usize = 2;

/// Whether a blueprint is that of the shared services.
pub fn is_hub(blueprint: &Blueprint) -> bool {
    blueprint.name == BLUEPRINT
}

/// The first account that hosts the shared services.
pub fn central_account(catalog: &Catalog) -> Option<&Account> {
    let hosts = |account: &&Account| account.hosts.iter().any(|host| host.value == Host::SharedServices);
    catalog.accounts.iter().find(hosts)
}

/// One for each Region with a connection.
pub(super) fn hubs<'c>(
    catalog: &'c Catalog,
    library: &'c Library,
    connections: &[Connection],
    tenants: &[TenantPlan<'c>],
    shapes: &mut Shapes<'c>,
    report: &mut Report,
) -> Vec<AccountPlan<'c>> {
    let mut hubs = Vec::new();
    for connection in connections {
        let Some(network) = catalog.shared_services.networks.get(&connection.region) else { continue };
        let Ok(blueprint) = library.find(BLUEPRINT, network.span, report) else { continue };
        let settings = settings(catalog, connection, tenants, shapes);
        let pattern = Pattern {
            blueprint,
            per: Per::Account,
            settings: &settings,
            status: Status::Active,
            zones: ZONES,
            growth: Growth::default(),
            traits: Traits::default(),
            interface_groups: 0,
            account: AccountFacts::default(),
        };
        let Some(shape) = shapes.of(pattern, network.span, report) else { continue };
        hubs.push(AccountPlan {
            per: Per::Account,
            account: HostAccount::Number(connection.account.clone()),
            region: connection.region.clone(),
            blueprint,
            shape,
            settings,
            tenant: None,
            place: network.span,
        });
    }
    hubs
}

/// What its templates depend on.
fn settings(
    catalog: &Catalog,
    connection: &Connection,
    tenants: &[TenantPlan<'_>],
    shapes: &Shapes<'_>,
) -> Settings {
    let (accepts, sends) = traffic(&connection.region, tenants, shapes);
    let listed = |all: BTreeSet<Traffic>| all.into_iter().map(described).collect::<Vec<Value>>();
    let services = catalog.shared_services.services.iter().map(|service| service.value.as_str());
    let services: Vec<&str> = if connection.by != Connect::PrivateLink {
        Vec::new()
    } else if catalog.shared_services.services.is_empty() {
        vec![CENTRAL]
    } else {
        services.collect()
    };
    // Those who are let in by name: as users of an endpoint service, or to have a peering accepted.
    let named = match connection.by {
        Connect::PrivateLink => true,
        _ => connection.by == Connect::Peering && connection.others,
    };
    let accounts = connection.accounts.iter().filter(|_| named).map(AccountId::as_str);
    Settings(BTreeMap::from([
        ("way".to_owned(), json!(connection.by.as_str())),
        ("accepts".to_owned(), Value::Array(listed(accepts))),
        ("sends".to_owned(), Value::Array(listed(sends))),
        ("services".to_owned(), json!(services)),
        ("accounts".to_owned(), json!(accounts.collect::<Vec<_>>())),
    ]))
}

/// What flows of those who attach say that the centre accepts, and what it opens.
fn traffic(
    region: &RegionName,
    tenants: &[TenantPlan<'_>],
    shapes: &Shapes<'_>,
) -> (BTreeSet<Traffic>, BTreeSet<Traffic>) {
    let attached = tenants.iter().filter(|tenant| tenant.cell.region == *region);
    let attached = attached.filter(|tenant| way_of(&tenant.settings).is_some());
    let built: BTreeSet<usize> = attached.map(|tenant| tenant.shape).collect();
    let (mut accepts, mut sends) = (BTreeSet::new(), BTreeSet::new());
    for flow in built.into_iter().flat_map(|shape| flows_of(&shapes.list[shape])) {
        if leads_there(&flow.to) {
            accepts.extend(flow.traffic.iter().copied());
        } else if leads_there(&flow.from) {
            sends.extend(flow.traffic.iter().copied());
        }
    }
    (accepts, sends)
}

fn leads_there(end: &FlowEnd) -> bool {
    matches!(end, FlowEnd::Range(name) | FlowEnd::Workload(name) if name == CENTRAL)
}

/// A permission as templates write it, with a part of a logical id that follows from it alone.
fn described(traffic: Traffic) -> Value {
    let id: String = traffic.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let (from, to) = match (traffic.ports(), traffic.icmp().map(Icmp::type_and_code)) {
        (Some((first, last)), _) => (i64::from(first), i64::from(last)),
        (None, Some((kind, code))) => (kind, code),
        (None, None) => (-1, -1),
    };
    json!({ "id": crate::blueprint::pascal(&id), "protocol": traffic.protocol(), "from": from, "to": to })
}
