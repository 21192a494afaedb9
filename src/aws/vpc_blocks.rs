//! AWS's rules for the IPv4 blocks of VPCs and subnets, as pure functions over blocks.
//!
//! All from the VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks", unless another page is
//! named. A refusal reads as the end of a sentence, in AWS's own words where they fit one. What
//! AWS does not list as allowed is refused.

use std::fmt;

use crate::network::Cidr;

/// The largest and the smallest block of a VPC or a subnet.
const LENGTHS: std::ops::RangeInclusive<u8> = 16..=28;

/// The first four addresses of a subnet and its last ("Subnet sizing").
const LOST_IN_A_SUBNET: u128 = 5;

/// A range by its first address, so that the table below needs no parsing that could fail.
#[derive(Clone, Copy)]
struct Range {
    first: [u8; 4],
    length: u8,
}

const fn range(first: [u8; 4], length: u8) -> Range {
    Range { first, length }
}

impl Range {
    fn block(self) -> Option<Cidr> {
        Cidr::v4(u32::from_be_bytes(self.first), self.length)
    }

    fn holds(self, block: &Cidr) -> bool {
        self.block().is_some_and(|range| range.contains(block))
    }

    fn touches(self, block: &Cidr) -> bool {
        self.block().is_some_and(|range| range.overlaps(block))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.first;
        write!(formatter, "{a}.{b}.{c}.{d}/{}", self.length)
    }
}

/// Ranges that AWS refuses as blocks of a VPC, and what they are.
const REFUSED: [(Range, &str); 4] = [
    (range([0, 0, 0, 0], 8), "this network"),
    (range([127, 0, 0, 0], 8), "loopback"),
    (range([169, 254, 0, 0], 16), "link-local"),
    (range([224, 0, 0, 0], 4), "multicast"),
];

const TEN: Range = range([10, 0, 0, 0], 8);
const ONE_SEVEN_TWO: Range = range([172, 16, 0, 0], 12);
const ONE_NINE_TWO: Range = range([192, 168, 0, 0], 16);
const BENCHMARKING: Range = range([198, 19, 0, 0], 16);

/// What may not stand beside a VPC's first row of ranges: "IPv4 CIDR block association restrictions".
const RESTRICTED: [(Range, &[Range]); 4] = [
    (TEN, &[ONE_SEVEN_TWO, ONE_NINE_TWO, BENCHMARKING]),
    (ONE_SEVEN_TWO, &[TEN, ONE_NINE_TWO, range([172, 31, 0, 0], 16), BENCHMARKING]),
    (ONE_NINE_TWO, &[TEN, ONE_SEVEN_TWO, BENCHMARKING]),
    // Another block of 198.19.0.0/16 is not among those that AWS lists as allowed.
    (BENCHMARKING, &[TEN, ONE_SEVEN_TWO, ONE_NINE_TWO, BENCHMARKING]),
];

/// Why AWS would refuse a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockRefusal {
    /// Neither a VPC nor a subnet may have this length.
    Length(Cidr),
    /// The block touches a range that is no VPC's.
    Refused { range: String, use_of: &'static str },
    /// The block shares addresses with one that is there.
    Overlap(Cidr),
    /// The subnet lies in no block of its VPC.
    Outside,
    /// The range of the block may not be added beside a block that is there.
    Beside { present: Cidr, restricted: String },
    /// Beside a block of 10.0.0.0/15, no block of 10.0.0.0/16 may be added.
    BesideTenZero(Cidr),
    /// RFC 1918 blocks cannot be added to a VPC that began with public addresses or 100.64.0.0/10.
    PrivateAfterPublic(Cidr),
    /// The block would equal or hold the destination of a route.
    Route(Cidr),
    /// The VPC has as many blocks as it may have.
    Count(u64),
}

impl fmt::Display for BlockRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlockRefusal::Length(block) => {
                write!(formatter, "a block must be between a /16 and a /28, and {block} is not")
            }
            BlockRefusal::Refused { range, use_of } => {
                write!(formatter, "AWS takes no block in {range} ({use_of})")
            }
            BlockRefusal::Overlap(other) => write!(formatter, "it overlaps the block {other}"),
            BlockRefusal::Outside => formatter.write_str("it lies in no block of its VPC"),
            BlockRefusal::Beside { present, restricted } => write!(
                formatter,
                "a VPC that has {present} cannot be associated with a block of {restricted}"
            ),
            BlockRefusal::BesideTenZero(present) => write!(
                formatter,
                "a VPC that has {present}, of the range 10.0.0.0/15, cannot be associated with a block of 10.0.0.0/16"
            ),
            BlockRefusal::PrivateAfterPublic(present) => write!(
                formatter,
                "a VPC that began with {present} cannot be associated with a block of the RFC 1918 ranges"
            ),
            BlockRefusal::Route(destination) => {
                write!(
                    formatter,
                    "it would be the same as or larger than the destination {destination} of a route"
                )
            }
            BlockRefusal::Count(most) => write!(formatter, "a VPC may have {most} IPv4 blocks"),
        }
    }
}

/// Whether a range may lie where VPCs get blocks from, whatever its size.
///
/// # Errors
/// The range that it touches.
pub fn usable_range(block: &Cidr) -> Result<(), BlockRefusal> {
    match REFUSED.iter().find(|(range, _)| range.touches(block)) {
        Some((range, use_of)) => Err(BlockRefusal::Refused { range: range.to_string(), use_of }),
        None => Ok(()),
    }
}

/// Whether a VPC may be created with this block.
///
/// # Errors
/// The rule that it breaks.
pub fn vpc_block(block: &Cidr) -> Result<(), BlockRefusal> {
    if !block.is_v4() || !LENGTHS.contains(&block.length()) {
        return Err(BlockRefusal::Length(*block));
    }
    usable_range(block)
}

/// Whether a subnet may have this block in a VPC with these blocks and other subnets.
///
/// # Errors
/// The rule that it breaks.
pub fn subnet_block(block: &Cidr, vpc: &[Cidr], others: &[Cidr]) -> Result<(), BlockRefusal> {
    if !LENGTHS.contains(&block.length()) {
        return Err(BlockRefusal::Length(*block));
    }
    if !vpc.iter().any(|present| present.contains(block)) {
        return Err(BlockRefusal::Outside);
    }
    match others.iter().find(|other| other.overlaps(block)) {
        Some(other) => Err(BlockRefusal::Overlap(*other)),
        None => Ok(()),
    }
}

/// How many addresses of a subnet its workloads can have.
pub fn usable_addresses(subnet: &Cidr) -> u128 {
    subnet.size().saturating_sub(LOST_IN_A_SUBNET)
}

/// Whether a block may be associated with a VPC that has these, the one it was created with first.
/// `most` is the quota "IPv4 CIDR blocks per VPC".
///
/// # Errors
/// The rule that it breaks.
pub fn secondary_block(present: &[Cidr], block: &Cidr, most: u64) -> Result<(), BlockRefusal> {
    vpc_block(block)?;
    if let Some(other) = present.iter().find(|other| other.overlaps(block)) {
        return Err(BlockRefusal::Overlap(*other));
    }
    if present.len() as u64 >= most {
        return Err(BlockRefusal::Count(most));
    }
    let in_fifteen = present.iter().find(|other| range([10, 0, 0, 0], 15).holds(other));
    if let Some(other) = in_fifteen.filter(|_| range([10, 0, 0, 0], 16).holds(block)) {
        return Err(BlockRefusal::BesideTenZero(*other));
    }
    for other in present {
        let rows = RESTRICTED.iter().filter(|(row, _)| row.holds(other));
        if let Some(range) = rows.flat_map(|(_, restricted)| *restricted).find(|range| range.holds(block)) {
            return Err(BlockRefusal::Beside { present: *other, restricted: range.to_string() });
        }
    }
    let special = |block: &Cidr| RESTRICTED.iter().any(|(range, _)| range.holds(block));
    match present.first() {
        Some(first) if special(block) && !present.iter().any(special) => {
            Err(BlockRefusal::PrivateAfterPublic(*first))
        }
        _ => Ok(()),
    }
}

/// Whether a new block leaves the VPC's routes alone: it may lie inside the destination of a route,
/// but may not be the same or hold it.
///
/// # Errors
/// The destination in its way.
pub fn beside_routes(block: &Cidr, destinations: &[Cidr]) -> Result<(), BlockRefusal> {
    match destinations.iter().find(|destination| block.contains(destination)) {
        Some(destination) => Err(BlockRefusal::Route(*destination)),
        None => Ok(()),
    }
}

/// The blocks by which a VPC goes from what it has to `target`, each as large as AWS and alignment
/// allow, nearest first: the neighbour of the same size, the neighbour of both, and so on. A
/// neighbour that is larger than a /16 comes as several.
pub fn growth_blocks(extent: &Cidr, target: &Cidr) -> Vec<Cidr> {
    let mut blocks = Vec::new();
    for length in (target.length()..extent.length()).rev() {
        // The half of the next larger block that holds the extent is there; the other half is added.
        let Some(parent) = Cidr::containing(extent.first(), length) else { continue };
        let neighbour = [0, 1]
            .into_iter()
            .filter_map(|half| parent.part(length + 1, half))
            .find(|half| !half.contains(extent));
        let Some(neighbour) = neighbour else { continue };
        let piece = neighbour.length().max(*LENGTHS.start());
        let pieces = 1u32 << (piece - neighbour.length());
        blocks.extend((0..pieces).filter_map(|number| neighbour.part(piece, number)));
    }
    blocks
}

/// Whether a VPC that is created with `block` could grow until it fills `reserve`, however many
/// blocks that takes.
///
/// # Errors
/// The rule in its way.
pub fn can_grow(block: &Cidr, reserve: &Cidr) -> Result<(), BlockRefusal> {
    let mut present = vec![*block];
    for next in growth_blocks(block, reserve) {
        secondary_block(&present, &next, u64::MAX)?;
        present.push(next);
    }
    Ok(())
}

/// Ranges where a VPC cannot get a second block beside its first: headroom is wasted there.
pub fn ranges_without_growth() -> impl Iterator<Item = Cidr> {
    [range([10, 0, 0, 0], 16), range([172, 31, 0, 0], 16), BENCHMARKING].into_iter().filter_map(Range::block)
}

/// Why AWS advises against a range that it takes, if it does.
pub fn advised_against(block: &Cidr) -> Option<(Cidr, &'static str)> {
    let docker = range([172, 17, 0, 0], 16);
    let found = docker.block().filter(|_| docker.touches(block))?;
    Some((found, "AWS Cloud9 and SageMaker AI use it for Docker, and cannot reach a VPC that uses it too"))
}

/// What counts towards Network Address Usage, and how much one of it (VPC User Guide, "Network
/// Address Usage").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressUser {
    /// An IPv4 or IPv6 address of a network interface of an instance or a task.
    Address,
    /// A network interface beyond the first of an instance.
    Interface,
    /// A prefix that is assigned to an interface.
    Prefix,
    NetworkLoadBalancerInAZone,
    EndpointInAZone,
    TransitGatewayAttachment,
    Function,
    NatGateway,
    FileSystemMount,
}

impl AddressUser {
    /// Its units.
    pub fn units(self) -> u64 {
        match self {
            AddressUser::Address | AddressUser::Interface | AddressUser::Prefix => 1,
            AddressUser::NetworkLoadBalancerInAZone
            | AddressUser::EndpointInAZone
            | AddressUser::TransitGatewayAttachment
            | AddressUser::Function
            | AddressUser::NatGateway
            | AddressUser::FileSystemMount => 6,
        }
    }
}

/// The Network Address Usage of a VPC with these; the quotas `network-address-usage-per-vpc` and
/// `peered-network-address-usage` bound it.
pub fn address_usage(users: impl IntoIterator<Item = (AddressUser, u64)>) -> u64 {
    users.into_iter().fold(0, |sum, (user, number)| sum.saturating_add(user.units().saturating_mul(number)))
}

#[cfg(test)]
mod tests;
