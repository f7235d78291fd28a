"""The test month as the bodies of requests, and predictions as their answers say them."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

MEGABYTE = 1 << 20
Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Format:
    """How rows are asked about, and in which type the answer is wanted; `lines`: batch transform may cut the body."""

    content_type: str
    accept: str
    write: Callable[[pa.Table], bytes]
    lines: bool = False


def as_csv(rows: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(rows, buffer, pyarrow.csv.WriteOptions(include_header=True, quoting_style="none"))
    return buffer.getvalue()


def without_header(rows: pa.Table) -> bytes:
    return as_csv(rows).partition(b"\n")[2]


def as_records(rows: pa.Table) -> bytes:
    return json.dumps({"instances": [_present(row) for row in rows.to_pylist()]}).encode()


def as_columns(rows: pa.Table) -> bytes:
    return json.dumps({"columns": rows.to_pydict()}).encode()


def as_lines(rows: pa.Table) -> bytes:
    return "".join(f"{json.dumps(_present(row))}\n" for row in rows.to_pylist()).encode()


def as_parquet(rows: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(rows, buffer)
    return buffer.getvalue()


def as_stream(rows: pa.Table) -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, rows.schema) as writer:
        writer.write_table(rows)
    return buffer.getvalue()


def _present(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


FORMATS = {
    "csv": Format("text/csv", "text/csv", without_header, lines=True),
    "csv-with-header": Format("text/csv; header=present", "text/csv; header=present", as_csv),
    "json-records": Format("application/json", "application/json", as_records),
    "json-columns": Format("application/json", "application/jsonlines", as_columns),
    "json-lines": Format("application/jsonlines", "application/jsonlines", as_lines, lines=True),
    "parquet": Format("application/vnd.apache.parquet", "application/json", as_parquet),
    "arrow": Format("application/vnd.apache.arrow.stream", "text/csv", as_stream),
}


def parts(month: pa.Table, form: Format, limit: int) -> Iterator[bytes]:
    """Yield the month as bodies of at most `limit` bytes, of as many rows each."""
    whole = form.write(month)
    # Rows differ in length: a hundredth is room for that.
    number = 1 if len(whole) <= limit else math.ceil(1.01 * len(whole) / limit)
    for body in [whole] if number == 1 else pieces(month, form, math.ceil(month.num_rows / number)):
        assert len(body) <= limit
        yield body


def pieces(month: pa.Table, form: Format, rows: int) -> Iterator[bytes]:
    """Yield the month as bodies of so many rows."""
    for start in range(0, month.num_rows, rows):
        yield form.write(month.slice(start, rows))


def probabilities(answer: bytes, accept: str) -> list[float]:
    """Return the predicted probabilities of an answer of a type."""
    text = answer.decode()
    match accept:
        case "text/csv":
            return [float(row[0]) for row in csv.reader(io.StringIO(text))]
        case "text/csv; header=present":
            return [float(row["probability"]) for row in csv.DictReader(io.StringIO(text))]
        case "application/jsonlines":
            return [json.loads(line)["probability"] for line in text.splitlines()]
        case _:
            return [row["probability"] for row in json.loads(text)["predictions"]]


def differences(got: list[float], backends: dict[str, Numbers], tolerance: float = 1e-6) -> list[str]:
    """Return a sentence for each backend whose predictions in process differ: how many, which row most, by how much."""
    told = []
    for backend, expected in backends.items():
        if len(got) != len(expected):
            told.append(f"{len(got)} predictions, {backend} has {len(expected)}")
            continue
        apart = np.abs(np.array(got) - expected)
        apart[np.isnan(apart)] = np.inf
        if (far := apart > tolerance).any():
            row = int(apart.argmax())
            told.append(
                f"{far.sum()} of {len(got)} rows are not what {backend} predicts; row {row} the least: "
                f"{got[row]!r} instead of {expected[row]!r}, {apart[row]:.3g} apart"
            )
    return told
