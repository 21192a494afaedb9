//! What growing does to the templates and deployment files of a tenant: it adds, and it changes
//! nothing that is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use serde_json::Value;
use tenantry::blueprint::Library;
use tenantry::catalog;
use tenantry::diagnostics::{Report, human};
use tenantry::plan::lock::Lock;
use tenantry::plan::plan;
use tenantry::source::SourceMap;
use tenantry::synth::synth;

const CATALOG: &str = r#"
version: 1
product: ledgerly
environment: prod
accounts:
  - { id: "222222222222", name: platform, hosts: [vpc] }
regions:
  us-east-1: { zones: [use1-az1, use1-az2, use1-az4], pools: [10.64.0.0/16] }
tiers:
  business: { model: vpc, size: SIZE, headroom: 4, settings: { SETTINGS } }
tenants:
  - { id: acme, name: Acme, tier: business, region: us-east-1, ingress: [203.0.113.0/24] }
"#;

/// Everything switched on, so that every template of the blueprint is there.
const ALL: &str = "zones: 3, nat: one_per_zone, load_balancer: true, service: true, database: true, \
    interface_endpoints: [ecr.api, ecr.dkr, kms, logs, secretsmanager, sts], domain: ledgerly.example, \
    hosted_zone: Z0123456789, image: 222222222222.dkr.ecr.us-east-1.amazonaws.com/ledgerly:1";

/// Small enough for a /24, which a load balancer's subnets are not.
const PLAIN: &str = "zones: 2, nat: one";

/// What a run makes: its files, and the lock.
struct Run {
    files: BTreeMap<String, Value>,
    lock: String,
}

fn run(settings: &str, size: &str, lock: Option<&str>) -> Run {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    std::fs::write(&path, CATALOG.replace("SIZE", size).replace("SETTINGS", settings)).unwrap();
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let made = || -> Option<Run> {
        let library = Library::read(None, &mut sources, &mut report).ok()?;
        let catalog = catalog::read(&path, &mut sources, &mut report).ok()?;
        let lock = match lock {
            Some(text) => {
                let file = sources.add("tenantry.lock", text);
                Lock::read(file, &sources, &mut report).ok()?
            }
            None => Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone()),
        };
        let plan = plan(&catalog, &library, &lock, &mut report).ok()?;
        let synthesis = synth(&plan, &mut report).ok()?;
        let files = synthesis
            .tree
            .files()
            .iter()
            .filter(|(path, _)| path.as_str().ends_with(".json"))
            .map(|(path, bytes)| (path.as_str().to_owned(), serde_json::from_slice(bytes).unwrap()))
            .collect();
        Some(Run { files, lock: plan.lock.to_text() })
    }();
    let told = human::render(&report.into_sorted(&sources), &sources, false);
    assert_eq!(told, "", "nothing is wrong");
    made.unwrap()
}

impl Run {
    /// The template and the deployment file of one of the tenant's stacks.
    fn stack(&self, stack: &str) -> (&Value, &Value) {
        let path = format!("stacks/222222222222/us-east-1/ledgerly-prod-acme-{stack}.json");
        let deployment = &self.files[&path];
        (&self.files[deployment["template-file-path"].as_str().unwrap()], deployment)
    }
}

const STACKS: [&str; 8] =
    ["foundation", "network", "security", "access", "endpoints", "database", "loadbalancer", "service"];

/// What was there before and is no more, or is another.
fn changes(stack: &str, before: &Run, after: &Run) -> Vec<String> {
    let ((old, old_deployment), (new, new_deployment)) = (before.stack(stack), after.stack(stack));
    let mut changes = Vec::new();
    for section in ["Resources", "Outputs", "Parameters"] {
        for (id, part) in old[section].as_object().into_iter().flatten() {
            if new[section].get(id) != Some(part) {
                changes.push(format!("{section}/{id}"));
            }
        }
    }
    for key in ["parameters", "tags"] {
        for (name, value) in old_deployment[key].as_object().unwrap() {
            assert_eq!(new_deployment[key][name], *value, "{stack}: {name}");
        }
    }
    changes
}

#[test]
fn growing_changes_nothing_that_was_there_but_two_lists_of_subnets() {
    let before = run(ALL, "medium", None);
    let after = run(ALL, "large", Some(&before.lock));
    for stack in STACKS {
        let expected = match stack {
            "service" => vec!["Resources/Service"],
            "database" => vec!["Resources/SubnetGroup"],
            _ => vec![],
        };
        assert_eq!(changes(stack, &before, &after), expected, "{stack}");
    }
    for (stack, pointer) in [
        ("service", "/Resources/Service/Properties/NetworkConfiguration/AwsvpcConfiguration/Subnets"),
        ("database", "/Resources/SubnetGroup/Properties/SubnetIds"),
    ] {
        let list = |run: &Run| run.stack(stack).0.pointer(pointer).unwrap().as_array().unwrap().clone();
        let (old, new) = (list(&before), list(&after));
        assert!(new.len() > old.len() && new.starts_with(&old), "{pointer}");
        let without = |run: &Run| {
            let mut template = run.stack(stack).0.clone();
            *template.pointer_mut(pointer).unwrap() = Value::Null;
            template["Resources"].clone()
        };
        assert_eq!(without(&before), without(&after), "{stack}");
    }
}

#[test]
fn the_stack_of_the_network_stays_as_it_is() {
    let before = run(ALL, "medium", None);
    let after = run(ALL, "large", Some(&before.lock));
    for stack in ["foundation", "network", "access", "endpoints", "loadbalancer"] {
        assert_eq!(before.stack(stack), after.stack(stack), "{stack}");
    }
}

#[test]
fn growing_again_changes_nothing_that_the_first_growth_added() {
    let first = run(PLAIN, "small", None);
    let second = run(PLAIN, "medium", Some(&first.lock));
    let third = run(PLAIN, "large", Some(&second.lock));
    for stack in ["foundation", "network", "security"] {
        assert_eq!(changes(stack, &first, &second), Vec::<String>::new());
        assert_eq!(changes(stack, &second, &third), Vec::<String>::new());
    }
    assert_eq!(changes("growth", &second, &third), Vec::<String>::new());
}

#[test]
fn what_growing_adds() {
    let before = run(PLAIN, "small", None);
    let after = run(PLAIN, "medium", Some(&before.lock));
    let mut text = format!("{}\n", after.lock);
    for stack in ["growth", "security"] {
        let new = after.stack(stack);
        let nothing = (&Value::Null, &Value::Null);
        let old = if stack == "growth" { nothing } else { before.stack(stack) };
        for section in ["Parameters", "Resources", "Outputs"] {
            let parts = new.0[section].as_object().into_iter().flatten();
            for (id, part) in parts.filter(|(id, _)| old.0[section].get(id).is_none()) {
                let shown = if section == "Parameters" { &new.1["parameters"][id] } else { part };
                text.push_str(&format!("{stack} {section} {id}: {shown}\n"));
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn tenants_that_have_not_grown_keep_their_template_files() {
    let before = run(PLAIN, "small", None);
    let after = run(PLAIN, "small", Some(&before.lock));
    assert_eq!(before.files, after.files);
    let grown = run(PLAIN, "medium", Some(&before.lock));
    let path = |run: &Run| run.stack("security").1["template-file-path"].as_str().unwrap().to_owned();
    assert!(path(&grown).ends_with(".blocks-3.json"), "{}", path(&grown));
    assert_eq!(path(&grown).replace(".blocks-3", ""), path(&before));
}

#[test]
fn a_blueprint_that_does_not_say_how_to_grow_is_refused() {
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().join("parts/own_network");
    std::fs::create_dir_all(&folder).unwrap();
    for file in std::fs::read_dir("blueprints/parts/own_network").unwrap() {
        let file = file.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let text = text.replace("$each block in network.further_blocks:", "$each block in zones:");
        std::fs::write(folder.join(file.file_name()), text).unwrap();
    }
    let before = run(PLAIN, "small", None);
    let catalog = own.path().join("catalog.yaml");
    std::fs::write(&catalog, CATALOG.replace("SIZE", "medium").replace("SETTINGS", PLAIN)).unwrap();
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let library = Library::read(Some(own.path()), &mut sources, &mut report).unwrap();
    let catalog = catalog::read(&catalog, &mut sources, &mut report).unwrap();
    let file = sources.add("tenantry.lock", before.lock);
    let lock = Lock::read(file, &sources, &mut report).unwrap();
    assert!(plan(&catalog, &library, &lock, &mut report).is_err());
    let told = &report.diagnostics()[0];
    assert_eq!(told.code.name, "no-room-to-grow");
    assert!(
        told.notes[0].contains("no template that loops over `network.further_blocks`"),
        "{:?}",
        told.notes
    );
}
