"""Where asynchronous answers go, and what is said about them."""

import base64
from datetime import UTC, datetime

import pytest

from fairway.twin.runtime.async_orders import INCLUDED_BYTES, Outcome, notification, order_of, topic_of
from fairway.twin.runtime.channels import Location
from fairway.twin.runtime.failures import CallerError

MOMENT = datetime(2026, 11, 22, 10, 0, 0, 455_000, tzinfo=UTC)
TOPICS = {"SuccessTopic": "arn:s", "ErrorTopic": "arn:e"}


def order(params=None, *, failures="s3://b/failed/", **output):
    config = {"OutputConfig": {"S3OutputPath": "s3://b/out", "S3FailurePath": failures, **output}}
    asked = {"InputLocation": "s3://b/in.csv", "InferenceId": "id", **(params or {})}
    return order_of(asked, config, received=MOMENT, queued=100.0, speed=60)


def message(taken, outcome):
    return notification(taken, outcome, endpoint="e", region="us-east-1", now=MOMENT)


@pytest.mark.parametrize(
    ("params", "output"),
    [
        ({}, "s3://b/out/id.out"),
        ({"Filename": "one.csv"}, "s3://b/out/one.csv"),
        ({"S3OutputPathExtension": "/a/b/"}, "s3://b/out/a/b/id.out"),
        ({"S3OutputPathExtension": "a", "Filename": "one"}, "s3://b/out/a/one"),
    ],
)
def test_where_the_answer_goes(params, output):
    taken = order(params)
    assert taken.output.uri == output
    assert taken.failure == Location("b", "failed/id-error.out")


def test_what_is_not_said_is_made():
    taken = order({"InferenceId": ""}, failures="")
    assert (len(taken.identity), taken.failure, taken.timeout) == (36, None, 900)
    assert taken.output.uri == f"s3://b/out/{taken.identity}.out"
    assert taken.expires == 100 + 21_600 / 60
    assert order({"RequestTTLSeconds": 60, "InvocationTimeoutSeconds": 3600}).expires == 101


def test_only_s3_is_read():
    with pytest.raises(CallerError, match="is no location in S3"):
        order({"InputLocation": "https://b/in.csv"})


def test_what_is_said_of_an_answer():
    said = message(
        order({"ContentType": "text/csv", "Accept": "text/csv", "CustomAttributes": "x"}),
        Outcome("Completed", "", b"1", "text/plain"),
    )
    assert said == {
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-22T10:00:00.455Z",
        "receivedTime": "2026-11-22T10:00:00.455Z",
        "invocationStatus": "Completed",
        "requestParameters": {
            "contentType": "text/csv",
            "accept": "text/csv",
            "customAttributes": "x",
            "endpointName": "e",
            "inputLocation": "s3://b/in.csv",
        },
        "responseParameters": {"contentType": "text/plain", "outputLocation": "s3://b/out/id.out"},
        "inferenceId": "id",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


@pytest.mark.parametrize("status", ["Failed", "Expired"])
def test_what_is_said_of_a_failure(status):
    written = Outcome(status, "why", b"it broke", "text/plain", Location("b", "failed/id-error.out"))
    said = message(order(), written)
    assert (said["invocationStatus"], said["failureReason"]) == (status, "why")
    assert said["responseParameters"] == {
        "contentType": "text/plain",
        "failureLocation": "s3://b/failed/id-error.out",
    }
    assert "responseParameters" not in message(order(), Outcome(status, "why"))


def test_who_is_told_and_who_gets_the_answer_itself():
    taken = order(NotificationConfig={**TOPICS, "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"]})
    good, bad = Outcome("Completed", "", b"1"), Outcome("Failed", "why", b"1")
    assert (topic_of(taken, good), topic_of(taken, bad), topic_of(order(), good)) == ("arn:s", "arn:e", None)
    assert message(taken, good)["responseBody"] == {"content": base64.b64encode(b"1").decode(), "encoding": "BASE64"}
    assert "responseBody" not in message(taken, bad)
    assert "responseBody" not in message(taken, Outcome("Completed", "", b"x" * (INCLUDED_BYTES + 1)))
