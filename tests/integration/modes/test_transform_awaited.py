"""Step Functions waits for transform jobs, and stops them."""

import json

import pytest
from botocore.exceptions import ClientError
from tests.integration.modes.batches import image
from tests.integration.runtime.conftest import wait

__all__ = ["image"]

ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
RULE = "arn:aws:events:us-east-1:111111111111:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"
JOBS = {
    "Action": ["sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"],
    "Resource": "arn:aws:sagemaker:us-east-1:111111111111:transform-job/*",
}
RULES = {"Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"], "Resource": RULE}


@pytest.fixture
def start(twin, bucket, model, unique, role):
    """Start an execution whose one task transforms an object; return its ARN and the job's name."""

    def begin(content, *allowed):
        states, job = twin.client("stepfunctions"), unique("job")
        twin.client("s3").put_object(Bucket=bucket, Key=f"{job}/a.csv", Body=content)
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
            "Arguments": {
                "TransformJobName": job,
                "ModelName": model(),
                "TransformInput": {
                    "ContentType": "text/csv",
                    "SplitType": "Line",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{job}/"}},
                },
                "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out/{job}"},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            },
            "End": True,
        }
        definition = json.dumps({"StartAt": "Score", "QueryLanguage": "JSONata", "States": {"Score": state}})
        machine = states.create_state_machine(
            name=unique("machine"), definition=definition, roleArn=role("states.amazonaws.com", *allowed)
        )["stateMachineArn"]
        return states.start_execution(stateMachineArn=machine)["executionArn"], job

    return begin


def ended(states, execution):
    return wait(lambda: states.describe_execution(executionArn=execution), lambda answer: answer["status"] in ENDED)


def test_the_result_is_the_jobs_description_and_a_failure_is_the_tasks(twin, start):
    states = twin.client("stepfunctions")
    good, bad = start(b"1,2\n", JOBS, RULES), start(b"bad\n", JOBS, RULES)
    answers = [ended(states, execution) for execution, _ in (good, bad)]
    assert [answer["status"] for answer in answers] == ["SUCCEEDED", "FAILED"]
    assert json.loads(answers[0]["output"])["TransformJobStatus"] == "Completed"
    assert answers[1]["error"] == "States.TaskFailed"
    assert json.loads(answers[1]["cause"])["FailureReason"] == "ClientError: See job logs for more information"


def test_a_stopped_execution_stops_its_job(twin, start):
    execution, job = start(b"wait\n", JOBS, RULES)
    sagemaker = twin.client("sagemaker")
    wait(lambda: sagemaker.list_transform_jobs(NameContains=job), lambda answer: bool(answer["TransformJobSummaries"]))
    twin.client("stepfunctions").stop_execution(executionArn=execution)
    wait(
        lambda: sagemaker.describe_transform_job(TransformJobName=job),
        lambda answer: answer["TransformJobStatus"] == "Stopped",
    )


def test_a_role_without_the_rule_is_refused(start):
    with pytest.raises(ClientError, match="AccessDenied"):
        start(b"1\n", JOBS)
