"""The resource types of the component `tagging`, as moto's services take them."""
import json


def category(properties, context):
    for document in ("Rules", "SplitChargeRules"):
        if document in properties:
            properties[document] = json.loads(properties[document])
    return properties


def described(Type, property_named):
    return {
        "AWS::CE::CostCategory": Type(
            "ce",
            "create_cost_category_definition",
            "CostCategoryArn",
            {"Arn": "CostCategoryArn"},
            rename={"Tags": "ResourceTags"},
            prepare=category,
        ),
        "AWS::Config::ConfigRule": Type(
            "config",
            "put_config_rule",
            property_named("ConfigRuleName"),
            prepare=lambda properties, context: {
                "ConfigRule": {**properties, "InputParameters": json.dumps(properties.get("InputParameters", {}))}
            },
        ),
    }
