//! A network as it matters for packets: what is connected to what, which filters stand between, who owns what.
//!
//! Plain data without a word of CloudFormation; the readers of templates fill it, and so do tests. Things are
//! named by their place in the lists. What could not be decided stands here as unknown, and is judged twice:
//! once as if it let nothing through, once as if it let everything through.

use crate::check::network::interval::Services;
use crate::network::Cidr;

/// Where a thing is written: a place in a list that whoever made the topology keeps.
pub type Origin = usize;

/// Everything that packets can meet.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    pub tenants: Vec<Tenant>,
    pub vpcs: Vec<Vpc>,
    pub subnets: Vec<Subnet>,
    pub tables: Vec<RouteTable>,
    pub acls: Vec<Acl>,
    pub groups: Vec<Group>,
    pub lists: Vec<PrefixList>,
    pub attachments: Vec<Attachment>,
    pub transit_tables: Vec<TransitTable>,
    pub nats: Vec<Nat>,
    pub workloads: Vec<Workload>,
}

/// A customer: packets must not go from one to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub name: String,
    /// What pairs are counted by, such as the model.
    pub class: String,
}

#[derive(Clone, Debug, Default)]
pub struct Vpc {
    pub blocks: Vec<Cidr>,
    pub origin: Origin,
}

#[derive(Clone, Debug, Default)]
pub struct Subnet {
    pub vpc: usize,
    pub blocks: Vec<Cidr>,
    pub table: usize,
    /// None: the default ACL of the VPC, which lets everything through.
    pub acl: Option<usize>,
    pub origin: Origin,
}

/// Routes beside those that every table has: to each block of its own VPC.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    pub vpc: usize,
    pub routes: Vec<Route>,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub struct Route {
    /// None: not known.
    pub destination: Option<Cidr>,
    pub kind: RouteKind,
    pub target: Target,
    pub origin: Origin,
}

/// Of routes with the same destination the first kind wins (VPC User Guide, "Route priority").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteKind {
    Local,
    Static,
    OfPrefixList,
    Propagated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The VPC of the table itself.
    Local,
    /// Another VPC by a peering: it delivers into that VPC's own blocks only, and nothing passes through.
    Peer(usize),
    /// A transit gateway, by the attachment of the table's VPC.
    Transit(usize),
    /// A NAT gateway, which sends the packet on in its own name.
    Nat(usize),
    /// The internet or a service of AWS: what comes back from there is not this network's traffic.
    Outside,
    /// Nowhere: the target is missing, or says so.
    Nowhere,
    /// A machine in between, or what this version does not know.
    Unknown,
}

/// A VPC at a transit gateway.
#[derive(Clone, Debug)]
pub struct Attachment {
    pub vpc: usize,
    /// Whose route tables say where a packet goes that the gateway hands over and that is not for the VPC.
    pub subnets: Vec<usize>,
    pub association: Association,
    pub origin: Origin,
}

/// The table of the transit gateway that says where packets of an attachment go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Association {
    None,
    Table(usize),
    Unknown,
}

#[derive(Clone, Debug, Default)]
pub struct TransitTable {
    pub routes: Vec<TransitRoute>,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub struct TransitRoute {
    pub destination: Option<Cidr>,
    pub kind: RouteKind,
    pub target: TransitTarget,
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransitTarget {
    Attachment(usize),
    Nowhere,
    Unknown,
}

#[derive(Clone, Debug)]
pub struct Nat {
    pub subnet: usize,
    pub origin: Origin,
}

/// A network ACL: the entry with the lowest number that matches decides; none: the packet is dropped.
#[derive(Clone, Debug, Default)]
pub struct Acl {
    pub vpc: usize,
    pub inward: Vec<AclEntry>,
    pub outward: Vec<AclEntry>,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub struct AclEntry {
    pub number: u32,
    pub allow: bool,
    /// None: not known.
    pub peer: Option<Cidr>,
    pub services: Services,
    pub origin: Origin,
}

/// A security group: what any rule of any group of an interface allows, passes.
#[derive(Clone, Debug, Default)]
pub struct Group {
    pub inward: Vec<GroupRule>,
    pub outward: Vec<GroupRule>,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub struct GroupRule {
    pub peer: Peer,
    pub services: Services,
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    Block(Cidr),
    /// The interfaces that bear the group.
    Group(usize),
    List(usize),
    Unknown,
}

/// A prefix list; those that AWS manages hold no address of any VPC.
#[derive(Clone, Debug, Default)]
pub struct PrefixList {
    pub blocks: Vec<Cidr>,
    /// Whether it may hold more than is known.
    pub open: bool,
    pub origin: Origin,
}

/// Interfaces that are alike: the same owner, the same groups, any address of the same subnets.
#[derive(Clone, Debug)]
pub struct Workload {
    pub name: String,
    /// The tenant; none: shared.
    pub owner: Option<usize>,
    pub subnets: Vec<usize>,
    /// Whether it may stand in subnets that are not known.
    pub anywhere: bool,
    /// None: no security group filters it.
    pub groups: Option<Vec<usize>>,
    /// Whether it may bear groups that are not known.
    pub more_groups: bool,
    pub sends: bool,
    pub receives: bool,
    /// Whether the internet can reach it: what its groups let in from everywhere is meant for everyone.
    pub public: bool,
    pub origin: Origin,
}
