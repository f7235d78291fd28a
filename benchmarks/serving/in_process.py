"""The limit: the container's work without HTTP.

Usage: python -m benchmarks.serving.in_process MODEL KIND ROWS SECONDS
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.serving.artifact import test_month
from benchmarks.serving.payloads import as_csv, as_records, batches

from fairway.jobs.tree import Tree
from fairway.serving.formats import choose_answer, read_batch, read_row, write_answer
from fairway.serving.predictor import load_predictor
from model import Predictor


def timed(call: Callable[[int], object], turns: int, seconds: float) -> dict[str, float]:
    """Call in turns for so many seconds."""
    times: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()
    for turn in cycle(range(turns)):
        before = time.perf_counter()
        call(turn)
        after = time.perf_counter()
        times.append(after - before)
        if after - began > seconds:
            break
    elapsed, used = time.perf_counter() - began, time.process_time() - cpu
    hundredths: Sequence[float] = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
    return {
        "calls": len(times),
        "seconds": elapsed,
        "cpu": used,
        "p50": 1000 * hundredths[49],
        "p99": 1000 * hundredths[98],
    }


def main(model: Path, kind: str, rows: int, seconds: float) -> None:
    """Print the two figures as one line of JSON."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    predictor = load_predictor(model)
    content = batches(test_month(Tree(model.parent)), rows)
    write = as_csv if kind == "csv" else as_records
    media_type = {"csv": "text/csv", "json": "application/json"}[kind]
    bodies = [write(each) for each in content]
    read: Callable[[bytes], Any]
    predict: Callable[[Any], Any]
    if rows == 1:
        read, predict = partial(_read_row, media_type, predictor), predictor.predict_row
    else:
        read, predict = partial(_read, media_type, predictor), predictor.predict
    parsed = [read(body) for body in bodies]

    def whole(turn: int) -> bytes:
        answer: Any = predict(read(bodies[turn]))
        return write_answer((answer,) if rows == 1 else answer, choose_answer("application/json"))

    found = {
        "whole": timed(whole, len(bodies), seconds / 2),
        "predict": timed(lambda turn: predict(parsed[turn]), len(bodies), seconds / 2),
    }
    sys.stdout.write(json.dumps(found) + "\n")


def _read(media_type: str, predictor: Predictor, body: bytes) -> Any:
    return read_batch(body, media_type, predictor.schema, arrays=True)


def _read_row(media_type: str, predictor: Predictor, body: bytes) -> Any:
    return read_row(body, media_type, predictor.schema)


main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
