//! Whom a principal stands for, and who is left of everybody by a condition.

use std::fmt;

use crate::check::policies::Judge;
use crate::check::policies::document::{Condition, Principal, Statement};
use crate::check::policies::glob::{Pattern, Piece};
use crate::check::policies::targets::Target;

/// Somebody whom a policy lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Party {
    Everybody,
    /// Everybody who signs in with a provider.
    SignedIn(String),
    /// Everybody in an account where several tenants have roles.
    Account(String),
    /// A role that is taken for one tenant at a time, by the key of its tag.
    Sessions(String),
    Tenant {
        id: String,
        /// What of the tenant it is.
        what: &'static str,
    },
}

impl fmt::Display for Party {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Party::Everybody => formatter.write_str("everybody"),
            Party::SignedIn(provider) => write!(formatter, "everybody who signs in with `{provider}`"),
            Party::Account(number) => {
                write!(formatter, "everybody in account `{number}`, which tenants share")
            }
            Party::Sessions(_) => formatter.write_str("every tenant's session"),
            Party::Tenant { id, what } => write!(formatter, "{what} of tenant `{id}`"),
        }
    }
}

/// Whether a condition can say who it is that comes: it compares, and fails where its key is missing.
pub(super) fn narrows(condition: &Condition) -> bool {
    let operator = condition.operator.to_ascii_lowercase();
    let compares = ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];
    compares.contains(&operator.as_str())
        && !condition.if_exists
        && !condition.for_all
        && !condition.values.is_empty()
}

impl Judge<'_> {
    /// Whom a principal of a statement stands for, conditions apart.
    pub(super) fn parties(&self, principal: &Principal, statement: &Statement) -> Vec<Party> {
        match principal {
            Principal::Anyone => vec![Party::Everybody],
            Principal::Aws(arn) => self.named(arn, Some("iam")),
            // The account's own policies decide who there may; where others live in it too, they are judged.
            Principal::Account(account) => {
                let owner = self.targets.owner_of_account(account);
                owner.map(|id| Party::Tenant { id: id.to_owned(), what: "the account" }).into_iter().collect()
            }
            Principal::Service => self.on_behalf(statement),
            Principal::Federated(provider) => self.signed_in(provider, statement),
            Principal::Unclear(_) => Vec::new(),
        }
    }

    /// Whose roles, or resources of any service, an ARN is.
    fn named(&self, arn: &Pattern, service: Option<&str>) -> Vec<Party> {
        let what = if service.is_some() { "a role" } else { "something" };
        let party = |resource| {
            let resource = self.estate.resource(resource);
            match resource.tenant() {
                Some(tenant) => Some(Party::Tenant { id: tenant.to_owned(), what }),
                None => self.sessions.get(&resource.id).map(|key| Party::Sessions(key.clone())),
            }
        };
        if let Some(symbol) = arn.first_symbol() {
            return party(symbol.resource).into_iter().collect();
        }
        let arn = role_of_session(arn);
        let fits = |target: &&Target| {
            service.is_none_or(|service| target.service == service) && arn.meets(&target.spelled).is_some()
        };
        let mut met = self.targets.near(&arn).filter(fits).map(|target| target.resource).peekable();
        if met.peek().is_some() {
            let mut found: Vec<Party> = Vec::new();
            for party in met.filter_map(party) {
                if !found.contains(&party) {
                    found.push(party);
                }
            }
            return found;
        }
        // No template makes it. Where an account is a tenant's alone, so is whatever is in it.
        let text = arn.to_string();
        let account = text.split(':').nth(4).unwrap_or_default();
        let owner = self.targets.owner_of_account(account);
        owner.map(|id| Party::Tenant { id: id.to_owned(), what }).into_iter().collect()
    }

    /// On whose behalf a service comes, where a condition names one thing. Services come in their own name else.
    fn on_behalf(&self, statement: &Statement) -> Vec<Party> {
        let mut found = Vec::new();
        for condition in statement.conditions.iter().filter(|one| narrows(one)) {
            match condition.key.to_ascii_lowercase().as_str() {
                "aws:sourcearn" => {
                    let exact = |value: &&Pattern| !value.0.iter().any(is_wild);
                    found.extend(
                        condition.values.iter().filter(exact).flat_map(|value| self.named(value, None)),
                    );
                }
                "aws:sourceaccount" => {
                    let owner = |value: &Pattern| self.targets.owner_of_account(&value.to_string());
                    let owners = condition.values.iter().filter_map(owner);
                    found.extend(owners.map(|id| Party::Tenant { id: id.to_owned(), what: "the account" }));
                }
                _ => {}
            }
        }
        found
    }

    /// Who signs in with a provider: those of the tenant that it belongs to, those whom a condition names, or all.
    fn signed_in(&self, provider: &Pattern, statement: &Statement) -> Vec<Party> {
        let tenant_of = |pattern: &Pattern| {
            let symbol = pattern.first_symbol()?;
            let tenant = self.estate.resource(symbol.resource).tenant()?;
            Some(Party::Tenant { id: tenant.to_owned(), what: "somebody" })
        };
        if let Some(party) = tenant_of(provider) {
            return vec![party];
        }
        // `:aud` names the client, or the pool; `:sub` who it is (IAM User Guide, "Available keys for federation").
        let says = |condition: &&Condition| {
            let key = condition.key.to_ascii_lowercase();
            let whoever = condition.values.iter().any(|value| value.0.iter().all(is_wild));
            (key.ends_with(":aud") || key.ends_with(":sub")) && narrows(condition) && !whoever
        };
        let mut named = statement.conditions.iter().filter(says).peekable();
        if named.peek().is_none() {
            return vec![Party::SignedIn(provider.to_string())];
        }
        named.flat_map(|condition| &condition.values).filter_map(tenant_of).collect()
    }

    /// Who is left of everybody by a condition that narrows; none where it says nothing of who it is.
    pub(super) fn left_by(&self, condition: &Condition, statement: &Statement) -> Option<Vec<Party>> {
        let key = condition.key.to_ascii_lowercase();
        let each =
            |party: &dyn Fn(&Pattern) -> Vec<Party>| Some(condition.values.iter().flat_map(party).collect());
        match key.as_str() {
            "aws:principalarn" => each(&|value| self.told(value, Some("iam"))),
            "aws:sourcearn" => each(&|value| self.told(value, None)),
            // What a service does with the key for somebody is judged where the service's data are.
            "kms:calleraccount" if statement.conditions.iter().any(is_by_service) => Some(Vec::new()),
            "aws:sourceaccount" | "aws:principalaccount" | "kms:calleraccount" => {
                each(&|value| self.of_account(value).into_iter().collect())
            }
            _ => {
                let (_, name) = condition.key.split_once('/')?;
                if !key.starts_with("aws:principaltag/") || !self.keys.iter().any(|known| known == name) {
                    return None;
                }
                each(&|value| match value.is_literal() {
                    true => vec![Party::Tenant { id: value.to_string(), what: "somebody" }],
                    false => vec![Party::Everybody],
                })
            }
        }
    }

    /// The same as [`Judge::named`]; neither everybody of some name nor everything of some account: it must be said.
    fn told(&self, value: &Pattern, service: Option<&str>) -> Vec<Party> {
        let fixed = Pattern(value.0.iter().take_while(|piece| !is_wild(piece)).cloned().collect());
        if fixed != *value && fixed.to_string().split(':').count() <= 5 {
            return vec![Party::Everybody];
        }
        self.named(value, service)
    }

    fn of_account(&self, value: &Pattern) -> Option<Party> {
        if value.0.iter().any(is_wild) {
            return Some(Party::Everybody);
        }
        let number = match value.0.as_slice() {
            [Piece::Account(name)] => name.to_string(),
            _ => value.to_string(),
        };
        match self.targets.owner_of_account(&number) {
            Some(id) => Some(Party::Tenant { id: id.to_owned(), what: "the account" }),
            None => self.targets.is_shared_account(&number).then_some(Party::Account(number)),
        }
    }
}

fn is_by_service(condition: &Condition) -> bool {
    let is_literal = condition.values.iter().all(Pattern::is_literal);
    condition.key.eq_ignore_ascii_case("kms:viaservice") && narrows(condition) && is_literal
}

pub(super) fn is_wild(piece: &Piece) -> bool {
    matches!(piece, Piece::One | Piece::Many | Piece::CallerTag(_))
}

/// A session of a role has the role's permissions: `arn:aws:sts::222222222222:assumed-role/NAME/SESSION`.
fn role_of_session(arn: &Pattern) -> Pattern {
    let text = arn.to_string();
    let Some((before, session)) = text.split_once(":assumed-role/") else { return arn.clone() };
    let name = session.split('/').next().unwrap_or_default();
    // Roles may have a path, which the ARN of a session leaves out.
    Pattern::parse(&format!("{}:role/{name}", before.replacen(":sts:", ":iam:", 1)))
}
