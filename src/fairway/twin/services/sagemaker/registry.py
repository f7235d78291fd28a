"""The model registry: groups of model packages, numbered as they come."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.services.sagemaker.resources import (
    PRINCIPAL,
    Kind,
    create,
    declare_delete,
    declare_reads,
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


@operation("sagemaker", "CreateModelPackageGroup", resource=GROUP.named)
def create_group(call: Call) -> Mapping[str, Any]:
    """Store a group."""
    group = create(call, GROUP, ModelPackageGroupStatus="Completed", CreatedBy={}, LastVersion=0)
    return {"ModelPackageGroupArn": group.arn}


def _check_empty(call: Call, group: Resource) -> None:
    if _versions(call, group.name):
        raise ValidationError(f"Cannot delete ModelPackageGroup {group.arn}, which still contains ModelPackages.")


def _versions(call: Call, group: str) -> list[Resource]:
    packages = call.twin.store.list(PACKAGE.noun, call.account, call.region)
    return [package for package in packages if package.attributes["ModelPackageGroupName"] == group]


declare_reads(GROUP)
declare_delete(GROUP, _check_empty)


# -- packages ---------------------------------------------------------------------------------------------------------


def _new_package(call: Call) -> str:
    group = call.params.get("ModelPackageGroupName")
    return call.arn(f"model-package/{_group_name(group).lower()}/*" if group else "model-package/*")


def _group_name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _package_arn(call: Call) -> str:
    name = call.params.get("ModelPackageName") or call.params["ModelPackageArn"]
    return name if name.startswith("arn:") else PACKAGE.arn(call, name)


def _package(call: Call) -> Resource:
    package = call.twin.store.find(_package_arn(call))
    if package is None or package.kind != PACKAGE.noun:
        raise ValidationError(PACKAGE.missing.format(arn=_package_arn(call)))
    return package


@operation("sagemaker", "CreateModelPackage", resource=_new_package, trusted_by=PRINCIPAL)
def create_package(call: Call) -> Mapping[str, Any]:
    """Register the next version of a group."""
    if "ModelPackageGroupName" not in call.params:
        raise ValidationError("The twin registers versioned model packages only: ModelPackageGroupName is required.")
    group = GROUP.find(call, _group_name(call.params["ModelPackageGroupName"]))
    now, params = call.twin.clock.now(), call.params
    with call.twin.store.locked():
        version = group.attributes["LastVersion"] + 1
        call.twin.store.update(group, LastVersion=version)
        package = Resource(
            PACKAGE.noun,
            call.account,
            call.region,
            f"{group.name}/{version}",
            PACKAGE.arn(call, f"{group.name}/{version}"),
            {
                "ModelApprovalStatus": "PendingManualApproval",
                **{name: value for name, value in params.items() if name not in ("Tags", "ClientToken")},
                "ModelPackageName": group.name,
                "ModelPackageGroupName": group.name,
                "ModelPackageVersion": version,
                "ModelPackageArn": PACKAGE.arn(call, f"{group.name}/{version}"),
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "CreationTime": now,
                "LastModifiedTime": now,
                "CertifyForMarketplace": params.get("CertifyForMarketplace", False),
            },
            tags_of(call),
        )
        call.twin.store.add(package)
    _emit(call, package)
    return {"ModelPackageArn": package.arn}


@operation("sagemaker", "DescribeModelPackage", resource=_package_arn)
def describe_package(call: Call) -> Mapping[str, Any]:
    """Describe a package by its ARN."""
    return describe("DescribeModelPackage", _package(call))


@operation("sagemaker", "UpdateModelPackage", resource=_package_arn, trusted_by=PRINCIPAL)
def update_package(call: Call) -> Mapping[str, Any]:
    """Approve or reject a package, or change what is written about it."""
    package, params = _package(call), call.params
    changes = {name: params[name] for name in _UPDATABLE if name in params}
    if "CustomerMetadataProperties" in params or "CustomerMetadataPropertiesToRemove" in params:
        kept = {
            **package.attributes.get("CustomerMetadataProperties", {}),
            **params.get("CustomerMetadataProperties", {}),
        }
        for name in params.get("CustomerMetadataPropertiesToRemove", []):
            kept.pop(name, None)
        changes["CustomerMetadataProperties"] = kept
    if "AdditionalInferenceSpecificationsToAdd" in params:
        present = package.attributes.get("AdditionalInferenceSpecifications", [])
        changes["AdditionalInferenceSpecifications"] = [*present, *params["AdditionalInferenceSpecificationsToAdd"]]
    call.twin.store.update(package, **changes)
    _emit(call, package)
    return {"ModelPackageArn": package.arn}


@operation("sagemaker", "ListModelPackages")
def list_packages(call: Call) -> Mapping[str, Any]:
    """List the versions of a group."""
    if "ModelPackageGroupName" not in call.params:
        return list_page("ListModelPackages", call, PACKAGE, [])  # all packages of the twin are versioned
    group = GROUP.find(call, _group_name(call.params["ModelPackageGroupName"]))
    return list_page("ListModelPackages", call, PACKAGE, _versions(call, group.name))


@operation("sagemaker", "DeleteModelPackage", resource=_package_arn)
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
        account=call.account,
        region=call.region,
    )
