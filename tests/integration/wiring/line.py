"""A project's delivery as Terraform provisions it, with ways to break one thing of it at a time and to undo that."""

import copy
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.main_job.checkout import ROOT, Result, commit, make_checkout
from tests.integration.wiring.breakable import Breakable

from fairway.delivery import pipelines

SPEED = "60"
SECONDS = 240.0
"""Longer than anything here takes on a machine that is busy with other things."""
Change = Callable[[dict[str, Any]], None]


def done(result: Result) -> Result:
    assert result.code == 0, result.out[-3000:] + result.err
    return result


@dataclass(frozen=True)
class Failure:
    """Where an execution of a pipeline failed, and what fairway says of it."""

    stage: str
    action: str
    words: str


@dataclass
class Line(Breakable):
    """The project's pipelines, its checkout and its origin."""

    given: dict[str, str] = field(default_factory=lambda: {"plan.PLAN_SHA256": "0" * 64})
    """What actions export that a shortened pipeline leaves out: by namespace and name."""
    triggers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What Terraform lets start each pipeline."""

    # -- pipelines ----------------------------------------------------------------------------------------------------

    def declaration(self, name: str) -> dict[str, Any]:
        return dict(self.client("codepipeline").get_pipeline(name=name)["pipeline"])

    def hush(self) -> None:
        """Let no push start a pipeline: what is pushed here is for the executions that a test starts."""
        client = self.client("codepipeline")
        for one in client.list_pipelines()["pipelines"]:
            declaration = self.declaration(one["name"])
            self.triggers[one["name"]] = declaration.pop("triggers")
            client.update_pipeline(pipeline=declaration)

    @contextmanager
    def declared(self, name: str, *changes: Change) -> Iterator[None]:
        """Update a pipeline for as long as the block lasts."""
        client, before = self.client("codepipeline"), self.declaration(name)
        changed = copy.deepcopy(before)
        for change in changes:
            change(changed)
        client.update_pipeline(pipeline=changed)
        try:
            yield
        finally:
            client.update_pipeline(pipeline=before)

    def only(self, *wanted: str) -> Change:
        """Leave out all actions but the source and these (Stage/action), and put in what the others would export."""

        def shorten(pipeline: dict[str, Any]) -> None:
            source, *stages = pipeline["stages"]
            for stage in stages:
                stage["actions"] = [one for one in stage["actions"] if f"{stage['name']}/{one['name']}" in wanted]
            pipeline["stages"] = [source, *(stage for stage in stages if stage["actions"])]
            kept = {action["name"] for stage in pipeline["stages"] for action in stage["actions"]}
            for stage in stages:
                for action in stage["actions"]:
                    settings = action["configuration"]
                    settings.update({key: self._filled(text, kept) for key, text in settings.items()})

        return shorten

    def _filled(self, text: str, kept: set[str]) -> str:
        return re.sub(r"#\{((\w+)\.\w+)\}", lambda found: found[0] if found[2] in kept else self.given[found[1]], text)

    def first(self, name: str) -> str:
        """Return the execution with which a pipeline's life began."""
        pages = self.client("codepipeline").get_paginator("list_pipeline_executions").paginate(pipelineName=name)
        return str([one for page in pages for one in page["pipelineExecutionSummaries"]][-1]["pipelineExecutionId"])

    def failed_execution(self) -> str:
        """Run the training workflow to a certain failure; return the execution's ARN."""
        client, machine = self.client("stepfunctions"), self.machine("flights-dev-training")
        arn = str(client.start_execution(stateMachineArn=machine, input="{}")["executionArn"])
        wait(lambda: client.describe_execution(executionArn=arn)["status"] == "FAILED")
        return arn

    def start(self, name: str) -> str:
        return str(self.client("codepipeline").start_pipeline_execution(name=name)["pipelineExecutionId"])

    def status(self, name: str, execution: str) -> str:
        answer = self.client("codepipeline").get_pipeline_execution(pipelineName=name, pipelineExecutionId=execution)
        return str(answer["pipelineExecution"]["status"])

    def ended(self, name: str, execution: str) -> str:
        """Wait until an execution has ended; return how."""
        wait(lambda: self.status(name, execution) not in pipelines.RUNNING)
        return self.status(name, execution)

    def retry(self, name: str, execution: str, stage: str) -> None:
        """Try the failed actions of a stage again."""
        self.client("codepipeline").retry_stage_execution(
            pipelineName=name, stageName=stage, pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
        )

    def failure(self, name: str, execution: str) -> Failure:
        """Wait until an execution has failed; return where, and what fairway says of it."""
        status = self.ended(name, execution)
        actions = pipelines.actions_of(self.client("codepipeline"), name, execution)
        assert status == "Failed", f"{status}: {actions}"
        words = pipelines.failure_of(actions, self.client("codebuild"), self.client("logs"))
        return Failure(actions[-1].stage, actions[-1].name, "\n".join(words))

    def exported(self, name: str, execution: str) -> dict[str, str]:
        """Return what the actions of an execution have exported, by their names."""
        answer = self.client("codepipeline").list_action_executions(
            pipelineName=name, filter={"pipelineExecutionId": execution}
        )
        return {
            f"{one['actionName']}.{key}": value
            for one in answer["actionExecutionDetails"]
            for key, value in one.get("output", {}).get("outputVariables", {}).items()
        }

    def asked(self, name: str, execution: str) -> pipelines.Approval:
        """Wait until an execution waits for an approval."""
        found: list[pipelines.Approval] = []

        def look() -> bool:
            assert self.status(name, execution) in pipelines.RUNNING, self.failure(name, execution).words
            approval = pipelines.approval_of(self.client("codepipeline"), name)
            found.extend([approval] if approval else [])
            return bool(found)

        wait(look)
        return found[0]

    # -- the repository -----------------------------------------------------------------------------------------------

    @contextmanager
    def edited(self, name: str, pattern: str, replacement: str) -> Iterator[None]:
        """Push a change of a file, and push its reversal."""
        with self.checkout.edited(name, pattern, replacement):
            self.push(f"Break {name}")
            try:
                yield
            finally:
                self.checkout.git("revert", "--no-edit", "HEAD")
                self.checkout.git("push", "--quiet", "origin", "main")

    def push(self, message: str) -> str:
        self.checkout.git("commit", "--quiet", "--all", "--message", message)
        self.checkout.git("push", "--quiet", "origin", "main")
        return self.checkout.git("rev-parse", "HEAD").strip()


def wait(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < deadline, f"not within {SECONDS:.0f} s"
        time.sleep(0.1)


def actions(pipeline: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a declaration's actions by their names."""
    return {action["name"]: action for stage in pipeline["stages"] for action in stage["actions"]}


def configured(action: str, **values: str) -> Change:
    """Configure an action in another way."""
    return lambda pipeline: actions(pipeline)[action]["configuration"].update(values)


def told(action: str, **variables: str | None) -> Change:
    """Give an action's build other variables; None takes one away."""

    def tell(pipeline: dict[str, Any]) -> None:
        settings = actions(pipeline)[action]["configuration"]
        known = {one["name"]: one["value"] for one in json.loads(settings["EnvironmentVariables"])} | variables
        settings["EnvironmentVariables"] = json.dumps(
            [{"name": name, "value": value} for name, value in known.items() if value is not None]
        )

    return tell


def provision(root: Path, port: int) -> Line:
    """Provision bootstrap, delivery and the environment that trains, which has no release, and connect the origin."""
    checkout = make_checkout(root, port, environments=("dev", "prod"))
    shorten(root)
    commit(checkout)
    checkout.git("config", "user.name", "test")
    checkout.git("config", "user.email", "test@localhost")
    origin = root / "build/rehearsal/origin.git"
    origin.parent.mkdir(parents=True)
    checkout.git("clone", "--quiet", "--bare", ".", str(origin))
    checkout.git("remote", "add", "origin", str(origin))
    done(checkout.fairway("up", FAIRWAY_TWIN_SPEED=SPEED))
    for words in (("bootstrap",), ("apply", "dev"), ("connect",)):
        done(checkout.fairway(*words))
    line = Line(checkout)
    line.hush()
    return line


def shorten(root: Path) -> None:
    """Let builds have the tests' own environment instead of making one, and run few tests: wiring is what is tried."""
    _replace(root / "Makefile", r"\$\(READY\): .*\n\t.*\n", f"$(READY):\n\t@ln -s {ROOT.resolve()}/.venv .venv\n")
    _replace(root / "Makefile", r"READY := .*", "READY := .venv/bin/python")
    few = "tests/unit/test_container.py"
    _replace(root / "buildspecs/unit.yml", r"UNIT: .*", f"UNIT: {few}")
    _replace(root / "buildspecs/integration.yml", r"INTEGRATION: .*", f"INTEGRATION: {few}")


def _replace(path: Path, pattern: str, replacement: str) -> None:
    text, times = re.subn(pattern, lambda _: replacement, path.read_text())
    assert times == 1, (path, pattern, times)
    path.write_text(text)
