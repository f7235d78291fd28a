"""The example's own grammar: what is known of a flight before its scheduled departure, and nothing else.

`SCHEMA` is the allow-list: `prepare` writes these columns and the label, training reads them, a request holds them.
"""

import datetime as dt
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from model.holidays import distances
from model.schema import Column, Columns, Numbers, Schema, Strings, require

LABEL = "late"
LATE_MINUTES = 15  # the US Department of Transportation counts an arrival as late from here

_TIME = "a local time as HHMM from 0 to 2359"


def _number(name: str, description: str, minimum: float, maximum: float) -> Column:
    return Column(name, "number", required=False, description=description, minimum=minimum, maximum=maximum)


def _integer(name: str, description: str, minimum: int, maximum: int, *, required: bool = False) -> Column:
    return Column(name, "integer", required=required, description=description, minimum=minimum, maximum=maximum)


def _string(name: str, description: str) -> Column:
    return Column(name, "string", required=True, description=description)


# At the origin, by the last observation before the hour of the scheduled departure.
OBSERVED = (
    _number("temp", "temperature in °F", -150, 150),
    _number("dewp", "dew point in °F", -150, 150),
    _number("humid", "relative humidity in percent", 0, 100),
    _number("wind_dir", "degrees", 0, 360),
    _number("wind_speed", "miles an hour", 0, 400),
    _number("wind_gust", "miles an hour", 0, 400),
    _number("precip", "inches in the hour", 0, 20),
    _number("pressure", "millibars at sea level", 800, 1100),
    _number("visib", "visibility in miles", 0, 100),
)
TREND = (
    _number("pressure_change_3h", "millibars gained in the last three hours", -200, 200),
    _number("precip_6h", "inches in the last six hours", 0, 100),
    _number("visib_min_6h", "least visibility of the last six hours in miles", 0, 100),
)
SCHEMA = Schema(
    (
        _integer("year", "local date of the scheduled departure", 1970, 2100, required=True),
        _integer("month", "local date of the scheduled departure", 1, 12, required=True),
        _integer("day", "local date of the scheduled departure", 1, 31, required=True),
        _integer("sched_dep_time", _TIME, 0, 2359, required=True),
        _integer("sched_arr_time", _TIME, 0, 2359, required=True),
        _string("carrier", "two-character code of the airline"),
        _string("origin", "three-letter code of the airport of departure"),
        _string("dest", "three-letter code of the airport of arrival"),
        _number("distance", "miles", 0, 13_000),
        _integer("origin_departures", "departures scheduled at the origin in the same hour, with this one", 1, 1000),
        _integer("plane_year", "year in which the plane was built", 1900, 2100),
        _integer("plane_seats", "seats of the plane", 1, 1000),
        *OBSERVED,
        *TREND,
    )
)


def between_columns(columns: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Return what no single column shows, as (column, whether it holds, what was expected): of a flight, or of many.

    A minute past 59, a day that the month does not have.
    """
    return [
        ("sched_dep_time", columns["sched_dep_time"] % 100 < 60, _TIME),
        ("sched_arr_time", columns["sched_arr_time"] % 100 < 60, _TIME),
        ("day", calendar(columns)[0] >= 0, "a day that the month has"),
    ]


def check(columns: Columns) -> None:
    """Raise InputError for the first flight that is not plausible."""
    for name, holds, expected in between_columns(columns):
        require(holds, name, number(columns, name), expected)


def calendar(columns: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return the weekday (Monday is 0; NaN where there is no such day), the days since a holiday and until one."""
    date = columns["year"] * 10_000 + columns["month"] * 100 + columns["day"]
    if isinstance(date, float):
        return _calendar(date)
    # Many flights have few dates: each is looked up once, by the same function as that of a single flight.
    different, where = np.unique(np.asarray(date, dtype=np.float64), return_inverse=True)
    found = np.array([_calendar(one) for one in different.tolist()], dtype=np.float64).reshape(-1, 3)[where]
    return found[:, 0], found[:, 1], found[:, 2]


@lru_cache(maxsize=4096)
def _calendar(date: float) -> tuple[float, float, float]:
    month, day = divmod(int(date), 100)
    try:
        found = dt.date(month // 100, month % 100, day)
    except ValueError:
        return math.nan, math.nan, math.nan
    since, until = distances(found)
    return float(found.weekday()), float(since), float(until)


def months(columns: Columns) -> Strings:
    """Return the month of each departure, as 2013-01."""
    return np.datetime_as_string(_months(columns)).astype(object)


def minutes(time: Any) -> Any:
    """Return a time given as HHMM, or many of them, in minutes since midnight."""
    return time // 100 * 60 + time % 100


def number(columns: Columns, name: str) -> Numbers:
    """Return a column that holds numbers."""
    return np.asarray(columns[name], dtype=np.float64)


def _months(columns: Columns) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    since_1970 = (number(columns, "year") - 1970) * 12 + number(columns, "month") - 1
    return since_1970.astype("datetime64[M]")
