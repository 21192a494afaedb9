//! Findings as workflow commands of GitHub Actions, which it shows beside the lines of a pull request.

use crate::diagnostics::{Severity, Told};
use crate::source::SourceMap;

/// One line a finding: `::error file=…,line=…,col=…,title=…::message`.
pub fn render(told: &[Told<'_>], sources: &SourceMap) -> String {
    let mut text = String::new();
    for one in told {
        let diagnostic = one.diagnostic;
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut properties = Vec::new();
        if let Some(label) = &diagnostic.primary {
            let place = sources.location(label.span);
            properties.push(format!("file={}", property(&place.file)));
            properties.push(format!("line={}", place.line));
            properties.push(format!("col={}", place.column));
        }
        properties.push(format!("title={}", property(diagnostic.code.name)));
        let mut message = diagnostic.message.clone();
        message.extend(diagnostic.help.iter().map(|help| format!("\nhelp: {help}")));
        text.push_str(&format!("::{command} {}::{}\n", properties.join(","), data(&message)));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
