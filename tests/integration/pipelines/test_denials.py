"""A pipeline's role without one of its statements fails at the action that needs it, with the name of what it needs."""

import json

import pytest
from tests.integration.pipelines.delivery import action, approval, build, stage


@pytest.fixture(scope="module")
def made(delivery):
    """What the actions run: a build with an artifact, and a state machine that is given it."""
    project = delivery.project("denied", "echo '{}' > input.json", artifacts=["input.json"])
    topic = delivery.twin.client("sns").create_topic(Name="denied")["TopicArn"]
    return project, delivery.machine("denied"), topic


def stages(project, machine, topic):
    workflow = {"StateMachineArn": machine, "InputType": "FilePath", "Input": "input.json"}
    return [
        stage("Build", build("build", project, outputs=["made"])),
        stage("Run", action("run", "Invoke", "StepFunctions", workflow, inputs=["made"])),
        stage("Ask", approval(configuration={"NotificationArn": topic})),
    ]


@pytest.fixture
def pipeline(delivery, unique, made, missing):
    return delivery.create(unique("denied"), *stages(*made), without=[missing])


@pytest.mark.parametrize(
    ("missing", "failed", "said"),
    [
        ("connection", "source", "codestar-connections:UseConnection"),
        ("encrypt", "source", "kms:GenerateDataKey"),
        ("put", "source", "s3:PutObject"),
        ("start build", "build", "codebuild:StartBuild"),
        ("see build", "build", "codebuild:BatchGetBuilds"),
        ("decrypt", "run", "kms:Decrypt"),
        ("get", "run", "s3:GetObject"),
        ("see machine", "run", "states:DescribeStateMachine"),
        ("start machine", "run", "states:StartExecution"),
        ("see execution", "run", "states:DescribeExecution"),
        ("publish", "ask", "SNS:Publish"),
    ],
)
def test_a_missing_statement_fails_where_it_is_needed(twin, pipeline, failed, said):
    [execution] = [one["pipelineExecutionId"] for one in pipeline.executions()]
    assert pipeline.ended(execution) == "Failed"
    [error] = pipeline.errors(execution)
    assert error["code"] == "PermissionError"
    assert said.lower() in error["message"].lower()
    assert pipeline.error(execution, failed) == error
    asked = [json.loads(line) for line in (twin.directory / "trail.jsonl").read_text().splitlines()]
    assert said.lower() in {line["action"].lower() for line in asked if line.get("denied")}, "an audit would not see it"


def test_an_actions_role_is_assumed_from_the_pipelines(delivery, unique):
    own = delivery.role(unique("own"), "codepipeline.amazonaws.com", list(delivery.needs().values()))
    ask = approval(configuration={"NotificationArn": "arn:aws:sns:us-east-1:111111111111:none"}, roleArn=own)
    pipeline = delivery.create(unique("chained"), stage("Ask", ask))
    [execution] = [one["pipelineExecutionId"] for one in pipeline.executions()]
    assert pipeline.ended(execution) == "Failed"
    assert pipeline.error(execution, "ask")["code"] == "PermissionError"
    assert f"could not assume the action's role {own}" in pipeline.error(execution, "ask")["message"]
