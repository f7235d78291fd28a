"""Reading and writing Parquet in batches, with the file and the column named in every complaint."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.schema import Strings, Values

NUMBER, TEXT, TIME, FLAG = "numbers", "strings", "timestamps", "booleans"
_ARROW: dict[str, pa.DataType] = {
    NUMBER: pa.float64(),
    TEXT: pa.string(),
    TIME: pa.timestamp("s", tz="UTC"),
    FLAG: pa.bool_(),
}
# Rows in memory at a time, and in a row group of what is written. Twice as many are no faster, and take more memory.
ROWS = 1 << 15
_HOUR = {"s": 3600, "ms": 3_600_000, "us": 3_600_000_000, "ns": 3_600_000_000_000}


@contextmanager
def frugal() -> Iterator[None]:
    """Let Arrow give memory back as it goes: its own pools keep more of it the more rows there are."""
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def release() -> None:
    """Give back to the system what Arrow no longer uses."""
    pa.default_memory_pool().release_unused()


def files_of(folder: Path) -> list[Path]:
    """Return the Parquet files of a folder in the order of their names; raises ValueError where there is none."""
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    if not files:
        raise ValueError(f"no file {folder.name}/*.parquet: at least one was expected in {folder}")
    return files


def name_of(file: Path) -> str:
    """Return what a sentence calls a file: its name in its folder."""
    return f"{file.parent.name}/{file.name}"


def check_types(files: Sequence[Path], columns: Mapping[str, str]) -> None:
    """Read the files' footers only; raises ValueError for the first column that is missing, or of another type."""
    before: tuple[str, pa.Schema] | None = None
    for file in files:
        with opened(file) as parquet:
            schema = parquet.schema_arrow
        for column, kind in columns.items():
            _check(name_of(file), schema, column, kind, before)
        before = before or (name_of(file), schema)


@contextmanager
def opened(file: Path) -> Iterator[pq.ParquetFile]:
    """Open a file to be read in pieces; raises ValueError where it is missing or no Parquet."""
    if not file.is_file():
        raise ValueError(f"no file {file.name}: it was expected in {file.parent}")
    try:
        # Text comes as codes and a dictionary of its few values: a flight's origin is one of three, not a string.
        with pq.ParquetFile(file) as plain:
            schema = plain.schema_arrow
        texts = [field.name for field in schema if _is_text(field.type)]
        with pq.ParquetFile(file, read_dictionary=texts, buffer_size=1 << 20, pre_buffer=False) as parquet:
            yield parquet
    except pa.ArrowException as error:
        raise ValueError(f"{name_of(file)} cannot be read as Parquet: {error}") from error


def rows_of(file: Path) -> int:
    """Return how many rows a file has, by its footer."""
    with opened(file) as parquet:
        return parquet.metadata.num_rows


def batches(file: Path, columns: Mapping[str, str], rows: int = ROWS) -> Iterator[pa.RecordBatch]:
    """Read these columns of one file, as its schema types them, in batches; `columns` says which kind each holds."""
    check_types([file], columns)
    with opened(file) as parquet:
        # Each thread would keep memory of its own: a fifth more at ten times the rows, for no less CPU.
        yield from parquet.iter_batches(batch_size=rows, columns=list(columns), use_threads=False)


def read_folder(folder: Path, columns: Mapping[str, str]) -> pa.Table:
    """Read these columns, and no others, of every Parquet file in a folder; the file's name orders them."""
    return pa.concat_tables([read_file(file, columns) for file in files_of(folder)])


def read_file(file: Path, columns: Mapping[str, str]) -> pa.Table:
    """Read these columns of one file; `columns` says of each which of the four kinds it holds."""
    check_types([file], columns)
    with opened(file) as parquet:
        table = parquet.read(columns=list(columns))
    for column, kind in columns.items():
        if kind == TIME and table[column].null_count:
            raise ValueError(f"{name_of(file)}, column {column!r}: a time is missing, every row has one")
    return typed(table, columns)


def typed(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    """Return these columns of a table in the one type that each kind has."""
    return table.select(list(columns)).cast(pa.schema([(column, _ARROW[kind]) for column, kind in columns.items()]))


def numpy_columns(table: pa.Table) -> dict[str, Values]:
    """Return columns as the model computes with them: float64 with NaN, str with None; times in hours since 1970."""
    return {name: _column(table[name]) for name in table.column_names}


def numbers(values: "pa.Array[Any]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return a column of numbers as float64, NaN for what is missing."""
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def hours(values: "pa.Array[Any]") -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return times in whole hours since 1970, UTC; -1 for what is missing."""
    whole = np.asarray(values.cast(pa.int64()).fill_null(-1), dtype=np.int64)
    return whole // _HOUR[values.type.unit]


def codes(values: "pa.Array[Any]") -> tuple["np.ndarray[Any, np.dtype[np.int64]]", Strings]:
    """Return text as positions in an array of its values, whose last one, None, stands for what is missing or blank."""
    coded: Any = values if pa.types.is_dictionary(values.type) else values.cast(pa.string()).dictionary_encode()
    words = [word if word and word.strip() else None for word in coded.dictionary.to_pylist()]
    known = np.empty(len(words) + 1, dtype=object)
    known[:-1] = words
    positions = np.asarray(coded.indices.fill_null(len(words)), dtype=np.int64)
    blank = np.array([word is None for word in words], dtype=bool)
    if blank.any():
        positions = np.where(np.append(blank, True)[positions], len(words), positions)
    return positions, known


def _column(values: "pa.ChunkedArray[Any]") -> Values:
    if pa.types.is_string(values.type):
        return _strings(values)
    if pa.types.is_timestamp(values.type):
        return np.asarray(values.cast(pa.int64()).to_numpy() // 3600, dtype=np.float64)
    return np.asarray(values.to_numpy(), dtype=np.float64)


def _strings(values: "pa.ChunkedArray[Any]") -> Strings:
    # One object a different string, not one a row: ten million rows have a hundred destinations.
    coded: Any = values.dictionary_encode().unify_dictionaries().combine_chunks()
    words = np.empty(len(coded.dictionary) + 1, dtype=object)
    words[:-1] = coded.dictionary.to_pylist()
    strings: Strings = words[np.asarray(coded.indices.fill_null(len(words) - 1))]
    return strings


def _is_text(found: pa.DataType) -> bool:
    return pa.types.is_string(found) or pa.types.is_large_string(found)


def _check(file: str, schema: pa.Schema, column: str, kind: str, before: tuple[str, pa.Schema] | None) -> None:
    if column not in schema.names:
        raise ValueError(f"{file} has no column {column!r}: {kind} were expected in it")
    found = schema.field(column).type
    if pa.types.is_dictionary(found):
        found = found.value_type
    fits = {
        NUMBER: pa.types.is_integer(found) or pa.types.is_floating(found) or pa.types.is_null(found),
        TEXT: _is_text(found) or pa.types.is_null(found),
        TIME: pa.types.is_timestamp(found),
        FLAG: pa.types.is_boolean(found),
    }
    if not fits[kind]:
        changed = "" if before is None else f"; in {before[0]} it holds {before[1].field(column).type}"
        raise ValueError(f"{file}, column {column!r}: it holds {found}, {kind} were expected{changed}")
