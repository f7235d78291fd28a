"""What filters make of events."""

import queue

import pytest

from fairway.twin.filters.metrics import Batch, Datum, MetricFilter, MetricFilters, Minutes
from fairway.twin.filters.patterns import PatternError


def made(pattern='{ $.event = "quality" }', value="$.psi", **members):
    change = {"metricName": "QualityPSI", "metricNamespace": "fairway/x", "metricValue": value, **members}
    return {"filterName": "psi", "filterPattern": pattern, "metricTransformations": [change]}


@pytest.mark.parametrize(
    ("given", "message", "datum"),
    [
        (made(), '{"event": "quality", "psi": 0.25}', (0.25, ())),
        (made(), '{"event": "quality", "psi": "0.25"}', (0.25, ())),
        (made(), '{"event": "quality", "psi": "much"}', None),
        (made(), '{"event": "quality", "psi": null}', None),
        (made(), '{"event": "quality"}', None),
        (made(), '{"event": "start", "psi": 1}', None),
        (made(value="1"), '{"event": "quality"}', (1.0, ())),
        (made(value="-1.5e1"), '{"event": "quality"}', (-15.0, ())),
        (
            made(dimensions={"Release": "$.release", "Zone": "$.zone"}),
            '{"event": "quality", "psi": 1, "release": "7"}',
            (1.0, (("Release", "7"),)),
        ),
        (made("[level = ERROR, seconds]", "$seconds"), "ERROR 12.5", (12.5, ())),
        (made("ERROR", "1"), "an ERROR", (1.0, ())),
    ],
)
def test_an_event_makes_a_datum(given, message, datum):
    _, found = MetricFilter.read(given).datum(message, 12.345)
    wanted = None if datum is None else Datum("fairway/x", "QualityPSI", datum[0], "None", datum[1], 12.345)
    assert found == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (made(value="much"), "is no selector"),
        (made("ERROR", "$.psi"), "has no fields"),
        (made("[a, b]", "$c"), "is no field of the pattern; it has $a, $b"),
        (made(dimensions={"Release": "release"}), "is no selector"),
        (made(dimensions={"a": "$.a", "b": "$.b", "c": "$.c", "d": "$.d"}), "3 dimensions at most"),
        (made(dimensions={"a": "$.a"}, defaultValue=0.0), "mutually exclusive"),
        ({**made(), "applyOnTransformedLogs": True}, "does not have metric filters with applyOnTransformedLogs"),
    ],
)
def test_refused(given, said):
    with pytest.raises(PatternError) as caught:
        MetricFilter.read(given)
    assert said in str(caught.value)


def test_a_minute_with_events_and_no_match_has_the_default_value():
    found, minutes = MetricFilter.read(made(defaultValue=0.0)), Minutes(60)
    key = ("1", "r", "g", "psi")
    minutes.see(key, found, 61, matched=False)
    assert minutes.next_end() == 120
    assert list(minutes.over(119)) == []
    minutes.see(key, found, 119, matched=False)
    assert [(datum.value, datum.moment) for _, datum in minutes.over(120)] == [(0.0, 90)]
    minutes.see(key, found, 121, matched=False)
    minutes.see(key, found, 122, matched=True)
    assert list(minutes.over(500)) == []
    assert minutes.next_end() is None


def test_a_filter_without_default_value_has_no_minutes():
    minutes = Minutes(60)
    minutes.see(("1", "r", "g", "psi"), MetricFilter.read(made()), 61, matched=False)
    assert minutes.next_end() is None


class FakeLogs:
    def __init__(self, *filters):
        self._filters = filters
        self.published: queue.Queue[tuple[str, str, str, float]] = queue.Queue()

    def filters(self, account, region, group):
        return self._filters if (account, region, group) == ("1", "r", "g") else ()

    def publish(self, account, region, data):
        for datum in data:
            self.published.put((account, region, datum.name, datum.value))


def test_batches_are_published_and_defaults_when_their_minute_is_over():
    errors = made("ERROR", "1", metricName="Errors", defaultValue=0.0) | {"filterName": "errors"}
    logs = FakeLogs(made(), errors)
    filters = MetricFilters(logs, speed=600)
    filters.take(Batch("1", "r", "other", [(1.0, '{"event": "quality", "psi": 9}')]))
    filters.take(Batch("1", "r", "g", [(1.0, '{"event": "quality", "psi": 0.5}'), (1.0, "ERROR")]))
    published = [logs.published.get(timeout=5) for _ in range(2)]
    assert published == [("1", "r", "QualityPSI", 0.5), ("1", "r", "Errors", 1.0)]
    filters.take(Batch("1", "r", "g", [(2.0, "all is well")]))
    assert logs.published.get(timeout=5) == ("1", "r", "Errors", 0.0)
    filters.close()
    assert logs.published.empty()
