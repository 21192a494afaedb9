//! All blueprints of a run: those in the binary, and those of a directory that add or replace.

use std::collections::BTreeMap;
use std::path::Path;

use crate::blueprint::Blueprint;
use crate::blueprint::component::{
    COMPONENT_FILE, Component, Components, Wanted, check_names, check_wanted, component,
};
use crate::blueprint::load::{INTENT_FILE, load};
use crate::blueprint::parts::{Files, PART_FILE};
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, list_of, quote};
use crate::source::{SourceMap, Span, read_text};
use crate::yaml::{Node, Tags, Value, read_yaml};

/// The text of a file in the binary, and its name.
type Text = (&'static str, &'static str);

/// A folder in the binary: its name, and its files.
type Embedded = (&'static str, &'static [Text]);

macro_rules! embedded_files {
    ($folder:literal, $name:literal: $($file:literal),+ $(,)?) => {
        ($name, &[$(($file, include_str!(concat!("../../blueprints/", $folder, $name, "/", $file)))),+])
    };
}

/// The blueprints that ship with tenantry. A test holds this list against the directory.
const EMBEDDED: &[Embedded] = &[
    embedded_files!("", "account":
        "account.yaml",
        "account_commands.yaml",
        "baseline.yaml",
        "blueprint.yaml",
        "organization.yaml",
        "organization_commands.yaml",
        "trail.yaml",
    ),
    embedded_files!("", "application":
        "api.yaml",
        "api_key.yaml",
        "attachment.yaml",
        "blueprint.yaml",
        "data.yaml",
        "database.yaml",
        "endpoints.yaml",
        "foundation.yaml",
        "function.yaml",
        "logging.yaml",
        "network.yaml",
        "security.yaml",
        "setup_sql.yaml",
        "tenant_sql.yaml",
        "tenants.yaml",
    ),
    embedded_files!("", "container": "blueprint.yaml", "cluster.yaml", "security.yaml", "service.yaml"),
    embedded_files!("", "shared_services": "blueprint.yaml", "hub.yaml", "private_link.yaml", "transit_gateway.yaml"),
    embedded_files!("", "subnet": "blueprint.yaml", "network.yaml", "security.yaml"),
    embedded_files!("", "vpc": "blueprint.yaml"),
];

/// The parts that they are made of.
const EMBEDDED_PARTS: &[Embedded] = &[
    embedded_files!("parts/", "attachment": "attachment.yaml", "central.yaml", "part.yaml", "way_back.yaml"),
    embedded_files!("parts/", "cell_attachment": "attachment.yaml", "part.yaml"),
    embedded_files!("parts/", "cell_central": "central.yaml", "part.yaml", "way_back.yaml"),
    embedded_files!("parts/", "cell_entry": "host_name.yaml", "load_balancer.yaml", "part.yaml"),
    embedded_files!("parts/", "cell_network": "endpoints.yaml", "foundation.yaml", "network.yaml", "part.yaml", "security.yaml"),
    embedded_files!("parts/", "database": "database.yaml", "part.yaml"),
    embedded_files!("parts/", "entry": "access_logs.yaml", "part.yaml", "target_group.yaml"),
    embedded_files!("parts/", "foundation": "account_administration.yaml", "flow_log_role.yaml", "foundation.yaml", "key_administration.yaml", "part.yaml"),
    embedded_files!("parts/", "instances": "commands.yaml", "instances.yaml", "part.yaml"),
    embedded_files!("parts/", "network": "part.yaml", "ways_out.yaml"),
    embedded_files!("parts/", "own_entry": "access.yaml", "load_balancer.yaml", "part.yaml"),
    embedded_files!("parts/", "own_network": "endpoints.yaml", "growth.yaml", "ipv6.yaml", "network.yaml", "part.yaml", "security.yaml"),
    embedded_files!("parts/", "service": "namespace.yaml", "part.yaml", "running.yaml", "scaling.yaml", "service.yaml", "task_definition.yaml"),
    embedded_files!("parts/", "vpn": "part.yaml", "tunnel.yaml", "vpn.yaml"),
];

/// What catalogs switch on.
const EMBEDDED_COMPONENTS: &[Embedded] = &[
    embedded_files!("components/", "analytics": "component.yaml", "deliveries.yaml", "delivery.yaml", "pool.yaml", "store.yaml", "through_s3.yaml"),
    embedded_files!("components/", "backup":
        "account_commands.yaml",
        "cell.yaml",
        "component.yaml",
        "copies.yaml",
        "copy.yaml",
        "key_grants.yaml",
        "key_use.yaml",
        "lock.yaml",
        "no_deletion.yaml",
        "organization_commands.yaml",
        "tenant.yaml",
        "vault.yaml",
    ),
    embedded_files!("components/", "chargeback":
        "archive.yaml",
        "component.yaml",
        "costs.yaml",
        "counter.yaml",
        "export.yaml",
        "export_command.yaml",
        "lifecycle.py",
        "lifecycle.yaml",
        "pool.yaml",
        "queries.yaml",
        "sender.yaml",
        "stream.yaml",
        "trust_in_functions.yaml",
        "usage.py",
        "warehouse.yaml",
    ),
    embedded_files!("components/", "delivery":
        "account.yaml",
        "cell.yaml",
        "component.yaml",
        "deploy.py",
        "deployment_role.yaml",
        "execution_role.yaml",
        "execution_statements.yaml",
        "flags.yaml",
        "flags_commands.yaml",
        "images.yaml",
        "management.yaml",
        "parameters.yaml",
        "pipeline.yaml",
        "repository_policy.yaml",
    ),
    embedded_files!("components/", "identity":
        "application_pool.yaml", "cell_federation.yaml", "client_properties.yaml", "component.yaml",
        "credentials.yaml", "federation.yaml", "groups.yaml", "invite.yaml", "own_pool.yaml",
        "pool_properties.yaml", "provider.yaml", "shared_pool.yaml", "shared_pool_outputs.yaml",
        "shared_pool_resources.yaml", "sign_in_pages.yaml", "token.py", "token_function.yaml",
        "token_function_properties.yaml"),
    embedded_files!("components/", "monitoring":
        "account.yaml",
        "cell.yaml",
        "cell_dashboard.yaml",
        "component.yaml",
        "configuration.yaml",
        "link.yaml",
        "sink.yaml",
        "tenant.yaml",
        "tenant_dashboard.yaml",
    ),
    embedded_files!("components/", "security":
        "account.yaml", "account_commands.yaml", "api_firewall.yaml", "cell_firewall.yaml", "center.yaml",
        "component.yaml", "detector.yaml", "findings.yaml", "firewall.yaml", "firewall_logging.yaml",
        "firewall_properties.yaml", "host_rules.yaml", "hub.yaml", "organization.yaml",
        "organization_commands.yaml", "shared_account.yaml", "standards.yaml", "token_rules.yaml",
        "trail.yaml", "unused_access.yaml"),
    embedded_files!("components/", "tagging": "account.yaml", "component.yaml", "costs.yaml", "policies.yaml"),
];

/// The folder of components, beside the blueprints.
const COMPONENTS: &str = "components";

/// The folder of parts, beside the blueprints or in one, and the key that names those taken in.
const PARTS: &str = "parts";

/// Parts by name.
type Shelf = BTreeMap<String, Files>;

/// Blueprints by name.
#[derive(Debug)]
pub struct Library {
    blueprints: BTreeMap<String, Blueprint>,
    components: Components,
}

impl Library {
    /// Reads the embedded blueprints, and those of `directory`: one folder each, or a single
    /// blueprint if it holds a `blueprint.yaml` itself.
    ///
    /// # Errors
    /// Whatever is wrong in them, all at once.
    pub fn read(
        directory: Option<&Path>,
        sources: &mut SourceMap,
        report: &mut Report,
    ) -> Result<Library, Reported> {
        Library::read_for(&Wanted::default(), directory, sources, report)
    }

    /// The same, with the components that a catalog switches on taken in.
    ///
    /// # Errors
    /// As [`Library::read`], and components that there are none of.
    pub fn read_for(
        wanted: &Wanted<'_>,
        directory: Option<&Path>,
        sources: &mut SourceMap,
        report: &mut Report,
    ) -> Result<Library, Reported> {
        let mut add = |path: String, files: &[Text]| -> Files {
            let name = |file: &str| format!("blueprints/{path}/{file}");
            files.iter().map(|(file, text)| ((*file).to_owned(), sources.add(name(file), *text))).collect()
        };
        let embedded: Vec<Files> =
            EMBEDDED.iter().map(|(name, files)| add((*name).to_owned(), files)).collect();
        let mut shelf: Shelf = EMBEDDED_PARTS
            .iter()
            .map(|(name, files)| ((*name).to_owned(), add(format!("parts/{name}"), files)))
            .collect();
        let mut folders: Shelf = EMBEDDED_COMPONENTS
            .iter()
            .map(|(name, files)| ((*name).to_owned(), add(format!("{COMPONENTS}/{name}"), files)))
            .collect();
        // A directory's parts take the place of those in the binary for all blueprints, a blueprint's
        // own for itself alone.
        if let Some(directory) = directory.filter(|directory| !is_blueprint(directory)) {
            shelf.extend(folders_below(directory, PARTS, PART_FILE, sources, report)?);
            folders.extend(folders_below(directory, COMPONENTS, COMPONENT_FILE, sources, report)?);
        }
        let mut components = Components::new();
        for (name, files) in &folders {
            components.extend(Some(name.clone()).zip(component(name, files, &shelf, sources, report)));
        }
        check_wanted(wanted, &components, report);
        let mut blueprints = BTreeMap::new();
        for files in &embedded {
            if let Ok(blueprint) = load(files, &shelf, (&components, wanted), sources, report) {
                blueprints.insert(blueprint.name.clone(), blueprint);
            }
        }
        if let Some(directory) = directory {
            read_directory(directory, &shelf, (&components, wanted), &mut blueprints, sources, report)?;
        }
        check_names(&blueprints, &components, report);
        report.checkpoint()?;
        Ok(Library { blueprints, components })
    }

    /// The component of this name.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.get(name)
    }

    /// All components, switched on or not, by name.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.components.values()
    }

    /// The blueprint of this name, or an error at the place that asks for it.
    ///
    /// # Errors
    /// `unknown-blueprint`.
    pub fn find(&self, name: &str, place: Span, report: &mut Report) -> Result<&Blueprint, Reported> {
        self.blueprints.get(name).ok_or_else(|| report.error(self.unknown(name).at(place, "")))
    }

    /// The blueprint of this name.
    pub fn get(&self, name: &str) -> Option<&Blueprint> {
        self.blueprints.get(name)
    }

    /// All blueprints, by name.
    pub fn all(&self) -> impl Iterator<Item = &Blueprint> {
        self.blueprints.values()
    }

    /// The message that there is no blueprint of this name.
    pub fn unknown(&self, name: &str) -> Diagnostic {
        let names = || self.blueprints.keys().map(String::as_str);
        let help = match closest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the blueprints are {}; `--blueprints DIR` adds others", list_of(names())),
        };
        Diagnostic::error(&codes::UNKNOWN_BLUEPRINT, format!("there is no blueprint {}", quote(name)))
            .help(help)
    }
}

/// The files of an embedded component, for the same.
pub fn embedded_component(name: &str) -> Option<Vec<(String, &'static str)>> {
    let (_, files) = EMBEDDED_COMPONENTS.iter().find(|(other, _)| *other == name)?;
    Some(files.iter().map(|(file, text)| ((*file).to_owned(), *text)).collect())
}

/// The files of an embedded blueprint with the parts that it takes in, each with its path in the folder,
/// for `tenantry blueprint eject`.
pub fn embedded(name: &str) -> Option<Vec<(String, &'static str)>> {
    let (_, own) = EMBEDDED.iter().find(|(other, _)| *other == name)?;
    let mut files: Vec<(String, &str)> = own.iter().map(|(file, text)| ((*file).to_owned(), *text)).collect();
    let (_, intent) = own.iter().find(|(file, _)| *file == INTENT_FILE)?;
    let named = parts_named(intent);
    for (part, texts) in EMBEDDED_PARTS.iter().filter(|(part, _)| named.iter().any(|name| name == part)) {
        files.extend(texts.iter().map(|(file, text)| (format!("{PARTS}/{part}/{file}"), *text)));
    }
    Some(files)
}

/// The parts that a blueprint of the binary names.
fn parts_named(intent: &str) -> Vec<String> {
    let mut sources = SourceMap::default();
    let file = sources.add(INTENT_FILE, intent);
    let Ok(node) = read_yaml(file, Tags::Refuse, &sources, &mut Report::default()) else { return Vec::new() };
    match node.get(PARTS).map(|parts| &parts.value) {
        Some(Value::List(parts)) => parts.iter().filter_map(Node::as_text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn is_blueprint(folder: &Path) -> bool {
    folder.join(INTENT_FILE).is_file()
}

/// The folders below `parts` or `components` of a directory, if it has such a folder, that have a file of
/// this name.
fn folders_below(
    directory: &Path,
    kind: &str,
    file: &str,
    sources: &mut SourceMap,
    report: &mut Report,
) -> Result<Shelf, Reported> {
    let folder = directory.join(kind);
    let mut shelf = Shelf::new();
    if !folder.is_dir() {
        return Ok(shelf);
    }
    for one in entries(&folder, report)? {
        if one.join(file).is_file() {
            shelf.insert(file_name(&one), files_of(&one, sources, report)?);
        }
    }
    Ok(shelf)
}

fn read_directory(
    directory: &Path,
    shelf: &Shelf,
    components: (&Components, &Wanted<'_>),
    blueprints: &mut BTreeMap<String, Blueprint>,
    sources: &mut SourceMap,
    report: &mut Report,
) -> Result<(), Reported> {
    let folders = if is_blueprint(directory) {
        vec![directory.to_path_buf()]
    } else {
        let mut folders = entries(directory, report)?;
        folders.retain(|path| is_blueprint(path));
        folders
    };
    if folders.is_empty() && [PARTS, COMPONENTS].iter().any(|name| directory.join(name).is_dir()) {
        return Ok(());
    }
    if folders.is_empty() {
        return Err(report.error(
            Diagnostic::error(
                &codes::UNKNOWN_BLUEPRINT,
                format!("there is no blueprint in `{}`", directory.display()),
            )
            .help("give a directory with one folder for each blueprint, each with a `blueprint.yaml`"),
        ));
    }
    let mut own: BTreeMap<String, Span> = BTreeMap::new();
    for folder in folders {
        let files = files_of(&folder, sources, report)?;
        let mut shelf = shelf.clone();
        shelf.extend(folders_below(&folder, PARTS, PART_FILE, sources, report)?);
        if let Ok(blueprint) = load(&files, &shelf, components, sources, report) {
            match own.insert(blueprint.name.clone(), blueprint.span) {
                None => _ = blueprints.insert(blueprint.name.clone(), blueprint),
                Some(other) => report.push(
                    Diagnostic::error(
                        &codes::INVALID_BLUEPRINT,
                        format!(
                            "two blueprints of `{}` have the name `{}`",
                            directory.display(),
                            blueprint.name
                        ),
                    )
                    .at(blueprint.span.beginning(), "")
                    .also(other.beginning(), "the other one")
                    .help("give each a `name` of its own"),
                ),
            }
        }
    }
    Ok(())
}

/// What the names of files end with that a folder may have: its intent and its templates, and texts that
/// stand in them.
const ENDINGS: [&str; 7] = ["yaml", "yml", "py", "js", "sh", "sql", "txt"];

/// The files of a folder that a template may be, or may name.
fn files_of(folder: &Path, sources: &mut SourceMap, report: &mut Report) -> Result<Files, Reported> {
    let mut files = Files::new();
    for path in entries(folder, report)? {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ENDINGS.contains(&ending) && path.is_file() {
            files.insert(file_name(&path), read_text(&path, sources, report)?);
        }
    }
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn entries(directory: &Path, report: &mut Report) -> Result<Vec<std::path::PathBuf>, Reported> {
    let listed = std::fs::read_dir(directory).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    match listed {
        Ok(mut paths) => {
            paths.sort();
            Ok(paths)
        }
        Err(error) => Err(report.error(
            Diagnostic::error(
                &codes::UNREADABLE_FILE,
                format!("cannot read `{}`: {error}", directory.display()),
            )
            .help("check the path and its permissions"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_a_blueprint_or_a_part_is_in_the_binary() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("blueprints");
        let folders = |folder: &Path| {
            let paths = entries(folder, &mut Report::default()).unwrap();
            paths
                .iter()
                .map(|path| file_name(path))
                .filter(|name| ![PARTS, COMPONENTS].contains(&name.as_str()))
                .collect::<Vec<_>>()
        };
        let of = |list: &[Embedded]| list.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(of(EMBEDDED), folders(&root));
        assert_eq!(of(EMBEDDED_PARTS), folders(&root.join(PARTS)));
        let components = root.join(COMPONENTS);
        if components.is_dir() {
            assert_eq!(of(EMBEDDED_COMPONENTS), folders(&components));
        }
        let mut report = Report::default();
        let mut on_disk = |folder: &Path| {
            let mut sources = SourceMap::default();
            files_of(folder, &mut sources, &mut report).unwrap().into_keys().collect::<Vec<_>>()
        };
        let names = |files: &[Text]| files.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
        for (name, files) in EMBEDDED {
            assert_eq!(names(files), on_disk(&root.join(name)), "{name}");
        }
        for (name, files) in EMBEDDED_PARTS {
            assert_eq!(names(files), on_disk(&root.join(PARTS).join(name)), "{name}");
        }
        for (name, files) in EMBEDDED_COMPONENTS {
            assert_eq!(names(files), on_disk(&root.join(COMPONENTS).join(name)), "{name}");
        }
    }
}
