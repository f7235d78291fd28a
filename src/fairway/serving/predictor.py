"""The model of the serving container: loaded once in each worker, and warm before the worker answers."""

from pathlib import Path

from fairway.errors import ModelNotServableError
from model import InputError, Predictor

_NEUTRAL = {"number": 0.0, "integer": 0, "string": ""}


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
    row = {column.name: [_NEUTRAL[column.type] if column.required else None] for column in predictor.schema.columns}
    try:
        predictor.predict(row)
    except InputError:
        # A model may refuse the neutral row, as a client's: it has loaded and checked it, which is what is wanted here.
        return
