//! From a template's YAML tree to pieces that evaluate quickly and know their place.

use crate::blueprint::condition::{Condition, parse_path};
use crate::blueprint::include::TEXT;
use crate::blueprint::template::Text;
use crate::cloudformation::Json;
use crate::diagnostics::{Diagnostic, Report, closest, codes, list_of, quote};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

/// A stack template, compiled once and evaluated once a shape.
#[derive(Clone, Debug)]
pub struct Template {
    pub description: Option<Piece>,
    pub resources: Vec<Entry>,
    pub outputs: Vec<Entry>,
    pub span: Span,
}

/// A value of a template and its place.
#[derive(Clone, Debug)]
pub struct Piece {
    pub span: Span,
    pub kind: PieceKind,
}

/// What kind of value it is.
#[derive(Clone, Debug)]
pub enum PieceKind {
    Literal(Json),
    Text(Text),
    /// `Fn::Sub`: its text, and the variables of its long form.
    Sub(Text, Vec<(String, Piece)>),
    /// `Fn::GetAtt` in its short form, `LogicalId.Attribute`.
    GetAtt(Text),
    List(Vec<Item>),
    Map(Vec<Entry>),
    Choice(Box<Choice>),
    /// `$json`: a document that a property takes as a text.
    Json(Box<Piece>),
}

/// A value that is one of two, or left out.
#[derive(Clone, Debug)]
pub struct Choice {
    pub guard: Guard,
    pub then: Piece,
    pub otherwise: Option<Piece>,
}

/// The condition of `$if` or, negated, of `$unless`.
#[derive(Clone, Debug)]
pub struct Guard {
    pub condition: Condition,
    pub negated: bool,
    pub span: Span,
}

/// The head of `$each NAME in LIST`.
#[derive(Clone, Debug)]
pub struct Loop {
    pub name: String,
    pub list: Vec<String>,
    pub span: Span,
}

/// `$generate KIND: {argument: value}`.
#[derive(Clone, Debug)]
pub struct Generate {
    pub kind: String,
    pub arguments: Vec<(String, Piece)>,
    pub span: Span,
}

/// An item of a list, or structure that splices items in.
#[derive(Clone, Debug)]
pub enum Item {
    One(Piece),
    Each(Loop, Vec<Item>),
    /// What is spliced in if the condition holds, and what otherwise.
    If(Guard, Vec<Item>, Vec<Item>),
}

/// An entry of a mapping, or structure that splices entries in.
#[derive(Clone, Debug)]
pub enum Entry {
    Pair(Text, Span, Piece),
    Each(Loop, Vec<Entry>),
    If(Guard, Vec<Entry>),
    Generate(Generate),
}

const SECTIONS: [&str; 3] = ["Description", "Resources", "Outputs"];

/// CloudFormation's functions that a template may use by a short tag.
/// `GetAZs` is not among them: its order may change, and subnets are pinned to zone ids.
const FUNCTIONS: [&str; 8] = ["Base64", "Cidr", "GetAtt", "Join", "Ref", "Select", "Split", "Sub"];

/// Compiles a template; reports everything that is not of the language.
pub fn compile(node: &Node, report: &mut Report) -> Option<Template> {
    let sections = node.map("a stack template", report)?;
    let mut template =
        Template { description: None, resources: Vec::new(), outputs: Vec::new(), span: node.span };
    for (key, value) in sections {
        match &*key.text {
            "Description" => template.description = Some(piece(value, report)),
            "Resources" => template.resources = section(value, "Resources", report),
            "Outputs" => template.outputs = section(value, "Outputs", report),
            "AWSTemplateFormatVersion" => {}
            other => {
                let help = match closest(other, SECTIONS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "the sections of a template are {}; parameters are made by tenantry, and conditions are `$if` keys",
                        list_of(SECTIONS)
                    ),
                };
                report.push(
                    Diagnostic::error(
                        &codes::INVALID_TEMPLATE,
                        format!("a stack template has no section {}", quote(other)),
                    )
                    .at(key.span, "")
                    .help(help),
                );
            }
        }
    }
    Some(template)
}

/// Compiles a value that is no part of a stack template.
pub fn compile_piece(node: &Node, report: &mut Report) -> Piece {
    piece(node, report)
}

fn section(node: &Node, name: &str, report: &mut Report) -> Vec<Entry> {
    node.map(&format!("the section `{name}`"), report).map(|map| entries(map, report)).unwrap_or_default()
}

/// Compiles one value.
pub(super) fn piece(node: &Node, report: &mut Report) -> Piece {
    let kind = match (&node.tag, &node.value) {
        (Some(tag), Value::Text(source)) if **tag == *TEXT => PieceKind::Literal(Json::text(&**source)),
        (Some(tag), _) => return function(tag, node, report),
        (None, Value::Null) => PieceKind::Literal(Json::Null),
        (None, Value::Boolean(value)) => PieceKind::Literal(Json::Boolean(*value)),
        (None, Value::Integer(number)) => PieceKind::Literal(Json::Number((*number).into())),
        (None, Value::Number(_)) => PieceKind::Literal(node.to_json().into()),
        (None, Value::Text(source)) => PieceKind::Text(text(source, node.span, report)),
        (None, Value::List(list)) => PieceKind::List(items(list, report)),
        (None, Value::Map(map)) => return map_piece(node, map, report),
    };
    Piece { span: node.span, kind }
}

fn map_piece(node: &Node, map: &[(Key, Node)], report: &mut Report) -> Piece {
    let span = node.span;
    let is_choice = |key: &Key| key.text.starts_with("$if ") || key.text.starts_with("$unless ");
    match map {
        [(key, value)] if &*key.text == "Fn::Sub" => sub(value, span, report),
        [(key, value)] if &*key.text == "$json" => {
            Piece { span, kind: PieceKind::Json(Box::new(piece(value, report))) }
        }
        [(key, then)] if is_choice(key) => choice(key, then, None, span, report),
        [(key, then), (word, otherwise)] if is_choice(key) && &*word.text == "$else" => {
            choice(key, then, Some(otherwise), span, report)
        }
        _ => Piece { span, kind: PieceKind::Map(entries(map, report)) },
    }
}

fn choice(key: &Key, then: &Node, otherwise: Option<&Node>, span: Span, report: &mut Report) -> Piece {
    let then = piece(then, report);
    let otherwise = otherwise.map(|node| piece(node, report));
    match guard(key, report) {
        Some(guard) => Piece { span, kind: PieceKind::Choice(Box::new(Choice { guard, then, otherwise })) },
        None => then,
    }
}

fn function(tag: &str, node: &Node, report: &mut Report) -> Piece {
    let span = node.span;
    let plain = Node { tag: None, ..node.clone() };
    match (tag, node.as_text()) {
        ("Sub", _) => return sub(&plain, span, report),
        ("GetAtt", Some(source)) => {
            return Piece { span, kind: PieceKind::GetAtt(text(source, span, report)) };
        }
        _ => {}
    }
    check_function(tag, span, report);
    let name = if tag == "Ref" { "Ref".to_owned() } else { format!("Fn::{tag}") };
    let key = Text::parse(&name).unwrap_or(Text { parts: Vec::new() });
    let entry = Entry::Pair(key, span, piece(&plain, report));
    Piece { span, kind: PieceKind::Map(vec![entry]) }
}

/// Refuses functions that are no part of what tenantry writes, in their short and long forms.
fn check_function(name: &str, span: Span, report: &mut Report) {
    if FUNCTIONS.contains(&name) {
        return;
    }
    let help = match name {
        "ImportValue" => {
            "write `{{import \"stack\" \"OutputName\"}}`, so that tenantry knows what refers to what"
                .to_owned()
        }
        "If" | "Equals" | "Condition" | "And" | "Or" | "Not" => {
            "choose with `$if` keys: what tenantry writes has no conditions".to_owned()
        }
        "GetAZs" => "loop over `zones`: the order of `GetAZs` is not fixed".to_owned(),
        _ => format!("the functions are {}", list_of(FUNCTIONS)),
    };
    report.push(
        Diagnostic::error(
            &codes::INVALID_TEMPLATE,
            format!("the function {} is not part of the template language", quote(name)),
        )
        .at(span, "")
        .help(help),
    );
}

fn sub(node: &Node, span: Span, report: &mut Report) -> Piece {
    let (source, variables) = match &node.value {
        Value::Text(source) => (source, &[][..]),
        Value::List(list) => match list.as_slice() {
            [Node { value: Value::Text(source), .. }, Node { value: Value::Map(map), .. }] => {
                (source, &map[..])
            }
            _ => return refuse_sub(span, report),
        },
        _ => return refuse_sub(span, report),
    };
    let variables = variables.iter().map(|(key, node)| (key.text.to_string(), piece(node, report))).collect();
    Piece { span, kind: PieceKind::Sub(text(source, span, report), variables) }
}

fn refuse_sub(span: Span, report: &mut Report) -> Piece {
    report.push(
        Diagnostic::error(
            &codes::INVALID_TEMPLATE,
            "`Fn::Sub` takes a text, or a list of a text and a mapping",
        )
        .at(span, "")
        .help("write `!Sub \"...\"`"),
    );
    Piece { span, kind: PieceKind::Literal(Json::Null) }
}

fn text(source: &str, span: Span, report: &mut Report) -> Text {
    Text::parse(source).unwrap_or_else(|problem| {
        report.push(
            Diagnostic::error(
                &codes::INVALID_EXPRESSION,
                format!("{} is not an expression: {problem}", quote(source)),
            )
            .at(span, "")
            .help("an expression is `{{name}}` or `{{helper argument}}`"),
        );
        Text { parts: Vec::new() }
    })
}

fn items(list: &[Node], report: &mut Report) -> Vec<Item> {
    let mut result = Vec::with_capacity(list.len());
    for node in list {
        let structure = match &node.value {
            Value::Map(map) if node.tag.is_none() => map.as_slice(),
            _ => &[],
        };
        match structure {
            [(key, body)] if key.text.starts_with("$each ") => {
                let body = spliced(body, report);
                result.extend(each(key, report).map(|head| Item::Each(head, body)));
            }
            [(key, then)] if key.text.starts_with('$') => {
                let then = spliced(then, report);
                result.extend(guard(key, report).map(|guard| Item::If(guard, then, Vec::new())));
            }
            [(key, then), (word, otherwise)] if key.text.starts_with('$') && &*word.text == "$else" => {
                let (then, otherwise) = (spliced(then, report), spliced(otherwise, report));
                result.extend(guard(key, report).map(|guard| Item::If(guard, then, otherwise)));
            }
            _ => result.push(Item::One(piece(node, report))),
        }
    }
    result
}

/// The body of a `$` key in a list: one item, or a list of items.
fn spliced(body: &Node, report: &mut Report) -> Vec<Item> {
    match &body.value {
        Value::List(list) if body.tag.is_none() => items(list, report),
        _ => vec![Item::One(piece(body, report))],
    }
}

fn entries(map: &[(Key, Node)], report: &mut Report) -> Vec<Entry> {
    let mut result = Vec::with_capacity(map.len());
    for (key, node) in map {
        if !key.text.starts_with('$') {
            if let Some(function) = key.text.strip_prefix("Fn::") {
                check_function(function, key.span, report);
            }
            result.push(Entry::Pair(text(&key.text, key.span, report), key.span, piece(node, report)));
        } else if let Some(kind) = key.text.strip_prefix("$generate ") {
            let arguments = node.map("what `$generate` is given", report).unwrap_or_default();
            let arguments =
                arguments.iter().map(|(name, node)| (name.text.to_string(), piece(node, report))).collect();
            result.push(Entry::Generate(Generate {
                kind: kind.trim().to_owned(),
                arguments,
                span: key.span,
            }));
        } else {
            let what = "the body of a `$` key in a mapping";
            let body = node.map(what, report).map(|map| entries(map, report)).unwrap_or_default();
            if key.text.starts_with("$each ") {
                result.extend(each(key, report).map(|head| Entry::Each(head, body)));
            } else {
                result.extend(guard(key, report).map(|guard| Entry::If(guard, body)));
            }
        }
    }
    result
}

fn each(key: &Key, report: &mut Report) -> Option<Loop> {
    let head = key.text.strip_prefix("$each ").and_then(|rest| rest.split_once(" in "));
    let parsed = head.and_then(|(name, list)| {
        let name = parse_path(name).filter(|path| path.len() == 1)?.remove(0);
        Some(Loop { name, list: parse_path(list)?, span: key.span })
    });
    if parsed.is_none() {
        report.push(
            Diagnostic::error(&codes::INVALID_TEMPLATE, format!("{} is not a loop", quote(&key.text)))
                .at(key.span, "")
                .help("write `$each name in list:`, for example `$each zone in zones:`"),
        );
    }
    parsed
}

fn guard(key: &Key, report: &mut Report) -> Option<Guard> {
    let (negated, source) = match (key.text.strip_prefix("$if "), key.text.strip_prefix("$unless ")) {
        (Some(source), _) => (false, source),
        (_, Some(source)) => (true, source),
        _ => {
            report.push(
                Diagnostic::error(&codes::INVALID_TEMPLATE, format!("{} is not a key of the template language", quote(&key.text)))
                    .at(key.span, "")
                    .help("the keys that begin with `$` are `$each`, `$if`, `$unless`, `$else` (beside one `$if`) and `$generate`"),
            );
            return None;
        }
    };
    let condition = Condition::parse(source);
    if condition.is_none() {
        report.push(invalid_condition(source, key.span));
    }
    condition.map(|condition| Guard { condition, negated, span: key.span })
}

/// The message about a condition that is not of the four forms; `when` of a blueprint uses it too.
pub(crate) fn invalid_condition(source: &str, span: Span) -> Diagnostic {
    Diagnostic::error(&codes::INVALID_TEMPLATE, format!("{} is not a condition", quote(source)))
        .at(span, "")
        .help("write `path`, `path is word`, `path is not word` or `path in [word, word]`, joined by `and` and `or`")
}

impl Template {
    /// Every path that the template names, its loops and conditions included: what its shape
    /// depends on.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        if let Some(description) = &self.description {
            description.collect_paths(&mut paths);
        }
        collect_entries(&self.resources, &mut paths);
        collect_entries(&self.outputs, &mut paths);
        paths
    }

    /// Whether all its resources come from one kind of `$generate`.
    pub fn makes_only(&self, kind: &str) -> bool {
        fn only(entries: &[Entry], kind: &str) -> bool {
            entries.iter().all(|entry| match entry {
                Entry::Generate(generate) => generate.kind == kind,
                Entry::Each(_, body) | Entry::If(_, body) => only(body, kind),
                Entry::Pair(..) => false,
            })
        }
        only(&self.resources, kind)
    }

    /// The kinds of everything that the template asks to be generated.
    pub fn generated(&self) -> Vec<&str> {
        fn collect<'e>(entries: &'e [Entry], kinds: &mut Vec<&'e str>) {
            for entry in entries {
                match entry {
                    Entry::Generate(generate) => kinds.push(&generate.kind),
                    Entry::Each(_, body) | Entry::If(_, body) => collect(body, kinds),
                    Entry::Pair(..) => {}
                }
            }
        }
        let mut kinds = Vec::new();
        collect(&self.resources, &mut kinds);
        kinds
    }
}

fn collect_entries(entries: &[Entry], paths: &mut Vec<Vec<String>>) {
    for entry in entries {
        match entry {
            Entry::Pair(key, _, value) => {
                paths.extend(key.paths().into_iter().map(<[String]>::to_vec));
                value.collect_paths(paths);
            }
            Entry::Each(head, body) => {
                paths.push(head.list.clone());
                collect_entries(body, paths);
            }
            Entry::If(guard, body) => {
                paths.extend(guard.condition.paths().cloned());
                collect_entries(body, paths);
            }
            Entry::Generate(generate) => {
                generate.arguments.iter().for_each(|(_, piece)| piece.collect_paths(paths));
            }
        }
    }
}

impl Piece {
    fn collect_paths(&self, paths: &mut Vec<Vec<String>>) {
        match &self.kind {
            PieceKind::Literal(_) => {}
            PieceKind::Text(text) | PieceKind::GetAtt(text) => {
                paths.extend(text.paths().into_iter().map(<[String]>::to_vec));
            }
            PieceKind::Sub(text, variables) => {
                paths.extend(text.paths().into_iter().map(<[String]>::to_vec));
                variables.iter().for_each(|(_, piece)| piece.collect_paths(paths));
            }
            PieceKind::List(items) => collect_items(items, paths),
            PieceKind::Map(entries) => collect_entries(entries, paths),
            PieceKind::Json(document) => document.collect_paths(paths),
            PieceKind::Choice(choice) => {
                paths.extend(choice.guard.condition.paths().cloned());
                choice.then.collect_paths(paths);
                choice.otherwise.iter().for_each(|piece| piece.collect_paths(paths));
            }
        }
    }
}

fn collect_items(items: &[Item], paths: &mut Vec<Vec<String>>) {
    for item in items {
        match item {
            Item::One(piece) => piece.collect_paths(paths),
            Item::Each(head, body) => {
                paths.push(head.list.clone());
                collect_items(body, paths);
            }
            Item::If(guard, then, otherwise) => {
                paths.extend(guard.condition.paths().cloned());
                collect_items(then, paths);
                collect_items(otherwise, paths);
            }
        }
    }
}
