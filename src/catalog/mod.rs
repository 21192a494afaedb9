//! Files that users wrote to a typed [`Catalog`].
//!
//! Goes in: a file, or a directory of files merged by key; tenant lists in YAML, JSON, CSV or JSON
//! Lines. Comes out: a catalog whose every value knows its place and whose parts fit together, or a
//! report of all that is wrong with it. Whether a blueprint knows a tenant's settings and size, and
//! whether the pools are large enough, is for the plan.
//!
//! In the order of the work: `locate` finds the files, `merge` makes one tree of them, `tenant_lists`
//! (with `table` for CSV) finds the tenants, `decode`, `region`, `ranges` and `tenant` type them, `cross_check` (with `check_ipv6`)
//! compares the parts, `tags` gives every tenant its tags, `quotas` reads what AWS has granted.

mod check_ipv6;
mod contents;
mod cross_check;
mod decode;
mod free_text;
mod locate;
mod merge;
mod quotas;
mod ranges;
mod read;
mod region;
mod shared_services;
mod table;
mod tags;
mod tenant;
mod tenant_lists;
mod tier_homes;
mod values;

pub use contents::{
    Account, Catalog, CoHosting, Compliance, Connect, Host, Ipv6Pool, NamedRanges, Organization, Pool,
    Purpose, Quarantine, QuotaFile, QuotaOverride, Region, Reserved, Role, Settings, SharedServices, Status,
    Tenant, Tier, TierHome,
};
pub use free_text::{FreeText, Hazard, TenantName};
pub use locate::{locate, lock_path};
pub use read::read;
pub use tags::{Pattern, TagRule, TagSource};

/// The JSON Schema of catalogs, for editors.
pub fn schema() -> &'static str {
    include_str!("catalog.schema.json")
}
