"""What serving asks: typed columns in, one answer a row out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from model.artifact import Artifact
from model.flights import SCHEMA, between_columns, check
from model.schema import Schema


class Predictor:
    """A loaded artifact that answers batches."""

    schema: Schema = SCHEMA

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact

    @classmethod
    def load(cls, directory: Path) -> "Predictor":
        """Load an artifact; raises ValueError where the directory holds none of this model."""
        # One thread: serving runs a process for each core, and a few rows are done before a second thread wakes up.
        return cls(Artifact.load(directory, threads=1))

    def predict(self, batch: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
        """Answer {"probability", "late"} for each row of columns by name; raises InputError for the caller's fault."""
        flight = self.schema.parse_row(batch)
        if flight is not None and all(holds for _, holds, _ in between_columns(flight)):
            features = self._artifact.encoder.encode_flight(flight)
        else:
            columns = self.schema.parse(batch)
            check(columns)
            features = self._artifact.encoder.encode(columns)
        threshold = self._artifact.threshold
        chances = self._artifact.score(features).tolist()
        return [{"probability": chance, "late": chance >= threshold} for chance in chances]

    @staticmethod
    def score(answer: Mapping[str, object]) -> float:
        """Return the probability of being late of an answer that `predict` gave."""
        return cast("float", answer["probability"])
