"""Step Functions waits for SageMaker's jobs, and what happened can be read with boto3 and the AWS CLI."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.running import RunningTwin
from tests.integration.runtime.hand_made import FILES, layer, push

JOBS = {
    "Action": ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"],
    "Resource": "arn:aws:sagemaker:us-east-1:111111111111:training-job/*",
}
SEARCHES = {
    "Action": [f"sagemaker:{verb}HyperParameterTuningJob" for verb in ("Create", "Describe", "Stop")],
    "Resource": "arn:aws:sagemaker:us-east-1:111111111111:hyper-parameter-tuning-job/*",
}
RULES = {
    "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
    "Resource": "arn:aws:events:us-east-1:111111111111:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule",
}
SEARCH_RULES = RULES | {
    "Resource": "arn:aws:events:us-east-1:111111111111:rule/StepFunctionsGetEventsForSageMakerTuningJobsRule"
}


@pytest.fixture(scope="module")
def image(twin: RunningTwin) -> str:
    twin.client("ecr").create_repository(repositoryName="awaited")
    twin.client("s3").create_bucket(Bucket="awaited")
    twin.client("s3").put_object(Bucket="awaited", Key="raw/a.csv", Body=b"1")
    return push(twin, "awaited", layer(FILES))


@pytest.fixture
def start(twin: RunningTwin, role: Callable[..., str], unique: Callable[[str], str], image: str) -> Callable[..., Any]:
    """Start an execution whose one task trains; return its ARN and the job's name."""

    def begin(task: dict[str, Any] | None = None, **hyperparameters: str) -> tuple[str, str]:
        job, states = unique("job"), twin.client("stepfunctions")
        works = {"Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:PutMetricData"], "Resource": "*"}
        execution_role = role("sagemaker.amazonaws.com", works)
        passes = {"Action": "iam:PassRole", "Resource": execution_role}
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Arguments": {
                "TrainingJobName": job,
                "RoleArn": execution_role,
                "AlgorithmSpecification": {
                    "TrainingImage": image,
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [{"Name": "validation:auc", "Regex": "validation:auc=([0-9.]+);"}],
                },
                "HyperParameters": hyperparameters,
                "OutputDataConfig": {"S3OutputPath": "s3://awaited/out"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                "Tags": [{"Key": "run", "Value": job}],
            },
            "End": True,
            **(task or {}),
        }
        definition = json.dumps({"StartAt": "Train", "QueryLanguage": "JSONata", "States": {"Train": state}})
        machine = states.create_state_machine(
            name=unique("machine"), definition=definition, roleArn=role("states.amazonaws.com", JOBS, RULES, passes)
        )["stateMachineArn"]
        return states.start_execution(stateMachineArn=machine)["executionArn"], job

    return begin


@pytest.fixture
def search(twin: RunningTwin, role: Callable[..., str], unique: Callable[[str], str], image: str) -> Callable[..., Any]:
    """Start an execution whose one task searches with two trainings; return its ARN and the search's name."""

    def begin(**hyperparameters: str) -> tuple[str, str]:
        job, states = unique("search"), twin.client("stepfunctions")
        works = {"Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:PutMetricData"], "Resource": "*"}
        execution_role = role("sagemaker.amazonaws.com", works)
        passes = {"Action": "iam:PassRole", "Resource": execution_role}
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
            "Arguments": {
                "HyperParameterTuningJobName": job,
                "HyperParameterTuningJobConfig": {
                    "Strategy": "Random",
                    "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
                    "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
                    "ParameterRanges": {
                        "IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}]
                    },
                    "RandomSeed": 1,
                },
                "TrainingJobDefinition": {
                    "StaticHyperParameters": hyperparameters,
                    "RoleArn": execution_role,
                    "AlgorithmSpecification": {
                        "TrainingImage": image,
                        "TrainingInputMode": "File",
                        "MetricDefinitions": [{"Name": "validation:auc", "Regex": "validation:auc=([0-9.]+);"}],
                    },
                    "OutputDataConfig": {"S3OutputPath": "s3://awaited/out"},
                    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                },
            },
            "End": True,
        }
        definition = json.dumps({"StartAt": "Search", "QueryLanguage": "JSONata", "States": {"Search": state}})
        allowed = role("states.amazonaws.com", SEARCHES, SEARCH_RULES, passes)
        machine = states.create_state_machine(name=unique("machine"), definition=definition, roleArn=allowed)
        return states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"], job

    return begin


def wait_for(look: Callable[[], Any], until: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 30
    while not until(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)
    return seen


def finished(twin: RunningTwin, execution: str) -> dict[str, Any]:
    states = twin.client("stepfunctions")
    answer = wait_for(
        lambda: states.describe_execution(executionArn=execution), lambda answer: answer["status"] != "RUNNING"
    )
    return dict(answer)


def job_status(twin: RunningTwin, job: str) -> str:
    return str(twin.client("sagemaker").describe_training_job(TrainingJobName=job)["TrainingJobStatus"])


def test_the_result_of_a_job_is_its_description(twin, start):
    execution, job = start()
    answer = finished(twin, execution)
    assert answer["status"] == "SUCCEEDED", answer
    output = json.loads(answer["output"])
    assert output["TrainingJobStatus"] == "Completed"
    assert output["ModelArtifacts"] == {"S3ModelArtifacts": f"s3://awaited/out/{job}/output/model.tar.gz"}
    assert abs(output["CreationTime"] / 1000 - time.time()) < 60


def test_a_job_that_fails_fails_the_task_with_its_reason(twin, start):
    execution, job = start(fails="the column 'carrier' is missing")
    answer = finished(twin, execution)
    assert (answer["status"], answer["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(answer["cause"])
    assert cause["TrainingJobName"] == job
    assert cause["FailureReason"] == "AlgorithmError: the column 'carrier' is missing, exit code: 3"


def test_a_stopped_execution_stops_its_job_and_stays_aborted(twin, start):
    execution, job = start(seconds="50")
    describe = twin.client("sagemaker").describe_training_job
    wait_for(lambda: twin.client("sagemaker").list_training_jobs(NameContains=job)["TrainingJobSummaries"], bool)
    wait_for(lambda: describe(TrainingJobName=job)["SecondaryStatus"], lambda status: status == "Training")
    twin.client("stepfunctions").stop_execution(executionArn=execution, error="Enough", cause="for a test")
    wait_for(lambda: job_status(twin, job), lambda status: status == "Stopped")
    time.sleep(0.5)
    answer = twin.client("stepfunctions").describe_execution(executionArn=execution)
    assert (answer["status"], answer["error"]) == ("ABORTED", "Enough")


def test_a_task_that_overruns_stops_its_job(twin, start):
    execution, job = start({"TimeoutSeconds": 3}, seconds="50")
    answer = finished(twin, execution)
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Timeout")
    wait_for(lambda: job_status(twin, job), lambda status: status == "Stopped")


def test_the_result_of_a_search_names_its_best_training(twin, search):
    execution, job = search()
    answer = finished(twin, execution)
    assert answer["status"] == "SUCCEEDED", answer
    output = json.loads(answer["output"])
    assert output["HyperParameterTuningJobStatus"] == "Completed"
    best = output["BestTrainingJob"]
    assert best["TrainingJobName"].startswith(f"{job}-001-"), "the first of those that are as good"
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 0.75
    assert set(best["TunedHyperParameters"]) == {"depth"}


def test_a_search_that_fails_fails_the_task_with_its_reason(twin, search):
    execution, _ = search(fails="no reason")
    answer = finished(twin, execution)
    assert (answer["status"], answer["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(answer["cause"])["FailureReason"].startswith("No training job succeeded after 2 attempts.")


def test_a_stopped_execution_stops_its_search_with_all_that_trains(twin, search):
    execution, job = search(seconds="50")
    described = {"HyperParameterTuningJobName": job}
    listed = twin.client("sagemaker").list_training_jobs
    wait_for(lambda: len(listed(NameContains=job)["TrainingJobSummaries"]), lambda count: count == 2)
    twin.client("stepfunctions").stop_execution(executionArn=execution, error="Enough", cause="for a test")
    describe = twin.client("sagemaker").describe_hyper_parameter_tuning_job
    wait_for(lambda: describe(**described)["HyperParameterTuningJobStatus"], lambda status: status == "Stopped")
    found = listed(NameContains=job)["TrainingJobSummaries"]
    assert [told["TrainingJobStatus"] for told in found] == ["Stopped", "Stopped"]


def aws(twin: RunningTwin, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, str(Path(sys.executable).parent / "aws"), *arguments, "--output", "json"],
        env={"PATH": os.environ["PATH"], "HOME": str(twin.directory), **twin.variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_history_logs_metrics_and_events_are_read_with_boto3_and_the_cli(twin, start, unique):
    queue = twin.client("sqs").create_queue(QueueName=unique("events"))["QueueUrl"]
    address = twin.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Training Job State Change"]}
    rule = unique("rule")
    twin.client("events").put_rule(Name=rule, EventPattern=json.dumps(pattern))
    twin.client("events").put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": address["QueueArn"]}])

    execution, job = start()
    assert finished(twin, execution)["status"] == "SUCCEEDED"

    types = ["TaskStateEntered", "TaskScheduled", "TaskSubmitted", "TaskSucceeded", "ExecutionSucceeded"]
    by_boto3 = twin.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    by_cli = aws(twin, "stepfunctions", "get-execution-history", "--execution-arn", execution)["events"]
    for events in (by_boto3, by_cli):
        seen = [event["type"] for event in events]
        assert [kind for kind in seen if kind in types] == types
    submitted = next(event for event in by_cli if event["type"] == "TaskSubmitted")
    assert json.loads(submitted["taskSubmittedEventDetails"]["output"])["TrainingJobArn"].endswith(job)

    group = "/aws/sagemaker/TrainingJobs"
    lines = twin.client("logs").filter_log_events(logGroupName=group, logStreamNamePrefix=job)["events"]
    assert "begin" in [line["message"] for line in lines]
    by_cli = aws(twin, "logs", "filter-log-events", "--log-group-name", group, "--log-stream-name-prefix", job)
    assert [line["message"] for line in by_cli["events"]] == [line["message"] for line in lines]

    dimension = {"Name": "TrainingJobName", "Value": job}
    metrics = twin.client("cloudwatch").list_metrics(Namespace="/aws/sagemaker/TrainingJobs", Dimensions=[dimension])
    assert [metric["MetricName"] for metric in metrics["Metrics"]] == ["validation:auc"]
    by_cli = aws(
        twin,
        "cloudwatch",
        "list-metrics",
        "--namespace",
        "/aws/sagemaker/TrainingJobs",
        "--dimensions",
        f"Name=TrainingJobName,Value={job}",
    )
    assert by_cli["Metrics"] == metrics["Metrics"]

    bodies: list[dict[str, Any]] = []

    def collect() -> list[str]:
        messages = twin.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        bodies.extend(json.loads(message["Body"]) for message in messages)
        return [body["detail"]["TrainingJobStatus"] for body in bodies if body["detail"]["TrainingJobName"] == job]

    wait_for(collect, lambda statuses: "Completed" in statuses)
    assert {body["source"] for body in bodies} == {"aws.sagemaker"}
    assert {body["account"] for body in bodies} == {"111111111111"}
