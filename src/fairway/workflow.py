"""The steps that commands and the rehearsal share: data and image up, train, pin, invoke."""

import importlib
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairway.delivery import access, asking, executions, image, registry, releases, training
from fairway.delivery.accounts import clients_in
from fairway.delivery.training_progress import TrainingProgress
from fairway.errors import (
    CommitMissingError,
    NoReleaseError,
    ProjectFileError,
    ReleaseError,
    RequestFileError,
    TrainingFailedError,
    WrongAnswerError,
    WrongReleaseError,
)
from fairway.functions.answers import same_answer
from fairway.settings import Settings

RAW_PREFIX = "raw/"


def release_path(settings: Settings, environment: str) -> Path:
    """Where an environment's release file lies."""
    return settings.root / "terraform/environments" / environment / "release.json"


def upload_data(settings: Settings, bucket: str) -> list[str]:
    """Write the example's raw months and upload those that the bucket does not hold yet; return the new keys."""
    s3 = access.client(settings, "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=RAW_PREFIX)
    present = {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}
    folder = settings.build / "raw"
    # The model is the fork's own: it is found where the checkout's sources are, and this command is its only caller.
    files: list[Path] = importlib.import_module("model").write_raw(folder)
    keys = {RAW_PREFIX + file.relative_to(folder).as_posix(): file for file in files}
    fresh = {key: file for key, file in keys.items() if present.get(key) != file.stat().st_size}
    for key, file in fresh.items():
        s3.upload_file(str(file), bucket, key)
    return sorted(fresh)


def head_commit(settings: Settings) -> str:
    """Return the checkout's commit, which every artifact is traced to."""
    answer = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=settings.root, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise CommitMissingError(answer.stderr.strip())
    return answer.stdout.strip()


@dataclass(frozen=True)
class Trained:
    """What a run of the workflow left behind."""

    execution_arn: str
    output: Mapping[str, Any]


def training_input(
    settings: Settings,
    environment: str,
    *,
    image_uri: str,
    hyperparameters: Mapping[str, str],
    parameters: Mapping[str, str],
) -> training.TrainingInput:
    """Return what a new run of the workflow is told: the raw data that the project's bucket holds, the champion.

    `hyperparameters` are for the model's `train`, `parameters` for its `prepare`; and what the model would have
    searched, for an environment that searches.
    """
    declared = getattr(importlib.import_module("model"), "SEARCH", None)
    return training.TrainingInput(
        git_sha=head_commit(settings),
        image=image_uri,
        raw=f"s3://{settings.project.artifact_bucket}/{RAW_PREFIX}",
        hyperparameters=hyperparameters,
        parameters=parameters,
        champion=training.champion_of(releases.read(release_path(settings, environment)).current),
        search=training.search_of(declared, hyperparameters),
    )


def train(
    settings: Settings,
    environment: str,
    outputs: Mapping[str, Any],
    *,
    image_uri: str,
    hyperparameters: Mapping[str, str],
    parameters: Mapping[str, str],
    listen: Callable[[executions.StateEvent], None],
    tell: Callable[[str], None] = lambda _line: None,
) -> Trained:
    """Run an environment's training workflow on the raw data that the project's bucket holds, and wait for its end.

    `tell` is given what the training job says of itself, while it trains.
    """
    told = training_input(
        settings, environment, image_uri=image_uri, hyperparameters=hyperparameters, parameters=parameters
    )
    client = clients_in(settings, environment)
    machine, run = outputs["state_machine_arn"], executions.new_name()
    progress = TrainingProgress(client("logs"), client("sagemaker"), run, tell)
    output = executions.run(
        client("stepfunctions"), machine, run, asdict(told), listen, failed=TrainingFailedError, look=progress.look
    )
    return Trained(executions.arn_of(machine, run), output)


def pin_release(settings: Settings, environment: str, group: str, arn: str | None = None) -> releases.Release:
    """Write a model package, by default the newest approved one, into an environment's release file."""
    sagemaker, s3 = access.client(settings, "sagemaker"), access.client(settings, "s3")
    release = registry.release_of(sagemaker, s3, arn or registry.latest_approved(sagemaker, group))
    path = release_path(settings, environment)
    releases.write(path, releases.read(path).pin(release))
    return release


def challenger_path(settings: Settings, environment: str) -> Path:
    """Where the challenger of an environment's experiment is pinned, if there is one."""
    return release_path(settings, environment).with_name("challenger.json")


def read_challenger(settings: Settings, environment: str) -> releases.Release | None:
    """Read an environment's challenger; None where none is pinned, `ReleaseError` for one that is not as expected."""
    path = challenger_path(settings, environment)
    if not path.exists():
        return None
    where = f"{environment}/{path.name}"
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise ReleaseError(where, "it is not JSON: `make challenger` writes it") from error
    pinned = releases.parse(json.dumps({"current": document, "previous": None}), where).current
    if pinned is None:
        raise ReleaseError(where, "it is null: delete the file, and the experiment")
    return pinned


def verify_releases(settings: Settings, environment: str) -> None:
    """Check the artifact of what an environment's release file wants to run, before anything is planned from it."""
    current = releases.read(release_path(settings, environment)).current
    for release in (current, read_challenger(settings, environment)):
        if release is not None:
            releases.verify_artifact(access.client(settings, "s3"), release)


@dataclass(frozen=True)
class Answer:
    """A request that was sent to an endpoint, and what came back."""

    request: Any
    response: Any
    headers: Mapping[str, str]
    release: str | None = None


def invoke(
    settings: Settings,
    environment: str,
    endpoint: str,
    body: bytes,
    *,
    content_type: str = "application/json",
    variant: str | None = None,
) -> Answer:
    """Send one request to an environment's endpoint, in the mode that it answers in; with `variant`, to that one."""
    client = clients_in(settings, environment)
    runtime = client("sagemaker-runtime")
    if asking.mode_of(asking.config_of(client("sagemaker"), endpoint)) == "asynchronous":
        folder = f"s3://{settings.project.artifact_bucket}/serving/{endpoint}"
        reply = asking.ask_later(
            runtime, access.client(settings, "s3"), endpoint, body, folder=folder, content_type=content_type
        )
    else:
        reply = asking.ask(runtime, endpoint, body, content_type, variant)
    return Answer(body.decode(), json.loads(reply.body), reply.headers, reply.release)


def invoke_golden(settings: Settings, environment: str, endpoint: str) -> Answer:
    """Send an endpoint the golden requests of its release, and of its challenger, if that answers too.

    Raises `WrongReleaseError` where another release answers, `WrongAnswerError` unless it answers as recorded.
    """
    current = releases.read(release_path(settings, environment)).current
    if current is None:
        raise NoReleaseError(environment)
    config = asking.config_of(clients_in(settings, environment)("sagemaker"), endpoint)
    several = len(config["ProductionVariants"]) > 1
    challenger = read_challenger(settings, environment) if several else None
    if challenger is not None:
        _invoke_recorded(settings, environment, endpoint, challenger, asking.CHALLENGER)
    return _invoke_recorded(settings, environment, endpoint, current, asking.CURRENT if several else None)


def _invoke_recorded(
    settings: Settings, environment: str, endpoint: str, release: releases.Release, variant: str | None
) -> Answer:
    sagemaker, s3 = access.client(settings, "sagemaker"), access.client(settings, "s3")
    golden = registry.golden_requests(sagemaker, s3, release.model_package_arn)
    answer = invoke(settings, environment, endpoint, json.dumps(golden["request"]).encode(), variant=variant)
    if answer.release not in (None, release.version):
        raise WrongReleaseError(endpoint, release.version, answer.release)
    if not same_answer(golden["response"], answer.response):
        raise WrongAnswerError(endpoint, golden["response"], answer.response)
    return Answer(golden["request"], answer.response, answer.headers, answer.release)


def push_image(settings: Settings, repository_url: str) -> str:
    """Build the image from the checkout's sources, push it, and return its address by digest.

    For AWS it is the Dockerfile's; for the twin the same sources in one layer, since no Docker engine is asked for.
    """
    ecr = access.client(settings, "ecr")
    if access.is_local(settings):
        return image.publish_sources(settings.root, repository_url=repository_url, ecr=ecr)
    if settings.project.base_image is None:
        raise ProjectFileError("project.json", "`base_image` is null: an image for AWS is built on one named by digest")
    return image.publish_with_docker(
        settings.root, repository_url=repository_url, git_sha=head_commit(settings),
        base_image=settings.project.base_image, ecr=ecr,
    )  # fmt: skip


def read_body(path: Path) -> bytes:
    """Read a request from a file, which must hold JSON."""
    try:
        body = path.read_bytes()
        json.loads(body)
    except OSError as error:
        raise RequestFileError(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise RequestFileError(path, f"it is not JSON ({error})") from error
    return body
