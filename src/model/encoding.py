"""From columns to what the trees see: one code for training and serving, its fitted part kept in the artifact."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from model.flights import OBSERVED, SCHEMA, TREND, calendar, minutes
from model.schema import Columns

Features = npt.NDArray[np.float32]

CATEGORIES = tuple(column.name for column in SCHEMA.columns if column.type == "string")
# What a category is worth before its own flights say more: this many flights at the overall rate.
_PRIOR_FLIGHTS = 20.0

_PLAIN = (
    "distance",
    "origin_departures",
    "plane_seats",
    *(column.name for column in (*OBSERVED, *TREND)),
)
_plain = itemgetter(*_PLAIN)

_DERIVED = (
    "departure_minute",
    "arrival_minute",
    "clock_minutes",
    "weekday",
    "days_since_holiday",
    "days_until_holiday",
    "plane_age",
    "dewpoint_spread",
)


def _derived(columns: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of _DERIVED: of one flight (numbers) or of many (arrays), by the same arithmetic."""
    departure, arrival = minutes(columns["sched_dep_time"]), minutes(columns["sched_arr_time"])
    return (
        departure,
        arrival,
        # Clock to clock: it holds the time zone too, which with the distance leaves the slack that the airline planned.
        (arrival - departure) % 1440,
        *calendar(columns),
        columns["year"] - columns["plane_year"],
        columns["temp"] - columns["dewp"],
    )


FEATURES = (*(f"{name}_late_rate" for name in CATEGORIES), *_DERIVED, *_PLAIN)

# What can only make lateness likelier (1) or less likely (-1), all else equal. Half a year has few days of each kind of
# weather: the constraint keeps the trees from learning those days by heart.
MONOTONE = {
    "carrier_late_rate": 1,
    "dest_late_rate": 1,
    "origin_departures": 1,
    "precip": 1,
    "precip_6h": 1,
    "wind_speed": 1,
    "wind_gust": 1,
    "humid": 1,
    "visib": -1,
    "visib_min_6h": -1,
    "dewpoint_spread": -1,
}


@dataclass(frozen=True)
class Counts:
    """All that the encoding is fitted on; the counts of several files, or hosts, add up to those of all rows."""

    rows: int
    late: int
    flights: Mapping[str, Mapping[str, int]]
    delayed: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, columns: Columns, late: npt.NDArray[np.bool_]) -> "Counts":
        """Count the flights of each category, and those that were late."""
        flights = {name: Counter(columns[name].tolist()) for name in CATEGORIES}
        delayed = {name: Counter(columns[name][late].tolist()) for name in CATEGORIES}
        return cls(len(late), int(late.sum()), flights, delayed)

    @classmethod
    def total(cls, parts: "Iterable[Counts]") -> "Counts":
        """Add up the counts of parts."""
        rows, late = 0, 0
        flights: dict[str, Counter[str]] = {name: Counter() for name in CATEGORIES}
        delayed: dict[str, Counter[str]] = {name: Counter() for name in CATEGORIES}
        for part in parts:
            rows, late = rows + part.rows, late + part.late
            for name in CATEGORIES:
                flights[name].update(part.flights[name])
                delayed[name].update(part.delayed[name])
        return cls(rows, late, flights, delayed)


@dataclass(frozen=True)
class Encoder:
    """How late the flights of each category were in training; an unseen or missing one counts as the overall rate."""

    overall: float
    rates: Mapping[str, Mapping[str, float]]

    @classmethod
    def fit(cls, columns: Columns, late: npt.NDArray[np.bool_]) -> "Encoder":
        """Learn the rates from training flights alone."""
        return cls.from_counts(Counts.of(columns, late))

    @classmethod
    def from_counts(cls, counts: Counts) -> "Encoder":
        """Learn the rates from flights that were counted, wherever they lie."""
        overall = counts.late / counts.rows
        rates = {name: _rates(counts.flights[name], counts.delayed[name], overall) for name in CATEGORIES}
        return cls(overall, rates)

    def encode(self, columns: Columns) -> Features:
        """Return one row of FEATURES a flight; what is missing is NaN, which the trees handle."""
        numbers = {
            name: values if name in self.rates else np.asarray(values, np.float64) for name, values in columns.items()
        }
        rows, overall = len(columns[CATEGORIES[0]]), repeat(self.overall)
        rates = [
            np.fromiter(map(rates.get, columns[name].tolist(), overall), np.float64, rows)
            for name, rates in self._fitted
        ]
        features = [*rates, *_derived(numbers), *_plain(numbers)]
        encoded = np.empty((rows, len(features)), np.float32)
        for place, values in enumerate(features):
            encoded[:, place] = values
        return encoded

    def encode_flight(self, flight: Mapping[str, Any]) -> list[float]:
        """Return FEATURES of this one flight as numbers, which arrays of one element would take ten times as long for.

        Rounded to float32, they are what `encode` returns.
        """
        rates = [rates.get(flight[name], self.overall) for name, rates in self._fitted]
        return [*rates, *_derived(flight), *_plain(flight)]

    @cached_property
    def _fitted(self) -> tuple[tuple[str, Mapping[str, float]], ...]:
        return tuple((name, self.rates[name]) for name in CATEGORIES)

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads back, floats to the last bit."""
        return {"overall": self.overall, "rates": {name: dict(rates) for name, rates in self.rates.items()}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Encoder":
        """Read what `to_json` returned."""
        return cls(content["overall"], {name: dict(content["rates"][name]) for name in CATEGORIES})


def _rates(flights: Mapping[str, int], delayed: Mapping[str, int], overall: float) -> dict[str, float]:
    prior = _PRIOR_FLIGHTS
    return {v: (delayed.get(v, 0) + prior * overall) / (flights[v] + prior) for v in sorted(flights)}
