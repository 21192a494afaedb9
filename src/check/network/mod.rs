//! Networks: whether a packet of one tenant can be delivered to another.

mod answer;
mod boxes;
mod doubt;
mod facts;
mod filters;
mod forwarding;
mod interval;
mod join;
mod neighbours;
mod nodes;
mod reach;
pub mod read;
mod simulate;
mod told;
pub mod topology;
mod verdict;

use crate::check::finding::Finding;
use crate::check::granted::Granted;
use crate::check::model::Estate;

pub use interval::{Family, Interval, Range, Services, service_text, services_text};
pub use simulate::{Hop, Packet, follow};
pub use verdict::{Leak, Shared, Verdict, judge, judge_with};

/// What there is to say about the networks of an estate, and what it was found by.
pub struct Isolation {
    pub network: read::Network,
    pub verdict: Verdict,
    neighbours: Vec<neighbours::Neighbour>,
}

/// Pairs of tenants that an endpoint may join, where nobody knows who is behind it: its owner with every other, unless
/// more than that is said of them already.
fn behind_open_doors(network: &read::Network) -> u64 {
    let owner = |door: &usize| network.topology.workloads[*door].owner;
    let tenants: std::collections::BTreeSet<usize> = network.open_doors.iter().filter_map(owner).collect();
    let all = network.topology.tenants.len() as u64;
    // A door of nobody's is one of everybody's.
    let joined =
        if network.open_doors.iter().any(|door| owner(door).is_none()) { all } else { tenants.len() as u64 };
    joined * all.saturating_sub(1)
}

impl Isolation {
    /// Reads the networks of an estate and judges them.
    pub fn of(estate: &Estate) -> Self {
        let network = read::read(estate);
        let mut verdict = judge(&network.topology);
        verdict.unknown += behind_open_doors(&network);
        let neighbours = neighbours::neighbours(&network.topology);
        Isolation { network, verdict, neighbours }
    }

    /// Everything that is wrong: with isolation, and with what AWS would make of the networks.
    pub fn findings(&self, estate: &Estate, granted: &Granted) -> Vec<Finding> {
        let mut findings = facts::findings(estate, &self.network, granted);
        findings.extend(told::findings(estate, &self.network, &self.verdict, &self.neighbours));
        findings
    }
}
