"""What the model registry says of a model package, as a release and as a set of golden requests."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.delivery import evaluation
from fairway.delivery.evaluation import Evaluation
from fairway.delivery.releases import Release
from fairway.errors import NotRegisteredError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def latest_approved(sagemaker: "SageMakerClient", group: str) -> str:
    """Return the ARN of the newest approved package of a group, or raise `NotRegisteredError`."""
    packages = sagemaker.list_model_packages(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime", SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]  # fmt: skip
    if not packages:
        raise NotRegisteredError(f"The group {group} holds no approved model package: `make train` registers one")
    return str(packages[0]["ModelPackageArn"])


def empty(sagemaker: "SageMakerClient", group: str) -> None:
    """Delete every model package of a group, if there is one: SageMaker deletes no group that still holds any."""
    groups = sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
    if group not in {each["ModelPackageGroupName"] for each in groups}:
        return
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    for arn in [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]:
        sagemaker.delete_model_package(ModelPackageName=arn)


def describe(sagemaker: "SageMakerClient", arn: str) -> dict[str, Any]:
    """Return a package's description, or raise `NotRegisteredError`."""
    try:
        return dict(sagemaker.describe_model_package(ModelPackageName=arn))
    except ClientError as error:
        said = error.response["Error"].get("Message", "it cannot be described")
        raise NotRegisteredError(f"{arn}: {said.rstrip('.')}") from error


def release_of(sagemaker: "SageMakerClient", s3: "S3Client", arn: str) -> Release:
    """Make the release of a registered, approved package, from what was written at its registration."""
    package = describe(sagemaker, arn)
    if package["ModelApprovalStatus"] != "Approved":
        raise NotRegisteredError(f"{arn} is {package['ModelApprovalStatus']}: only an approved package is released")
    container = package["InferenceSpecification"]["Containers"][0]
    lineage = package["CustomerMetadataProperties"]
    return Release(
        version=str(package["ModelPackageVersion"]),
        model_package_arn=package["ModelPackageArn"],
        model_data_url=container["ModelDataUrl"],
        model_data_sha256=lineage["model_data_sha256"],
        image=container["Image"],
        git_sha=lineage["git_sha"],
        metrics=_read_json(s3, _evaluation_url(package))["metrics"],
    )


def evaluation_of(sagemaker: Any, s3: Any, arn: str) -> Evaluation:
    """Return what the evaluation of a package said, or raise `NotRegisteredError` or `EvaluationError`."""
    url = _evaluation_url(describe(sagemaker, arn))
    return evaluation.parse(_read_json(s3, url), url)


def golden_requests(sagemaker: "SageMakerClient", s3: "S3Client", arn: str) -> dict[str, Any]:
    """Return the requests, with the answers recorded at evaluation, that a deployment of this package must repeat."""
    url = _evaluation_url(describe(sagemaker, arn))
    return dict(_read_json(s3, url.rsplit("/", 1)[0] + "/golden.json"))


def _evaluation_url(package: dict[str, Any]) -> str:
    return str(package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"])


def _read_json(s3: "S3Client", url: str) -> Any:
    bucket, key = url.removeprefix("s3://").split("/", 1)
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        raise NotRegisteredError(f"{url} cannot be read ({error.response['Error']['Code']})") from error
