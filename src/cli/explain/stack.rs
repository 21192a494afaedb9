//! Whose a stack is, what it is made from, and what it waits for.

use serde_json::Value;

use crate::cli::explain::{Answer, Sight};

pub(super) fn explain(name: &str, sight: &Sight<'_>) -> Option<Answer> {
    let stack = sight.stacks.iter().find(|stack| stack["name"] == name)?;
    let mut answer = Answer::new("stack", name);
    let text = |key: &str| stack.get(key).and_then(Value::as_str);
    if let Some(id) = text("tenant") {
        let tenant = id.parse().ok().and_then(|id| sight.plan.catalog.tenant(&id));
        let place = tenant.map(|tenant| format!(" ({})", sight.place(tenant.id.span)));
        answer.fact("tenant", format!("{id}{}", place.unwrap_or_default()));
    }
    for key in ["account", "region", "cell", "model", "template", "deployment"] {
        if let Some(value) = text(key) {
            answer.fact(key, value);
        }
    }
    answer.fact("wave", stack["wave"].to_string());
    for other in stack["depends_on"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        answer.fact("depends on", other);
    }
    let waiting = sight.stacks.iter().filter(|other| {
        other["depends_on"].as_array().is_some_and(|names| names.iter().any(|waits| waits == name))
    });
    for other in waiting.filter_map(|other| other["name"].as_str()) {
        answer.fact("needed by", other);
    }
    Some(answer)
}
