//! Text that users choose freely, and what it may not hold.
//!
//! Free text ends in tags, template descriptions, reports and spreadsheets. What could be read there as
//! code is refused here, once, so that no later stage has to think of it: expressions of any template
//! language, variables, formulas, markup, and characters that hide or reorder what is shown.

use std::fmt;

use crate::diagnostics::is_invisible;

/// A tenant's name for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TenantName(Box<str>);

/// Any other text for people: an account's name, the reason of a reservation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FreeText(Box<str>);

/// Why a text is refused, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hazard {
    /// A phrase that follows "the name of a tenant": `holds a line break`.
    pub problem: String,
    pub help: &'static str,
}

impl TenantName {
    /// The most characters that a name may have.
    pub const LENGTH: usize = 128;

    /// Takes a text that is safe everywhere.
    ///
    /// # Errors
    /// The first hazard in it.
    pub fn new(text: &str) -> Result<Self, Hazard> {
        check(text, Self::LENGTH).map(|()| TenantName(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FreeText {
    /// Takes a text of at most `length` characters that is safe everywhere.
    ///
    /// # Errors
    /// The first hazard in it.
    pub fn new(text: &str, length: usize) -> Result<Self, Hazard> {
        check(text, length).map(|()| FreeText(text.into()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for FreeText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn check(text: &str, length: usize) -> Result<(), Hazard> {
    if text.is_empty() {
        return refuse("is empty", "write at least one character");
    }
    if text.chars().count() > length {
        return refuse(format!("is longer than {length} characters"), "shorten it");
    }
    match markup(text) {
        Some(hazard) => Err(hazard),
        None => Ok(()),
    }
}

/// What makes a text unsafe wherever it is shown or read by another program, lengths aside.
pub(super) fn markup(text: &str) -> Option<Hazard> {
    if let Some(hazard) = hidden(text).or_else(|| expression(text)) {
        return Some(hazard);
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return hazard("begins or ends with a space", "remove the spaces at both ends");
    }
    // Spreadsheets run a cell that begins so as a formula (OWASP, "CSV Injection"); some take the
    // full-width forms for the same characters.
    if let Some(first) = text.chars().next().filter(|first| "=+-@＝＋－＠".contains(*first)) {
        return hazard(
            format!("begins with `{first}`, which makes it a formula in a spreadsheet"),
            "let it begin with a letter or a digit",
        );
    }
    let forbidden = |character: &char| "\"`$\\|{}<>".contains(*character);
    match text.chars().find(forbidden)? {
        '"' => hazard("holds a double quote", "leave the quotes out, or use the apostrophe `'`"),
        '`' => hazard("holds a backtick", "use the apostrophe `'`"),
        '$' => hazard("holds `$`, which begins a variable in templates and shells", "write the word instead"),
        '\\' => hazard("holds a backslash", "use `/`"),
        '|' => hazard("holds `|`, which splits a table in reports", "use `/` or a comma"),
        '{' | '}' => hazard("holds a brace, which begins an expression in templates", "use parentheses"),
        _ => hazard("holds `<` or `>`, which is markup in reports", "use parentheses"),
    }
}

/// What makes the value of a setting unsafe; a blueprint's schema says all else.
pub(super) fn setting(text: &str) -> Option<Hazard> {
    if let Some(hazard) = hidden(text) {
        return Some(hazard);
    }
    if !text.contains("{{") {
        return None;
    }
    expression(text)
}

fn hidden(text: &str) -> Option<Hazard> {
    if text.contains(['\n', '\r', '\u{85}']) {
        return hazard("holds a line break", "write it on one line");
    }
    if text.contains('\t') {
        return hazard("holds a tab", "use a space");
    }
    if let Some(found) = text.chars().find(|character| character.is_control()) {
        return hazard(format!("holds the control character U+{:04X}", u32::from(found)), "remove it");
    }
    let direction = |character: &char| matches!(character, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if let Some(found) = text.chars().find(direction) {
        return hazard(
            format!("holds U+{:04X}, which changes the direction in which text is shown", u32::from(found)),
            "remove it; letters of right-to-left scripts need no mark",
        );
    }
    let found = text.chars().find(|character| is_invisible(*character))?;
    hazard(format!("holds the invisible character U+{:04X}", u32::from(found)), "remove it")
}

fn expression(text: &str) -> Option<Hazard> {
    if text.contains("{{resolve:") {
        return hazard(
            "holds a dynamic reference of CloudFormation, which would be replaced by a secret or parameter",
            "write the text itself, without braces",
        );
    }
    if text.contains("{{") {
        return hazard("holds `{{`, which begins an expression in templates", "use parentheses");
    }
    if text.contains("${") {
        return hazard(
            "holds `${`, which begins a variable in CloudFormation and IAM",
            "write the text itself, without `$` and braces",
        );
    }
    None
}

fn hazard(problem: impl Into<String>, help: &'static str) -> Option<Hazard> {
    Some(Hazard { problem: problem.into(), help })
}

fn refuse(problem: impl Into<String>, help: &'static str) -> Result<(), Hazard> {
    Err(Hazard { problem: problem.into(), help })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_companies_are_taken_as_they_are() {
        for good in [
            "Acme Corporation",
            "O'Hara & Sons, Ltd. (UK)",
            "Zoë's Café",
            "7-Eleven",
            "株式会社",
            "שלום",
            "#1",
            "50% off",
        ] {
            assert_eq!(TenantName::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn each_hazard_has_its_own_words() {
        let problem = |text: &str| TenantName::new(text).unwrap_err().problem;
        assert_eq!(problem(""), "is empty");
        assert_eq!(problem(&"x".repeat(129)), "is longer than 128 characters");
        assert!(problem("{{resolve:ssm:/x}}").contains("dynamic reference"));
        assert!(problem("{{name}}").contains("begins an expression"));
        assert!(problem("${AWS::AccountId}").contains("begins a variable in CloudFormation"));
        assert!(problem("a\"b").contains("double quote"));
        assert!(problem("a\nb").contains("line break"));
        assert!(problem("a\u{202e}b").contains("U+202E, which changes the direction"));
        assert!(problem("a\u{200b}b").contains("invisible character U+200B"));
        assert!(problem("a\u{1b}b").contains("control character U+001B"));
        assert!(problem("=cmd()").contains("formula"));
        assert!(problem("@home").contains("formula"));
        assert!(problem("＝cmd()").contains("formula"));
        assert!(problem("a ").contains("ends with a space"));
        assert!(problem("<b>").contains("markup"));
        assert!(problem("a|b").contains("table"));
        assert!(problem("US$").contains("`$`"));
        assert!(problem("a\\b").contains("backslash"));
        assert!(problem("a`b").contains("backtick"));
        assert!(problem("a}b").contains("brace"));
    }

    #[test]
    fn settings_may_hold_what_a_blueprint_escapes() {
        assert_eq!(setting("arn:aws:s3:::${bucket}/*"), None);
        assert_eq!(setting("{\"a\": 1} <b> =1"), None);
        assert!(setting("{{resolve:ssm:/x}}").unwrap().problem.contains("dynamic reference"));
        assert!(setting("a {{ b").unwrap().problem.contains("expression"));
        assert!(setting("a\u{200b}").unwrap().problem.contains("invisible"));
    }
}
