//! Codes of the output stage.

use super::Code;

pub(super) const ALL: &[&Code] = &[];
