//! What is not known, read as letting nothing through or as letting everything through.

/// How to read what is not known. What reaches even in the first reading is a leak; what does not reach even
/// in the second is isolated; what lies between is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    Blocks,
    Passes,
}

impl Doubt {
    /// Whether what is not known lets packets through.
    pub(super) fn passes(self) -> bool {
        self == Doubt::Passes
    }
}
