"""What a Terraform that died had made and not yet written into its state: found by its name, imported by the next plan.

Terraform writes its state every twenty seconds at most. What it made since is in AWS and in no state when it is killed,
and to make it again is refused ("already exists") or, for a key, makes a second one that costs as long as it lives.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_ABSENT = re.compile(r"NotFound|NoSuch|404|[Cc]ould not find|[Dd]oes ?[Nn]ot ?[Ee]xist")
"""How the services say that there is no such thing, in the code or in the words of their answer."""


@dataclass(frozen=True)
class Planned:
    """A resource that a plan would create, with what is known of it before it is."""

    address: str
    type: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A resource that a plan would create although it exists; `id` is what Terraform imports it by."""

    address: str
    id: str


@dataclass(frozen=True)
class Account:
    """Where to look: an account and region, and what makes clients of it."""

    number: str
    region: str
    client: Callable[[str], Any]


Finder = Callable[[Account, Mapping[str, Any]], str | None]


def creations(plan: Mapping[str, Any]) -> list[Planned]:
    """Return what a plan, as `terraform show -json` tells it, would create where there was nothing."""
    changes = plan.get("resource_changes", [])
    return [
        Planned(each["address"], each["type"], each["change"]["after"])
        for each in changes
        if each["change"]["actions"] == ["create"] and each["mode"] == "managed"
    ]


def find(planned: Iterable[Planned], account: Account) -> list[Found]:
    """Return those that exist already, as far as their types are known."""
    asked = [(each, FINDERS[each.type]) for each in planned if each.type in FINDERS]
    found = [(each, _or_none(finder, account, each.values)) for each, finder in asked]
    return [Found(each.address, identity) for each, identity in found if identity]


def orphaned_keys(
    plan: Mapping[str, Any], found: Iterable[Found], tags: Mapping[str, str], account: Account
) -> list[str]:
    """Return the ARNs of keys with a root's tags that are in no state and not found either: they only cost."""
    before = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
    known = {each.id for each in found} | set(_key_ids(before))
    return [key["Arn"] for key in _keys(account, tags) if key["KeyId"] not in known]


def _key_ids(module: Mapping[str, Any]) -> Iterator[str]:
    for each in module.get("resources", []):
        if (each["mode"], each["type"]) == ("managed", "aws_kms_key"):
            yield each["values"]["key_id"]
    for child in module.get("child_modules", []):
        yield from _key_ids(child)


def import_blocks(found: Iterable[Found]) -> str:
    """Return the Terraform that imports them."""
    # JSON strings are HCL strings, but for what HCL would take for a template.
    blocks = [f"import {{\n  to = {each.address}\n  id = {_quoted(each.id)}\n}}\n" for each in found]
    return "\n".join(blocks)


def _quoted(text: str) -> str:
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


def _or_none(finder: Finder, account: Account, values: Mapping[str, Any]) -> str | None:
    try:
        return finder(account, values)
    except ClientError as error:
        told = error.response["Error"]
        if _ABSENT.search(f"{told['Code']} {told.get('Message', '')}"):
            return None
        raise


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
    ours = [key["KeyId"] for key in _keys(account, values["tags_all"]) if key["Description"] == values["description"]]
    targets = [alias.get("TargetKeyId") for alias in _aliases(account)]
    return next(iter(sorted(ours, key=lambda key: key not in targets)), None)


def _keys(account: Account, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the keys that have the tags and are not waiting for their deletion."""
    pages = account.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(
        TagFilters=[{"Key": name, "Values": [value]} for name, value in sorted(tags.items())],
        ResourceTypeFilters=["kms:key"],
    )  # fmt: skip
    arns = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
    kms = account.client("kms")
    keys = [kms.describe_key(KeyId=arn)["KeyMetadata"] for arn in arns]
    return [key for key in keys if key["KeyState"] == "Enabled"]


FINDERS: Mapping[str, Finder] = {
    "aws_appautoscaling_target": _scalable_target,
    "aws_cloudwatch_log_group": _log_group,
    "aws_ecr_repository": _named("ecr", "describe_repositories", "repositoryNames"),
    "aws_iam_openid_connect_provider": _identity_provider,
    "aws_iam_policy": _policy,
    "aws_iam_role": _named("iam", "get_role", "RoleName"),
    "aws_kms_alias": _alias,
    "aws_kms_key": _key,
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
