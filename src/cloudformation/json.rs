//! JSON whose objects keep their order, and its canonical text.

/// A JSON value; objects keep the order in which they were built, so that what is printed reads in
/// a meaningful order and never depends on how a map happens to sort.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Boolean(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object of these entries, in this order.
    pub fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Json)>) -> Json {
        Json::Object(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Json {
        Json::Text(text.into())
    }

    /// `{"Ref": name}`.
    pub fn reference(name: impl Into<String>) -> Json {
        Json::object([("Ref", Json::text(name))])
    }

    /// The value of a key, where this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The entries, where this is an object.
    pub fn entries(&self) -> &[(String, Json)] {
        match self {
            Json::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The items, where this is a list.
    pub fn items(&self) -> &[Json] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }

    /// The text, where this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The canonical text: two-space indent, a line for each entry, a final newline.
    pub fn to_pretty(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text.push('\n');
        text
    }

    /// The shortest text: no white space between the parts.
    pub fn to_compact(&self) -> String {
        let joined = |parts: Vec<String>| parts.join(",");
        match self {
            Json::List(items) => format!("[{}]", joined(items.iter().map(Json::to_compact).collect())),
            Json::Object(entries) => {
                let entry = |(key, value): &(String, Json)| {
                    format!("{}:{}", Json::text(key).to_compact(), value.to_compact())
                };
                format!("{{{}}}", joined(entries.iter().map(entry).collect()))
            }
            single => {
                let mut text = String::new();
                single.write(&mut text, 0);
                text
            }
        }
    }

    fn write(&self, text: &mut String, depth: usize) {
        match self {
            Json::Null => text.push_str("null"),
            Json::Boolean(value) => text.push_str(if *value { "true" } else { "false" }),
            Json::Number(number) => text.push_str(&number.to_string()),
            Json::Text(value) => write_text(text, value),
            Json::List(items) => {
                write_items(text, depth, ['[', ']'], items, |text, item| item.write(text, depth + 1));
            }
            Json::Object(entries) => write_items(text, depth, ['{', '}'], entries, |text, (key, value)| {
                write_text(text, key);
                text.push_str(": ");
                value.write(text, depth + 1);
            }),
        }
    }
}

fn write_items<T>(
    text: &mut String,
    depth: usize,
    brackets: [char; 2],
    items: &[T],
    mut write: impl FnMut(&mut String, &T),
) {
    text.push(brackets[0]);
    for (position, item) in items.iter().enumerate() {
        text.push_str(if position == 0 { "\n" } else { ",\n" });
        indent(text, depth + 1);
        write(text, item);
    }
    if !items.is_empty() {
        text.push('\n');
        indent(text, depth);
    }
    text.push(brackets[1]);
}

fn indent(text: &mut String, depth: usize) {
    for _ in 0..depth {
        text.push_str("  ");
    }
}

fn write_text(text: &mut String, value: &str) {
    let is_plain = value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if is_plain {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&serde_json::Value::from(value).to_string());
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Json {
        match value {
            serde_json::Value::Null => Json::Null,
            serde_json::Value::Bool(value) => Json::Boolean(value),
            serde_json::Value::Number(number) => Json::Number(number),
            serde_json::Value::String(text) => Json::Text(text),
            serde_json::Value::Array(items) => Json::List(items.into_iter().map(Json::from).collect()),
            serde_json::Value::Object(entries) => {
                Json::object(entries.into_iter().map(|(key, value)| (key, Json::from(value))))
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Boolean(value)
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Json {
        Json::Number(value.into())
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Number(value.into())
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Json {
        Json::List(items.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_canonical_and_keeps_the_order() {
        let value = Json::object([
            ("b", Json::List(vec![1u64.into(), true.into(), Json::Null])),
            ("a", Json::Object(Vec::new())),
            ("quote\"", "zwölf\n\u{1}".into()),
        ]);
        let text = value.to_pretty();
        assert_eq!(
            text,
            "{\n  \"b\": [\n    1,\n    true,\n    null\n  ],\n  \"a\": {},\n  \"quote\\\"\": \"zwölf\\n\\u0001\"\n}\n"
        );
        let compact = value.to_compact();
        assert_eq!(compact, "{\"b\":[1,true,null],\"a\":{},\"quote\\\"\":\"zwölf\\n\\u0001\"}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&text), read(&compact));
    }
}
