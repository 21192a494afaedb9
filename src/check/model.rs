//! An output tree, or any directory of CloudFormation templates, understood as CloudFormation would.
//!
//! Goes in: a directory. Comes out: an [`Estate`] of stacks, each a template with the parameters of its
//! deployment file, in the order of deployment. A template is read and understood once, however many
//! stacks use it. Nothing is resolved ahead: a judge asks for the properties it needs of the resources it
//! needs, and gets [`Value`]s in which every intrinsic function is resolved, across stacks too. So ten
//! thousand tenants cost what is looked at, and not what is there.
//!
//! ```ignore
//! for subnet in estate.of_kind("AWS::EC2::Subnet") {
//!     let block = subnet.property("CidrBlock");          // Value::Text("10.64.0.0/26")
//!     let vpc = subnet.property("VpcId").as_reference(); // Some((id of the VPC, None)), in any stack
//!     let place = subnet.place(&["CidrBlock"]);          // for a finding
//! }
//! ```

mod compile;
mod deployment;
mod evaluate;
mod exports;
mod expression;
mod functions;
mod manifest;
mod read;
mod template;
#[cfg(test)]
mod tests;
mod value;

pub use deployment::Deployment;
pub use evaluate::{NO_ACCOUNT_YET, Scope};
pub use exports::Export;
pub use expression::{Entry, Expression, Form, Pseudo};
pub use read::{read, read_files};
pub use template::{Declared, Mapping, NamedExpression, Output, Parameter, Template};
pub use value::{ResourceId, StackId, Value};

use crate::check::finding::Finding;
use crate::source::{FileId, SourceMap, Span};

/// Everything that is judged.
#[derive(Debug, Default)]
pub struct Estate {
    templates: Vec<Template>,
    stacks: Vec<Stack>,
    exports: exports::Exports,
    /// What is wrong with how the files fit together, found while they were read.
    pub problems: Vec<Finding>,
    /// `manifest.json`, where there is one.
    pub manifest: Option<FileId>,
    /// The organization's tag policy, where the directory has one.
    pub tag_policy: Option<FileId>,
    /// Every file that the manifest names, and the manifest itself, by its path below the directory.
    pub files: Vec<Box<str>>,
}

/// One stack: a template and what it is given.
#[derive(Debug)]
pub struct Stack {
    pub id: StackId,
    pub name: Box<str>,
    /// The account's number, or the name of the tenant whose account does not exist yet; `None` where
    /// there is no manifest to say it.
    pub account: Option<Box<str>>,
    pub region: Option<Box<str>>,
    /// The tenant whose stack this is; `None` for a stack that several share.
    pub tenant: Option<Box<str>>,
    /// The home of the tenant, such as `vpc/222222222222/us-east-1/1`; empty where nothing says it.
    pub cell: Box<str>,
    pub model: Box<str>,
    pub capabilities: Vec<Box<str>>,
    /// Stacks that are there before this one.
    pub depends_on: Vec<StackId>,
    pub wave: u32,
    /// Whether the manifest says that the template is too long to be sent inline.
    pub needs_s3: bool,
    pub deployment: Option<Deployment>,
    template: u32,
    /// The value of each parameter of the template, in the template's order; `None` where none is given.
    parameters: Vec<Option<Box<str>>>,
    /// For each import of the template, the output of another stack that it comes to.
    imports: Vec<Option<exports::Target>>,
}

impl Stack {
    /// The stack that exports what an import of the template, by its number, asks for.
    pub fn imported(&self, index: usize) -> Option<StackId> {
        self.imports.get(index).copied().flatten().map(|target| target.stack)
    }
}

/// A resource of a stack, ready to be asked for its properties.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'e> {
    pub id: ResourceId,
    pub stack: &'e Stack,
    pub declared: &'e Declared,
    estate: &'e Estate,
}

impl Estate {
    /// All stacks, in the order of deployment.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// One stack.
    pub fn stack(&self, id: StackId) -> &Stack {
        &self.stacks[id.position()]
    }

    /// All templates, by path.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The template of a stack.
    pub fn template(&self, stack: &Stack) -> &Template {
        &self.templates[stack.template as usize]
    }

    /// Every template with the stacks that use it, in the order of deployment.
    pub fn by_template(&self) -> Vec<(&Template, Vec<&Stack>)> {
        let mut all: Vec<(&Template, Vec<&Stack>)> =
            self.templates.iter().map(|template| (template, Vec::new())).collect();
        for stack in &self.stacks {
            all[stack.template as usize].1.push(stack);
        }
        all
    }

    /// A resource by its id.
    pub fn resource(&self, id: ResourceId) -> Resource<'_> {
        let stack = self.stack(id.stack);
        let declared = &self.template(stack).resources[id.index as usize];
        Resource { id, stack, declared, estate: self }
    }

    /// The resources of a stack, in the order of its template, less those whose condition is false.
    pub fn resources<'e>(&'e self, stack: &'e Stack) -> impl Iterator<Item = Resource<'e>> {
        (0..self.template(stack).resources.len() as u32)
            .map(move |index| self.resource(ResourceId { stack: stack.id, index }))
            .filter(Resource::exists)
    }

    /// The resources of one type in all stacks, in the order of deployment.
    pub fn of_kind<'e>(&'e self, kind: &'e str) -> impl Iterator<Item = Resource<'e>> {
        self.stacks.iter().flat_map(move |stack| self.of_kind_in(stack, kind))
    }

    /// The resources of one type in one stack.
    pub fn of_kind_in<'e>(&'e self, stack: &'e Stack, kind: &str) -> impl Iterator<Item = Resource<'e>> {
        let indices = self.template(stack).kinds.get(kind).map_or(&[][..], Vec::as_slice);
        indices
            .iter()
            .map(move |index| self.resource(ResourceId { stack: stack.id, index: *index }))
            .filter(Resource::exists)
    }

    /// What an expression of a stack's template comes to there.
    pub fn evaluate<'e>(&'e self, stack: &'e Stack, expression: &'e Expression) -> Value<'e> {
        Scope { estate: self, stack }.value(expression)
    }

    /// The value that a stack has for a parameter of its template.
    pub fn parameter<'e>(&'e self, stack: &'e Stack, name: &str) -> Option<&'e str> {
        let index = self.template(stack).parameter(name)?;
        stack.parameters.get(index)?.as_deref()
    }

    /// The place of a parameter's value in the stack's deployment file, else where it is declared.
    pub fn parameter_place(&self, stack: &Stack, name: &str, sources: &SourceMap) -> Span {
        let given = stack.deployment.as_ref().and_then(|file| file.place_of("parameters", name, sources));
        let template = self.template(stack);
        given.unwrap_or_else(|| {
            let declared = template.parameter(name).map(|index| template.parameters[index].span);
            declared.unwrap_or(Span { file: template.file, start: 0, end: 0 })
        })
    }

    /// The place of a stack in the manifest, else the start of its template.
    pub fn stack_place(&self, stack: &Stack, sources: &SourceMap) -> Span {
        let written = self.manifest.and_then(|file| manifest::place_of_stack(file, &stack.name, sources));
        written.unwrap_or(Span { file: self.template(stack).file, start: 0, end: 0 })
    }

    /// What a resource is called in messages: `` `Vpc` of the stack `ledgerly-prod-acme-network` ``.
    pub fn describe(&self, id: ResourceId) -> String {
        let resource = self.resource(id);
        format!("`{}` of the stack `{}`", resource.declared.logical_id, resource.stack.name)
    }

    /// Everything that the stacks export.
    pub fn exports(&self) -> impl Iterator<Item = Export<'_>> {
        self.exports.all()
    }
}

impl<'e> Resource<'e> {
    /// The resource type, such as `AWS::EC2::VPC`.
    pub fn kind(&self) -> &'e str {
        &self.declared.kind
    }

    /// The logical id.
    pub fn logical_id(&self) -> &'e str {
        &self.declared.logical_id
    }

    /// The tenant whose resource this is; `None` where several share it.
    pub fn tenant(&self) -> Option<&'e str> {
        self.stack.tenant.as_deref()
    }

    /// Whether its condition holds; one that cannot be decided counts as holding.
    pub fn exists(&self) -> bool {
        let scope = Scope { estate: self.estate, stack: self.stack };
        self.declared.condition.is_none_or(|index| scope.condition(index).unwrap_or(true))
    }

    /// A property, resolved; [`Value::Absent`] where it is not given.
    pub fn property(&self, name: &str) -> Value<'e> {
        if !self.estate.template(self.stack).transforms.is_empty() {
            return Value::unknown("the template has a transform");
        }
        match self.declared.properties.get(name) {
            Some(expression) => self.estate.evaluate(self.stack, expression),
            None => Value::Absent,
        }
    }

    /// All properties, resolved.
    pub fn properties(&self) -> Value<'e> {
        if !self.estate.template(self.stack).transforms.is_empty() {
            return Value::unknown("the template has a transform");
        }
        self.estate.evaluate(self.stack, &self.declared.properties)
    }

    /// The place of a property in the template, given as a path of keys and numbers of items; as much of
    /// the path as is there. An empty path is the logical id.
    pub fn place(&self, path: &[&str]) -> Span {
        let found = self.declared.properties.below(path);
        if std::ptr::eq(found, &self.declared.properties) { self.declared.span } else { found.span }
    }
}
