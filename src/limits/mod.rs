//! What the stacks of an output tree use of AWS's limits, and which of them breaks first.
//!
//! Goes in: the templates and the stacks as they are written, and the increases that the catalog says
//! AWS has granted. Comes out: an [`Outlook`] with the use of every limit in every account and Region:
//! used, limit, maximum, at which tenant it breaks as the fleet grows in today's mix, and the cheapest
//! remedy. What is counted is what is emitted, so that a blueprint's author has nothing to declare.
//!
//! In the order of the work: `template` counts one template, with `resources` for the tables of what
//! counts towards what, `reference` for what points to other stacks, `instances` for those of EC2 and `policy` for sizes; `fleet`
//! adds up the stacks; `outlook` puts the limits beside the sums and says what breaks when, with
//! `remedy` for what to do; `measure` tells the planner what each tenant needs; `refuse` makes errors of what is exceeded; `increases` writes the requests.

mod fleet;
mod increases;
mod instances;
mod measure;
mod outlook;
mod policy;
mod reference;
mod refuse;
mod remedy;
mod resources;
mod template;

#[cfg(test)]
mod tests;

pub use fleet::{Holder, StackUse, Use};
pub use increases::{increases, script};
pub use measure::{AccountLimit, CellLimit, Measures, Needs, Scope, TenantNeeds, measure};
pub use outlook::{Breaks, Outlook, Reach, limit_in, outlook};
pub use refuse::refuse;
pub use template::{Side, TemplateCount, count, dynamic_references};
