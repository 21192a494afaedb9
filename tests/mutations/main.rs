//! Good files, damaged in named ways: what the check is there for is shown by what it finds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod network;
#[path = "../isolation/walker.rs"]
mod walker;
