//! Each sort of decision: its first word, its keys, and how it is read and written. Those about the blocks
//! of networks are in `networks`, those about blocks that nobody gets in `withheld`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::catalog::Connect;
use crate::identity::{CellId, HomeId, NameError, RegionName, SubnetGroupName, ZoneId};
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
    pub(super) const RULE: &'static str =
        "a tenant's id, or a cell such as `subnet/222222222222/us-east-1/1`";
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

/// How the networks of a Region reach the central services. Another way would replace what joins them, so it is
/// never chosen anew by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    pub by: Connect,
}

/// The slot that each zone has in every subnet group of a network, counted from 0. A zone that is no
/// longer used keeps its slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zones(pub BTreeMap<ZoneId, u32>);

/// The slot that each range of a tenant's allow-list has, counted from 1, so that taking one out
/// moves no other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngressSlots(pub BTreeMap<Cidr, u32>);

impl Home {
    /// As many as a load balancer's listener has priorities for its rules (Elastic Load Balancing API,
    /// `CreateRule`: 1 to 50,000), which is what slots are made for.
    pub const SLOTS: u32 = 50_000;

    /// The only home of a tenant in a cell of its own.
    pub fn alone(cell: CellId) -> Self {
        Home { cell, slot: None, leaving: false }
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

impl Decision for Joined {
    type Key = RegionName;
    const WORD: &'static str = "central-services";
    const KEY_RULE: &'static str = RegionName::RULE;
    const FIELDS: Option<&'static [&'static str]> = Some(&["by"]);

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let by: Way = fields.required("by", "`peering`, `transit_gateway` or `private_link`")?;
        Some(Joined { by: by.0 })
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{ by: {} }}", self.by)
    }
}

/// A way that was decided on: neither `auto` nor `none` is one.
struct Way(Connect);

impl FromStr for Way {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let known = Connect::WORDS.iter().find(|(word, _)| *word == text).map(|(_, way)| *way);
        known.filter(|way| !matches!(way, Connect::Auto | Connect::None)).map(Way).ok_or(())
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

pub(super) const BLOCK_RULE: &str = "a block of addresses without host bits, such as `10.64.0.0/22`";

pub(super) const BLOCKS_RULE: &str = "a list of blocks, such as `[10.64.4.0/22, 10.64.8.0/21]`";

/// What stands between the brackets of a list of blocks.
pub(super) struct Blocks(pub Vec<Cidr>);

impl FromStr for Blocks {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let blocks = text.split(',').map(|block| block.trim().trim_matches(['"', '\'']).parse::<Cidr>());
        blocks.collect::<Result<_, _>>().map(Blocks).map_err(|_| ())
    }
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
    pub(super) const RULE: &'static str =
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
pub(super) struct Counts(pub Vec<u32>);

impl FromStr for Counts {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers = text.split(',').map(|number| number.trim().parse::<Count>().map(|count| count.0));
        numbers.collect::<Result<Vec<u32>, ()>>().map(Counts)
    }
}

/// A whole number in its one spelling: the standard library's integers accept `+1` and `01`.
pub(super) struct Count(pub u32);

impl FromStr for Count {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let canonical = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
        if canonical { text.parse().map(Count).map_err(|_| ()) } else { Err(()) }
    }
}
