//! One template, understood once for all stacks that use it.

use std::collections::BTreeMap;

use crate::check::finding::Finding;
use crate::check::model::expression::Expression;
use crate::source::{FileId, Span};

/// A CloudFormation template.
#[derive(Debug)]
pub struct Template {
    /// Its path below the directory that is judged, with `/` between parts.
    pub path: Box<str>,
    pub file: FileId,
    /// Bytes of the file.
    pub bytes: usize,
    pub parameters: Vec<Parameter>,
    pub mappings: Vec<Mapping>,
    pub conditions: Vec<NamedExpression>,
    pub resources: Vec<Declared>,
    pub outputs: Vec<Output>,
    /// Every `Fn::ImportValue` and the name that it asks for, without duplicates.
    pub imports: Vec<Expression>,
    /// Transforms that CloudFormation would apply before it reads the template: nothing that is said of
    /// such a template is certain.
    pub transforms: Vec<Box<str>>,
    pub description: Option<(Box<str>, Span)>,
    /// What is wrong with its structure, its functions and its references.
    pub problems: Vec<Finding>,
    /// Numbers of the resources of each type.
    pub(super) kinds: BTreeMap<Box<str>, Vec<u32>>,
}

/// A parameter as it is declared.
#[derive(Debug)]
pub struct Parameter {
    pub name: Box<str>,
    pub span: Span,
    /// `String`, `Number`, `CommaDelimitedList`, ...
    pub kind: Box<str>,
    pub default: Option<Box<str>>,
    pub allowed_values: Vec<Box<str>>,
    pub allowed_pattern: Option<(Box<str>, Span)>,
    pub minimum_length: Option<i64>,
    pub maximum_length: Option<i64>,
    pub minimum_value: Option<f64>,
    pub maximum_value: Option<f64>,
    pub hidden: bool,
}

impl Parameter {
    /// Whether its value is a list, written with commas.
    pub fn is_list(&self) -> bool {
        &*self.kind == "CommaDelimitedList" || self.kind.starts_with("List<")
    }

    /// Whether its value is the name of a parameter of Systems Manager, whose value nobody knows here.
    pub fn is_stored_elsewhere(&self) -> bool {
        self.kind.starts_with("AWS::SSM::Parameter::Value<")
    }
}

/// A mapping: its entries by first and second key.
#[derive(Debug)]
pub struct Mapping {
    pub name: Box<str>,
    pub span: Span,
    pub table: Expression,
}

/// A condition.
#[derive(Debug)]
pub struct NamedExpression {
    pub name: Box<str>,
    pub span: Span,
    pub expression: Expression,
}

/// Whether a type stands for resources that other templates declare.
pub(super) fn holds_more(kind: &str) -> bool {
    matches!(kind, "AWS::CloudFormation::Stack" | "AWS::CloudFormation::StackSet")
        || kind.ends_with("::MODULE")
}

/// A resource as its template declares it.
#[derive(Debug)]
pub struct Declared {
    pub logical_id: Box<str>,
    /// The place of the logical id.
    pub span: Span,
    /// The resource type, such as `AWS::EC2::VPC`.
    pub kind: Box<str>,
    pub kind_span: Span,
    pub properties: Expression,
    /// The condition under which it exists, a number into those of the template.
    pub condition: Option<u32>,
    /// Resources that it names in `DependsOn`, numbers into those of the template.
    pub depends_on: Vec<(u32, Span)>,
    pub deletion_policy: Option<(Box<str>, Span)>,
    pub update_replace_policy: Option<(Box<str>, Span)>,
    pub metadata: Option<Expression>,
}

/// An output, and the name that it is exported by.
#[derive(Debug)]
pub struct Output {
    pub name: Box<str>,
    pub span: Span,
    pub value: Expression,
    pub export: Option<Expression>,
    pub condition: Option<u32>,
}

impl Template {
    /// The blueprint and the stack of it that this was made from, by the path `templates/<blueprint>/<stack>…`.
    pub fn blueprint(&self) -> Option<(&str, &str)> {
        let (blueprint, file) = self.path.strip_prefix("templates/")?.split_once('/')?;
        let (stack, _) = file.split_once('.')?;
        Some((blueprint, stack))
    }

    /// Whether CloudFormation makes more of it than stands here: by a transform, a loop, or stacks within the stack.
    pub fn is_opaque(&self) -> bool {
        let more = |resource: &Declared| {
            resource.logical_id.starts_with("Fn::ForEach") || holds_more(&resource.kind)
        };
        !self.transforms.is_empty() || self.resources.iter().any(more)
    }

    /// The number of the parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|parameter| &*parameter.name == name)
    }

    /// The resource of this logical id.
    pub fn resource(&self, logical_id: &str) -> Option<&Declared> {
        self.resources.iter().find(|resource| &*resource.logical_id == logical_id)
    }
}
