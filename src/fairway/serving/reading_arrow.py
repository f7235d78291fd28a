"""Parquet and Arrow streams into columns, within a bound of memory: both can hold gigabytes in a small body."""

import io
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from fairway.errors import RequestError
from fairway.serving.arrow_csv import texts
from fairway.serving.checks import Batch, Column, Schema, check_names, shown
from fairway.serving.media import PARQUET

# Beside what the table itself may take: what is read before it is known to be too much, and copies of columns.
_ROOM = 256 * 1024 * 1024
# Rows that are read at once.
_STEP = 65_536
_PAGE = 4096
_reading = threading.Lock()


def read(body: bytes, kind: str, schema: Schema, *, arrays: bool, limit: int) -> Batch:
    """Return the columns of a table; RequestError 413 where it is larger than `limit` bytes once it is unpacked."""
    wanted = {column.name: column for column in schema.columns}
    too_large = RequestError(413, f"The table is larger than {limit} bytes once it is unpacked: send fewer rows.")
    try:
        with _bounded(limit + _ROOM):
            table = _table(body, kind, schema, limit)
            if table is None:
                raise too_large
            return {name: _values(table[name], wanted[name], arrays=arrays) for name in table.column_names}
    except MemoryError as error:
        raise too_large from error
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        what = "Parquet" if kind == PARQUET else "stream of Arrow's IPC format"
        raise RequestError(400, f"The body is no {what}: {_first_line(error)}") from error


def _table(body: bytes, kind: str, schema: Schema, limit: int) -> "pa.Table | None":
    if kind == PARQUET:
        _check_fields(pyarrow.parquet.read_schema(io.BytesIO(body)), schema)
        texts = [column.name for column in schema.columns if column.type == "string"]
        # As dictionaries: a text that comes in a million rows is in memory once.
        file = pyarrow.parquet.ParquetFile(io.BytesIO(body), read_dictionary=texts)
        if file.metadata.num_rows * 8 * max(1, file.metadata.num_columns) > limit:
            return None
        names = [column.name for column in schema.columns if column.name in file.schema_arrow.names]
        batches = file.iter_batches(_STEP, columns=names, use_threads=False)
        return _collected(batches, [file.schema_arrow.field(name) for name in names], limit)
    reader = pyarrow.ipc.open_stream(body)
    _check_fields(reader.schema, schema)
    names = [column.name for column in schema.columns if column.name in reader.schema.names]
    return _collected((batch.select(names) for batch in reader), [reader.schema.field(name) for name in names], limit)


def _collected(batches: Iterator[Any], fields: list[Any], limit: int) -> "pa.Table | None":
    kept, size, rows = [], 0, 0
    for batch in batches:
        batch.validate(full=True)  # an offset that points beyond its buffer is a crash, or another request's memory
        rows += batch.num_rows
        size = max(size + batch.nbytes, rows * 8 * len(fields))
        if size > limit:
            return None
        kept.append(batch)
    return pa.Table.from_batches(kept) if kept else pa.schema(fields).empty_table()


def _check_fields(found: "pa.Schema", schema: Schema) -> None:
    check_names(found.names, schema)
    for column in schema.columns:
        if column.name in found.names:
            kind = found.field(column.name).type
            texts, expected = column.type == "string", "texts" if column.type == "string" else "numbers"
            if not (pa.types.is_null(kind) or (_is_text(kind) if texts else _is_number(kind))):
                raise RequestError(
                    400, f"The column {column.name!r} holds {shown(str(kind))}: {expected} are expected."
                )


def _is_text(kind: Any) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _values(values: "pa.ChunkedArray[Any]", column: Column, *, arrays: bool) -> Any:
    if column.type == "string":
        return texts(values)
    numbers = values.cast(pa.float64())  # safely: an integer that float64 cannot hold is refused
    return numbers.to_numpy() if arrays else numbers.to_pylist()


@contextmanager
def _bounded(budget: int) -> Iterator[None]:
    """Let the process take so many bytes more; beyond them an allocation fails with MemoryError.

    Arrow trusts the sizes that a message declares. One thread at a time: the limit is the whole process's.
    """
    with _reading:
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        try:
            size = int(Path("/proc/self/statm").read_bytes().split()[0]) * _PAGE
        except OSError:  # pragma: no cover -- not Linux
            yield
            return
        resource.setrlimit(resource.RLIMIT_AS, (size + budget, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _first_line(error: BaseException) -> str:
    return shown((str(error).splitlines() or [type(error).__name__])[0])
