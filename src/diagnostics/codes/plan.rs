//! Codes of the plan stage.

use super::Code;

pub(super) const ALL: &[&Code] = &[];
