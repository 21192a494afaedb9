//! Where a file stands in the output tree: a relative path that is safe on every file system.

use std::borrow::Borrow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::identity::NameError;

/// A path below the output directory, with `/` between its parts.
///
/// Every part is made of ASCII letters, digits, `.`, `_` and `-` and does not begin with a dot. So a
/// path can't leave the directory, can't name the staging directory, and can't name `.git`, even
/// if it comes from a manifest that somebody has tampered with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TreePath(Box<str>);

impl TreePath {
    /// The rule for these paths, as a phrase that follows "must be".
    pub const RULE: &'static str = "a relative path of at most 1024 bytes, whose parts are letters, digits, dots, underscores \
        and hyphens, 255 at most, and do not begin with a dot";

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path in the file system, below this directory.
    pub(super) fn below(&self, directory: &Path) -> PathBuf {
        directory.join(&*self.0)
    }

    /// The directories that it stands in, from the outermost to the innermost.
    pub(super) fn directories(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// The first so many bytes of a path that end where one of its parts does.
    pub(super) fn directory(text: &str) -> TreePath {
        TreePath(text.into())
    }
}

impl FromStr for TreePath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let valid_part = |part: &str| {
            (1..=255).contains(&part.len())
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if text.len() <= 1024 && text.split('/').all(valid_part) {
            Ok(TreePath(text.into()))
        } else {
            Err(NameError(Self::RULE))
        }
    }
}

impl TryFrom<String> for TreePath {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<TreePath> for String {
    fn from(path: TreePath) -> String {
        path.0.into_string()
    }
}

impl Borrow<str> for TreePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_directory_nor_name_what_is_hidden_in_it() {
        for good in ["manifest.json", "stacks/222222222222/us-east-1/a-b_c.json", "a/b.../c..d"] {
            assert!(good.parse::<TreePath>().is_ok(), "{good}");
        }
        let long = format!("{}/x", "a".repeat(256));
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "../x",
            "a/../../x",
            "a/./b",
            ".git/config",
            ".tenantry-staging/journal",
            "a\\b",
            "C:",
            "C:/x",
            "a b",
            "ä",
            "a\0",
            "a\n",
            "~",
            &long,
        ] {
            assert!(bad.parse::<TreePath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_path_read_from_json_keeps_to_the_same_rule() {
        assert!(serde_json::from_str::<TreePath>(r#""a/b.json""#).is_ok());
        assert!(serde_json::from_str::<TreePath>(r#""../b.json""#).is_err());
    }

    #[test]
    fn directories_go_from_the_outermost_inwards() {
        let path: TreePath = "a/b/c.json".parse().unwrap();
        assert_eq!(path.directories().collect::<Vec<_>>(), ["a", "a/b"]);
    }
}
