"""What a new model's scores and inputs look like on the data that it was made from, for serving to compare with."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute as pc
import pyarrow.parquet

from fairway.serving.formats import Column
from fairway.serving.quality import Baseline, Window, count_inputs, count_scores, edges_of
from fairway.serving.seen import Range, Seen, Values
from model import Predictor

# Enough that what chance adds to the index (quality.py) is a thousandth, and a few seconds of prediction.
ROWS = 10_000
# A column with more different strings than this is text or a key, not a category.
CATEGORIES = 1_000


def quality_baseline(artifact: Path, data: Path, elsewhere: Sequence[Mapping[str, Seen]] = ()) -> Baseline:
    """Return the baseline of a trained artifact on data/train and data/validation.

    Scores are those of both splits, evenly: a validation split of one season alone calls the other seasons a shift
    (benchmarks/results/quality.md). What counts as seen is what the training split holds, here and on the other hosts
    of the training, of which `elsewhere` says what `seen_in` found there; the shares are validation's.
    """
    predictor = Predictor.load(artifact)
    names = [column.name for column in predictor.schema.columns]
    train, validation = (sorted((data / split).glob("*.parquet")) for split in ("train", "validation"))
    seen = seen_in(data / "train", predictor.schema.columns)
    for other in elsewhere:
        seen = {name: _joined(known, other[name]) for name, known in seen.items()}
    step = math.ceil(sum(pyarrow.parquet.read_metadata(file).num_rows for file in train + validation) / ROWS)
    asked = _every(validation, names, step)
    scores = [score for table in (_every(train, names, step), asked) for score in _scores(predictor, table)]
    edges = edges_of(scores)
    inputs = _inputs(seen, asked)
    counts = tuple(count_scores(edges, scores))
    return Baseline(edges, counts, seen, missing_share=inputs.missing_share, unseen_share=inputs.unseen_share)


def seen_in(folder: Path, columns: Iterable[Column]) -> dict[str, Seen]:
    """Return what each column of a folder's files holds; no more than one column of one file is read at a time."""
    found: dict[str, Seen] = {}
    for file in sorted(folder.glob("*.parquet")):
        for column in columns:
            values = pyarrow.parquet.read_table(file, columns=[column.name])[column.name]
            seen = _seen(column, values)
            found[column.name] = _joined(found[column.name], seen) if column.name in found else seen
    return found


def _joined(one: Seen, other: Seen) -> Seen:
    match one, other:
        case Range(), Range():
            return Range(min(one.minimum, other.minimum), max(one.maximum, other.maximum))
        case Values(), Values() if len(one.seen | other.seen) <= CATEGORIES:
            return Values(one.seen | other.seen)
    return None


def _every(files: Sequence[Path], names: list[str], step: int) -> pyarrow.Table:
    # The rows 0, step, 2 step … of all files together, a batch of rows in memory at a time.
    parts, before = [], 0
    for file in files:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(columns=names):
                parts.append(batch.take(pyarrow.array(range(-before % step, batch.num_rows, step))))
                before += batch.num_rows
    return pyarrow.Table.from_batches(parts).select(names)


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
