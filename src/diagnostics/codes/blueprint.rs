//! Codes of blueprints, their settings and their templates.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &UNKNOWN_BLUEPRINT,
    &UNKNOWN_COMPONENT,
    &INVALID_BLUEPRINT,
    &INVALID_TEMPLATE,
    &INVALID_EXPRESSION,
    &UNKNOWN_NAME,
    &VALUE_IN_SHAPE,
    &UNSAFE_DATA,
    &FREE_TEXT_IN_POLICY,
    &UNKNOWN_SETTING,
    &INVALID_SETTING,
    &UNKNOWN_REFERENCE,
    &UNKNOWN_OUTPUT,
    &RULES_NOT_GENERATED,
    &UNKNOWN_RESOURCE_TYPE,
    &TEMPLATE_TOO_LARGE,
];

pub static UNKNOWN_BLUEPRINT: Code = Code {
    name: "unknown-blueprint",
    meaning: "a tier asks for a model or blueprint that there is none for",
    explanation: "A tier's `model` names the blueprint that builds its tenants, unless the tier names another with `blueprint:`. \
`tenantry blueprint list` shows those in the binary; `--blueprints DIR` adds others, one folder each.",
};

pub static UNKNOWN_COMPONENT: Code = Code {
    name: "unknown-component",
    meaning: "a component is not one that tenantry knows",
    explanation: "`components` of the catalog names what is switched on. `tenantry blueprint list` shows the components in the binary; \
`components/NAME/component.yaml` below `--blueprints DIR` adds others.",
};

pub static INVALID_BLUEPRINT: Code = Code {
    name: "invalid-blueprint",
    meaning: "a blueprint contradicts itself",
    explanation: "The parts of `blueprint.yaml` refer to each other: flows to workloads, workloads to subnet groups, stacks to templates and to the stacks \
they come after. The message shows the part that does not fit. `docs/blueprints.md` describes every key.",
};

pub static INVALID_TEMPLATE: Code = Code {
    name: "invalid-template",
    meaning: "a stack template has a structure that tenantry does not compile",
    explanation: "A template is CloudFormation in YAML with the sections `Description`, `Resources` and `Outputs`. Repetition and choice are keys that begin with `$`:\n\n    \
$each zone in zones:\n      AppSubnet{{zone.number}}: ...\n    $if settings.flow_logs:\n      FlowLog: ...\n\nParameters are made by tenantry; conditions, mappings, transforms and macros are not used.",
};

pub static INVALID_EXPRESSION: Code = Code {
    name: "invalid-expression",
    meaning: "text between double braces is not an expression of the template language",
    explanation: "An expression is a name, `{{tenant.id}}`, or a helper and its arguments, `{{import \"network\" \"VpcId\"}}`. Blocks, partials and triple braces of Handlebars are not used: \
repetition and choice are keys of the structure, so that no value can break the document.",
};

pub static UNKNOWN_NAME: Code = Code {
    name: "unknown-name",
    meaning: "an expression or a condition uses a name that does not exist",
    explanation: "Names are strict: a misspelled one is an error and never an empty text. `docs/blueprints.md` lists all names; a loop adds its own, \
`$each zone in zones:` adds `zone`.",
};

pub static VALUE_IN_SHAPE: Code = Code {
    name: "value-in-shape",
    meaning: "something that differs by tenant is used where the shared template needs it",
    explanation: "Tenants of one shape share one template, and what differs between them arrives as parameters. A tenant's id, its addresses and lifted settings can therefore be values of \
properties, but not logical ids, keys, conditions, or arguments of helpers. Use a setting that is not lifted, or a loop's number.",
};

pub static UNSAFE_DATA: Code = Code {
    name: "unsafe-data",
    meaning: "data from the catalog would become code in a template",
    explanation: "CloudFormation resolves `{{resolve:...}}` wherever it stands in a text. A setting whose text completes such a reference is refused; \
`${...}` in settings is harmless and comes out as it is.",
};

pub static FREE_TEXT_IN_POLICY: Code = Code {
    name: "free-text-in-policy",
    meaning: "a template puts text that may hold wildcards or policy variables into an IAM policy",
    explanation: "In an IAM policy `*` and `?` match anything and `${...}` is a variable. A tenant's display name, its tags, and settings that may be any text are therefore refused there. A tenant's id is safe by its grammar; a setting is safe if the blueprint's schema gives it a `pattern` or an `enum` that leaves out what should not match.",
};

pub static UNKNOWN_SETTING: Code = Code {
    name: "unknown-setting",
    meaning: "a tier or a tenant sets something that the blueprint does not have",
    explanation: "A blueprint lists its settings with a JSON Schema; anything else is refused, with the nearest one as a suggestion. `tenantry blueprint show NAME` lists the settings with their defaults.",
};

pub static INVALID_SETTING: Code = Code {
    name: "invalid-setting",
    meaning: "a setting has a value that the blueprint's schema does not allow",
    explanation: "The settings of the tier and of the tenant are put together and checked against the blueprint's JSON Schema: types, ranges, listed values, and which settings need others. \
`tenantry blueprint show NAME` lists them.",
};

pub static UNKNOWN_OUTPUT: Code = Code {
    name: "unknown-output",
    meaning: "a template imports an output that no earlier stack of the tenant has",
    explanation: "`{{import \"network\" \"VpcId\"}}` needs a stack `network` that comes earlier, by `after:` in `blueprint.yaml`, and an output `VpcId` in its template for the same shape. \
References go one way only, so that stacks can be created in order and deleted in reverse.",
};

pub static UNKNOWN_RESOURCE_TYPE: Code = Code {
    name: "unknown-resource-type",
    meaning: "tenantry has no facts about a resource type",
    explanation: "Tags are added by each type's own facts. For a type that is not in the table tenantry cannot know whether and how it takes tags, so it adds none and says so. \
Write the tags into the template, or add the type to `tools/resource_types.txt` and run `tools/resource_type_facts.py`.",
};

pub static TEMPLATE_TOO_LARGE: Code = Code {
    name: "template-too-large",
    meaning: "a template breaks one of CloudFormation's limits",
    explanation: "A template may hold 500 resources, 200 parameters and 200 outputs, and be 1,000,000 bytes long. Cut the blueprint's stack into two; the second names the first with `after:` and imports its outputs.",
};

pub static RULES_NOT_GENERATED: Code = Code {
    name: "rules-not-generated",
    meaning: "a blueprint declares flows, and none of its templates makes the rules for them",
    explanation: "Security groups, network ACLs and the rules of a tenant's allow-list are made where a template says `$generate security_groups`, `$generate network_acls` or \
`$generate ingress_rules`. Without them a declared flow opens nothing, and subnets keep the open network ACL that AWS gives them.",
};

pub static UNKNOWN_REFERENCE: Code = Code {
    name: "unknown-reference",
    meaning: "a template refers to a resource that it does not have",
    explanation: "`!Ref`, `!GetAtt`, `${Name}` in `!Sub` and `DependsOn` name a resource of the same template. The name may be misspelled, or the resource may stand below an `$if` \
that leaves it out for this shape; then put what refers to it below the same `$if`.",
};
