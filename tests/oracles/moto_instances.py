"""The resource types of instances that ECS runs tasks on, as moto's services take them."""


def in_subnets(properties, _context):
    properties["VPCZoneIdentifier"] = ",".join(properties["VPCZoneIdentifier"])
    return properties


def group_arn(created):
    name = created.properties["AutoScalingGroupName"]
    answer = created.context.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return answer["AutoScalingGroups"][0]["AutoScalingGroupARN"]


def with_its_role(created):
    for role in created.properties["Roles"]:
        created.context.client("iam").add_role_to_instance_profile(
            InstanceProfileName=created.reference, RoleName=role
        )


def described(Type, property_named):
    return {
        "AWS::AutoScaling::AutoScalingGroup": Type(
            "autoscaling", "create_auto_scaling_group", property_named("AutoScalingGroupName"),
            named=("AutoScalingGroupName", 255), prepare=in_subnets, attributes={"AutoScalingGroupARN": group_arn},
        ),
        "AWS::EC2::LaunchTemplate": Type(
            "ec2", "create_launch_template", "LaunchTemplate.LaunchTemplateId", named=("LaunchTemplateName", 128),
            attributes={
                "LaunchTemplateId": "LaunchTemplate.LaunchTemplateId",
                "LatestVersionNumber": "LaunchTemplate.LatestVersionNumber",
            },
        ),
        "AWS::ECS::CapacityProvider": Type(
            "ecs", "create_capacity_provider", "capacityProvider.name", named=("Name", 255)
        ),
        "AWS::IAM::InstanceProfile": Type(
            "iam", "create_instance_profile", "InstanceProfile.InstanceProfileName",
            named=("InstanceProfileName", 128), later=("Roles",), finish=with_its_role,
            attributes={"Arn": "InstanceProfile.Arn"},
        ),
    }
