//! Text with expressions: parsed by Handlebars, kept as a list of parts.

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{Path, PathSeg, Template as HandlebarsTemplate};

/// A text of a template: the author's words, and expressions between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub parts: Vec<TextPart>,
}

/// One part of a [`Text`].
#[derive(Clone, Debug, PartialEq)]
pub enum TextPart {
    Author(String),
    Expression(Expression),
}

/// What stands between double braces.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A name such as `settings.nat`.
    Path(Vec<String>),
    /// A quoted text or a number, as an argument.
    Literal(serde_json::Value),
    /// A helper and its arguments.
    Call(String, Vec<Expression>),
}

impl Text {
    /// Parses a text; the error is a phrase that says what is wrong.
    ///
    /// # Errors
    /// If Handlebars refuses the text, or it holds more than names and helper calls.
    pub fn parse(source: &str) -> Result<Text, String> {
        if !source.contains("{{") {
            return Ok(Text { parts: vec![TextPart::Author(source.to_owned())] });
        }
        let template = HandlebarsTemplate::compile(source)
            .map_err(|_| "its braces do not close, or what they hold is not a name".to_owned())?;
        let mut parts = Vec::new();
        for element in &template.elements {
            parts.push(match element {
                TemplateElement::RawString(text) => TextPart::Author(text.clone()),
                TemplateElement::Expression(call) => TextPart::Expression(expression(call)?),
                TemplateElement::HtmlExpression(_) => {
                    return Err("triple braces have no meaning here, write two".to_owned());
                }
                TemplateElement::Comment(_) => continue,
                _ => {
                    return Err(
                        "blocks and partials are not part of the language, use `$if` and `$each` keys"
                            .to_owned(),
                    );
                }
            });
        }
        Ok(Text { parts })
    }

    /// The expression, where the text is a single one and nothing else.
    pub fn single(&self) -> Option<&Expression> {
        match self.parts.as_slice() {
            [TextPart::Expression(expression)] => Some(expression),
            _ => None,
        }
    }

    /// Every path that the text names.
    pub fn paths(&self) -> Vec<&[String]> {
        let mut paths = Vec::new();
        for part in &self.parts {
            if let TextPart::Expression(expression) = part {
                expression.collect_paths(&mut paths);
            }
        }
        paths
    }
}

impl Expression {
    fn collect_paths<'e>(&'e self, paths: &mut Vec<&'e [String]>) {
        match self {
            Expression::Path(path) => paths.push(path),
            Expression::Literal(_) => {}
            Expression::Call(_, arguments) => arguments.iter().for_each(|one| one.collect_paths(paths)),
        }
    }
}

fn expression(call: &HelperTemplate) -> Result<Expression, String> {
    if !call.hash.is_empty() {
        return Err("named arguments are not part of the language".to_owned());
    }
    if call.params.is_empty() {
        return argument(&call.name);
    }
    let name = match &call.name {
        Parameter::Name(name) => name.clone(),
        Parameter::Path(path) => path_of(path)?.join("."),
        _ => return Err("a helper is called by its name".to_owned()),
    };
    Ok(Expression::Call(name, call.params.iter().map(argument).collect::<Result<_, _>>()?))
}

fn argument(parameter: &Parameter) -> Result<Expression, String> {
    match parameter {
        Parameter::Name(name) => Ok(Expression::Path(name.split('.').map(str::to_owned).collect())),
        Parameter::Path(path) => Ok(Expression::Path(path_of(path)?)),
        Parameter::Literal(value) => Ok(Expression::Literal(value.clone())),
        Parameter::Subexpression(inner) => match inner.as_element() {
            TemplateElement::Expression(call) => expression(call),
            _ => Err("this is neither a name nor a helper call".to_owned()),
        },
        _ => Err("this is neither a name nor a helper call".to_owned()),
    }
}

fn path_of(path: &Path) -> Result<Vec<String>, String> {
    let refused = || Err("only plain names joined by dots are part of the language".to_owned());
    let Path::Relative((segments, _)) = path else { return refused() };
    let names: Vec<String> = segments
        .iter()
        .filter_map(|segment| match segment {
            PathSeg::Named(name) => Some(name.clone()),
            _ => None,
        })
        .collect();
    if names.len() != segments.len() || names.is_empty() { refused() } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Expression {
        Expression::Path(text.split('.').map(str::to_owned).collect())
    }

    #[test]
    fn names_and_helper_calls_are_understood() {
        let text = Text::parse("a-{{tenant.id}}-{{import \"network\" (pascal group.name) 2}}").unwrap();
        assert_eq!(
            text.parts,
            vec![
                TextPart::Author("a-".into()),
                TextPart::Expression(path("tenant.id")),
                TextPart::Author("-".into()),
                TextPart::Expression(Expression::Call(
                    "import".into(),
                    vec![
                        Expression::Literal("network".into()),
                        Expression::Call("pascal".into(), vec![path("group.name")]),
                        Expression::Literal(2.into()),
                    ]
                )),
            ]
        );
        assert_eq!(Text::parse("{{zone.number}}").unwrap().single(), Some(&path("zone.number")));
        assert_eq!(
            Text::parse("${AWS::Region}").unwrap().parts,
            vec![TextPart::Author("${AWS::Region}".into())]
        );
    }

    #[test]
    fn everything_else_of_handlebars_is_refused() {
        for text in [
            "{{#if a}}b{{/if}}",
            "{{{a}}}",
            "{{> part}}",
            "{{../a}}",
            "{{@index}}",
            "{{a",
            "{{this}}",
            "{{a b=c}}",
            "{{}}",
        ] {
            assert!(Text::parse(text).is_err(), "{text}");
        }
    }
}
