//! What was found: VPCs, subnets, and blocks that somebody has listed.

use std::collections::BTreeMap;

use crate::catalog::FreeText;
use crate::identity::{AccountId, VpcId, ZoneId};
use crate::network::Cidr;
use crate::source::Span;
use crate::yaml::Located;

/// Everything that the files tell.
#[derive(Debug, Default)]
pub struct Found {
    pub(super) vpcs: BTreeMap<VpcId, Vpc>,
    pub(super) subnets: BTreeMap<String, Subnet>,
    pub(super) listed: Vec<Listed>,
}

/// A VPC.
#[derive(Debug)]
pub(super) struct Vpc {
    pub(super) account: Option<AccountId>,
    /// Its IPv4 blocks, the primary one first, and then its IPv6 blocks.
    pub(super) blocks: Vec<Located<Cidr>>,
    /// What it is, in words that are safe everywhere.
    pub(super) reason: FreeText,
    /// It was seen itself, and not only from the other end of a peering.
    pub(super) described: bool,
    pub(super) span: Span,
}

/// A subnet.
#[derive(Debug)]
pub(super) struct Subnet {
    pub(super) vpc: VpcId,
    pub(super) cidr: Located<Cidr>,
    pub(super) zone: Option<ZoneId>,
    /// Its tags, by key.
    pub(super) tags: BTreeMap<String, String>,
}

/// A block of a list, and what uses it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) cidr: Located<Cidr>,
    pub(super) reason: FreeText,
}

impl Found {
    /// Takes a VPC in. One that was described counts for more than what its peers say of it.
    pub(super) fn add_vpc(&mut self, id: VpcId, vpc: Vpc) {
        match self.vpcs.get_mut(&id) {
            Some(known) if known.described || !vpc.described => {
                for block in vpc.blocks {
                    if !known.blocks.iter().any(|have| have.value == block.value) {
                        known.blocks.push(block);
                    }
                }
            }
            _ => _ = self.vpcs.insert(id, vpc),
        }
    }

    /// How many VPCs, subnets and listed blocks there are.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.vpcs.len(), self.subnets.len(), self.listed.len())
    }
}
