//! One thing that a check found, and all of them together.

use std::collections::BTreeMap;

use crate::check::model::StackId;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// A message, the stacks that it holds for, and the resource that it is about.
///
/// What is wrong with a template is wrong in each stack that uses it, and is told once: findings of the
/// same code, place and message become one with the stacks of all ([`Findings::into_list`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub diagnostic: Diagnostic,
    /// The stacks in which it holds; none where it is about the tree as a whole.
    pub stacks: Vec<StackId>,
    /// The logical id of the resource.
    pub resource: Option<String>,
}

impl Finding {
    /// An error of this code at a place of a template, a deployment file or the manifest.
    #[must_use]
    pub fn new(
        code: &'static Code,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        Finding {
            diagnostic: Diagnostic::error(code, message).at(span, label),
            stacks: Vec::new(),
            resource: None,
        }
    }

    /// The stack in which it holds.
    #[must_use]
    pub fn of_stack(mut self, stack: StackId) -> Self {
        self.stacks.push(stack);
        self
    }

    /// All stacks in which it holds.
    #[must_use]
    pub fn of_stacks(mut self, stacks: &[StackId]) -> Self {
        self.stacks.extend_from_slice(stacks);
        self
    }

    /// The resource that it is about.
    #[must_use]
    pub fn of_resource(mut self, logical_id: impl Into<String>) -> Self {
        self.resource = Some(logical_id.into());
        self
    }

    /// Another place that belongs to it.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.also(span, label);
        self
    }

    /// A fact that explains it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.note(note);
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(help);
        self
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Findings {
    all: Vec<Finding>,
}

impl Findings {
    /// Takes in a finding.
    pub fn push(&mut self, finding: Finding) {
        self.all.push(finding);
    }

    /// Takes in many.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.all.extend(findings);
    }

    /// All findings, those that say the same at one place put together, in the order of their places.
    pub fn into_list(self) -> Vec<Finding> {
        type Place<'d> = (Option<Span>, &'static str, String);
        let mut merged: BTreeMap<Place<'_>, Finding> = BTreeMap::new();
        for finding in self.all {
            let place = finding.diagnostic.primary.as_ref().map(|label| label.span);
            let key = (place, finding.diagnostic.code.name, finding.diagnostic.message.clone());
            match merged.get_mut(&key) {
                Some(known) => known.stacks.extend(finding.stacks),
                None => _ = merged.insert(key, finding),
            }
        }
        let mut list: Vec<Finding> = Vec::new();
        let mut alike = 0;
        for ((place, code, _), finding) in merged {
            let same = list.last().is_some_and(|before| {
                let label = before.diagnostic.primary.as_ref();
                before.diagnostic.code.name == code && label.map(|label| label.span) == place
            });
            alike = if same { alike + 1 } else { 0 };
            match list.last_mut() {
                Some(last) if alike >= ALIKE => last.stacks.extend(finding.stacks),
                _ => list.push(finding),
            }
        }
        for finding in &mut list {
            finding.stacks.sort_unstable();
            finding.stacks.dedup();
        }
        list
    }
}

/// Findings of one code at one place that are told one by one. What follows differs in the value that some
/// stack has there: its stacks are added to the last of these.
const ALIKE: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;
    use crate::source::SourceMap;

    #[test]
    fn what_says_the_same_at_one_place_is_told_once_and_what_says_much_the_same_five_times() {
        let file = SourceMap::default().add("a.json", "{}");
        let (here, there) = (Span { file, start: 0, end: 1 }, Span { file, start: 1, end: 2 });
        let mut findings = Findings::default();
        for _ in 0..3 {
            findings.push(Finding::new(&codes::UNKNOWN_PROPERTY, "the same", there, ""));
        }
        for value in 0..100 {
            findings.push(Finding::new(&codes::VALUE_NOT_ALLOWED, format!("it is {value}"), here, ""));
        }
        let messages: Vec<String> =
            findings.into_list().into_iter().map(|finding| finding.diagnostic.message).collect();
        assert_eq!(messages, ["it is 0", "it is 1", "it is 10", "it is 11", "it is 12", "the same"]);
    }
}
