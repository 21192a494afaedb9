//! Codes of the output stage.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &OUTPUT_NOT_A_DIRECTORY,
    &OUTPUT_NOT_WRITABLE,
    &OUTPUT_MANIFEST_DAMAGED,
    &OUTPUT_LEFTOVERS,
    &OUTPUT_BUSY,
    &FOREIGN_FILES,
    &INTERRUPTED_RUN,
    &WRONG_USE,
];

pub static OUTPUT_NOT_A_DIRECTORY: Code = Code {
    name: "output-not-a-directory",
    meaning: "the output directory, or a part of its path, is a file",
    explanation: "tenantry writes a directory of files. What you named with `-o` (or `output` in the current directory) exists and is something else, \
and tenantry does not replace it.\n\n    tenantry synth -o catalog.yaml   # a file: refused\n    tenantry synth -o output         # right\n\nName another directory, or move the file away.",
};

pub static OUTPUT_NOT_WRITABLE: Code = Code {
    name: "output-not-writable",
    meaning: "the output directory or the lock cannot be read or replaced",
    explanation: "The message names the path and what the operating system said: no space left, permission denied, a read-only file system. \
All new files are first written to a directory of their own, `.tenantry-staging` inside the output directory, and only then moved into place; when any of that fails, \
everything is put back, so that the output and the lock are exactly as they were.\n\nMake room on the disk or check the permissions, and run `tenantry synth` again.",
};

pub static OUTPUT_MANIFEST_DAMAGED: Code = Code {
    name: "output-manifest-damaged",
    meaning: "the manifest in the output directory cannot be understood",
    explanation: "`manifest.json` in the output directory says which files there are tenantry's, and so which of them may be replaced or removed. \
A manifest that was damaged, by a merge for example, or that names a path outside of the directory cannot say that, and tenantry touches nothing.\n\n\
Restore the manifest from version control (after a merge, either side will do: the next `tenantry synth` writes it anew), or remove the output directory if everything in it was generated.",
};

pub static OUTPUT_LEFTOVERS: Code = Code {
    name: "output-leftovers",
    meaning: "the new output is in place, but something of the old one could not be cleared away",
    explanation: "Output and lock were replaced completely. What remains is the directory `.tenantry-staging` with the files of the old output, or a directory that has become empty. \
The message says what could not be removed and why; the next `tenantry synth` tries again.",
};

pub static OUTPUT_BUSY: Code = Code {
    name: "output-busy",
    meaning: "another run is replacing the same output or lock",
    explanation: "Two runs that write to the same place at the same time would mix their results, so the second one stops before it writes anything. Wait for the other run and try again.\n\n\
On file systems without advisory locks, some network ones for example, tenantry cannot tell a run that is active from one that has died, and stops whenever it finds `.tenantry-staging` in the output directory. \
If no other run is active there, run tenantry on a machine where the directory is local, or restore the output directory from version control and remove `.tenantry-staging`.",
};

pub static FOREIGN_FILES: Code = Code {
    name: "foreign-files",
    meaning: "files that tenantry did not write stand in the way",
    explanation: "tenantry never overwrites or deletes a file that it did not write. Which files it wrote is recorded in `manifest.json` of the output directory. \
A directory that has no such manifest must be empty, except for a `README.md` and names that begin with a dot (`.git`, `.gitignore`, `.gitkeep`); in a directory that has one, other files may stand beside tenantry's and are left alone, \
as long as they have other names. Symbolic links inside the output directory are never followed.\n\nName another directory with `-o`, or move the files away.",
};

pub static INTERRUPTED_RUN: Code = Code {
    name: "interrupted-run",
    meaning: "an earlier run died while it replaced the output",
    explanation: "A run was killed, or the machine stopped, between the first and the last file that it moved into place; a journal of what it did stands in `.tenantry-staging` of the output directory. \
The lock is whole in any case: it is replaced last, in one step.\n\n`tenantry synth` finishes or undoes the interrupted run before it does its own work; commands that only read tell you of it and change nothing. \
If the journal itself is damaged, restore the output directory from version control and remove `.tenantry-staging`.",
};

pub static WRONG_USE: Code = Code {
    name: "wrong-use",
    meaning: "a command, an option or an argument is not one of tenantry's",
    explanation: "The command line could not be understood, so nothing was read and nothing was written. `tenantry --help` lists the commands, and `tenantry COMMAND --help` the options of one. \
With `--format json` this message is JSON as well, as all others are.",
};
