"""What serving asks: typed columns in, one answer a row out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from model.artifact import Artifact
from model.flights import SCHEMA, check
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
        columns = self.schema.parse(batch)
        check(columns)
        probabilities = self._artifact.probability(columns).tolist()
        threshold = self._artifact.threshold
        return [{"probability": chance, "late": chance >= threshold} for chance in probabilities]

    @staticmethod
    def score(answer: Mapping[str, object]) -> float:
        """Return the probability of being late of an answer that `predict` gave."""
        return cast("float", answer["probability"])
