//! Reading a directory: by its manifest, or, where it has none, by what its files look like.
//!
//! A manifest is taken at its word: its stacks are the estate, in its order. Without one, each deployment
//! file is a stack, and so is each template that no deployment file names, with the defaults of its
//! parameters. Files are read in parallel and noted in the order of their paths.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::check::finding::Finding;
use crate::check::model::deployment::{self, Given};
use crate::check::model::template::Template;
use crate::check::model::value::StackId;
use crate::check::model::{Deployment, Estate, Stack, compile, exports, manifest};
use crate::diagnostics::{Diagnostic, Report, Reported, codes, quote};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::Node;

/// Reads a directory.
///
/// # Errors
/// If it cannot be read, a file of it is no JSON or YAML, or nothing there is a template.
pub fn read(directory: &Path, sources: &mut SourceMap, report: &mut Report) -> Result<Estate, Reported> {
    let mut paths = Vec::new();
    walk(directory, String::new(), &mut paths, report)?;
    paths.sort_unstable();
    let texts: Vec<Result<String, String>> =
        paths.par_iter().map(|path| text(&directory.join(path))).collect();
    let mut files = Vec::with_capacity(paths.len());
    for (path, text) in paths.into_iter().zip(texts) {
        match text {
            Ok(text) => files.push((path, text)),
            Err(problem) => report.push(
                Diagnostic::error(&codes::UNREADABLE_FILE, problem)
                    .help("check the file's permissions, and that it is UTF-8"),
            ),
        }
    }
    report.checkpoint()?;
    read_files(directory, files, sources, report)
}

/// The same, of files that were read already: paths below the directory, with `/`, and their texts.
///
/// # Errors
/// As [`read`].
pub fn read_files(
    directory: &Path,
    files: Vec<(String, String)>,
    sources: &mut SourceMap,
    report: &mut Report,
) -> Result<Estate, Reported> {
    let mut known: BTreeMap<Box<str>, FileId> = BTreeMap::new();
    for (path, text) in files {
        let name = directory.join(&path).display().to_string();
        known.insert(path.into(), sources.add(name, text));
    }
    let mut reader = Reader { known, estate: Estate::default(), templates: BTreeMap::new(), sources, report };
    reader.estate.tag_policy = reader.known.get("organization/tag-policy.json").copied();
    match reader.known.get("manifest.json").copied() {
        Some(manifest) => reader.by_manifest(manifest)?,
        None => reader.by_content(directory)?,
    }
    let mut estate = reader.estate;
    exports::connect(&mut estate);
    Ok(estate)
}

/// All files that could matter, by their paths below the directory. Names that begin with a dot are
/// passed over, and so are links: what they lead to need not be part of what is shown to others.
fn walk(
    directory: &Path,
    below: String,
    found: &mut Vec<String>,
    report: &mut Report,
) -> Result<(), Reported> {
    let here: PathBuf = if below.is_empty() { directory.to_owned() } else { directory.join(&below) };
    let unreadable = |report: &mut Report, error: std::io::Error| {
        report.error(
            Diagnostic::error(&codes::UNREADABLE_FILE, format!("cannot read `{}`: {error}", here.display()))
                .help("name the directory that `tenantry synth` has written, or one of templates"),
        )
    };
    let entries = fs::read_dir(&here).map_err(|error| unreadable(report, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(report, error))?;
        let kind = entry.file_type().map_err(|error| unreadable(report, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if kind.is_dir() {
            walk(directory, path, found, report)?;
        } else if kind.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// Text of a file that could be one of ours; of others only that they are there.
fn text(path: &Path) -> Result<String, String> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !["json", "yaml", "yml", "template"].contains(&extension) {
        return Ok(String::new());
    }
    fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

struct Reader<'r> {
    known: BTreeMap<Box<str>, FileId>,
    estate: Estate,
    /// Numbers of the templates by path; `None` for a file that is none.
    templates: BTreeMap<Box<str>, Option<u32>>,
    sources: &'r SourceMap,
    report: &'r mut Report,
}

impl Reader<'_> {
    fn by_manifest(&mut self, file: FileId) -> Result<(), Reported> {
        self.estate.manifest = Some(file);
        let sources = self.sources;
        let listed = manifest::read(file, sources, self.report)?;
        let given: Vec<Option<(FileId, Option<Given>)>> = listed
            .stacks
            .par_iter()
            .map(|stack| {
                let file = *self.known.get(&*stack.deployment)?;
                Some((file, Given::of_json(sources.text(file))))
            })
            .collect();
        let mut named: BTreeSet<&str> = BTreeSet::from(["manifest.json"]);
        named.extend(listed.files.iter().map(|path| &**path));
        let mut waits = Vec::new();
        for path in &listed.files {
            if !self.known.contains_key(&**path) {
                self.estate.problems.push(missing(path, "a file", file, sources));
            }
        }
        let start = Span { file, start: 0, end: 0 };
        for (stack, given) in listed.stacks.iter().zip(given) {
            named.extend([&*stack.template, &*stack.deployment]);
            let template = self.listed_template(&stack.template, file);
            let deployment = self.listed_deployment(&stack.deployment, given, file);
            // What cannot be read is told already; the rest is judged without it.
            let Some(template) = template else { continue };
            let id = StackId(self.estate.stacks.len() as u32);
            waits.push(&stack.depends_on);
            if let Some(deployment) = &deployment
                && !leads_to(&deployment.template, &stack.template)
            {
                self.estate.problems.push(
                    Finding::new(
                        &codes::MANIFEST_DISAGREES,
                        format!(
                            "the manifest and the deployment file of {} name different templates",
                            quote(&stack.name)
                        ),
                        manifest::place_of_stack(file, &stack.name, sources).unwrap_or(start),
                        format!("here it is {}", quote(&stack.template)),
                    )
                    .also(deployment.start(), format!("and here {}", quote(&deployment.template)))
                    .help("run `tenantry synth` to write both anew"),
                );
            }
            let parameters = values(&self.estate.templates[template as usize], deployment.as_ref());
            self.estate.stacks.push(Stack {
                id,
                name: (&*stack.name).into(),
                account: Some((&*stack.account).into()),
                region: Some((&*stack.region).into()),
                tenant: stack.tenant.as_deref().map(Into::into),
                cell: stack.cell.as_deref().unwrap_or_default().into(),
                model: stack.model.as_deref().unwrap_or_default().into(),
                capabilities: stack.capabilities.iter().map(|name| (&**name).into()).collect(),
                depends_on: Vec::new(),
                wave: stack.wave,
                needs_s3: stack.needs_s3,
                deployment,
                template,
                parameters,
                imports: Vec::new(),
            });
        }
        self.estate.files = named.into_iter().map(Into::into).collect();
        depend(&mut self.estate, &waits, sources);
        self.unlisted();
        self.report.checkpoint()
    }

    /// The number of a template that the manifest names, which is read when it is first named.
    fn listed_template(&mut self, path: &str, manifest: FileId) -> Option<u32> {
        if let Some(known) = self.templates.get(path) {
            return *known;
        }
        let read = template(path, &self.known, &mut self.estate, self.sources, self.report);
        if read.is_none() && !self.known.contains_key(path) {
            self.estate.problems.push(missing(path, "a template", manifest, self.sources));
        }
        self.templates.insert(path.into(), read);
        read
    }

    /// A deployment file that the manifest names; one that the fast reader did not take is read with care.
    fn listed_deployment(
        &mut self,
        path: &str,
        given: Option<(FileId, Option<Given>)>,
        manifest: FileId,
    ) -> Option<Deployment> {
        let Some((file, given)) = given else {
            self.estate.problems.push(missing(path, "a deployment file", manifest, self.sources));
            return None;
        };
        let given = given.or_else(|| {
            let before = self.report.errors();
            let node = deployment::read(file, self.sources, self.report);
            let given = node.as_ref().and_then(Given::of_node);
            if given.is_none() && self.report.errors() == before {
                self.report.push(not_a_deployment_file(file));
            }
            given
        })?;
        Some(given.into_deployment(path, file))
    }

    /// Files where only tenantry's belong and which the manifest does not name.
    fn unlisted(&mut self) {
        let named: BTreeSet<&str> = self.estate.files.iter().map(|path| &**path).collect();
        for (path, file) in &self.known {
            let ours = path.starts_with("templates/") || path.starts_with("stacks/");
            if ours && !named.contains(&**path) {
                self.estate.problems.push(
                    Finding::new(
                        &codes::UNLISTED_FILE,
                        format!("the manifest does not name {}", quote(path)),
                        Span { file: *file, start: 0, end: 0 },
                        "",
                    )
                    .help("remove the file, or run `tenantry synth` to write the output anew"),
                );
            }
        }
    }

    fn by_content(&mut self, directory: &Path) -> Result<(), Reported> {
        let candidates: Vec<(Box<str>, FileId)> =
            self.known.iter().map(|(path, file)| (path.clone(), *file)).collect();
        let mut deployments = Vec::new();
        for (path, file) in candidates {
            let extension = path.rsplit('.').next().unwrap_or_default();
            if !["json", "yaml", "yml", "template"].contains(&extension) {
                continue;
            }
            let Some(node) = deployment::read(file, self.sources, self.report) else { continue };
            if let Some(given) = Given::of_node(&node) {
                deployments.push((path, file, given));
            } else if is_template(&node) {
                let bytes = self.sources.text(file).len();
                let number = self.estate.templates.len() as u32;
                self.estate.templates.push(compile::compile(&path, file, bytes, &node));
                self.templates.insert(path, Some(number));
            }
        }
        self.report.checkpoint()?;
        if self.estate.templates.is_empty() {
            return Err(self.report.error(
                Diagnostic::error(
                    &codes::NOTHING_TO_CHECK,
                    format!("`{}` has neither a manifest nor a template", directory.display()),
                )
                .help("name the directory that `tenantry synth` has written, or one of templates"),
            ));
        }
        let mut used = BTreeSet::new();
        for (path, file, given) in deployments {
            let Some(number) = self.template_of(&path, &given.template) else {
                self.estate.problems.push(
                    Finding::new(
                        &codes::MISSING_FILE,
                        format!("there is no template {}", quote(&given.template)),
                        Span { file, start: 0, end: 0 },
                        "this deployment file names it",
                    )
                    .help("put the template there, or correct `template-file-path`"),
                );
                continue;
            };
            used.insert(number);
            self.found(&path, number, Some(given.into_deployment(&path, file)));
        }
        let unused: Vec<(Box<str>, u32)> = self
            .templates
            .iter()
            .filter_map(|(path, number)| Some((path.clone(), (*number)?)))
            .filter(|(_, number)| !used.contains(number))
            .collect();
        for (path, number) in unused {
            self.found(&path, number, None);
        }
        self.estate.files = self.known.keys().cloned().collect();
        Ok(())
    }

    /// The template that a deployment file names: from the root of the directory, from its own place, or
    /// from the root of a repository in which the directory lies further down.
    fn template_of(&self, deployment: &str, template: &str) -> Option<u32> {
        let template = template.strip_prefix("./").unwrap_or(template);
        let beside = deployment.rsplit_once('/').map(|(folder, _)| format!("{folder}/{template}"));
        let known = |path: &str| self.templates.get(path).copied().flatten();
        let from_above = || template.match_indices('/').find_map(|(at, _)| known(&template[at + 1..]));
        known(template).or_else(|| known(&beside?)).or_else(from_above)
    }

    /// A stack that no manifest speaks of; account and Region are taken from a path `…/<account>/<region>/…`.
    fn found(&mut self, path: &str, template: u32, deployment: Option<Deployment>) {
        let mut parts: Vec<&str> = path.split('/').collect();
        let file = parts.pop().unwrap_or_default();
        let name = file.split('.').next().unwrap_or_default();
        let (account, region) = match parts.as_slice() {
            [.., account, region] if super::evaluate::is_account_number(account) => {
                (Some((*account).into()), Some((*region).into()))
            }
            _ => (None, None),
        };
        let parameters = values(&self.estate.templates[template as usize], deployment.as_ref());
        self.estate.stacks.push(Stack {
            id: StackId(self.estate.stacks.len() as u32),
            name: name.into(),
            account,
            region,
            tenant: None,
            cell: "".into(),
            model: "".into(),
            capabilities: Vec::new(),
            depends_on: Vec::new(),
            wave: 0,
            needs_s3: false,
            deployment,
            template,
            parameters,
            imports: Vec::new(),
        });
    }
}

/// Notes which stacks each waits for. Names are unique in an account and Region only: a stack there is
/// meant before one elsewhere.
fn depend(estate: &mut Estate, waits: &[&Vec<std::borrow::Cow<'_, str>>], sources: &SourceMap) {
    let mut named: BTreeMap<&str, Vec<StackId>> = BTreeMap::new();
    for stack in &estate.stacks {
        named.entry(&stack.name).or_default().push(stack.id);
    }
    let (mut all, mut problems) = (Vec::with_capacity(waits.len()), Vec::new());
    for (stack, waits) in estate.stacks.iter().zip(waits) {
        let mut found = Vec::with_capacity(waits.len());
        for name in waits.iter() {
            let same = named.get(&**name).map_or(&[][..], Vec::as_slice);
            let here = same.iter().find(|id| {
                let other = estate.stack(**id);
                other.account == stack.account && other.region == stack.region
            });
            match here.or(same.first()) {
                Some(id) => found.push(*id),
                None => problems.push(
                    Finding::new(
                        &codes::DEPLOYMENT_ORDER,
                        format!("{} depends on {}, which is no stack", quote(&stack.name), quote(name)),
                        estate.stack_place(stack, sources),
                        "",
                    )
                    .of_stack(stack.id)
                    .help("run `tenantry synth` to write the manifest anew"),
                ),
            }
        }
        all.push(found);
    }
    estate.problems.extend(problems);
    for (stack, found) in estate.stacks.iter_mut().zip(all) {
        stack.depends_on = found;
    }
}

/// Whether a path of a deployment file means a template of the tree. Git sync looks from the root of the
/// repository, in which the tree may lie further down.
fn leads_to(path: &str, template: &str) -> bool {
    path.strip_suffix(template).is_some_and(|above| above.is_empty() || above.ends_with('/'))
}

fn is_template(node: &Node) -> bool {
    node.get("Resources").is_some() || node.get("AWSTemplateFormatVersion").is_some()
}

fn template(
    path: &str,
    known: &BTreeMap<Box<str>, FileId>,
    estate: &mut Estate,
    sources: &SourceMap,
    report: &mut Report,
) -> Option<u32> {
    let file = *known.get(path)?;
    let node = deployment::read(file, sources, report)?;
    let number = estate.templates.len() as u32;
    estate.templates.push(compile::compile(path, file, sources.text(file).len(), &node));
    Some(number)
}

/// The values of a template's parameters: those of the deployment file, else the defaults.
fn values(template: &Template, deployment: Option<&Deployment>) -> Vec<Option<Box<str>>> {
    let given = |name: &str| deployment.and_then(|deployment| deployment.parameter(name)).map(Into::into);
    let parameters = template.parameters.iter();
    parameters.map(|parameter| given(&parameter.name).or_else(|| parameter.default.clone())).collect()
}

fn missing(path: &str, what: &str, manifest: FileId, sources: &SourceMap) -> Finding {
    let text = sources.text(manifest);
    let quoted = format!("\"{path}\"");
    let at = text.find(&quoted).map_or((0, 0), |at| (at, at + quoted.len()));
    let span = Span { file: manifest, start: at.0 as u32, end: at.1 as u32 };
    Finding::new(
        &codes::MISSING_FILE,
        format!("the manifest names {what} that is not there: {}", quote(path)),
        span,
        "",
    )
    .help("run `tenantry synth` to write the output anew")
}

fn not_a_deployment_file(file: FileId) -> Diagnostic {
    Diagnostic::error(
        &codes::NOTHING_TO_CHECK,
        "a deployment file needs `template-file-path`, and `parameters` and `tags` of texts",
    )
    .at(Span { file, start: 0, end: 0 }, "this is none")
    .help("run `tenantry synth` to write the output anew")
}
