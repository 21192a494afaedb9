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
