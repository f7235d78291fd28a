"""What Step Functions makes of an API's names, parameters, results and errors."""

import io
import json
from datetime import UTC, datetime

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from fairway.twin import translation

SESSION = botocore.session.Session()


def operation(service: str, name: str) -> OperationModel:
    return SESSION.get_service_model(service).operation_model(name)


@pytest.mark.parametrize(
    ("service_id", "name"),
    [
        ("SageMaker", "SageMaker"), ("S3", "S3"), ("DynamoDB", "DynamoDb"), ("SFN", "Sfn"), ("EC2", "Ec2"),
        ("CloudWatch Logs", "CloudWatchLogs"), ("SageMaker Runtime", "SageMakerRuntime"), ("Lambda", "Lambda"),
        ("Secrets Manager", "SecretsManager"), ("EventBridge", "EventBridge"), ("KMS", "Kms"),
    ],
)  # fmt: skip
def test_services_are_named_as_in_java(service_id, name):
    assert translation.java_name(service_id) == name


class ResourceInUse(ClientError):  # noqa: N818 -- as botocore names it
    """What botocore makes of an error that the model has."""


@pytest.mark.parametrize(
    ("kind", "code", "optimized", "name"),
    [
        (ResourceInUse, "ResourceInUse", True, "SageMaker.ResourceInUseException"),
        (ResourceInUse, "ResourceInUse", False, "SageMaker.ResourceInUseException"),
        (ResourceInUse, "ConflictException", False, "SageMaker.ConflictException"),
        (ResourceInUse, "NoSuchFault", False, "SageMaker.NoSuchException"),
        (ClientError, "ValidationException", True, "SageMaker.AmazonSageMakerException"),
        (ClientError, "ValidationException", False, "SageMaker.SageMakerException"),
    ],
)
def test_errors_are_named_as_in_java(kind, code, optimized, name):
    error = kind({"Error": {"Code": code, "Message": "no"}}, "CreateModel")
    assert translation.error_name("SageMaker", error, optimized=optimized) == name


def test_arguments_begin_with_a_capital_and_json_may_stand_for_its_text():
    shape = operation("stepfunctions", "StartExecution").input_shape
    given = {"StateMachineArn": "arn", "Input": {"a": [1]}}
    assert translation.parameters(shape, given) == {"stateMachineArn": "arn", "input": json.dumps({"a": [1]})}


def test_arguments_that_the_api_lacks_are_refused():
    shape = operation("sagemaker", "CreateModel").input_shape
    with pytest.raises(translation.UnknownFieldError, match='The field "Color" is not supported by Step Functions'):
        translation.parameters(shape, {"PrimaryContainer": {"Color": "red"}})


def test_results_begin_with_a_capital_and_are_json():
    shape = operation("s3", "GetObject").output_shape
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    answer = {"Body": io.BytesIO(b"text"), "LastModified": moment, "Metadata": {"lower": "x"}}
    assert translation.result(shape, answer, optimized=False) == {
        "Body": "text", "LastModified": "2026-01-02T03:04:05Z", "Metadata": {"lower": "x"},
    }  # fmt: skip
    started = {"executionArn": "arn", "startDate": moment}
    shape = operation("stepfunctions", "StartExecution").output_shape
    assert translation.result(shape, started, optimized=True) == {"ExecutionArn": "arn", "StartDate": 1767323045000}
