//! Addresses and ports: pure arithmetic, no policy.

mod cidr;

pub use cidr::{Cidr, CidrError};
