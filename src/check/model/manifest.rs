//! `manifest.json`: which stacks there are, and in which order they are deployed.

use std::borrow::Cow;

use serde::Deserialize;

use crate::diagnostics::{Diagnostic, Report, Reported, codes};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::read_json;

/// The file. Keys that this version does not know are left to others.
#[derive(Deserialize)]
pub(super) struct Manifest<'t> {
    pub version: u64,
    #[serde(borrow)]
    pub stacks: Vec<Listed<'t>>,
    #[serde(default, borrow)]
    pub files: Vec<Cow<'t, str>>,
}

/// One stack of the manifest.
#[derive(Deserialize)]
pub(super) struct Listed<'t> {
    #[serde(borrow)]
    pub name: Cow<'t, str>,
    #[serde(borrow)]
    pub account: Cow<'t, str>,
    #[serde(borrow)]
    pub region: Cow<'t, str>,
    #[serde(borrow)]
    pub template: Cow<'t, str>,
    #[serde(borrow)]
    pub deployment: Cow<'t, str>,
    #[serde(default, borrow)]
    pub tenant: Option<Cow<'t, str>>,
    #[serde(default, borrow)]
    pub cell: Option<Cow<'t, str>>,
    #[serde(default, borrow)]
    pub model: Option<Cow<'t, str>>,
    #[serde(default, borrow)]
    pub capabilities: Vec<Cow<'t, str>>,
    #[serde(default, borrow)]
    pub depends_on: Vec<Cow<'t, str>>,
    #[serde(default)]
    pub wave: u32,
    #[serde(default)]
    pub needs_s3: bool,
}

/// Understands the file; what is no JSON is shown with its place.
pub(super) fn read<'s>(
    file: FileId,
    sources: &'s SourceMap,
    report: &mut Report,
) -> Result<Manifest<'s>, Reported> {
    let damaged = |message: String, span: Span| {
        Diagnostic::error(&codes::OUTPUT_MANIFEST_DAMAGED, message)
            .at(span, "")
            .help("run `tenantry synth` to write the output anew, or restore the file from version control")
    };
    let start = Span { file, start: 0, end: 0 };
    match serde_json::from_str::<Manifest<'s>>(sources.text(file)) {
        Ok(manifest) if manifest.version == 1 => Ok(manifest),
        Ok(manifest) => {
            Err(report
                .error(damaged(format!("version {} of manifests is not known", manifest.version), start)))
        }
        Err(error) => {
            read_json(file, sources, report)?;
            Err(report.error(damaged(format!("this is no manifest: {error}"), start)))
        }
    }
}

/// The place of a stack's name. Stacks are found by text: a manifest of many stacks is large, and each
/// finding would read it anew.
pub(super) fn place_of_stack(file: FileId, name: &str, sources: &SourceMap) -> Option<Span> {
    let text = sources.text(file);
    let quoted = format!("\"{name}\"");
    let found = text.match_indices(&quoted).find(|(at, _)| {
        let before = text[..*at].trim_end();
        before.ends_with(':') && before[..before.len() - 1].trim_end().ends_with("\"name\"")
    });
    let (at, _) = found?;
    Some(Span { file, start: at as u32, end: (at + quoted.len()) as u32 })
}
