"""The model registry: groups of model packages, numbered as they come, that other accounts use by ARN and by policy."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.services.sagemaker.resources import (
    PRINCIPAL,
    Kind,
    create,
    describe,
    list_page,
    tags_of,
)
from fairway.twin.store import Resource

GROUP = Kind(
    "ModelPackageGroup",
    "model-package-group",
    missing="ModelPackageGroup {arn} does not exist.",
    taken="Model Package Group already exists: {arn}",
    status="ModelPackageGroupStatus",
)
PACKAGE = Kind(
    "ModelPackage",
    "model-package",
    missing="ModelPackage {arn} does not exist.",
    taken="Model Package already exists: {arn}",
    status="ModelPackageStatus",
)
# What an update may change, of what was given at creation.
_UPDATABLE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)


# -- groups -----------------------------------------------------------------------------------------------------------


def _group_arn(call: Call) -> str:
    name = call.params.get("ModelPackageGroupName", "*")
    return str(name) if name.startswith("arn:") else GROUP.arn(call, name)


def _group(call: Call) -> Resource:
    group = call.twin.store.find(_group_arn(call))
    if group is None:
        raise ValidationError(GROUP.missing.format(arn=_group_arn(call)))
    return group


def _versions(call: Call, group: Resource) -> list[Resource]:
    packages = call.twin.store.list(PACKAGE.noun, group.account, group.region)
    return [package for package in packages if package.attributes["ModelPackageGroupName"] == group.name]


def _policy(call: Call) -> tuple[str | None, str]:
    """Return the policy of the group that a request names, itself or by one of its versions, and its account."""
    arn = _package_arn(call) if {"ModelPackageName", "ModelPackageArn"} & call.params.keys() else _group_arn(call)
    resource = call.twin.store.find(arn)
    if resource is not None and resource.kind == PACKAGE.noun:
        name = resource.attributes["ModelPackageGroupName"]
        resource = call.twin.store.get(GROUP.noun, resource.account, resource.region, name)
    if resource is None:
        return None, arn.split(":")[4]
    return resource.attributes.get("ResourcePolicy"), resource.account


@operation("sagemaker", "CreateModelPackageGroup", resource=GROUP.named)
def create_group(call: Call) -> Mapping[str, Any]:
    """Store a group."""
    group = create(call, GROUP, ModelPackageGroupStatus="Completed", CreatedBy={}, LastVersion=0)
    return {"ModelPackageGroupArn": group.arn}


@operation("sagemaker", "DescribeModelPackageGroup", resource=_group_arn, policy=_policy)
def describe_group(call: Call) -> Mapping[str, Any]:
    """Describe a group by its name, or by the ARN of one of another account."""
    return describe("DescribeModelPackageGroup", _group(call))


@operation("sagemaker", "ListModelPackageGroups")
def list_groups(call: Call) -> Mapping[str, Any]:
    """List the groups of the account."""
    groups = call.twin.store.list(GROUP.noun, call.account, call.region)
    return list_page("ListModelPackageGroups", call, GROUP, groups)


@operation("sagemaker", "DeleteModelPackageGroup", resource=_group_arn)
def delete_group(call: Call) -> Mapping[str, Any]:
    """Forget a group that has no versions."""
    group = _group(call)
    if _versions(call, group):
        raise ValidationError(f"Cannot delete ModelPackageGroup {group.arn}, which still contains ModelPackages.")
    call.twin.store.remove(group)
    return {}


@operation("sagemaker", "PutModelPackageGroupPolicy", resource=_group_arn)
def put_policy(call: Call) -> Mapping[str, Any]:
    """Let other accounts use a group."""
    group = _group(call)
    call.twin.store.update(group, ResourcePolicy=call.params["ResourcePolicy"])
    return {"ModelPackageGroupArn": group.arn}


@operation("sagemaker", "GetModelPackageGroupPolicy", resource=_group_arn)
def get_policy(call: Call) -> Mapping[str, Any]:
    """Return the policy of a group."""
    return {"ResourcePolicy": _existing_policy(call)}


@operation("sagemaker", "DeleteModelPackageGroupPolicy", resource=_group_arn)
def delete_policy(call: Call) -> Mapping[str, Any]:
    """Remove the policy of a group."""
    _existing_policy(call)
    call.twin.store.update(_group(call), ResourcePolicy=None)
    return {}


def _existing_policy(call: Call) -> str:
    policy = _group(call).attributes.get("ResourcePolicy")
    if policy is None:
        raise ValidationError(f"Cannot find resource policy for: {_group_arn(call)}")
    return str(policy)


# -- packages ---------------------------------------------------------------------------------------------------------


def _new_package(call: Call) -> str:
    """Return what a policy must allow to register: all versions of the group, whose number is not known yet."""
    return _group_arn(call).replace(":model-package-group/", ":model-package/") + "/*"


def _package_arn(call: Call) -> str:
    name = call.params.get("ModelPackageName") or call.params["ModelPackageArn"]
    return name if name.startswith("arn:") else PACKAGE.arn(call, name)


def _package(call: Call) -> Resource:
    package = call.twin.store.find(_package_arn(call))
    if package is None or package.kind != PACKAGE.noun:
        raise ValidationError(PACKAGE.missing.format(arn=_package_arn(call)))
    return package


@operation("sagemaker", "CreateModelPackage", resource=_new_package, trusted_by=PRINCIPAL, policy=_policy)
def create_package(call: Call) -> Mapping[str, Any]:
    """Register the next version of a group."""
    if "ModelPackageGroupName" not in call.params:
        raise ValidationError("The twin has versioned model packages only: ModelPackageGroupName is required.")
    group = _group(call)
    with call.twin.store.locked():
        version = group.attributes["LastVersion"] + 1
        call.twin.store.update(group, LastVersion=version)
        package = _new_version(call, group, version)
        call.twin.store.add(package)
    _emit(call, package)
    return {"ModelPackageArn": package.arn}


def _new_version(call: Call, group: Resource, version: int) -> Resource:
    now = call.twin.clock.now()
    arn = f"{group.arn.replace(':model-package-group/', ':model-package/')}/{version}"
    given = {name: value for name, value in call.params.items() if name not in ("Tags", "ClientToken")}
    attributes = {
        "ModelApprovalStatus": "PendingManualApproval",
        "CertifyForMarketplace": False,
        **given,
        "ModelPackageName": group.name,
        "ModelPackageGroupName": group.name,
        "ModelPackageVersion": version,
        "ModelPackageArn": arn,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    return Resource(
        PACKAGE.noun, group.account, group.region, f"{group.name}/{version}", arn, attributes, tags_of(call)
    )


@operation("sagemaker", "DescribeModelPackage", resource=_package_arn, policy=_policy)
def describe_package(call: Call) -> Mapping[str, Any]:
    """Describe a package by its ARN."""
    return describe("DescribeModelPackage", _package(call))


@operation("sagemaker", "UpdateModelPackage", resource=_package_arn, trusted_by=PRINCIPAL, policy=_policy)
def update_package(call: Call) -> Mapping[str, Any]:
    """Approve or reject a package, or change what is written about it."""
    package, params = _package(call), call.params
    changes = {name: params[name] for name in _UPDATABLE if name in params}
    if "CustomerMetadataProperties" in params or "CustomerMetadataPropertiesToRemove" in params:
        written = package.attributes.get("CustomerMetadataProperties", {}) | params.get(
            "CustomerMetadataProperties", {}
        )
        removed = params.get("CustomerMetadataPropertiesToRemove", [])
        changes["CustomerMetadataProperties"] = {name: text for name, text in written.items() if name not in removed}
    if "AdditionalInferenceSpecificationsToAdd" in params:
        present = package.attributes.get("AdditionalInferenceSpecifications", [])
        changes["AdditionalInferenceSpecifications"] = [*present, *params["AdditionalInferenceSpecificationsToAdd"]]
    call.twin.store.update(package, **changes)
    _emit(call, package)
    return {"ModelPackageArn": package.arn}


@operation("sagemaker", "ListModelPackages", resource=_new_package, policy=_policy)
def list_packages(call: Call) -> Mapping[str, Any]:
    """List the versions of a group."""
    if "ModelPackageGroupName" not in call.params:
        return list_page("ListModelPackages", call, PACKAGE, [])  # all packages of the twin are versioned
    return list_page("ListModelPackages", call, PACKAGE, _versions(call, _group(call)))


@operation("sagemaker", "DeleteModelPackage", resource=_package_arn, policy=_policy)
def delete_package(call: Call) -> Mapping[str, Any]:
    """Forget a package; its number is not given again."""
    call.twin.store.remove(_package(call))
    return {}


def _emit(call: Call, package: Resource) -> None:
    call.twin.emit(
        source="aws.sagemaker",
        detail_type="SageMaker Model Package State Change",
        detail=describe("DescribeModelPackage", package),
        resources=[package.arn],
        account=package.account,
        region=package.region,
    )
