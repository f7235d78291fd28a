"""What serving asks: typed columns in, one answer a row out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from model.artifact import Artifact
from model.encoding import FEATURES, Features
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
        return self._answers(self._features(batch))

    def explain(self, batch: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
        """Answer as `predict`, with the margin (log of the odds) and what each feature contributed to it (TreeSHAP)."""
        features = self._features(batch)
        answers = self._answers(features)
        margins, contributions = self._artifact.explain(features)
        names = (*FEATURES, "bias")
        for answer, margin, values in zip(answers, margins, contributions, strict=True):
            answer["margin"] = margin
            answer["contributions"] = dict(zip(names, values, strict=True))
        return answers

    def _features(self, batch: Mapping[str, Sequence[object]]) -> Features:
        flight = self.schema.parse_row(batch)
        if flight is not None and all(holds for _, holds, _ in between_columns(flight)):
            return self._artifact.encoder.encode_flight(flight)
        columns = self.schema.parse(batch)
        check(columns)
        return self._artifact.encoder.encode(columns)

    def _answers(self, features: Features) -> list[dict[str, object]]:
        threshold = self._artifact.threshold
        chances = self._artifact.score(features).tolist()
        return [{"probability": chance, "late": chance >= threshold} for chance in chances]

    @staticmethod
    def score(answer: Mapping[str, object]) -> float:
        """Return the probability of being late of an answer that `predict` gave."""
        return cast("float", answer["probability"])
