"""Requests of a transform job to one instance: repeated where that may help, as ModelClientConfig says."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from fairway.twin.runtime.failures import CallerError, ContainerError, RunError
from fairway.twin.runtime.instances import NoAnswerError
from fairway.twin.runtime.invocations import INVOCATIONS
from fairway.twin.runtime.loopback import NotReachedError
from fairway.twin.runtime.transform_settings import execution_parameters
from fairway.twin.runtime.variants import FleetError

if TYPE_CHECKING:
    import threading
    from typing import Any

    from fairway.twin.runtime.instances import Answer, Instance
    from fairway.twin.runtime.transform_settings import Feeding

EXECUTION_PARAMETERS = "/execution-parameters"
PARAMETERS_SECONDS = 10
# What a job that failed says; its reasons are in the data log, as SageMaker writes them there.
SEE_LOGS = "See job logs for more information"


class UnansweredError(Exception):
    """A request that the model did not answer well: whose fault it is, and the lines of the data log."""

    def __init__(self, fault: type[RunError], *lines: str) -> None:
        super().__init__(" ".join(lines))
        self.fault = fault
        self.lines = lines


class ModelClient:
    """Asks one instance; `revived` waits until its container serves again, and raises FleetError."""

    def __init__(
        self,
        instance: "Instance",
        revived: Callable[[], None],
        headers: Mapping[str, str],
        stop: "threading.Event",
    ) -> None:
        self._instance = instance
        self._revived = revived
        self._headers = headers
        self._stop = stop

    def parameters(self) -> "dict[str, Any]":
        """Return what the container asks for; nothing if it does not know the question."""
        try:
            answer = self._instance.invoke(EXECUTION_PARAMETERS, b"", {}, PARAMETERS_SECONDS, "GET")
        except (TimeoutError, NoAnswerError, NotReachedError):
            return {}
        return execution_parameters(answer.status, answer.body)

    def ask(self, body: bytes, feeding: "Feeding") -> bytes:
        """Return the model's answer; raise UnansweredError when it has none, after the last attempt."""
        said = ""
        for _ in range(1 + feeding.retries):
            if self._stop.is_set():
                break
            try:
                answer = self._instance.invoke(INVOCATIONS, body, self._headers, feeding.timeout_seconds)
            except TimeoutError:
                said = f"The algorithm did not answer within {feeding.timeout_seconds} seconds"
            except NoAnswerError as error:
                said = f"The algorithm closed the connection without an answer {error}".strip()
            except NotReachedError:
                said = "The algorithm's container ended"
                self._wait()
            else:
                if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    return answer.body
                said = f"Bad HTTP status received from algorithm: {answer.status}"
                _raise_refused(answer)
        raise UnansweredError(ContainerError, said)

    def _wait(self) -> None:
        try:
            self._revived()
        except FleetError as error:
            raise UnansweredError(ContainerError, "The algorithm's container does not serve any more") from error


def _raise_refused(answer: "Answer") -> None:
    """Raise what a client's error is, which another attempt does not change; 429 asks for one."""
    refused = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    if refused and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
        message = answer.body.decode(errors="replace").splitlines()
        raise UnansweredError(CallerError, f"ClientError: {answer.status}", "", "Message:", *message)
