//! Addresses and ports: pure arithmetic, no policy.

mod cidr;
pub mod cover;
mod free_space;
mod packing;
mod traffic;

pub use cidr::{Cidr, CidrError};
pub use free_space::FreeSpace;
pub use packing::Packing;
pub use traffic::{Icmp, Ports, Traffic};
