//! CloudFormation's own limits (CloudFormation User Guide, "Understand CloudFormation quotas", 2026).

/// Bytes of a template that a request may carry in its body.
pub const TEMPLATE_BODY_BYTES: usize = 51_200;

/// Bytes of a template that is read from S3: 1 MB, planned as 1,000,000.
pub const TEMPLATE_OBJECT_BYTES: usize = 1_000_000;

/// Resources in one template.
pub const RESOURCES: usize = 500;

/// Parameters in one template.
pub const PARAMETERS: usize = 200;

/// Outputs in one template.
pub const OUTPUTS: usize = 200;

/// Dynamic references, `{{resolve:...}}`, in one template.
pub const DYNAMIC_REFERENCES: usize = 60;

/// Mappings in one template.
pub const MAPPINGS: usize = 200;

/// Bytes of a template's description.
pub const DESCRIPTION_BYTES: usize = 1_024;

/// Characters of a logical id, and of the name of a parameter or an output.
pub const LOGICAL_ID_CHARACTERS: usize = 255;

/// Characters of a stack's name.
pub const STACK_NAME_CHARACTERS: usize = 128;

/// Bytes of one parameter's value.
pub const PARAMETER_VALUE_BYTES: usize = 4_096;

/// Tags of a stack, and of most resources.
pub const TAGS: usize = 50;
