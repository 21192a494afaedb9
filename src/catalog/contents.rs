//! What a catalog says, typed, each value with its place in the text.

use std::collections::BTreeMap;
use std::fmt;

use crate::aws::{PrefixListService, Quota};
use crate::catalog::{FreeText, TagRule, TenantName};
use crate::identity::{
    AccountId, ComplianceName, EnvironmentName, HostAccount, Model, ProductName, RegionName, RepositoryPath,
    TagKey, TagValue, TenantId, TierName, ZoneId,
};
use crate::network::Cidr;
use crate::source::Span;
use crate::yaml::{Key, Located, Node};

/// A whole catalog whose parts fit together: every tier, Region and account that is named is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    pub product: Located<ProductName>,
    pub environment: Located<EnvironmentName>,
    pub organization: Option<Organization>,
    /// In the order of the catalog; that order is a preference.
    pub accounts: Vec<Account>,
    pub regions: BTreeMap<RegionName, Region>,
    pub reserved: Vec<Reserved>,
    /// Addresses outside of the product's networks that flows may name, none of them a tenant's.
    pub ranges: BTreeMap<String, NamedRanges>,
    /// None: blocks wait until somebody deletes their line from the lock.
    pub quarantine: Option<Quarantine>,
    pub shared_services: SharedServices,
    /// At least one: a rule that takes a tag from `tenant.id` is added where the catalog has none.
    pub tags: Vec<TagRule>,
    /// Also those of the files.
    pub quotas: Vec<QuotaOverride>,
    pub quota_files: Vec<QuotaFile>,
    /// None where the catalog does not say what regimes ask for: then they ask for nothing.
    pub compliance: Option<BTreeMap<ComplianceName, Compliance>>,
    pub tiers: BTreeMap<TierName, Tier>,
    /// What is switched on, by name, with its settings.
    pub components: BTreeMap<String, Located<Node>>,
    /// Where the output directory lies in its repository: CloudFormation Git sync looks for
    /// templates from the repository's root.
    pub repository_path: Option<Located<RepositoryPath>>,
    /// Sorted by id, so that nothing depends on their order in the files.
    pub tenants: Vec<Tenant>,
}

impl Catalog {
    /// The account of this number, if the catalog lists it.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id.value == *id)
    }

    /// The tenant of this id.
    pub fn tenant(&self, id: &TenantId) -> Option<&Tenant> {
        let position = self.tenants.binary_search_by(|tenant| tenant.id.value.cmp(id)).ok()?;
        self.tenants.get(position)
    }

    /// Every home that the catalog says of, each as the tenant that would have it alone.
    pub fn homes(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter().flat_map(|tenant| std::iter::once(tenant).chain(&tenant.further))
    }

    /// What the catalog says that AWS has granted of a quota: the entry that says most about where.
    /// None of `region`: the quota of a whole account.
    pub fn granted(&self, id: &str, account: &HostAccount, region: Option<&RegionName>) -> Option<u64> {
        let holds = |one: &&QuotaOverride| {
            one.quota.value.id == id
                && one.account.as_ref().is_none_or(
                    |given| matches!(account, HostAccount::Number(number) if *number == given.value),
                )
                && one.region.as_ref().is_none_or(|given| region.is_none_or(|region| *region == given.value))
        };
        let closest = |one: &&QuotaOverride| (one.account.is_some(), one.region.is_some());
        // Of several that say as much, the first: `max_by_key` would take the last.
        self.quotas.iter().rev().filter(holds).max_by_key(closest).map(|one| one.value.value)
    }

    /// The first regime of a tenant that forbids it to share a home with others.
    pub fn forbids_co_hosting<'t>(&self, tenant: &'t Tenant) -> Option<&'t Located<ComplianceName>> {
        let regimes = self.compliance.as_ref()?;
        let forbids = |name: &ComplianceName| {
            regimes.get(name).is_some_and(|one| one.co_hosting.value == CoHosting::Forbidden)
        };
        tenant.compliance.iter().find(|name| forbids(&name.value))
    }

    /// The tier of a tenant of this catalog.
    pub fn tier_of(&self, tenant: &Tenant) -> Option<&Tier> {
        self.tiers.get(&tenant.tier.value)
    }
}

/// The AWS Organization that the accounts belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    pub id: Located<String>,
    pub management_account: Option<Located<AccountId>>,
    pub root: Option<Located<String>>,
    /// Whether the organization gets a trail of what is done in its accounts: not, where it has one.
    pub trail: bool,
    pub span: Span,
}

/// An AWS account that exists already, and what may be put into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: Located<AccountId>,
    pub name: Located<FreeText>,
    pub hosts: Vec<Located<Host>>,
    pub span: Span,
}

impl Account {
    /// Whether tenants of this model may live here.
    pub fn hosts(&self, model: Model) -> bool {
        self.hosts.iter().any(|host| host.value == Host::Model(model))
    }
}

/// Addresses outside of the product's networks, under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRanges {
    /// At least one.
    pub blocks: Vec<Located<Cidr>>,
    pub span: Span,
}

/// What an account may be home to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    Model(Model),
    SharedServices,
}

/// A Region that tenants can live in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    pub name: RegionName,
    /// In the order of the catalog: a tenant with two zones gets the first two.
    pub zones: Vec<Located<ZoneId>>,
    /// The blocks that tenants' addresses are cut from; no two of a catalog overlap.
    pub pools: Vec<Pool>,
    /// The IPv6 blocks of one's own; where there are none, Amazon provides each VPC's.
    pub ipv6_pools: Vec<Ipv6Pool>,
    /// Ids that the catalog gives; [`Region::prefix_list`] knows the others.
    pub prefix_lists: BTreeMap<String, Located<String>>,
    pub span: Span,
}

impl Region {
    /// The id of the AWS-managed prefix list of a service: the catalog's, else the known one.
    pub fn prefix_list(&self, service: PrefixListService) -> Option<&str> {
        match self.prefix_lists.get(service.as_str()) {
            Some(given) => Some(&given.value),
            None => crate::aws::prefix_list(service, self.name.as_str()),
        }
    }
}

/// A block that tenants' addresses are cut from, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    pub value: Cidr,
    /// Where the block stands.
    pub span: Span,
    /// Empty: any.
    pub models: Vec<Located<Model>>,
    /// Empty: any.
    pub tiers: Vec<Located<TierName>>,
    pub purpose: Purpose,
    /// Whether other networks can have routes to it.
    pub routable: bool,
}

/// What the blocks of a pool are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The VPCs of tenants and of cells.
    Networks,
    /// Second blocks of VPCs, for the many addresses that containers take.
    Containers,
}

/// An IPv6 block that was brought to AWS, and the pool that EC2 knows it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv6Pool {
    pub value: Cidr,
    /// Where the block stands.
    pub span: Span,
    pub id: Located<String>,
    /// The account that the pool belongs to; none: that of every VPC.
    pub account: Option<Located<AccountId>>,
}

impl Ipv6Pool {
    /// Whether a VPC in this account can take a block from here.
    pub fn serves(&self, account: &HostAccount) -> bool {
        self.account.as_ref().is_none_or(|own| *account == HostAccount::Number(own.value.clone()))
    }
}

impl Pool {
    /// Whether a tenant of this tier may come here; `meets` says whether other networks have routes
    /// to the tenant's.
    pub fn serves(&self, tier: &Tier, meets: bool) -> bool {
        self.purpose == Purpose::Networks && self.fits(tier) && (self.routable || !meets)
    }

    /// Whether it is for tenants of this tier, whatever its purpose.
    pub fn fits(&self, tier: &Tier) -> bool {
        (self.models.is_empty() || self.models.iter().any(|model| model.value == tier.model.value))
            && (self.tiers.is_empty() || self.tiers.iter().any(|name| name.value == tier.name))
    }

    /// Whether it is set apart for some tenants.
    pub fn is_dedicated(&self) -> bool {
        !self.models.is_empty() || !self.tiers.is_empty() || !self.routable
    }
}

/// Addresses that are never handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    pub cidr: Located<Cidr>,
    pub reason: Located<FreeText>,
    pub span: Span,
}

/// How long the block of a tenant that has left waits before another may have it. Where both waits
/// are given, both must be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    pub days: Option<Located<u32>>,
    pub releases: Option<Located<u32>>,
    /// The number of the release that this catalog belongs to, for counting `releases`.
    pub release: Option<Located<u32>>,
}

/// What all tenants share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedServices {
    /// None where the catalog does not say.
    pub connect: Option<Located<Connect>>,
    /// The addresses of the VPC of central services, in each Region that has one.
    pub networks: BTreeMap<RegionName, Located<Cidr>>,
    /// What is offered by PrivateLink, each with an endpoint service of its own. Words, in order.
    pub services: Vec<Located<String>>,
}

impl SharedServices {
    /// Whether tenants' networks and others have routes to each other. What `auto` will choose is
    /// not known, so it counts as if they had.
    pub fn meet(&self) -> bool {
        let connect = self.connect.as_ref().map_or(Connect::None, |connect| connect.value);
        !matches!(connect, Connect::PrivateLink | Connect::None)
    }
}

/// How tenants' networks reach the shared services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connect {
    Auto,
    Peering,
    TransitGateway,
    PrivateLink,
    None,
}

/// An increase that AWS has granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaOverride {
    pub quota: Located<&'static Quota>,
    pub value: Located<u64>,
    /// None: every account.
    pub account: Option<Located<AccountId>>,
    /// None: every Region.
    pub region: Option<Located<RegionName>>,
    pub span: Span,
}

/// A file with what AWS says an account's quotas are in a Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaFile {
    pub file: Located<String>,
    pub account: Located<AccountId>,
    pub region: Located<RegionName>,
}

/// What a regime that tenants' data falls under asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compliance {
    pub co_hosting: Located<CoHosting>,
    pub span: Span,
}

/// Whether tenants may share a home with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoHosting {
    Allowed,
    Forbidden,
}

/// A plan that the product sells.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    pub name: TierName,
    pub model: Located<Model>,
    /// One of the blueprint's sizes; whether it has it is for the plan to say.
    pub size: Option<Located<String>>,
    /// None: the blueprint named as the model.
    pub blueprint: Option<Located<String>>,
    /// How many times a tenant's address space may double in place.
    pub headroom: u8,
    /// Where its tenants live, unless one says otherwise.
    pub account: Option<Located<AccountId>>,
    pub settings: Settings,
    /// What each of its tenants has beside its main home.
    pub homes: Vec<TierHome>,
    pub span: Span,
}

/// A home that a tier gives to each of its tenants beside the main one, by another tier.
#[derive(Clone, Debug, PartialEq)]
pub struct TierHome {
    pub tier: Located<TierName>,
    /// None: the other tier's.
    pub size: Option<Located<String>>,
    /// None: the other tier's.
    pub headroom: Option<Located<u8>>,
    /// None: the other tier's.
    pub account: Option<Located<AccountId>>,
    /// They override the other tier's.
    pub settings: Settings,
    pub span: Span,
}

impl Tier {
    /// The name of its blueprint.
    pub fn blueprint_name(&self) -> &str {
        self.blueprint.as_ref().map_or(self.model.value.as_str(), |blueprint| &blueprint.value)
    }
}

/// One customer of the product.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    pub id: Located<TenantId>,
    pub name: Located<TenantName>,
    pub tier: Located<TierName>,
    pub region: Located<RegionName>,
    pub status: Status,
    pub compliance: Vec<Located<ComplianceName>>,
    /// Who may reach its public workloads; empty: anyone.
    pub ingress: Vec<Located<Cidr>>,
    /// None: the tier's.
    pub headroom: Option<Located<u8>>,
    /// None: the tier's.
    pub size: Option<Located<String>>,
    /// Of a tenant of the account model: its own account, once it exists.
    pub account: Option<Located<AccountId>>,
    /// The final value of every rule that gives this tenant one.
    pub tags: BTreeMap<TagKey, Located<TagValue>>,
    /// Its own settings alone; they override the tier's.
    pub settings: Settings,
    /// Which of its homes this is about.
    pub role: Role,
    /// Its other homes: what they do not say for themselves is as here.
    pub further: Vec<Tenant>,
    pub span: Span,
}

/// What a home is to its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The one of its own `tier`.
    Main,
    /// One beside it, with other workloads.
    Beside,
    /// One that it moves out of.
    Leaving,
}

/// Settings as written: the blueprint's own JSON Schema says what they may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(pub Vec<(Key, Node)>);

impl Settings {
    /// The value of a setting.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.0.iter().find(|(key, _)| &*key.text == name).map(|(_, node)| node)
    }
}

/// Declares an enumeration of words: its texts, in the order of the documentation.
macro_rules! words {
    ($type:ident { $($variant:path = $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every word with its value.
            pub const WORDS: &'static [(&'static str, $type)] = &[$(($word, $variant)),+];

            /// The word in catalogs.
            pub fn as_str(self) -> &'static str {
                Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

/// Where a tenant is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Planned,
    #[default]
    Active,
    Suspended,
    Offboarding,
    Retired,
}

impl Status {
    /// Whether anybody may reach the tenant's workloads: not one that is suspended or on its way out.
    pub fn takes_traffic(self) -> bool {
        !matches!(self, Status::Suspended | Status::Offboarding)
    }
}

words!(Status {
    Status::Planned = "planned",
    Status::Active = "active",
    Status::Suspended = "suspended",
    Status::Offboarding = "offboarding",
    Status::Retired = "retired",
});

words!(Purpose {
    Purpose::Networks = "networks",
    Purpose::Containers = "containers",
});

words!(Connect {
    Connect::Auto = "auto",
    Connect::Peering = "peering",
    Connect::TransitGateway = "transit_gateway",
    Connect::PrivateLink = "private_link",
    Connect::None = "none",
});

words!(CoHosting {
    CoHosting::Allowed = "allowed",
    CoHosting::Forbidden = "forbidden",
});

impl Host {
    /// Every word with its value.
    pub const WORDS: &'static [(&'static str, Host)] = &[
        ("account", Host::Model(Model::Account)),
        ("vpc", Host::Model(Model::Vpc)),
        ("subnet", Host::Model(Model::Subnet)),
        ("container", Host::Model(Model::Container)),
        ("application", Host::Model(Model::Application)),
        ("shared_services", Host::SharedServices),
    ];
}
