//! Taking in networks that exist already: as reservations, and as homes of tenants.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const CATALOG: &str = r#"
version: 1
product: shop
environment: prod
accounts:
  - { id: "111122223333", name: tenants, hosts: [vpc] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2, euw1-az3], pools: [10.64.0.0/20] }
tiers:
  standard: { model: vpc, size: medium, settings: { zones: 2 } }
tenants:
  - { id: acme, name: Acme Corporation, tier: standard, region: eu-west-1, headroom: 1 }
  - { id: globex, name: Globex, tier: standard, region: eu-west-1 }
"#;

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("catalog.yaml"), CATALOG).unwrap();
    directory
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

fn answer(directory: &Path, arguments: &[&str]) -> String {
    let (status, output, told) = tenantry(directory, arguments);
    assert_eq!((status, told.as_str()), (0, ""), "{arguments:?}");
    output
}

fn write(directory: &Path, name: &str, value: &Value) {
    fs::write(directory.join(name), serde_json::to_string_pretty(value).unwrap()).unwrap();
}

fn lock(directory: &Path) -> String {
    fs::read_to_string(directory.join("tenantry.lock")).unwrap_or_default()
}

fn vpc(id: &str, cidr: &str, name: &str) -> Value {
    json!({
        "CidrBlock": cidr, "DhcpOptionsId": "dopt-1", "State": "available", "VpcId": id,
        "OwnerId": "333333333333", "InstanceTenancy": "default", "IsDefault": false,
        "CidrBlockAssociationSet": [
            {"AssociationId": "a-1", "CidrBlock": cidr, "CidrBlockState": {"State": "associated"}}
        ],
        "Tags": [{"Key": "Name", "Value": name}],
    })
}

#[test]
fn what_others_use_is_reserved_and_never_handed_out() {
    let directory = directory();
    let path = directory.path();
    let mut platform = vpc("vpc-0a1", "10.64.0.0/22", "data platform");
    let sets = platform["CidrBlockAssociationSet"].as_array_mut().unwrap();
    sets.push(json!({"CidrBlock": "10.64.4.0/24", "CidrBlockState": {"State": "associated"}}));
    sets.push(json!({"CidrBlock": "10.99.0.0/16", "CidrBlockState": {"State": "disassociated"}}));
    let mut default = vpc("vpc-0d0", "172.31.0.0/16", "");
    default["IsDefault"] = true.into();
    write(path, "vpcs.json", &json!({"Vpcs": [platform, default]}));
    let end = |id: &str, cidr: &str| json!({"VpcId": id, "OwnerId": "444444444444", "CidrBlock": cidr, "CidrBlockSet": [{"CidrBlock": cidr}]});
    write(
        path,
        "peerings.json",
        &json!({"VpcPeeringConnections": [
            {"VpcPeeringConnectionId": "pcx-1", "Status": {"Code": "active"},
             "AccepterVpcInfo": end("vpc-0a1", "10.64.0.0/22"), "RequesterVpcInfo": end("vpc-0b2", "10.77.0.0/16")},
            {"VpcPeeringConnectionId": "pcx-2", "Status": {"Code": "deleted"},
             "AccepterVpcInfo": end("vpc-0c3", "10.78.0.0/16"), "RequesterVpcInfo": end("vpc-0b2", "10.77.0.0/16")},
        ]}),
    );
    fs::write(path.join("offices.csv"), "cidr,reason\n10.64.12.0/22,\"branch offices, all\"\n").unwrap();
    let files = ["adopt", "vpcs.json", "peerings.json", "offices.csv"];
    let told = answer(path, &[&files[..], &["--dry-run"]].concat());
    assert!(told.contains("nothing was written") && lock(path).is_empty(), "{told}");
    insta::assert_snapshot!("reserved", answer(path, &files));

    let first = lock(path);
    let told = answer(path, &files);
    assert!(told.contains("5 blocks known already; the lock stays as it is"), "{told}");
    assert_eq!(lock(path), first);

    // Only 10.64.8.0/22 is left for tenants, and a part of 10.64.4.0/22 beside it.
    let (status, _, told) = tenantry(path, &["synth"]);
    assert!(
        status == 2
            && told.contains("pool-full")
            && told.contains("10.64.0.0/22 vpc-0a1 (VPC data platform)"),
        "{told}"
    );
    assert_eq!(lock(path), first);
    fs::write(
        path.join("catalog.yaml"),
        CATALOG.replace(", headroom: 1", "").replace("10.64.0.0/20", "10.64.0.0/19"),
    )
    .unwrap();
    answer(path, &["synth"]);
    assert!(lock(path).contains("network acme: { cidr: 10.64.8.0/22 }"), "{}", lock(path));
    assert!(lock(path).contains("network globex: { cidr: 10.64.16.0/22 }"), "{}", lock(path));
    let told = answer(path, &["explain", "10.64.4.7"]);
    assert!(told.contains("reserved") && told.contains("10.64.4.0/24 vpc-0a1: VPC data platform"), "{told}");
    assert!(answer(path, &["plan", "--addresses", "--csv"]).contains(r#""branch offices, all""#));
}

fn with_ipv6(vpc: &mut Value, block: &str) {
    vpc["Ipv6CidrBlockAssociationSet"] =
        json!([{"Ipv6CidrBlock": block, "Ipv6CidrBlockState": {"State": "associated"}}]);
}

/// A catalog whose tenants have two stacks, with addresses of its own.
fn dual_stack(directory: &Path, pools: &str) {
    let catalog = CATALOG
        .replace("zones: 2 }", "zones: 2, ipv6: dual_stack }")
        .replace("pools: [10.64.0.0/20] }", &format!("pools: [10.64.0.0/20]{pools} }}"));
    fs::write(directory.join("catalog.yaml"), catalog).unwrap();
}

const IPV6_POOL: &str =
    r#", ipv6_pools: [{ cidr: "2001:db8:100::/52", pool: ipv6pool-ec2-0123456789abcdef0 }]"#;

#[test]
fn ipv6_blocks_of_others_are_reserved_and_never_handed_out() {
    let directory = directory();
    let path = directory.path();
    dual_stack(path, IPV6_POOL);
    let mut platform = vpc("vpc-0a1", "10.70.0.0/16", "data platform");
    with_ipv6(&mut platform, "2001:db8:100::/56");
    write(path, "vpcs.json", &json!({"Vpcs": [platform]}));
    let told = answer(path, &["adopt", "vpcs.json"]);
    assert!(told.contains("+ reserved 2001:db8:100::/56 vpc-0a1:"), "{told}");
    answer(path, &["synth"]);
    assert!(lock(path).contains("ipv6: 2001:db8:100:100::/56"), "{}", lock(path));
    assert!(!lock(path).contains("ipv6: 2001:db8:100::/56"), "{}", lock(path));
}

#[test]
fn the_ipv6_block_of_a_vpc_that_tenantry_has_deployed_is_known() {
    for (pools, block) in [(IPV6_POOL, "2001:db8:100::/56"), ("", "2600:1f18:1234:5600::/56")] {
        let directory = directory();
        let path = directory.path();
        dual_stack(path, pools);
        answer(path, &["synth"]);
        let before = lock(path);
        let mut own = vpc("vpc-0e5", "10.64.0.0/22", "shop-prod-acme");
        own["OwnerId"] = "111122223333".into();
        with_ipv6(&mut own, block);
        write(path, "vpcs.json", &json!({"Vpcs": [own]}));
        let told = answer(path, &["adopt", "vpcs.json"]);
        assert!(told.contains("2 blocks known already"), "{told}");
        assert_eq!(lock(path), before);
    }
}

#[test]
fn an_ipv6_block_that_a_tenant_has_already_is_an_error_that_names_both() {
    let directory = directory();
    let path = directory.path();
    dual_stack(path, IPV6_POOL);
    answer(path, &["synth"]);
    let before = lock(path);
    let mut stray = vpc("vpc-0a1", "10.70.0.0/16", "stray");
    with_ipv6(&mut stray, "2001:db8:100::/56");
    write(path, "vpcs.json", &json!({"Vpcs": [stray]}));
    let (status, _, told) = tenantry(path, &["adopt", "vpcs.json"]);
    let named = told.contains("the block 2001:db8:100::/56 of `vpc-0a1` and the network of `acme`");
    assert!(status == 2 && named, "{told}");
    assert_eq!(lock(path), before);
    // Written by hand, or by a merge, it is found when the lock is read.
    let line = "reserved 2001:db8:100::/56 vpc-0a1: { reason: \"stray\" }\n";
    fs::write(path.join("tenantry.lock"), before + line).unwrap();
    let (status, _, told) = tenantry(path, &["synth"]);
    assert!(status == 2 && told.contains("lock-overlap"), "{told}");
}

/// What AWS would print about the networks of a plan.
fn described(directory: &Path, tenant: &str, vpc_id: &str) -> (Value, Value) {
    let plan: Value = serde_json::from_str(&answer(directory, &["plan", "--format", "json"])).unwrap();
    let tenant = plan["tenants"].as_array().unwrap().iter().find(|one| one["id"] == tenant).unwrap();
    let network = &tenant["network"];
    let mut vpc = vpc(vpc_id, network["cidr"].as_str().unwrap(), "old");
    vpc["OwnerId"] = "111122223333".into();
    let mut subnets = Vec::new();
    for group in network["subnet_groups"].as_array().unwrap() {
        for subnet in group["subnets"].as_array().unwrap() {
            subnets.push(json!({
                "SubnetId": format!("subnet-{}", subnets.len()), "VpcId": vpc_id, "State": "available",
                "CidrBlock": subnet["cidr"], "AvailabilityZone": "eu-west-1a",
                "AvailabilityZoneId": subnet["zone"],
                "Tags": [{"Key": "subnet-group", "Value": group["name"]}],
            }));
        }
    }
    (json!({"Vpcs": [vpc]}), json!({"Subnets": subnets}))
}

#[test]
fn a_vpc_that_is_cut_like_the_blueprint_becomes_the_home_of_its_tenant() {
    let directory = directory();
    let path = directory.path();
    let (vpcs, mut subnets) = described(path, "globex", "vpc-0e5");
    // Planning would give globex 10.64.8.0/22; it has 10.64.12.0/22 and keeps it.
    let moved = |value: &Value| {
        serde_json::from_str::<Value>(
            &value
                .to_string()
                .replace("10.64.8.", "10.64.12.")
                .replace("10.64.9.", "10.64.13.")
                .replace("10.64.10.", "10.64.14."),
        )
        .unwrap()
    };
    let vpcs = moved(&vpcs);
    subnets = moved(&subnets);
    // The groups of two subnets are named on the command line instead.
    for subnet in subnets["Subnets"].as_array_mut().unwrap().iter_mut().take(2) {
        subnet["Tags"] = json!([{"Key": "subnet-group", "Value": "${AWS::StackName}"}]);
    }
    write(path, "vpcs.json", &vpcs);
    write(path, "subnets.json", &subnets);
    // As long as nobody says whose it is, it is somebody's.
    answer(path, &["adopt", "vpcs.json"]);
    assert!(lock(path).contains("reserved 10.64.12.0/22 vpc-0e5: "));
    let home = [
        "adopt",
        "vpcs.json",
        "subnets.json",
        "--tenant",
        "globex=vpc-0e5",
        "--subnet-group",
        "public=subnet-0,subnet-1",
    ];
    insta::assert_snapshot!("home", answer(path, &home));
    let adopted = lock(path);
    assert!(answer(path, &home).contains("the lock stays as it is"));
    assert!(answer(path, &["adopt", "vpcs.json"]).contains("1 block known already; the lock stays as it is"));
    answer(path, &["synth"]);
    for line in adopted.lines() {
        assert!(lock(path).lines().any(|kept| kept == line), "{line}");
    }
    let (_, planned) = described(path, "globex", "vpc-0e5");
    let cidrs = |subnets: &Value| -> Vec<Value> {
        subnets["Subnets"].as_array().unwrap().iter().map(|subnet| subnet["CidrBlock"].clone()).collect()
    };
    assert_eq!(cidrs(&planned), cidrs(&subnets), "the plan is what exists");
}

#[test]
fn a_vpc_that_is_cut_otherwise_is_refused_with_the_reason() {
    let directory = directory();
    let path = directory.path();
    let (vpcs, subnets) = described(path, "globex", "vpc-0e5");
    let run = |vpcs: &Value, subnets: &Value, more: &[&str]| {
        write(path, "vpcs.json", vpcs);
        write(path, "subnets.json", subnets);
        let arguments = [&["adopt", "vpcs.json", "subnets.json"], more].concat();
        let (status, output, told) = tenantry(path, &arguments);
        assert_eq!((status, output.as_str(), lock(path).as_str()), (2, "", ""), "{told}");
        told
    };
    let home = ["--tenant", "globex=vpc-0e5"];
    type Change = fn(&mut Value, &mut Value);
    let changes: [(Change, &str); 15] = [
        (|vpcs, _| vpcs["Vpcs"][0]["OwnerId"] = "999999999999".into(), "it belongs to 999999999999"),
        (
            |vpcs, _| {
                let set = vpcs["Vpcs"][0]["CidrBlockAssociationSet"].as_array_mut().unwrap();
                set.push(json!({"CidrBlock": "10.70.0.0/16"}));
            },
            "it has the blocks 10.64.8.0/22, 10.70.0.0/16",
        ),
        (
            |vpcs, _| with_ipv6(&mut vpcs["Vpcs"][0], "2001:db8:1::/56"),
            "it has the IPv6 addresses 2001:db8:1::/56",
        ),
        (
            |vpcs, _| {
                vpcs["Vpcs"][0]["CidrBlock"] = "10.64.8.0/24".into();
                vpcs["Vpcs"][0]["CidrBlockAssociationSet"] = json!([]);
            },
            "set `size: small`",
        ),
        (
            |vpcs, _| {
                vpcs["Vpcs"][0]["CidrBlock"] = "10.99.8.0/22".into();
                vpcs["Vpcs"][0]["CidrBlockAssociationSet"] = json!([]);
            },
            "lies in no pool of eu-west-1",
        ),
        (|_, subnets| subnets["Subnets"] = json!([]), "no subnet belongs to its group `public`"),
        (
            |_, subnets| subnets["Subnets"][0]["Tags"] = json!([]),
            "its subnet `subnet-0` belongs to no subnet group",
        ),
        (
            |_, subnets| subnets["Subnets"][1]["CidrBlock"] = "10.64.8.64/27".into(),
            "is a /27, and those of `public` are a /26",
        ),
        (
            |_, subnets| subnets["Subnets"][1]["CidrBlock"] = "10.64.11.192/26".into(),
            "lies outside of 10.64.8.0/24",
        ),
        (
            |_, subnets| subnets["Subnets"][0]["AvailabilityZoneId"] = Value::Null,
            "`subnet-0` does not tell its zone id",
        ),
        (
            |_, subnets| subnets["Subnets"][0]["AvailabilityZoneId"] = "use1-az1".into(),
            "is no zone of the tenant's Region",
        ),
        (|_, subnets| subnets["Subnets"][0]["AvailabilityZoneId"] = "euw1-az2".into(), "`euw1-az2`"),
        (|_, subnets| subnets["Subnets"][0]["CidrBlock"] = "10.64.8.192/26".into(), "`euw1-az1` has slot 3"),
        (
            |_, subnets| {
                for (at, cidr) in ["10.64.8.128/26", "10.64.11.0/25", "10.64.9.128/26"].iter().enumerate() {
                    subnets["Subnets"][at * 2]["CidrBlock"] = (*cidr).into();
                    // The other zone goes.
                    subnets["Subnets"][at * 2 + 1]["VpcId"] = "vpc-0ff".into();
                }
            },
            "its zones do not fill the slots from the first on: euw1-az1 in slot 2",
        ),
        (|vpcs, _| vpcs["Vpcs"][0]["VpcId"] = "vpc-0e6".into(), "did you mean `vpc-0e6`?"),
    ];
    for (change, reason) in changes {
        let (mut vpcs, mut subnets) = (vpcs.clone(), subnets.clone());
        change(&mut vpcs, &mut subnets);
        let told = run(&vpcs, &subnets, &home);
        assert!(told.contains(reason), "{reason}: {told}");
    }
    // All that is wrong is told at once.
    let told = run(
        &vpcs,
        &subnets,
        &[
            "--tenant",
            "globax=vpc-0e5",
            "--tenant",
            "acme=vpc-0e5",
            "--tenant",
            "acme=vpc-0e7",
            "--subnet-group",
            "app=subnet-99",
        ],
    );
    for part in ["did you mean `globex`?", "is named twice", "`subnet-99`"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    for (option, wrong) in
        [("--tenant", "globex"), ("--tenant", "globex=i-1"), ("--subnet-group", "App=subnet-1")]
    {
        assert!(run(&vpcs, &subnets, &[option, wrong]).contains("is nothing that `--"), "{wrong}");
    }
}

#[test]
fn a_block_that_a_tenant_has_already_is_an_error_that_names_both() {
    let directory = directory();
    let path = directory.path();
    answer(path, &["synth"]);
    let before = lock(path);
    write(
        path,
        "vpcs.json",
        &json!({"Vpcs": [vpc("vpc-0a1", "10.64.8.0/22", "x"), vpc("vpc-0b2", "10.70.0.0/16", "y")]}),
    );
    let (status, _, told) = tenantry(path, &["adopt", "vpcs.json"]);
    assert_eq!((status, lock(path)), (2, before.clone()), "nothing is taken in by half");
    for part in [
        "adopted-block-taken",
        "`vpc-0a1`",
        "`globex`",
        "--tenant globex=vpc-0a1",
        "vpcs.json:",
        "tenantry.lock:",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // What tenantry has deployed itself is known by its block and account.
    let mut own = vpc("vpc-0e5", "10.64.8.0/22", "shop-prod-globex");
    own["OwnerId"] = "111122223333".into();
    write(path, "vpcs.json", &json!({"Vpcs": [own]}));
    assert!(answer(path, &["adopt", "vpcs.json"]).contains("1 block known already"));
    // In the same account, but not that block: somebody else's.
    let mut stray = vpc("vpc-0e6", "10.64.9.0/24", "stray");
    stray["OwnerId"] = "111122223333".into();
    write(path, "vpcs.json", &json!({"Vpcs": [stray]}));
    let (status, _, told) = tenantry(path, &["adopt", "vpcs.json"]);
    assert!(status == 2 && told.contains("adopted-block-taken"), "{told}");
    // Another block than that in the lock is no home, since addresses never move.
    let mut moved = vpc("vpc-0e5", "10.64.12.0/22", "old");
    moved["OwnerId"] = "111122223333".into();
    write(path, "vpcs.json", &json!({"Vpcs": [moved]}));
    let (status, _, told) = tenantry(path, &["adopt", "vpcs.json", "--tenant", "globex=vpc-0e5"]);
    assert!(status == 2 && told.contains("it has the network 10.64.8.0/22 in the lock"), "{told}");
}

#[test]
fn hostile_files_are_data_or_are_refused() {
    let directory = directory();
    let path = directory.path();
    let hostile = [
        "=HYPERLINK(1)",
        "{{resolve:ssm:/x}}",
        "${AWS::AccountId}",
        "a\"b: {",
        "\u{202e}gpj",
        "x\nnetwork acme: { cidr: 10.64.0.0/22 }",
    ];
    let vpcs: Vec<Value> = hostile
        .iter()
        .enumerate()
        .map(|(number, name)| vpc(&format!("vpc-0{number}"), &format!("10.7{number}.0.0/16"), name))
        .collect();
    write(path, "vpcs.json", &json!({"Vpcs": vpcs}));
    answer(path, &["adopt", "vpcs.json"]);
    let text = lock(path);
    assert_eq!(text.matches("reason: \"VPC in use\"").count(), hostile.len(), "{text}");
    assert_eq!(text.lines().count(), 4 + hostile.len());

    let deep = "[".repeat(5000);
    for (file, code) in [
        (deep.as_str(), "nested-too-deeply"),
        ("{", "syntax-error"),
        ("[]", "adoption-input"),
        ("{\"Reservations\": []}", "adoption-input"),
        ("{\"Vpcs\": 7}", "adoption-input"),
        ("{\"Vpcs\": [7]}", "adoption-input"),
        ("{\"Vpcs\": [{\"VpcId\": \"vpc-1 }\", \"CidrBlock\": \"10.0.0.0/8\"}]}", "adoption-input"),
        ("{\"Vpcs\": [{\"VpcId\": \"vpc-1\", \"CidrBlock\": \"10.0.0.1/8\"}]}", "adoption-input"),
        ("{\"Vpcs\": [{\"VpcId\": \"vpc-1\"}]}", "adoption-input"),
        ("", "adoption-input"),
        ("cidr\n10.0.0.0/8\n", "adoption-input"),
        ("cidr,reason\n10.0.0.0/8\n", "adoption-input"),
        ("cidr,reason\n10.0.0.1/8,x\n", "adoption-input"),
        ("cidr,reason\n\n10.0.0.0/8,=cmd()\n", "adoption-input"),
        ("cidr,reason\n10.0.0.0/8,\n", "adoption-input"),
    ] {
        fs::write(path.join("file"), file).unwrap();
        let (status, output, told) = tenantry(path, &["adopt", "file"]);
        assert_eq!((status, output.as_str(), lock(path) == text), (2, "", true), "{file}: {told}");
        assert!(told.contains(code), "{file}: {told}");
    }
    let (status, _, told) = tenantry(path, &["adopt", "no-such-file"]);
    assert!(status == 2 && told.contains("unreadable-file"), "{told}");
}
