//! What code hosts read is SARIF 2.1.0: as much of the standard as findings make use of is written down
//! beside this as a schema that allows nothing else.

use serde_json::{Value, json};

use crate::folder::Folder;

fn schema() -> Value {
    serde_json::from_str(include_str!("sarif.schema.json")).unwrap()
}

#[test]
fn findings_are_sarif_as_the_standard_has_it() {
    let folder = Folder::of_base("vpc");
    folder.fine("synth");
    for deployment in ["foundation", "network"] {
        let path = format!("output/stacks/111122223333/eu-west-1/shop-prod-acme-{deployment}.json");
        folder.edit(&path, "\"TenantId\": \"acme\"", "\"TenantId\": \"globex\", \"Größe\": \"1\"");
    }
    let run = folder.run("check --format sarif");
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let run = &document["runs"][0];
    let (rules, results) = (&run["tool"]["driver"]["rules"], run["results"].as_array().unwrap());
    assert!(results.len() >= 4);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(folder.path().join(uri).is_file(), "{uri}");
    }
    assert!(results.iter().any(|result| result["ruleId"] == "foreign-tenant-tag"));
    assert!(results.iter().any(|result| result.get("relatedLocations").is_some()));
}

#[test]
fn a_tree_without_findings_is_a_run_without_results() {
    let folder = Folder::of_base("vpc");
    folder.fine("synth");
    let document: Value = serde_json::from_str(&folder.fine("check --format sarif")).unwrap();
    assert!(jsonschema::is_valid(&schema(), &document));
    assert_eq!(document["runs"][0]["results"], json!([]));
}
