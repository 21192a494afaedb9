//! Decides everything: homes, addresses, rules. Past decisions come from the lock and are obeyed.

pub mod lock;
