//! `tenantry blueprint`: lists, shows and writes out blueprints.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::blueprint::library::{embedded, embedded_component};
use crate::blueprint::{Blueprint, Component, Library, Owner, Per, Place};
use crate::cli::{Format, Outcome, Session, print};
use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::network::Traffic;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Directory of blueprints that add to those in the binary or replace them
    #[arg(long, value_name = "DIR", global = true)]
    blueprints: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the blueprints and the components
    List,
    /// Show what a blueprint or a component builds, and its settings
    Show {
        /// The blueprint, or the component
        name: String,
    },
    /// Write out a blueprint or a component of the binary, to be changed
    Eject {
        /// The blueprint, or the component
        name: String,
        /// Directory to write to [default: blueprints/NAME, of a component blueprints/components/NAME]
        directory: Option<PathBuf>,
    },
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Result<Outcome, Reported> {
    let library = Library::read(arguments.blueprints.as_deref(), &mut session.sources, &mut session.report)?;
    let report = &mut session.report;
    match (&arguments.action, session.format) {
        (Action::List, Format::Human) => {
            let rows =
                library.all().map(|one| vec![one.name.clone(), one.model.to_string(), one.summary.clone()]);
            let blueprints = print::table(&["NAME", "MODEL", "SUMMARY"], rows);
            let rows = library.components().map(|one| vec![one.own.name.clone(), one.own.summary.clone()]);
            let components = match library.components().next() {
                Some(_) => format!("\n{}", print::table(&["COMPONENT", "SUMMARY"], rows)),
                None => String::new(),
            };
            print::result(&format!("{blueprints}{components}"), report)?;
        }
        (Action::List, Format::Json) => {
            let list: Vec<_> = library
                .all()
                .map(|one| json!({"name": one.name, "model": one.model.as_str(), "summary": one.summary}))
                .collect();
            let components: Vec<_> = library
                .components()
                .map(|one| json!({"name": one.own.name, "summary": one.own.summary}))
                .collect();
            print::json_result(&json!({ "blueprints": list, "components": components }), report)?;
        }
        (Action::Show { name }, format) if library.component(name).is_some() => {
            if let Some(component) = library.component(name) {
                match format {
                    Format::Human => print::result(&component_shown(component), report)?,
                    Format::Json => print::json_result(&component_document(component), report)?,
                }
            }
        }
        (Action::Show { name }, format) => {
            let Some(blueprint) = library.get(name) else { return Err(report.error(library.unknown(name))) };
            match format {
                Format::Human => print::result(&shown(blueprint), report)?,
                Format::Json => print::json_result(&document(blueprint), report)?,
            }
        }
        (Action::Eject { name, directory }, format) => {
            let component = embedded_component(name);
            // How far above the folder the directory is that `--blueprints` takes.
            let (parent, above) =
                if component.is_some() { ("blueprints/components", 2) } else { ("blueprints", 1) };
            let directory = directory.clone().unwrap_or_else(|| Path::new(parent).join(name));
            let Some(files) = component.or_else(|| embedded(name)) else {
                return Err(report.error(library.unknown(name)));
            };
            eject(&files, &directory, report)?;
            let text = format!(
                "wrote {} files to {}; use them with `--blueprints {}`\n",
                files.len(),
                directory.display(),
                directory
                    .ancestors()
                    .nth(above)
                    .filter(|parent| !parent.as_os_str().is_empty())
                    .unwrap_or(Path::new("."))
                    .display()
            );
            match format {
                Format::Human => print::result(&text, report)?,
                Format::Json => {
                    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
                    print::json_result(
                        &json!({"directory": directory.display().to_string(), "files": names}),
                        report,
                    )?;
                }
            }
        }
    }
    Ok(Outcome::Fine)
}

/// Writes into a directory that does not exist yet or is empty, so that no change is overwritten.
fn eject(files: &[(String, &str)], directory: &Path, report: &mut Report) -> Result<(), Reported> {
    let failed = |report: &mut Report, path: &Path, reason: String| {
        report.error(
            Diagnostic::error(
                &codes::OUTPUT_NOT_WRITABLE,
                format!("cannot write `{}`: {reason}", path.display()),
            )
            .help("name an empty directory that you may write to"),
        )
    };
    if let Err(error) = std::fs::create_dir_all(directory) {
        return Err(failed(report, directory, print::reason(&error)));
    }
    let is_empty = std::fs::read_dir(directory).map(|mut entries| entries.next().is_none());
    match is_empty {
        Ok(true) => {}
        Ok(false) => return Err(failed(report, directory, "the directory is not empty".to_owned())),
        Err(error) => return Err(failed(report, directory, error.to_string())),
    }
    for (name, text) in files {
        let path = directory.join(name);
        let folder = path.parent().unwrap_or(directory);
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
        if let Err(error) = written {
            return Err(failed(report, &path, error.to_string()));
        }
    }
    Ok(())
}

fn shown(blueprint: &Blueprint) -> String {
    let mut text =
        format!("{} (model {})\n{}\n\nsettings:\n", blueprint.name, blueprint.model, blueprint.summary);
    text.push_str(&settings(blueprint));
    text.push_str(&addresses(blueprint));
    text.push_str("\nflows (everything else is denied):\n");
    for flow in &blueprint.flows {
        text.push_str(&format!(
            "  {} -> {}: {}\n",
            flow.from,
            flow.to,
            flow.traffic.iter().map(Traffic::to_string).collect::<Vec<_>>().join(", ")
        ));
    }
    text.push_str("\nstacks, in order:\n");
    for stack in &blueprint.stacks {
        let after = if stack.after.is_empty() {
            String::new()
        } else {
            format!(", after {}", stack.after.join(", "))
        };
        let optional = if stack.when.is_some() { " (optional)" } else { "" };
        let whose =
            if stack.per == Per::Tenant { String::new() } else { format!(", per {}", stack.per.word()) };
        let place = match stack.place {
            Place::Management if stack.per != Per::Organization => ", in the management account",
            Place::SharedServices => ", in the account of the central services",
            Place::Home | Place::Management => "",
        };
        text.push_str(&format!("  {}{optional}{whose}{place}{after}\n", stack.name));
    }
    text
}

fn settings(blueprint: &Blueprint) -> String {
    let mut text = String::new();
    for (name, setting) in &blueprint.settings.properties {
        let default = setting.default.as_ref().map_or("none".to_owned(), ToString::to_string);
        let allowed = allowed(&setting.schema).map_or(String::new(), |allowed| format!(", {allowed}"));
        let lifted = if setting.lifted { ", a parameter of the stacks" } else { "" };
        let whose = match setting {
            one if one.of_cell => ", of the cell",
            one if one.of_catalog => ", one for all",
            _ => "",
        };
        text.push_str(&format!(
            "  {name} [default: {default}{allowed}{lifted}{whose}]\n      {}\n",
            setting.description
        ));
    }
    text
}

fn component_shown(component: &Component) -> String {
    let own = &component.own;
    let mut text = format!("{} (component)\n{}\n\nsettings:\n{}", own.name, own.summary, settings(own));
    text.push_str("\nstacks:\n");
    for stack in &own.stacks {
        let optional = if stack.when.is_some() { " (optional)" } else { "" };
        text.push_str(&format!("  {}{optional}, per {}\n", stack.name, stack.per.word()));
    }
    for stack in &component.taken_in {
        let models: Vec<&str> = stack.models.iter().map(|model| model.as_str()).collect();
        text.push_str(&format!("  {}, per {}: {}\n", stack.name, stack.per.word(), models.join(", ")));
    }
    text
}

fn component_document(component: &Component) -> serde_json::Value {
    let own = &component.own;
    let settings: serde_json::Map<_, _> = own
        .settings
        .properties
        .iter()
        .map(|(name, setting)| (name.clone(), setting.schema.clone()))
        .collect();
    let stacks = own.stacks.iter().map(|stack| json!({"name": stack.name, "per": stack.per.word()}));
    let taken_in = component.taken_in.iter().map(|stack| {
        let models: Vec<&str> = stack.models.iter().map(|model| model.as_str()).collect();
        json!({"name": stack.name, "per": stack.per.word(), "models": models})
    });
    json!({
        "name": own.name,
        "summary": own.summary,
        "settings": settings,
        "stacks": stacks.chain(taken_in).collect::<Vec<_>>(),
    })
}

/// Who has a network, how large it is, and how it is cut.
fn addresses(blueprint: &Blueprint) -> String {
    let network = &blueprint.network;
    if network.owner == Owner::None {
        return "\nnetwork: none\n".to_owned();
    }
    let mut text = String::new();
    if let Some(cell) = &blueprint.cell {
        text.push_str(&format!("\na cell: at most {} tenants", cell.tenants.value));
        let size = network.cell_size.as_ref().map(|size| format!(", a network of /{}", size.value));
        text.push_str(&format!("{}\n", size.unwrap_or_default()));
    }
    let sizes = network.sizes.iter().map(|(name, length)| format!("{name} /{}", length.value));
    if !network.sizes.is_empty() {
        text.push_str(&format!("\nsizes: {}\n", sizes.collect::<Vec<_>>().join(", ")));
    }
    text.push_str("\nsubnet groups:\n");
    for group in &network.subnet_groups {
        let own = if network.owner == Owner::Cell && group.per == Per::Tenant {
            ", a part for each tenant"
        } else {
            ""
        };
        text.push_str(&format!(
            "  {}: 1/{} of the network, default route {}{own}\n",
            group.name,
            1u32 << group.extra_bits,
            group.route.word()
        ));
    }
    text
}

/// What a setting may be, as far as a few words can say it.
fn allowed(schema: &serde_json::Value) -> Option<String> {
    let number = |key: &str| schema.get(key).filter(|limit| limit.is_number());
    match (schema.get("enum"), number("minimum"), number("maximum")) {
        (Some(values), ..) => Some(format!("one of {values}")),
        (None, Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (None, Some(least), None) => Some(format!("at least {least}")),
        (None, None, Some(most)) => Some(format!("at most {most}")),
        (None, None, None) => schema.get("pattern").map(|pattern| format!("matching {pattern}")),
    }
}

fn document(blueprint: &Blueprint) -> serde_json::Value {
    let settings: serde_json::Map<_, _> = blueprint
        .settings
        .properties
        .iter()
        .map(|(name, setting)| (name.clone(), setting.schema.clone()))
        .collect();
    let sizes: serde_json::Map<_, _> =
        blueprint.network.sizes.iter().map(|(name, length)| (name.clone(), length.value.into())).collect();
    json!({
        "name": blueprint.name,
        "model": blueprint.model.as_str(),
        "summary": blueprint.summary,
        "settings": settings,
        "owner": blueprint.network.owner.word(),
        "tenants_of_a_cell": blueprint.cell.as_ref().map(|cell| cell.tenants.value),
        "cell_size": blueprint.network.cell_size.as_ref().map(|size| size.value),
        "sizes": sizes,
        "subnet_groups": blueprint.network.subnet_groups.iter().map(|group| json!({"name": group.name, "route": group.route.word(), "per": group.per.word()})).collect::<Vec<_>>(),
        "flows": blueprint.flows.iter().map(|flow| json!({"from": flow.from.to_string(), "to": flow.to.to_string(), "traffic": flow.traffic.iter().map(Traffic::to_string).collect::<Vec<_>>()})).collect::<Vec<_>>(),
        "stacks": blueprint.stacks.iter().map(|stack| json!({"name": stack.name, "per": stack.per.word(), "in": stack.place.word(), "after": stack.after, "optional": stack.when.is_some()})).collect::<Vec<_>>(),
    })
}
