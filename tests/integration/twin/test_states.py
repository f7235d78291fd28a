"""Step Functions: tasks are calls with the state machine's role, and .sync waits for jobs."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

STATES = "states.amazonaws.com"
GROUP = {"Action": "sagemaker:CreateModelPackageGroup", "Resource": "*"}
OWN_RULES = {
    "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
    "Resource": "arn:aws:events:us-east-1:111111111111:rule/StepFunctionsGetEventsForSageMaker*",
}


@pytest.fixture
def machine(twin, role, unique):
    """Make a state machine of one state, or of several."""

    def make(*statements: dict[str, Any], **states: dict[str, Any]) -> str:
        definition = {"StartAt": next(iter(states)), "States": states, "QueryLanguage": "JSONata"}
        return str(
            twin.client("stepfunctions").create_state_machine(
                name=unique("machine"), definition=json.dumps(definition), roleArn=role(STATES, *statements)
            )["stateMachineArn"]
        )

    return make


@pytest.fixture
def run(twin, machine):
    """Run a state machine of one task to its end."""

    def run_task(resource: str, arguments: dict[str, Any], *statements: dict[str, Any], **more: Any) -> dict[str, Any]:
        state = {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **more}
        return finish(twin, machine(*statements, Only=state))

    return run_task


def finish(twin, machine: str, **given: Any) -> dict[str, Any]:
    states = twin.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = states.describe_execution(executionArn=execution)
        if answer["status"] != "RUNNING":
            return dict(answer)
        time.sleep(0.1)
    raise AssertionError("the execution did not end")


def test_an_sdk_integration_calls_with_the_role_of_the_machine(run, unique):
    name = unique("group")
    answer = run("arn:aws:states:::aws-sdk:sagemaker:createModelPackageGroup", {"ModelPackageGroupName": name}, GROUP)
    assert json.loads(answer["output"]) == {
        "ModelPackageGroupArn": f"arn:aws:sagemaker:us-east-1:111111111111:model-package-group/{name}"
    }


def test_without_the_statement_the_task_is_denied(run, unique):
    answer = run(
        "arn:aws:states:::aws-sdk:sagemaker:createModelPackageGroup", {"ModelPackageGroupName": unique("group")}
    )
    assert answer["error"] == "SageMaker.SageMakerException"
    assert "is not authorized to perform: sagemaker:CreateModelPackageGroup" in answer["cause"]
    assert "assumed-role/role-" in answer["cause"]


def test_a_service_of_ministack_is_called_with_the_role_too(twin, run, unique):
    bucket = unique("bucket")
    twin.client("s3").create_bucket(Bucket=bucket)
    twin.client("s3").put_object(Bucket=bucket, Key="gate.json", Body=b'{"passed": true}')
    read = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    resource, arguments = "arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "gate.json"}
    answer = run(resource, arguments, read)
    output = json.loads(answer["output"])
    assert output["Body"] == '{"passed": true}'
    assert isinstance(output["LastModified"], str)
    assert run(resource, arguments)["error"] == "S3.AccessDeniedException"
    missing = run(resource, {**arguments, "Key": "none"}, read, {"Action": "s3:ListBucket", "Resource": "*"})
    assert missing["error"] == "S3.NoSuchKeyException"


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        ("arn:aws:states:::aws-sdk:rekognition:listCollections", "rekognition"),
        ("arn:aws:states:::aws-sdk:nonsense:do", "nonsense"),
        ("arn:aws:states:::aws-sdk:s3:flyAway", "flyAway"),
        ("arn:aws:states:::glue:startJobRun.sync", "glue:startJobRun.sync"),
    ],
)
def test_what_it_lacks_fails_by_name(run, resource, says):
    answer = run(resource, {})
    assert answer["status"] == "FAILED"
    assert says in answer["cause"]


def test_a_field_that_the_api_lacks_is_refused(run):
    answer = run("arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": "b", "Key": "k", "Colour": "red"})
    assert answer["error"] == "States.Runtime"
    assert 'The field "Colour" is not supported by Step Functions' in answer["cause"]


def test_an_error_can_be_retried_and_caught_by_its_name(twin, machine):
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createEndpoint",
        "Arguments": {"EndpointName": "e", "EndpointConfigName": "none"},
        "End": True,
        "Catch": [
            {
                "ErrorEquals": ["SageMaker.AmazonSageMakerException"],
                "Next": "Caught",
                "Output": "{% $states.errorOutput %}",
            }
        ],
    }
    arn = machine({"Action": "sagemaker:*", "Resource": "*"}, Try=task, Caught={"Type": "Pass", "End": True})
    output = json.loads(finish(twin, arn)["output"])
    assert "Could not find endpoint configuration" in output["Cause"]


def test_an_execution_that_is_stopped_between_two_tries_stays_aborted(twin, machine):
    states = twin.client("stepfunctions")
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1}]
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModels", "Arguments": {}, "End": True}
    arn = machine(Denied={**task, "Retry": retry})
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    time.sleep(0.5)
    states.stop_execution(executionArn=execution)
    time.sleep(1.5)
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_a_branch_has_the_role_too(twin, machine):
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModels", "Arguments": {}, "End": True}
    branch = {"StartAt": "List", "States": {"List": task}}
    arn = machine(
        {"Action": "sagemaker:ListModels", "Resource": "*"},
        Both={"Type": "Parallel", "Branches": [branch, branch], "End": True},
    )
    assert finish(twin, arn)["status"] == "SUCCEEDED"


def sync_definition() -> str:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {},
        "End": True,
    }
    return json.dumps({"StartAt": "Train", "States": {"Train": state}})


def test_a_machine_that_waits_for_jobs_needs_the_managed_rule(twin, role, unique):
    states = twin.client("stepfunctions")
    without = role(STATES, GROUP)
    with pytest.raises(ClientError, match=f"'{without}' is not authorized to create managed-rule"):
        states.create_state_machine(name=unique("machine"), definition=sync_definition(), roleArn=without)
    arn = states.create_state_machine(
        name=unique("machine"), definition=sync_definition(), roleArn=role(STATES, OWN_RULES)
    )
    with pytest.raises(ClientError, match="managed-rule"):
        states.update_state_machine(
            stateMachineArn=arn["stateMachineArn"], definition=sync_definition(), roleArn=without
        )


def test_a_machines_role_must_trust_step_functions(twin, role, unique):
    with pytest.raises(ClientError, match="Neither the global service principal states"):
        twin.client("stepfunctions").create_state_machine(
            name=unique("machine"), definition=sync_definition(), roleArn=role("lambda.amazonaws.com")
        )


def test_a_machines_role_must_be_passed_by_who_may(twin, role, as_role, unique):
    execution = role(STATES, OWN_RULES)
    create = {"Action": "states:CreateStateMachine", "Resource": "*"}
    request = {"definition": sync_definition(), "roleArn": execution}
    with pytest.raises(ClientError, match="iam:PassRole"):
        twin.client("stepfunctions", as_role(create)).create_state_machine(name=unique("machine"), **request)
    passing = as_role(create, {"Action": "iam:PassRole", "Resource": execution})
    assert twin.client("stepfunctions", passing).create_state_machine(name=unique("machine"), **request)
