"""What a metric filter makes of log events: data of CloudWatch metrics, with the events' own moments."""

import logging
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fairway.twin.filters.patterns import Fields, Pattern, PatternError, number_of, parse

logger = logging.getLogger(__name__)

# CloudWatch looks at a log group minute by minute: one with events and no match gets the filter's default value.
MINUTE = 60.0
DIMENSIONS = 3
# A batch waits here while the thread is busy; log events that come faster than they are read are lost to filters.
WAITING_BATCHES = 10_000


@dataclass(frozen=True)
class Datum:
    """One value of a metric, at a moment (seconds since the epoch)."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    moment: float


@dataclass(frozen=True)
class MetricFilter:
    """One metric filter, read."""

    pattern: Pattern
    namespace: str
    name: str
    value: str
    default: float | None
    dimensions: tuple[tuple[str, str], ...]
    unit: str

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "MetricFilter":
        """Read the members of PutMetricFilter; raise PatternError if CloudWatch or the twin refuses them."""
        change = given["metricTransformations"][0]
        dimensions = tuple(sorted((change.get("dimensions") or {}).items()))
        made = cls(
            parse(given["filterPattern"]),
            change["metricNamespace"],
            change["metricName"],
            change["metricValue"],
            change.get("defaultValue"),
            dimensions,
            change.get("unit") or "None",
        )
        made._check(given)
        return made

    def _check(self, given: Mapping[str, Any]) -> None:
        for member in ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions"):
            if given.get(member):
                raise PatternError(f"The twin does not have metric filters with {member}")
        if number_of(self.value) is None:
            self.pattern.check_selector(self.value)
        for _, selector in self.dimensions:
            self.pattern.check_selector(selector)
        if len(self.dimensions) > DIMENSIONS:
            raise PatternError(
                f"A metric filter has {DIMENSIONS} dimensions at most, and this one {len(self.dimensions)}"
            )
        if self.dimensions and self.default is not None:
            raise PatternError("dimensions and default value are mutually exclusive properties")

    def datum(self, message: str, moment: float) -> tuple[bool, Datum | None]:
        """Tell whether an event matches, and return its datum: none if what names the value is no number in it."""
        fields = self.pattern.match(message)
        if fields is None:
            return False, None
        found = number_of(self.value)
        if found is None:
            named = fields.get(self.value)
            found = None if named is None else number_of(named)
        return True, None if found is None else self._made(float(found), moment, fields)

    def default_at(self, moment: float) -> Datum | None:
        """Return the datum of a minute with events and without a match, if the filter has a default value."""
        return None if self.default is None else self._made(float(self.default), moment, None)

    def _made(self, value: float, moment: float, fields: Fields | None) -> Datum:
        # CloudWatch leaves out the dimensions that an event has no value for.
        named = ((name, fields.get(selector)) for name, selector in self.dimensions) if fields else ()
        dimensions = tuple((name, str(found)) for name, found in named if found is not None)
        return Datum(self.namespace, self.name, value, self.unit, dimensions, moment)


@dataclass(frozen=True)
class Batch:
    """Log events of one group as they came: moments (seconds since the epoch) and messages."""

    account: str
    region: str
    group: str
    events: Sequence[tuple[float, str]]


@dataclass
class _Minute:
    """A minute in which a group had events, as one filter sees it."""

    number: int
    filter: MetricFilter
    matched: bool = False


@dataclass
class Minutes:
    """Knows the minutes without a match, which are told once they are over; `length` is seconds of wall time."""

    length: float
    _open: dict[tuple[str, str, str, str], _Minute] = field(default_factory=dict)

    def see(self, key: tuple[str, str, str, str], found: MetricFilter, moment: float, *, matched: bool) -> None:
        """Count an event; one that is older than the minute that runs is counted in that."""
        if found.default is None:
            return
        number = int(moment // self.length)
        minute = self._open.get(key)
        if minute is None:
            minute = self._open[key] = _Minute(number, found)
        minute.matched |= matched

    def over(self, now: float) -> Iterator[tuple[tuple[str, str, str, str], Datum]]:
        """Yield the default values of the minutes that are over."""
        for key, minute in list(self._open.items()):
            end = (minute.number + 1) * self.length
            if now >= end:
                del self._open[key]
                datum = minute.filter.default_at(end - self.length / 2)
                if not minute.matched and datum is not None:
                    yield key, datum

    def next_end(self) -> float | None:
        """Return the moment when the first of the minutes is over, or None."""
        return min(((minute.number + 1) * self.length for minute in self._open.values()), default=None)


class Logs(Protocol):
    """What the filters are asked of, and where their data goes."""

    def filters(self, account: str, region: str, group: str) -> Iterable[Mapping[str, Any]]:
        """Return the metric filters of a group as PutMetricFilter got them."""

    def publish(self, account: str, region: str, data: Sequence[Datum]) -> None:
        """Store data of metrics."""


class MetricFilters:
    """Turns batches of log events into metrics, in a thread of its own that sleeps while there are none."""

    def __init__(self, logs: Logs, speed: float) -> None:
        self._logs = logs
        self._minutes = Minutes(MINUTE / speed)
        self._waiting: queue.Queue[Batch | None] = queue.Queue(WAITING_BATCHES)
        self._thread = threading.Thread(target=self._run, name="metric filters", daemon=True)
        self._thread.start()

    def take(self, batch: Batch) -> None:
        """Take a batch; return at once."""
        try:
            self._waiting.put_nowait(batch)
        except queue.Full:
            logger.warning("%d log events of %s are lost to its metric filters", len(batch.events), batch.group)

    def close(self) -> None:
        """Read what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            end = self._minutes.next_end()
            try:
                batch = self._waiting.get(timeout=None if end is None else max(0.0, end - time.time()))
            except queue.Empty:
                self._tell_defaults()
                continue
            if batch is None:
                return
            try:
                self._tell_defaults()
                self._logs.publish(batch.account, batch.region, list(self._data(batch)))
            except Exception:  # a filter that the twin fails at must not end the others
                logger.exception("the metric filters of %s failed", batch.group)

    def _data(self, batch: Batch) -> Iterator[Datum]:
        for given in self._logs.filters(batch.account, batch.region, batch.group):
            found = MetricFilter.read(given)
            key = (batch.account, batch.region, batch.group, str(given["filterName"]))
            for moment, message in batch.events:
                matched, datum = found.datum(message, moment)
                self._minutes.see(key, found, moment, matched=matched)
                if datum is not None:
                    yield datum

    def _tell_defaults(self) -> None:
        for (account, region, _, _), datum in self._minutes.over(time.time()):
            self._logs.publish(account, region, [datum])
