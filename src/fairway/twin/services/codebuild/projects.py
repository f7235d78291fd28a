"""Build projects: stored as asked for, with CodeBuild's defaults."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, operation
from fairway.twin.services.codebuild import settings
from fairway.twin.services.codebuild.resources import (
    PROJECT,
    SERVICE,
    AlreadyExistsError,
    authorize_all,
    check_role,
    find_project,
    in_order,
    page,
    project_arn,
    refuse,
    shown_tags,
    tag_conditions,
    tags_of,
)
from fairway.twin.store import AlreadyStoredError, Resource


def _named(call: Call) -> str:
    return project_arn(call, call.params["name"])


def shown(project: Resource) -> dict[str, Any]:
    """Return a project as the API shows it."""
    return {**project.attributes, "tags": shown_tags(project)}


@operation(SERVICE, "CreateProject", resource=_named, conditions=tag_conditions)
def create_project(call: Call) -> Mapping[str, Any]:
    """Store a project."""
    given = {name: value for name, value in call.params.items() if name != "tags"}
    settings.check(given)
    check_role(call, given["serviceRole"])
    arn, now = _named(call), call.twin.clock.now()
    attributes = settings.complete(given, account=call.account, region=call.region)
    attributes |= {"arn": arn, "created": now, "lastModified": now}
    project = Resource(PROJECT, call.account, call.region, given["name"], arn, attributes, tags_of(call))
    try:
        call.twin.store.add(project)
    except AlreadyStoredError as error:
        raise AlreadyExistsError(f"Project already exists: {arn}") from error
    return {"project": shown(project)}


@operation(SERVICE, "UpdateProject", resource=_named, conditions=tag_conditions)
def update_project(call: Call) -> Mapping[str, Any]:
    """Change what the request names; the rest stays."""
    project = find_project(call, call.params["name"])
    given = {name: value for name, value in call.params.items() if name != "tags"}
    merged = {**project.attributes, **given}
    # Told by an empty structure, a member goes; -1 is how a limit goes.
    merged = {name: None if value in ({}, -1) else value for name, value in merged.items()}
    settings.check(merged)
    if "serviceRole" in given:
        check_role(call, given["serviceRole"])
    completed = settings.complete(merged, account=call.account, region=call.region)
    gone = dict.fromkeys(set(project.attributes) - set(completed))
    call.twin.store.update(project, **{**gone, **completed, "lastModified": call.twin.clock.now()})
    if "tags" in call.params:
        project.tags = tags_of(call)
    return {"project": shown(project)}


@operation(SERVICE, "UpdateProjectVisibility", resource=lambda call: str(call.params["projectArn"]))
def update_project_visibility(call: Call) -> Mapping[str, Any]:
    """Say again that a project is private; nothing of the twin is public."""
    project = find_project(call, call.params["projectArn"])
    if call.params["projectVisibility"] != "PRIVATE":
        raise refuse("public projects (projectVisibility)")
    return {"projectArn": project.arn, "projectVisibility": "PRIVATE"}


@operation(SERVICE, "DeleteProject", resource=_named)
def delete_project(call: Call) -> Mapping[str, Any]:
    """Forget a project; its builds stay, and one that there is not is no error."""
    project = call.twin.store.find(_named(call))
    if project is not None:
        call.twin.store.remove(project)
    return {}


@operation(SERVICE, "BatchGetProjects", resource=lambda call: project_arn(call, call.params["names"][0]))
def batch_get_projects(call: Call) -> Mapping[str, Any]:
    """Return projects by names or ARNs."""
    names = call.params["names"]
    authorize_all(call, "BatchGetProjects", [project_arn(call, name) for name in names])
    found = {name: call.twin.store.find(project_arn(call, name)) for name in names}
    return {
        "projects": [shown(project) for project in found.values() if project is not None],
        "projectsNotFound": [name for name, project in found.items() if project is None],
    }


@operation(SERVICE, "ListProjects")
def list_projects(call: Call) -> Mapping[str, Any]:
    """Return the names of all projects."""
    projects = in_order(call.twin.store.list(PROJECT, call.account, call.region), call, "ASCENDING")
    return page(call, "projects", [project.name for project in projects])


@operation(SERVICE, "InvalidateProjectCache", resource=lambda call: project_arn(call, call.params["projectName"]))
def invalidate_project_cache(call: Call) -> Mapping[str, Any]:
    """Let the next build begin without a cache."""
    project = find_project(call, call.params["projectName"])
    if project.attributes["cache"]["type"] != "NO_CACHE":
        raise refuse("the invalidation of caches; delete the objects of the cache in S3")
    return {}
