"""Types of the components `chargeback` and `analytics` that stock moto creates wrongly or not at all.

`described(Type, property_named)` gives them in the form of `TYPES` of `moto_extension.py`.
"""
import io
import json
import zipfile


def zipped(text):
    """The package that CloudFormation makes of code that stands in a template."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as written:
        # With a date of its own, so that equal code is an equal package.
        written.writestr(zipfile.ZipInfo("index.py"), text)
    return package.getvalue()


def rule(properties, context):
    if "EventPattern" in properties:
        properties["EventPattern"] = json.dumps(properties["EventPattern"])
    return properties


def targeted(created):
    """Targets are put in a call of their own."""
    properties, events = created.properties, created.context.client("events")
    bus = {"EventBusName": properties["EventBusName"]} if "EventBusName" in properties else {}
    answer = events.put_targets(Rule=created.reference, Targets=properties["Targets"], **bus)
    if answer["FailedEntryCount"]:
        raise ValueError(str(answer["FailedEntries"]))


def bus_policy(properties, context):
    """The statement as a policy of the bus, which is what CloudFormation makes of it too."""
    statement = {"Sid": properties.pop("StatementId"), **properties.pop("Statement")}
    properties["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return properties


def queue_policy(properties, context):
    [properties["QueueUrl"]] = properties.pop("Queues")
    properties["Attributes"] = {"Policy": json.dumps(properties.pop("PolicyDocument"))}
    return properties


def stream(properties, context):
    properties["StreamName"] = properties.pop("Name")
    properties["Tags"] = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    return properties


def kept_and_encrypted(created):
    kinesis, name = created.context.client("kinesis"), created.properties["Name"]
    # moto has no retention or key of a stream that is made in one call.
    kinesis.increase_stream_retention_period(
        StreamName=name, RetentionPeriodHours=int(created.properties["RetentionPeriodHours"])
    )
    kinesis.start_stream_encryption(StreamName=name, **created.properties["StreamEncryption"])


def workgroup(properties, context):
    properties["Configuration"] = properties.pop("WorkGroupConfiguration")
    return properties


def described(Type, property_named):
    return {
        "AWS::Athena::NamedQuery": Type("athena", "create_named_query", "NamedQueryId"),
        "AWS::Athena::WorkGroup": Type(
            "athena", "create_work_group", property_named("Name"), prepare=workgroup, later=("RecursiveDeleteOption",)
        ),
        "AWS::Events::EventBus": Type(
            "events", "create_event_bus", property_named("Name"), {"Arn": "EventBusArn", "Name": "EventBusName"}
        ),
        "AWS::Events::EventBusPolicy": Type(
            "events", "put_permission", property_named("StatementId"), prepare=bus_policy
        ),
        "AWS::Events::Rule": Type(
            "events",
            "put_rule",
            property_named("Name"),
            {"Arn": "RuleArn"},
            named=("Name", 64),
            prepare=rule,
            later=("Targets",),
            finish=targeted,
        ),
        "AWS::Glue::Database": Type(
            "glue", "create_database", lambda created: created.properties["DatabaseInput"]["Name"]
        ),
        "AWS::Glue::Table": Type("glue", "create_table", lambda created: created.properties["TableInput"]["Name"]),
        "AWS::Kinesis::Stream": Type(
            "kinesis",
            "create_stream",
            property_named("Name"),
            {
                "Arn": lambda created: created.context.client("kinesis").describe_stream_summary(
                    StreamName=created.reference
                )["StreamDescriptionSummary"]["StreamARN"]
            },
            prepare=stream,
            later=("RetentionPeriodHours", "StreamEncryption"),
            finish=kept_and_encrypted,
        ),
        "AWS::Kinesis::ResourcePolicy": Type(
            "kinesis",
            "put_resource_policy",
            property_named("ResourceArn"),
            rename={"ResourceArn": "ResourceARN", "ResourcePolicy": "Policy"},
        ),
        "AWS::KinesisFirehose::DeliveryStream": Type(
            "firehose",
            "create_delivery_stream",
            property_named("DeliveryStreamName"),
            {"Arn": "DeliveryStreamARN"},
            named=("DeliveryStreamName", 64),
        ),
        "AWS::Logs::LogStream": Type(
            "logs",
            "create_log_stream",
            property_named("LogStreamName"),
            rename={"LogGroupName": "logGroupName", "LogStreamName": "logStreamName"},
        ),
        "AWS::SQS::QueuePolicy": Type(
            "sqs", "set_queue_attributes", lambda created: created.properties["Queues"][0], prepare=queue_policy
        ),
    }
