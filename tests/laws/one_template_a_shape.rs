//! Law 4: tenants that are built alike share templates, and no template knows a tenant.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::company::{Company, Tenant};
use crate::compiled::{self, text};
use crate::random::company;

/// Everything about a tenant that may decide the text of its templates: the settings that are not
/// lifted, which tags it has, and how many ranges its allow-list has.
fn shape(company: &Company, tenant: &Tenant) -> String {
    let tags: Vec<_> = tenant.tags.keys().filter(|key| **key == "owner").collect();
    // An empty list is one range, that of all addresses.
    let (settings, status) = (company.built(tenant).shape(), &tenant.status);
    format!("{settings} {status} {tags:?} {}", tenant.ingress.len().max(1))
}

/// What is of one tenant, and long or odd enough to mean nothing else in a template.
fn own_texts(company: &Company, tenant: &Tenant, decisions: &serde_json::Value) -> Vec<String> {
    let network = &decisions["network"];
    let mut texts = vec![
        tenant.id.clone(),
        tenant.name.clone(),
        tenant.tags["cost-center"].clone(),
        company.built(tenant).domain.clone(),
        text(&network["cidr"]),
        text(&network["reserve"]),
    ];
    texts.extend(tenant.tags.get("owner").cloned());
    texts.extend(tenant.ingress.iter().cloned());
    for group in network["subnet_groups"].as_array().unwrap() {
        texts.push(text(&group["cidr"]));
        for subnet in group["subnets"].as_array().unwrap() {
            texts.extend([text(&subnet["cidr"]), text(&subnet["zone"])]);
        }
    }
    texts
}

proptest! {
    #![proptest_config(crate::cases(12))]

    #[test]
    fn tenants_of_one_shape_share_templates_that_know_no_tenant(mut company in company()) {
        // Twins: what is left to differ is no shape.
        let twins: Vec<Tenant> = company.tenants.iter().take(2).map(|tenant| {
            let built = company.built(tenant).clone();
            let built = crate::company::Built { log_retention_days: 180, domain: "zqtwin.example.com".into(), ..built };
            Tenant { id: format!("{}-twin", tenant.id), built: Some(built), name: "Zqtwin".into(), ..tenant.clone() }
        }).collect();
        company.tenants.extend(twins);
        let compiled = compiled::company(&company, None).unwrap();

        let mut of_shape: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let stacks = compiled.stack_entries();
        for tenant in company.tenants.iter().filter(|tenant| tenant.status != "planned") {
            let templates: BTreeSet<String> =
                stacks.iter().filter(|stack| stack["tenant"] == tenant.id.as_str()).map(|stack| text(&stack["template"])).collect();
            prop_assert!(templates.len() >= 3, "{} has the stacks that every tenant has", tenant.id);
            let shape = shape(&company, tenant);
            let known = of_shape.entry(shape).or_insert_with(|| templates.clone());
            prop_assert_eq!(&*known, &templates, "{} shares the templates of its shape", tenant.id);
        }
        let used: BTreeSet<String> = of_shape.into_values().flatten().collect();
        let written: BTreeSet<String> = compiled.templates().map(str::to_owned).collect();
        prop_assert_eq!(written, used, "no template is written that no tenant uses");

        let decisions = compiled.tenants();
        for path in compiled.templates() {
            let template = compiled.text(path);
            for tenant in &company.tenants {
                for own in own_texts(&company, tenant, &decisions[&tenant.id]) {
                    prop_assert!(!template.contains(&own), "{} holds `{}` of {}", path, own, tenant.id);
                }
            }
        }
    }
}
