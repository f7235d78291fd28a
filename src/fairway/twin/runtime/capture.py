"""Data capture: requests and answers that are sampled, gathered, and written to S3 as the model's execution role."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from botocore.exceptions import BotoCoreError, ClientError

from fairway.twin.runtime.capture_events import Capturing, line, place
from fairway.twin.runtime.failures import sentence
from fairway.twin.runtime.sampling import Sampler

if TYPE_CHECKING:
    from fairway.twin.clock import Clock
    from fairway.twin.context import Resource
    from fairway.twin.runtime.containers import Session
    from fairway.twin.runtime.invocations import Exchange
    from fairway.twin.runtime.variants import VariantFleet

logger = logging.getLogger(__name__)

# How long, of AWS's time, a request waits for others to share its file; and how large a file grows.
FLUSH_SECONDS = 60.0
FILE_BYTES = 4 * 1024 * 1024
# What cannot be written as fast as it comes is not captured: SageMaker's capture gives way to requests, too.
WAITING_BYTES = 64 * 1024 * 1024

Captured = tuple[datetime, bytes]


class Stream:
    """What is captured of one variant under one configuration; what waits is guarded by the lock of the writer."""

    def __init__(self, capturing: Capturing, endpoint: "Resource", variant: str, session: "Session") -> None:
        self.capturing = capturing
        self.endpoint = endpoint
        self.sampler = Sampler()
        self.waiting: list[Captured] = []
        self.size = 0
        self.due = 0.0
        self._variant = variant
        self._session = session
        self._client: Any = None

    def write(self, events: list[Captured]) -> None:
        """Put a file for each hour in which there were requests; what cannot be written is lost, and logged."""
        options = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.capturing.kms_key}
        extra = options if self.capturing.kms_key else {}
        for part in _files(events):
            where = place(self.capturing.destination, self.endpoint.name, self._variant, part[0][0])
            body = b"".join(content for _, content in part)
            try:
                if self._client is None:
                    self._client = self._session.client("s3")
                self._client.put_object(Bucket=where.bucket, Key=where.key, Body=body, **extra)
            except (ClientError, BotoCoreError) as error:
                logger.warning("%d requests captured of %s are lost: %s", len(part), where.uri, sentence(error))


def _files(events: list[Captured]) -> Iterator[list[Captured]]:
    for _, part in groupby(sorted(events, key=lambda event: event[0]), key=lambda event: f"{event[0]:%Y%m%d%H}"):
        yield list(part)


class DataCapture:
    """An observer of exchanges. Its one thread writes, and sleeps while nothing is captured."""

    def __init__(self, clock: "Clock") -> None:
        self._pause = FLUSH_SECONDS / clock.speed
        self._streams: WeakKeyDictionary[VariantFleet, Stream | None] = WeakKeyDictionary()
        self._dirty: dict[Stream, None] = {}  # in the order in which they are due
        self._writing: Stream | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="data capture", daemon=True)
        self._thread.start()

    def __call__(self, exchange: "Exchange") -> None:
        """Capture a request that was answered well, if it is among those that are sampled."""
        if exchange.answer is None or not 200 <= exchange.answer.status < 300:
            return
        stream = self._stream(exchange)
        if stream is None or not stream.sampler.takes(stream.capturing.share):
            return
        content = line(stream.capturing.event(exchange))
        with self._changed:
            if stream.size + len(content) > WAITING_BYTES:
                return
            if not stream.waiting:
                stream.due = time.monotonic() + self._pause
                self._dirty[stream] = None
            stream.waiting.append((exchange.began, content))
            stream.size += len(content)
            if len(stream.waiting) == 1 or stream.size >= FILE_BYTES:
                self._changed.notify_all()

    def flush(self, endpoint: "Resource") -> None:
        """Return when all that was captured of an endpoint so far is written."""
        with self._changed:
            for stream in self._dirty:
                if stream.endpoint is endpoint:
                    stream.due = 0.0
            self._changed.notify_all()
            self._changed.wait_for(lambda: all(stream.endpoint is not endpoint for stream in self._busy()))

    def close(self) -> None:
        """Write what there is, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _busy(self) -> list[Stream]:
        return [*self._dirty, *([self._writing] if self._writing else [])]

    def _stream(self, exchange: "Exchange") -> Stream | None:
        """Return the stream of a variant's fleet; the configuration is the one that the fleet was made from."""
        fleet = exchange.variant
        with self._changed:
            if fleet not in self._streams:
                capturing = fleet.capturing
                self._streams[fleet] = (
                    Stream(capturing, exchange.endpoint, fleet.name, fleet.session)
                    if capturing is not None and fleet.session is not None
                    else None
                )
            return self._streams[fleet]

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._dirty or self._closed)
                if not self._dirty:
                    return
                stream = self._next()
                if stream is None:
                    continue
                events, stream.waiting, stream.size = stream.waiting, [], 0
                del self._dirty[stream]
                self._writing = stream
            try:
                stream.write(events)
            except Exception:  # the writer serves all endpoints
                logger.exception("what was captured of %s is lost", stream.endpoint.arn)
            with self._changed:
                self._writing = None
                self._changed.notify_all()

    def _next(self) -> Stream | None:
        """Return a stream to write now; else wait for the next that is due, or for a change, and return None."""
        now = time.monotonic()
        for stream in self._dirty:
            if self._closed or stream.due <= now or stream.size >= FILE_BYTES:
                return stream
        self._changed.wait(min(stream.due for stream in self._dirty) - now)
        return None
