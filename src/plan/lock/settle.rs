//! What a lock says of one tenant: leaving it out while reading, and listing it.
//!
//! A lock that two branches have each added a tenant to may hold a decision twice over. Without the
//! lines of the newcomer it is whole again, and the newcomer can be decided anew.

use crate::diagnostics::{Report, Reported};
use crate::identity::HomeId;
use crate::plan::lock::decision::Decision;
use crate::plan::lock::{Cell, Joined, Lock, Quarantined, Reservation, Seat};
use crate::source::{FileId, SourceMap};

impl Lock {
    /// Reads a lock as if the lines of one home of a tenant were not there. Those of its quarantined blocks stay:
    /// they are about what it had before.
    ///
    /// # Errors
    /// What is wrong with the other lines.
    pub fn read_without(
        tenant: &HomeId,
        file: FileId,
        sources: &SourceMap,
        report: &mut Report,
    ) -> Result<Lock, Reported> {
        Lock::read_lines(file, sources, Some(tenant), report)
    }
}

/// The lines of a lock's text that decide about a home of a tenant, in their order.
pub fn lines_of<'t>(text: &'t str, tenant: &HomeId) -> Vec<&'t str> {
    let lines = text.lines().map(str::trim_end);
    lines.filter(|line| line.split_once(": ").is_some_and(|(key, _)| is_about(key, tenant))).collect()
}

/// The lines that decide about a cell, but for those of its tenants.
pub fn lines_of_cell<'t>(text: &'t str, cell: &str) -> Vec<&'t str> {
    let about = |key: &str| {
        let name = key.split_once(' ').map_or("", |(_, name)| name.trim_start());
        name == cell || name.rsplit_once('/').is_some_and(|(owner, _)| owner == cell)
    };
    let lines = text.lines().map(str::trim_end);
    lines.filter(|line| line.split_once(": ").is_some_and(|(key, _)| about(key))).collect()
}

/// Whether the key of a line, its first word included, is about a home of a tenant: `network acme`, `subnets
/// acme/app`. A cell has more slashes, and its lines are not a tenant's.
pub(super) fn is_about(key: &str, tenant: &HomeId) -> bool {
    let Some((word, name)) = key.trim_matches(['"', '\'']).split_once(' ') else { return false };
    if [Cell::WORD, Joined::WORD, Quarantined::WORD, Reservation::WORD, Seat::WORD].contains(&word) {
        return false;
    }
    let (name, tenant) = (name.trim_start(), tenant.to_string());
    match name.split_once('/') {
        None => name == tenant,
        Some((owner, part)) => owner == tenant && !part.contains('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_tenant_are_those_that_it_or_its_parts_are_the_subject_of() {
        let tenant: HomeId = "acme".parse().unwrap();
        for (line, about) in [
            ("tenant acme: { cell: vpc/222222222222/us-east-1/1 }", true),
            ("network acme: { cidr: 10.64.0.0/22 }", true),
            ("subnets acme/app: { cidr: 10.64.0.0/23, slots: 4 }", true),
            ("\"zones acme\": { use1-az1: 0 }", true),
            ("network acme-2: { cidr: 10.64.0.0/22 }", false),
            ("network acme.2: { cidr: 10.64.0.0/22 }", false),
            ("network account/acme/us-east-1/1: { cidr: 10.64.0.0/22 }", false),
            ("subnets acme/a/us-east-1/1/app: { cidr: 10.64.0.0/23, slots: 4 }", false),
            ("cell acme: {}", false),
            ("quarantine 10.64.8.0/22: { owner: acme }", false),
            ("# network acme: {}", false),
        ] {
            assert_eq!(lines_of(line, &tenant).len(), usize::from(about), "{line}");
        }
    }
}
