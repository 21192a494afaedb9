//! Using the program well: what its results are good for, and how it behaves among other programs.
//! What it says word for word stands in `tests/cases/cli`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::SystemTime;

use crate::folder::{Folder, Run, contents};
use serde_json::Value;
use tenantry::diagnostics::Report;
use tenantry::source::SourceMap;
use tenantry::yaml::{Tags, read_yaml};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A YAML file as JSON, by tenantry's own reader.
fn yaml(text: &str) -> Value {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let file = sources.add("file.yaml", text.to_owned());
    read_yaml(file, Tags::Refuse, &sources, &mut report).unwrap().to_json()
}

fn schema(of: &str) -> jsonschema::Validator {
    let schema = json(&Folder::empty().fine(&format!("schema {of}")));
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{of}");
    assert!(jsonschema::draft202012::meta::is_valid(&schema), "{of}");
    jsonschema::draft202012::new(&schema).unwrap()
}

fn assert_fits(of: &str, document: &Value) {
    let schema = schema(of);
    let problems: Vec<String> =
        schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{of}: {problems:?}");
}

fn times(folder: &Folder) -> BTreeMap<PathBuf, SystemTime> {
    let paths = folder.contents().into_keys();
    paths
        .map(|path| {
            let changed = fs::symlink_metadata(folder.path().join(&path)).unwrap().modified().unwrap();
            (path, changed)
        })
        .collect()
}

#[test]
fn a_second_run_touches_no_file() {
    let folder = Folder::of_base("vpc");
    folder.fine("synth");
    let before = (folder.contents(), times(&folder));
    assert!(folder.fine("synth").ends_with("no file changes\n"));
    assert!(before == (folder.contents(), times(&folder)));
}

#[test]
fn what_is_written_fits_its_schema() {
    let folder = Folder::empty();
    folder.fine("init");
    folder.fine("synth");
    assert_fits("catalog", &yaml(&folder.read("catalog.yaml")));
    assert_fits("manifest", &json(&folder.read("output/manifest.json")));
    assert_fits("lock", &yaml(&folder.read("tenantry.lock")));
    folder.fine("blueprint eject vpc");
    assert_fits("blueprint", &yaml(&folder.read("blueprints/vpc/blueprint.yaml")));
}

#[test]
fn the_bases_of_the_cases_fit_their_schemas() {
    for base in ["cells", "telemetry", "vpc"] {
        assert_fits("catalog", &yaml(&Folder::of_base(base).read("catalog.yaml")));
    }
    let folder = Folder::of_base("telemetry");
    assert_fits("blueprint", &yaml(&folder.read("blueprints/telemetry/blueprint.yaml")));
    folder.fine("synth --blueprints blueprints");
    assert_fits("manifest", &json(&folder.read("output/manifest.json")));
    assert_fits("lock", &yaml(&folder.read("tenantry.lock")));
}

#[test]
fn the_schemas_refuse_what_does_not_fit() {
    let mut manifest =
        json(r#"{"version": 1, "product": "a", "environment": "b", "stacks": [], "files": []}"#);
    assert!(schema("manifest").is_valid(&manifest));
    manifest["stacks"] = json(r#"[{"name": "x"}]"#);
    assert!(!schema("manifest").is_valid(&manifest));
    let mut catalog = yaml(&Folder::of_base("vpc").read("catalog.yaml"));
    catalog["tennants"] = Value::Null;
    assert!(!schema("catalog").is_valid(&catalog));
    let blueprints = Folder::of_base("telemetry");
    let mut blueprint = yaml(&blueprints.read("blueprints/telemetry/blueprint.yaml"));
    blueprint["flows"][0]["ports"] = json("[]");
    assert!(!schema("blueprint").is_valid(&blueprint));
}

#[test]
fn the_same_catalog_from_another_place_gives_the_same_tree() {
    let one = Folder::of_base("vpc");
    one.fine("synth");
    let other = Folder::empty();
    other.write("deep/er/catalog.yaml", &one.read("catalog.yaml"));
    other.fine("synth deep/er/catalog.yaml -o elsewhere");
    assert_eq!(contents(&one.path().join("output")), contents(&other.path().join("elsewhere")));
    assert_eq!(one.read("tenantry.lock"), other.read("deep/er/tenantry.lock"));
}

#[test]
fn an_ejected_blueprint_gives_the_same_tree() {
    let (one, other) = (Folder::of_base("vpc"), Folder::of_base("vpc"));
    one.fine("synth");
    other.fine("blueprint eject vpc own/vpc");
    for blueprints in ["own", "own/vpc"] {
        other.fine(&format!("synth --blueprints {blueprints}"));
        assert_eq!(contents(&one.path().join("output")), contents(&other.path().join("output")));
    }
}

#[test]
fn the_plan_as_json_is_the_file_that_synth_writes() {
    let folder = Folder::of_base("vpc");
    let plan = folder.fine("plan --format json");
    assert!(!folder.path().join("output").exists() && !folder.path().join("tenantry.lock").exists());
    folder.fine("synth");
    assert_eq!(plan, folder.read("output/plan.json"));
    json(&plan);
}

#[test]
fn an_error_as_json_says_what_and_where() {
    let folder = Folder::of_base("vpc");
    folder.edit("catalog.yaml", "{ zones: 2 }", "{ zones: 2, nta: one }");
    let Run { status, stdout, stderr } = folder.run("synth --format json");
    assert_eq!((status, stdout.as_str()), (2, ""));
    let error = &json(&stderr)["diagnostics"][0];
    assert_eq!(
        (
            &error["code"],
            &error["severity"],
            &error["file"],
            &error["line"],
            &error["column"],
            &error["text"]
        ),
        (
            &"unknown-setting".into(),
            &"error".into(),
            &"catalog.yaml".into(),
            &19.into(),
            &27.into(),
            &"nta".into()
        )
    );
}

#[test]
fn a_warning_leaves_the_result_on_standard_output_alone() {
    let folder = Folder::of_base("vpc");
    folder.edit("catalog.yaml", "product:", "shared_services: { connect: auto }\nproduct:");
    let Run { status, stdout, stderr } = folder.run("synth --format json");
    assert_eq!(status, 0);
    assert_eq!(json(&stdout)["tenants"], 2);
    assert_eq!(json(&stderr)["diagnostics"][0]["severity"], "warning");
}

#[test]
fn results_as_json_are_one_document() {
    let folder = Folder::of_base("telemetry");
    for arguments in [
        "blueprint list --format json",
        "blueprint show vpc --format json",
        "blueprint show telemetry --blueprints blueprints --format json",
        "explain --format json",
        "explain pool-full --format json",
        "plan --blueprints blueprints --format json",
        "synth --blueprints blueprints --check --locked --format json",
        "schema catalog --format json",
    ] {
        let run = folder.run(arguments);
        let text = if run.status == 2 { &run.stderr } else { &run.stdout };
        assert!(json(text).is_object(), "{arguments}");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    let folder = Folder::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.fine(&format!("completions {shell}"));
        for word in ["tenantry", "synth", "blueprint", "locked"] {
            assert!(script.contains(word), "{shell} {word}");
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = Folder::empty();
    assert!(folder.fine("man").contains(".TH tenantry 1"));
    for command in ["init", "synth", "plan", "explain", "schema", "blueprint", "completions", "man"] {
        let page = folder.fine(&format!("man {command}"));
        assert!(page.contains(".TH") && page.contains(command), "{page}");
    }
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let folder = Folder::of_base("vpc");
    for arguments in ["schema catalog", "plan --format json", "completions zsh", "man", "--help", "explain"] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let mut command = folder.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // The pipe is closed when the reader goes, before the program has ended or at once after it.
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_an_error() {
    let folder = Folder::empty();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = folder.command(&["explain"]).stdout(full).output().unwrap();
    let run = Run::from(output);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.starts_with("error[output-not-writable]: cannot write to standard output: "),
        "{}",
        run.stderr
    );
}

#[test]
fn text_for_a_file_has_no_colour() {
    let folder = Folder::of_base("vpc");
    folder.edit("catalog.yaml", "{ zones: 2 }", "{ nta: one }");
    for (name, value) in [("NO_COLOR", "1"), ("CLICOLOR_FORCE", "0"), ("TERM", "xterm-256color")] {
        let output = folder.command(&["synth"]).env(name, value).output().unwrap();
        assert!(!output.stderr.contains(&0x1b), "{name}");
    }
}

#[test]
fn a_tenant_that_joins_changes_no_file_of_another() {
    let folder = Folder::of_base("vpc");
    folder.fine("synth");
    let before = contents(&folder.path().join("output/stacks"));
    let joins = "tenants:\n  - { id: aardvark, name: Aardvark, tier: standard, region: eu-west-1 }\n";
    folder.edit("catalog.yaml", "tenants:\n", joins);
    folder.fine("synth");
    let after = contents(&folder.path().join("output/stacks"));
    assert_eq!(after.len(), before.len() + 3);
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)));
}

/// The shipped blueprint `subnet` with two tenants in a cell, whose service may open connections to ports on which
/// the answers of others arrive: that is where "anywhere" would let tenants reach each other.
fn neighbours() -> Folder {
    let folder = Folder::empty();
    folder.fine("blueprint eject subnet blueprints/subnet");
    let flow = "- { from: service, to: internet, ports: [443]";
    let part = "blueprints/subnet/parts/service/part.yaml";
    folder.edit(part, flow, &flow.replace("443", "\"443-9000\""));
    folder.write(
        "catalog.yaml",
        "version: 1\nproduct: ledgerly\nenvironment: prod\n\
         accounts: [{ id: \"222222222222\", name: platform, hosts: [subnet] }]\n\
         regions: { us-east-1: { zones: [use1-az1, use1-az2], pools: [10.64.0.0/12] } }\n\
         tags: [{ key: tenant-id, from: tenant.id }]\n\
         tiers: { team: { model: subnet, settings: { service: true, internet_egress: true, database: true } } }\n\
         tenants:\n  - { id: acme, name: Acme, tier: team, region: us-east-1 }\n  \
         - { id: globex, name: Globex, tier: team, region: us-east-1 }\n",
    );
    folder.fine("synth --blueprints blueprints");
    folder
}

#[test]
fn tenants_of_a_cell_are_held_apart_by_groups_and_by_acls() {
    let folder = neighbours();
    folder.fine("check --certificate certificate.json");
    let certificate = json(&folder.read("certificate.json"));
    let depth = &certificate["depth"][0]["pairs_by_layers_that_hold_alone"];
    assert_eq!(*depth, serde_json::json!({ "0": 0, "1": 0, "2": 2, "3": 0 }));
}

/// In the order of an ACL: whether a port is let through for this peer.
fn lets_through(entries: &[&Value], peers: &[Value], port: u64) -> bool {
    let matches = |entry: &&&Value| {
        let ports = entry["from_port"].as_u64().unwrap_or(0)..=entry["to_port"].as_u64().unwrap_or(65535);
        peers.contains(&entry["peer"]) && ports.contains(&port)
    };
    entries.iter().find(matches).is_some_and(|entry| entry["action"] != "deny")
}

#[test]
fn an_acl_of_a_tenant_lets_its_own_subnets_and_the_internet_through_and_no_neighbour() {
    let folder = neighbours();
    let plan = json(&folder.read("output/plan.json"));
    let shape = &plan["shapes"][plan["tenants"][0]["shape"].as_str().unwrap()];
    let entries = |direction: &str| -> Vec<&Value> {
        let all = shape["network_acl_entries"].as_array().unwrap().iter();
        let mut found: Vec<&Value> =
            all.filter(|entry| entry["subnet_group"] == "app" && entry["direction"] == direction).collect();
        found.sort_by_key(|entry| entry["number"].as_u64());
        found
    };
    let anywhere = serde_json::json!({ "kind": "cidr", "cidr": "0.0.0.0/0" });
    let all_tenants = serde_json::json!({ "kind": "cell_subnet_group", "name": "app" });
    let own = serde_json::json!({ "kind": "subnet_group", "name": "data" });
    let all_data = serde_json::json!({ "kind": "cell_subnet_group", "name": "data" });
    for (direction, port) in [("ingress", 8080), ("egress", 8080)] {
        let entries = entries(direction);
        assert!(lets_through(&entries, std::slice::from_ref(&anywhere), port), "{direction}");
        assert!(!lets_through(&entries, &[anywhere.clone(), all_tenants.clone()], port), "{direction}");
    }
    // The tenant's own database is among what is denied as a whole, and comes before that.
    assert!(!lets_through(&entries("egress"), &[all_data.clone(), anywhere.clone()], 5432));
    assert!(lets_through(&entries("egress"), &[own, all_data, anywhere], 5432));
}
