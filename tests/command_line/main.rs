//! The program from outside: run in a folder of its own, as a user has it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bad_input;
mod cases;
mod codes;
mod folder;
mod good_use;
mod sarif;
