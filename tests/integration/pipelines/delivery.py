"""What the tests of pipelines work with: a repository to push to, and an account with what pipelines need."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.integration.running import RunningTwin

REPOSITORY = "acme/shop"
PRINCIPAL = "codepipeline.amazonaws.com"
# Long, as a machine may be busy: nothing waits for its end but a test that fails.
SECONDS = 90
ENDED = ("Succeeded", "Failed", "Stopped", "Superseded")


def wait(look, until, seconds: float = SECONDS):
    """Look until it is so; fail with what was seen last."""
    deadline = time.monotonic() + seconds
    while not until(seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {seen}"
        time.sleep(0.05)
    return seen


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


@dataclass
class Origin:
    """A bare repository, and a clone to push from."""

    bare: Path
    clone: Path

    @classmethod
    def make(cls, folder: Path) -> "Origin":
        origin = cls(folder / "origin.git", folder / "clone")
        _git(folder, "init", "-q", "--bare", "-b", "main", str(origin.bare))
        _git(folder, "init", "-q", "-b", "main", str(origin.clone))
        _git(origin.clone, "remote", "add", "origin", str(origin.bare))
        origin.push({"README.md": "a shop"}, "the beginning")
        return origin

    def push(self, files: Mapping[str, str], message: str = "a change", branch: str = "main") -> str:
        """Commit files and push them; return the commit."""
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        _git(self.clone, "add", "-A")
        _git(self.clone, "commit", "-q", "--allow-empty", "-m", message)
        _git(self.clone, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return _git(self.clone, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **who}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Delivery:
    """An account with an artifact store and a connection."""

    twin: RunningTwin
    origin: Origin
    bucket: str = "artifacts"
    key: str = ""
    connection: str = ""
    made: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, twin: RunningTwin, origin: Origin) -> "Delivery":
        delivery = cls(twin, origin)
        twin.client("s3").create_bucket(Bucket=delivery.bucket)
        delivery.key = twin.client("kms").create_key()["KeyMetadata"]["Arn"]
        delivery.connection = delivery.connect("shop")
        delivery.click(delivery.connection)
        return delivery

    @cached_property
    def pipelines(self) -> Any:
        return self.twin.client("codepipeline")

    def connect(self, name: str) -> str:
        connections = self.twin.client("codestar-connections")
        return str(connections.create_connection(ConnectionName=name, ProviderType="GitHub")["ConnectionArn"])

    def click(self, connection: str) -> dict[str, Any]:
        url = f"{self.twin.endpoint}/_fairway/connections/{connection.rpartition('/')[2]}"
        request = urllib.request.Request(url, method="POST")  # noqa: S310 -- our own http address
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return dict(json.load(answer))

    # -- roles ----------------------------------------------------------------------------------------------------

    def role(self, name: str, service: str, statements: Sequence[Mapping[str, Any]]) -> str:
        iam = self.twin.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy(statements))
        return str(arn)

    def needs(self) -> dict[str, dict[str, Any]]:
        """Return the statements that a pipeline's role needs, by what they are for."""
        objects = f"arn:aws:s3:::{self.bucket}/*"
        return {
            "put": {"Action": "s3:PutObject", "Resource": objects},
            "get": {"Action": "s3:GetObject", "Resource": objects},
            "encrypt": {"Action": "kms:GenerateDataKey", "Resource": self.key},
            "decrypt": {"Action": "kms:Decrypt", "Resource": self.key},
            "connection": {"Action": "codestar-connections:UseConnection", "Resource": self.connection},
            "start build": {"Action": "codebuild:StartBuild", "Resource": "*"},
            "see build": {"Action": "codebuild:BatchGetBuilds", "Resource": "*"},
            "see machine": {"Action": "states:DescribeStateMachine", "Resource": "*"},
            "start machine": {"Action": "states:StartExecution", "Resource": "*"},
            "see execution": {"Action": "states:DescribeExecution", "Resource": "*"},
            "publish": {"Action": "sns:Publish", "Resource": "*"},
        }

    # -- what actions run -----------------------------------------------------------------------------------------

    def project(self, name: str, *commands: str, artifacts: Sequence[str] = (), exported: Sequence[str] = ()) -> str:
        """Make a CodeBuild project that runs commands in a pipeline; return its name."""
        spec: dict[str, Any] = {"version": 0.2, "phases": {"build": {"commands": list(commands)}}}
        spec |= {"env": {"exported-variables": list(exported)}} if exported else {}
        spec |= {"artifacts": {"files": list(artifacts)}} if artifacts else {}
        logs = {"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
        needs = self.needs()
        role = self.role(
            f"{name}-build",
            "codebuild.amazonaws.com",
            [logs, *(needs[what] for what in ("put", "get", "encrypt", "decrypt", "connection"))],
        )
        self.twin.client("codebuild").create_project(
            name=name,
            serviceRole=role,
            source={"type": "CODEPIPELINE", "buildspec": json.dumps(spec, indent=1)},
            artifacts={"type": "CODEPIPELINE"},
            environment={"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL",
                         "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0"},
        )  # fmt: skip
        return name

    def machine(self, name: str, **state: Any) -> str:
        """Make a state machine of one state; return its ARN."""
        definition = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True, **state}}}
        role = self.role(f"{name}-machine", "states.amazonaws.com", [])
        answer = self.twin.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=role
        )
        return str(answer["stateMachineArn"])

    def queue(self, name: str, pattern: Mapping[str, Any] | None = None) -> "Queue":
        """Make a queue, which has the events of a pattern."""
        sqs, events = self.twin.client("sqs"), self.twin.client("events")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        services = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
        opened = policy([{"Principal": services, "Action": "sqs:SendMessage", "Resource": arn}])
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": opened})
        if pattern is not None:
            events.put_rule(Name=name, EventPattern=json.dumps(pattern))
            events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        return Queue(sqs, url, arn)

    # -- pipelines ------------------------------------------------------------------------------------------------

    def source(self, **configuration: str) -> dict[str, Any]:
        """Return a stage with a source action that starts nothing by itself."""
        given = {
            "ConnectionArn": self.connection,
            "FullRepositoryId": REPOSITORY,
            "BranchName": "main",
            "DetectChanges": "false",
            **configuration,
        }
        return stage("Source", action("source", "Source", "CodeStarSourceConnection", given, outputs=["source"]))

    def declaration(self, name: str, role: str, stages: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
        key = {"id": self.key, "type": "KMS"}
        store = {"type": "S3", "location": self.bucket, "encryptionKey": key}
        return {"name": name, "roleArn": role, "artifactStore": store, "stages": stages, "pipelineType": "V2", **more}

    def create(self, name: str, *stages: Mapping[str, Any], without: Sequence[str] = (), **more: Any) -> "Pipeline":
        """Make a pipeline with a role that has what it needs, without some of it, and wait for its first execution."""
        statements = [one for what, one in self.needs().items() if what not in without]
        role = more.pop("role", None) or self.role(f"{name}-pipeline", PRINCIPAL, statements)
        declaration = self.declaration(name, role, [self.source(), *stages], **more)
        self.pipelines.create_pipeline(pipeline=declaration)
        pipeline = Pipeline(self, name)
        self.made.append(name)
        return pipeline


def stage(name: str, *actions: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "actions": list(actions), **more}


def action(
    name: str,
    category: str,
    provider: str,
    configuration: Mapping[str, str] | None = None,
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    **more: Any,
) -> dict[str, Any]:
    return {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": dict(configuration or {}),
        "inputArtifacts": [{"name": one} for one in inputs],
        "outputArtifacts": [{"name": one} for one in outputs],
        **more,
    }


def approval(name: str = "ask", **more: Any) -> dict[str, Any]:
    return action(name, "Approval", "Manual", **more)


@dataclass(frozen=True)
class Queue:
    """A queue, and what came to it."""

    client: Any
    url: str
    arn: str

    def all(self) -> list[dict[str, Any]]:
        """Return all that is there now, once."""
        found: list[dict[str, Any]] = []
        while more := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", ()):
            for message in more:
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            found += [json.loads(message["Body"]) for message in more]
        return found


@dataclass(frozen=True)
class Pipeline:
    """One pipeline, as people see it."""

    delivery: Delivery
    name: str

    @property
    def client(self) -> Any:
        return self.delivery.pipelines

    def executions(self) -> list[dict[str, Any]]:
        """Return the executions, the oldest first."""
        found = self.client.list_pipeline_executions(pipelineName=self.name)["pipelineExecutionSummaries"]
        return list(reversed(found))

    def start(self, **more: Any) -> str:
        return str(self.client.start_pipeline_execution(name=self.name, **more)["pipelineExecutionId"])

    def get(self, execution: str) -> dict[str, Any]:
        answer = self.client.get_pipeline_execution(pipelineName=self.name, pipelineExecutionId=execution)
        return dict(answer["pipelineExecution"])

    def status(self, execution: str) -> str:
        return str(self.get(execution)["status"])

    def ended(self, execution: str, seconds: float = SECONDS) -> str:
        """Wait for an execution's end; return how it ended."""
        return str(wait(lambda: self.status(execution), lambda status: status in ENDED, seconds))

    def runs(self, execution: str) -> list[dict[str, Any]]:
        """Return the runs of actions of an execution, the oldest first."""
        answer = self.client.list_action_executions(pipelineName=self.name, filter={"pipelineExecutionId": execution})
        return list(reversed(answer["actionExecutionDetails"]))

    def run(self, execution: str, name: str) -> dict[str, Any]:
        return next(one for one in reversed(self.runs(execution)) if one["actionName"] == name)

    def error(self, execution: str, name: str) -> dict[str, str]:
        return dict(self.run(execution, name)["output"]["executionResult"]["errorDetails"])

    def errors(self, execution: str) -> list[dict[str, str]]:
        """Return why actions of an execution failed."""
        results = [one.get("output", {}).get("executionResult", {}) for one in self.runs(execution)]
        return [one["errorDetails"] for one in results if "errorDetails" in one]

    def stage(self, name: str) -> dict[str, Any]:
        states = self.client.get_pipeline_state(name=self.name)["stageStates"]
        return next(dict(one) for one in states if one["stageName"] == name)

    def asked(self, stage_name: str = "Approve", name: str = "ask") -> str:
        """Wait until an approval waits; return its token."""

        def token():
            [found] = [one for one in self.stage(stage_name)["actionStates"] if one["actionName"] == name]
            latest = found.get("latestExecution", {})
            return latest.get("token") if latest.get("status") == "InProgress" else None

        return str(wait(token, lambda found: found))

    def answer(self, token: str, status: str = "Approved", summary: str = "well", name: str = "ask") -> None:
        result = {"status": status, "summary": summary}
        self.client.put_approval_result(
            pipelineName=self.name, stageName="Approve", actionName=name, result=result, token=token
        )

    def retry(self, execution: str, stage_name: str, mode: str = "FAILED_ACTIONS") -> None:
        self.client.retry_stage_execution(
            pipelineName=self.name, stageName=stage_name, pipelineExecutionId=execution, retryMode=mode
        )

    def stop(self, execution: str, **more: Any) -> None:
        self.client.stop_pipeline_execution(pipelineName=self.name, pipelineExecutionId=execution, **more)


def build(name: str, project: str, *, inputs: Sequence[str] = ("source",), **more: Any) -> dict[str, Any]:
    configuration = {"ProjectName": project, **more.pop("configuration", {})}
    return action(name, "Build", "CodeBuild", configuration, inputs=inputs, **more)


def variables(**values: str) -> dict[str, str]:
    """Return the configuration of a CodeBuild action with environment variables."""
    listed = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items()]
    return {"EnvironmentVariables": json.dumps(listed)}
