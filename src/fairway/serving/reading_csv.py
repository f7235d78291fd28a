"""CSV into columns: a row by splitting it, many rows by Arrow, and whatever is unusual by Python's csv module.

The quick ways take only what they surely read as the exact one does, and leave the rest, and every sentence, to it:
`tests/unit/serving/test_reading_csv.py` compares them.
"""

import csv
import io
from collections.abc import Sequence  # noqa: TC003 -- the functions in Lambda import this module too
from typing import Any

from fairway.errors import RequestError
from fairway.serving.checks import Batch, Schema, check_names, ignores_unknown, names_of

# A field may be as long as the body, whichever way it is read.
csv.field_size_limit(2**31 - 1)

# Below this many bytes reading row by row is quicker than to start Arrow: measured, 30 rows of the example.
_MANY = 4096
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(body: bytes, header: str | None, schema: Schema, *, arrays: bool = False) -> Batch:
    """Return the columns of a CSV; `header` is the parameter of its media type."""
    fields = read_row(body, header, schema)
    if fields is not None:
        return {name: (field or None,) for name, field in zip(names_of(schema), fields, strict=True)}
    if arrays and len(body) >= _MANY and _is_plain(body):
        batch = _read_many(body, header, schema)
        if batch is not None:
            return batch
    return read_exactly(body, header, schema)


def read_row(body: bytes, header: str | None, schema: Schema) -> list[str] | None:
    """Return the fields of a body of one plain row of every column; None for what `read` has to look at."""
    if header == "present" or body.find(b"\n", 0, -1) >= 0 or not _is_plain(body):
        return None
    try:
        fields = body.decode().rstrip("\n").split(",")
    except UnicodeDecodeError:
        return None
    names = names_of(schema)
    return None if len(fields) != len(names) or fields[0] in names or fields == [""] else fields


def _is_plain(body: bytes) -> bool:
    # A quote may hide a comma or a newline, and a carriage return may be one.
    return b'"' not in body and b"\r" not in body


def _read_many(body: bytes, header: str | None, schema: Schema) -> Batch | None:
    """Read many rows by Arrow; None for whatever it could read otherwise than read_exactly()."""
    try:
        # Imported here: the functions in Lambda do not have it.
        from fairway.serving.arrow_csv import read_table  # noqa: PLC0415
    except ImportError:
        return None
    names: Sequence[str] = tuple(names_of(schema))
    first, _, rest = body.partition(b"\n")
    try:
        fields = first.decode().split(",")
        if header == "present":
            check_names(fields, schema)
    except (UnicodeDecodeError, RequestError):
        return None
    if header == "present":
        names, body = fields, rest
    elif fields[0] in names:
        return None
    # Arrow skips the mark, and an empty line at the beginning.
    if len(names) == 1 or not body or body.startswith((_BYTE_ORDER_MARK, b"\n")):
        return None
    batch: dict[str, Any] | None = read_table(body, names, schema)
    return batch


def read_exactly(body: bytes, header: str | None, schema: Schema) -> Batch:
    """Read any CSV, and say of any other body why it is none."""
    try:
        rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RequestError(400, f"The body is no CSV in UTF-8: {error}.") from error
    names: Sequence[str] = tuple(names_of(schema))
    if header == "present" and rows:
        names = rows.pop(0)
        check_names(names, schema)
    elif header is None and rows and set(rows[0]) == set(names):
        raise RequestError(
            400, "The first row names the columns: say so with the Content-Type 'text/csv; header=present'."
        )
    if not rows:
        raise RequestError(400, "The request holds no row: one or more are expected.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise RequestError(
                400, f"Row {number} has {len(row)} fields: {len(names)} are expected ({', '.join(names)})."
            )
    read = zip(names, zip(*rows, strict=True), strict=True)
    columns = {name: [field or None for field in column] for name, column in read}
    if header == "present" and ignores_unknown(schema):
        return {name: columns[name] for name in names_of(schema) if name in columns}
    return columns
