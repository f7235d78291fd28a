"""What a project may say: CodeBuild's defaults, and what of it the twin refuses by name."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairway.twin.services.codebuild.resources import InvalidInputError, refuse

Settings = Mapping[str, Any]

TIMEOUT_MINUTES, QUEUED_TIMEOUT_MINUTES = 60, 480
_SOURCES = ("NO_SOURCE", "CODEPIPELINE", "S3")
# The environments whose commands a shell runs; their image must be CodeBuild's own, as the twin runs no other.
_ENVIRONMENTS = ("LINUX_CONTAINER", "ARM_CONTAINER", "LINUX_GPU_CONTAINER", "LINUX_EC2", "ARM_EC2")
_IMAGES = "aws/codebuild/"
_ENVIRONMENT_MEMBERS = ("fleet", "registryCredential", "certificate", "dockerServer", "computeConfiguration")
_PROJECT_MEMBERS = ("vpcConfig", "fileSystemLocations", "buildBatchConfig", "badgeEnabled")


def check(project: Settings) -> None:
    """Raise InvalidInputError for what CodeBuild or the twin does not take."""
    for problem in _invalid(project):
        raise InvalidInputError(problem)
    for what in _unsupported(project):
        raise refuse(what)


def _invalid(project: Settings) -> Iterator[str]:
    source, artifacts, cache = project["source"], project["artifacts"], project.get("cache") or {}
    secondary = project.get("secondaryArtifacts", ())
    rules = {
        "Invalid project source: a buildspec is required when the source type is NO_SOURCE": source["type"]
        == "NO_SOURCE"
        and not source.get("buildspec"),
        "Invalid project source: location must be <bucket>/<path> when the source type is S3": source["type"] == "S3"
        and "/" not in source.get("location", ""),
        "Invalid artifacts: CODEPIPELINE must be the type of both the source and the artifacts, or of neither": (
            source["type"] == "CODEPIPELINE"
        )
        != (artifacts["type"] == "CODEPIPELINE"),
        "Invalid artifacts: location is required when the artifacts type is S3": any(
            one["type"] == "S3" and not one.get("location") for one in (artifacts, *secondary)
        ),
        "Invalid secondary source: sourceIdentifier is required": not all(
            one.get("sourceIdentifier") for one in project.get("secondarySources", ())
        ),
        "Invalid secondary artifact: artifactIdentifier is required": not all(
            one.get("artifactIdentifier") for one in secondary
        ),
        "Invalid cache: location is required when the cache type is S3": cache.get("type") == "S3"
        and not cache.get("location"),
        "Invalid cache: at least one mode is required when the cache type is LOCAL": cache.get("type") == "LOCAL"
        and not cache.get("modes"),
    }
    yield from (sentence for sentence, broken in rules.items() if broken)


def _unsupported(project: Settings) -> Iterator[str]:
    for source in (project["source"], *project.get("secondarySources", ())):
        if source["type"] not in _SOURCES:
            yield f"sources of the type {source['type']}; it has {', '.join(_SOURCES)}"
    environment = project["environment"]
    if environment["type"] not in _ENVIRONMENTS:
        yield f"environments of the type {environment['type']}"
    if not environment["image"].startswith(_IMAGES):
        yield f"build images other than CodeBuild's own ({_IMAGES}…): {environment['image']}"
    yield from (f"environment.{name}" for name in _ENVIRONMENT_MEMBERS if environment.get(name))
    yield from (name for name in _PROJECT_MEMBERS if project.get(name))
    if ((project.get("logsConfig") or {}).get("s3Logs") or {}).get("status") == "ENABLED":
        yield "logs in S3 (logsConfig.s3Logs)"


def complete(project: Settings, *, account: str, region: str) -> dict[str, Any]:
    """Return a project with CodeBuild's defaults for what it leaves out."""
    environment = {
        "privilegedMode": False,
        "imagePullCredentialsType": "CODEBUILD",
        **project["environment"],
        "environmentVariables": [
            {"type": "PLAINTEXT", **one} for one in project["environment"].get("environmentVariables", ())
        ],
    }
    return {
        "timeoutInMinutes": TIMEOUT_MINUTES,
        "queuedTimeoutInMinutes": QUEUED_TIMEOUT_MINUTES,
        "encryptionKey": f"arn:aws:kms:{region}:{account}:alias/aws/s3",
        "cache": {"type": "NO_CACHE"},
        "projectVisibility": "PRIVATE",
        "badge": {"badgeEnabled": False},
        **{name: value for name, value in project.items() if value is not None},
        "source": {"insecureSsl": False, **project["source"]},
        "artifacts": _artifacts(project["artifacts"], project["name"]),
        "secondaryArtifacts": [_artifacts(one, project["name"]) for one in project.get("secondaryArtifacts", ())],
        "secondarySources": [{"insecureSsl": False, **one} for one in project.get("secondarySources", ())],
        "environment": environment,
    }


def _artifacts(artifacts: Settings, project: str) -> dict[str, Any]:
    if artifacts["type"] == "NO_ARTIFACTS":
        return dict(artifacts)
    given = {"name": project, "packaging": "NONE", "encryptionDisabled": False, **artifacts}
    return {"namespaceType": "NONE", **given} if artifacts["type"] == "S3" else given
