"""Types of the blueprints `account` and `application` that stock moto creates wrongly or not at all.

`described(Type, property_named)` gives them in the form of `TYPES` of `moto_extension.py`.
"""
import json

from moto_metering import zipped


def tagged_in_ec2(created):
    """moto keeps the tags of an attachment where nobody who asks for tags finds them."""
    created.context.client("ec2").create_tags(Resources=[created.reference], Tags=created.properties["Tags"])


def in_the_organization(properties, context):
    """moto needs an organization, and knows only the root that it made up."""
    organizations = context.client("organizations")
    try:
        organizations.create_organization(FeatureSet="ALL")
    except organizations.exceptions.AlreadyInOrganizationException:
        pass
    root = organizations.list_roots()["Roots"][0]["Id"]
    for key in ("ParentId", "TargetIds"):
        if str(properties.get(key, "")).startswith("r-"):
            properties[key] = root
    if "Content" in properties:
        properties["Content"] = json.dumps(properties["Content"])
        # Kinds that moto has not heard of are kept as one that it knows: this shows that they are attached, and
        # nothing of what they say.
        if properties["Type"] not in ("SERVICE_CONTROL_POLICY", "TAG_POLICY"):
            properties["Type"] = "SERVICE_CONTROL_POLICY"
        try:
            organizations.enable_policy_type(RootId=root, PolicyType=properties["Type"])
        except organizations.exceptions.PolicyTypeAlreadyEnabledException:
            pass
    return properties


def with_options(properties, context):
    """What CloudFormation says beside the description is an option of the API's."""
    own = {name: properties.pop(name) for name in ("Description", "Tags") if name in properties}
    return {**own, "Options": properties}


def attached(created):
    for target in created.properties.get("TargetIds", []):
        # Accounts of the catalog were there before; moto's organization has those alone that it made itself.
        if target.isdigit():
            continue
        created.context.client("organizations").attach_policy(PolicyId=created.reference, TargetId=target)


def moved(created):
    organizations = created.context.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    for parent in created.properties.get("ParentIds", []):
        organizations.move_account(AccountId=created.reference, SourceParentId=root, DestinationParentId=parent)


def logging(created):
    created.context.client("cloudtrail").start_logging(Name=created.reference)


def function_with_tags(properties, context):
    properties["Tags"] = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    if "ZipFile" in properties["Code"]:
        properties["Code"]["ZipFile"] = zipped(properties["Code"]["ZipFile"])
    return properties


def statement_named(properties, context):
    properties["StatementId"] = f"permission-{abs(hash(properties['SourceArn']))}"
    return properties


STOOD_IN = {}


def standing_in(named, context):
    """A transit gateway of moto's in the place of one that was there before the tree is deployed, and a table of it."""
    key = context.account, context.region, named
    if key not in STOOD_IN:
        ec2 = context.client("ec2")
        gateways = [one["TransitGatewayId"] for one in ec2.describe_transit_gateways()["TransitGateways"]]
        tables = ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]
        if named in gateways or named in [one["TransitGatewayRouteTableId"] for one in tables]:
            # One that the tree itself has made.
            return named, named
        gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        table = ec2.create_transit_gateway_route_table(TransitGatewayId=gateway)["TransitGatewayRouteTable"]
        STOOD_IN[key] = gateway, table["TransitGatewayRouteTableId"]
    return STOOD_IN[key]


def with_gateway(properties, context):
    gateway, _ = standing_in(properties["TransitGatewayId"], context)
    return {**properties, "TransitGatewayId": gateway}


def with_table(properties, context):
    _, table = standing_in(properties["TransitGatewayRouteTableId"], context)
    return {**properties, "TransitGatewayRouteTableId": table}


def method_of(properties, context):
    return {name: value for name, value in properties.items() if name != "Integration"}


def integrated(created):
    asked = created.properties
    integration = {name[0].lower() + name[1:]: value for name, value in asked["Integration"].items()}
    created.context.client("apigateway").put_integration(
        restApiId=asked["RestApiId"], resourceId=asked["ResourceId"], httpMethod=asked["HttpMethod"], **integration
    )


def budget_in(properties, context):
    properties["AccountId"] = context.account
    budget = properties["Budget"]
    budget["BudgetLimit"]["Amount"] = str(budget["BudgetLimit"]["Amount"])
    return properties


def account_settings(properties, context):
    return {
        "patchOperations": [
            {"op": "replace", "path": "/cloudwatchRoleArn", "value": properties["CloudWatchRoleArn"]},
        ]
    }


def described(Type, property_named):
    return {
        "AWS::Organizations::OrganizationalUnit": Type(
            "organizations", "create_organizational_unit", "OrganizationalUnit.Id", prepare=in_the_organization
        ),
        "AWS::Organizations::Account": Type(
            "organizations",
            "create_account",
            "CreateAccountStatus.AccountId",
            {"AccountId": "CreateAccountStatus.AccountId"},
            prepare=in_the_organization,
            later=("ParentIds",),
            finish=moved,
        ),
        "AWS::Organizations::Policy": Type(
            "organizations",
            "create_policy",
            "Policy.PolicySummary.Id",
            prepare=in_the_organization,
            later=("TargetIds",),
            finish=attached,
        ),
        "AWS::CloudTrail::Trail": Type(
            "cloudtrail",
            "create_trail",
            property_named("TrailName"),
            {"Arn": "TrailARN"},
            rename={
                "TrailName": "Name",
                "KMSKeyId": "KmsKeyId",
                "EnableLogFileValidation": "EnableLogFileValidation",
                "Tags": "TagsList",
            },
            later=("IsLogging",),
            finish=logging,
        ),
        "AWS::Budgets::Budget": Type(
            "budgets",
            "create_budget",
            lambda created: created.properties["Budget"]["BudgetName"],
            prepare=budget_in,
        ),
        "AWS::ApiGateway::Account": Type(
            "apigateway", "update_account", lambda created: "account", prepare=account_settings
        ),
        "AWS::EC2::TransitGateway": Type(
            "ec2",
            "create_transit_gateway",
            "TransitGateway.TransitGatewayId",
            {"Id": "TransitGateway.TransitGatewayId", "TransitGatewayArn": "TransitGateway.TransitGatewayArn"},
            prepare=with_options,
            ec2_tags="transit-gateway",
        ),
        "AWS::EC2::TransitGatewayAttachment": Type(
            "ec2",
            "create_transit_gateway_vpc_attachment",
            "TransitGatewayVpcAttachment.TransitGatewayAttachmentId",
            {"Id": "TransitGatewayVpcAttachment.TransitGatewayAttachmentId"},
            prepare=with_gateway,
            later=("Tags",),
            finish=tagged_in_ec2,
        ),
        "AWS::EC2::TransitGatewayRouteTable": Type(
            "ec2",
            "create_transit_gateway_route_table",
            "TransitGatewayRouteTable.TransitGatewayRouteTableId",
            ec2_tags="transit-gateway-route-table",
        ),
        "AWS::EC2::TransitGatewayRouteTableAssociation": Type(
            "ec2",
            "associate_transit_gateway_route_table",
            property_named("TransitGatewayAttachmentId"),
            prepare=with_table,
        ),
        "AWS::EC2::TransitGatewayRouteTablePropagation": Type(
            "ec2",
            "enable_transit_gateway_route_table_propagation",
            property_named("TransitGatewayAttachmentId"),
            prepare=with_table,
        ),
        "AWS::ApiGateway::RestApi": Type(
            "apigateway",
            "create_rest_api",
            "id",
            {"RestApiId": "id", "RootResourceId": "rootResourceId"},
            rename={"ApiKeySourceType": "apiKeySource"},
        ),
        "AWS::ApiGateway::Resource": Type("apigateway", "create_resource", "id", {"ResourceId": "id"}),
        "AWS::ApiGateway::Authorizer": Type("apigateway", "create_authorizer", "id", {"AuthorizerId": "id"}),
        "AWS::ApiGateway::Method": Type(
            "apigateway",
            "put_method",
            lambda created: f"{created.properties['ResourceId']}-{created.properties['HttpMethod']}",
            rename={"AuthorizerId": "authorizerId"},
            prepare=method_of,
            finish=integrated,
        ),
        "AWS::ApiGateway::Deployment": Type("apigateway", "create_deployment", "id", {"DeploymentId": "id"}),
        "AWS::ApiGateway::Stage": Type(
            "apigateway",
            "create_stage",
            property_named("StageName"),
            # These are set by changes to a stage that exists, which moto does not keep.
            later=("MethodSettings", "AccessLogSetting"),
        ),
        "AWS::ApiGateway::UsagePlan": Type(
            "apigateway", "create_usage_plan", "id", {"Id": "id"}, rename={"UsagePlanName": "name"}
        ),
        "AWS::CloudWatch::InsightRule": Type(
            "cloudwatch", "put_insight_rule", property_named("RuleName"), rename={"RuleBody": "RuleDefinition"}
        ),
        "AWS::Lambda::Function": Type(
            "lambda",
            "create_function",
            "FunctionName",
            {"Arn": "FunctionArn"},
            named=("FunctionName", 64),
            prepare=function_with_tags,
        ),
        "AWS::Lambda::Version": Type("lambda", "publish_version", "FunctionArn", {"Version": "Version"}),
        "AWS::Lambda::Alias": Type("lambda", "create_alias", "AliasArn"),
        "AWS::Lambda::Permission": Type(
            "lambda", "add_permission", property_named("FunctionName"), prepare=statement_named
        ),
    }
