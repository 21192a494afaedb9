//! What stands beside a finding: its stacks, their tenants, and the blueprint that made the template.

use serde_json::{Map, Value, json};

use crate::check::finding::Finding;
use crate::check::model::Estate;
use crate::diagnostics::{count, quote};

/// Names of stacks that a report for people shows; the others are counted.
const SHOWN: usize = 3;

impl Finding {
    /// For tools: `resource`, `stacks`, `tenants`, `blueprint`, as far as there is something to say.
    pub fn facts(&self, estate: &Estate) -> Map<String, Value> {
        let mut facts = Map::new();
        if let Some(resource) = &self.resource {
            facts.insert("resource".to_owned(), json!(resource));
        }
        if !self.stacks.is_empty() {
            let names: Vec<&str> = self.stacks.iter().map(|id| &*estate.stack(*id).name).collect();
            let mut tenants: Vec<&str> =
                self.stacks.iter().filter_map(|id| estate.stack(*id).tenant.as_deref()).collect();
            tenants.sort_unstable();
            tenants.dedup();
            facts.insert("stacks".to_owned(), json!(names));
            facts.insert("tenants".to_owned(), json!(tenants));
        }
        if let Some((blueprint, stack)) = self.blueprint(estate) {
            facts.insert("blueprint".to_owned(), json!({ "name": blueprint, "stack": stack }));
        }
        facts
    }

    /// For people: the same as a phrase.
    pub fn whereabouts(&self, estate: &Estate) -> Option<String> {
        let mut parts = Vec::new();
        if let Some((blueprint, stack)) = self.blueprint(estate) {
            parts.push(format!("made by the stack `{stack}` of the blueprint `{blueprint}`"));
        }
        let names: Vec<String> =
            self.stacks.iter().take(SHOWN).map(|id| quote(&estate.stack(*id).name)).collect();
        match self.stacks.len() {
            0 => {}
            1 => parts.push(format!("in the stack {}", names[0])),
            all if all <= SHOWN => parts.push(format!("in the stacks {}", names.join(", "))),
            all => parts.push(format!("in {}, such as {}", count(all, "stack"), names.join(", "))),
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn blueprint<'e>(&self, estate: &'e Estate) -> Option<(&'e str, &'e str)> {
        let file = self.diagnostic.primary.as_ref()?.span.file;
        estate.templates().iter().find(|template| template.file == file)?.blueprint()
    }
}
