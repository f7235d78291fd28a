"""One instance of a production variant: a serving container that is watched, and started again when it ends."""

import contextlib
import http.client
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairway.twin.runtime.failures import RunError
from fairway.twin.runtime.loopback import NotReachedError, closed_by_server, connect, free_port, ping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fairway.twin.clock import Clock
    from fairway.twin.runtime.containers import Container
    from fairway.twin.runtime.logs import LogStream
    from fairway.twin.runtime.processes import Process

# SageMaker's: an invocation has sixty seconds, a container that is ended thirty.
INVOCATION_SECONDS = 60
GRACE_SECONDS = 30
# Ours: how often a serving container is pinged, how many pings it may miss, and how often a starting one is pinged.
WATCH_SECONDS = 5
MISSED_PINGS = 3
STARTING_PAUSE = 0.1
# The pause before a container that ended is started again, doubled each time up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0


@dataclass(frozen=True)
class Answer:
    """What a container answered."""

    status: int
    headers: "Mapping[str, str]"
    body: bytes


class NoAnswerError(Exception):
    """A container closed the connection, or answered something that is no HTTP."""


class LostError(Exception):
    """The container did not start, or had to be ended; the message says why."""


class Instance:
    """A serving process on a free port. `changed` is called whenever `serving`, `ends` or `problem` changes."""

    lasting = True  # it is started again when it ends

    def __init__(
        self,
        identity: str,
        container: "Callable[[int], Container]",
        log: "LogStream",
        clock: "Clock",
        changed: "Callable[[], None]",
    ) -> None:
        self.identity = identity
        self.in_flight = 0  # guarded by the lock of whoever routes
        self.ends = 0
        self.problem: RunError | None = None
        self.overrun = ""  # the reason, if its memory was not enough
        self._container = container
        self._log = log
        self._clock = clock
        self._changed = changed
        self._retired = threading.Event()
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._port: int | None = None
        self._idle: deque[http.client.HTTPConnection] = deque()
        self._thread = threading.Thread(target=self._live, name=f"instance {identity}", daemon=True)
        self._thread.start()

    @property
    def serving(self) -> bool:
        """Tell whether the container has answered its last pings."""
        return self._port is not None

    def has_ended(self, ends: int, seconds: float) -> bool:
        """Tell whether the container, which had ended so often, ends within so many seconds."""
        process = self._process
        if self._retired.is_set() or self.ends != ends or process is None:
            return True
        return process.wait(seconds) is not None

    def retire(self, grace: float = GRACE_SECONDS) -> None:
        """End the container for good; return when it has ended and its log is written."""
        with self._lock:
            self._retired.set()
            process = self._process
        self._port = None
        if process is not None:
            process.stop(grace / self._clock.speed)
        self._thread.join()
        self._log.close()
        self._drop_connections()

    def invoke(
        self,
        path: str,
        body: bytes,
        headers: "Mapping[str, str]",
        timeout: float = INVOCATION_SECONDS,
        method: str = "POST",
    ) -> Answer:
        """Send a request to the container; raise TimeoutError, NoAnswerError, LostError or NotReachedError."""
        port = self._port
        if port is None:
            raise NotReachedError
        connection = self._connection(port, timeout)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        except TimeoutError:
            connection.close()
            raise
        except (http.client.HTTPException, ConnectionError) as error:
            # Never sent again: a request that ends its container would end all of them.
            connection.close()
            if self.overrun:
                raise LostError(self.overrun) from error
            raise NoAnswerError(str(error)) from error
        if response.will_close or self._port != port:
            connection.close()
        else:
            self._idle.append(connection)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def _connection(self, port: int, timeout: float) -> http.client.HTTPConnection:
        with contextlib.suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if connection.port == port and not closed_by_server(connection):
                    connection.timeout = timeout
                    connection.sock.settimeout(timeout)
                    return connection
                connection.close()
        return connect(port, timeout)

    def _drop_connections(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()

    # -- its life, in a thread of its own -----------------------------------------------------------------------------

    def _live(self) -> None:
        pauses = _pauses()
        while not self._retired.is_set():
            port = free_port()
            process = self._start(port)
            if process is None:
                return
            if self._answers_soon(process, port):
                pauses = _pauses()
                self._port = port
                self._changed()
                self._watch(process, port)
                self._port = None
                self._drop_connections()
            if self._retired.is_set():
                return  # whoever retires it waits for its end
            process.stop(0)
            self.ends += 1
            self._changed()
            if not self.lasting:
                return
            self._retired.wait(next(pauses))

    def _start(self, port: int) -> "Process | None":
        with self._lock:
            if self._retired.is_set():
                return None
            try:
                self._process = self._container(port).start(self._log.write)
            except RunError as error:
                self.problem = error
                self._changed()
                return None
            return self._process

    def _answers_soon(self, process: "Process", port: int) -> bool:
        """Wait for the first good ping; whoever wants the instance limits the time, by retiring it."""
        while process.wait(STARTING_PAUSE) is None:
            if self._retired.is_set():
                return False
            if ping(port):
                return True
        return False

    def _watch(self, process: "Process", port: int) -> None:
        """Return when the container has ended, or does not answer any more."""
        missed = 0
        while missed < MISSED_PINGS and process.wait(WATCH_SECONDS) is None and not self._retired.is_set():
            missed = 0 if ping(port) else missed + 1


def _pauses() -> "Iterator[float]":
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


def deadline(seconds: float, clock: "Clock") -> float:
    """Return the monotonic moment `seconds` of AWS's time from now."""
    return time.monotonic() + seconds / clock.speed
