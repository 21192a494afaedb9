//! AWS's limits as data: each with its default, its ceiling, its quota code and its source.
//!
//! The figures stand in `quotas.json`, one limit a line. What is counted against a limit, and what a
//! catalog's own `quotas` make of it, is for the rooms above.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// AWS grants no rules of a security group times groups of an interface, by the ids of the two quotas,
/// beyond this (VPC User Guide, "Amazon VPC quotas").
pub const RULES_OF_INTERFACE: u64 = 1_000;
pub const GROUP_QUOTA: &str = "rules-per-security-group";
pub const INTERFACE_QUOTA: &str = "security-groups-per-network-interface";

/// One limit of AWS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// The name by which catalogs and messages call it.
    pub id: String,
    /// The code of the service in Service Quotas, where it has one.
    pub service: String,
    pub quota_code: Option<String>,
    pub name: String,
    /// What the limit holds for, such as `per-account-per-region`.
    pub scope: String,
    /// What a new account has; none where it depends on something else.
    pub default: Option<u64>,
    /// The documented ceiling; none where AWS states none.
    pub max: Option<u64>,
    /// Defaults in Regions that differ.
    #[serde(default)]
    pub region_overrides: BTreeMap<String, u64>,
    /// Whether AWS raises it on request; none where the documentation does not say.
    pub adjustable: Option<bool>,
    /// Who raises it: `service-quotas` where it can be asked for by its code; else `support`,
    /// `account-team`, or nobody that the documentation names.
    #[serde(default)]
    pub adjust_via: Option<String>,
    /// What is counted, where it is not a number of things.
    #[serde(default)]
    pub unit: Option<String>,
    /// How things are counted towards it, where that is more than their number.
    #[serde(default)]
    pub counting: Option<String>,
    pub source: String,
    pub confidence: Confidence,
}

impl Quota {
    /// What an account has in a Region, as long as AWS has granted nothing.
    pub fn default_in(&self, region: &str) -> Option<u64> {
        self.region_overrides.get(region).copied().or(self.default)
    }

    /// Whether a call of Service Quotas asks for more of it.
    pub fn is_requestable(&self) -> bool {
        self.adjustable == Some(true)
            && self.quota_code.is_some()
            && self.adjust_via.as_deref() == Some("service-quotas")
    }
}

/// How well a figure is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Read in AWS's documentation of 2026.
    High,
    /// An older document, or two that disagree.
    Medium,
    /// Unverified.
    Low,
}

/// Every limit, by id.
pub fn quotas() -> &'static BTreeMap<String, Quota> {
    static TABLE: OnceLock<BTreeMap<String, Quota>> = OnceLock::new();
    TABLE.get_or_init(|| {
        // The file is part of the binary and a test reads it, so that the empty table is never met.
        let list: Vec<Quota> = serde_json::from_str(include_str!("quotas.json")).unwrap_or_default();
        list.into_iter().map(|quota| (quota.id.clone(), quota)).collect()
    })
}

/// The limit of this id.
pub fn quota(id: &str) -> Option<&'static Quota> {
    quotas().get(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole_and_every_id_is_there_once() {
        let lines = include_str!("quotas.json").lines().filter(|line| line.contains("\"id\"")).count();
        assert_eq!(quotas().len(), lines);
        assert!(lines > 300);
    }

    #[test]
    fn every_figure_has_a_source_and_no_default_is_above_its_ceiling() {
        for quota in quotas().values() {
            assert!(!quota.source.is_empty(), "{}", quota.id);
            if let (Some(default), Some(max)) = (quota.default, quota.max) {
                assert!(default <= max, "{}", quota.id);
            }
            for region in quota.region_overrides.keys() {
                assert!(crate::aws::region(region).is_some(), "{} in {region}", quota.id);
            }
        }
        assert_eq!(quota("vpcs-per-region").unwrap().default, Some(5));
        assert_eq!(quota("vpcs-per-planet"), None);
    }
}
