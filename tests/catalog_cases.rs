//! Every folder of `tests/cases/catalog` proves the sentence that is its name: what a catalog's reader
//! is told (`diagnostics.snap`) and, where nothing is wrong, what was understood (`catalog.snap`).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use tenantry::aws::PrefixListService;
use tenantry::catalog::{Catalog, Host, lock_path, read, schema};
use tenantry::diagnostics::{Report, Severity, codes, human};
use tenantry::source::SourceMap;
use tenantry::yaml::{Tags, read_json, read_yaml};

const CASES: &str = "tests/cases/catalog";

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn catalog_of(case: &Path) -> PathBuf {
    let found = ["catalog.yaml", "catalog.json", "catalog"].map(|name| case.join(name));
    found.into_iter().find(|path| path.exists()).expect("a case holds a catalog")
}

struct Outcome {
    catalog: Option<Catalog>,
    told: String,
    errors: Vec<&'static str>,
    codes: Vec<&'static str>,
}

fn run(case: &Path) -> Outcome {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let catalog = read(&catalog_of(case), &mut sources, &mut report).ok();
    let diagnostics = report.into_sorted(&sources);
    let errors = diagnostics.iter().filter(|one| one.severity == Severity::Error);
    Outcome {
        catalog,
        told: human::render(&diagnostics, &sources, false).replace(&format!("{}/", case.display()), ""),
        errors: errors.map(|one| one.code.name).collect(),
        codes: diagnostics.iter().map(|one| one.code.name).collect(),
    }
}

#[test]
fn every_case_tells_what_its_snapshot_says() {
    for case in cases() {
        let outcome = run(&case);
        assert_eq!(outcome.catalog.is_none(), !outcome.errors.is_empty(), "{}", case.display());
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(fs::canonicalize(&case).unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| {
            insta::assert_snapshot!("diagnostics", outcome.told);
            if let Some(catalog) = &outcome.catalog {
                insta::assert_snapshot!("catalog", summary(catalog));
            }
        });
    }
}

#[test]
fn every_code_of_the_catalog_has_a_case() {
    let raised: Vec<_> = cases().iter().flat_map(|case| run(case).codes).collect();
    // These have no catalog to put into a case: the codes of other stages, and a mistake of tenantry.
    let table = include_str!("../src/diagnostics/codes/catalog.rs").to_owned()
        + include_str!("../src/diagnostics/codes/files.rs");
    for code in codes::all() {
        let ours = table.contains(&format!("name: \"{}\"", code.name)) && code.name != "internal-error";
        assert!(!ours || raised.contains(&code.name), "no case raises `{}`", code.name);
    }
}

#[test]
fn the_schema_is_valid_and_agrees_with_the_reader() {
    let schema = serde_json::from_str(schema()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "the schema follows its own meta-schema");
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let structural = ["unknown-key", "missing-key", "wrong-type"];
    let mut compared = 0;
    for case in cases() {
        let Some(instance) = as_json(&catalog_of(&case)) else { continue };
        // What is wrong in a list of tenants is not in the catalog's own file.
        let lists = fs::read_dir(&case).unwrap().filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            !name.to_string_lossy().starts_with("catalog.") && name != "diagnostics.snap"
        });
        let outcome = run(&case);
        let problems: Vec<String> = validator
            .iter_errors(&instance)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        if outcome.errors.is_empty() {
            assert_eq!(problems, Vec::<String>::new(), "{}", case.display());
        } else if lists.count() == 0 && outcome.errors.iter().any(|code| structural.contains(code)) {
            assert!(!problems.is_empty(), "the schema takes {}", case.display());
        }
        compared += 1;
    }
    assert!(compared > 40);
}

#[test]
fn the_schema_takes_every_example() {
    let schema = serde_json::from_str(schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for example in fs::read_dir("examples").into_iter().flatten() {
        let path = example.unwrap().path().join("catalog.yaml");
        let Some(instance) = as_json(&path) else { continue };
        let problems: Vec<String> = validator.iter_errors(&instance).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "{}", path.display());
    }
}

/// The catalog as JSON, if it is one well-formed file.
fn as_json(path: &Path) -> Option<serde_json::Value> {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let file = sources.add("catalog", fs::read_to_string(path).ok()?);
    let node = if path.extension()? == "json" {
        read_json(file, &sources, &mut report)
    } else {
        read_yaml(file, Tags::Refuse, &sources, &mut report)
    };
    node.ok().map(|node| node.to_json())
}

#[test]
fn every_tenant_key_of_the_schema_is_a_column_or_a_group_of_columns() {
    let schema: serde_json::Value = serde_json::from_str(schema()).unwrap();
    let keys = schema["$defs"]["tenant"]["properties"].as_object().unwrap();
    let case = Path::new(CASES).join("tenants_may_stand_in_a_csv_file");
    let header = fs::read_to_string(case.join("tenants.csv")).unwrap();
    let columns: Vec<&str> = header.lines().next().unwrap().split(',').collect();
    // A cell holds no list of mappings.
    for key in keys.keys().filter(|key| *key != "homes") {
        let used = columns.iter().any(|column| column.split('.').next() == Some(key));
        assert!(used, "the case has no column for `{key}`");
    }
}

#[test]
fn a_file_of_another_type_is_no_catalog() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.toml");
    fs::write(&path, "version = 1").unwrap();
    let mut report = Report::default();
    assert!(read(&path, &mut SourceMap::default(), &mut report).is_err());
    assert_eq!(report.diagnostics()[0].code.name, "unknown-file-type");
    assert_eq!(lock_path(&path), directory.path().join("tenantry.lock"));
}

/// What was understood, without places: a line a thing.
fn summary(catalog: &Catalog) -> String {
    let mut text = String::new();
    let mut line = |what: String| writeln!(text, "{what}").unwrap();
    line(format!("{} {}", catalog.product.value, catalog.environment.value));
    if let Some(one) = &catalog.organization {
        let management = one.management_account.as_ref().map(|account| account.value.as_str());
        let root = one.root.as_ref().map(|root| &root.value);
        let trail = if one.trail { "" } else { " without a trail of ours" };
        line(format!("organization {} {management:?} {root:?}{trail}", one.id.value));
    }
    for account in &catalog.accounts {
        let hosts: Vec<_> = account
            .hosts
            .iter()
            .map(|host| match host.value {
                Host::Model(model) => model.as_str(),
                Host::SharedServices => "shared_services",
            })
            .collect();
        line(format!("account {} {:?}: {}", account.id.value, account.name.value.as_str(), hosts.join(" ")));
    }
    for region in catalog.regions.values() {
        let zones: Vec<_> = region.zones.iter().map(|zone| zone.value.as_str()).collect();
        let pools: Vec<_> = region.pools.iter().map(pool).collect();
        let lists =
            [PrefixListService::S3, PrefixListService::DynamoDb].map(|service| region.prefix_list(service));
        line(format!("region {}: {} / {} / {lists:?}", region.name, zones.join(" "), pools.join(" ")));
    }
    for reserved in &catalog.reserved {
        line(format!("reserved {}: {}", reserved.cidr.value, reserved.reason.value));
    }
    for (name, ranges) in &catalog.ranges {
        let blocks: Vec<_> = ranges.blocks.iter().map(|block| block.value.to_string()).collect();
        line(format!("range {name}: {}", blocks.join(" ")));
    }
    for rule in &catalog.tags {
        let source = rule.source.map(|source| source.as_str());
        let default = rule.default.as_ref().map(|value| value.value.as_str());
        line(format!(
            "tag {}: from {source:?}, required {}, default {default:?}",
            rule.key.value, rule.required
        ));
    }
    for quota in &catalog.quotas {
        let account = quota.account.as_ref().map(|account| account.value.as_str());
        let region = quota.region.as_ref().map(|region| region.value.as_str());
        line(format!("quota {} = {} in {account:?} {region:?}", quota.quota.value.id, quota.value.value));
    }
    for tier in catalog.tiers.values() {
        let size = tier.size.as_ref().map(|size| &size.value);
        let account = tier.account.as_ref().map(|account| account.value.as_str());
        line(format!(
            "tier {}: {} by {}, size {size:?}, headroom {}, account {account:?}, {}",
            tier.name,
            tier.model.value,
            tier.blueprint_name(),
            tier.headroom,
            settings(&tier.settings)
        ));
    }
    for tenant in &catalog.tenants {
        line(format!("tenant {}", tenant_line(tenant)));
    }
    text
}

fn pool(pool: &tenantry::catalog::Pool) -> String {
    let models = pool.models.iter().map(|model| model.value.to_string());
    let purpose: Vec<_> = models.chain(pool.tiers.iter().map(|tier| tier.value.to_string())).collect();
    let purpose = if purpose.is_empty() { String::new() } else { format!(" for {}", purpose.join(" ")) };
    format!("{}{purpose}{}", pool.value, if pool.routable { "" } else { ", not routable" })
}

fn tenant_line(tenant: &tenantry::catalog::Tenant) -> String {
    let compliance: Vec<_> = tenant.compliance.iter().map(|name| name.value.as_str()).collect();
    let ingress: Vec<_> = tenant.ingress.iter().map(|block| block.value.to_string()).collect();
    let headroom = tenant.headroom.as_ref().map(|headroom| headroom.value);
    let size = tenant.size.as_ref().map(|size| &size.value);
    let account = tenant.account.as_ref().map(|account| account.value.as_str());
    let tags: Vec<_> = tenant.tags.iter().map(|(key, value)| format!("{key}={}", value.value)).collect();
    format!(
        "{} {:?} {} {} {} {compliance:?} {ingress:?} headroom {headroom:?} size {size:?} account {account:?} [{}] {}",
        tenant.id.value,
        tenant.name.value.as_str(),
        tenant.tier.value,
        tenant.region.value,
        tenant.status,
        tags.join(", "),
        settings(&tenant.settings)
    )
}

fn settings(settings: &tenantry::catalog::Settings) -> String {
    let values: Vec<_> =
        settings.0.iter().map(|(key, node)| format!("{}: {}", key.text, node.to_json())).collect();
    format!("{{{}}}", values.join(", "))
}

#[test]
fn the_catalog_in_the_documentation_is_read() {
    let page = fs::read_to_string("docs/catalog.md").unwrap();
    let mut blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let whole = blocks.next().unwrap();
    let lists = blocks.next().unwrap().trim_start_matches("tenants:\n");
    fs::write(directory.path().join("catalog.yaml"), format!("{whole}{lists}")).unwrap();
    fs::create_dir(directory.path().join("tenants")).unwrap();
    let list = |name: &str| directory.path().join("tenants").join(name);
    let csv = page.split("```csv\n").nth(1).unwrap().split("```").next().unwrap();
    fs::write(list("free.csv"), csv).unwrap();
    fs::write(list("enterprise.yaml"), "[]").unwrap();
    fs::write(list("trials.jsonl"), "").unwrap();
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let catalog = read(&directory.path().join("catalog.yaml"), &mut sources, &mut report);
    assert_eq!(human::render(&report.into_sorted(&sources), &sources, false), "");
    assert_eq!(catalog.unwrap().tenants.len(), 4);
}

#[test]
fn every_key_of_the_schema_is_documented() {
    let page = fs::read_to_string("docs/catalog.md").unwrap();
    let schema: serde_json::Value = serde_json::from_str(schema()).unwrap();
    let mut open = vec![&schema];
    while let Some(part) = open.pop() {
        match part {
            serde_json::Value::Object(entries) => {
                if let Some(properties) = part.get("properties").and_then(|properties| properties.as_object())
                {
                    for key in properties.keys() {
                        assert!(page.contains(&format!("`{key}`")), "`{key}` is not documented");
                    }
                }
                open.extend(entries.values());
            }
            serde_json::Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}
