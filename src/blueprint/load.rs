//! `blueprint.yaml` and its templates, decoded into a [`Blueprint`].

use std::collections::BTreeMap;

use crate::blueprint::component::{Components, Wanted, with_components};
use crate::blueprint::condition::Condition;
use crate::blueprint::include::Templates;
use crate::blueprint::intent::{Blueprint, CellIntent, Per};
use crate::blueprint::load_files::files as output_files;
use crate::blueprint::load_flows::flows;
use crate::blueprint::load_network::{network, workloads};
use crate::blueprint::load_stacks::{Joined, StackReader};
use crate::blueprint::parts::{Files, with_parts};
use crate::blueprint::settings::{SettingsSchema, place_of};
use crate::blueprint::template::invalid_condition;
use crate::diagnostics::{Diagnostic, Report, Reported, closest, codes, list_of, quote};
use crate::identity::Model;
use crate::source::{SourceMap, Span};
use crate::yaml::{Fields, Located, Node, Tags, Value, read_yaml};

/// The file that states a blueprint's intent.
pub(super) const INTENT_FILE: &str = "blueprint.yaml";

/// Reads a blueprint from its files and the parts that it takes from the shelf; all are in `sources` already.
///
/// # Errors
/// `invalid-blueprint`, `invalid-template` and the codes of the YAML reader.
pub(super) fn load(
    files: &Files,
    shelf: &BTreeMap<String, Files>,
    (components, wanted): (&Components, &Wanted<'_>),
    sources: &SourceMap,
    report: &mut Report,
) -> Result<Blueprint, Reported> {
    let before = report.errors();
    let Some(intent) = files.get(INTENT_FILE) else {
        return Err(report.error(
            Diagnostic::error(
                &codes::INVALID_BLUEPRINT,
                format!("a blueprint needs the file `{INTENT_FILE}`"),
            )
            .help("see `tenantry blueprint eject vpc` for an example"),
        ));
    };
    let node = read_yaml(*intent, Tags::Refuse, sources, report)?;
    let (mut node, mut folders) = with_parts(node, files, shelf, sources, report);
    refuse_scope_of_catalog(&node, report);
    let joined = with_components(&mut node, &mut folders, components, wanted, report);
    match blueprint(&node, Templates { folders: &folders, sources }, &joined, report) {
        Some(blueprint) if report.errors() == before => Ok(blueprint),
        _ => match report.checkpoint() {
            Err(reported) => Err(reported),
            Ok(()) => Err(report.error(Diagnostic::error(
                &codes::INTERNAL_ERROR,
                "a blueprint was dropped without a reason",
            ))),
        },
    }
}

/// One value for all tenants is what a component may ask for; a blueprint writes it into its templates.
fn refuse_scope_of_catalog(blueprint: &Node, report: &mut Report) {
    let properties = blueprint.get("settings").and_then(|settings| settings.get("properties"));
    let Some(Value::Map(properties)) = properties.map(|node| &node.value) else { return };
    for (key, property) in properties {
        if let Some(scope) = property.get("scope").filter(|scope| scope.as_text() == Some("catalog")) {
            let message =
                format!("the scope of the setting {} is neither `tenant` nor `cell`", quote(&key.text));
            let help = "write `cell`, or leave `scope` out for a setting of the tenant";
            invalid(scope.span, &message, help, report);
        }
    }
}

fn blueprint(
    node: &Node,
    templates: Templates<'_>,
    joined: &Joined,
    report: &mut Report,
) -> Option<Blueprint> {
    let mut fields = Fields::open(node, "a blueprint", report)?;
    let name = fields.required("name", report).and_then(|node| name(node, "a blueprint's name", report));
    let model = fields.required("model", report).and_then(|node| model(node, report));
    let summary =
        fields.required("summary", report).and_then(|node| node.text("a blueprint's summary", report));
    let cell = fields.optional("cell").and_then(|node| cell(node, model, report));
    let settings = fields.optional("settings").map(|node| settings(node, report));
    let network = fields
        .required("network", report)
        .and_then(|node| network(node, settings.as_ref().and_then(Option::as_ref), model, report));
    let workloads = fields.optional("workloads").map(|node| workloads(node, network.as_ref(), report));
    let workloads = workloads.unwrap_or_default();
    let flows = fields.optional("flows").map(|node| flows(node, &workloads, report)).unwrap_or_default();
    let reader = StackReader { templates, model, joined, name: name.as_deref().unwrap_or_default() };
    let stacks =
        fields.required("stacks", report).map(|node| reader.stacks(node, report)).unwrap_or_default();
    let files = fields.optional("files").map(|node| output_files(node, templates, report));
    for file in files.iter().flatten().filter(|file| matches!(file.per, Per::Account | Per::Region)) {
        let message = format!("such a file is not `per: {}`", file.per.word());
        let help = "records are `per: tenant`, other files `per: tenant`, `cell` or `organization`";
        invalid(file.span, &message, help, report);
    }
    let span = fields.span();
    fields.finish(report);
    let settings = match settings {
        Some(settings) => settings?,
        None => {
            SettingsSchema::new(serde_json::json!({"type": "object", "additionalProperties": false})).ok()?
        }
    };
    Some(Blueprint {
        name: name?,
        model: model?,
        summary: summary?.to_owned(),
        cell,
        settings,
        network: network?,
        workloads,
        flows,
        stacks,
        files: files.unwrap_or_default(),
        components: joined.components.clone(),
        is_component: false,
        span,
    })
}

/// How full a cell becomes; only where tenants share one.
fn cell(node: &Node, model: Option<Model>, report: &mut Report) -> Option<CellIntent> {
    let mut fields = Fields::open(node, "the cell of a blueprint", report)?;
    if let Some(model) = model.filter(|model| model.is_silo()) {
        let message = format!("the tenants of a blueprint of the model `{model}` share no cell");
        invalid(
            fields.span().beginning(),
            &message,
            "leave `cell` out: each tenant has a home of its own",
            report,
        );
    }
    // The slots of tenants in a cell are numbered as listener rules are, 1 to 50000.
    let tenants = fields.required("tenants", report).and_then(|node| {
        let most = node.integer("the most tenants of a cell", 1..=50_000, report)?;
        Some(Located::new(u32::try_from(most).ok()?, node.span))
    });
    fields.finish(report);
    Some(CellIntent { tenants: tenants? })
}

pub(super) fn settings(node: &Node, report: &mut Report) -> Option<SettingsSchema> {
    match SettingsSchema::new(node.to_json()) {
        Ok(schema) => {
            check_defaults(&schema, node, report);
            Some(schema)
        }
        Err(problem) => {
            invalid(place_of(node, &problem.path), &problem.phrase, problem.help, report);
            None
        }
    }
}

/// A default that its own schema refuses would be told to every tenant as a mistake of theirs.
fn check_defaults(schema: &SettingsSchema, node: &Node, report: &mut Report) {
    for (name, rule) in schema.wrong_defaults() {
        let path = ["properties", name.as_str(), "default"].map(str::to_owned);
        invalid(
            place_of(node, &path),
            &format!("the default of the setting `{name}` {rule}"),
            "give it a default that fits",
            report,
        );
    }
}

pub(super) fn condition(node: &Node, report: &mut Report) -> Option<Condition> {
    let text = node.text("a condition", report)?;
    let parsed = Condition::parse(text);
    if parsed.is_none() {
        report.push(invalid_condition(text, node.span));
    }
    parsed
}

fn name(node: &Node, what: &str, report: &mut Report) -> Option<String> {
    let text = node.text(what, report)?;
    check_word(text, node.span, what, report);
    Some(text.to_owned())
}

fn model(node: &Node, report: &mut Report) -> Option<Model> {
    let text = node.text("a blueprint's model", report)?;
    let model = text.parse().ok();
    if model.is_none() {
        let help = format!("the models are {}", list_of(Model::ALL.map(Model::as_str)));
        invalid(node.span, &format!("there is no model {}", quote(text)), &help, report);
    }
    model
}

/// Names of stacks, workloads and subnet groups become parts of stack names and logical ids: a
/// hyphen in them could make two stack names equal.
pub(super) fn check_word(text: &str, span: Span, what: &str, report: &mut Report) {
    let valid = (1..=31).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !valid {
        invalid(
            span,
            &format!("{} is not {what}", quote(text)),
            "use 1 to 31 lower-case letters, digits and underscores, beginning with a letter",
            report,
        );
    }
}

/// One of a few words. `what`: `where a stack is`.
pub(super) fn word<T: Copy>(
    node: &Node,
    what: &str,
    words: &'static [(&'static str, T)],
    report: &mut Report,
) -> Option<T> {
    let text = node.text(what, report)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let known = || words.iter().map(|(word, _)| *word);
        let help = match closest(text, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", list_of(known())),
        };
        invalid(node.span, &format!("{} is not {what}", quote(text)), &help, report);
    }
    found.map(|(_, value)| *value)
}

pub(super) fn invalid(span: Span, message: &str, help: &str, report: &mut Report) {
    report.push(Diagnostic::error(&codes::INVALID_BLUEPRINT, message).at(span, "").help(help));
}
