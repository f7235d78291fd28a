import io
import json

import boto3
import pytest

from fairway.functions.check import check, handler
from fairway.functions.golden import Golden, read
from fairway.functions.schema import Schema

RECORDED = Golden(Schema(()), {"instances": [{"hour": 7}]}, {"predictions": [{"probability": 0.25}]})
SPEC = {"Resources": [{"predict": {"Properties": {"Name": "flights-prod-api", "TargetVersion": "3"}}}]}
DEPLOYMENT = {"deploymentId": "d-1", "revision": {"appSpecContent": {"content": json.dumps(SPEC)}}}


class Lambda:
    """Stands for Lambda: a version that answers, or raises."""

    def __init__(self, payload, **more):
        self.payload, self.more, self.asked = payload, more, {}

    def invoke(self, **request):
        self.asked = request
        return {"Payload": io.BytesIO(json.dumps(self.payload).encode()), **self.more}


def answering(status, body):
    return Lambda({"statusCode": status, "body": json.dumps(body)})


def test_a_version_that_answers_as_recorded_passes():
    lambda_client = answering(200, {"predictions": [{"probability": 0.25 + 1e-9}]})
    assert check(DEPLOYMENT, RECORDED, lambda_client) is None
    assert (lambda_client.asked["FunctionName"], lambda_client.asked["Qualifier"]) == ("flights-prod-api", "3")
    event = json.loads(lambda_client.asked["Payload"])
    assert json.loads(event["body"]) == RECORDED.request
    assert event["headers"]["x-correlation-id"] == "check-d-1"


@pytest.mark.parametrize(
    ("lambda_client", "problem"),
    [
        (answering(200, {"predictions": [{"probability": 0.3}]}), "otherwise than recorded"),
        (answering(503, {"error": "The model is not available."}), "answered 503"),
        (Lambda({"errorType": "KeyError", "errorMessage": "'x'"}, FunctionError="Unhandled"), "raised KeyError: 'x'"),
    ],
)
def test_a_version_that_does_not_is_told(lambda_client, problem):
    told = check(DEPLOYMENT, RECORDED, lambda_client)
    assert told is not None
    assert problem in told
    assert told.startswith("version 3 of flights-prod-api")


class Clients:
    """Stands for CodeDeploy, SageMaker, S3 and Lambda at once."""

    def __init__(self, lambda_client, golden_key="runs/a/evaluation/golden.json"):
        self.invoke, self.golden_key, self.said = lambda_client.invoke, golden_key, []

    def get_deployment(self, **_):
        return {"deploymentInfo": DEPLOYMENT}

    def describe_model_package(self, **_):
        url = "s3://artifacts/runs/a/evaluation/evaluation.json"
        return {"ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": url}}}}

    def get_object(self, *, Bucket, Key):  # noqa: N803 -- boto3's names
        assert (Bucket, Key) == ("artifacts", self.golden_key)
        recorded = {"schema": [], "request": RECORDED.request, "response": RECORDED.response}
        return {"Body": io.BytesIO(json.dumps(recorded).encode())}

    def put_lifecycle_event_hook_execution_status(self, **said):
        self.said.append(said)


@pytest.mark.parametrize(
    ("clients", "status"),
    [
        (Clients(answering(200, RECORDED.response)), "Succeeded"),
        (Clients(answering(500, {})), "Failed"),
        (Clients(answering(200, RECORDED.response), golden_key="elsewhere"), "Failed"),
    ],
)
def test_codedeploy_always_gets_an_answer(clients, status, monkeypatch):
    monkeypatch.setattr(boto3, "client", lambda _: clients)
    monkeypatch.setenv("FAIRWAY_MODEL_PACKAGE", "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/1")
    handler({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}, None)
    assert clients.said == [{"deploymentId": "d-1", "lifecycleEventHookExecutionId": "e-1", "status": status}]


def test_the_schema_is_read_with_the_requests():
    clients = Clients(answering(200, {}))
    assert read("arn", sagemaker=clients, s3=clients) == RECORDED
