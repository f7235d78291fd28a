"""All that is touched of ministack's Step Functions: which execution runs, its history, and who runs its tasks.

Part of `base`; test_states.py and test_jobs_awaited.py in tests/integration/twin hold it.
"""
# ruff: noqa: SLF001

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

TaskError = stepfunctions._ExecutionError

_execution_arn: ContextVar[str] = ContextVar("fairway_execution_arn", default="")


class ExecutionEndedError(SystemExit):
    """Ends the thread of an execution that was stopped; no `except Exception` of ministack rewrites the status then."""


def current_execution() -> str:
    """Return the ARN of the execution that this thread works for."""
    return _execution_arn.get()


def execution_role(execution_arn: str) -> str:
    """Return the role of the execution's state machine when it started."""
    started = stepfunctions._executions[execution_arn]["events"][0]
    return str(started["executionStartedEventDetails"]["roleArn"])


def execution_runs(execution_arn: str) -> bool:
    """Tell whether nobody has stopped the execution, and nothing has ended it."""
    execution = stepfunctions._executions.get(execution_arn)
    return execution is not None and execution["status"] == "RUNNING"


def record_history(execution_arn: str, event: str, details: Mapping[str, Any]) -> None:
    """Append an event to the execution's history."""
    stepfunctions._add_event(stepfunctions._executions[execution_arn], event, dict(details))


def install_task_dispatcher(
    run_task: Callable[[str, Any], Any], on_timeout: Callable[[Callable[[], Any]], Any]
) -> None:
    """Let `run_task(resource, input)` run all Tasks but activities, and `on_timeout` watch those with a time limit.

    The execution is not passed to a task, so a context variable carries it: ministack copies the context into the
    threads of branches, items and limits.
    """
    run_execution = stepfunctions._run_execution
    invoke = stepfunctions._invoke_resource
    invoke_with_timeout = stepfunctions._invoke_resource_with_timeout

    def run_known_execution(execution_arn: str) -> None:
        token = _execution_arn.set(execution_arn)
        try:
            run_execution(execution_arn)
        finally:
            _execution_arn.reset(token)

    def dispatch(resource: str, task_input: Any) -> Any:
        return invoke(resource, task_input) if ":activity:" in resource else run_task(resource, task_input)

    def dispatch_with_timeout(resource: str, task_input: Any, timeout: float) -> Any:
        return on_timeout(lambda: invoke_with_timeout(resource, task_input, timeout))

    stepfunctions._run_execution = run_known_execution
    stepfunctions._invoke_resource = dispatch
    stepfunctions._invoke_resource_with_timeout = dispatch_with_timeout
    # What remains, tasks that wait for a token, asks these.
    stepfunctions._SERVICE_DISPATCH = {"arn:aws:states:::": run_task}
    stepfunctions._call_lambda = lambda function, payload: run_task(
        "arn:aws:states:::lambda:invoke", {"FunctionName": function, "Payload": payload}
    )
