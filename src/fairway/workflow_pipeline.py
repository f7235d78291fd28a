"""The steps that only pipelines take: what a build is told by its stage, and what it leaves for the next one."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairway import workflow, workflow_promotion
from fairway.delivery import access, registry, releases, review
from fairway.delivery.forge import Forge
from fairway.delivery.forge_choice import pull_address
from fairway.delivery.git import git, is_ancestor
from fairway.delivery.history import history
from fairway.delivery.image import BY_DIGEST
from fairway.delivery.promotion import Outcome, base_commit, read_release
from fairway.delivery.promotion_check import changed_files
from fairway.delivery.promotion_plan import summarise
from fairway.delivery.provision import Provisioner
from fairway.delivery.review import Review
from fairway.delivery.terraform import Listener
from fairway.errors import ExecutionMissingError, ImageNotByDigestError, LeftBehindError, NothingTrainedError
from fairway.settings import Settings

RESOURCES = 100
"""Of an environment, more changed resources than these are counted in a comment, not listed."""


def require_newest(settings: Settings, environment: str) -> None:
    """Raise `LeftBehindError` if the default branch has changed an environment since this checkout left it.

    A pipeline that is started again for an old commit would otherwise undo what was merged since.
    """
    git(settings.root, "fetch", "--quiet", "origin", "HEAD")
    paths = [f"terraform/environments/{environment}", "terraform/platform", "terraform/modules"]
    changed = git(settings.root, "diff", "--name-only", "HEAD...FETCH_HEAD", "--", *paths).split()
    if changed:
        newest = git(settings.root, "rev-parse", "FETCH_HEAD").strip()
        raise LeftBehindError(
            environment, workflow.head_commit(settings), newest, f"since then {', '.join(changed)} changed"
        )


def plan_for_review(settings: Settings, environment: str, folder: Path, listen: Listener) -> tuple[Review, str]:
    """Plan an environment into `folder` as the role that only reads; return what a reviewer is told, and its digest."""
    require_newest(settings, settings.require_environment(environment))
    workflow.verify_releases(settings, environment)
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()  # Terraform works in another one
    words: list[str] = []

    def hear(line: str) -> None:
        words.append(line)
        listen(line)

    provisioner = Provisioner(settings, listen=hear, reading=True)
    plan = provisioner.plan(environment, file=folder / review.PLAN, adopt=True)
    told = Review(
        environment, workflow.head_commit(settings), plan.changes, _summary(settings, environment, words),
        _evidence(settings, environment),
    )  # fmt: skip
    return told, review.write(folder, told, words)


def _summary(settings: Settings, environment: str, words: list[str]) -> str:
    """One line: the release, and what Terraform would do for it."""
    current = releases.read(workflow.release_path(settings, environment)).current
    release = f"version {current.version}" if current else "no release"
    return f"{environment} with {release}. {summarise(words).splitlines()[0]}"


def _evidence(settings: Settings, environment: str) -> str:
    """Return where the pull request can be read that brought the release, or the commit where there was none."""
    newest = next(iter(history(settings.root, environment)), None)
    return pull_address(settings, newest.pull if newest else None, workflow.head_commit(settings))


def write_execution(settings: Settings, environment: str, image_uri: str, path: Path) -> list[str]:
    """Upload the raw data and write the input of a new run of the workflow; return what was uploaded.

    Raises `ImageNotByDigestError`: a tag may mean another image by the time that the workflow pulls it.
    """
    if not BY_DIGEST.fullmatch(image_uri):
        raise ImageNotByDigestError(image_uri)
    fresh = workflow.upload_data(settings, settings.project.artifact_bucket)
    told = workflow.training_input(settings, environment, image_uri=image_uri, hyperparameters={}, parameters={})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(told), indent=2) + "\n")
    return fresh


def trained(settings: Settings, execution_arn: str) -> dict[str, Any]:
    """Return the output of a run of the workflow; `NothingTrainedError` unless it has succeeded."""
    execution = access.client(settings, "stepfunctions").describe_execution(executionArn=execution_arn)
    if execution["status"] != "SUCCEEDED":
        raise NothingTrainedError(execution_arn, execution["status"])
    return dict(json.loads(execution["output"]))


def fetch_candidate(settings: Settings, environment: str, execution_arn: str, folder: Path) -> str:
    """Bring what a run registered to `folder`, and return its package's ARN.

    That is artifact.tar.gz, data/, and champion.tar.gz, which the environment runs, if it runs anything.
    """
    output = trained(settings, execution_arn)
    s3, bucket = access.client(settings, "s3"), settings.project.artifact_bucket
    folder.mkdir(parents=True, exist_ok=True)
    _fetch(s3, output["model_data_url"], folder / "artifact.tar.gz")
    prefix = f"runs/{output['run']}/data/"
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            local = folder / "data" / item["Key"].removeprefix(prefix)
            local.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, item["Key"], str(local))
    champion = releases.read(workflow.release_path(settings, environment)).current
    if champion is not None:
        _fetch(s3, champion.model_data_url, folder / "champion.tar.gz")
    return str(output["model_package_arn"])


def _fetch(s3: Any, url: str, path: Path) -> None:
    bucket, key = url.removeprefix("s3://").split("/", 1)
    s3.download_file(bucket, key, str(path))


def propose_trained(settings: Settings, execution_arn: str) -> Outcome | None:
    """Open or refresh the pull request that brings what a run registered to the first environment; None if it is there.

    Raises `LeftBehindError` for a model of an older commit than the one which that environment has: a pipeline that is
    started again must not propose to go back.
    """
    arn = trained(settings, execution_arn)["model_package_arn"]
    release = registry.release_of(access.client(settings, "sagemaker"), access.client(settings, "s3"), arn)
    forge = workflow_promotion.forge_of(settings)
    _require_no_newer(settings, forge, release.git_sha)
    return workflow_promotion.propose_first(settings, forge, release)


def _require_no_newer(settings: Settings, forge: Forge, commit: str) -> None:
    first = workflow_promotion.order_of(settings)[0]
    current = read_release(forge, first, base_commit(forge)).current
    if current is None or current.git_sha == commit:
        return
    git(settings.root, "fetch", "--quiet", "origin", "HEAD")
    if is_ancestor(settings.root, commit, current.git_sha):
        raise LeftBehindError(
            first, commit, current.git_sha, f"Git wants version {current.version} there, which is newer"
        )


def propose_next(settings: Settings, environment: str) -> Outcome | None:
    """Open or refresh the pull request that promotes to `environment` what the environment before it runs.

    Raises `ExecutionMissingError` for the first environment: there is none before it.
    """
    order = workflow_promotion.order_of(settings)
    if settings.require_environment(environment) == order[0]:
        raise ExecutionMissingError(environment)
    source = order[order.index(environment) - 1]
    require_newest(settings, source)
    return workflow_promotion.promote(
        settings, workflow_promotion.forge_of(settings), source, environment,
        verify=workflow_promotion.verify_running(settings), in_step=False,
    )  # fmt: skip


def changed_environments(settings: Settings, base: str) -> list[str]:
    """Return the environments that this checkout changes since it left `base`: all of them, if what they share is."""
    order = workflow_promotion.order_of(settings)
    changed = changed_files(settings.root, base, "HEAD")
    if any(path.startswith(("terraform/platform/", "terraform/modules/")) for path in changed):
        return order
    return [name for name in order if any(path.startswith(f"terraform/environments/{name}/") for path in changed)]


def plan_comment(settings: Settings, base: str, listen: Listener) -> str:
    """Plan what a pull request changes, and return it as Markdown for one comment."""
    planned = {
        name: plan_for_review(settings, name, settings.build / "review" / name, listen)[0]
        for name in changed_environments(settings, base)
    }
    return comment(planned, {name: (settings.build / "review" / name / review.WORDS).read_text() for name in planned})


def comment(planned: Mapping[str, Review], words: Mapping[str, str]) -> str:
    """Return what is planned, by environment: the counts, and each resource that would be touched."""
    if not planned:
        return "## Plan\n\nNo environment is changed.\n"
    parts = [f"## Plan\n\nOf commit {next(iter(planned.values())).commit}. It is planned again when it is merged.\n"]
    for name, told in planned.items():
        resources = summarise(words[name].splitlines()).splitlines()[1:]
        shown = "\n".join(resources[:RESOURCES]) + (
            f"\n… and {len(resources) - RESOURCES} more" if len(resources) > RESOURCES else ""
        )
        block = f"\n```text\n{shown}\n```\n" if resources else ""
        parts.append(f"\n### {name}\n\n{told.summary}\n{block}")
    return "".join(parts)
