//! The estate as judges see it.

use std::path::Path;

use crate::check::model::{Estate, Value, read, read_files};
use crate::diagnostics::{Report, human};
use crate::source::SourceMap;

/// The estate of files that are written out here, and the codes of its problems.
fn estate(files: &[(&str, &str)]) -> (Estate, Vec<String>) {
    let mut sources = SourceMap::default();
    let mut report = Report::default();
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let estate = read_files(Path::new(""), files, &mut sources, &mut report);
    let Ok(estate) = estate else {
        panic!("{}", human::render(&report.into_sorted(&sources), &sources, false));
    };
    let mut problems: Vec<String> = Vec::new();
    for finding in estate.problems.iter().chain(estate.templates().iter().flat_map(|one| &one.problems)) {
        problems.push(format!("{}: {}", finding.diagnostic.code.name, finding.diagnostic.message));
    }
    (estate, problems)
}

/// What the property `P` of the resource `R` of a template of one stack comes to.
fn property(template: &str) -> String {
    let (estate, problems) = estate(&[("a.yaml", template)]);
    assert!(problems.is_empty(), "{problems:?}");
    let resource = estate.resources(&estate.stacks()[0]).find(|one| one.logical_id() == "R").unwrap();
    resource.property("P").to_string()
}

fn of(expression: &str) -> String {
    property(&format!(
        "Parameters: {{A: {{Type: String, Default: x}}, L: {{Type: CommaDelimitedList, Default: 'p, q'}}, \
         B: {{Type: String, Default: 10.0.0.0/24}}}}\n\
         Conditions: {{Yes: !Equals [!Ref A, x], No: !Not [Condition: Yes]}}\n\
         Mappings: {{M: {{one: {{two: found}}}}}}\n\
         Resources:\n  \
           V: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: !Ref B}}}}\n  \
           R: {{Type: A::B::C, Properties: {{P: {expression}}}}}\n"
    ))
}

#[test]
fn every_function_comes_to_what_cloudformation_makes_of_it() {
    for (expression, value) in [
        ("!Ref A", "x"),
        ("!Ref L", "[p, q]"),
        ("!Sub 'a-${A}-${!A}-${AWS::StackName}'", "a-x-${A}-a"),
        ("!Sub ['${B}${A}', {B: !Ref AWS::Partition}]", "awsx"),
        ("!Join ['-', [a, !Ref A, 1]]", "a-x-1"),
        ("!Join [',', !Ref L]", "p,q"),
        ("!Select [1, !Ref L]", "q"),
        ("!Select ['1', !Split [':', 'a:b:c']]", "b"),
        ("!Select [1, !Cidr [!Ref B, 2, 6]]", "10.0.0.64/26"),
        ("!Select [0, !Cidr [!GetAtt V.CidrBlock, 1]]", "10.0.0.0/24"),
        ("!FindInMap [M, one, two]", "found"),
        ("!If [Yes, a, b]", "a"),
        ("!If [No, a, !Ref AWS::NoValue]", "nothing"),
        ("[a, !If [No, b, !Ref AWS::NoValue]]", "[a]"),
        ("{'Fn::Length': !Ref L}", "2"),
        ("!Ref V", "<a resource>"),
        ("!GetAtt V.DefaultNetworkAcl", "<DefaultNetworkAcl>"),
        ("!Sub 'x-${V.VpcId}'", "x-<VpcId>"),
        ("!Select [0, !GetAtt V.Ipv6CidrBlocks]", "<Fn::Select of 0, <Ipv6CidrBlocks>>"),
        ("!Ref AWS::AccountId", "<unknown>"),
    ] {
        assert_eq!(of(expression), value, "{expression}");
    }
}

#[test]
fn an_import_leads_to_the_resource_of_the_other_stack() {
    let manifest = r#"{"version": 1, "files": [], "stacks": [
        {"name": "net", "account": "111111111111", "region": "us-east-1", "template": "templates/n.json", "deployment": "stacks/n.json"},
        {"name": "net", "account": "222222222222", "region": "us-east-1", "template": "templates/n.json", "deployment": "stacks/m.json"},
        {"name": "app", "account": "222222222222", "region": "us-east-1", "template": "templates/a.json", "deployment": "stacks/a.json",
         "tenant": "acme", "depends_on": ["net"], "wave": 2}]}"#;
    let net = r#"{"Resources": {"V": {"Type": "AWS::EC2::VPC"}},
        "Outputs": {"V": {"Value": {"Ref": "V"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-V"}}}}}"#;
    let app = r#"{"Parameters": {"N": {"Type": "String"}}, "Resources": {"S": {"Type": "AWS::EC2::Subnet", "Properties":
        {"VpcId": {"Fn::ImportValue": {"Fn::Sub": "${N}-V"}}}}}}"#;
    let (estate, problems) = estate(&[
        ("manifest.json", manifest),
        ("templates/n.json", net),
        ("templates/a.json", app),
        ("stacks/n.json", r#"{"template-file-path": "templates/n.json"}"#),
        ("stacks/m.json", r#"{"template-file-path": "templates/n.json"}"#),
        ("stacks/a.json", r#"{"template-file-path": "templates/a.json", "parameters": {"N": "net"}}"#),
    ]);
    assert_eq!(problems, Vec::<String>::new());
    let subnet = estate.of_kind("AWS::EC2::Subnet").next().unwrap();
    assert_eq!(subnet.tenant(), Some("acme"));
    let (vpc, attribute) = subnet.property("VpcId").as_reference().unwrap();
    assert_eq!((estate.resource(vpc).stack.account.as_deref(), attribute), (Some("222222222222"), None));
    assert_eq!(subnet.stack.depends_on, [vpc.stack]);
    assert_eq!(subnet.property("VpcId"), Value::Reference { target: vpc, attribute: None });
}

#[test]
fn the_committed_output_is_understood_without_anything_unknown() {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("output");
    let estate = read(&root, &mut sources, &mut report).unwrap();
    assert!(estate.problems.is_empty() && estate.stacks().len() > 50);
    for stack in estate.stacks() {
        assert_eq!(estate.template(stack).problems, [], "{}", stack.name);
        for resource in estate.resources(stack) {
            assert!(resource.properties().is_known(), "{:?} {}", resource.id, resource.properties());
        }
    }
}

#[test]
fn what_is_wrong_with_a_template_is_told_and_not_guessed() {
    let template = "Resources:\n  R:\n    Type: A::B::C\n    Properties: {P: !Ref Nowhere, Q: !Split [x], S: !Sub '${R.x}'}\n    \
                    DependsOn: Gone\n    Condition: Never\nTransform: AWS::Serverless-2016-10-31\nParameter: {}\n";
    let (estate, mut problems) = estate(&[("a.yaml", template)]);
    problems.sort();
    insta::assert_snapshot!(problems.join("\n"), @r"
    malformed-function: `Fn::Split` takes a separator and a text
    template-structure: a template has no section `Parameter`
    undefined-reference: this template has no condition `Never`
    undefined-reference: this template has no parameter or resource `Nowhere`
    undefined-reference: this template has no resource `Gone`
    unjudged-construct: what the transform `AWS::Serverless-2016-10-31` makes of this template cannot be judged
    ");
    let resource = estate.resources(&estate.stacks()[0]).next().unwrap();
    assert!(!resource.property("S").is_known());
}
