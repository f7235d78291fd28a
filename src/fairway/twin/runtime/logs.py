"""Lines of a container to CloudWatch Logs, in batches, with the credentials of the role that the container has."""

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fairway.twin.runtime.failures import code, sentence

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

# A line waits this long for others, so that a chatty container makes few calls.
BATCH_SECONDS = 0.4
# PutLogEvents takes 10,000 events and 1 MiB, of which each event costs 26 bytes, and 256 KiB an event.
BATCH_EVENTS = 10_000
BATCH_BYTES = 1_000_000
EVENT_OVERHEAD = 26
LINE_BYTES = 256_000
# A container that writes faster than it can be sent loses its oldest lines, not the twin's memory.
WAITING_LINES = 200_000


class LogStream:
    """One stream of CloudWatch Logs. `client` makes a client with fresh credentials of the role.

    As on AWS, a role that may not write logs loses them, and its job runs on.
    """

    def __init__(self, client: "Callable[[], Any]", group: str, stream: str) -> None:
        self._make_client = client
        self._client: Any = None
        self._group = group
        self._stream = stream
        self._lines: deque[tuple[int, str]] = deque(maxlen=WAITING_LINES)
        self._ready = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"logs {group} {stream}", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Take a line; empty ones are left out, which PutLogEvents refuses."""
        if line:
            with self._ready:
                self._lines.append((int(time.time() * 1000), line[:LINE_BYTES]))
                self._ready.notify()

    def close(self) -> None:
        """Send what is left; return when it is sent."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._lines or self._closed)
                if not self._lines:
                    return
                self._ready.wait_for(lambda: self._closed or len(self._lines) >= BATCH_EVENTS, timeout=BATCH_SECONDS)
                batch = self._take()
            try:
                self._send(batch)
            except (ClientError, BotoCoreError) as error:
                logger.warning("%d lines of %s %s are lost: %s", len(batch), self._group, self._stream, sentence(error))

    def _take(self) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = []
        size = 0
        while self._lines and len(batch) < BATCH_EVENTS:
            size += len(self._lines[0][1].encode()) + EVENT_OVERHEAD
            if batch and size > BATCH_BYTES:
                break
            moment, line = self._lines.popleft()
            batch.append({"timestamp": moment, "message": line})
        return batch

    def _send(self, batch: list[dict[str, Any]]) -> None:
        if self._client is None:
            self._client = self._make_client()
            self._create()
        try:
            self._put(batch)
        except ClientError as error:
            if code(error) not in {"ExpiredToken", "ExpiredTokenException"}:
                raise
            self._client = self._make_client()
            self._put(batch)

    def _put(self, batch: list[dict[str, Any]]) -> None:
        self._client.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)

    def _create(self) -> None:
        try:
            self._create_stream()
        except self._client.exceptions.ResourceNotFoundException:
            try:
                self._client.create_log_group(logGroupName=self._group)
            except self._client.exceptions.ResourceAlreadyExistsException:
                logger.debug("%s was made by another stream in this moment", self._group)
            self._create_stream()

    def _create_stream(self) -> None:
        try:
            self._client.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        except self._client.exceptions.ResourceAlreadyExistsException:
            logger.debug("%s %s exists: a restarted container goes on in it", self._group, self._stream)
