//! What a replacement is about to do, written down before it does it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::TreePath;

/// Everything that is needed to finish or to undo a replacement after its process has died.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    /// In the order in which they are done. A step's number names its files in the staging directory.
    pub(super) steps: Vec<Step>,
    /// Directories that may have become empty, innermost first.
    pub(super) emptied: Vec<TreePath>,
    pub(super) lock: Option<JournaledLock>,
}

/// One move, or two.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Step {
    /// The old file goes to the staging directory.
    Remove { path: TreePath },
    /// The old file goes to the staging directory, and the new one comes from there.
    Swap { path: TreePath },
    /// A new file, or a new directory with all the files below it, comes from the staging directory.
    Place { path: TreePath, files: Vec<TreePath> },
}

/// The lock of a replacement that changes it. Its bytes tell whether the replacement took place.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournaledLock {
    pub(super) path: String,
    pub(super) digest: String,
}

impl Step {
    pub(super) fn path(&self) -> &TreePath {
        match self {
            Step::Remove { path } | Step::Swap { path } | Step::Place { path, .. } => path,
        }
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
