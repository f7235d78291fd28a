"""What all operations share: how pipelines are named and found, and pages."""

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fairway.twin.api import Call, ServiceError
from fairway.twin.runtime.pipeline_errors import PipelineError
from fairway.twin.runtime.pipeline_line import PipelineLine
from fairway.twin.runtime.pipeline_records import Execution
from fairway.twin.runtime.pipelines import PIPELINE, PipelineEngine
from fairway.twin.store import Resource

SERVICE = "codepipeline"


def arn_of(call: Call, *parts: str) -> str:
    """Return the ARN of a pipeline, of a stage or of an action, by their names."""
    return call.arn("/".join(parts), SERVICE)


def by(*members: str) -> Callable[[Call], str]:
    """Return what makes an ARN of those members of a request."""
    return lambda call: arn_of(call, *(str(call.params[member]) for member in members))


def find(call: Call, name: str) -> Resource:
    """Return a pipeline; raise the service's error if there is none."""
    pipeline = call.twin.store.get(PIPELINE, call.account, call.region, name)
    if pipeline is None:
        raise ServiceError(
            "PipelineNotFoundException", f"Account '{call.account}' does not have a pipeline with name '{name}'"
        )
    return pipeline


def line_of(call: Call, name: str) -> PipelineLine:
    """Return a pipeline's executions."""
    return call.twin.engine(PipelineEngine).line(find(call, name))


def find_execution(call: Call, line: PipelineLine, identity: str, code: str) -> Execution:
    """Return an execution; raise an error of that code if there is none."""
    execution = line.find(identity)
    if execution is None:
        raise ServiceError(code, f"Pipeline {_name(call)} has no execution with id {identity}")
    return execution


def _name(call: Call) -> str:
    return str(call.params.get("pipelineName") or call.params.get("name"))


def check_stage(line: PipelineLine, stage: str) -> None:
    """Raise the service's error if the pipeline has no stage of that name."""
    if stage not in [one["name"] for one in line.declaration["stages"]]:
        raise ServiceError("StageNotFoundException", f"The pipeline has no stage with name '{stage}'")


@contextmanager
def refusals() -> Iterator[None]:
    """Answer what a pipeline's state does not allow."""
    try:
        yield
    except PipelineError as error:
        raise ServiceError(error.code, str(error)) from error


def page(call: Call, member: str, found: Sequence[Any], most: int = 100) -> dict[str, Any]:
    """Return a page of what was found."""
    token = call.params.get("nextToken")
    try:
        start = int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise ServiceError("InvalidNextTokenException", "The nextToken is invalid.") from error
    end = start + call.params.get("maxResults", most)
    more = {"nextToken": base64.urlsafe_b64encode(str(end).encode()).decode()} if end < len(found) else {}
    return {member: list(found[start:end]), **more}
