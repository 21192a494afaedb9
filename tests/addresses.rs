//! What the command line answers about addresses: the register, `explain`, and settling a merge.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const BASE: &str = r#"
version: 1
product: shop
environment: prod
accounts:
  - { id: "111122223333", name: tenants, hosts: [vpc] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2, euw1-az3], pools: [10.64.0.0/18] }
  us-east-1: { zones: [use1-az1, use1-az2, use1-az4], pools: [10.80.0.0/18] }
reserved:
  - { cidr: 10.64.16.0/20, reason: "head office, building B" }
tiers:
  standard: { model: vpc, size: medium, settings: { zones: 2 } }
tenants:
  - { id: acme, name: Acme Corporation, tier: standard, region: eu-west-1, headroom: 1 }
"#;

/// A catalog directory with a file for each tenant, as teams that share one keep it.
fn catalog(directory: &Path) {
    fs::create_dir_all(directory.join("catalog")).unwrap();
    fs::write(directory.join("catalog/base.yaml"), BASE).unwrap();
}

fn add(directory: &Path, tenant: &str, region: &str) {
    let text = format!(
        "tenants:\n  - {{ id: {tenant}, name: Tenant {tenant}, tier: standard, region: {region} }}\n"
    );
    fs::write(directory.join(format!("catalog/{tenant}.yaml")), text).unwrap();
}

/// Exit status, standard output and standard error.
fn tenantry(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_tenantry")).args(arguments).current_dir(directory).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// What a command prints when it goes well.
fn answer(directory: &Path, arguments: &[&str]) -> String {
    let (status, output, told) = tenantry(directory, arguments);
    assert_eq!((status, told.as_str()), (0, ""), "{arguments:?}");
    output
}

fn lock(directory: &Path) -> String {
    fs::read_to_string(directory.join("tenantry.lock")).unwrap()
}

/// The lines of a lock that do not speak of one tenant. A merge may repeat lines, which does no harm.
fn decisions(text: &str, without: Option<&str>) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| without.is_none_or(|tenant| !line.contains(tenant)));
    lines.map(str::to_owned).collect()
}

fn compiled() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    catalog(directory.path());
    add(directory.path(), "globex", "eu-west-1");
    answer(directory.path(), &["synth"]);
    directory
}

#[test]
fn the_register_shows_every_block_as_a_table_and_as_csv() {
    let directory = compiled();
    let path = directory.path();
    insta::assert_snapshot!("register", answer(path, &["plan", "--addresses"]));
    insta::assert_snapshot!("register_csv", answer(path, &["plan", "--addresses", "--csv"]));
    let document: serde_json::Value =
        serde_json::from_str(&answer(path, &["plan", "--addresses", "--format", "json"])).unwrap();
    let first = &document["addresses"][0];
    assert_eq!((&first["what"], &first["cidr"]), (&"vpc".into(), &"10.64.0.0/22".into()));
    // Of 16384 addresses the head office has 4096, acme 2048 and globex 1024.
    let pool = &document["pools"][0];
    assert_eq!((&pool["reserved"], &pool["used"], &pool["free"]), (&4096.into(), &3072.into(), &9216.into()));
    assert_eq!(tenantry(path, &["plan", "--csv"]).0, 2, "CSV is a form of the register");
}

#[test]
fn an_address_is_explained_down_to_the_line_of_the_catalog() {
    let directory = compiled();
    let path = directory.path();
    for (name, word) in [
        ("address_in_a_subnet", "10.64.2.9"),
        ("address_that_aws_keeps", "10.64.2.1"),
        ("address_kept_for_growth", "10.64.4.1"),
        ("address_that_is_reserved", "10.64.17.1"),
        ("address_that_is_free", "10.64.63.1"),
        ("address_in_no_pool", "192.168.0.1"),
        ("block_over_two_tenants", "10.64.0.0/20"),
        ("tenant", "acme"),
        ("stack", "shop-prod-acme-network"),
    ] {
        insta::assert_snapshot!(name, answer(path, &["explain", word]));
    }
}

#[test]
fn a_tenant_that_has_left_is_explained_by_what_it_has_left() {
    let directory = compiled();
    let path = directory.path();
    fs::remove_file(path.join("catalog/globex.yaml")).unwrap();
    answer(path, &["synth"]);
    let told = answer(path, &["explain", "globex"]);
    assert!(told.contains("it has left") && told.contains("10.64.8.0/22 (tenantry.lock:"), "{told}");
    let told = answer(path, &["explain", "10.64.8.1"]);
    assert!(told.contains("in quarantine") && told.contains("last of globex"), "{told}");
    assert!(answer(path, &["plan", "--addresses", "--csv"]).contains("globex,,,,quarantine,,,10.64.8.0/22"));
}

#[test]
fn a_code_is_explained_before_a_tenant_of_the_same_name_and_says_so() {
    let directory = compiled();
    let path = directory.path();
    add(path, "pool-full", "us-east-1");
    let told = answer(path, &["explain", "pool-full"]);
    assert!(told.starts_with("pool-full: no pool of a Region"), "{told}");
    assert!(told.contains("`tenantry explain pool-full --as tenant`"), "{told}");
    let told = answer(path, &["explain", "pool-full", "--as", "tenant"]);
    assert!(told.starts_with("tenant pool-full\n") && told.contains("not in tenantry.lock yet"), "{told}");
    // A code needs no catalog, nor one without mistakes.
    fs::write(path.join("catalog/broken.yaml"), "tenants: [").unwrap();
    assert!(answer(path, &["explain", "lock-overlap"]).starts_with("lock-overlap: "));
}

#[test]
fn what_nobody_knows_is_refused_with_the_nearest_name() {
    let directory = compiled();
    for (word, code, near) in [
        ("globexx", "unknown-code", "did you mean `globex`?"),
        ("10.64.0.9/22", "host-bits-set", "write `10.64.0.0/22`"),
        ("10.64.0.999", "invalid-cidr", "write an address"),
        ("\u{1b}[2J", "unknown-code", "tenantry explain"),
    ] {
        let (status, output, told) = tenantry(directory.path(), &["explain", word]);
        assert_eq!((status, output.as_str()), (2, ""), "{word}");
        assert!(told.contains(code) && told.contains(near) && !told.contains('\u{1b}'), "{told}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    let (status, _, told) = tenantry(nowhere.path(), &["explain", "10.64.0.9"]);
    assert!(status == 2 && told.contains("there is no catalog here"), "{told}");
}

#[test]
fn a_network_that_has_grown_is_explained_and_known_by_all_its_blocks() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    catalog(path);
    answer(path, &["synth"]);
    // From a /22 with room for one doubling to a /21.
    let grown = BASE.replace("id: acme,", "id: acme, size: double,").replace("headroom: 1", "headroom: 0");
    assert_ne!(grown, BASE);
    answer(path, &["blueprint", "eject", "vpc", "blueprints/vpc"]);
    let file = path.join("blueprints/vpc/blueprint.yaml");
    let blueprint = fs::read_to_string(&file).unwrap().replace("medium: 22,", "medium: 22, double: 21,");
    fs::write(file, blueprint).unwrap();
    fs::write(path.join("catalog/base.yaml"), grown).unwrap();
    answer(path, &["synth", "--blueprints", "blueprints"]);
    assert!(lock(path).contains("secondary: [10.64.4.0/22]"), "{}", lock(path));
    let told = answer(path, &["explain", "10.64.4.9", "--blueprints", "blueprints"]);
    assert!(
        told.contains("  in use\n") && told.contains("10.64.0.0/22, 10.64.4.0/22 of tenant acme"),
        "{told}"
    );
    let told = answer(path, &["explain", "acme", "--blueprints", "blueprints"]);
    assert!(told.contains("10.64.0.0/22, 10.64.4.0/22 (tenantry.lock"), "{told}");
    let vpcs = r#"{"Vpcs": [{"VpcId": "vpc-1", "OwnerId": "111122223333", "CidrBlock": "10.64.0.0/22",
        "CidrBlockAssociationSet": [{"CidrBlock": "10.64.0.0/22"}, {"CidrBlock": "10.64.4.0/22"}]}]}"#;
    fs::write(path.join("vpcs.json"), vpcs).unwrap();
    let told = answer(path, &["adopt", "vpcs.json", "--blueprints", "blueprints"]);
    assert!(told.contains("2 blocks known already"), "{told}");
}

/// A repository in which two branches have each added a tenant and run `tenantry synth`, merged.
fn merged(ours: (&str, &str), theirs: (&str, &str)) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let git = |arguments: &[&str]| {
        let identity =
            ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").args(identity).args(arguments).current_dir(path).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    };
    let commit = || {
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "change"]);
    };
    git(&["init", "--quiet"]);
    fs::write(path.join(".gitattributes"), "tenantry.lock merge=union\n").unwrap();
    fs::write(path.join(".gitignore"), "output/\n").unwrap();
    catalog(path);
    answer(path, &["synth"]);
    commit();
    for (branch, (tenant, region)) in [("ours", ours), ("theirs", theirs)] {
        git(&["checkout", "--quiet", "-b", branch, "main"]);
        add(path, tenant, region);
        answer(path, &["synth"]);
        commit();
    }
    git(&["merge", "--quiet", "--no-edit", "ours"]);
    directory
}

#[test]
fn two_branches_that_took_different_blocks_merge_and_run() {
    let directory = merged(("globex", "eu-west-1"), ("initech", "us-east-1"));
    let path = directory.path();
    let before = lock(path);
    answer(path, &["synth"]);
    assert_eq!(decisions(&lock(path), None), decisions(&before, None), "no decision is added or lost");
    let told = answer(path, &["lock", "settle", "globex"]);
    assert!(told.contains("nothing to settle"), "{told}");
}

#[test]
fn two_branches_that_took_the_same_block_are_settled_by_giving_the_newcomer_another() {
    let directory = merged(("globex", "eu-west-1"), ("initech", "eu-west-1"));
    let path = directory.path();
    let before = lock(path);
    let (status, _, told) = tenantry(path, &["synth"]);
    assert_eq!(status, 2);
    for part in ["lock-overlap", "`globex`", "`initech`", "`tenantry lock settle initech`"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = answer(path, &["lock", "settle", "initech", "--dry-run"]);
    assert!(told.contains("nothing was written") && lock(path) == before, "{told}");
    let told = answer(path, &["lock", "settle", "initech"]);
    assert!(told.contains("- network initech: { cidr: 10.64.8.0/22 }"), "{told}");
    assert!(told.contains("+ network initech: { cidr: 10.64.12.0/22 }"), "{told}");
    assert_eq!(
        decisions(&lock(path), Some("initech")),
        decisions(&before, Some("initech")),
        "the lines of all others stay"
    );
    let settled = lock(path);
    answer(path, &["synth"]);
    assert_eq!(lock(path), settled);
}

#[test]
fn settling_decides_nothing_for_tenants_that_the_lock_does_not_know_yet() {
    let directory = merged(("globex", "eu-west-1"), ("initech", "eu-west-1"));
    let path = directory.path();
    add(path, "aaa", "eu-west-1");
    answer(path, &["lock", "settle", "initech"]);
    assert!(!lock(path).contains("aaa"));
    answer(path, &["synth"]);
    assert!(lock(path).contains("network aaa: "));
}

#[test]
fn a_tenant_that_two_branches_decided_differently_is_settled_too() {
    let directory = compiled();
    let path = directory.path();
    let text = lock(path) + "network globex: { cidr: 10.64.40.0/22 }\n";
    fs::write(path.join("tenantry.lock"), text).unwrap();
    let (status, _, told) = tenantry(path, &["synth"]);
    assert!(status == 2 && told.contains("`tenantry lock settle globex`"), "{told}");
    answer(path, &["lock", "settle", "globex"]);
    answer(path, &["synth", "--locked"]);
}

#[test]
fn settling_leaves_the_lock_alone_where_it_cannot_help() {
    let directory = merged(("globex", "eu-west-1"), ("initech", "eu-west-1"));
    let path = directory.path();
    let before = lock(path);
    for (tenant, code) in [("acme", "lock-overlap"), ("glovex", "unknown-tenant"), ("ACME", "unknown-tenant")]
    {
        let (status, _, told) = tenantry(path, &["lock", "settle", tenant]);
        assert!(status == 2 && (told.contains(code) || told.contains("lock-overlap")), "{tenant}: {told}");
        assert_eq!(lock(path), before);
    }
}
