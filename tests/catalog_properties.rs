//! What holds of every catalog, tried with random ones.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tenantry::catalog::{Catalog, TenantName, read};
use tenantry::diagnostics::Report;
use tenantry::source::SourceMap;

const HEAD: &str = r#"version: 1
product: ledgerly
environment: prod
accounts: [{ id: "222222222222", name: platform, hosts: [vpc] }]
regions: { us-east-1: { zones: [use1-az1], pools: [10.64.0.0/12] } }
tiers: { business: { model: vpc } }
"#;

#[derive(Clone, Debug)]
struct Row {
    id: String,
    headroom: u8,
    zones: u8,
    blocks: Vec<u8>,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = ("[a-z][a-z0-9]{1,6}", 0..=4u8, 1..=3u8, prop::collection::btree_set(0..=255u8, 0..3));
    prop::collection::vec(row, 0..8).prop_map(|rows| {
        let mut rows: Vec<Row> = rows
            .into_iter()
            .map(|(id, headroom, zones, blocks)| Row {
                id,
                headroom,
                zones,
                blocks: blocks.into_iter().collect(),
            })
            .collect();
        rows.sort_by(|left, right| left.id.cmp(&right.id));
        rows.dedup_by(|left, right| left.id == right.id);
        rows
    })
}

impl Row {
    fn blocks(&self) -> Vec<String> {
        self.blocks.iter().map(|block| format!("203.0.{block}.0/24")).collect()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id, "name": "A name", "tier": "business", "region": "us-east-1",
            "headroom": self.headroom, "ingress": self.blocks(), "settings": { "zones": self.zones },
        })
    }

    fn csv(&self) -> String {
        let Row { id, headroom, zones, .. } = self;
        format!("{id},A name,business,us-east-1,{headroom},{},{zones}\n", self.blocks().join(";"))
    }
}

/// Writes the files, reads the catalog there, and returns what was understood, places left out.
fn understood(files: &[(&str, String)], entry: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut report = Report::default();
    match read(&directory.path().join(entry), &mut SourceMap::default(), &mut report) {
        Ok(catalog) => without_places(&catalog),
        Err(_) => panic!("{:#?}", report.diagnostics()),
    }
}

fn without_places(catalog: &Catalog) -> String {
    let places = regex::Regex::new(r"Span \{[^{}]*\}").unwrap();
    places.replace_all(&format!("{catalog:?}"), "").into_owned()
}

fn yaml_list(rows: &[Row]) -> String {
    rows.iter().map(|row| format!("- {}\n", row.json())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn neither_order_nor_format_nor_file_of_the_tenants_matters(
        (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        cut in 0..8usize,
    ) {
        let inline = format!("{HEAD}tenants:\n{}", yaml_list(&rows));
        let expected = understood(&[("catalog.yaml", inline)], "catalog.yaml");
        let (first, second) = shuffled.split_at(cut.min(shuffled.len()));
        let csv = "id,name,tier,region,headroom,ingress,settings.zones\n".to_owned();
        let csv = csv + &first.iter().map(Row::csv).collect::<String>();
        let lines: String = second.iter().map(|row| format!("{}\n", row.json())).collect();
        let one = [
            ("catalog.yaml", format!("{HEAD}tenants: [b.jsonl, a.csv]\n")),
            ("a.csv", csv),
            ("b.jsonl", lines),
        ];
        // A block of `ingress` that stands in no list is an empty list in JSON and a missing key in CSV.
        prop_assert_eq!(&understood(&one, "catalog.yaml"), &expected);
        let many = [
            ("c/base.yaml", HEAD.to_owned()),
            ("c/z.yaml", format!("tenants:\n{}", yaml_list(first))),
            ("c/deep/a.yaml", "tenants: list.yaml\n".to_owned()),
            ("c/deep/list.yaml", if second.is_empty() { "[]\n".to_owned() } else { yaml_list(second) }),
        ];
        prop_assert_eq!(&understood(&many, "c"), &expected);
    }

    #[test]
    fn no_text_makes_the_reader_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[-a-z:{}\\[\\]\"'&*!|>#,\n \u{202e}é]{0,120}".prop_map(String::into_bytes),
        ],
        extension in prop_oneof![Just("yaml"), Just("json"), Just("csv"), Just("jsonl")],
        as_list in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let as_list = as_list || matches!(extension, "csv" | "jsonl");
        let entry = if as_list {
            fs::write(directory.path().join("catalog.yaml"), format!("{HEAD}tenants: list.{extension}\n")).unwrap();
            fs::write(directory.path().join(format!("list.{extension}")), bytes).unwrap();
            "catalog.yaml".to_owned()
        } else {
            let entry = format!("catalog.{extension}");
            fs::write(directory.path().join(&entry), bytes).unwrap();
            entry
        };
        told(&directory.path().join(entry));
    }

    #[test]
    fn a_damaged_catalog_makes_no_panic(at in 0..2000usize, with in "[-a-z:{}\\[\\]\"'&*,\n ]{0,3}") {
        let case = "tests/cases/catalog/every_key_is_read/catalog.yaml";
        let mut text = fs::read_to_string(case).unwrap();
        let at = at.min(text.len() - 4);
        prop_assume!(text.is_char_boundary(at) && text.is_char_boundary(at + 3));
        text.replace_range(at..at + 3, &with);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalog.yaml");
        fs::write(&path, text).unwrap();
        told(&path);
    }

    #[test]
    fn a_name_is_refused_or_comes_out_as_it_is(name in prop_oneof![any::<String>(), "[ -~é\u{202e}\t\n]{0,20}"]) {
        let expected = TenantName::new(&name).is_ok();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalog.json");
        let catalog = serde_json::json!({
            "version": 1, "product": "ledgerly", "environment": "prod",
            "accounts": [{ "id": "222222222222", "name": "platform", "hosts": ["vpc"] }],
            "regions": { "us-east-1": { "zones": ["use1-az1"], "pools": ["10.64.0.0/12"] } },
            "tiers": { "business": { "model": "vpc" } },
            "tenants": [{ "id": "acme", "name": name, "tier": "business", "region": "us-east-1" }],
        });
        fs::write(&path, catalog.to_string()).unwrap();
        match read(&path, &mut SourceMap::default(), &mut Report::default()) {
            Ok(catalog) => {
                prop_assert_eq!(catalog.tenants[0].name.value.as_str(), name.as_str());
                let harmless = |character: char| !"\"`$\\|{}<>".contains(character) && !character.is_control();
                prop_assert!(name.chars().all(harmless) && !name.starts_with(['=', '+', '-', '@', ' ']));
            }
            Err(_) => prop_assert!(!expected),
        }
    }
}

/// Reads the catalog and renders whatever is told, so that every place is looked up.
fn told(path: &Path) {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let _ = read(path, &mut sources, &mut report);
    let diagnostics = report.into_sorted(&sources);
    let _ = tenantry::diagnostics::human::render(&diagnostics, &sources, false);
    let _ = tenantry::diagnostics::json::render(&diagnostics, &sources);
}
