"""Types of the components `monitoring` and `backup` that stock moto creates wrongly or not at all.

`described(Type, property_named)` gives them in the form of `TYPES` of `moto_extension.py`. What moto's services lack of
them stands in `not-in-moto.json`.
"""
import json

from moto.cloudwatch.responses import CloudWatchResponse


def topic(properties, _context):
    attributes = {key: properties.pop(key) for key in ("DisplayName", "KmsMasterKeyId") if key in properties}
    return {"Name": properties.pop("TopicName"), "Attributes": attributes, "Tags": properties.get("Tags", [])}


def topic_policy(created):
    for topic in created.properties["Topics"]:
        created.context.client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(created.properties["PolicyDocument"])
        )


def subscription(properties, _context):
    filtered = properties.pop("FilterPolicy", None)
    return properties | ({"Attributes": {"FilterPolicy": json.dumps(filtered)}} if filtered else {})


def vault(properties, _context):
    """moto keeps a vault with its key, its tags and its lock, and neither policy nor messages."""
    return properties | {"BackupVaultTags": properties.get("BackupVaultTags", {})}


def lock(created):
    locked = created.properties.get("LockConfiguration")
    if locked:
        numbers = {key: int(value) for key, value in locked.items()}
        created.context.client("backup").put_backup_vault_lock_configuration(
            BackupVaultName=created.reference, **numbers
        )


def plan(properties, _context):
    """The API calls its parts otherwise than the template does."""
    written = properties["BackupPlan"]
    rules = [
        {"TargetBackupVaultName" if key == "TargetBackupVault" else key: value for key, value in rule.items()}
        for rule in written["BackupPlanRule"]
    ]
    return properties | {"BackupPlan": {"BackupPlanName": written["BackupPlanName"], "Rules": rules}}


def recorder(properties, _context):
    group = {key[0].lower() + key[1:]: value for key, value in properties["RecordingGroup"].items()}
    return {
        "ConfigurationRecorder": {"name": "default", "roleARN": properties["RoleARN"], "recordingGroup": group}
    }


def channel(properties, _context):
    # moto wants to see a recorder first, and CloudFormation does not say which of the two comes first.
    return {
        "DeliveryChannel": {
            "name": "default",
            "s3BucketName": properties["S3BucketName"],
            "s3KmsKeyArn": properties["S3KmsKeyArn"],
        }
    }


def rule(properties, _context):
    return {"ConfigRule": properties}


def described(Type, property_named):
    return {
        "AWS::SNS::Topic": Type(
            "sns", "create_topic", "TopicArn", named=("TopicName", 256), prepare=topic,
            attributes={"TopicArn": "TopicArn"},
        ),
        "AWS::SNS::TopicPolicy": Type(
            "sns", "list_topics", lambda created: created.properties["Topics"][0], later=("Topics", "PolicyDocument"),
            finish=topic_policy,
        ),
        "AWS::SNS::Subscription": Type("sns", "subscribe", "SubscriptionArn", prepare=subscription),
        "AWS::CloudWatch::CompositeAlarm": Type(
            "cloudwatch", "put_composite_alarm", property_named("AlarmName"), named=("AlarmName", 255),
            attributes={
                "Arn": lambda created: (
                    f"arn:aws:cloudwatch:{created.context.region}:{created.context.account}:alarm:{created.reference}"
                )
            },
        ),
        "AWS::Backup::BackupVault": Type(
            "backup", "create_backup_vault", "BackupVaultName", prepare=vault, finish=lock,
            later=("AccessPolicy", "LockConfiguration", "Notifications"),
            attributes={"BackupVaultArn": "BackupVaultArn", "BackupVaultName": "BackupVaultName"},
        ),
        "AWS::Backup::BackupPlan": Type(
            "backup", "create_backup_plan", "BackupPlanId", prepare=plan,
            attributes={"BackupPlanArn": "BackupPlanArn", "BackupPlanId": "BackupPlanId"},
        ),
        "AWS::Config::ConfigurationRecorder": Type(
            "config", "put_configuration_recorder", lambda _: "default", prepare=recorder
        ),
        "AWS::Config::DeliveryChannel": Type("config", "put_delivery_channel", lambda _: "default", prepare=channel),
        "AWS::Config::ConfigRule": Type("config", "put_config_rule", property_named("ConfigRuleName"), prepare=rule),
    }


def extend():
    """moto reads the rule of a composite alarm where it makes any alarm, and has forgotten the operation that asks."""
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm
