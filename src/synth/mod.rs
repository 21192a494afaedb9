//! Prints the decisions of a plan and puts the result in the place of the previous one.
//!
//! This room decides nothing. [`tree`] replaces what stands in the output directory, and the lock
//! with it, at once or not at all.

pub mod tree;
