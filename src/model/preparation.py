"""From raw months to three splits by time: what is known before departure, and the label."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from model import tables
from model.data_report import data_page, data_report
from model.flights import LABEL, LATE_MINUTES, OBSERVED, SCHEMA, TREND, months
from model.page import write_report
from model.schema import Column, Columns, Numbers, Values
from model.tables import NUMBER, TEXT, TIME
from model.weather import before_departure

SPLITS = ("train", "validation", "test")

# The only columns that are read of the raw files. `arr_delay` becomes the label and nothing else; no other column that
# is known only after departure is ever in memory.
_FLIGHTS = {
    **dict.fromkeys(("year", "month", "day", "sched_dep_time", "sched_arr_time", "distance", "arr_delay"), NUMBER),
    **dict.fromkeys(("carrier", "tailnum", "origin", "dest"), TEXT),
    "time_hour": TIME,
}
_PLANES = {"tailnum": TEXT, "year": NUMBER, "seats": NUMBER}
# Where a column of the examples comes from, for the sentence about a value that is wrong in it.
_SOURCES = {
    **{column.name: f"weather/*.parquet, column {column.name!r}" for column in OBSERVED},
    **{column.name: f"weather/*.parquet, computed column {column.name!r}" for column in TREND},
    "plane_year": "planes.parquet, column 'year'",
    "plane_seats": "planes.parquet, column 'seats'",
}
_ARROW = {"integer": pa.int32(), "number": pa.float64(), "string": pa.string()}


def prepare(raw: Path, out: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Write out/{train,validation,test}/<month>.parquet and out/report; return the data report.

    The last month is the test, the one before it the validation, the rest train. Raises ValueError naming the file and
    the column for raw data that is not as expected, and for any parameter: the example has none.
    """
    if parameters:
        raise ValueError(f"parameter {min(parameters)!r} is not known: this model's prepare takes none")
    flights = tables.read_folder(raw / "flights", _FLIGHTS)
    examples = _examples(raw, flights)
    month_of = months(tables.numpy_columns(examples.select(["year", "month"])))
    splits = _splits(sorted(set(month_of)))
    for split, its_months in splits.items():
        for month in its_months:
            tables.write(examples.filter(pa.array(month_of == month)), out / split / f"{month}.parquet")
    report = data_report(examples, splits, scheduled=flights.num_rows)
    write_report(out / "report", report, data_page(report))
    return report


def _splits(names: Sequence[str]) -> dict[str, list[str]]:
    if len(names) < len(SPLITS):
        raise ValueError(
            f"flights/*.parquet hold arrivals of {len(names)} month(s) ({', '.join(names)}): at least {len(SPLITS)} "
            "months were expected, the last to test, the one before to validate, the others to train"
        )
    return {"train": list(names[:-2]), "validation": [names[-2]], "test": [names[-1]]}


def _examples(raw: Path, flights: pa.Table) -> pa.Table:
    known = tables.numpy_columns(flights)
    known |= _plane(known["tailnum"], tables.numpy_columns(tables.read_file(raw / "planes.parquet", _PLANES)))
    known |= before_departure(raw, known["origin"], known["time_hour"])
    known["origin_departures"] = _origin_departures(known["origin"], known["time_hour"])
    delay = known["arr_delay"].astype(np.float64)
    # A cancelled or diverted flight never arrived where it should: it has no arrival delay, so no label to learn or to
    # be judged by. It stays in the schedule (origin_departures), which was known before.
    arrived = ~np.isnan(delay)
    arrays = {column.name: _checked(column, known[column.name][arrived]) for column in SCHEMA.columns}
    return pa.table(arrays | {LABEL: pa.array(delay[arrived] >= LATE_MINUTES)})


def _plane(tails: Values, planes: Columns) -> dict[str, Values]:
    row_of = {tail: row for row, tail in enumerate(planes["tailnum"].tolist())}
    rows = np.array([row_of.get(tail, -1) for tail in tails.tolist()], dtype=np.int64)
    known = {"plane_year": planes["year"], "plane_seats": planes["seats"]}
    # The row after the last stands for a plane that the registry does not have.
    return {name: np.append(values, np.nan)[rows] for name, values in known.items()}


def _origin_departures(origins: Values, hours: Values) -> Numbers:
    _, airport = np.unique(origins.astype(str), return_inverse=True)
    _, slot, count = np.unique(np.column_stack([airport, hours]), axis=0, return_inverse=True, return_counts=True)
    return np.asarray(count[slot.reshape(-1)], dtype=np.float64)


def _checked(column: Column, values: Values) -> "pa.Array[Any]":
    array: pa.Array[Any] = pa.array(values, from_pandas=True)
    came = "nothing" if column.required and array.null_count else _wrong(column, values)
    if came is not None:
        source = _SOURCES.get(column.name, f"flights/*.parquet, column {column.name!r}")
        raise ValueError(f"{source}: {came} came, {column.expected} was expected")
    return array.cast(_ARROW[column.type])


def _wrong(column: Column, values: Values) -> str | None:
    if column.type == "string":
        return None
    present = values[~np.isnan(values.astype(np.float64))].astype(np.float64)
    wrong = np.zeros(len(present), dtype=bool)
    if column.minimum is not None and column.maximum is not None:
        wrong |= (present < column.minimum) | (present > column.maximum)
    if column.type == "integer":
        wrong |= present % 1 != 0
    return f"{present[wrong][0]:g}" if wrong.any() else None
