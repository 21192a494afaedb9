//! A second opinion on an output tree, or on any directory of CloudFormation templates.
//!
//! Goes in: the bytes of the directory, and nothing else. Come out: [`Finding`]s. This room shares no
//! code with `plan` and `synth`, so that a mistake of theirs cannot hide itself here. `model` understands
//! the files as CloudFormation would; each judge beside it looks at one subject. What nobody can know
//! without AWS is unknown, and unknown is never taken for fine.

mod finding;
pub mod model;
pub mod policies;

pub use finding::{Finding, Findings};
