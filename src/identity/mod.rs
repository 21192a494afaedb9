//! Names that identify things, parsed once and valid ever after.
//!
//! Each type says which texts it takes; the message of a refusal is written where the name stands.

mod hash;
mod names;

pub use hash::{hash_number, short_hash};
pub use names::{
    AccountId, ComplianceName, EnvironmentName, NameError, ProductName, RegionName, TagKey, TagValue,
    TenantId, TierName, ZoneId, is_tag_character,
};
