//! The isolation certificate's algorithm against a network that is walked packet by packet.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod random;
mod walker;
