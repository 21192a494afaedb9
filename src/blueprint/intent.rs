//! What a blueprint says, typed: its network, its workloads, its flows and its stacks.

use std::collections::BTreeMap;
use std::fmt;

use crate::blueprint::condition::Condition;
use crate::blueprint::settings::SettingsSchema;
use crate::blueprint::template::{Piece, Template};
use crate::identity::Model;
use crate::network::Traffic;
use crate::source::Span;
use crate::yaml::Located;

/// One way to build tenants of one model.
#[derive(Debug)]
pub struct Blueprint {
    pub name: String,
    pub model: Model,
    pub summary: String,
    /// How many tenants share a home; always `None` where each has its own.
    pub cell: Option<CellIntent>,
    pub settings: SettingsSchema,
    pub network: Network,
    /// By name; names are words of lower-case letters, digits and underscores.
    pub workloads: BTreeMap<String, Workload>,
    pub flows: Vec<Flow>,
    /// In an order in which every stack comes after those that it refers to.
    pub stacks: Vec<Stack>,
    /// What is written beside the stacks, by name.
    pub files: Vec<File>,
    /// The components that it takes in, by name; of a component, itself.
    pub components: Vec<String>,
    /// Whether it is what a component has of its own, which builds no tenants.
    pub is_component: bool,
    pub span: Span,
}

/// How full a cell of a shared model becomes.
#[derive(Debug)]
pub struct CellIntent {
    /// The most tenants in a cell; quotas may allow fewer.
    pub tenants: Located<u32>,
}

/// How many there are of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// One for each tenant.
    Tenant,
    /// One for the tenants of a cell together.
    Cell,
    /// One for each account and Region in which the blueprint has a home.
    Account,
    /// One for each Region with homes, in the account that hosts the shared services; of components alone.
    Region,
    /// One, in the management account and the catalog's first Region.
    Organization,
}

impl Per {
    /// Every word of blueprints with its value.
    pub const WORDS: &'static [(&'static str, Per)] = &[
        ("tenant", Per::Tenant),
        ("cell", Per::Cell),
        ("account", Per::Account),
        ("region", Per::Region),
        ("organization", Per::Organization),
    ];

    /// The word in blueprints.
    pub fn word(self) -> &'static str {
        match self {
            Per::Tenant => "tenant",
            Per::Cell => "cell",
            Per::Account => "account",
            Per::Region => "region",
            Per::Organization => "organization",
        }
    }
}

/// The account that a stack is deployed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The one in which the tenant or the cell lives.
    Home,
    /// The organization's management account.
    Management,
    /// The account of the central services.
    SharedServices,
}

impl Place {
    /// Every word of blueprints with its value.
    pub const WORDS: &'static [(&'static str, Place)] = &[
        ("home", Place::Home),
        ("management", Place::Management),
        ("shared_services", Place::SharedServices),
    ];

    /// The word in blueprints.
    pub fn word(self) -> &'static str {
        match self {
            Place::Home => "home",
            Place::Management => "management",
            Place::SharedServices => "shared_services",
        }
    }
}

/// Who has a VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Each tenant one of its own.
    Tenant,
    /// The tenants of a cell share one.
    Cell,
    /// Nobody: what is built needs no network.
    None,
}

impl Owner {
    /// The word in blueprints.
    pub fn word(self) -> &'static str {
        match self {
            Owner::Tenant => "tenant",
            Owner::Cell => "cell",
            Owner::None => "none",
        }
    }

    /// How many there are of what stands in such a network, where the blueprint does not say.
    pub fn per(self) -> Per {
        match self {
            Owner::Cell => Per::Cell,
            Owner::Tenant | Owner::None => Per::Tenant,
        }
    }
}

/// How the addresses of a VPC are cut.
#[derive(Debug)]
pub struct Network {
    pub owner: Owner,
    /// Prefix length of a cell's VPC; there if the owner is the cell.
    pub cell_size: Option<Located<u8>>,
    /// Size name to prefix length: of the VPC if it is the tenant's, else of the part that a tenant gets
    /// of each subnet group that is `per: tenant`, before it is cut into zone slots.
    pub sizes: BTreeMap<String, Located<u8>>,
    /// In the order of the file, which is the order of the addresses.
    pub subnet_groups: Vec<SubnetGroup>,
    /// Zone slots that every subnet group is cut into, a power of two.
    pub zone_slots: usize,
    pub span: Span,
}

/// Subnets of one purpose, one in each zone.
#[derive(Debug)]
pub struct SubnetGroup {
    pub name: String,
    /// How many bits longer the group's prefix is than the VPC's, and how many such parts it takes:
    /// a share of 4/8 is a block one bit longer.
    pub extra_bits: u8,
    pub route: Route,
    /// [`Per::Tenant`] or [`Per::Cell`]: whether a tenant has subnets of its own in the group.
    pub per: Per,
    pub span: Span,
}

/// Where the default route of a subnet group leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the internet gateway.
    Internet,
    /// To a NAT gateway, where the settings have one.
    Nat,
    /// Nowhere: only the VPC itself and its gateway endpoints.
    Local,
}

impl Route {
    /// The word in blueprints.
    pub fn word(self) -> &'static str {
        match self {
            Route::Internet => "internet",
            Route::Nat => "nat",
            Route::Local => "local",
        }
    }
}

/// Something with network interfaces.
#[derive(Debug)]
pub struct Workload {
    pub name: String,
    pub subnet_group: String,
    /// [`Per::Tenant`] or [`Per::Cell`]: whose it is.
    pub per: Per,
    pub when: Option<Condition>,
    /// Whether the rules that all tenants of a cell have alike stand in a group of the cell, which every
    /// interface bears beside the tenant's own.
    pub shared_rules: bool,
    /// The longest prefix that its subnets may have.
    pub smallest_subnet: Option<u8>,
    pub span: Span,
}

/// A permission to open connections.
#[derive(Debug)]
pub struct Flow {
    pub from: FlowEnd,
    pub to: FlowEnd,
    /// One protocol, with each range of its ports or each kind of its messages.
    pub traffic: Vec<Traffic>,
    pub when: Option<Condition>,
    pub span: Span,
}

/// One end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowEnd {
    Workload(String),
    /// The ranges of the tenant's allow-list; only as the beginning.
    TenantIngress,
    /// Any public address; only as the end.
    Internet,
    /// An AWS service such as `s3` or `ecr.api`; as the beginning only one with a prefix list.
    Service(String),
    /// Addresses outside of the product's networks, by the name that the catalog gives them.
    Range(String),
}

impl fmt::Display for FlowEnd {
    /// The word in blueprints.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlowEnd::Workload(name) => formatter.write_str(name),
            FlowEnd::TenantIngress => formatter.write_str("tenant.ingress"),
            FlowEnd::Internet => formatter.write_str("internet"),
            FlowEnd::Service(service) => write!(formatter, "aws.{service}"),
            FlowEnd::Range(name) => write!(formatter, "range.{name}"),
        }
    }
}

/// A stack of a blueprint.
#[derive(Debug)]
pub struct Stack {
    pub name: String,
    /// How many there are of it.
    pub per: Per,
    /// Where it is deployed.
    pub place: Place,
    pub template: Template,
    pub template_file: String,
    pub after: Vec<String>,
    pub when: Option<Condition>,
    /// Of a blueprint, the component that has it as its own: it is named here for those that come after it.
    pub elsewhere: Option<String>,
    pub span: Span,
}

/// A file that is no stack, for those who bring tenants in and look after them.
#[derive(Debug)]
pub struct File {
    pub name: String,
    /// How many there are of it.
    pub per: Per,
    pub when: Option<Condition>,
    pub body: FileBody,
    pub span: Span,
}

/// What stands in such a file.
#[derive(Debug)]
pub enum FileBody {
    /// An item of a DynamoDB table, written together with those of other tenants.
    Record { table: Piece, item: Piece },
    /// The input of a command of the AWS CLI.
    Input(Piece),
    /// Text, or a list of texts, that a program runs.
    Script { text: Piece, ending: String },
}

impl Stack {
    /// Whether the outputs of the other one can be imported: it is deployed to the same account and Region,
    /// whatever tenant they are for.
    pub fn reaches(&self, other: &Stack) -> bool {
        other.place == self.place && (other.per != Per::Region || self.per == Per::Region)
    }
}

impl Blueprint {
    /// The stacks that it has of this kind.
    pub fn stacks_per(&self, per: Per) -> impl Iterator<Item = &Stack> {
        self.stacks.iter().filter(move |stack| stack.per == per && stack.elsewhere.is_none())
    }

    /// The subnet group of this name.
    pub fn subnet_group(&self, name: &str) -> Option<&SubnetGroup> {
        self.network.subnet_groups.iter().find(|group| group.name == name)
    }

    /// The subnet group that NAT gateways stand in: the first with a route to the internet.
    pub fn public_group(&self) -> Option<&SubnetGroup> {
        self.network.subnet_groups.iter().find(|group| group.route == Route::Internet)
    }
}
