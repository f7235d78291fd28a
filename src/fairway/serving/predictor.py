"""The model of the serving container: loaded once in each worker, and warm before the worker answers."""

from pathlib import Path

from fairway.errors import ModelNotServableError
from fairway.serving.formats import Column
from model import InputError, Predictor


def load_predictor(directory: Path) -> Predictor:
    """Load the artifact in `directory` and make it answer once; ModelNotServableError if it does not."""
    try:
        predictor = Predictor.load(directory)
        _warm(predictor)
    except Exception as error:
        raise ModelNotServableError(directory, f"{type(error).__name__}: {error}") from error
    return predictor


def _warm(predictor: Predictor) -> None:
    """Pay for lazy imports and first allocations now, and find out now that the model cannot answer."""
    row = {column.name: [_plausible(column) if column.required else None] for column in predictor.schema.columns}
    try:
        predictor.predict(row)
    except InputError:
        # A model may know that no such row exists: it was loaded and has checked one, which is as warm as it gets.
        return


def _plausible(column: Column) -> object:
    # A schema may say the least value that it takes, as the example's does.
    least = getattr(column, "minimum", None) or 0
    return {"string": "?", "integer": int(least)}.get(column.type, float(least))
