"""Asks each service which tags a resource really has, by resource type."""


def pairs(tags):
    """Tags as a map, whichever way a service spells a pair."""
    if isinstance(tags, dict):
        return tags
    named = [{key.lower().removeprefix("tag"): value for key, value in tag.items()} for tag in tags]
    return {tag["key"]: tag["value"] for tag in named}


def of_arn(service, operation, argument, answer):
    """A reader for services that take an ARN, or the id that Ref gives, and answer with tags."""

    def read(cloud, account, region, identity):
        return pairs(getattr(cloud.client(service, account, region), operation)(**{argument: identity})[answer])

    return read


def of_load_balancing(cloud, account, region, identity):
    answer = cloud.client("elbv2", account, region).describe_tags(ResourceArns=[identity])
    return pairs(answer["TagDescriptions"][0]["Tags"])


def of_cluster(cloud, account, region, identity):
    answer = cloud.client("ecs", account, region).describe_clusters(clusters=[identity], include=["TAGS"])
    return pairs(answer["clusters"][0].get("tags", []))


def of_log_group(cloud, account, region, identity):
    arn = f"arn:aws:logs:{region}:{account}:log-group:{identity}"
    return cloud.client("logs", account, region).list_tags_for_resource(resourceArn=arn)["tags"]


def of_database(kind):
    def read(cloud, account, region, identity):
        arn = f"arn:aws:rds:{region}:{account}:{kind}:{identity}"
        return pairs(cloud.client("rds", account, region).list_tags_for_resource(ResourceName=arn)["TagList"])

    return read


def of_resource_group(cloud, account, region, identity):
    arn = f"arn:aws:resource-groups:{region}:{account}:group/{identity}"
    return cloud.client("resource-groups", account, region).get_tags(Arn=arn)["Tags"]


def of_alarm(cloud, account, region, identity):
    arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{identity}"
    return pairs(cloud.client("cloudwatch", account, region).list_tags_for_resource(ResourceARN=arn)["Tags"])


def of_address(cloud, account, region, identity):
    answer = cloud.client("ec2", account, region).describe_addresses(PublicIps=[identity])
    return pairs(answer["Addresses"][0].get("Tags", []))


def of_network(cloud, account, region, identity):
    """EC2 keeps the tags of everything with an id of its own in one place."""
    filters = [{"Name": "resource-id", "Values": [identity]}]
    pages = cloud.everything("ec2", "describe_tags", account, region, Filters=filters)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def of_namespace(cloud, account, region, identity):
    arn = cloud.client("servicediscovery", account, region).get_namespace(Id=identity)["Namespace"]["Arn"]
    return pairs(cloud.client("servicediscovery", account, region).list_tags_for_resource(ResourceARN=arn)["Tags"])


def of_bucket(cloud, account, region, identity):
    s3 = cloud.client("s3", account, region)
    try:
        return pairs(s3.get_bucket_tagging(Bucket=identity)["TagSet"])
    except s3.exceptions.ClientError as failure:
        # S3 has an error for a bucket without tags.
        if failure.response["Error"]["Code"] == "NoSuchTagSet":
            return {}
        raise


def of_table(cloud, account, region, identity):
    arn = f"arn:aws:dynamodb:{region}:{account}:table/{identity}"
    return pairs(cloud.client("dynamodb", account, region).list_tags_of_resource(ResourceArn=arn)["Tags"])


def of_function(cloud, account, region, identity):
    arn = f"arn:aws:lambda:{region}:{account}:function:{identity}"
    return cloud.client("lambda", account, region).list_tags(Resource=arn)["Tags"]


def of_api(cloud, account, region, identity):
    return cloud.client("apigateway", account, region).get_rest_api(restApiId=identity).get("tags", {})


def of_usage_plan(cloud, account, region, identity):
    return cloud.client("apigateway", account, region).get_usage_plan(usagePlanId=identity).get("tags", {})


def of_trail(cloud, account, region, identity):
    arn = f"arn:aws:cloudtrail:{region}:{account}:trail/{identity}"
    listed = cloud.client("cloudtrail", account, region).list_tags(ResourceIdList=[arn])["ResourceTagList"]
    return pairs(listed[0]["TagsList"])


def of_backup(kind):
    def read(cloud, account, region, identity):
        arn = f"arn:aws:backup:{region}:{account}:{kind}:{identity}"
        return pairs(cloud.client("backup", account, region).list_tags(ResourceArn=arn)["Tags"])

    return read


def of_queue(cloud, account, region, identity):
    return cloud.client("sqs", account, region).list_queue_tags(QueueUrl=identity).get("Tags", {})


def of_events(kind):
    def read(cloud, account, region, identity):
        # A rule of a bus is named `BUS|RULE` by CloudFormation's reference, and `BUS/RULE` in its ARN.
        arn = f"arn:aws:events:{region}:{account}:{kind}/{identity.replace('|', '/')}"
        return pairs(cloud.client("events", account, region).list_tags_for_resource(ResourceARN=arn)["Tags"])

    return read


def of_workgroup(cloud, account, region, identity):
    arn = f"arn:aws:athena:{region}:{account}:workgroup/{identity}"
    return pairs(cloud.client("athena", account, region).list_tags_for_resource(ResourceARN=arn)["Tags"])


def of_parameter(cloud, account, region, identity):
    ssm = cloud.client("ssm", account, region)
    return pairs(ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=identity)["TagList"])


# moto keeps no tags of these: what the template gives them is compared instead.
NOT_KEPT = {
    "AWS::AppConfig::Application",
    "AWS::AppConfig::ConfigurationProfile",
    "AWS::CodeBuild::Project",
    "AWS::CodePipeline::Pipeline",
    "AWS::ECR::Repository",
    "AWS::Kinesis::Stream",
    "AWS::Lambda::EventSourceMapping",
    "AWS::ApiGateway::Stage",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Dashboard",
    "AWS::CloudWatch::InsightRule",
}

def of_user_pool(cloud, account, region, pool):
    return cloud.client("cognito-idp", account, region).describe_user_pool(UserPoolId=pool)["UserPool"]["UserPoolTags"]


def of_identity_pool(cloud, account, region, pool):
    described = cloud.client("cognito-identity", account, region).describe_identity_pool(IdentityPoolId=pool)
    return described["IdentityPoolTags"]


def of_detector(cloud, account, region, detector):
    return cloud.client("guardduty", account, region).get_detector(DetectorId=detector)["Tags"]


def of_firewall(cloud, account, region, firewall):
    service = cloud.client("wafv2", account, region)
    listed = service.list_web_acls(Scope="REGIONAL")["WebACLs"]
    arn = next(one["ARN"] for one in listed if firewall in (one["Id"], one["ARN"]))
    tags = service.list_tags_for_resource(ResourceARN=arn)["TagInfoForResource"]["TagList"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def of_group(cloud, account, region, identity):
    """Those that an Auto Scaling group does not hand on to its instances are left out."""
    answer = cloud.client("autoscaling", account, region).describe_auto_scaling_groups(AutoScalingGroupNames=[identity])
    return pairs(tag for tag in answer["AutoScalingGroups"][0]["Tags"] if tag["PropagateAtLaunch"])


def of_capacity_provider(cloud, account, region, identity):
    answer = cloud.client("ecs", account, region).describe_capacity_providers(
        capacityProviders=[identity], include=["TAGS"]
    )
    return pairs(answer["capacityProviders"][0]["tags"])


READERS = {
    "AWS::AutoScaling::AutoScalingGroup": of_group,
    "AWS::ECS::CapacityProvider": of_capacity_provider,
    "AWS::Cognito::IdentityPool": of_identity_pool,
    "AWS::Cognito::UserPool": of_user_pool,
    "AWS::GuardDuty::Detector": of_detector,
    "AWS::WAFv2::WebACL": of_firewall,
    "AWS::ApiGateway::RestApi": of_api,
    "AWS::SSM::Parameter": of_parameter,
    "AWS::ApiGateway::UsagePlan": of_usage_plan,
    "AWS::CloudTrail::Trail": of_trail,
    "AWS::DynamoDB::Table": of_table,
    "AWS::Lambda::Function": of_function,
    "AWS::Organizations::Account": of_arn("organizations", "list_tags_for_resource", "ResourceId", "Tags"),
    "AWS::Organizations::OrganizationalUnit": of_arn("organizations", "list_tags_for_resource", "ResourceId", "Tags"),
    "AWS::CE::CostCategory": of_arn("ce", "list_tags_for_resource", "ResourceArn", "ResourceTags"),
    "AWS::Organizations::Policy": of_arn("organizations", "list_tags_for_resource", "ResourceId", "Tags"),
    "AWS::CertificateManager::Certificate": of_arn("acm", "list_tags_for_certificate", "CertificateArn", "Tags"),
    "AWS::Backup::BackupPlan": of_backup("backup-plan"),
    "AWS::Backup::BackupVault": of_backup("backup-vault"),
    "AWS::CloudWatch::Alarm": of_alarm,
    "AWS::CloudWatch::CompositeAlarm": of_alarm,
    "AWS::EC2::EIP": of_address,
    "AWS::ECS::Cluster": of_cluster,
    "AWS::ECS::Service": of_arn("ecs", "list_tags_for_resource", "resourceArn", "tags"),
    "AWS::ECS::TaskDefinition": of_arn("ecs", "list_tags_for_resource", "resourceArn", "tags"),
    "AWS::ElasticLoadBalancingV2::Listener": of_load_balancing,
    "AWS::ElasticLoadBalancingV2::ListenerRule": of_load_balancing,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": of_load_balancing,
    "AWS::ElasticLoadBalancingV2::TargetGroup": of_load_balancing,
    "AWS::Athena::WorkGroup": of_workgroup,
    "AWS::Events::EventBus": of_events("event-bus"),
    "AWS::Events::Rule": of_events("rule"),
    "AWS::Kinesis::Stream": of_arn("kinesis", "list_tags_for_stream", "StreamName", "Tags"),
    "AWS::KinesisFirehose::DeliveryStream": of_arn("firehose", "list_tags_for_delivery_stream", "DeliveryStreamName", "Tags"),
    "AWS::SQS::Queue": of_queue,
    "AWS::IAM::Role": of_arn("iam", "list_role_tags", "RoleName", "Tags"),
    "AWS::KMS::Key": of_arn("kms", "list_resource_tags", "KeyId", "Tags"),
    "AWS::Logs::LogGroup": of_log_group,
    "AWS::RDS::DBCluster": of_database("cluster"),
    "AWS::RDS::DBClusterParameterGroup": of_database("cluster-pg"),
    "AWS::RDS::DBInstance": of_database("db"),
    "AWS::RDS::DBSubnetGroup": of_database("subgrp"),
    "AWS::ResourceGroups::Group": of_resource_group,
    "AWS::S3::Bucket": of_bucket,
    "AWS::SNS::Topic": of_arn("sns", "list_tags_for_resource", "ResourceArn", "Tags"),
    "AWS::ServiceDiscovery::HttpNamespace": of_namespace,
    "AWS::SecretsManager::Secret": of_arn("secretsmanager", "describe_secret", "SecretId", "Tags"),
}


def read(cloud, account, region, kind, identity):
    """The tags of one resource; a taggable type that nobody can read here is an error, not an empty answer."""
    reader = READERS.get(kind) or (of_network if kind.startswith("AWS::EC2::") else None)
    if reader is None:
        raise LookupError(f"no reader for the tags of {kind}")
    return reader(cloud, account, region, identity)
