"""Reading and writing Parquet, with the file and the column named in every complaint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.schema import Values

NUMBER, TEXT, TIME, FLAG = "numbers", "strings", "timestamps", "booleans"
_ARROW: dict[str, pa.DataType] = {
    NUMBER: pa.float64(),
    TEXT: pa.string(),
    TIME: pa.timestamp("s", tz="UTC"),
    FLAG: pa.bool_(),
}


def read_folder(folder: Path, columns: Mapping[str, str]) -> pa.Table:
    """Read these columns, and no others, of every Parquet file in a folder; the file's name orders them."""
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    if not files:
        raise ValueError(f"no file {folder.name}/*.parquet: at least one was expected in {folder}")
    return pa.concat_tables([read_file(file, columns) for file in files])


def read_file(file: Path, columns: Mapping[str, str]) -> pa.Table:
    """Read these columns of one file; `columns` says of each whether it holds which of the four kinds it holds."""
    if not file.is_file():
        raise ValueError(f"no file {file.name}: it was expected in {file.parent}")
    name = f"{file.parent.name}/{file.name}"
    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            for column, kind in columns.items():
                _check(name, schema, column, kind)
            table = parquet.read(columns=list(columns))
    except pa.ArrowException as error:
        raise ValueError(f"{name} cannot be read as Parquet: {error}") from error
    for column, kind in columns.items():
        if kind == TIME and table[column].null_count:
            raise ValueError(f"{name}, column {column!r}: a time is missing, every row has one")
    return table.select(list(columns)).cast(pa.schema([(column, _ARROW[kind]) for column, kind in columns.items()]))


def numpy_columns(table: pa.Table) -> dict[str, Values]:
    """Return columns as the model computes with them: float64 with NaN, str with None; times in hours since 1970."""
    return {name: _column(table[name]) for name in table.column_names}


def write(table: pa.Table, file: Path) -> None:
    """Write one Parquet file; the same table gives the same bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.combine_chunks(), file, compression="zstd")


def _column(values: "pa.ChunkedArray[Any]") -> Values:
    if pa.types.is_string(values.type):
        strings = np.empty(len(values), dtype=object)
        strings[:] = values.to_pylist()
        return strings
    if pa.types.is_timestamp(values.type):
        return np.asarray(values.cast(pa.int64()).to_numpy() // 3600, dtype=np.float64)
    return np.asarray(values.to_numpy(), dtype=np.float64)


def _check(file: str, schema: pa.Schema, column: str, kind: str) -> None:
    if column not in schema.names:
        raise ValueError(f"{file} has no column {column!r}: {kind} were expected in it")
    found = schema.field(column).type
    fits = {
        NUMBER: pa.types.is_integer(found) or pa.types.is_floating(found) or pa.types.is_null(found),
        TEXT: pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_null(found),
        TIME: pa.types.is_timestamp(found),
        FLAG: pa.types.is_boolean(found),
    }
    if not fits[kind]:
        raise ValueError(f"{file}, column {column!r}: it holds {found}, {kind} were expected")
