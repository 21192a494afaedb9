//! Law 5: a failed run leaves output and lock as they were, and what tenantry did not write stays.
//!
//! The program itself is run, as users run it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::compiled::{compile, snapshot};
use crate::random::company;

fn tenantry(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tenantry")).current_dir(directory).args(arguments).output().unwrap()
}

/// Ways to spoil a catalog that compiles, each at another stage of the work.
const MISTAKES: [&str; 10] = [
    "broken-syntax",
    "unknown-tier",
    "duplicate-tenant",
    "host-bits",
    "unsafe-name",
    "missing-tag",
    "unknown-setting",
    "other-product",
    "swallowed-pool",
    "other-size",
];

fn spoiled(catalog: &Value, mistake: &str) -> String {
    let mut catalog = catalog.clone();
    let tenant = &mut catalog["tenants"][0];
    match mistake {
        "broken-syntax" => return format!("{catalog}]"),
        "unknown-tier" => tenant["tier"] = json!("platinum"),
        "duplicate-tenant" => {
            let again = tenant.clone();
            catalog["tenants"].as_array_mut().unwrap().push(again);
        }
        "host-bits" => tenant["ingress"] = json!(["203.0.113.1/24"]),
        "unsafe-name" => tenant["name"] = json!("{{resolve:ssm:/x}}"),
        "missing-tag" => _ = tenant["tags"].as_object_mut().unwrap().remove("cost-center"),
        "unknown-setting" => tenant["settings"] = json!({ "zoness": 2 }),
        "other-product" => catalog["product"] = json!("elsewhere"),
        "swallowed-pool" => catalog["reserved"] = json!([{ "cidr": "10.64.0.0/11", "reason": "a merger" }]),
        _ => {
            // A network that exists cannot move to a smaller block, and no size is smaller than that.
            catalog["tiers"]["spoiled"] = json!({ "model": "vpc", "size": "tiny" });
            catalog["tenants"][0]["tier"] = json!("spoiled");
        }
    }
    catalog.to_string()
}

proptest! {
    #![proptest_config(crate::cases(6))]

    #[test]
    fn a_failed_run_leaves_everything_as_it_was(
        (company, next) in (company(), company()),
        mistakes in prop::collection::vec(select(MISTAKES.to_vec()), 4),
        locked in any::<bool>(),
    ) {
        prop_assume!(!company.tenants.is_empty());
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        let good = company.json();
        let write = |text: &str| fs::write(here.join("catalog.yaml"), text).unwrap();
        write(&good.to_string());
        // A README is allowed in an output directory before the first run, all else only after it.
        fs::create_dir(here.join("output")).unwrap();
        fs::write(here.join("output/README.md"), "ours").unwrap();
        let first = tenantry(here, &["synth"]);
        prop_assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));

        let foreign = ["output/README.md", "output/stacks/notes.txt", "output/templates/own/stack.json", "output/own/plan.json"];
        for name in foreign {
            fs::create_dir_all(here.join(name).parent().unwrap()).unwrap();
            fs::write(here.join(name), "ours").unwrap();
        }
        let before = snapshot(here);
        for mistake in mistakes {
            write(&spoiled(&good, mistake));
            let arguments: &[&str] = if locked { &["synth", "--locked"] } else { &["synth"] };
            let run = tenantry(here, arguments);
            prop_assert_eq!(run.status.code(), Some(2), "{}: {}", mistake, String::from_utf8_lossy(&run.stderr));
            prop_assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{}", mistake);
            write(&good.to_string());
            prop_assert!(snapshot(here) == before, "{} left something behind", mistake);
        }

        // What is written is what is compiled in memory, and a second run has nothing to do.
        let compiled = compile(&here.join("catalog.yaml"), None, None).unwrap();
        for (path, bytes) in &compiled.files {
            prop_assert_eq!(before.get(&format!("output/{path}")), Some(bytes), "{}", path);
        }
        prop_assert_eq!(before.get("tenantry.lock").map(Vec::as_slice), Some(compiled.lock.as_bytes()));
        let quiet = tenantry(here, &["synth", "--check", "--locked"]);
        prop_assert_eq!(quiet.status.code(), Some(0));
        prop_assert!(snapshot(here) == before);

        // `--check` on another catalog tells the difference and writes nothing.
        let other = crate::company::Company { tenants: Vec::new(), ..company.clone() };
        write(&other.json().to_string());
        let changed = snapshot(here);
        let check = tenantry(here, &["synth", "--check"]);
        prop_assert_eq!(check.status.code(), Some(1), "{}", String::from_utf8_lossy(&check.stderr));
        let refused = tenantry(here, &["synth", "--locked"]);
        prop_assert_eq!(refused.status.code(), Some(2));
        prop_assert!(snapshot(here) == changed);

        // All tenants leave, others come: what is not tenantry's stays, and nothing old remains.
        prop_assert_eq!(tenantry(here, &["synth"]).status.code(), Some(0));
        let others = crate::company::Company { tenants: next.tenants.clone(), ..company };
        write(&others.json().to_string());
        let run = tenantry(here, &["synth"]);
        prop_assume!(run.status.code() == Some(0));
        let after = snapshot(here);
        for name in foreign {
            prop_assert_eq!(after.get(name).map(Vec::as_slice), Some(b"ours".as_slice()), "{}", name);
        }
        let lock = std::str::from_utf8(&after["tenantry.lock"]).unwrap();
        let compiled = compile(&here.join("catalog.yaml"), Some(lock), None).unwrap();
        let expected = compiled.files.keys().map(|path| format!("output/{path}"));
        let expected: std::collections::BTreeSet<String> = expected.chain(foreign.map(str::to_owned)).collect();
        let found = after.keys().filter(|path| path.starts_with("output/")).cloned().collect();
        prop_assert_eq!(expected, found);
    }
}
