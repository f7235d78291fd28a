"""What must hold of every answer, whatever was asked."""

import csv
import io
import json
import math
from collections.abc import Mapping

ALLOWED = frozenset((200, 400, 404, 405, 406, 408, 411, 413, 414, 415, 417, 431))


class WrongAnswerError(AssertionError):
    """An answer that no request deserves."""


def check(status: int, headers: Mapping[str, str], body: bytes, method: str = "POST") -> None:
    """Raise WrongAnswerError for a 5xx, for what is no prediction in a 200, for a trace shown to the client."""
    if status not in ALLOWED:
        raise WrongAnswerError(f"status {status}: {body[:300]!r}")
    if b"Traceback (most recent call last)" in body or b'File "/' in body:
        raise WrongAnswerError(f"a trace for the client: {body[:300]!r}")
    if headers.get("content-encoding") or method == "HEAD":
        return
    kind = headers.get("content-type", "").partition(";")[0]
    if status == 200:
        _check_predictions(kind, body)
    elif kind == "application/json":
        error = json.loads(body)
        if not isinstance(error.get("error"), str):
            raise WrongAnswerError(f"status {status} without a sentence: {body[:300]!r}")


def _check_predictions(kind: str, body: bytes) -> None:
    if kind == "application/json":
        rows = json.loads(body, parse_constant=_refuse).get("predictions", [])
    elif kind == "application/jsonlines":
        rows = [json.loads(line, parse_constant=_refuse) for line in body.splitlines()]
    elif kind == "text/csv":
        rows = [{"probability": row[0]} for row in csv.reader(io.StringIO(body.decode())) if row[0] != "probability"]
    else:
        return
    for row in rows:
        if not 0 <= float(row["probability"]) <= 1 or math.isnan(float(row["probability"])):
            raise WrongAnswerError(f"no probability: {row}")


def _refuse(name: str) -> object:
    raise WrongAnswerError(f"{name} in JSON")
