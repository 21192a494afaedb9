//! The template language: structure first, text second.
//!
//! Goes in: a template's YAML tree. Comes out: a [`Template`], compiled once, which [`evaluate()`]
//! turns into CloudFormation for any scope. Expressions in text are parsed by Handlebars and are
//! single names or helper calls; loops and choices are keys of the structure (`$each`, `$if`), so
//! no value can ever break the document.

mod compile;
mod evaluate;
mod origin;
mod text;

pub(crate) use compile::invalid_condition;
pub use compile::{Entry, Generate, Item, Piece, Template, compile, compile_piece};
pub use evaluate::{Evaluated, Evaluation, Generator, Surroundings, evaluate, evaluate_piece};
pub use text::{Expression, Text, TextPart};
