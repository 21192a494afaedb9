//! Facts about AWS that do not depend on any catalog: Regions and their zones, quotas, ids of the
//! prefix lists that AWS manages, the rules for blocks of VPCs, types of instances.
//!
//! Tables and rules only: what is done with a fact is for the rooms above. Every figure says where it comes from.

mod instance_types;
mod prefix_lists;
mod quotas;
mod regions;
pub mod vpc_blocks;

pub use instance_types::{InstanceType, instance_type};
pub use prefix_lists::{PrefixListService, prefix_list};
pub use quotas::{Confidence, GROUP_QUOTA, INTERFACE_QUOTA, Quota, RULES_OF_INTERFACE, quota, quotas};
pub use regions::{Partition, RegionFacts, region, regions};
