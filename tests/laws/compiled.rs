//! Runs tenantry over files and reads what it would write, as a reader of the output tree does.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tenantry::blueprint::Library;
use tenantry::catalog;
use tenantry::diagnostics::{Report, Reported, human, json};
use tenantry::network::Cidr;
use tenantry::plan::lock::Lock;
use tenantry::plan::{plan, wanted};
use tenantry::source::SourceMap;
use tenantry::synth::synth;

use crate::company::Company;

/// What comes out: the whole tree, and the lock.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub files: BTreeMap<String, Vec<u8>>,
    pub lock: String,
}

/// What a user is told instead.
#[derive(Debug)]
pub(crate) struct Refused {
    /// As `--format json` prints it.
    pub told: Vec<Value>,
    /// As a terminal without colours shows it.
    pub shown: String,
}

/// A stack as the manifest lists it, with its files.
pub(crate) struct Stack {
    pub entry: Value,
    pub deployment: Value,
    pub template: Value,
}

pub(crate) fn compile(
    catalog: &Path,
    lock: Option<&str>,
    blueprints: Option<&Path>,
) -> Result<Compiled, Refused> {
    let (mut sources, mut report) = (SourceMap::default(), Report::default());
    run(catalog, lock, blueprints, &mut sources, &mut report).map_err(|_| {
        let diagnostics = report.into_sorted(&sources);
        let told = json::render(&diagnostics, &sources)["diagnostics"].as_array().unwrap().clone();
        Refused { told, shown: human::render(&diagnostics, &sources, false) }
    })
}

/// The way that `tenantry synth` takes, without the file system at its end.
fn run(
    path: &Path,
    lock: Option<&str>,
    blueprints: Option<&Path>,
    sources: &mut SourceMap,
    report: &mut Report,
) -> Result<Compiled, Reported> {
    let catalog = catalog::read(path, sources, report)?;
    let library = Library::read_for(&wanted(&catalog), blueprints, sources, report)?;
    let lock = match lock {
        Some(text) => {
            let file = sources.add("tenantry.lock", text);
            Lock::read(file, sources, report)?
        }
        None => Lock::empty(catalog.product.value.clone(), catalog.environment.value.clone()),
    };
    let plan = plan(&catalog, &library, &lock, report)?;
    let tree = synth(&plan, report)?.tree;
    let files = tree.files().iter().map(|(path, bytes)| (path.as_str().to_owned(), bytes.clone())).collect();
    Ok(Compiled { files, lock: plan.lock.to_text() })
}

/// Compiles a company from a directory of files.
pub(crate) fn company(company: &Company, lock: Option<&str>) -> Result<Compiled, Refused> {
    let directory = tempfile::tempdir().unwrap();
    compile(&company.write_directory(directory.path()), lock, None)
}

impl Compiled {
    pub(crate) fn json(&self, path: &str) -> Value {
        let bytes = self.files.get(path).unwrap_or_else(|| panic!("there is no file {path}"));
        serde_json::from_slice(bytes).unwrap()
    }

    pub(crate) fn text(&self, path: &str) -> &str {
        std::str::from_utf8(&self.files[path]).unwrap()
    }

    pub(crate) fn templates(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str).filter(|path| path.starts_with("templates/"))
    }

    pub(crate) fn stack_entries(&self) -> Vec<Value> {
        self.json("manifest.json")["stacks"].as_array().unwrap().clone()
    }

    pub(crate) fn stacks(&self) -> Vec<Stack> {
        let one = |entry: Value| Stack {
            deployment: self.json(entry["deployment"].as_str().unwrap()),
            template: self.json(entry["template"].as_str().unwrap()),
            entry,
        };
        self.stack_entries().into_iter().map(one).collect()
    }

    /// The decisions for each tenant, from `plan.json`.
    pub(crate) fn tenants(&self) -> BTreeMap<String, Value> {
        let plan = self.json("plan.json");
        let tenants = plan["tenants"].as_array().unwrap().iter();
        tenants.map(|tenant| (text(&tenant["id"]), tenant.clone())).collect()
    }

    /// The lines of the lock that decide about a tenant.
    pub(crate) fn lock_lines(&self, tenant: &str) -> Vec<&str> {
        let about = |line: &&str| {
            let key = line.split(": ").next().unwrap_or_default().split_once(' ').map(|(_, key)| key);
            key.is_some_and(|key| {
                key == tenant || key.rsplit_once('/').is_some_and(|(owner, _)| owner == tenant)
            })
        };
        self.lock.lines().filter(about).collect()
    }

    /// Blocks in quarantine, with who had them.
    pub(crate) fn quarantine(&self) -> Vec<(Cidr, String)> {
        let lines = self.lock.lines().filter_map(|line| line.strip_prefix("quarantine "));
        lines
            .map(|line| {
                let (block, owner) = line.split_once(": { owner: ").unwrap();
                (block.parse().unwrap(), owner.trim_end_matches(" }").to_owned())
            })
            .collect()
    }
}

impl Refused {
    pub(crate) fn codes(&self) -> Vec<String> {
        let errors = self.told.iter().filter(|one| one["severity"] == "error");
        errors.map(|one| text(&one["code"])).collect()
    }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} files and the lock\n{}", self.files.len(), self.lock)
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text")).to_owned()
}

pub(crate) fn cidr(value: &Value) -> Cidr {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no block"))
}

/// Every file below a directory with its bytes.
pub(crate) fn snapshot(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().to_string_lossy().into_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}
