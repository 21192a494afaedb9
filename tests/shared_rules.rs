//! Rules that tenants of a cell have in common stand in groups of the cell: what a tenant's interfaces may send and
//! receive by the groups that they bear is what they would by one group of their own, whatever the flows ask for and
//! however few groups an interface may bear.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use proptest::prelude::*;
use tenantry::blueprint::Library;
use tenantry::catalog;
use tenantry::diagnostics::{Report, human};
use tenantry::plan::lock::Lock;
use tenantry::plan::security::{Direction, Origin, Peer, Rule};
use tenantry::plan::{Plan, plan};
use tenantry::source::SourceMap;

const ENDS: [&str; 4] = ["range.office", "range.plant", "edge", "tenant.ingress"];
const WHEN: [&str; 9] = [
    "settings.zones is 2",
    "settings.zones is 1",
    "settings.one",
    "settings.two",
    "settings.one and settings.two",
    "settings.one or tier is gold",
    "tier is silver",
    "compliance.hipaa",
    "compliance.pci-dss and settings.zones is 2",
];

#[derive(Clone, Debug)]
struct Flow {
    end: usize,
    away: bool,
    port: u16,
    when: Option<usize>,
}

#[derive(Clone, Debug)]
struct Tenant {
    gold: bool,
    one: bool,
    two: bool,
    hipaa: bool,
    pci: bool,
}

fn flow() -> impl Strategy<Value = Flow> {
    (0..ENDS.len(), any::<bool>(), 1..8u16, proptest::option::weighted(0.8, 0..WHEN.len()))
        .prop_map(|(end, away, port, when)| Flow { end, away, port, when })
}

fn tenant() -> impl Strategy<Value = Tenant> {
    any::<[bool; 5]>().prop_map(|[gold, one, two, hipaa, pci]| Tenant { gold, one, two, hipaa, pci })
}

fn blueprint(flows: &[Flow], shared: bool) -> String {
    let flows: String = flows
        .iter()
        .map(|flow| {
            let (end, port) = (ENDS[flow.end], flow.port);
            // Nothing leads to an allow-list.
            let ends = if flow.away && flow.end < 3 {
                format!("service, to: {end}")
            } else {
                format!("{end}, to: service")
            };
            let when = flow.when.map(|at| format!(", when: {}", WHEN[at])).unwrap_or_default();
            format!("  - {{ from: {ends}, ports: [{port}]{when} }}\n")
        })
        .collect();
    format!(
        "name: shed\nmodel: subnet\nsummary: Tenants of a cell share its subnets.\ncell: {{ tenants: 9 }}\n\
         settings:\n  type: object\n  properties:\n    zones: {{ enum: [1, 2], default: 2, scope: cell }}\n    \
         one: {{ type: boolean, default: false }}\n    two: {{ type: boolean, default: false }}\n\
         network:\n  owner: cell\n  cell_size: 20\n  subnet_groups:\n    app: {{ share: 4/8, route: local }}\n    \
         public: {{ share: 1/8, route: internet }}\n\
         workloads:\n  edge: {{ subnet_group: public, per: cell }}\n  \
         service: {{ subnet_group: app, per: tenant, shared_rules: {shared} }}\n\
         flows:\n{flows}stacks:\n  network: {{ per: cell, template: network.yaml }}\n"
    )
}

fn catalog_of(tenants: &[Tenant], groups: usize) -> String {
    let tenants: String = tenants
        .iter()
        .enumerate()
        .map(|(who, tenant)| {
            let tier = if tenant.gold { "gold" } else { "silver" };
            let regimes = [(tenant.hipaa, "hipaa"), (tenant.pci, "pci-dss")];
            let regimes: Vec<&str> = regimes.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect();
            let Tenant { one, two, .. } = tenant;
            format!(
                "  - {{ id: t-{who}, name: T, tier: {tier}, region: us-east-1, compliance: [{}], settings: {{ one: {one}, two: {two} }} }}\n",
                regimes.join(", ")
            )
        })
        .collect();
    format!(
        "version: 1\nproduct: ledgerly\nenvironment: prod\n\
         accounts: [{{ id: \"222222222222\", name: platform, hosts: [subnet] }}]\n\
         regions: {{ us-east-1: {{ zones: [use1-az1, use1-az2], pools: [10.64.0.0/17] }} }}\n\
         quotas: [{{ quota: security-groups-per-network-interface, value: {groups} }}]\n\
         ranges: {{ office: [192.0.2.0/24], plant: [192.0.2.0/25, 198.51.100.0/24] }}\n\
         tiers:\n  gold: {{ model: subnet, blueprint: shed }}\n  silver: {{ model: subnet, blueprint: shed }}\n\
         tenants:\n{tenants}"
    )
}

/// Single ports, with the range that a peer is; of ranges in each other the outer one says all.
type Said = BTreeSet<(Direction, u16, Peer)>;

fn said<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Said {
    let mut said = Said::new();
    for rule in rules {
        let (first, last) = rule.traffic.ports().unwrap();
        said.extend((first..=last).map(|port| (rule.direction, port, rule.peer.clone())));
    }
    let covered = |one: &(Direction, u16, Peer)| {
        said.iter().any(|other| match (&one.2, &other.2) {
            (Peer::Range(inner), Peer::Range(outer)) => {
                (one.0, one.1) == (other.0, other.1) && inner != outer && outer.contains(inner)
            }
            _ => false,
        })
    };
    said.iter().filter(|one| !covered(one)).cloned().collect()
}

/// What each tenant's service may do by the groups that its interfaces bear, and how many those are at most.
fn allowed(
    flows: &[Flow],
    tenants: &[Tenant],
    groups: usize,
    shared: bool,
) -> (BTreeMap<String, Said>, usize) {
    planned(flows, tenants, groups, shared, |planned| {
        let mut most = 0;
        let mut allowed = BTreeMap::new();
        for tenant in &planned.tenants {
            let own = &planned.shapes[tenant.shape].security;
            let cell = &planned.shapes[planned.cell(&tenant.cell).unwrap().shape].security;
            let borne = own.shared.get("service").cloned().unwrap_or_default();
            // What it is to bear is there.
            assert!(borne.is_subset(&cell.shared.get("service").cloned().unwrap_or_default()));
            most = most.max(borne.len() + 1);
            let common =
                cell.rules.iter().filter(|rule| rule.workload == "service" && borne.contains(&rule.origin));
            let own = own.rules.iter().filter(|rule| rule.workload == "service");
            let own = own.inspect(|rule| assert_eq!(rule.origin, Origin::Own));
            allowed.insert(tenant.home.to_string(), said(common.chain(own)));
        }
        (allowed, most)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn groups_in_common_open_what_is_declared_and_no_more(
        flows in proptest::collection::vec(flow(), 1..14),
        tenants in proptest::collection::vec(tenant(), 1..6),
        groups in 2..9usize,
    ) {
        let (shared, most) = allowed(&flows, &tenants, groups, true);
        let (alone, _) = allowed(&flows, &tenants, groups, false);
        prop_assert_eq!(shared, alone);
        prop_assert!(most <= groups.min(5), "an interface bears {} groups of {}", most, groups);
    }

    #[test]
    fn a_flow_that_is_added_renames_no_group(
        flows in proptest::collection::vec(flow(), 1..8),
        more in flow(),
    ) {
        let names = |flows: &[Flow]| {
            let tenants = [Tenant { gold: true, one: true, two: true, hipaa: true, pci: true }];
            groups_of_cell(flows, &tenants)
        };
        let before = names(&flows);
        let after = names(&[flows, vec![more.clone()]].concat());
        // Only what comes to stand in the base leaves a group with nothing to hold.
        prop_assert!(more.when.is_none_or(|at| at < 2) || before.is_subset(&after));
        prop_assert!(after.len() <= before.len() + 1);
    }
}

fn groups_of_cell(flows: &[Flow], tenants: &[Tenant]) -> BTreeSet<String> {
    planned(flows, tenants, 5, true, |planned| {
        let security = &planned.shapes[planned.cells[0].shape].security;
        security.shared_groups().map(|(workload, origin)| origin.shared_group(workload)).collect()
    })
}

/// Plans tenants of a blueprint with these flows, and asks the plan.
fn planned<T>(
    flows: &[Flow],
    tenants: &[Tenant],
    groups: usize,
    shared: bool,
    ask: impl FnOnce(&Plan<'_>) -> T,
) -> T {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("shed");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("blueprint.yaml"), blueprint(flows, shared)).unwrap();
    fs::write(folder.join("network.yaml"), "Resources: { Vpc: { Type: AWS::EC2::VPC, Properties: {} } }\n")
        .unwrap();
    let path = directory.path().join("catalog.yaml");
    fs::write(&path, catalog_of(tenants, groups)).unwrap();
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let library = Library::read(Some(&folder), &mut sources, &mut report);
    let catalog = catalog::read(&path, &mut sources, &mut report);
    let asked = || -> Option<T> {
        let (library, catalog) = (library.ok()?, catalog.ok()?);
        let lock = Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone());
        Some(ask(&plan(&catalog, &library, &lock, &mut report).ok()?))
    };
    let asked = asked();
    assert!(asked.is_some(), "{}", human::render(&report.into_sorted(&sources), &sources, false));
    asked.unwrap()
}
