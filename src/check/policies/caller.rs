//! Who holds the permissions of a role: one tenant, any tenant by the tag of its session, or all at once.

use std::collections::BTreeMap;

use crate::check::model::{Estate, Resource, ResourceId, Value};
use crate::check::policies::document::{Condition, Statement};
use crate::check::policies::glob::{Pattern, Piece};
use crate::check::policies::targets::Targets;

/// The caller of a role's permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// The role stands in the stack of this tenant.
    Tenant(String),
    /// The role is taken for a tenant at a time, which the tag of this key names.
    Session(String),
    /// The role of something that all tenants share. It is trusted; the certificate lists it.
    Shared,
}

/// The keys of tags whose value is the tenant's id, on everything that tenants have: what a policy that
/// compares tags has to compare.
pub(super) fn isolation_keys(estate: &Estate) -> Vec<String> {
    let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut tenants = 0;
    for stack in estate.stacks() {
        let (Some(tenant), Some(deployment)) = (&stack.tenant, &stack.deployment) else { continue };
        tenants += 1;
        for (key, value) in &deployment.tags {
            let (there, same) = seen.entry(key.to_string()).or_default();
            *there += 1;
            *same += usize::from(value == tenant);
        }
    }
    let names =
        |(key, (there, same)): (String, (usize, usize))| (same == there && there == tenants).then_some(key);
    seen.into_iter().filter_map(names).collect()
}

impl Caller {
    /// The holder of a role or user with these permissions.
    pub(super) fn of(resource: Resource<'_>, statements: &[Statement], keys: &[String]) -> Caller {
        if let Some(tenant) = resource.tenant() {
            return Caller::Tenant(tenant.to_owned());
        }
        let patterns = statements.iter().flat_map(|statement| {
            let values = statement.conditions.iter().flat_map(|condition| &condition.values);
            statement.resources.iter().chain(values)
        });
        let mut tags = patterns.flat_map(|pattern| &pattern.0).filter_map(|piece| match piece {
            Piece::CallerTag(key) => Some(key.to_string()),
            _ => None,
        });
        match tags.find(|key| keys.is_empty() || keys.contains(key)) {
            Some(key) => Caller::Session(key),
            None => Caller::Shared,
        }
    }

    /// A pattern with the caller's own tag where the template can know it.
    pub(super) fn resolve(&self, pattern: &Pattern, keys: &[String]) -> Pattern {
        match self {
            Caller::Tenant(tenant) => {
                let is_own = |key: &str| keys.iter().any(|known| known == key);
                pattern.with_caller_tags(|key| is_own(key).then_some(tenant.as_str()))
            }
            Caller::Session(_) | Caller::Shared => pattern.clone(),
        }
    }

    /// Where the caller's id stands in a pattern, so that no other id could stand there: nothing that
    /// varies before it, and behind it the end or a character that no id has.
    ///
    /// Ids are of lower-case letters, digits and hyphens, so `acme-*` is also `acme-europe-...`.
    pub(super) fn owns(&self, pattern: &Pattern, may_end: bool) -> bool {
        let fixed = pattern.0.iter().take_while(|piece| !matches!(piece, Piece::One | Piece::Many)).count();
        let behind = |at: usize| match pattern.0.get(at) {
            None => may_end,
            Some(Piece::Byte(byte)) => !is_id_byte(*byte),
            Some(Piece::Symbol(_) | Piece::Account(_) | Piece::One | Piece::Many | Piece::CallerTag(_)) => {
                false
            }
        };
        match self {
            Caller::Tenant(tenant) => {
                let id: Vec<Piece> = tenant.bytes().map(Piece::Byte).collect();
                (0..fixed).any(|at| {
                    let before = at.checked_sub(1).map(|before| &pattern.0[before]);
                    let begins = !matches!(before, Some(Piece::Byte(byte)) if byte.is_ascii_alphanumeric());
                    begins && pattern.0[at..fixed].starts_with(&id) && behind(at + id.len())
                })
            }
            Caller::Session(key) => (0..fixed).any(|at| {
                matches!(&pattern.0[at], Piece::CallerTag(tag) if **tag == **key) && behind(at + 1)
            }),
            Caller::Shared => false,
        }
    }

    /// Whether a pattern is the caller's id and nothing else.
    fn is_own_id(&self, pattern: &Pattern) -> bool {
        match (self, pattern.0.as_slice()) {
            (Caller::Session(key), [Piece::CallerTag(tag)]) => **tag == **key,
            (Caller::Tenant(tenant), _) => *pattern == literal(tenant),
            _ => false,
        }
    }

    /// Whether a condition keeps a statement within the caller's part of whatever it speaks of. Another tenant's
    /// own table or bucket can have such a part as well: see [`is_of_parts`].
    pub(super) fn is_bound_by(&self, condition: &Condition, statement: &Statement, keys: &[String]) -> bool {
        let operator = condition.operator.to_ascii_lowercase();
        let key = condition.key.to_ascii_lowercase();
        let compares = matches!(operator.as_str(), "stringequals" | "stringlike" | "arnequals" | "arnlike");
        // A key that is missing passes these (IAM User Guide, "Condition operators").
        if !compares || condition.if_exists || condition.for_any || condition.values.is_empty() {
            return false;
        }
        let values: Vec<Pattern> = condition.values.iter().map(|value| self.resolve(value, keys)).collect();
        let all = |test: &dyn Fn(&Pattern) -> bool| values.iter().all(test);
        if key == "dynamodb:leadingkeys" {
            let present = statement.conditions.iter().any(|other| {
                let wanted =
                    other.operator.eq_ignore_ascii_case("null") && other.key.eq_ignore_ascii_case(&key);
                wanted && other.values.iter().all(|value| *value == literal("false"))
            });
            // These read a table without naming a key.
            let keyless = ["dynamodb:scan", "dynamodb:partiqlselect", "dynamodb:exporttabletopointintime"];
            let names_keys = keyless
                .iter()
                .all(|action| !statement.actions.iter().any(|one| one.meets(&literal(action)).is_some()));
            // Without `ForAllValues` one key of many may be enough (IAM User Guide, "Multivalued context keys").
            return condition.for_all && present && names_keys && all(&|value| self.owns(value, true));
        }
        if condition.for_all {
            return false;
        }
        let tag = |key: &str| {
            let (_, name) = condition.key.split_once('/')?;
            let of_resource = ["resourcetag", "requesttag", "existingobjecttag", "requestobjecttag"];
            let kind =
                key.split_once('/').map(|(kind, _)| kind.rsplit_once(':').map_or(kind, |(_, kind)| kind))?;
            of_resource.contains(&kind).then_some(name.to_owned())
        };
        if let Some(name) = tag(&key) {
            return (keys.is_empty() || keys.contains(&name)) && all(&|value| self.is_own_id(value));
        }
        let only = |prefix: &str| {
            let within = |action: &Pattern| action.literal_prefix().starts_with(prefix.as_bytes());
            statement.actions.iter().all(within)
        };
        match key.as_str() {
            // `acme` alone would list what begins with `acme2` too.
            "s3:prefix" => only("s3:list") && all(&|value| self.owns(value, false)),
            // What a service does with the key for the caller is judged where the service's data are.
            "kms:viaservice" => only("kms:") && all(&Pattern::is_literal),
            _ => {
                key.starts_with("kms:encryptioncontext:")
                    && only("kms:")
                    && all(&|value| self.owns(value, true))
            }
        }
    }
}

/// Whether a condition tells parts of a resource apart, and says nothing of whose the resource is.
pub(super) fn is_of_parts(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    matches!(key.as_str(), "dynamodb:leadingkeys" | "s3:prefix") || key.starts_with("kms:encryptioncontext:")
}

/// Whether a byte can be part of a tenant's id.
pub(super) fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// A pattern that is one text.
pub(super) fn literal(text: &str) -> Pattern {
    let mut pattern = Pattern::default();
    pattern.push_text(text);
    pattern
}

/// Everything that is attached to roles, users and groups by policies of their own.
pub(super) fn attached<'e>(targets: &Targets<'e>) -> BTreeMap<ResourceId, Vec<Resource<'e>>> {
    let estate = targets.estate();
    let mut attached: BTreeMap<_, Vec<Resource<'e>>> = BTreeMap::new();
    let named = named(estate);
    for kind in POLICIES {
        for policy in estate.of_kind(kind) {
            for property in ["Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"] {
                for holder in policy.property(property).items() {
                    let by_name = || {
                        named.get(&(
                            policy.stack.account.as_deref(),
                            &property[..4],
                            holder.as_text()?.to_owned(),
                        ))
                    };
                    let holder = holder.as_reference().map(|(holder, _)| holder);
                    if let Some(holder) = holder.or_else(|| by_name().copied()) {
                        attached.entry(holder).or_default().push(policy);
                    }
                }
            }
        }
    }
    for (kind, _) in HOLDERS {
        for holder in estate.of_kind(kind) {
            let arns = holder.property("ManagedPolicyArns");
            for (policy, _) in arns.items().iter().filter_map(Value::as_reference) {
                attached.entry(holder.id).or_default().push(estate.resource(policy));
            }
        }
    }
    attached
}

/// Policies that are resources.
const POLICIES: [&str; 5] = [
    "AWS::IAM::GroupPolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
];

/// Who has permissions, and the property with the name.
const HOLDERS: [(&str, &str); 3] =
    [("AWS::IAM::Group", "GroupName"), ("AWS::IAM::Role", "RoleName"), ("AWS::IAM::User", "UserName")];

/// Those to whom the template gives a name, by account, kind and name. The kind is how its properties begin.
fn named(estate: &Estate) -> BTreeMap<(Option<&str>, &'static str, String), ResourceId> {
    let holders = HOLDERS.iter().flat_map(|(kind, name)| estate.of_kind(kind).map(move |one| (one, *name)));
    let known = |(holder, property): (Resource<'_>, &'static str)| {
        let name = holder.property(property).as_text()?.to_owned();
        let account = estate.stack(holder.id.stack).account.as_deref();
        Some(((account, &property[..4], name), holder.id))
    };
    holders.filter_map(known).collect()
}
