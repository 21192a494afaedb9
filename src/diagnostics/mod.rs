//! What users are told: diagnostics, the table of their codes, and how they are printed.
//!
//! A stage goes on after a mistake and reports all it can find; [`Reported`] is the proof that a
//! failure was told, since only a [`Report`] can make one. Stages decide nothing about colours or
//! streams: printing is [`human`] and [`json`] ([`sarif`], [`junit`] and
//! [`github`] for findings), and the command decides where it goes.

pub mod codes;
mod diagnostic;
pub mod github;
pub mod human;
pub mod json;
pub mod junit;
mod phrase;
mod report;
pub mod sarif;
mod told;

pub use codes::Code;
pub use diagnostic::{Diagnostic, Label, Severity};
pub use phrase::{closest, count, list_of, quote};
pub use report::{Report, Reported};
pub use told::Told;

pub(crate) use phrase::is_invisible;
