"""Lists and the registry."""

import pytest
from botocore.exceptions import ClientError


def test_versions_are_numbered_approved_and_listed(twin, unique):
    sagemaker, group = twin.client("sagemaker"), unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    arns = [sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"] for _ in range(3)]
    assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2", "3"]
    sagemaker.update_model_package(
        ModelPackageArn=arns[1], ModelApprovalStatus="Approved", CustomerMetadataProperties={"run": "r1"}
    )

    described = sagemaker.describe_model_package(ModelPackageName=arns[1])
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["CustomerMetadataProperties"] == {"run": "r1"}
    approved = sagemaker.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert [package["ModelPackageArn"] for package in approved["ModelPackageSummaryList"]] == [arns[1]]
    newest = sagemaker.list_model_packages(ModelPackageGroupName=group, SortOrder="Descending", MaxResults=1)
    assert [package["ModelPackageVersion"] for package in newest["ModelPackageSummaryList"]] == [3]

    sagemaker.delete_model_package(ModelPackageName=arns[2])
    fourth = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    assert fourth.endswith("/4"), "a number is not given again"
    with pytest.raises(ClientError, match="still contains ModelPackages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)


def test_lists_are_filtered_sorted_and_paged(twin, unique):
    sagemaker, stem = twin.client("sagemaker"), unique("listed")
    names = [f"{stem}-{letter}" for letter in "bcad"]
    for name in names:
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(
        NameContains=stem, SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 3}
    )
    listed = [[group["ModelPackageGroupName"] for group in page["ModelPackageGroupSummaryList"]] for page in pages]
    assert listed == [sorted(names)[:3], sorted(names)[3:]]
    newest = sagemaker.list_model_package_groups(NameContains=stem, MaxResults=1)["ModelPackageGroupSummaryList"]
    assert newest[0]["ModelPackageGroupName"] == names[-1]
    with pytest.raises(ClientError, match="NextToken is invalid"):
        sagemaker.list_model_package_groups(NextToken="nonsense")


ARN = "arn:aws:sagemaker:us-east-1:111111111111"
NO_CONFIG = f'Could not find endpoint configuration "{ARN}:endpoint-config/c".'
NO_GROUP = f"ModelPackageGroup {ARN}:model-package-group/g does not exist."


@pytest.mark.parametrize(
    ("method", "parameters", "says"),
    [
        ("describe_endpoint", {"EndpointName": "e"}, f'Could not find endpoint "{ARN}:endpoint/e".'),
        ("describe_endpoint_config", {"EndpointConfigName": "c"}, NO_CONFIG),
        ("describe_model", {"ModelName": "m"}, f'Could not find model "{ARN}:model/m".'),
        ("describe_model_package_group", {"ModelPackageGroupName": "g"}, NO_GROUP),
        ("describe_training_job", {"TrainingJobName": "t"}, "Requested resource not found."),
        ("describe_processing_job", {"ProcessingJobName": "p"}, "Could not find requested job with name: p"),
        ("create_endpoint", {"EndpointName": "e", "EndpointConfigName": "c"}, NO_CONFIG),
        ("delete_model", {"ModelName": "m"}, f'Could not find model "{ARN}:model/m".'),
        ("list_tags", {"ResourceArn": f"{ARN}:model/m"}, f"Could not find resource {ARN}:model/m."),
    ],
)
def test_what_does_not_exist_is_said_as_sagemaker_says_it(twin, method, parameters, says):
    with pytest.raises(ClientError) as caught:
        getattr(twin.client("sagemaker"), method)(**parameters)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"] == says


def test_an_endpoint_that_does_not_exist_cannot_be_invoked(twin):
    with pytest.raises(ClientError) as caught:
        twin.client("sagemaker-runtime").invoke_endpoint(EndpointName="none", Body=b"")
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationError", "Endpoint none of account 111111111111 not found.")


def test_a_models_data_must_be_there_and_readable_by_its_role(twin, role, unique):
    bucket, sagemaker = unique("bucket"), twin.client("sagemaker")
    twin.client("s3").create_bucket(Bucket=bucket)
    twin.client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=b"")
    reader = role(
        "sagemaker.amazonaws.com",
        {
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        },
    )

    def create(key: str, by: str) -> None:
        container = {"Image": "example:1", "ModelDataUrl": f"s3://{bucket}/{key}"}
        sagemaker.create_model(ModelName=unique("model"), PrimaryContainer=container, ExecutionRoleArn=by)

    create("model.tar.gz", reader)
    with pytest.raises(ClientError, match=f"Could not find model data at s3://{bucket}/none"):
        create("none", reader)
    with pytest.raises(ClientError, match="Could not access model data at"):
        create("model.tar.gz", role("sagemaker.amazonaws.com"))
