//! Structured text read into trees whose every node knows its place.
//!
//! Goes in: YAML or JSON text. Comes out: a [`Node`], or a report. One tree serves both formats, so
//! that the rooms above decode catalogs, blueprints and locks in one way. This is the only room
//! that names the YAML and JSON parsers. What the values mean is left to the decoders; [`Fields`]
//! helps them to take every key exactly once and to refuse the rest.

mod decode;
mod node;
mod read_json;
mod read_yaml;

pub use decode::{Fields, Located};
pub use node::{Key, Node, Value};
pub use read_json::{read_json, read_json_at};
pub use read_yaml::{Tags, read_yaml, scalar};

/// Nesting beyond this is refused (`nested-too-deeply`).
pub const MAXIMUM_DEPTH: usize = 64;

/// How many values the aliases of one file may add (`too-much-content`).
pub const MAXIMUM_ALIASED_VALUES: usize = 1_000_000;
