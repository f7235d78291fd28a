"""The bodies of requests and answers: CSV and JSON, nothing guessed.

A request is one of

- `text/csv; header=present`: the first row names the columns, in any order; optional ones may be left out
- `text/csv` (also `header=absent`, RFC 4180): no header, every column of the schema in its order
- `application/json`: `{"instances": [{column: value, …}, …]}` or `{"columns": {column: [value, …], …}}`

An empty CSV field is a missing value, as is JSON's null. Rows are counted from 1, a header not among them.
An answer is `{"predictions": [{…}, …]}`, or CSV, with a header where `Accept: text/csv; header=present` asks for it.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any, Protocol

from fairway.errors import RequestError

JSON, CSV = "application/json", "text/csv"
Batch = Mapping[str, Sequence[object]]


class Column(Protocol):
    """What is read here of a column of the model's schema."""

    @property
    def name(self) -> str:
        """Its name in requests."""

    @property
    def type(self) -> str:
        """`number`, `integer` or `string`."""

    @property
    def required(self) -> bool:
        """Whether a request may leave it out."""


class Schema(Protocol):
    """What is read here of the model's schema."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns in the order of a CSV without header."""


def read_batch(body: bytes, content_type: str, schema: Schema) -> Batch:
    """Parse the request into columns by name; RequestError 400 or 415 says what to change."""
    kind, parameters = _media_type(content_type)
    if kind == JSON:
        batch = _read_json(body, schema)
    elif kind == CSV and parameters.get("header", "absent") in ("present", "absent"):
        batch = _read_csv(body, parameters.get("header"), schema)
    else:
        expected = f"{JSON}, {CSV} or {CSV}; header=present"
        raise RequestError(415, f"The Content-Type {content_type!r} is not supported: {expected} is expected.")
    if not next(iter(batch.values()), []):
        raise RequestError(400, "The request holds no row: one or more are expected.")
    return batch


def choose_answer(accept: str) -> str:
    """Return the answer's media type for an Accept header: the most wanted of JSON and CSV, JSON where both will do."""
    best, best_quality = "", 0.0
    for wanted in (accept or "*/*").split(","):
        kind, parameters = _media_type(wanted)
        quality = _quality(parameters.get("q", "1"))
        offered = {"*/*": JSON, "application/*": JSON, "text/*": CSV, JSON: JSON, CSV: CSV}.get(kind)
        if offered and quality > best_quality:
            header = offered == CSV and parameters.get("header") == "present"
            best, best_quality = f"{CSV}; header=present" if header else offered, quality
    if not best:
        raise RequestError(406, f"The answer cannot be given as {accept!r}: {JSON} or {CSV} is expected in Accept.")
    return best


def write_answer(predictions: Sequence[Mapping[str, object]], media_type: str) -> bytes:
    """Return the body of the answer; `media_type` is what choose_answer() returned."""
    if media_type == JSON:
        return json.dumps({"predictions": predictions}, allow_nan=False).encode()
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if media_type != CSV:
        writer.writerow(predictions[0])
    writer.writerows([_field(value) for value in answer.values()] for answer in predictions)
    return text.getvalue().encode()


def _read_csv(body: bytes, header: str | None, schema: Schema) -> Batch:
    try:
        rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RequestError(400, f"The body is no CSV in UTF-8: {error}.") from error
    names = [column.name for column in schema.columns]
    if header == "present" and rows:
        names = rows.pop(0)
        _check_names(names, schema)
    elif header is None and rows and set(rows[0]) == set(names):
        raise RequestError(
            400, "The first row names the columns: say so with the Content-Type 'text/csv; header=present'."
        )
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise RequestError(
                400, f"Row {number} has {len(row)} fields: {len(names)} are expected ({', '.join(names)})."
            )
    return {name: [row[index] or None for row in rows] for index, name in enumerate(names)}


def _read_json(body: bytes, schema: Schema) -> Batch:
    try:
        content = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"The body is no JSON: {error}.") from error
    match content:
        case {"instances": list() as instances} if len(content) == 1:
            batch = _from_instances(instances, schema)
        case {"columns": dict() as columns} if len(content) == 1:
            batch = _from_columns(columns, schema)
        case _:
            expected = '{"instances": [{column: value}]} or {"columns": {column: [value]}}'
            raise RequestError(400, f"The JSON body has another shape than {expected}.")
    for name, values in batch.items():
        for number, value in enumerate(values, 1):
            _check_value(value, name, number)
    return batch


def _from_instances(instances: list[Any], schema: Schema) -> Batch:
    for number, row in enumerate(instances, 1):
        if not isinstance(row, dict):
            raise RequestError(400, f"Row {number} is {_shown(row)}: an object of columns and values is expected.")
        _check_names(list(row), schema, f"Row {number}")
    return {column.name: [row.get(column.name) for row in instances] for column in schema.columns}


def _from_columns(columns: dict[str, Any], schema: Schema) -> Batch:
    _check_names(list(columns), schema)
    for name, values in columns.items():
        if not isinstance(values, list):
            raise RequestError(400, f"The column {name!r} is {_shown(values)}: a list of values is expected.")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RequestError(400, f"The columns differ in length ({lengths}): as many values in each are expected.")
    return columns


def _check_names(names: Sequence[str], schema: Schema, where: str = "The request") -> None:
    known = {column.name: column for column in schema.columns}
    expected = f"expected are {', '.join(known)}"
    if unknown := [name for name in names if name not in known]:
        raise RequestError(400, f"{where} has the unknown column {_shown(unknown[0])}: {expected}.")
    if len(set(names)) < len(names):
        raise RequestError(400, f"{where} names a column twice: {expected}.")
    if missing := [name for name, column in known.items() if column.required and name not in names]:
        raise RequestError(400, f"{where} lacks the column {missing[0]!r}: {expected}.")


def _check_value(value: object, column: str, row: int) -> None:
    usable = value is None or isinstance(value, str)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # JSON knows no bounds: 1e400 is read as infinity, and an integer may be of any length.
        usable = math.isfinite(value) if isinstance(value, float) else abs(value) < 2**63
    if not usable:
        raise RequestError(
            400, f"Row {row}, column {column!r}: {_shown(value)} came, a string, a number or null is expected."
        )


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    message = Message()
    message["content-type"] = text.strip()
    (kind, _), *parameters = message.get_params([("", "")])
    # A value of RFC 2231's kind (`header*=utf-8''present`) comes as a tuple: no word that is known.
    return kind.lower(), {name.lower(): str(value).lower() for name, value in parameters}


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _field(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
