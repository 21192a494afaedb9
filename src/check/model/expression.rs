//! Expressions of a template: JSON or YAML whose intrinsic functions were understood once for all stacks.
//!
//! Long forms (`{"Ref": ...}`) and short tags (`!Ref`) come out alike. What is wrong with a function is
//! noted as a finding of the template, and what stood there counts as unknown.

use crate::source::Span;

/// A piece of a template and the place that it was read from.
#[derive(Clone, Debug)]
pub struct Expression {
    pub span: Span,
    pub form: Form,
}

/// One entry of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Box<str>,
    pub key_span: Span,
    pub value: Expression,
}

/// What an expression is. Parameters, resources, conditions and imports are numbers into the lists of
/// their template.
#[derive(Clone, Debug)]
pub enum Form {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(Box<str>),
    List(Vec<Expression>),
    Map(Vec<Entry>),
    Parameter(u32),
    Pseudo(Pseudo),
    /// `Ref` of a resource.
    Resource(u32),
    /// `Fn::GetAtt`; the attribute may itself be computed.
    Attribute(u32, Box<Expression>),
    /// `Fn::Sub`: pieces of text in a row.
    Joined(Vec<Expression>),
    /// `Fn::Join`: separator and items.
    Join(Box<str>, Box<Expression>),
    /// `Fn::Select`: index and list.
    Select(Box<[Expression; 2]>),
    /// `Fn::Split`: separator and text.
    Split(Box<str>, Box<Expression>),
    /// `Fn::Cidr`: block, count and, where given, bits of each subnet's host part.
    Cidr(Vec<Expression>),
    /// `Fn::ImportValue`: a number into the imports of the template.
    Import(u32),
    /// `Fn::GetStackOutput`.
    StackOutput(Box<Expression>),
    /// `Fn::FindInMap`: mapping, first and second key, and a default where there is one.
    Find(Vec<Expression>),
    Base64(Box<Expression>),
    ZonesOf(Box<Expression>),
    /// `Fn::If`: a condition and the two values.
    If(u32, Box<[Expression; 2]>),
    ToJsonString(Box<Expression>),
    Length(Box<Expression>),
    /// Functions of conditions.
    Equals(Box<[Expression; 2]>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Condition(u32),
    /// What cannot be known: why.
    Unknown(&'static str),
}

/// Parameters that CloudFormation itself gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pseudo {
    AccountId,
    NotificationArns,
    NoValue,
    Partition,
    Region,
    StackId,
    StackName,
    UrlSuffix,
}

impl Pseudo {
    /// By the name that `Ref` and `Fn::Sub` use.
    pub fn named(name: &str) -> Option<Pseudo> {
        Some(match name {
            "AWS::AccountId" => Pseudo::AccountId,
            "AWS::NotificationARNs" => Pseudo::NotificationArns,
            "AWS::NoValue" => Pseudo::NoValue,
            "AWS::Partition" => Pseudo::Partition,
            "AWS::Region" => Pseudo::Region,
            "AWS::StackId" => Pseudo::StackId,
            "AWS::StackName" => Pseudo::StackName,
            "AWS::URLSuffix" => Pseudo::UrlSuffix,
            _ => return None,
        })
    }
}

impl Expression {
    /// The expression under a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Expression> {
        self.entries().iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// The entries, where this is a mapping.
    pub fn entries(&self) -> &[Entry] {
        match &self.form {
            Form::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items, where this is a list.
    pub fn items(&self) -> &[Expression] {
        match &self.form {
            Form::List(items) => items,
            _ => &[],
        }
    }

    /// The text, where it stands in the template as such.
    pub fn as_text(&self) -> Option<&str> {
        match &self.form {
            Form::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The expression below a path of keys and numbers of items, as far as the path leads: the best
    /// place to show for a property.
    pub fn below(&self, path: &[&str]) -> &Expression {
        let Some((step, rest)) = path.split_first() else { return self };
        let next = match &self.form {
            Form::List(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
            _ => self.get(step),
        };
        next.map_or(self, |next| next.below(rest))
    }

    /// The expressions directly inside of this one.
    pub fn children(&self) -> Vec<&Expression> {
        match &self.form {
            Form::List(items) | Form::Joined(items) | Form::Cidr(items) | Form::Find(items) => {
                items.iter().collect()
            }
            Form::And(items) | Form::Or(items) => items.iter().collect(),
            Form::Map(entries) => entries.iter().map(|entry| &entry.value).collect(),
            Form::Attribute(_, inner)
            | Form::Join(_, inner)
            | Form::Split(_, inner)
            | Form::StackOutput(inner)
            | Form::Base64(inner)
            | Form::ZonesOf(inner)
            | Form::ToJsonString(inner)
            | Form::Length(inner)
            | Form::Not(inner) => vec![inner],
            Form::Select(pair) | Form::If(_, pair) | Form::Equals(pair) => pair.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Calls the function for this expression and for everything inside.
    pub fn walk<'x>(&'x self, visit: &mut impl FnMut(&'x Expression)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}
