//! Text that users wrote, and places in it.
//!
//! Goes in: file names and their text. Comes out: a [`Span`] for every piece of it, which any later
//! stage can turn back into file, line and column. Reading from disk is here too, so that every
//! failure to read names its path; what the text means is left to the rooms above.

mod map;
mod read;

pub use map::{FileId, Location, SourceMap, Span};
pub use read::{MAXIMUM_FILE_BYTES, read_text};
