"""A bucket, an image and the role of jobs and models, as a project has them."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.running import RunningTwin
from tests.integration.runtime.hand_made import FILES, layer, model_archive, push

DONE = {"Completed", "Failed", "Stopped"}


@pytest.fixture(scope="module")
def repository(twin: RunningTwin, request: pytest.FixtureRequest) -> str:
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    twin.client("ecr").create_repository(repositoryName=name)
    return name


@pytest.fixture(scope="module")
def image(twin: RunningTwin, repository: str) -> str:
    return push(twin, repository, layer(FILES))


@pytest.fixture(scope="module")
def bucket(twin: RunningTwin, request: pytest.FixtureRequest) -> str:
    name = request.module.__name__.rpartition(".")[2].replace("_", "-") + "-data"
    s3 = twin.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="raw/2013-01.csv", Body=b"one")
    s3.put_object(Bucket=name, Key="raw/deep/2013-02.csv", Body=b"two")
    s3.put_object(Bucket=name, Key="models/a.tar.gz", Body=model_archive("a"))
    s3.put_object(Bucket=name, Key="models/b.tar.gz", Body=model_archive("b"))
    return name


def statements(bucket: str, repository: str, *, without: str = "") -> list[dict[str, Any]]:
    """What SageMaker's documentation asks of an execution role; `without` leaves out one statement."""
    every = {
        "bucket": {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"},
        "objects": {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{bucket}/*"},
        "token": {"Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        "image": {
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
            "Resource": f"arn:aws:ecr:us-east-1:111111111111:repository/{repository}",
        },
        "logs": {
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "arn:aws:logs:us-east-1:111111111111:log-group:/aws/sagemaker/*",
        },
        "metrics": {"Action": "cloudwatch:PutMetricData", "Resource": "*"},
    }
    return [statement for name, statement in every.items() if name != without]


@pytest.fixture
def execution_role(role: Callable[..., str], bucket: str, repository: str) -> Callable[..., str]:
    """Return the ARN of a new execution role; `without` names the statement that it lacks."""
    return lambda without="": role("sagemaker.amazonaws.com", *statements(bucket, repository, without=without))


def wait(describe: Callable[[], dict[str, Any]], until: Callable[[dict[str, Any]], bool], seconds: float = 30) -> dict[str, Any]:
    """Return what describe says once `until` holds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = describe()
        if until(answer):
            return answer
        assert time.monotonic() < deadline, json.dumps(answer, default=str, indent=1)
        time.sleep(0.05)


def log_lines(twin: RunningTwin, group: str, prefix: str) -> list[str]:
    """All lines of the streams of a group that begin so."""
    logs = twin.client("logs")
    try:
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
    except logs.exceptions.ResourceNotFoundException:  # the first container of the twin makes the group
        return []
    return [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]
    ]
