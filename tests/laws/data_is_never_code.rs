//! Law 7: what a catalog says is text and stays text, or is refused at its place.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::compiled::{Compiled, Refused, compile};

/// Stands in every hostile text, so that it is found again wherever it ends.
const MARK: &str = "zqx";

const WORDS: [&str; 46] = [
    "${AWS::AccountId}",
    "${!AWS::AccountId}",
    "${aws:PrincipalTag/x}",
    "${TenantId}",
    "${",
    "$",
    "{",
    "}",
    "!",
    "{{resolve:ssm:/x}}",
    "{{resolve:secretsmanager:x}}",
    "{resolve:ssm:/x}",
    "{{settings.zones}}",
    "{{{x}}}",
    "{{",
    "}}",
    "{{#if x}}",
    "=cmd()",
    "+1",
    "-1",
    "@x",
    "\"",
    "'",
    "`",
    "\n",
    "\r\n",
    "\t",
    "\u{0}",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{2028}",
    "*",
    "?",
    "\\",
    "\\u0000",
    "</script>",
    "<!--",
    "|",
    ",",
    "💥",
    "é",
    " ",
    "Fn::Sub",
    "#",
];

/// Texts that some pattern of a setting takes, and whole attacks.
const TEXTS: [&str; 12] = [
    "zqx.example.com",
    "/zqx",
    "arn:aws:iam::*:role/zqx-*",
    "arn:aws:iam::*:role/zqx,arn:aws:iam::*:role/*",
    "registry.example.com/zqx:1",
    "zqx",
    "{\"Ref\": \"zqx\"}",
    "{{resolve:ssm-secure:/zqx:1}}",
    "${zqx",
    "zqx ${AWS::StackId} ${!x} ${",
    "=HYPERLINK(\"http://zqx\")",
    "../../zqx",
];

fn hostile() -> impl Strategy<Value = String> {
    let words = (prop::collection::vec(select(WORDS.to_vec()), 0..5), any::<prop::sample::Index>());
    let built = words.prop_map(|(mut words, at)| {
        words.insert(at.index(words.len() + 1), MARK);
        words.concat()
    });
    let long = (1..3000usize).prop_map(|length| format!("{MARK}{}", "x".repeat(length)));
    prop_oneof![5 => built, 2 => select(TEXTS.to_vec()).prop_map(str::to_owned), 1 => long]
}

/// Everywhere that a catalog holds free text.
const PLACES: [&str; 17] = [
    "/tenants/0/name",
    "/tenants/0/tags/owner",
    "/tenants/0/tags/data-class",
    "/tenants/0/settings/image",
    "/tenants/0/settings/domain",
    "/tenants/0/settings/hosted_zone",
    "/tenants/0/settings/health_check_path",
    "/tenants/0/settings/key_administrators/0",
    "/tenants/0/settings/interface_endpoints/0",
    "/tiers/business/settings/image",
    "/reserved/0/reason",
    "/accounts/0/name",
    "/tags/2/default",
    "/tags/2/values/2",
    "/organization/id",
    "/organization/root",
    "/organization/management_account",
];

/// Texts that are names with a grammar, so that hardly any other text is taken.
const NAMES: [&str; 14] = [
    "/product",
    "/environment",
    "/tenants/0/id",
    "/tenants/0/tier",
    "/tenants/0/region",
    "/tenants/0/status",
    "/tenants/0/compliance/0",
    "/tenants/0/ingress/0",
    "/tiers/business/size",
    "/tiers/business/model",
    "/regions/us-east-1/zones/0",
    "/regions/us-east-1/pools/0",
    "/regions/us-east-1/prefix_lists/s3",
    "/tags/3/key",
];

fn catalog() -> Value {
    let settings = json!({
        "load_balancer": true, "service": true, "database": true, "domain": "example.com", "hosted_zone": "Z0AAA",
        "internet_egress": true, "image": "example.com/app:1", "health_check_path": "/health",
        "key_administrators": ["arn:aws:iam::222222222222:role/deploy"], "interface_endpoints": ["kms"],
    });
    json!({
        "version": 1, "product": "ledgerly", "environment": "prod",
        "organization": { "id": "o-a1b2c3d4e5", "management_account": "111111111111", "root": "r-ab12" },
        "accounts": [{ "id": "222222222222", "name": "platform", "hosts": ["vpc"] }],
        "regions": { "us-east-1": {
            "zones": ["use1-az1", "use1-az2"], "pools": ["10.64.0.0/14"], "prefix_lists": { "s3": "pl-0a1b2c3d" },
        } },
        "reserved": [{ "cidr": "10.0.0.0/10", "reason": "head office" }],
        "tags": [
            { "key": "tenant-id", "from": "tenant.id" },
            { "key": "owner" },
            { "key": "data-class", "values": ["open", "closed", "secret"], "default": "open" },
            { "key": "spare" },
        ],
        "tiers": { "business": { "model": "vpc", "size": "medium", "settings": settings } },
        "tenants": [
            {
                "id": "acme", "name": "Acme", "tier": "business", "region": "us-east-1", "status": "active",
                "compliance": ["hipaa"], "ingress": ["203.0.113.0/24"],
                "tags": { "owner": "ops", "data-class": "closed" }, "settings": settings,
            },
            { "id": "globex", "name": "Globex", "tier": "business", "region": "us-east-1" },
        ],
    })
}

fn run(catalog: &Value, blueprints: Option<&Path>) -> Result<Compiled, Refused> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.json");
    // Indented, so that what is underlined is one value and not the file.
    std::fs::write(&path, serde_json::to_string_pretty(catalog).unwrap()).unwrap();
    compile(&path, None, blueprints)
}

/// Said at the place of the text, and shown without a character that commands the terminal.
fn is_told(refused: &Refused, place: &str, hostile: &str) {
    let underlined = refused
        .told
        .iter()
        .filter(|one| one["severity"] == "error")
        .any(|one| one["text"].as_str().is_some_and(|text| text.contains(MARK)));
    assert!(underlined, "{hostile:?} at {place}: nothing points there\n{}", refused.shown);
    let plays = |character: &char| (character.is_control() && *character != '\n') || *character == '\u{202e}';
    let shown = refused.shown.chars().find(plays);
    assert_eq!(shown, None, "{hostile:?} at {place} reaches the terminal\n{:?}", refused.shown);
}

/// Everywhere in the output a text is the whole of a JSON string, and no reference is born.
fn is_only_text(compiled: &Compiled, place: &str, hostile: &str) {
    for (path, bytes) in &compiled.files {
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(!text.contains("{{resolve:"), "{hostile:?} at {place}: a dynamic reference in {path}");
        if path.ends_with(".sh") {
            assert!(!text.contains(hostile), "{hostile:?} at {place}: a text of the catalog in {path}");
            continue;
        }
        whole(&serde_json::from_str(text).unwrap(), &|found| {
            assert_eq!(found, hostile, "{place}: a part of a text in {path}");
        });
    }
    assert!(!compiled.lock.contains(MARK), "{hostile:?} at {place} is in the lock");
}

fn whole(value: &Value, look: &dyn Fn(&str)) {
    match value {
        Value::String(text) if text.contains(MARK) => look(text),
        Value::Array(items) => items.iter().for_each(|item| whole(item, look)),
        Value::Object(map) => {
            for (key, value) in map {
                assert!(!key.contains(MARK), "a key: {key:?}");
                assert!(key != "Fn::Sub" || !value.to_string().contains(MARK), "inside Fn::Sub: {value}");
                whole(value, look);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn a_text_is_refused_at_its_place_or_comes_out_as_it_is(place in select(PLACES.to_vec()), hostile in hostile()) {
        let mut catalog = catalog();
        *catalog.pointer_mut(place).unwrap() = json!(hostile);
        match run(&catalog, None) {
            Ok(compiled) => {
                is_only_text(&compiled, place, &hostile);
                // What people read in tables and reports is harmless there too; a setting is the blueprint's.
                if !place.contains("/settings/") {
                    let begins = hostile.starts_with(['=', '+', '-', '@', ' ']);
                    let holds = hostile.contains(['"', '`', '$', '\\', '|', '{', '}', '<', '>']);
                    prop_assert!(!begins && !holds, "{:?} at {} is taken", hostile, place);
                }
            }
            Err(refused) => is_told(&refused, place, &hostile),
        }
    }

    #[test]
    fn a_name_has_a_grammar_that_leaves_nothing_to_fear(place in select(NAMES.to_vec()), hostile in hostile()) {
        let mut catalog = catalog();
        *catalog.pointer_mut(place).unwrap() = json!(hostile);
        match run(&catalog, None) {
            Ok(compiled) => {
                let harmless = |character: char| character.is_alphanumeric() || " _.:/=+-@".contains(character);
                prop_assert!(hostile.chars().all(harmless), "{:?} at {} is taken", hostile, place);
                for bytes in compiled.files.values() {
                    prop_assert!(!String::from_utf8_lossy(bytes).contains("{{resolve:"));
                }
            }
            Err(refused) => is_told(&refused, place, &hostile),
        }
    }

    /// The blueprints in the binary let few texts through; one of a user may take any.
    #[test]
    fn a_blueprint_that_takes_any_text_says_it_as_it_is(shaped in hostile(), lifted in hostile()) {
        let mut catalog = catalog();
        let settings = json!({ "shaped": shaped, "lifted": lifted, "listed": [shaped] });
        catalog["tiers"]["echoing"] = json!({ "model": "vpc", "blueprint": "echo", "settings": settings });
        catalog["tenants"] = json!([{ "id": "acme", "name": "Acme", "tier": "echoing", "region": "us-east-1" }]);
        match run(&catalog, Some(Path::new("tests/laws/echo"))) {
            Ok(compiled) => echoes(&compiled, &shaped, &lifted),
            Err(refused) => is_told(&refused, "settings", &shaped),
        }
    }
}

/// Evaluates each value of the echo as CloudFormation would, and holds it against what it should be.
fn echoes(compiled: &Compiled, shaped: &str, lifted: &str) {
    for stack in compiled.stacks() {
        let mut names: BTreeMap<String, String> = stack.deployment["parameters"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        names.insert("AWS::Region".to_owned(), "us-east-1".to_owned());
        for (id, resource) in stack.template["Resources"].as_object().unwrap() {
            let properties = &resource["Properties"];
            let mut expected = String::new();
            for part in properties["Description"].as_str().unwrap().split_inclusive('>') {
                let (before, placeholder) = part.split_once('<').unwrap_or((part, ""));
                expected += before;
                expected += match placeholder {
                    "S>" => shaped,
                    "L>" => lifted,
                    "N>" => "Acme",
                    "REGION>" => "us-east-1",
                    _ => placeholder,
                };
            }
            let said = evaluated(&properties["Value"], &names);
            assert_eq!(said, expected, "{id} with {shaped:?} and {lifted:?}: {}", properties["Value"]);
            assert!(!said.contains("{{resolve:"), "{id}");
        }
    }
}

fn evaluated(value: &Value, names: &BTreeMap<String, String>) -> String {
    let Value::Object(map) = value else { return value.as_str().unwrap().to_owned() };
    let (function, argument) = map.iter().next().unwrap();
    match (function.as_str(), argument) {
        ("Ref", name) => names[name.as_str().unwrap()].clone(),
        ("Fn::Sub", Value::String(text)) => substituted(text, names),
        ("Fn::Sub", long) => {
            let mut names = names.clone();
            for (name, value) in long[1].as_object().unwrap() {
                let value = evaluated(value, &names);
                names.insert(name.clone(), value);
            }
            substituted(long[0].as_str().unwrap(), &names)
        }
        ("Fn::Select", list) => evaluated(&list[1][list[0].as_u64().unwrap() as usize], names),
        _ => panic!("the echo has no {function}"),
    }
}

/// `Fn::Sub`: `${name}` is a value, `${!name}` the text `${name}`. What else stands after `${` is
/// refused by CloudFormation, or read in a way that its documentation does not tell.
fn substituted(text: &str, names: &BTreeMap<String, String>) -> String {
    let (mut said, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or_else(|| panic!("never closed: {text:?}"));
        said += before;
        match name.strip_prefix('!') {
            Some(literal) if !literal.contains("${") => said += &format!("${{{literal}}}"),
            Some(_) => panic!("one inside another: {text:?}"),
            None => said += names.get(name).unwrap_or_else(|| panic!("no name {name:?}: {text:?}")),
        }
        rest = after;
    }
    said + rest
}

/// A key from data could be a function, and what stands below it its argument.
#[test]
fn a_key_from_a_catalog_is_no_function() {
    for (keyed, taken) in [("Fn::Sub", false), ("Ref", false), ("Fn::Transform", false), ("Department", true)]
    {
        let mut catalog = catalog();
        let settings = json!({ "keyed": keyed });
        catalog["tiers"]["echoing"] = json!({ "model": "vpc", "blueprint": "echo", "settings": settings });
        catalog["tenants"] =
            json!([{ "id": "acme", "name": "Acme", "tier": "echoing", "region": "us-east-1" }]);
        match run(&catalog, Some(Path::new("tests/laws/echo"))) {
            Ok(compiled) => {
                assert!(taken, "{keyed} became a key");
                let [stack] = compiled.stacks().try_into().unwrap_or_else(|_| panic!("one stack"));
                assert_eq!(
                    stack.template["Resources"]["Keyed"]["Metadata"],
                    json!({ keyed: "AWS::AccountId" })
                );
            }
            Err(refused) => assert_eq!((taken, refused.codes()), (false, vec!["unsafe-data".to_owned()])),
        }
    }
}
