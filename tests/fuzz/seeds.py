"""Requests that are right, one or more of each format: where mutation begins."""

import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.fuzz.requests import Request

CORPUS = Path(__file__).parent / "corpus"
VALUES: dict[str, object] = {
    "year": 2013, "month": 7, "day": 4, "sched_dep_time": 1830, "sched_arr_time": 2015, "carrier": "UA",
    "origin": "EWR", "dest": "ORD", "distance": 719.0, "origin_departures": 21, "plane_year": 2001,
    "plane_seats": 149, "temp": 78.1, "dewp": 64.9, "humid": 63.6, "wind_dir": 190, "wind_speed": 11.5,
    "wind_gust": None, "precip": 0.0, "pressure": 1016.2, "visib": 10, "pressure_change_3h": -0.7,
    "precip_6h": 0.01, "visib_min_6h": 9.0,
}  # fmt: skip
ROWS = (
    VALUES,
    VALUES | {"carrier": "??", "temp": None, "dest": "LAX", "distance": 2475},
    VALUES | {"month": 12, "day": 31, "sched_dep_time": 0},
)


def seeds() -> list[Request]:
    """Return them."""
    found = [_post(kind, body) for rows in (ROWS[:1], ROWS, ROWS * 50) for kind, body in _bodies(rows)]
    found += [
        each.with_header(b"Accept", accept)
        for each in found[:4]
        for accept in (b"text/csv", b"text/csv; header=present", b"application/jsonlines", b"text/csv;q=0.1, */*;q=0.5")
    ]
    found += [each.with_header(b"Accept", b"application/json; explain=contributions") for each in found[:2]]
    found += [
        Request(each.method, each.path, each.headers, gzip.compress(each.body, mtime=0)).with_header(
            b"Content-Encoding", b"gzip"
        )
        for each in found[:8]
    ]
    return [*found, Request(b"GET", b"/ping", (), b""), Request(b"GET", b"/execution-parameters", (), b"")]


def corpus() -> list[Path]:
    """Return the files of what was found, and of what it looked like before it was mended."""
    return sorted(CORPUS.glob("*.http"))


def _post(kind: str, body: bytes) -> Request:
    return Request(b"POST", b"/invocations", ((b"Content-Type", kind.encode()),), body)


def _bodies(rows: tuple[dict[str, object], ...]) -> list[tuple[str, bytes]]:
    names = list(VALUES)
    columns = {name: [row[name] for row in rows] for name in names}
    table = pa.table(columns)
    parquet, arrow = io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet)
    with pa.ipc.new_stream(arrow, table.schema) as writer:
        writer.write_table(table)
    return [
        ("text/csv", _csv(rows)),
        ("text/csv; header=present", ",".join(names).encode() + b"\n" + _csv(rows)),
        ("application/json", json.dumps({"instances": list(rows)}).encode()),
        ("application/json", json.dumps({"columns": columns}).encode()),
        ("application/jsonlines", "\n".join(json.dumps(row) for row in rows).encode()),
        ("application/vnd.apache.parquet", parquet.getvalue()),
        ("application/vnd.apache.arrow.stream", arrow.getvalue()),
    ]


def _csv(rows: tuple[dict[str, object], ...]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(row.values() for row in rows)
    return text.getvalue().encode()
