//! Codes of the catalog stage.

use super::Code;

pub(super) const ALL: &[&Code] = &[];
