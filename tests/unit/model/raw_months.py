"""A few months of made-up flights in the raw files' shape: small enough that a whole training takes a blink."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04")
_UTC_OFFSET = 5  # hours; the made-up year has no summer time
_AFTER_DEPARTURE = ("dep_time", "dep_delay", "arr_time", "air_time")


def write(folder: Path, months: Sequence[str] = MONTHS, flights_a_day: int = 12) -> Path:
    """Write the raw files of these months below `folder` and return it."""
    rng = np.random.default_rng(7)
    for month in months:
        _save(folder / "flights" / f"{month}.parquet", list(_flights(month, flights_a_day, rng)))
        _save(folder / "weather" / f"{month}.parquet", list(_weather(month, rng)))
    planes = [{"tailnum": f"N{number}", "year": 1990 + number, "seats": 50 + number} for number in range(20)]
    _save(folder / "planes.parquet", [*planes, {"tailnum": "N99", "year": None, "seats": None}])
    return folder


def rewrite(file: Path, **columns: Sequence[object] | None) -> None:
    """Replace columns of a raw file; None drops one."""
    table = pq.read_table(file)
    for name, values in columns.items():
        position = table.column_names.index(name)
        table = table.remove_column(position)
        if values is not None:
            table = table.add_column(position, name, pa.array(values))
    pq.write_table(table, file)


def _days(month: str) -> Iterator[dt.date]:
    day = dt.date.fromisoformat(f"{month}-01")
    while f"{day:%Y-%m}" == month:
        yield day
        day += dt.timedelta(days=1)


def _hour(day: dt.date, hour: int) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(hours=hour + _UTC_OFFSET)


def _flights(month: str, a_day: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    for day in _days(month):
        for number in range(a_day):
            hour = 6 + number % 14
            cancelled = rng.random() < 0.05
            delay = int(rng.normal(5 if hour < 12 else 20, 15))
            yield {
                "year": day.year,
                "month": day.month,
                "day": day.day,
                "sched_dep_time": hour * 100 + 30,
                "sched_arr_time": (hour + 2) * 100 + 15,
                **{name: None if cancelled else int(rng.integers(0, 500)) for name in _AFTER_DEPARTURE},
                "arr_delay": None if cancelled else delay,
                "carrier": ("UA", "AA", "B6")[number % 3],
                "tailnum": None if cancelled else f"N{int(rng.integers(0, 30))}",
                "origin": ("JFK", "LGA")[number % 2],
                "dest": ("IAH", "MIA", "ORD", "BOS")[number % 4],
                "distance": 700 + 100 * (number % 4),
                "time_hour": _hour(day, hour),
            }


def _weather(month: str, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    for day in _days(month):
        for origin in ("JFK", "LGA"):
            for hour in range(24):
                yield {
                    "origin": origin,
                    "time_hour": _hour(day, hour),
                    "temp": float(hour),
                    "dewp": float(hour) - 5,
                    "humid": 50.0,
                    "wind_dir": int(rng.integers(0, 360)),
                    "wind_speed": 5.0,
                    "wind_gust": None,
                    "precip": 0.1 if hour == 10 else 0.0,
                    "pressure": 1000.0 + hour,
                    "visib": 10.0 - hour / 24,
                }


def _save(file: Path, rows: list[dict[str, object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), file)
