//! `tenantry.lock`: the record of decisions that never change by themselves.
//!
//! Goes in: the file's text. Comes out: a [`Lock`], or a report of every line that cannot stand; and
//! the other way round, a lock as text. What is decided, and whether it fits the catalog, is for the
//! rest of `plan`.
//!
//! ```yaml
//! # Written by tenantry: decisions that never change by themselves. Commit this file.
//! version: 1
//! product: ledgerly
//! environment: prod
//! stacks in-management: { region: us-east-1 }
//! cell subnet/222222222222/us-east-1/1: {}
//! tenant acme: { cell: vpc/222222222222/us-east-1/1 }
//! tenant globex: { cell: vpc/222222222222/us-east-1/7, leaving: true }
//! tenant globex.2: { cell: subnet/222222222222/us-east-1/1, slot: 17 }
//! network acme: { cidr: 10.64.0.0/22, reserve: 10.64.0.0/20, secondary: [10.64.4.0/22], ipv6: 2001:db8::/56 }
//! subnets acme/app: { cidr: 10.64.0.0/23, slots: 4, secondary: [10.64.4.0/23], ipv6: [1] }
//! zones acme: { use1-az1: 0, use1-az2: 1 }
//! ingress acme: { 203.0.113.0/24: 1 }
//! quarantine 10.64.8.0/22: { owner: globex, freed: 2026-11-23 }
//! reserved 10.70.0.0/16 vpc-0abc: { account: "333333333333", reason: "VPC of the data platform" }
//! ```
//!
//! **One decision a line, and each line says what it is about.** The file is YAML, but there are no
//! sections: a merge tool that puts together the lines of two branches (`merge=union` in
//! `.gitattributes`) may carry a line past a heading, and an entry under the wrong heading would
//! mean something else. So any order of lines reads the same, and a repeated line does no harm; two
//! lines that decide one thing differently are an error that names both. That is why the lock has a
//! line reader of its own: a YAML reader has to refuse the repetition, and cannot name the tenant.
//!
//! **How it grows.** A new sort of decision is a new first word; more about an old one is a new key
//! in its line that may be missing (as the `ipv6` of a network is). Both are refused by a tenantry that
//! does not know them, which is what it should do. The version changes only if an old line changes its meaning.
//!
//! Only what cannot be derived is recorded. The pool of a block is where its addresses lie, and
//! stays right when a pool is extended; how many tenants a cell has is a count of lines, where a
//! number would make every two branches conflict.

mod decision;
mod fields;
mod header;
mod line;
mod networks;
mod read;
mod settle;
mod verify;
mod verify_cells;
mod withheld;

use std::collections::BTreeMap;
use std::fmt;

use crate::identity::{CellId, EnvironmentName, HomeId, ProductName, RegionName, SubnetGroupName};
use crate::network::Cidr;
use crate::source::Span;

use decision::Decision;
pub use decision::{Cell, Home, IngressSlots, Joined, Management, Owner, Seat, SubnetGroupId, Zones};
pub use networks::{Ipv6, Network, SubnetGroup};

pub use settle::{lines_of, lines_of_cell};
pub use withheld::{Quarantined, Reservation, ReservationId};

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// A decision, and the line that it was read from; new decisions have none yet.
///
/// Two are equal if they decide the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Locked<T> {
    pub value: T,
    pub line: Option<Span>,
}

impl<T> Locked<T> {
    /// A decision that was made in this run.
    pub fn new(value: T) -> Self {
        Locked { value, line: None }
    }
}

impl<T: PartialEq> PartialEq for Locked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Locked<T> {}

/// Every decision that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub product: ProductName,
    pub environment: EnvironmentName,
    pub seats: BTreeMap<Management, Locked<Seat>>,
    /// Of each Region that has central services.
    pub joined: BTreeMap<RegionName, Locked<Joined>>,
    /// Cells that exist, also while no tenant lives there, so that their numbers never come back.
    pub cells: BTreeMap<CellId, Locked<Cell>>,
    pub tenants: BTreeMap<HomeId, Locked<Home>>,
    pub networks: BTreeMap<Owner, Locked<Network>>,
    pub subnet_groups: BTreeMap<SubnetGroupId, Locked<SubnetGroup>>,
    pub zones: BTreeMap<Owner, Locked<Zones>>,
    pub ingress: BTreeMap<HomeId, Locked<IngressSlots>>,
    pub quarantine: BTreeMap<Cidr, Locked<Quarantined>>,
    /// Blocks that were found in use by something that is not tenantry's.
    pub reserved: BTreeMap<ReservationId, Locked<Reservation>>,
}

impl Lock {
    /// The lock of a catalog that nothing was decided for yet.
    pub fn empty(product: ProductName, environment: EnvironmentName) -> Self {
        Lock {
            product,
            environment,
            seats: BTreeMap::new(),
            joined: BTreeMap::new(),
            cells: BTreeMap::new(),
            tenants: BTreeMap::new(),
            networks: BTreeMap::new(),
            subnet_groups: BTreeMap::new(),
            zones: BTreeMap::new(),
            ingress: BTreeMap::new(),
            quarantine: BTreeMap::new(),
            reserved: BTreeMap::new(),
        }
    }

    /// The file's text: equal locks have equal bytes, and reading it gives an equal lock.
    pub fn to_text(&self) -> String {
        self.to_string()
    }

    /// The network that the subnets of this owner lie in: its own, or that of the tenant's cell.
    pub fn network_of(&self, owner: &Owner) -> Option<&Locked<Network>> {
        self.network_with_owner(owner).map(|(_, network)| network)
    }

    fn network_with_owner(&self, owner: &Owner) -> Option<(&Owner, &Locked<Network>)> {
        let own = self.networks.get_key_value(owner);
        own.or_else(|| self.networks.get_key_value(&self.cell_of(owner)?))
    }

    /// The slots of the zones of this owner: its own, or those of the tenant's cell.
    pub fn zones_of(&self, owner: &Owner) -> Option<&Locked<Zones>> {
        self.zones.get(owner).or_else(|| self.zones.get(&self.cell_of(owner)?))
    }

    /// The subnet groups of this owner, by name.
    pub fn subnet_groups_of<'l>(
        &'l self,
        owner: &Owner,
    ) -> impl Iterator<Item = (&'l SubnetGroupName, &'l Locked<SubnetGroup>)> {
        self.subnet_groups
            .range(SubnetGroupId { owner: owner.clone(), group: SubnetGroupName::first() }..)
            .take_while({
                let owner = owner.clone();
                move |(id, _)| id.owner == owner
            })
            .map(|(id, group)| (&id.group, group))
    }

    /// Every block that is not to be handed out: networks with their reserves, the quarantine, and
    /// what was found in use.
    pub fn taken(&self) -> impl Iterator<Item = Cidr> {
        let networks = self.networks.values().flat_map(|network| network.value.claims());
        let networks = networks.chain(self.container_ranges());
        networks.chain(self.quarantine.keys().copied()).chain(self.reserved.keys().map(|id| id.block))
    }

    /// Whether a block lies in a subnet group of a cell that tenants have parts of: then it is or was such
    /// a part, and not a network of its own.
    pub fn is_inside_a_cell(&self, block: &Cidr) -> bool {
        // Owners are ordered: cells come last.
        let of_cells =
            self.subnet_groups.iter().rev().take_while(|(id, _)| matches!(id.owner, Owner::Cell(_)));
        of_cells.into_iter().any(|(_, group)| group.value.is_whole() && group.value.cidr.contains(block))
    }

    /// The first block found in use that has an address in common with this one.
    pub fn reservation_over(&self, block: &Cidr) -> Option<(&ReservationId, &Locked<Reservation>)> {
        self.reserved.iter().find(|(id, _)| id.block.overlaps(block))
    }

    /// The Region that the addresses of an owner lie in.
    pub fn region_of<'l>(&'l self, owner: &'l Owner) -> Option<&'l RegionName> {
        match owner {
            Owner::Tenant(tenant) => self.tenants.get(tenant).map(|home| &home.value.cell.region),
            Owner::Cell(cell) => Some(&cell.region),
        }
    }

    /// Every block that is not to be handed out in this Region: what networks elsewhere have that
    /// nothing has a route to may be had here too.
    pub fn taken_in(&self, region: &RegionName) -> impl Iterator<Item = Cidr> {
        let here = |owner: &Owner| self.region_of(owner) == Some(region);
        let networks =
            self.networks.iter().filter(move |(owner, network)| network.value.routable || here(owner));
        let found = self.reserved.keys().map(|id| id.block);
        let networks = networks.flat_map(|(_, network)| network.value.claims());
        let networks = networks.chain(self.container_ranges());
        networks.chain(self.quarantine.keys().copied()).chain(found)
    }

    /// What networks have for containers. Two may have the same, where the catalog lets them.
    fn container_ranges(&self) -> impl Iterator<Item = Cidr> {
        self.networks.values().filter_map(|network| network.value.containers)
    }

    fn cell_of(&self, owner: &Owner) -> Option<Owner> {
        let Owner::Tenant(tenant) = owner else { return None };
        self.tenants.get(tenant).map(|home| Owner::Cell(home.value.cell.clone()))
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "# Written by tenantry: decisions that never change by themselves. Commit this file.\n",
        )?;
        writeln!(formatter, "version: {VERSION}")?;
        writeln!(formatter, "product: {}", self.product)?;
        writeln!(formatter, "environment: {}", self.environment)?;
        write_all(&self.seats, formatter)?;
        write_all(&self.joined, formatter)?;
        write_all(&self.cells, formatter)?;
        write_all(&self.tenants, formatter)?;
        write_all(&self.networks, formatter)?;
        write_all(&self.subnet_groups, formatter)?;
        write_all(&self.zones, formatter)?;
        write_all(&self.ingress, formatter)?;
        write_all(&self.quarantine, formatter)?;
        write_all(&self.reserved, formatter)
    }
}

fn write_all<D: Decision>(
    decisions: &BTreeMap<D::Key, Locked<D>>,
    formatter: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (key, decision) in decisions {
        write!(formatter, "{} {key}: ", D::WORD)?;
        decision.value.write(formatter)?;
        formatter.write_str("\n")?;
    }
    Ok(())
}

/// The JSON Schema (2020-12) of the file, for editors and for tools that read the register.
pub fn schema() -> &'static str {
    include_str!("lock.schema.json")
}

#[cfg(test)]
mod tests;
