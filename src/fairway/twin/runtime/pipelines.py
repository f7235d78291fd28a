"""Runs pipelines: starts executions for people, for pushes and for rules."""

import logging
import threading
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.twin.context import RoleError
from fairway.twin.runtime.pipeline_errors import PipelineError
from fairway.twin.runtime.pipeline_line import PipelineLine
from fairway.twin.runtime.pipeline_records import Trigger
from fairway.twin.runtime.sources_connections import is_available
from fairway.twin.runtime.sources_filters import Push, started_by
from fairway.twin.runtime.sources_watcher import SourceWatcher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairway.twin.context import Resource, Twin

logger = logging.getLogger(__name__)

PIPELINE = "Pipeline"
EVENTS = "events.amazonaws.com"


class PipelineEngine:
    """All pipelines of the twin."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._lock = threading.Lock()
        self._lines: dict[str, PipelineLine] = {}
        # What starts an execution of which StartPipelineExecution cannot say why, by the request's token.
        self._announced: dict[str, Trigger] = {}
        self._watcher = SourceWatcher(twin.repositories, self.pushed)
        self._watcher.start()

    def line(self, pipeline: "Resource") -> PipelineLine:
        """Return the executions of a pipeline."""
        with self._lock:
            if pipeline.arn not in self._lines:
                self._lines[pipeline.arn] = PipelineLine(self._twin, pipeline)
            return self._lines[pipeline.arn]

    def remove(self, pipeline: "Resource") -> None:
        """Forget a pipeline's executions; those under way are let go of."""
        with self._lock:
            line = self._lines.pop(pipeline.arn, None)
        if line is not None:
            line.close()

    def close(self) -> None:
        """Start nothing any more."""
        self._watcher.stop()
        with self._lock:
            lines = list(self._lines.values())
        for line in lines:
            line.close()

    def pushed(self, push: Push) -> None:
        """Start the pipelines that a push to a repository starts; theirs is the commit that was pushed."""
        for pipeline in self._twin.store.list(PIPELINE):
            action = started_by(pipeline.attributes["declaration"], push)
            if action is None or not is_available(self._twin.store, action["configuration"]["ConnectionArn"]):
                continue
            name = action["name"]
            detail = f"{action['configuration']['ConnectionArn']} {push.repository} {push.branch} {push.commit}"
            try:
                self.line(pipeline).start(
                    Trigger("WebhookV2", detail), commits={name: push.commit}, branches={name: push.branch}
                )
            except PipelineError as error:
                logger.warning("the push of %s did not start %s: %s", push.commit, pipeline.arn, error)

    # -- rules of EventBridge -------------------------------------------------------------------------------------

    def announced(self, token: str | None) -> Trigger | None:
        """Return why an execution is started, if that was announced under the request's token."""
        with self._lock:
            return self._announced.get(token or "")

    def deliver(self, target: "Mapping[str, Any]", event: "Mapping[str, Any]", rule: "Mapping[str, Any]") -> None:
        """Start the pipeline that is a rule's target, as the target's role; EventBridge retries no denial."""
        arn = str(target["Arn"])
        _, _, _, region, account, name = arn.split(":", 5)
        token, trigger = str(uuid.uuid4()), Trigger("CloudWatchEvent", str(rule.get("Arn", rule.get("Name", ""))))
        with self._lock:
            self._announced[token] = trigger
        threading.Thread(
            target=self._start_for_rule, args=(target, account, region, name, token), name=arn, daemon=True
        ).start()
        logger.info("the event %s is delivered to %s", event.get("DetailType"), arn)

    def _start_for_rule(self, target: "Mapping[str, Any]", account: str, region: str, name: str, token: str) -> None:
        """Call the twin's own door, in a thread of its own: the event is delivered while the door is busy with it."""
        try:
            session = self._twin.role_credentials(str(target.get("RoleArn", "")), service=EVENTS, session=token)
            client = self._twin.client("codepipeline", account=account, region=region, credentials=session)
            client.start_pipeline_execution(name=name, clientRequestToken=token)
        except (RoleError, ClientError) as error:
            logger.warning("EventBridge could not start the pipeline %s: %s", target["Arn"], error)
        finally:
            with self._lock:
                self._announced.pop(token, None)
