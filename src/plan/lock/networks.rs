//! The lines `network` and `subnets`: the addresses of a VPC, and how they are cut.

use std::fmt;
use std::str::FromStr;

use crate::network::Cidr;
use crate::plan::lock::decision::{
    BLOCK_RULE, BLOCKS_RULE, Blocks, Count, Counts, Decision, Owner, SubnetGroupId,
};
use crate::plan::lock::fields::Fields;

/// The addresses of a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The block that the VPC was created with.
    pub cidr: Cidr,
    /// The block that is kept for it to grow into, itself included: equal to `cidr` without headroom.
    pub reserve: Cidr,
    /// The blocks that it has grown by, in the order in which they were added.
    pub secondary: Vec<Cidr>,
    /// The one of its secondary blocks that is for containers.
    pub containers: Option<Cidr>,
    /// Where its IPv6 addresses come from, once it has had any.
    pub ipv6: Option<Ipv6>,
    /// Whether its addresses are its own everywhere. Where not, no other network has a route to it,
    /// and one of another Region may have the same.
    pub routable: bool,
}

/// Where the IPv6 addresses of a VPC come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv6 {
    /// Amazon chooses a /56 when the VPC gets it.
    Amazon,
    /// A /56 of a pool of one's own.
    Block(Cidr),
}

impl Ipv6 {
    /// The block, where it is known.
    pub fn block(self) -> Option<Cidr> {
        match self {
            Ipv6::Amazon => None,
            Ipv6::Block(block) => Some(block),
        }
    }
}

impl fmt::Display for Ipv6 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ipv6::Amazon => formatter.write_str("amazon"),
            Ipv6::Block(block) => block.fmt(formatter),
        }
    }
}

impl FromStr for Ipv6 {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "amazon" {
            return Ok(Ipv6::Amazon);
        }
        let block: Cidr = text.parse().map_err(|_| ())?;
        if block.is_v4() { Err(()) } else { Ok(Ipv6::Block(block)) }
    }
}

/// The addresses of a subnet group: blocks, each cut into equal slots for the zones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetGroup {
    /// Its part of the block that the VPC was created with.
    pub cidr: Cidr,
    /// A power of two, so that every slot is a block.
    pub slots: u32,
    /// Its parts of the blocks that the VPC has grown by.
    pub secondary: Vec<Cidr>,
    /// The numbers of the sixteenths of the VPC's IPv6 block that its subnets lie in: one, until its
    /// subnets are more than sixteen.
    pub ipv6: Vec<u32>,
}

impl Network {
    /// A network without headroom.
    pub fn new(cidr: Cidr) -> Self {
        Network::with_reserve(cidr, cidr)
    }

    /// A network that may grow until it fills its reserve.
    pub fn with_reserve(cidr: Cidr, reserve: Cidr) -> Self {
        Network { cidr, reserve, secondary: Vec::new(), containers: None, ipv6: None, routable: true }
    }

    /// All its blocks, the one that it was created with first.
    pub fn blocks(&self) -> impl Iterator<Item = Cidr> {
        std::iter::once(self.cidr).chain(self.secondary.iter().copied())
    }

    /// Every block of either family that it has an address in.
    pub fn all_blocks(&self) -> impl Iterator<Item = Cidr> {
        self.blocks().chain(self.ipv6.and_then(Ipv6::block))
    }

    /// Blocks that do not lie in its reserve, less that for containers: it has grown by them where the
    /// reserve was at its end.
    pub fn elsewhere(&self) -> impl Iterator<Item = Cidr> {
        let apart = |block: &Cidr| !self.reserve.contains(block) && self.containers != Some(*block);
        self.secondary.iter().copied().filter(apart)
    }

    /// The prefix length of a block as large as all that its size has given it.
    pub fn length(&self) -> u8 {
        let size: u128 = self.elsewhere().map(|block| block.size()).sum();
        let bits = (self.extent().size() + size).checked_ilog2().unwrap_or(0);
        u8::try_from(32u32.saturating_sub(bits)).unwrap_or(0)
    }

    /// Every block that nobody else may have: the reserve, and what lies outside of it.
    pub fn claims(&self) -> impl Iterator<Item = Cidr> {
        std::iter::once(self.reserve).chain(self.elsewhere()).chain(self.ipv6.and_then(Ipv6::block))
    }

    /// The smallest block that holds all its blocks that lie in its reserve.
    pub fn extent(&self) -> Cidr {
        let mut grown = self.secondary.iter().filter(|block| self.reserve.contains(block));
        let grown: Vec<&Cidr> = grown.by_ref().collect();
        let holds_all = |block: &Cidr| grown.iter().all(|other| block.contains(other));
        let larger = (0..=self.cidr.length()).rev();
        larger
            .filter_map(|length| Cidr::containing(self.cidr.first(), length))
            .find(holds_all)
            .unwrap_or(self.cidr)
    }
}

impl SubnetGroup {
    /// A subnet group in one block.
    pub fn new(cidr: Cidr, slots: u32) -> Self {
        SubnetGroup { cidr, slots, secondary: Vec::new(), ipv6: Vec::new() }
    }

    /// All its blocks.
    pub fn blocks(&self) -> impl Iterator<Item = Cidr> {
        std::iter::once(self.cidr).chain(self.secondary.iter().copied())
    }

    /// Whether it is not cut for zones, as a cell's is that tenants have parts of.
    pub fn is_whole(&self) -> bool {
        self.slots == 1
    }

    /// The block of one slot; `None` if there is no such slot.
    pub fn slot(&self, number: u32) -> Option<Cidr> {
        self.slot_in(&self.cidr, number)
    }

    /// The block of one slot in one of its blocks.
    pub fn slot_in(&self, block: &Cidr, number: u32) -> Option<Cidr> {
        let bits = u8::try_from(self.slots.checked_ilog2()?).ok()?;
        block.part(block.length().checked_add(bits)?, number)
    }
}

impl Decision for Network {
    type Key = Owner;
    const WORD: &'static str = "network";
    const KEY_RULE: &'static str = Owner::RULE;
    const FIELDS: Option<&'static [&'static str]> =
        Some(&["cidr", "reserve", "secondary", "containers", "ipv6", "routable"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let cidr = fields.required("cidr", BLOCK_RULE);
        let reserve = fields.optional("reserve", BLOCK_RULE)?;
        let secondary = fields.optional("secondary", BLOCKS_RULE)?;
        let containers = fields.optional("containers", BLOCK_RULE)?;
        let ipv6 = fields.optional("ipv6", "`amazon`, or an IPv6 block such as `2001:db8::/56`")?;
        let routable = fields.optional("routable", "`true` or `false`")?.unwrap_or(true);
        let cidr = cidr?;
        let secondary = secondary.map_or_else(Vec::new, |Blocks(blocks)| blocks);
        let reserve = reserve.unwrap_or(cidr);
        Some(Network { cidr, reserve, secondary, containers, ipv6, routable })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{ cidr: {}", self.cidr)?;
        if self.reserve != self.cidr {
            write!(formatter, ", reserve: {}", self.reserve)?;
        }
        write_secondary(&self.secondary, formatter)?;
        if let Some(block) = &self.containers {
            write!(formatter, ", containers: {block}")?;
        }
        if let Some(ipv6) = &self.ipv6 {
            write!(formatter, ", ipv6: {ipv6}")?;
        }
        if !self.routable {
            formatter.write_str(", routable: false")?;
        }
        formatter.write_str(" }")
    }
}

impl Decision for SubnetGroup {
    type Key = SubnetGroupId;
    const WORD: &'static str = "subnets";
    const KEY_RULE: &'static str = SubnetGroupId::RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&["cidr", "slots", "secondary", "ipv6"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let cidr = fields.required("cidr", BLOCK_RULE);
        let slots: Option<Count> = fields.required("slots", "a whole number");
        let secondary = fields.optional("secondary", BLOCKS_RULE)?;
        let secondary = secondary.map_or_else(Vec::new, |Blocks(blocks)| blocks);
        let ipv6 = fields.optional("ipv6", "a list of numbers, such as `[0, 3]`")?;
        let ipv6 = ipv6.map_or_else(Vec::new, |Counts(numbers)| numbers);
        Some(SubnetGroup { cidr: cidr?, slots: slots?.0, secondary, ipv6 })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{ cidr: {}, slots: {}", self.cidr, self.slots)?;
        write_secondary(&self.secondary, formatter)?;
        if !self.ipv6.is_empty() {
            let numbers: Vec<String> = self.ipv6.iter().map(u32::to_string).collect();
            write!(formatter, ", ipv6: [{}]", numbers.join(", "))?;
        }
        formatter.write_str(" }")
    }
}

fn write_secondary(blocks: &[Cidr], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    if blocks.is_empty() {
        return Ok(());
    }
    let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    write!(formatter, ", secondary: [{}]", blocks.join(", "))
}
