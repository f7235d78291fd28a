"""Tasks of Step Functions: every one is a real call to the twin, with credentials of the state machine's role."""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError

from fairway.twin import base_states, translation
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


_NOUNS = ("TrainingJob", "ProcessingJob", "TransformJob", "HyperParameterTuningJob")
_JOBS = {f"Create{noun}": Job(noun) for noun in _NOUNS}
_timed_out: ContextVar[threading.Event | None] = ContextVar("fairway_task_timed_out", default=None)


def install(twin: "Twin") -> None:
    """Run the tasks of all state machines from now on."""
    base_states.install_task_dispatcher(Tasks(twin).run, _with_time_limit)


def _with_time_limit(task: Callable[[], Any]) -> Any:
    """Tell the task's own thread, which goes on by itself, when its time is over."""
    event = threading.Event()
    token = _timed_out.set(event)
    try:
        return task()
    except base_states.TaskError:
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
        """Run one attempt of a task and return its result; end the thread when the execution was stopped meanwhile."""
        execution = base_states.current_execution()
        try:
            result = self._run(resource, task_input) if base_states.execution_runs(execution) else None
        except base_states.TaskError:
            if base_states.execution_runs(execution):
                raise
        else:
            if base_states.execution_runs(execution):
                return result
        raise base_states.ExecutionEndedError

    def _run(self, resource: str, task_input: Any) -> Any:
        if _LAMBDA.fullmatch(resource):
            return self._call("lambda", "invoke", {"FunctionName": resource, "Payload": task_input}, optimized=True)[
                "Payload"
            ]
        match = _RESOURCE.fullmatch(resource)
        if match is None:
            raise base_states.TaskError("States.Runtime", f"The twin does not know the resource {resource}.")
        service, action, pattern = match["service"].lower(), match["action"], match["pattern"]
        operation = action[0].upper() + action[1:]
        job = _JOBS.get(operation) if service == "sagemaker" and not match["sdk"] else None
        if (pattern == ".sync" and job is None) or pattern not in (None, ".sync", ".waitForTaskToken"):
            raise base_states.TaskError("States.Runtime", f"The twin cannot run {resource}.")
        result = self._call(service, action, task_input, optimized=not match["sdk"])
        if pattern == ".sync" and job is not None:
            return self._wait(job, task_input, result, resource)
        return result

    def _call(self, service: str, action: str, given: Any, *, optimized: bool) -> Any:
        client = self._client(service, action)
        operation = action[0].upper() + action[1:]
        method = next((python for python, name in client.meta.method_to_api_mapping.items() if name == operation), None)
        if method is None:
            raise base_states.TaskError("States.Runtime", f"{service} has no action {action}.")
        model = client.meta.service_model.operation_model(operation)
        prefix = translation.java_name(client.meta.service_model.service_id)
        try:
            answer = getattr(client, method)(**translation.parameters(model.input_shape, given))
        except translation.UnknownFieldError as error:
            raise base_states.TaskError("States.Runtime", str(error)) from error
        except ClientError as error:
            name = translation.error_name(prefix, error, optimized=optimized)
            raise base_states.TaskError(name, translation.cause(prefix, error)) from error
        except BotoCoreError as error:
            raise base_states.TaskError(f"{prefix}.SdkClientException", str(error)) from error
        answer.pop("ResponseMetadata", None)
        result = translation.result(model.output_shape, answer, optimized=optimized)
        return _lambda_result(result) if optimized and service == "lambda" else result

    def _client(self, service: str, action: str) -> Any:
        execution = base_states.current_execution()
        _, _, _, region, account, *_ = execution.split(":")
        name = _BOTOCORE_NAMES.get(service, service)
        try:
            return self._twin.client(name, account=account, region=region, credentials=self._role(execution))
        except UnknownServiceError as error:
            raise base_states.TaskError(
                "States.Runtime", f"The twin has no service {service}; it was asked for {action}."
            ) from error

    def _role(self, execution: str) -> Credentials:
        if execution not in self._credentials:
            try:
                self._credentials[execution] = self._twin.role_credentials(
                    base_states.execution_role(execution), service=STATES, session=execution.rpartition(":")[2]
                )
            except RoleError as error:
                raise base_states.TaskError("States.Runtime", str(error)) from error
        return self._credentials[execution]

    # -- .sync ----------------------------------------------------------------------------------------------------

    def _wait(self, job: Job, given: Any, created: Any, resource: str) -> Any:
        """Wait for the end of a job; stop it when the execution is stopped or its time is over."""
        execution, timed_out = base_states.current_execution(), _timed_out.get()
        details = {"resourceType": "sagemaker", "resource": resource, "output": json.dumps(created)}
        base_states.record_history(execution, "TaskSubmitted", {"taskSubmittedEventDetails": details})
        while self._is_running(job, given, execution):
            if not base_states.execution_runs(execution) or (timed_out is not None and timed_out.is_set()):
                self._call("sagemaker", f"stop{job.noun}", job.named(given), optimized=True)
                raise base_states.ExecutionEndedError
            time.sleep(_POLL_SECONDS)
        described = self._call("sagemaker", f"describe{job.noun}", job.named(given), optimized=True)
        if described[job.status] != "Completed":
            raise base_states.TaskError("States.TaskFailed", json.dumps(described))
        return described

    def _is_running(self, job: Job, given: Any, execution: str) -> bool:
        """Look at the job as the events look that Step Functions gets of it: nobody calls anything for it."""
        _, _, _, region, account, *_ = execution.split(":")
        stored = self._twin.store.get(job.noun, account, region, given[f"{job.noun}Name"])
        return stored is not None and stored.attributes[job.status] in ("InProgress", "Stopping")


def _lambda_result(result: dict[str, Any]) -> dict[str, Any]:
    """Return a function's answer as JSON, or raise the error that the function raised."""
    payload = json.loads(result["Payload"]) if result.get("Payload") else None
    if result.get("FunctionError"):
        name = payload.get("errorType", "Lambda.Unknown") if isinstance(payload, dict) else "Lambda.Unknown"
        raise base_states.TaskError(name, json.dumps(payload))
    return {**result, "Payload": payload}
