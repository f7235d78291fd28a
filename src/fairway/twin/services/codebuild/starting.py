"""What a build is made of: its project, and what StartBuild overrides."""

import uuid
from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call
from fairway.twin.runtime.build_inputs import CloneRef, PipelineBuild
from fairway.twin.services.codebuild import settings
from fairway.twin.services.codebuild.resources import BUILD, SERVICE, check_role, refuse
from fairway.twin.store import Resource

# StartBuild's members that replace one of the project's.
_OVERRIDES = {
    "secondarySourcesOverride": "secondarySources",
    "secondarySourcesVersionOverride": "secondarySourceVersions",
    "sourceVersion": "sourceVersion",
    "artifactsOverride": "artifacts",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "cacheOverride": "cache",
    "serviceRoleOverride": "serviceRole",
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "queuedTimeoutInMinutesOverride": "queuedTimeoutInMinutes",
    "encryptionKeyOverride": "encryptionKey",
    "logsConfigOverride": "logsConfig",
    "autoRetryLimitOverride": "autoRetryLimit",
}
# What a build keeps of its project, and is started again with.
_KEPT = ("source", "environment", "concurrentBuildLimit", *_OVERRIDES.values())
_SOURCE_OVERRIDES = {
    "sourceTypeOverride": "type",
    "sourceLocationOverride": "location",
    "buildspecOverride": "buildspec",
}
_ENVIRONMENT_OVERRIDES = {
    "environmentTypeOverride": "type",
    "imageOverride": "image",
    "computeTypeOverride": "computeType",
    "privilegedModeOverride": "privilegedMode",
    "imagePullCredentialsTypeOverride": "imagePullCredentialsType",
}
_TAKEN = {"projectName", "idempotencyToken", "environmentVariablesOverride"}
_TAKEN |= {*_OVERRIDES, *_SOURCE_OVERRIDES, *_ENVIRONMENT_OVERRIDES}


def overridden(call: Call, project: Resource) -> dict[str, Any]:
    """Return the project's members with what the request overrides; raise the service's error."""
    params, members = call.params, dict(project.attributes)
    for name in sorted(set(params) - _TAKEN):
        raise refuse(f"{name} of StartBuild")
    members |= {member: params[name] for name, member in _OVERRIDES.items() if name in params}
    for member, overrides in (("source", _SOURCE_OVERRIDES), ("environment", _ENVIRONMENT_OVERRIDES)):
        replaced = {inner: params[name] for name, inner in overrides.items() if name in params}
        members[member] = {**members[member], **replaced}
    variables = {one["name"]: one for one in members["environment"]["environmentVariables"]}
    variables |= {one["name"]: one for one in params.get("environmentVariablesOverride", ())}
    members["environment"] = {**members["environment"], "environmentVariables": list(variables.values())}
    settings.check(members)
    if "serviceRoleOverride" in params:
        check_role(call, params["serviceRoleOverride"])
    return settings.complete(members, account=call.account, region=call.region)


def initiator_of(caller: str) -> str:
    """Return how CodeBuild names a caller: a user's name, or role/session."""
    kind, _, rest = caller.rpartition(":")[2].partition("/")
    return rest.rpartition("/")[2] if kind == "user" else rest or kind


def stored(
    call: Call, project: Resource, members: Mapping[str, Any], initiator: str, pipeline: PipelineBuild | None
) -> Resource:
    """Store a new build."""
    identity, now = str(uuid.uuid4()), call.twin.clock.now()
    name, store = f"{project.name}:{identity}", call.twin.store
    number = project.attributes.get("lastBuildNumber", 0) + 1
    store.update(project, lastBuildNumber=number)
    arn = call.arn(f"build/{name}", SERVICE)
    attributes = {
        **{member: members[member] for member in _KEPT if members.get(member) is not None},
        **(_versions(pipeline) if pipeline else {}),
        "id": name,
        "arn": arn,
        "projectName": project.name,
        "projectArn": project.arn,
        "buildNumber": number,
        "startTime": now,
        "currentPhase": "SUBMITTED",
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "initiator": initiator,
        "phases": [],
        "logs": _logs(call, members.get("logsConfig") or {}, project.name, identity),
        "artifacts": {"location": ""},
        "secondaryArtifacts": [],
        # What of the project's artifacts the engine needs, and a build does not show.
        "artifactSettings": {"artifacts": members["artifacts"], "secondaryArtifacts": members["secondaryArtifacts"]},
        "exportedEnvironmentVariables": [],
        "reportArns": [],
        "autoRetryConfig": {"autoRetryLimit": members.get("autoRetryLimit") or 0, "autoRetryNumber": 0},
    }
    build = Resource(BUILD, call.account, call.region, name, arn, attributes)
    store.add(build)
    return build


def _versions(pipeline: PipelineBuild) -> dict[str, str]:
    """Return how a build names what a pipeline gives it: the artifact's object, and the revision that it is of."""
    primary = pipeline.inputs[pipeline.primary]
    uri = primary.artifact if isinstance(primary, CloneRef) else primary
    versions = {"sourceVersion": uri.replace("s3://", "arn:aws:s3:::", 1)}
    return {**versions, "resolvedSourceVersion": pipeline.source_version} if pipeline.source_version else versions


def _logs(call: Call, config: Mapping[str, Any], project: str, identity: str) -> dict[str, Any]:
    cloudwatch = config.get("cloudWatchLogs") or {"status": "ENABLED"}
    s3 = config.get("s3Logs") or {"status": "DISABLED"}
    if cloudwatch["status"] != "ENABLED":
        return {"cloudWatchLogs": cloudwatch, "s3Logs": s3}
    group = cloudwatch.get("groupName") or f"/aws/codebuild/{project}"
    stream = "/".join(filter(None, (cloudwatch.get("streamName"), identity)))
    console = f"https://console.aws.amazon.com/cloudwatch/home?region={call.region}"
    return {
        "groupName": group,
        "streamName": stream,
        "deepLink": f"{console}#logEvent:group={group};stream={stream}",
        "cloudWatchLogsArn": call.arn(f"log-group:{group}:log-stream:{stream}", "logs"),
        "cloudWatchLogs": cloudwatch,
        "s3Logs": s3,
    }
