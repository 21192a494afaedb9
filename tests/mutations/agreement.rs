//! Damages of how the files of a tree fit together.

use serde_json::json;

use crate::Mutation;

const VPC: &str = "AWS::EC2::VPC";
const SERVICE: &str = "AWS::ECS::Service";
const ROLE: &str = "AWS::IAM::Role";

pub(crate) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "a template is lost",
        code: "missing-file",
        place: "templates/",
        damage: |tree| {
            let path = tree.template(SERVICE);
            tree.remove(&path);
            "manifest.json".to_owned()
        },
    },
    Mutation {
        name: "a deployment file is lost",
        code: "missing-file",
        place: "stacks/",
        damage: |tree| {
            let path = tree.stack_with(SERVICE)["deployment"].as_str().unwrap().to_owned();
            tree.remove(&path);
            "manifest.json".to_owned()
        },
    },
    Mutation {
        name: "another file is lost",
        code: "missing-file",
        place: "plan.json",
        damage: |tree| {
            tree.remove("plan.json");
            "manifest.json".to_owned()
        },
    },
    Mutation {
        name: "a deployment file that nobody has listed",
        code: "unlisted-file",
        place: "",
        damage: |tree| {
            let path = "stacks/222222222222/us-east-1/backdoor.json".to_owned();
            let stack = tree.read(tree.stack_with(VPC)["deployment"].as_str().unwrap());
            tree.write(&path, &stack);
            path
        },
    },
    Mutation {
        name: "a stack is deployed together with what it needs",
        code: "deployment-order",
        place: "",
        damage: |tree| tree.entry(SERVICE, |stack| stack["wave"] = json!(1)),
    },
    Mutation {
        name: "a stack does not wait for what it imports",
        code: "deployment-order",
        place: "",
        damage: |tree| tree.entry(SERVICE, |stack| stack["depends_on"] = json!([])),
    },
    Mutation {
        name: "a stack waits for one that there is not",
        code: "deployment-order",
        place: "",
        damage: |tree| tree.entry(SERVICE, |stack| stack["depends_on"][0] = json!("nobody")),
    },
    Mutation {
        name: "a capability is not acknowledged",
        code: "missing-capability",
        place: "",
        damage: |tree| tree.entry(ROLE, |stack| stack["capabilities"] = json!([])),
    },
    Mutation {
        name: "a role with a name of its own",
        code: "missing-capability",
        place: "",
        damage: |tree| {
            tree.properties(ROLE, |role| role["RoleName"] = json!("operator"));
            "manifest.json".to_owned()
        },
    },
    Mutation {
        name: "the manifest and a deployment file name different templates",
        code: "manifest-disagrees",
        place: "",
        damage: |tree| {
            let other = tree.template(SERVICE);
            tree.deployment(VPC, |file| file["template-file-path"] = json!(other));
            "manifest.json".to_owned()
        },
    },
    Mutation {
        name: "a stack is moved to another Region in the manifest alone",
        code: "manifest-disagrees",
        place: "",
        damage: |tree| tree.entry(VPC, |stack| stack["region"] = json!("ap-southeast-2")),
    },
    Mutation {
        name: "a stack is moved to another account in the manifest alone",
        code: "manifest-disagrees",
        place: "",
        damage: |tree| tree.entry(VPC, |stack| stack["account"] = json!("999999999999")),
    },
    Mutation {
        name: "a stack is listed twice",
        code: "duplicate-stack",
        place: "",
        damage: |tree| {
            let stack = tree.stack_with(VPC);
            tree.manifest(|manifest| manifest["stacks"].as_array_mut().unwrap().push(stack))
        },
    },
    Mutation {
        name: "a stack has a name that cannot be",
        code: "duplicate-stack",
        place: "two words",
        damage: |tree| tree.entry(VPC, |stack| stack["name"] = json!("two words")),
    },
    Mutation {
        name: "tenants export the same name",
        code: "duplicate-export",
        place: "Vpc",
        damage: |tree| {
            let path = "templates/vpc/network.json";
            tree.edit(path, |template| {
                template["Outputs"]["Same"] =
                    json!({ "Value": { "Ref": "Vpc" }, "Export": { "Name": "Vpc" } });
                template["Outputs"]["Vpc2"] =
                    json!({ "Value": { "Ref": "Vpc" }, "Export": { "Name": "Vpc" } });
            })
        },
    },
];
