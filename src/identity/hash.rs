//! A short, stable mark of a text, for names that must not collide.

use sha2::{Digest, Sha256};

/// The first eight hexadecimal digits of the text's SHA-256: enough to tell a few thousand apart,
/// and the same on every machine.
pub fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The first four bytes of the text's SHA-256, as a number.
pub fn hash_number(text: &str) -> u32 {
    Sha256::digest(text.as_bytes()).iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}
