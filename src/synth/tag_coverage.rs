//! Which of the resource types in the output bear tags: what a report on costs or a policy on tags can see,
//! and what it cannot.
//!
//! By types and not by resources, so that the file stays as it is when tenants come and go.

use std::collections::BTreeSet;

use crate::cloudformation::{Json, is_free_of_charge, resource_type};

/// The report on the types of all templates.
pub(super) fn tag_coverage(kinds: &BTreeSet<&str>) -> Json {
    let takes_tags = |kind: &str| resource_type(kind).is_some_and(|facts| facts.tags.is_some());
    let (tagged, untaggable): (Vec<&str>, Vec<&str>) = kinds.iter().partition(|kind| takes_tags(kind));
    let (free, billed): (Vec<&str>, Vec<&str>) = untaggable.iter().partition(|kind| is_free_of_charge(kind));
    let billed_tagged = tagged.iter().filter(|kind| !is_free_of_charge(kind)).count();
    let all_billed = billed_tagged + billed.len();
    let list = |kinds: Vec<&str>| kinds.into_iter().collect::<Json>();
    let count = |number: usize| Json::from(number as u64);
    Json::object([
        ("tagged", list(tagged)),
        ("untaggable", Json::object([("billed", list(billed)), ("free_of_charge", list(free))])),
        (
            "billed_types",
            Json::object([
                ("all", count(all_billed)),
                ("tagged", count(billed_tagged)),
                ("tagged_percent", percent(billed_tagged, all_billed)),
            ]),
        ),
    ])
}

/// Rounded down, so that 100 means all.
fn percent(part: usize, whole: usize) -> Json {
    (part * 100).checked_div(whole).map_or(Json::Null, |percent| Json::from(percent as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_billed_and_takes_no_tags_is_named() {
        let kinds = ["AWS::EC2::VPC", "AWS::EC2::Route", "AWS::EC2::NatGateway", "AWS::Logs::MetricFilter"];
        let report = tag_coverage(&kinds.into());
        let untaggable = report.get("untaggable").unwrap();
        assert_eq!(untaggable.get("billed"), Some(&["AWS::Logs::MetricFilter"].into_iter().collect()));
        assert_eq!(untaggable.get("free_of_charge"), Some(&["AWS::EC2::Route"].into_iter().collect()));
        let billed = report.get("billed_types").unwrap();
        assert_eq!(billed.get("tagged_percent"), Some(&50u64.into()));
    }

    #[test]
    fn an_output_without_stacks_has_no_share() {
        let report = tag_coverage(&BTreeSet::new());
        assert_eq!(report.get("billed_types").unwrap().get("tagged_percent"), Some(&Json::Null));
    }
}
