//! The one table of codes: every message that tenantry can give, by its readable name.
//!
//! Split by the stage that raises them. A code's `meaning` is one line; its `explanation` is what
//! `tenantry explain NAME` prints. Each code has a test case of its own under `tests/`.

mod adopt;
mod blueprint;
mod catalog;
mod check;
mod decisions;
mod files;
mod isolation;
mod output;
mod plan;
mod policies;
mod posture;

pub use adopt::*;
pub use blueprint::*;
pub use catalog::*;
pub use check::*;
pub use decisions::*;
pub use files::*;
pub use isolation::*;
pub use output::*;
pub use plan::*;
pub use policies::*;
pub use posture::*;

/// A kind of message.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The readable name, in kebab-case: it names the problem, not the remedy.
    pub name: &'static str,
    /// One line, in lower case, without a full stop.
    pub meaning: &'static str,
    /// The long form: why it matters, with an example of wrong and right.
    pub explanation: &'static str,
}

/// Every code, by name.
pub fn all() -> Vec<&'static Code> {
    let mut codes: Vec<_> = [
        adopt::ALL,
        files::ALL,
        isolation::ALL,
        catalog::ALL,
        check::ALL,
        blueprint::ALL,
        decisions::ALL,
        plan::ALL,
        output::ALL,
        posture::ALL,
        policies::ALL,
    ]
    .concat();
    codes.sort_by_key(|code| code.name);
    codes
}

/// The code of this name.
pub fn find(name: &str) -> Option<&'static Code> {
    all().into_iter().find(|code| code.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_is_defined_is_in_the_table_once() {
        let sources = [
            include_str!("adopt.rs"),
            include_str!("files.rs"),
            include_str!("isolation.rs"),
            include_str!("catalog.rs"),
            include_str!("check.rs"),
            include_str!("blueprint.rs"),
            include_str!("plan.rs"),
            include_str!("policies.rs"),
            include_str!("decisions.rs"),
            include_str!("output.rs"),
            include_str!("posture.rs"),
        ];
        let defined: usize = sources.iter().map(|text| text.matches("pub static ").count()).sum();
        let codes = all();
        assert_eq!(codes.len(), defined);
        assert!(codes.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn codes_read_alike() {
        for code in all() {
            assert!(
                code.name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{}",
                code.name
            );
            assert!(!code.meaning.ends_with('.') && !code.meaning.is_empty(), "{}", code.name);
            assert!(code.explanation.len() > 60, "{} explains itself", code.name);
        }
    }
}
