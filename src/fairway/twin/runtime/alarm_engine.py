"""Evaluates the alarms of a twin, in scaled time. Its thread sleeps while there are none."""

import logging
import threading
import time
from typing import TYPE_CHECKING

from fairway.twin.runtime.alarms import FURTHER, Alarm, Statistic, UnsupportedAlarmError

if TYPE_CHECKING:
    from fairway.twin.base_alarms import StoredAlarm
    from fairway.twin.clock import Clock
    from fairway.twin.context import Twin
    from fairway.twin.runtime.expressions import Value

logger = logging.getLogger(__name__)

# How often AWS's time an alarm is evaluated, and the shortest wall time in between.
EVALUATION_SECONDS = 10.0
SHORTEST_PAUSE = 0.1


class AlarmEngine:
    """Sets the states of alarms; periods are seconds of AWS's time, the data's timestamps are wall time."""

    def __init__(self, twin: "Twin") -> None:
        from fairway.twin import base_alarms  # noqa: PLC0415 -- loads ministack, which the rest does not need

        self._base = base_alarms
        self._clock: Clock = twin.clock
        self._some = threading.Condition()
        self._put = False
        self._closed = threading.Event()
        base_alarms.install(self._on_put)
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the evaluation."""
        self._closed.set()
        self._on_put()
        self._thread.join()

    def _on_put(self) -> None:
        with self._some:
            self._put = True
            self._some.notify()

    def _run(self) -> None:
        pause = max(SHORTEST_PAUSE, EVALUATION_SECONDS / self._clock.speed)
        while not self._closed.is_set():
            alarms = list(self._base.alarms())
            for alarm in alarms:
                try:
                    self.evaluate(alarm, time.time())
                except Exception:  # one alarm must not keep the others from being evaluated
                    logger.exception("the alarm %s could not be evaluated", alarm.name)
            with self._some:
                self._some.wait_for(lambda: self._put or self._closed.is_set(), timeout=pause if alarms else None)
                self._put = False

    def evaluate(self, stored: "StoredAlarm", now: float) -> None:
        """Set the state of an alarm to what its data says at a moment of wall time."""
        try:
            alarm = Alarm.parse(stored.attributes)
        except UnsupportedAlarmError:
            return  # refused when it was put; only what changes ministack's store past it comes here
        found: dict[Statistic, list[Value]] = {
            statistic: self._base.values(
                stored,
                statistic,
                period=alarm.period / self._clock.speed,
                now=now,
                periods=alarm.periods + FURTHER,
            )
            for statistic in alarm.statistics.values()
        }
        current = stored.attributes["StateValue"]
        verdict = alarm.judge(alarm.series(lambda statistic, age: found[statistic][age]), current)
        if verdict.state != current:
            self._base.set_state(stored, verdict.state, verdict.reason)
