//! Whether subnets are large enough, for AWS and for the workloads in them. Cutting them is for `addresses`.

use crate::blueprint::{Blueprint, Per, SubnetGroup as GroupIntent, Workload};
use crate::diagnostics::{Diagnostic, Report, codes};
use crate::source::Span;

/// The longest prefix of a subnet (VPC User Guide, "Subnet sizing").
const LONGEST_SUBNET: u8 = 28;

/// What decides how large subnets are.
pub(super) struct SubnetRoom<'b> {
    pub blueprint: &'b Blueprint,
    /// Prefix length: of the VPC, or of the part that a tenant has of each subnet group of its cell.
    pub length: u8,
    /// Whose subnets are meant where both the cell and its tenants have some.
    pub per: Option<Per>,
    /// Where the length is asked for.
    pub place: Span,
    /// Whose they are, in messages.
    pub who: String,
}

impl SubnetRoom<'_> {
    /// Whether the subnets are large enough, for AWS and for the workloads.
    pub(super) fn check<'w>(&self, workloads: impl Iterator<Item = &'w Workload>, report: &mut Report) {
        for group in &self.blueprint.network.subnet_groups {
            if self.subnet_length(group).is_some_and(|length| length > LONGEST_SUBNET) {
                self.refuse("AWS", group, LONGEST_SUBNET, report);
            }
        }
        for workload in workloads {
            let group = self.blueprint.subnet_group(&workload.subnet_group);
            if let (Some(group), Some(needed)) = (group, workload.smallest_subnet)
                && self.subnet_length(group).is_some_and(|length| length > needed)
            {
                self.refuse(&format!("the workload `{}`", workload.name), group, needed, report);
            }
        }
    }

    fn subnet_length(&self, group: &GroupIntent) -> Option<u8> {
        let slot_bits = self.blueprint.network.zone_slots.ilog2() as u8;
        let bits = if self.per == Some(Per::Tenant) { 0 } else { group.extra_bits };
        self.per.is_none_or(|per| per == group.per).then_some(self.length + bits + slot_bits)
    }

    fn refuse(&self, what: &str, group: &GroupIntent, needed: u8, report: &mut Report) {
        let (name, who) = (&group.name, &self.who);
        let length = self.subnet_length(group).unwrap_or(needed);
        let message = format!(
            "{what} needs subnets of a /{needed} at least, and the {name} subnets of {who} are /{length}"
        );
        let (label, help) = match self.per {
            None => (format!("a network of /{}", self.length), "give the tenant a larger size"),
            Some(Per::Tenant) => (format!("a part of /{}", self.length), "give the tenant a larger size"),
            Some(_) => (format!("a network of /{}", self.length), "give cells a larger size"),
        };
        report.push(Diagnostic::error(&codes::SUBNET_TOO_SMALL, message).at(self.place, label).help(help));
    }
}
