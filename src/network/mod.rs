//! Addresses and ports: pure arithmetic, no policy.

mod cidr;
mod free_space;

pub use cidr::{Cidr, CidrError};
pub use free_space::FreeSpace;
