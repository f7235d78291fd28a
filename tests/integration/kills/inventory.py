"""Everything that an account holds, asked of each service itself, beside what Terraform's states say."""

from collections.abc import Callable, Mapping
from typing import Any

Client = Callable[[str], Any]


SCALING = {"ServiceNamespace": "sagemaker"}
LISTS: Mapping[str, tuple[str, str, str, str, Mapping[str, str]]] = {
    "endpoints": ("sagemaker", "list_endpoints", "Endpoints", "EndpointName", {}),
    "configurations": ("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", {}),
    "models": ("sagemaker", "list_models", "Models", "ModelName", {}),
    "groups": (
        "sagemaker", "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName", {}
    ),
    "targets": ("application-autoscaling", "describe_scalable_targets", "ScalableTargets", "ResourceId", SCALING),
    "policies": ("application-autoscaling", "describe_scaling_policies", "ScalingPolicies", "PolicyName", SCALING),
    "schedules": (
        "application-autoscaling", "describe_scheduled_actions", "ScheduledActions", "ScheduledActionName", SCALING
    ),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", {}),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName", {}),
    "machines": ("stepfunctions", "list_state_machines", "stateMachines", "name", {}),
    "roles": ("iam", "list_roles", "Roles", "RoleName", {}),
    "iam policies": ("iam", "list_policies", "Policies", "PolicyName", {"Scope": "Local"}),
    "keys": ("kms", "list_keys", "Keys", "KeyId", {}),
    "aliases": ("kms", "list_aliases", "Aliases", "AliasName", {}),
    "buckets": ("s3", "list_buckets", "Buckets", "Name", {}),
    "repositories": ("ecr", "describe_repositories", "repositories", "repositoryName", {}),
    "rules": ("events", "list_rules", "Rules", "Name", {}),
    "topics": ("sns", "list_topics", "Topics", "TopicArn", {}),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName", {}),
    "builds": ("codebuild", "list_projects", "projects", "", {}),
    "report groups": ("codebuild", "list_report_groups", "reportGroups", "", {}),
    "pipelines": ("codepipeline", "list_pipelines", "pipelines", "name", {}),
    "connections": ("codeconnections", "list_connections", "Connections", "ConnectionName", {}),
    "applications": ("codedeploy", "list_applications", "applications", "", {}),
    "interfaces": ("apigatewayv2", "get_apis", "Items", "Name", {}),
}  # fmt: skip


def inventory(client: Client) -> dict[str, set[str]]:
    """Return the names of what there is, by kind, but for what AWS keeps of its own accord.

    That is service-linked roles, AWS's own aliases, and keys while they wait for their deletion.
    """
    found = {
        kind: listed(client(service), operation, member, name, request)
        for kind, (service, operation, member, name, request) in LISTS.items()
    }
    kms = client("kms")
    waiting = {key for key in found["keys"] if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] != "Enabled"}
    return found | {
        "keys": found["keys"] - waiting,
        "roles": {name for name in found["roles"] if not name.startswith("AWSServiceRole")},
        "aliases": {name for name in found["aliases"] if not name.startswith("alias/aws/")},
    }


def listed(client: Any, operation: str, member: str, name: str, request: Mapping[str, str]) -> set[str]:
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate(**request)
    else:
        pages = [getattr(client, operation)(**request)]
    return {each[name] if name else each for page in pages for each in page.get(member, [])}


def orphans(client: Client, states: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return what is in the account and in no state, by kind."""
    known = {
        value
        for state in states.values()
        for resource in state["resources"]
        if resource["mode"] == "managed"
        for instance in resource["instances"]
        for value in instance["attributes"].values()
        if isinstance(value, str)
    }
    left = {kind: {name for name in found if name not in known} for kind, found in inventory(client).items()}
    # Target tracking makes its own alarms, and takes them away with the policy that says so.
    left["alarms"] = {name for name in left["alarms"] if not name.startswith("TargetTracking-endpoint/")}
    return {kind: found for kind, found in left.items() if found}
