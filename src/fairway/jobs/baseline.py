"""What a new model's scores and inputs look like on the data that it was made from, for serving to compare with."""

import math
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute as pc
import pyarrow.parquet

from fairway.serving.formats import Column
from fairway.serving.quality import Baseline, Range, Seen, Values, Window, count_inputs, count_scores, edges_of
from model import Predictor

# Enough that what chance adds to the index (quality.py) is a thousandth, and a few seconds of prediction.
ROWS = 10_000
# A column with more different strings than this is text or a key, not a category.
CATEGORIES = 1_000


def quality_baseline(artifact: Path, data: Path) -> Baseline:
    """Return the baseline of a trained artifact on data/train and data/validation.

    Scores are those of both splits, evenly: a validation split of one season alone calls the other seasons a shift
    (benchmarks/results/quality.md). What counts as seen is what the training split holds; the shares are validation's.
    """
    predictor = Predictor.load(artifact)
    columns = predictor.schema.columns
    names = [column.name for column in columns]
    train, validation = (pyarrow.parquet.read_table(data / split, columns=names) for split in ("train", "validation"))
    seen = {column.name: _seen(column, train[column.name]) for column in columns}
    step = math.ceil((train.num_rows + validation.num_rows) / ROWS)
    scores = [score for split in (train, validation) for score in _scores(predictor, _every(split, step))]
    edges = edges_of(scores)
    inputs = _inputs(seen, _every(validation, step))
    counts = tuple(count_scores(edges, scores))
    return Baseline(edges, counts, seen, missing_share=inputs.missing_share, unseen_share=inputs.unseen_share)


def _every(table: pyarrow.Table, step: int) -> pyarrow.Table:
    return table.take(list(range(0, table.num_rows, step)))


def _scores(predictor: Predictor, table: pyarrow.Table) -> list[float]:
    scores = [predictor.score(answer) for answer in predictor.predict(table.to_pydict())]
    for row, score in enumerate(scores):
        if not math.isfinite(score):
            asked = table.slice(row, 1).to_pylist()
            raise ValueError(f"the model's score is {score!r}, a finite number was expected; it was asked {asked}")
    return scores


def _inputs(seen: dict[str, Seen], table: pyarrow.Table) -> Window:
    missing, unseen = count_inputs(seen, table.to_pydict(), range(table.num_rows))
    return Window([], inputs=table.num_rows * len(seen), missing=missing, unseen=unseen)


def _seen(column: Column, values: "pyarrow.ChunkedArray[Any]") -> Seen:
    if column.type == "string":
        different = {str(value).strip() for value in pc.unique(values).to_pylist() if value is not None}
        return Values(frozenset(different)) if len(different) <= CATEGORIES else None
    bounds: Any = pc.min_max(values).as_py()
    return Range() if bounds["min"] is None else Range(float(bounds["min"]), float(bounds["max"]))
