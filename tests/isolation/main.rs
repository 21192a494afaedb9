//! The isolation certificate's algorithm against a network that is walked packet by packet.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod agreement;
mod random;
mod walker;
