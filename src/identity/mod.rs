//! Names that identify things, parsed once and valid ever after.
//!
//! Each type says which texts it takes; the message of a refusal is written where the name stands.

mod cell;
mod date;
mod hash;
mod home;
mod model;
mod names;

pub use cell::{CellId, HostAccount};
pub use date::Date;
pub use hash::{hash_number, short_hash};
pub use home::HomeId;
pub use model::Model;
pub use names::{
    AccountId, ComplianceName, EnvironmentName, NameError, ProductName, RegionName, RepositoryPath,
    SubnetGroupName, TagKey, TagValue, TenantId, TierName, VpcId, ZoneId, is_tag_character,
};
