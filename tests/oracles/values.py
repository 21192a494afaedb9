"""Works out what the intrinsic functions of a template come to, plausibly where only AWS knows the real value.

Parameters come from a deployment file and imports from the stack that exports them, so an ARN that crosses stacks
keeps the form it will have.
"""
import json
import re

from tree import read

# The form of what Ref or GetAtt gives, where a policy may name it as a resource.
ARNS = {
    "AWS::CodeBuild::Project": "arn:aws:codebuild:{region}:{account}:project/{name}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::ECR::Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "AWS::ECS::Cluster": "arn:aws:ecs:{region}:{account}:cluster/{name}",
    "AWS::ECS::TaskDefinition": "arn:aws:ecs:{region}:{account}:task-definition/{name}:1",
    "AWS::ECS::Service": "arn:aws:ecs:{region}:{account}:service/{name}/{name}",
    "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/11111111-2222-3333-4444-555555555555",
    "AWS::KinesisFirehose::DeliveryStream": "arn:aws:firehose:{region}:{account}:deliverystream/{name}",
    "AWS::Kinesis::Stream": "arn:aws:kinesis:{region}:{account}:stream/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::RDS::DBCluster": "arn:aws:rds:{region}:{account}:cluster:{name}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "AWS::Backup::BackupVault": "arn:aws:backup:{region}:{account}:backup-vault:{name}",
    "AWS::Lambda::Alias": "arn:aws:lambda:{region}:{account}:function:{name}:live",
    "AWS::ElasticLoadBalancingV2::Listener": "arn:aws:elasticloadbalancing:{region}:{account}:listener/app/{name}/0/0",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/0",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/0",
}
ARN_BY_REF = {
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::Alias",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
}


class Tree:
    """All stacks of an output tree, so that what one exports another can import."""

    def __init__(self, stacks):
        self.values = [Values(self, stack, read(stack.template)) for stack in stacks]

    def exported(self, name, account, region):
        for values in self.values:
            if (values.stack.account, values.stack.region) == (account, region):
                for output in values.template.get("Outputs", {}).values():
                    if "Export" in output and values.of(output["Export"]["Name"]) == name:
                        return values.of(output["Value"])
        raise ValueError(f"nothing in {account}/{region} exports {name}")


class Values:
    """What the expressions of one stack's template come to."""

    def __init__(self, tree, stack, template):
        self.tree, self.stack, self.template = tree, stack, template
        defaults = {
            name: parameter["Default"]
            for name, parameter in template.get("Parameters", {}).items()
            if "Default" in parameter
        }
        self.parameters = {**defaults, **stack.parameters}
        self.pseudo = {
            "AWS::AccountId": stack.account,
            "AWS::Partition": "aws",
            "AWS::Region": stack.region,
            "AWS::StackId": f"arn:aws:cloudformation:{stack.region}:{stack.account}:stack/{stack.name}/0",
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def of(self, expression):
        if isinstance(expression, list):
            return [self.of(item) for item in expression]
        if not isinstance(expression, dict):
            return expression
        if len(expression) == 1:
            (function, argument), = expression.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self.applied(function, argument)
        return {key: self.of(value) for key, value in expression.items()}

    def applied(self, function, argument):
        if function == "Ref":
            return self.referred(argument)
        if function == "Fn::GetAtt":
            name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return self.attribute(name, attribute)
        if function == "Fn::Sub":
            text, variables = (argument, {}) if isinstance(argument, str) else argument
            return re.sub(r"\$\{([^}]*)\}", lambda match: self.substituted(match.group(1), variables), text)
        if function == "Fn::ImportValue":
            return self.tree.exported(self.of(argument), self.stack.account, self.stack.region)
        if function == "Fn::Join":
            return argument[0].join(str(part) for part in self.of(argument[1]))
        if function == "Fn::Split":
            return self.of(argument[1]).split(argument[0])
        if function == "Fn::Select":
            return self.of(argument[1])[int(self.of(argument[0]))]
        if function == "Fn::FindInMap":
            table, row, column = self.of(argument)
            return self.template["Mappings"][table][row][column]
        if function == "Fn::ToJsonString":
            return json.dumps(self.of(argument))
        raise ValueError(f"{self.stack.name}: {function} is not understood here")

    def referred(self, name):
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            kind, value = self.template["Parameters"][name]["Type"], self.parameters[name]
            return value.split(",") if kind == "CommaDelimitedList" or kind.startswith("List<") else value
        resource = self.template["Resources"][name]
        if resource["Type"] in ARN_BY_REF:
            return self.attribute(name, "Arn")
        return f"{self.stack.name}-{name}".lower()

    def attribute(self, name, attribute):
        kind = self.template["Resources"][name]["Type"]
        if attribute.endswith(".SecretArn"):
            kind = "AWS::SecretsManager::Secret"
        elif kind == "AWS::SecretsManager::Secret" and attribute == "Id":
            attribute = "Arn"
        if attribute.endswith("Arn") and kind in ARNS:
            physical = f"{self.stack.name}-{name}".lower()
            return ARNS[kind].format(account=self.stack.account, region=self.stack.region, name=physical)
        return f"{self.stack.name}-{name}-{attribute}".lower()

    def substituted(self, name, variables):
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name in variables:
            return str(self.of(variables[name]))
        return str(self.attribute(*name.split(".", 1)) if "." in name else self.referred(name))
