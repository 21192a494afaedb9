//! Codes of `tenantry check`: what it finds in templates and in how the files of an output tree fit together.

use super::Code;

pub(super) const ALL: &[&Code] = &[
    &NOTHING_TO_CHECK,
    &TEMPLATE_STRUCTURE,
    &MALFORMED_FUNCTION,
    &UNDEFINED_REFERENCE,
    &UNJUDGED_CONSTRUCT,
    &MISSING_FILE,
    &UNLISTED_FILE,
    &MANIFEST_DISAGREES,
    &DEPLOYMENT_ORDER,
    &UNJUDGED_RESOURCE_TYPE,
    &UNKNOWN_PROPERTY,
    &MISSING_PROPERTY,
    &READ_ONLY_PROPERTY,
    &WRONG_PROPERTY_TYPE,
    &VALUE_NOT_ALLOWED,
    &VALUE_OUT_OF_PATTERN,
    &VALUE_OUT_OF_RANGE,
    &REPEATED_ITEM,
    &CONFLICTING_PROPERTIES,
    &WRONG_REFERENCE,
    &UNDEFINED_ATTRIBUTE,
    &DEPENDENCY_CIRCLE,
    &UNUSED_PARAMETER,
    &TEMPLATE_LIMIT,
    &MISSING_PARAMETER,
    &UNKNOWN_PARAMETER,
    &UNDEFINED_IMPORT,
    &DUPLICATE_EXPORT,
    &DUPLICATE_STACK,
    &MISSING_CAPABILITY,
    &TAG_VALUE_REFUSED,
    &EXPIRED_ACCEPTANCE,
    &NEEDLESS_ACCEPTANCE,
];

pub static NOTHING_TO_CHECK: Code = Code {
    name: "nothing-to-check",
    meaning: "a directory holds no output tree and no templates, or a file is not what it is listed as",
    explanation: "`tenantry check` judges the directory that `tenantry synth` writes, by its `manifest.json`; or any directory of CloudFormation templates \
(JSON or YAML, recognized by `Resources`) with deployment files (recognized by `template-file-path`).\n\n    tenantry check            # the directory `output`\n    tenantry check deploy     # another one",
};

pub static TEMPLATE_STRUCTURE: Code = Code {
    name: "template-structure",
    meaning: "a template does not have the form that CloudFormation asks for",
    explanation: "A template is a mapping of the sections that the CloudFormation User Guide lists; each resource has a type, properties and a few keys of its own; \
logical ids and names of parameters are letters and digits.\n\n    Resources: { my-vpc: { Type: AWS::EC2::VPC } }    # refused: a hyphen\n    Resources: { MyVpc: { Type: AWS::EC2::VPC } }     # right",
};

pub static MALFORMED_FUNCTION: Code = Code {
    name: "malformed-function",
    meaning: "an intrinsic function has arguments that it does not take, or does not exist",
    explanation: "Each intrinsic function takes arguments of one form; CloudFormation refuses the template otherwise.\n\n    { \"Fn::GetAtt\": \"Vpc\" }                    # refused: no attribute\n    { \"Fn::GetAtt\": [\"Vpc\", \"CidrBlock\"] }    # right",
};

pub static UNDEFINED_REFERENCE: Code = Code {
    name: "undefined-reference",
    meaning: "a template names a parameter, resource, condition or mapping that it does not have",
    explanation: "`Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::If`, `Fn::FindInMap`, `DependsOn` and `Condition` name things of the same template. What stands in another stack is reached by `Fn::ImportValue`, \
under the name that the other stack exports it by.\n\n    VpcId: { Ref: Vcp }    # refused, where the resource is `Vpc`",
};

pub static UNJUDGED_CONSTRUCT: Code = Code {
    name: "unjudged-construct",
    meaning: "a template uses something whose result cannot be known without AWS",
    explanation: "Transforms, macros and loops (`Transform`, `Fn::Transform`, `Fn::ForEach`) are run by CloudFormation, in the account, before it reads the template; `Rules` judge parameters there. \
The resources of nested stacks, stack sets and modules stand in other templates. \
What becomes of them cannot be known here, and what cannot be known is never taken for fine. tenantry writes none of them.\n\nCheck the template as it is afterwards (`aws cloudformation get-template --template-stage Processed`), or write out what it stands for.",
};

pub static MISSING_FILE: Code = Code {
    name: "missing-file",
    meaning: "the manifest or a deployment file names a file that is not there",
    explanation: "Every file that `manifest.json` names is part of the output tree, and so is the template that a deployment file names in `template-file-path`. One that is missing was removed by hand, lost in a merge, or never committed.\n\nRun `tenantry synth` to write the output anew.",
};

pub static UNLISTED_FILE: Code = Code {
    name: "unlisted-file",
    meaning: "a template or deployment file lies in the output tree, and the manifest does not name it",
    explanation: "Whoever deploys the folder `stacks/` deploys every file in it, and what the manifest does not name was never judged as a part of the whole: a leftover of a merge, or something that was put there by hand.\n\nRemove the file, or run `tenantry synth` to write the output anew.",
};

pub static MANIFEST_DISAGREES: Code = Code {
    name: "manifest-disagrees",
    meaning: "the manifest says something else than the files that it names",
    explanation: "A stack's entry in `manifest.json`, the path of its deployment file and the deployment file itself say the same: account, Region, template. Where they differ, one of them was changed by hand, \
and what is deployed depends on which of them a tool reads.\n\nRun `tenantry synth` to write both anew.",
};

pub static DEPLOYMENT_ORDER: Code = Code {
    name: "deployment-order",
    meaning: "a stack needs another one that is deployed later, at the same time or not at all",
    explanation: "Stacks are deployed in the order of the manifest, wave by wave; those of one wave at the same time. A stack that imports what another exports comes in a later wave and names it in `depends_on`, or its deployment fails with `No export named ...`.\n\nRun `tenantry synth` to write the manifest anew.",
};

pub static UNJUDGED_RESOURCE_TYPE: Code = Code {
    name: "unjudged-resource-type",
    meaning: "a resource has a type that is not known",
    explanation: "The types whose properties can be judged are those of the table that is generated from AWS's own schemas: the types that blueprints use, and the common ones beside them. A type that is not there is misspelled, or nobody can say here whether its properties are right.\n\n    Type: AWS::EC2::Vpc    # refused\n    Type: AWS::EC2::VPC    # right",
};

pub static UNKNOWN_PROPERTY: Code = Code {
    name: "unknown-property",
    meaning: "a resource has a property that its type does not have",
    explanation: "CloudFormation refuses a template with a property that the resource type's schema does not name, when the resource is made: a stack may then be half there. Names are told apart by capital letters.\n\n    Properties: { CIDRBlock: 10.0.0.0/16 }    # refused\n    Properties: { CidrBlock: 10.0.0.0/16 }    # right",
};

pub static MISSING_PROPERTY: Code = Code {
    name: "missing-property",
    meaning: "a resource lacks a property that its type demands",
    explanation: "The resource type's schema says which properties must be there, also inside of other properties, and of which groups one must be there. CloudFormation finds this out when the resource is made.\n\n    Type: AWS::EC2::Subnet\n    Properties: { CidrBlock: 10.0.0.0/24 }    # refused: which VPC?",
};

pub static READ_ONLY_PROPERTY: Code = Code {
    name: "read-only-property",
    meaning: "a template sets a property that AWS alone sets",
    explanation: "Some properties of a type are results: ids, ARNs, endpoints. A template cannot set them; it gets their values by `Fn::GetAtt`.\n\n    Type: AWS::EC2::VPC\n    Properties: { VpcId: vpc-1 }    # refused",
};

pub static WRONG_PROPERTY_TYPE: Code = Code {
    name: "wrong-property-type",
    meaning: "a property has text where a list belongs, or the like",
    explanation: "The schema of a resource type says for each property whether it is text, a number, true or false, a list or a mapping. CloudFormation takes `\"443\"` for 443 and `\"true\"` for true, and nothing else for another thing.\n\n    SecurityGroupIds: sg-1      # refused\n    SecurityGroupIds: [sg-1]    # right",
};

pub static VALUE_NOT_ALLOWED: Code = Code {
    name: "value-not-allowed",
    meaning: "a property has a value that is none of those that it can have",
    explanation: "The schema of the resource type, or the template's own `AllowedValues`, lists what the value can be.\n\n    InstanceTenancy: dedicate     # refused\n    InstanceTenancy: dedicated    # right",
};

pub static VALUE_OUT_OF_PATTERN: Code = Code {
    name: "value-out-of-pattern",
    meaning: "a value does not have the form that it must have",
    explanation: "The schema of the resource type, or the template's own `AllowedPattern`, says what a text looks like; blocks of addresses have no bits set behind the prefix.\n\n    CidrBlock: 10.0.0.5/24    # refused: it is 10.0.0.0/24",
};

pub static VALUE_OUT_OF_RANGE: Code = Code {
    name: "value-out-of-range",
    meaning: "a number is too small or too large, or a text or a list too short or too long",
    explanation: "The schema of the resource type, or the template's own limits for a parameter, say how long a text or a list may be and between which bounds a number lies.\n\n    RetentionInDays: 0    # refused, where at least 1 is asked for",
};

pub static REPEATED_ITEM: Code = Code {
    name: "repeated-item",
    meaning: "a list has one item twice, where each may be there once",
    explanation: "The schema of the resource type asks for different items. CloudFormation refuses the list, or AWS keeps one of the two in silence.\n\n    Subnets: [ { Ref: A }, { Ref: A } ]    # refused",
};

pub static CONFLICTING_PROPERTIES: Code = Code {
    name: "conflicting-properties",
    meaning: "a resource has two properties that exclude each other",
    explanation: "The schema of the resource type says which properties cannot stand beside each other: a zone by its name and by its id, for example.\n\n    AvailabilityZone: us-east-1a\n    AvailabilityZoneId: use1-az1     # refused: one of the two",
};

pub static WRONG_REFERENCE: Code = Code {
    name: "wrong-reference",
    meaning: "a property refers to a resource of another type than the one that it takes",
    explanation: "A property that takes the id of a VPC cannot be given that of a subnet: CloudFormation accepts the template, and AWS refuses the call in the middle of a deployment. References are followed through imports and parameters too.\n\n    VpcId: { Ref: AppSubnet1 }    # refused\n    VpcId: { Ref: Vpc }           # right",
};

pub static UNDEFINED_ATTRIBUTE: Code = Code {
    name: "undefined-attribute",
    meaning: "a template asks a resource for an attribute that its type does not have",
    explanation: "`Fn::GetAtt` gives what the resource type's schema lists as set by AWS. CloudFormation refuses the template otherwise.\n\n    { \"Fn::GetAtt\": [\"Vpc\", \"Arn\"] }      # refused: a VPC has none\n    { \"Fn::GetAtt\": [\"Vpc\", \"VpcId\"] }    # right",
};

pub static DEPENDENCY_CIRCLE: Code = Code {
    name: "dependency-circle",
    meaning: "resources of a template wait for each other",
    explanation: "A resource waits for those that it refers to and for those that it names in `DependsOn`. In a circle none can be the first, and CloudFormation refuses the template. Two security groups that admit each other are the usual case: the rules then stand as resources of their own (`AWS::EC2::SecurityGroupIngress`) beside the groups.\n\n    A: { DependsOn: B }\n    B: { DependsOn: A }    # refused",
};

pub static UNUSED_PARAMETER: Code = Code {
    name: "unused-parameter",
    meaning: "a template has a parameter or a condition that nothing uses",
    explanation: "A parameter that nothing uses is a value that somebody believes to have an effect: a range of addresses that is allowed nowhere, or a switch that switches nothing.\n\nTake it out, or use it where it was meant to be used.",
};

pub static TEMPLATE_LIMIT: Code = Code {
    name: "template-limit",
    meaning: "a template, a parameter or a stack is larger than CloudFormation takes",
    explanation: "CloudFormation's quotas: 500 resources, 200 parameters, outputs and mappings in a template, 51,200 bytes of a template sent inline and 1 MB of one in S3, 4,096 bytes of a parameter's value, 50 tags of a stack.\n\nDivide the template into several stacks; where its length alone is the matter, deploy it from S3 and say `needs_s3` in the manifest.",
};

pub static MISSING_PARAMETER: Code = Code {
    name: "missing-parameter",
    meaning: "a deployment file gives no value for a parameter without a default",
    explanation: "CloudFormation does not deploy a stack with a parameter that has neither a value nor a default.\n\nAdd it to `parameters` of the deployment file, or run `tenantry synth` to write the file anew.",
};

pub static UNKNOWN_PARAMETER: Code = Code {
    name: "unknown-parameter",
    meaning: "a deployment file gives a value for a parameter that the template does not have",
    explanation: "CloudFormation refuses the deployment: either the name is misspelled, and the parameter that is meant has its default, or the template that it belonged to has changed.\n\nCorrect the name, or run `tenantry synth` to write the file anew.",
};

pub static UNDEFINED_IMPORT: Code = Code {
    name: "undefined-import",
    meaning: "a stack imports a name that nothing in its account and Region exports",
    explanation: "`Fn::ImportValue` reads what another stack of the same account and Region exports. Where none does, the deployment fails; where another stack than the one that is meant does, a tenant is given somebody else's network.\n\nExport the name from a stack that is deployed before, or correct the parameter that holds the other stack's name.",
};

pub static DUPLICATE_EXPORT: Code = Code {
    name: "duplicate-export",
    meaning: "two stacks of one account and Region export the same name",
    explanation: "A name is exported once in an account and Region; the second stack fails. tenantry begins each name with that of the stack.\n\n    Export: { Name: VpcId }                              # refused in the second stack\n    Export: { Name: !Sub \"${AWS::StackName}-VpcId\" }    # right",
};

pub static DUPLICATE_STACK: Code = Code {
    name: "duplicate-stack",
    meaning: "the manifest lists a stack twice, or one with a name that cannot be",
    explanation: "A stack's name is unique in its account and Region: two entries of one name would be deployed over each other. A name is a letter, then letters, digits and hyphens, 128 characters at most.\n\nRun `tenantry synth` to write the manifest anew.",
};

pub static MISSING_CAPABILITY: Code = Code {
    name: "missing-capability",
    meaning: "a stack makes roles or policies, and its entry in the manifest does not acknowledge it",
    explanation: "CloudFormation makes IAM resources only where the caller says so: `CAPABILITY_IAM`, and `CAPABILITY_NAMED_IAM` where a name is chosen. Tools that deploy by the manifest pass its `capabilities` on, and the deployment fails without them.\n\nRun `tenantry synth` to write the manifest anew.",
};

pub static TAG_VALUE_REFUSED: Code = Code {
    name: "tag-value-refused",
    meaning: "a tag has a key or a value that cannot be, or one that the tag policy does not allow",
    explanation: "The key of a tag has 1 to 128 characters and does not begin with `aws:`, its value 256 at most. Where `organization/tag-policy.json` lists values for a key, AWS Organizations reports (or refuses) resources with others.\n\n    data-class: secret    # refused, where the policy lists public, internal and restricted",
};

pub static EXPIRED_ACCEPTANCE: Code = Code {
    name: "expired-acceptance",
    meaning: "a finding was accepted until a day that is over",
    explanation: "The file that is named by `--allow` says for each accepted finding who answers for it, why, and until when. On the day after, it is a finding again, and so is the entry: somebody has to look at it.\n\n    - code: unprotected-deletion\n      stack: \"*-sandbox-*\"\n      owner: platform team\n      reason: the sandbox is rebuilt every night\n      expires: 2027-01-31\n\nMend what it accepts, or let its owner decide anew.",
};

pub static NEEDLESS_ACCEPTANCE: Code = Code {
    name: "needless-acceptance",
    meaning: "an entry of the accepted findings accepts nothing",
    explanation: "What the entry was written for was mended, or its code, resource or stack is misspelled. It would go on to accept something new that nobody has looked at.\n\nTake it out of the file that is named by `--allow`.",
};
