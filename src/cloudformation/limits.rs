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

/// Bytes of one parameter's value.
pub const PARAMETER_VALUE_BYTES: usize = 4_096;

/// Tags of a stack, and of most resources.
pub const TAGS: usize = 50;
