//! The isolation certificate's algorithms: networks against one that is walked packet by packet, permissions against IAM's own rules.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admissions;
mod agreement;
mod evaluator;
mod permissions;
mod random;
mod walker;
