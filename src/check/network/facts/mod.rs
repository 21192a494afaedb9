//! What AWS would refuse, drop or misunderstand in a network: facts that no single template shows.
//!
//! Goes in: a network that was read. Come out: findings. Nothing here asks who owns what.

mod blocks;
mod connections;
mod rules;

use std::collections::BTreeMap;

use crate::check::finding::Finding;
use crate::check::granted::Granted;
use crate::check::model::{Estate, Resource, ResourceId};
use crate::check::network::read::{Network, Written};
use crate::check::network::topology::Origin;
use crate::diagnostics::Code;

/// Everything that is wrong.
pub(super) fn findings(estate: &Estate, network: &Network, granted: &Granted) -> Vec<Finding> {
    let peerings = network.peerings.iter().map(|peering| (peering.resource, peering.ends)).collect();
    let mut facts = Facts { estate, network, granted, peerings, found: Vec::new() };
    facts.blocks();
    facts.connections();
    facts.rules();
    facts.found
}

struct Facts<'a> {
    estate: &'a Estate,
    network: &'a Network,
    granted: &'a Granted,
    peerings: BTreeMap<ResourceId, [usize; 2]>,
    found: Vec<Finding>,
}

impl<'a> Facts<'a> {
    fn written(&self, origin: Origin) -> Written {
        self.network.places[origin]
    }

    fn resources(&self, kind: &'static str) -> impl Iterator<Item = Resource<'a>> + use<'a> {
        self.estate.of_kind(kind)
    }

    /// A finding at a place where something is written.
    fn at(
        &self,
        code: &'static Code,
        message: impl Into<String>,
        at: Written,
        label: impl Into<String>,
    ) -> Finding {
        Finding::new(code, message, at.span(self.estate), label)
            .of_stack(at.resource.stack)
            .of_resource(self.estate.resource(at.resource).logical_id())
    }

    /// The same, with another place that it is in conflict with.
    fn against(&self, finding: Finding, other: Written, label: &'static str) -> Finding {
        let finding = finding.also(other.span(self.estate), label);
        finding.note(format!("the other one is {}", self.estate.describe(other.resource)))
    }
}

fn place(resource: ResourceId, path: &'static str) -> Written {
    Written { resource, path, item: None }
}
