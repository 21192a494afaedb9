//! The files that are to stand in the output directory, before any of them is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;

use super::TreePath;

/// A whole output tree in memory.
#[derive(Debug, Default)]
pub struct NewTree {
    files: BTreeMap<TreePath, Vec<u8>>,
    /// The paths in lower case.
    taken: BTreeSet<String>,
}

/// Two files of one tree that could not stand beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The path that did not fit.
    pub path: TreePath,
    /// The path, in lower case, that was there first.
    pub with: String,
}

impl fmt::Display for Collision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` and `{}` cannot stand beside each other", self.path, self.with)
    }
}

impl NewTree {
    /// Takes in a file.
    ///
    /// # Errors
    /// If the path is taken, also in other case (on macOS and Windows that is the same file), or if
    /// one of the two would have to be a file and a directory.
    pub fn add(&mut self, path: TreePath, bytes: Vec<u8>) -> Result<(), Collision> {
        let folded = path.as_str().to_ascii_lowercase();
        if let Some(with) = self.in_the_way_of(&folded) {
            return Err(Collision { path, with });
        }
        self.taken.insert(folded);
        self.files.insert(path, bytes);
        Ok(())
    }

    fn in_the_way_of(&self, folded: &str) -> Option<String> {
        let outer = folded.match_indices('/').map(|(at, _)| &folded[..at]);
        if let Some(with) = outer.chain([folded]).find_map(|path| self.taken.get(path)) {
            return Some(with.clone());
        }
        let below = format!("{folded}/");
        let next = self.taken.range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded)).next();
        next.filter(|path| path.starts_with(&below)).cloned()
    }

    /// The bytes of a file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// All files, by path.
    pub fn files(&self) -> &BTreeMap<TreePath, Vec<u8>> {
        &self.files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_some_file_system_could_not_tell_apart_collide() {
        let mut tree = NewTree::default();
        let mut add = |path: &str| tree.add(path.parse().unwrap(), Vec::new()).map_err(|one| one.with);
        assert_eq!(add("templates/vpc/network.json"), Ok(()));
        assert_eq!(add("templates/vpc/network.json"), Err("templates/vpc/network.json".into()));
        assert_eq!(add("templates/VPC/Network.json"), Err("templates/vpc/network.json".into()));
        assert_eq!(add("templates/vpc"), Err("templates/vpc/network.json".into()));
        assert_eq!(add("Templates/vpc/network.json/x"), Err("templates/vpc/network.json".into()));
        assert_eq!(add("templates/vpc-network.json"), Ok(()));
        assert_eq!(add("templates/vpc.d"), Ok(()));
    }
}
