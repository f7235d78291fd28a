import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.artifact import Artifact
from model.encoding import CATEGORIES, FEATURES, Encoder
from model.flights import SCHEMA
from model.schema import Values

FLIGHT: dict[str, object] = {
    "year": 2013,
    "month": 7,
    "day": 3,
    "sched_dep_time": 2345,
    "sched_arr_time": 115,
    "carrier": "UA",
    "origin": "JFK",
    "dest": "BOS",
}


def columns(*flights: dict[str, object]) -> dict[str, Values]:
    return SCHEMA.parse({name: [flight.get(name) for flight in flights] for name in SCHEMA.names})


def encoded(encoder: Encoder, flight: dict[str, object]) -> dict[str, float]:
    return dict(zip(FEATURES, encoder.encode(columns(flight))[0].tolist(), strict=True))


NEUTRAL = Encoder(0.25, {name: {} for name in CATEGORIES})


def test_a_category_is_its_late_rate_held_to_the_overall_one():
    flights = [FLIGHT | {"carrier": "UA"}] * 30 + [FLIGHT | {"carrier": "AA"}] * 10
    late = np.array([True] * 30 + [False] * 10)
    encoder = Encoder.fit(columns(*flights), late)
    assert encoder.overall == 0.75
    assert encoder.rates["carrier"] == {"AA": (20 * 0.75) / 30, "UA": (30 + 20 * 0.75) / 50}


def test_an_unseen_category_counts_as_the_overall_rate():
    assert encoded(NEUTRAL, FLIGHT)["carrier_late_rate"] == 0.25


def test_what_is_missing_stays_missing():
    row = encoded(NEUTRAL, FLIGHT)
    missing = {name for name, value in row.items() if np.isnan(value)}
    optional = {column.name for column in SCHEMA.columns if not column.required} - {"plane_year"}
    assert missing == optional | {"plane_age", "dewpoint_spread"}


def test_what_is_derived_of_a_flight_over_midnight_before_a_holiday():
    row = encoded(NEUTRAL, FLIGHT | {"plane_year": 2003, "temp": 70, "dewp": 65})
    assert row["departure_minute"] == 23 * 60 + 45
    assert row["clock_minutes"] == 90
    assert row["weekday"] == dt.date(2013, 7, 3).weekday()
    assert (row["days_since_holiday"], row["days_until_holiday"]) == (10, 1)
    assert (row["plane_age"], row["dewpoint_spread"]) == (10, 5)


@given(st.dates(dt.date(1970, 1, 1), dt.date(2100, 12, 31)))
def test_the_weekday_is_the_calendars(day: dt.date):
    flight = FLIGHT | {"year": day.year, "month": day.month, "day": day.day}
    assert encoded(NEUTRAL, flight)["weekday"] == day.weekday()


rates = st.dictionaries(st.text(max_size=4), st.floats(0, 1), max_size=4)


@given(st.floats(0, 1), st.fixed_dictionaries(dict.fromkeys(CATEGORIES, rates)))
def test_an_encoder_survives_json(overall: float, by_category: dict[str, dict[str, float]]):
    encoder = Encoder(overall, by_category)
    assert Encoder.from_json(json.loads(json.dumps(encoder.to_json()))) == encoder


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_one_row_of_features_a_flight(rows: int):
    features = NEUTRAL.encode(columns(*[FLIGHT] * rows))
    assert features.shape == (rows, len(FEATURES))
    assert features.dtype == np.float32


def test_one_flight_is_encoded_as_it_is_among_many(data: Path, artifact: Path):
    encoder = Artifact.load(artifact, 1).encoder
    table = pq.read_table(data / "test", columns=list(SCHEMA.names))
    together = encoder.encode(SCHEMA.parse(table.to_pydict()))
    for row, flight in enumerate(table.to_pylist()):
        alone = SCHEMA.parse_row([None if value is None else str(value) for value in flight.values()])
        np.testing.assert_array_equal(np.array(encoder.encode_flight(alone), np.float32), together[row])
