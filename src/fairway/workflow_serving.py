"""The steps of serving that commands share: transform a data set, pin a challenger, ask in every mode."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairway import workflow
from fairway.delivery import access, asking, batch, executions, registry, releases
from fairway.delivery.accounts import clients_in
from fairway.delivery.diagnosis import transform_words
from fairway.errors import (
    BatchInputError,
    ChallengerIsCurrentError,
    NoReleaseError,
    TransformFailedError,
)
from fairway.settings import Settings


def pin_challenger(settings: Settings, environment: str, group: str, arn: str | None = None) -> releases.Release:
    """Write a model package, by default the newest approved one, into an environment's challenger file.

    Raises `NoReleaseError` where nothing is to be challenged, `ChallengerIsCurrentError` for what serves already.
    """
    sagemaker, s3 = access.client(settings, "sagemaker"), access.client(settings, "s3")
    current = releases.read(workflow.release_path(settings, environment)).current
    if current is None:
        raise NoReleaseError(environment)
    release = registry.release_of(sagemaker, s3, arn or registry.latest_approved(sagemaker, group))
    if release.version == current.version:
        raise ChallengerIsCurrentError(environment, release.version)
    workflow.challenger_path(settings, environment).write_text(json.dumps(release.model_dump(), indent=2) + "\n")
    return release


def transform(
    settings: Settings,
    environment: str,
    told: dict[str, Any],
    source: str,
    listen: Callable[[executions.StateEvent], None],
) -> dict[str, Any]:
    """Transform what `source` names, s3://… or a local file, with the environment's release; return the run's output.

    `told` is the environment's output `batch`. A local file is uploaded to the run's folder. Raises `BatchInputError`,
    or `TransformFailedError` with the job's reason.
    """
    run = executions.new_name()
    asked = (
        _stored(settings, source)
        if source.startswith("s3://")
        else _uploaded(settings, environment, Path(source), f"{told['folder']}{run}/input/")
    )
    client = clients_in(settings, environment)
    try:
        return executions.run(
            client("stepfunctions"),
            told["state_machine_arn"],
            run,
            asdict(asked),
            listen,
            failed=TransformFailedError,
        )
    except TransformFailedError as error:
        words = transform_words(client("logs"), run)
        if not words:
            raise
        raise TransformFailedError(run, error.error, f"{error.cause}. The job's log ends with: {words}") from error


def _stored(settings: Settings, url: str) -> batch.BatchInput:
    bucket, key = asking.split(url)
    s3 = access.client(settings, "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    try:
        found = [item for page in pages for item in page.get("Contents", []) if not item["Key"].endswith("/")]
    except s3.exceptions.NoSuchBucket as error:
        raise BatchInputError(url, f"there is no bucket {bucket}", "an object, or a folder of objects") from error
    file_format = batch.format_of([item["Key"] for item in found], url)
    batch.refuse_nothing(url, sum(item["Size"] for item in found))
    return batch.told_of(url, file_format)


def _uploaded(settings: Settings, environment: str, path: Path, folder: str) -> batch.BatchInput:
    if not path.is_file():
        raise BatchInputError(str(path), "there is no such file", "s3://… or a local file")
    file_format = batch.format_of([path.name], str(path))
    batch.refuse_nothing(str(path), path.stat().st_size)
    current = releases.read(workflow.release_path(settings, environment)).current
    if current is None:
        raise NoReleaseError(environment)
    s3 = access.client(settings, "s3")
    if path.suffix.lower() == ".csv":
        golden = registry.golden_requests(access.client(settings, "sagemaker"), s3, current.model_package_arn)
        batch.refuse_header(path, [column["name"] for column in golden["schema"]])
    bucket, key = asking.split(f"{folder}{path.name}")
    s3.upload_file(str(path), bucket, key)
    return batch.told_of(f"s3://{bucket}/{key}", file_format)
