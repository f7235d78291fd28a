"""Projects on the session's twin whose buildspec is written in the test, and builds of them that have ended."""

import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.integration.running import RunningTwin

SECONDS = 30
LOGS = {"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
OBJECTS = {"Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:ListBucket"], "Resource": "*"}
ENVIRONMENT = {
    "type": "LINUX_CONTAINER",
    "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
    "computeType": "BUILD_GENERAL1_SMALL",
}


@dataclass(frozen=True)
class Builds:
    """CodeBuild as the tests use it."""

    twin: RunningTwin
    name: Callable[[str], str]
    service_role: str
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "client", self.twin.client("codebuild"))

    def project(self, buildspec: str | None, *, role: str | None = None, **members: Any) -> str:
        """Create a project without source, unless `members` name one; return its name."""
        name = self.name("build")
        source = members.pop("source", {"type": "NO_SOURCE"})
        settings = {"artifacts": {"type": "NO_ARTIFACTS"}, "environment": ENVIRONMENT, **members}
        if buildspec is not None:
            source = {**source, "buildspec": buildspec}
        self.client.create_project(name=name, source=source, serviceRole=role or self.service_role, **settings)
        return name

    def start(self, project: str, **overrides: Any) -> str:
        return str(self.client.start_build(projectName=project, **overrides)["build"]["id"])

    def get(self, build: str) -> dict[str, Any]:
        [found] = self.client.batch_get_builds(ids=[build])["builds"]
        return dict(found)

    def ended(self, build: str) -> dict[str, Any]:
        """Return a build once it has ended."""
        return self.until(build, lambda one: bool(one["buildComplete"]))

    def until(self, build: str, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while not reached(found := self.get(build)):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found

    def run(self, buildspec: str, **members: Any) -> dict[str, Any]:
        """Run a build of a new project to its end."""
        return self.ended(self.start(self.project(buildspec, **members)))

    def lines(self, build: dict[str, Any]) -> list[str]:
        """Return what a build has logged."""
        logs = build["logs"]
        events = self.twin.client("logs").get_log_events(
            logGroupName=logs["groupName"], logStreamName=logs["streamName"], startFromHead=True
        )["events"]
        return [event["message"] for event in events]

    def printed(self, build: dict[str, Any]) -> list[str]:
        """Return what a build's commands have printed."""
        return [line for line in self.lines(build) if not line.startswith("[Container]")]


@pytest.fixture
def builds(twin, unique, role):
    return Builds(twin, unique, role("codebuild.amazonaws.com", LOGS, OBJECTS))


def phases(build: dict[str, Any]) -> dict[str, str]:
    """Return the statuses of a build's phases."""
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}


def context(build: dict[str, Any], phase: str) -> str:
    """Return why a phase has failed."""
    [found] = [one for one in build["phases"] if one["phaseType"] == phase]
    [one] = found["contexts"]
    return f"{one['statusCode']}: {one['message']}"


def archive(files: dict[str, str]) -> bytes:
    """Return a zip of files by their names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for name, text in files.items():
            target.writestr(name, text)
    return content.getvalue()


@pytest.fixture
def bucket(twin, unique):
    name = unique("builds")
    twin.client("s3").create_bucket(Bucket=name)
    return name
