"""Constraints of the model, in AWS's words."""

from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel

from fairway.twin import validation

SAGEMAKER = botocore.session.Session().get_service_model("sagemaker")
MODEL_NAME = r"[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?"
BROKEN = "failed to satisfy constraint: Member must"
SCALING = botocore.session.Session().get_service_model("application-autoscaling")
RUNTIME = botocore.session.Session().get_service_model("sagemaker-runtime")


def found(operation: str, params: dict[str, Any], service: ServiceModel = SAGEMAKER) -> list[str]:
    shape = service.operation_model(operation).input_shape
    assert shape is not None
    return list(validation.violations(shape, params))


@pytest.mark.parametrize(
    ("operation", "params", "sentence"),
    [
        ("DescribeModel", {}, f"Value null at 'modelName' {BROKEN} not be null"),
        (
            "DescribeModel",
            {"ModelName": "-a"},
            rf"Value '-a' at 'modelName' {BROKEN} satisfy regular expression pattern: {MODEL_NAME}",
        ),
        (
            "AddTags",
            {
                "ResourceArn": "arn:aws:sagemaker:us-east-1:111111111111:model/m",
                "Tags": [{"Key": "k" * 129, "Value": ""}],
            },
            f"Value '{'k' * 129}' at 'tags.1.member.key' {BROKEN} have length less than or equal to 128",
        ),
        (
            "ListModels",
            {"MaxResults": 0},
            f"Value '0' at 'maxResults' {BROKEN} have value greater than or equal to 1",
        ),
        (
            "ListModels",
            {"SortOrder": "Up"},
            f"Value 'Up' at 'sortOrder' {BROKEN} satisfy enum value set: [Ascending, Descending]",
        ),
        (
            "CreateEndpointConfig",
            {"EndpointConfigName": "c", "ProductionVariants": [{}]},
            f"Value null at 'productionVariants.1.member.variantName' {BROKEN} not be null",
        ),
        (
            "CreateEndpointConfig",
            {"EndpointConfigName": "c", "ProductionVariants": []},
            f"Value '[]' at 'productionVariants' {BROKEN} have length greater than or equal to 1",
        ),
    ],
)
def test_a_constraint_that_is_broken_is_named(operation, params, sentence):
    assert found(operation, params) == [sentence]


def test_all_of_them_are_named_at_once():
    sentences = found("CreateEndpoint", {})
    assert validation.summary(sentences) == (
        "2 validation errors detected: Value null at 'endpointName' failed to satisfy constraint: Member must not be "
        "null; Value null at 'endpointConfigName' failed to satisfy constraint: Member must not be null"
    )
    assert validation.summary(sentences[:1]).startswith("1 validation error detected: Value null at")


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("DescribeModel", {"ModelName": "flights-dev-1"}),
        ("AddTags", {"ResourceArn": "arn:aws:sagemaker:us-east-1:111111111111:model/m",
                     "Tags": [{"Key": "Größe: 1", "Value": "ein Wert / zwei"}]}),
    ],
)  # fmt: skip
def test_what_is_right_passes(operation, params):
    assert found(operation, params) == []


def test_javas_classes_are_understood():
    assert found("InvokeEndpoint", {"EndpointName": "e", "Body": b"", "CustomAttributes": "trace=1"}, RUNTIME) == []
    assert found("InvokeEndpoint", {"EndpointName": "e", "Body": b"", "CustomAttributes": "größe"}, RUNTIME) != []
    wrong = {"ResourceArn": "arn:aws:sagemaker:us-east-1:111111111111:model/m", "Tags": [{"Key": "a!", "Value": ""}]}
    assert "regular expression" in found("AddTags", wrong)[0]
    policy = {"ServiceNamespace": "sagemaker", "ResourceId": "e", "ScalableDimension": "ecs:service:DesiredCount"}
    assert found("PutScalingPolicy", {**policy, "PolicyName": "keep it busy"}, SCALING) == []
    assert "regular expression" in found("PutScalingPolicy", {**policy, "PolicyName": "größe"}, SCALING)[0]
