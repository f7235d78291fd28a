"""Pipelines: declared, checked, versioned."""

from collections.abc import Mapping
from typing import Any

from fairway.twin import base
from fairway.twin.api import Call, ServiceError, operation, resource_tags
from fairway.twin.context import RoleError
from fairway.twin.runtime import pipeline_structure
from fairway.twin.runtime.pipeline_hands import PRINCIPAL
from fairway.twin.runtime.pipeline_records import Trigger
from fairway.twin.runtime.pipeline_rules import RuleError
from fairway.twin.runtime.pipelines import PIPELINE, PipelineEngine
from fairway.twin.runtime.sources_filters import source_actions
from fairway.twin.services.codepipeline.resources import SERVICE, arn_of, by, find, page
from fairway.twin.store import AlreadyStoredError, Resource


def _declared(call: Call) -> str:
    return arn_of(call, call.params["pipeline"]["name"])


@operation(SERVICE, "CreatePipeline", resource=_declared)
def create_pipeline(call: Call) -> Mapping[str, Any]:
    """Store a pipeline, and start it: CodePipeline runs every new pipeline once."""
    declaration = _admitted(call, version=1)
    now, name = call.twin.clock.now(), declaration["name"]
    tags = {tag["key"]: tag["value"] for tag in call.params.get("tags", [])}
    attributes = {"declaration": declaration, "versions": {1: declaration}, "created": now, "updated": now}
    pipeline = Resource(PIPELINE, call.account, call.region, name, arn_of(call, name), attributes, tags)
    try:
        call.twin.store.add(pipeline)
    except AlreadyStoredError as error:
        raise ServiceError(
            "PipelineNameInUseException",
            f"A pipeline with the name '{name}' already exists in account '{call.account}'",
        ) from error
    if all("defaultValue" in variable for variable in declaration.get("variables", ())):
        call.twin.engine(PipelineEngine).line(pipeline).start(Trigger("CreatePipeline", call.caller_arn))
    return {"pipeline": declaration, "tags": call.params.get("tags", [])}


@operation(SERVICE, "UpdatePipeline", resource=_declared)
def update_pipeline(call: Call) -> Mapping[str, Any]:
    """Store the next version; executions under way go on with the version that they started with."""
    pipeline = find(call, call.params["pipeline"]["name"])
    declaration = _admitted(call, version=pipeline.attributes["declaration"]["version"] + 1)
    versions = {**pipeline.attributes["versions"], declaration["version"]: declaration}
    call.twin.store.update(pipeline, declaration=declaration, versions=versions, updated=call.twin.clock.now())
    call.twin.engine(PipelineEngine).line(pipeline).advance()
    return {"pipeline": declaration}


def _admitted(call: Call, version: int) -> dict[str, Any]:
    """Return the request's declaration, completed; raise the service's error if anything in it is at fault."""
    declaration = call.params["pipeline"]
    try:
        pipeline_structure.check(declaration, call.region)
        _authorize(call, "iam:PassRole", declaration["roleArn"], {"iam:PassedToService": PRINCIPAL})
        for action in source_actions(declaration):
            arn = action["configuration"]["ConnectionArn"]
            service = (arn.split(":") + [""] * 3)[2]
            passing = {f"{service}:PassedToService": PRINCIPAL, **resource_tags(call, arn)}
            _authorize(call, f"{service}:PassConnection", arn, passing)
        base.check_trust(declaration["roleArn"], PRINCIPAL)
    except RuleError as error:
        raise ServiceError(error.code, str(error)) from error
    except RoleError as error:
        raise ServiceError(
            "InvalidStructureException",
            f"CodePipeline is not authorized to perform AssumeRole on role {declaration['roleArn']}",
        ) from error
    return pipeline_structure.completed(declaration, version)


def _authorize(call: Call, action: str, resource: str, context: Mapping[str, str]) -> None:
    try:
        call.caller.authorize(action, resource, context)
    except base.RefusedError as error:
        raise ServiceError(error.code, str(error)) from error


@operation(SERVICE, "GetPipeline", resource=by("name"))
def get_pipeline(call: Call) -> Mapping[str, Any]:
    """Return a pipeline as it is, or a version of it as it was."""
    pipeline = find(call, call.params["name"])
    version = call.params.get("version", pipeline.attributes["declaration"]["version"])
    declaration = pipeline.attributes["versions"].get(version)
    if declaration is None:
        raise ServiceError(
            "PipelineVersionNotFoundException", f"Pipeline '{pipeline.name}' does not have a version {version}"
        )
    times = {name: pipeline.attributes[name] for name in ("created", "updated")}
    return {"pipeline": declaration, "metadata": {"pipelineArn": pipeline.arn, **times}}


@operation(SERVICE, "ListPipelines")
def list_pipelines(call: Call) -> Mapping[str, Any]:
    """Return the pipelines, in the order of their names."""
    stored = sorted(call.twin.store.list(PIPELINE, call.account, call.region), key=lambda one: one.name)
    members = ("name", "version", "pipelineType", "executionMode")
    return page(
        call,
        "pipelines",
        [
            {
                **{member: one.attributes["declaration"][member] for member in members},
                **{member: one.attributes[member] for member in ("created", "updated")},
            }
            for one in stored
        ],
        most=1000,
    )


@operation(SERVICE, "DeletePipeline", resource=by("name"))
def delete_pipeline(call: Call) -> Mapping[str, Any]:
    """Forget a pipeline; one that is not there is no error."""
    pipeline = call.twin.store.get(PIPELINE, call.account, call.region, call.params["name"])
    if pipeline is not None:
        call.twin.store.remove(pipeline)
        call.twin.engine(PipelineEngine).remove(pipeline)
    return {}
