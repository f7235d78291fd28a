"""The bodies that are sent: rows of the month that no training saw, in the words of each protocol."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from model import Predictor

COLUMNS = tuple(column.name for column in Predictor.schema.columns)
STRINGS = frozenset(column.name for column in Predictor.schema.columns if column.type == "string")
JSON = "application/json"
DIFFERENT = {1: 64, 1000: 4}  # bodies of each size that take turns: no contestant sees but one row
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """What is sent to a contestant in turns: a path, one content type, and bodies of `rows` rows each."""

    path: str
    content_type: str
    bodies: tuple[bytes, ...]
    protocol: str = ""


def batches(month: Path, rows: int) -> list[Rows]:
    """Return the batches of `rows` rows that take turns."""
    table = pq.read_table(month, columns=list(COLUMNS)).slice(0, rows * DIFFERENT[rows]).to_pylist()
    return [table[start : start + rows] for start in range(0, len(table), rows)]


def as_csv(rows: Rows, *, header: bool = False) -> bytes:
    """Return CSV in the schema's order; a missing value is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(COLUMNS)
    writer.writerows([row[name] for name in COLUMNS] for row in rows)
    return text.getvalue().encode()


def as_records(rows: Rows, member: str = "instances") -> bytes:
    """Return {member: [{column: value}]}."""
    return json.dumps({member: list(rows)}, separators=(",", ":")).encode()


def as_split(rows: Rows) -> bytes:
    """Return MLflow's `dataframe_split`."""
    split = {"columns": COLUMNS, "data": [[row[name] for name in COLUMNS] for row in rows]}
    return json.dumps({"dataframe_split": split}, separators=(",", ":")).encode()


def as_tensors(rows: Rows) -> bytes:
    """Return the Open Inference Protocol's tensors, one a column, which MLServer's codec `pd` makes a frame of."""
    inputs = [
        {
            "name": name,
            "shape": [len(rows), 1],
            "datatype": "BYTES" if name in STRINGS else "FP64",
            "data": [row[name] for row in rows],
            **({"parameters": {"content_type": "str"}} if name in STRINGS else {}),
        }
        for name in COLUMNS
    ]
    return json.dumps({"parameters": {"content_type": "pd"}, "inputs": inputs}, separators=(",", ":")).encode()
