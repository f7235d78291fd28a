"""The bodies of requests and answers, nothing guessed: docs/serving.md has them all.

A request is one of

- `text/csv; header=present`: the first row names the columns, in any order; optional ones may be left out
- `text/csv` (also `header=absent`, RFC 4180): no header, every column of the schema in its order
- `application/json`: `{"instances": [{column: value, …}, …]}` or `{"columns": {column: [value, …], …}}`
- `application/jsonlines`: a JSON object a line
- `application/vnd.apache.parquet` or `application/vnd.apache.arrow.stream`: a table

An empty CSV field is a missing value, as is JSON's null. Rows are counted from 1, a header not among them.
An answer is `{"predictions": [{…}, …]}`, a JSON object a line, or CSV, with a header where
`Accept: text/csv; header=present` asks for it.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence

from fairway.errors import RequestError
from fairway.serving import reading_csv, reading_json
from fairway.serving.checks import Batch, Column, Schema
from fairway.serving.media import CSV, JSON, JSON_LINES, choose_answer, content_type

try:
    import orjson
except ImportError:  # the functions in Lambda do not have it
    orjson = None  # type: ignore[assignment]

__all__ = ["CSV", "JSON", "JSON_LINES", "Batch", "Column", "Schema", "choose_answer", "read_batch", "write_answer"]

# What a table of Parquet or Arrow may take in memory.
UNPACKED = 64 * 1024 * 1024

_exactly = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def read_batch(body: bytes, content: str, schema: Schema, *, arrays: bool = False, limit: int = UNPACKED) -> Batch:
    """Parse the request into columns by name; RequestError 400 or 415 says what to change.

    With `arrays` a column of numbers of a large request is an array of float64, with NaN for what is missing. A table
    may take `limit` bytes once it is unpacked.
    """
    media = content_type(content)
    if media.name == CSV:
        return reading_csv.read(body, media.parameters.get("header"), schema, arrays=arrays)
    if media.name == JSON:
        return not_empty(reading_json.read(body, schema))
    if media.name == JSON_LINES:
        return not_empty(reading_json.read_lines(body, schema))
    try:
        # Imported here: it needs a library that the functions in Lambda do not have.
        from fairway.serving import reading_arrow  # noqa: PLC0415
    except ImportError:
        raise RequestError(415, f"The Content-Type {media.name} is not read here: send CSV or JSON.") from None
    return not_empty(reading_arrow.read(body, media.name, schema, arrays=arrays, limit=limit))


def read_row(body: bytes, content: str, schema: Schema) -> Sequence[object] | None:
    """Return the values of a body of one plain row, in the schema's order, as texts or as JSON has them.

    None for what `read_batch` has to look at. An empty text is a missing value. RequestError 415 for other media types.
    """
    media = content_type(content)
    if media.name == CSV:
        return reading_csv.read_row(body, media.parameters.get("header"), schema)
    return reading_json.read_row(body, schema) if media.name == JSON else None


def _encode(content: object) -> bytes:
    if orjson is not None:
        text = orjson.dumps(content)
        if b"null" not in text:
            return text
    return _exactly(content).encode()  # which refuses NaN, where the other writes null


def not_empty(batch: Batch) -> Batch:
    """Return a batch that holds a row; RequestError for one that does not."""
    if not len(next(iter(batch.values()), [])):
        raise RequestError(400, "The request holds no row: one or more are expected.")
    return batch


def write_answer(predictions: Sequence[Mapping[str, object]], media_type: str) -> bytes:
    """Return the body of the answer; `media_type` is what choose_answer() returned."""
    if media_type == JSON:
        return _encode({"predictions": predictions})
    if media_type == JSON_LINES:
        return b"".join([_encode(answer) + b"\n" for answer in predictions])
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if media_type != CSV:
        writer.writerow(predictions[0])
    writer.writerows([_field(value) for value in answer.values()] for answer in predictions)
    return text.getvalue().encode()


def _field(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
