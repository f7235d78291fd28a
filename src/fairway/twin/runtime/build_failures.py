"""Why a phase of a build failed, as CodeBuild puts it into the phase's context: a status code and a message."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from fairway.errors import FairwayError
from fairway.twin.runtime.failures import RunError, code

ACCESS_DENIED = "ACCESS_DENIED"
BUILD_TIMED_OUT = "BUILD_TIMED_OUT"
CLIENT_ERROR = "CLIENT_ERROR"
COMMAND_EXECUTION_ERROR = "COMMAND_EXECUTION_ERROR"
INTERNAL_ERROR = "INTERNAL_SERVICE_ERROR"
YAML_FILE_ERROR = "YAML_FILE_ERROR"
# These two are spelled like this.
PARAMETER_ERROR = "Decrypted Variables Error"
SECRET_ERROR = "Secrets Manager Error"  # noqa: S105 -- a status code


class PhaseError(FairwayError):
    """A phase ends as FAILED; `status_code` and the message are its context."""

    def __init__(self, status_code: str, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code


@contextmanager
def phase_errors(status_code: str, doing: str = "") -> Iterator[None]:
    """Translate what AWS's API refuses, or S3 lacks, into the failure of the phase, which says what was being done."""
    start = f"{doing}: " if doing else ""
    try:
        yield
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message") or "no message"
        raise PhaseError(status_code, f"{start}{code(error)}: {message}") from error
    except (BotoCoreError, RunError) as error:
        raise PhaseError(status_code, f"{start}{error}") from error
