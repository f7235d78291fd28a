"""CodeBuild actions.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.twin.runtime.builds import BuildEngine, CloneRef, PipelineBuild
from fairway.twin.runtime.failures import sentence
from fairway.twin.runtime.pipeline_action_rules import environment_variables
from fairway.twin.runtime.pipeline_failures import JOB, ActionFailedError, failure_code
from fairway.twin.runtime.pipeline_records import Artifact
from fairway.twin.runtime.pipeline_rules import ActionError

if TYPE_CHECKING:
    from fairway.twin.runtime.pipeline_hands import ActionHands

_POLL_SECONDS = (0.2, 1.0)


def run_build(hands: "ActionHands") -> None:
    """Start the build, wait for its end, and hand on its artifacts and exported variables."""
    run = hands.run
    outputs = [hands.new_output(name) for name in hands.output_names()]
    run.external_id = _start(hands, outputs)
    project = run.configuration["ProjectName"]
    region, account = hands.pipeline.region, hands.pipeline.account
    run.external_url = (
        f"https://console.aws.amazon.com/codebuild/home?region={region}#/builds/{run.external_id}/view/new"
    )
    build = _wait(hands, run.external_id)
    run.log_stream_arn = build.get("logs", {}).get("cloudWatchLogsArn")
    run.variables = {one["name"]: one["value"] for one in build.get("exportedEnvironmentVariables", ())}
    if build["buildStatus"] != "SUCCEEDED":
        raise ActionFailedError(JOB, f"{_why(build)} (build arn:aws:codebuild:{region}:{account}:build/{project})")
    run.outputs += outputs


def _start(hands: "ActionHands", outputs: list[Artifact]) -> str:
    run, configuration = hands.run, hands.run.configuration
    primary = configuration.get("PrimarySource", run.inputs[0].name)
    revision = next((one.revision for one in run.inputs if one.name == primary), None)
    try:
        variables = environment_variables(run.name, configuration)
    except ActionError as error:
        raise ActionFailedError("ConfigurationError", str(error)) from error
    build = PipelineBuild(
        project=configuration["ProjectName"],
        account=hands.pipeline.account,
        region=hands.pipeline.region,
        pipeline=hands.pipeline.name,
        inputs={one.name: _input(one) for one in run.inputs},
        primary=primary,
        outputs={one.name: one.uri for one in outputs},
        environment=[{"type": "PLAINTEXT", **variable} for variable in variables],
        source_version=revision,
        kms_key=hands.store.key,
    )
    try:
        return hands.twin.engine(BuildEngine).start_for_pipeline(build, hands.credentials)
    except ClientError as error:
        raise ActionFailedError(failure_code(error), f"Error calling startBuild: {sentence(error)}") from error


def _input(artifact: Artifact) -> str | CloneRef:
    origin = artifact.origin
    if origin is None:
        return artifact.uri
    return CloneRef(
        artifact=artifact.uri,
        connection_arn=origin.connection_arn,
        repository=origin.repository,
        full_name=origin.full_name,
        branch=origin.branch,
        commit=origin.commit,
    )


def _wait(hands: "ActionHands", build_id: str) -> Mapping[str, Any]:
    client, (pause, longest) = hands.client("codebuild"), _POLL_SECONDS
    while True:
        try:
            builds = client.batch_get_builds(ids=[build_id])["builds"]
        except ClientError as error:
            raise ActionFailedError(failure_code(error), f"Error calling batchGetBuilds: {sentence(error)}") from error
        if not builds:
            raise ActionFailedError(JOB, f"The build {build_id} was deleted before it ended.")
        build: Mapping[str, Any] = builds[0]
        if build["buildStatus"] != "IN_PROGRESS":
            return build
        hands.pause(pause)
        pause = min(longest, pause * 1.3)


def _why(build: Mapping[str, Any]) -> str:
    """Return how the build ended, with the first phase that did not succeed and what it says."""
    sentence = f"Build terminated with state: {build['buildStatus']}"
    for phase in build.get("phases", ()):
        for context in phase.get("contexts", ()):
            if phase.get("phaseStatus") not in (None, "SUCCEEDED") and context.get("message"):
                return (
                    f"{sentence}. Phase: {phase['phaseType']}, Code: {context.get('statusCode', '')}, Message: "
                    f"{context['message']}"
                )
    return sentence
