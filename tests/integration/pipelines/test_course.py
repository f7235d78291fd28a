"""One pipeline from a push to its end: source, two builds at once, a state machine, an approval, a last build."""

import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.integration.pipelines.delivery import (
    REPOSITORY,
    Delivery,
    Pipeline,
    action,
    approval,
    build,
    stage,
    variables,
    wait,
)

EVENTS = {"source": ["aws.codepipeline"], "detail": {"pipeline": ["course"]}}


@dataclass
class Course:
    """A pipeline that a push has started, and that has ended."""

    delivery: Delivery
    pipeline: Pipeline
    commit: str
    execution: str
    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    machine: str = ""

    def run(self, name: str) -> dict[str, Any]:
        return self.pipeline.run(self.execution, name)

    def variables(self, name: str) -> dict[str, str]:
        return dict(self.run(name)["output"].get("outputVariables", {}))

    def artifact(self, name: str, which: str) -> dict[str, str]:
        """Return where an action wrote an artifact."""
        written = self.run(name)["output"]["outputArtifacts"]
        return next(one["s3location"] for one in written if one["name"] == which)


def stages(delivery: Delivery, machine: str, topic: str) -> list[dict[str, Any]]:
    unit = delivery.project("unit", 'test "$(cat shop.txt)" = "pears"', "echo unit")
    image = delivery.project(
        "image",
        "export IMAGE=shop@$(git rev-parse HEAD)",
        """printf '{"image": "%s", "run": "%s"}' "$IMAGE" "$RUN" > execution.json""",
        artifacts=["execution.json"],
        exported=["IMAGE"],
    )
    last = delivery.project("last", """test "\\"$EXECUTION\\"" = "$(cat "$CODEBUILD_SRC_DIR_output/output.json")" """)
    workflow = {"StateMachineArn": machine, "InputType": "FilePath", "Input": "execution.json"}
    note = {
        "NotificationArn": topic,
        "CustomData": "deploy #{image.IMAGE} by #{variables.who}",
        "ExternalEntityLink": "https://evidence.example/#{codepipeline.PipelineExecutionId}",
    }
    return [
        stage(
            "Build",
            build("unit", unit, namespace="unit"),
            build(
                "image",
                image,
                outputs=["execution"],
                namespace="image",
                configuration=variables(RUN="#{codepipeline.PipelineExecutionId}"),
            ),
            action(
                "workflow",
                "Invoke",
                "StepFunctions",
                workflow,
                inputs=["execution"],
                outputs=["output"],
                namespace="workflow",
                runOrder=2,
            ),
        ),
        stage("Approve", approval(configuration=note)),
        stage(
            "Last",
            build(
                "last",
                last,
                inputs=["source", "output"],
                configuration={"PrimarySource": "source", **variables(EXECUTION="#{codepipeline.PipelineExecutionId}")},
            ),
        ),
    ]


@pytest.fixture(scope="module")
def course(delivery):
    machine = delivery.machine("course", Type="Pass", Parameters={"ran.$": "$.run"}, OutputPath="$.ran")
    topic = delivery.twin.client("sns").create_topic(Name="course")["TopicArn"]
    mail, events = delivery.queue("course-mail"), delivery.queue("course-events", EVENTS)
    delivery.twin.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=mail.arn)
    push = {"branches": {"includes": ["main"]}, "filePaths": {"includes": ["shop.txt", "src/**"]}}
    trigger = {
        "providerType": "CodeStarSourceConnection",
        "gitConfiguration": {"sourceActionName": "source", "push": [push]},
    }
    pipeline = create(delivery, stages(delivery, machine, topic), trigger)
    delivery.origin.push({"docs/about.md": "no file of the pipeline's"})
    commit = delivery.origin.push({"shop.txt": "pears"}, "Sell pears")
    found = wait(lambda: [one for one in pipeline.executions() if one["trigger"]["triggerType"] == "WebhookV2"], bool)
    execution = found[0]["pipelineExecutionId"]
    token = pipeline.asked()
    pipeline.answer(token, summary="good")
    assert pipeline.ended(execution) == "Succeeded", pipeline.errors(execution)
    done = Course(delivery, pipeline, commit, execution, machine=machine)
    heard(done, events)
    [message] = wait(mail.all, bool)
    done.messages = [{"token": token}, json.loads(message["Message"])]
    return done


def create(delivery: Delivery, further: list[dict[str, Any]], trigger: dict[str, Any]) -> Pipeline:
    """Make the pipeline, and let the execution that CodePipeline starts of it fail: nothing can build it yet."""
    source = delivery.source(OutputArtifactFormat="CODEBUILD_CLONE_REF")
    source["actions"][0]["namespace"] = "source"
    role = delivery.role("course-pipeline", "codepipeline.amazonaws.com", list(delivery.needs().values()))
    who = [{"name": "who", "defaultValue": "nobody"}]
    declared = delivery.declaration("course", role, [source, *further], variables=who, triggers=[trigger])
    delivery.pipelines.create_pipeline(pipeline=declared)
    pipeline = Pipeline(delivery, "course")
    [first] = pipeline.executions()
    assert pipeline.ended(first["pipelineExecutionId"]) == "Failed"
    return pipeline


def heard(course: Course, queue: Any) -> None:
    def look():
        course.events += [one for one in queue.all() if one["detail"]["execution-id"] == course.execution]
        time.sleep(0.05)
        return [one["detail"]["state"] for one in course.events if "Pipeline Execution" in one["detail-type"]]

    wait(look, lambda states: "SUCCEEDED" in states)


def test_only_the_push_that_matches_starts_it(course):
    kinds = [one["trigger"]["triggerType"] for one in course.pipeline.executions()]
    assert kinds == ["CreatePipeline", "WebhookV2"]
    [revision] = course.pipeline.get(course.execution)["artifactRevisions"]
    assert revision["revisionId"] == course.commit
    assert json.loads(revision["revisionSummary"]) == {"ProviderType": "GitHub", "CommitMessage": "Sell pears"}


def test_the_source_has_the_documented_variables(course):
    found = course.variables("source")
    assert found.pop("AuthorDate").startswith("20")
    assert found == {
        "BranchName": "main",
        "CommitId": course.commit,
        "CommitMessage": "Sell pears",
        "ConnectionArn": course.delivery.connection,
        "FullRepositoryName": REPOSITORY,
    }


def test_builds_of_one_order_run_at_once_and_the_next_order_after_them(course):
    unit, image, workflow = (course.run(name) for name in ("unit", "image", "workflow"))
    assert max(unit["startTime"], image["startTime"]) < min(unit["lastUpdateTime"], image["lastUpdateTime"])
    assert workflow["startTime"] >= max(unit["lastUpdateTime"], image["lastUpdateTime"])


def test_artifacts_lie_in_the_store_under_its_key(course):
    place = course.artifact("source", "source")
    assert place["bucket"] == course.delivery.bucket
    pipeline, artifact, key = place["key"].split("/")
    assert (pipeline, artifact, len(key)) == ("course", "source", 7)
    for name, which in (("source", "source"), ("image", "execution"), ("workflow", "output")):
        place = course.artifact(name, which)
        stored = course.delivery.twin.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])
        assert stored["SSEKMSKeyId"] == course.delivery.key
        assert zipfile.is_zipfile(io.BytesIO(stored["Body"].read()))


def test_variables_pass_from_builds_to_the_actions_after_them(course):
    image = f"shop@{course.commit}"
    assert course.variables("image") == {"IMAGE": image}
    asked = course.run("ask")["input"]["resolvedConfiguration"]
    assert asked["CustomData"] == f"deploy {image} by nobody"
    assert course.pipeline.get(course.execution)["variables"] == [{"name": "who", "resolvedValue": "nobody"}]


def test_the_state_machine_has_the_file_and_hands_on_its_output(course):
    found = course.variables("workflow")
    assert found["StateMachineArn"] == course.machine
    described = course.delivery.twin.client("stepfunctions").describe_execution(executionArn=found["ExecutionArn"])
    assert json.loads(described["input"]) == {"image": f"shop@{course.commit}", "run": course.execution}
    assert described["name"] == course.run("workflow")["actionExecutionId"]


def test_the_approval_is_announced_as_documented(course):
    token, message = course.messages[0]["token"], course.messages[1]
    view = "https://console.aws.amazon.com/codepipeline/home?region=us-east-1#/view/course"
    expires = message["approval"].pop("expires")
    assert time.strptime(expires, "%Y-%m-%dT%H:%MZ")
    assert message == {
        "region": "us-east-1",
        "consoleLink": view,
        "approval": {
            "pipelineName": "course",
            "stageName": "Approve",
            "actionName": "ask",
            "token": token,
            "externalEntityLink": f"https://evidence.example/{course.execution}",
            "approvalReviewLink": f"{view}/Approve/ask/approve/{token}",
            "customData": f"deploy shop@{course.commit} by nobody",
        },
    }


def test_events_tell_the_whole_course(course):
    def states(kind, **which):
        of_kind = [one["detail"] for one in course.events if one["detail-type"] == f"CodePipeline {kind} State Change"]
        return [one["state"] for one in of_kind if which.items() <= one.items()]

    assert states("Pipeline Execution") == ["STARTED", "SUCCEEDED"]
    for name in ("Source", "Build", "Approve", "Last"):
        assert states("Stage Execution", stage=name) == ["STARTED", "SUCCEEDED"]
    for name in ("source", "unit", "image", "workflow", "ask", "last"):
        assert states("Action Execution", action=name) == ["STARTED", "SUCCEEDED"]
    arn = f"arn:aws:codepipeline:us-east-1:{course.delivery.twin.account}:course"
    assert {tuple(one["resources"]) for one in course.events} == {(arn,)}
