"""Builds: made of a project and what StartBuild overrides, and run by the engine."""

import logging
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.runtime.build_inputs import PipelineBuild
from fairway.twin.runtime.builds import BuildEngine
from fairway.twin.services.codebuild.resources import (
    BUILD,
    SERVICE,
    InvalidInputError,
    NotFoundError,
    authorize_all,
    find_project,
    in_order,
    page,
    project_arn,
)
from fairway.twin.services.codebuild.starting import initiator_of, overridden, stored
from fairway.twin.store import Resource, Store

logger = logging.getLogger(__name__)

_ONE_AT_A_TIME = threading.Lock()


def _project(call: Call) -> str:
    return project_arn(call, call.params["projectName"])


def _project_of(call: Call, build: str) -> str:
    """Return the ARN of the project of a build that is named by its id or ARN."""
    return call.arn(f"project/{build.rpartition('/')[2].partition(':')[0]}", SERVICE)


def _build_arn(call: Call, build: str) -> str:
    return build if build.startswith("arn:") else call.arn(f"build/{build}", SERVICE)


def _find(call: Call, build: str) -> Resource:
    resource = call.twin.store.find(_build_arn(call, build))
    if resource is None or resource.kind != BUILD:
        raise NotFoundError(f"Build not found for build ID {build}")
    return resource


# -- start ------------------------------------------------------------------------------------------------------------


@operation(SERVICE, "StartBuild", resource=_project)
def start_build(call: Call) -> Mapping[str, Any]:
    """Start a build of a project."""
    project = find_project(call, call.params["projectName"])
    pipeline = call.twin.engine(BuildEngine).awaited(call.params.get("idempotencyToken"))
    members = overridden(call, project)
    if members["source"]["type"] == "CODEPIPELINE" and pipeline is None:
        raise InvalidInputError(
            f"The source of {project.name} is CODEPIPELINE: only an action of a pipeline can start a build of it"
        )
    if pipeline is not None and members["source"]["type"] != "CODEPIPELINE":
        raise InvalidInputError(f"The source of {project.name} must be CODEPIPELINE for a pipeline to start its builds")
    return {"build": _start(call, project, members, pipeline).attributes}


def _start(
    call: Call,
    project: Resource,
    members: Mapping[str, Any],
    pipeline: PipelineBuild | None,
    retried: Resource | None = None,
) -> Resource:
    engine = call.twin.engine(BuildEngine)
    initiator = f"codepipeline/{pipeline.pipeline}" if pipeline else initiator_of(call.caller_arn)
    with _ONE_AT_A_TIME:
        limit = members.get("concurrentBuildLimit")
        if limit and engine.running(project.arn) >= limit:
            raise ServiceError(
                "AccountLimitExceededException",
                f"Cannot have more than {limit} builds of the project {project.name} at a time (concurrentBuildLimit)",
            )
        build = stored(call, project, members, initiator, pipeline)
        if retried is not None:
            _link(call.twin.store, retried, build)
        engine.start(build, pipeline, partial(_retry, call))
    return build


# -- again ------------------------------------------------------------------------------------------------------------


@operation(SERVICE, "RetryBuild", resource=lambda call: _project_of(call, call.params.get("id", "")))
def retry_build(call: Call) -> Mapping[str, Any]:
    """Start a build again as it was."""
    build = _find(call, call.params.get("id", ""))
    if not build.attributes["buildComplete"]:
        raise InvalidInputError(f"The build {build.name} is in progress")
    if build.attributes["source"]["type"] == "CODEPIPELINE":
        raise InvalidInputError(f"The build {build.name} was started by a pipeline, which can retry its stage")
    return {"build": _again(call, build).attributes}


def _again(call: Call, build: Resource, retried: Resource | None = None) -> Resource:
    project = find_project(call, build.attributes["projectName"])
    members = {**build.attributes, **build.attributes["artifactSettings"]}
    return _start(call, project, members, None, retried)


def _retry(call: Call, build: Resource) -> None:
    """Start a failed build again of CodeBuild's own accord."""
    try:
        _again(call, build, retried=build)
    except ServiceError as error:
        logger.info("%s is not tried again: %s", build.arn, error)


def _link(store: Store, failed: Resource, build: Resource) -> None:
    config = failed.attributes["autoRetryConfig"]
    store.update(failed, autoRetryConfig={**config, "nextAutoRetry": build.arn})
    number = {"autoRetryNumber": config["autoRetryNumber"] + 1, "previousAutoRetry": failed.arn}
    store.update(build, autoRetryConfig={**build.attributes["autoRetryConfig"], **number})


# -- course -----------------------------------------------------------------------------------------------------------


@operation(SERVICE, "StopBuild", resource=lambda call: _project_of(call, call.params["id"]))
def stop_build(call: Call) -> Mapping[str, Any]:
    """Ask a build to end; one that has ended stays as it is."""
    build = _find(call, call.params["id"])
    call.twin.engine(BuildEngine).stop(build)
    return {"build": build.attributes}


@operation(SERVICE, "BatchGetBuilds", resource=lambda call: _project_of(call, call.params["ids"][0]))
def batch_get_builds(call: Call) -> Mapping[str, Any]:
    """Return builds by their ids or ARNs."""
    found = _batch(call, "BatchGetBuilds")
    return {
        "builds": [build.attributes for build in found.values() if build is not None],
        "buildsNotFound": [name for name, build in found.items() if build is None],
    }


@operation(SERVICE, "BatchDeleteBuilds", resource=lambda call: _project_of(call, call.params["ids"][0]))
def batch_delete_builds(call: Call) -> Mapping[str, Any]:
    """Forget builds that have ended."""
    found = _batch(call, "BatchDeleteBuilds")
    gone = [build for build in found.values() if build is not None and build.attributes["buildComplete"]]
    for build in gone:
        call.twin.store.remove(build)
    kept = [name for name, build in found.items() if build not in gone]
    return {
        "buildsDeleted": [build.arn for build in gone],
        "buildsNotDeleted": [{"id": name, "statusCode": "BUILD_NOT_FOUND_OR_IN_PROGRESS"} for name in kept],
    }


def _batch(call: Call, action: str) -> dict[str, Resource | None]:
    ids = call.params["ids"]
    authorize_all(call, action, [_project_of(call, one) for one in ids])
    return {one: call.twin.store.find(_build_arn(call, one)) for one in ids}


@operation(SERVICE, "ListBuildsForProject", resource=_project)
def list_builds_for_project(call: Call) -> Mapping[str, Any]:
    """Return the ids of a project's builds, the latest first."""
    project = find_project(call, call.params["projectName"])
    builds = call.twin.store.list(BUILD, call.account, call.region)
    return _listed(call, [one for one in builds if one.attributes["projectArn"] == project.arn])


@operation(SERVICE, "ListBuilds")
def list_builds(call: Call) -> Mapping[str, Any]:
    """Return the ids of all builds, the latest first."""
    return _listed(call, call.twin.store.list(BUILD, call.account, call.region))


def _listed(call: Call, builds: Iterable[Resource]) -> Mapping[str, Any]:
    return page(call, "ids", [build.name for build in in_order(list(builds), call, "DESCENDING")])
