//! Switching a component on adds files and changes none, whatever else is on; off again gives the first tree.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use tenantry::blueprint::Library;
use tenantry::catalog::{self, Catalog};
use tenantry::diagnostics::{Report, human};
use tenantry::plan::lock::Lock;
use tenantry::plan::{plan, wanted};
use tenantry::source::SourceMap;
use tenantry::synth::synth;

type Tree = BTreeMap<String, Vec<u8>>;

/// Files that speak of all stacks.
const OF_ALL: [&str; 2] = ["manifest.json", "plan.json"];

/// The tree without these components and what is set of them.
fn compiled(path: &str, without: &[&str], blueprints: Option<&str>) -> Tree {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let mut catalog = catalog::read(Path::new(path), &mut sources, &mut report).unwrap();
    let all = Library::read(blueprints.map(Path::new), &mut sources, &mut report).unwrap();
    for name in without {
        catalog.components.remove(*name);
        let component = all.component(name).unwrap();
        take_out(&mut catalog, |setting| component.own.settings.properties.contains_key(setting));
    }
    let tree = Library::read_for(&wanted(&catalog), blueprints.map(Path::new), &mut sources, &mut report)
        .and_then(|library| {
            let lock = Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone());
            let plan = plan(&catalog, &library, &lock, &mut report)?;
            synth(&plan, &mut report)
        })
        .map(|made| made.tree);
    let Ok(tree) = tree else {
        panic!("{}", human::render(&report.into_sorted(&sources), &sources, false));
    };
    tree.files().iter().map(|(path, bytes)| (path.as_str().to_owned(), bytes.clone())).collect()
}

fn take_out(catalog: &mut Catalog, is_its: impl Fn(&str) -> bool) {
    let tiers = catalog.tiers.values_mut().map(|tier| &mut tier.settings);
    let tenants = catalog.tenants.iter_mut().map(|tenant| &mut tenant.settings);
    for settings in tiers.chain(tenants) {
        settings.0.retain(|(key, _)| !is_its(&key.text));
    }
}

/// A catalog, the directory of its blueprints, and the components that it switches on.
fn catalogs() -> Vec<(&'static str, Option<&'static str>, Vec<String>)> {
    let places = [
        ("tests/bases/components/catalog.yaml", Some("tests/bases/components/blueprints")),
        ("examples/components/catalog.yaml", None),
    ];
    let on = |path: &str| {
        let read = catalog::read(Path::new(path), &mut SourceMap::default(), &mut Report::default());
        read.unwrap().components.into_keys().collect()
    };
    places.map(|(path, blueprints)| (path, blueprints, on(path))).into()
}

#[test]
fn a_component_adds_files_and_changes_none() {
    for (path, blueprints, on) in catalogs() {
        let all = compiled(path, &[], blueprints);
        for name in &on {
            let without = compiled(path, &[name], blueprints);
            for (file, bytes) in without.iter().filter(|(file, _)| !OF_ALL.contains(&file.as_str())) {
                assert!(all.get(file) == Some(bytes), "`{name}` changes {file}");
            }
            assert!(all.len() > without.len(), "`{name}` adds nothing");
        }
    }
}

#[test]
fn the_example_switches_on_every_component_of_the_binary() {
    let library = Library::read(None, &mut SourceMap::default(), &mut Report::default()).unwrap();
    let all: Vec<String> = library.components().map(|one| one.own.name.clone()).collect();
    let (_, _, on) = catalogs().pop().unwrap();
    assert_eq!(on, all);
}

#[test]
fn what_is_one_for_an_account_is_there_once_however_many_blueprints_there_are() {
    let (path, blueprints, _) = catalogs().remove(0);
    let tree = compiled(path, &[], blueprints);
    let manifest: serde_json::Value = serde_json::from_slice(&tree["manifest.json"]).unwrap();
    let stacks = manifest["stacks"].as_array().unwrap();
    let places = |template: &str| -> Vec<(&str, &str)> {
        let is_made = |stack: &&serde_json::Value| {
            let path = stack["template"].as_str().unwrap();
            path.starts_with(&format!("templates/ledger/{template}."))
        };
        let place = |stack: &serde_json::Value| {
            let text =
                |key: &str| -> &str { Box::leak(stack[key].as_str().unwrap().to_owned().into_boxed_str()) };
            (text("account"), text("region"))
        };
        let mut places: Vec<_> = stacks.iter().filter(is_made).map(place).collect();
        places.sort_unstable();
        places
    };
    // Four blueprints have homes in 222222222222, and the tenant `acme` has an account of its own.
    let homes = [("222222222222", "eu-west-1"), ("222222222222", "us-east-1"), ("acme", "us-east-1")];
    assert_eq!(places("ledger_store"), homes);
    assert_eq!(places("ledger_global"), [homes[0], homes[2]]);
    assert_eq!(places("ledger_hub"), [("333333333333", "eu-west-1"), ("333333333333", "us-east-1")]);
    assert_eq!(places("ledger_root"), [("111111111111", "eu-west-1")]);
}

#[test]
fn a_tenant_has_its_own_value_and_else_that_of_its_tier_the_component_or_none() {
    let (path, blueprints, _) = catalogs().remove(0);
    let tree = compiled(path, &[], blueprints);
    let days = |place: &str, tenant: &str| {
        let file = format!("stacks/{place}/shop-prod-{tenant}-ledgergroup.json");
        let document: serde_json::Value = serde_json::from_slice(&tree[&file]).unwrap();
        document["parameters"]["SettingLedgerDays"].as_str().unwrap().to_owned()
    };
    assert_eq!(days("222222222222/eu-west-1", "hooli"), "30", "its own");
    assert_eq!(days("222222222222/us-east-1", "globex"), "90", "its tier's");
    assert_eq!(days("acme/us-east-1", "acme"), "60", "the component's");
}

#[test]
fn a_file_stands_in_a_template_as_it_is() {
    let (path, blueprints, _) = catalogs().remove(0);
    let tree = compiled(path, &[], blueprints);
    let template: serde_json::Value =
        serde_json::from_slice(&tree["templates/ledger/ledger_store.json"]).unwrap();
    let text = template["Resources"]["Consumer"]["Properties"]["Value"].as_str().unwrap();
    let file = Path::new(blueprints.unwrap()).join("components/ledger/consume.py");
    assert_eq!(text, std::fs::read_to_string(file).unwrap());
}
