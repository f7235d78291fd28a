"""The model of the serving container: loaded once in each worker, and warm before the worker answers."""

import logging
from pathlib import Path

from fairway.errors import ModelNotServableError
from fairway.serving.checks import Column
from fairway.serving.formats import CSV, read_batch
from fairway.serving.quality import FILE, Baseline, Watch
from model import InputError, Predictor

# Enough for XGBoost, and of most schemas for Arrow.
_MANY = 256

logger = logging.getLogger("fairway.serving")


def load_predictor(directory: Path) -> Predictor:
    """Load the artifact in `directory` and make it answer once; ModelNotServableError if it does not."""
    try:
        predictor = Predictor.load(directory)
        _warm(predictor)
    except Exception as error:
        raise ModelNotServableError(directory, f"{type(error).__name__}: {error}") from error
    return predictor


def load_watch(directory: Path, predictor: Predictor, release: str) -> Watch | None:
    """Return what watches the predictions; None for an artifact that was trained without a baseline."""
    try:
        baseline = Baseline.read(directory)
    except ValueError as error:
        raise ModelNotServableError(directory, str(error)) from error
    if baseline is None:
        logger.warning("the artifact has no %s: the quality of its predictions is not watched", FILE)
        return None
    return Watch(baseline, predictor.score, release, [column.name for column in predictor.schema.columns])


def _warm(predictor: Predictor) -> None:
    """Pay for lazy imports and first allocations now, and find out now that the model cannot answer.

    Many rows are read and answered as well: what libraries set up for them is then in memory once for all workers.
    """
    row = {column.name: [_plausible(column) if column.required else None] for column in predictor.schema.columns}
    line = ",".join("" if value is None else str(value) for (value,) in row.values())
    try:
        for answer in predictor.predict(row):
            predictor.score(answer)
        predictor.predict(read_batch(f"{line}\n".encode() * _MANY, CSV, predictor.schema, arrays=True))
    except InputError:
        # A model may know that no such row exists: it was loaded and has checked one, which is as warm as it gets.
        return


def _plausible(column: Column) -> object:
    # A schema may say the least value that it takes, as the example's does.
    least = getattr(column, "minimum", None) or 0
    return {"string": "?", "integer": int(least)}.get(column.type, float(least))
