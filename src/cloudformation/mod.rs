//! CloudFormation as data: ordered JSON and its one printer, resource-type facts, limits.
//!
//! What a template says is decided elsewhere; this room knows how one is written down, what each
//! resource type can carry, and how large things may be.

mod free_of_charge;
mod json;
pub mod limits;
mod property_schemas;
mod resource_types;

pub use free_of_charge::is_free_of_charge;
pub use json::Json;
pub use property_schemas::{Additional, PropertySchema, TypeSchema, property_schema};
pub use resource_types::{ResourceType, TagProperty, TagShape, resource_type, resource_type_names};
