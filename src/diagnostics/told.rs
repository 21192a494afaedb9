//! A diagnostic with facts beside it, for the renderers that tools read.

use serde_json::{Map, Value};

use crate::diagnostics::Diagnostic;

/// A finding as renderers see it.
#[derive(Debug)]
pub struct Told<'d> {
    pub diagnostic: &'d Diagnostic,
    /// What else is known of it, by name: stacks, tenants, the resource, the blueprint.
    pub facts: Map<String, Value>,
}
