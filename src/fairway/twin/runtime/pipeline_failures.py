"""Why an action failed: what GetPipelineState and ListActionExecutions show as errorDetails."""

from botocore.exceptions import ClientError

from fairway.twin.runtime.failures import code

CONFIGURATION, PERMISSION, JOB = "ConfigurationError", "PermissionError", "JobFailed"
_DENIALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "403",
    "Forbidden",
    "AuthorizationErrorException",
}
MESSAGE_LENGTH = 5000


class ActionFailedError(Exception):
    """An action ends as Failed; `code` and the message are its errorDetails."""

    def __init__(self, code: str, message: str, summary: str | None = None) -> None:
        super().__init__(message[:MESSAGE_LENGTH])
        self.code = code
        self.summary = summary


class AbandonedError(Exception):
    """The execution of an action was stopped without waiting for it."""


def failure_code(error: Exception) -> str:
    """Tell an API's denial from its other errors."""
    return PERMISSION if isinstance(error, ClientError) and code(error) in _DENIALS else CONFIGURATION
