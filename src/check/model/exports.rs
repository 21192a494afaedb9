//! Outputs that other stacks can ask for by name, and which import comes to which.

use rayon::prelude::*;

use crate::check::model::Estate;
use crate::check::model::evaluate::Scope;
use crate::check::model::value::{StackId, Value};

/// An output of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub stack: StackId,
    pub output: u32,
}

/// Something that a stack exports.
#[derive(Clone, Copy, Debug)]
pub struct Export<'e> {
    pub account: Option<&'e str>,
    pub region: Option<&'e str>,
    pub name: &'e str,
    pub stack: StackId,
    /// Its number in the outputs of the template.
    pub output: usize,
}

/// All exports, sorted by name, so that a name is found by halving; few share one, in other accounts or
/// Regions.
#[derive(Debug, Default)]
pub(super) struct Exports {
    names: Vec<(Box<str>, Target)>,
    /// Where every stack stands, in the order of the stacks.
    stacks: Vec<Home>,
}

#[derive(Debug)]
struct Home {
    account: Option<Box<str>>,
    region: Option<Box<str>>,
    name: Box<str>,
}

impl Home {
    fn is(&self, account: Option<&str>, region: Option<&str>) -> bool {
        self.account.as_deref() == account && self.region.as_deref() == region
    }
}

impl Exports {
    pub(super) fn all(&self) -> impl Iterator<Item = Export<'_>> {
        self.names.iter().map(|(name, target)| {
            let home = &self.stacks[target.stack.position()];
            Export {
                account: home.account.as_deref(),
                region: home.region.as_deref(),
                name,
                stack: target.stack,
                output: target.output as usize,
            }
        })
    }

    fn find(&self, account: Option<&str>, region: Option<&str>, name: &str) -> Option<Target> {
        let first = self.names.partition_point(|(known, _)| &**known < name);
        let same = self.names[first..].iter().take_while(|(known, _)| &**known == name);
        let mut here = same.filter(|(_, target)| self.stacks[target.stack.position()].is(account, region));
        here.next().map(|(_, target)| *target)
    }

    /// The output of a stack by the names of both.
    pub(super) fn output(
        &self,
        estate: &Estate,
        account: Option<&str>,
        region: Option<&str>,
        stack: &str,
        output: &str,
    ) -> Option<Target> {
        let position =
            self.stacks.iter().position(|home| &*home.name == stack && home.is(account, region))?;
        let id = estate.stacks[position].id;
        let outputs = &estate.template(estate.stack(id)).outputs;
        let index = outputs.iter().position(|known| &*known.name == output)?;
        Some(Target { stack: id, output: index as u32 })
    }
}

/// Notes what all stacks export, and then what each import comes to.
pub(super) fn connect(estate: &mut Estate) {
    let stacks = estate.stacks.iter();
    estate.exports.stacks = stacks
        .map(|stack| Home {
            account: stack.account.clone(),
            region: stack.region.clone(),
            name: stack.name.clone(),
        })
        .collect();
    let known = &*estate;
    let mut names: Vec<(Box<str>, Target)> = known
        .stacks
        .par_iter()
        .flat_map_iter(|stack| {
            let outputs = known.template(stack).outputs.iter().enumerate();
            outputs.filter_map(move |(index, output)| {
                let scope = Scope { estate: known, stack };
                let exists =
                    output.condition.is_none_or(|condition| scope.condition(condition) != Some(false));
                let name = output.export.as_ref().filter(|_| exists)?;
                match scope.value(name) {
                    Value::Text(text) => {
                        let target = Target { stack: stack.id, output: index as u32 };
                        Some((text.into_owned().into_boxed_str(), target))
                    }
                    _ => None,
                }
            })
        })
        .collect();
    names.par_sort_unstable();
    estate.exports.names = names;
    let known = &*estate;
    let imports: Vec<Vec<Option<Target>>> = known
        .stacks
        .par_iter()
        .map(|stack| {
            let asked = known.template(stack).imports.iter();
            asked
                .map(|name| match known.evaluate(stack, name) {
                    Value::Text(name) => {
                        known.exports.find(stack.account.as_deref(), stack.region.as_deref(), &name)
                    }
                    _ => None,
                })
                .collect()
        })
        .collect();
    for (stack, imports) in estate.stacks.iter_mut().zip(imports) {
        stack.imports = imports;
    }
}
