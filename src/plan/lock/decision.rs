//! Each sort of decision: its first word, its keys, and how it is read and written.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::catalog::FreeText;
use crate::identity::{
    AccountId, CellId, Date, HomeId, NameError, RegionName, SubnetGroupName, VpcId, ZoneId,
};
use crate::network::Cidr;
use crate::plan::lock::fields::Fields;

/// One sort of line: `WORD key: { fields }`.
pub(super) trait Decision: Sized + PartialEq {
    /// What the decision is about.
    type Key: Ord + FromStr + fmt::Display;
    /// The first word of the line.
    const WORD: &'static str;
    /// What follows the word, as a phrase that follows "must be".
    const KEY_RULE: &'static str;
    /// The keys that the fields may have; `None` where they are names.
    const FIELDS: Option<&'static [&'static str]>;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self>;

    /// The decision that two lines about one thing come to, where they only seem to differ.
    fn reconciled(&self, _other: &Self) -> Option<Self> {
        None
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Whose network, subnets or addresses something is: a tenant's own, or those of a cell that its
/// tenants share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    Tenant(HomeId),
    Cell(CellId),
}

impl Owner {
    const RULE: &'static str = "a tenant's id, or a cell such as `subnet/222222222222/us-east-1/1`";
}

/// A subnet group and whose it is, written `acme/app`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubnetGroupId {
    pub owner: Owner,
    pub group: SubnetGroupName,
}

/// That a cell exists. Its key says all there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell;

/// Where a tenant lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    pub cell: CellId,
    /// A number that no other tenant of the cell has, from 1; none in a cell for one tenant.
    pub slot: Option<u32>,
    /// Whether the tenant has another home, and this one stands until the catalog says that it is gone.
    pub leaving: bool,
}

/// What `in: management` names: there is one management account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Management;

/// Where the stacks of the management account stand. Whatever Regions are added, they stay there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub region: RegionName,
}

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

/// The slot that each zone has in every subnet group of a network, counted from 0. A zone that is no
/// longer used keeps its slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zones(pub BTreeMap<ZoneId, u32>);

/// The slot that each range of a tenant's allow-list has, counted from 1, so that taking one out
/// moves no other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngressSlots(pub BTreeMap<Cidr, u32>);

/// A block that was given back and is not to be handed out yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Who had it last.
    pub owner: Owner,
    /// The day from which its wait is counted, once a run has known one.
    pub freed: Option<Date>,
    /// The release from which its wait is counted, if the catalog counts releases.
    pub release: Option<u32>,
    /// As of the network that had it.
    pub routable: bool,
}

impl Quarantined {
    /// A block that waits until its line is deleted.
    pub fn new(owner: Owner) -> Self {
        Quarantined { owner, freed: None, release: None, routable: true }
    }
}

/// A block that was found in use, and what uses it, written `10.64.0.0/22 vpc-0abc`; from a list of
/// blocks the block alone. VPCs that never meet may use the same block, and each has a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReservationId {
    pub block: Cidr,
    pub vpc: Option<VpcId>,
}

/// Why a block that was found in use is never handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The account that the VPC belongs to.
    pub account: Option<AccountId>,
    pub reason: FreeText,
}

impl Home {
    /// As many as a load balancer's listener has priorities for its rules (Elastic Load Balancing API,
    /// `CreateRule`: 1 to 50,000), which is what slots are made for.
    pub const SLOTS: u32 = 50_000;

    /// The only home of a tenant in a cell of its own.
    pub fn alone(cell: CellId) -> Self {
        Home { cell, slot: None, leaving: false }
    }
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

impl Decision for Cell {
    type Key = CellId;
    const WORD: &'static str = "cell";
    const KEY_RULE: &'static str = CellId::RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&[]);

    fn read(_: &mut Fields<'_, '_>) -> Option<Self> {
        Some(Cell)
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{}")
    }
}

impl Decision for Home {
    type Key = HomeId;
    const WORD: &'static str = "tenant";
    const KEY_RULE: &'static str = HomeId::RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&["cell", "slot", "leaving"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let cell = fields.required("cell", CellId::RULE);
        let slot: Option<Count> = fields.optional("slot", "a whole number")?;
        let leaving = fields.optional("leaving", "`true` or `false`")?.unwrap_or(false);
        Some(Home { cell: cell?, slot: slot.map(|slot| slot.0), leaving })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{ cell: {}", self.cell)?;
        if let Some(slot) = self.slot {
            write!(formatter, ", slot: {slot}")?;
        }
        if self.leaving {
            formatter.write_str(", leaving: true")?;
        }
        formatter.write_str(" }")
    }
}

impl Decision for Seat {
    type Key = Management;
    const WORD: &'static str = "stacks";
    const KEY_RULE: &'static str = Management::RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&["region"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        Some(Seat { region: fields.required("region", RegionName::RULE)? })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{ region: {} }}", self.region)
    }
}

impl Management {
    const RULE: &'static str = "`in-management`";
}

impl fmt::Display for Management {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("in-management")
    }
}

impl FromStr for Management {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == "in-management" { Ok(Management) } else { Err(NameError(Self::RULE)) }
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

impl Decision for Zones {
    type Key = Owner;
    const WORD: &'static str = "zones";
    const KEY_RULE: &'static str = Owner::RULE;
    const FIELDS: Option<&'static [&'static str]> = None;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let slots: Vec<(ZoneId, Count)> = fields.named(ZoneId::RULE, "the number of its slot, from 0")?;
        Some(Zones(slots.into_iter().map(|(zone, slot)| (zone, slot.0)).collect()))
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_slots(&self.0, formatter)
    }
}

impl Decision for IngressSlots {
    type Key = HomeId;
    const WORD: &'static str = "ingress";
    const KEY_RULE: &'static str = HomeId::RULE;
    const FIELDS: Option<&'static [&'static str]> = None;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let slots: Vec<(Cidr, Count)> = fields.named(BLOCK_RULE, "the number of its slot, from 1")?;
        Some(IngressSlots(slots.into_iter().map(|(range, slot)| (range, slot.0)).collect()))
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_slots(&self.0, formatter)
    }
}

fn write_slots<K: fmt::Display>(slots: &BTreeMap<K, u32>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str("{")?;
    for (position, (name, slot)) in slots.iter().enumerate() {
        let before = if position == 0 { " " } else { ", " };
        write!(formatter, "{before}{name}: {slot}")?;
    }
    formatter.write_str(if slots.is_empty() { "}" } else { " }" })
}

impl Decision for Quarantined {
    type Key = Cidr;
    const WORD: &'static str = "quarantine";
    const KEY_RULE: &'static str = BLOCK_RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&["owner", "freed", "release", "routable"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let owner = fields.required("owner", Owner::RULE);
        let freed = fields.optional("freed", Date::RULE);
        let release: Option<Count> = fields.optional("release", "a whole number")?;
        let routable = fields.optional("routable", "`true` or `false`")?.unwrap_or(true);
        let release = release.map(|release| release.0);
        Some(Quarantined { owner: owner?, freed: freed?, release, routable })
    }

    /// Two branches that took out the same tenant, each on its day: the block waits for the later.
    fn reconciled(&self, other: &Self) -> Option<Self> {
        (self.owner == other.owner).then(|| Quarantined {
            owner: self.owner.clone(),
            freed: self.freed.max(other.freed),
            release: self.release.max(other.release),
            routable: self.routable && other.routable,
        })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{ owner: {}", self.owner)?;
        if let Some(freed) = self.freed {
            write!(formatter, ", freed: {freed}")?;
        }
        if let Some(release) = self.release {
            write!(formatter, ", release: {release}")?;
        }
        if !self.routable {
            formatter.write_str(", routable: false")?;
        }
        formatter.write_str(" }")
    }
}

impl Decision for Reservation {
    type Key = ReservationId;
    const WORD: &'static str = "reserved";
    const KEY_RULE: &'static str = ReservationId::RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&["account", "reason"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let account = fields.optional("account", AccountId::RULE);
        let reason: Reason = fields.required("reason", "a text without code, markup or hidden characters")?;
        Some(Reservation { account: account?, reason: reason.0 })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{ ")?;
        if let Some(account) = &self.account {
            write!(formatter, "account: \"{account}\", ")?;
        }
        // Free text holds neither quotes nor backslashes.
        write!(formatter, "reason: \"{}\" }}", self.reason)
    }
}

impl ReservationId {
    const RULE: &'static str =
        "a block of addresses, and the id of the VPC that has it: `10.64.0.0/22 vpc-0123456789abcdef0`";
}

impl fmt::Display for ReservationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.vpc {
            Some(vpc) => write!(formatter, "{} {vpc}", self.block),
            None => self.block.fmt(formatter),
        }
    }
}

impl FromStr for ReservationId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = |_| NameError(Self::RULE);
        let (block, vpc) = match text.split_once(' ') {
            Some((block, vpc)) => (block, Some(vpc.parse().map_err(error)?)),
            None => (text, None),
        };
        Ok(ReservationId { block: block.parse().map_err(|_| NameError(Self::RULE))?, vpc })
    }
}

/// A reason as the lock may hold it.
struct Reason(FreeText);

impl FromStr for Reason {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        FreeText::new(text, Reservation::REASON_LENGTH).map(Reason).map_err(|_| ())
    }
}

impl Reservation {
    /// The most characters that a reason may have.
    pub const REASON_LENGTH: usize = 256;
}

const BLOCK_RULE: &str = "a block of addresses without host bits, such as `10.64.0.0/22`";

const BLOCKS_RULE: &str = "a list of blocks, such as `[10.64.4.0/22, 10.64.8.0/21]`";

/// What stands between the brackets of a list of blocks.
struct Blocks(Vec<Cidr>);

impl FromStr for Blocks {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let blocks = text.split(',').map(|block| block.trim().trim_matches(['"', '\'']).parse::<Cidr>());
        blocks.collect::<Result<_, _>>().map(Blocks).map_err(|_| ())
    }
}

fn write_secondary(blocks: &[Cidr], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    if blocks.is_empty() {
        return Ok(());
    }
    let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    write!(formatter, ", secondary: [{}]", blocks.join(", "))
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Tenant(tenant) => tenant.fmt(formatter),
            Owner::Cell(cell) => cell.fmt(formatter),
        }
    }
}

impl FromStr for Owner {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // A tenant's id has no slash, and a cell has three.
        let owner =
            if text.contains('/') { text.parse().map(Owner::Cell) } else { text.parse().map(Owner::Tenant) };
        owner.map_err(|_| NameError(Self::RULE))
    }
}

impl SubnetGroupId {
    const RULE: &'static str =
        "a tenant or a cell, a slash and the name of a subnet group, such as `acme/app`";
}

impl fmt::Display for SubnetGroupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.group)
    }
}

impl FromStr for SubnetGroupId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (owner, group) = text.rsplit_once('/').ok_or(NameError(Self::RULE))?;
        Ok(SubnetGroupId {
            owner: owner.parse().map_err(|_| NameError(Self::RULE))?,
            group: group.parse().map_err(|_| NameError(Self::RULE))?,
        })
    }
}

/// What stands between the brackets of a list of whole numbers.
struct Counts(Vec<u32>);

impl FromStr for Counts {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers = text.split(',').map(|number| number.trim().parse::<Count>().map(|count| count.0));
        numbers.collect::<Result<Vec<u32>, ()>>().map(Counts)
    }
}

/// A whole number in its one spelling: the standard library's integers accept `+1` and `01`.
struct Count(u32);

impl FromStr for Count {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let canonical = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
        if canonical { text.parse().map(Count).map_err(|_| ()) } else { Err(()) }
    }
}
