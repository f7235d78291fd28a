"""The steps that commands and the rehearsal share: data and image up, train, pin, invoke."""

import importlib
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairway.delivery import access, image, registry, releases, training
from fairway.delivery.accounts import clients_in
from fairway.errors import CommitMissingError, NoReleaseError, ProjectFileError, RequestFileError, WrongAnswerError
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
    settings: Settings, environment: str, *, image_uri: str, hyperparameters: Mapping[str, str]
) -> training.TrainingInput:
    """Return what a new run of the workflow is told: the raw data that the project's bucket holds, the champion."""
    return training.TrainingInput(
        git_sha=head_commit(settings),
        image=image_uri,
        raw=f"s3://{settings.project.artifact_bucket}/{RAW_PREFIX}",
        hyperparameters=hyperparameters,
        parameters={},
        champion=training.champion_of(releases.read(release_path(settings, environment)).current),
    )


def train(
    settings: Settings,
    environment: str,
    outputs: Mapping[str, Any],
    *,
    image_uri: str,
    hyperparameters: Mapping[str, str],
    listen: Callable[[training.StateEvent], None],
) -> Trained:
    """Run an environment's training workflow on the raw data that the project's bucket holds, and wait for its end."""
    told = training_input(settings, environment, image_uri=image_uri, hyperparameters=hyperparameters)
    states = clients_in(settings, environment)("stepfunctions")
    execution = training.start(states, outputs["state_machine_arn"], told)
    try:
        return Trained(execution, training.follow(states, execution, listen))
    except KeyboardInterrupt:
        # Its jobs would go on, and on AWS cost, for somebody who has asked them to end.
        training.stop(states, execution)
        raise


def pin_release(settings: Settings, environment: str, group: str, arn: str | None = None) -> releases.Release:
    """Write a model package, by default the newest approved one, into an environment's release file."""
    sagemaker, s3 = access.client(settings, "sagemaker"), access.client(settings, "s3")
    release = registry.release_of(sagemaker, s3, arn or registry.latest_approved(sagemaker, group))
    path = release_path(settings, environment)
    releases.write(path, releases.read(path).pin(release))
    return release


def verify_releases(settings: Settings, environment: str) -> None:
    """Check the artifact of what an environment's release file wants to run, before anything is planned from it."""
    current = releases.read(release_path(settings, environment)).current
    if current is not None:
        releases.verify_artifact(access.client(settings, "s3"), current)


@dataclass(frozen=True)
class Answer:
    """A request that was sent to an endpoint, and what came back."""

    request: Any
    response: Any
    headers: Mapping[str, str]


def invoke(
    settings: Settings, environment: str, endpoint: str, body: bytes, content_type: str = "application/json"
) -> Answer:
    """Send one request to an environment's endpoint."""
    runtime = clients_in(settings, environment)("sagemaker-runtime")
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType=content_type, Accept="application/json", Body=body
    )
    return Answer(body.decode(), json.loads(answer["Body"].read()), answer["ResponseMetadata"]["HTTPHeaders"])


def invoke_golden(settings: Settings, environment: str, endpoint: str) -> Answer:
    """Send an endpoint the golden requests of its release; `WrongAnswerError` unless it answers as recorded."""
    current = releases.read(release_path(settings, environment)).current
    if current is None:
        raise NoReleaseError(environment)
    sagemaker, s3 = access.client(settings, "sagemaker"), access.client(settings, "s3")
    golden = registry.golden_requests(sagemaker, s3, current.model_package_arn)
    answer = invoke(settings, environment, endpoint, json.dumps(golden["request"]).encode())
    if not same_answer(golden["response"], answer.response):
        raise WrongAnswerError(endpoint, golden["response"], answer.response)
    return Answer(golden["request"], answer.response, answer.headers)


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
