//! A second opinion on an output tree.

pub mod network;
