"""How a resource that exists is found before Terraform would make it, by its type, and what it is imported by."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Account:
    """Where to look: an account and region, and what makes clients of it."""

    number: str
    region: str
    client: Callable[[str], Any]


Finder = Callable[[Account, Mapping[str, Any]], str | None]


def _named(service: str, operation: str, member: str, attribute: str = "name") -> Finder:
    """Find by asking for it by name, which is what it is imported by too."""

    def finder(account: Account, values: Mapping[str, Any]) -> str:
        name = str(values[attribute])
        getattr(account.client(service), operation)(**{member: [name] if member.endswith("s") else name})
        return name

    return finder


def _log_group(account: Account, values: Mapping[str, Any]) -> str | None:
    pages = account.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=values["name"])
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    return values["name"] if values["name"] in names else None


def _state_machine(account: Account, values: Mapping[str, Any]) -> str:
    arn = f"arn:aws:states:{account.region}:{account.number}:stateMachine:{values['name']}"
    account.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    return arn


def _policy(account: Account, values: Mapping[str, Any]) -> str:
    arn = f"arn:aws:iam::{account.number}:policy{values['path']}{values['name']}"
    account.client("iam").get_policy(PolicyArn=arn)
    return arn


def _identity_provider(account: Account, values: Mapping[str, Any]) -> str:
    arn = f"arn:aws:iam::{account.number}:oidc-provider/{values['url'].removeprefix('https://')}"
    account.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return arn


def _scalable_target(account: Account, values: Mapping[str, Any]) -> str | None:
    namespace, resource, dimension = (
        values[member] for member in ("service_namespace", "resource_id", "scalable_dimension")
    )
    targets = account.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace=namespace, ResourceIds=[resource], ScalableDimension=dimension
    )["ScalableTargets"]
    return f"{namespace}/{resource}/{dimension}" if targets else None


def _aliases(account: Account) -> list[dict[str, Any]]:
    pages = account.client("kms").get_paginator("list_aliases").paginate()
    return [alias for page in pages for alias in page["Aliases"]]


def _alias(account: Account, values: Mapping[str, Any]) -> str | None:
    return next((alias["AliasName"] for alias in _aliases(account) if alias["AliasName"] == values["name"]), None)


def _key(account: Account, values: Mapping[str, Any]) -> str | None:
    """Find a key, which has no name, by its tags and its description; of several, one that an alias points to."""
    ours = [key["KeyId"] for key in keys(account, values["tags_all"]) if key["Description"] == values["description"]]
    targets = [alias.get("TargetKeyId") for alias in _aliases(account)]
    return next(iter(sorted(ours, key=lambda key: key not in targets)), None)


def keys(account: Account, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the keys that have the tags and are not waiting for their deletion."""
    pages = account.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(
        TagFilters=[{"Key": name, "Values": [value]} for name, value in sorted(tags.items())],
        ResourceTypeFilters=["kms:key"],
    )  # fmt: skip
    arns = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
    kms = account.client("kms")
    keys = [kms.describe_key(KeyId=arn)["KeyMetadata"] for arn in arns]
    return [key for key in keys if key["KeyState"] == "Enabled"]


def _existing(service: str, operation: str, identity: str, **request: str) -> Finder:
    """Find by asking for it by several of its values, of which what it is imported by is made too."""

    def finder(account: Account, values: Mapping[str, Any]) -> str:
        asked = {member: values[attribute] for member, attribute in request.items()}
        getattr(account.client(service), operation)(**asked)
        return identity.format(**values)

    return finder


def _build_project(account: Account, values: Mapping[str, Any]) -> str | None:
    found = account.client("codebuild").batch_get_projects(names=[values["name"]])["projects"]
    return values["name"] if found else None


def _report_group(account: Account, values: Mapping[str, Any]) -> str | None:
    arn = f"arn:aws:codebuild:{account.region}:{account.number}:report-group/{values['name']}"
    return arn if account.client("codebuild").batch_get_report_groups(reportGroupArns=[arn])["reportGroups"] else None


def _connection(account: Account, values: Mapping[str, Any]) -> str | None:
    # botocore knows no paginator of this operation, and an account has a handful: GitHub's are asked for at once.
    connections = account.client("codeconnections").list_connections(ProviderTypeFilter="GitHub", MaxResults=100)[
        "Connections"
    ]
    return next((each["ConnectionArn"] for each in connections if each["ConnectionName"] == values["name"]), None)


def _permission(account: Account, values: Mapping[str, Any]) -> str | None:
    function, qualifier, sid = values["function_name"], values["qualifier"], values["statement_id"]
    policy = account.client("lambda").get_policy(FunctionName=function, Qualifier=qualifier)["Policy"]
    found = any(statement["Sid"] == sid for statement in json.loads(policy)["Statement"])
    return f"{function}:{qualifier}/{sid}" if found else None


def _api(account: Account, values: Mapping[str, Any]) -> str | None:
    pages = account.client("apigatewayv2").get_paginator("get_apis").paginate()
    return next((api["ApiId"] for page in pages for api in page["Items"] if api["Name"] == values["name"]), None)


def _part_of_api(operation: str, identity: str, member: str, attribute: str) -> Finder:
    """Find a part of an API by a value that only one of them has; until the API is known there is nothing to ask."""

    def finder(account: Account, values: Mapping[str, Any]) -> str | None:
        api = values.get("api_id")
        if api is None or values.get(attribute) is None:
            return None
        pages = account.client("apigatewayv2").get_paginator(operation).paginate(ApiId=api)
        parts = [part for page in pages for part in page["Items"]]
        return next((f"{api}/{part[identity]}" for part in parts if part[member] == values[attribute]), None)

    return finder


FINDERS: Mapping[str, Finder] = {
    "aws_apigatewayv2_api": _api,
    "aws_apigatewayv2_authorizer": _part_of_api("get_authorizers", "AuthorizerId", "Name", "name"),
    "aws_apigatewayv2_integration": _part_of_api(
        "get_integrations", "IntegrationId", "IntegrationUri", "integration_uri"
    ),
    "aws_apigatewayv2_route": _part_of_api("get_routes", "RouteId", "RouteKey", "route_key"),
    "aws_apigatewayv2_stage": _part_of_api("get_stages", "StageName", "StageName", "name"),
    "aws_appautoscaling_target": _scalable_target,
    "aws_cloudwatch_log_group": _log_group,
    "aws_codebuild_project": _build_project,
    "aws_codebuild_report_group": _report_group,
    "aws_codeconnections_connection": _connection,
    "aws_codedeploy_app": _named("codedeploy", "get_application", "applicationName"),
    "aws_codedeploy_deployment_config": _named(
        "codedeploy", "get_deployment_config", "deploymentConfigName", "deployment_config_name"
    ),
    "aws_codedeploy_deployment_group": _existing(
        "codedeploy",
        "get_deployment_group",
        "{app_name}:{deployment_group_name}",
        applicationName="app_name",
        deploymentGroupName="deployment_group_name",
    ),
    "aws_codepipeline": _named("codepipeline", "get_pipeline", "name"),
    "aws_ecr_repository": _named("ecr", "describe_repositories", "repositoryNames"),
    "aws_iam_openid_connect_provider": _identity_provider,
    "aws_iam_policy": _policy,
    "aws_iam_role": _named("iam", "get_role", "RoleName"),
    "aws_kms_alias": _alias,
    "aws_kms_key": _key,
    "aws_lambda_alias": _existing(
        "lambda", "get_alias", "{function_name}/{name}", FunctionName="function_name", Name="name"
    ),
    "aws_lambda_function": _named("lambda", "get_function", "FunctionName", "function_name"),
    "aws_lambda_permission": _permission,
    "aws_s3_bucket": _named("s3", "head_bucket", "Bucket", "bucket"),
    "aws_sagemaker_endpoint": _named("sagemaker", "describe_endpoint", "EndpointName"),
    "aws_sagemaker_endpoint_configuration": _named("sagemaker", "describe_endpoint_config", "EndpointConfigName"),
    "aws_sagemaker_model": _named("sagemaker", "describe_model", "ModelName"),
    "aws_sagemaker_model_package_group": _named(
        "sagemaker", "describe_model_package_group", "ModelPackageGroupName", "model_package_group_name"
    ),
    "aws_sfn_state_machine": _state_machine,
}
"""How what a type's creation would collide with is found. What is not here is made by a Put that may be repeated."""
