"""Why a job or an endpoint failed, in the words that SageMaker puts into FailureReason."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from fairway.errors import FairwayError

# FailureReason's limit in SageMaker's API.
REASON_LENGTH = 1024


class RunError(FairwayError):
    """A run ends as Failed; `reason` is its FailureReason.

    ClientError: the request, the data or the permissions are at fault.
    AlgorithmError: the container is at fault.
    InternalServerError: the twin is at fault.
    """

    kind = "InternalServerError"

    @property
    def reason(self) -> str:
        """SageMaker's form: the kind, a colon, the sentence; cut to the length that the API allows."""
        return f"{self.kind}: {self}"[:REASON_LENGTH]


class CallerError(RunError):
    """The request, the data or a permission of the role is at fault."""

    kind = "ClientError"


class ContainerError(RunError):
    """The container ended with an error."""

    kind = "AlgorithmError"


class InternalError(RunError):
    """The twin itself is at fault."""

    def __init__(self) -> None:
        super().__init__("We encountered an internal error. Please try again.")


@contextmanager
def caller_errors(doing: str) -> Iterator[None]:
    """Translate what AWS's API refuses while `doing` into a CallerError that says both."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise CallerError(f"{doing}: {sentence(error)}") from error


def sentence(error: Exception) -> str:
    """Return the service's own message of an API error, with its code; without botocore's wrapping."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return f"{details.get('Message') or 'no message'} ({details.get('Code') or 'no code'})"
    return str(error)


def code(error: ClientError) -> str:
    """Return the error code of an API error."""
    return str(error.response.get("Error", {}).get("Code", ""))
