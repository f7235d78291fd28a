"""CodeBuild's interface: who may do what, what is refused by name, events, and Terraform's round trip."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.builds.conftest import ENVIRONMENT
from tests.integration.runtime.conftest import wait
from tests.integration.twin.test_terraform import Terraform

SPEC = "version: 0.2\nphases:\n  build:\n    commands: [echo hi]"
RESOURCES = """
locals {
  second = var.description == "second"
}
resource "aws_codebuild_project" "this" {
  name                   = "tf-build-${var.suffix}"
  description            = var.description
  service_role           = var.role
  build_timeout          = local.second ? 30 : 10
  queued_timeout         = 60
  concurrent_build_limit = local.second ? null : 2
  encryption_key         = aws_kms_key.this.arn
  tags                   = { note = var.description }
  source {
    type      = "CODEPIPELINE"
    buildspec = "buildspecs/unit.yml"
  }
  artifacts {
    type = "CODEPIPELINE"
  }
  environment {
    type            = "LINUX_CONTAINER"
    compute_type    = "BUILD_GENERAL1_SMALL"
    image           = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    privileged_mode = local.second
    environment_variable {
      name  = "CLOUD"
      value = "aws"
    }
    dynamic "environment_variable" {
      for_each = local.second ? ["/a/parameter"] : []
      content {
        name  = "SECRET"
        type  = "PARAMETER_STORE"
        value = environment_variable.value
      }
    }
  }
  cache {
    type  = "LOCAL"
    modes = ["LOCAL_CUSTOM_CACHE"]
  }
  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.this.name
    }
  }
}
resource "aws_codebuild_project" "plain" {
  name         = "tf-plain-${var.suffix}"
  service_role = var.role
  source {
    type      = "NO_SOURCE"
    buildspec = "version: 0.2\\nphases:\\n  build:\\n    commands: [echo ${var.description}]"
  }
  artifacts {
    type      = "S3"
    location  = "somewhere"
    packaging = "ZIP"
  }
  environment {
    type         = "LINUX_CONTAINER"
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/standard:7.0"
  }
}
resource "aws_codebuild_report_group" "this" {
  name           = "tf-build-${var.suffix}-unit"
  type           = "TEST"
  delete_reports = true
  tags           = { note = var.description }
  export_config {
    type = "NO_EXPORT"
  }
}
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/codebuild/tf-build-${var.suffix}"
  retention_in_days = 30
}
resource "aws_kms_key" "this" {
  description             = "artifacts of a test"
  deletion_window_in_days = 7
}
"""


def test_terraform_round_trip(builds, twin, unique, tmp_path):
    suffix = unique("round")
    terraform = Terraform(
        tmp_path, twin.variables, RESOURCES, suffix=suffix, role=builds.service_role, image="", data=""
    )

    terraform.apply(description="first")
    terraform.apply(description="second")

    [project] = builds.client.batch_get_projects(names=[f"tf-build-{suffix}"])["projects"]
    assert (project["timeoutInMinutes"], project["description"]) == (30, "second")
    assert "concurrentBuildLimit" not in project
    assert {tag["key"]: tag["value"] for tag in project["tags"]} == {"note": "second", "project": "flights"}
    plain = builds.ended(builds.start(f"tf-plain-{suffix}", artifactsOverride={"type": "NO_ARTIFACTS"}))
    assert builds.printed(plain) == ["second"]

    terraform.destroy()
    assert builds.client.batch_get_projects(names=[f"tf-build-{suffix}"])["projectsNotFound"] == [f"tf-build-{suffix}"]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"source": {"type": "GITHUB", "location": "https://github.com/a/b"}}, "sources of the type GITHUB"),
        ({"environment": {**ENVIRONMENT, "type": "WINDOWS_CONTAINER"}}, "environments of the type WINDOWS_CONTAINER"),
        ({"environment": {**ENVIRONMENT, "image": "python:3.11"}}, "build images other than CodeBuild's own"),
        ({"vpcConfig": {"vpcId": "vpc-1"}}, "vpcConfig"),
        ({"logsConfig": {"s3Logs": {"status": "ENABLED", "location": "a/b"}}}, "logs in S3"),
        ({"artifacts": {"type": "CODEPIPELINE"}}, "CODEPIPELINE must be the type of both"),
        ({"artifacts": {"type": "S3"}}, "location is required"),
        ({"cache": {"type": "S3"}}, "location is required when the cache type is S3"),
    ],
)
def test_what_there_is_not_is_refused_by_name(builds, members, sentence):
    with pytest.raises(builds.client.exceptions.InvalidInputException, match=sentence):
        builds.project(SPEC, **members)


def test_source_credentials_are_refused_by_name(builds):
    with pytest.raises(ClientError, match="ImportSourceCredentials"):
        builds.client.import_source_credentials(token="x", serverType="GITHUB", authType="PERSONAL_ACCESS_TOKEN")


def test_only_a_pipeline_starts_what_only_a_pipeline_feeds(builds):
    project = builds.project(None, source={"type": "CODEPIPELINE"}, artifacts={"type": "CODEPIPELINE"})

    with pytest.raises(builds.client.exceptions.InvalidInputException, match="only an action of a pipeline"):
        builds.start(project)


def test_callers_may_do_what_their_policies_say(builds, twin, as_role, role):
    mine, other = builds.project(SPEC), builds.project(SPEC)
    arn = f"arn:aws:codebuild:us-east-1:111111111111:project/{mine}"
    actions = ["codebuild:StartBuild", "codebuild:BatchGetBuilds", "codebuild:BatchGetProjects"]
    keys = as_role({"Action": actions, "Resource": arn}, {"Action": "codebuild:CreateProject", "Resource": "*"})
    client = twin.client("codebuild", keys)

    started = client.start_build(projectName=mine)["build"]
    assert client.batch_get_builds(ids=[started["id"]])["builds"][0]["initiator"].endswith("/test")
    elsewhere = builds.start(other)
    denied = {
        "StartBuild": lambda: client.start_build(projectName=other),
        "StopBuild": lambda: client.stop_build(id=started["id"]),
        "BatchGetBuilds": lambda: client.batch_get_builds(ids=[started["id"], elsewhere]),
        "BatchGetProjects": lambda: client.batch_get_projects(names=[mine, other]),
        "ListProjects": client.list_projects,
        "PassRole": lambda: client.create_project(
            name="never",
            source={"type": "NO_SOURCE", "buildspec": SPEC},
            artifacts={"type": "NO_ARTIFACTS"},
            environment=ENVIRONMENT,
            serviceRole=builds.service_role,
        ),
    }
    for action, call in denied.items():
        with pytest.raises(ClientError, match=f"AccessDenied.*:{action}"):
            call()
    with pytest.raises(
        builds.client.exceptions.InvalidInputException, match="not authorized to perform: sts:AssumeRole"
    ):
        builds.project(SPEC, role=role("sagemaker.amazonaws.com"))
    for build in (started["id"], elsewhere):
        builds.ended(build)


def test_changes_are_events(builds, twin, unique):
    project, name = builds.project(SPEC), unique("events")
    sqs, events = twin.client("sqs"), twin.client("events")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:111111111111:{name}"
    pattern = {"source": ["aws.codebuild"], "detail": {"project-name": [project]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    received: list[dict[str, Any]] = []

    def receive():
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        received.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
        return received

    build = builds.ended(builds.start(project))

    wait(receive, lambda found: len(found) == 12)
    states = [one["detail"] for one in received if one["detail-type"] == "CodeBuild Build State Change"]
    completed = [one["detail"] for one in received if one["detail-type"] == "CodeBuild Build Phase Change"]
    assert sorted(state["build-status"] for state in states) == ["IN_PROGRESS", "SUCCEEDED"]
    assert {one["completed-phase"] for one in completed} == {
        phase["phaseType"] for phase in build["phases"] if phase["phaseType"] != "COMPLETED"
    }
    assert all(one["detail"]["build-id"] == build["arn"] for one in received)
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
