"""`make rollouts`: every strategy with every fate of a release, through Terraform and Git, under live traffic."""

import os
import platform
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from fairway import workflow, workflow_deploy, workflow_promotion
from fairway.console import out
from fairway.delivery import access, releases
from fairway.delivery.promotion import release_file
from fairway.delivery.terraform import Listener
from fairway.errors import DeploymentFailedError, DriftAfterApplyError, RolloutsError, TerraformError
from fairway.local_twin import speed
from fairway.rehearsal import main_job, rollouts_page, story
from fairway.rehearsal.main_job import Stage
from fairway.rehearsal.strategies import RELEASES, STRATEGIES, Cell, Strategy, exposure
from fairway.settings import Settings
from fairway.traffic import read_record

PAGE = "docs/rollouts.md"
_ROLLOUT = re.compile(r"^(?P<name> *rollout *= )\{.*\}$", re.MULTILINE)
# Autoscaling would have its own say in how many instances run.
_SCALED = re.compile(r"^ *autoscaling *= \{.*\}$", re.MULTILINE)
FIXED = "    instances   = { count = 4 }"


def run(told: Settings, strategies: Sequence[str] = (), kinds: Sequence[str] = ()) -> None:
    """Try the strategies with the kinds of releases, all where none is named; the whole table is written to the page.

    Raises `RolloutsError` where anything ended otherwise than it should.
    """
    chosen = [each for each in STRATEGIES if each.name in _known(strategies, [each.name for each in STRATEGIES])]
    stage = _stage(told, chosen[0])
    began = time.monotonic()
    with story.live_traffic(stage) as record:
        cells = [_try(stage, record, strategy, kind) for strategy in chosen for kind in _known(kinds, list(RELEASES))]
    out.print(rollouts_page.table(cells), end="")
    if not strategies and not kinds:
        rollouts_page.write(told.root / PAGE, cells, _made(time.monotonic() - began))
    unmet = [f"{cell.strategy}, {cell.release}: {reason}" for cell in cells for reason in cell.unmet]
    if unmet:
        raise RolloutsError(unmet)


def _known(given: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """Return the names that were given, each of which must be known; all of them where none was."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise RolloutsError([f"there is no {name!r}, but {', '.join(known)}" for name in unknown])
    return given or known


def _stage(told: Settings, strategy: Strategy) -> Stage:
    """Return a rehearsal whose last environment runs a release, and has the instances and the traffic for a rollout."""
    stage = main_job.begin(told)
    main_job.provision_environments(stage, stage.copy.environments)
    stage.plans.settle()
    target = stage.copy.environments[-1]
    if releases.read(workflow.release_path(stage.copy, target)).current is None:
        release = main_job.release_to_first(stage, main_job.train(stage))
        switch(_main(stage), strategy)
        story.pin(stage, release)
        with stage.steps.step(f"{target}: version {release.version}, planned, applied, verified") as step:
            workflow_deploy.deploy(stage.copy, target, listen=step.listen)
    return stage


def _main(stage: Stage) -> Path:
    return workflow.release_path(stage.copy, stage.copy.environments[-1]).with_name("main.tf")


def switch(main: Path, strategy: Strategy) -> None:
    """Let an environment roll out by another strategy: its line of main.tf is replaced."""
    changed, times = _ROLLOUT.subn(rf"\g<name>{strategy.hcl}", _SCALED.sub(FIXED, main.read_text()))
    if times != 1:
        raise RolloutsError([f"{main.parent.name}/main.tf has {times} lines `rollout = {{ … }}`, one is expected"])
    main.write_text(changed)


@dataclass
class Stopwatch:
    """Hears in Terraform's lines when it updates the endpoint, and passes them on."""

    listen: Listener
    began: float = 0.0

    def hear(self, line: str) -> None:
        """Take a line."""
        if "aws_sagemaker_endpoint.this" in line and "Modifying..." in line:
            self.began = time.time()
        self.listen(line)


def _try(stage: Stage, record: Path, strategy: Strategy, kind: str) -> Cell:
    """Roll a release out as its users do, revert it by its pull request if it fails, and see what is left."""
    target = stage.copy.environments[-1]
    release = story.register(stage, story.current(stage), RELEASES[kind])
    switch(_main(stage), strategy)
    story.pin(stage, release)
    story.wait_for_quiet(stage)
    began, failure = time.time(), None
    with stage.steps.step(f"{strategy.name}, {kind}: version {release.version} applied") as step:
        watch = Stopwatch(step.listen)
        try:
            workflow_deploy.deploy(stage.copy, target, listen=watch.hear)
        except DeploymentFailedError as error:
            failure = error
        step.result = "deployed" if failure is None else f"rolled back: {story.reason(failure)}"
    ended = time.time()
    seconds = _in_service_since(stage) - watch.began
    sent = [each for each in read_record(record) if began <= each.at <= ended]
    pull = None if failure is None else story.merge_revert(stage, target)
    wanted, runs = _versions(stage)
    return Cell(
        strategy.name, kind, "deployed" if failure is None else "rolled back", len(sent),
        sum(map(story.failed, sent)), exposure(sent, release.version), seconds, seconds * speed(stage.copy),
        _exit_code(failure), _plan_is_empty(stage, target), wanted, runs, pull.number if pull else None,
    )  # fmt: skip


def _in_service_since(stage: Stage) -> float:
    name = f"{stage.copy.project.project}-{stage.copy.environments[-1]}"
    described = access.client(stage.copy, "sagemaker").describe_endpoint(EndpointName=name)
    return float(described["LastModifiedTime"].timestamp())


def _exit_code(failure: DeploymentFailedError | None) -> int:
    """Return what Terraform ended with: a deployment can also fail by what is verified after it."""
    cause = failure.__cause__ if failure else None
    return cause.code if isinstance(cause, TerraformError) else 0


def _plan_is_empty(stage: Stage, environment: str) -> bool:
    try:
        stage.plans.look(environment, "the rollout")
        stage.plans.settle(environment)
    except DriftAfterApplyError:
        return False
    return True


def _versions(stage: Stage) -> tuple[str, str]:
    """Return the version that the default branch wants, and the one that runs."""
    target = stage.copy.environments[-1]
    forge = workflow_promotion.forge_of(stage.copy)
    text = forge.read(release_file(target), forge.head(forge.default_branch()) or "")
    wanted = releases.parse(text or "", f"{target}/release.json").current
    running = workflow_promotion.status_of(stage.copy, target, wanted).running
    return wanted.version if wanted else "none", running.version if running else "none"


def _made(seconds: float) -> str:
    facts = {
        "Command": "`make rollouts`",
        "Date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "Took": f"{seconds / 60:.1f} min after provisioning and training",
        "Machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "Versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("ministack", "botocore")),
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
