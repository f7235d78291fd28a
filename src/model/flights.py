"""The example's own grammar: what is known of a flight before its scheduled departure, and nothing else.

`SCHEMA` is the allow-list: `prepare` writes these columns and the label, training reads them, a request holds them.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

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


def check(columns: Columns) -> None:
    """Raise InputError for what no single column shows: a minute past 59, a day that the month does not have."""
    for name, ok, expected in between_columns(columns):
        require(ok, name, number(columns, name), expected)


def between_columns(columns: Columns) -> Iterator[tuple[str, npt.NDArray[np.bool_], str]]:
    """Yield what `check` asks: the column, which rows are right, what was expected."""
    for name in ("sched_dep_time", "sched_arr_time"):
        yield name, number(columns, name) % 100 < 60, _TIME
    yield "day", dates(columns).astype("datetime64[M]") == _months(columns), "a day that the month has"


def dates(columns: Columns) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Return the local date of each departure."""
    days = (number(columns, "day") - 1).astype("timedelta64[D]")
    result: np.ndarray[tuple[int], np.dtype[np.datetime64]] = _months(columns).astype("datetime64[D]") + days
    return result


def months(columns: Columns) -> Strings:
    """Return the month of each departure, as 2013-01."""
    return np.datetime_as_string(_months(columns)).astype(object)


def minutes(columns: Columns, name: str) -> Numbers:
    """Return a time given as HHMM in minutes since midnight."""
    time = number(columns, name)
    return time // 100 * 60 + time % 100


def number(columns: Columns, name: str) -> Numbers:
    """Return a column that holds numbers."""
    return np.asarray(columns[name], dtype=np.float64)


def _months(columns: Columns) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    since_1970 = (number(columns, "year") - 1970) * 12 + number(columns, "month") - 1
    return since_1970.astype("datetime64[M]")
