//! Codes of the blueprint stage.

use super::Code;

pub(super) const ALL: &[&Code] = &[];
