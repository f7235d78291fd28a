"""Write raw months of made-up flights in the shape of the example's raw data: as many rows as a benchmark asks for.

The same seed gives the same files, each month by itself. Being late depends on hour, carrier, destination, weather and
crowding, so that a model has something to learn; a few flights are cancelled, as real ones are.
Usage: python benchmarks/training/generate.py FOLDER --rows 10000000 [--months 12] [--first 2013-01] [--seed 7]
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Array = np.ndarray[Any, np.dtype[Any]]
Chunk = dict[str, Array]

# Enough that no airport has more departures in an hour than the schema allows, 1,000, at ten million rows a year.
ORIGINS = np.array(["ATL", "BOS", "DEN", "DFW", "EWR", "IAH", "JFK", "LAX", "LGA", "MIA", "ORD", "SFO"])
CARRIERS = np.array(["9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "UA", "US", "VX", "WN"])
DESTINATIONS = np.array([f"{a}{b}{c}" for a in "ABCD" for b in "KLMNO" for c in "XYZWV"])
PLANES = 4000
CANCELLED = 0.025
ROWS = 200_000  # in memory at a time
_UTC_OFFSET = 5


def generate(folder: Path, rows: int, *, months: int = 12, first: str = "2013-01", seed: int = 7) -> Path:
    """Write flights/<month>.parquet, weather/<month>.parquet and planes.parquet below `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_planes(folder / "planes.parquet", np.random.default_rng([seed, 0]))
    numbers = range(months)
    names = [np.datetime64(first, "M") + number for number in numbers]
    shares = [rows * (number + 1) // months - rows * number // months for number in numbers]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        list(pool.map(_write_month, repeat(folder), names, shares, repeat(seed)))
    return folder


def _write_month(folder: Path, month: np.datetime64, rows: int, seed: int) -> None:
    rng = np.random.default_rng([seed, int(month.astype(int))])
    weather = _weather(month, rng)
    _write(folder / "weather" / f"{month}.parquet", iter([weather]))
    _write(folder / "flights" / f"{month}.parquet", _flights(month, rows, weather, rng))


def _write_planes(file: Path, rng: np.random.Generator) -> None:
    tails = np.array([f"N{10_000 + number}" for number in range(PLANES)])
    years = np.where(rng.random(PLANES) < 0.02, np.nan, rng.integers(1970, 2013, PLANES))
    known = {
        "tailnum": tails,
        "year": years,
        "engines": rng.integers(1, 5, PLANES),
        "seats": rng.integers(2, 400, PLANES),
    }
    pq.write_table(_table(known), file, compression="zstd")


def _hours(month: np.datetime64) -> int:
    return int(((month + 1).astype("datetime64[h]") - month.astype("datetime64[h]")).astype(int))


def _weather(month: np.datetime64, rng: np.random.Generator) -> Chunk:
    hours, airports = _hours(month), len(ORIGINS)
    hour = np.tile(np.arange(hours), airports)
    local = month.astype("datetime64[h]") + hour
    wave = np.sin(hour / 37 + np.repeat(rng.random(airports) * 6, hours))
    rain = np.maximum(rng.normal(0.25 * wave - 0.4, 0.25), 0)
    temp = 55 + 20 * np.sin(int(month.astype(int)) % 12 / 12 * 6.28) + 10 * wave + rng.normal(0, 3, hours * airports)
    gusty = rng.random(hours * airports) < 0.2
    wind = np.abs(rng.normal(9, 5, hours * airports))
    return {
        "origin": np.repeat(ORIGINS, hours),
        **_date(local),
        "temp": temp.round(2),
        "dewp": (temp - 12).round(2),
        "humid": np.clip(60 + 30 * wave + rng.normal(0, 5, hours * airports), 10, 100).round(2),
        "wind_dir": rng.integers(0, 37, hours * airports) * 10,
        "wind_speed": wind.round(2),
        "wind_gust": np.where(gusty, (wind * 1.5).round(2), np.nan),
        "precip": rain.round(2),
        "pressure": (1015 - 8 * wave + rng.normal(0, 1, hours * airports)).round(1),
        "visib": np.clip(10 - 20 * rain, 0, 10).round(2),
        "time_hour": (local + _UTC_OFFSET).astype("datetime64[ms]"),
    }


def _date(local: Array) -> Chunk:
    months = local.astype("datetime64[M]")
    return {
        "year": months.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": months.astype(np.int64) % 12 + 1,
        "day": (local.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) + 1,
    }


def _flights(month: np.datetime64, rows: int, weather: Chunk, rng: np.random.Generator) -> Iterator[Chunk]:
    hours = _hours(month)
    busy = np.array([1, 0, 0, 0, 0, 4, 8, 9, 9, 8, 8, 8, 8, 8, 8, 9, 9, 9, 8, 7, 6, 4, 3, 2], dtype=float)
    bad = (weather["precip"] * 3 + (10 - weather["visib"]) / 10).reshape(len(ORIGINS), hours)
    # Days in order, as they are in the real files; the rows of a day at random.
    pieces = max(1, -(-rows // ROWS))
    days = np.array_split(np.arange(hours // 24), min(pieces, hours // 24))
    for number, its in enumerate(days):
        count = rows * (number + 1) // len(days) - rows * number // len(days)
        day = np.sort(rng.choice(its, count))
        hour = rng.choice(24, count, p=busy / busy.sum())
        yield _chunk(month.astype("datetime64[h]") + day * 24 + hour, hour, bad, day * 24 + hour, rng)


def _chunk(local: Array, hour: Array, bad: Array, slot: Array, rng: np.random.Generator) -> Chunk:
    count = len(local)
    origin, carrier = rng.integers(0, len(ORIGINS), count), rng.integers(0, len(CARRIERS), count)
    dest, minute = rng.integers(0, len(DESTINATIONS), count), rng.integers(0, 12, count) * 5
    leaning = 14 * np.sin(hour / 24 * 6.28 + 3.4) + 1.2 * carrier + 3 * np.sin(dest) + 2 * (origin % 3)
    delay = np.round(rng.normal(leaning - 12 + 18 * bad[origin, np.maximum(slot - 1, 0)], 24))
    cancelled = rng.random(count) < CANCELLED
    miles = 150 + (dest * 37 + origin * 61) % 2500
    arrival = (hour * 60 + minute + 40 + miles // 8) % 1440
    known = np.where(cancelled, np.nan, delay)
    return {
        **_date(local),
        "dep_time": np.where(cancelled, np.nan, hour * 100 + minute),
        "sched_dep_time": hour * 100 + minute,
        "dep_delay": known,
        "arr_time": np.where(cancelled, np.nan, arrival // 60 * 100 + arrival % 60),
        "sched_arr_time": arrival // 60 * 100 + arrival % 60,
        "arr_delay": known,
        "carrier": CARRIERS[carrier],
        "flight": rng.integers(1, 9000, count),
        "tailnum": np.array([f"N{10_000 + number}" for number in range(PLANES + 200)])[
            rng.integers(0, PLANES + 200, count)
        ],
        "origin": ORIGINS[origin],
        "dest": DESTINATIONS[dest],
        "air_time": np.where(cancelled, np.nan, miles // 8),
        "distance": miles,
        "hour": hour,
        "minute": minute,
        "time_hour": (local + _UTC_OFFSET).astype("datetime64[ms]"),
    }


def _table(columns: Chunk) -> pa.Table:
    whole = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "year"}
    arrays: dict[str, Any] = {}
    for name, values in columns.items():
        array: Any = pa.array(values, from_pandas=True)
        if name in whole:
            array = array.cast(pa.int64())
        arrays[name] = array.cast(pa.timestamp("ms", tz="UTC")) if name == "time_hour" else array
    return pa.table(arrays)


def _write(file: Path, chunks: Iterator[Chunk]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    writer: pq.ParquetWriter | None = None
    for chunk in chunks:
        table = _table(chunk)
        writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--first", default="2013-01")
    parser.add_argument("--seed", type=int, default=7)
    told = parser.parse_args()
    generate(told.folder, told.rows, months=told.months, first=told.first, seed=told.seed)


if __name__ == "__main__":
    main()
