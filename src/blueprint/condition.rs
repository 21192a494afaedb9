//! Conditions of `$if`, `$unless` and `when`: comparisons of a path with words, joined by `and` and `or`.

use std::fmt;

use crate::blueprint::{Bound, Scope, UnknownName};

/// Alternatives, of which one must hold. All comparisons of an alternative must hold for it to hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    pub any: Vec<Vec<Comparison>>,
}

/// `path`, `path is word`, `path is not word`, or `path in [word, word]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comparison {
    pub path: Vec<String>,
    pub test: Test,
}

/// What is asked of the path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// Neither false, zero, empty nor nothing.
    Holds,
    /// Prints as this word.
    Is(String),
    /// Does not print as this word.
    IsNot(String),
    /// Prints as one of these words.
    In(Vec<String>),
}

/// Why a condition has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionError {
    /// A part of the path is unknown.
    UnknownName(UnknownName),
    /// This path differs by tenant, so that it is not known when the template is compiled.
    DiffersByTenant(String),
}

impl Condition {
    /// Reads a condition; `None` if a part is not one of the four forms.
    pub fn parse(text: &str) -> Option<Condition> {
        let alternative = |text: &str| text.split(" and ").map(Comparison::parse).collect();
        Some(Condition { any: text.split(" or ").map(alternative).collect::<Option<_>>()? })
    }

    /// Whether one of its alternatives holds. Every path is looked at, so that a mistake shows whatever
    /// the settings are.
    ///
    /// # Errors
    /// If a path is unknown, or differs by tenant.
    pub fn holds(&self, scope: &Scope) -> Result<bool, ConditionError> {
        self.any.iter().try_fold(false, |held, all| {
            let all = all.iter().try_fold(true, |held, one| Ok(one.holds(scope)? && held))?;
            Ok(all || held)
        })
    }

    /// Whether it holds as far as anybody can know: what differs by tenant may be so, and what is unknown
    /// is not.
    pub fn may_hold(&self, scope: &Scope) -> bool {
        let may_hold = |one: &Comparison| match one.holds(scope) {
            Ok(holds) => holds,
            Err(ConditionError::DiffersByTenant(_)) => true,
            Err(ConditionError::UnknownName(_)) => false,
        };
        self.any.iter().any(|all| all.iter().all(may_hold))
    }

    /// What is left to know where some of its comparisons are known, in an order of its own: as many words
    /// for the same question are one. Without a comparison in one of its alternatives, it holds.
    #[must_use]
    pub fn remainder(&self, known: impl Fn(&Comparison) -> Option<bool>) -> Condition {
        let mut any: Vec<Vec<Comparison>> = Vec::new();
        for all in &self.any {
            if all.iter().any(|one| known(one) == Some(false)) {
                continue;
            }
            let mut left: Vec<Comparison> = all.iter().filter(|one| known(one).is_none()).cloned().collect();
            left.sort();
            left.dedup();
            any.push(left);
        }
        any.sort();
        any.dedup();
        Condition { any }
    }

    /// The paths that it names.
    pub fn paths(&self) -> impl Iterator<Item = &Vec<String>> {
        self.any.iter().flatten().map(|comparison| &comparison.path)
    }
}

impl Comparison {
    fn parse(text: &str) -> Option<Comparison> {
        let text = text.trim();
        let (path, test) = match text.split_once(' ') {
            None => (text, Test::Holds),
            Some((path, rest)) => {
                let rest = rest.trim();
                let test = if let Some(words) = rest.strip_prefix("in ") {
                    let words = words.trim().strip_prefix('[')?.strip_suffix(']')?;
                    Test::In(words.split(',').map(word).collect::<Option<_>>()?)
                } else if let Some(other) = rest.strip_prefix("is not ") {
                    Test::IsNot(word(other)?)
                } else {
                    Test::Is(word(rest.strip_prefix("is ")?)?)
                };
                (path, test)
            }
        };
        Some(Comparison { path: parse_path(path)?, test })
    }

    /// Whether it holds with these names.
    ///
    /// # Errors
    /// If its path is unknown, or differs by tenant.
    pub fn holds(&self, scope: &Scope) -> Result<bool, ConditionError> {
        let bound = scope.find(&self.path).map_err(ConditionError::UnknownName)?;
        let differs = || ConditionError::DiffersByTenant(self.path.join("."));
        let shown = printed(bound).ok_or_else(differs)?;
        Ok(match &self.test {
            Test::Holds => bound.holds().ok_or_else(differs)?,
            Test::Is(word) => shown == *word,
            Test::IsNot(word) => shown != *word,
            Test::In(words) => words.contains(&shown),
        })
    }
}

impl fmt::Display for Condition {
    /// As it is read.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all =
            |all: &Vec<Comparison>| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        formatter.write_str(&self.any.iter().map(all).collect::<Vec<_>>().join(" or "))
    }
}

impl fmt::Display for Comparison {
    /// As it is read.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.join(".");
        match &self.test {
            Test::Holds => formatter.write_str(&path),
            Test::Is(word) => write!(formatter, "{path} is {word}"),
            Test::IsNot(word) => write!(formatter, "{path} is not {word}"),
            Test::In(words) => write!(formatter, "{path} in [{}]", words.join(", ")),
        }
    }
}

/// A dotted path of names, or `None`.
pub fn parse_path(text: &str) -> Option<Vec<String>> {
    let parts: Vec<String> = text.trim().split('.').map(str::to_owned).collect();
    let is_name = |part: &String| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    parts.iter().all(is_name).then_some(parts)
}

fn word(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = !text.is_empty()
        && !text.contains(|character: char| character.is_whitespace() || "[]{},\"'".contains(character));
    plain.then(|| text.to_owned())
}

fn printed(bound: &Bound) -> Option<String> {
    match bound {
        Bound::Value(_) => None,
        Bound::Boolean(value) => Some(value.to_string()),
        Bound::Number(number) => Some(number.to_string()),
        Bound::Text(text) => Some(text.clone()),
        Bound::Nothing | Bound::List(_) | Bound::Record(_) | Bound::Document(_) => Some(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_forms() {
        let settings = Bound::record([
            ("nat", Bound::Text("one".into())),
            ("on", Bound::Boolean(true)),
            ("list", Bound::List(vec![])),
        ]);
        let scope = Scope::default().with("settings", settings);
        let holds = |text: &str| Condition::parse(text).unwrap().holds(&scope);
        assert_eq!(holds("settings.on"), Ok(true));
        assert_eq!(holds("settings.list"), Ok(false));
        assert_eq!(holds("settings.nat is one"), Ok(true));
        assert_eq!(holds("settings.nat is not one"), Ok(false));
        assert_eq!(holds("settings.nat in [none, one]"), Ok(true));
        assert_eq!(holds("settings.list or settings.nat in [none, one]"), Ok(true));
        assert_eq!(holds("settings.list or settings.nat is none"), Ok(false));
        assert_eq!(holds("settings.on and settings.nat is one"), Ok(true));
        assert_eq!(holds("settings.on and settings.nat is none"), Ok(false));
        assert_eq!(holds("settings.list and settings.on or settings.nat is one"), Ok(true));
        assert!(matches!(holds("settings.nta"), Err(ConditionError::UnknownName(..))));
    }

    #[test]
    fn what_differs_by_tenant_may_hold_and_what_is_unknown_does_not() {
        let lifted = Bound::Value(crate::blueprint::Symbol::Setting("size".into()));
        let settings = Bound::record([("size", lifted), ("on", Bound::Boolean(true))]);
        let scope = Scope::default().with("settings", settings);
        let may_hold = |text: &str| Condition::parse(text).unwrap().may_hold(&scope);
        assert!(may_hold("settings.size is 3 and settings.on"));
        assert!(!may_hold("settings.size is 3 and settings.on is not true"));
        assert!(!may_hold("settings.other"));
    }

    #[test]
    fn what_is_left_to_know_is_one_however_it_is_said() {
        let left = |text: &str| {
            let known = |one: &Comparison| match one.path[0].as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            };
            Condition::parse(text).unwrap().remainder(known).to_string()
        };
        assert_eq!(left("b and yes and a"), "a and b");
        assert_eq!(left("a and b"), left("b and a and a"));
        assert_eq!(left("c is not x or no and a or b in [y, z]"), "b in [y, z] or c is not x");
        let holds =
            Condition::parse("a or yes").unwrap().remainder(|one| (one.path == ["yes"]).then_some(true));
        assert!(holds.any.iter().any(Vec::is_empty));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", "a b", "a is", "a in b", "a == b", "a is b c", "1a", "a..b", "a is", "a or ", "or b",
            "a and ",
        ] {
            assert_eq!(Condition::parse(text), None, "{text}");
        }
    }
}
