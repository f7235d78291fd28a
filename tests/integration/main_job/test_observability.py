"""What a run leaves to read, by plain boto3 and by the AWS CLI, told nothing but what `make env` prints."""

import json
import subprocess
import time
from pathlib import Path

import pytest

AWS = Path(__file__).parents[3] / ".venv/bin/aws"
STATES = [
    "Begin", "Hosts", "Prepare", "Prepared", "Search", "Train", "Evaluate", "ReadEvaluation", "Gate", "Register",
    "Registered",
]  # fmt: skip
MACHINE = "arn:aws:states:us-east-1:111111111111:stateMachine:flights-dev-training"


@pytest.fixture(scope="module")
def aws(copy):
    variables = copy.aws_variables

    def call(*words):
        command = [str(AWS), *words, "--output", "json"]
        answer = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
        return json.loads(answer.stdout or "{}")

    return call


@pytest.fixture(scope="module")
def execution(copy):
    listed = copy.client("stepfunctions").list_executions(stateMachineArn=MACHINE, statusFilter="SUCCEEDED")
    return listed["executions"][0]


def test_env_prints_all_that_a_tool_needs(copy):
    names = {line.partition("=")[0] for line in copy.fairway("env").out.splitlines()}
    assert names == {
        f"export AWS_{name}"
        for name in ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION", "DEFAULT_REGION")
    }


def test_the_history_of_a_run_by_boto3(copy, execution):
    pages = copy.client("stepfunctions").get_paginator("get_execution_history")
    events = [event for page in pages.paginate(executionArn=execution["executionArn"]) for event in page["events"]]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if event["type"].endswith("StateEntered")]
    assert entered == STATES
    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))


def test_the_history_of_a_run_by_the_cli(aws, execution):
    events = aws("stepfunctions", "get-execution-history", "--execution-arn", execution["executionArn"])["events"]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if event["type"].endswith("StateEntered")]
    assert entered == STATES
    output = json.loads(
        aws("stepfunctions", "describe-execution", "--execution-arn", execution["executionArn"])["output"]
    )
    assert output["run"] == execution["name"]
    assert output["metrics"]["auc"] > 0.65


def test_the_logs_of_a_job_by_boto3(copy, execution):
    logs, group = copy.client("logs"), "/aws/sagemaker/TrainingJobs"
    job = f"flights-dev-{execution['name']}-train-0"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job)["logStreams"]
    assert [stream["logStreamName"].partition("/")[0] for stream in streams] == [job]
    assert logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"])["events"]


def test_the_logs_of_a_job_and_of_the_endpoint_by_the_cli(aws, execution):
    group = ("--log-group-name", "/aws/sagemaker/ProcessingJobs")
    job = f"flights-dev-{execution['name']}-prep-0"
    streams = aws("logs", "describe-log-streams", *group, "--log-stream-name-prefix", job)["logStreams"]
    assert aws("logs", "get-log-events", *group, "--log-stream-name", streams[0]["logStreamName"])["events"]
    assert aws("logs", "filter-log-events", "--log-group-name", "/aws/sagemaker/Endpoints/flights-dev")["events"]


def test_the_jobs_of_a_run_by_the_cli(aws, execution):
    job = aws("sagemaker", "describe-training-job", "--training-job-name", f"flights-dev-{execution['name']}-train-0")
    assert job["TrainingJobStatus"] == "Completed"
    assert aws("sagemaker", "list-model-packages", "--model-package-group-name", "flights")["ModelPackageSummaryList"]


def test_the_metrics_of_the_endpoint(copy, aws):
    assert copy.fairway("invoke", "dev").code == 0
    names = {
        each["MetricName"] for each in aws("cloudwatch", "list-metrics", "--namespace", "AWS/SageMaker")["Metrics"]
    }
    assert {"Invocations", "ModelLatency", "OverheadLatency", "Invocation4XXErrors", "Invocation5XXErrors"} <= names
    now = time.time()
    request = {
        "Namespace": "AWS/SageMaker", "StartTime": now - 3600, "EndTime": now + 3600, "Period": 7200,
        "Dimensions": [{"Name": "EndpointName", "Value": "flights-dev"}, {"Name": "VariantName", "Value": "current"}],
    }  # fmt: skip

    def total(name):
        points = copy.client("cloudwatch").get_metric_statistics(MetricName=name, Statistics=["Sum"], **request)
        return sum(point["Sum"] for point in points["Datapoints"])

    until = time.monotonic() + 30
    while total("Invocations") < 3:  # each demo's, and this test's own; they are sent every few seconds
        assert time.monotonic() < until
        time.sleep(0.2)
    assert total("ModelLatency") > 0
    assert total("Invocation5XXErrors") == 0


def test_the_events_of_a_run(rehearsal, execution):
    sqs = rehearsal.copy.client("sqs")
    events = []
    while messages := sqs.receive_message(QueueUrl=rehearsal.queue, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            events.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=rehearsal.queue, ReceiptHandle=message["ReceiptHandle"])
    kinds = {event["detail-type"] for event in events}
    assert {
        "SageMaker Training Job State Change", "SageMaker Processing Job State Change",
        "SageMaker Model Package State Change", "SageMaker Endpoint State Change",
        "Step Functions Execution Status Change",
    } <= kinds  # fmt: skip
    job = f"flights-dev-{execution['name']}-train-0"
    states = [event["detail"]["TrainingJobStatus"] for event in events if event["detail"].get("TrainingJobName") == job]
    assert (states[0], states[-1]) == ("InProgress", "Completed")


def test_who_did_what_is_in_the_trail(copy, aws):
    attribute = "AttributeKey=EventName,AttributeValue=CreateTrainingJob"
    found = aws("cloudtrail", "lookup-events", "--lookup-attributes", attribute, "--max-items", "1")["Events"]
    recorded = json.loads(found[0]["CloudTrailEvent"])
    assert recorded["requestParameters"]["TrainingJobName"].startswith("flights-dev-")
    assert recorded["userIdentity"]["arn"].split("/")[0].endswith(":assumed-role")
    trail = copy.client("cloudtrail")
    found = trail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateModelPackage"}]
    )
    assert found["Events"]
