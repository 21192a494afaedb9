//! Findings as JUnit's XML, which most CI systems show as tests: one that fails for each finding.

use crate::diagnostics::Told;
use crate::source::SourceMap;

/// The document. `title` names the run; where nothing was found, it is a test that passes.
pub fn render(title: &str, told: &[Told<'_>], sources: &SourceMap) -> String {
    let mut cases = String::new();
    for one in told {
        let diagnostic = one.diagnostic;
        let place = diagnostic.primary.as_ref().map(|label| sources.location(label.span));
        let place =
            place.map_or_else(|| "nowhere in particular".to_owned(), |at| format!("{}:{}", at.file, at.line));
        let mut text = format!("{place}\n");
        text.extend(diagnostic.notes.iter().map(|note| format!("note: {note}\n")));
        text.extend(diagnostic.help.iter().map(|help| format!("help: {help}\n")));
        cases.push_str(&format!(
            "    <testcase classname=\"{}\" name=\"{}\">\n      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>\n",
            escape(diagnostic.code.name),
            escape(&place),
            escape(&diagnostic.message),
            escape(diagnostic.code.name),
            escape(&text),
        ));
    }
    if told.is_empty() {
        cases = format!("    <testcase classname=\"{0}\" name=\"{0}\"/>\n", escape(title));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n{cases}  </testsuite>\n</testsuites>\n",
        escape(title),
        told.len().max(1),
        told.len(),
    )
}

/// Text as XML 1.0 can hold it: characters that it cannot hold become a question mark.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\n' => safe.push_str("&#10;"),
            '\t' => safe.push(' '),
            character if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {
                safe.push('?')
            }
            character => safe.push(character),
        }
    }
    safe
}
