//! The ways to the central services: what `auto` chooses and keeps, that each way leads to the centre and to no other
//! tenant, and that `check` finds what would lead further.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tenantry::blueprint::Library;
use tenantry::catalog;
use tenantry::check::network::Isolation;
use tenantry::check::{check, model};
use tenantry::diagnostics::{Report, human};
use tenantry::plan::lock::Lock;
use tenantry::plan::plan;
use tenantry::source::SourceMap;
use tenantry::synth::synth;

const WAYS: [&str; 3] = ["peering", "transit_gateway", "private_link"];
const IMAGE: &str = "222222222222.dkr.ecr.us-east-1.amazonaws.com/ledgerly:1";

/// So many tenants with a VPC each, two that share one, two whose containers share one,
/// and one of a pool.
fn fleet(connect: &str, tenants: usize, settings: &str) -> String {
    let own: String = (0..tenants)
        .map(|number| format!("  - {{ id: own-{number}, name: Own, tier: own, region: us-east-1 }}\n"))
        .collect();
    let shared = "  - { id: part-0, name: Part, tier: part, region: us-east-1 }
  - { id: part-1, name: Part, tier: part, region: us-east-1 }
  - { id: task-0, name: Task, tier: task, region: us-east-1 }
  - { id: task-1, name: Task, tier: task, region: us-east-1 }
  - { id: pool-0, name: Pool, tier: pool, region: us-east-1 }
";
    format!(
        "version: 1
product: ledgerly
environment: prod
accounts:
  - {{ id: \"222222222222\", name: platform, hosts: [vpc, subnet, container, application, shared_services] }}
regions: {{ us-east-1: {{ zones: [use1-az1, use1-az2], pools: [10.64.0.0/12] }} }}
ranges: {{ central: [192.168.8.0/22], office: [172.20.0.0/16] }}
quotas:
  - {{ quota: vpcs-per-region, value: 200 }}
  - {{ quota: fargate-vcpu, value: 500 }}
shared_services: {{ connect: {connect}, networks: {{ us-east-1: 192.168.8.0/22 }} }}
tiers:
  own: {{ model: vpc, size: small, settings: {{ attached: true, service: true, image: {IMAGE}{settings} }} }}
  part: {{ model: subnet, size: small, settings: {{ attached: true, service: true, image: {IMAGE} }} }}
  task: {{ model: container, settings: {{ attached: true, image: {IMAGE} }} }}
  pool: {{ model: application, settings: {{ attached: true, function: true, image: {IMAGE}, authorizer_image: {IMAGE} }} }}
tenants:
{own}{shared}"
    )
}

struct Compiled {
    files: BTreeMap<String, String>,
    lock: Lock,
    /// What was said about it.
    told: String,
}

fn compile(text: &str, lock: Option<&Lock>) -> Compiled {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.yaml");
    fs::write(&path, text).unwrap();
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    let library = Library::read(None, &mut sources, &mut report).unwrap();
    let read = catalog::read(&path, &mut sources, &mut report);
    let compiled = read.and_then(|catalog| {
        let empty = Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone());
        let plan = plan(&catalog, &library, lock.unwrap_or(&empty), &mut report)?;
        let tree = synth(&plan, &mut report)?.tree;
        let files = tree.files().iter();
        let files =
            files.map(|(path, bytes)| (path.as_str().to_owned(), String::from_utf8(bytes.clone()).unwrap()));
        Ok((files.collect(), plan.lock))
    });
    let told = human::render(&report.into_sorted(&sources), &sources, false);
    let (files, lock) = compiled.unwrap_or_else(|_| panic!("{told}"));
    Compiled { files, lock, told }
}

impl Compiled {
    fn connection(&self) -> Value {
        let plan: Value = serde_json::from_str(&self.files["plan.json"]).unwrap();
        plan["central_services"][0].clone()
    }

    fn by(&self) -> String {
        self.connection()["by"].as_str().unwrap().to_owned()
    }

    /// The path of a template, by how it begins.
    fn template(&self, start: &str) -> String {
        let start = format!("templates/{start}");
        self.files.keys().find(|path| path.starts_with(&start)).unwrap().clone()
    }

    fn edit(&mut self, start: &str, change: impl FnOnce(&mut Value)) {
        let path = self.template(start);
        let mut template: Value = serde_json::from_str(&self.files[&path]).unwrap();
        change(&mut template);
        self.files.insert(path, serde_json::to_string_pretty(&template).unwrap());
    }

    fn estate<T>(&self, look: impl FnOnce(&model::Estate, &SourceMap) -> T) -> T {
        let (mut sources, mut report) = (SourceMap::default(), Report::default());
        let files = self.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
        let estate = model::read_files(Path::new(""), files, &mut sources, &mut report);
        let told = human::render(&report.into_sorted(&sources), &sources, false);
        look(&estate.unwrap_or_else(|_| panic!("{told}")), &sources)
    }

    /// What of the network could not be decided.
    fn gaps(&self) -> Vec<String> {
        self.estate(|estate, _| Isolation::of(estate).network.gaps.into_iter().map(|gap| gap.what).collect())
    }

    /// Codes and messages of what is found, and how many pairs are not isolated.
    fn judged(&self) -> (Vec<String>, u64) {
        self.estate(|estate, sources| {
            let verdict = Isolation::of(estate).verdict;
            let found = check(estate, sources).into_iter();
            let found = found.map(|one| format!("{}: {}", one.diagnostic.code.name, one.diagnostic.message));
            (found.collect(), verdict.leaking + verdict.unknown)
        })
    }

    fn finds(&self, code: &str) {
        let (found, _) = self.judged();
        assert!(
            found.iter().any(|one| one.starts_with(&format!("{code}:"))),
            "{code} is not among {found:#?}"
        );
    }
}

#[test]
fn each_way_leads_to_the_centre_and_to_no_other_tenant() {
    for way in WAYS {
        let compiled = compile(&fleet(way, 2, ""), None);
        assert_eq!(compiled.by(), way);
        let (found, not_isolated) = compiled.judged();
        assert_eq!((found, not_isolated), (Vec::new(), 0), "{way}");
    }
}

#[test]
fn a_cell_has_one_connection_for_all_its_tenants() {
    for way in WAYS {
        let compiled = compile(&fleet(way, 2, ""), None);
        assert_eq!(compiled.connection()["networks"], 5, "{way}");
        let joined = compiled
            .files
            .keys()
            .filter(|path| path.contains("attachment"))
            .filter(|path| path.starts_with("stacks/"));
        assert_eq!(joined.count(), 5, "{way}");
    }
}

#[test]
fn peering_is_taken_while_the_centre_can_have_as_many() {
    // With the three cells 50 networks, which is what AWS allows by default, and one more.
    let fits = compile(&fleet("auto", 47, ""), None);
    assert_eq!(fits.by(), "peering");
    assert!(fits.told.contains("warning[peerings-nearly-full]"), "{}", fits.told);
    let beyond = compile(&fleet("auto", 48, ""), None);
    assert_eq!(beyond.by(), "transit_gateway");
    assert!(!beyond.told.contains("peerings-nearly-full"), "{}", beyond.told);
}

#[test]
fn what_was_chosen_stays_whoever_comes_and_leaves() {
    let few = compile(&fleet("auto", 3, ""), None);
    let many = compile(&fleet("auto", 60, ""), Some(&few.lock));
    assert_eq!((few.by(), many.by()), ("peering".to_owned(), "peering".to_owned()));
    let many = compile(&fleet("auto", 60, ""), None);
    let few = compile(&fleet("auto", 3, ""), Some(&many.lock));
    assert_eq!((many.by(), few.by()), ("transit_gateway".to_owned(), "transit_gateway".to_owned()));
    assert!(few.connection()["reason"].as_str().unwrap().ends_with("the lock keeps it"));
}

#[test]
fn a_run_says_of_its_choice_what_the_next_one_says() {
    let first = compile(&fleet("auto", 3, ""), None);
    let second = compile(&fleet("auto", 3, ""), Some(&first.lock));
    assert!(first.files == second.files);
}

#[test]
fn another_way_that_the_catalog_asks_for_turns_the_routes_that_are_there() {
    let peered = compile(&fleet("auto", 2, ""), None);
    let turned = compile(&fleet("transit_gateway", 2, ""), Some(&peered.lock));
    let routes = |compiled: &Compiled| {
        let template: Value =
            serde_json::from_str(&compiled.files[&compiled.template("vpc/attachment")]).unwrap();
        let route = template["Resources"]["CentralRouteZone1"]["Properties"].clone();
        (route["RouteTableId"].clone(), route["DestinationCidrBlock"].clone())
    };
    assert_eq!(routes(&peered), routes(&turned));
    assert_eq!(turned.lock.to_text().matches("by: transit_gateway").count(), 1);
}

#[test]
fn what_the_centre_lets_in_follows_from_the_flows_of_those_who_attach() {
    let compiled = compile(&fleet("peering", 2, ""), None);
    let hub: Value =
        serde_json::from_str(&compiled.files[&compiled.template("shared_services/hub")]).unwrap();
    let ports = |kind: &str| -> Vec<i64> {
        let resources = hub["Resources"].as_object().unwrap().values().filter(|one| one["Type"] == kind);
        resources.map(|one| one["Properties"]["FromPort"].as_i64().unwrap()).collect()
    };
    assert_eq!(ports("AWS::EC2::SecurityGroupIngress"), [443]);
    assert_eq!(ports("AWS::EC2::SecurityGroupEgress"), [8080]);
}

#[test]
fn a_tenant_s_own_network_is_reached_by_a_vpn_of_its_own() {
    for routing in ["static", "bgp"] {
        let vpn =
            format!(", vpn: true, vpn_address: 203.0.113.9, on_premises: office, vpn_routing: {routing}");
        let compiled = compile(&fleet("auto", 2, &vpn), None);
        assert_eq!(compiled.judged(), (Vec::new(), 0), "{routing}");
    }
}

#[test]
fn where_a_vpn_leads_is_not_known_if_it_could_be_another_tenant() {
    let vpn = ", vpn: true, vpn_address: 203.0.113.9, on_premises: office";
    let mut compiled = compile(&fleet("auto", 2, vpn), None);
    assert_eq!(compiled.gaps(), Vec::<String>::new());
    compiled.edit("vpc/vpn", |template| {
        let resources = template["Resources"].as_object_mut().unwrap();
        let route = resources.values_mut().find(|one| one["Type"] == "AWS::EC2::Route").unwrap();
        route["Properties"]["DestinationCidrBlock"] = json!("10.64.0.0/12");
    });
    assert_eq!(compiled.gaps(), ["where a route leads is not known"; 2]);
}

/// An import from the stack of the central services.
fn of_hub(output: &str) -> Value {
    json!({ "Fn::ImportValue": { "Fn::Sub": format!("${{HubStackName}}-{output}") } })
}

#[test]
fn a_tenant_that_is_made_known_to_others_at_the_transit_gateway_is_found() {
    let mut routed = compile(&fleet("transit_gateway", 2, ""), None);
    routed.edit("vpc/attachment", |template| {
        template["Resources"]["Leak"] = json!({
            "Type": "AWS::EC2::TransitGatewayRoute",
            "Properties": {
                "TransitGatewayRouteTableId": of_hub("TenantsTable"),
                "DestinationCidrBlock": { "Ref": "TenantId" },
                "TransitGatewayAttachmentId": { "Ref": "Attachment" },
            },
        });
        template["Resources"]["Leak"]["Properties"]["DestinationCidrBlock"] = json!("10.64.0.0/12");
    });
    routed.finds("route-leads-to-tenant");

    let mut propagated = compile(&fleet("transit_gateway", 2, ""), None);
    propagated.edit("vpc/attachment", |template| {
        template["Resources"]["Propagation"]["Properties"]["TransitGatewayRouteTableId"] =
            of_hub("TenantsTable");
    });
    propagated.finds("route-leads-to-tenant");

    let mut associated = compile(&fleet("transit_gateway", 2, ""), None);
    associated.edit("vpc/attachment", |template| {
        template["Resources"]["Association"]["Properties"]["TransitGatewayRouteTableId"] =
            of_hub("CentralTable");
    });
    associated.finds("route-leads-to-tenant");
}

#[test]
fn a_route_into_a_peering_that_leads_further_than_the_peer_is_found() {
    // Beside its own addresses the first has those of all tenants, and the second those of head office.
    for (route, destination) in [("WayBack", "10.64.0.0/12"), ("CentralRouteZone1", "192.168.0.0/16")] {
        for start in ["vpc/attachment", "subnet/cell_attachment", "container/cell_attachment"] {
            let mut damaged = compile(&fleet("peering", 2, ""), None);
            damaged.edit(start, |template| {
                template["Resources"][route]["Properties"]["DestinationCidrBlock"] = json!(destination);
            });
            damaged.finds("route-beyond-peer");
        }
    }
}

#[test]
fn an_endpoint_service_that_everybody_may_use_is_found() {
    let mut damaged = compile(&fleet("private_link", 2, ""), None);
    damaged.edit("shared_services/hub", |template| {
        template["Resources"]["CentralUsers"]["Properties"]["AllowedPrincipals"] = json!(["*"]);
    });
    damaged.finds("public-access");
}

/// Each tenant with a VPC of its own offers a service by PrivateLink, and uses what is behind `name`.
fn offering(name: Value) -> Compiled {
    let mut damaged = compile(&fleet("private_link", 2, ""), None);
    damaged.edit("vpc/network", |template| {
        template["Resources"]["Door"] = json!({
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": { "Type": "network", "Scheme": "internal", "Subnets": [{ "Ref": "DataSubnet1" }] },
        });
        template["Resources"]["Offer"] = json!({
            "Type": "AWS::EC2::VPCEndpointService",
            "Properties": { "NetworkLoadBalancerArns": [{ "Ref": "Door" }] },
        });
        template["Outputs"]["Offer"] =
            json!({ "Value": { "Ref": "Offer" }, "Export": { "Name": { "Fn::Sub": "${AWS::StackName}-Offer" } } });
    });
    damaged.edit("vpc/attachment", |template| {
        template["Resources"]["CentralEndpoint"]["Properties"]["ServiceName"] = name;
    });
    damaged
}

#[test]
fn what_a_tenant_offers_by_private_link_is_reached_by_whoever_has_an_endpoint_of_it() {
    let name = |stack: &str| json!({ "Fn::Sub": ["com.amazonaws.vpce.${AWS::Region}.${Id}", { "Id": { "Fn::ImportValue": stack } }] });
    let own = json!({ "Fn::Sub": "${NetworkStackName}-Offer" });
    let own = json!({ "Fn::Sub": ["com.amazonaws.vpce.${AWS::Region}.${Id}", { "Id": { "Fn::ImportValue": own } }] });
    assert_eq!(offering(own).judged().1, 0);
    let other = offering(name("ledgerly-prod-own-1-network-Offer"));
    other.finds("tenant-reaches-tenant");
    // Whose it is nobody can know, and it may be a tenant's.
    let unknown = offering(json!("com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"));
    unknown.finds("isolation-unknown");
}
