"""The course of a training job as Describe shows it: its transitions, their messages, and the reason of a failure."""

from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.failures import REASON_LENGTH

if TYPE_CHECKING:
    from datetime import datetime

# SageMaker's own words for its transitions.
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "Training job interrupted: its spot instances were taken away",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job exceeded MaxWaitTimeInSeconds provided",
}
FINAL = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "MaxWaitTimeExceeded": "Stopped",
}


def next_transitions(transitions: list[dict[str, Any]], status: str, now: "datetime") -> list[dict[str, Any]]:
    """Return the transitions after one to `status`: the last one ends where it begins; a final one ends at once."""
    closed = [*transitions]
    if closed and "EndTime" not in closed[-1]:
        closed[-1] = {**closed[-1], "EndTime": now}
    begun: dict[str, Any] = {"Status": status, "StartTime": now, "StatusMessage": MESSAGES[status]}
    return [*closed, {**begun, "EndTime": now} if status in FINAL else begun]


def exit_reason(reason: str, exit_code: int) -> str:
    """Return the text of a failed container's FailureReason: what it wrote, cut if need be, and the exit code."""
    ending = f", exit code: {exit_code if exit_code >= 0 else 128 - exit_code}"
    return reason[: REASON_LENGTH - len(ending) - len("AlgorithmError: ")] + ending
