"""Types of the components `identity` and `security` that moto's stacks do not create.

`described(Type, property_named)` gives them in the form of `TYPES` of `moto_extension.py`.
"""


def pool(properties, context):
    """Names of the API; features of later years, which this botocore or moto does not know, are left out by `later`."""
    properties["PoolName"] = properties.pop("UserPoolName")
    return properties


def provider_name(created):
    return f"cognito-idp.{created.context.region}.amazonaws.com/{created.reference}"


def provider_address(created):
    return f"https://{provider_name(created)}"


def tagged_pool(properties, context):
    tags = properties.get("IdentityPoolTags", [])
    properties["IdentityPoolTags"] = {tag["Key"]: tag["Value"] for tag in tags}
    properties.setdefault("IdentityPoolName", "identities")
    return properties


def features(properties, context):
    properties["Tags"] = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    return properties


def configuration(properties, context):
    return {"LoggingConfiguration": properties}


def described(Type, property_named):
    return {
        "AWS::Cognito::UserPool": Type(
            "cognito-idp",
            "create_user_pool",
            "UserPool.Id",
            {"Arn": "UserPool.Arn", "ProviderName": provider_name, "ProviderURL": provider_address},
            prepare=pool,
            later=("EnabledMfas",),
        ),
        "AWS::Cognito::UserPoolClient": Type("cognito-idp", "create_user_pool_client", "UserPoolClient.ClientId"),
        "AWS::Cognito::UserPoolGroup": Type("cognito-idp", "create_group", "Group.GroupName"),
        "AWS::Cognito::UserPoolDomain": Type("cognito-idp", "create_user_pool_domain", property_named("Domain")),
        "AWS::Cognito::UserPoolIdentityProvider": Type(
            "cognito-idp", "create_identity_provider", "IdentityProvider.ProviderName"
        ),
        "AWS::Cognito::IdentityPool": Type(
            "cognito-identity", "create_identity_pool", "IdentityPoolId", prepare=tagged_pool
        ),
        "AWS::WAFv2::WebACL": Type(
            "wafv2", "create_web_acl", "Summary.Id", {"Arn": "Summary.ARN"}, named=("Name", 128)
        ),
        "AWS::WAFv2::WebACLAssociation": Type("wafv2", "associate_web_acl", property_named("ResourceArn")),
        "AWS::WAFv2::LoggingConfiguration": Type(
            "wafv2", "put_logging_configuration", property_named("ResourceArn"), prepare=configuration
        ),
        "AWS::GuardDuty::Detector": Type("guardduty", "create_detector", "DetectorId", prepare=features),
    }
