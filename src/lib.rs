//! tenantry compiles a SaaS company's list of tenants into isolated AWS infrastructure.
//!
//! Data flows one way, and each step is a room of this crate:
//!
//! 1. `catalog` and `blueprint` read files into typed values that know their place in the text.
//! 2. `plan` decides everything: homes, addresses, rules; past decisions come from the lock.
//! 3. `synth` prints the decisions as an output tree and replaces the old tree at once.
//! 4. `limits` counts what the deployed stacks would use of AWS's quotas, from the templates themselves.
//! 5. `check` reads an output tree and nothing else, and judges it.
//! 6. `cli` holds one file a command.
//!
//! Below them lie the ground floor (`source`, `diagnostics`, `yaml`, `network`, `identity`), the
//! facts about AWS (`aws`) and the model of CloudFormation (`cloudformation`). Nothing here calls
//! AWS, reads a clock, or draws a random number.

pub mod aws;
pub mod blueprint;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod cloudformation;
pub mod diagnostics;
pub mod identity;
pub mod limits;
pub mod network;
pub mod plan;
pub mod source;
pub mod synth;
pub mod yaml;
