//! Blueprints: folders read into typed intent and compiled stack templates.
//!
//! Goes in: `blueprint.yaml` and the templates beside it, from the binary or from a directory.
//! Comes out: a [`Blueprint`], or a report that points into those files. Nothing here knows a
//! tenant: what differs by tenant stays a [`Symbol`] until `synth` binds it.

mod component;
pub mod condition;
mod include;
pub mod intent;
pub mod library;
mod load;
mod load_files;
mod load_flows;
mod load_network;
mod load_stacks;
mod misfit;
mod parts;
mod scope;
pub mod settings;
pub mod template;

pub use component::{Component, TakenIn, Wanted};
pub use intent::{
    Blueprint, CellIntent, File, FileBody, Flow, FlowEnd, Network, Owner, Per, Place, Route, Stack,
    SubnetGroup, Workload,
};
pub use library::Library;
pub use load_stacks::HUB;
pub use scope::{Bound, Scope, Symbol, UnknownName, further_number, pascal};
pub use settings::Settings;

/// The JSON Schema of `component.yaml`, for editors.
pub fn component_schema() -> &'static str {
    include_str!("component.schema.json")
}

/// The JSON Schema of `part.yaml`, for editors.
pub fn part_schema() -> &'static str {
    include_str!("part.schema.json")
}

/// The JSON Schema of `blueprint.yaml`, for editors.
pub fn schema() -> &'static str {
    include_str!("blueprint.schema.json")
}
