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

impl Isolation {
    /// Reads the networks of an estate and judges them.
    pub fn of(estate: &Estate) -> Self {
        let network = read::read(estate);
        let verdict = judge(&network.topology);
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
