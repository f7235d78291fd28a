"""The second part of the rehearsal: promotion by pull requests, a canary, three bad releases, under live traffic."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet

from fairway import workflow, workflow_deploy, workflow_promotion
from fairway.delivery import access, image, registry, releases
from fairway.delivery.accounts import clients_in, environment_variables
from fairway.delivery.alarms import watching
from fairway.delivery.forge import Pull
from fairway.delivery.promotion import release_file
from fairway.errors import (
    AlarmsNotQuietError,
    DeploymentFailedError,
    NoReleaseError,
    NothingPromotedError,
)
from fairway.rehearsal import faults
from fairway.rehearsal.copy import commit, pull
from fairway.rehearsal.main_job import Stage
from fairway.rehearsal.quality import Window, read_threshold, read_windows
from fairway.traffic import Sent, read_record, traffic

RATE, BATCH, ROWS = 20.0, 50, 4000
"""Requests a second, rows a request, rows in all: enough that each worker of a canary can judge its predictions."""

QUIET_SECONDS = 90.0


@dataclass(frozen=True)
class Event:
    """Something that happened, for the timeline: when (epoch seconds), and in few words what."""

    at: float
    what: str


@dataclass(frozen=True)
class Chapter:
    """A rollout in the last environment, as it went."""

    title: str
    release: str
    began: float
    ended: float
    outcome: str
    why: str
    sent: int
    failed: int


@dataclass
class Story:
    """What is told afterwards."""

    events: list[Event] = field(default_factory=list)
    chapters: list[Chapter] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    threshold: float | None = None
    """The quality signal, window by window, and what its alarm is set to."""

    def mark(self, what: str) -> None:
        """Note that something happens now."""
        self.events.append(Event(time.time(), what))


@contextmanager
def live_traffic(stage: Stage) -> Iterator[Path]:
    """Send real rows of the test data to the last environment as long as the block runs; yield where it is recorded."""
    release = current(stage)
    folder = stage.copy.build / "rehearsal"
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "traffic.jsonl"
    record.unlink(missing_ok=True)
    rows = save_rows(stage, release, folder / "rows.jsonl")
    endpoint = f"{stage.copy.project.project}-{stage.copy.environments[-1]}"
    with traffic(
        environment_variables(stage.copy, stage.copy.environments[-1]), endpoint, rows, record, rate=RATE, batch=BATCH
    ):
        yield record


def save_rows(stage: Stage, release: releases.Release, path: Path) -> Path:
    """Write rows of the release's own test data as JSON lines, with the columns that a request has."""
    sagemaker, s3 = access.client(stage.copy, "sagemaker"), access.client(stage.copy, "s3")
    golden = registry.golden_requests(sagemaker, s3, release.model_package_arn)
    columns = list(golden["request"]["instances"][0])
    bucket, key = release.model_data_url.removeprefix("s3://").split("/", 1)
    prefix = "/".join(key.split("/")[:2]) + "/data/test/"
    rows: list[dict[str, object]] = []
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        local = path.with_suffix(".parquet")
        s3.download_file(bucket, item["Key"], str(local))
        table = pyarrow.parquet.read_table(local, columns=columns)
        rows += table.to_pylist()
    # In mixed order, as the quality signal wants it: a window of one morning is no sample of a month.
    rows = random.Random(0).sample(rows, min(ROWS, len(rows)))  # noqa: S311  # the same rows each time, no secret
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def hear_quality(stage: Stage, story: Story) -> None:
    """Note what the last environment's containers have said of their predictions since the story began."""
    client = clients_in(stage.copy, stage.copy.environments[-1])
    endpoint = f"{stage.copy.project.project}-{stage.copy.environments[-1]}"
    story.windows = list(read_windows(client("logs"), endpoint, story.events[0].at))
    story.threshold = read_threshold(client("cloudwatch"), endpoint)


def wait_for_quiet(stage: Stage) -> None:
    """Wait until no alarm of the last environment rings: one that does would end the next rollout at its start."""
    name = f"{stage.copy.project.project}-{stage.copy.environments[-1]}"
    client = clients_in(stage.copy, stage.copy.environments[-1])
    cloudwatch = client("cloudwatch")
    watched = watching(cloudwatch, client("sagemaker").describe_endpoint(EndpointName=name))
    names = [alarm["AlarmName"] for alarm in watched]
    with stage.steps.step("The alarms have data and are quiet") as step:
        deadline = time.monotonic() + QUIET_SECONDS
        while noisy := _ringing(cloudwatch, names):
            step.listen(noisy[0].get("StateReason", ""))
            if time.monotonic() > deadline:
                raise AlarmsNotQuietError([alarm["AlarmName"] for alarm in noisy], noisy[0].get("StateReason", ""))
            time.sleep(0.5)


def _ringing(cloudwatch: Any, names: list[str]) -> list[Any]:
    found = cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM") if names else {"MetricAlarms": []}
    return list(found["MetricAlarms"])


def promote(stage: Stage, source: str, target: str) -> releases.Release:
    """Promote by pull request, merge it, and deploy; the release that `target` then runs."""
    with stage.steps.step(f"Pull request: {source} → {target}") as step:
        forge = workflow_promotion.forge_of(stage.copy)
        verify = workflow_promotion.verify_running(stage.copy)
        outcome = workflow_promotion.promote(stage.copy, forge, source, target, verify=verify)
        if outcome is None:
            raise NothingPromotedError(source, target)
        workflow_promotion.merge(stage.copy, forge, outcome.pull.number)
        pull(stage.copy.root)
        step.result = f"#{outcome.pull.number}: {outcome.pull.title}"
    with stage.steps.step(f"{target}: planned, applied, verified") as step:
        workflow_deploy.deploy(stage.copy, target, listen=step.listen)
        step.result = "answers as recorded at evaluation"
    release = releases.read(workflow.release_path(stage.copy, target)).current
    if release is None:
        raise NothingPromotedError(source, target)
    return release


def current(stage: Stage) -> releases.Release:
    """Return the release of the last environment."""
    target = stage.copy.environments[-1]
    release = releases.read(workflow.release_path(stage.copy, target)).current
    if release is None:
        raise NoReleaseError(target)
    return release


def register(stage: Stage, good: releases.Release, fault: faults.Fault | None) -> releases.Release:
    """Register a good model once more, in a broken image if there is a fault, of which its evaluation says nothing."""
    sources = stage.copy.root
    if fault is not None:
        sources = faults.broken_sources(stage.copy.root, stage.copy.build / "rehearsal/broken", fault)
    ecr, sagemaker = access.client(stage.copy, "ecr"), access.client(stage.copy, "sagemaker")
    uri = image.publish_sources(sources, repository_url=stage.shared["image_repository_url"], ecr=ecr)
    package = registry.describe(sagemaker, good.model_package_arn)
    container = package["InferenceSpecification"]["Containers"][0]
    answer = sagemaker.create_model_package(
        ModelPackageGroupName=package["ModelPackageGroupName"],
        ModelPackageDescription=f"The rehearsal's: {fault.name if fault else 'good'}",
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={**package["CustomerMetadataProperties"], "image": uri.rpartition("@")[2]},
        ModelMetrics=package["ModelMetrics"],
        InferenceSpecification={
            **package["InferenceSpecification"],
            "Containers": [{"Image": uri, "ModelDataUrl": container["ModelDataUrl"]}],
        },
    )
    return registry.release_of(sagemaker, access.client(stage.copy, "s3"), answer["ModelPackageArn"])


def pin(stage: Stage, release: releases.Release) -> None:
    """Commit that the last environment is to run a release, past all rules, with whatever else was changed."""
    target = stage.copy.environments[-1]
    path = workflow.release_path(stage.copy, target)
    releases.write(path, releases.read(path).pin(release))
    commit(stage.copy.root, f"Version {release.version} to {target}, without a promotion ({release_file(target)})")


def merge_revert(stage: Stage, target: str) -> Pull:
    """Merge the pull request that a failed deployment has opened, and apply what it says."""
    with stage.steps.step(f"Pull request that reverts it, merged; {target} applied") as step:
        forge = workflow_promotion.forge_of(stage.copy)
        opened = next(each for each in forge.pulls() if each.head.startswith(f"release/{target}/"))
        workflow_promotion.merge(stage.copy, forge, opened.number)
        pull(stage.copy.root)
        workflow_deploy.deploy(stage.copy, target, listen=step.listen)
        step.result = f"#{opened.number}: {opened.title}"
    return opened


def chapter(
    title: str, release: releases.Release, record: Path, span: tuple[float, float], *, outcome: str, why: str = ""
) -> Chapter:
    """Return a rollout of a release as a chapter, with what the traffic met between its beginning and its end."""
    began, ended = span
    sent = [each for each in read_record(record) if began <= each.at <= ended]
    return Chapter(
        title=title, release=release.version, began=began, ended=ended, outcome=outcome, why=why,
        sent=len(sent), failed=sum(map(failed, sent)),
    )  # fmt: skip


def failed(sent: Sent) -> bool:
    """Whether a client got no answer."""
    return bool(sent.error)


def reason(error: DeploymentFailedError) -> str:
    """Return why a deployment failed, in one line: the alarm that rang, else SageMaker's reason."""
    lines = error.why.splitlines()
    told = (line for start in ("The alarm ", "SageMaker says: ") for line in lines if line.startswith(start))
    return next(told, lines[0])[:160]
