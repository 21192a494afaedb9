//! From a compiled template and a scope to CloudFormation.
//!
//! Each text ends as a list of segments that remember where they came from: the author's words, a
//! catalog's data, a value that differs by tenant, or another stack's output. Only the author's
//! words may speak CloudFormation: data that holds `${` is escaped inside `Fn::Sub`, and values
//! become references to parameters (law 7).

use std::collections::BTreeSet;

use crate::blueprint::condition::ConditionError;
use crate::blueprint::scope::pascal;
use crate::blueprint::settings::{Setting, SettingsSchema};
use crate::blueprint::template::compile::{Guard, Loop, PieceKind};
use crate::blueprint::template::origin::{Origin, joined, spelled};
use crate::blueprint::template::{Entry, Expression, Generate, Item, Piece, Template, Text, TextPart};
use crate::blueprint::{Bound, Scope, Symbol};
use crate::cloudformation::Json;
use crate::diagnostics::{Diagnostic, Report, codes, quote};
use crate::source::Span;

/// Makes the resources of a `$generate` key.
pub type Generator<'g> = dyn Fn(&Generate, &Scope, &mut Evaluation<'_>) -> Vec<(String, Json)> + 'g;

/// What evaluating a template found out besides its text.
pub struct Evaluation<'e> {
    /// The values that it names: they become its parameters.
    pub symbols: BTreeSet<Symbol>,
    /// The outputs of other stacks that it imports, and where.
    pub imports: Vec<(String, String, Span)>,
    pub report: &'e mut Report,
    generator: &'e Generator<'e>,
    settings: &'e SettingsSchema,
    /// Whether the value in hand is part of an IAM policy.
    in_policy: bool,
    /// Whether it is part of a script.
    in_script: bool,
}

/// The evaluated parts of a template, before tags, parameters and exports are added.
#[derive(Debug, Default)]
pub struct Evaluated {
    pub description: Option<String>,
    pub resources: Vec<(String, Span, Json)>,
    pub outputs: Vec<(String, Span, Json)>,
}

/// Evaluates a template for one scope.
pub fn evaluate<'e>(
    template: &Template,
    scope: &Scope,
    generator: &'e Generator<'e>,
    settings: &'e SettingsSchema,
    report: &'e mut Report,
) -> (Evaluated, BTreeSet<Symbol>, Vec<(String, String, Span)>) {
    let mut evaluation = Evaluation {
        symbols: BTreeSet::new(),
        imports: Vec::new(),
        report,
        generator,
        settings,
        in_policy: false,
        in_script: false,
    };
    let description = template.description.as_ref().and_then(|piece| match evaluation.piece(piece, scope) {
        Some(Json::Text(text)) => Some(text),
        _ => {
            evaluation.report.push(
                Diagnostic::error(
                    &codes::VALUE_IN_SHAPE,
                    "a template's description is the same for all tenants of a shape",
                )
                .at(piece.span, "")
                .help("leave out what differs by tenant"),
            );
            None
        }
    });
    let mut evaluated = Evaluated { description, ..Evaluated::default() };
    evaluation.entries(&template.resources, scope, &mut evaluated.resources);
    evaluation.entries(&template.outputs, scope, &mut evaluated.outputs);
    (evaluated, evaluation.symbols, evaluation.imports)
}

/// What a value stands in that is no part of a stack template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surroundings {
    /// Data, where any text is only text.
    Data,
    /// A script, in which free text could say something.
    Script,
}

/// Evaluates a value that is no part of a stack template: what differs by tenant stands in it as
/// references to parameters, for the caller to put the values in.
pub fn evaluate_piece(
    piece: &Piece,
    scope: &Scope,
    surroundings: Surroundings,
    settings: &SettingsSchema,
    report: &mut Report,
) -> Option<(Json, BTreeSet<Symbol>)> {
    let before = report.errors();
    let nothing = |_: &Generate, _: &Scope, _: &mut Evaluation<'_>| Vec::new();
    let mut evaluation = Evaluation {
        symbols: BTreeSet::new(),
        imports: Vec::new(),
        report,
        generator: &nothing,
        settings,
        in_policy: false,
        in_script: surroundings == Surroundings::Script,
    };
    let value = evaluation.piece(piece, scope);
    if let Some((_, _, span)) = evaluation.imports.first() {
        let error = Diagnostic::error(
            &codes::INVALID_TEMPLATE,
            "outputs of stacks are not known where a file is written",
        );
        evaluation.report.push(error.at(*span, "").help("say in the file which stack's output it is"));
    }
    let symbols = evaluation.symbols;
    (report.errors() == before).then_some((value?, symbols))
}

const HELPERS: [&str; 2] = ["import", "pascal"];

enum Segment {
    Author(String),
    Data(String),
    /// With the name that the author gave it.
    Value(Symbol, String),
    Import(String, String),
}

impl Evaluation<'_> {
    /// Evaluates one value; `None` if a choice leaves it out or an error was reported.
    pub fn piece(&mut self, piece: &Piece, scope: &Scope) -> Option<Json> {
        match &piece.kind {
            PieceKind::Literal(json) => Some(json.clone()),
            PieceKind::Text(text) => self.text(text, piece.span, scope),
            PieceKind::Sub(text, variables) => {
                let mut named = Vec::new();
                for (name, piece) in variables {
                    named.push((name.clone(), self.piece(piece, scope)?));
                }
                let segments = self.segments(text, piece.span, scope)?;
                self.substitution(segments, named, true, piece.span)
            }
            PieceKind::GetAtt(text) => {
                let shape = self.shape_text(text, piece.span, scope)?;
                let Some((id, attribute)) = shape.split_once('.') else {
                    self.report.push(
                        Diagnostic::error(
                            &codes::INVALID_TEMPLATE,
                            "`GetAtt` takes a logical id, a dot and an attribute",
                        )
                        .at(piece.span, "")
                        .help("write `!GetAtt Resource.Attribute`"),
                    );
                    return None;
                };
                Some(Json::object([("Fn::GetAtt", [id, attribute].into_iter().collect::<Json>())]))
            }
            PieceKind::List(items) => {
                let mut list = Vec::new();
                self.items(items, scope, &mut list);
                Some(Json::List(list))
            }
            PieceKind::Map(entries) => {
                let mut map = Vec::new();
                self.entries(entries, scope, &mut map);
                Some(Json::Object(map.into_iter().map(|(key, _, value)| (key, value)).collect()))
            }
            PieceKind::Json(document) => {
                let value = self.piece(document, scope)?;
                match function_in(&value) {
                    // What the deployment puts into a text could end it.
                    Some(name) => {
                        self.differs(name, "a document that is written as a text", piece.span);
                        None
                    }
                    None => Some(Json::Text(value.to_compact())),
                }
            }
            PieceKind::Choice(choice) => match self.holds(&choice.guard, scope)? {
                true => self.piece(&choice.then, scope),
                false => choice.otherwise.as_ref().and_then(|otherwise| self.piece(otherwise, scope)),
            },
        }
    }

    fn items(&mut self, items: &[Item], scope: &Scope, list: &mut Vec<Json>) {
        for item in items {
            match item {
                Item::One(piece) => list.extend(self.piece(piece, scope)),
                Item::Each(head, body) => {
                    for bound in self.list(head, scope) {
                        self.items(body, &scope.with_item(&head.name, bound, &head.list), list);
                    }
                }
                Item::If(guard, then, otherwise) => match self.holds(guard, scope) {
                    Some(true) => self.items(then, scope, list),
                    Some(false) => self.items(otherwise, scope, list),
                    None => {}
                },
            }
        }
    }

    fn entries(&mut self, entries: &[Entry], scope: &Scope, map: &mut Vec<(String, Span, Json)>) {
        for entry in entries {
            match entry {
                Entry::Pair(key, span, value) => {
                    let Some(name) = self.shape_text(key, *span, scope) else { continue };
                    if is_function(&name) && !matches!(key.parts.as_slice(), [TextPart::Author(_)]) {
                        self.function_from_data(&name, *span);
                        continue;
                    }
                    let outside = self.in_policy;
                    self.in_policy = outside || is_policy(&name);
                    let value = self.piece(value, scope);
                    self.in_policy = outside;
                    if let Some(value) = value {
                        self.add(map, name, *span, value);
                    }
                }
                Entry::Each(head, body) => {
                    for bound in self.list(head, scope) {
                        self.entries(body, &scope.with_item(&head.name, bound, &head.list), map);
                    }
                }
                Entry::If(guard, body) => {
                    if self.holds(guard, scope) == Some(true) {
                        self.entries(body, scope, map);
                    }
                }
                Entry::Generate(generate) => {
                    let generator = self.generator;
                    for (name, value) in generator(generate, scope, self) {
                        self.add(map, name, generate.span, value);
                    }
                }
            }
        }
    }

    fn add(&mut self, map: &mut Vec<(String, Span, Json)>, name: String, span: Span, value: Json) {
        if let Some((_, first, _)) = map.iter().find(|(other, _, _)| *other == name) {
            let error =
                Diagnostic::error(&codes::DUPLICATE_KEY, format!("the key {} is there twice", quote(&name)))
                    .help("give each a name of its own, for example with the loop's number in it");
            self.report.push(match *first == span {
                true => error.at(span, "the loop around it comes here more than once"),
                false => error.at(span, "again here").also(*first, "first here"),
            });
            return;
        }
        map.push((name, span, value));
    }

    fn holds(&mut self, guard: &Guard, scope: &Scope) -> Option<bool> {
        match guard.condition.holds(scope) {
            Ok(holds) => Some(holds != guard.negated),
            Err(ConditionError::UnknownName(unknown)) => {
                self.report.push(unknown.told(guard.span, ""));
                None
            }
            Err(ConditionError::DiffersByTenant(path)) => {
                self.differs(&path, "a condition", guard.span);
                None
            }
        }
    }

    fn list(&mut self, head: &Loop, scope: &Scope) -> Vec<Bound> {
        match scope.find(&head.list) {
            Ok(Bound::List(items)) => items.clone(),
            Ok(_) => {
                self.report.push(
                    Diagnostic::error(
                        &codes::INVALID_TEMPLATE,
                        format!("`{}` is not a list", head.list.join(".")),
                    )
                    .at(head.span, "")
                    .help("loop over a list, for example `$each zone in zones:`"),
                );
                Vec::new()
            }
            Err(unknown) => {
                self.report.push(unknown.told(head.span, ""));
                Vec::new()
            }
        }
    }

    fn text(&mut self, text: &Text, span: Span, scope: &Scope) -> Option<Json> {
        if let Some(Expression::Path(path)) = text.single() {
            let bound = self.find(path, span, scope)?;
            return self.whole(&bound, path, span);
        }
        let segments = self.segments(text, span, scope)?;
        if let [Segment::Import(stack, output)] = segments.as_slice() {
            return Some(self.import(stack, output));
        }
        self.substitution(segments, Vec::new(), false, span)
    }

    /// A value that stands alone keeps its type.
    fn whole(&mut self, bound: &Bound, path: &[String], span: Span) -> Option<Json> {
        match bound {
            Bound::Boolean(value) => Some(Json::Boolean(*value)),
            Bound::Number(number) => Some(Json::Number(number.clone())),
            Bound::Text(text) => Some(Json::text(text)),
            Bound::List(items) => items
                .iter()
                .map(|item| self.whole(item, path, span))
                .collect::<Option<Vec<_>>>()
                .map(Json::List),
            Bound::Value(symbol) => {
                self.symbols.insert(symbol.clone());
                Some(Json::reference(symbol.parameter()))
            }
            Bound::Document(document) => match function_in(document) {
                Some(name) => {
                    self.function_from_data(name, span);
                    None
                }
                None => Some(document.clone()),
            },
            Bound::Nothing | Bound::Record(_) => {
                self.report.push(
                    Diagnostic::error(
                        &codes::INVALID_EXPRESSION,
                        format!("`{}` has no value of its own", path.join(".")),
                    )
                    .at(span, "")
                    .help("name one of its fields, or guard it with `$if`"),
                );
                None
            }
        }
    }

    fn segments(&mut self, text: &Text, span: Span, scope: &Scope) -> Option<Vec<Segment>> {
        let segments: Vec<Option<Segment>> = text
            .parts
            .iter()
            .map(|part| match part {
                TextPart::Author(text) => Some(Segment::Author(text.clone())),
                TextPart::Expression(expression) => self.segment(expression, span, scope),
            })
            .collect();
        // Only now, so that every mistake in the text is told.
        segments.into_iter().collect()
    }

    fn segment(&mut self, expression: &Expression, span: Span, scope: &Scope) -> Option<Segment> {
        match expression {
            Expression::Literal(value) => Some(Segment::Data(printed(value))),
            Expression::Path(path) => match self.find(path, span, scope)? {
                Bound::Value(symbol) => Some(Segment::Value(symbol, path.join("."))),
                bound => self.print(&bound, path, span).map(Segment::Data),
            },
            Expression::Call(helper, _) if !HELPERS.contains(&helper.as_str()) => {
                self.no_helper(format!("there is no helper {}", quote(helper)), span);
                None
            }
            Expression::Call(helper, arguments) => {
                let mut words = Vec::new();
                for argument in arguments {
                    match self.segment(argument, span, scope)? {
                        Segment::Data(text) | Segment::Author(text) => words.push(text),
                        Segment::Value(_, name) => {
                            self.differs(&name, &format!("the helper `{helper}`"), span);
                            return None;
                        }
                        Segment::Import(..) => {
                            self.differs("an import", &format!("the helper `{helper}`"), span);
                            return None;
                        }
                    }
                }
                self.call(helper, words, span)
            }
        }
    }

    fn call(&mut self, helper: &str, words: Vec<String>, span: Span) -> Option<Segment> {
        match (helper, words.as_slice()) {
            ("pascal", [word]) => Some(Segment::Data(pascal(word))),
            ("import", [stack, output, more @ ..]) => {
                let output = format!("{output}{}", more.concat());
                self.imports.push((stack.clone(), output.clone(), span));
                Some(Segment::Import(stack.clone(), output))
            }
            _ => {
                self.no_helper(format!("{} is not called like this", quote(helper)), span);
                None
            }
        }
    }

    fn no_helper(&mut self, message: String, span: Span) {
        self.report.push(
            Diagnostic::error(&codes::INVALID_EXPRESSION, message)
                .at(span, "")
                .help("the helpers are `pascal WORD` and `import STACK OUTPUT MORE...`"),
        );
    }

    /// Text that must be the same for all tenants of a shape: keys, logical ids.
    fn shape_text(&mut self, text: &Text, span: Span, scope: &Scope) -> Option<String> {
        let mut result = String::new();
        for segment in self.segments(text, span, scope)? {
            match segment {
                Segment::Author(text) | Segment::Data(text) => result.push_str(&text),
                Segment::Value(_, name) => {
                    self.differs(&name, "a key or a logical id", span);
                    return None;
                }
                Segment::Import(..) => {
                    self.differs("an import", "a key or a logical id", span);
                    return None;
                }
            }
        }
        Some(result)
    }

    fn substitution(
        &mut self,
        segments: Vec<Segment>,
        mut variables: Vec<(String, Json)>,
        author_speaks_sub: bool,
        span: Span,
    ) -> Option<Json> {
        let needs_sub = author_speaks_sub
            || segments.iter().any(|segment| matches!(segment, Segment::Value(..) | Segment::Import(..)));
        let mut parts = Vec::new();
        for segment in segments {
            parts.push(match segment {
                Segment::Author(part) if author_speaks_sub => (part, Origin::Speaks),
                Segment::Author(part) => (part, Origin::Author),
                Segment::Data(part) => (part, Origin::Data),
                Segment::Value(symbol, _) => {
                    let reference = format!("${{{}}}", symbol.parameter());
                    self.symbols.insert(symbol);
                    (reference, Origin::Speaks)
                }
                Segment::Import(stack, output) => {
                    let name = format!("{}{output}", pascal(&stack));
                    let import = self.import(&stack, &output);
                    if !variables.iter().any(|(other, _)| *other == name) {
                        variables.push((name.clone(), import));
                    }
                    (format!("${{{name}}}"), Origin::Speaks)
                }
            });
        }
        let Some(text) = joined(&parts, needs_sub) else {
            self.report.push(
                Diagnostic::error(
                    &codes::UNSAFE_DATA,
                    "data of the catalog would become a dynamic reference of CloudFormation here",
                )
                .at(span, "")
                .help("take `{{resolve:` out of the settings that this text uses"),
            );
            return None;
        };
        let text = if needs_sub { spelled(parts, &mut variables) } else { text };
        Some(match (needs_sub, variables.is_empty()) {
            (false, _) => Json::Text(text),
            (true, true) => Json::object([("Fn::Sub", Json::Text(text))]),
            (true, false) => {
                Json::object([("Fn::Sub", Json::List(vec![Json::Text(text), Json::Object(variables)]))])
            }
        })
    }

    /// Another stack's output, by the name under which that stack exports it.
    fn import(&mut self, stack: &str, output: &str) -> Json {
        let symbol = Symbol::StackName(stack.to_owned());
        let name = format!("${{{}}}-{output}", symbol.parameter());
        self.symbols.insert(symbol);
        Json::object([("Fn::ImportValue", Json::object([("Fn::Sub", Json::Text(name))]))])
    }

    fn find(&mut self, path: &[String], span: Span, scope: &Scope) -> Option<Bound> {
        match scope.find(path) {
            Ok(bound) => {
                let bound = bound.clone();
                self.is_safe_here(&bound, path, span, scope).then_some(bound)
            }
            Err(unknown) => {
                self.report.push(unknown.told(span, ""));
                None
            }
        }
    }

    /// In a policy, `*`, `?` and `${}` have a meaning. A name whose text may hold them has no place
    /// there, unless the blueprint's schema says by a pattern or a list what the text may be.
    fn is_safe_here(&mut self, bound: &Bound, path: &[String], span: Span, scope: &Scope) -> bool {
        let setting = match bound {
            Bound::Value(Symbol::Setting(name)) => Some(name.as_str()),
            _ => scope.setting_of(path),
        };
        let safe = match (setting, bound) {
            (Some(name), _) => self.settings.properties.get(name).is_some_and(Setting::is_constrained),
            (None, Bound::Value(symbol)) => !matches!(symbol, Symbol::TenantName | Symbol::Tag(_)),
            (None, _) => true,
        };
        let is_read = self.in_policy || self.in_script;
        if is_read && !safe {
            let reader = if self.in_script { "script" } else { "policy" };
            self.report.push(
                Diagnostic::error(
                    &codes::FREE_TEXT_IN_POLICY,
                    format!("`{}` is free text and cannot be part of a {reader}", path.join(".")),
                )
                .at(span, "")
                .help(
                    "use `tenant.id`, or give the setting a `pattern` or an `enum` in the blueprint's schema",
                ),
            );
        }
        safe || !is_read
    }

    fn print(&mut self, bound: &Bound, path: &[String], span: Span) -> Option<String> {
        match bound {
            Bound::Boolean(value) => Some(value.to_string()),
            Bound::Number(number) => Some(number.to_string()),
            Bound::Text(text) => Some(text.clone()),
            _ => {
                self.report.push(
                    Diagnostic::error(
                        &codes::INVALID_EXPRESSION,
                        format!("`{}` cannot stand inside text", path.join(".")),
                    )
                    .at(span, "")
                    .help("only text, numbers, true and false can; let it stand alone, or loop over it"),
                );
                None
            }
        }
    }

    fn function_from_data(&mut self, name: &str, span: Span) {
        let message = format!("data would become the function {} of CloudFormation here", quote(name));
        self.report.push(
            Diagnostic::error(&codes::UNSAFE_DATA, message)
                .at(span, "")
                .help("give another value to the settings that this key uses"),
        );
    }

    fn differs(&mut self, what: &str, place: &str, span: Span) {
        self.report.push(
            Diagnostic::error(
                &codes::VALUE_IN_SHAPE,
                format!("{} differs by tenant and cannot be part of {place}", quote(what)),
            )
            .at(span, "")
            .help("tenants of one shape share the template: use a setting or a number here"),
        );
    }
}

/// A key of a document of data that CloudFormation would take for a function.
fn function_in(document: &Json) -> Option<&str> {
    match document {
        Json::List(items) => items.iter().find_map(function_in),
        Json::Object(entries) => entries
            .iter()
            .find_map(|(key, value)| if is_function(key) { Some(key.as_str()) } else { function_in(value) }),
        _ => None,
    }
}

/// Whether CloudFormation would call this key instead of keeping it.
fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

/// Whether a property of this name may hold an IAM policy: there are many, from `KeyPolicy` to
/// `RepositoryPolicyText`, and free text has no business in the others either.
fn is_policy(name: &str) -> bool {
    name.contains("Policy")
}

fn printed(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
