//! Judges over the committed output: nothing is wrong with it.

use std::path::Path;

use crate::check::model::read;
use crate::check::{Judged, certificate, check, model};
use crate::diagnostics::{Report, human};
use crate::source::SourceMap;

#[test]
fn nothing_is_found_in_the_committed_output() {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("output");
    let estate = read(&root, &mut sources, &mut report).unwrap();
    let found: Vec<_> = check(&estate, &sources).into_iter().map(|finding| finding.diagnostic).collect();
    assert!(found.is_empty(), "{}", human::render(&found, &sources, false));
}

/// What the certificate of two tenants says, one of whom has this template.
fn verdicts(template: &str) -> serde_json::Value {
    let stack = |name: &str| {
        format!(
            r#"{{"name": "{name}", "account": "222222222222", "region": "us-east-1", "template": "{name}.yaml", "deployment": "{name}.json",
                "tenant": "{name}", "cell": "vpc/1", "model": "vpc", "capabilities": [], "depends_on": [], "wave": 1}}"#
        )
    };
    let plain = "Resources: {Topic: {Type: AWS::SNS::Topic}}";
    let files = [
        (
            "manifest.json",
            format!(r#"{{"version": 1, "files": [], "stacks": [{}, {}]}}"#, stack("acme"), stack("globex")),
        ),
        ("acme.yaml", plain.to_owned()),
        ("globex.yaml", template.to_owned()),
        ("acme.json", r#"{"template-file-path": "acme.yaml"}"#.to_owned()),
        ("globex.json", r#"{"template-file-path": "globex.yaml"}"#.to_owned()),
    ];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let estate = model::read_files(Path::new(""), files, &mut sources, &mut report).unwrap();
    certificate(&estate, &sources, &Judged::of(&estate))["verdicts"].clone()
}

#[test]
fn what_only_cloudformation_sees_is_not_certified() {
    let all = |word: &str| serde_json::json!({ "networks": word, "permissions": word });
    assert_eq!(verdicts("Resources: {Topic: {Type: AWS::SNS::Topic}}"), all("isolated"));
    for hidden in [
        "Resources: {Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: u}}}",
        "Resources: {Set: {Type: AWS::CloudFormation::StackSet, Properties: {StackSetName: s, PermissionModel: SELF_MANAGED}}}",
        "Resources: {Part: {Type: My::Own::Kind::MODULE}}",
        "{Transform: AWS::Serverless-2016-10-31, Resources: {F: {Type: AWS::Serverless::Function}}}",
        "{Transform: AWS::LanguageExtensions, Resources: {'Fn::ForEach::Topics': [Name, [a, b], {'T${Name}': {Type: AWS::SNS::Topic}}]}}",
    ] {
        assert_eq!(verdicts(hidden), all("unknown"), "{hidden}");
    }
}
