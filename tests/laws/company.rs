//! What a company's catalog says, and the ways to write it down.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// What AWS has granted, so that no random company meets its limits: they have cases of their own.
const GRANTED: [&str; 6] = [
    "vpcs-per-region",
    "nat-gateways-per-az",
    "eips-per-region",
    "gateway-endpoints-per-region",
    "fargate-vcpu",
    "resource-groups",
];

pub(crate) const ACCOUNT: &str = "222222222222";

#[derive(Clone, Debug)]
pub(crate) struct Company {
    pub accounts: Vec<String>,
    pub regions: Vec<Region>,
    pub reserved: Vec<(String, String)>,
    pub tiers: BTreeMap<String, Tier>,
    pub tenants: Vec<Tenant>,
}

#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub name: &'static str,
    pub zone_prefix: &'static str,
    /// Zone numbers that the catalog does not name yet, last first.
    pub spare_zones: Vec<u8>,
    pub zones: Vec<u8>,
    pub pools: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Tier {
    pub size: &'static str,
    pub headroom: u8,
    pub built: Built,
}

#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub id: String,
    pub name: String,
    pub tier: String,
    pub region: &'static str,
    pub status: &'static str,
    pub headroom: Option<u8>,
    pub ingress: Vec<String>,
    pub tags: BTreeMap<&'static str, String>,
    /// In place of the tier's.
    pub built: Option<Built>,
    /// Which file of a directory the tenant stands in.
    pub file: u8,
}

/// The settings of the blueprint `vpc`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Built {
    pub zones: u8,
    pub nat: &'static str,
    pub flow_logs: bool,
    pub interface_endpoints: Vec<&'static str>,
    pub internet_egress: bool,
    pub service: bool,
    pub load_balancer: bool,
    pub database: bool,
    /// Lifted ones.
    pub log_retention_days: u16,
    pub domain: String,
}

impl Built {
    /// The nearest that the blueprint's schema allows.
    pub(crate) fn allowed(mut self) -> Self {
        self.service |= self.load_balancer;
        if self.load_balancer || self.database {
            self.zones = self.zones.max(2);
        }
        self.internet_egress &= self.nat != "none";
        if self.service && self.nat == "none" {
            // Without a way out a service starts only through endpoints.
            self.interface_endpoints = vec!["ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "sts"];
        }
        self
    }

    pub(crate) fn settings(&self) -> Map<String, Value> {
        let mut settings = Map::new();
        let mut set = |name: &str, value: Value| _ = settings.insert(name.to_owned(), value);
        set("zones", json!(self.zones));
        set("nat", json!(self.nat));
        set("flow_logs", json!(self.flow_logs));
        set("interface_endpoints", json!(self.interface_endpoints));
        set("internet_egress", json!(self.internet_egress));
        set("service", json!(self.service));
        set("load_balancer", json!(self.load_balancer));
        set("database", json!(self.database));
        set("log_retention_days", json!(self.log_retention_days));
        set("image", json!("444444444444.dkr.ecr.us-east-1.amazonaws.com/zqimage:1"));
        set("domain", json!(self.domain));
        set("hosted_zone", json!("Z0ZQHOSTEDZONE"));
        settings
    }

    /// What decides the text of templates.
    pub(crate) fn shape(&self) -> String {
        let mut settings = self.settings();
        for lifted in ["log_retention_days", "image", "domain", "hosted_zone"] {
            settings.remove(lifted);
        }
        Value::Object(settings).to_string()
    }
}

impl Tenant {
    fn json(&self) -> Value {
        let mut tenant = json!({
            "id": self.id, "name": self.name, "tier": self.tier, "region": self.region,
            "status": self.status, "ingress": self.ingress, "tags": self.tags,
        });
        if let Some(headroom) = self.headroom {
            tenant["headroom"] = json!(headroom);
        }
        if let Some(built) = &self.built {
            tenant["settings"] = Value::Object(built.settings());
        }
        tenant
    }
}

impl Company {
    pub(crate) fn built<'c>(&'c self, tenant: &'c Tenant) -> &'c Built {
        tenant.built.as_ref().unwrap_or(&self.tiers[&tenant.tier].built)
    }

    pub(crate) fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }

    /// Everything but the tenants.
    fn head(&self) -> Value {
        let accounts =
            self.accounts.iter().map(|id| json!({ "id": id, "name": "platform", "hosts": ["vpc"] }));
        let regions = self.regions.iter().map(|region| {
            let zones = region.zones.iter().map(|zone| format!("{}-az{zone}", region.zone_prefix));
            (region.name.to_owned(), json!({ "zones": zones.collect::<Vec<_>>(), "pools": region.pools }))
        });
        let reserved = self.reserved.iter().map(|(cidr, reason)| json!({ "cidr": cidr, "reason": reason }));
        let tiers = self.tiers.iter().map(|(name, tier)| {
            let Tier { size, headroom, built } = tier;
            let settings = built.settings();
            (
                name.clone(),
                json!({ "model": "vpc", "size": size, "headroom": headroom, "settings": settings }),
            )
        });
        json!({
            "version": 1, "product": "ledgerly", "environment": "prod",
            "accounts": accounts.collect::<Vec<_>>(),
            "regions": regions.collect::<Map<_, _>>(),
            "reserved": reserved.collect::<Vec<_>>(),
            "quotas": GRANTED.map(|quota| json!({ "quota": quota, "value": 10_000 })),
            "tags": [
                { "key": "tenant-id", "from": "tenant.id" },
                { "key": "customer", "from": "tenant.name" },
                { "key": "cost-center", "required": true, "pattern": "^zqcc[0-9]{5}$" },
                { "key": "data-class", "values": ["open", "closed"], "default": "open" },
                { "key": "owner" },
            ],
            "tiers": tiers.collect::<Map<_, _>>(),
        })
    }

    /// All of it as one value: JSON is YAML too.
    pub(crate) fn json(&self) -> Value {
        let mut all = self.head();
        all["tenants"] = self.tenants.iter().map(Tenant::json).collect();
        all
    }

    /// One file, `catalog.yaml`.
    pub(crate) fn write_file(&self, directory: &Path) -> PathBuf {
        let path = directory.join("catalog.yaml");
        fs::write(&path, yaml(&self.head()) + &yaml_list(self.tenants.iter())).unwrap();
        path
    }

    /// A directory: a file for everything but the tenants, and those in files of their own.
    pub(crate) fn write_directory(&self, directory: &Path) -> PathBuf {
        let path = directory.join("catalog");
        fs::create_dir_all(path.join("tenants")).unwrap();
        fs::write(path.join("zz-base.yaml"), yaml(&self.head())).unwrap();
        for number in 0..3 {
            let here = self.tenants.iter().filter(|tenant| tenant.file == number);
            fs::write(path.join(format!("tenants/{number}.yaml")), yaml_list(here)).unwrap();
        }
        path
    }

    /// `catalog.yaml` that names a CSV file. Lists inside settings have no cells, so a tenant whose
    /// settings hold some stands in a file of JSON Lines.
    pub(crate) fn write_lists(&self, directory: &Path) -> PathBuf {
        let path = directory.join("catalog.yaml");
        let settings: Vec<String> = self
            .tiers
            .values()
            .next()
            .map(|tier| tier.built.settings())
            .into_iter()
            .flat_map(|map| map.into_iter().map(|(name, _)| name))
            .filter(|name| name != "interface_endpoints")
            .collect();
        let mut rows = format!(
            "status,id,region,tier,headroom,name,ingress,tags.owner,tags.cost-center,tags.data-class,settings.{}\n",
            settings.join(",settings.")
        );
        let mut lines = String::new();
        for tenant in &self.tenants {
            let own = tenant.built.as_ref().map(Built::settings).unwrap_or_default();
            // A list that is empty cannot be told from one that is not given.
            let lists = [Some(&self.tiers[&tenant.tier].built), tenant.built.as_ref()];
            if tenant.built.is_some()
                && lists.into_iter().flatten().any(|built| !built.interface_endpoints.is_empty())
            {
                lines += &format!("{}\n", tenant.json());
                continue;
            }
            let tag = |key| tenant.tags.get(key).cloned().unwrap_or_default();
            let headroom = tenant.headroom.map(|number| number.to_string()).unwrap_or_default();
            let cells = [
                tenant.status.to_owned(),
                tenant.id.clone(),
                tenant.region.to_owned(),
                tenant.tier.clone(),
                headroom,
                tenant.name.clone(),
                tenant.ingress.join(";"),
                tag("owner"),
                tag("cost-center"),
                tag("data-class"),
            ];
            let more = settings.iter().map(|name| match own.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            });
            let cells: Vec<String> = cells
                .into_iter()
                .chain(more)
                .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
                .collect();
            rows += &format!("{}\n", cells.join(","));
        }
        fs::write(directory.join("tenants.csv"), rows).unwrap();
        fs::write(directory.join("tenants.jsonl"), lines).unwrap();
        fs::write(&path, yaml(&self.head()) + "tenants: [tenants.jsonl, tenants.csv]\n").unwrap();
        path
    }
}

fn yaml(map: &Value) -> String {
    map.as_object().unwrap().iter().map(|(key, value)| format!("{key}: {value}\n")).collect()
}

fn yaml_list<'t>(tenants: impl Iterator<Item = &'t Tenant>) -> String {
    let items: String = tenants.map(|tenant| format!("  - {}\n", tenant.json())).collect();
    if items.is_empty() { "tenants: []\n".to_owned() } else { format!("tenants:\n{items}") }
}
