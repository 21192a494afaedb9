//! What the statements of a role reach: each against every resource of every other tenant, what tenants share, and
//! tenants that could come.

use std::collections::BTreeSet;

use crate::check::finding::Finding;
use crate::check::model::{Resource, ResourceId};
use crate::check::policies::Judge;
use crate::check::policies::caller::{self, Caller, is_id_byte, literal};
use crate::check::policies::document::Statement;
use crate::check::policies::glob::{Pattern, Piece};
use crate::check::policies::held::Document;
use crate::check::policies::services::{gives_away, is_harmless, service_of, service_of_action};
use crate::check::policies::targets::Target;
use crate::diagnostics::codes;

impl<'e> Judge<'e> {
    /// The first thing of somebody else's that a statement reaches.
    pub(super) fn reaches(
        &self,
        caller: &Caller,
        statement: &Statement,
        document: &Document,
    ) -> Option<Finding> {
        let actions: Vec<&Pattern> = statement.actions.iter().filter(|action| !is_harmless(action)).collect();
        if actions.is_empty() {
            return None;
        }
        let binding = statement.conditions.iter();
        let mut binding = binding.filter(|one| caller.is_bound_by(one, statement, &self.keys)).peekable();
        // Bound to a part: what tenants share is safe, another tenant's own is not.
        let keeps_to_part = binding.peek().is_some();
        if binding.any(|condition| !caller::is_of_parts(condition)) {
            return None;
        }
        self.reaches_of_others(caller, statement, &actions, document, keeps_to_part)
    }

    fn reaches_of_others(
        &self,
        caller: &Caller,
        statement: &Statement,
        actions: &[&Pattern],
        document: &Document,
        keeps_to_part: bool,
    ) -> Option<Finding> {
        for pattern in &statement.resources {
            let pattern = caller.resolve(pattern, &self.keys);
            if let Some(symbol) = pattern.first_symbol() {
                let resource = self.estate.resource(symbol.resource);
                if let Some(finding) =
                    self.names(caller, actions, &pattern, resource, document, keeps_to_part)
                {
                    return Some(finding);
                }
                continue;
            }
            if let Some(finding) = self.matches(caller, actions, &pattern, document, keeps_to_part) {
                return Some(finding);
            }
            if let Some(finding) = self.is_open_ended(caller, &pattern, document) {
                return Some(finding);
            }
        }
        None
    }

    /// A pattern that names one resource, whoever's it is.
    fn names(
        &self,
        caller: &Caller,
        actions: &[&Pattern],
        pattern: &Pattern,
        resource: Resource<'e>,
        document: &Document,
        keeps_to_part: bool,
    ) -> Option<Finding> {
        match (resource.tenant(), caller) {
            (Some(owner), Caller::Tenant(tenant)) if owner == tenant => None,
            (Some(owner), _) => Some(self.reach(caller, owner, &pattern.to_string(), resource.id, document)),
            (None, _) if keeps_to_part => None,
            (None, _) => {
                let service = service_of(pattern)?;
                let exposed = gives_away(&service, actions) && !caller.owns(pattern, true);
                exposed.then(|| self.shared(caller, pattern, resource.id, document))
            }
        }
    }

    /// A pattern of text and wildcards against everything that it could match.
    fn matches(
        &self,
        caller: &Caller,
        actions: &[&Pattern],
        pattern: &Pattern,
        document: &Document,
        keeps_to_part: bool,
    ) -> Option<Finding> {
        // The tag of a session stands for any one tenant's id here.
        let widened = pattern.with_caller_tags(|_| None);
        let services: BTreeSet<String> =
            actions.iter().filter_map(|action| service_of_action(action)).collect();
        let any_service = actions.iter().any(|action| service_of_action(action).is_none());
        let own = caller.owns(pattern, true);
        let foreign = |target: &&Target| {
            let resource = self.estate.resource(target.resource);
            let theirs = match (resource.tenant(), caller) {
                (Some(owner), Caller::Tenant(tenant)) => owner != tenant,
                (Some(_), _) => !own,
                (None, _) => !keeps_to_part && !own && gives_away(target.service, actions),
            };
            theirs && (any_service || services.contains(target.service))
        };
        let (target, text) = self
            .targets
            .near(&widened)
            .filter(foreign)
            .find_map(|target| Some((target, widened.meets(&target.spelled)?)))?;
        let resource = self.estate.resource(target.resource);
        Some(match resource.tenant() {
            Some(owner) => self.reach(caller, owner, &text, target.resource, document),
            None => self.shared(caller, pattern, target.resource, document),
        })
    }

    /// A pattern with the tenant's id in it that would match names of a tenant with a longer id.
    fn is_open_ended(&self, caller: &Caller, pattern: &Pattern, document: &Document) -> Option<Finding> {
        let Caller::Tenant(tenant) = caller else { return None };
        let wild = pattern.0.iter().position(|piece| matches!(piece, Piece::One | Piece::Many))?;
        let id = literal(tenant).0;
        let begins = |at: usize| {
            let before = at.checked_sub(1).map(|before| &pattern.0[before]);
            !matches!(before, Some(Piece::Byte(byte)) if byte.is_ascii_alphanumeric())
        };
        let ends =
            |at: usize| !matches!(pattern.0.get(at), Some(Piece::Byte(byte)) if byte.is_ascii_alphanumeric());
        let last = (0..wild)
            .rev()
            .find(|at| begins(*at) && pattern.0[*at..wild].starts_with(&id) && ends(*at + id.len()))?;
        let behind = &pattern.0[last + id.len()..wild];
        // A character that no id has tells where the id ends.
        if behind.iter().any(|piece| !matches!(piece, Piece::Byte(byte) if is_id_byte(*byte))) {
            return None;
        }
        let tail = Pattern(behind.to_vec()).to_string();
        let longer = format!("{tenant}{}x", if tail.ends_with('-') { tail } else { format!("{tail}-") });
        let finding = Finding::new(
            &codes::OPEN_ENDED_TENANT_PATTERN,
            format!("`{pattern}` of tenant `{tenant}` would match what a tenant `{longer}` has"),
            document.place,
            "",
        )
        .help("end the tenant's id with a character that no id has, such as `/`, or name the resource");
        Some(document.placed(finding))
    }

    fn reach(&self, caller: &Caller, owner: &str, text: &str, target: ResourceId, at: &Document) -> Finding {
        let who = match caller {
            Caller::Tenant(tenant) => format!("a role of tenant `{tenant}`"),
            Caller::Session(_) => "a role that any tenant's session takes".to_owned(),
            Caller::Shared => "a shared role".to_owned(),
        };
        let finding = Finding::new(
            &codes::POLICY_REACHES_OTHER_TENANT,
            format!("{who} reaches {} of tenant `{owner}`", self.estate.describe(target)),
            at.place,
            format!("it matches `{text}`"),
        )
        .help("name the tenant's own resources, or compare the resource's tenant tag with the caller's");
        at.placed(finding)
    }

    fn shared(&self, caller: &Caller, pattern: &Pattern, target: ResourceId, at: &Document) -> Finding {
        let who = match caller {
            Caller::Tenant(tenant) => format!("a role of tenant `{tenant}`"),
            _ => "a role that any tenant's session takes".to_owned(),
        };
        let finding = Finding::new(
            &codes::POLICY_REACHES_SHARED_DATA,
            format!("{who} reaches all of {}, which tenants share", self.estate.describe(target)),
            at.place,
            format!("`{pattern}` is not kept to one tenant's part"),
        )
        .help("end the ARN in the tenant's id and `/`, or ask for its id in a condition on keys, prefixes, encryption context or tags");
        at.placed(finding)
    }
}
