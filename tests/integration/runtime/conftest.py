"""A bucket, an image and the role of jobs and models, as a project has them."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pytest
from tests.integration.running import RunningTwin
from tests.integration.runtime.hand_made import FILES, layer, model_archive, push

DONE = {"Completed", "Failed", "Stopped"}
SETTLED = {"InService", "Failed", "UpdateRollbackFailed"}


@pytest.fixture(scope="module")
def repository(twin: RunningTwin, request: pytest.FixtureRequest) -> str:
    name: str = request.module.__name__.rpartition(".")[2].replace("_", "-")
    twin.client("ecr").create_repository(repositoryName=name)
    return name


@pytest.fixture(scope="module")
def image(twin: RunningTwin, repository: str) -> str:
    return push(twin, repository, layer(FILES))


@pytest.fixture(scope="module")
def bucket(twin: RunningTwin, request: pytest.FixtureRequest) -> str:
    name: str = request.module.__name__.rpartition(".")[2].replace("_", "-") + "-data"
    s3 = twin.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="raw/2013-01.csv", Body=b"one")
    s3.put_object(Bucket=name, Key="raw/deep/2013-02.csv", Body=b"two")
    s3.put_object(Bucket=name, Key="models/a.tar.gz", Body=model_archive("a"))
    s3.put_object(Bucket=name, Key="models/b.tar.gz", Body=model_archive("b"))
    return name


def statements(bucket: str, repository: str, *, without: str = "") -> list[dict[str, Any]]:
    """What SageMaker's documentation asks of an execution role; `without` leaves out one statement."""
    every: dict[str, dict[str, Any]] = {
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
        "alarms": {"Action": "cloudwatch:DescribeAlarms", "Resource": "*"},
    }
    return [statement for name, statement in every.items() if name != without]


@pytest.fixture
def execution_role(role: Callable[..., str], bucket: str, repository: str) -> Callable[..., str]:
    """Return the ARN of a new execution role; `without` names the statement that it lacks."""
    return lambda without="": role("sagemaker.amazonaws.com", *statements(bucket, repository, without=without))


def wait(
    describe: Callable[[], dict[str, Any]], until: Callable[[dict[str, Any]], bool], seconds: float = 30
) -> dict[str, Any]:
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
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)[
            "events"
        ]
    ]


@pytest.fixture
def train(twin, unique, image, bucket, execution_role):
    """Start a training job, let `meanwhile` happen when it trains, and return how it ended."""

    def start(meanwhile=None, *, without="", data="raw/", seconds=600, **changes):
        sagemaker, name = twin.client("sagemaker"), unique("job")
        request = {
            "TrainingJobName": name,
            "RoleArn": execution_role(without),
            "AlgorithmSpecification": {
                "TrainingImage": image,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:auc", "Regex": r"validation:auc=([0-9.]+);"}],
            },
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "ContentType": "text/csv",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{data}"}},
                }
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
            **changes,
        }
        sagemaker.create_training_job(**request)
        describe = partial(sagemaker.describe_training_job, TrainingJobName=name)
        if meanwhile is not None:
            wait(describe, lambda job: job["SecondaryStatus"] == "Training")
            meanwhile(name)
        return wait(describe, lambda job: job["TrainingJobStatus"] in DONE)

    return start


@pytest.fixture
def model(twin, unique, image, bucket, execution_role):
    """Make a model that answers `a` or `b`; return its name."""

    def make(answer="a", *, mode="", without="", uri=None):
        name = unique("model")
        twin.client("sagemaker").create_model(
            ModelName=name,
            ExecutionRoleArn=execution_role(without),
            PrimaryContainer={
                "Image": uri or image,
                "ModelDataUrl": f"s3://{bucket}/models/{answer}.tar.gz",
                "Environment": {"MODE": mode},
            },
        )
        return name

    return make


@pytest.fixture
def config(twin, unique):
    """Make an endpoint configuration of variants `name=(model, instances, weight)`; return its name."""

    def make(**variants):
        name = unique("config")
        twin.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant,
                    "ModelName": model,
                    "InitialInstanceCount": instances,
                    "InstanceType": "ml.m5.large",
                    "InitialVariantWeight": weight,
                    "ContainerStartupHealthCheckTimeoutInSeconds": 60,
                }
                for variant, (model, instances, weight) in variants.items()
            ],
        )
        return name

    return make


@pytest.fixture
def endpoint(twin, unique):
    """Make an endpoint, and return its description once it is settled; it is deleted after the test."""
    sagemaker, made = twin.client("sagemaker"), []

    def make(config_name):
        made.append(unique("endpoint"))
        sagemaker.create_endpoint(EndpointName=made[-1], EndpointConfigName=config_name)
        return settled(twin, made[-1])

    yield make
    for name in made:
        sagemaker.delete_endpoint(EndpointName=name)
        gone(twin, name)


@pytest.fixture
def heard(twin, unique):
    """Return what a rule on the events of SageMaker and of alarms has put into a queue."""
    sqs, events, name = twin.client("sqs"), twin.client("events"), unique("heard")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.sagemaker", "aws.cloudwatch"]}))[
        "RuleArn"
    ]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    seen = []

    def read(arn):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [event for event in seen if event["resources"] == [arn]]

    return read


def gone(twin, name):
    """Wait until the endpoint is deleted."""
    found = partial(twin.client("sagemaker").list_endpoints, NameContains=name)
    wait(found, lambda answer: not answer["Endpoints"])


def settled(twin, name):
    return wait(
        lambda: twin.client("sagemaker").describe_endpoint(EndpointName=name),
        lambda endpoint: endpoint["EndpointStatus"] in SETTLED,
    )


def update(twin, name, config_name, **members):
    twin.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config_name, **members)
    return settled(twin, name)


class Load:
    """Clients that ask all the time; what went wrong is in `failures`, who answered in `answers`."""

    def __init__(self, twin, name):
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(twin, name)) for _ in range(3)]

    @property
    def sent(self):
        return self.answers.total() + len(self.failures)

    def _run(self, twin, name):
        runtime = twin.client("sagemaker-runtime")
        while not self._end.is_set():
            try:
                answer = runtime.invoke_endpoint(EndpointName=name, Body=b"slow", ContentType="text/csv")
                self.answers[answer["Body"].read().decode()[0]] += 1
            except Exception as error:  # noqa: BLE001 -- any failure is what the test looks for
                self.failures.append(repr(error))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()


@cache
def runtime_of(twin):
    return twin.client("sagemaker-runtime")  # making a client takes longer than a prediction


def ask(twin, name, body="1", **members):
    answer = runtime_of(twin).invoke_endpoint(EndpointName=name, Body=body.encode(), ContentType="text/csv", **members)
    return answer["Body"].read().decode(), answer
