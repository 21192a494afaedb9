//! Addresses and ports: pure arithmetic, no policy.

mod cidr;
mod free_space;
mod packing;

pub use cidr::{Cidr, CidrError};
pub use free_space::FreeSpace;
pub use packing::Packing;
