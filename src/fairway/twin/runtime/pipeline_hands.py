"""What an action is given while it runs: its configuration, its role's credentials, its artifacts, and its time."""

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.twin.context import Credentials, RoleError
from fairway.twin.runtime.failures import sentence
from fairway.twin.runtime.pipeline_action_types import find
from fairway.twin.runtime.pipeline_artifacts import ArtifactStore, new_artifact
from fairway.twin.runtime.pipeline_failures import CONFIGURATION, PERMISSION, AbandonedError, ActionFailedError
from fairway.twin.runtime.pipeline_records import ABANDONED, ActionRun, Artifact, Execution
from fairway.twin.runtime.pipeline_variables import PIPELINE, UnresolvedError, resolve

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin

PRINCIPAL = "codepipeline.amazonaws.com"


class ActionHands:
    """The hands of one run of an action."""

    def __init__(self, twin: "Twin", pipeline: "Resource", execution: Execution, run: ActionRun) -> None:
        self.twin = twin
        self.pipeline = pipeline
        self.execution = execution
        self.run = run
        action = run.declaration
        kind = find(action["actionTypeId"]["category"], run.provider)
        assert kind is not None  # noqa: S101 -- a pipeline with another one was refused
        self.limit = action["timeoutInMinutes"] * 60 if "timeoutInMinutes" in action else kind.timeout_seconds
        self._deadline = time.monotonic() + self.limit / twin.clock.speed

    def prepare(self) -> None:
        """Resolve variables, find the input artifacts, and become the action's role; raise ActionFailedError."""
        action, execution = self.run.declaration, self.execution
        namespaces = {PIPELINE: {"PipelineExecutionId": execution.identity}, **execution.namespaces}
        try:
            self.run.configuration = resolve(self.run.name, action["configuration"], namespaces)
        except UnresolvedError as error:
            raise ActionFailedError(CONFIGURATION, str(error)) from error
        for name in (one["name"] for one in action["inputArtifacts"]):
            if name not in execution.artifacts:
                raise ActionFailedError(CONFIGURATION, f"The input artifact {name} was not produced in this execution.")
            self.run.inputs.append(execution.artifacts[name])
        self.credentials = self._become()
        self.store = ArtifactStore(self.twin, self.pipeline, execution.declaration["artifactStore"], self.credentials)

    def _become(self) -> Credentials:
        """Open a session of the pipeline's role, and from it one of the action's role where the action has one."""
        own = str(self.execution.declaration["roleArn"])
        self.run.role = str(self.run.declaration.get("roleArn", own))
        try:
            credentials = self.twin.role_credentials(own, service=PRINCIPAL, session=self.execution.identity)
        except RoleError as error:
            raise ActionFailedError(
                PERMISSION, f"CodePipeline is not authorized to perform AssumeRole on role {own}"
            ) from error
        if self.run.role == own:
            return credentials
        sts = self._client("sts", credentials)
        try:
            session = sts.assume_role(RoleArn=self.run.role, RoleSessionName=self.execution.identity)["Credentials"]
        except ClientError as error:
            raise ActionFailedError(
                PERMISSION,
                f"The pipeline's role {own} could not assume the action's role {self.run.role}: {sentence(error)}",
            ) from error
        return Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])

    def client(self, service: str) -> Any:
        """Return a client with the credentials of the action's role."""
        return self._client(service, self.credentials)

    def _client(self, service: str, credentials: Credentials) -> Any:
        return self.twin.client(
            service, account=self.pipeline.account, region=self.pipeline.region, credentials=credentials
        )

    def new_output(self, name: str, **facts: Any) -> Artifact:
        """Return a place in the artifact store for one of the action's outputs."""
        return new_artifact(self.pipeline.name, name, self.store.bucket, **facts)

    def output_names(self) -> list[str]:
        """Return the names of the action's output artifacts."""
        return [str(one["name"]) for one in self.run.declaration["outputArtifacts"]]

    def pause(self, seconds: float) -> None:
        """Wait, or less where somebody decides; raise AbandonedError, or ActionFailedError when the time is over."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise ActionFailedError(
                "JobTimedOut", f"The action {self.run.name} did not end within its {self.limit / 60:g} minutes."
            )
        self.run.wake.wait(min(seconds, left))
        if self.run.status == ABANDONED:
            raise AbandonedError

    def expires(self) -> datetime:
        """Return when the action's time is over, as people are told."""
        return self.run.started + timedelta(seconds=self.limit)
