"""Types of the component `delivery` that stock moto creates wrongly or not at all.

`described(Type, property_named)` gives them in the form of `TYPES` of `moto_extension.py`. What moto's services lack of
them stands in `not-in-moto.json`.
"""


def parameter(properties, _context):
    # Tags are a mapping in the template and a list in the API.
    tags = [{"Key": key, "Value": value} for key, value in properties.get("Tags", {}).items()]
    return properties | {"Tags": tags}


def project(properties, _context):
    # moto wants to know where sources and results are, also where the pipeline takes care of them.
    return properties | {part: properties[part] | {"Location": "pipeline"} for part in ("Artifacts", "Source")}


def pipeline(properties, _context):
    tags = properties.pop("Tags", [])
    return {"pipeline": properties, "tags": tags}


def described(Type, property_named):
    return {
        "AWS::AppConfig::Application": Type("appconfig", "create_application", "Id"),
        "AWS::AppConfig::ConfigurationProfile": Type(
            "appconfig", "create_configuration_profile", "Id", later=("DeletionProtectionCheck",)
        ),
        "AWS::CodeBuild::Project": Type(
            "codebuild", "create_project", "project.name", named=("Name", 150), prepare=project,
            attributes={"Arn": "project.arn"},
        ),
        "AWS::CodePipeline::Pipeline": Type(
            "codepipeline", "create_pipeline", property_named("Name"), prepare=pipeline
        ),
        "AWS::SSM::Parameter": Type("ssm", "put_parameter", property_named("Name"), prepare=parameter),
    }
