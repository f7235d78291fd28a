"""What state an alarm is in: a pure function of its definition, the last periods' values and the state it was in.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairway.twin.runtime.expressions import Expression, ExpressionError, Value

OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
# How many periods further back CloudWatch looks where data is missing.
FURTHER = 2

_BREACHES: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")


class UnsupportedAlarmError(Exception):
    """An alarm that the twin cannot evaluate; the message says why."""


@dataclass(frozen=True)
class Statistic:
    """A statistic of one metric."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    name: str
    unit: str | None


@dataclass(frozen=True)
class Verdict:
    """The state that an alarm is to be in, and CloudWatch's sentence for it."""

    state: str
    reason: str


@dataclass(frozen=True)
class Alarm:
    """What is evaluated of a metric alarm. `shown` is the metric or expression that is held against the threshold."""

    period: int
    periods: int
    to_alarm: int
    threshold: float
    comparison: str
    missing: str
    statistics: Mapping[str, Statistic]
    expressions: Mapping[str, Expression]
    shown: str

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Alarm":
        """Read the members of PutMetricAlarm; raise UnsupportedAlarmError if the twin cannot evaluate such an alarm."""
        comparison = given.get("ComparisonOperator", "")
        if comparison not in _BREACHES:
            raise UnsupportedAlarmError(f"ComparisonOperator {comparison}")
        if given.get("EvaluateLowSampleCountPercentile", "evaluate") != "evaluate":
            raise UnsupportedAlarmError("EvaluateLowSampleCountPercentile ignore")
        period, statistics, expressions, shown = _metrics(given)
        periods = int(given.get("EvaluationPeriods", 1))
        return cls(
            period,
            periods,
            int(given.get("DatapointsToAlarm") or periods),
            float(given.get("Threshold", 0)),
            comparison,
            given.get("TreatMissingData") or "missing",
            statistics,
            expressions,
            shown,
        )

    def series(self, value_of: Callable[[Statistic, int], Value]) -> list[Value]:
        """Return its values, the oldest first; `value_of` gives a statistic's value so many periods ago (0 is now)."""
        return [self._value(age, value_of) for age in reversed(range(self.periods + FURTHER))]

    def _value(self, age: int, value_of: Callable[[Statistic, int], Value]) -> Value:
        values = {name: value_of(statistic, age) for name, statistic in self.statistics.items()}
        waiting = dict(self.expressions)
        while waiting:  # parse has seen that each can be evaluated once those are that it needs
            for name in [name for name, expression in waiting.items() if expression.identifiers <= values.keys()]:
                values[name] = waiting.pop(name).value(values)
        return values[self.shown]

    def judge(self, series: Sequence[Value], current: str) -> Verdict:
        """Return the state for the last periods' values, the oldest first."""
        present = [value for value in series if value is not None]
        if len(present) >= self.periods:
            considered = present[-self.periods :]
            return self._crossed(considered, ALARM if self._breaching(considered) >= self.to_alarm else OK)
        if not present:
            return self._without_data(current)
        return self._crossed(present, self._partial(series, present, current))

    def _partial(self, series: Sequence[Value], present: Sequence[float], current: str) -> str:
        """Return the state where some of the periods that are needed have no data."""
        breaching, absent = self._breaching(present), self.periods - len(present)
        if breaching >= self.to_alarm or (self.missing == "breaching" and breaching + absent >= self.to_alarm):
            return ALARM
        if self.missing in ("breaching", "notBreaching") or breaching < len(present):
            return OK
        # Only breaching data, less than is needed: a missing period does not speak against the alarm, but time must.
        oldest = next(age for age, value in zip(range(len(series), 0, -1), series, strict=True) if value is not None)
        return ALARM if self.missing == "missing" and oldest >= self.to_alarm else current

    def _without_data(self, current: str) -> Verdict:
        state = {"breaching": ALARM, "notBreaching": OK, "ignore": current}.get(self.missing, NO_DATA)
        count = f"{self.periods} period{'s' if self.periods > 1 else ''}"
        if state == NO_DATA:
            unknown = "datapoint was" if self.periods == 1 else "datapoints were"
            return Verdict(state, f"Insufficient Data: {self.periods} {unknown} unknown.")
        treated = {ALARM: "Breaching", OK: "NonBreaching"}.get(state, state)
        missing = "datapoint was" if self.periods == 1 else "datapoints were"
        return Verdict(
            state,
            f"Threshold Crossed: no datapoints were received for {count} and {self.periods} missing {missing} treated "
            f"as [{treated}].",
        )

    def _breaching(self, values: Sequence[float]) -> int:
        breaches, _ = _BREACHES[self.comparison]
        return sum(breaches(value, self.threshold) for value in values)

    def _crossed(self, considered: Sequence[float], state: str) -> Verdict:
        _, words = _BREACHES[self.comparison]
        breaching = self._breaching(considered)
        shown = ", ".join(repr(value) for value in reversed(considered))
        if state == ALARM:
            were = "was" if breaching == 1 else "were"
            return Verdict(
                state,
                f"Threshold Crossed: {breaching} out of the last {len(considered)} datapoints [{shown}] {were} {words} "
                f"the threshold ({self.threshold}) (minimum {self.to_alarm} datapoint{'s' * (self.to_alarm > 1)} for "
                "OK -> ALARM transition).",
            )
        well = len(considered) - breaching
        were = "was" if well == 1 else "were"
        return Verdict(
            state,
            f"Threshold Crossed: {well} out of the last {len(considered)} datapoints [{shown}] {were} not {words} the "
            f"threshold ({self.threshold}).",
        )


def _metrics(
    given: Mapping[str, Any],
) -> tuple[int, dict[str, Statistic], dict[str, Expression], str]:
    """Return the period, the statistics and expressions by their id, and the id that the alarm is about."""
    queries = given.get("Metrics")
    if not queries:
        statistic = given.get("Statistic") or given.get("ExtendedStatistic") or "Average"
        return int(given.get("Period") or 60), {"m": _statistic(given, statistic, given.get("Unit"))}, {}, "m"
    stats = {query["Id"]: query["MetricStat"] for query in queries if query.get("MetricStat")}
    shown = [query["Id"] for query in queries if query.get("ReturnData", True)]
    periods = {int(stat["Period"]) for stat in stats.values()}
    if len(periods) != 1 or len(shown) != 1:
        raise UnsupportedAlarmError("Metrics of several periods, or without exactly one that returns data")
    statistics = {name: _statistic(stat["Metric"], stat["Stat"], stat.get("Unit")) for name, stat in stats.items()}
    try:
        expressions = {
            query["Id"]: Expression.parse(query["Expression"]) for query in queries if query.get("Expression")
        }
    except ExpressionError as error:
        raise UnsupportedAlarmError(f"metric math: {error}") from error
    _check_order(expressions, set(statistics))
    return periods.pop(), statistics, expressions, shown[0]


def _check_order(expressions: Mapping[str, Expression], known: set[str]) -> None:
    waiting = dict(expressions)
    while waiting:
        ready = [name for name, expression in waiting.items() if expression.identifiers <= known]
        if not ready:
            name, expression = next(iter(waiting.items()))
            missing = ", ".join(sorted(expression.identifiers - known))
            raise UnsupportedAlarmError(f"metric math: {missing} of {name} is not defined, or by itself")
        for name in ready:
            known.add(name)
            del waiting[name]


def _statistic(metric: Mapping[str, Any], name: str, unit: str | None) -> Statistic:
    if name not in _STATISTICS and not (name[:1] == "p" and name[1:].replace(".", "", 1).isdigit()):
        raise UnsupportedAlarmError(f"the statistic {name}")
    dimensions = tuple((item["Name"], item["Value"]) for item in metric.get("Dimensions") or ())
    return Statistic(metric["Namespace"], metric["MetricName"], dimensions, name, unit)
