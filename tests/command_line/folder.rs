//! The program in a folder of its own, as a user has it: files to begin with, commands to run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder of which nobody else knows.
pub(crate) struct Folder {
    directory: TempDir,
}

/// What one run of the program came to.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Every file and directory by its path; the bytes of files.
pub(crate) type Contents = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Folder {
    /// An empty folder.
    pub(crate) fn empty() -> Folder {
        Folder { directory: tempfile::tempdir().unwrap() }
    }

    /// A copy of one of `tests/bases`.
    pub(crate) fn of_base(name: &str) -> Folder {
        let folder = Folder::empty();
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bases").join(name);
        copy(&base, folder.path());
        folder
    }

    /// Adds the files of a directory of this repository, in place of those of the same name.
    pub(crate) fn add(&self, directory: &Path) {
        copy(directory, self.path());
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The program, with arguments, in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        command.args(arguments).current_dir(self.path()).env_remove("NO_COLOR");
        command
    }

    /// Runs the program; arguments are parted by spaces.
    pub(crate) fn run(&self, arguments: &str) -> Run {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let run = Run::from(self.command(&arguments).output().unwrap());
        Run { stdout: self.named(&run.stdout), stderr: self.named(&run.stderr), ..run }
    }

    /// Runs the program and takes it that it ends well, with nothing to say but its result.
    pub(crate) fn fine(&self, arguments: &str) -> String {
        let run = self.run(arguments);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "tenantry {arguments}");
        run.stdout
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Puts one text in the place of another, which stands in the file once.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "`{from}` stands once in {path}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn contents(&self) -> Contents {
        contents(self.path())
    }

    /// Its own place, which differs from run to run, goes by the name of `[folder]`.
    fn named(&self, text: &str) -> String {
        let real = self.path().canonicalize().unwrap();
        text.replace(&*real.to_string_lossy(), "[folder]")
            .replace(&*self.path().to_string_lossy(), "[folder]")
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        Run {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Everything below a directory; links are not followed.
pub(crate) fn contents(root: &Path) -> Contents {
    fn walk(directory: &Path, root: &Path, found: &mut Contents) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                found.insert(name, Some(target.as_os_str().as_encoded_bytes().to_vec()));
            } else if path.is_dir() {
                walk(&path, root, found);
                found.insert(name, None);
            } else {
                found.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Contents::new();
    walk(root, root, &mut found);
    found
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in contents(from) {
        let path = to.join(path);
        match bytes {
            None => fs::create_dir_all(path).unwrap(),
            Some(bytes) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
    }
}
