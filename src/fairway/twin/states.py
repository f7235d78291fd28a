"""Tasks of Step Functions: every one is a real call to the twin, with credentials of the state machine's role.

Parameters and results are translated as Step Functions does, by botocore's models; errors are named as in
the AWS SDK for Java: https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError
from botocore.model import Shape

from fairway.twin import base
from fairway.twin.context import Credentials, RoleError
from fairway.twin.guards import STATES

if TYPE_CHECKING:
    from fairway.twin.context import Twin

_RESOURCE = re.compile(
    r"arn:aws:states:::(?P<sdk>aws-sdk:)?(?P<service>[a-zA-Z0-9]+):(?P<action>[a-zA-Z0-9]+)(?P<pattern>\.[a-zA-Z0-9:]+)?"
)
_LAMBDA = re.compile(r"arn:aws:lambda:[^:]+:\d+:function:.+")
# Services whose name in a Resource is not botocore's name without its dashes.
_BOTOCORE_NAMES = {
    "sfn": "stepfunctions",
    "states": "stepfunctions",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sagemakerruntime": "sagemaker-runtime",
    "applicationautoscaling": "application-autoscaling",
}
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Job:
    """A job that `.sync` waits for: how it is looked at and stopped, and what its status is called."""

    noun: str

    @property
    def status(self) -> str:
        """The member of Describe's answer that holds the status."""
        return f"{self.noun}Status"

    def named(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that name it."""
        return {f"{self.noun}Name": given[f"{self.noun}Name"]}


_JOBS = {"CreateTrainingJob": Job("TrainingJob"), "CreateProcessingJob": Job("ProcessingJob")}
_timed_out: ContextVar[threading.Event | None] = ContextVar("fairway_task_timed_out", default=None)


def install(twin: "Twin") -> None:
    """Run the tasks of all state machines from now on."""
    base.install_task_dispatcher(Tasks(twin).run, _with_time_limit)


def _with_time_limit(task: Callable[[], Any]) -> Any:
    """Tell the task's own thread, which goes on by itself, when its time is over."""
    event = threading.Event()
    token = _timed_out.set(event)
    try:
        return task()
    except base.TaskError:
        event.set()
        raise
    finally:
        _timed_out.reset(token)


class Tasks:
    """Runs tasks; remembers the credentials of each execution."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._credentials: dict[str, Credentials] = {}

    def run(self, resource: str, task_input: Any) -> Any:
        """Run one attempt of a task and return its result."""
        if _LAMBDA.fullmatch(resource):
            return self._call("lambda", "invoke", {"FunctionName": resource, "Payload": task_input}, optimized=True)[
                "Payload"
            ]
        match = _RESOURCE.fullmatch(resource)
        if match is None:
            raise base.TaskError("States.Runtime", f"The twin does not know the resource {resource}.")
        service, action, pattern = match["service"].lower(), match["action"], match["pattern"]
        operation = action[0].upper() + action[1:]
        job = _JOBS.get(operation) if service == "sagemaker" and not match["sdk"] else None
        if (pattern == ".sync" and job is None) or pattern not in (None, ".sync", ".waitForTaskToken"):
            raise base.TaskError("States.Runtime", f"The twin cannot run {resource}.")
        result = self._call(service, action, task_input, optimized=not match["sdk"])
        if pattern == ".sync" and job is not None:
            return self._wait(job, task_input, result, resource)
        return result

    def _call(self, service: str, action: str, given: Any, *, optimized: bool) -> Any:
        client = self._client(service, action)
        operation = action[0].upper() + action[1:]
        method = next((python for python, name in client.meta.method_to_api_mapping.items() if name == operation), None)
        if method is None:
            raise base.TaskError("States.Runtime", f"{service} has no action {action}.")
        model = client.meta.service_model.operation_model(operation)
        prefix = java_name(client.meta.service_model.service_id)
        try:
            answer = getattr(client, method)(**_parameters(model.input_shape, given))
        except ClientError as error:
            raise base.TaskError(error_name(prefix, error, optimized=optimized), _cause(prefix, error)) from error
        except BotoCoreError as error:
            raise base.TaskError(f"{prefix}.SdkClientException", str(error)) from error
        answer.pop("ResponseMetadata", None)
        result = _result(model.output_shape, answer, optimized=optimized)
        return _lambda_result(result) if optimized and service == "lambda" else result

    def _client(self, service: str, action: str) -> Any:
        execution = base.current_execution()
        _, _, _, region, account, *_ = execution.split(":")
        name = _BOTOCORE_NAMES.get(service, service)
        try:
            return self._twin.client(name, account=account, region=region, credentials=self._role(execution))
        except UnknownServiceError as error:
            raise base.TaskError(
                "States.Runtime", f"The twin has no service {service}; it was asked for {action}."
            ) from error

    def _role(self, execution: str) -> Credentials:
        if execution not in self._credentials:
            try:
                self._credentials[execution] = self._twin.role_credentials(
                    base.execution_role(execution), service=STATES, session=execution.rpartition(":")[2]
                )
            except RoleError as error:
                raise base.TaskError("States.Runtime", str(error)) from error
        return self._credentials[execution]

    # -- .sync ----------------------------------------------------------------------------------------------------

    def _wait(self, job: Job, given: Any, created: Any, resource: str) -> Any:
        """Wait for the end of a job; stop it when the execution is stopped or its time is over."""
        execution, timed_out = base.current_execution(), _timed_out.get()
        details = {"resourceType": "sagemaker", "resource": resource, "output": json.dumps(created)}
        base.record_history(execution, "TaskSubmitted", {"taskSubmittedEventDetails": details})
        while self._is_running(job, given, execution):
            if not base.execution_runs(execution) or (timed_out is not None and timed_out.is_set()):
                self._call("sagemaker", f"stop{job.noun}", job.named(given), optimized=True)
                raise base.ExecutionEndedError
            time.sleep(_POLL_SECONDS)
        described = self._call("sagemaker", f"describe{job.noun}", job.named(given), optimized=True)
        if described[job.status] != "Completed":
            raise base.TaskError("States.TaskFailed", json.dumps(described))
        return described

    def _is_running(self, job: Job, given: Any, execution: str) -> bool:
        """Look at the job as the events look that Step Functions gets of it: nobody calls anything for it."""
        _, _, _, region, account, *_ = execution.split(":")
        stored = self._twin.store.get(job.noun, account, region, given[f"{job.noun}Name"])
        return stored is not None and stored.attributes[job.status] in ("InProgress", "Stopping")


# -- names and values -------------------------------------------------------------------------------------------------


def java_name(service_id: str) -> str:
    """Return a service's name as the AWS SDK for Java writes it: SageMaker, S3, DynamoDb, CloudWatchLogs."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", service_id)
    return "".join(word[0].upper() + word[1:].lower() for word in words)


def error_name(prefix: str, error: ClientError, *, optimized: bool) -> str:
    """Return the name that Retry and Catch match; errors without a shape have the service's general name."""
    code = error.response["Error"]["Code"]
    general = f"Amazon{prefix}Exception" if optimized else f"{prefix}Exception"
    if type(error) is ClientError:  # botocore makes a class of its own for each error of the model
        return f"{prefix}.{general}"
    return f"{prefix}.{code if code.endswith('Exception') else code.removesuffix('Fault') + 'Exception'}"


def _cause(prefix: str, error: ClientError) -> str:
    answer = error.response
    metadata = answer.get("ResponseMetadata", {})
    return (
        f"{answer['Error'].get('Message', '')} (Service: {prefix}, Status Code: {metadata.get('HTTPStatusCode')}, "
        f"Request ID: {metadata.get('RequestId')})"
    )


def _parameters(shape: Shape | None, given: Any) -> Any:
    """Translate a state's arguments: their members begin with a capital, and JSON may stand for its text."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(given, dict):
        members = {name[0].upper() + name[1:]: name for name in shape.members}  # type: ignore[attr-defined]
        unknown = [name for name in given if name not in members]
        if unknown:
            raise base.TaskError("States.Runtime", f'The field "{unknown[0]}" is not supported by Step Functions')
        return {members[name]: _parameters(shape.members[members[name]], value) for name, value in given.items()}  # type: ignore[attr-defined]
    if shape.type_name == "list" and isinstance(given, list):
        return [_parameters(shape.member, item) for item in given]  # type: ignore[attr-defined]
    if shape.type_name == "map" and isinstance(given, dict):
        return {key: _parameters(shape.value, item) for key, item in given.items()}  # type: ignore[attr-defined]
    if shape.type_name in ("string", "blob") and isinstance(given, dict | list):
        return json.dumps(given)
    return given


def _result(shape: Shape | None, value: Any, *, optimized: bool) -> Any:
    """Translate an answer; times are text, but for the older integrations milliseconds."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000) if optimized else value.isoformat().replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return [_result(shape.member, item, optimized=optimized) for item in value]  # type: ignore[union-attr]
    if isinstance(value, dict) and shape is not None and shape.type_name == "structure":
        return {
            name[0].upper() + name[1:]: _result(shape.members[name], item, optimized=optimized)  # type: ignore[attr-defined]
            for name, item in value.items()
        }
    if isinstance(value, dict):
        return {key: _result(shape.value, item, optimized=optimized) for key, item in value.items()}  # type: ignore[union-attr]
    return value


def _lambda_result(result: dict[str, Any]) -> dict[str, Any]:
    """Return a function's answer as JSON, or raise the error that the function raised."""
    payload = json.loads(result["Payload"]) if result.get("Payload") else None
    if result.get("FunctionError"):
        name = payload.get("errorType", "Lambda.Unknown") if isinstance(payload, dict) else "Lambda.Unknown"
        raise base.TaskError(name, json.dumps(payload))
    return {**result, "Payload": payload}
