//! From stacks to a topology: what the resources of all templates make of the network.
//!
//! Goes in: an estate. Comes out: a topology, where each thing of it is written, and what could not be decided.
//! Whatever is not understood becomes something unknown that may do anything: an interface without known
//! groups, a route without a known target. It is never left out.

mod bearers;
mod fabric;
mod groups;
mod private_link;
mod ways;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::check::model::{Estate, Resource, ResourceId, Value};
use crate::check::network::topology::{Origin, Tenant, Topology};
use crate::network::{Cidr, CidrError};
use crate::source::Span;

/// A topology, and how it hangs together with the templates.
pub struct Network {
    pub topology: Topology,
    /// Where each origin is written.
    pub places: Vec<Written>,
    /// What could not be decided.
    pub gaps: Vec<Gap>,
    pub peerings: Vec<Peering>,
    /// Endpoints of which it is not known who is behind them, as workloads.
    pub open_doors: Vec<usize>,
    /// For each VPC and each subnet, where its blocks are written, in their order.
    pub vpc_blocks: Vec<Vec<Origin>>,
    pub subnet_blocks: Vec<Vec<Origin>>,
    /// VPCs of which a block is not known.
    pub open_vpcs: Vec<bool>,
    /// The VPC of each group, where it is known.
    pub group_vpcs: Vec<Option<usize>>,
    /// Things of the topology by their resources.
    pub vpcs: BTreeMap<ResourceId, usize>,
    pub subnets: BTreeMap<ResourceId, usize>,
    pub tables: BTreeMap<ResourceId, usize>,
    pub acls: BTreeMap<ResourceId, usize>,
    pub groups: BTreeMap<ResourceId, usize>,
}

/// Where something is written: a resource, a path of its properties, and the number of an item there.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub resource: ResourceId,
    pub path: &'static str,
    pub item: Option<usize>,
}

/// Something that could not be decided, and what follows from that.
#[derive(Clone, Debug)]
pub struct Gap {
    pub at: Written,
    pub what: String,
}

/// Two VPCs that are peered.
#[derive(Clone, Debug)]
pub struct Peering {
    pub ends: [usize; 2],
    pub resource: ResourceId,
}

impl Written {
    /// The place in the template.
    pub fn span(&self, estate: &Estate) -> Span {
        let item = self.item.map(|item| item.to_string());
        let path: Vec<&str> = [Some(self.path), item.as_deref()].into_iter().flatten().collect();
        estate.resource(self.resource).place(if self.path.is_empty() { &[] } else { &path })
    }
}

/// Reads the network of an estate.
pub fn read(estate: &Estate) -> Network {
    let mut reader = Reader::new(estate);
    reader.fabric();
    reader.groups();
    reader.ways();
    reader.bearers();
    Network {
        topology: reader.topology,
        places: reader.places,
        gaps: reader.gaps,
        peerings: reader.peered,
        open_doors: reader.open_doors,
        vpc_blocks: reader.vpc_blocks,
        subnet_blocks: reader.subnet_blocks,
        open_vpcs: reader.open_vpcs,
        group_vpcs: reader.group_vpcs,
        vpcs: reader.vpcs,
        subnets: reader.subnets,
        tables: reader.tables,
        acls: reader.acls,
        groups: reader.groups,
    }
}

/// What a value names, where a property asks for the id of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named<'e> {
    /// A resource, by its id or by another attribute.
    Resource(ResourceId, Option<&'e str>),
    /// Something that no stack here makes, by an id of its own.
    Elsewhere,
    Unknown,
    Absent,
}

/// A block, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Known(Cidr),
    Unknown,
    Absent,
}

struct Reader<'e> {
    estate: &'e Estate,
    topology: Topology,
    places: Vec<Written>,
    gaps: Vec<Gap>,
    by_kind: BTreeMap<&'e str, Vec<Resource<'e>>>,
    tenants: BTreeMap<&'e str, usize>,
    vpcs: BTreeMap<ResourceId, usize>,
    subnets: BTreeMap<ResourceId, usize>,
    tables: BTreeMap<ResourceId, usize>,
    acls: BTreeMap<ResourceId, usize>,
    groups: BTreeMap<ResourceId, usize>,
    lists: BTreeMap<ResourceId, usize>,
    nats: BTreeMap<ResourceId, Option<usize>>,
    attachments: BTreeMap<ResourceId, usize>,
    /// The attachments of each VPC.
    attached_vpcs: BTreeMap<usize, Vec<usize>>,
    transit_tables: BTreeMap<ResourceId, usize>,
    /// The VPCs at both ends of a peering; none where an end is not known.
    peerings: BTreeMap<ResourceId, Option<[usize; 2]>>,
    peered: Vec<Peering>,
    open_doors: Vec<usize>,
    /// The default group and the main route table of a VPC, made when something uses them.
    default_groups: BTreeMap<usize, usize>,
    vpc_blocks: Vec<Vec<Origin>>,
    subnet_blocks: Vec<Vec<Origin>>,
    group_vpcs: Vec<Option<usize>>,
    /// VPCs and subnets of which a block is not known.
    open_vpcs: Vec<bool>,
    open_subnets: Vec<bool>,
    /// VPCs whose IPv6 block AWS chooses.
    chosen_by_aws: BTreeMap<usize, Cidr>,
}

impl<'e> Reader<'e> {
    fn new(estate: &'e Estate) -> Self {
        let mut by_kind: BTreeMap<&str, Vec<Resource>> = BTreeMap::new();
        let mut classes: BTreeMap<&str, &str> = BTreeMap::new();
        for stack in estate.stacks() {
            if let Some(tenant) = stack.tenant.as_deref() {
                classes.entry(tenant).or_insert(&stack.model);
            }
            for resource in estate.resources(stack) {
                by_kind.entry(resource.kind()).or_default().push(resource);
            }
        }
        let tenant =
            |(name, class): (&&str, &&str)| Tenant { name: (*name).to_owned(), class: (*class).to_owned() };
        Reader {
            estate,
            topology: Topology { tenants: classes.iter().map(tenant).collect(), ..Topology::default() },
            places: Vec::new(),
            gaps: Vec::new(),
            by_kind,
            tenants: classes.keys().enumerate().map(|(number, name)| (*name, number)).collect(),
            vpcs: BTreeMap::new(),
            subnets: BTreeMap::new(),
            tables: BTreeMap::new(),
            acls: BTreeMap::new(),
            groups: BTreeMap::new(),
            lists: BTreeMap::new(),
            nats: BTreeMap::new(),
            attachments: BTreeMap::new(),
            attached_vpcs: BTreeMap::new(),
            transit_tables: BTreeMap::new(),
            peerings: BTreeMap::new(),
            peered: Vec::new(),
            open_doors: Vec::new(),
            default_groups: BTreeMap::new(),
            vpc_blocks: Vec::new(),
            subnet_blocks: Vec::new(),
            group_vpcs: Vec::new(),
            open_vpcs: Vec::new(),
            open_subnets: Vec::new(),
            chosen_by_aws: BTreeMap::new(),
        }
    }

    /// The resources of a kind, in the order of deployment.
    fn of(&self, kind: &str) -> Vec<Resource<'e>> {
        self.by_kind.get(kind).cloned().unwrap_or_default()
    }

    fn origin(&mut self, resource: &Resource, path: &'static str, item: Option<usize>) -> Origin {
        self.places.push(Written { resource: resource.id, path, item });
        self.places.len() - 1
    }

    /// Notes what could not be decided.
    fn gap(&mut self, resource: &Resource, path: &'static str, what: impl Into<String>) {
        self.gaps.push(Gap { at: Written { resource: resource.id, path, item: None }, what: what.into() });
    }

    fn tenant(&self, resource: &Resource) -> Option<usize> {
        resource.tenant().and_then(|tenant| self.tenants.get(tenant).copied())
    }

    /// The block that a value is. One that AWS chooses stands for itself: each VPC gets one of its own.
    fn block(&self, value: &Value) -> Block {
        match value {
            Value::Absent | Value::Null => Block::Absent,
            Value::Text(text) => match text.parse::<Cidr>() {
                // AWS clears the bits beyond the length.
                Ok(block) | Err(CidrError::HostBits(block) | CidrError::NoLength(block)) => {
                    Block::Known(block)
                }
                Err(CidrError::Malformed) => Block::Unknown,
            },
            other => self.chosen(other).map_or(Block::Unknown, Block::Known),
        }
    }

    fn chosen(&self, value: &Value) -> Option<Cidr> {
        match value {
            Value::Reference { target, attribute: Some("Ipv6CidrBlocks") } => {
                self.chosen_by_aws.get(self.vpcs.get(target)?).copied()
            }
            Value::Function("Fn::Select", arguments) => match arguments.as_slice() {
                [index, Value::Function("Fn::Cidr", arguments)] => {
                    let [base, _, bits] = arguments.as_slice() else { return None };
                    let length = 128u8.checked_sub(u8::try_from(bits.as_integer()?).ok()?)?;
                    self.chosen(base)?.part(length, u32::try_from(index.as_integer()?).ok()?)
                }
                [index, list] if index.as_integer() == Some(0) => self.chosen(list),
                _ => None,
            },
            _ => None,
        }
    }

    /// The block that a rule speaks of. Where AWS chooses blocks, one that is written out may be any of them.
    fn peer(&self, value: &Value) -> Block {
        match self.block(value) {
            Block::Known(block)
                if !block.is_v4()
                    && block.length() > 0
                    && !self.chosen_by_aws.is_empty()
                    && matches!(value, Value::Text(_))
                    && is_global(&block) =>
            {
                Block::Unknown
            }
            block => block,
        }
    }
}

/// Whether a block lies among the addresses that AWS chooses from: the global unicast ones.
fn is_global(block: &Cidr) -> bool {
    let global = Cidr::containing(IpAddr::from([0x2000, 0, 0, 0, 0, 0, 0, 0]), 3);
    global.is_some_and(|global| global.overlaps(block))
}

/// The block that stands for the one that AWS chooses for a VPC: from those that are for documentation
/// (RFC 9637), so that no real one is meant.
fn stand_in(vpc: usize) -> Option<Cidr> {
    let number = 0x3_fff0_u128 << 108 | (vpc as u128 & 0xf_ffff_ffff) << 72;
    Cidr::containing(IpAddr::V6(number.into()), 56)
}

/// Attributes that are the id of the resource, as `Ref` gives it.
const IDS: [&str; 12] = [
    "AttachmentId",
    "GroupId",
    "Id",
    "InternetGatewayId",
    "LaunchTemplateId",
    "NatGatewayId",
    "NetworkAclId",
    "PrefixListId",
    "RouteTableId",
    "SubnetId",
    "TransitGatewayRouteTableId",
    "VpcId",
];

pub(super) fn named<'e>(value: &Value<'e>) -> Named<'e> {
    match value {
        Value::Absent | Value::Null => Named::Absent,
        Value::Text(_) => Named::Elsewhere,
        Value::Reference { target, attribute } => {
            Named::Resource(*target, attribute.filter(|name| !IDS.contains(name)))
        }
        _ => Named::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::check::model::read_files;
    use crate::check::network::topology::{Peer, Target};
    use crate::diagnostics::Report;
    use crate::source::SourceMap;

    /// The network of one template, and what of it could not be decided.
    fn network(resources: &str) -> (Topology, Vec<String>) {
        let text = format!("Resources:\n{resources}");
        let (mut sources, mut report) = (SourceMap::default(), Report::default());
        let files = vec![("a.yaml".to_owned(), text)];
        let estate = read_files(Path::new(""), files, &mut sources, &mut report).unwrap();
        let network = read(&estate);
        (network.topology, network.gaps.into_iter().map(|gap| gap.what).collect())
    }

    const DUAL_STACK: &str = "  V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.64.0.0/24}}
  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref V, AmazonProvidedIpv6CidrBlock: true}}
  S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.64.0.0/26}}
  SixS: {Type: AWS::EC2::SubnetCidrBlock, Properties: {SubnetId: !Ref S, \
Ipv6CidrBlock: !Select [3, !Cidr [!Select [0, !GetAtt V.Ipv6CidrBlocks], 256, 64]]}}
";

    #[test]
    fn a_block_that_aws_chooses_stands_for_itself() {
        let (topology, gaps) = network(DUAL_STACK);
        assert_eq!(gaps, Vec::<String>::new());
        let [_, vpc] = topology.vpcs[0].blocks[..] else { panic!("{:?}", topology.vpcs[0]) };
        assert_eq!(topology.subnets[0].blocks[1], vpc.part(64, 3).unwrap());
    }

    #[test]
    fn beside_it_a_range_that_is_written_out_may_be_any_of_its_addresses() {
        let rule = "  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: a, VpcId: !Ref V, \
SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIpv6: '2600:1f18::/32'}, \
{IpProtocol: tcp, FromPort: 2, ToPort: 2, CidrIpv6: 'fd00::/8'}, \
{IpProtocol: tcp, FromPort: 3, ToPort: 3, CidrIpv6: '::/0'}]}}\n";
        let (topology, _) = network(&(DUAL_STACK.to_owned() + rule));
        let peers: Vec<bool> =
            topology.groups[0].inward.iter().map(|rule| rule.peer == Peer::Unknown).collect();
        assert_eq!(peers, [true, false, false]);
    }

    #[test]
    fn what_is_not_understood_is_never_left_out() {
        let (topology, gaps) = network(
            "  V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.64.0.0/24}}
  S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.64.0.0/26}}
  T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref V}}
  R: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 10.0.0.0/8, InstanceId: i-1}}
  X: {Type: AWS::New::Thing, Properties: {Where: [!Ref S]}}
",
        );
        assert_eq!(topology.tables[1].routes[0].target, Target::Unknown);
        assert!(topology.workloads[0].more_groups && topology.workloads[0].subnets == [0]);
        assert!(gaps.iter().any(|gap| gap.contains("`AWS::New::Thing`")), "{gaps:?}");
    }
}
