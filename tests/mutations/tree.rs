//! A good tree, one of the committed ones, and ways to change it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

pub(crate) const COMMITTED: &str = "output";
pub(crate) const ALL_MODELS: &str = "examples/all_models/output";

/// The files of an output tree by their paths.
#[derive(Clone)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// The committed output.
    pub(crate) fn good() -> Tree {
        Tree::of(COMMITTED)
    }

    /// Another good one.
    pub(crate) fn of(root: &str) -> Tree {
        fn walk(directory: &Path, below: &str, files: &mut BTreeMap<String, String>) {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                let path = format!("{below}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    walk(&entry.path(), &format!("{path}/"), files);
                } else {
                    files.insert(path, fs::read_to_string(entry.path()).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root), "", &mut files);
        Tree { files }
    }

    pub(crate) fn files(&self) -> Vec<(String, String)> {
        self.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect()
    }

    /// Every file as JSON prints it by itself.
    pub(crate) fn rewrite(&mut self) {
        for text in self.files.values_mut() {
            *text = serde_json::from_str::<Value>(text).unwrap().to_string();
        }
    }

    pub(crate) fn read(&self, path: &str) -> Value {
        serde_json::from_str(&self.files[path]).unwrap()
    }

    pub(crate) fn write(&mut self, path: &str, value: &Value) {
        self.files.insert(path.to_owned(), serde_json::to_string_pretty(value).unwrap());
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.files.remove(path).unwrap();
    }

    /// Changes a file, and gives its path back.
    pub(crate) fn edit(&mut self, path: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut value = self.read(path);
        change(&mut value);
        self.write(path, &value);
        path.to_owned()
    }

    pub(crate) fn manifest(&mut self, change: impl FnOnce(&mut Value)) -> String {
        self.edit("manifest.json", change)
    }

    /// The entries of the manifest.
    pub(crate) fn stacks(&self) -> Vec<Value> {
        self.read("manifest.json")["stacks"].as_array().unwrap().clone()
    }

    /// The first template, by path, that has a resource for which this holds.
    fn template_where(&self, holds: impl Fn(&Value) -> bool) -> String {
        let templates = self.files.keys().filter(|path| path.starts_with("templates/"));
        let has = |path: &&String| {
            let template = self.read(path);
            template["Resources"].as_object().unwrap().values().any(&holds)
        };
        templates.clone().find(has).unwrap_or_else(|| panic!("no template has such a resource")).clone()
    }

    /// The first template with a resource of this type.
    pub(crate) fn template(&self, kind: &str) -> String {
        self.template_where(|resource| resource["Type"] == kind)
    }

    /// Changes a template.
    pub(crate) fn of_template(&mut self, kind: &str, change: impl FnOnce(&mut Value)) -> String {
        let path = self.template(kind);
        self.edit(&path, change)
    }

    /// Changes the first resource of a type, in the first template that has one.
    pub(crate) fn resource(&mut self, kind: &str, change: impl FnOnce(&mut Value)) -> String {
        self.resource_where(kind, |_| true, change)
    }

    /// The same, of those for which something holds.
    pub(crate) fn resource_where(
        &mut self,
        kind: &str,
        holds: impl Fn(&Value) -> bool,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let fits = |resource: &Value| resource["Type"] == kind && holds(resource);
        let path = self.template_where(fits);
        self.edit(&path, |template| {
            let resources = template["Resources"].as_object_mut().unwrap();
            change(resources.values_mut().find(|resource| fits(resource)).unwrap());
        })
    }

    /// Changes the properties of the first resource of a type.
    pub(crate) fn properties(&mut self, kind: &str, change: impl FnOnce(&mut Value)) -> String {
        self.resource(kind, |resource| change(&mut resource["Properties"]))
    }

    /// Adds a resource to the template that has one of a type.
    pub(crate) fn add(&mut self, beside: &str, logical_id: &str, resource: Value) -> String {
        self.of_template(beside, |template| template["Resources"][logical_id] = resource)
    }

    /// The manifest's first entry that uses a template with a resource of this type.
    pub(crate) fn stack_with(&self, kind: &str) -> Value {
        let path = self.template(kind);
        self.stacks().into_iter().find(|stack| stack["template"] == *path).unwrap()
    }

    /// Changes the deployment file of the first stack that has a resource of this type.
    pub(crate) fn deployment(&mut self, kind: &str, change: impl FnOnce(&mut Value)) -> String {
        let path = self.stack_with(kind)["deployment"].as_str().unwrap().to_owned();
        self.edit(&path, change)
    }

    /// Changes the manifest's entry of the first stack that has a resource of this type.
    pub(crate) fn entry(&mut self, kind: &str, change: impl FnOnce(&mut Value)) -> String {
        let name = self.stack_with(kind)["name"].clone();
        self.manifest(|manifest| {
            let stacks = manifest["stacks"].as_array_mut().unwrap();
            change(stacks.iter_mut().find(|stack| stack["name"] == name).unwrap());
        })
    }
}
