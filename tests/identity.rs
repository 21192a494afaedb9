//! Users: whose pool they are in, what their tokens say, and what they may not say of themselves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const CATALOG: &str = r#"
version: 1
product: shop
environment: test
accounts:
  - { id: "222222222222", name: platform, hosts: [vpc, container, application] }
regions:
  eu-west-1: { zones: [euw1-az1, euw1-az2], pools: [10.64.0.0/14] }
components: { identity: { @COMPONENT } }
tiers:
  business: { model: vpc, settings: { @BUSINESS } }
  plus:
    model: container
    settings: { image: 222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop:1, @PLUS }
  free: { model: application, settings: { @FREE } }
tenants:
  - { id: globex, name: Globex, tier: business, region: eu-west-1 }
  - { id: pied, name: Pied, tier: plus, region: eu-west-1 }
  - { id: soylent, name: Soylent, tier: free, region: eu-west-1 }
  - { id: wayne, name: Wayne, tier: free, region: eu-west-1 }
"#;

const SHARED: &str = "user_pool: shared";
const SAML: &str = "federation: saml, saml_metadata: \"https://id.example/metadata\"";
const PAGES: &str = "sign_in_domain: app.shop.example";

/// A run over the catalog with these settings, in a directory of its own.
fn run(directory: &Path, component: &str, business: &str, plus: &str, free: &str) -> Output {
    let catalog = CATALOG.replace("@COMPONENT", component).replace("@BUSINESS", business);
    let catalog = catalog.replace("@PLUS", plus).replace("@FREE", free);
    fs::write(directory.join("catalog.yaml"), catalog).unwrap();
    Command::new(env!("CARGO_BIN_EXE_tenantry")).arg("synth").current_dir(directory).output().unwrap()
}

/// The resources of a type, by stack, each with its name.
fn resources(component: &str, business: &str, plus: &str, free: &str) -> Vec<(String, Value)> {
    let directory = tempfile::tempdir().unwrap();
    let run = run(directory.path(), component, business, plus, free);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let read = |name: &str| -> Value {
        let text = fs::read_to_string(directory.path().join("output").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let mut found = Vec::new();
    for stack in read("manifest.json")["stacks"].as_array().unwrap() {
        let template = read(stack["template"].as_str().unwrap());
        let name = stack["name"].as_str().unwrap();
        let resources = template["Resources"].as_object().unwrap().values();
        found.extend(resources.map(|one| (name.to_owned(), one.clone())));
    }
    found
}

fn of_kind<'r>(all: &'r [(String, Value)], kind: &str) -> BTreeMap<&'r str, &'r Value> {
    let named = all.iter().filter(|(_, one)| one["Type"] == kind);
    named.map(|(stack, one)| (stack.as_str(), &one["Properties"])).collect()
}

#[test]
fn tenants_have_pools_of_their_own_and_those_of_an_application_share_one() {
    let all = resources("", "", "", "");
    let pools: Vec<&str> = of_kind(&all, "AWS::Cognito::UserPool").into_keys().collect();
    assert_eq!(
        pools,
        [
            "shop-test-application-identitysharedpool-1",
            "shop-test-globex-identitypool",
            "shop-test-pied-identitysubnetpool",
        ]
    );
}

#[test]
fn a_tier_may_choose_otherwise() {
    let all = resources("", "", SHARED, "user_pool: own");
    let pools: Vec<&str> = of_kind(&all, "AWS::Cognito::UserPool").into_keys().collect();
    assert_eq!(
        pools,
        [
            "shop-test-container-identitycellpool-1",
            "shop-test-globex-identitypool",
            "shop-test-soylent-identityapplicationpool",
            "shop-test-wayne-identityapplicationpool",
        ]
    );
}

#[test]
fn nobody_says_of_himself_whose_user_he_is() {
    let federated = format!("{SHARED}, {SAML}");
    let all = resources(PAGES, SAML, &federated, SAML);
    let pools = of_kind(&all, "AWS::Cognito::UserPool");
    let shared: Vec<_> = pools.values().filter(|pool| pool.get("Schema").is_some()).collect();
    assert_eq!(shared.len(), 2);
    for pool in shared {
        assert_eq!(pool["Schema"][0]["Name"], "tenant_id");
        assert_eq!(pool["Schema"][0]["Mutable"], false);
    }
    for pool in pools.values() {
        assert_eq!(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], true);
        assert_eq!(pool["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"], "V2_0");
    }
    let clients = of_kind(&all, "AWS::Cognito::UserPoolClient");
    assert_eq!(clients.len(), 6);
    for client in clients.values() {
        assert_eq!(client["WriteAttributes"], serde_json::json!(["email", "locale", "name", "zoneinfo"]));
    }
    for provider in of_kind(&all, "AWS::Cognito::UserPoolIdentityProvider").values() {
        let mapped: Vec<&String> = provider["AttributeMapping"].as_object().unwrap().keys().collect();
        assert_eq!(mapped, ["email", "name"]);
    }
}

#[test]
fn clients_sign_in_by_code_and_nothing_else_and_a_tenants_provider_is_on_no_other_tenants_page() {
    let all = resources(PAGES, SAML, "", SAML);
    for (stack, client) in of_kind(&all, "AWS::Cognito::UserPoolClient") {
        assert_eq!(client["AllowedOAuthFlows"], serde_json::json!(["code"]), "{stack}");
        assert_eq!(client["GenerateSecret"], false, "{stack}");
        assert_eq!(client["PreventUserExistenceErrors"], "ENABLED", "{stack}");
        let providers = client["SupportedIdentityProviders"].as_array().unwrap();
        let expected = match stack {
            "shop-test-application-identitysharedpool-1" | "shop-test-pied-identitysubnetpool" => {
                serde_json::json!(["COGNITO"])
            }
            "shop-test-globex-identitypool" => serde_json::json!(["COGNITO", { "Ref": "Provider" }]),
            _ => serde_json::json!([{ "Ref": "Provider" }]),
        };
        assert_eq!(Value::from(providers.clone()), expected, "{stack}");
    }
}

#[test]
fn the_secret_of_a_provider_is_read_where_the_stack_is_deployed() {
    let oidc = "federation: oidc, oidc_issuer: \"https://id.example\", oidc_client: shop";
    let all = resources(PAGES, oidc, "", "");
    let providers = of_kind(&all, "AWS::Cognito::UserPoolIdentityProvider");
    assert_eq!(
        providers["shop-test-globex-identitypool"]["ProviderDetails"]["client_secret"],
        serde_json::json!({
            "Fn::Sub": "{{resolve:secretsmanager:${AWS::StackName}-oidc:SecretString:client_secret}}"
        })
    );
}

#[test]
fn a_provider_needs_its_address_and_pages_to_sign_in_on() {
    let directory = tempfile::tempdir().unwrap();
    for (component, business) in [("", SAML), (PAGES, "federation: saml"), (PAGES, "federation: oidc")] {
        let run = run(directory.path(), component, business, "", "");
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{told}");
        assert!(told.contains("invalid-setting"), "{told}");
    }
}

#[test]
fn a_users_session_of_aws_is_tagged_by_the_token_and_reaches_what_bears_its_tenant() {
    let all = resources("aws_credentials: true", "", "", "");
    for tags in of_kind(&all, "AWS::Cognito::IdentityPoolPrincipalTag").values() {
        assert_eq!(tags["PrincipalTags"], serde_json::json!({ "tenant-id": "tenant_id" }));
        assert_eq!(tags["UseDefaults"], false);
    }
    for pool in of_kind(&all, "AWS::Cognito::IdentityPool").values() {
        assert_eq!(pool["AllowUnauthenticatedIdentities"], false);
        assert_eq!(pool["AllowClassicFlow"], false);
    }
    let policies = all.iter().filter(|(stack, one)| {
        stack == "shop-test-application-identitysharedpool-1" && one["Type"] == "AWS::IAM::RolePolicy"
    });
    let documents: Vec<String> = policies.map(|(_, one)| one["Properties"].to_string()).collect();
    assert_eq!(documents.len(), 2);
    assert!(documents.iter().all(|one| one.contains("aws:PrincipalTag/tenant-id") && !one.contains("Scan")));
}

#[test]
fn a_suspended_tenants_users_get_no_tokens() {
    let suspended = CATALOG
        .replace("tier: business, region: eu-west-1", "tier: business, region: eu-west-1, status: suspended");
    let directory = tempfile::tempdir().unwrap();
    let catalog = ["@COMPONENT", "@BUSINESS", "@PLUS", "@FREE"]
        .iter()
        .fold(suspended, |text, name| text.replace(name, ""));
    fs::write(directory.path().join("catalog.yaml"), catalog).unwrap();
    let run =
        Command::new(env!("CARGO_BIN_EXE_tenantry")).arg("synth").current_dir(directory.path()).output();
    assert!(run.unwrap().status.success());
    let template =
        fs::read_to_string(directory.path().join("output/templates/vpc/identity_pool.suspended.json"));
    assert!(template.unwrap().contains("\"SUSPENDED\": \"true\""));
}
